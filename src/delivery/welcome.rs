//! How a relay receives us: connects, encrypts, says EHLO, signs in and leaves. No mail is sent.
//!
//! In: a relay as configured. Out: what it offers, or where the conversation ended and why. The surprising thing: it is
//! the very connection that mails go over, only with less patience, since a person waits for the answer.

use std::time::Duration;

use super::default_helo;
use super::line::Line;
use super::relay::{Error, Fault, Smtp};
use super::reply::Stage;
use crate::config::{self, Config, Timeouts};

/// How long each stage may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long all of it may take.
const IN_ALL: Duration = Duration::from_secs(40);

/// What a relay offers once we have signed in.
#[derive(Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Version of TLS and cipher; none: in the clear.
    pub encryption: Option<String>,
    /// Extensions of SMTP.
    pub offers: Vec<&'static str>,
    /// Largest message it takes, in bytes.
    pub size: Option<usize>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum Unwelcome {
    /// The configuration does not allow it.
    #[error(transparent)]
    Settings(#[from] Error),
    #[error("{0}")]
    Fault(Fault),
}

/// Tries a relay of kind `smtp`.
pub async fn welcome(name: &str, relay: &config::Relay, config: &Config) -> Result<Welcome, Unwelcome> {
    let helo = default_helo(&config.web.public_url);
    let mut smtp = Smtp::open(name, relay, &config.root, &helo)?;
    let limits = &mut smtp.timeouts;
    *limits = Timeouts {
        connect: limits.connect.min(PATIENCE),
        greeting: limits.greeting.min(PATIENCE),
        command: limits.command.min(PATIENCE),
        ..limits.clone()
    };
    let visit = async {
        let line = Line::open(&smtp).await?;
        let welcome = Welcome {
            encryption: line.encryption.clone(),
            offers: line.offers.clone(),
            size: line.size,
        };
        line.quit().await;
        Ok(welcome)
    };
    let late = || {
        Fault::new(
            Stage::Connect,
            format!("not done within {}", humantime::format_duration(IN_ALL)),
        )
    };
    tokio::time::timeout(IN_ALL, visit)
        .await
        .unwrap_or_else(|_| Err(late()))
        .map_err(Unwelcome::Fault)
}
