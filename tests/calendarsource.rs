//! Calendars as sources: what is read of them.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rapporteur::source::calendar::{self, Announced, Calendar, Description, Problem, Window};

mod announced;
mod web;

pub(crate) fn window(zone: Option<chrono_tz::Tz>) -> Window {
    let now: DateTime<Utc> = "2026-05-04T08:00:00Z".parse().unwrap();
    Window {
        from: now - TimeDelta::days(30),
        until: now + TimeDelta::days(180),
        zone,
    }
}

/// A calendar of these events, each given by its lines.
pub(crate) fn calendar(events: &[&str]) -> String {
    let events: Vec<String> = events
        .iter()
        .map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n"))
        .collect();
    format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test\n{}END:VCALENDAR\n",
        events.concat()
    )
    .replace('\n', "\r\n")
}

fn read(events: &[&str]) -> Calendar {
    read_in(events, Some(chrono_tz::Europe::Berlin))
}

fn read_in(events: &[&str], zone: Option<chrono_tz::Tz>) -> Calendar {
    calendar::read(calendar(events).as_bytes(), None, &window(zone)).unwrap()
}

fn starts(calendar: &Calendar) -> Vec<String> {
    calendar.events.iter().map(|event| event.start.to_string()).collect()
}

#[test]
fn everything_an_event_states_is_read() {
    let calendar = read(&["UID:rivers@example.org\nSUMMARY:Who owns a river?\\, again\n\
        DTSTART;TZID=Europe/Vienna:20260512T183000\nDTEND;TZID=Europe/Vienna:20260512T200000\n\
        LOCATION:Old Customs House\\, Vienna\nURL:https://example.org/rivers\n\
        ORGANIZER;CN=\"Institute of Rivers\":mailto:office@example.org\nCATEGORIES:Water,Law\\, applied\nCATEGORIES:Water\n\
        DESCRIPTION:A debate.\\n\\nWith three guests\\; please register.\nSTATUS:CONFIRMED\n\
        BEGIN:VALARM\nTRIGGER:-PT15M\nDESCRIPTION:Reminder\nEND:VALARM"]);
    let expected = Announced {
        key: "rivers@example.org".into(),
        title: "Who owns a river?, again".into(),
        start: "2026-05-12T18:30".parse().unwrap(),
        end: "2026-05-12T20:00".parse().ok(),
        timezone: Some("Europe/Vienna".into()),
        location: Some("Old Customs House, Vienna".into()),
        url: Some("https://example.org/rivers".into()),
        organiser: Some("Institute of Rivers".into()),
        topics: vec!["Water".into(), "Law, applied".into()],
        description: Description::Plain("A debate.\n\nWith three guests; please register.".into()),
        is_cancelled: false,
    };
    assert_eq!(calendar.events, [expected]);
    assert!(calendar.notes.is_empty() && calendar.refused.is_empty());
}

#[test]
fn times_are_understood_whatever_names_their_zone() {
    for (stated, start, zone) in [
        ("DTSTART:20260512T163000Z", "2026-05-12T18:30", Some("Europe/Berlin")),
        ("DTSTART:20260512T183000", "2026-05-12T18:30", Some("Europe/Berlin")),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260512T183000",
            "2026-05-12T18:30",
            Some("Europe/Berlin"),
        ),
        (
            "DTSTART;TZID=\"Romance Standard Time\":20260512T183000",
            "2026-05-12T18:30",
            Some("Europe/Paris"),
        ),
        (
            "DTSTART;TZID=/example.org/20260101/Europe/Rome:20260512T183000",
            "2026-05-12T18:30",
            Some("Europe/Rome"),
        ),
        (
            "DTSTART;TZID=Nobody/Knows:20260512T183000",
            "2026-05-12T18:30",
            Some("Europe/Berlin"),
        ),
        ("DTSTART;VALUE=DATE:20260512", "2026-05-12", None),
        ("DTSTART:20260512", "2026-05-12", None),
    ] {
        let calendar = read(&[&format!("UID:1\nSUMMARY:Talk\n{stated}")]);
        assert_eq!(starts(&calendar), [start], "{stated}");
        assert_eq!(calendar.events[0].timezone.as_deref(), zone, "{stated}");
    }
    let nowhere = read_in(&["UID:1\nSUMMARY:Talk\nDTSTART:20260512T183000"], None);
    assert_eq!(nowhere.events[0].timezone, None);
    let instant = read_in(&["UID:1\nSUMMARY:Talk\nDTSTART:20260512T183000Z"], None);
    assert_eq!(instant.events[0].timezone.as_deref(), Some("UTC"));
}

