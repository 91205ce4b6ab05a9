//! How long what is kept for a time is kept (PRIV-12).

use std::time::Duration;

use serde::Deserialize;

const DAY: u64 = 24 * 3600;

/// A zero keeps a thing for ever.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// What relays answered to the mails of an edition, after it is finished.
    #[serde(with = "humantime_serde")]
    pub answers: Duration,
    /// Mails to one person: confirmations, previews, tests, alerts.
    #[serde(with = "humantime_serde")]
    pub personal: Duration,
    /// What came to the bounce address and nobody could sort.
    #[serde(with = "humantime_serde")]
    pub unclear: Duration,
    /// Bounces, complaints and automatic answers.
    #[serde(with = "humantime_serde")]
    pub bounces: Duration,
    /// Alerts that are over, and posts about them.
    #[serde(with = "humantime_serde")]
    pub alerts: Duration,
    /// Words beside decisions of staff; who decided what and when stays.
    #[serde(with = "humantime_serde")]
    pub notes: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days| Duration::from_secs(days * DAY);
        Retention {
            answers: days(90),
            personal: days(30),
            unclear: days(30),
            bounces: days(365),
            alerts: days(365),
            notes: days(5 * 365),
        }
    }
}
