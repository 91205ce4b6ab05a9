//! When a source on the web is asked again, and at which address. Pure: what happened and the time come in.
//!
//! In: what became of a poll. Out: a [`Polling`], kept with the source in the store, so that a restart asks nobody
//! sooner (POLL-02). The surprising part: a permanent redirect is believed only once it has stood for a day, and an
//! address adopted so is given up again when it fails.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fetch::Validators;

/// Nobody is asked more often than this, whatever the configuration says.
const FLOOR: TimeDelta = TimeDelta::minutes(15);
/// Failures leave nobody alone for longer than this, unless they are gone or staff ask more rarely.
const CEILING: TimeDelta = TimeDelta::hours(24);
/// Staff may ask as rarely as this.
pub const LONGEST_INTERVAL: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// A permanent redirect counts once it was seen at this many polls,
const MOVED_POLLS: u32 = 3;
/// over this time (POLL-05).
const MOVED_FOR: TimeDelta = TimeDelta::hours(24);
/// After this many failures staff are told (POLL-04), and an adopted address is given up.
pub const MANY_FAILURES: u32 = 3;

/// The state of one source's polling, as kept in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Polling {
    /// The configured address all this is about; another one begins anew.
    pub configured: Option<Url>,
    pub next_at: Option<DateTime<Utc>>,
    /// A server asked for patience until then.
    pub told_to_wait_until: Option<DateTime<Utc>>,
    /// In a row.
    pub failures: u32,
    /// The server said that it is gone: it is asked no more (POLL-04).
    pub gone: bool,
    /// Of the last answer that could be read (POLL-01).
    pub validators: Option<Validators>,
    /// What the last answer that could be read said of the next: it holds for "not modified" too.
    pub hints: Hints,
    /// Where permanent redirects lead.
    pub moving: Option<Moving>,
    /// Asked instead of the configured address.
    pub adopted: Option<Url>,
}

/// A permanent redirect on trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moving {
    pub to: Url,
    pub since: DateTime<Utc>,
    pub polls: u32,
}

/// What an answer says about the next poll.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hints {
    /// `max-age`, `ttl`: not before.
    pub fresh_for: Option<Duration>,
    /// Hours of the day, UTC, in which it wants to be left alone.
    pub skip_hours: Vec<u8>,
}

impl Polling {
    /// The state for this address: empty if the configuration names another than before.
    pub fn of(self, configured: &Url) -> Polling {
        if self.configured.as_ref() == Some(configured) {
            return self;
        }
        Polling {
            configured: Some(configured.clone()),
            ..Polling::default()
        }
    }

    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        !self.gone && self.next_at.is_none_or(|at| at <= now)
    }

    /// The address to ask.
    pub fn address<'a>(&'a self, configured: &'a Url) -> &'a Url {
        self.adopted.as_ref().unwrap_or(configured)
    }

    /// The source answered: with a page that could be read, or with "not modified". `jitter` is between 0 and 1.
    /// Returns an address that counts from now on because it has stood the trial.
    pub fn succeeded(
        &mut self,
        now: DateTime<Utc>,
        interval: Duration,
        jitter: f64,
        hints: &Hints,
        moved_to: Option<&Url>,
    ) -> Option<Url> {
        self.failures = 0;
        self.gone = false;
        self.told_to_wait_until = None;
        if moved_to.is_none() {
            // What was on trial was a whim.
            self.moving = None;
        }
        let wait = jittered(at_least_floor(interval), jitter).max(FLOOR);
        let fresh_for = hints.fresh_for.and_then(|time| TimeDelta::from_std(time).ok());
        let wait = wait.max(fresh_for.unwrap_or_default().min(CEILING));
        self.next_at = Some(outside(now + wait, &hints.skip_hours));
        self.watch_move(now, moved_to)
    }

    fn watch_move(&mut self, now: DateTime<Utc>, moved_to: Option<&Url>) -> Option<Url> {
        let to = moved_to?;
        match &mut self.moving {
            Some(moving) if moving.to == *to => moving.polls = moving.polls.saturating_add(1),
            _ => {
                self.moving = Some(Moving {
                    to: to.clone(),
                    since: now,
                    polls: 1,
                });
            }
        }
        self.moving
            .take_if(|moving| moving.polls >= MOVED_POLLS && now - moving.since >= MOVED_FOR)
            .map(|moving| {
                self.adopted = Some(moving.to.clone());
                moving.to
            })
    }

    /// The source did not answer, or with something that cannot be read.
    /// `gone`: for good; `told`: how long the server asked to be left alone.
    pub fn failed(&mut self, now: DateTime<Utc>, interval: Duration, jitter: f64, gone: bool, told: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        // An adopted address that is gone is given up; the configured one is asked again.
        self.gone = gone && self.adopted.is_none();
        let interval = at_least_floor(interval);
        let doubled = interval * 2_i32.saturating_pow(self.failures.min(10));
        let wait = match told {
            Some(asked) => TimeDelta::from_std(asked).unwrap_or(CEILING),
            None => jittered(doubled.min(interval.max(CEILING)), jitter),
        };
        let wait = wait.clamp(FLOOR, interval.max(CEILING));
        self.next_at = Some(now + wait);
        self.told_to_wait_until = told.map(|_| now + wait);
        if gone || self.failures >= MANY_FAILURES {
            self.adopted = None;
        }
    }

    /// Another source of the same host was told to wait.
    pub fn wait_until(&mut self, until: DateTime<Utc>) {
        self.next_at = Some(self.next_at.map_or(until, |at| at.max(until)));
        self.told_to_wait_until = self.told_to_wait_until.max(Some(until));
    }

    /// The server asked to be left alone, which holds for staff too.
    pub fn is_told_to_wait(&self, now: DateTime<Utc>) -> bool {
        self.told_to_wait_until.is_some_and(|until| until > now)
    }

    /// A poll begins: whatever becomes of it, the next is not before this.
    pub fn begin(&mut self, earliest: DateTime<Utc>) {
        self.next_at = Some(earliest);
    }
}

