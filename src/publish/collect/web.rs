//! Asks sources on the web, each on its own clock.
//!
//! In: feeds that are due. Out: items that are new or changed, as reports. The surprising part: what a poll found out
//! about the next one is stored before and after it, so that a program that is started again and again asks nobody more
//! often; and sources are asked side by side, so that one that dawdles keeps no other waiting.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::{Collected, Found, failed, store_found};
use crate::config::{FullText, Source};
use crate::publish::House;
use crate::report::{self, Report, Stated};
use crate::source::feed::{self, Item};
use crate::source::fetch::{Error, Fetched, Fetcher, Page, Request};
use crate::source::poll::{Hints, MANY_FAILURES, Polling};

/// Sources that are asked at the same time.
const SIDE_BY_SIDE: usize = 16;
/// Pages behind items that one poll reads; the others wait for the next.
const MOST_PAGES: usize = 30;
/// Pages are begun for this long; the others wait for the next poll too.
const PAGES_FOR: std::time::Duration = std::time::Duration::from_secs(60);
/// Until this is over nobody is asked again, whatever becomes of the poll.
const AT_LEAST: TimeDelta = TimeDelta::minutes(15);
const FEEDS: &str =
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5";
const PAGES: &str = "text/html, application/xhtml+xml, */*;q=0.5";

/// Asks the named sources on the web that are due, or all; with `force`, also those that are not, unless they asked to
/// be left alone. Sources that are not due bring nothing.
pub async fn collect_web(
    house: &House,
    fetcher: &Fetcher,
    names: &[String],
    force: bool,
) -> anyhow::Result<Vec<Collected>> {
    let mut polls = JoinSet::new();
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    for (name, source) in &house.config.sources {
        let Some(url) = &source.url else { continue };
        if !names.is_empty() && !names.contains(name) {
            continue;
        }
        let polling = house.store.find_source(name).await?.polling.of(url);
        let may_ask = polling.is_due(house.now()) || (force && !polling.is_told_to_wait(house.now()));
        if may_ask {
            let poll = Poll {
                house: house.clone(),
                fetcher: fetcher.clone(),
                name: name.clone(),
                source: source.clone(),
                url: url.clone(),
            };
            let places = places.clone();
            polls.spawn(async move {
                let _place = places.acquire().await;
                poll.run().await
            });
        }
    }
    let mut all = Vec::new();
    while let Some(collected) = polls.join_next().await {
        match collected {
            Ok(Ok(collected)) => all.push(collected),
            Ok(Err(error)) => tracing::error!("a source could not be asked: {error:#}"),
            Err(error) => tracing::error!("asking a source broke off: {error}"),
        }
    }
    Ok(all)
}

/// One source that is asked.
struct Poll {
    house: House,
    fetcher: Fetcher,
    name: String,
    source: Source,
    url: Url,
}

impl Poll {
    async fn run(&self) -> anyhow::Result<Collected> {
        let store = &self.house.store;
        let mut polling = store.find_source(&self.name).await?.polling.of(&self.url);
        let now = self.house.now();
        polling.begin(now + AT_LEAST);
        store.record_polling(&self.name, &polling).await?;
        match self.ask(&mut polling).await {
            Ok(mut collected) => {
                store.record_polling(&self.name, &polling).await?;
                collected.next_at = polling.next_at;
                Ok(collected)
            }
            Err(error) => {
                let (gone, told) = match error.downcast_ref::<Error>() {
                    Some(error) => (error.is_gone(), error.retry_after()),
                    None => (false, None),
                };
                polling.failed(self.house.now(), self.source.interval(), self.jitter(now), gone, told);
                store.record_polling(&self.name, &polling).await?;
                if let (Some(_), Some(until)) = (told, polling.next_at) {
                    self.let_neighbours_wait(until).await?;
                }
                if polling.failures == MANY_FAILURES {
                    tracing::error!(
                        source = self.name,
                        "a source has failed {MANY_FAILURES} times in a row: {error:#}"
                    );
                }
                let mut collected = failed(&self.house, &self.name, &error).await?;
                collected.next_at = polling.next_at;
                Ok(collected)
            }
        }
    }

    async fn ask(&self, polling: &mut Polling) -> anyhow::Result<Collected> {
        let now = self.house.now();
        let address = polling.address(&self.url).clone();
        let request = Request {
            url: &address,
            accept: FEEDS,
            home: self.url.host_str(),
            etag: polling.etag.as_deref(),
            last_modified: polling.last_modified.as_deref(),
        };
        let page = match self.fetcher.fetch(&request, now).await? {
            Fetched::Page(page) => page,
            Fetched::NotModified => {
                let hints = polling.hints.clone();
                polling.succeeded(self.house.now(), self.source.interval(), self.jitter(now), &hints, None);
                self.house.store.record_unchanged(&self.name, self.house.now()).await?;
                let known = self.house.store.list_origins(&self.name).await?;
                return Ok(Collected {
                    unchanged: known.iter().filter(|origin| !origin.gone).count(),
                    ..Collected::of(&self.name)
                });
            }
        };
        let (bytes, url) = (page.bytes.clone(), page.url.clone());
        let charset = page.charset().map(str::to_owned);
        let reading = tokio::task::spawn_blocking(move || feed::read(&bytes, charset.as_deref(), &url));
        let feed = reading
            .await
            .context("the feed cannot be read: a rule of rapporteur fails on it; please report it")??;
        let mut collected = Collected {
            notes: feed.notes.clone(),
            ..Collected::of(&self.name)
        };
        let is_whole = self.take(feed.items, feed.language.as_deref(), &mut collected).await?;

        // Only now that it could be read and stored (POLL-01); and not if some of it is still to be taken.
        (polling.etag, polling.last_modified) = match is_whole {
            true => (page.etag.clone(), page.last_modified.clone()),
            false => (None, None),
        };
        let hints = Hints {
            fresh_for: page.fresh_for.max(feed.fresh_for),
            skip_hours: feed.skip_hours,
        };
        polling.hints = hints.clone();
        let moved = page.moved_to.as_ref();
        if let Some(to) = polling.succeeded(
            self.house.now(),
            self.source.interval(),
            self.jitter(now),
            &hints,
            moved,
        ) {
            tracing::warn!(source = self.name, %to, "a source has moved for good and is asked there; correct its `url`");
        }
        Ok(collected)
    }

