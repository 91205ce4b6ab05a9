//! Files become reports: new ones, new revisions of known ones, and refusals that staff see.
//!
//! One bad file stops nothing. The surprising part: identity. A changed file is a new revision of its report, a renamed
//! file with the same text is the same report, a removed file deletes nothing, and the public id is made once, from
//! the tag authority, the source and the file's first path, so that collecting anew after a disaster gives the same.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use chrono::TimeDelta;

use super::{House, older_than_backfill};
use crate::config::{Backfill, Config, Source};
use crate::report::{self, Report};
use crate::source::{self, Dropped, Watch};
use crate::store::{NewReport, Origin, Store, Stored, Tx};

/// The source's own date is believed if it is no older than this when the report arrives; an older one would bury the
/// report in feeds.
const BELIEVED_FOR: TimeDelta = TimeDelta::days(7);
/// More new reports at once than this are held for review: a source that suddenly repeats itself floods nobody.
const FLOOD: usize = 50;

/// What remembers between looks which files lie still.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    watches: HashMap<String, Watch>,
}

/// A file that could not be read, and why.
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
    /// Everything in the source that is refused, old refusals too.
    pub refused: Vec<Refused>,
    /// Of the new ones: only for feeds and archive.
    pub archived: usize,
    /// Of the new ones: held for review.
    pub held: usize,
    /// Files that are still being written.
    pub restless: Vec<String>,
    /// Why the source as a whole could not be collected.
    pub error: Option<String>,
    /// Refusals that were not known before, for the log.
    #[serde(skip)]
    pub newly_refused: usize,
}

impl Collected {
    /// Joins what a later look brought to what the earlier ones did.
    pub fn add(&mut self, later: Collected) {
        // What an earlier look took is unchanged to this one.
        self.unchanged = later.unchanged.saturating_sub(self.new + self.changed);
        self.new += later.new;
        self.changed += later.changed;
        self.archived += later.archived;
        self.held += later.held;
        self.refused = later.refused;
        self.restless = later.restless;
        self.error = later.error;
    }
}

