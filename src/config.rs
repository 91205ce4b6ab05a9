//! `config.toml` as typed sections.
//!
//! In: the file and the environment (`RAPPORTEUR__SECTION__KEY`). Out: a [`Config`] that was checked as a whole, or an
//! [`Error`] that lists everything wrong with it at once, each with its line and what to write instead. What is right
//! but not ready for real people (no postal address, links to loopback) is no error: see [`Config::problems_before_sending`].
//! Secrets are never shown, neither by Debug nor by an error.

mod advice;
mod alerts;
mod bounces;
mod check;
mod dkim;
mod environment;
mod list;
mod load;
mod lookup;
mod problem;
mod rate;
mod relay;
mod retention;
mod signup;
mod source;

pub use advice::Advice;
pub use alerts::{Alerts, Sender};
pub use bounces::{Bounces, BouncesKind};
pub use check::{is_domain, is_selector};
pub use dkim::{Dkim, Signer, Signing};
pub use list::{Approval, Cadence, Carries, InDoubt, List, Missed};
pub use lookup::Lines;
pub use problem::{Error, Problem};
pub use rate::{DomainRates, Quiet, Ramp, Rate};
pub use relay::{Relay, RelayKind, Timeouts, Tls};
pub use retention::Retention;
pub use signup::Signup;
pub use source::{Backfill, FullText, Source, SourceKind};

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

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
    pub bounces: Bounces,
    #[serde(default)]
    pub retention: Retention,
    #[serde(default)]
    pub alerts: Alerts,
    #[serde(default)]
    pub personal: alerts::Personal,
    #[serde(default)]
    pub signup: Signup,
    #[serde(default)]
    pub fetch: Fetch,
    #[serde(default)]
    pub relays: IndexMap<String, Relay>,
    #[serde(default)]
    pub sources: IndexMap<String, Source>,
    #[serde(default)]
    pub lists: IndexMap<String, List>,
    /// Keys that sign mails, by the domain they sign for.
    #[serde(default)]
    pub dkim: IndexMap<String, Dkim>,
    /// A topic and the keywords by which a report that states no topics is known to be about it.
    #[serde(default)]
    pub topics: IndexMap<String, Vec<String>>,
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
    /// IANA zone of event times that state none, for calendars and machines.
    #[serde(default, deserialize_with = "list::optional_zone")]
    pub zone: Option<chrono_tz::Tz>,
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
    /// What this machine is called, where the system's own id changes at every start (containers): a copied database
    /// is told by it.
    pub host_id: Option<String>,
    /// Password for PostgreSQL, from a file or `RAPPORTEUR__STORE__PASSWORD`, instead of writing it into `url`.
    pub password_file: Option<PathBuf>,
    pub password: Option<SecretString>,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            url: "sqlite:rapporteur.db".to_owned().into(),
            secret_file: "secret.key".into(),
            host_id: None,
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
    /// A second address for `/livez` and `/readyz`.
    pub private_listen: Option<String>,
    /// Proxies in front of us, addresses or networks: only what they say of their clients' addresses is believed.
    pub proxies: Vec<String>,
    /// For intranets and tests: allows mailing links that are not https, or that lead to loopback.
    pub allow_insecure_links: bool,
}

impl Default for Web {
    fn default() -> Self {
        Web {
            listen: "127.0.0.1:8080".into(),
            public_url: "http://127.0.0.1:8080".into(),
            private_listen: None,
            proxies: vec!["127.0.0.1".into(), "::1".into()],
            allow_insecure_links: false,
        }
    }
}

impl Web {
    /// Whether this is one of our proxies.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        let networks = self.proxies.iter().filter_map(|text| proxy_network(text));
        let address = address.to_canonical();
        networks.into_iter().any(|network| network.contains(&address))
    }
}

/// An address stands for the network of it alone.
fn proxy_network(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(alone)
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
    /// Addresses that feeds had elsewhere, as paths of ours, and which feed is there now: `"/blog/feed" = "all.rss"`.
    pub moved_from: IndexMap<String, String>,
}

impl Default for Feeds {
    fn default() -> Self {
        Feeds {
            content: FeedContent::Full,
            moved_from: IndexMap::new(),
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
    /// When an edition stops by itself.
    pub breaker: Breaker,
    /// How much recipient domains may be given.
    pub domains: DomainRates,
}

/// When an edition stops by itself (BNC-06): 0 switches either rule off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// More than this share of the last answers were refusals for good.
    pub percent: u32,
    /// So many answers are the last.
    pub of: u32,
    /// A recipient domain refused so many in a row for good.
    pub in_a_row: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker {
            percent: 5,
            of: 200,
            in_a_row: 20,
        }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Delivery {
            lease: Duration::from_secs(15 * 60),
            resend_after: Duration::from_secs(600),
            expire_after: Duration::from_secs(48 * 3600),
            breaker: Breaker::default(),
            domains: DomainRates::default(),
        }
    }
}

/// How we ask sources on the web.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// Hosts of the institute's own network that sources may lead to; all others must be on the public internet.
    pub internal_hosts: Vec<String>,
    /// Where somebody who minds our requests finds us: an address of the web or of a person; none: `web.public_url`.
    pub contact: Option<String>,
}
