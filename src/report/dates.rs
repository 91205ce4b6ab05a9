//! Dates in running text: ordinals, ranges, ISO and numeric forms, in English, German, French, Spanish and Russian.
//!
//! In: text. Out: each date with its place in the text. The grammar is a short ordered table of forms; an earlier form
//! takes the words from a later one. The surprising thing: what looks like a date and is none ("30 February") burns
//! its words, so that no shorter form reads a wrong day out of the same words.

mod clock;
mod names;

use std::ops::{Range, RangeInclusive};
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use regex::{Captures, Regex};

use self::clock::with_time;
pub(super) use self::clock::{TimeOfDay, time_of_beginning, time_of_day};
use super::When;
use super::prose::pattern;

/// A day as written; the year may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: Option<i32>,
    pub(super) month: u32,
    pub(super) day: u32,
}

/// A date or a range of days in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes of the text, the time of day included.
    pub(super) range: Range<usize>,
    pub(super) start: Day,
    pub(super) end: Option<Day>,
    pub(super) from: Option<NaiveTime>,
    pub(super) to: Option<NaiveTime>,
    /// An IANA zone, if one stands beside the time.
    pub(super) zone: Option<&'static str>,
    /// The day of the week, if it stands beside the date.
    pub(super) weekday: Option<Weekday>,
}

impl Found {
    pub(super) fn states_year(&self) -> bool {
        self.start.year.is_some()
    }

    /// The days meant. Without a year: the occurrence nearest to `anchor`, on the day of the week that the text
    /// states if that is possible; without an anchor: nothing.
    pub(super) fn resolve(&self, anchor: Option<NaiveDate>) -> Option<(When, Option<When>)> {
        let date = match self.start.year {
            Some(year) => NaiveDate::from_ymd_opt(year, self.start.month, self.start.day)?,
            None => {
                let anchor = anchor?;
                (anchor.year() - 1..=anchor.year() + 1)
                    .filter_map(|year| NaiveDate::from_ymd_opt(year, self.start.month, self.start.day))
                    .min_by_key(|date| {
                        let is_other_day = self.weekday.is_some_and(|day| day != date.weekday());
                        (is_other_day, (*date - anchor).num_days().abs())
                    })?
            }
        };
        let end = match self.end {
            Some(end) => Some(end_after(date, end)?),
            None => None,
        };
        let until = match (end, self.to) {
            (None, Some(to)) if self.from.is_some_and(|from| from < to) => Some(When { date, time: Some(to) }),
            (end, _) => end.map(|date| When { date, time: None }),
        };
        Some((When { date, time: self.from }, until))
    }
}

impl Found {
    /// The same on another day.
    pub(super) fn on(&self, date: NaiveDate) -> Found {
        let start = Day {
            year: Some(date.year()),
            month: date.month(),
            day: date.day(),
        };
        Found {
            start,
            end: None,
            ..self.clone()
        }
    }

    /// The one of these years that fits: its day exists, and falls on the day of the week that the text states.
    pub(super) fn year_among(&self, years: &[i32]) -> Option<NaiveDate> {
        let weekday = self.weekday?;
        let mut fit = years
            .iter()
            .filter_map(|year| NaiveDate::from_ymd_opt(*year, self.start.month, self.start.day))
            .filter(|day| day.weekday() == weekday);
        let one = fit.next()?;
        fit.next().is_none().then_some(one)
    }
}

fn end_after(start: NaiveDate, end: Day) -> Option<NaiveDate> {
    let year = end
        .year
        .unwrap_or_else(|| start.year() + i32::from((end.month, end.day) < (start.month(), start.day())));
    NaiveDate::from_ymd_opt(year, end.month, end.day).filter(|end| *end > start)
}

/// What one match of a form means.
enum Reading {
    Date(Day, Option<Day>),
    /// Looks like a date and cannot be one; no other form may try.
    NoDate,
    /// Not this form's; another may try.
    NotMine,
}

