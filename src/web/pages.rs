//! The archive: its home, the page of a report, and the frame of all pages. Pages of editions: `edition.rs`.
//!
//! In: the snapshot and the store. Out: pages in one frame, in the reader's language; each report keeps its own.
//! Surprising: lists that are gone from the configuration keep their editions on the home page, below the others.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::cache::Document;
use super::error::Problem;
use super::negotiation;
use super::snapshot::Snapshot;
use super::{App, PAGE_CACHE};
use crate::feed;
use crate::render::{Error, direction, one_line};
use crate::store::Stored;

/// Reports on one page of the archive.
pub(super) const PAGE_SIZE: usize = 20;
/// Editions shown of each list before the rest is folded away.
const LATEST_EDITIONS: usize = 4;

/// How pages of the archive are addressed: by query when served, by name when written to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    Query,
    File,
}

impl Paging {
    fn path(self, page: usize) -> String {
        match (self, page) {
            (_, 1) => "/".into(),
            (Paging::Query, page) => format!("/?page={page}"),
            (Paging::File, page) => format!("/page-{page}.html"),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Home {
    page: Option<String>,
}

pub(super) async fn home(
    State(app): State<Arc<App>>,
    Query(query): Query<Home>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = app.snapshot();
    let page = match &query.page {
        None => Some(1),
        Some(page) => page.parse().ok(),
    };
    let page = page
        .filter(|page| (1..=pages(&snapshot)).contains(page))
        .ok_or_else(|| app.problem_not_found(&headers))?;
    let html = app
        .home_page(&snapshot, page, Paging::Query, app.language(&headers))
        .map_err(|error| app.problem_template(&error))?;
    Ok(app.page(html).answer(&headers))
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = app
        .store
        .find_report_by_slug(&slug)
        .await
        .map_err(|error| app.problem_store(&headers, &error))?
        .filter(|stored| crate::edition::is_open(&app.config, stored))
        .ok_or_else(|| app.problem_not_found(&headers))?;
    if found.withdrawn_at.is_some() && found.published_at.is_some() {
        return Err(app.problem_gone(&headers));
    }
    if !found.is_public(app.clock.now()) {
        return Err(app.problem_not_found(&headers));
    }
    let html = app
        .report_page(&found, app.language(&headers))
        .map_err(|error| app.problem_template(&error))?;
    Ok(app.page(html).answer(&headers))
}

/// How many pages the archive has; an empty archive has one.
pub(super) fn pages(snapshot: &Snapshot) -> usize {
    snapshot.reports.len().div_ceil(PAGE_SIZE).max(1)
}

impl App {
    pub(super) fn home_page(
        &self,
        snapshot: &Snapshot,
        page: usize,
        paging: Paging,
        language: &str,
    ) -> Result<String, Error> {
        let before = page.saturating_sub(1).saturating_mul(PAGE_SIZE);
        let reports: Vec<_> = snapshot.reports.iter().skip(before).take(PAGE_SIZE).collect();
        let last = pages(snapshot);
        self.render(
            "web/home.html",
            language,
            json!({
                "reports": reports,
                "lists": self.lists(snapshot, language),
                "can_join": paging == Paging::Query && self.can_join(),
                "page": page,
                "pages": last,
                "newer": (page > 1).then(|| paging.path(page - 1)),
                "older": (page < last).then(|| paging.path(page + 1)),
            }),
        )
    }

    /// Whether there is a page to join on, and something to join.
    pub(super) fn can_join(&self) -> bool {
        self.config.signup.open && crate::publish::joinable(&self.config).next().is_some()
    }

    /// The public lists with their editions, as configured; behind them those that are configured no longer.
    fn lists(&self, snapshot: &Snapshot, language: &str) -> Vec<Value> {
        let configured = self.config.lists.iter().filter(|(_, list)| list.public);
        let mut lists: IndexMap<&str, (&str, Option<&str>, Vec<Value>)> = configured
            .map(|(name, list)| {
                (
                    name.as_str(),
                    (list.title.as_str(), list.description.as_deref(), Vec::new()),
                )
            })
            .collect();
        for edition in &snapshot.editions {
            let list = lists
                .entry(&edition.list)
                .or_insert((&edition.list_title, None, Vec::new()));
            list.2.push(json!({
                "path": format!("/editions/{}/{}", edition.list, edition.number),
                "number": edition.number,
                "date": self.day(language, edition.released_at),
            }));
        }
        lists.retain(|_, (_, description, editions)| description.is_some() || !editions.is_empty());
        let lists = lists.into_values().map(|(title, description, mut editions)| {
            let older = editions.split_off(editions.len().min(LATEST_EDITIONS));
            json!({ "title": title, "description": description, "editions": editions, "older": older })
        });
        lists.collect()
    }

    pub(super) fn report_page(&self, stored: &Stored, language: &str) -> Result<String, Error> {
        let report = &stored.report;
        let own = report.language.as_deref();
        let link = feed::link(stored, &self.config.web.public_url);
        let snapshot = self.snapshot();
        let known = &snapshot.known;
        let related: Vec<Value> = report
            .related
            .iter()
            .map(|related| {
                json!({
                    "title": related.title,
                    "url": known.resolve(related),
                })
            })
            .collect();
        let translations = snapshot.translations.get(&stored.work);
        let translations: Vec<_> = translations
            .into_iter()
            .flatten()
            .filter(|one| one.report != stored.id)
            .collect();
        let topics: Vec<String> = feed::categories(report, &self.config)
            .into_iter()
            .filter(|category| category.scheme.ends_with(":topic"))
            .map(|category| category.label)
            .collect();
        let source = report.url.as_deref().and_then(feed::web_url);
        let host = source
            .as_deref()
            .and_then(|url| Url::parse(url).ok())
            .and_then(|url| url.host_str().map(str::to_owned));
        self.render(
            "web/report.html",
            language,
            json!({
                "title": one_line(&report.title),
                "report_lang": own,
                "report_dir": direction(own.unwrap_or(language)),
                "series": report.series,
                "event_line": self.templates.event_line(own.unwrap_or(language), &report.event),
                "summary": report.summary.as_deref().map(one_line),
                "people": report.people,
                "topics": topics,
                "body_html": feed::absolute_html(&report.body_html, &link),
                "pictures": feed::pictures(stored, &snapshot.copies, &self.config.web.public_url),
                "translations": translations,
                "related": related,
                "author": report.author,
                "published": stored.dated_at.map(|at| self.day(language, at)),
                "updated": stored
                    .updated_at
                    .filter(|updated| stored.dated_at.is_some_and(|dated| updated.date_naive() > dated.date_naive()))
                    .map(|at| self.day(language, at)),
                "source": source,
                "source_host": host,
                "linked_data": self.linked_data(stored, &link),
                "canonical": link,
            }),
        )
    }

    /// Renders a page with what the frame of all pages needs.
    pub(super) fn render(&self, template: &str, language: &str, mut context: Value) -> Result<String, Error> {
        let snapshot = self.snapshot();
        let frame = json!({
            "lang": language,
            "dir": direction(language),
            "institute": self.config.institute.name,
            "base": self.base(),
            "style": self.style_name,
            "feeds": snapshot.feed_links.iter().filter(|link| link.kind != "topic").collect::<Vec<_>>(),
        });
        if let (Some(context), Value::Object(frame)) = (context.as_object_mut(), frame) {
            for (key, value) in frame {
                context.entry(key).or_insert(value);
            }
            context.entry("canonical").or_insert(Value::Null);
        }
        clean(&mut context);
        self.templates.render(template, &context)
    }

    pub(super) fn page(&self, html: String) -> Document {
        let page = Document::new("text/html; charset=utf-8", PAGE_CACHE, html, None);
        match self.languages().len() {
            1 => page,
            _ => page.varying_by_language(),
        }
    }

    /// The institute's languages that the interface speaks.
    pub(super) fn languages(&self) -> Vec<String> {
        let mut languages = self.config.institute.languages.clone();
        languages.retain(|language| self.templates.words().speak(language));
        if languages.is_empty() {
            languages.push("en".into());
        }
        languages
    }

    pub(super) fn language(&self, headers: &HeaderMap) -> &str {
        let languages = self.languages();
        let chosen = negotiation::language(headers, &languages);
        // The configuration's own string, or the fallback that is in no configuration.
        let mut own = self.config.institute.languages.iter();
        own.find(|language| *language == chosen).map_or("en", String::as_str)
    }

    /// What stands before each path: empty, or the prefix under which a proxy serves us.
    fn base(&self) -> String {
        Url::parse(&self.config.web.public_url)
            .map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    pub(super) fn day(&self, language: &str, at: DateTime<Utc>) -> String {
        self.templates.day(language, at.date_naive())
    }
}

/// Control characters of a report's text would stand as boxes on a page.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = feed::clean(text),
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Object(fields) => fields.values_mut().for_each(clean),
        _ => {}
    }
}
