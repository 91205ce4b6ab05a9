//! From rows of `outgoing` to the relay's answer, and back.
//!
//! Read in this order: `letter.rs` and `sign.rs` (a row becomes a mail), `queue.rs`, `session.rs` (one connection's
//! work), `ledger.rs` and `fuse.rs` (what becomes durable when, and stops an edition), `reply.rs` and `retry.rs` (what an
//! answer means, and when the next try is), `round.rs` and `lock.rs` (claiming and sharing out), `relay.rs`; then what
//! carries a mail away: `line.rs`, `envelope.rs` and `wire.rs` (a connection, which `welcome.rs` tries out), `maildir.rs`,
//! and `catcher.rs`, a relay of our own for trials.
//! Nothing here claims "exactly once": what was between final dot and answer when the lights went out is in doubt,
//! counted, named, and treated by the list's policy. Tests call [`Delivery::deliver_due`], the daemon [`Delivery::run`].

pub mod catcher;
mod envelope;
mod fuse;
mod ledger;
mod letter;
mod line;
pub mod lock;
mod maildir;
mod queue;
mod relay;
pub mod reply;
pub mod retry;
mod round;
mod session;
pub mod sign;
pub mod welcome;
mod wire;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use indexmap::IndexMap;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::store::{self, Store, Trouble};
use crate::token::Secret;

use ledger::{Ledger, Tally, Unwritten};
use letter::Stationery;
use relay::Relay;
use round::{Kept, Round};
use sign::Signers;

pub use relay::{Error as RelayError, Fault};

/// The shortest wait for a relay that may be given no more: clocks of two machines differ by as much.
pub const BREATH: Duration = Duration::from_millis(10);
/// How often the daemon looks for rows that nobody announced.
const POLL: Duration = Duration::from_secs(5);

/// Why delivering stopped. Rows, relays and people never make it stop; the store does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Relay(#[from] relay::Error),
    #[error("dkim: {0}")]
    Key(#[from] sign::KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the marks of delivery cannot be written; nothing more is sent")]
    Unwritten,
    #[error("the operating system gives no random bytes")]
    Random,
}

impl From<Unwritten> for Error {
    fn from(_: Unwritten) -> Error {
        Error::Unwritten
    }
}

/// What became of rows since the last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub sent: u64,
    pub deferred: u64,
    pub failed: u64,
    pub skipped: u64,
    pub in_doubt: u64,
    /// Relays that rest, and why.
    pub resting: Vec<(String, Fault)>,
    /// Something may be due, but no relay may be given it before: by its rates, or in its quiet hours.
    pub waits_until: Option<DateTime<Utc>>,
}

/// Sends what is due through the relays of the configuration.
pub struct Delivery {
    store: Store,
    clock: Clock,
    relays: IndexMap<String, Arc<Relay>>,
    policy: config::Delivery,
    stationery: Arc<Stationery>,
    ledger: Ledger,
    tally: Arc<Tally>,
    kept: Kept,
    wake: Arc<Notify>,
}

impl Delivery {
    /// Reads passwords and certificates, makes folders and starts catchers; connects to nothing yet.
    pub async fn open(store: Store, config: &Config, clock: Clock, secret: Secret) -> Result<Delivery, Error> {
        let helo = default_helo(&config.web.public_url);
        let mut relays = IndexMap::new();
        for (name, relay) in &config.relays {
            relays.insert(
                name.clone(),
                Arc::new(Relay::open(name, relay, &config.root, &helo).await?),
            );
        }
        for relay in relays.values() {
            try_new_password(&store, relay, &secret).await?;
        }
        let tally = Arc::<Tally>::default();
        let public_url = config.web.public_url.trim_end_matches('/').to_owned();
        Ok(Delivery {
            ledger: Ledger::start(store.clone(), config, tally.clone()),
            stationery: Arc::new(Stationery {
                public_url,
                secret,
                signers: Signers::open(config)?,
                config: config.clone(),
            }),
            policy: config.delivery.clone(),
            kept: Kept::default(),
            wake: Arc::default(),
            store,
            clock,
            relays,
            tally,
        })
    }

    /// Where the catcher behind a relay listens, and its folder.
    pub fn catcher(&self, relay: &str) -> Option<(SocketAddr, &Path)> {
        let catcher = self.relays.get(relay)?.catcher.as_ref()?;
        Some((catcher.address, &catcher.folder))
    }

    /// Tells the daemon that rows are due.
    pub fn wake(&self) {
        self.wake.notify_waiters();
    }

    /// Sends until nothing is due, every relay that is left rests, or `stop` is called: then the mails in hand are
    /// finished and all other claims given back.
    pub async fn deliver_due(&self, stop: &CancellationToken) -> Result<Summary, Error> {
        let before = self.summary();
        let mut resting = Vec::new();
        let mut waits_until;
        loop {
            waits_until = None;
            self.tidy().await?;
            let mut more = false;
            let has_backup = |name: &String| self.relays.get(name).is_some_and(|relay| relay.limits.backup.is_some());
            let rounds = self.relays.values().map(|relay| self.send_round(relay, stop));
            for (name, round) in self.relays.keys().zip(join_all(rounds).await) {
                match round? {
                    Round::Done => {}
                    Round::More => more = true,
                    Round::Waits(at) => {
                        waits_until = Some(waits_until.map_or(at, |known: DateTime<Utc>| known.min(at)))
                    }
                    Round::Rests(fault) => {
                        // Once more, so that the backup takes what is left; the relay that rests is given nothing then.
                        more |= has_backup(name);
                        resting.push((name.clone(), fault));
                    }
                }
            }
            if !more || stop.is_cancelled() {
                break;
            }
        }
        self.store.finish_editions().await?;
        Ok(Summary {
            resting,
            waits_until,
            ..self.summary().since(&before)
        })
    }

