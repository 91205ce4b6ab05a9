//! Documents ready to be sent: bytes plain and gzipped, each with its own entity tag, made once per change.
//!
//! In: reports and editions from the store. Out: a [`Snapshot`] of all feeds and of what the archive's home shows.
//! Surprising: `Last-Modified` moves forward whenever the bytes change, even if the newest entry is gone, because a
//! client that asks only by date would otherwise keep what was withdrawn.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::negotiation::{self, Coding};
use crate::config::Config;
use crate::feed::{self, Format, Scope};
use crate::render::{Error, Templates, direction};
use crate::store::{Edition, Stored};

/// One answer, in both codings.
#[derive(Clone, Debug)]
pub(super) struct Document {
    media_type: &'static str,
    cache_control: &'static str,
    vary: &'static str,
    modified: Option<DateTime<Utc>>,
    plain: Coded,
    gzip: Coded,
}

#[derive(Clone, Debug)]
struct Coded {
    bytes: Bytes,
    /// Strong, of exactly these bytes.
    etag: HeaderValue,
}

impl Coded {
    fn new(bytes: Vec<u8>) -> Coded {
        let hash = blake3::hash(&bytes).to_hex();
        let etag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
        Coded {
            bytes: bytes.into(),
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }
}

impl Document {
    pub(super) fn new(
        media_type: &'static str,
        cache_control: &'static str,
        text: String,
        modified: Option<DateTime<Utc>>,
    ) -> Document {
        Document {
            media_type,
            cache_control,
            vary: "accept-encoding",
            // HTTP knows no dates before 1970.
            modified: modified.map(|at| at.trunc_subsecs(0).max(DateTime::UNIX_EPOCH)),
            gzip: Coded::new(gzip(text.as_bytes())),
            plain: Coded::new(text.into_bytes()),
        }
    }

    /// For pages whose frame follows the reader's language.
    pub(super) fn varying_by_language(self) -> Document {
        Document {
            vary: "accept-encoding, accept-language",
            ..self
        }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.plain.bytes
    }

