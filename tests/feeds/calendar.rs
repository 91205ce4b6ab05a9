//! The events of a feed as a calendar.

use proptest::prelude::*;
use rapporteur::feed::{self, Scope};
use rapporteur::render::Templates;
use rapporteur::report::{Event, Report, Status};
use rapporteur::store::Stored;

use super::others::{run, wanted};
use super::{any_text, known, source, stored, titled};
use crate::site::{Site, at, config};

fn calendar(reports: &[Stored]) -> String {
    in_zone(reports, None)
}

fn in_zone(reports: &[Stored], zone: Option<chrono_tz::Tz>) -> String {
    let mut config = config();
    config.institute.zone = zone;
    let templates = Templates::load(None).expect("templates");
    feed::calendar(&Scope::All, source(reports, &config, &templates, &known(reports))).0
}

fn event(start: &str, end: Option<&str>, zone: Option<&str>) -> Stored {
    let event = Event {
        start: start.parse().ok(),
        end: end.and_then(|end| end.parse().ok()),
        timezone: zone.map(str::to_owned),
        ..Event::default()
    };
    stored(
        1,
        Report {
            event,
            ..titled("Round table")
        },
    )
}

/// The lines of the first event that give its times.
fn times(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.starts_with("DTSTART") || line.starts_with("DTEND"))
        .collect()
}

#[tokio::test]
async fn the_calendar_reads_as_it_did() {
    let site = Site::full().await;
    let answer = site.get("/feeds/all.ics").await;
    insta::assert_snapshot!("calendar", answer.text().replace('\r', ""));
    assert!(
        answer
            .text()
            .split('\n')
            .all(|line| line.is_empty() || line.ends_with('\r'))
    );
    assert_eq!(
        site.get("/feeds/topic/energy.ics")
            .await
            .text()
            .matches("BEGIN:VEVENT")
            .count(),
        2
    );
}

#[test]
fn times_are_instants_on_both_sides_of_the_clock_change() {
    for (start, utc) in [
        ("2026-03-29T01:30", "20260329T003000Z"),
        ("2026-03-29T03:30", "20260329T013000Z"),
        ("2026-10-25T01:30", "20261024T233000Z"),
        ("2026-10-25T02:30", "20261025T003000Z"),
        ("2026-10-25T03:30", "20261025T023000Z"),
    ] {
        let text = calendar(&[event(start, None, Some("Europe/Berlin"))]);
        assert_eq!(times(&text), [format!("DTSTART:{utc}")], "{start}");
    }
}

#[test]
fn an_hour_that_the_clocks_leave_out_fills_the_day() {
    let text = calendar(&[event("2026-03-29T02:30", None, Some("Europe/Berlin"))]);
    assert_eq!(
        times(&text),
        ["DTEND;VALUE=DATE:20260330", "DTSTART;VALUE=DATE:20260329"]
    );
}

#[test]
fn the_last_day_is_exclusive() {
    let text = calendar(&[event("2026-05-04", Some("2026-05-06"), None)]);
    assert_eq!(
        times(&text),
        ["DTEND;VALUE=DATE:20260507", "DTSTART;VALUE=DATE:20260504"]
    );
    let text = calendar(&[event("2026-05-04", None, None)]);
    assert_eq!(
        times(&text),
        ["DTEND;VALUE=DATE:20260505", "DTSTART;VALUE=DATE:20260504"]
    );
}

#[test]
fn a_time_without_a_zone_is_the_institutes_or_none() {
    let evening = [event("2026-05-04T18:30", Some("2026-05-04T20:00"), None)];
    assert_eq!(
        times(&calendar(&evening)),
        ["DTEND;VALUE=DATE:20260505", "DTSTART;VALUE=DATE:20260504"]
    );
    let text = in_zone(&evening, Some(chrono_tz::Europe::Berlin));
    assert_eq!(times(&text), ["DTEND:20260504T180000Z", "DTSTART:20260504T163000Z"]);
}

#[test]
fn a_change_raises_the_sequence_and_keeps_the_uid() {
    let before = event("2026-05-04", None, None);
    let mut after = before.clone();
    after.revision = 3;
    after.changed_at = at("2026-04-09T10:00:00Z");
    after.report.event.status = Status::Cancelled;
    after.report.title = "Called off: round table".into();
    let (before, after) = (calendar(&[before]), calendar(&[after]));
    let uid = "UID:tag:example.org\\,2026:report/lectures/1";
    for (text, sequence, status) in [
        (&before, "SEQUENCE:0", "CONFIRMED"),
        (&after, "SEQUENCE:2", "CANCELLED"),
    ] {
        assert!(
            text.contains(uid) && text.contains(sequence) && text.contains(status),
            "{text}"
        );
    }
    assert!(
        after.contains("LAST-MODIFIED:20260409T100000Z") && after.contains("DTSTAMP:20260409T100000Z"),
        "{after}"
    );
}

#[test]
fn what_was_withdrawn_or_has_no_day_is_in_no_calendar() {
    let mut gone = event("2026-05-04", None, None);
    gone.withdrawn_at = Some(at("2026-05-01T00:00:00Z"));
    assert!(!calendar(&[gone, stored(2, titled("No day"))]).contains("VEVENT"));
}

/// Reads a calendar with a program that is not ours and compares its texts.
fn read_by_python(text: &str, title: &str, place: &str) {
    const SCRIPT: &str = "import sys, json, icalendar\n\
        raw = sys.stdin.buffer.read()\n\
        assert all(len(l) <= 75 for l in raw.split(b'\\r\\n')), 'a line is too long'\n\
        assert b'\\n' not in raw.replace(b'\\r\\n', b''), 'a bare line feed'\n\
        c = icalendar.Calendar.from_ical(raw)\n\
        assert not c.errors, c.errors\n\
        e, = c.walk('VEVENT')\n\
        assert not e.errors, e.errors\n\
        assert e['UID'] == 'tag:example.org,2026:report/lectures/1', e['UID']\n\
        want = json.loads(sys.argv[1])\n\
        assert str(e['SUMMARY']) == want[0], (str(e['SUMMARY']), want[0])\n\
        assert str(e.get('LOCATION', '')) == want[1], (str(e['LOCATION']), want[1])\n\
        assert e['DTSTAMP'] and e['DTSTART'] and c['VERSION'] == '2.0' and c['PRODID']\n";
    let want = serde_json::json!([title, place]).to_string();
    let (good, said) = run("python3", &["-c", SCRIPT, &want], text);
    assert!(good, "{said}\n{text}");
}

fn one_line(text: &str) -> String {
    feed::clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_a_report_says_comes_back_from_another_program(title in any_text(), place in any_text(), summary in any_text()) {
        if wanted("icalendar of Python", run("python3", &["-c", "import icalendar"], "").0) {
            let mut stored = event("2026-05-04T18:30", None, Some("Europe/Berlin"));
            stored.report.title = title.clone();
            stored.report.event.venue = Some(place.clone());
            stored.report.summary = Some(summary);
            read_by_python(&calendar(&[stored]), &one_line(&title), &one_line(&place));
        }
    }
}