type Form = (LazyLock<Regex>, fn(&Captures<'_>) -> Reading);

const ORDINAL: &str = r"(?:st|nd|rd|th|er|º|ª|°|\.|-го|-е)?";
/// The same as numbers: centuries of which reports tell.
const YEARS: RangeInclusive<i32> = 1800..=2199;
const YEAR: &str = r"(?:1[89]|20|21)\d{2}";
const TO: &str =
    r"\s*(?:[-–—−‐‑/]|\b(?:to|till|until|through|and|bis(?:\s+zum)?|und|au|et(?:\s+le)?|al|a|y|по|до|и)\b)\s*";
/// An article and a day of the week before the second day: "30 y el 31 de mayo", "Thursday 18 and Friday 19 May".
const DAY: &str = r"(?:(?:the|el|le|den|dem)\s+)?(?:{weekday},?\s+)?";
const OF: &str = r"\s*(?:(?:day\s+)?\bof\s+|\bde\s+|d[’'])?";

fn form(text: &str) -> Regex {
    let text = text
        .replace("{day}", DAY)
        .replace("{weekday}", &format!(r"(?:{})\b\.?", names::weekday_alternatives()))
        .replace("{names}", &names::weekday_alternatives())
        .replace("{ordinal}", &names::ordinal_alternatives())
        .replace("{month}", &format!(r"(?:{})\b\.?", names::alternatives()))
        .replace("{of}", OF)
        .replace("{to}", TO)
        .replace("{th}", ORDINAL)
        .replace(
            "{,year}",
            &format!(r"(?:\s*,?\s*(?:of\s+|de\s+|del\s+)?\b(?P<y>{YEAR})\b)?"),
        )
        .replace(
            "{,year1}",
            &format!(r"(?:\s*,?\s*(?:de\s+|del\s+)?\b(?P<y1>{YEAR})\b(?:\s*(?:года|г\.))?)?"),
        );
    pattern(&format!("(?i){text}"))
}

/// The grammar, in the order in which the forms are tried.
static FORMS: [Form; 11] = [
    // 30 January to 2 February 2024; vom 30. Januar bis 2. Februar 2024; del 30 de enero al 2 de febrero
    (
        LazyLock::new(|| {
            form(
                r"\b(?P<d1>\d{1,2}){th}{of}(?P<m1>{month}){,year1}{to}{day}(?P<d2>\d{1,2}){th}{of}(?P<m2>{month}){,year}",
            )
        }),
        |c| days(c, day(c, "y1", "m1", "d1"), day(c, "y", "m2", "d2")),
    ),
    // January 30 to February 2, 2024
    (
        LazyLock::new(|| {
            form(
                r"\b(?P<m1>{month})\s+(?P<d1>\d{1,2}){th}{,year1}{to}(?:{weekday},?\s+)?(?P<m2>{month})\s+(?P<d2>\d{1,2}){th}{,year}",
            )
        }),
        |c| days(c, day(c, "y1", "m1", "d1"), day(c, "y", "m2", "d2")),
    ),
    // 12-14 May 2023; 12. bis 14. Mai; du 3 au 5 mai 2023
    (
        LazyLock::new(|| form(r"\b(?P<d1>\d{1,2}){th}{to}{day}(?P<d2>\d{1,2}){th}{of}(?P<m>{month}){,year}")),
        |c| in_one_month(c),
    ),
    // May 12-14, 2023
    (
        LazyLock::new(|| form(r"\b(?P<m>{month})\s+(?P<d1>\d{1,2}){th}{to}(?P<d2>\d{1,2}){th}\b{,year}")),
        |c| in_one_month(c),
    ),
    // 28th of January 2019; 28. Januar 2019; le 1er mars 2024; 28 января 2019 года
    (
        LazyLock::new(|| form(r"\b(?P<d>\d{1,2}){th}{of}(?P<m>{month}){,year}")),
        |c| days(c, day(c, "y", "m", "d"), None),
    ),
    // the third of December 2020; am dritten Dezember; третьего декабря 2020 года
    (
        LazyLock::new(|| form(r"\b(?P<w>{ordinal}){of}\s*(?P<m>{month}){,year}")),
        |c| days(c, in_words(c), None),
    ),
    // January 28th, 2019
    (
        LazyLock::new(|| form(r"\b(?P<m>{month})\s+(?P<d>\d{1,2}){th}{,year}")),
        |c| american(c),
    ),
    // 2019-01-28; 2019-01-28 to 2019-01-30
    (
        LazyLock::new(|| {
            form(r"\b(?P<y1>\d{4})-(?P<m1>\d{2})-(?P<d1>\d{2})(?:{to}(?P<y>\d{4})-(?P<m2>\d{2})-(?P<d2>\d{2}))?")
        }),
        |c| days(c, day(c, "y1", "m1", "d1"), day(c, "y", "m2", "d2")),
    ),
    // 28.01.2019; 12.-14.05.2023; 12.05. bis 14.05.2023
    (
        LazyLock::new(|| {
            form(
                r"\b(?:(?P<d1>\d{1,2})\.(?:(?P<m1>\d{1,2})\.(?P<y1>\d{4})?)?{to})?(?P<d2>\d{1,2})\.\s?(?P<m2>\d{1,2})\.\s?(?P<y>\d{4})\b",
            )
        }),
        |c| dotted(c),
    ),
    // 17.05.23 г.: two digits of a year are one only where the text says that they are
    (
        LazyLock::new(|| form(r"\b(?P<d>\d{1,2})\.(?P<m>\d{2})\.(?P<yy>\d{2})\s?(?:года|г\.)")),
        |c| short_year(c),
    ),
    // 28/01/2019, where the numbers leave no doubt
    (
        LazyLock::new(|| form(r"\b(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4})\b")),
        |c| slashed(c),
    ),
];

/// All dates of a text, in its order.
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut taken: Vec<Range<usize>> = Vec::new();
    for (form, read) in &FORMS {
        let mut from = 0;
        while let Some(captures) = form.captures_at(text, from) {
            let Some(whole) = captures.get(0) else { break };
            // Anew behind the first character, so that a match that was no date hides none that begins within it.
            let step = text[whole.start()..].chars().next().map_or(1, char::len_utf8);
            from = whole.start() + step;
            let range = whole.start()..whole.end();
            if taken.iter().any(|one| one.start < range.end && range.start < one.end) {
                continue;
            }
            if !stands_alone(text, &range) || is_counted(text, &captures) {
                continue;
            }
            match read(&captures) {
                Reading::NotMine => {}
                Reading::NoDate => {
                    from = range.end;
                    taken.push(range);
                }
                Reading::Date(start, end) => {
                    from = range.end;
                    taken.push(range.clone());
                    found.push(with_time(text, range, start, end));
                }
            }
        }
    }
    found.sort_by_key(|one| one.range.start);
    found
}

/// A day of the week counted back from a day: "last Thursday", "mercredi dernier", "в минувшую пятницу". "On Thursday"
/// by itself may be any.
pub(super) fn counted_back(text: &str, from: NaiveDate) -> Option<Found> {
    static BACK: LazyLock<Regex> = LazyLock::new(|| {
        form(
            r"\b(?:(?:last|this\s+past|past|letzte[nr]|vergangene[nr]|pasado|прошл\p{L}+|минувш\p{L}+|прошедш\p{L}+)\s+(?P<day>{names})\p{L}*|(?P<name>{names})\s+(?:dernier|passé|pasado))\b",
        )
    });
    let captures = BACK.captures(text)?;
    let named = captures.name("day").or_else(|| captures.name("name"))?;
    let weekday = names::weekday(named.as_str(), false)?;
    let back = from.weekday().days_since(weekday);
    let day = from.checked_sub_days(Days::new(u64::from(if back == 0 { 7 } else { back })))?;
    on_day(text, captures.get(0)?.range(), day)
}

/// Words of a text that mean a day, with the time beside them.
pub(super) fn on_day(text: &str, words: Range<usize>, date: NaiveDate) -> Option<Found> {
    let day = Day {
        year: Some(date.year()),
        month: date.month(),
        day: date.day(),
    };
    Some(Found {
        weekday: Some(date.weekday()),
        ..with_time(text, words, day, None)
    })
}

/// A date that an editor states by itself: the whole text must be the date, and of the centuries of which reports tell.
pub(super) fn stated(text: &str) -> Option<(When, Option<When>)> {
    any_stated(text.trim()).filter(|(start, _)| YEARS.contains(&start.date.year()))
}

fn any_stated(text: &str) -> Option<(When, Option<When>)> {
    if let Ok(when) = text.replacen(' ', "T", 1).parse::<When>() {
        return Some((when, None));
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        let local = moment.naive_local();
        return Some((
            When {
                date: local.date(),
                time: Some(local.time()),
            },
            None,
        ));
    }
    let found = find(text);
    let [one] = found.as_slice() else { return None };
    (one.range == (0..text.len()) && one.states_year()).then(|| one.resolve(None))?
}

/// A moment as feeds, pages and front matter write it; a date alone is its midnight, without a zone UTC is meant. The
/// year 0 stands for "no date" in databases, and what writes dates for feeds takes no such year.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    any_instant(text.trim()).filter(|moment| YEARS.contains(&moment.year()))
}

