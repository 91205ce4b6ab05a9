//! `config.toml` as typed sections.
//!
//! In: the file and the environment (`RAPPORTEUR__SECTION__KEY`). Out: a [`Config`] that was checked as a whole, or an
//! [`Error`] that lists everything wrong with it at once, each with its line and what to write instead. What is right
//! but not ready for real people (no postal address, links to loopback) is no error: see [`Config::problems_before_sending`].
//! Secrets are never shown, neither by Debug nor by an error.

mod advice;
mod check;
mod environment;
mod load;
mod lookup;
mod problem;

pub use advice::Advice;
pub use lookup::Lines;
pub use problem::{Error, Problem};

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;

/// The whole configuration, checked. Lists, sources and relays keep the order of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub institute: Institute,
    #[serde(default)]
    pub store: Store,
    #[serde(default)]
    pub web: Web,
    #[serde(default)]
    pub feeds: Feeds,
    #[serde(default)]
    pub delivery: Delivery,
    #[serde(default)]
    pub relays: IndexMap<String, Relay>,
    #[serde(default)]
    pub sources: IndexMap<String, Source>,
    #[serde(default)]
    pub lists: IndexMap<String, List>,
    /// The folder of `config.toml`, absolute; relative paths start here.
    #[serde(skip)]
    pub root: PathBuf,
    /// The name of the file, for messages.
    #[serde(skip)]
    pub file: String,
    #[serde(skip)]
    pub lines: Lines,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Institute {
    /// Author of feeds, and in the foot of mails.
    pub name: String,
    /// Postal address for the foot of mails; lines parted by "\n" or ", ".
    #[serde(default)]
    pub postal_address: Option<String>,
    /// BCP 47 tags, the first is the default.
    #[serde(default = "default_languages")]
    pub languages: Vec<String>,
    /// RFC 4151 authority, `example.org,2026`: a domain the institute owned on that date. Never change it.
    pub tag_authority: String,
}

fn default_languages() -> Vec<String> {
    vec!["en".into()]
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite:rapporteur.db` (relative to `config.toml`) or `postgres://user@host/database`.
    pub url: SecretString,
    /// The key behind unsubscribe links; made at first use, readable by its owner only.
    pub secret_file: PathBuf,
    /// Password for PostgreSQL, from a file or `RAPPORTEUR__STORE__PASSWORD`, instead of writing it into `url`.
    pub password_file: Option<PathBuf>,
    pub password: Option<SecretString>,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            url: "sqlite:rapporteur.db".to_owned().into(),
            secret_file: "secret.key".into(),
            password_file: None,
            password: None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Address and port of feeds and pages.
    pub listen: String,
    /// Base of every link we write, without trailing slash, e.g. `https://news.example.org`.
    pub public_url: String,
    /// A second address for `/livez`, `/readyz` and `/metrics`.
    pub private_listen: Option<String>,
    /// For intranets and tests: allows mailing links that are not https, or that lead to loopback.
    pub allow_insecure_links: bool,
}

impl Default for Web {
    fn default() -> Self {
        Web {
            listen: "127.0.0.1:8080".into(),
            public_url: "http://127.0.0.1:8080".into(),
            private_listen: None,
            allow_insecure_links: false,
        }
    }
}

/// What entries of feeds carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedContent {
    Full,
    Summary,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Feeds {
    /// Whole reports, or summaries.
    pub content: FeedContent,
}

