//! The job itself: collect reports, publish them, seal editions, release them, try and correct.
//!
//! In: a [`House`], which is everything a step needs. Out: rows in the store; feeds, pages and delivery read those.
//! Commands and pages call the same functions. Read on in this order: `collect.rs` (files become reports), `people.rs`
//! (the CSV becomes subscriptions), `draft.rs` (an edition before it is one), `seal.rs` (draft becomes rows),
//! `decide.rs` (what staff decide about it), `slots.rs` (when all this happens by itself), `trial.rs` (test sends).

mod collect;
mod decide;
mod draft;
mod hand;
mod host;
mod people;
mod seal;
mod slots;
mod trial;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;
use crate::config::{Backfill, Cadence, Config, List};
use crate::edition::{Matter, list_takes};
use crate::render::Templates;
use crate::store::{CadenceState, Store, Stored, Table};
use crate::token::Secret;

pub use collect::{Collected, Collector, Refused, collect, publish_settled};
pub use decide::{Decided, decide_edition, decide_report};
pub use draft::{Draft, DraftVariant, Order, What, by_hand, draft, reads_by};
pub use hand::{Hands, read_hands, read_note};
pub use host::{COPIED, know_new_reports};
pub use people::{COMMAND_LINE, Synced, hold_to, import, sync};
pub use seal::{release_due, seal, seal_slot};
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
        house
            .record_configuration()
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

    /// Makes the rows of lists and cadences, and marks as retired what is no longer configured (rule 15). What a new or
    /// changed cadence newly matches is taken only within `backfill`; the rest is known, not new (rule 11).
    async fn record_configuration(&self) -> anyhow::Result<()> {
        let (config, store, now) = (&self.config, &self.store, self.now());
        store.settle_fact("epoch", "1").await?;
        let mut tx = store.begin_alone("configuration").await?;
        let (mut lists, mut cadences) = (Vec::new(), Vec::new());
        for (name, list) in &config.lists {
            store.record_list(&mut tx, name, now).await?;
            lists.push(name.clone());
            for cadence in cadences_of(list) {
                cadences.push(format!("{name}/{cadence}"));
                let rule = list.cadences.get(cadence).map(rule_of).unwrap_or_default();
                let matching = serde_json::to_string(&list.sources)?;
                let before = store.find_cadence(name, cadence).await?;
                let is_same =
                    |before: &CadenceState| before.rule == rule && before.matching == matching && !before.retired;
                if before.as_ref().is_some_and(is_same) {
                    continue;
                }
                let is_new = |report: &Stored| match &before {
                    None => true,
                    // It was away for a while: what came meanwhile is as new to it as to a new one.
                    Some(before) if before.retired => true,
                    Some(before) => {
                        let sources: Vec<String> = serde_json::from_str(&before.matching).unwrap_or_default();
                        !sources.is_empty() && !sources.contains(&report.source)
                    }
                };
                let newly = store.list_unledgered(name, cadence, now).await?;
                let newly: Vec<_> = newly
                    .into_iter()
                    .filter(|report| list_takes(list, name, report) && is_new(report))
                    .collect();
                let dates: Vec<_> = newly
                    .iter()
                    .map(|report| report.dated_at.unwrap_or(report.first_seen_at))
                    .collect();
                let known = older_than_backfill(list.backfill, &dates, now);
                let known: Vec<_> = newly
                    .iter()
                    .zip(known)
                    .filter(|(_, known)| *known)
                    .map(|(report, _)| (report.id, Matter::Report))
                    .collect();
                store.record_ledger(&mut tx, name, cadence, &known, None, now).await?;
                // A schedule that was moved counts its slots from now on, so that none fires for the past.
                let decided_until = match &before {
                    Some(before) if before.rule == rule && !before.retired => before.decided_until,
                    _ => now,
                };
                store
                    .record_cadence(
                        &mut tx,
                        name,
                        cadence,
                        &CadenceState {
                            decided_until,
                            rule,
                            matching,
                            retired: false,
                        },
                        now,
                    )
                    .await?;
            }
        }
        let sources: Vec<_> = config.sources.keys().cloned().collect();
        store.retire_others(&mut tx, Table::List, &lists, now).await?;
        store.retire_others(&mut tx, Table::Cadence, &cadences, now).await?;
        store.retire_others(&mut tx, Table::Source, &sources, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The cadences of a list, and the one of sends by hand.
pub fn cadences_of(list: &List) -> impl Iterator<Item = &str> {
    list.cadences.keys().map(String::as_str).chain(std::iter::once(MANUAL))
}

fn rule_of(cadence: &Cadence) -> String {
    match cadence {
        Cadence::Immediate => "immediate".to_owned(),
        Cadence::Cron { cron, zone } => format!("{} {zone}", cron.as_str()),
    }
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
