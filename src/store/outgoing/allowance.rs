//! How many mails a relay may be given now: token buckets that all workers share.
//!
//! In: the rates of a relay or a recipient domain, within the transaction of a claim. Out: how many mails they let through, and when the next
//! one may go. The surprising thing: a full bucket holds a twentieth of its rate, and is filled by the other nineteen, so
//! that no stretch of that time, wherever it begins, sees more mails than the rate says.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

use super::super::{Kind, Result, Store, Tx};
use crate::clock::from_millis;
use crate::config::Rate;

/// Of a rate, what a bucket holds.
const BURST: f64 = 1.0 / 20.0;
/// Below this a twentieth is less than a mail.
const LEAST: u32 = 20;

/// What the rates of a relay let through.
pub(super) struct Allowance {
    pub(super) mails: usize,
    /// When one more may go; none: at once.
    pub(super) next_at: Option<DateTime<Utc>>,
}

/// Mails that a full bucket holds.
fn capacity(rate: Rate) -> f64 {
    (f64::from(rate.count) * BURST).max(1.0)
}

/// Mails a second.
fn refill(rate: Rate) -> f64 {
    let count = f64::from(rate.count);
    let steady = if rate.count < LEAST {
        count
    } else {
        count - capacity(rate)
    };
    steady / rate.span.as_secs_f64()
}

/// The time from one mail to the next at a steady pace.
pub(super) fn interval(rate: Rate) -> Duration {
    Duration::from_secs_f64(1.0 / refill(rate))
}

/// What is in a bucket after some time.
fn filled(rate: Rate, tokens: f64, at: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    // A clock that was set back takes nothing away.
    let seconds = (now - at).num_milliseconds().max(0) as f64 / 1000.0;
    (tokens + seconds * refill(rate)).min(capacity(rate))
}

impl Store {
    /// Fills the buckets of a relay or a domain, by its scope; they stay locked until the transaction ends, so that of
    /// two workers the second counts what the first took.
    pub(super) async fn allow(
        &self,
        tx: &mut Tx,
        scope: &str,
        rates: &[Rate],
        now: DateTime<Utc>,
    ) -> Result<Allowance> {
        let mut allowance = Allowance {
            mails: usize::MAX,
            next_at: None,
        };
        for rate in rates {
            let span = rate.span.as_secs() as i64;
            sqlx::query("INSERT INTO bucket (scope, span, tokens, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                .bind(scope)
                .bind(span)
                .bind(capacity(*rate))
                .bind(now.timestamp_millis())
                .execute(&mut **tx)
                .await?;
            let locking = match self.kind {
                Kind::Sqlite => "SELECT tokens, at FROM bucket WHERE scope = $1 AND span = $2",
                Kind::Postgres => "SELECT tokens, at FROM bucket WHERE scope = $1 AND span = $2 FOR UPDATE",
            };
            let row = sqlx::query(locking).bind(scope).bind(span).fetch_one(&mut **tx).await?;
            let tokens = filled(*rate, row.try_get(0)?, from_millis(row.try_get(1)?), now);
            sqlx::query("UPDATE bucket SET tokens = $3, at = $4 WHERE scope = $1 AND span = $2")
                .bind(scope)
                .bind(span)
                .bind(tokens)
                .bind(now.timestamp_millis())
                .execute(&mut **tx)
                .await?;
            allowance.mails = allowance.mails.min(tokens.max(0.0) as usize);
            if tokens < 1.0 {
                let wait = (1.0 - tokens) / refill(*rate) * 1000.0;
                let at = now + TimeDelta::milliseconds(wait.ceil() as i64);
                allowance.next_at = allowance.next_at.max(Some(at));
            }
        }
        Ok(allowance)
    }

    /// Takes what was claimed out of the buckets.
    pub(super) async fn spend(&self, tx: &mut Tx, scope: &str, mails: usize) -> Result<()> {
        sqlx::query("UPDATE bucket SET tokens = tokens - $2 WHERE scope = $1")
            .bind(scope)
            .bind(mails as f64)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whoever takes a mail as soon as one is there stays within the rate in any stretch of its time.
        #[test]
        fn no_stretch_of_time_sees_more_than_the_rate(count in 20u32..3000, seconds in 1u64..3600, pauses in prop::collection::vec(0u64..5_000, 50..400)) {
            let rate = Rate { count, span: Duration::from_secs(seconds) };
            let (mut now, mut tokens, mut at) = (from_millis(0), capacity(rate), from_millis(0));
            let mut taken: Vec<DateTime<Utc>> = Vec::new();
            for pause in pauses {
                now += TimeDelta::milliseconds(i64::try_from(pause).unwrap_or(0));
                tokens = filled(rate, tokens, at, now);
                at = now;
                while tokens >= 1.0 {
                    tokens -= 1.0;
                    taken.push(now);
                }
            }
            let span = TimeDelta::seconds(i64::try_from(seconds).unwrap_or(1));
            for (first, begin) in taken.iter().enumerate() {
                let within = taken.iter().skip(first).take_while(|one| **one < *begin + span).count();
                prop_assert!(within <= count as usize + 1, "{within} of {count} in {seconds} s");
            }
        }
    }
}
