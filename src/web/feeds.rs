//! Feeds over HTTP, and the page that says what they are.
//!
//! In: the snapshot. Out: documents from memory. Surprising: an address that feeds had before they were ours answers
//! too, by where they are now (FEED-16).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::App;
use super::error::Problem;
use crate::render::Error;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = app.snapshot();
    if let Some(document) = snapshot.feeds.get(&path) {
        return Ok(for_people(document.answer(&headers), &headers));
    }
    if let Some(moved) = app.moved(uri.path()) {
        return Ok(moved);
    }
    let older = snapshot
        .older(&path, &app.config, &app.templates, app.clock.now())
        .map_err(|error| app.problem_template(&error))?;
    match older {
        Some(document) => Ok(for_people(document.answer(&headers), &headers)),
        None => Err(app.problem_not_found(&headers)),
    }
}

/// Browsers show XML by its style sheet only if it is not called a feed: they say when a person opened the address
/// (FEED-15). Programs that poll say no such thing.
fn for_people(mut response: Response, headers: &HeaderMap) -> Response {
    let out = response.headers_mut();
    let is_xml_feed = |value: &HeaderValue| value.as_bytes().ends_with(b"+xml; charset=utf-8");
    if headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document")
        && out.get(header::CONTENT_TYPE).is_some_and(is_xml_feed)
    {
        out.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml; charset=utf-8"),
        );
    }
    out.insert(
        header::VARY,
        HeaderValue::from_static("accept-encoding, sec-fetch-dest"),
    );
    response
}

/// The page of all feeds.
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    let html = app
        .feeds_page(app.language(&headers))
        .map_err(|error| app.problem_template(&error))?;
    Ok(app.page(html).answer(&headers))
}

impl App {
    pub(super) fn feeds_page(&self, language: &str) -> Result<String, Error> {
        let snapshot = self.snapshot();
        let groups = [
            ("all", ""),
            ("list", "web-newsletters"),
            ("topic", "web-topics"),
            ("language", "web-languages"),
        ];
        let groups: Vec<Value> = groups
            .into_iter()
            .map(|(kind, heading)| {
                let feeds: Vec<_> = snapshot.feed_links.iter().filter(|link| link.kind == kind).collect();
                json!({ "heading": heading, "feeds": feeds })
            })
            .filter(|group| group["feeds"] != json!([]))
            .collect();
        let canonical = format!("{}/feeds/", self.config.web.public_url);
        self.render(
            "web/feeds.html",
            language,
            json!({ "groups": groups, "canonical": canonical }),
        )
    }

    /// Where a feed is now that had this address before.
    pub(super) fn moved(&self, path: &str) -> Option<Response> {
        let to = self.config.feeds.moved_from.get(path)?;
        let to = format!("{}/feeds/{to}", self.config.web.public_url);
        Some((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response())
    }
}
