//! The page where people leave a list. GET shows it, POST acts (LST-03 to LST-07).
//!
//! In: a token and, for POST, a form in either encoding. Out: a page; the subscription ended, for good and at once.
//! Surprising: any POST acts, whatever its body, because mail providers' one-click requests (RFC 8058) bring neither
//! cookie nor Origin, and a person who presses the button must never be told that something was missing.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::App;
use super::error::Problem;
use super::negotiation;
use crate::render::one_line;
use crate::store::Subscriber;
use crate::subscriber::masked;

/// Where a valid token leads.
enum Door {
    /// The link of a test send.
    Test,
    Person {
        list: String,
        subscriber: Subscriber,
    },
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match app.open(&token, &headers).await? {
        Door::Test => app.private_page("web/unsubscribe_test.html", &headers, None, json!({})),
        Door::Person { list, subscriber } => {
            let context = json!({
                "list": app.list_title(&list),
                "address": masked(&subscriber.address),
            });
            app.private_page("web/unsubscribe.html", &headers, Some(&subscriber), context)
        }
    }
}

pub(super) async fn leave(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (list, subscriber) = match app.open(&token, &headers).await? {
        Door::Test => return app.private_page("web/unsubscribe_test.html", &headers, None, json!({})),
        Door::Person { list, subscriber } => (list, subscriber),
    };
    let form = Form::read(&body);
    let mut left = vec![list.clone()];
    if form.all_lists {
        // Those no longer configured, too: they may come back.
        let all = app.store.list_lists_of(subscriber.id).await;
        let all = all.map_err(|error| app.problem_store(&headers, &error))?;
        left.extend(all.into_iter().filter(|name| *name != list));
    }
    let now = app.clock.now();
    for name in &left {
        app.store
            .unsubscribe(name, subscriber.id, form.how, now)
            .await
            .map_err(|error| app.problem_store(&headers, &error))?;
    }
    let context = json!({
        "list": app.list_title(&list),
        "all": form.all_lists,
        "undo": app.secret.undo(subscriber.id, now),
        "said": null,
    });
    app.private_page("web/unsubscribed.html", &headers, Some(&subscriber), context)
}

/// For so long what was left can be taken back without a confirmation.
const UNDO: TimeDelta = TimeDelta::minutes(30);
/// Characters of a reason that are kept.
const REASON: usize = 500;

/// Nothing but the two buttons of the page before: looking offers them again.
pub(super) async fn show_undo(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (subscriber, _) = app.open_undo(&token, &headers).await?;
    let context = json!({ "list": "", "all": true, "undo": token, "said": null });
    app.private_page("web/unsubscribed.html", &headers, Some(&subscriber), context)
}

/// Takes the leaving back, or keeps why somebody left.
pub(super) async fn undo(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (subscriber, left_at) = app.open_undo(&token, &headers).await?;
    let now = app.clock.now();
    let reason = form_urlencoded::parse(&body).find(|(field, _)| field == "reason");
    let reason = reason.map(|(_, reason)| one_line(&reason.replace(char::is_control, " ")));
    let said = match reason {
        Some(reason) if !reason.is_empty() => {
            let reason: String = reason.chars().take(REASON).collect();
            let kept = app.store.record_reason(subscriber.id, &reason, now).await;
            kept.map_err(|error| app.problem_store(&headers, &error))?;
            "thanks"
        }
        Some(_) => "nothing",
        None => {
            let lists = app.store.undo_leaving(subscriber.id, left_at, now).await;
            lists.map_err(|error| app.problem_store(&headers, &error))?;
            "back"
        }
    };
    let said = Some(said).filter(|said| *said != "nothing");
    let context = json!({ "list": "", "all": true, "undo": token, "said": said });
    app.private_page("web/unsubscribed.html", &headers, Some(&subscriber), context)
}

impl App {
    async fn open_undo(&self, token: &str, headers: &HeaderMap) -> Result<(Subscriber, DateTime<Utc>), Problem> {
        let undo = self.secret.verify_undo(token);
        let undo = undo.filter(|(_, left_at)| self.clock.now() - *left_at < UNDO);
        let (id, left_at) = undo.ok_or_else(|| self.problem_not_found(headers))?;
        let found = self.store.find_subscriber(id).await;
        let found = found.map_err(|error| self.problem_store(headers, &error))?;
        Ok((found.ok_or_else(|| self.problem_not_found(headers))?, left_at))
    }

    async fn open(&self, token: &str, headers: &HeaderMap) -> Result<Door, Problem> {
        if token == crate::token::Secret::inert() {
            return Ok(Door::Test);
        }
        let Some((list, id)) = self.secret.verify_unsubscribe(token) else {
            return Err(self.problem_not_found(headers));
        };
        match self.store.find_subscriber(id).await {
            Ok(Some(subscriber)) => Ok(Door::Person { list, subscriber }),
            Ok(None) => Err(self.problem_not_found(headers)),
            Err(error) => Err(self.problem_store(headers, &error)),
        }
    }

    pub(super) fn list_title(&self, name: &str) -> String {
        self.config.lists.get(name).map_or(name, |list| &list.title).to_owned()
    }

    /// A page nobody keeps, lists or passes on (HTTP-05, SEC-28), in the person's language.
    pub(super) fn private_page(
        &self,
        template: &str,
        headers: &HeaderMap,
        subscriber: Option<&Subscriber>,
        context: Value,
    ) -> Result<Response, Problem> {
        let own = subscriber.and_then(|subscriber| subscriber.language.as_deref());
        self.page_in(own, template, headers, context)
    }

    /// Their own language if we speak it, else what the browser asks for.
    pub(super) fn language_of(&self, own: Option<&str>, headers: &HeaderMap) -> String {
        let languages = self.languages();
        let own = own.and_then(|own| negotiation::nearest(own, &languages));
        own.unwrap_or_else(|| self.language(headers)).to_owned()
    }

    /// The same in a language that is known to be theirs.
    pub(super) fn page_in(
        &self,
        own: Option<&str>,
        template: &str,
        headers: &HeaderMap,
        context: Value,
    ) -> Result<Response, Problem> {
        let page = self
            .render(template, &self.language_of(own, headers), context)
            .map_err(|error| self.problem_template(&error))?;
        let mut response = Html(page).into_response();
        for (name, value) in [
            (header::CACHE_CONTROL.as_str(), "no-store"),
            (header::REFERRER_POLICY.as_str(), "no-referrer"),
            ("x-robots-tag", "noindex"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

/// What a POST says, if anything.
struct Form {
    all_lists: bool,
    /// The word for the consent record.
    how: &'static str,
}

impl Form {
    /// Mail providers may send multipart, which is then always the one-click request and names one list only.
    fn read(body: &[u8]) -> Form {
        let has = |wanted: (&str, &str)| form_urlencoded::parse(body).any(|(name, value)| (&*name, &*value) == wanted);
        Form {
            all_lists: has(("scope", "all")),
            how: if has(("from", "page")) { "page" } else { "one-click" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_of_a_one_click_request_are_understood() {
        let multipart =
            b"--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        for body in [b"List-Unsubscribe=One-Click".as_slice(), multipart, b"", b"\xff\xfe"] {
            let form = Form::read(body);
            assert_eq!((form.all_lists, form.how), (false, "one-click"));
        }
        let form = Form::read(b"from=page&scope=all");
        assert_eq!((form.all_lists, form.how), (true, "page"));
    }
}
