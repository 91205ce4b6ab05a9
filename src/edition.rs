//! Which reports an edition carries, for whom, in which order. Pure: the store loads, this decides, the store writes.

use serde::{Deserialize, Serialize};

use crate::report::Report;

pub mod arrange;

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

/// Whether a list takes a report: its sources and the report's own wish decide.
pub fn list_takes(list: &crate::config::List, name: &str, report: &crate::store::Stored) -> bool {
    (list.sources.is_empty() || list.sources.contains(&report.source))
        && report
            .lists
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(|wanted| wanted == name))
}

/// Whether a report may stand in feeds and archive: not if only lists that are not public take it (rule 14).
pub fn is_open(config: &crate::config::Config, report: &crate::store::Stored) -> bool {
    let mut takers = config
        .lists
        .iter()
        .filter(|(name, list)| list_takes(list, name, report))
        .peekable();
    match takers.peek() {
        Some(_) => takers.any(|(_, list)| list.public),
        None => report.lists.is_none(),
    }
}
