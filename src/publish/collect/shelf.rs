//! What was found becomes reports: new ones, new revisions of known ones, refusals that staff see.
//!
//! In: what a source holds that is new or changed. Out: rows. The surprising part: identity. A changed file is a new
//! revision of its report, a renamed file with the same text is the same report, an item with a known link under a new
//! guid is the same item, and what another source has brought already is one report with two origins. The public id is
//! made once, from the tag authority, the source and the item's first key, so that collecting anew after a disaster
//! gives the same.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::Collected;
use crate::config::{Backfill, Source, SourceKind};
use crate::publish::{AUTO_BACKFILL, House, older_than_backfill};
use crate::report::{self, CALLED_OFF, MOVED, Report, Status};
use crate::store::{NewReport, Origin, Store, Stored, Tx};

/// The source's own date is believed if it is no older than this when the report arrives; an older one would bury the
/// report in feeds.
const BELIEVED_FOR: TimeDelta = TimeDelta::days(7);
/// More new reports of a source than this, at once or little by little within [`FLOOD_TIME`], are held for review: a
/// source that suddenly repeats itself floods nobody.
const FLOOD: usize = 50;
/// Short enough that a busy day is no flood, long enough that one that trickles in is.
const FLOOD_TIME: TimeDelta = TimeDelta::hours(1);

/// What lies in a source and is new or changed.
pub(super) struct Found {
    /// A file's path within its folder, an item's key within its feed.
    pub(super) place: String,
    pub(super) size: i64,
    pub(super) modified_at: DateTime<Utc>,
    pub(super) fingerprint: String,
    /// Or why it cannot be read.
    pub(super) report: Result<Report, String>,
}

/// One collection of one source. What it has written is not committed yet and so cannot be asked for: it is kept here.
pub(super) struct Shelf<'a> {
    house: &'a House,
    name: &'a str,
    source: &'a Source,
    /// One instant for all that this collection writes, by which its reports are told from later ones.
    now: DateTime<Utc>,
    /// The source's first collection: the only one that knows `backfill`.
    first: bool,
    /// Reports taken in this collection, by their bytes.
    by_print: HashMap<String, i64>,
    /// Keys given to reports in this collection.
    taken: HashSet<String>,
    /// Keys of all items that a feed has now.
    present: HashSet<String>,
    /// Reports that have a new revision from this collection.
    revised: HashSet<i64>,
    /// Part of a first collection was stored before.
    continued: bool,
    /// Paths at which a known report turned up in this collection.
    arrived: HashSet<String>,
    origins: Vec<Origin>,
}

/// A report nobody has seen before.
pub(super) struct Fresh {
    read: Found,
    report: Report,
    key: String,
}

impl<'a> Shelf<'a> {
    /// To be called within the lock of the source: what is known is asked anew, for another may have collected
    /// meanwhile.
    pub(super) async fn open(
        house: &'a House,
        name: &'a str,
        source: &'a Source,
        present: HashSet<String>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Shelf<'a>> {
        let origins = house.store.list_origins(name).await?;
        Ok(Shelf {
            first: house.store.find_source(name).await?.first_collected_at.is_none(),
            continued: !origins.is_empty(),
            origins,
            present,
            revised: HashSet::new(),
            house,
            name,
            source,
            now,
            by_print: HashMap::new(),
            taken: HashSet::new(),
            arrived: HashSet::new(),
        })
    }

