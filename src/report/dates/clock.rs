//! The time of day: "at 18:30", "um 18 Uhr", "6 pm CET", "de 12 h 30 à 14 h 15", "с 18 до 20 часов".
//!
//! In: text behind a date, or a sentence. Out: the time an event begins, the time it ends, the zone. The surprising
//! thing: a bare number is never a time; it takes a colon, or a word such as "Uhr", "h" or "pm".

use std::ops::Range;
use std::sync::LazyLock;

use chrono::NaiveTime;
use regex::{Captures, Regex};

use super::{Day, Found, names};
use crate::report::prose::{opening, pattern};

/// From when to when, and in which zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) struct TimeOfDay {
    pub(in crate::report) from: NaiveTime,
    pub(in crate::report) to: Option<NaiveTime>,
    pub(in crate::report) zone: Option<&'static str>,
}

/// An hour with its minutes and its word, a second one behind a dash or "to", a zone.
const CLOCK: &str = r"(?P<h>\d{1,2})(?:[:.](?P<min>\d{2})|\s?h\s?(?P<hmin>\d{2}))?(?::\d{2})?(?:\s?(?P<mark>uhr|h(?:oras|rs?|eures?)?|a\.?\s?m|p\.?\s?m|час(?:ов|а)?)\b\.?)?
    (?:\s*(?:[-–—]|\b(?:to|until|till|bis|à|a|до)\b)\s*(?:las\s+)?(?P<h2>\d{1,2})(?:[:.](?P<min2>\d{2})|\s?h\s?(?P<hmin2>\d{2}))?(?:\s?(?P<mark2>uhr|h(?:oras|rs?|eures?)?|a\.?\s?m|p\.?\s?m|час(?:ов|а)?)\b\.?)?)?
    (?:\s*\(?(?P<zone>(?:UTC|GMT)\s?[+−-]\s?\d{1,2}\b|(?:UTC|GMT|TU|CET|CEST|MEZ|MESZ|EET|EEST|MSK|МСК|(?:Africa|America|Asia|Australia|Europe|Pacific)/[A-Za-z_]+)\b|(?P<city>\p{Lu}\p{L}+(?:\ \p{Lu}\p{L}+)?)\ time\b)\)?)?";

/// Looks for a time of day right beside the date.
pub(super) fn with_time(text: &str, range: Range<usize>, start: Day, end: Option<Day>) -> Found {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?ix)^(?:T|(?:\s*года|\s*г\.)?\s*(?:[,|(–—·•/-]\s*)?(?:(?:{})\b,?\s*)?(?:starting\s+)?(?:at|um|à(?:\s+partir\s+de)?|a\s+(?:partir\s+de\s+)?las|в|from|von|ab|с|de(?:\s+las)?|desde(?:\s+las)?)?\s*){CLOCK}",
            names::weekday_alternatives()
        ))
    });
    let weekday = names::weekday_beside(&text[..range.start], &text[range.end..]);
    let mut found = Found {
        range,
        start,
        end,
        from: None,
        to: None,
        zone: None,
        weekday,
    };
    let after = opening(&text[found.range.end..], 80);
    if let Some(captures) = AFTER.captures(after)
        && let Some((time, length)) = read(&captures, after)
    {
        found.from = Some(time.from);
        found.to = time.to;
        found.zone = time.zone;
        found.range.end += length;
    }
    found
}

/// The same in a sentence that says when something began: there it may stand in brackets too, as "(18:30)".
pub(in crate::report) fn time_of_beginning(text: &str) -> Option<TimeOfDay> {
    static BRACKETS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\((\d{1,2}[:.]\d{2}[^()]{0,12})\)"));
    time_of_day(text).or_else(|| time_of_day(BRACKETS.captures(text)?.get(1)?.as_str()))
}

