//! One round of one relay: claims what is due, lets sessions send it, and gives back what they did not take.
//!
//! Memory stays small however large an edition is: one page of claimed rows, about two letters a session in the queue,
//! and a few variants, which all rows of an edition share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::letter::{Job, Origin, is_reserved, released};
use super::queue::{Feeder, Queue};
use super::relay::{Fault, Relay};
use super::retry;
use super::session::{Ended, Session};
use super::{Delivery, Error};
use crate::mail::Prepared;
use crate::store::{Claimed, Claims, Order, Outcome, Settled};

/// Rows of one claim for each session, and at least this many: one commit for all.
const CLAIM_PER_SESSION: usize = 8;
const CLAIM_AT_LEAST: usize = 64;
/// Variants and editions kept at hand; more are loaded again when their turn comes.
const KEPT: usize = 64;

/// What a round ended with.
pub(super) enum Round {
    /// Nothing more is due.
    Done,
    /// Something was sent or settled; look again.
    More,
    /// More may be due, but the relay may not be given it before.
    Waits(DateTime<Utc>),
    Rests(Fault),
}

/// Variants and editions, loaded once for all their rows.
#[derive(Default)]
pub(super) struct Kept {
    variants: Lock<HashMap<i64, Arc<Prepared>>>,
    editions: Lock<HashMap<i64, Arc<Origin>>>,
}