fn at_least_floor(interval: Duration) -> TimeDelta {
    let longest = TimeDelta::from_std(LONGEST_INTERVAL).unwrap_or(CEILING);
    TimeDelta::from_std(interval).unwrap_or(CEILING).clamp(FLOOR, longest)
}

/// Ten per cent sooner or later, so that sources that began together drift apart.
fn jittered(wait: TimeDelta, jitter: f64) -> TimeDelta {
    let millis = wait.num_milliseconds() as f64 * (0.9 + 0.2 * jitter.clamp(0.0, 1.0));
    TimeDelta::milliseconds(millis as i64)
}

/// The first instant from this on that is in no skipped hour.
fn outside(at: DateTime<Utc>, skip_hours: &[u8]) -> DateTime<Utc> {
    let is_skipped = |at: &DateTime<Utc>| skip_hours.iter().any(|hour| u32::from(*hour) == at.hour());
    let later = (0..24).map(|hours| match hours {
        0 => at,
        hours => {
            let into_hour = TimeDelta::seconds(i64::from(at.minute()) * 60 + i64::from(at.second()));
            at - into_hour + TimeDelta::hours(hours)
        }
    });
    later.into_iter().find(|at| !is_skipped(at)).unwrap_or(at)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-05-04T{text}Z").parse().unwrap()
    }

    #[test]
    fn a_poll_comes_after_the_interval_the_floor_and_what_the_server_says() {
        let minutes = |seconds: u64| Some(Duration::from_secs(seconds * 60));
        for (interval, jitter, fresh_for, skip_hours, next) in [
            (HOUR, 0.5, None, vec![], "11:00:00"),
            (HOUR, 0.0, None, vec![], "10:54:00"),
            (HOUR, 1.0, None, vec![], "11:06:00"),
            (Duration::ZERO, 0.5, None, vec![], "10:15:00"),
            (HOUR, 0.5, minutes(5), vec![], "11:00:00"),
            (HOUR, 0.5, minutes(180), vec![], "13:00:00"),
            (HOUR, 0.5, None, vec![11, 12], "13:00:00"),
            (HOUR, 0.5, None, (0..24).collect(), "11:00:00"),
        ] {
            let mut polling = Polling::default();
            let hints = Hints { fresh_for, skip_hours };
            polling.succeeded(at("10:00:00"), interval, jitter, &hints, None);
            assert_eq!(polling.next_at, Some(at(next)), "{interval:?} {jitter} {hints:?}");
        }
    }

    #[test]
    fn failures_double_the_wait_up_to_a_day() {
        let mut polling = Polling::default();
        let waits: Vec<i64> = (0..7)
            .map(|_| {
                polling.failed(at("10:00:00"), HOUR, 0.5, false, None);
                (polling.next_at.unwrap() - at("10:00:00")).num_hours()
            })
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 24, 24, 24]);
    }

    #[test]
    fn an_adopted_address_that_fails_is_given_up() {
        let configured: Url = "https://example.org/feed".parse().unwrap();
        let mut polling = Polling::default().of(&configured);
        polling.adopted = Some("https://example.net/feed".parse().unwrap());
        assert_ne!(polling.address(&configured), &configured);
        for _ in 0..MANY_FAILURES {
            polling.failed(at("10:00:00"), HOUR, 0.5, false, None);
        }
        assert_eq!(polling.address(&configured), &configured);
        let other: Url = "https://example.org/other".parse().unwrap();
        assert_eq!(polling.of(&other).failures, 0, "another address begins anew");
    }
}
