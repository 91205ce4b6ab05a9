//! The archive: its home, the page of a report, the page of an edition.
//!
//! In: the snapshot and the store. Out: pages in one frame, in the reader's language; each report keeps its own.
//! Surprising: an edition's page is the mail itself, under a policy of its own that lets its inline styles through and
//! nothing else; once one of its reports is withdrawn, a list of the others takes the mail's place.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::cache::{Document, Snapshot, released};
use super::error::Problem;
use super::negotiation;
use super::{App, PAGE_CACHE};
use crate::feed;
use crate::render::{Error, direction};
use crate::store::Stored;

/// Reports on one page of the archive.
pub(super) const PAGE_SIZE: usize = 20;
/// Editions shown of each list before the rest is folded away.
const LATEST_EDITIONS: usize = 4;

/// A mail as a page: its own styles, pictures by https, links that open; no script, no form, no origin (SEC-03).
const EDITION_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; \
    form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
    sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

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

pub(super) async fn edition(
    State(app): State<Arc<App>>,
    Path((list, number)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let number: i64 = number.parse().map_err(|_| app.problem_not_found(&headers))?;
    let page = app
        .edition_page(&list, number, app.language(&headers))
        .await
        .map_err(|error| match error {
            super::Error::Store(error) => app.problem_store(&headers, &error),
            super::Error::Template(error) => app.problem_template(&error),
            _ => app.problem_not_found(&headers),
        })?
        .ok_or_else(|| app.problem_not_found(&headers))?;
    let mut response = app.page(page.html).answer(&headers);
    if page.is_mail {
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(EDITION_POLICY),
        );
    }
    Ok(response)
}

/// The page of an edition.
pub(super) struct EditionPage {
    pub(super) html: String,
    /// The mail's own HTML, as opposed to a page of ours in its place.
    is_mail: bool,
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
        let lists: Vec<Value> = self
            .config
            .lists
            .iter()
            .filter(|(_, list)| list.public)
            .filter_map(|(name, list)| {
                let mut editions: Vec<Value> = snapshot
                    .editions
                    .iter()
                    .filter(|edition| edition.list == *name)
                    .map(|edition| {
                        json!({
                            "path": format!("/editions/{name}/{}", edition.number),
                            "number": edition.number,
                            "date": self.day(language, edition.released_at),
                        })
                    })
                    .collect();
                if editions.is_empty() && list.description.is_none() {
                    return None;
                }
                let older = editions.split_off(editions.len().min(LATEST_EDITIONS));
                Some(json!({
                    "title": list.title,
                    "description": list.description,
                    "editions": editions,
                    "older": older,
                }))
            })
            .collect();
        let last = pages(snapshot);
        self.render(
            "web/home.html",
            language,
            json!({
                "reports": reports,
                "lists": lists,
                "page": page,
                "pages": last,
                "newer": (page > 1).then(|| paging.path(page - 1)),
                "older": (page < last).then(|| paging.path(page + 1)),
            }),
        )
    }

    pub(super) fn report_page(&self, stored: &Stored, language: &str) -> Result<String, Error> {
        let report = &stored.report;
        let own = report.language.as_deref();
        let link = feed::link(stored, &self.config.web.public_url);
        let related: Vec<Value> = report
            .related
            .iter()
            .map(|related| {
                json!({
                    "title": related.title,
                    "url": related.url.as_deref().and_then(feed::web_url),
                })
            })
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
                "title": report.title,
                "report_lang": own,
                "report_dir": direction(own.unwrap_or(language)),
                "series": report.series,
                "event_line": self.templates.event_line(own.unwrap_or(language), &report.event),
                "summary": report.summary,
                "people": report.people,
                "topics": topics,
                "body_html": feed::absolute_html(&report.body_html, &link),
                "related": related,
                "author": report.author,
                "published": stored.dated_at.map(|at| self.day(language, at)),
                "updated": stored
                    .updated_at
                    .filter(|updated| stored.dated_at.is_some_and(|dated| updated.date_naive() > dated.date_naive()))
                    .map(|at| self.day(language, at)),
                "source": source,
                "source_host": host,
                "canonical": link,
            }),
        )
    }

    /// None: there is no such edition, or it is not for everyone to see.
    pub(super) async fn edition_page(
        &self,
        list: &str,
        number: i64,
        language: &str,
    ) -> Result<Option<EditionPage>, super::Error> {
        let Some(settings) = self.config.lists.get(list) else {
            return Ok(None);
        };
        let Some(edition) = self.store.find_edition(list, number).await? else {
            return Ok(None);
        };
        let Some(released_at) = released(&self.config, &edition) else {
            return Ok(None);
        };
        let reports = self.store.list_edition_reports(edition.id).await?;
        let mut context = json!({
            "list": settings.title,
            "list_name": list,
            "number": number,
            "date": self.day(language, released_at),
            "canonical": format!("{}/editions/{list}/{number}", self.config.web.public_url),
        });
        if reports.iter().any(|report| report.withdrawn) {
            let lines: Vec<Value> = reports
                .iter()
                .map(|report| match report.withdrawn {
                    true => json!({ "withdrawn": true }),
                    false => json!({ "withdrawn": false, "slug": report.slug, "title": report.title }),
                })
                .collect();
            insert(&mut context, "reports", json!(lines));
            let html = self.render("web/edition_withdrawn.html", language, context)?;
            return Ok(Some(EditionPage { html, is_mail: false }));
        }
        let default = settings.languages.first().or(self.config.institute.languages.first());
        let wanted = default.map_or("en", String::as_str);
        let Some(page) = self.store.find_edition_page(edition.id, wanted).await? else {
            return Ok(None);
        };
        insert(&mut context, "part", json!("head"));
        let head = self.render("web/edition.html", language, context.clone())?;
        insert(&mut context, "part", json!("bar"));
        let bar = self.render("web/edition.html", language, context)?;
        let html = in_frame(&page.html, head.trim(), bar.trim());
        Ok(Some(EditionPage { html, is_mail: true }))
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
            "feeds": snapshot.feed_links,
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
        let spoken: Vec<&str> = self.templates.words().languages().collect();
        let mut languages = self.config.institute.languages.clone();
        languages.retain(|language| spoken.contains(&language.as_str()));
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

    fn day(&self, language: &str, at: DateTime<Utc>) -> String {
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

fn insert(context: &mut Value, key: &str, value: Value) {
    if let Some(context) = context.as_object_mut() {
        context.insert(key.to_owned(), value);
    }
}

/// The mail's HTML with our links in its head and a bar above it; a mail without head or body keeps its bytes.
fn in_frame(mail: &str, head: &str, bar: &str) -> String {
    let lower = mail.to_ascii_lowercase();
    let head_end = lower.find("</head>");
    let body_start = lower.find("<body").and_then(|start| {
        let tag = lower.get(start..)?;
        Some(start + tag.find('>')? + 1)
    });
    match (head_end, body_start) {
        (Some(head_end), Some(body_start)) if head_end < body_start => {
            let (before, rest) = mail.split_at(head_end);
            let (between, body) = rest.split_at(body_start - head_end);
            format!("{before}{head}{between}{bar}{body}")
        }
        _ => mail.to_owned(),
    }
}
