//! The page behind a confirmation mail: GET shows what is confirmed, POST confirms (PRIV-03).
//!
//! In: a token and, for POST, the lists that stay ticked. Out: a page; subscriptions, and the record of consent.
//! Surprising: a link that was used, is too old, or never was one leads to the same page (SEC-14), whose words fit all
//! of them, and whoever may not be written to; and a stranger may have added to the request, so that only what was asked
//! for last is ticked, and what is confirmed is what was shown.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::App;
use super::error::Problem;
use crate::config::List;
use crate::publish::{self, Confirmed, joinable};
use crate::store::{Signup, Wish};
use crate::subscriber::masked;

/// Why the page is shown.
#[derive(Clone, Copy, PartialEq)]
enum Came {
    ToLook,
    /// Nothing was ticked.
    Empty,
    /// Something else is asked for since the page was shown.
    Changed,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match app.request_behind(&token, &headers).await? {
        Some(signup) => app.confirm_page(&signup, Came::ToLook, &headers),
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
    let lists = values(&body, "lists");
    if values(&body, "shown").iter().any(|shown| *shown != mark(&signup)) {
        return app.confirm_page(&signup, Came::Changed, &headers);
    }
    if lists.is_empty() {
        return app.confirm_page(&signup, Came::Empty, &headers);
    }
    let confirmed = publish::confirm(&app.house(), &signup, &lists).await;
    match confirmed.map_err(|error| app.problem_failed(&headers, &error))? {
        Confirmed::Lists(lists) => {
            let titles: Vec<String> = lists.iter().map(|list| app.list_title(list)).collect();
            let context = json!({ "lists": titles });
            app.page_in(signup.spoken(), "web/confirmed.html", &headers, context)
        }
        Confirmed::Changed(signup) => app.confirm_page(&signup, Came::Changed, &headers),
        Confirmed::Gone => app.nothing_to_confirm(&headers),
    }
}

fn values(body: &[u8], wanted: &str) -> Vec<String> {
    let fields = form_urlencoded::parse(body).filter(|(field, _)| field == wanted);
    fields.map(|(_, value)| value.into_owned()).collect()
}

/// Stands in the form for what it shows; two requests that ask for the same have the same.
fn mark(signup: &Signup) -> String {
    let wishes = signup.wishes.iter();
    let wishes: Vec<_> = wishes.map(|wish| (&wish.list, &wish.cadence, &wish.topics)).collect();
    let text = json!([signup.name, signup.language, wishes]).to_string();
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

impl App {
    async fn request_behind(&self, token: &str, headers: &HeaderMap) -> Result<Option<Signup>, Problem> {
        let found = publish::find_request(&self.house(), token).await;
        found.map_err(|error| self.problem_failed(headers, &error))
    }

    fn confirm_page(&self, signup: &Signup, came: Came, headers: &HeaderMap) -> Result<Response, Problem> {
        let language = self.language_of(signup.spoken(), headers);
        let newest = signup.wishes.iter().map(|wish| wish.asked_at).max();
        let lists: Vec<Value> = joinable(&self.config)
            .filter_map(|(name, list)| {
                let wish = signup.wishes.iter().find(|wish| wish.list == name)?;
                let is_ticked = came != Came::Empty && Some(wish.asked_at) == newest;
                Some(self.wished(name, list, wish, is_ticked, &language))
            })
            .collect();
        if lists.is_empty() {
            return self.nothing_to_confirm(headers);
        }
        let context = json!({
            "address": masked(&signup.address),
            "name": signup.name,
            "lists": lists,
            "shown": mark(signup),
            "is_empty": came == Came::Empty,
            "is_changed": came == Came::Changed,
        });
        self.page_in(signup.spoken(), "web/confirm.html", headers, context)
    }

    /// A list as it was asked for.
    fn wished(&self, name: &str, list: &List, wish: &Wish, is_ticked: bool, language: &str) -> Value {
        let cadence = wish.cadence.as_deref().map(|word| match list.cadences.get(word) {
            Some(cadence) => self.cadence_name(word, cadence, language),
            None => word.to_owned(),
        });
        let label = |topic: &String| list.topics.get(topic).unwrap_or(topic).clone();
        json!({
            "name": name,
            "title": list.title,
            "cadence": cadence,
            "topics": wish.topics.iter().map(label).collect::<Vec<_>>(),
            "chosen": is_ticked,
        })
    }

    /// The same for a link that was used, is too old, was altered, or never was.
    fn nothing_to_confirm(&self, headers: &HeaderMap) -> Result<Response, Problem> {
        let mut response = self.private_page("web/confirm_over.html", headers, None, json!({}))?;
        *response.status_mut() = StatusCode::NOT_FOUND;
        Ok(response)
    }
}
