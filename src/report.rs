//! One event report: what was said at an event, with the facts of the event as typed fields.
//!
//! In: the bytes of a file and its name. Out: a [`Report`] whose every field has a [`Provenance`], or a [`Refusal`]
//! with a sentence for staff. Pure: no clock, no disk. A fact that cannot be known stays empty; nothing is invented.

mod blocks;
pub mod charset;
mod date;
mod dates;
mod event;
mod explain;
mod front;
mod html;
mod identity;
mod images;
mod item;
mod labels;
mod language;
mod markdown;
mod organiser;
mod people;
mod place;
mod plain;
pub(crate) mod prose;
mod reading;
mod series;
mod status;
mod summary;
mod tail;
mod topics;
mod unstated;
mod venue;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub(crate) use self::blocks::parsed;
pub use self::explain::{explain, explain_text};
pub use self::html::SELECTABLE;
pub use self::identity::{event_key, link_key, title_key};
pub use self::item::{Stated, place as stated_place, read_item, read_page};
pub use self::reading::{Context, MAX_BYTES, fingerprint, markdown_to_html, read, sanitize};

/// A report as read. Stored as JSON with each revision, so fields may be added but not renamed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Plain text, white space collapsed, never empty.
    pub title: String,
    /// BCP 47 primary tag in lower case ("en"); none if neither declared nor recognised.
    pub language: Option<String>,
    /// Whole sentences, at most 60 words or 400 characters.
    pub summary: Option<String>,
    pub event: Event,
    pub series: Option<String>,
    /// Who spoke, in the order of the text.
    pub people: Vec<Person>,
    /// Topics as the source writes them.
    pub topics: Vec<String>,
    pub related: Vec<Related>,
    /// Pictures of the text, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// The same report in other languages, as its page says: `hreflang`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Translation>,
    /// The report's own page, http or https.
    pub url: Option<String>,
    /// When the source says it published the report.
    pub published: Option<DateTime<Utc>>,
    /// Who wrote the report, if it says so; never a speaker.
    pub author: Option<String>,
    /// It is an entry of a calendar, and so tells of an event to come, not of what was said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
    /// Sanitised HTML without title and tail.
    pub body_html: String,
    /// The same as plain text, paragraphs parted by an empty line.
    pub body_text: String,
    /// What the editor asked for in front matter.
    pub handling: Handling,
    /// Field name (dotted, `event.start`) to the rule and words that filled it.
    pub provenance: BTreeMap<String, Provenance>,
}

/// The event a report is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    pub start: Option<When>,
    /// Inclusive last day, or the end time.
    pub end: Option<When>,
    /// IANA name, only if the source states a zone.
    pub timezone: Option<String>,
    pub venue: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    /// Who held it; several are parted by "; ". What is not known is left out of stored and public JSON, so that
    /// feeds stay as they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organiser: Option<String>,
    #[serde(skip_serializing_if = "Status::is_unknown")]
    pub status: Status,
    /// Held online, or online as well; false if nothing says so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

impl Report {
    /// It only says that the event will take place: one report more may come of it.
    pub fn is_announcement(&self) -> bool {
        self.listed || self.event.status == Status::Announced
    }
}

impl Event {
    /// The zone of its times: as stated, else the one given.
    pub fn zone(&self, otherwise: Option<Tz>) -> Option<Tz> {
        let stated = self.timezone.as_deref().and_then(|zone| zone.parse().ok());
        stated.or(otherwise)
    }
}

impl When {
    /// The instant; none for a day. Of an hour that comes twice the first, of one that is left out none.
    pub fn at(self, zone: Tz) -> Option<DateTime<Tz>> {
        self.date.and_time(self.time?).and_local_timezone(zone).earliest()
    }

    /// ISO 8601 with the offset of the zone; the day alone if there is no time or no zone.
    pub fn iso(self, zone: Option<Tz>) -> String {
        match zone.and_then(|zone| self.at(zone)) {
            Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            None => self.date.to_string(),
        }
    }
}

/// Whether an event took place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing says so.
    #[default]
    Unknown,
    Held,
    Announced,
    Cancelled,
}

impl Status {
    fn is_unknown(&self) -> bool {
        *self == Status::Unknown
    }

    /// The word for it in front matter and in `explain`; none if it is not known.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Status::Unknown => None,
            Status::Held => Some("held"),
            Status::Announced => Some("announced"),
            Status::Cancelled => Some("cancelled"),
        }
    }
}

/// A day, or a day and a wall-clock time. Serialised as ISO 8601: `2019-01-28` or `2019-01-28T18:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct When {
    pub date: NaiveDate,
    pub time: Option<NaiveTime>,
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.date)?;
        match self.time {
            Some(time) => write!(f, "T{}", time.format("%H:%M")),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for When {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('T') {
            Some((date, time)) => {
                let time = NaiveTime::parse_from_str(time, "%H:%M").or_else(|_| time.parse())?;
                Ok(When {
                    date: date.parse()?,
                    time: Some(time),
                })
            }
            None => Ok(When {
                date: text.parse()?,
                time: None,
            }),
        }
    }
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    pub name: String,
    pub role: Option<String>,
    pub affiliation: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Related {
    pub title: String,
    pub url: Option<String>,
}

/// A picture of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// An address, http or https; of a file's picture, its path within the folder.
    pub url: String,
    /// What it shows, for who does not see it; may be empty.
    pub alt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// A page that says the same in another language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Translation {
    /// Primary tag.
    pub language: String,
    pub url: String,
}

/// What front matter says about the handling of a report, as opposed to its content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handling {
    /// Not to be published yet.
    pub draft: bool,
    /// Embargo: not published before this instant.
    pub publish_after: Option<DateTime<Utc>>,
    /// Only for these lists; none = every list that matches.
    pub lists: Option<Vec<String>>,
    /// What a correction corrects, in the editor's words; its presence marks the revision as a correction.
    pub correction: Option<String>,
    /// The editor's own key for the report; else the file's path is the key.
    pub id: Option<String>,
    /// The report this one says in another language: its `id`, its file, the last part of its page's address, or an
    /// address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translation_of: Option<String>,
}

/// Corrections that nobody wrote: an announced event will not take place,
pub const CALLED_OFF: &str = "@called-off";
/// or at another time or place.
pub const MOVED: &str = "@moved";

/// Which rule filled a field, and from which words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    pub rule: String,
    pub words: String,
    /// What other rules would have said, the surest first.
    #[serde(default, rename = "also", skip_serializing_if = "Vec::is_empty")]
    pub losers: Vec<Loser>,
}

/// A value that another rule found and that did not win.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loser {
    pub rule: String,
    pub words: String,
    pub value: String,
}

impl Loser {
    /// More than these tell nobody anything.
    const MOST: usize = 4;
}

/// Why a file is no report: one sentence for staff that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);
