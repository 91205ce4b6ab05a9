//! One mail in the hands of a session: its envelope, and its bytes with the person's own words filled in.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lettre::Address;

use super::sign::{KeyError, Signers};
use crate::config::{Config, InDoubt, Signer};
use crate::mail::{self, Holes, Prepared};
use crate::store::{Claimed, Dispatch, Handoff, Outcome, Settled};
use crate::subscriber::Mailbox;
use crate::token::{Link, Secret};

/// An edition, with the addresses that all its mails have in common.
#[derive(Debug)]
pub(super) struct Origin {
    dispatch: Dispatch,
    /// None: it is no address.
    sender: Option<Address>,
    /// Each mail's sender bears a mark (BNC-01): the list has an address that bounces are asked to.
    is_marked: bool,
    from: Option<Mailbox>,
}

impl Origin {
    pub(super) fn new(dispatch: Dispatch) -> Origin {
        let settings = &dispatch.settings;
        Origin {
            sender: envelope_address(settings.bounce_address.as_deref().unwrap_or(&settings.from)),
            is_marked: settings.bounce_address.is_some(),
            from: Mailbox::parse(&settings.from).ok(),
            dispatch,
        }
    }

    /// `bounces+MARK@example.org` of `bounces@example.org`: the delimiter that mail servers know.
    fn sender_of(&self, row: &Claimed, secret: &Secret) -> Option<Address> {
        let sender = self.sender.as_ref()?;
        let Some(subscriber) = row.subscriber_id.filter(|_| self.is_marked) else {
            return Some(sender.clone());
        };
        let local = format!("{}+{}", sender.user(), secret.mark(row.id, subscriber));
        // Checked with the configuration; a longer name goes without mark rather than not at all.
        match local.len() {
            0..=64 => Address::new(local, sender.domain()).ok(),
            _ => Some(sender.clone()),
        }
    }
}

/// A claimed row with what its mail is made of. Editions and variants are shared, not copied.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub row: Claimed,
    pub digest: Option<(Arc<Origin>, Arc<Prepared>)>,
}

/// What turns a row into a letter: where links lead, and the keys.
pub(super) struct Stationery {
    pub public_url: String,
    pub secret: Secret,
    pub signers: Signers,
    pub config: Config,
}

/// Why there is no letter.
pub(super) enum Unfinished {
    /// Its row can never be sent.
    Never(Settled),
    /// Our own fault: the row goes back as it was.
    Unsigned(Settled),
}

/// A mail ready for the wire.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub id: i64,
    pub claim: Arc<str>,
    pub attempts: i64,
    pub first_tried_at: Option<DateTime<Utc>>,
    pub in_doubt: InDoubt,
    pub sender: Address,
    pub recipient: Address,
    /// Lines ended by CRLF, dots not doubled.
    pub message: String,
    /// A line may begin with a dot.
    pub leading_dots: bool,
}

impl Job {
    /// Nothing was done with the row.
    pub(super) fn released(self) -> Settled {
        released(self.row.id, self.row.claim)
    }

    /// Fills the holes and signs for a relay.
    pub(super) fn letter(self, relay: &str, stationery: &Stationery) -> Result<Letter, Unfinished> {
        let row = self.row;
        let Some(recipient) = envelope_address(&row.recipient) else {
            return Err(never(row, "not an address"));
        };
        let (sender, in_doubt, mut message, leading_dots) = match (&self.digest, &row.message) {
            (Some((origin, variant)), _) => (
                origin.sender_of(&row, &stationery.secret),
                origin.dispatch.settings.in_doubt,
                splice(&row, &origin.dispatch, variant, stationery),
                variant.leading_dots(),
            ),
            (None, Some(message)) => {
                let message = match &row.link {
                    None => mail::with_crlf(message),
                    Some(link) => {
                        let link = format!("{}{}", stationery.public_url, stationery.secret.path(link));
                        match Prepared::from_stored(message) {
                            Ok(prepared) => prepared.with_link(&link),
                            Err(_) => return Err(never(row, "no message")),
                        }
                    }
                };
                (
                    envelope_address(row.sender.as_deref().unwrap_or_default()),
                    InDoubt::Resend,
                    message,
                    true,
                )
            }
            (None, None) => return Err(never(row, "no message")),
        };
        let Some(sender) = sender else {
            return Err(never(row, "the sender is not an address"));
        };
        let of_personal;
        let (list, from) = match &self.digest {
            Some((origin, _)) => (Some(origin.dispatch.list.as_str()), origin.from.as_ref()),
            None => {
                of_personal = author(&message);
                (row.list.as_deref(), of_personal.as_ref())
            }
        };
        let is_personal = self.digest.is_none();
        if stationery.sign(relay, (list, is_personal), from, &mut message).is_err() {
            return Err(Unfinished::Unsigned(released(row.id, row.claim)));
        }
        Ok(Letter {
            id: row.id,
            claim: row.claim,
            attempts: row.attempts,
            first_tried_at: row.first_tried_at,
            in_doubt,
            sender,
            recipient,
            message,
            leading_dots,
        })
    }
}

