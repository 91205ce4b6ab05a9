//! The pages of a site become reports.
//!
//! In: the listing or sitemap, if it changed, and what is known of its pages. Out: pages that are new or changed, stored.
//! The surprising part: a page that is no longer listed is still asked now and then, because a report that has left the
//! front of a site is corrected all the same; and what counts as changed is what was read, not the bytes, because the
//! frame of a page changes every day.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use url::Url;

use super::super::{Collected, Found, Look, store_look};
use super::{MOST_PAGES, PAGES, PAGES_FOR, Poll, Taken};
use crate::report::{self, Report, Stated};
use crate::source::fetch::{Error, Fetched, Page, Request};
use crate::source::pages::{self, Link, Listing, Visit, Wanted};
use crate::source::poll::Hints;

/// Of a sitemap index so many sitemaps are read, those that changed last.
const MOST_SITEMAPS: usize = 20;
/// After so many pages in a row that cannot be had the host is left alone until the next poll.
const MANY_FAILURES: usize = 3;
/// A page with less text, in words, and no date of an event is no report.
const SHORTEST: usize = 40;

impl Poll {
    /// `listing`: none if it is as it was, or if nothing lists the pages.
    pub(super) async fn take_pages(&self, listing: Option<&Page>) -> anyhow::Result<Taken> {
        let now = self.house.now();
        let mut collected = Collected::of(&self.name);
        let listing = self.read_listing(listing, &mut collected).await?;
        let visits = self.house.store.list_visits(&self.name).await?;
        let due = due(listing.links, &visits, now);
        let mut look = Look {
            present: visits.keys().map(Url::to_string).collect(),
            ..Look::default()
        };
        look.present.extend(due.iter().map(|(visit, _)| visit.url.to_string()));

        let began = tokio::time::Instant::now();
        let (mut asked, mut failures) = (0, 0);
        for (visit, changed_at) in due {
            let is_over = asked >= MOST_PAGES || failures >= MANY_FAILURES || began.elapsed() > PAGES_FOR;
            if is_over {
                // Known pages have time; new ones keep the first collection open.
                if !visits.contains_key(&visit.url) {
                    collected.restless.push(visit.url.to_string());
                }
                continue;
            }
            if let Some(delay) = self.fetcher.delay(&visit.url, now).filter(|_| asked > 0) {
                tokio::time::sleep(delay).await;
            }
            asked += 1;
            match self.visit(visit, changed_at, &mut look, &mut collected).await {
                Visited::Answered => failures = 0,
                Visited::Failed => failures += 1,
                Visited::HostWaits => failures = MANY_FAILURES,
            }
        }
        let is_whole = collected.restless.is_empty();
        let origins = self.house.store.list_origins(&self.name).await?;
        let touched: HashSet<&str> = look.found.iter().map(|found| found.place.as_str()).collect();
        let untouched = origins.iter().filter(|origin| !touched.contains(origin.path.as_str()));
        collected.unchanged += untouched.filter(|origin| origin.refused.is_none()).count();
        store_look(&self.house, &self.name, &self.source, look, &mut collected).await?;
        Ok(Taken {
            collected,
            is_whole,
            hints: Hints::default(),
        })
    }

    /// The pages that are listed now: by the listing, by the sitemaps it names, and by staff.
    async fn read_listing(&self, page: Option<&Page>, collected: &mut Collected) -> anyhow::Result<Listing> {
        let mut listing = match page {
            Some(page) => self.read_links(page).await?,
            None => Listing::default(),
        };
        let sitemaps = std::mem::take(&mut listing.sitemaps);
        if sitemaps.len() > MOST_SITEMAPS {
            let note = format!("only {MOST_SITEMAPS} of {} sitemaps were read", sitemaps.len());
            listing.notes.push(note);
        }
        for sitemap in sitemaps.iter().take(MOST_SITEMAPS) {
            let request = self.request(&sitemap.url, None);
            let read = match self.fetcher.fetch(&request, self.house.now()).await {
                Ok(Fetched::Page(page)) => self.read_links(&page).await,
                Ok(Fetched::NotModified) => continue,
                Err(error) => Err(error.into()),
            };
            match read {
                Ok(more) => {
                    listing.links.extend(more.links);
                    listing.notes.extend(more.notes);
                }
                Err(error) => listing.notes.push(format!("a sitemap was not read: {error:#}")),
            }
        }
        let named = self.source.pages.iter().map(|url| Link {
            url: pages::address(url),
            changed_at: None,
        });
        listing.links.extend(named);
        listing.links.truncate(pages::MOST_LINKS);
        collected.notes.append(&mut listing.notes);
        Ok(listing)
    }

    async fn read_links(&self, page: &Page) -> anyhow::Result<Listing> {
        let (bytes, url) = (page.bytes.clone(), page.url.clone());
        let charset = page.charset().map(str::to_owned);
        let wanted = Wanted {
            links: self.source.links.clone(),
            under: self.source.under.clone(),
        };
        let reading = tokio::task::spawn_blocking(move || pages::read(&bytes, charset.as_deref(), &url, &wanted));
        let listing = reading
            .await
            .context("the listing cannot be read: a rule of rapporteur fails on it; please report it")??;
        Ok(listing)
    }

