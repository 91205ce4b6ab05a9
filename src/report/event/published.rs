//! When a report was published, as far as its own text says so.
//!
//! In: the first and the last lines of a text. Out: the day, and the line that states it. The surprising thing: a day
//! alone on a line above the text may be the event's or that of the post. It is the post's only if the text tells of a
//! day shortly before it.

use chrono::NaiveDate;

use super::words::{BYLINE, HAPPENED, KIND, POSTED, PUBLISHED};
use super::{SHORT_LINE, counted_back, early, shortly_before, tied};
use crate::report::dates;
use crate::report::prose::sentences;

/// When the text itself says it was published, and the words that say so.
pub(in crate::report) fn published(paragraphs: &[&str]) -> Option<(NaiveDate, String)> {
    let lines = paragraphs
        .iter()
        .take(3)
        .chain(paragraphs.iter().rev().take(2))
        .flat_map(|text| text.lines());
    lines.filter(|line| line.len() <= SHORT_LINE * 2).find_map(|line| {
        let found = dates::find(line).into_iter().next()?;
        let before = line.get(..found.range.start)?;
        // "13.05.2019 | Text: Ada Quist" is a byline and no sentence.
        let says_so = PUBLISHED.is_match(before) || POSTED.is_match(line) || is_byline(line);
        let (when, _) = found
            .resolve(None)
            .filter(|_| says_so && found.states_year() && !HAPPENED.is_match(line))?;
        Some((when.date, line.to_owned()))
    })
}

/// Whether a line holds the day of a post and who wrote it.
pub(in crate::report) fn is_byline(line: &str) -> bool {
    let Some(found) = dates::find(line).into_iter().next() else {
        return false;
    };
    let (before, after) = (line.get(..found.range.start), line.get(found.range.end..));
    let has_author = [before, after].into_iter().flatten().any(|part| BYLINE.is_match(part));
    has_author && found.from.is_none() && found.end.is_none() && line.chars().count() <= SHORT_LINE
}

/// A day alone on a line near the top of a page, where the text tells of an earlier one: the day of the post.
pub(in crate::report) fn posted(lines: &[&str], paragraphs: &[&str]) -> Option<(NaiveDate, String)> {
    /// A report is published within so many days, or the line means something else.
    const WITHIN: i64 = 120;
    /// Besides the day such a line has at most the place or a word of the site.
    const BESIDE: usize = 34;
    let is_alone = |line: &str| {
        let found = dates::find(line);
        matches!(found.as_slice(), [one] if one.from.is_none() && one.end.is_none() && one.states_year()
            && line.trim().len() <= one.range.len() + BESIDE)
    };
    let mut head = lines.iter().take(3).flat_map(|text| text.lines());
    // "Zaragoza, 23 de octubre de 2023. La Fundación ...": a dateline.
    let dateline = || lines.iter().take(3).filter_map(|text| sentences(text).first().copied());
    let line = head
        .find(|line| is_alone(line) && !HAPPENED.is_match(line))
        .or_else(|| dateline().find(|line| is_alone(line) && line.ends_with('.')))?;
    let (when, _) = dates::find(line).into_iter().next()?.resolve(None)?;
    let prose = early(paragraphs);
    let is_earlier = |day: NaiveDate| (1..=WITHIN).contains(&(when.date - day).num_days());
    let told = [&HAPPENED, &KIND].into_iter().flat_map(|tie| tied(&prose, tie, ""));
    let tells_of_earlier = told
        .filter_map(|one| one.found.resolve(Some(when.date)))
        .any(|(start, _)| is_earlier(start.date))
        || counted_back(&prose, when.date).is_some()
        || shortly_before(&prose, when.date).is_some();
    tells_of_earlier.then(|| (when.date, line.to_owned()))
}