#[test]
fn a_zone_that_the_calendar_describes_is_known_by_its_place() {
    let text = calendar(&["UID:1\nSUMMARY:Talk\nDTSTART;TZID=Our Zone:20260512T183000"]).replace(
        "BEGIN:VEVENT",
        "BEGIN:VTIMEZONE\r\nTZID:Our Zone\r\nX-LIC-LOCATION:Europe/Lisbon\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
    );
    let read = calendar::read(text.as_bytes(), None, &window(None)).unwrap();
    assert_eq!(read.events[0].timezone.as_deref(), Some("Europe/Lisbon"));
    assert!(read.notes.is_empty(), "{:?}", read.notes);
}

#[test]
fn the_last_day_of_whole_days_is_the_one_before_the_end() {
    for (stated, end) in [
        ("DTEND;VALUE=DATE:20260515", Some("2026-05-14")),
        ("DTEND;VALUE=DATE:20260513", None),
        ("DURATION:P3D", Some("2026-05-14")),
        ("DTEND;VALUE=DATE:20260501", None),
        ("X-NOTHING:1", None),
    ] {
        let calendar = read(&[&format!("UID:1\nSUMMARY:Days\nDTSTART;VALUE=DATE:20260512\n{stated}")]);
        let found = calendar.events[0].end.map(|end| end.to_string());
        assert_eq!(found.as_deref(), end, "{stated}");
    }
}

#[test]
fn a_weekly_event_keeps_its_hour_over_the_change_of_clocks() {
    let calendar = read(&["UID:1\nSUMMARY:Seminar\nDTSTART;TZID=Europe/Berlin:20250106T180000\n\
        DTEND;TZID=Europe/Berlin:20250106T193000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"]);
    assert!(calendar.events.len() > 10);
    for event in &calendar.events {
        assert_eq!(event.start.time.unwrap().to_string(), "18:00:00", "{event:?}");
        assert_eq!(event.end.unwrap().time.unwrap().to_string(), "19:30:00", "{event:?}");
    }
    // Every second Monday from 6 January 2025 on.
    assert_eq!(starts(&calendar)[0], "2026-04-13T18:00");
    assert_eq!(calendar.events[0].key, "1/2026-04-13");
    assert!(starts(&calendar).contains(&"2026-10-26T18:00".to_owned()));
}

#[test]
fn exceptions_of_a_rule_are_applied() {
    let calendar = read(&[
        "UID:1\nSUMMARY:Seminar\nDTSTART;TZID=Europe/Berlin:20260504T180000\nRRULE:FREQ=WEEKLY;COUNT=5\n\
         EXDATE;TZID=Europe/Berlin:20260511T180000\nRDATE;TZID=Europe/Berlin:20260513T180000",
        "UID:1\nSUMMARY:Seminar in the garden\nRECURRENCE-ID;TZID=Europe/Berlin:20260518T180000\n\
         DTSTART;TZID=Europe/Berlin:20260519T190000",
        "UID:1\nSUMMARY:Seminar\nRECURRENCE-ID:20260525T160000Z\nDTSTART;TZID=Europe/Berlin:20260525T180000\nSTATUS:CANCELLED",
    ]);
    let found: Vec<_> = calendar
        .events
        .iter()
        .map(|event| {
            (
                event.key.as_str(),
                event.start.to_string(),
                event.title.as_str(),
                event.is_cancelled,
            )
        })
        .collect();
    let expected = [
        ("1/2026-05-04", "2026-05-04T18:00", "Seminar", false),
        ("1/2026-05-13", "2026-05-13T18:00", "Seminar", false),
        ("1/2026-05-18", "2026-05-19T19:00", "Seminar in the garden", false),
        ("1/2026-05-25", "2026-05-25T18:00", "Seminar", true),
        ("1/2026-06-01", "2026-06-01T18:00", "Seminar", false),
    ];
    assert_eq!(
        found,
        expected.map(|(key, start, title, off)| (key, start.to_owned(), title, off))
    );
}