impl Stationery {
    /// Making a letter takes about half as long as everything else that is done for it, or longer.
    pub(super) fn signs(&self) -> bool {
        !self.signers.is_empty()
    }

    fn sign(
        &self,
        relay: &str,
        (list, is_personal): (Option<&str>, bool),
        from: Option<&Mailbox>,
        message: &mut String,
    ) -> Result<(), KeyError> {
        let (Some(from), Some(relay)) = (from, self.config.relays.get(relay)) else {
            return Ok(());
        };
        let list = list.and_then(|name| self.config.lists.get(name));
        let domain = from.address.ascii_domain();
        let signer = match is_personal {
            true => self.config.signer_of_personal(list, relay, domain),
            false => self.config.signer(list, relay, domain),
        };
        match signer {
            Signer::Domain(domain) => self.signers.sign(domain, message),
            Signer::Relay | Signer::Nobody => Ok(()),
        }
    }
}

/// Whom a mail says it is from.
fn author(message: &str) -> Option<Mailbox> {
    let parsed = mail_parser::MessageParser::new().parse_headers(message)?;
    Mailbox::parse(parsed.from()?.first()?.address()?).ok()
}

/// A row goes back as it was.
pub(super) fn released(id: i64, claim: Arc<str>) -> Settled {
    Settled {
        id,
        claim,
        outcome: Outcome::Released,
        reply: String::new(),
    }
}

fn never(row: Claimed, reason: &'static str) -> Unfinished {
    Unfinished::Never(Settled {
        id: row.id,
        claim: row.claim,
        outcome: Outcome::Failed { reason },
        reply: String::new(),
    })
}

impl Letter {
    pub(super) fn handoff(&self) -> Handoff {
        Handoff {
            id: self.id,
            claim: self.claim.clone(),
        }
    }

    /// Its row goes back as it was.
    pub(super) fn released(&self) -> Settled {
        released(self.id, self.claim.clone())
    }

    pub(super) fn settle(&self, outcome: Outcome, reply: impl ToString) -> Settled {
        Settled {
            id: self.id,
            claim: self.claim.clone(),
            outcome,
            reply: reply.to_string(),
        }
    }

    /// Either address has a local part that only SMTPUTF8 can carry.
    pub(super) fn needs_utf8(&self) -> bool {
        !self.sender.user().is_ascii() || !self.recipient.user().is_ascii()
    }
}

fn splice(row: &Claimed, edition: &Dispatch, variant: &Prepared, stationery: &Stationery) -> String {
    let subscriber = row.subscriber_id.unwrap_or_default();
    let token = stationery.secret.unsubscribe(&edition.list, subscriber);
    let choices = stationery.secret.path(&Link::Preferences { subscriber });
    let mailbox = edition.settings.bounce_address.as_deref();
    let leave_by_mail = mailbox
        .filter(|_| stationery.config.bounces.kind.is_some())
        .and_then(|mailbox| mailto(mailbox, &token));
    variant.splice(&Holes {
        to: &row.recipient,
        name: row.name.as_deref(),
        date: edition.released_at,
        message_id: &mail::message_id(&edition.epoch, edition.id, subscriber, &edition.settings.message_domain),
        boundary: &mail::boundary(edition.id, subscriber),
        unsubscribe: &format!("{}/unsubscribe/{token}", stationery.public_url),
        leave_by_mail: leave_by_mail.as_deref().unwrap_or_default(),
        preferences: &format!("{}{choices}", stationery.public_url),
    })
}

/// Leaving by mail (LST-08); none for an address that would have to be escaped.
fn mailto(mailbox: &str, token: &str) -> Option<String> {
    let address = Mailbox::parse(mailbox).ok()?.address;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let plain = address.local().chars().all(is_plain);
    plain.then(|| format!("mailto:{}?subject={token}", address.ascii()))
}

/// `Name <address>` or an address, its domain as A-label (MSG-12); none if it cannot be said in SMTP.
fn envelope_address(text: &str) -> Option<Address> {
    let address = Mailbox::parse(text).ok()?.address;
    Address::new(address.local(), address.ascii_domain()).ok()
}

/// Whether a row's recipient is at a domain nobody can receive mail at.
pub(super) fn is_reserved(recipient: &str) -> bool {
    Mailbox::parse(recipient).is_ok_and(|mailbox| mailbox.address.is_reserved())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_holds_the_address_with_an_ascii_domain() {
        for (text, expected) in [
            ("ada@example.org", Some("ada@example.org")),
            ("Institute <news@example.org>", Some("news@example.org")),
            ("jörg@bücher.example", Some("jörg@xn--bcher-kva.example")),
            ("ada@example.org>\r\nRCPT TO:<eve@example.org", None),
            ("ada example@example.org", None),
            ("nobody", None),
        ] {
            assert_eq!(
                envelope_address(text).map(|address| address.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
