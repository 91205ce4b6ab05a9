//! Calendars (iCalendar, RFC 5545): events that are announced.
//!
//! In: the bytes of a calendar, the time in which events count, the zone of times that state none. Out: a [`Calendar`]
//! with its events, or a [`Problem`] with a sentence for staff. Pure: no network, no clock, no database. The surprising
//! part: each event is read by itself, so that a broken one costs no other, and what recurs is expanded within bounds,
//! however often its rule would have it (STR-05).

mod entry;
mod lines;
mod recurrence;
mod times;
mod zones;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use self::entry::Entry;
use self::times::Moment;
use crate::report::{When, charset};

/// More events than this within the time that counts are left out.
pub const MOST_EVENTS: usize = 1_000;
/// Rules beyond this number are not expanded: no institute has as many, and each costs time.
const MOST_RULES: usize = 300;
/// Notes about single events beyond this number help nobody.
const MOST_NOTES: usize = 20;

/// Which events count, and how their times are understood.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Events that end before are over.
    pub from: DateTime<Utc>,
    /// Events that begin later are not announced yet.
    pub until: DateTime<Utc>,
    /// Of times that state no zone; none: nobody knows.
    pub zone: Option<Tz>,
}

/// A calendar as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calendar {
    /// Those within the window, by their beginning; each key once.
    pub events: Vec<Announced>,
    /// Events that cannot be read: what is known of their name, and why.
    pub refused: Vec<(String, String)>,
    /// What staff should know though the calendar was read.
    pub notes: Vec<String>,
}

/// An event that is announced.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Announced {
    /// UID; with the day, if it is one of several by a rule.
    pub key: String,
    pub title: String,
    pub start: When,
    /// The last day, inclusive, or the time of the end.
    pub end: Option<When>,
    /// IANA name.
    pub timezone: Option<String>,
    pub location: Option<String>,
    /// http or https.
    pub url: Option<String>,
    /// A name, never a mail address.
    pub organiser: Option<String>,
    pub topics: Vec<String>,
    /// As the calendar has it, not sanitised.
    pub description: Description,
    pub is_cancelled: bool,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub enum Description {
    None,
    Plain(String),
    Html(String),
}

/// Why bytes are no calendar: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the calendar is empty, without even BEGIN:VCALENDAR; ask its keeper")]
    Empty,
    #[error(
        "this is a web page, not a calendar; look there for an address that ends in .ics, often called \"subscribe\""
    )]
    WebPage,
    #[error("this is {0}, not a calendar; check the address of the source")]
    Binary(&'static str),
    #[error("this is no calendar, for it has no line BEGIN:VCALENDAR; check the address of the source")]
    NotACalendar,
}

/// Reads a calendar.
pub fn read(bytes: &[u8], http_charset: Option<&str>, window: &Window) -> Result<Calendar, Problem> {
    let text = decode(bytes, http_charset)?;
    let mut calendar = Calendar::default();
    let source = lines::split(&text);
    if source.unfinished > 0 {
        calendar.notes.push(format!(
            "events that break off and were left out: {}",
            source.unfinished
        ));
    }
    let zones = times::Zones::new(&source, window.zone);
    let mut series: HashMap<String, Series> = HashMap::new();
    for block in &source.events {
        match entry::read(block, &zones) {
            Ok(entry) => series.entry(entry.uid.clone()).or_default().add(entry),
            Err((name, why)) if calendar.refused.len() < MOST_NOTES => calendar.refused.push((name, why)),
            Err(_) => {}
        }
    }
    let (mut rules, mut barren) = (0, 0);
    let mut all: Vec<Occurrence<'_>> = Vec::new();
    // In the order of their keys, so that the bounds cut the same events at each poll.
    let mut series: Vec<Series> = series.into_values().collect();
    series.sort_by(|a, b| a.uid().cmp(b.uid()));
    for one in &series {
        let has_rule = one.first.as_ref().is_some_and(|first| first.rule.is_some());
        rules += usize::from(has_rule);
        let barren = (!has_rule || rules <= MOST_RULES).then_some(&mut barren);
        one.announce(window, barren, &mut all, &mut calendar.notes);
    }
    if rules > MOST_RULES {
        calendar.notes.push(format!(
            "more than {MOST_RULES} events recur; the others are taken once"
        ));
    }
    // Of two with one key, what an exception says counts.
    let exceptions: HashSet<String> = all
        .iter()
        .filter(|one| one.is_exception)
        .map(|one| one.key.clone())
        .collect();
    all.retain(|one| one.is_exception || !exceptions.contains(&one.key));
    all.sort_by(|a, b| (a.start.when(), &a.key).cmp(&(b.start.when(), &b.key)));
    let mut keys = HashSet::new();
    all.retain(|event| keys.insert(event.key.clone()));
    if all.len() > MOST_EVENTS {
        calendar
            .notes
            .push(format!("{} events; the first {MOST_EVENTS} are taken", all.len()));
        all.truncate(MOST_EVENTS);
    }
    calendar.notes.extend(zones.notes());
    calendar.notes.truncate(MOST_NOTES);
    // Only now, for each copies its description.
    calendar.events = all.into_iter().map(Occurrence::announced).collect();
    Ok(calendar)
}