/// A time of day anywhere in a sentence, behind a word that leads to one: "from 6 pm to 7.30 pm", "um 18 Uhr".
pub(in crate::report) fn time_of_day(text: &str) -> Option<TimeOfDay> {
    static LED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?ix)(?:^|\b(?:at|um|à|las|в|на|from|von|ab|с|de|desde|between|zwischen|entre)\s+|[,·|]\s*){CLOCK}"
        ))
    });
    let in_digits = LED.captures_iter(text).find_map(|captures| {
        let (time, length) = read(&captures, text.get(captures.get(0)?.start()..)?)?;
        // "7.30 per cent", "18:30 francs": what goes on with a letter right away is another number.
        let rest = text.get(captures.get(0)?.start() + length..)?;
        (!rest.starts_with(|c: char| c.is_alphanumeric() || c == '%')).then_some(time)
    });
    in_digits.or_else(|| in_words(text))
}

/// The hours as texts spell them out, one o'clock first.
const HOURS: [&str; 12] = [
    "one eins ein une una час",
    "two zwei deux dos два",
    "three drei trois tres три",
    "four vier quatre cuatro четыре",
    "five fünf cinq cinco пять",
    "six sechs seis шесть",
    "seven sieben sept siete семь",
    "eight acht huit ocho восемь",
    "nine neun neuf nueve девять",
    "ten zehn dix diez десять",
    "eleven elf onze once одиннадцать",
    "twelve zwölf doce двенадцать",
];

/// "at seven in the evening", "a las siete y media de la tarde": without the part of the day it may be any seven.
fn in_words(text: &str) -> Option<TimeOfDay> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        let hours: Vec<&str> = HOURS.iter().flat_map(|names| names.split(' ')).collect();
        pattern(&format!(
            r"(?i)\b(?:at|um|à|a las?|в)\s+(?P<hour>{})\b(?:\s+(?:o[’']clock|uhr|heures?|часов|часа|en punto))?(?P<half>\s+(?:y media|et demie))?\s+(?:(?P<am>in the morning|morgens|vormittags|du matin|de la mañana|утра)|(?P<pm>in the (?:afternoon|evening)|nachmittags|abends|de l[’']après-midi|du soir|de la (?:tarde|noche)|дня|вечера))",
            hours.join("|")
        ))
    });
    let captures = WORDS.captures(text)?;
    let name = captures.name("hour")?.as_str().to_lowercase();
    let at = HOURS.iter().position(|names| names.split(' ').any(|one| one == name))?;
    let is_night = captures
        .name("pm")
        .is_some_and(|part| part.as_str().to_lowercase().ends_with("noche"));
    let hour = match (u32::try_from(at).ok()? + 1) % 12 {
        // "A las doce de la noche" is midnight.
        0 if is_night => 0,
        hour => hour + if captures.name("pm").is_some() { 12 } else { 0 },
    };
    let minute = if captures.name("half").is_some() { 30 } else { 0 };
    Some(TimeOfDay {
        from: NaiveTime::from_hms_opt(hour, minute, 0)?,
        to: None,
        zone: None,
    })
}

/// What a match says, and how long it is; `after` begins where the match begins.
fn read(captures: &Captures<'_>, after: &str) -> Option<(TimeOfDay, usize)> {
    let get = |name: &str| captures.name(name).map(|group| group.as_str());
    let marks = (get("mark"), get("mark2"));
    let minutes = (get("min").or(get("hmin")), get("min2").or(get("hmin2")));
    let from = clock(get("h"), minutes.0, marks.0.or(marks.1), after)?;
    let whole = captures.get(0)?;
    let begin = whole.start();
    let mut length = whole.end() - begin;
    if after
        .get(length..)
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
    {
        return None;
    }
    let to = clock(get("h2"), minutes.1, marks.1.or(marks.0), after);
    if get("h2").is_some() && to.is_none() {
        // The number after the dash was not a time.
        length = ["mark", "hmin", "min", "h"]
            .iter()
            .find_map(|name| captures.name(name))
            .map_or(0, |group| group.end() - begin);
    }
    let zone = match get("city") {
        Some(city) => zone_of_city(city),
        None => get("zone").and_then(zone),
    };
    Some((TimeOfDay { from, to, zone }, length))
}

