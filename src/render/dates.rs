//! Dates and event lines as people write them: "28 January 2019", "12–14 May 2023", "Moscow, 28. Januar 2019".
//!
//! In: typed dates. Out: text in the reader's language. Patterns and month names are words of
//! `locales/{language}/dates.ftl`, so that a further language needs no code. Always with the year; time and zone only
//! if the report states them; an unknown field leaves no label and no stray comma.

use chrono::{Datelike, NaiveDate, NaiveTime};
use fluent_templates::fluent_bundle::FluentValue;

use super::line::one_line;
use super::words::{Words, isolate};
use crate::report::{Event, When};

/// One day, with its year.
pub(super) fn day(words: &Words, language: &str, date: NaiveDate) -> String {
    words.say(
        language,
        "date-day",
        [
            // A number, so that a language can write the first otherwise; the year is a text, for it has no separators.
            ("day", FluentValue::from(date.day())),
            ("month", month(words, language, date).into()),
            ("year", date.year().to_string().into()),
        ],
    )
}

/// From the first to the last day, saying month and year once where once is enough.
pub(super) fn days(words: &Words, language: &str, first: NaiveDate, last: NaiveDate) -> String {
    if last <= first {
        return day(words, language, first);
    }
    if first.year() != last.year() {
        return words.say(
            language,
            "date-days",
            [
                ("from", day(words, language, first)),
                ("to", day(words, language, last)),
            ],
        );
    }
    let key = if first.month() == last.month() {
        "date-days-of-one-month"
    } else {
        "date-days-of-one-year"
    };
    words.say(
        language,
        key,
        [
            ("from-day", FluentValue::from(first.day())),
            ("from-month", month(words, language, first).into()),
            ("to-day", last.day().into()),
            ("to-month", month(words, language, last).into()),
            ("year", last.year().to_string().into()),
        ],
    )
}

/// The event's days, its time if stated, and its zone if both are stated. None without a first day.
pub(super) fn of_event(words: &Words, language: &str, event: &Event) -> Option<String> {
    let start = event.start?;
    let end = event.end.filter(|end| *end > start);
    let one_day = end.is_none_or(|end| end.date == start.date);
    let text = match end {
        Some(end) if !one_day && (start.time.is_some() || end.time.is_some()) => words.say(
            language,
            "date-days",
            [
                ("from", moment(words, language, start)),
                ("to", moment(words, language, end)),
            ],
        ),
        Some(end) if !one_day => days(words, language, start.date, end.date),
        _ => {
            let date = day(words, language, start.date);
            match time_of_day(words, language, start.time, end.and_then(|end| end.time)) {
                Some(time) => words.say(language, "date-with-time", [("date", date), ("time", time)]),
                None => date,
            }
        }
    };
    let timed = start.time.is_some() || end.is_some_and(|end| end.time.is_some());
    let zone = event.timezone.as_deref().filter(|zone| timed && !zone.is_empty());
    Some(match zone {
        Some(zone) => words.say(
            language,
            "time-with-zone",
            [("when", text), ("zone", zone.replace('_', " "))],
        ),
        None => text,
    })
}

/// "Moscow, 28 January 2019": where and when, whatever of it is known.
pub(super) fn event_line(words: &Words, language: &str, event: &Event) -> Option<String> {
    let place = [
        event.venue.clone(),
        event.city.clone().or_else(|| event.country.clone()),
    ];
    let known: Vec<String> = place
        .into_iter()
        .flatten()
        .map(|part| one_line(&part))
        .filter(|part| !part.is_empty())
        .map(|part| isolate(part, language))
        .chain(of_event(words, language, event))
        .collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn month(words: &Words, language: &str, date: NaiveDate) -> String {
    words.word(language, &format!("month-{}", date.month()))
}

fn moment(words: &Words, language: &str, when: When) -> String {
    let date = day(words, language, when.date);
    match time_of_day(words, language, when.time, None) {
        Some(time) => words.say(language, "date-with-time", [("date", date), ("time", time)]),
        None => date,
    }
}

fn time_of_day(words: &Words, language: &str, from: Option<NaiveTime>, to: Option<NaiveTime>) -> Option<String> {
    let clock = |time: NaiveTime| time.format("%H:%M").to_string();
    let from = from?;
    Some(match to.filter(|to| *to > from) {
        Some(to) => words.say(language, "time-range", [("from", clock(from)), ("to", clock(to))]),
        None => words.say(language, "time", [("time", clock(from))]),
    })
}