fn any_instant(text: &str) -> Option<DateTime<Utc>> {
    let joined = text.replacen(' ', "T", 1);
    DateTime::parse_from_rfc3339(&joined)
        .or_else(|_| DateTime::parse_from_str(&joined, "%Y-%m-%dT%H:%M%:z"))
        .or_else(|_| DateTime::parse_from_str(&joined, "%Y-%m-%dT%H:%M:%S%z"))
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .map(|moment| moment.to_utc())
        .ok()
        .or_else(|| {
            let naive = NaiveDateTime::parse_from_str(&joined, "%Y-%m-%dT%H:%M:%S%.f")
                .or_else(|_| NaiveDateTime::parse_from_str(&joined, "%Y-%m-%dT%H:%M"))
                .ok()
                .or_else(|| Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN)))?;
            Some(naive.and_utc())
        })
}

fn day(captures: &Captures<'_>, year: &str, month: &str, day: &str) -> Option<Day> {
    let month = captures.name(month)?.as_str();
    Some(Day {
        year: captures.name(year).and_then(|year| year.as_str().parse().ok()),
        month: names::number(month).or_else(|| month.parse().ok())?,
        day: captures.name(day)?.as_str().parse().ok()?,
    })
}

/// One day, or two that make a range. A range has its year from its end; the end's year is the start's if it alone has one.
fn days(_: &Captures<'_>, start: Option<Day>, end: Option<Day>) -> Reading {
    let Some(mut start) = start else {
        return Reading::NotMine;
    };
    if let Some(end) = end {
        if start.year.is_none() {
            let turns = (end.month, end.day) < (start.month, start.day);
            start.year = end.year.map(|year| year - i32::from(turns));
        }
        // A turn of the year is near; "2 February to 30 January" is a slip of the pen.
        let far = end.year.is_none_or(|year| Some(year) != start.year) && start.month < 10 && end.month < start.month;
        let in_order = exists(start) && exists(end) && !far && is_later(start, end);
        return if in_order {
            Reading::Date(start, Some(end))
        } else {
            Reading::NoDate
        };
    }
    if exists(start) {
        Reading::Date(start, None)
    } else {
        Reading::NoDate
    }
}