/// Collects the named sources, or all; a source that fails is reported, and the others go on.
pub async fn collect(house: &House, collector: &mut Collector, names: &[String]) -> anyhow::Result<Vec<Collected>> {
    let mut all = Vec::new();
    for (name, source) in &house.config.sources {
        if !names.is_empty() && !names.contains(name) {
            continue;
        }
        let watch = collector.watches.entry(name.clone()).or_default();
        match collect_source(house, name, source, watch).await {
            Ok(collected) => all.push(collected),
            Err(error) => {
                let error = format!("{error:#}");
                if house.store.record_source_error(name, &error).await? {
                    tracing::error!(source = name, %error, "a source cannot be collected");
                }
                all.push(Collected {
                    source: name.clone(),
                    error: Some(error),
                    ..Collected::default()
                });
            }
        }
    }
    Ok(all)
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

/// A file that was read, or why not.
struct Read {
    dropped: Dropped,
    fingerprint: String,
    report: Result<Report, String>,
}

async fn collect_source(house: &House, name: &str, source: &Source, watch: &mut Watch) -> anyhow::Result<Collected> {
    let (store, now) = (&house.store, house.now());
    let folder = house.config.path(&source.path);
    let origins = store.list_origins(name).await?;
    let look = source::look(&folder, &origins, watch, now)?;
    let mut read = Vec::new();
    for dropped in look.dropped {
        read.push(read_one(dropped, &house.config).await);
    }

    let mut collected = Collected {
        source: name.to_owned(),
        unchanged: look.unchanged,
        restless: look.restless,
        ..Collected::default()
    };
    let mut tx = store.begin_alone(&format!("source {name}")).await?;
    let first = store.find_source(name).await?.first_collected_at.is_none();
    // Anew: another may have collected while we read.
    let origins = store.list_origins(name).await?;
    let mut shelf = Shelf {
        house,
        name,
        first,
        by_print: HashMap::new(),
        taken: HashSet::new(),
        arrived: HashSet::new(),
        origins,
    };
    for path in &look.gone {
        if let Some(origin) = shelf.origins.iter_mut().find(|origin| origin.path == *path) {
            origin.gone = true;
            store.record_origin(&mut tx, name, origin, now).await?;
        }
    }
    let new = shelf.sort(&mut tx, read, &mut collected).await?;
    shelf.take_new(&mut tx, source, new, &mut collected).await?;
    store.record_collected(&mut tx, name, now).await?;
    tx.commit().await?;

    let refused = store
        .list_origins(name)
        .await?
        .into_iter()
        .filter(|origin| !origin.gone);
    collected.refused = refused
        .filter_map(|origin| {
            Some(Refused {
                path: origin.path,
                reason: origin.refused?,
            })
        })
        .collect();
    collected.unchanged = collected
        .unchanged
        .saturating_sub(collected.refused.len() - collected.newly_refused);
    Ok(collected)
}

/// Reads one file on a thread of its own, so that a rule that fails badly costs this file only (REL-15).
async fn read_one(mut dropped: Dropped, config: &Config) -> Read {
    let path = dropped.path.clone();
    let bytes = std::mem::replace(&mut dropped.bytes, Ok(Vec::new()));
    let (bytes, sidecar) = match (bytes, dropped.sidecar.take().transpose()) {
        (Ok(bytes), Ok(sidecar)) => (Ok(bytes), sidecar),
        (Err(reason), _) => (Err(reason), None),
        (_, Err(reason)) => (Err(format!("the .toml file beside it {reason}")), None),
    };
    let context = report::Context {
        published_hint: Some(dropped.written_at),
        topics: config.topics.clone().into_iter().collect(),
        ..report::Context::default()
    };
    let (fingerprint, report) = match bytes {
        Err(reason) => (String::new(), Err(reason)),
        Ok(bytes) => {
            // A changed sidecar is a change of the report; a report without one keeps the fingerprint of its bytes.
            let fingerprint = match &sidecar {
                None => report::fingerprint(&bytes),
                Some(stated) => report::fingerprint(&[bytes.as_slice(), &[0], stated.as_slice()].concat()),
            };
            let context = report::Context { sidecar, ..context };
            let reading = tokio::task::spawn_blocking(move || report::read(&path, &bytes, &context));
            let report = match reading.await {
                Ok(report) => report.map_err(|refusal| refusal.to_string()),
                Err(_) => Err("cannot be read: a rule of rapporteur fails on it; please report it".to_owned()),
            };
            (fingerprint, report)
        }
    };
    Read {
        dropped,
        fingerprint,
        report,
    }
}

/// One collection of one source. What it has written is not committed yet and so cannot be asked for: it is kept here.
struct Shelf<'a> {
    house: &'a House,
    name: &'a str,
    /// The source's first collection: the only one that knows `backfill`.
    first: bool,
    /// Reports taken in this collection, by their bytes.
    by_print: HashMap<String, i64>,
    /// Keys given to reports in this collection.
    taken: HashSet<String>,
    /// Paths at which a known report turned up in this collection.
    arrived: HashSet<String>,
    origins: Vec<Origin>,
}

/// A report nobody has seen before.
struct Fresh {
    read: Read,
    report: Report,
    key: String,
}

