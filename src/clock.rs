//! The time, as an argument: the only file that may ask the machine for it.
//!
//! Everything that decides something takes a `Clock` or a `DateTime<Utc>`, so that a test can live through a year
//! without waiting. The store keeps instants as milliseconds since 1970 in UTC.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

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

/// The instant of a file's time, to the millisecond. File systems hold years that no date of ours can; they read as the
/// first or last instant of years with four digits.
pub fn from_system(time: SystemTime) -> DateTime<Utc> {
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_300_799_999;
    let millis = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(LAST),
        // Rounded down, as chrono cuts it.
        Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000_000)).map_or(FIRST, |millis| -millis),
    };
    from_millis(millis.clamp(FIRST, LAST))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_files_time_is_never_out_of_range() {
        let year = |time| from_system(time).to_rfc3339();
        let centuries = |count: u64| Duration::from_secs(count * 100 * 31_556_952);
        assert_eq!(
            year(SystemTime::UNIX_EPOCH - Duration::from_micros(1)),
            "1969-12-31T23:59:59.999+00:00"
        );
        assert_eq!(
            year(SystemTime::UNIX_EPOCH + centuries(3_000)),
            "9999-12-31T23:59:59.999+00:00"
        );
        assert_eq!(
            year(SystemTime::UNIX_EPOCH - centuries(3_000)),
            "0001-01-01T00:00:00+00:00"
        );
    }
}