fn is_later(start: Day, end: Day) -> bool {
    match (start.year, end.year) {
        (Some(from), Some(to)) => (from, start.month, start.day) < (to, end.month, end.day) && to - from <= 1,
        _ => (start.month, start.day) != (end.month, end.day),
    }
}

fn exists(day: Day) -> bool {
    // Without a year 29 February must stay possible.
    day.year.is_none_or(|year| YEARS.contains(&year))
        && NaiveDate::from_ymd_opt(day.year.unwrap_or(2000), day.month, day.day).is_some()
}

fn in_one_month(captures: &Captures<'_>) -> Reading {
    match (day(captures, "y", "m", "d1"), day(captures, "y", "m", "d2")) {
        // "Room 12, 3 June" and "Room 12 - 3 June": the first number belongs to something else.
        (Some(start), Some(end)) if start.day >= end.day => Reading::NotMine,
        (start, end) => days(captures, start, end),
    }
}

/// The American form without a year is common in other sentences too ("may 12 people"): it needs its capital.
fn american(captures: &Captures<'_>) -> Reading {
    let capital = captures
        .name("m")
        .is_some_and(|month| month.as_str().starts_with(char::is_uppercase));
    if !capital {
        return Reading::NotMine;
    }
    days(captures, day(captures, "y", "m", "d"), None)
}

fn dotted(captures: &Captures<'_>) -> Reading {
    let end = day(captures, "y", "m2", "d2");
    let start = match (captures.name("d1"), captures.name("m1")) {
        (None, _) => return days(captures, end, None),
        (Some(_), Some(_)) => day(captures, "y1", "m1", "d1"),
        (Some(_), None) => day(captures, "y", "m2", "d1"),
    };
    days(captures, start, end)
}

