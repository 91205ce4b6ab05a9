//! When a deferred row is tried again, and when a relay that failed is. Pure.
//!
//! The next time is stored in the row, so that a restart keeps it. The jitter comes from the row's id: a thousand rows
//! deferred in one second do not come back in one second, and the same row always gets the same times.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Minutes until the next try, by tries made; afterwards hourly (SMTP-08).
const STEPS: [u32; 4] = [5, 15, 30, 60];
/// Minutes a relay rests after faults in a row; afterwards half-hourly.
const RESTS: [u32; 5] = [1, 2, 5, 10, 15];
/// A wait is lengthened by up to this share of itself.
const JITTER_PERCENT: u32 = 10;

/// The next try after the attempt that failed at `now`; none if the row has been tried long enough.
pub fn next_try(
    id: i64,
    attempts_before: i64,
    first_tried_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    expire_after: Duration,
) -> Option<DateTime<Utc>> {
    let since = now - first_tried_at.unwrap_or(now);
    if since >= TimeDelta::from_std(expire_after).unwrap_or(TimeDelta::MAX) {
        return None;
    }
    let step = usize::try_from(attempts_before)
        .ok()
        .and_then(|attempts| STEPS.get(attempts));
    let seconds = step.copied().unwrap_or(60) * 60;
    // Multiplying by an odd constant spreads neighbouring ids over the whole range.
    let spread = (id.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32;
    let jitter = spread % (seconds * JITTER_PERCENT / 100 + 1);
    Some(now + TimeDelta::seconds(i64::from(seconds + jitter)))
}

/// How long a relay rests after its `faults`-th fault in a row, counted from one.
pub fn rest(faults: u32) -> TimeDelta {
    let minutes = RESTS.get(faults.saturating_sub(1) as usize).copied().unwrap_or(30);
    TimeDelta::minutes(i64::from(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_DAYS: Duration = Duration::from_secs(48 * 3600);

    #[test]
    fn a_row_is_tried_after_5_15_30_60_minutes_then_hourly_until_it_expires() {
        let start = DateTime::UNIX_EPOCH;
        let (mut now, mut waits) = (start, Vec::new());
        for attempts in 0.. {
            let Some(next) = next_try(17, attempts, Some(start), now, TWO_DAYS) else {
                break;
            };
            waits.push((next - now).num_minutes());
            now = next;
        }
        for (wait, step) in waits.iter().zip([5, 15, 30, 60, 60, 60]) {
            assert!((step..=step + step / 10).contains(wait), "{waits:?}");
        }
        assert!((44..=50).contains(&waits.len()), "{} tries", waits.len());
        assert!(now - start >= TimeDelta::hours(48));
    }

    #[test]
    fn rows_deferred_together_come_back_apart() {
        let now = DateTime::UNIX_EPOCH;
        let times: std::collections::BTreeSet<_> = (1..=1000)
            .filter_map(|id| next_try(id, 1, None, now, TWO_DAYS))
            .collect();
        assert!(times.len() > 80, "{} different seconds of 91", times.len());
        assert_eq!(next_try(5, 1, None, now, TWO_DAYS), next_try(5, 1, None, now, TWO_DAYS));
    }

    #[test]
    fn a_relay_rests_longer_each_time() {
        let minutes: Vec<i64> = (1..8).map(|faults| rest(faults).num_minutes()).collect();
        assert_eq!(minutes, [1, 2, 5, 10, 15, 30, 30]);
    }
}
