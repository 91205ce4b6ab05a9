//! One mail address, checked once: what passes can stand in an SMTP command and in a header as it is.
//!
//! Taken: `local@domain` with a dot-atom local part, international ones too (RFC 6531). Refused on purpose though
//! RFC 5321 has them: quoted local parts, comments, address literals, domains without a dot (but `localhost`). The local
//! part keeps its case, for only the receiving host knows whether it matters; [`Address::key`] decides who is the same.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::name::is_invisible;

/// RFC 5321 section 4.5.3.1, in octets. A path is limited to 256 with its angle brackets.
const LOCAL_LIMIT: usize = 64;
const DOMAIN_LIMIT: usize = 255;
const PATH_LIMIT: usize = 254;

/// Characters of a domain that a masked address shows.
const DOMAIN_SHOWN: usize = 60;

/// Domains nobody can receive mail at (RFC 2606, RFC 6761).
const RESERVED_DOMAINS: [&str; 3] = ["example.org", "example.com", "example.net"];
const RESERVED_ENDS: [&str; 4] = ["test", "invalid", "example", "localhost"];

/// A mail address as the person wrote it. Equal when written the same; the same person by [`Address::key`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    local: String,
    domain: String,
    /// The domain as A-labels in lower case.
    ascii_domain: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("no address")]
    Empty,
    #[error("the address has no @")]
    NoAt,
    #[error("the address has more than one @")]
    ManyAts,
    #[error("the address contains a line break or control character")]
    Control,
    #[error("the address contains white space")]
    Space,
    #[error("the address contains angle brackets; write only what stands between them")]
    Brackets,
    #[error("the address has a quoted part or a comment, which is not supported")]
    Quoted,
    #[error("the part before the @ is empty, or has a dot at its start or end or two in a row")]
    Dots,
    #[error("the part before the @ has a character that no address has")]
    Character,
    #[error("the part before the @ is longer than 64 octets")]
    LocalTooLong,
    #[error("the domain after the @ is not a valid name")]
    Domain,
    #[error("the domain after the @ has no dot")]
    DomainWithoutDot,
    #[error("the domain after the @ is longer than 255 octets")]
    DomainTooLong,
    #[error("the address is longer than 254 octets")]
    TooLong,
}

impl Address {
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(AddressError::Control);
        }
        if text.chars().any(|c| c.is_whitespace() || is_invisible(c)) {
            return Err(AddressError::Space);
        }
        if text.contains(['<', '>']) {
            return Err(AddressError::Brackets);
        }
        if text.contains(['"', '(', ')', '\\']) {
            return Err(AddressError::Quoted);
        }
        let (local, domain) = text.split_once('@').ok_or(AddressError::NoAt)?;
        if domain.contains('@') {
            return Err(AddressError::ManyAts);
        }
        check_local(local)?;
        let ascii_domain = ascii_domain(domain)?;
        if text.len() > PATH_LIMIT || local.len() + 1 + ascii_domain.len() > PATH_LIMIT {
            return Err(AddressError::TooLong);
        }
        Ok(Address {
            local: local.to_owned(),
            domain: domain.to_owned(),
            ascii_domain,
        })
    }

    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain as A-labels in lower case.
    pub fn ascii_domain(&self) -> &str {
        &self.ascii_domain
    }

    /// Who is the same person: never a place to send to.
    pub fn key(&self) -> String {
        if self.local.is_ascii() {
            return format!("{}@{}", self.local.to_ascii_lowercase(), self.ascii_domain);
        }
        let local: String = self.local.nfkc().collect::<String>().to_lowercase().nfkc().collect();
        format!("{local}@{}", self.ascii_domain)
    }

    /// The address for the SMTP envelope and for headers: the local part untouched, the domain as A-labels.
    pub fn ascii(&self) -> String {
        format!("{}@{}", self.local, self.ascii_domain)
    }

    /// Can be sent only to a server that offers SMTPUTF8.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// Under a domain nobody can receive mail at, as sample addresses are.
    pub fn is_reserved(&self) -> bool {
        let under = |parent: &str| {
            self.ascii_domain
                .strip_suffix(parent)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        RESERVED_DOMAINS.into_iter().chain(RESERVED_ENDS).any(under)
    }

    /// As [`masked`] shows it, the domain as A-labels.
    pub fn masked(&self) -> String {
        masked(&self.ascii())
    }
}

/// An address, whole or broken, as logs and pages may show it: its owner knows it, rows can be told apart, and nobody
/// is named.
pub fn masked(text: &str) -> String {
    let first = text.chars().find(|c| !c.is_control() && !c.is_whitespace());
    match (first, text.split_once('@')) {
        (None, _) => "(empty)".to_owned(),
        (Some(first), Some((_, domain))) => {
            // The rest may hold a second address: shown up to the first character no domain has.
            let domain: String = domain
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
                .take(DOMAIN_SHOWN)
                .collect();
            format!("{first}…@{domain}")
        }
        (Some(first), None) => format!("{first}…"),
    }
}

fn check_local(local: &str) -> Result<(), AddressError> {
    if local.len() > LOCAL_LIMIT {
        return Err(AddressError::LocalTooLong);
    }
    if local.split('.').any(str::is_empty) {
        return Err(AddressError::Dots);
    }
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c) || !c.is_ascii();
    if !local.chars().all(is_atext) {
        return Err(AddressError::Character);
    }
    Ok(())
}

fn ascii_domain(domain: &str) -> Result<String, AddressError> {
    if domain.len() > DOMAIN_LIMIT {
        return Err(AddressError::DomainTooLong);
    }
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| AddressError::Domain)?;
    match ascii.rsplit_once('.') {
        // All digits at the end: an IP address, which mail would need in brackets.
        Some((_, end)) if end.bytes().all(|byte| byte.is_ascii_digit()) => Err(AddressError::Domain),
        Some(_) => Ok(ascii.into_owned()),
        None if ascii == "localhost" => Ok(ascii.into_owned()),
        None => Err(AddressError::DomainWithoutDot),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Masked, because what is printed for debugging ends up in logs.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.masked())
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Address::parse(text)
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Address::parse(&text).map_err(serde::de::Error::custom)
    }
}