/// "третьего декабря 2020 года"
fn in_words(captures: &Captures<'_>) -> Option<Day> {
    Some(Day {
        year: captures.name("y").and_then(|year| year.as_str().parse().ok()),
        month: names::number(captures.name("m")?.as_str())?,
        day: names::ordinal(captures.name("w")?.as_str())?,
    })
}

fn short_year(captures: &Captures<'_>) -> Reading {
    let year = captures.name("yy").and_then(|year| year.as_str().parse::<i32>().ok());
    let day = day(captures, "y", "m", "d").map(|day| Day {
        year: year.map(|year| 2000 + year),
        ..day
    });
    days(captures, day, None)
}

/// 28/01/2019 and 01/28/2019 leave no doubt, 03/03/2019 neither; 03/04/2019 is two days on two continents.
fn slashed(captures: &Captures<'_>) -> Reading {
    let (Some(first), Some(second)) = (day(captures, "y", "b", "a"), day(captures, "y", "a", "b")) else {
        return Reading::NotMine;
    };
    match (exists(first), exists(second)) {
        (true, true) if first != second => Reading::NoDate,
        (true, _) => Reading::Date(first, None),
        (false, true) => Reading::Date(second, None),
        (false, false) => Reading::NoDate,
    }
}

/// Neither part of a longer number, a price or a code, nor the number of a room.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:\b(?:rooms?|raum|räume|zimmer|saal|hall|salle|sala|комнат\p{L}*|зал|no|nr|nos|page|pages|seite|article|artikel|version|chapter|kapitel|building|floor|eur|usd|gbp|chf|rub)\.?\s+|[€$£¥₽#№§]\s*)$",
        )
    });
    let before = &text[..range.start];
    let after = &text[range.end..];
    let joined_before = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '–' | '_'))
        || (before.ends_with(['.', ',', ':']) && before[..before.len() - 1].ends_with(|c: char| c.is_ascii_digit()));
    let mut follow = after.chars();
    let joined_after = match (follow.next(), follow.next()) {
        (Some(c), _) if c.is_alphanumeric() || matches!(c, '_' | '%' | '€' | '$' | '£') => {
            // "2019-01-28T18:30" goes on with its time.
            !after.starts_with(['T', 't']) || !follow.next().is_some_and(|c| c.is_ascii_digit())
        }
        (Some('.' | ',' | '/' | '-'), Some(c)) => c.is_ascii_digit(),
        _ => false,
    };
    let near = before.len().saturating_sub(24);
    let near = &before[before.ceil_char_boundary(near)..];
    !joined_before && !joined_after && !NUMBERED.is_match(near)
}

/// "On 3 June, 2000 people came": the last number counts something.
fn is_counted(text: &str, captures: &Captures<'_>) -> bool {
    static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\s+(?:people|persons|participants|students|guests|visitors|delegates|members|attendees|experts|euros?|dollars|personen|menschen|teilnehmer\p{L}*|gäste|besucher\p{L}*|человек|участник\p{L}*|personnes|participantes|personas)\b",
        )
    });
    let Some(whole) = captures.get(0) else { return false };
    let after = super::prose::opening(&text[whole.end()..], 40);
    // "In March 12 towns answered": the American form without a year is a day only where its end shows it.
    let month_first = captures.name("m").is_some_and(|month| month.start() == whole.start());
    if month_first && captures.name("y").is_none() && captures.name("d").is_some() {
        static GOES_ON: LazyLock<Regex> =
            LazyLock::new(|| pattern(r"^(?:[,.;:!?)]|\s*$|\s+(?:at|in|the|by|from|as|and|[—–-])\s)"));
        let is_dated = text[..whole.start()].to_lowercase().ends_with("on ");
        return !is_dated && !GOES_ON.is_match(after);
    }
    COUNTED.is_match(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles_and_reads_its_own_example() {
        let examples = [
            "30 January to 2 February 2024",
            "January 30 to February 2, 2024",
            "12-14 May 2023",
            "May 12-14, 2023",
            "28th of January 2019",
            "third of December 2020",
            "January 28th, 2019",
            "2019-01-28",
            "12.-14.05.2023",
            "17.05.23 г.",
            "28/01/2019",
        ];
        for ((form, _), example) in FORMS.iter().zip(examples) {
            assert_eq!(form.find(example).map(|whole| whole.as_str()), Some(example));
        }
    }
}
