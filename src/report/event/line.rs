//! Dates that stand outside of sentences: labelled lines, lines of facts, the title, a dateline.
//!
//! In: the lines near the top of a text. Out: dates that may be the event's. The surprising thing: a dateline dates the
//! writing. Only "today" below it makes it the event's day, and "yesterday" the day before.

use chrono::{Days, NaiveDate};
use regex::Regex;

use super::words::{DATELINE_END, POSTED, TODAY, YESTERDAY};
use super::{Dated, HEAD_LINE, LONGEST_PARAGRAPH, SHORT_LINE, candidates, dated};
use crate::report::dates::{self, Found};
use crate::report::labels::{Label, Stated};
use crate::report::prose::{opening, sentences};

pub(super) fn labelled(labels: &[Stated<'_>]) -> Vec<Dated> {
    let lines = labels.iter().filter(|one| one.label == Label::Date);
    lines
        .filter_map(|one| {
            let line = opening(one.value, LONGEST_PARAGRAPH);
            Some(dated(
                dates::find(line).into_iter().next()?,
                line,
                "line that states the date",
            ))
        })
        .collect()
}

/// A line of facts under the title: "22 September 2022, 10:00 bis 16:30 Uhr", "Thursday 3 June · 18:00 · Hall".
pub(super) fn head_line(lines: &[&str], published: Option<NaiveDate>) -> Option<Dated> {
    let head = lines.iter().take(8).flat_map(|text| text.lines());
    head.filter(|line| line.chars().count() <= SHORT_LINE && sentences(line).len() <= 2)
        .find_map(|line| {
            let found = candidates(line).into_iter().next()?;
            // A day of the week or an hour tells an event; a byline has neither.
            let is_told = found.from.is_some() || found.weekday.is_some() || found.end.is_some();
            let is_head = found.range.start <= 40 && !line.trim_end().ends_with('.');
            let is_published = found
                .resolve(None)
                .is_some_and(|(when, _)| Some(when.date) == published);
            (is_told && is_head && !is_published && !POSTED.is_match(line)).then(|| dated(found, line, HEAD_LINE))
        })
}

pub(super) fn short_line(lines: &[&str], published: Option<NaiveDate>) -> Option<Dated> {
    let lines = lines.iter().take(3).flat_map(|text| text.lines());
    lines
        .filter(|line| line.chars().count() <= SHORT_LINE && !line.ends_with('.'))
        .find_map(|line| {
            let found = candidates(line).into_iter().find(Found::states_year)?;
            let is_published = found
                .resolve(None)
                .is_some_and(|(when, _)| Some(when.date) == published);
            (!is_published && !POSTED.is_match(line)).then(|| dated(found, line, "short line with a date near the top"))
        })
}

pub(super) fn in_title(title: &str) -> Option<Dated> {
    let found = candidates(opening(title, LONGEST_PARAGRAPH))
        .into_iter()
        .find(Found::states_year)?;
    Some(dated(found, title, "date in the title"))
}

pub(super) fn dateline(paragraphs: &[&str]) -> Option<Dated> {
    let first = paragraphs.first()?;
    let found = candidates(opening(first, SHORT_LINE)).into_iter().next()?;
    let after = &first[found.range.end..];
    let is_dateline = DATELINE_END.is_match(after) && found.range.start <= 60;
    let before = first[..found.range.start].trim_end_matches(|c: char| !c.is_alphanumeric());
    // "Graz, 17. Jänner 2023. Bis auf ...": a place, a date, a full stop.
    let is_short_sentence = after.trim_start_matches([' ', ')']).starts_with('.')
        && !before.is_empty()
        && before.split(' ').count() <= 3
        && before.starts_with(char::is_uppercase);
    let sentence = sentences(first).first().map_or(*first, |one| *one);
    (is_dateline || is_short_sentence).then(|| dated(found, sentence, "dateline"))
}

/// A dateline dates the writing. "Today" makes it the event's day, "yesterday" the day before.
pub(super) fn line_of_today(line: &Dated, prose: &[&str]) -> Option<Dated> {
    let near: Vec<&&str> = prose.iter().take(3).collect();
    let says = |word: &Regex| near.iter().any(|sentence| word.is_match(sentence));
    let mut line = line.clone();
    if says(&YESTERDAY) {
        let (when, _) = line.found.resolve(None)?;
        let before = when.date.checked_sub_days(Days::new(1))?;
        line.found = line.found.on(before);
        line.rule = "dateline, and the text says that it was the day before";
        return Some(line);
    }
    line.rule = "dateline, and the text says that it was on that day";
    says(&TODAY).then_some(line)
}
