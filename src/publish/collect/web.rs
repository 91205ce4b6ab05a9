//! Asks sources on the web, each on its own clock.
//!
//! In: sources that are due. Out: items that are new or changed, as reports; what is done with an answer stands in a file
//! for each kind of source. The surprising part: what a poll found out about the next one is stored before and after it,
//! so that a program that is started again and again asks nobody more often; and sources are asked side by side, so that
//! one that dawdles keeps no other waiting.

mod calendar;
mod feed;
mod pages;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::{Collected, failed};
use crate::config::{Source, SourceKind};
use crate::publish::House;
use crate::report;
use crate::source::fetch::{Error, Fetched, Fetcher, Request};
use crate::source::poll::{Hints, MANY_FAILURES, Polling};

/// Sources that are asked at the same time.
const SIDE_BY_SIDE: usize = 16;
/// Until this is over nobody is asked again, whatever becomes of the poll.
const AT_LEAST: TimeDelta = TimeDelta::minutes(15);

/// No poll takes longer: a sitemap with many files that each dawdle ends here.
const AT_MOST: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// Pages that one poll reads; the others wait for the next.
const MOST_PAGES: usize = 30;
/// Pages are begun for this long; the others wait for the next poll too.
const PAGES_FOR: std::time::Duration = std::time::Duration::from_secs(60);

const PAGES: &str = "text/html, application/xhtml+xml, */*;q=0.5";

/// For `Accept`.
fn accepted(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Calendar => "text/calendar, */*;q=0.5",
        SourceKind::Pages => PAGES,
        SourceKind::Feed | SourceKind::Folder => {
            "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
        }
    }
}

/// Asks the named sources on the web that are due, or all; with `force`, also those that are not, unless they asked to
/// be left alone. Sources that are not due bring nothing.
pub async fn collect_web(
    house: &House,
    fetcher: &Fetcher,
    names: &[String],
    force: bool,
) -> anyhow::Result<Vec<Collected>> {
    let mut polls = Polls::default();
    polls.begin(house, fetcher, names, force).await;
    let mut all = Vec::new();
    while let Some(collected) = polls.next().await {
        all.push(collected);
    }
    Ok(all)
}

/// Polls under way. Others can begin meanwhile, so that no source waits for one that dawdles.
pub struct Polls {
    under_way: JoinSet<Option<Collected>>,
    /// Their tasks and what they ask.
    asked: HashMap<tokio::task::Id, Poll>,
    /// Those whose host is being asked: they would only keep the places of others.
    waiting: VecDeque<Poll>,
    places: Arc<Semaphore>,
}

impl Default for Polls {
    fn default() -> Self {
        Polls {
            under_way: JoinSet::new(),
            asked: HashMap::new(),
            waiting: VecDeque::new(),
            places: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
        }
    }
}

impl Polls {
    /// Begins to ask the sources that are due and are not being asked already: see [`collect_web`]. A source of which
    /// the store cannot tell is logged, and keeps no other waiting.
    pub async fn begin(&mut self, house: &House, fetcher: &Fetcher, names: &[String], force: bool) {
        for (name, source) in &house.config.sources {
            let Some(url) = source.address() else { continue };
            if !names.is_empty() && !names.contains(name) || self.sources().any(|asked| asked == name) {
                continue;
            }
            let polling = match house.store.find_source(name).await {
                Ok(state) => state.polling.of(url),
                Err(error) => {
                    tracing::error!(source = name, "a source could not be looked up: {error}");
                    continue;
                }
            };
            let may_ask = polling.is_due(house.now()) || (force && !polling.is_told_to_wait(house.now()));
            if may_ask {
                self.waiting.push_back(Poll {
                    house: house.clone(),
                    fetcher: fetcher.clone(),
                    name: name.clone(),
                    source: source.clone(),
                    url: url.clone(),
                });
            }
        }
        self.start_waiting();
    }