    /// Turns items that are new or changed into reports and stores them. False: some wait for the next poll.
    async fn take(&self, items: Vec<Item>, language: Option<&str>, collected: &mut Collected) -> anyhow::Result<bool> {
        let origins = self.house.store.list_origins(&self.name).await?;
        let known: HashMap<&str, &str> = origins
            .iter()
            .map(|origin| (origin.path.as_str(), origin.fingerprint.as_str()))
            .collect();
        let now = self.house.now();
        let began = tokio::time::Instant::now();
        let present = items.iter().map(|item| item.key.clone()).collect();
        let (mut found, mut pages) = (Vec::new(), 0);
        for mut item in items {
            let fingerprint = fingerprint(&item);
            if known.get(item.key.as_str()) == Some(&fingerprint.as_str()) {
                collected.unchanged += 1;
                continue;
            }
            item.language = item.language.or_else(|| language.map(str::to_owned));
            let link = item.link.as_deref().and_then(|link| Url::parse(link).ok());
            let wants_page = match self.source.full_text.unwrap_or_default() {
                FullText::Auto => item.is_summary || item.html.is_none(),
                FullText::Feed => false,
                FullText::Page => true,
            };
            let behind = match link.filter(|_| wants_page) {
                Some(_) if pages >= MOST_PAGES || began.elapsed() > PAGES_FOR => {
                    collected.restless.push(item.key);
                    continue;
                }
                Some(link) => {
                    pages += 1;
                    self.fetch_behind(&link, collected).await
                }
                None => None,
            };
            found.push(self.found(item, behind, fingerprint, now).await);
        }
        store_found(&self.house, &self.name, &self.source, found, (&[], present), collected).await?;
        Ok(collected.restless.is_empty())
    }

    /// The page behind an item; the item itself serves if it cannot be had.
    async fn fetch_behind(&self, link: &Url, collected: &mut Collected) -> Option<Box<Page>> {
        let request = Request {
            url: link,
            accept: PAGES,
            home: self.url.host_str(),
            etag: None,
            last_modified: None,
        };
        match self.fetcher.fetch(&request, self.house.now()).await {
            Ok(Fetched::Page(page)) => Some(page),
            Ok(Fetched::NotModified) => None,
            Err(error) => {
                let note = format!("the page of an item was not read, its summary serves: {error}");
                collected.notes.push(note);
                None
            }
        }
    }

    async fn found(&self, item: Item, behind: Option<Box<Page>>, fingerprint: String, now: DateTime<Utc>) -> Found {
        let place = item.key.clone();
        let dated = item.updated.or(item.published).filter(|at| *at <= now);
        let topics = self.house.config.topics.clone().into_iter().collect();
        let reading = tokio::task::spawn_blocking(move || read(item, behind, topics));
        let report = match reading.await {
            Ok(report) => report,
            Err(_) => Err("cannot be read: a rule of rapporteur fails on it; please report it".to_owned()),
        };
        Found {
            size: 0,
            modified_at: dated.unwrap_or(now),
            place,
            fingerprint,
            report,
        }
    }

    /// A host that asked for patience gets it for all sources that lie there (POLL-03).
    async fn let_neighbours_wait(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        for (name, source) in &self.house.config.sources {
            let Some(url) = &source.url else { continue };
            if *name != self.name && url.host_str() == self.url.host_str() {
                let mut polling = self.house.store.find_source(name).await?.polling.of(url);
                polling.wait_until(until);
                self.house.store.record_polling(name, &polling).await?;
            }
        }
        Ok(())
    }

    /// Between 0 and 1, another for each source and poll.
    fn jitter(&self, now: DateTime<Utc>) -> f64 {
        let hash = blake3::hash(format!("{} {}", &self.name, now.timestamp()).as_bytes());
        let [first, second, ..] = *hash.as_bytes();
        f64::from(u16::from_be_bytes([first, second])) / f64::from(u16::MAX)
    }
}

/// What of an item makes it another text: not what its feed says about when it was touched.
fn fingerprint(item: &Item) -> String {
    let parts = (
        &item.title,
        &item.link,
        &item.html,
        &item.published,
        &item.author,
        &item.topics,
    );
    report::fingerprint(&serde_json::to_vec(&parts).unwrap_or_default())
}

/// What the feed states of an item, and the text of its page if that was fetched.
fn read(item: Item, behind: Option<Box<Page>>, topics: Vec<(String, Vec<String>)>) -> Result<Report, String> {
    let stated = Stated {
        title: item.title,
        url: item.link,
        published: item.published,
        language: item.language,
        author: item.author,
        topics: item.topics,
    };
    let context = report::Context {
        published_hint: item.updated,
        topics,
        ..report::Context::default()
    };
    let from_page = behind.and_then(|page| {
        let context = report::Context {
            http_charset: page.charset().map(str::to_owned),
            ..context.clone()
        };
        report::read_page(&page.bytes, &page.url, &stated, &context).ok()
    });
    match from_page {
        Some(report) => Ok(report),
        None => {
            let html = item.html.unwrap_or_default();
            report::read_item(&html, &item.base, &stated, &context).map_err(|refusal| refusal.to_string())
        }
    }
}
