//! Takes in what came back: one mail, from a pipe or a mailbox, counted once and answered never (BNC-11).
//!
//! In: the bytes of a mail. Out: a [`Taken`], and rows. Whom it is about is told by the mark in the address it came to, or
//! in the mail it returns (BNC-07); a complaint may also be known by its own link for leaving. What bears no mark counts
//! against nobody and is kept for staff, its beginning only (BNC-03). The surprising thing: the address that a bounce
//! names is not looked at, since anybody can write one.

mod imap;
mod maildir;

use chrono::TimeDelta;

use super::House;
use crate::bounce::{self, Kind, Reading};
use crate::config::BouncesKind;
use crate::store::{Counted, Marked, Returned};
use crate::subscriber::Address;
use crate::token::delivery_of;

pub use imap::{Trouble, mailbox_trouble, watch_mailbox};

/// A bounce that comes later than this counts against nobody.
const LATEST: TimeDelta = TimeDelta::days(30);
/// Bytes of an unclear mail that are kept.
const KEPT: usize = 16 << 10;

/// What became of a mail.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    Counted {
        kind: Kind,
        counted: Counted,
    },
    /// It asked to be taken off this list, by a token.
    Left {
        list: String,
    },
    /// Kept for staff, and why.
    Unclear(&'static str),
    /// Nothing follows from it.
    Ignored(Kind),
}

impl Taken {
    /// For people and logs: names nobody.
    pub fn say(&self) -> String {
        match self {
            Taken::Counted { kind, counted } => {
                let what = match counted {
                    Counted::Known => "had come before",
                    Counted::Recorded => "recorded",
                    Counted::Suspended => "recorded, and the person is suspended",
                    Counted::Suppressed => "recorded, and the person gets no more mail",
                };
                format!("{}: {what}", kind.as_str())
            }
            Taken::Left { list } => format!("a person left {list}"),
            Taken::Unclear(why) => format!("kept for review: {why}"),
            Taken::Ignored(kind) => format!("{}: nothing follows", kind.as_str()),
        }
    }
}

/// Takes what lies in the configured mailbox. Returns what became of each mail; none: nothing is configured.
pub async fn collect_returned(house: &House) -> anyhow::Result<Vec<Taken>> {
    match house.config.bounces.kind {
        None => Ok(Vec::new()),
        Some(BouncesKind::Maildir) => maildir::collect(house).await,
        Some(BouncesKind::Imap) => imap::collect(house).await,
    }
}

/// Takes one mail. An error is the store's: the same mail may come again, and counts once.
pub async fn take_returned(house: &House, raw: &[u8]) -> anyhow::Result<Taken> {
    // A mail by somebody who means harm may take a while.
    let copy = raw.to_vec();
    let reading = tokio::task::spawn_blocking(move || bounce::read(&copy)).await?;
    let kind = reading.kind();
    if (kind == Kind::None || kind == Kind::Autoreply)
        && let Some((list, id)) = leaves(house, &reading)
    {
        house.store.unsubscribe(&list, id, "mail", house.now()).await?;
        return Ok(Taken::Left { list });
    }
    let fingerprint = blake3::hash(raw).to_hex().to_string();
    let unclear = async |why: &'static str| -> anyhow::Result<Taken> {
        let text = String::from_utf8_lossy(raw.get(..KEPT).unwrap_or(raw)).replace('\0', "");
        house.store.keep_unclear(&fingerprint, why, &text).await?;
        Ok(Taken::Unclear(why))
    };
    if kind == Kind::None {
        // Delivery confirmations have a structure; a person's letter is to be read by one.
        return match reading.is_structured {
            true => Ok(Taken::Ignored(kind)),
            false => unclear("it is neither bounce nor complaint").await,
        };
    }
    let Some(marked) = delivery_named_in(house, &reading).await? else {
        return match kind {
            Kind::Bounce | Kind::Complaint => unclear("it bears no mark of ours").await,
            Kind::Delay | Kind::Autoreply | Kind::None => Ok(Taken::Ignored(kind)),
        };
    };
    let is_late = marked.sent_at.is_some_and(|at| house.now() - at > LATEST);
    if kind == Kind::Bounce && is_late {
        return Ok(Taken::Ignored(kind));
    }
    if kind == Kind::Bounce && !reading.is_structured && !reading.has_empty_return_path {
        return unclear("a bounce in words alone, from an address that is no mail server's").await;
    }
    let finding = reading.findings.iter().find(|finding| finding.kind == kind);
    let returned = Returned {
        kind,
        status: finding.and_then(|finding| finding.status),
        words: &reading.diagnostic,
        fingerprint: &fingerprint,
    };
    let hashes = match kind {
        Kind::Complaint => hashes_of(house, marked.subscriber_id).await?,
        _ => Vec::new(),
    };
    let counted = house
        .store
        .record_returned(&marked, &returned, &hashes, &house.config.bounces)
        .await?;
    // Also of a mail that had come before: a crash may have been in between.
    if matches!(kind, Kind::Bounce | Kind::Complaint) {
        let stopped = house
            .store
            .trip_by_returns(marked.edition_id, &house.config.delivery.breaker)
            .await?;
        if let Some((edition, why)) = stopped {
            tracing::error!(edition, why, "stopped by itself; `rapporteur editions resume` goes on");
        }
    }
    Ok(Taken::Counted { kind, counted })
}

/// Who complained stays away also once their row is gone.
async fn hashes_of(house: &House, subscriber_id: i64) -> anyhow::Result<Vec<String>> {
    let person = house.store.find_subscriber(subscriber_id).await?;
    let address = person.and_then(|person| Address::parse(&person.address).ok());
    Ok(address.map_or_else(Vec::new, |address| house.secret.suppressions(&address.key())))
}

/// The delivery whose mark is in the address the mail came to, or in the mail it returns.
async fn delivery_named_in(house: &House, reading: &Reading) -> anyhow::Result<Option<Marked>> {
    let addresses = reading.addressed_to.iter().chain(&reading.original.return_paths);
    for mark in addresses.filter_map(|address| mark_in(address)) {
        let Some(id) = delivery_of(mark) else { continue };
        let Some(marked) = house.store.find_marked(id).await? else {
            continue;
        };
        if house.secret.verify_mark(mark, id, marked.subscriber_id) {
            return Ok(Some(marked));
        }
    }
    // A complaint returns the mail with its own link for leaving, which names list and person.
    if reading.kind() == Kind::Complaint {
        for token in reading.original.unsubscribe.iter().flat_map(|value| tokens(value)) {
            if let Some((list, person)) = house.secret.verify_unsubscribe(token) {
                return Ok(house.store.find_last_delivery(&list, person).await?);
            }
        }
    }
    Ok(None)
}

/// `MARK` of `<bounces+MARK@example.org>`.
fn mark_in(address: &str) -> Option<&str> {
    let (local, _) = address.trim_matches(['<', '>', ' ']).rsplit_once('@')?;
    local
        .rsplit_once('+')
        .map(|(_, mark)| mark)
        .filter(|mark| mark.contains('.'))
}

/// Words that could be tokens.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.len() >= 40)
}

/// Whom a mail asks to take off which list: by a token in its address or subject, never by its sender (LST-08).
fn leaves(house: &House, reading: &Reading) -> Option<(String, i64)> {
    let addresses = reading.addressed_to.iter().flat_map(|address| tokens(address));
    addresses
        .chain(tokens(&reading.subject))
        .find_map(|token| house.secret.verify_unsubscribe(token))
}