    fn request<'a>(&'a self, url: &'a Url, visit: Option<&'a Visit>) -> Request<'a> {
        // A page that staff name may lie on an internal host; one that a page names, only on that of the listing.
        let is_named = self.source.pages.iter().any(|named| pages::address(named) == *url);
        Request {
            url,
            accept: PAGES,
            home: if is_named { url.host_str() } else { self.url.host_str() },
            robots: self.source.robots(),
            validators: visit.and_then(|visit| visit.validators.as_ref()),
        }
    }

    async fn visit(
        &self,
        mut visit: Visit,
        changed_at: Option<DateTime<Utc>>,
        look: &mut Look,
        collected: &mut Collected,
    ) -> Visited {
        let now = self.house.now();
        let fetched = self.fetcher.fetch(&self.request(&visit.url, Some(&visit)), now).await;
        let visited = match fetched {
            Ok(Fetched::NotModified) => {
                visit.answered(changed_at, now);
                Visited::Answered
            }
            Ok(Fetched::Page(page)) => {
                visit.answered(changed_at, now);
                visit.validators.clone_from(&page.validators);
                look.found.push(self.found_page(&visit.url, *page, changed_at).await);
                Visited::Answered
            }
            Err(error) => {
                visit.failed(now);
                if visit.is_to_be_tried_again() && error.is_passing() {
                    collected
                        .notes
                        .push(format!("a page was not read, it is tried again: {error}"));
                    if visit.first_at == now {
                        collected.restless.push(visit.url.to_string());
                    }
                } else {
                    look.found.push(Found {
                        place: visit.url.to_string(),
                        size: 0,
                        modified_at: now,
                        fingerprint: String::new(),
                        report: Err(error.to_string()),
                    });
                }
                match error {
                    Error::ToldToWait { .. } => Visited::HostWaits,
                    error if error.retry_after().is_some() => Visited::HostWaits,
                    _ => Visited::Failed,
                }
            }
        };
        look.visits.push(visit);
        visited
    }

    async fn found_page(&self, url: &Url, page: Page, changed_at: Option<DateTime<Utc>>) -> Found {
        let now = self.house.now();
        let context = report::Context {
            http_charset: page.charset().map(str::to_owned),
            ..self.context(changed_at)
        };
        let reading = tokio::task::spawn_blocking(move || read(&page, &context));
        let report = match reading.await {
            Ok(report) => report,
            Err(_) => Err("cannot be read: a rule of rapporteur fails on it; please report it".to_owned()),
        };
        let fingerprint = report.as_ref().map(fingerprint).unwrap_or_default();
        Found {
            place: url.to_string(),
            size: 0,
            modified_at: changed_at.filter(|at| *at <= now).unwrap_or(now),
            fingerprint,
            report,
        }
    }
}

enum Visited {
    Answered,
    Failed,
    /// It wants to be left alone.
    HostWaits,
}

/// The pages to ask now: new ones as they are listed, then known ones, those that have waited longest first.
fn due(listed: Vec<Link>, visits: &HashMap<Url, Visit>, now: DateTime<Utc>) -> Vec<(Visit, Option<DateTime<Utc>>)> {
    let changed: HashMap<&Url, DateTime<Utc>> = listed
        .iter()
        .filter_map(|link| Some((&link.url, link.changed_at?)))
        .collect();
    let mut known: Vec<_> = visits
        .values()
        .map(|visit| (visit.clone(), changed.get(&visit.url).copied()))
        .filter(|(visit, changed_at)| visit.is_due(*changed_at, now))
        .collect();
    known.sort_by(|(a, _), (b, _)| (a.next_at, &a.url).cmp(&(b.next_at, &b.url)));
    let new = listed.iter().filter(|link| !visits.contains_key(&link.url));
    let new = new.map(|link| (Visit::new(link.url.clone(), now), link.changed_at));
    new.chain(known).collect()
}

fn read(page: &Page, context: &report::Context) -> Result<Report, String> {
    let report = report::read_page(&page.bytes, &page.url, &Stated::default(), context)
        .map_err(|refusal| refusal.to_string())?;
    let words = report.body_text.split_whitespace().count();
    if words < SHORTEST && report.event.start.is_none() {
        return Err(format!(
            "holds {words} words and no date of an event, so it is no report; `links` or `under` keep such pages out"
        ));
    }
    Ok(report)
}

/// What of a page makes it another report: not what stands beside it.
fn fingerprint(report: &Report) -> String {
    let own = Report {
        related: Vec::new(),
        provenance: std::collections::BTreeMap::new(),
        ..report.clone()
    };
    report::fingerprint(&serde_json::to_vec(&own).unwrap_or_default())
}