    /// 200 with the coding the client prefers, or 304 if its copy is good.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let coding = negotiation::coding(headers);
        let coded = match coding {
            Coding::Identity => &self.plain,
            Coding::Gzip => &self.gzip,
        };
        let modified = self.modified.map(SystemTime::from);
        let fresh = negotiation::is_fresh(headers, coded.etag.to_str().unwrap_or_default(), modified);
        let mut response = match fresh {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Response::new(Body::from(coded.bytes.clone())),
        };
        let out = response.headers_mut();
        out.insert(header::ETAG, coded.etag.clone());
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        out.insert(header::VARY, HeaderValue::from_static(self.vary));
        if let Some(Ok(date)) = modified.map(|at| HeaderValue::try_from(httpdate::fmt_http_date(at))) {
            out.insert(header::LAST_MODIFIED, date);
        }
        if !fresh {
            out.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            out.insert(header::CONTENT_LENGTH, HeaderValue::from(coded.bytes.len()));
            if coding == Coding::Gzip {
                out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        response
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// What is public, as of one look at the store.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) mark: String,
    /// By what follows `/feeds/`: `all.rss`, `lang/en.json`.
    pub(super) feeds: HashMap<String, Arc<Document>>,
    /// Titles and addresses for autodiscovery and the home page, the feed of all reports first.
    pub(super) feed_links: Vec<FeedLink>,
    /// Newest first.
    pub(super) reports: Vec<ReportLine>,
    /// Newest first.
    pub(super) editions: Vec<EditionLine>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct FeedLink {
    /// `all`, `events`, `lang/en`.
    pub(super) path: String,
    pub(super) title: String,
    /// The list it belongs to, if any.
    pub(super) list: Option<String>,
}

/// A report as one entry of the archive.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReportLine {
    pub(super) slug: String,
    pub(super) title: String,
    /// Empty: not known.
    pub(super) language: String,
    pub(super) dir: &'static str,
    pub(super) event_line: String,
    pub(super) summary: String,
}

/// An edition as one line of the archive.
#[derive(Clone, Debug, Serialize)]
pub(super) struct EditionLine {
    pub(super) list: String,
    pub(super) list_title: String,
    pub(super) number: i64,
    #[serde(skip)]
    pub(super) released_at: DateTime<Utc>,
}

/// When an edition's page may be seen: it was released, nobody called it off, and its list is public; or was, when the
/// edition was sealed, if the list is gone from the configuration since.
pub(super) fn released(config: &Config, edition: &Edition) -> Option<DateTime<Utc>> {
    let released_at = edition.released_at.filter(|_| edition.state != "cancelled")?;
    let public = match config.lists.get(&edition.list) {
        Some(list) => list.public,
        None => edition.sealed().is_ok_and(|sealed| sealed.public),
    };
    public.then_some(released_at)
}

/// The list's title, or the one it had when the edition was sealed.
pub(super) fn list_title(config: &Config, edition: &Edition) -> String {
    match config.lists.get(&edition.list) {
        Some(list) => list.title.clone(),
        None => edition
            .sealed()
            .map_or_else(|_| edition.list.clone(), |sealed| sealed.list_title),
    }
}

impl Snapshot {
    pub(super) fn render(
        config: &Config,
        templates: &Templates,
        mark: String,
        reports: &[Stored],
        editions: &[Edition],
        old: &Snapshot,
        now: DateTime<Utc>,
    ) -> Result<Snapshot, Error> {
        let open: Vec<Stored> = reports
            .iter()
            .filter(|stored| crate::edition::is_open(config, stored))
            .cloned()
            .collect();
        let mut feeds = HashMap::new();
        let mut feed_links = Vec::new();
        for scope in feed::scopes(config, &open) {
            let feed = feed::build(&scope, &open, config, templates)?;
            for format in Format::ALL {
                let path = format!("{}.{}", scope.path(), format.suffix());
                let modified = Some(feed.modified.min(now));
                let mut document = Document::new(format.media_type(), super::FEED_CACHE, feed.write(format), modified);
                if let Some(before) = old.feeds.get(&path) {
                    document.modified = modified_after(before, &document, now);
                }
                // A list named `all` does not take the place of the feed of all reports.
                feeds.entry(path).or_insert_with(|| Arc::new(document));
            }
            feed_links.push(FeedLink {
                path: scope.path(),
                title: feed.title,
                list: match scope {
                    Scope::List(name) => Some(name),
                    _ => None,
                },
            });
        }
        Ok(Snapshot {
            mark,
            feeds,
            feed_links,
            reports: open
                .iter()
                .map(|stored| report_line(config, templates, stored))
                .collect(),
            editions: editions
                .iter()
                .filter_map(|edition| {
                    Some(EditionLine {
                        list: edition.list.clone(),
                        list_title: list_title(config, edition),
                        number: edition.number,
                        released_at: released(config, edition)?,
                    })
                })
                .collect(),
        })
    }
}

/// Unchanged bytes keep their date; changed bytes get a later one.
fn modified_after(before: &Document, document: &Document, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if before.plain.etag == document.plain.etag {
        return before.modified;
    }
    match document.modified > before.modified {
        true => document.modified,
        false => Some(now.trunc_subsecs(0)),
    }
}

fn report_line(config: &Config, templates: &Templates, stored: &Stored) -> ReportLine {
    let report = &stored.report;
    let language = report.language.clone().unwrap_or_default();
    let spoken = match language.is_empty() {
        true => config.institute.languages.first().map_or("en", String::as_str),
        false => &language,
    };
    ReportLine {
        slug: stored.slug.clone(),
        title: report.title.clone(),
        dir: direction(&language),
        event_line: templates.event_line(spoken, &report.event).unwrap_or_default(),
        summary: report.summary.clone().unwrap_or_default(),
        language,
    }
}
