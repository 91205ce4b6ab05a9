//! What is no error, but keeps a configuration from being ready for real people; `check` and `send` say it.

use super::relay::is_loopback;
use super::{Config, List, RelayKind, Signer, Tls};
use crate::subscriber::{Address, Mailbox};

/// Mailboxes nobody reads, compared without punctuation.
const UNREAD: [&str; 4] = ["noreply", "donotreply", "dontreply", "nichtantworten"];

/// One thing to mend; prints as "`reply_to` missing, config.toml line 14".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub file: String,
    pub line: Option<usize>,
    pub text: String,
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.text, self.file)?;
        match self.line {
            Some(line) => write!(f, " line {line}"),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Why mails of this list must not go to real people: their links would lead nowhere. None if they may.
    pub fn insecure_links(&self, list: &List) -> Option<String> {
        let (_, relay) = self.relay_of(list).ok()?;
        if relay.kind != RelayKind::Smtp || self.web.allow_insecure_links {
            return None;
        }
        let base = &self.web.public_url;
        let url = url::Url::parse(base).ok();
        let why = match url.as_ref().and_then(url::Url::host_str) {
            Some(host) if is_loopback(host) => "which only this machine can open",
            _ if base.starts_with("https://") => return None,
            _ => "which is not https",
        };
        Some(format!(
            "unsubscribe links would lead to {base}, {why}; set `web.public_url` to the public https address, or `web.allow_insecure_links = true` on an intranet"
        ))
    }

    /// What is to be mended before this list goes to real people.
    pub fn problems_before_sending(&self, list: &List) -> Vec<Advice> {
        let mut found = Vec::new();
        let name = self.lists.iter().find(|(_, other)| std::ptr::eq(*other, list));
        let name = name.map(|(name, _)| name.as_str()).unwrap_or_default();
        let at = |key: &'static str| ["lists", name, key];
        let missing = |value: &Option<String>| value.as_ref().is_none_or(|text| text.trim().is_empty());
        if missing(&self.institute.postal_address) {
            found.push(self.advice(&["institute", "postal_address"], "`postal_address` missing"));
        }
        match &list.reply_to {
            None => found.push(self.advice(&at("reply_to"), "`reply_to` missing")),
            Some(text) if Mailbox::parse(text).is_ok_and(|mailbox| is_unread(&mailbox.address)) => {
                found.push(self.advice(&at("reply_to"), "`reply_to` is a mailbox nobody reads"));
            }
            Some(_) => {}
        }
        if missing(&list.bounce_address) {
            found.push(self.advice(&at("bounce_address"), "`bounce_address` missing"));
        }
        if missing(&list.basis) {
            found.push(self.advice(&at("basis"), "`basis` missing (why these people may be mailed)"));
        }
        if list.sender().is_ok_and(|sender| sender.address.is_reserved()) {
            found.push(self.advice(&at("from"), "`from` is a sample address"));
        }
        // Whatever the relay is now, it will be a real one then.
        let url = url::Url::parse(&self.web.public_url).ok();
        let local = url.as_ref().and_then(url::Url::host_str).is_none_or(is_loopback);
        if !self.web.allow_insecure_links && (local || !self.web.public_url.starts_with("https://")) {
            found.push(self.advice(&["web", "public_url"], "`public_url` is not a public https address"));
        }
        found
    }

    /// Lists whose mails nobody signs: big receivers refuse them (AUTH-05).
    fn unsigned(&self) -> Vec<Advice> {
        let is_unsigned = |list: &List| {
            let relay = self.relay_of(list).map(|(_, relay)| relay).ok();
            let relay = relay.filter(|relay| relay.kind == RelayKind::Smtp && !relay.is_loopback());
            let sender = list.sender().ok();
            relay.zip(sender).is_some_and(|(relay, sender)| {
                self.signer(Some(list), relay, sender.address.ascii_domain()) == Signer::Nobody
            })
        };
        let lists = self.lists.iter().filter(|(_, list)| is_unsigned(list));
        lists
            .map(|(name, _)| {
                self.advice(
                    &["lists", name, "from"],
                    "nobody signs the mails of this list; `rapporteur dkim new DOMAIN` makes a key, `dkim = \"relay\"` says that the relay signs",
                )
            })
            .collect()
    }

    /// What was set on purpose, and deserves a second look.
    pub fn warnings(&self) -> Vec<Advice> {
        let plain =
            |relay: &super::Relay| relay.kind == RelayKind::Smtp && relay.tls() == Tls::None && !relay.is_loopback();
        self.relays
            .iter()
            .filter(|(_, relay)| plain(relay))
            .map(|(name, _)| {
                self.advice(
                    &["relays", name, "tls"],
                    "`tls = \"none\"`: mails and password go unencrypted",
                )
            })
            .chain(self.unsigned())
            .collect()
    }

    fn advice(&self, path: &[&str], text: &str) -> Advice {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        Advice {
            file: self.file.clone(),
            line: self.lines.nearest(&path),
            text: text.to_owned(),
        }
    }
}

fn is_unread(address: &Address) -> bool {
    let plain: String = address.local().chars().filter(|c| c.is_alphanumeric()).collect();
    let plain = plain.to_lowercase();
    UNREAD.iter().any(|unread| plain.starts_with(unread))
}
