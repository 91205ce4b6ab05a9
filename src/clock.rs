//! The time, as an argument: the only file that may ask the machine for it.
//!
//! Everything that decides something takes a `Clock` or a `DateTime<Utc>`, so that a test can live through a year
//! without waiting. The store keeps instants as milliseconds since 1970 in UTC.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Where "now" comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is told to move: milliseconds since 1970.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Clock::Fixed(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// Now, cut to the millisecond, which is what the store keeps.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
            Clock::System => Utc::now().trunc_subsecs(3),
            Clock::Fixed(millis) => from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock; the machine's clock is left alone.
    pub fn advance(&self, by: TimeDelta) {
        if let Clock::Fixed(millis) = self {
            millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        }
    }
}

/// The instant behind a stored number; a number outside chrono's range reads as 1970.
pub fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}