#[test]
fn an_exception_stated_in_utc_stands_for_the_day_of_the_series() {
    let read = read(&[
        "UID:1\nSUMMARY:Late show\nDTSTART;TZID=America/New_York:20260601T200000\nRRULE:FREQ=DAILY;COUNT=4",
        "UID:1\nSUMMARY:Late show, moved\nRECURRENCE-ID:20260603T000000Z\nDTSTART;TZID=America/New_York:20260602T210000",
    ]);
    let keys: Vec<&str> = read.events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, ["1/2026-06-01", "1/2026-06-02", "1/2026-06-03", "1/2026-06-04"]);
    assert_eq!(read.events[1].title, "Late show, moved");
}

#[test]
fn a_long_description_is_not_kept_for_each_day_of_a_series() {
    let text = "word ".repeat(20_000);
    let event = format!("UID:1\nSUMMARY:Daily\nDTSTART:20260601T200000Z\nRRULE:FREQ=DAILY\nDESCRIPTION:{text}");
    let read = read(&[event.as_str()]);
    let length = |event: &Announced| match &event.description {
        Description::Plain(text) => text.len(),
        other => panic!("{other:?}"),
    };
    assert!(read.events.len() > 50);
    assert!(read.events.iter().all(|event| length(event) <= 40_000));
}

#[test]
fn further_dates_need_no_rule() {
    let read = read(&[
        "UID:market\nSUMMARY:Market\nDTSTART:20260603T160000Z\nRDATE:20260610T160000Z,20260617T160000Z\nEXDATE:20260610T160000Z",
    ]);
    assert_eq!(starts(&read), ["2026-06-03T18:00", "2026-06-17T18:00"]);
}

#[test]
fn rules_end_where_they_say() {
    for (rule, count) in [
        ("FREQ=DAILY;UNTIL=20260506", 3),
        ("FREQ=DAILY;UNTIL=20260506T160000Z", 3),
        ("FREQ=DAILY;UNTIL=20260506T155959Z", 2),
        ("FREQ=DAILY;COUNT=4", 4),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=3", 3),
        ("FREQ=YEARLY", 1),
    ] {
        let event = format!("UID:1\nSUMMARY:Talk\nDTSTART;TZID=Europe/Berlin:20260504T180000\nRRULE:{rule}");
        let calendar = read(&[&event]);
        assert_eq!(
            calendar.events.len(),
            count,
            "{rule}: {:?} {:?}",
            starts(&calendar),
            calendar.notes
        );
    }
}

#[test]
fn rules_without_end_or_sense_cost_nothing() {
    for rule in [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=1",
        "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;COUNT=4000000000",
        "FREQ=WHENEVER",
        "",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=WEEKLY;BYDAY=XX",
    ] {
        let event = format!("UID:1\nSUMMARY:Talk\nDTSTART:19700504T180000Z\nRRULE:{rule}\nDTSTART:20260504T180000Z");
        let calendar = read(&[&event, "UID:2\nSUMMARY:Other\nDTSTART:20260505T180000Z"]);
        assert!(calendar.events.iter().any(|event| event.key == "2"), "{rule}");
        assert!(calendar.events.len() < 250, "{rule}");
    }
}