impl Default for Feeds {
    fn default() -> Self {
        Feeds {
            content: FeedContent::Full,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// How long a claim holds without renewal; longer than the timeout of the final dot.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How long a row stays in doubt before the policy `resend` sends it once more.
    #[serde(with = "humantime_serde")]
    pub resend_after: Duration,
    /// How long a digest is tried before the row fails.
    #[serde(with = "humantime_serde")]
    pub expire_after: Duration,
}

impl Default for Delivery {
    fn default() -> Self {
        Delivery {
            lease: Duration::from_secs(15 * 60),
            resend_after: Duration::from_secs(600),
            expire_after: Duration::from_secs(48 * 3600),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayKind {
    /// A Maildir on this machine: nothing leaves it.
    File,
    /// A built-in SMTP server on loopback that keeps each mail as `.eml` (what `demo` uses).
    Catcher,
    Smtp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    Implicit,
    Starttls,
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    pub kind: RelayKind,
    /// `file`, `catcher`: the folder that receives the mails.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// `smtp`: the server's name, against which its certificate is checked.
    #[serde(default)]
    pub host: Option<String>,
    /// Default: 465 with `tls = "implicit"`, 587 with `"starttls"`, 25 with `"none"`.
    #[serde(default)]
    pub port: Option<u16>,
    /// Default: by port (465 implicit, else starttls), without port implicit; none only on loopback.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Login at the relay; none: no login.
    #[serde(default)]
    pub user: Option<String>,
    /// File that holds the password; absolute once loaded.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Only from the environment: `RAPPORTEUR__RELAYS__NAME__PASSWORD`.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Extra certificate authority (PEM) for relays with a certificate of their own authority.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Name for EHLO; default: the host name of `web.public_url`, else an address literal.
    #[serde(default)]
    pub helo: Option<String>,
    /// How many connections at a time.
    #[serde(default = "default_sessions")]
    pub sessions: usize,
    /// How long each stage may take.
    #[serde(default)]
    pub timeouts: Timeouts,
}

fn default_sessions() -> usize {
    4
}

/// One timeout per stage (RFC 5321 section 4.5.3.2).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    #[serde(with = "humantime_serde")]
    pub connect: Duration,
    #[serde(with = "humantime_serde")]
    pub greeting: Duration,
    #[serde(with = "humantime_serde")]
    pub command: Duration,
    #[serde(with = "humantime_serde")]
    pub data: Duration,
    #[serde(with = "humantime_serde")]
    pub block: Duration,
    #[serde(with = "humantime_serde")]
    pub dot: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Timeouts {
            connect: minutes(1),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            dot: minutes(10),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    Folder,
}

/// How far back the first collection, or a new list, reaches for mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backfill {
    All,
    None,
    /// Reports published within this time.
    Within(Duration),
    /// Up to 10 reports are all new; of more, those of the last 30 days.
    #[default]
    Auto,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub kind: SourceKind,
    /// The drop folder.
    pub path: PathBuf,
    /// `"auto"` (default), `"all"`, `"none"`, or a time such as `"90d"`.
    #[serde(default)]
    pub backfill: Backfill,
    /// A report is published once it has been unchanged for this long.
    #[serde(default = "default_settle", with = "humantime_serde")]
    pub settle: Duration,
}

fn default_settle() -> Duration {
    Duration::from_secs(600)
}

impl<'de> Deserialize<'de> for Backfill {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "all" => Ok(Backfill::All),
            "none" => Ok(Backfill::None),
            "auto" => Ok(Backfill::Auto),
            time => humantime::parse_duration(time).map(Backfill::Within).map_err(|_| {
                serde::de::Error::custom(format!(
                    "backfill is \"{time}\"; write \"auto\", \"all\", \"none\" or a time such as \"30d\""
                ))
            }),
        }
    }
}

/// What happens to slots that passed while nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    Once,
    Skip,
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
    /// Default: the only relay.
    #[serde(default)]
    pub relay: Option<String>,
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
    /// WORD = `"immediate"` or a cron expression with a zone.
    #[serde(default)]
    pub cadences: IndexMap<String, Cadence>,
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

fn zone<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<chrono_tz::Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let cure =
            problem::did_you_mean(&name, names).unwrap_or_else(|| "; write one such as \"Europe/Berlin\"".into());
        serde::de::Error::custom(format!("\"{name}\" is no IANA time zone{cure}"))
    })
}