impl Shelf<'_> {
    fn store(&self) -> &Store {
        &self.house.store
    }

    /// Records refusals and revisions; returns what is new.
    async fn sort(
        &mut self,
        tx: &mut Tx,
        mut read: Vec<Read>,
        collected: &mut Collected,
    ) -> anyhow::Result<Vec<Fresh>> {
        let mut new: Vec<Fresh> = Vec::new();
        // Texts that are known come first: once it is clear where a file was moved to, another may stand in its place.
        let known: HashSet<String> = self.origins.iter().map(|origin| origin.fingerprint.clone()).collect();
        read.sort_by_key(|read| !known.contains(&read.fingerprint));
        for mut read in read {
            let path = read.dropped.path.clone();
            if let Some(other) = self.find_clash(&read, &new).await? {
                read.report = Err(format!("has the same `id` as {other}; give it one of its own"));
            }
            match &read.report {
                Err(reason) => {
                    tracing::warn!(source = self.name, path, reason, "a file was refused");
                    collected.newly_refused += 1;
                    let known = self
                        .origins
                        .iter()
                        .find(|origin| origin.path == path)
                        .and_then(|known| known.report_id);
                    self.record(tx, &read, known).await?;
                }
                Ok(report) => {
                    let key = report.handling.id.clone().unwrap_or_else(|| path.clone());
                    match self.find_known(&read, &key).await? {
                        Some(known) if known.fingerprint == read.fingerprint => {
                            collected.unchanged += 1;
                            self.arrived.insert(path);
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        Some(known) => {
                            collected.changed += 1;
                            let now = self.house.now();
                            self.store()
                                .record_revision(tx, &known, &read.fingerprint, report, now)
                                .await?;
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        None => {
                            let report = report.clone();
                            new.push(Fresh { read, report, key });
                        }
                    }
                }
            }
        }
        Ok(new)
    }

    /// The other file that holds the `id` this one gives itself.
    async fn find_clash(&self, read: &Read, new: &[Fresh]) -> anyhow::Result<Option<String>> {
        let id = read.report.as_ref().ok().and_then(|report| report.handling.id.as_ref());
        let Some(id) = id else { return Ok(None) };
        let differs = |fingerprint: &str| fingerprint != read.fingerprint;
        if let Some(fresh) = new
            .iter()
            .find(|fresh| fresh.key == *id && differs(&fresh.read.fingerprint))
        {
            return Ok(Some(fresh.read.dropped.path.clone()));
        }
        let known = self.store().find_report_of_item(self.name, id, "").await?;
        let holder = known.and_then(|known| {
            self.origins.iter().find(|origin| {
                origin.report_id == Some(known.id)
                    && !origin.gone
                    && origin.path != read.dropped.path
                    && differs(&origin.fingerprint)
            })
        });
        Ok(holder.map(|origin| origin.path.clone()))
    }

    /// The report a file belongs to: by its path, by the item's key, by its bytes (a renamed file).
    async fn find_known(&self, read: &Read, key: &str) -> anyhow::Result<Option<Stored>> {
        let at_path = self.origins.iter().find(|origin| origin.path == read.dropped.path);
        if let Some(id) = at_path.and_then(|origin| origin.report_id) {
            let stored = self.store().find_report(id).await?;
            if let Some(stored) = stored.filter(|stored| self.still_stands_for(stored, read, key)) {
                return Ok(Some(stored));
            }
        }
        let known = self
            .store()
            .find_report_of_item(self.name, key, &read.fingerprint)
            .await?;
        let is_there = |known: &Stored| {
            self.origins
                .iter()
                .any(|origin| origin.report_id == Some(known.id) && !origin.gone)
        };
        Ok(known.filter(|known| {
            known.fingerprint == read.fingerprint || (!is_there(known) && self.still_stands_for(known, read, key))
        }))
    }

    /// Whether the file at a report's path still is that report, though its text changed. It is another if the report's
    /// file was moved away, or copied to begin a new one, or removed long before one of the same name came.
    fn still_stands_for(&self, stored: &Stored, read: &Read, key: &str) -> bool {
        let path = &read.dropped.path;
        let mut others = self
            .origins
            .iter()
            .filter(|origin| origin.report_id == Some(stored.id) && origin.path != *path && !origin.gone)
            .peekable();
        let has_same_title = read
            .report
            .as_ref()
            .is_ok_and(|report| report.title == stored.report.title);
        let has_own_key = stored.item_key == key && key != path;
        if has_same_title || has_own_key || stored.fingerprint == read.fingerprint {
            return true;
        }
        if others.peek().is_none() {
            return self.origins.iter().any(|origin| origin.path == *path && !origin.gone);
        }
        stored.item_key == *path && !others.any(|origin| self.arrived.contains(&origin.path))
    }

    /// Stores new reports, the oldest first.
    async fn take_new(
        &mut self,
        tx: &mut Tx,
        source: &Source,
        mut new: Vec<Fresh>,
        collected: &mut Collected,
    ) -> anyhow::Result<()> {
        let now = self.house.now();
        let date = |fresh: &Fresh| {
            fresh
                .report
                .published
                .unwrap_or(fresh.read.dropped.modified_at)
                .min(now)
        };
        new.sort_by_key(date);
        let dates: Vec<_> = new.iter().map(date).collect();
        let backfill = if self.first { source.backfill } else { Backfill::All };
        let archived = older_than_backfill(backfill, &dates, now);
        let is_flood = !self.first && new.len() > FLOOD;
        let why = format!(
            "{} new reports at once; see that they are new, then `reports release ID`",
            new.len()
        );
        for (fresh, archived) in new.into_iter().zip(archived) {
            if let Some(id) = self.by_print.get(&fresh.read.fingerprint).copied() {
                collected.unchanged += 1;
                self.record(tx, &fresh.read, Some(id)).await?;
                continue;
            }
            let id = self
                .insert(tx, &fresh, archived, is_flood.then_some(why.as_str()))
                .await?;
            self.by_print.insert(fresh.read.fingerprint.clone(), id);
            self.record(tx, &fresh.read, Some(id)).await?;
            collected.new += 1;
            collected.archived += usize::from(archived);
            collected.held += usize::from(is_flood);
        }
        Ok(())
    }

    async fn insert(
        &mut self,
        tx: &mut Tx,
        fresh: &Fresh,
        archived: bool,
        held_why: Option<&str>,
    ) -> anyhow::Result<i64> {
        let now = self.house.now();
        let institute = &self.house.config.institute;
        let key = self.free_key(&fresh.key).await?;
        self.taken.insert(key.clone());
        let public_id = format!("tag:{}:{}/{}", institute.tag_authority, escape(self.name), escape(&key));
        let slug: String = slug::slugify(&fresh.report.title).chars().take(80).collect();
        let slug = slug.trim_end_matches('-');
        let believed = fresh
            .report
            .published
            .filter(|at| *at <= now && (self.first || *at >= now - BELIEVED_FOR));
        let new = NewReport {
            public_id: &public_id,
            slug: if slug.is_empty() { "report" } else { slug },
            source: self.name,
            item_key: &key,
            fingerprint: &fresh.read.fingerprint,
            at: now,
            dated_at: believed,
            archived,
            held_why,
            report: &fresh.report,
        };
        self.store()
            .insert_report(tx, &new)
            .await
            .with_context(|| format!("storing {}", fresh.read.dropped.path))
    }

    /// The key itself, unless a report that has moved on holds it: then with a number.
    async fn free_key(&self, key: &str) -> anyhow::Result<String> {
        for number in 2.. {
            let tried = if number == 2 {
                key.to_owned()
            } else {
                format!("{key}#{}", number - 1)
            };
            let is_taken = self.taken.contains(&tried);
            if !is_taken && self.store().find_report_of_item(self.name, &tried, "").await?.is_none() {
                return Ok(tried);
            }
        }
        Ok(key.to_owned())
    }

    async fn record(&mut self, tx: &mut Tx, read: &Read, report_id: Option<i64>) -> anyhow::Result<()> {
        let origin = Origin {
            path: read.dropped.path.clone(),
            size: read.dropped.size,
            modified_at: read.dropped.modified_at,
            fingerprint: read.fingerprint.clone(),
            report_id,
            refused: read.report.as_ref().err().cloned(),
            gone: false,
        };
        self.store()
            .record_origin(tx, self.name, &origin, self.house.now())
            .await?;
        self.origins.retain(|known| known.path != origin.path);
        self.origins.push(origin);
        Ok(())
    }
}

/// For a `tag:` URI: what RFC 4151 does not allow is percent-encoded.
fn escape(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