    /// The daemon's loop. `soft` ends it after the mails in hand (REL-13); `hard` at once, leaving open dots in doubt.
    /// Each relay has a loop of its own, so that none waits for another's digest.
    pub async fn run(&self, soft: CancellationToken, hard: CancellationToken) -> Result<(), Error> {
        for (relay, mails) in self.store.count_waiting_by_relay().await? {
            if !self.relays.contains_key(&relay) {
                tracing::warn!(
                    relay,
                    mails,
                    "mails wait for a relay that config.toml does not name any more"
                );
            }
        }
        let relays = join_all(self.relays.values().map(|relay| self.run_relay(relay, &soft)));
        let all = async { tokio::join!(relays, self.run_tidy(&soft)) };
        hard.run_until_cancelled(all).await;
        Ok(())
    }

    async fn run_relay(&self, relay: &Arc<Relay>, soft: &CancellationToken) {
        while !soft.is_cancelled() {
            match self.send_round(relay, soft).await {
                Ok(Round::More) => continue,
                Ok(Round::Waits(at)) => {
                    let pause = (at - self.clock.now()).to_std().unwrap_or_default().clamp(BREATH, POLL);
                    soft.run_until_cancelled(tokio::time::sleep(pause)).await;
                    continue;
                }
                Ok(Round::Done | Round::Rests(_)) => {}
                Err(error) => tracing::error!(%error, relay = relay.name, "delivering paused; trying again"),
            }
            let pause = async {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            };
            soft.run_until_cancelled(pause).await;
        }
    }

    async fn run_tidy(&self, soft: &CancellationToken) {
        while !soft.is_cancelled() {
            let tidied = async {
                self.tidy().await?;
                self.store.finish_editions().await?;
                Ok::<_, Error>(())
            };
            if let Err(error) = tidied.await {
                tracing::error!(%error, "looking after open deliveries failed; trying again");
            }
            soft.run_until_cancelled(tokio::time::sleep(POLL)).await;
        }
    }

    /// Leases that ran out, doubts whose time has come, rests that are over.
    async fn tidy(&self) -> Result<(), Error> {
        let recovered = self.store.recover_expired(self.policy.resend_after).await?;
        if recovered.in_doubt > 0 || recovered.released > 0 {
            tracing::warn!(
                in_doubt = recovered.in_doubt,
                released = recovered.released,
                "leases ran out"
            );
            self.tally.in_doubt.fetch_add(recovered.in_doubt, Ordering::Relaxed);
        }
        self.store.resume_doubts().await?;
        self.store.end_rests().await?;
        self.store.bring_back_parked().await?;
        for relay in self.relays.values().filter(|relay| relay.has_recovered()) {
            for trouble in [Trouble::RelayRests, Trouble::PasswordRefused] {
                self.store.end_alert_and_tell(&trouble.matter(&relay.name)).await?;
            }
        }
        Ok(())
    }

    /// Mails that were sent, or were tried and wait or failed, since this was opened.
    pub fn settled(&self) -> u64 {
        let counts = self.summary();
        counts.sent + counts.deferred + counts.failed + counts.skipped + counts.in_doubt
    }

    /// Counts since this was opened.
    fn summary(&self) -> Summary {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Summary {
            sent: count(&self.tally.sent),
            deferred: count(&self.tally.deferred),
            failed: count(&self.tally.failed),
            skipped: count(&self.tally.skipped),
            in_doubt: count(&self.tally.in_doubt),
            resting: Vec::new(),
            waits_until: None,
        }
    }
}

impl Summary {
    fn since(&self, before: &Summary) -> Summary {
        Summary {
            sent: self.sent - before.sent,
            deferred: self.deferred - before.deferred,
            failed: self.failed - before.failed,
            skipped: self.skipped - before.skipped,
            in_doubt: self.in_doubt - before.in_doubt,
            resting: Vec::new(),
            waits_until: None,
        }
    }
}

/// A relay that did not take our password is tried again if the configuration has another one now.
async fn try_new_password(store: &Store, relay: &Relay, secret: &Secret) -> Result<(), Error> {
    if let Some(password) = relay.password()
        && store
            .try_new_password(&relay.name, &secret.fingerprint(&password))
            .await?
    {
        tracing::info!(
            relay = relay.name,
            "there is another password now; the relay is tried again"
        );
    }
    Ok(())
}

/// The host of `web.public_url`, else an address literal (RFC 5321 section 4.1.4).
fn default_helo(public_url: &str) -> ClientId {
    let url = url::Url::parse(public_url).ok();
    let host = url
        .as_ref()
        .and_then(url::Url::host_str)
        .filter(|host| *host != "localhost");
    host.map_or_else(ClientId::default, relay::client_id)
}

fn fresh_token() -> Result<Arc<str>, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(Arc::from(format!("{:032x}", u128::from_ne_bytes(bytes))))
}
