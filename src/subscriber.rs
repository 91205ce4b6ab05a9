//! People: their addresses and names, the files they are kept in, and what a file changes.
//!
//! In: text from a form, a command line or `subscribers/LIST.csv`. Out: types that hold only what may go into a mail
//! ([`Address`], [`Name`], [`Mailbox`]), rows ([`csv`]) and a plan of changes ([`sync`]). Pure: no clock, no disk.
//! The surprising thing: nothing is repaired. An address or name with a line break is refused where it is entered, for
//! what a mail library makes of it is not what the reader of the header sees.

mod address;
pub mod csv;
mod name;
pub mod sync;

pub use address::{Address, AddressError, masked};
pub use name::{Mailbox, MailboxError, Name, NameError};

use serde::{Deserialize, Serialize};

/// What a file says about a person beside the address.
///
/// None: the file has no such column, so it says nothing. Empty: the cell is empty, which means the list's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cells {
    pub name: Option<String>,
    /// BCP 47 tag, as [`language_tag`] writes it.
    pub language: Option<String>,
    pub topics: Option<Vec<String>>,
    /// A WORD of the list's cadences.
    pub cadence: Option<String>,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Asked, has not confirmed.
    Pending,
    Active,
    /// Left by themselves; only they can come back.
    Left,
    /// Taken out of the file that had put them in; the file can bring them back.
    Removed,
    /// Not to be mailed: bounced, complained, or staff said so.
    Suppressed,
    /// Erased on request; only the key is kept, so that a file cannot bring them back.
    Erased,
}

impl State {
    pub const ALL: [State; 6] = [
        State::Pending,
        State::Active,
        State::Left,
        State::Removed,
        State::Suppressed,
        State::Erased,
    ];

    /// The word in the store and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Active => "active",
            State::Left => "left",
            State::Removed => "removed",
            State::Suppressed => "suppressed",
            State::Erased => "erased",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = State::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("\"{text}\" is not a state of a subscription"))
    }
}

/// A language tag in its usual case (`de`, `pt-BR`, `zh-Hant`), or None if it is none.
pub fn language_tag(text: &str) -> Option<String> {
    let mut parts = text.split(['-', '_']);
    let primary = parts.next()?;
    if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let mut tag = primary.to_ascii_lowercase();
    for part in parts {
        if !(2..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        tag.push('-');
        let lower = part.to_ascii_lowercase();
        match lower.len() {
            2 => tag.push_str(&lower.to_ascii_uppercase()),
            4 => {
                let (first, rest) = lower.split_at(1);
                tag.push_str(&first.to_ascii_uppercase());
                tag.push_str(rest);
            }
            _ => tag.push_str(&lower),
        }
    }
    Some(tag)
}
