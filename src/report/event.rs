//! Which of the dates in a text is the date of the event.
//!
//! In: title, paragraphs and lines, and the day the report was published. Out: every date that may be the event's, the
//! surest first, each with its rule, its words and the sentence it stood in (the place is looked for there first). The
//! surprising thing: a date alone is not enough. It needs a word that ties it to the event, or it stays unused.

mod words;

use chrono::{Days, NaiveDate};
use regex::Regex;

use self::words::{
    BEGINS, BYLINE, DATELINE_END, DAY_BEFORE, ELSEWHEN, ELSEWHEN_AFTER, ENDS, HAPPENED, KIND, OPENS, OTHER_DATE,
    POSTED, PUBLISHED, TODAY, YESTERDAY,
};
use super::dates::{self, Found, TimeOfDay};
use super::labels::{Label, Stated};
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

/// When the text itself says it was published, and the words that say so.
pub(super) fn published(paragraphs: &[&str]) -> Option<(NaiveDate, String)> {
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
pub(super) fn is_byline(line: &str) -> bool {
    let Some(found) = dates::find(line).into_iter().next() else {
        return false;
    };
    let (before, after) = (line.get(..found.range.start), line.get(found.range.end..));
    let has_author = [before, after].into_iter().flatten().any(|part| BYLINE.is_match(part));
    has_author && found.from.is_none() && found.end.is_none() && line.chars().count() <= SHORT_LINE
}

/// A day alone on a line near the top of a page, where the text tells of an earlier one: the day of the post.
pub(super) fn posted(lines: &[&str], paragraphs: &[&str]) -> Option<(NaiveDate, String)> {
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

/// When the event began, from a line that states the time or a sentence that says when it began or how long it took.
/// Of an event of several days only the sentence that says how it was opened counts.
pub(super) fn time(told: Told<'_>, is_one_day: bool) -> Option<(TimeOfDay, String)> {
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
    let near = prose
        .iter()
        .copied()
        .take(if is_one_day { 4 } else { 0 })
        .filter(|sentence| KIND.is_match(sentence) || HAPPENED.is_match(sentence) || !candidates(sentence).is_empty());
    labelled
        .chain(begins)
        .chain(near)
        .find_map(|text| Some((dates::time_of_day(text)?, text.to_owned())))
}

/// When the event was over, from a sentence that says so.
pub(super) fn end_time(told: Told<'_>) -> Option<(chrono::NaiveTime, String)> {
    early(told.paragraphs)
        .into_iter()
        .filter(|sentence| ENDS.is_match(sentence) && !ELSEWHEN.is_match(sentence))
        .find_map(|sentence| Some((dates::time_of_day(sentence)?.from, sentence.to_owned())))
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

fn labelled(labels: &[Stated<'_>]) -> Vec<Dated> {
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
fn head_line(lines: &[&str], published: Option<NaiveDate>) -> Option<Dated> {
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

fn in_title(title: &str) -> Option<Dated> {
    let found = candidates(opening(title, LONGEST_PARAGRAPH))
        .into_iter()
        .find(Found::states_year)?;
    Some(dated(found, title, "date in the title"))
}

fn dateline(paragraphs: &[&str]) -> Option<Dated> {
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
fn line_of_today(line: &Dated, prose: &[&str]) -> Option<Dated> {
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

fn short_line(lines: &[&str], published: Option<NaiveDate>) -> Option<Dated> {
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
