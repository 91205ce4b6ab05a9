//! At what hour the event began and when it was over.
//!
//! In: a text in which the day is known. Out: the hour, with the line or sentence that holds it. The surprising thing:
//! of an event of several days only the sentence that says how it was opened counts; every other hour in such a report
//! may be that of a talk on any day.

use chrono::NaiveTime;

use super::words::{self, BEGINS, ELSEWHEN, ENDS, HAPPENED, KIND, OPENS};
use super::{Told, candidates, early};
use crate::report::dates::{self, TimeOfDay};
use crate::report::labels::Label;

/// When the event began, from a line that states the time or a sentence that says when it began or how long it took.
/// Of an event of several days only the sentence that says how it was opened counts.
pub(in crate::report) fn time(told: Told<'_>, is_one_day: bool) -> Option<(TimeOfDay, String)> {
    let labelled = told
        .labels
        .iter()
        .filter(|one| one.label == Label::Time && is_one_day)
        .map(|one| one.value);
    let prose: Vec<&str> = early(told.paragraphs)
        .into_iter()
        .filter(|sentence| !ELSEWHEN.is_match(sentence) && !words::NEXT.is_match(sentence))
        .collect();
    let begins = prose.iter().copied().filter(|sentence| match is_one_day {
        true => BEGINS.is_match(sentence) || OPENS.is_match(sentence),
        false => OPENS.is_match(sentence),
    });
    // "The talk, at seven in the evening in the hall, was full": only the first sentences can mean nothing else.
    let mut near = prose
        .iter()
        .copied()
        .take(if is_one_day { 4 } else { 0 })
        .filter(|sentence| KIND.is_match(sentence) || HAPPENED.is_match(sentence) || !candidates(sentence).is_empty());
    labelled
        .chain(begins)
        .find_map(|text| Some((dates::time_of_beginning(text)?, text.to_owned())))
        .or_else(|| near.find_map(|text| Some((dates::time_of_day(text)?, text.to_owned()))))
}

/// When the event was over, from a sentence that says so.
pub(in crate::report) fn end_time(told: Told<'_>) -> Option<(NaiveTime, String)> {
    early(told.paragraphs)
        .into_iter()
        .filter(|sentence| ENDS.is_match(sentence) && !ELSEWHEN.is_match(sentence))
        .find_map(|sentence| Some((dates::time_of_day(sentence)?.from, sentence.to_owned())))
}