    /// Starts what waits, one poll for each host.
    fn start_waiting(&mut self) {
        let mut still = VecDeque::new();
        while let Some(poll) = self.waiting.pop_front() {
            if self.asked.values().any(|asked| asked.url.host() == poll.url.host()) {
                still.push_back(poll);
                continue;
            }
            let (places, asked) = (self.places.clone(), poll.clone());
            let task = self.under_way.spawn(async move {
                let _place = places.acquire().await;
                poll.run_to_its_end().await
            });
            self.asked.insert(task.id(), asked);
        }
        self.waiting = still;
    }

    /// The next of them that ends; none: nothing is under way.
    pub async fn next(&mut self) -> Option<Collected> {
        loop {
            let ended = self.under_way.join_next_with_id().await?;
            let task = match &ended {
                Ok((task, _)) => *task,
                Err(error) => error.id(),
            };
            let poll = self.asked.remove(&task);
            self.start_waiting();
            match (ended, poll) {
                (Ok((_, Some(collected))), _) => return Some(collected),
                (Ok((_, None)), _) | (Err(_), None) => {}
                (Err(error), Some(poll)) => return poll.broken_off(&anyhow::Error::new(error)).await,
            }
        }
    }

    /// Names of the sources that are being asked or wait for their host.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let all = self.asked.values().chain(&self.waiting);
        all.map(|poll| poll.name.as_str())
    }
}

/// What became of an answer.
struct Taken {
    collected: Collected,
    /// All of it is stored; else some waits for the next poll.
    is_whole: bool,
    hints: Hints,
}

/// One source that is asked.
#[derive(Clone)]
struct Poll {
    house: House,
    fetcher: Fetcher,
    name: String,
    source: Source,
    url: Url,
}

impl Poll {
    /// None: another worker asks it, or it does not want to be asked now.
    async fn run_to_its_end(&self) -> Option<Collected> {
        let ended = tokio::time::timeout(AT_MOST, self.run()).await;
        let ended = ended.unwrap_or_else(|_| bail!("gave up after {} minutes", AT_MOST.as_secs() / 60));
        match ended {
            Ok(collected) => collected,
            Err(error) => self.broken_off(&error).await,
        }
    }

    /// What broke in our hands counts as a failure of the source: it is shown, and asked less and less often.
    async fn broken_off(&self, error: &anyhow::Error) -> Option<Collected> {
        tracing::error!(source = self.name, "a source could not be asked: {error:#}");
        let recorded = async {
            let mut polling = self.house.store.find_source(&self.name).await?.polling.of(&self.url);
            let now = self.house.now();
            polling.failed(now, self.source.interval(), self.jitter(now), false, None);
            self.house.store.record_polling(&self.name, &polling).await?;
            failed(&self.house, &self.name, error).await
        };
        match recorded.await {
            Ok(collected) => Some(collected),
            Err(error) => {
                tracing::error!(source = self.name, "and that could not be written down: {error:#}");
                None
            }
        }
    }

    async fn run(&self) -> anyhow::Result<Option<Collected>> {
        let store = &self.house.store;
        let state = store.find_source(&self.name).await?;
        let before = state.polling;
        let is_moved = before
            .configured
            .as_ref()
            .is_some_and(|configured| *configured != self.url);
        let mut polling = before.of(&self.url);
        let now = self.house.now();
        // A neighbour may have been told so while this one waited for its turn.
        if polling.is_told_to_wait(now) {
            return Ok(None);
        }
        polling.begin(now + AT_LEAST);
        if !store
            .begin_polling(&self.name, state.stored_polling.as_deref(), &polling)
            .await?
        {
            return Ok(None);
        }
        if is_moved {
            // What lies at another address is not new because we have never looked there.
            store.forget_first_collection(&self.name).await?;
        }
        let asked = self.ask(&mut polling).await;
        let error = match asked {
            Ok(mut collected) => {
                self.record(&mut polling).await?;
                collected.next_at = polling.next_at;
                return Ok(Some(collected));
            }
            Err(error) => error,
        };
        let (gone, told, unasked) = match error.downcast_ref::<Error>() {
            Some(error) => (error.is_gone(), error.retry_after(), error.unasked_until()),
            None => (false, None, None),
        };
        match unasked {
            // It did not fail: nobody asked it.
            Some(until) => polling.wait_until(until),
            None => polling.failed(self.house.now(), self.source.interval(), self.jitter(now), gone, told),
        }
        self.record(&mut polling).await?;
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
        Ok(Some(collected))
    }

