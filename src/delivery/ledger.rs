//! The ledger writer: one task that makes the marks of all sessions durable together.
//!
//! A session sends what became of its last message and asks for the handoff of its next; the task takes whatever has
//! gathered while the last commit was on its way, commits once for all, and answers each. It never waits to gather.
//! Answers that could not be written are kept and tried again, since the relay has already given them; a handoff that
//! could not be written is refused. The task also renews the leases of the claims that are at work, counts refusals
//! against people, and looks at the breakers of editions.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::fuse::Fuse;
use crate::config;
use crate::store::{Handoff, Outcome, Settled, Store};

/// Turns taken into one commit; more sessions than this share two.
const TURNS_AT_ONCE: usize = 1024;
/// How long after a failed write the answers are written again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// The ledger could not be written: no further final dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database does not take the marks of delivery; see the log")]
pub struct Unwritten;

/// Rows by what became of them since the start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub sent: AtomicU64,
    pub deferred: AtomicU64,
    pub failed: AtomicU64,
    pub skipped: AtomicU64,
    pub in_doubt: AtomicU64,
}

impl Tally {
    fn count(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Sent => &self.sent,
            Outcome::Deferred { .. } | Outcome::Unbelieved { .. } => &self.deferred,
            Outcome::Failed { .. } => &self.failed,
            Outcome::InDoubt { .. } => &self.in_doubt,
            Outcome::Released => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

struct Request {
    settled: Vec<Settled>,
    handoff: Option<Handoff>,
    answer: oneshot::Sender<Result<bool, Unwritten>>,
}

/// Rows at work by claim, so that their leases are renewed.
type Held = Arc<Mutex<HashMap<Arc<str>, usize>>>;

/// The sessions' end of the ledger. The task ends when the last of these is gone.
#[derive(Clone)]
pub(super) struct Ledger {
    requests: mpsc::Sender<Request>,
    held: Held,
}

impl Ledger {
    pub(super) fn start(store: Store, config: &config::Config, tally: Arc<Tally>) -> Ledger {
        let policy = &config.delivery;
        let (requests, taken) = mpsc::channel(TURNS_AT_ONCE);
        let held = Held::default();
        let writer = Writer {
            fuse: Fuse::new(store.clone(), policy.breaker),
            store,
            lease: policy.lease,
            tally,
            held: held.clone(),
            bounces: config.bounces.clone(),
            backlog: Vec::new(),
        };
        tokio::spawn(writer.run(taken));
        Ledger { requests, held }
    }

    /// Rows of a claim that the sessions will settle one by one.
    pub(super) fn hold(&self, claim: &Arc<str>, rows: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held.entry(claim.clone()).or_default() += rows;
    }

    /// Nobody works at rows of these claims any more.
    pub(super) fn forget(&self, claims: &[Arc<str>]) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for claim in claims {
            held.remove(claim);
        }
    }

    /// Makes the answers durable, and the handoff. True: the row may get its final dot. Without a handoff: false.
    pub(super) async fn turn(&self, settled: Vec<Settled>, handoff: Option<Handoff>) -> Result<bool, Unwritten> {
        if settled.is_empty() && handoff.is_none() {
            return Ok(false);
        }
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(Request {
                settled,
                handoff,
                answer,
            })
            .await
            .map_err(|_| Unwritten)?;
        answered.await.map_err(|_| Unwritten)?
    }
}

struct Writer {
    store: Store,
    lease: Duration,
    tally: Arc<Tally>,
    held: Held,
    /// Given by a relay and not yet written.
    backlog: Vec<Settled>,
    fuse: Fuse,
    bounces: config::Bounces,
}

impl Writer {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let beat = (self.lease / 3).max(Duration::from_millis(100));
        let mut renewal = interval_at(Instant::now() + beat, beat);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut taken = Vec::new();
        loop {
            tokio::select! {
                biased;
                _ = renewal.tick() => self.renew().await,
                count = requests.recv_many(&mut taken, TURNS_AT_ONCE) => {
                    if count == 0 {
                        break;
                    }
                    self.write(&mut taken).await;
                }
                () = sleep(WRITE_AGAIN), if !self.backlog.is_empty() => self.write(&mut taken).await,
            }
        }
        // The last words of a run that ends: one more try, then recovery finds the rows in doubt.
        if !self.backlog.is_empty() {
            self.write(&mut taken).await;
        }
    }

    async fn write(&mut self, taken: &mut Vec<Request>) {
        let mut settled = std::mem::take(&mut self.backlog);
        let mut handoffs = Vec::new();
        let mut asked = HashSet::new();
        for request in taken.iter_mut() {
            settled.append(&mut request.settled);
            // Twice the same row can only be an old claim beside a new one: one of them at most may go on.
            request.handoff = request.handoff.take().filter(|handoff| asked.insert(handoff.id));
            handoffs.extend(request.handoff.clone());
        }
        let written = self.store.record_turn(&settled, &handoffs, self.lease).await;
        let mut refused = Vec::new();
        match &written {
            Ok(turn) => {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                for settled in &settled {
                    drop_one(&mut held, &settled.claim);
                    if !turn.lost.contains(&settled.id) {
                        self.tally.count(&settled.outcome);
                        self.fuse.count(settled);
                        if matches!(settled.outcome, Outcome::Failed { .. }) {
                            refused.push((settled.id, settled.reply.clone()));
                        }
                    }
                }
                for forbidden in handoffs.iter().filter(|handoff| !turn.allowed.contains(&handoff.id)) {
                    drop_one(&mut held, &forbidden.claim);
                }
                self.tally.skipped.fetch_add(turn.left, Ordering::Relaxed);
                for id in &turn.lost {
                    tracing::warn!(delivery = id, "an answer came after the claim was lost");
                }
            }
            Err(error) => {
                tracing::error!(%error, answers = settled.len(), "the marks of delivery were not written; trying again");
                self.backlog = settled;
            }
        }
        for request in taken.drain(..) {
            let answer = match &written {
                Ok(turn) => Ok(request
                    .handoff
                    .is_some_and(|handoff| turn.allowed.contains(&handoff.id))),
                Err(_) => Err(Unwritten),
            };
            // A session that was ended hard does not listen any more.
            let _ = request.answer.send(answer);
        }
        // Those who asked have their answers; whoever asks now waits for this.
        self.count_refusals(&refused).await;
        self.fuse.look().await;
    }

    /// What was refused for good counts against the person, or not, by the same rules as what comes back later.
    async fn count_refusals(&self, refused: &[(i64, String)]) {
        if refused.is_empty() {
            return;
        }
        if let Err(error) = self.store.record_refusals(refused, &self.bounces).await {
            tracing::error!(%error, "refusals were not counted; the next one of the same people is");
        }
    }

    async fn renew(&self) {
        let claims: Vec<Arc<str>> = {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.keys().cloned().collect()
        };
        if claims.is_empty() {
            return;
        }
        // A lease that was not renewed runs out, and the guard of the handoff refuses its rows by itself.
        if let Err(error) = self.store.renew_leases(&claims, self.lease).await {
            tracing::error!(%error, "leases were not renewed; what they hold will be given back");
        }
    }
}

fn drop_one(held: &mut HashMap<Arc<str>, usize>, claim: &Arc<str>) {
    if let Some(rows) = held.get_mut(claim) {
        *rows = rows.saturating_sub(1);
        if *rows == 0 {
            held.remove(claim);
        }
    }
}
