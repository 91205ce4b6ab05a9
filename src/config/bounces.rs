//! What comes back: where it lies, and when it counts against a person (BNC-05).

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::lookup::password;
use super::relay::is_loopback;
use super::{Error, Tls};

/// Where bounces are fetched from; none: a mail server's pipe brings them (`rapporteur bounce`), or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BouncesKind {
    Maildir,
    Imap,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounces {
    pub kind: Option<BouncesKind>,
    /// The Maildir: the folder that holds `new`.
    pub path: Option<PathBuf>,
    /// `imap`: the server's name, against which its certificate is checked.
    pub host: Option<String>,
    /// Default: 993, or 143 with `tls = "starttls"` or `"none"`.
    pub port: Option<u16>,
    /// Default: by port (143 starttls, else implicit); none only on loopback.
    pub tls: Option<Tls>,
    pub user: Option<String>,
    /// File that holds the password; absolute once loaded.
    pub password_file: Option<PathBuf>,
    /// Only from the environment: `RAPPORTEUR__BOUNCES__PASSWORD`.
    pub password: Option<SecretString>,
    /// A certificate authority (PEM) beside those the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// The folder that bounces lie in.
    pub folder: String,
    /// The folder that takes those which are counted; none: they are deleted.
    pub done: Option<String>,
    /// So many mails in a row that do not arrive, for reasons that pass, suspend a person,
    pub failures: u32,
    /// if the first of them is so long ago.
    #[serde(with = "humantime_serde")]
    pub over: Duration,
}

impl Default for Bounces {
    fn default() -> Self {
        Bounces {
            kind: None,
            path: None,
            host: None,
            port: None,
            tls: None,
            user: None,
            password_file: None,
            password: None,
            ca_file: None,
            folder: "INBOX".to_owned(),
            done: None,
            failures: 5,
            over: Duration::from_secs(14 * 24 * 3600),
        }
    }
}

impl Bounces {
    /// How the connection is secured: as set, else by port, and without a port implicitly.
    pub fn tls(&self) -> Tls {
        match (self.tls, self.port) {
            (Some(tls), _) => tls,
            (None, Some(143)) => Tls::Starttls,
            (None, _) => Tls::Implicit,
        }
    }

    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls() {
            Tls::Implicit => 993,
            Tls::Starttls | Tls::None => 143,
        })
    }

    pub fn is_loopback(&self) -> bool {
        self.host.as_deref().is_some_and(is_loopback)
    }

    /// The password, from the environment or its file.
    pub fn password(&self) -> Result<Option<SecretString>, Error> {
        password(&self.password, self.password_file.as_deref())
    }
}
