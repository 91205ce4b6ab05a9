//! The job itself: collect reports, publish them, seal editions, release them, try and correct.
//!
//! In: a [`House`], which is everything a step needs. Out: rows in the store; feeds, pages and delivery read those.
//! Commands and pages call the same functions. Read on in this order: `collect.rs` (files become reports), `people.rs`
//! (the CSV becomes subscriptions), `draft.rs` (an edition before it is one), `seal.rs` (draft becomes rows),
//! `decide.rs` (what staff decide about it), `slots.rs` (when all this happens by itself), `trial.rs` (test sends),
//! `alert.rs` (what staff are told), `returned.rs` (what comes back), `joining.rs` (people who come by themselves).

mod alert;
mod collect;
mod configured;
mod decide;
mod draft;
mod hand;
mod host;
mod joining;
mod lasting;
mod people;
mod pictures;
mod purge;
mod returned;
mod review;
mod seal;
mod slots;
mod trial;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;
use crate::config::{Backfill, Config, List};
use crate::render::Templates;
use crate::store::Store;
use crate::token::Secret;

pub use alert::{post_alerts, tell_alerts};
pub use collect::{Collected, Collector, Polls, Refused, collect_folders, collect_web, fetcher, publish_settled};
pub use decide::{Decided, ReportDecision, Told, decide_edition, decide_report};
pub use draft::{Draft, DraftVariant, Order, by_hand, draft, reads_by};
pub use hand::{Hands, read_hands, read_note};
pub use host::{COPIED, know_new_reports};
pub use joining::{Confirmed, SIGNUP, answer_signups, confirm, find_request, is_open, joinable, purge_signups};
pub use people::{
    Added, COMMAND_LINE, Erased, Import, InFile, Judged, PersonalData, Subscribed, Synced, Verdict, add, allow, erase,
    hold_to, import, know, record_act, suppress, suppression, sync,
};
pub use pictures::copy_pictures;
pub use purge::{purge, purge_daily};
pub use returned::{Taken, Trouble, collect_returned, mailbox_trouble, take_returned, watch_mailbox};
pub use review::reviewer;
pub use seal::{Seen, release_due, seal, seal_slot};
pub use slots::{Ticked, Upcoming, left_for, outlook, tick, upcoming};
pub use trial::{Files, Samples, Trial, preview, preview_sealed, samples, test_send, trial};

/// The cadence of a send by hand.
pub const MANUAL: &str = "manual";
/// Fewer new reports than this need no `backfill`.
const FEW: usize = 10;
/// What `backfill = "auto"` reaches back to, where there are more.
const AUTO_BACKFILL: TimeDelta = TimeDelta::days(30);

/// Everything a step of the job needs.
#[derive(Clone, Debug)]
pub struct House {
    pub config: Arc<Config>,
    pub store: Store,
    pub clock: Clock,
    pub templates: Templates,
    pub secret: Secret,
}

impl House {
    /// Opens the store, the templates and the secret of a configuration, and records what is configured.
    pub async fn open(config: Config, clock: Clock) -> anyhow::Result<House> {
        let folder = config.root.join("templates");
        let templates = Templates::load(folder.is_dir().then_some(folder.as_path()))?;
        let secret = Secret::load_or_create(&config.path(&config.store.secret_file))?;
        let store = Store::open(&config.store_url()?, clock.clone())
            .await
            .with_context(|| format!("store.url of {}", config.root.join("config.toml").display()))?;
        let house = House {
            config: Arc::new(config),
            store,
            clock,
            templates,
            secret,
        };
        let ids = house.secret.key_ids();
        let known = house
            .store
            .settle_fact("key", ids.first().map_or("", String::as_str))
            .await?;
        anyhow::ensure!(
            ids.contains(&known),
            "{} is not the secret this database was made with, and no unsubscribe link that is out would work; restore \
             the file, or put the old key on a line below the new one",
            house.config.path(&house.config.store.secret_file).display()
        );
        host::check(&house)
            .await
            .context("finding out whether this database is where it was")?;
        lasting::refuse_moved_ids(&house).await?;
        configured::record(&house)
            .await
            .context("recording the configuration")?;
        Ok(house)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The database file, if the store is SQLite: what the daemon locks.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.config.sqlite_path()
    }

    /// The list's CSV, kept by staff.
    pub fn people_file(&self, list: &str) -> PathBuf {
        self.config.root.join("subscribers").join(format!("{list}.csv"))
    }
}

/// The cadences of a list, and the one of sends by hand.
pub fn cadences_of(list: &List) -> impl Iterator<Item = &str> {
    list.cadences.keys().map(String::as_str).chain(std::iter::once(MANUAL))
}

/// Which of several reports of these dates are too old to be mailed.
fn older_than_backfill(backfill: Backfill, dates: &[DateTime<Utc>], now: DateTime<Utc>) -> Vec<bool> {
    let oldest = match backfill {
        Backfill::All => return vec![false; dates.len()],
        Backfill::None => return vec![true; dates.len()],
        Backfill::Auto if dates.len() <= FEW => return vec![false; dates.len()],
        Backfill::Auto => now - AUTO_BACKFILL,
        Backfill::Within(time) => now - TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX),
    };
    dates.iter().map(|date| *date < oldest).collect()
}

/// Reads a small text file of the configuration folder; none if there is none.
fn read_optional(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
