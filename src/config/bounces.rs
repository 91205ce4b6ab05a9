//! What comes back: where it lies, and when it counts against a person (BNC-05).

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// Where bounces are fetched from; none: a mail server's pipe brings them (`rapporteur bounce`), or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BouncesKind {
    Maildir,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounces {
    pub kind: Option<BouncesKind>,
    /// The Maildir: the folder that holds `new`.
    pub path: Option<PathBuf>,
    /// So many mails in a row that do not arrive, for reasons that pass, suspend a person,
    pub failures: u32,
    /// if the first of them is so long ago.
    #[serde(with = "humantime_serde")]
    pub over: Duration,
}

impl Default for Bounces {
    fn default() -> Self {
        Bounces {
            kind: None,
            path: None,
            failures: 5,
            over: Duration::from_secs(14 * 24 * 3600),
        }
    }
}
