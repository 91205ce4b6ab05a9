//! Which of the dates in a text is the date of the event.
//!
//! In: title, paragraphs and lines, and the day the report was published. Out: every date that may be the event's, the
//! surest first, each with its rule, its words and the sentence it stood in (the place is looked for there first). The
//! surprising thing: a date alone is not enough. It needs a word that ties it to the event, or it stays unused.

mod hour;
mod line;
mod published;
mod words;

use chrono::{Days, NaiveDate};
use regex::Regex;

pub(super) use self::hour::{end_time, time};
use self::line::{dateline, head_line, in_title, labelled, line_of_today, short_line};
pub(super) use self::published::{is_byline, posted, published};
use self::words::{DAY_BEFORE, ELSEWHEN, ELSEWHEN_AFTER, HAPPENED, KIND, OTHER_DATE, PUBLISHED, YESTERDAY};
use super::dates::{self, Found};
use super::labels::Stated;
use super::prose::{opening, pattern, sentences};

/// What a report is about is said within so many paragraphs, or nowhere.
const PARAGRAPHS: usize = 30;
const LONGEST_PARAGRAPH: usize = 4_000;
/// A line this short that holds a date and stands near the top states the date.
const SHORT_LINE: usize = 120;
/// A date this many years before the others is history.
const HISTORY: i32 = 2;
/// More candidates than these are a chronicle.
const MOST: usize = 12;

/// The rule of a line of facts; without a year it may be a line of a programme, so another rule may speak.
pub(super) const HEAD_LINE: &str = "line of facts with day and time";

/// A date that may be that of the event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dated {
    pub(super) found: Found,
    pub(super) rule: &'static str,
    pub(super) words: String,
    pub(super) sentence: String,
}

/// A text in which the date of an event is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    pub(super) title: &'a str,
    pub(super) paragraphs: &'a [&'a str],
    /// The blocks with their line breaks.
    pub(super) lines: &'a [&'a str],
    pub(super) labels: &'a [Stated<'a>],
    pub(super) published: Option<NaiveDate>,
}

/// All candidates, the surest first: the order of the rules, and within a rule the order of the text.
pub(super) fn find(told: Told<'_>) -> Vec<Dated> {
    let opening: Vec<&str> = told
        .paragraphs
        .iter()
        .take(PARAGRAPHS)
        .map(|text| opening(text, LONGEST_PARAGRAPH))
        .collect();
    let dateline = dateline(&opening);
    let prose: Vec<&str> = opening.iter().flat_map(|text| sentences(text)).collect();
    let mut found = labelled(told.labels);
    found.extend(head_line(told.lines, told.published));
    // Who writes "today" or "yesterday" below a dateline means the event.
    found.extend(dateline.iter().filter_map(|line| line_of_today(line, &prose)));
    let skipped = dateline.as_ref().map(|line| line.sentence.as_str());
    if let Some(published) = told.published {
        found.extend(counted_back(&prose, published));
    }
    let told_of: Vec<&str> = prose.iter().copied().filter(|one| skipped != Some(*one)).collect();
    found.extend(tied(
        &told_of,
        &HAPPENED,
        "date in prose: dated sentence that says what took place",
    ));
    found.extend(tied(
        &told_of,
        &KIND,
        "date in prose: dated sentence that names the event",
    ));
    if let Some(published) = told.published {
        found.extend(shortly_before(&told_of, published));
    }
    found.extend(in_title(told.title));
    found.extend(dateline);
    found.extend(short_line(told.lines, told.published));
    found.extend(only_day(&prose));
    without_history(&mut found, told.published);
    if let Some(published) = told.published {
        put_future_last(&mut found, published);
    }
    found.truncate(MOST);
    found
}

/// Sentences that say what took place or name the event, in order: where the place and the series are looked for.
pub(super) fn telling<'a>(paragraphs: &[&'a str]) -> Vec<&'a str> {
    let opening = paragraphs
        .iter()
        .take(PARAGRAPHS)
        .map(|text| opening(text, LONGEST_PARAGRAPH));
    opening
        .flat_map(sentences)
        .filter(|sentence| HAPPENED.is_match(sentence) || KIND.is_match(sentence))
        .filter(|sentence| !ELSEWHEN.is_match(sentence) && !words::NEXT.is_match(sentence))
        .collect()
}

