//! Answers that are no success, each a page a person can read.
//!
//! In: what went wrong. Out: 404, 405, 410, 500 and 503 in the frame of all pages. Surprising: an unknown token and a
//! token that was tampered with get the very same page, so that nobody learns which it was.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::{render, store};

/// How long a client waits before it asks again, in seconds (HTTP-07).
const RETRY_AFTER: &str = "60";

/// A page that is no success.
#[derive(Debug)]
pub(super) struct Problem(Box<Response>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        *self.0
    }
}

pub(super) async fn not_found(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    app.moved(uri.path()).ok_or_else(|| app.problem_not_found(&headers))
}

pub(super) async fn method_not_allowed(State(app): State<Arc<App>>, headers: HeaderMap) -> Problem {
    app.problem(&headers, StatusCode::METHOD_NOT_ALLOWED, "web/error.html", "web-method")
}

impl App {
    pub(super) fn problem_not_found(&self, headers: &HeaderMap) -> Problem {
        self.problem(headers, StatusCode::NOT_FOUND, "web/error.html", "web-not-found")
    }

    pub(super) fn problem_gone(&self, headers: &HeaderMap) -> Problem {
        self.problem(headers, StatusCode::GONE, "web/gone.html", "web-gone")
    }

    /// The database does not answer: nothing was done, and the page says so (FLT-26).
    pub(super) fn problem_store(&self, headers: &HeaderMap, error: &store::Error) -> Problem {
        tracing::error!(%error, "a page could not be shown");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        self.problem(headers, status, "web/error.html", "web-unavailable")
    }

    /// The same for what a step of the job could not do.
    pub(super) fn problem_failed(&self, headers: &HeaderMap, error: &anyhow::Error) -> Problem {
        tracing::error!("a page could not do its work: {error:#}");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        self.problem(headers, status, "web/error.html", "web-unavailable")
    }

    /// Too many ask at the same time.
    pub(super) fn problem_busy(&self, headers: &HeaderMap) -> Problem {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        self.problem(headers, status, "web/error.html", "web-busy")
    }

    pub(super) fn problem_template(&self, error: &render::Error) -> Problem {
        tracing::error!(%error, "a page could not be rendered");
        let text = "This page cannot be shown at the moment.\n";
        Problem(Box::new(sealed(
            StatusCode::INTERNAL_SERVER_ERROR,
            text.into_response(),
        )))
    }

    /// What stands where a report was.
    pub(super) fn gone_page(&self, language: &str) -> Result<String, render::Error> {
        self.problem_page(language, StatusCode::GONE, "web/gone.html", "web-gone")
    }

    fn problem_page(
        &self,
        language: &str,
        status: StatusCode,
        template: &str,
        words: &str,
    ) -> Result<String, render::Error> {
        let say = |key: &str| self.templates.words().word(language, &format!("{words}{key}"));
        let context = json!({ "status": status.as_u16(), "heading": say(""), "text": say("-text") });
        self.render(template, language, context)
    }

    fn problem(&self, headers: &HeaderMap, status: StatusCode, template: &str, words: &str) -> Problem {
        match self.problem_page(self.language(headers), status, template, words) {
            Ok(page) => Problem(Box::new(sealed(status, Html(page).into_response()))),
            Err(error) => self.problem_template(&error),
        }
    }
}

/// No cache keeps it, no search engine lists it.
fn sealed(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    response
}

/// 503 without a page, for health checks and requests that took too long.
pub(super) fn unavailable(text: &'static str) -> Response {
    sealed(StatusCode::SERVICE_UNAVAILABLE, text.into_response())
}
