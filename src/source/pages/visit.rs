//! When a page is asked again. Pure: what happened and the time come in.
//!
//! In: what became of a visit. Out: a [`Visit`], kept in the store. The surprising part: pages that have been known for
//! long are asked ever more rarely, because reports are corrected in their first days or never.

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::source::fetch::Validators;

/// A page that changed lately is asked again after this,
const SOON: TimeDelta = TimeDelta::hours(24);
/// an old one after this.
const LATE: TimeDelta = TimeDelta::days(30);
/// A page that cannot be had is asked this often before it counts as missing.
const MOST_FAILURES: u32 = 5;
/// After the first failure.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// What is known of a page that a source leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub url: Url,
    /// Of the last answer that could be read.
    pub validators: Option<Validators>,
    /// When it changed last, as the sitemap said at the last visit.
    pub changed_at: Option<DateTime<Utc>>,
    pub first_at: DateTime<Utc>,
    pub next_at: DateTime<Utc>,
    /// In a row.
    pub failures: u32,
}

impl Visit {
    /// A page nobody has asked for yet.
    pub fn new(url: Url, now: DateTime<Utc>) -> Visit {
        Visit {
            url,
            validators: None,
            changed_at: None,
            first_at: now,
            next_at: now,
            failures: 0,
        }
    }

    /// Whether it is asked now. `changed_at`: as the sitemap says today.
    pub fn is_due(&self, changed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let is_news = changed_at.is_some() && changed_at != self.changed_at && self.failures == 0;
        is_news || self.next_at <= now
    }

    /// It answered: with a page, or that nothing changed.
    pub fn answered(&mut self, changed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        self.failures = 0;
        // A sitemap that says when a page changes spares the asking.
        let wait = match changed_at {
            Some(_) => LATE,
            None => ((now - self.first_at) / 4).clamp(SOON, LATE),
        };
        self.changed_at = changed_at;
        self.next_at = now + wait;
    }

    /// It did not answer, or with something that is no page.
    pub fn failed(&mut self, now: DateTime<Utc>) {
        self.failures = self.failures.saturating_add(1);
        let wait = match self.is_to_be_tried_again() {
            true => AGAIN * 2_i32.saturating_pow(self.failures.saturating_sub(1)),
            false => LATE,
        };
        self.next_at = now + wait;
    }

    /// It failed lately, and not often enough to count as missing.
    pub fn is_to_be_tried_again(&self) -> bool {
        (1..MOST_FAILURES).contains(&self.failures)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_ever_more_rarely_and_at_once_if_the_sitemap_says_that_it_changed() {
        let start: DateTime<Utc> = "2026-05-04T10:00:00Z".parse().unwrap();
        let mut visit = Visit::new(Url::parse("https://example.org/a").unwrap(), start);
        assert!(visit.is_due(None, start));
        let mut waits = Vec::new();
        let mut now = start;
        for _ in 0..25 {
            visit.answered(None, now);
            waits.push((visit.next_at - now).num_days());
            now = visit.next_at;
        }
        assert!(waits.iter().take(5).all(|days| *days == 1), "{waits:?}");
        assert!(waits.is_sorted() && waits.last() == Some(&30), "{waits:?}");
        let changed = Some(start);
        assert!(visit.is_due(changed, now - TimeDelta::days(3)));
        visit.answered(changed, now);
        assert!(!visit.is_due(changed, now + TimeDelta::days(29)));
        assert!(visit.is_due(changed, now + TimeDelta::days(30)));
    }

    #[test]
    fn a_page_that_fails_is_tried_some_times_and_then_rarely() {
        let now: DateTime<Utc> = "2026-05-04T10:00:00Z".parse().unwrap();
        let mut visit = Visit::new(Url::parse("https://example.org/a").unwrap(), now);
        let tried: Vec<bool> = (0..5)
            .map(|_| {
                visit.failed(now);
                visit.is_to_be_tried_again()
            })
            .collect();
        assert_eq!(tried, [true, true, true, true, false]);
        assert_eq!(visit.next_at - now, LATE);
        assert!(
            !visit.is_due(Some(now), now + TimeDelta::hours(1)),
            "a change does not hurry it"
        );
    }
}
