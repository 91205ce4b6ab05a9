//! A mail as sealed and as sent: bytes cut at the holes of one person.

use chrono::{DateTime, Utc};

/// The bytes of a variant, cut where a person's own words go.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    text: String,
}

/// Why a stored mail does not read.
#[derive(Debug, thiserror::Error)]
#[error("a stored mail is not whole: {0}")]
pub struct Unreadable(String);

/// What is filled in for one person.
pub struct Holes<'a> {
    pub to: &'a str,
    pub name: Option<&'a str>,
    pub date: DateTime<Utc>,
    pub message_id: &'a str,
    pub boundary: &'a str,
    pub unsubscribe: &'a str,
}

impl Prepared {
    pub fn from_stored(text: &str) -> Result<Prepared, Unreadable> {
        if text.is_empty() {
            return Err(Unreadable("it is empty".into()));
        }
        Ok(Prepared { text: text.to_owned() })
    }

    pub fn splice(&self, holes: &Holes<'_>) -> String {
        format!(
            "Date: {}\r\nMessage-ID: <{}>\r\nTo: {}\r\nList-Unsubscribe: <{}>\r\n{}",
            holes.date.to_rfc2822(),
            holes.message_id,
            holes.to,
            holes.unsubscribe,
            self.text
                .replace("{boundary}", holes.boundary)
                .replace("{name}", holes.name.unwrap_or_default()),
        )
    }
}

/// Without angle brackets.
pub fn message_id(epoch: &str, edition_id: i64, subscriber_id: i64, domain: &str) -> String {
    format!("{epoch}.{edition_id}.{subscriber_id}@{domain}")
}

pub fn boundary(edition_id: i64, subscriber_id: i64) -> String {
    format!("=_{edition_id}_{subscriber_id}")
}