    /// Stores what a poll found out about the next; what a neighbour was told meanwhile still holds.
    async fn record(&self, polling: &mut Polling) -> anyhow::Result<()> {
        let stored = self.house.store.find_source(&self.name).await?.polling.of(&self.url);
        if let Some(until) = stored
            .told_to_wait_until
            .filter(|_| stored.is_told_to_wait(self.house.now()))
        {
            polling.wait_until(until);
        }
        Ok(self.house.store.record_polling(&self.name, polling).await?)
    }

    async fn ask(&self, polling: &mut Polling) -> anyhow::Result<Collected> {
        let now = self.house.now();
        let address = polling.address(&self.url).clone();
        let request = Request {
            url: &address,
            accept: accepted(self.source.kind),
            home: self.url.host_str(),
            robots: self.source.robots(),
            validators: polling.validators.as_ref(),
        };
        // Pages that nothing lists have no listing to ask for.
        let answer = match self.source.url {
            Some(_) => self.fetcher.fetch(&request, now).await?,
            None => Fetched::NotModified,
        };
        let page = match answer {
            Fetched::Page(page) => Some(page),
            Fetched::NotModified => None,
        };
        let taken = match (self.source.kind, &page) {
            (SourceKind::Pages, page) => self.take_pages(page.as_deref()).await?,
            (SourceKind::Calendar, Some(page)) => self.take_calendar(page).await?,
            (_, Some(page)) => self.take_feed(page).await?,
            (_, None) => self.take_nothing().await?,
        };
        if !taken.is_whole {
            polling.validators = None;
        }
        let mut moved = None;
        if let Some(page) = page {
            // Only now that it could be read and stored (POLL-01); and not if some of it is still to be taken.
            polling.validators = page.validators.filter(|_| taken.is_whole);
            polling.hints = Hints {
                fresh_for: page.fresh_for.max(taken.hints.fresh_for),
                ..taken.hints
            };
            moved = page.moved_to;
        }
        let hints = polling.hints.clone();
        if let Some(to) = polling.succeeded(
            self.house.now(),
            self.source.interval(),
            self.jitter(now),
            &hints,
            moved.as_ref(),
        ) {
            tracing::warn!(source = self.name, %to, "a source has moved for good and is asked there; correct its `url`");
        }
        Ok(taken.collected)
    }

    /// The source says that it is as it was.
    async fn take_nothing(&self) -> anyhow::Result<Taken> {
        let store = &self.house.store;
        store.record_unchanged(&self.name, self.house.now()).await?;
        let known = store.list_origins(&self.name).await?;
        Ok(Taken {
            collected: Collected {
                unchanged: known.iter().filter(|origin| !origin.gone).count(),
                ..Collected::of(&self.name)
            },
            is_whole: true,
            hints: Hints::default(),
        })
    }

    /// A host that asked for patience gets it for all sources that lie there (POLL-03).
    async fn let_neighbours_wait(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        for (name, source) in &self.house.config.sources {
            let Some(url) = source.address() else { continue };
            if *name != self.name && url.host_str() == self.url.host_str() {
                let mut polling = self.house.store.find_source(name).await?.polling.of(url);
                polling.wait_until(until);
                self.house.store.record_polling(name, &polling).await?;
            }
        }
        Ok(())
    }

    /// What is known of a page before it is read.
    fn context(&self, published_hint: Option<DateTime<Utc>>) -> report::Context {
        report::Context {
            published_hint,
            topics: self.house.config.topics.clone().into_iter().collect(),
            select: self.source.select.clone().into_iter().collect(),
            ..report::Context::default()
        }
    }

    /// Between 0 and 1, another for each source and poll.
    fn jitter(&self, now: DateTime<Utc>) -> f64 {
        let hash = blake3::hash(format!("{} {}", &self.name, now.timestamp()).as_bytes());
        let [first, second, ..] = *hash.as_bytes();
        f64::from(u16::from_be_bytes([first, second])) / f64::from(u16::MAX)
    }
}
