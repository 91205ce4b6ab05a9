//! What recurs, expanded within the time that counts.
//!
//! In: an event with a rule. Out: when it begins, each time. The surprising part: a daily or weekly rule begins anew
//! shortly before the time that counts, because a rule of fifty years would otherwise be walked from its first day.

use chrono::{NaiveTime, TimeDelta};
use rrule::{RRule, Unvalidated};

use super::Window;
use super::entry::Entry;
use super::times::Moment;

/// Of one event within the time that counts.
const MOST_OCCURRENCES: usize = 100;
/// A rule that counts further is not walked.
const HIGHEST_COUNT: u32 = 2_000;
/// A rule without a day until so long after the time that counts never comes to pass; a 29 February may take as long.
const LONGEST_GAP: TimeDelta = TimeDelta::days(8 * 366);
/// More rules of one calendar that never come to pass are not followed: each is walked through thousands of years.
const MOST_BARREN: usize = 3;

/// When an event begins; the first time alone, with a note, if its rule cannot be followed.
/// `barren` counts the rules of the calendar that never come to pass.
pub(super) fn occurrences(entry: &Entry, window: &Window, barren: &mut usize, notes: &mut Vec<String>) -> Vec<Moment> {
    let followed = entry.rule.as_deref().map(|rule| match *barren < MOST_BARREN {
        true => follow(rule, entry.start, window, barren),
        false => Err("is not followed, because others never come to pass"),
    });
    let mut starts = match followed {
        None => vec![entry.start],
        Some(Ok(starts)) => starts,
        Some(Err(why)) => {
            notes.push(format!(
                "\"{}\" recurs by a rule that {why}; it is taken once",
                entry.title
            ));
            vec![entry.start]
        }
    };
    starts.extend(&entry.more);
    starts.retain(|start| !entry.left_out.iter().any(|left| left.is_same(*start)));
    starts.sort_by_key(|start| start.instant());
    starts.dedup_by(|a, b| a.is_same(*b));
    starts.truncate(MOST_OCCURRENCES);
    starts
}

fn follow(rule: &str, start: Moment, window: &Window, barren: &mut usize) -> Result<Vec<Moment>, &'static str> {
    // A letter beyond ASCII in a list of weekdays makes the library panic.
    if !rule.is_ascii() {
        return Err("cannot be read");
    }
    let upper = rule.trim().to_ascii_uppercase();
    let parts: Vec<(&str, &str)> = upper.split(';').filter_map(|part| part.split_once('=')).collect();
    let value = |name: &str| parts.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let step = match value("FREQ") {
        Some("DAILY") => Some(1),
        Some("WEEKLY") => Some(7),
        Some("MONTHLY" | "YEARLY") => None,
        Some("SECONDLY" | "MINUTELY" | "HOURLY") => return Err("has it several times a day"),
        _ => return Err("cannot be read"),
    };
    if ["BYHOUR", "BYMINUTE", "BYSECOND"]
        .iter()
        .any(|name| value(name).is_some_and(|list| list.contains(',')))
    {
        return Err("has it several times a day");
    }
    let count: Option<u32> = value("COUNT").and_then(|count| count.parse().ok());
    if count.is_some_and(|count| count > HIGHEST_COUNT) {
        return Err("counts too far");
    }
    // Its form seldom fits that of the beginning, as the standard wants it: a bound serves as well.
    let until = value("UNTIL").and_then(|until| end_of_rule(until, start));
    let rest: Vec<&str> = upper.split(';').filter(|part| !part.starts_with("UNTIL=")).collect();
    let rule: RRule<Unvalidated> = rest.join(";").parse().map_err(|_| "cannot be read")?;
    let interval = i64::from(rule.get_interval().max(1));
    let start = match (step, count) {
        (Some(days), None) => near(start, days * interval, window),
        _ => start,
    };
    let zone = start.zone().unwrap_or(chrono_tz::UTC);
    let first = start.instant().with_timezone(&rrule::Tz::Tz(zone));
    let from = window.from - TimeDelta::days(60);
    // In the farthest zone a day of the window ends later.
    let window_end = window.until + TimeDelta::hours(14);
    let until = until.map_or(window_end, |until| until.min(window_end));
    let set = rule.build(first).map_err(|_| "cannot be read")?.limit();
    let mut dates = Vec::new();
    let mut comes = false;
    for date in &set {
        comes |= date <= window.until.max(start.instant()) + LONGEST_GAP;
        if date > until || dates.len() == MOST_OCCURRENCES {
            break;
        }
        if date >= from {
            dates.push(date);
        }
    }
    if !comes {
        *barren += 1;
        return Err("never comes to pass");
    }
    Ok(dates
        .into_iter()
        .map(|date| match start {
            Moment::Day(_) => Moment::Day(date.date_naive()),
            Moment::Time(_, zone) => Moment::Time(date.naive_local(), zone),
        })
        .collect())
}

/// The last instant of a rule: UNTIL is inclusive, and a day counts whole.
fn end_of_rule(until: &str, start: Moment) -> Option<chrono::DateTime<chrono::Utc>> {
    let (day, time) = until.split_once('T').unwrap_or((until, "235959"));
    let day = chrono::NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
    let (time, is_utc) = match time.strip_suffix('Z') {
        Some(time) => (time, true),
        None => (time, false),
    };
    let local = day.and_time(NaiveTime::parse_from_str(time, "%H%M%S").ok()?);
    let end = match is_utc {
        true => local.and_utc(),
        false => Moment::Time(local, start.zone()).instant(),
    };
    Some(end)
}

/// A later beginning of the same rule, a little before the time that counts.
fn near(start: Moment, days: i64, window: &Window) -> Moment {
    let before = window.from - TimeDelta::days(70);
    let gap = (before - start.instant()).num_days();
    let steps = if gap > 0 { gap / days } else { 0 };
    let days = chrono::Days::new(u64::try_from(steps * days).unwrap_or(0));
    let later = match start {
        Moment::Day(day) => day.checked_add_days(days).map(Moment::Day),
        Moment::Time(time, zone) => time.checked_add_days(days).map(|time| Moment::Time(time, zone)),
    };
    later.unwrap_or(start)
}