/// A bare number is no time: it takes minutes after a colon, or a word such as "Uhr" or "pm".
fn clock(hour: Option<&str>, minute: Option<&str>, mark: Option<&str>, text: &str) -> Option<NaiveTime> {
    static H: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d\s?[hH]\s?\d{2}"));
    let written = hour?;
    let with_colon =
        minute.is_some_and(|minute| text.contains(&format!("{written}:{minute}")) || H.is_match(opening(text, 80)));
    if !with_colon && mark.is_none() {
        return None;
    }
    let mut hour: u32 = written.parse().ok()?;
    let half = mark.unwrap_or_default().replace(['.', ' '], "").to_lowercase();
    match half.as_str() {
        "am" | "pm" if !(1..=12).contains(&hour) => return None,
        "am" => hour %= 12,
        "pm" => hour = hour % 12 + 12,
        _ => {}
    }
    NaiveTime::from_hms_opt(hour, minute.unwrap_or("0").parse().ok()?, 0)
}

fn zone(written: &str) -> Option<&'static str> {
    let written = written.trim();
    Some(match written.to_uppercase().as_str() {
        "UTC" | "GMT" | "TU" => "UTC",
        "CET" | "CEST" | "MEZ" | "MESZ" => "CET",
        "EET" | "EEST" => "EET",
        "MSK" | "МСК" => "Europe/Moscow",
        offset if offset.starts_with("UTC") || offset.starts_with("GMT") => {
            // The zones of this family count westwards: UTC+3 is Etc/GMT-3.
            let hours = offset[3..].replace('−', "-").replace(' ', "").parse::<i32>().ok()?;
            let name = format!("Etc/GMT{}{}", if hours > 0 { '-' } else { '+' }, hours.abs());
            name.parse::<chrono_tz::Tz>().ok()?.name()
        }
        _ => written.parse::<chrono_tz::Tz>().ok()?.name(),
    })
}

/// "Brussels time" is the zone that bears the name of the city; no other city has one.
fn zone_of_city(city: &str) -> Option<&'static str> {
    let ending = format!("/{}", city.replace(' ', "_"));
    chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .find(|name| name.ends_with(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn time(text: &str, from: &str, to: Option<&str>, zone: Option<&str>) {
        let shown = |time: NaiveTime| time.format("%H:%M").to_string();
        let found = time_of_day(text).map(|found| (shown(found.from), found.to.map(shown), found.zone));
        assert_eq!(found, Some((from.to_owned(), to.map(str::to_owned), zone)), "{text}");
    }

    #[test]
    fn times_of_day_are_read_as_five_languages_write_them() {
        time("from 6 pm to 7.30 pm", "18:00", Some("19:30"), None);
        time(
            "Das Gespräch dauerte von 19 bis 20.30 Uhr",
            "19:00",
            Some("20:30"),
            None,
        );
        time("de 12 h 30 à 14 h 15", "12:30", Some("14:15"), None);
        time("à 18h30", "18:30", None, None);
        time("a las 18:00", "18:00", None, None);
        time("a las 19.30 horas", "19:30", None, None);
        time("в 18:00", "18:00", None, None);
        time("с 18 до 20 часов", "18:00", Some("20:00"), None);
        time("at 18:30 CET", "18:30", None, Some("CET"));
        time("в 19:00 МСК", "19:00", None, Some("Europe/Moscow"));
        time("at 18:30 UTC+3", "18:30", None, Some("Etc/GMT-3"));
        time(
            "17:00–18:30 (Brussels time)",
            "17:00",
            Some("18:30"),
            Some("Europe/Brussels"),
        );
        time("um 18 Uhr Ortszeit", "18:00", None, None);
        time("a las siete y media de la tarde", "19:30", None, None);
        time("A las diez en punto de la mañana", "10:00", None, None);
        time("at eight o’clock in the evening", "20:00", None, None);
        time("a las doce de la noche", "00:00", None, None);
        time("в семь часов вечера", "19:00", None, None);
    }

    #[test]
    fn a_bare_number_is_no_time() {
        for text in [
            "at 12 universities",
            "von 19 bis 20 Leuten",
            "a las 12 casas",
            "в 2018",
            "de 3.4 millones",
        ] {
            assert_eq!(time_of_day(text), None, "{text}");
        }
    }
}
