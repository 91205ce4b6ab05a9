//! A relay: a server that takes our mail, or a folder in its place.
//!
//! In: a section `[relays.NAME]`. Out: a [`Relay`]; how its connection is secured, and its port, follow from one another
//! where the file names only one of them. Surprising: only loopback is spoken to in the clear unasked (SMTP-09).

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::lookup::password;
use super::{Error, Quiet, Ramp, Rate, Signing};

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
    /// Who signs what it carries: "relay" if it does so itself. Default: we, if there is a key.
    #[serde(default)]
    pub dkim: Option<Signing>,
    /// How many connections at a time.
    #[serde(default = "default_sessions")]
    pub sessions: usize,
    /// How much it may be given, by all workers together: each of these holds.
    #[serde(default)]
    pub rate: Vec<Rate>,
    /// Hours in which only personal mail goes.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// For a sender that nobody knows yet: few mails on the first day, more on each that follows.
    #[serde(default)]
    pub ramp: Option<Ramp>,
    /// The relay that takes its mails while it rests.
    #[serde(default)]
    pub backup: Option<String>,
    /// How long each stage may take.
    #[serde(default)]
    pub timeouts: Timeouts,
}

fn default_sessions() -> usize {
    4
}

impl Relay {
    /// How the connection is secured: as set, else by port, and without a port implicitly; none only on loopback.
    pub fn tls(&self) -> Tls {
        match (self.tls, self.port) {
            (Some(tls), _) => tls,
            (None, Some(465)) => Tls::Implicit,
            (None, _) if self.is_loopback() => Tls::None,
            (None, None) => Tls::Implicit,
            (None, Some(_)) => Tls::Starttls,
        }
    }

    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls() {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        })
    }

    /// What is sent to it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.kind {
            RelayKind::File | RelayKind::Catcher => true,
            RelayKind::Smtp => self.host.as_deref().is_some_and(is_loopback),
        }
    }

    /// The password, from the environment or its file.
    pub fn password(&self) -> Result<Option<SecretString>, Error> {
        password(&self.password, self.password_file.as_deref())
    }
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

/// A host name or address that never leaves this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let name = host.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
