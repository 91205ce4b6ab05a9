//! Dates of feeds: those of RFC 3339 and RFC 2822, and what sites write in their place.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Utc};
use regex::Regex;

use crate::report::prose::pattern;

/// Years outside are mistakes: a clock that was never set, a field that is no date.
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2199;

/// 2026-03-14T18:30:00.5+01:00 and all that begins like it, down to a bare year.
static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?(?:[T\s]+(\d\d?):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?\s*(Z|[A-Z]{2,4}|[+-]\d\d:?(?:\d\d)?)?$",
    )
});
/// Sat, 14 Mar 2026 18:30:00 +0100, with or without day of the week, seconds, zone; month and day in either order.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:[^\W\d]+\.?,?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?[\s-]+([^\W\d]{3,})\.?|([^\W\d]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?),?(?:[\s-]+(\d{4}|\d\d))?(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*([+-]\d\d:?\d\d.*|[^:]*)$",
    )
});
/// "Sat Mar 14 18:30:00 +0100 2026", as C prints it.
static YEAR_LAST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(.+?\d\d?:\d\d(?::\d\d)?)(\s+.*?)?\s+(\d{4})$"));

/// The instant a feed states, if it can be one. Without a zone it is taken as UTC.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    // Longer is no date, and only costs.
    if text.len() > 100 {
        return None;
    }
    let text = text.trim();
    let instant = of_numbers(text)
        .or_else(|| {
            let parts = YEAR_LAST.captures(text)?;
            let (time, zone, year) = (parts.get(1)?.as_str(), parts.get(2), parts.get(3)?.as_str());
            let (date, time) = time.rsplit_once(char::is_whitespace)?;
            of_words(&format!(
                "{date} {year} {time}{}",
                zone.map_or("", |zone| zone.as_str())
            ))
        })
        .or_else(|| of_words(text))?;
    YEARS.contains(&instant.year()).then_some(instant)
}

fn of_numbers(text: &str) -> Option<DateTime<Utc>> {
    let parts = NUMBERS.captures(text)?;
    let number = |at: usize| parts.get(at).and_then(|part| part.as_str().parse::<u32>().ok());
    let year = parts.get(1)?.as_str().parse().ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(2).unwrap_or(1), number(3).unwrap_or(1))?;
    let time = (number(4).unwrap_or(0), number(5).unwrap_or(0), number(6).unwrap_or(0));
    instant(day, time, parts.get(7).map_or("", |zone| zone.as_str()))
}

fn of_words(text: &str) -> Option<DateTime<Utc>> {
    let parts = WORDS.captures(text)?;
    let number = |at: usize| parts.get(at).and_then(|part| part.as_str().parse::<u32>().ok());
    let month = month(parts.get(2).or_else(|| parts.get(3))?.as_str())?;
    let day = number(1).or_else(|| number(4))?;
    let year = parts.get(5)?.as_str();
    let year: i32 = match (year.len(), year.parse::<i32>().ok()?) {
        // As RFC 2822 section 4.3 has it.
        (2, short @ 0..=49) => 2000 + short,
        (2, short) => 1900 + short,
        (_, full) => full,
    };
    let day = NaiveDate::from_ymd_opt(year, month, day)?;
    let time = (number(6).unwrap_or(0), number(7).unwrap_or(0), number(8).unwrap_or(0));
    instant(day, time, parts.get(9).map_or("", |zone| zone.as_str()))
}

/// Months by how they begin in the languages of our institutes; RSS allows English only, and not everybody knows.
fn month(name: &str) -> Option<u32> {
    const BEGINNINGS: [&[&str]; 12] = [
        &["jan", "janv", "ene", "янв"],
        &["feb", "fév", "fev", "фев"],
        &["mar", "mär", "mrz", "мар"],
        &["apr", "avr", "abr", "апр"],
        &["may", "mai", "мая", "май"],
        &["jun", "juin", "июн"],
        &["jul", "juil", "июл"],
        &["aug", "aoû", "aou", "ago", "авг"],
        &["sep", "сен"],
        &["oct", "okt", "окт"],
        &["nov", "ноя"],
        &["dec", "dez", "déc", "dic", "дек"],
    ];
    let name = name.to_lowercase();
    let at = BEGINNINGS
        .iter()
        .position(|month| month.iter().any(|start| name.starts_with(start)))?;
    u32::try_from(at + 1).ok()
}

