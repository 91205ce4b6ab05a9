//! Sources are looked at, and what is new or changed in them becomes reports.
//!
//! In: the configured sources. Out: rows, and a [`Collected`] for each source that was looked at. `collect/folder.rs`
//! looks into folders, `collect/web.rs` asks the web, `collect/shelf.rs` tells new from known and stores. One bad file
//! stops nothing, one bad source stops no other.

mod announced;
mod folder;
mod shelf;
mod translations;
mod web;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use self::shelf::{Found, Shelf};
use self::translations::link_translations;
use super::House;
use crate::config::{Config, Source, SourceKind};
use crate::source::fetch::{Fetcher, Guard, Names};
use crate::source::folder::Watch;
use crate::source::pages::Visit;

pub use self::folder::collect_folders;
pub use self::web::{Polls, collect_web};

/// What remembers between looks which files lie still.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    watches: HashMap<String, Watch>,
    /// Calendars that are files: size, time of change, and the day on which they were read.
    calendars: HashMap<String, (u64, std::time::SystemTime, chrono::NaiveDate)>,
}

/// A file or item that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    pub path: String,
    pub reason: String,
}

/// What collecting one source brought.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Collected {
    pub source: String,
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Of the unchanged: reports that another source has brought.
    pub joined: usize,
    /// Reports of events that another source had announced.
    pub reported: usize,
    /// Everything in the source that is refused, old refusals too.
    pub refused: Vec<Refused>,
    /// Of the new ones: only for feeds and archive.
    pub archived: usize,
    /// Of the new ones: held for review.
    pub held: usize,
    /// Files that are still being written, items whose pages come with the next polls.
    pub restless: Vec<String>,
    /// What staff should know though the source could be read.
    pub notes: Vec<String>,
    /// Sources on the web: when they are asked next.
    pub next_at: Option<DateTime<Utc>>,
    /// Why the source as a whole could not be collected.
    pub error: Option<String>,
    /// Refusals that were not known before, for the log.
    #[serde(skip)]
    pub newly_refused: usize,
}

impl Collected {
    fn of(source: &str) -> Collected {
        Collected {
            source: source.to_owned(),
            ..Collected::default()
        }
    }

    /// Joins what a later look brought to what the earlier ones did.
    pub fn add(&mut self, later: Collected) {
        // What an earlier look took is unchanged to this one.
        self.unchanged = later.unchanged.saturating_sub(self.new + self.changed);
        self.new += later.new;
        self.changed += later.changed;
        self.reported += later.reported;
        self.archived += later.archived;
        self.held += later.held;
        self.refused = later.refused;
        self.restless = later.restless;
        self.error = later.error;
    }
}

/// The one way to the web, as the configuration allows it.
pub fn fetcher(config: &Config) -> anyhow::Result<Fetcher> {
    let contact = config.fetch.contact.as_deref().unwrap_or(&config.web.public_url);
    Fetcher::new(contact, Guard::new(&config.fetch.internal_hosts, Names::System))
}

/// Makes public what has lain still for its source's `settle`, or, if a person asked, whatever has been collected.
pub async fn publish_settled(house: &House, asked: bool) -> anyhow::Result<u64> {
    let mut published = 0;
    for (name, source) in &house.config.sources {
        let settle = if asked {
            TimeDelta::zero()
        } else {
            TimeDelta::from_std(source.settle)?
        };
        published += house.store.publish_settled(name, settle, house.now()).await?;
    }
    Ok(published)
}

/// What a look into a source brought.
#[derive(Default)]
struct Look {
    found: Vec<Found>,
    /// Places of a folder at which nothing lies any more.
    gone: Vec<String>,
    /// Keys of all that a source on the web has now.
    present: HashSet<String>,
    /// What became of visits to pages.
    visits: Vec<Visit>,
}

/// Stores what was found in a source.
async fn store_look(
    house: &House,
    name: &str,
    source: &Source,
    look: Look,
    collected: &mut Collected,
) -> anyhow::Result<()> {
    let (store, now) = (&house.store, house.now());
    let mut tx = store.begin_alone(&format!("source {name}")).await?;
    let mut shelf = Shelf::open(house, name, source, look.present, now).await?;
    shelf.record_gone(&mut tx, &look.gone).await?;
    let new = shelf.sort(&mut tx, look.found, collected).await?;
    shelf.take_new(&mut tx, new, collected).await?;
    for visit in &look.visits {
        store.record_visit(&mut tx, name, visit).await?;
    }
    // Of a feed whose pages come with several polls, all of them are the first collection.
    // And what has never held anything has not been collected yet: what comes first is no news of today.
    let is_whole = source.kind == SourceKind::Folder || (collected.restless.is_empty() && !shelf.is_empty());
    store.record_collected(&mut tx, name, is_whole, now).await?;
    tx.commit().await?;
    link_translations(house).await?;

    let origins = store.list_origins(name).await?.into_iter();
    let refused = origins.filter(|origin| !origin.gone).filter_map(|origin| {
        Some(Refused {
            path: origin.path,
            reason: origin.refused?,
        })
    });
    collected.refused = refused.collect();
    let known_refusals = collected.refused.len().saturating_sub(collected.newly_refused);
    collected.unchanged = collected.unchanged.saturating_sub(known_refusals);
    Ok(())
}

/// Remembers and logs why a source could not be collected.
async fn failed(house: &House, name: &str, error: &anyhow::Error) -> anyhow::Result<Collected> {
    let error = format!("{error:#}");
    if house.store.record_source_error(name, &error).await? {
        tracing::error!(source = name, %error, "a source cannot be collected");
    }
    Ok(Collected {
        error: Some(error),
        ..Collected::of(name)
    })
}
