//! The answer of a feed becomes reports.
//!
//! In: a page that is a feed. Out: its items that are new or changed, stored. The surprising part: an item that is only a
//! summary is read from its page, some pages a poll, so that a long first feed takes several polls and nobody is hurried.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use url::Url;

use super::super::{Collected, Found, Look, store_look};
use super::{MOST_PAGES, PAGES, PAGES_FOR, Poll, Taken};
use crate::config::FullText;
use crate::report::{self, Report, Stated};
use crate::source::feed::{self, Item};
use crate::source::fetch::{Fetched, Page, Request};
use crate::source::pages::Visit;
use crate::source::poll::Hints;

/// Behind the fingerprint of an item whose page could not be had yet, so that the page is not forgotten.
const SUMMARY_ONLY: &str = " summary";

impl Poll {
    pub(super) async fn take_feed(&self, page: &Page) -> anyhow::Result<Taken> {
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
        let is_whole = self
            .take_items(feed.items, feed.language.as_deref(), &mut collected)
            .await?;
        Ok(Taken {
            collected,
            is_whole,
            hints: Hints {
                fresh_for: feed.fresh_for,
                skip_hours: feed.skip_hours,
            },
        })
    }

    /// Turns items that are new or changed into reports and stores them. False: some wait for the next poll.
    async fn take_items(
        &self,
        items: Vec<Item>,
        language: Option<&str>,
        collected: &mut Collected,
    ) -> anyhow::Result<bool> {
        let origins = self.house.store.list_origins(&self.name).await?;
        let known: HashMap<&str, &str> = origins
            .iter()
            .map(|origin| (origin.path.as_str(), origin.fingerprint.as_str()))
            .collect();
        let now = self.house.now();
        let began = tokio::time::Instant::now();
        let visits = self.house.store.list_visits(&self.name).await?;
        let mut look = Look {
            present: items.iter().map(|item| item.key.clone()).collect(),
            ..Look::default()
        };
        let mut pages = 0;
        for mut item in items {
            let mut fingerprint = fingerprint(&item);
            let as_known = known
                .get(item.key.as_str())
                .and_then(|known| known.strip_prefix(&*fingerprint));
            let link = item.link.as_deref().and_then(|link| Url::parse(link).ok());
            let visit = link.as_ref().and_then(|link| visits.get(link));
            let is_in_hand = as_known == Some(SUMMARY_ONLY) && visit.is_none_or(|visit| visit.is_due(None, now));
            if as_known.is_some() && !is_in_hand {
                collected.unchanged += 1;
                continue;
            }
            item.language = item.language.or_else(|| language.map(str::to_owned));
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
                    let (behind, visited) = self
                        .visit_behind(visit.cloned().unwrap_or_else(|| Visit::new(link, now)), collected)
                        .await;
                    if visited.is_to_be_tried_again() {
                        fingerprint.push_str(SUMMARY_ONLY);
                    }
                    // A page that was had at once is not asked for again, and need not be remembered.
                    if visit.is_some() || visited.is_to_be_tried_again() {
                        look.visits.push(visited);
                    }
                    behind
                }
                None => None,
            };
            look.found.push(self.found(item, behind, fingerprint, now).await);
        }
        let is_whole = collected.restless.is_empty() && !look.visits.iter().any(Visit::is_to_be_tried_again);
        store_look(&self.house, &self.name, &self.source, look, collected).await?;
        Ok(is_whole)
    }

    /// The page behind an item; the item itself serves as long as it cannot be had.
    async fn visit_behind(&self, mut visit: Visit, collected: &mut Collected) -> (Option<Box<Page>>, Visit) {
        let now = self.house.now();
        let request = Request {
            url: &visit.url,
            accept: PAGES,
            home: self.url.host_str(),
            robots: self.source.robots(),
            validators: None,
        };
        let page = match self.fetcher.fetch(&request, now).await {
            Ok(Fetched::Page(page)) => Some(page),
            Ok(Fetched::NotModified) => None,
            Err(error) => {
                let note = format!("the page of an item was not read, its summary serves: {error}");
                collected.notes.push(note);
                if error.is_passing() {
                    visit.failed(now);
                    return (None, visit);
                }
                None
            }
        };
        visit.answered(None, now);
        (page, visit)
    }

    async fn found(&self, item: Item, behind: Option<Box<Page>>, fingerprint: String, now: DateTime<Utc>) -> Found {
        let place = item.key.clone();
        let dated = item.updated.or(item.published).filter(|at| *at <= now);
        let context = self.context(item.updated);
        let reading = tokio::task::spawn_blocking(move || read(item, behind, &context));
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
fn read(item: Item, behind: Option<Box<Page>>, context: &report::Context) -> Result<Report, String> {
    let stated = Stated {
        by: "feed",
        title: item.title,
        url: item.link,
        published: item.published,
        language: item.language,
        author: item.author,
        topics: item.topics,
        image: item.image,
        ..Stated::default()
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
            report::read_item(&html, Some(&item.base), &stated, context).map_err(|refusal| refusal.to_string())
        }
    }
}
