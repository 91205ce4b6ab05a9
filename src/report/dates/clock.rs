//! The time of day right beside a date: "at 18:30", "um 18 Uhr", "6 pm CET".

use std::ops::Range;
use std::sync::LazyLock;

use chrono::NaiveTime;
use regex::Regex;

use super::{Day, Found};
use crate::report::prose::{opening, pattern};

/// Looks for a time of day right beside the date.
pub(super) fn with_time(text: &str, range: Range<usize>, start: Day, end: Option<Day>) -> Found {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?ix)^(?:T|(?:\s*года|\s*г\.)?\s*[,|(–—-]?\s*(?:at|um|à|a\s+las|в|from|von|ab|с|de|desde)?\s*)
            (?P<h>\d{1,2})(?:[:.h](?P<min>\d{2}))?(?::\d{2})?(?:\s?(?P<mark>uhr|h|a\.?m|p\.?m|часов)\b\.?)?
            (?:\s*(?:[-–—]|to|until|till|bis|à|a|до)\s*(?P<h2>\d{1,2})(?:[:.h](?P<min2>\d{2}))?(?:\s?(?P<mark2>uhr|h|a\.?m|p\.?m|часов)\b\.?)?)?
            (?:\s*\(?(?P<zone>UTC|GMT|CET|CEST|MEZ|MESZ|EET|EEST|MSK|(?:Africa|America|Asia|Australia|Europe|Pacific)/[A-Za-z_]+)\b\)?)?",
        )
    });
    let mut found = Found {
        range,
        start,
        end,
        from: None,
        to: None,
        zone: None,
    };
    let after = opening(&text[found.range.end..], 80);
    let Some(captures) = AFTER.captures(after) else {
        return found;
    };
    let get = |name: &str| captures.name(name).map(|group| group.as_str());
    let marks = (get("mark"), get("mark2"));
    let Some(from) = clock(get("h"), get("min"), marks.0.or(marks.1), after) else {
        return found;
    };
    let mut length = captures.get(0).map_or(0, |whole| whole.end());
    if after[length..].starts_with(|c: char| c.is_alphanumeric()) {
        return found;
    }
    found.from = Some(from);
    found.to = clock(get("h2"), get("min2"), marks.1.or(marks.0), after);
    if get("h2").is_some() && found.to.is_none() {
        // The number after the dash was not a time.
        length = captures
            .name("mark")
            .or(captures.name("min"))
            .or(captures.name("h"))
            .map_or(0, |group| group.end());
    }
    found.zone = get("zone").and_then(zone);
    found.range.end += length;
    found
}

/// A bare number is no time: it takes minutes after a colon, or a word such as "Uhr" or "pm".
fn clock(hour: Option<&str>, minute: Option<&str>, mark: Option<&str>, text: &str) -> Option<NaiveTime> {
    let written = hour?;
    let with_colon = minute.is_some_and(|minute| {
        text.contains(&format!("{written}:{minute}")) || text.contains(&format!("{written}h{minute}"))
    });
    if !with_colon && mark.is_none() {
        return None;
    }
    let mut hour: u32 = written.parse().ok()?;
    let half = mark.unwrap_or_default().replace('.', "").to_lowercase();
    match half.as_str() {
        "am" | "pm" if !(1..=12).contains(&hour) => return None,
        "am" => hour %= 12,
        "pm" => hour = hour % 12 + 12,
        _ => {}
    }
    NaiveTime::from_hms_opt(hour, minute.unwrap_or("0").parse().ok()?, 0)
}

fn zone(written: &str) -> Option<&'static str> {
    Some(match written.to_uppercase().as_str() {
        "UTC" | "GMT" => "UTC",
        "CET" | "CEST" | "MEZ" | "MESZ" => "CET",
        "EET" | "EEST" => "EET",
        "MSK" => "Europe/Moscow",
        _ => written.parse::<chrono_tz::Tz>().ok()?.name(),
    })
}
