//! Schedules over a year in three zones, and against a reference that is too simple to be wrong.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use rapporteur::schedule::{Schedule, Slot};

fn at(text: &str) -> DateTime<Utc> {
    text.parse::<DateTime<Utc>>().unwrap()
}

fn next(expression: &str, after: &str, zone: Tz) -> String {
    let after = at(after);
    let next = Schedule::parse(expression).unwrap().next_after(zone, after).unwrap();
    next.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// SCH-01. 1 January 2026 is a Thursday.
#[test]
fn the_dialect_in_forty_rows() {
    for (expression, after, expected) in [
        ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("* * * * *", "2026-01-01T00:00:59.9Z", "2026-01-01T00:01:00Z"),
        ("0 8 * * *", "2026-01-01T07:59:59Z", "2026-01-01T08:00:00Z"),
        ("0 8 * * *", "2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z"),
        ("30 8 * * 1", "2026-01-01T00:00:00Z", "2026-01-05T08:30:00Z"),
        ("30 8 * * MON", "2026-01-01T00:00:00Z", "2026-01-05T08:30:00Z"),
        ("30 8 * * mon", "2026-01-01T00:00:00Z", "2026-01-05T08:30:00Z"),
        ("0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 * * SUN", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 * * 6", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"),
        ("0 0 * * 6-7", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 * * SAT-SUN", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 * * 1-5", "2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("0 0 * * MON-FRI", "2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("0 0 * * MON,THU", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("0 0 * * */2", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"),
        ("*/15 * * * *", "2026-01-01T00:16:00Z", "2026-01-01T00:30:00Z"),
        ("5-20/5 * * * *", "2026-01-01T00:20:00Z", "2026-01-01T01:05:00Z"),
        ("0 */6 * * *", "2026-01-01T07:00:00Z", "2026-01-01T12:00:00Z"),
        ("0 9-17/4 * * *", "2026-01-01T13:00:00Z", "2026-01-01T17:00:00Z"),
        ("0,30 8,20 * * *", "2026-01-01T08:30:00Z", "2026-01-01T20:00:00Z"),
        ("0 0 1 * *", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 FEB *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 1 JAN,JUL *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("0 0 1 3-5 *", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("0 0 1 */6 *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        // Day of month OR day of week, when both are restricted: Friday the 2nd, Monday, then the 13th.
        ("0 0 13 * FRI", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 13 * FRI", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"),
        ("0 0 1,15 * MON", "2026-01-12T00:00:00Z", "2026-01-15T00:00:00Z"),
        ("0 0 31 2 MON", "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"),
        // A field that begins with a star is not restricted: both must match.
        ("0 0 */2 * MON", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("0 0 */2 * MON", "2026-01-05T00:00:00Z", "2026-01-19T00:00:00Z"),
        // Six fields: seconds in front.
        ("30 0 8 * * *", "2026-01-01T08:00:00Z", "2026-01-01T08:00:30Z"),
        ("*/20 * * * * *", "2026-01-01T00:00:41Z", "2026-01-01T00:01:00Z"),
        ("0 0 0 * * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("@hourly", "2026-01-01T00:10:00Z", "2026-01-01T01:00:00Z"),
        ("@daily", "2026-01-01T00:10:00Z", "2026-01-02T00:00:00Z"),
        ("@weekly", "2026-01-01T00:10:00Z", "2026-01-04T00:00:00Z"),
        ("@monthly", "2026-01-01T00:10:00Z", "2026-02-01T00:00:00Z"),
        ("  0   8  *  *  * ", "2026-01-01T09:00:00Z", "2026-01-02T08:00:00Z"),
    ] {
        assert_eq!(next(expression, after, Tz::UTC), expected, "{expression} after {after}");
    }
}

#[test]
fn what_is_not_in_the_dialect_is_refused_with_a_sentence() {
    for (expression, part) in [
        ("", "it has 0 fields"),
        ("0 8 * *", "it has 4 fields; write five"),
        ("0 0 8 * * MON 2026", "it has 7 fields"),
        ("60 8 * * *", "minute \"60\": 60 is not between 0 and 59"),
        ("0 24 * * *", "hour \"24\": 24 is not between 0 and 23"),
        ("0 8 0 * *", "day of month \"0\""),
        ("0 8 * 13 *", "month \"13\""),
        ("0 8 * * 8", "day of week \"8\": 8 is not between 0 and 7"),
        ("0 8 * * MONDAY", "a name: SUN MON"),
        ("0 8 ? * MON", "\"?\" is not supported"),
        ("0 8 L * *", "\"L\" is not supported"),
        ("0 8 15W * *", "\"15W\" is not supported"),
        ("0 8 * * MON#2", "\"MON#2\" is not supported"),
        ("0 8 * * 5L", "not a number from 0 to 7"),
        ("5/10 8 * * *", "write \"5-59/10\""),
        ("*/0 8 * * *", "the step \"0\" must be a number from 1 to 59"),
        ("*/90 * * * *", "the step \"90\""),
        ("30-10 8 * * *", "runs backwards"),
        ("0 8 * * FRI-MON", "runs backwards"),
        ("1,,2 8 * * *", "beside a comma"),
        ("-5 8 * * *", "is not a number"),
        ("+5 8 * * *", "is not a number"),
        ("0 8 30 2 *", "it never fires"),
        ("0 8 31 4,6,9,11 *", "it never fires"),
        ("@reboot", "this word is not known"),
        ("every monday", "it has 2 fields"),
    ] {
        let error = Schedule::parse(expression).unwrap_err().to_string();
        assert!(error.contains(part), "{expression}: {error}");
    }
}

/// SCH-02: wherever the clock is turned, each day has its one run.
#[test]
fn a_daily_run_comes_once_on_every_day_of_a_year() {
    for (zone, expression) in [
        (Tz::Europe__Berlin, "30 2 * * *"),
        (Tz::Europe__Berlin, "0 8 * * *"),
        (Tz::America__New_York, "30 2 * * *"),
        (Tz::America__New_York, "30 1 * * *"),
        (Tz::Australia__Lord_Howe, "15 2 * * *"),
        (Tz::Australia__Lord_Howe, "45 1 * * *"),
        (Tz::America__Santiago, "30 0 * * *"),
        (Tz::Africa__Cairo, "30 0 * * *"),
    ] {
        let schedule = Schedule::parse(expression).unwrap();
        let start = |year| zone.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap().to_utc() - Duration::seconds(1);
        let mut days: BTreeMap<NaiveDate, usize> = BTreeMap::new();
        for slot in schedule.slots_between(zone, start(2026), start(2027)) {
            *days.entry(slot.local.date()).or_default() += 1;
        }
        assert_eq!(days.len(), 365, "{zone} {expression}");
        assert!(days.values().all(|runs| *runs == 1), "{zone} {expression}");
    }
}

fn locals(expression: &str, zone: Tz, from: &str, until: &str) -> Vec<String> {
    let schedule = Schedule::parse(expression).unwrap();
    let slots = schedule.slots_between(zone, at(from), at(until));
    slots
        .map(|slot| format!("{}{}", slot.local.format("%H:%M"), slot.offset))
        .collect()
}

#[test]
fn a_fixed_time_in_the_skipped_hour_runs_at_its_end() {
    let spring = ("2026-03-28T23:00:00Z", "2026-03-29T20:00:00Z");
    assert_eq!(
        locals("30 2 * * *", Tz::Europe__Berlin, spring.0, spring.1),
        ["03:00+02:00"]
    );
    assert_eq!(
        locals("0 2,3 * * *", Tz::Europe__Berlin, spring.0, spring.1),
        ["03:00+02:00"]
    );
    assert_eq!(
        locals("*/20 2 * * *", Tz::Europe__Berlin, spring.0, spring.1),
        ["03:00+02:00"]
    );
    let lord_howe = locals(
        "15 2 * * *",
        Tz::Australia__Lord_Howe,
        "2026-10-03T12:00:00Z",
        "2026-10-04T10:00:00Z",
    );
    assert_eq!(lord_howe, ["02:30+11:00"]);
}

#[test]
fn a_fixed_time_in_the_repeated_hour_runs_the_first_time() {
    let autumn = ("2026-10-24T22:00:00Z", "2026-10-25T20:00:00Z");
    assert_eq!(
        locals("30 2 * * *", Tz::Europe__Berlin, autumn.0, autumn.1),
        ["02:30+02:00"]
    );
    // Asked for in the middle of the second round, what was is not to come again.
    assert_eq!(
        next("30 2 * * *", "2026-10-25T01:10:00Z", Tz::Europe__Berlin),
        "2026-10-26T01:30:00Z"
    );
}

#[test]
fn an_interval_follows_elapsed_time() {
    let spring = locals(
        "30 * * * *",
        Tz::Europe__Berlin,
        "2026-03-29T00:00:00Z",
        "2026-03-29T02:00:00Z",
    );
    assert_eq!(spring, ["01:30+01:00", "03:30+02:00"]);
    let autumn = locals(
        "30 * * * *",
        Tz::Europe__Berlin,
        "2026-10-25T00:00:00Z",
        "2026-10-25T03:00:00Z",
    );
    assert_eq!(autumn, ["02:30+02:00", "02:30+01:00", "03:30+01:00"]);
    let full_hours = locals(
        "0 * * * *",
        Tz::Europe__Berlin,
        "2026-10-24T23:30:00Z",
        "2026-10-25T02:30:00Z",
    );
    assert_eq!(full_hours, ["02:00+02:00", "02:00+01:00", "03:00+01:00"]);
    let listed = locals(
        "30 0-23 * * *",
        Tz::Europe__Berlin,
        "2026-10-25T00:00:00Z",
        "2026-10-25T02:00:00Z",
    );
    assert_eq!(listed, ["02:30+02:00", "02:30+01:00"]);
}

#[test]
fn every_half_hour_of_a_year_comes_half_an_hour_later() {
    for zone in [Tz::Europe__Berlin, Tz::America__New_York, Tz::Australia__Lord_Howe] {
        let schedule = Schedule::parse("*/30 * * * *").unwrap();
        let slots: Vec<Slot> = schedule
            .slots_between(zone, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))
            .collect();
        assert_eq!(slots.len(), 365 * 48, "{zone}");
        assert!(
            slots
                .windows(2)
                .all(|pair| pair[1].utc - pair[0].utc == Duration::minutes(30)),
            "{zone}"
        );
    }
}

#[test]
fn a_skipped_day_runs_at_the_start_of_the_next() {
    // Samoa had no 30 December 2011.
    let slots = locals(
        "0 9 * * *",
        Tz::Pacific__Apia,
        "2011-12-29T19:30:00Z",
        "2011-12-31T10:00:00Z",
    );
    assert_eq!(slots, ["00:00+14:00", "09:00+14:00"]);
}

#[test]
fn a_slot_prints_local_time_and_offset() {
    let slot = Slot::at(at("2026-07-06T06:00:00Z"), Tz::Europe__Berlin);
    assert_eq!(
        serde_json::to_string(&slot).unwrap(),
        r#"{"utc":"2026-07-06T06:00:00Z","local":"2026-07-06T08:00:00","offset":"+02:00"}"#
    );
}

#[test]
fn what_fell_due_is_bounded() {
    let schedule = Schedule::parse("0 0 * * *").unwrap();
    let due = |from: &str, until: &str| schedule.slots_between(Tz::UTC, at(from), at(until)).count();
    assert_eq!(due("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"), 2);
    assert_eq!(due("2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z"), 0);
    assert_eq!(due("1990-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 400);
}

/// One field as a list of values, and its text.
fn field(low: u32, high: u32) -> impl Strategy<Value = (String, Option<Vec<u32>>)> {
    prop_oneof![
        2 => Just(("*".to_owned(), None)),
        3 => proptest::collection::btree_set(low..=high, 1..4).prop_map(|values| {
            let text = values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            (text, Some(values.into_iter().collect()))
        }),
        1 => (low..=high, low..=high).prop_map(|(one, other)| {
            let (first, last) = (one.min(other), one.max(other));
            (format!("{first}-{last}"), Some((first..=last).collect()))
        }),
    ]
}

type Fields = [(String, Option<Vec<u32>>); 5];

fn fields() -> impl Strategy<Value = Fields> {
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
        .prop_map(|(minute, hour, day, month, weekday)| [minute, hour, day, month, weekday])
}

fn text(fields: &Fields) -> String {
    fields
        .iter()
        .map(|(text, _)| text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn matches_day(fields: &Fields, day: NaiveDate) -> bool {
    let has = |index: usize, value: u32| fields[index].1.as_ref().is_none_or(|values| values.contains(&value));
    let weekday = day.weekday().num_days_from_sunday();
    let in_week = has(4, weekday) || weekday == 0 && has(4, 7);
    let in_month = has(2, day.day());
    let either = fields[2].1.is_some() && fields[4].1.is_some();
    has(3, day.month())
        && if either {
            in_month || in_week
        } else {
            in_month && in_week
        }
}

/// Minute by minute, as a person would look: slow, and right.
fn reference(fields: &Fields, after: NaiveDateTime) -> Option<NaiveDateTime> {
    let has = |index: usize, value: u32| fields[index].1.as_ref().is_none_or(|values| values.contains(&value));
    let mut day = after.date();
    // Nine years hold a leap day even around 2100.
    while day < after.date() + Duration::days(9 * 366) {
        if matches_day(fields, day) {
            for minute in 0..24 * 60 {
                let time = day.and_hms_opt(minute / 60, minute % 60, 0).unwrap();
                if time > after && has(1, time.hour()) && has(0, time.minute()) {
                    return Some(time);
                }
            }
        }
        day = day.succ_opt().unwrap();
    }
    None
}

proptest! {
    #[test]
    fn random_expressions_agree_with_the_reference(fields in fields(), minute in 0i64..10 * 366 * 24 * 60) {
        let after = at("2020-01-01T00:00:00Z") + Duration::minutes(minute);
        let found = Schedule::parse(&text(&fields)).ok().and_then(|schedule| schedule.next_after(Tz::UTC, after));
        prop_assert_eq!(found.map(|found| found.naive_utc()), reference(&fields, after.naive_utc()), "{}", text(&fields));
    }

    #[test]
    fn slots_only_go_forward(
        fields in fields(),
        zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        second in 0i64..20 * 366 * 24 * 3600,
    ) {
        let Ok(schedule) = Schedule::parse(&text(&fields)) else { return Ok(()) };
        let mut last = at("2010-01-01T00:00:00Z") + Duration::seconds(second);
        for slot in schedule.slots_after(zone, last).take(20) {
            prop_assert!(slot.utc > last, "{} in {zone}: {} after {last}", text(&fields), slot.utc);
            prop_assert_eq!(slot.utc.timestamp_subsec_nanos(), 0);
            last = slot.utc;
        }
    }

    #[test]
    fn nothing_a_person_types_makes_it_fail(text in "[0-9*/,A-Z#?@ -]{0,24}") {
        let _ = Schedule::parse(&text);
    }
}