    fn store(&self) -> &'a Store {
        &self.house.store
    }

    /// Nothing has ever been found in the source.
    pub(super) fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// Marks places at which nothing lies any more; their reports stay.
    pub(super) async fn record_gone(&mut self, tx: &mut Tx, gone: &[String]) -> anyhow::Result<()> {
        let store = self.store();
        for origin in self.origins.iter_mut().filter(|origin| gone.contains(&origin.path)) {
            origin.gone = true;
            store.record_origin(tx, self.name, origin, self.now).await?;
        }
        Ok(())
    }

    /// Records refusals and revisions; returns what is new.
    pub(super) async fn sort(
        &mut self,
        tx: &mut Tx,
        mut read: Vec<Found>,
        collected: &mut Collected,
    ) -> anyhow::Result<Vec<Fresh>> {
        let mut new: Vec<Fresh> = Vec::new();
        // Texts that are known come first: once it is clear where a file was moved to, another may stand in its place.
        let known: HashSet<String> = self.origins.iter().map(|origin| origin.fingerprint.clone()).collect();
        read.sort_by_key(|read| !known.contains(&read.fingerprint));
        for mut read in read {
            let path = read.place.clone();
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
                    let known = self.find_known(&read, &key).await?;
                    let alike = match &known {
                        Some(_) => None,
                        None => self.find_alike(report).await?,
                    };
                    let is_double = alike.as_ref().is_some_and(|alike| self.is_present(alike.id));
                    match known.or(alike) {
                        // Its first guid is still in the feed, whose text counts.
                        Some(known) if is_double => {
                            collected.unchanged += 1;
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        // It was announced, and here is its report.
                        Some(known)
                            if known.source != self.name
                                && known.report.is_announcement()
                                && !report.is_announcement() =>
                        {
                            collected.reported += 1;
                            self.store()
                                .record_revision(tx, &known, &read.fingerprint, report, self.now)
                                .await?;
                            self.want_pictures(tx, report).await?;
                            let key = self.free_key(&key).await?;
                            self.store().hand_over(tx, known.id, self.name, &key).await?;
                            self.revised.insert(known.id);
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        // What another source brought is that source's to change.
                        Some(known) if known.source != self.name => {
                            collected.joined += 1;
                            collected.unchanged += 1;
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        Some(known) if known.fingerprint == read.fingerprint => {
                            collected.unchanged += 1;
                            self.arrived.insert(path);
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        Some(known) => {
                            collected.changed += 1;
                            let mut report = report.clone();
                            if let Some(change) = change_of_plan(&known.report, &report) {
                                report.handling.correction = Some(change);
                            }
                            self.store()
                                .record_revision(tx, &known, &read.fingerprint, &report, self.now)
                                .await?;
                            self.want_pictures(tx, &report).await?;
                            self.revised.insert(known.id);
                            self.record(tx, &read, Some(known.id)).await?;
                        }
                        // Twice in one feed: the next collection finds the first.
                        None if self.is_web()
                            && !report.listed
                            && new.iter().any(|fresh| is_same_item(&fresh.report, report)) =>
                        {
                            collected.unchanged += 1;
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

    fn is_present(&self, report_id: i64) -> bool {
        let mut origins = self.origins.iter();
        origins.any(|origin| origin.report_id == Some(report_id) && self.present.contains(&origin.path))
    }

    fn is_web(&self) -> bool {
        self.source.kind != SourceKind::Folder
    }

    /// A report that has the same page, or tells of the same event: another source has brought it, or a feed has given
    /// its item a new guid (POLL-08).
    async fn find_alike(&self, report: &Report) -> anyhow::Result<Option<Stored>> {
        let link = report.url.as_deref().and_then(report::link_key);
        let event = report::event_key(report);
        if link.is_none() && event.is_none() {
            return Ok(None);
        }
        let alike = self
            .store()
            .list_reports_like(link.as_deref(), event.as_deref())
            .await?;
        // Many events of a calendar may lead to one page: then only the day tells which of them a report is about.
        let announced = alike.iter().filter(|known| known.report.listed).count();
        Ok(alike.into_iter().find(|known| {
            let day = |report: &Report| report.event.start.map(|start| start.date);
            let has_same_day = day(&known.report) == day(report);
            let is_other_language = known.report.language != report.language;
            let has_same_page = is_same_page(&known.report, report);
            match known.source == self.name {
                // A calendar's own keys are sure.
                true if self.source.kind == SourceKind::Calendar => false,
                // A new guid, if the old one is gone or the title is the same: pages such as /events are the link of
                // many items.
                true => {
                    has_same_page
                        && self.is_web()
                        && !self.revised.contains(&known.id)
                        && (known.report.title == report.title || !self.is_present(known.id))
                }
                false if known.report.listed || report.listed => {
                    has_same_day || (has_same_page && announced == 1 && day(report).is_none())
                }
                false => has_same_page || !is_other_language,
            }
        }))
    }

    /// The other file that holds the `id` this one gives itself.
    async fn find_clash(&self, read: &Found, new: &[Fresh]) -> anyhow::Result<Option<String>> {
        let id = read.report.as_ref().ok().and_then(|report| report.handling.id.as_ref());
        let Some(id) = id else { return Ok(None) };
        let differs = |fingerprint: &str| fingerprint != read.fingerprint;
        if let Some(fresh) = new
            .iter()
            .find(|fresh| fresh.key == *id && differs(&fresh.read.fingerprint))
        {
            return Ok(Some(fresh.read.place.clone()));
        }
        let known = self.store().find_report_of_item(self.name, id, "").await?;
        let holder = known.and_then(|known| {
            self.origins.iter().find(|origin| {
                origin.report_id == Some(known.id)
                    && !origin.gone
                    && origin.path != read.place
                    && differs(&origin.fingerprint)
            })
        });
        Ok(holder.map(|origin| origin.path.clone()))
    }

    /// The report a file belongs to: by its path, by the item's key, by its bytes (a renamed file).
    async fn find_known(&self, read: &Found, key: &str) -> anyhow::Result<Option<Stored>> {
        let at_path = self.origins.iter().find(|origin| origin.path == read.place);
        if let Some(id) = at_path.and_then(|origin| origin.report_id) {
            let stored = self.store().find_report(id).await?;
            if stored.as_ref().is_some_and(|stored| stored.source != self.name) {
                return Ok(stored);
            }
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
    fn still_stands_for(&self, stored: &Stored, read: &Found, key: &str) -> bool {
        let path = &read.place;
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
    pub(super) async fn take_new(
        &mut self,
        tx: &mut Tx,
        mut new: Vec<Fresh>,
        collected: &mut Collected,
    ) -> anyhow::Result<()> {
        let now = self.now;
        let date = |fresh: &Fresh| fresh.report.published.unwrap_or(fresh.read.modified_at).min(now);
        new.sort_by_key(date);
        let dates: Vec<_> = new.iter().map(date).collect();
        let waiting = if self.is_web() { collected.restless.len() } else { 0 };
        let is_part = waiting > 0 || self.continued;
        let backfill = match (self.first, self.source.backfill) {
            (false, _) => Backfill::All,
            // "Up to 10 are all new" is said of the whole, and this is a part of it.
            (true, Backfill::Auto) if is_part && self.is_web() => Backfill::Within(AUTO_BACKFILL.to_std()?),
            (true, backfill) => backfill,
        };
        let archived = older_than_backfill(backfill, &dates, now);
        let since = now - FLOOD_TIME;
        let lately = self.store().count_newly_seen(self.name, since).await? as usize;
        let count = lately + new.len() + waiting;
        let is_flood = !self.first && count > FLOOD;
        let when = if lately > 0 { "within an hour" } else { "at once" };
        let why = format!("{count} new reports {when}; see that they are new, then `reports release ID`");
        for (fresh, archived) in new.into_iter().zip(archived) {
            if let Some(id) = self.by_print.get(&fresh.read.fingerprint).copied() {
                collected.unchanged += 1;
                self.record(tx, &fresh.read, Some(id)).await?;
                continue;
            }
            self.want_pictures(tx, &fresh.report).await?;
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
        let now = self.now;
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
            .with_context(|| format!("storing {}", fresh.read.place))
    }

    async fn want_pictures(&self, tx: &mut Tx, report: &Report) -> anyhow::Result<()> {
        self.store()
            .want_pictures(tx, self.name, &report.images, self.now)
            .await?;
        Ok(())
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

    async fn record(&mut self, tx: &mut Tx, read: &Found, report_id: Option<i64>) -> anyhow::Result<()> {
        let origin = Origin {
            path: read.place.clone(),
            size: read.size,
            modified_at: read.modified_at,
            fingerprint: read.fingerprint.clone(),
            report_id,
            refused: read.report.as_ref().err().cloned(),
            gone: false,
        };
        self.store().record_origin(tx, self.name, &origin, self.now).await?;
        self.origins.retain(|known| known.path != origin.path);
        self.origins.push(origin);
        Ok(())
    }
}

/// What people who know of an announced event have to be told.
fn change_of_plan(before: &Report, now: &Report) -> Option<String> {
    if !before.listed || !now.listed {
        return None;
    }
    let is_off = |report: &Report| report.event.status == Status::Cancelled;
    let plan = |report: &Report| {
        let event = &report.event;
        (event.start, event.venue.clone(), event.city.clone())
    };
    match () {
        () if is_off(now) && !is_off(before) => Some(CALLED_OFF.to_owned()),
        // Marked by what it is now, so that a second move is a second change.
        () if plan(now) != plan(before) || is_off(before) != is_off(now) => {
            Some(format!("{MOVED} {}", now.event.start?))
        }
        () => None,
    }
}

fn is_same_item(a: &Report, b: &Report) -> bool {
    a.title == b.title && is_same_page(a, b)
}

fn is_same_page(a: &Report, b: &Report) -> bool {
    let key = |report: &Report| report.url.as_deref().and_then(report::link_key);
    key(a).is_some_and(|link| key(b) == Some(link))
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
