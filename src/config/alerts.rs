//! Whom the program tells that something is wrong, and the sender of its personal mail.
//!
//! In: the sections `[alerts]` and `[personal]`. Out: [`Alerts`], and the [`Sender`] of a mail to one person. Surprising:
//! personal mail needs no section; then it comes from the list it is about, through the relay of that list.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::lookup::password;
use super::{Config, Error, List, Signing};

/// Staff who are told when something stops by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// By mail.
    pub mail_to: Vec<String>,
    /// By a POST of JSON: an address whose secret stands in it, or not.
    pub webhook: Option<SecretString>,
    /// File that holds that address; absolute once loaded.
    pub webhook_file: Option<PathBuf>,
    /// A relay rests for so long before staff are told.
    #[serde(with = "humantime_serde")]
    pub relay_after: Duration,
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts {
            mail_to: Vec::new(),
            webhook: None,
            webhook_file: None,
            relay_after: Duration::from_secs(5 * 60),
        }
    }
}

impl Alerts {
    /// The address that alerts are posted to.
    pub fn webhook(&self) -> Result<Option<SecretString>, Error> {
        password(&self.webhook, self.webhook_file.as_deref())
    }
}

/// Mail to one person: previews, test sends, alerts (BULK-05).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Personal {
    /// `Name <address>` or an address; none: that of the list.
    pub from: Option<String>,
    /// None: that of the list.
    pub relay: Option<String>,
    /// Who signs; none: as the list says, else the relay.
    pub dkim: Option<Signing>,
}

/// Whom a personal mail is from, and who takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// `Name <address>` or an address.
    pub from: String,
    pub relay: String,
    /// Envelope sender, as `from` is written.
    pub bounces_to: String,
}

impl Config {
    /// The sender of personal mail about a list.
    pub fn personal_sender(&self, list: &List) -> Result<Sender, Error> {
        let relay = match &self.personal.relay {
            Some(relay) => relay.clone(),
            None => self.relay_of(list)?.0.to_owned(),
        };
        Ok(match &self.personal.from {
            Some(from) => Sender {
                from: from.clone(),
                relay,
                bounces_to: from.clone(),
            },
            None => Sender {
                from: list.from.clone(),
                relay,
                bounces_to: list.bounce_address.as_ref().unwrap_or(&list.from).clone(),
            },
        })
    }

    /// The sender of mail that is about no list: none if neither `[personal]` nor a list says who that is.
    pub fn house_sender(&self) -> Option<Sender> {
        let of_list = self.lists.values().find_map(|list| self.personal_sender(list).ok());
        let alone = || {
            let from = self.personal.from.clone()?;
            let relay = self
                .personal
                .relay
                .clone()
                .or_else(|| self.relays.keys().next().cloned())?;
            Some(Sender {
                bounces_to: from.clone(),
                from,
                relay,
            })
        };
        of_list.or_else(alone)
    }
}