#[test]
fn a_bad_event_costs_no_other() {
    let calendar = read(&[
        "UID:1\nSUMMARY:Good\nDTSTART:20260505T180000Z",
        "UID:2\nSUMMARY:Without a beginning",
        "UID:3\nSUMMARY:In three hundred years\nDTSTART:23260505T180000Z",
        "UID:4\nDTSTART:20260506T180000Z",
        "UID:5\nSUMMARY:Half a line\nDTSTART:20260507T180000Z\n;;;=:no property\nLOCATION:Hall",
        "UID:6\nSUMMARY:Ends before it begins\nDTSTART:20260508T180000Z\nDTEND:20260507T180000Z",
        "SUMMARY:Without UID\nDTSTART:20260509T180000Z",
    ]);
    let titles: Vec<&str> = calendar.events.iter().map(|event| event.title.as_str()).collect();
    assert_eq!(titles, ["Good", "Half a line", "Ends before it begins", "Without UID"]);
    assert_eq!(calendar.events[1].location.as_deref(), Some("Hall"));
    assert_eq!(calendar.events[2].end, None);
    let refused: Vec<_> = calendar
        .refused
        .iter()
        .map(|(name, why)| format!("{name}: {why}"))
        .collect();
    assert_eq!(
        refused,
        [
            "Without a beginning: has no beginning (DTSTART)",
            "In three hundred years: begins at \"23260505T180000Z\", which is no date of our time",
            "4: has no name (SUMMARY)",
        ]
    );
}

#[test]
fn of_two_events_with_one_uid_the_later_sequence_counts() {
    let calendar = read(&[
        "UID:1\nSEQUENCE:2\nSUMMARY:Newer\nDTSTART:20260506T180000Z",
        "UID:1\nSEQUENCE:1\nSUMMARY:Older\nDTSTART:20260505T180000Z",
    ]);
    assert_eq!(calendar.events.len(), 1);
    assert_eq!(calendar.events[0].title, "Newer");
}

#[test]
fn of_two_that_stand_for_one_day_the_later_sequence_counts() {
    let calendar = read(&[
        "UID:a\nSUMMARY:first\nDTSTART:20260504T183000Z\nRRULE:FREQ=WEEKLY;COUNT=2",
        "UID:a\nSUMMARY:moved again\nRECURRENCE-ID:20260511T183000Z\nDTSTART:20260513T183000Z\nSEQUENCE:2",
        "UID:a\nSUMMARY:moved\nRECURRENCE-ID:20260511T183000Z\nDTSTART:20260512T183000Z\nSEQUENCE:1",
    ]);
    let titles: Vec<&str> = calendar.events.iter().map(|event| event.title.as_str()).collect();
    assert_eq!(titles, ["first", "moved again"]);
}

#[test]
fn a_rule_that_never_comes_to_pass_is_told_from_one_that_waits() {
    let calendar = read(&[
        "UID:a\nSUMMARY:never\nDTSTART:20260504\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "UID:b\nSUMMARY:waits\nDTSTART:20240229\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    ]);
    assert_eq!(starts(&calendar), ["2026-05-04"]);
    assert_eq!(
        calendar.notes,
        ["\"never\" recurs by a rule that never comes to pass; it is taken once"]
    );
}

#[test]
fn what_is_no_calendar_is_told_from_one() {
    let read = |bytes: &[u8]| calendar::read(bytes, None, &window(None)).unwrap_err();
    assert_eq!(read(b""), Problem::Empty);
    assert_eq!(read(b"  \r\n"), Problem::Empty);
    assert_eq!(read(b"<!DOCTYPE html><html><p>BEGIN:VCALENDAR"), Problem::WebPage);
    assert_eq!(read(b"%PDF-1.7 BEGIN:VCALENDAR"), Problem::Binary("a PDF document"));
    assert_eq!(read(b"hello"), Problem::NotACalendar);
    let empty = calendar::read(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", None, &window(None)).unwrap();
    assert_eq!(empty, Calendar::default());
}

#[test]
fn other_charsets_and_folds_within_a_character_are_read() {
    let text = calendar(&["UID:1\nSUMMARY:Кто владеет рекой?\nDTSTART:20260505T180000Z"]);
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&text);
    let read = calendar::read(&bytes, Some("windows-1251"), &window(None)).unwrap();
    assert_eq!(read.events[0].title, "Кто владеет рекой?");
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let read = calendar::read(&utf16, None, &window(None)).unwrap();
    assert_eq!(read.events[0].title, "Кто владеет рекой?");
    let mut folded = text.into_bytes();
    // Within the first Cyrillic letter.
    let place = folded.iter().position(|byte| *byte > 127).unwrap() + 1;
    folded.splice(place..place, *b"\r\n ");
    let read = calendar::read(&folded, None, &window(None)).unwrap();
    assert_eq!(read.events[0].title, "Кто владеет рекой?");
}

