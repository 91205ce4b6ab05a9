//! Links of people's own: what they stand for in the database, and the tokens they become on the way out.
//!
//! In: a [`Link`], which names rows. Out: a path with a token, and back again what a token stands for. Surprising: a mail
//! that waits in the queue holds no token, only its `Link`, so that a copy of the database opens nothing (SEC-13).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Purpose, Secret};
use crate::clock::from_millis;

/// Where a link of somebody's own leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// To the page where they leave a list.
    Unsubscribe { list: String, subscriber: i64 },
    /// To the page where they confirm what they asked for. The instant, in milliseconds, keeps the link from opening the
    /// request of somebody else who gets the same number after a restore.
    Confirm { signup: i64, requested_at: i64 },
    /// To the page where they choose what they get.
    Preferences { subscriber: i64 },
}

impl Secret {
    /// The path of a link, with its token.
    pub fn path(&self, link: &Link) -> String {
        match link {
            Link::Unsubscribe { list, subscriber } => format!("/unsubscribe/{}", self.unsubscribe(list, *subscriber)),
            Link::Confirm { signup, requested_at } => {
                let token = self.token(Purpose::Confirm, &requested_at.to_string(), *signup);
                format!("/confirm/{token}")
            }
            Link::Preferences { subscriber } => {
                format!("/preferences/{}", self.token(Purpose::Preferences, "", *subscriber))
            }
        }
    }

    /// The person whose page of choices a token opens. It never expires, as links for leaving never do.
    pub fn verify_preferences(&self, token: &str) -> Option<i64> {
        let (_, subscriber) = self.verify(Purpose::Preferences, token)?;
        Some(subscriber)
    }

    /// The request that a token confirms: its number and its instant.
    pub fn verify_confirm(&self, token: &str) -> Option<(i64, i64)> {
        let (requested_at, signup) = self.verify(Purpose::Confirm, token)?;
        Some((signup, requested_at.parse().ok()?))
    }

    /// Takes back what a person left at an instant.
    pub fn undo(&self, subscriber: i64, left_at: DateTime<Utc>) -> String {
        self.token(Purpose::Undo, &left_at.timestamp_millis().to_string(), subscriber)
    }

    /// The person, and when they left.
    pub fn verify_undo(&self, token: &str) -> Option<(i64, DateTime<Utc>)> {
        let (left_at, subscriber) = self.verify(Purpose::Undo, token)?;
        Some((subscriber, from_millis(left_at.parse().ok()?)))
    }

    /// What a form carries to tell when it was opened (PRIV-06).
    pub fn stamp(&self, opened_at: DateTime<Utc>) -> String {
        self.token(Purpose::Stamp, "", opened_at.timestamp_millis())
    }

    /// When the form with this stamp was opened; none: it is no form of ours.
    pub fn verify_stamp(&self, stamp: &str) -> Option<DateTime<Utc>> {
        let (_, millis) = self.verify(Purpose::Stamp, stamp)?;
        Some(from_millis(millis))
    }

    /// Stands for an address, a domain or a network where one is counted and must not be kept.
    pub fn blind(&self, what: &str, value: &str) -> String {
        let key = blake3::derive_key("rapporteur 2026 limit", &self.current);
        let hash = blake3::keyed_hash(&key, format!("{what}\0{value}").as_bytes());
        hash.to_hex().get(..32).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_door_and_no_other() {
        let secret = Secret::from_bytes([7; 32]);
        let confirm = secret.path(&Link::Confirm {
            signup: 12,
            requested_at: 1_777_881_600_000,
        });
        let token = confirm.strip_prefix("/confirm/").unwrap();
        assert_eq!(secret.verify_confirm(token), Some((12, 1_777_881_600_000)));
        assert_eq!(secret.verify_unsubscribe(token), None);
        assert_eq!(secret.verify_stamp(token), None);
        assert_eq!(secret.verify_confirm(&secret.unsubscribe("1777881600000", 12)), None);
        let at = from_millis(1_777_881_600_000);
        assert_eq!(secret.verify_stamp(&secret.stamp(at)), Some(at));
        assert_eq!(secret.verify_confirm(&secret.stamp(at)), None);
        let choices = secret.path(&Link::Preferences { subscriber: 12 });
        let choices = choices.strip_prefix("/preferences/").unwrap();
        assert_eq!(secret.verify_preferences(choices), Some(12));
        assert_eq!(secret.verify_confirm(choices), None);
        assert_eq!(secret.verify_undo(&secret.undo(12, at)), Some((12, at)));
        assert_eq!(secret.verify_undo(choices), None);
        assert_eq!(secret.verify_preferences(&secret.unsubscribe("", 12)), None);
        assert_eq!(Secret::from_bytes([8; 32]).verify_confirm(token), None);
    }

    #[test]
    fn what_is_counted_cannot_be_read_back() {
        let (one, other) = (Secret::from_bytes([7; 32]), Secret::from_bytes([8; 32]));
        let blind = one.blind("address", "ada@example.org");
        assert!(!blind.contains("ada"));
        assert_eq!(blind, one.blind("address", "ada@example.org"));
        assert_ne!(blind, one.blind("domain", "ada@example.org"));
        assert_ne!(blind, other.blind("address", "ada@example.org"));
    }
}
