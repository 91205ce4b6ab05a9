//! Sections `[dkim."DOMAIN"]`, and that every list has whom to sign.

use super::{Problems, note};
use crate::config::{Config, Signer, Signing};

/// More signatures than these only make mails longer.
const MOST_KEYS: usize = 4;

pub(super) fn problems(config: &Config, found: &mut Problems) {
    for (domain, dkim) in &config.dkim {
        if !is_domain(domain) {
            note(
                found,
                &["dkim", domain],
                format!(
                    "\"{domain}\" is no domain; write the domain of `from` in lower case and in ASCII, such as [dkim.\"example.org\"]"
                ),
            );
        }
        if dkim.keys.is_empty() || dkim.keys.len() > MOST_KEYS {
            note(
                found,
                &["dkim", domain, "keys"],
                format!(
                    "`dkim.\"{domain}\".keys` has {} keys; write one to {MOST_KEYS}, such as {{ r2026 = \"keys/r2026.pem\" }}",
                    dkim.keys.len()
                ),
            );
        }
        for selector in dkim.keys.keys().filter(|selector| !is_selector(selector)) {
            note(
                found,
                &["dkim", domain, "keys", selector],
                format!("\"{selector}\" is no selector; it may have a-z, 0-9, hyphens and dots, for it stands in DNS"),
            );
        }
    }
    for (name, list) in &config.lists {
        let (Ok(sender), Ok((_, relay))) = (list.sender(), config.relay_of(list)) else {
            continue;
        };
        let from = sender.address.ascii_domain();
        // What a backup takes goes by its rule.
        let backup = relay.backup.as_ref().and_then(|name| config.relays.get(name));
        let asks = !config.dkim.is_empty() || list.dkim == Some(Signing::Ours) || relay.dkim == Some(Signing::Ours);
        let mut relays = std::iter::once(relay).chain(backup);
        if asks && relays.any(|relay| config.signer(Some(list), relay, from) == Signer::Nobody) {
            let others: Vec<&str> = config.dkim.keys().map(String::as_str).collect();
            let others = match others.as_slice() {
                [] => "there is no section [dkim]".to_owned(),
                others => format!("there are keys for {}", others.join(", ")),
            };
            note(
                found,
                &["lists", name, "from"],
                format!(
                    "no key signs for {from}, the domain of `lists.{name}.from`; {others}. Make one by `rapporteur dkim new {from}`, or write `dkim = \"relay\"` if the relay signs"
                ),
            );
        }
    }
}

/// Whether a text is a domain in lower case and ASCII.
pub fn is_domain(text: &str) -> bool {
    text.contains('.') && text.len() <= 253 && text.split('.').all(is_label)
}

/// RFC 6376 section 3.1: labels as in a domain.
pub fn is_selector(text: &str) -> bool {
    text.len() <= 63 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&label.len()) && label.chars().all(fits) && !label.starts_with('-') && !label.ends_with('-')
}