#[test]
fn a_hundred_thousand_events_are_bounded() {
    let mut text = String::from("BEGIN:VCALENDAR\r\n");
    for number in 0..100_000 {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(number % 365);
        text.push_str(&format!(
            "BEGIN:VEVENT\r\nUID:{number}\r\nSUMMARY:Event {number}\r\nDTSTART;VALUE=DATE:{}\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n",
            day.format("%Y%m%d")
        ));
    }
    text.push_str("END:VCALENDAR\r\n");
    let read = calendar::read(text.as_bytes(), None, &window(None)).unwrap();
    assert_eq!(read.events.len(), calendar::MOST_EVENTS);
    assert!(
        read.notes.iter().any(|note| note.contains("the first 1000 are taken")),
        "{:?}",
        read.notes
    );
    assert!(read.notes.len() <= 20);
}

#[test]
fn nesting_and_length_without_end_are_passed_over() {
    let deep = format!("{}{}", "BEGIN:VALARM\n".repeat(100_000), "END:VALARM\n".repeat(100_000));
    let long = format!("DESCRIPTION:{}", "x".repeat(3_000_000));
    let calendar = read(&[
        &format!("UID:1\nSUMMARY:Deep\n{deep}DTSTART:20260505T180000Z"),
        &format!("UID:2\nSUMMARY:Long\n{long}\nDTSTART:20260506T180000Z"),
    ]);
    assert_eq!(starts(&calendar).len(), 2);
    let never = format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:VEVENT\r\n".repeat(100_000));
    let calendar = calendar::read(never.as_bytes(), None, &window(None)).unwrap();
    assert!(
        calendar.events.is_empty() && calendar.notes[0].contains("100000"),
        "{:?}",
        calendar.notes
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nothing_that_a_calendar_says_makes_it_fail(lines in prop::collection::vec(line(), 0..30)) {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR", lines.join("\r\n"));
        let read = calendar::read(text.as_bytes(), None, &window(Some(chrono_tz::Europe::Berlin)));
        prop_assert!(read.is_ok());
    }

    #[test]
    fn nothing_at_all_makes_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = [b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n".as_slice(), &bytes, b"\nEND:VEVENT\n"].concat();
        let _ = calendar::read(&text, None, &window(None));
    }
}

/// Lines of events, right and wrong.
fn line() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "EXDATE",
        "RDATE",
        "RECURRENCE-ID",
        "SUMMARY",
        "UID",
        "CATEGORIES",
        "ORGANIZER",
        "X-ALT-DESC",
        "BEGIN",
        "END",
        "",
    ]);
    let parameter = prop::sample::select(vec![
        "",
        ";TZID=Europe/Berlin",
        ";VALUE=DATE",
        ";CN=\"a",
        ";=;",
        ";TZID=",
        ";FMTTYPE=text/html",
    ]);
    let value = prop_oneof![
        "[0-9]{8}(T[0-9]{6}Z?)?",
        "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|SECONDLY)(;(COUNT|INTERVAL|BYDAY|BYMONTHDAY|BYSETPOS|BYWEEKNO|UNTIL)=-?[0-9A-Z]{1,8}){0,3}",
        "P[0-9]{0,9}[DWTHMS]{0,3}",
        "VEVENT|VALARM|VTIMEZONE",
        "(?s).{0,40}",
    ];
    (name, parameter, value).prop_map(|(name, parameter, value)| format!("{name}{parameter}:{value}"))
}