/// Whether a sentence tells of the next event or an earlier one.
pub(super) fn is_of_another_event(sentence: &str) -> bool {
    words::NEXT.is_match(sentence)
}

/// Whether a sentence is marked as one about another day.
pub(super) fn is_elsewhen(sentence: &str) -> bool {
    ELSEWHEN.is_match(sentence)
}

/// Whether a sentence names a kind of event.
pub(super) fn names_event(sentence: &str) -> bool {
    KIND.is_match(sentence) || HAPPENED.is_match(sentence)
}

/// Whether a sentence tells of something that is over: a verb in the past.
pub(super) fn tells_of_past(sentence: &str) -> bool {
    words::PAST.is_match(sentence) && !is_elsewhen(sentence) && !is_of_another_event(sentence)
}

/// Whether words tell what took place, name the event, or hold its day.
pub(super) fn tells_of_event(words: &str) -> bool {
    HAPPENED.is_match(words) || KIND.is_match(words) || !candidates(words).is_empty()
}

/// The sentences of the part of a text that tells of the event.
pub(super) fn early<'a>(paragraphs: &[&'a str]) -> Vec<&'a str> {
    let opening = paragraphs
        .iter()
        .take(PARAGRAPHS)
        .map(|text| opening(text, LONGEST_PARAGRAPH));
    opening.flat_map(sentences).collect()
}

/// Whether the text tells of this day only as one that was planned and given up.
pub(super) fn was_put_off(told: Told<'_>, day: NaiveDate) -> bool {
    let is_day = |found: &Found| found.resolve(None).is_some_and(|(when, _)| when.date == day);
    let mut mentions = told
        .paragraphs
        .iter()
        .take(PARAGRAPHS)
        .map(|text| opening(text, LONGEST_PARAGRAPH))
        .flat_map(sentences)
        .filter(|sentence| dates::find(sentence).iter().any(is_day))
        .peekable();
    mentions.peek().is_some() && mentions.all(|sentence| !candidates(sentence).iter().any(is_day))
}

/// Years that the text names by themselves, in order: what a day without a year may belong to.
pub(super) fn years(paragraphs: &[&str]) -> Vec<i32> {
    static YEAR: std::sync::LazyLock<Regex> = std::sync::LazyLock::new(|| pattern(r"\b(?:19|20)\d{2}\b"));
    let mut years: Vec<i32> = paragraphs
        .iter()
        .flat_map(|text| YEAR.find_iter(opening(text, LONGEST_PARAGRAPH)))
        .filter_map(|year| year.as_str().parse().ok())
        .collect();
    years.sort_unstable();
    years.dedup();
    years
}

/// The year of an imprint: a last line such as "Newsletter 4/2019".
pub(super) fn imprint_year(paragraphs: &[&str]) -> Option<(i32, String)> {
    static IMPRINT: std::sync::LazyLock<Regex> =
        std::sync::LazyLock::new(|| pattern(r"(?:\b(?:No\.?|Nr\.?|N°|nº|№)\s*)?\b\d{1,2}/((?:19|20)\d{2})\s*$"));
    let last = paragraphs.last().filter(|line| line.chars().count() <= SHORT_LINE)?;
    let year = IMPRINT.captures(last)?.get(1)?.as_str().parse().ok()?;
    Some((year, (*last).to_owned()))
}

/// Dates of sentences that hold a word of the event, each the one nearest to such a word.
fn tied(prose: &[&str], tie: &Regex, rule: &'static str) -> Vec<Dated> {
    let mut all = Vec::new();
    for sentence in prose {
        let ties: Vec<usize> = tie.find_iter(sentence).map(|word| word.start()).collect();
        if ties.is_empty() {
            continue;
        }
        let nearest = candidates(sentence)
            .into_iter()
            .min_by_key(|found| ties.iter().map(|at| at.abs_diff(found.range.start)).min());
        if let Some(found) = nearest {
            all.push(dated(with_later_time(found, sentence), sentence, rule));
        }
    }
    all
}

/// "on 21 November in the Chapter Room, from 6 pm to 7.30 pm": the time stands further on in the sentence.
fn with_later_time(mut found: Found, sentence: &str) -> Found {
    if found.from.is_none()
        && found.end.is_none()
        && let Some(time) = sentence.get(found.range.end..).and_then(dates::time_of_day)
    {
        found.from = Some(time.from);
        found.to = time.to;
        found.zone = time.zone;
    }
    found
}

