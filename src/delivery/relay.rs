//! A relay as configured: where it is, how to speak to it, what it may be given.
//!
//! The configuration says how a connection is encrypted ([`config::Relay::tls`]), and nowhere does it fall back
//! (SMTP-09): a relay that does not offer what was decided gets nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::TlsConnector;

use super::catcher::Catcher;
use super::maildir::Maildir;
use super::reply::Stage;
use crate::config::{self, RelayKind, Timeouts, Tls};
use crate::tls;

/// Why a relay cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("relays.{relay}: {key} is missing")]
    Missing { relay: String, key: &'static str },
    #[error("relays.{relay}.{key}: {path}: {error}")]
    File {
        relay: String,
        key: &'static str,
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("relays.{relay}.ca_file: {path} holds no certificate")]
    NoCertificate { relay: String, path: PathBuf },
    #[error("relays.{relay}: TLS cannot be set up: {why}")]
    Tls { relay: String, why: String },
    #[error("relays.{relay}: {error}")]
    Password { relay: String, error: config::Error },
    #[error("relays.{relay}: a password would go in the clear; set tls = \"implicit\" or \"starttls\"")]
    PasswordInTheClear { relay: String },
    #[error("relays.{relay}: the catcher cannot listen: {error}")]
    Catcher { relay: String, error: std::io::Error },
}

/// A fault of our side or of the relay: it rests, and no person is marked (SMTP-06).
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub stage: Stage,
    pub why: String,
}

impl Fault {
    pub(super) fn new(stage: Stage, why: impl ToString) -> Fault {
        Fault {
            stage,
            why: why.to_string(),
        }
    }
}

impl Fault {
    /// The relay knows us no more by this password (RFC 4954 section 6). Trying on would only lock us out.
    pub(super) fn is_wrong_password(&self) -> bool {
        self.stage == Stage::Auth && self.why.starts_with("535")
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.stage, self.why)
    }
}

/// A relay, ready to be connected to.
pub(super) struct Relay {
    pub name: String,
    pub sessions: usize,
    /// Its rates, quiet hours and plan.
    pub limits: config::Relay,
    /// Nothing given to it leaves this machine by our doing.
    pub is_loopback: bool,
    pub carrier: Carrier,
    /// Faults in a row; the length of the next rest follows from it.
    faults: AtomicU32,
    /// It took a mail after its last fault, and nobody has asked since.
    works: AtomicBool,
    sessions_at_work: AtomicUsize,
    /// The built-in server behind a relay of kind `catcher`, which lives as long as the relay.
    pub catcher: Option<Catcher>,
}

pub(super) enum Carrier {
    Maildir(Maildir),
    Smtp(Box<Smtp>),
}

/// How to speak to an SMTP relay.
pub(super) struct Smtp {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub helo: ClientId,
    pub credentials: Option<Credentials>,
    /// Login and password in one text.
    pub password: Option<SecretString>,
    pub timeouts: Timeouts,
}

pub(super) enum Encryption {
    None,
    Implicit(TlsConnector),
    StartTls(TlsConnector),
}

impl Relay {
    /// `root` is the folder of `config.toml`; `helo` the name for EHLO if the relay has none of its own.
    pub(super) async fn open(name: &str, config: &config::Relay, root: &Path, helo: &ClientId) -> Result<Relay, Error> {
        let mut catcher = None;
        let carrier = match config.kind {
            RelayKind::File => {
                let folder = root.join(required(name, "path", config.path.as_ref())?);
                Carrier::Maildir(Maildir::open(&folder).map_err(|error| file_error(name, "path", &folder, error))?)
            }
            RelayKind::Catcher => {
                let folder = root.join(required(name, "path", config.path.as_ref())?);
                let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port.unwrap_or(0)));
                let (address, started) = Catcher::start(listen, &folder).await.map_err(|error| Error::Catcher {
                    relay: name.to_owned(),
                    error,
                })?;
                catcher = Some(started);
                Carrier::Smtp(Box::new(Smtp {
                    host: address.ip().to_string(),
                    port: address.port(),
                    encryption: Encryption::None,
                    helo: helo.clone(),
                    credentials: None,
                    password: None,
                    timeouts: config.timeouts.clone(),
                }))
            }
            RelayKind::Smtp => Carrier::Smtp(Box::new(Smtp::open(name, config, root, helo)?)),
        };
        let sessions = config.sessions.max(1);
        let is_loopback = config.is_loopback();
        Ok(Relay {
            name: name.to_owned(),
            sessions,
            limits: config.clone(),
            is_loopback,
            carrier,
            faults: AtomicU32::new(0),
            works: AtomicBool::new(false),
            sessions_at_work: AtomicUsize::new(0),
            catcher,
        })
    }

    /// Counts a fault; returns how many there were in a row.
    pub(super) fn count_fault(&self) -> u32 {
        self.works.store(false, Ordering::SeqCst);
        self.faults.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A session begins.
    pub(super) fn at_work(&self) -> AtWork<'_> {
        self.sessions_at_work.fetch_add(1, Ordering::SeqCst);
        AtWork(&self.sessions_at_work)
    }

    pub(super) fn forget_faults(&self) {
        self.faults.store(0, Ordering::SeqCst);
        self.works.store(true, Ordering::SeqCst);
    }

    /// Whether it took a mail since the last fault and the last time this was asked.
    pub(super) fn has_recovered(&self) -> bool {
        self.works.swap(false, Ordering::SeqCst)
    }

    /// Login and password in one text, by which another login is known.
    pub(super) fn password(&self) -> Option<String> {
        match &self.carrier {
            Carrier::Smtp(smtp) => smtp
                .password
                .as_ref()
                .map(|password| password.expose_secret().to_owned()),
            Carrier::Maildir(_) => None,
        }
    }
}

