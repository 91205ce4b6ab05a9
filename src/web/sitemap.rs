//! What search engines are told: which pages there are, and which they may read (STR-07).
//!
//! In: the snapshot. Out: `/robots.txt`, `/sitemap.xml` and, if there are more pages than one file may hold, its parts.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};

use super::cache::Document;
use super::error::Problem;
use super::snapshot::Snapshot;
use super::{App, PAGE_CACHE};

/// Addresses of one file (sitemaps.org).
const MOST: usize = 50_000;
const OPEN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const SPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// A page and when it last changed.
struct Page {
    address: String,
    changed_at: Option<DateTime<Utc>>,
}

pub(super) async fn robots(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    Document::new("text/plain; charset=utf-8", PAGE_CACHE, app.robots(), None).answer(&headers)
}

pub(super) async fn index(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    xml(app.sitemap(&app.snapshot())).answer(&headers)
}

pub(super) async fn part(
    State(app): State<Arc<App>>,
    Path(part): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = app.snapshot();
    let number = part.strip_suffix(".xml").and_then(|number| number.parse().ok());
    let part = number.and_then(|number| app.sitemap_part(&snapshot, number));
    match part {
        Some(part) => Ok(xml(part).answer(&headers)),
        None => Err(app.problem_not_found(&headers)),
    }
}

fn xml(text: String) -> Document {
    Document::new("application/xml; charset=utf-8", PAGE_CACHE, text, None)
}

impl App {
    pub(super) fn robots(&self) -> String {
        format!(
            "User-agent: *\nDisallow: /unsubscribe/\nSitemap: {}/sitemap.xml\n",
            self.config.web.public_url
        )
    }

    /// The sitemap, or the index of its parts.
    pub(super) fn sitemap(&self, snapshot: &Snapshot) -> String {
        let pages = self.sitemap_pages(snapshot);
        let parts = pages.len().div_ceil(MOST);
        if parts <= 1 {
            return listed("urlset", "url", &pages);
        }
        let parts: Vec<Page> = pages
            .chunks(MOST)
            .enumerate()
            .map(|(place, pages)| Page {
                address: format!("{}/sitemap/{}.xml", self.config.web.public_url, place + 1),
                changed_at: pages.iter().filter_map(|page| page.changed_at).max(),
            })
            .collect();
        listed("sitemapindex", "sitemap", &parts)
    }

    /// A part of a sitemap that has several; the first is 1.
    pub(super) fn sitemap_part(&self, snapshot: &Snapshot, number: usize) -> Option<String> {
        let pages = self.sitemap_pages(snapshot);
        let part = pages.chunks(MOST).nth(number.checked_sub(1)?)?;
        (pages.len() > MOST).then(|| listed("urlset", "url", part))
    }

    fn sitemap_pages(&self, snapshot: &Snapshot) -> Vec<Page> {
        let public = &self.config.web.public_url;
        let home = Page {
            address: format!("{public}/"),
            changed_at: snapshot.reports.iter().map(|report| report.changed_at).max(),
        };
        let feeds = Page {
            address: format!("{public}/feeds/"),
            changed_at: None,
        };
        let reports = snapshot.reports.iter().map(|report| Page {
            address: format!("{public}/reports/{}", report.slug),
            changed_at: Some(report.changed_at),
        });
        let editions = snapshot.editions.iter().map(|edition| Page {
            address: format!("{public}/editions/{}/{}", edition.list, edition.number),
            changed_at: Some(edition.released_at),
        });
        [home, feeds].into_iter().chain(reports).chain(editions).collect()
    }
}

fn listed(outer: &str, inner: &str, pages: &[Page]) -> String {
    let mut text = format!("{OPEN}<{outer} xmlns=\"{SPACE}\">\n");
    for page in pages {
        // Writing to memory does not fail.
        let _ = write!(text, "<{inner}><loc>{}</loc>", escape(&page.address));
        if let Some(at) = page.changed_at {
            let _ = write!(
                text,
                "<lastmod>{}</lastmod>",
                at.to_rfc3339_opts(SecondsFormat::Secs, true)
            );
        }
        let _ = writeln!(text, "</{inner}>");
    }
    text.push_str(&format!("</{outer}>\n"));
    text
}

fn escape(address: &str) -> String {
    address
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
}