fn instant(day: NaiveDate, (hour, minute, second): (u32, u32, u32), zone: &str) -> Option<DateTime<Utc>> {
    // Midnight as 24:00, and the leap second that no feed means.
    let (day, hour) = if hour == 24 { (day.succ_opt()?, 0) } else { (day, hour) };
    let time: NaiveDateTime = day.and_hms_opt(hour, minute, second.min(59))?;
    let local = time.and_local_timezone(offset(zone.trim())?).single()?;
    Some(local.with_timezone(&Utc))
}

/// Offsets by number, and the names of RFC 822 with a few more that feeds use; an unknown name is taken as UTC.
fn offset(zone: &str) -> Option<FixedOffset> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if let Some(sign) = zone.strip_prefix('+').map(|_| 1).or(zone.strip_prefix('-').map(|_| -1)) {
        let figures = digits(zone);
        let hours: i32 = figures.get(..2)?.parse().ok()?;
        let minutes: i32 = figures.get(2..4).unwrap_or("0").parse().ok()?;
        return FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60));
    }
    let hours = match zone
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_uppercase()
        .as_str()
    {
        "EST" => -5,
        "EDT" => -4,
        "CST" => -6,
        "CDT" => -5,
        "MST" => -7,
        "MDT" => -6,
        "PST" => -8,
        "PDT" => -7,
        "BST" | "CET" | "MEZ" => 1,
        "CEST" | "MESZ" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" => 9,
        _ => 0,
    };
    FixedOffset::east_opt(hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::read;

    fn shown(text: &str) -> String {
        read(text).map_or_else(|| "-".to_owned(), |instant| instant.format("%F %T").to_string())
    }

    #[test]
    fn dates_are_read_as_sites_write_them() {
        for (text, instant) in [
            ("2026-03-14T18:30:00+01:00", "2026-03-14 17:30:00"),
            ("2026-03-14T18:30:00.123Z", "2026-03-14 18:30:00"),
            ("2026-03-14 18:30", "2026-03-14 18:30:00"),
            ("2026-03-14", "2026-03-14 00:00:00"),
            ("2026-03", "2026-03-01 00:00:00"),
            ("Sat, 14 Mar 2026 18:30:00 +0100", "2026-03-14 17:30:00"),
            ("Mon, 14 March 2026 18:30 GMT", "2026-03-14 18:30:00"),
            ("14 Mar 26 18:30 EST", "2026-03-14 23:30:00"),
            ("Sa, 14 Mär 2026 18:30:00 MEZ", "2026-03-14 17:30:00"),
            ("Сб, 14 мар 2026 18:30:00 +0300", "2026-03-14 15:30:00"),
            ("Sat Mar 14 18:30:00 2026", "2026-03-14 18:30:00"),
            ("Sat Mar 14 18:30:00 +0100 2026", "2026-03-14 17:30:00"),
            ("14 Mar 2026 18:30 +01:00 (CET)", "2026-03-14 17:30:00"),
            ("Sat, 14 Mar 2026 24:00:00 GMT", "2026-03-15 00:00:00"),
        ] {
            assert_eq!(shown(text), instant, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_of_our_times_is_none() {
        for text in [
            "",
            "soon",
            "0000-00-00",
            "1700-01-01",
            "2300-01-01",
            "2026-02-30",
            "14 Xyz 2026",
            "-0001",
        ] {
            assert_eq!(shown(text), "-", "{text}");
        }
    }
}