impl Smtp {
    pub(super) fn open(name: &str, config: &config::Relay, root: &Path, helo: &ClientId) -> Result<Smtp, Error> {
        let host = required(name, "host", config.host.as_ref())?.clone();
        let tls = config.tls();
        let connector = || connector(name, config.ca_file.as_ref().map(|path| root.join(path)));
        let encryption = match tls {
            Tls::None => Encryption::None,
            Tls::Implicit => Encryption::Implicit(connector()?),
            Tls::Starttls => Encryption::StartTls(connector()?),
        };
        let login = login(name, config)?;
        let password = login
            .as_ref()
            .map(|(user, password)| format!("{user} {password}").into());
        let credentials = login.map(|(user, password)| Credentials::new(user, password));
        if credentials.is_some() && tls == Tls::None && !config.is_loopback() {
            return Err(Error::PasswordInTheClear { relay: name.to_owned() });
        }
        let helo = config.helo.as_deref().map_or_else(|| helo.clone(), client_id);
        Ok(Smtp {
            host,
            port: config.port(),
            encryption,
            helo,
            credentials,
            password,
            timeouts: config.timeouts.clone(),
        })
    }
}

/// A host name, or an address literal for what is an address.
pub(super) fn client_id(name: &str) -> ClientId {
    match name.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(name.to_owned()),
    }
}

/// User and password.
fn login(name: &str, config: &config::Relay) -> Result<Option<(String, String)>, Error> {
    let Some(user) = &config.user else { return Ok(None) };
    let password = config.password().map_err(|error| Error::Password {
        relay: name.to_owned(),
        error,
    })?;
    let password = password.ok_or_else(|| Error::Missing {
        relay: name.to_owned(),
        key: "password_file",
    })?;
    Ok(Some((user.clone(), password.expose_secret().to_owned())))
}

fn connector(name: &str, ca_file: Option<PathBuf>) -> Result<TlsConnector, Error> {
    let relay = name.to_owned();
    tls::connector(ca_file.as_deref()).map_err(|error| match error {
        tls::Error::File { path, error } => file_error(name, "ca_file", &path, error),
        tls::Error::NoCertificate(path) => Error::NoCertificate { relay, path },
        tls::Error::SetUp(why) => Error::Tls { relay, why },
    })
}

/// A session at work, for as long as this lives.
pub(super) struct AtWork<'a>(&'a AtomicUsize);

impl AtWork<'_> {
    /// Ends it; whether others of the same relay go on. Of several that end at once, one is told that none does.
    pub(super) fn leaves_others(self) -> bool {
        let others = self.0.fetch_sub(1, Ordering::SeqCst) > 1;
        std::mem::forget(self);
        others
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn required<'a, T>(relay: &str, key: &'static str, value: Option<&'a T>) -> Result<&'a T, Error> {
    value.ok_or_else(|| Error::Missing {
        relay: relay.to_owned(),
        key,
    })
}

fn file_error(relay: &str, key: &'static str, path: &Path, error: std::io::Error) -> Error {
    Error::File {
        relay: relay.to_owned(),
        key,
        path: path.into(),
        error,
    }
}