impl Delivery {
    /// Claims and sends until nothing more is due for this relay or may be given to it, it rests, or `stop` is called.
    pub(super) async fn send_round(&self, relay: &Arc<Relay>, stop: &CancellationToken) -> Result<Round, Error> {
        let mut claims = self.claim(relay).await?;
        if claims.rows.is_empty() {
            return Ok(match claims.next_at {
                _ if claims.skipped > 0 || claims.put_back > 0 => Round::More,
                Some(at) => Round::Waits(at),
                None => Round::Done,
            });
        }
        // Cancelled by a session that meets a fault: the others finish the mail in hand and end.
        let stop = stop.child_token();
        let (mut feeder, queue) = Feeder::new(&relay.name, &self.stationery, relay.sessions);
        let mut sessions = JoinSet::new();
        let mut failure = None;
        let mut tokens: Vec<Arc<str>> = token_of(&claims).into_iter().collect();
        let back = |row: Claimed| released(row.id, row.claim);
        while !claims.rows.is_empty() && failure.is_none() && !stop.is_cancelled() {
            while sessions.len() < relay.sessions.min(claims.rows.len()) {
                sessions.spawn(stopping(self.session(relay, &queue, &stop), stop.clone()));
            }
            let mut rows = std::mem::take(&mut claims.rows).into_iter();
            for row in rows.by_ref() {
                let untouched = released(row.id, row.claim.clone());
                let job = match self.job(row).await {
                    Ok(job) => job,
                    Err(error) => {
                        failure = Some(error);
                        self.release(vec![untouched]).await;
                        break;
                    }
                };
                let Some(job) = job else { continue };
                if let Some(job) = feeder.feed(job, &stop).await {
                    self.release(vec![job.released()]).await;
                    break;
                }
            }
            self.release(rows.map(back).collect()).await;
            feeder.flush().await;
            if failure.is_none() && !stop.is_cancelled() {
                // Not by `?`: what is between final dot and answer would be broken off, and in doubt.
                match self.claim(relay).await {
                    Ok(next) => claims = next,
                    Err(error) => failure = Some(error),
                }
                tokens.extend(token_of(&claims));
            }
        }
        let making = feeder.end().await;
        self.release(claims.rows.into_iter().map(back).collect()).await;

        let mut fault = None;
        while let Some(ended) = sessions.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(Ended::Fault(met))) => fault = fault.or(Some(met)),
                Ok(Err(Ended::Unwritten)) => failure = failure.or(Some(Error::Unwritten)),
                Err(error) => {
                    tracing::error!(%error, relay = relay.name, "a session broke; its row waits for its lease");
                }
            }
        }
        self.release(making.left(&queue).await).await;
        if !matches!(failure, Some(Error::Unwritten)) {
            // Whatever broke on its way is renewed no longer, and comes back when its lease has run out.
            self.ledger.forget(&tokens);
        }
        match (failure, fault) {
            (Some(error), _) => Err(error),
            (None, Some(fault)) => {
                self.rest(relay, &fault).await?;
                Ok(Round::Rests(fault))
            }
            (None, None) => Ok(Round::More),
        }
    }

    /// What is due for a relay; then what is due for those it stands in for while they rest.
    async fn claim(&self, relay: &Relay) -> Result<Claims, Error> {
        let claims = self.claim_own(relay).await?;
        if !claims.rows.is_empty() || claims.skipped + claims.put_back > 0 || claims.next_at.is_some() {
            return Ok(claims);
        }
        for (name, other) in &self.relays {
            if other.limits.backup.as_deref() == Some(&*relay.name)
                && self.store.pass_on(name, &relay.name, claim_size(relay)).await? > 0
            {
                return self.claim_own(relay).await;
            }
        }
        Ok(claims)
    }

    async fn claim_own(&self, relay: &Relay) -> Result<Claims, Error> {
        let claim = super::fresh_token()?;
        let now = self.store.now().await?;
        let order = Order {
            relay: &relay.name,
            most: claim_size(relay),
            rates: &relay.limits.rates(now),
            domains: Some(&self.policy.domains).filter(|domains| !domains.is_empty()),
            quiet_until: relay.limits.quiet_until(now),
        };
        let loopback = relay.is_loopback;
        let reaches = |address: &str| loopback || !is_reserved(address);
        let lease = self.policy.lease;
        let claims = self.store.claim_outgoing(order, &claim, lease, reaches).await?;
        self.tally
            .skipped
            .fetch_add(claims.skipped, std::sync::atomic::Ordering::Relaxed);
        self.ledger.hold(&claim, claims.rows.len());
        Ok(claims)
    }

    fn session(&self, relay: &Arc<Relay>, queue: &Queue, stop: &CancellationToken) -> Session {
        Session {
            relay: relay.clone(),
            queue: queue.clone(),
            ledger: self.ledger.clone(),
            clock: self.clock.clone(),
            stationery: self.stationery.clone(),
            policy: self.policy.clone(),
            stop: stop.clone(),
        }
    }

    /// Adds what the mail is made of. A row whose mail does not read fails alone; the others go on.
    async fn job(&self, row: Claimed) -> Result<Option<Job>, Error> {
        let (Some(edition_id), Some(variant_id)) = (row.edition_id, row.variant_id) else {
            return Ok(Some(Job { row, digest: None }));
        };
        let found = (self.origin(edition_id).await?, self.variant(variant_id).await?);
        let (Some(edition), Some(variant)) = found else {
            tracing::error!(delivery = row.id, "the mail of this delivery cannot be read");
            let outcome = Outcome::Failed {
                reason: "unreadable mail",
            };
            let reply = "the stored mail or the settings of its edition do not read".to_owned();
            self.ledger
                .turn(
                    vec![Settled {
                        id: row.id,
                        claim: row.claim,
                        outcome,
                        reply,
                    }],
                    None,
                )
                .await?;
            return Ok(None);
        };
        Ok(Some(Job {
            row,
            digest: Some((edition, variant)),
        }))
    }

    async fn origin(&self, id: i64) -> Result<Option<Arc<Origin>>, Error> {
        if let Some(edition) = find(&self.kept.editions, id) {
            return Ok(Some(edition));
        }
        let edition = match self.store.find_dispatch(id).await {
            Err(crate::store::Error::Document { .. }) => return Ok(None),
            found => found?,
        };
        Ok(edition.map(|edition| keep(&self.kept.editions, id, Arc::new(Origin::new(edition)))))
    }

    async fn variant(&self, id: i64) -> Result<Option<Arc<Prepared>>, Error> {
        if let Some(variant) = find(&self.kept.variants, id) {
            return Ok(Some(variant));
        }
        let stored = self.store.find_variant_message(id).await?;
        let variant = stored.and_then(|text| Prepared::from_stored(&text).ok());
        Ok(variant.map(|variant| keep(&self.kept.variants, id, Arc::new(variant))))
    }

    /// Gives claimed rows back untouched. If that fails, their lease runs out.
    async fn release(&self, settled: Vec<Settled>) {
        if let Err(error) = self.ledger.turn(settled, None).await {
            tracing::error!(%error, "claims were not given back; their leases run out");
        }
    }

    async fn rest(&self, relay: &Relay, fault: &Fault) -> Result<(), Error> {
        let faults = relay.count_fault();
        if let Some(password) = relay.password().filter(|_| fault.is_wrong_password()) {
            tracing::error!(relay = relay.name, %fault, "the password is refused; the relay waits for another one");
            let mark = self.stationery.secret.fingerprint(&password);
            return Ok(self
                .store
                .refuse_password(&relay.name, &fault.to_string(), &mark)
                .await?);
        }
        let until = self.store.now().await? + retry::rest(faults);
        tracing::warn!(relay = relay.name, %fault, %until, "the relay rests; nobody is marked");
        Ok(self.store.rest_relay(&relay.name, &fault.to_string(), until).await?)
    }
}

fn token_of(claims: &Claims) -> Option<Arc<str>> {
    claims.rows.first().map(|row| row.claim.clone())
}

fn claim_size(relay: &Relay) -> usize {
    (relay.sessions * CLAIM_PER_SESSION).max(CLAIM_AT_LEAST)
}

/// Runs a session; one that ends by a fault, or breaks, stops the others before their next mail.
async fn stopping(session: Session, stop: CancellationToken) -> Result<(), Ended> {
    let others = stop.drop_guard();
    session.run().await?;
    others.disarm();
    Ok(())
}

fn find<T>(kept: &Lock<HashMap<i64, Arc<T>>>, id: i64) -> Option<Arc<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
}

fn keep<T>(kept: &Lock<HashMap<i64, Arc<T>>>, id: i64, thing: Arc<T>) -> Arc<T> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(id, thing.clone());
    thing
}
