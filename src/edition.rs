//! Which reports an edition carries, for whom, in which order. Pure: the store loads, this decides, the store writes.

use serde::{Deserialize, Serialize};

use crate::config::InDoubt;
use crate::report::Report;

/// What about a report an edition carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Matter {
    Report,
    /// A notice that this revision corrects an earlier one.
    Correction(i64),
}

impl std::fmt::Display for Matter {
    /// The form in the database and in `--json`: `report`, `correction:3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Matter::Report => f.write_str("report"),
            Matter::Correction(revision) => write!(f, "correction:{revision}"),
        }
    }
}

/// One report in an edition, at the revision that was sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The report's row, which is also its place in the order of first sight.
    pub report_id: i64,
    pub revision: i64,
    pub matter: Matter,
    /// Our page of the report: `/reports/{slug}`.
    pub slug: String,
    /// Correction notices: what was corrected.
    pub note: Option<String>,
    pub report: Report,
}

/// What the editor asked for with `next/<list>.md` or the options of `send`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hand {
    pub subject: Option<String>,
    pub preheader: Option<String>,
    /// Report slugs or ids in the order wanted; the others follow.
    pub order: Vec<String>,
    /// Reports to leave out; they stay new.
    pub without: Vec<String>,
    /// The note on top, Markdown.
    pub note: Option<String>,
}

/// What of the configuration an edition keeps from its sealing on, so that a later edit never reaches a running send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sealed {
    /// `Name <address>` or an address.
    pub from: String,
    pub reply_to: Option<String>,
    /// Envelope sender; none: the address of `from`.
    pub bounce_address: Option<String>,
    pub in_doubt: InDoubt,
    /// Right-hand side of the Message-IDs.
    pub message_domain: String,
    pub list_title: String,
}

impl Default for Sealed {
    fn default() -> Self {
        Sealed {
            from: String::new(),
            reply_to: None,
            bounce_address: None,
            in_doubt: InDoubt::Resend,
            message_domain: String::new(),
            list_title: String::new(),
        }
    }
}