fn decode(bytes: &[u8], http_charset: Option<&str>) -> Result<String, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::Empty);
    }
    if let Some(kind) = charset::binary_kind(bytes).filter(|kind| *kind != "no text") {
        return Err(Problem::Binary(kind));
    }
    let is_utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    // Folds may stand within a character: they go before the bytes are text.
    let text = match is_utf16 {
        true => {
            let text = charset::decode(bytes, http_charset).text;
            String::from_utf8_lossy(&lines::unfold(text.as_bytes())).into_owned()
        }
        false => charset::decode(&lines::unfold(bytes), http_charset).text,
    };
    let head: String = text.trim_start().chars().take(200).collect::<String>().to_lowercase();
    match () {
        () if head.starts_with("<!doctype html") || head.starts_with("<html") => Err(Problem::WebPage),
        () if !text.to_uppercase().contains("BEGIN:VCALENDAR") => Err(Problem::NotACalendar),
        () => Ok(text),
    }
}

/// What shares a UID: an event, or the first of several and those among them that are otherwise.
#[derive(Default)]
struct Series {
    first: Option<Entry>,
    exceptions: Vec<Entry>,
}

impl Series {
    fn add(&mut self, entry: Entry) {
        if entry.instead_of.is_some() {
            self.exceptions.push(entry);
        } else if self.first.as_ref().is_none_or(|known| known.sequence <= entry.sequence) {
            self.first = Some(entry);
        }
    }

    fn uid(&self) -> &str {
        let mut all = self.first.iter().chain(&self.exceptions);
        all.next().map_or("", |entry| entry.uid.as_str())
    }

    /// By the day they stand for, which is part of their key; of two for one day the later version.
    fn exceptions(&self) -> BTreeMap<NaiveDate, &Entry> {
        let mut by_day: BTreeMap<NaiveDate, &Entry> = BTreeMap::new();
        for entry in &self.exceptions {
            let Some(day) = entry.instead_of.map(|day| self.day_of(day)) else {
                continue;
            };
            if by_day.get(&day).is_none_or(|known| known.sequence <= entry.sequence) {
                by_day.insert(day, entry);
            }
        }
        by_day
    }

    /// A day as the series counts its days.
    fn day_of(&self, moment: Moment) -> NaiveDate {
        match &self.first {
            Some(first) => moment.date_beside(first.start),
            None => moment.date(),
        }
    }

    /// `barren`: how many rules never came to pass; none: its own is not followed.
    fn announce<'a>(
        &'a self,
        window: &Window,
        barren: Option<&mut usize>,
        all: &mut Vec<Occurrence<'a>>,
        notes: &mut Vec<String>,
    ) {
        let exceptions = self.exceptions();
        if let Some(first) = &self.first {
            let occurrences = match barren {
                Some(barren) => recurrence::occurrences(first, window, barren, notes),
                None => vec![first.start],
            };
            let is_one = occurrences.len() == 1 && first.rule.is_none() && first.more.is_empty();
            for start in occurrences {
                let is_otherwise = exceptions
                    .values()
                    .any(|other| other.instead_of.is_some_and(|at| at.is_same(start)));
                if !is_otherwise && first.counts_at(start, window) {
                    let day = (!is_one).then(|| self.day_of(start));
                    all.push(Occurrence::new(first, day, start, false));
                }
            }
        }
        for (day, other) in exceptions {
            if other.counts_at(other.start, window) {
                all.push(Occurrence::new(other, Some(day), other.start, true));
            }
        }
    }
}

/// An event on one day.
struct Occurrence<'a> {
    key: String,
    entry: &'a Entry,
    start: Moment,
    /// It stands in the place of another.
    is_exception: bool,
}

impl<'a> Occurrence<'a> {
    fn new(entry: &'a Entry, day: Option<NaiveDate>, start: Moment, is_exception: bool) -> Occurrence<'a> {
        Occurrence {
            key: match day {
                Some(day) => format!("{}/{day}", entry.uid),
                None => entry.uid.clone(),
            },
            entry,
            start,
            is_exception,
        }
    }

    fn announced(self) -> Announced {
        let Occurrence { key, entry, start, .. } = self;
        Announced {
            key,
            title: entry.title.clone(),
            start: start.when(),
            end: entry.end_of(start).map(Moment::when).filter(|end| *end > start.when()),
            timezone: start.zone().map(|zone| zone.name().to_owned()),
            location: entry.location.clone(),
            url: entry.url.clone(),
            organiser: entry.organiser.clone(),
            topics: entry.topics.clone(),
            description: entry.description.clone(),
            is_cancelled: entry.is_cancelled,
        }
    }
}

impl Entry {
    /// Whether it lies in the time that counts, if it begins then.
    fn counts_at(&self, start: Moment, window: &Window) -> bool {
        let last = self.end_of(start).unwrap_or(start);
        last.latest() >= window.from && start.earliest() <= window.until
    }
}
