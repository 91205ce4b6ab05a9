//! Keys that sign mails, and who signs.
//!
//! In: a section `[dkim."DOMAIN"]`. Out: a [`Dkim`]. The surprising thing: a list names no key. The domain of its
//! `from` finds the section, as receivers want it (AUTH-05), so that a foreign key cannot be named by mistake.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::Deserialize;

use super::{Config, List, Relay};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// Selector = file of a private key (PEM). Each signs: RSA and Ed25519 side by side, or an old and a new key while
    /// DNS changes.
    pub keys: IndexMap<String, PathBuf>,
}

/// Whose task it is to sign mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signing {
    /// By a key of `[dkim]`.
    Ours,
    /// The relay's, on its way out.
    Relay,
}

/// Who signs the mails of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer<'a> {
    /// By the keys of this domain.
    Domain(&'a str),
    Relay,
    /// No key is there, and nobody said that the relay signs.
    Nobody,
}

impl Config {
    /// Who signs what this domain sends: as the list says, else the relay, else whoever has a key for it.
    pub fn signer<'a>(&'a self, list: Option<&List>, relay: &Relay, from_domain: &str) -> Signer<'a> {
        self.signer_as_said(list.and_then(|list| list.dkim), relay, from_domain)
    }

    /// The same for mail to one person: as `[personal]` says, else as for the list that it is about.
    pub fn signer_of_personal<'a>(&'a self, list: Option<&List>, relay: &Relay, from_domain: &str) -> Signer<'a> {
        let said = self.personal.dkim.or(list.and_then(|list| list.dkim));
        self.signer_as_said(said, relay, from_domain)
    }

    fn signer_as_said<'a>(&'a self, said: Option<Signing>, relay: &Relay, from_domain: &str) -> Signer<'a> {
        match said.or(relay.dkim) {
            Some(Signing::Relay) => Signer::Relay,
            Some(Signing::Ours) | None => {
                // Its own before one above or below it, and of those the nearest.
                let aligned = self.dkim.keys().filter(|domain| is_aligned(domain, from_domain));
                let nearest = aligned.min_by_key(|domain| domain.len().abs_diff(from_domain.len()));
                nearest.map_or(Signer::Nobody, |domain| Signer::Domain(domain))
            }
        }
    }
}

/// Relaxed alignment (RFC 7489 section 3.1.1) as far as it needs no list of public suffixes: one domain is the other,
/// or lies below it.
fn is_aligned(domain: &str, from_domain: &str) -> bool {
    let is_below = |lower: &str, upper: &str| {
        lower
            .strip_suffix(upper)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let (domain, from) = (domain.to_ascii_lowercase(), from_domain.to_ascii_lowercase());
    is_below(&domain, &from) || is_below(&from, &domain)
}

#[cfg(test)]
mod tests {
    use super::is_aligned;

    #[test]
    fn a_domain_signs_for_itself_and_what_lies_below_or_above() {
        assert!(is_aligned("example.org", "Example.org"));
        assert!(is_aligned("example.org", "news.example.org"));
        assert!(is_aligned("mail.example.org", "example.org"));
        assert!(!is_aligned("example.org", "badexample.org"));
        assert!(!is_aligned("example.org", "example.net"));
    }
}
