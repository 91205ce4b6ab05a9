//! When the ledger writer looks at the breakers of editions: now and then while mails are refused, and never otherwise.
//!
//! In: what became of rows. Out: editions that are stopped, by `store/outgoing/breaker.rs`. A look costs a few hundred
//! rows, so that one refused mail in a hundred does not make sending slow.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Breaker;
use crate::store::{Outcome, Settled, Store};

/// A look after so many refusals,
const REFUSALS: usize = 10;
/// or once there is one among so many answers,
const ANSWERS: usize = 200;
/// or in so much time.
const TIME: Duration = Duration::from_secs(1);

pub(super) struct Fuse {
    store: Store,
    breaker: Breaker,
    failed: Vec<i64>,
    answers: usize,
    looked: Instant,
}

impl Fuse {
    pub(super) fn new(store: Store, breaker: Breaker) -> Fuse {
        Fuse {
            store,
            breaker,
            failed: Vec::new(),
            answers: 0,
            looked: Instant::now(),
        }
    }

    pub(super) fn count(&mut self, settled: &Settled) {
        self.answers += 1;
        if matches!(settled.outcome, Outcome::Failed { .. }) {
            self.failed.push(settled.id);
        }
    }

    /// Stops what should stop, if it is time to look.
    pub(super) async fn look(&mut self) {
        let is_time = self.failed.len() >= REFUSALS || self.answers >= ANSWERS || self.looked.elapsed() >= TIME;
        if self.failed.is_empty() || !is_time {
            return;
        }
        let failed = std::mem::take(&mut self.failed);
        (self.answers, self.looked) = (0, Instant::now());
        match self.store.trip_breakers(&failed, &self.breaker).await {
            Ok(stopped) => {
                for (edition, why) in stopped {
                    tracing::error!(edition, why, "stopped by itself; `rapporteur editions resume` goes on");
                }
            }
            // The next refusal looks again.
            Err(error) => tracing::error!(%error, "whether an edition should stop could not be looked up"),
        }
    }
}
