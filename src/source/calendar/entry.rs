//! One event of a calendar.
//!
//! In: its lines. Out: an [`Entry`], or its name and why it cannot be read. The surprising part: a line that cannot be
//! read is passed over; only an event without a beginning or a name is refused.

use chrono::TimeDelta;
use icalendar::parser::{Property, read_components};

use super::Description;
use super::times::{Moment, Zones, duration};
use crate::report;

/// Longer titles are texts in the wrong place.
const LONGEST_TITLE: usize = 300;
/// Longer descriptions are cut: each day of a series has its own.
const LONGEST_DESCRIPTION: usize = 40_000;
/// Dates by EXDATE and RDATE.
const MOST_DATES: usize = 1_000;

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) start: Moment,
    /// From the beginning to the end; of days: to the last one.
    length: Option<TimeDelta>,
    pub(super) rule: Option<String>,
    /// EXDATE
    pub(super) left_out: Vec<Moment>,
    /// RDATE
    pub(super) more: Vec<Moment>,
    /// RECURRENCE-ID
    pub(super) instead_of: Option<Moment>,
    pub(super) sequence: i64,
    pub(super) location: Option<String>,
    pub(super) url: Option<String>,
    pub(super) organiser: Option<String>,
    pub(super) topics: Vec<String>,
    pub(super) description: Description,
    pub(super) is_cancelled: bool,
}

impl Entry {
    pub(super) fn end_of(&self, start: Moment) -> Option<Moment> {
        start.plus(self.length?)
    }
}

pub(super) fn read(lines: &[&str], zones: &Zones) -> Result<Entry, (String, String)> {
    // Its parser knows the whole event or nothing; line by line it loses only what is broken.
    let whole = format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.join("\r\n"));
    let by_line: Vec<String>;
    let properties: Vec<Property<'_>> = match read_components(&whole) {
        Ok(components) => components
            .into_iter()
            .flat_map(|component| component.properties)
            .collect(),
        Err(_) => {
            by_line = lines
                .iter()
                .map(|line| format!("BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n"))
                .collect();
            let read = by_line.iter().filter_map(|line| read_components(line).ok());
            read.flatten().flat_map(|component| component.properties).collect()
        }
    };
    let event = Event {
        properties: &properties,
    };
    let title: String = event
        .text("SUMMARY")
        .unwrap_or_default()
        .chars()
        .take(LONGEST_TITLE)
        .collect();
    let uid = event.text("UID");
    let name = || match (&uid, title.is_empty()) {
        (_, false) => title.clone(),
        (Some(uid), true) => uid.clone(),
        (None, true) => "an event without a name".to_owned(),
    };
    let refuse = |why: &str| Err((name(), why.to_owned()));
    let Some(stated) = event.find("DTSTART") else {
        return refuse("has no beginning (DTSTART)");
    };
    let Some(start) = event.moments(stated, zones).first().copied() else {
        return Err((
            name(),
            format!(
                "begins at \"{}\", which is no date of our time",
                short(stated.val.as_str())
            ),
        ));
    };
    if title.is_empty() {
        return refuse("has no name (SUMMARY)");
    }
    let status = event.text("STATUS").unwrap_or_default();
    Ok(Entry {
        uid: uid.unwrap_or_else(|| report::fingerprint(format!("{title} {}", start.when()).as_bytes())),
        length: event.length(start, zones),
        rule: event.raw("RRULE").map(str::to_owned),
        left_out: event.dates("EXDATE", zones),
        more: event.dates("RDATE", zones),
        instead_of: event
            .find("RECURRENCE-ID")
            .and_then(|stated| event.moments(stated, zones).first().copied()),
        sequence: event
            .raw("SEQUENCE")
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0),
        location: event.text("LOCATION"),
        url: event.raw("URL").and_then(web_address),
        organiser: event.organiser(),
        topics: event.topics(),
        description: event.description(),
        is_cancelled: status.eq_ignore_ascii_case("CANCELLED"),
        title,
        start,
    })
}

