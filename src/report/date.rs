//! The days of the event entered into the report: winner, losers, the year, the time.
//!
//! In: the candidates of `event`, the surest first, and what the page stated. Out: `event.start` and `event.end` with
//! their provenance. The surprising thing: a day without a year that cannot be placed leaves the field empty. The next
//! candidate has a year, but it is another event's.

use chrono::{Datelike, NaiveDate};

use super::event::{self, Dated, Told};
use super::{Report, When};

/// What structured data says begins so in the provenance.
const STATED: &str = "structured data";

struct Resolved {
    start: When,
    end: Option<When>,
    rule: String,
}

/// Enters the surest candidate unless the report states a day; `days` are those that the page's `time` elements state.
pub(super) fn enter(report: &mut Report, told: Told<'_>, dated: &[Dated], days: &[NaiveDate], hint: Option<NaiveDate>) {
    let resolve = |one: &Dated| resolve(one, told, days, hint);
    let skipped = dated
        .iter()
        .take_while(|one| one.rule == event::HEAD_LINE && resolve(one).is_none())
        .count();
    let dated = dated.get(skipped..).unwrap_or_default();
    let first = dated.first().and_then(resolve);
    if let Some(stated) = report.event.start {
        let by_machine = rule_of(report, "event.start").starts_with(STATED);
        match &first {
            Some(first) if by_machine && event::was_put_off(told, stated.date) && first.start.date != stated.date => {
                supersede(report, stated);
            }
            Some(first) if first.start.date == stated.date => complete(report, first, dated),
            _ => {}
        }
    }
    let mut others = dated.iter();
    if report.event.start.is_none()
        && let (Some(first), Some(winner)) = (first, others.next())
    {
        report.event.start = Some(first.start);
        report.note("event.start", &first.rule, &winner.words);
        if let (None, Some(end)) = (report.event.end, first.end) {
            report.event.end = Some(end);
            report.note("event.end", &first.rule, &winner.words);
        }
        enter_zone(report, winner.found.zone, &winner.words);
    }
    let is_by_hand = matches!(rule_of(report, "event.start"), "front matter" | "sidecar");
    let is_one_day = report
        .event
        .end
        .is_none_or(|end| Some(end.date) == report.event.start.map(|start| start.date));
    if report.event.start.is_some_and(|start| start.time.is_none())
        && !is_by_hand
        && let Some((time, words)) = event::time(told, is_one_day)
    {
        enter_time(report, time, &words);
    }
    if !is_by_hand {
        enter_end_time(report, told);
    }
    let chosen = report.event.start.map(|start| start.date);
    for one in others {
        if let Some(lost) = resolve(one)
            && Some(lost.start.date) != chosen
        {
            report.note_loser("event.start", one.rule, &one.words, &lost.start.to_string());
        }
    }
}

fn rule_of<'a>(report: &'a Report, field: &str) -> &'a str {
    report.provenance.get(field).map_or("", |why| why.rule.as_str())
}

/// The page still states the first date of an event that was put off: the text knows better, of the place too.
fn supersede(report: &mut Report, stated: When) {
    for field in ["event.start", "event.end", "event.venue", "event.city", "event.country"] {
        if !rule_of(report, field).starts_with(STATED) {
            continue;
        }
        match field {
            "event.start" => report.event.start = None,
            "event.end" => report.event.end = None,
            "event.venue" => report.event.venue = None,
            "event.city" => report.event.city = None,
            _ => report.event.country = None,
        }
        if let Some(why) = report.provenance.remove(field)
            && field == "event.start"
        {
            report.note(field, "", "");
            report.note_loser(field, &why.rule, &why.words, &stated.to_string());
        }
    }
}

/// The page states the day, the text the time or the last day as well.
fn complete(report: &mut Report, first: &Resolved, dated: &[Dated]) {
    let words = dated.first().map_or("", |one| one.words.as_str()).to_owned();
    let rule = format!("{}, beside the stated day", first.rule);
    if let Some(start) = &mut report.event.start
        && start.time.is_none()
        && first.start.time.is_some()
        && report.event.end.is_none_or(|end| end.time.is_none())
    {
        *start = first.start;
        report.note("event.start", &rule, &words);
    }
    if report.event.end.is_none()
        && let Some(end) = first.end
    {
        report.event.end = Some(end);
        report.note("event.end", &rule, &words);
    }
    enter_zone(report, dated.first().and_then(|one| one.found.zone), &words);
}

fn enter_zone(report: &mut Report, zone: Option<&'static str>, words: &str) {
    if let (None, Some(zone)) = (&report.event.timezone, zone) {
        report.event.timezone = Some(zone.to_owned());
        report.note("event.timezone", "zone beside the time", words);
    }
}

fn enter_time(report: &mut Report, time: super::dates::TimeOfDay, words: &str) {
    const RULE: &str = "line or sentence that says when it began";
    let Some(start) = &mut report.event.start else { return };
    start.time = Some(time.from);
    let day = start.date;
    let rule = format!("{}; the time from a {RULE}", rule_of(report, "event.start"));
    let day_words = report
        .provenance
        .get("event.start")
        .map_or(String::new(), |why| why.words.clone());
    report.note("event.start", &rule, &format!("{day_words} | {words}"));
    if let Some(to) = time.to.filter(|to| *to > time.from)
        && report.event.end.is_none()
    {
        report.event.end = Some(When {
            date: day,
            time: Some(to),
        });
        report.note("event.end", RULE, words);
    }
    enter_zone(report, time.zone, words);
}

/// The hour of the end beside its day; of an event of one day, where it lies behind that of the start.
fn enter_end_time(report: &mut Report, told: Told<'_>) {
    const RULE: &str = "sentence that says when it was over";
    let (Some(start), Some((time, words))) = (report.event.start, event::end_time(told)) else {
        return;
    };
    let end = report.event.end.unwrap_or(When {
        date: start.date,
        time: None,
    });
    let is_later = end.date > start.date || start.time.is_some_and(|from| from < time);
    if end.time.is_none() && is_later {
        report.event.end = Some(When {
            time: Some(time),
            ..end
        });
        report.note("event.end", RULE, &words);
    }
}

/// The days meant, and the rule with the source of their year.
fn resolve(dated: &Dated, told: Told<'_>, days: &[NaiveDate], hint: Option<NaiveDate>) -> Option<Resolved> {
    let found = &dated.found;
    let (anchor, year_from) = match (found.states_year(), told.published) {
        (true, _) => (None, None),
        (false, published) => {
            let stated = days
                .iter()
                .find(|day| (day.month(), day.day()) == (found.start.month, found.start.day));
            let fits = || found.year_among(&event::years(told.paragraphs));
            let imprint = || event::imprint_year(told.paragraphs);
            if let Some(day) = stated {
                (Some(*day), Some("the year from the page's time element".to_owned()))
            } else if let Some(day) = published {
                (
                    Some(day),
                    Some(format!("the year from the report's own publication on {day}")),
                )
            } else if let Some(day) = fits() {
                (
                    Some(day),
                    Some("the year that the text names in which the weekday fits".to_owned()),
                )
            } else if let Some((year, words)) = imprint() {
                let day = NaiveDate::from_ymd_opt(year, found.start.month, found.start.day);
                (day, Some(format!("the year from \"{words}\"")))
            } else {
                (hint, Some("the year from the time of the file".to_owned()))
            }
        }
    };
    let (start, end) = found.resolve(anchor)?;
    let rule = match year_from {
        None => dated.rule.to_owned(),
        Some(year) => format!("{}; {year}", dated.rule),
    };
    Some(Resolved { start, end, rule })
}
