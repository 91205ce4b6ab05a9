//! A list: what it is called, who sends it, what it carries, and the rhythms it goes out in.
//!
//! In: a section `[lists.NAME]`. Out: a [`List`]; what the file leaves out has the default that its key documents.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::problem::did_you_mean;
use super::{Backfill, Institute, Signing};
use crate::report::Report;
use crate::schedule::Schedule;
use crate::subscriber::{Mailbox, MailboxError};

/// What happens to slots that passed while nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// One edition for all of them, if it is late by at most `missed_grace`.
    Once,
    /// The next slot takes the reports.
    Skip,
    /// As `Skip`, but `status` asks whether staff want to send before.
    Ask,
}

/// What becomes of a mail that may or may not have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InDoubt {
    Resend,
    Hold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    First,
    Required,
    None,
}

/// What a list tells of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Carries {
    /// That they will take place, and what was said.
    #[default]
    Both,
    Reports,
    Announcements,
}

impl Carries {
    pub fn takes(self, report: &Report) -> bool {
        match self {
            Carries::Both => true,
            Carries::Reports => !report.is_announcement(),
            Carries::Announcements => report.is_announcement(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Name of the list in mails, feeds and pages.
    pub title: String,
    /// A sentence for feeds and the archive.
    #[serde(default)]
    pub description: Option<String>,
    /// `Name <address>` or an address.
    pub from: String,
    /// A mailbox that someone reads.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Where undeliverable mail goes back to (the envelope sender); default: the address of `from`.
    #[serde(default)]
    pub bounce_address: Option<String>,
    /// Why these people may be mailed; stands in the foot.
    #[serde(default)]
    pub basis: Option<String>,
    /// Default: the institute's.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Topics offered: stable term = human label. Empty: all topics.
    #[serde(default)]
    pub topics: IndexMap<String, String>,
    /// Default: every source.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What it tells of events.
    #[serde(default)]
    pub carries: Carries,
    /// Default: the only relay.
    #[serde(default)]
    pub relay: Option<String>,
    /// Who signs: "ours" or "relay". Default: as the relay says, else whoever has a key.
    #[serde(default)]
    pub dkim: Option<Signing>,
    /// WORD of `cadences` for people who chose none. Default: the first.
    #[serde(default)]
    pub default_cadence: Option<String>,
    /// How far back a new list reaches: as for sources.
    #[serde(default)]
    pub backfill: Backfill,
    /// What happens to slots that passed while nothing ran.
    #[serde(default = "default_missed")]
    pub missed: Missed,
    /// `missed = "once"` sends only if late by at most this.
    #[serde(default = "default_grace", with = "humantime_serde")]
    pub missed_grace: Duration,
    /// Mails of which no one knows whether they arrived: sent once more, or held.
    #[serde(default = "default_in_doubt")]
    pub in_doubt: InDoubt,
    /// Which scheduled editions wait for `editions approve`.
    #[serde(default = "default_approval")]
    pub approval: Approval,
    /// Staff who get each sealed edition before it goes out.
    #[serde(default)]
    pub preview_to: Vec<String>,
    /// How long before its slot an edition is sealed.
    #[serde(default, with = "humantime_serde")]
    pub preview_before: Option<Duration>,
    /// Whether feeds and archive show the list.
    #[serde(default = "yes")]
    pub public: bool,
    /// Full text instead of the summary when an edition has one item.
    #[serde(default)]
    pub full_text_of_one: bool,
    /// Whoever joins gets a mail that says so, with the last edition.
    #[serde(default)]
    pub welcome: bool,
    /// WORD = `"immediate"` or a cron expression with a zone.
    #[serde(default)]
    pub cadences: IndexMap<String, Cadence>,
}

impl List {
    /// The list's languages, or the institute's; the first is the default.
    pub fn languages<'a>(&'a self, institute: &'a Institute) -> &'a [String] {
        match self.languages.as_slice() {
            [] => &institute.languages,
            languages => languages,
        }
    }

    /// The cadence of people who chose none; None if the list goes out by hand only.
    pub fn default_cadence(&self) -> Option<&str> {
        let first = self.cadences.keys().next();
        self.default_cadence.as_ref().or(first).map(String::as_str)
    }

    /// The zone its days are counted in: of the first cadence that has one.
    pub fn zone(&self) -> chrono_tz::Tz {
        let zone = self.cadences.values().find_map(|cadence| Some(cadence.times()?.1));
        zone.unwrap_or(chrono_tz::UTC)
    }

    pub fn sender(&self) -> Result<Mailbox, MailboxError> {
        Mailbox::parse(&self.from)
    }
}

fn yes() -> bool {
    true
}
fn default_missed() -> Missed {
    Missed::Once
}
fn default_grace() -> Duration {
    Duration::from_secs(6 * 3600)
}
fn default_in_doubt() -> InDoubt {
    InDoubt::Resend
}
fn default_approval() -> Approval {
    Approval::First
}

/// `immediate`, or a cron expression with a time zone.
#[derive(Clone, Debug, PartialEq)]
pub enum Cadence {
    Immediate,
    Cron { cron: Schedule, zone: chrono_tz::Tz },
}

impl Cadence {
    /// When it is due; None for `immediate`.
    pub fn times(&self) -> Option<(&Schedule, chrono_tz::Tz)> {
        match self {
            Cadence::Immediate => None,
            Cadence::Cron { cron, zone } => Some((cron, *zone)),
        }
    }
}

/// By hand, because an untagged enum would say only "did not match any variant".
impl<'de> Deserialize<'de> for Cadence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Cadence;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"immediate\" or { cron = \"0 8 * * MON\", zone = \"Europe/Berlin\" }")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Cadence, E> {
                match word {
                    "immediate" => Ok(Cadence::Immediate),
                    word => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Cadence, A::Error> {
                let times = Times::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Cadence::Cron {
                    cron: times.cron,
                    zone: times.zone,
                })
            }
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Times {
            cron: Schedule,
            #[serde(deserialize_with = "zone")]
            zone: chrono_tz::Tz,
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A zone that may be left out.
pub(super) fn optional_zone<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<chrono_tz::Tz>, D::Error> {
    zone(deserializer).map(Some)
}

pub(super) fn zone<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<chrono_tz::Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let cure = did_you_mean(&name, names).unwrap_or_else(|| "; write one such as \"Europe/Berlin\"".into());
        serde::de::Error::custom(format!("\"{name}\" is no IANA time zone{cure}"))
    })
}
