//! `config.toml` as typed sections. Unknown keys are refused with line and suggestion.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

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
    /// The folder of `config.toml`; relative paths start here.
    #[serde(skip)]
    pub root: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Institute {
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
    pub listen: String,
    /// Base of every link we write, without trailing slash, e.g. `https://news.example.org`.
    pub public_url: String,
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
    #[serde(default)]
    pub host: Option<String>,
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Option<Tls>,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Extra certificate authority (PEM) for relays with a certificate of their own authority.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Name for EHLO; default: the host name of `web.public_url`, else an address literal.
    #[serde(default)]
    pub helo: Option<String>,
    #[serde(default = "default_sessions")]
    pub sessions: usize,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backfill {
    All,
    None,
    /// Reports published within this time.
    Within(Duration),
    /// Up to 10 reports are all new; of more, those of the last 30 days.
    Auto,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub kind: SourceKind,
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

impl Default for Backfill {
    fn default() -> Self {
        Backfill::Auto
    }
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
    pub title: String,
    #[serde(default)]
    pub description: Option<String>,
    /// `Name <address>` or an address.
    pub from: String,
    #[serde(default)]
    pub reply_to: Option<String>,
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
    #[serde(default)]
    pub backfill: Backfill,
    #[serde(default = "default_missed")]
    pub missed: Missed,
    #[serde(default = "default_grace", with = "humantime_serde")]
    pub missed_grace: Duration,
    #[serde(default = "default_in_doubt")]
    pub in_doubt: InDoubt,
    #[serde(default = "default_approval")]
    pub approval: Approval,
    #[serde(default)]
    pub preview_to: Vec<String>,
    #[serde(default, with = "humantime_serde")]
    pub preview_before: Option<Duration>,
    #[serde(default = "yes")]
    pub public: bool,
    /// Full text instead of the summary when an edition has one item.
    #[serde(default)]
    pub full_text_of_one: bool,
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
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Cadence {
    Immediate(ImmediateWord),
    Cron { cron: String, zone: chrono_tz::Tz },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImmediateWord {
    Immediate,
}
