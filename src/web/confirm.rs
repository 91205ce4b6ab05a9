//! The page behind a confirmation mail: GET shows what is confirmed, POST confirms (PRIV-03).
//!
//! In: a token and, for POST, the lists that stay ticked. Out: a page; subscriptions, and the record of consent.
//! Surprising: a link that was used, is too old, or never was one leads to the same page (SEC-14), whose words fit all
//! of them: whoever presses twice reads that all is well.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::App;
use super::error::Problem;
use crate::publish::{self, joinable};
use crate::store::Signup;
use crate::subscriber::masked;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match app.request_behind(&token, &headers).await? {
        Some(signup) => app.confirm_page(&signup, false, &headers),
        None => app.nothing_to_confirm(&headers),
    }
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(signup) = app.request_behind(&token, &headers).await? else {
        return app.nothing_to_confirm(&headers);
    };
    let lists = ticked(&body);
    if lists.is_empty() {
        return app.confirm_page(&signup, true, &headers);
    }
    let confirmed = publish::confirm(&app.house(), &signup, &lists).await;
    let confirmed = confirmed.map_err(|error| app.problem_failed(&headers, &error))?;
    let Some(lists) = confirmed else {
        return app.nothing_to_confirm(&headers);
    };
    let titles: Vec<String> = lists.iter().map(|list| app.list_title(list)).collect();
    app.page_in(
        signup.spoken(),
        "web/confirmed.html",
        &headers,
        json!({ "lists": titles }),
    )
}

fn ticked(body: &[u8]) -> Vec<String> {
    let fields = form_urlencoded::parse(body);
    fields
        .filter(|(field, _)| field == "lists")
        .map(|(_, list)| list.into_owned())
        .collect()
}

impl App {
    async fn request_behind(&self, token: &str, headers: &HeaderMap) -> Result<Option<Signup>, Problem> {
        let found = publish::find_request(&self.house(), token).await;
        found.map_err(|error| self.problem_failed(headers, &error))
    }

    fn confirm_page(&self, signup: &Signup, is_empty: bool, headers: &HeaderMap) -> Result<Response, Problem> {
        let lists: Vec<Value> = joinable(&self.config)
            .filter(|(name, _)| signup.wishes.iter().any(|wish| wish.list == *name))
            .map(|(name, list)| json!({ "name": name, "title": list.title }))
            .collect();
        if lists.is_empty() {
            return self.nothing_to_confirm(headers);
        }
        let context = json!({
            "address": masked(&signup.address),
            "name": signup.name,
            "lists": lists,
            "is_empty": is_empty,
        });
        self.page_in(signup.spoken(), "web/confirm.html", headers, context)
    }

    /// The same for a link that was used, is too old, was altered, or never was.
    fn nothing_to_confirm(&self, headers: &HeaderMap) -> Result<Response, Problem> {
        let mut response = self.private_page("web/confirm_over.html", headers, None, json!({}))?;
        *response.status_mut() = StatusCode::NOT_FOUND;
        Ok(response)
    }
}
