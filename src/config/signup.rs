//! Who may join by themselves, and how often a stranger's typing may make us send a mail (PRIV-06).

use std::time::Duration;

use serde::Deserialize;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The section `[signup]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Signup {
    /// Whether the page and the endpoint take anybody.
    pub open: bool,
    /// Whoever sends the form sooner after opening it is asked to press the button once more.
    #[serde(with = "humantime_serde")]
    pub min_fill: Duration,
    /// What is known of somebody who never confirms is deleted then.
    #[serde(with = "humantime_serde")]
    pub keep_unconfirmed: Duration,
    /// Who has not confirmed by then is reminded, once.
    #[serde(with = "humantime_serde")]
    pub remind_after: Option<Duration>,
    /// How long the network somebody asked from stays in the record of their consent; none: it is not kept at all.
    #[serde(with = "humantime_serde")]
    pub keep_network: Option<Duration>,
    /// Mails an hour that requests from one network may cause; the others wait.
    pub per_network: u32,
    /// The same to one recipient domain.
    pub per_domain: u32,
    /// The same in all.
    pub overall: u32,
    /// Staff are told of more unconfirmed requests in an hour than this; 0: never.
    pub alarm: u32,
}

impl Default for Signup {
    fn default() -> Self {
        Signup {
            open: true,
            min_fill: Duration::from_secs(3),
            keep_unconfirmed: 14 * DAY,
            remind_after: None,
            keep_network: None,
            per_network: 20,
            per_domain: 100,
            overall: 500,
            alarm: 100,
        }
    }
}
