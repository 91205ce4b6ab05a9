//! Display names, and names with an address, as they stand in From, To and Reply-To.
//!
//! Line breaks are refused and never encoded away (CWE-93); what turns text around (bidi controls, UAX 9) is removed;
//! a name that holds an address is refused, since readers see the name and not the address behind it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, AddressError};

/// Longer names are a mistake or an attack.
const NAME_LIMIT: usize = 200;

/// A person's or sender's display name: one line, trimmed, not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name contains a line break or control character")]
    Control,
    #[error("the name contains an address")]
    Address,
    #[error("the name is longer than {NAME_LIMIT} characters")]
    TooLong,
}

impl Name {
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // A tab is white space that people paste from tables; it is no line break.
        let refused = |c: char| c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
        if text.chars().any(refused) {
            return Err(NameError::Control);
        }
        let shown: String = text.chars().filter(|c| !is_bidi_control(*c)).collect();
        let name = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.chars().count() > NAME_LIMIT {
            return Err(NameError::TooLong);
        }
        if holds_address(&name) {
            return Err(NameError::Address);
        }
        Ok(Name(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An @ (also full-width or small) with something on both sides, or angle brackets.
fn holds_address(name: &str) -> bool {
    let around = |word: &str| {
        word.split_once(['@', '＠', '﹫'])
            .is_some_and(|(before, after)| !before.is_empty() && !after.is_empty())
    };
    name.contains(['<', '>']) || name.split(' ').any(around)
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that show nothing, and so can make two addresses look the same.
pub(super) fn is_invisible(c: char) -> bool {
    is_bidi_control(c)
        || matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200D}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}' | '\u{E0000}'..='\u{E007F}')
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address with an optional name: `Lindenfeld Institute <news@example.org>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<Name>,
    pub address: Address,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("write `Name <address>` or an address")]
    Form,
}

impl Mailbox {
    /// `Name <address>`, `"Name, with comma" <address>` or `address`.
    pub fn parse(text: &str) -> Result<Self, MailboxError> {
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(AddressError::Control.into());
        }
        let text = text.trim();
        let Some(inner) = text.strip_suffix('>') else {
            let address = Address::parse(text)?;
            return Ok(Mailbox { name: None, address });
        };
        let (name, address) = inner.rsplit_once('<').ok_or(MailboxError::Form)?;
        let address = Address::parse(address)?;
        let name = unquote(name.trim()).ok_or(MailboxError::Form)?;
        let name = match name.is_empty() {
            true => None,
            false => Some(Name::parse(&name)?),
        };
        Ok(Mailbox { name, address })
    }
}

/// The text of a quoted string with its backslashes resolved; other text as it is; None if a quote stands alone.
fn unquote(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let inner = rest.strip_suffix('"')?;
    let mut plain = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => return None,
            '\\' => plain.push(characters.next()?),
            c => plain.push(c),
        }
    }
    Some(plain)
}

/// As [`Mailbox::parse`] reads it. Not for headers: those are encoded by the mail.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => write!(f, "{}", self.address),
            Some(name)
                if name
                    .as_str()
                    .contains(['"', '\\', ',', ';', ':', '(', ')', '[', ']', '@', '.']) =>
            {
                let quoted = name.as_str().replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{quoted}\" <{}>", self.address)
            }
            Some(name) => write!(f, "{name} <{}>", self.address),
        }
    }
}

impl std::str::FromStr for Mailbox {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        Mailbox::parse(text)
    }
}

impl<'de> Deserialize<'de> for Mailbox {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Mailbox::parse(&text).map_err(serde::de::Error::custom)
    }
}