struct Event<'a> {
    properties: &'a [Property<'a>],
}

impl<'a> Event<'a> {
    fn all(&self, name: &'static str) -> impl Iterator<Item = &'a Property<'a>> {
        let properties = self.properties.iter();
        properties.filter(move |property| property.name.as_str().eq_ignore_ascii_case(name))
    }

    fn find(&self, name: &'static str) -> Option<&'a Property<'a>> {
        self.all(name).next()
    }

    fn raw(&self, name: &'static str) -> Option<&'a str> {
        self.find(name).map(|property| property.val.as_str())
    }

    /// On one line; none if it is empty.
    fn text(&self, name: &'static str) -> Option<String> {
        let text = unescaped(self.raw(name)?);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }

    fn moments(&self, property: &Property<'_>, zones: &Zones) -> Vec<Moment> {
        let zone = parameter(property, "TZID");
        let values = property.val.as_str().split(',').take(MOST_DATES);
        // A period counts by its beginning.
        let begins = values.map(|value| value.split('/').next().unwrap_or_default());
        begins.filter_map(|value| zones.moment(value, zone)).collect()
    }

    fn dates(&self, name: &'static str, zones: &Zones) -> Vec<Moment> {
        let all = self.all(name).flat_map(|property| self.moments(property, zones));
        all.take(MOST_DATES).collect()
    }

    fn length(&self, start: Moment, zones: &Zones) -> Option<TimeDelta> {
        let end = match self.find("DTEND") {
            Some(end) => self.moments(end, zones).first().copied()?,
            None => {
                let length = duration(self.raw("DURATION")?)?;
                start.plus(length)?
            }
        };
        let length = match (start, end) {
            // The day of the end is the first on which it is over.
            (Moment::Day(first), Moment::Day(_)) => end.day_before()?.date() - first,
            _ => end.instant() - start.instant(),
        };
        (length > TimeDelta::zero()).then_some(length)
    }

    fn organiser(&self) -> Option<String> {
        let name = unescaped(parameter(self.find("ORGANIZER")?, "CN")?);
        let name = name.trim().trim_matches('"').trim();
        (!name.is_empty() && !name.contains('@')).then(|| name.to_owned())
    }

    fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = Vec::new();
        for property in self.all("CATEGORIES") {
            for topic in split_list(property.val.as_str()) {
                let topic = topic.trim().to_owned();
                if !topic.is_empty() && topics.len() < 20 && !topics.contains(&topic) {
                    topics.push(topic);
                }
            }
        }
        topics
    }

    fn description(&self) -> Description {
        if let Some(html) = self
            .find("X-ALT-DESC")
            .filter(|stated| parameter(stated, "FMTTYPE").is_some_and(|kind| kind.eq_ignore_ascii_case("text/html")))
        {
            return Description::Html(unescaped(of_bearable_length(html.val.as_str())));
        }
        let text = self.raw("DESCRIPTION").map(of_bearable_length).map(unescaped);
        let text = text.unwrap_or_default();
        let lower = text.to_lowercase();
        match () {
            () if text.trim().is_empty() => Description::None,
            () if ["<p", "<br", "<a href", "<div", "<ul"]
                .iter()
                .any(|tag| lower.contains(tag)) =>
            {
                Description::Html(text)
            }
            () => Description::Plain(text),
        }
    }
}

fn of_bearable_length(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_DESCRIPTION)]
}

fn parameter<'a>(property: &'a Property<'_>, name: &str) -> Option<&'a str> {
    let stated = property
        .params
        .iter()
        .find(|parameter| parameter.key.as_str().eq_ignore_ascii_case(name))?;
    let value = stated.val.as_ref()?.as_str().trim_matches('"');
    (!value.is_empty()).then_some(value)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            char => out.push(char),
        }
    }
    out
}

/// At commas that are not escaped.
fn split_list(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(chars.next()),
            (char, Some(part)) => part.push(char),
            (_, None) => {}
        }
    }
    parts
}

fn web_address(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