/// "Last Thursday": a day counted back from the publication, in the sentences that come first or tell of the event.
fn counted_back(prose: &[&str], published: NaiveDate) -> Option<Dated> {
    /// What a report says of its event first.
    const FIRST: usize = 3;
    prose.iter().enumerate().find_map(|(at, sentence)| {
        let is_told = at < FIRST || HAPPENED.is_match(sentence) || KIND.is_match(sentence);
        let found = dates::counted_back(sentence, published).or_else(|| {
            let word = YESTERDAY.find(sentence).filter(|_| at < FIRST)?;
            dates::on_day(sentence, word.range(), published.checked_sub_days(Days::new(1))?)
        })?;
        let is_only_day = dates::find(sentence).is_empty();
        (is_told && is_only_day && !ELSEWHEN.is_match(sentence.get(..found.range.start)?)).then(|| {
            dated(
                with_later_time(found, sentence),
                sentence,
                "day of the week counted back from the publication",
            )
        })
    })
}

/// A day in the first sentences that lies shortly before the publication: what a report reports.
fn shortly_before(prose: &[&str], published: NaiveDate) -> Option<Dated> {
    const FIRST: usize = 5;
    const WITHIN: std::ops::RangeInclusive<i64> = 1..=60;
    prose.iter().take(FIRST).find_map(|sentence| {
        let found = candidates(sentence).into_iter().find(|found| {
            let day = found.resolve(Some(published));
            day.is_some_and(|(start, _)| WITHIN.contains(&(published - start.date).num_days()))
        })?;
        Some(dated(
            with_later_time(found, sentence),
            sentence,
            "day shortly before the publication, in the first sentences",
        ))
    })
}

/// The only day of the whole text that bears a day of the week and a year or an hour: somebody was there.
fn only_day(prose: &[&str]) -> Option<Dated> {
    if prose.iter().any(|sentence| DAY_BEFORE.is_match(sentence)) {
        return None;
    }
    let mut days = prose.iter().flat_map(|sentence| {
        candidates(sentence)
            .into_iter()
            .filter(|found| found.weekday.is_some() && (found.states_year() || found.from.is_some()))
            .map(|found| dated(found, sentence, "the only day that the text names with its weekday"))
    });
    let one = days.next()?;
    days.next().is_none().then_some(one)
}

/// Dates of a sentence that nothing marks as another date.
fn candidates(sentence: &str) -> Vec<Found> {
    let mut found = dates::find(sentence);
    found.retain(|one| {
        let (before, after) = (&sentence[..one.range.start], &sentence[one.range.end..]);
        let clause = before.rsplit([';', ':']).next().unwrap_or(before);
        !OTHER_DATE.is_match(before)
            && !ELSEWHEN.is_match(clause)
            && !ELSEWHEN_AFTER.is_match(opening(after, 60))
            && !PUBLISHED.is_match(before)
    });
    found
}

/// A report of what was held names the next date too: of dates on both sides of the publication the earlier are meant.
fn put_future_last(found: &mut [Dated], published: NaiveDate) {
    const WITHIN: i64 = 60;
    let before = |one: &Dated| {
        let day = one.found.resolve(Some(published));
        day.map(|(start, _)| (published - start.date).num_days())
    };
    let by_hand = |one: &Dated| one.rule.starts_with("line ");
    if found
        .iter()
        .any(|one| before(one).is_some_and(|days| (0..=WITHIN).contains(&days)))
    {
        found.sort_by_key(|one| !by_hand(one) && before(one).is_some_and(|days| days < 0));
    }
}

/// A date years before the others, or before the publication, belongs to what was talked about.
fn without_history(found: &mut Vec<Dated>, published: Option<NaiveDate>) {
    use chrono::Datelike;
    let latest = found.iter().filter_map(|one| one.found.start.year).max();
    let Some(now) = published.map(|day| day.year()).or(latest) else {
        return;
    };
    found.retain(|one| {
        one.rule.starts_with("line that") || one.found.start.year.is_none_or(|year| year + HISTORY >= now)
    });
}

fn dated(found: Found, sentence: &str, rule: &'static str) -> Dated {
    Dated {
        words: sentence.get(found.range.clone()).unwrap_or_default().trim().to_owned(),
        sentence: sentence.to_owned(),
        found,
        rule,
    }
}
