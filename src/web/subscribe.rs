//! The page where people join, and its twin for programs: `POST /api/v1/subscribe`.
//!
//! In: a form or JSON. Out: a request that waits in the store, and an answer that is the same whoever the address
//! belongs to (PRIV-05): nobody is looked up here, `publish/joining.rs` does that later and answers by mail. Surprising:
//! a program that falls into the trap is answered like everybody else.

mod asked;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::{Value, json};

use self::asked::Fault;
pub(super) use self::asked::{Asked, Checked};
use super::App;
use super::client::{Peer, network};
use super::error::Problem;
use crate::config::{Cadence, List};
use crate::publish::{self, joinable};
use crate::store::{NewSignup, Tx, Wish, Wording};

/// A form that was opened before that is too old: the page may have changed.
const FORM_LIVES: TimeDelta = TimeDelta::hours(24);

/// What became of a request.
enum Taken {
    /// It waits, or it was a trap; nobody is told which.
    Asked,
    Faults(Vec<Fault>),
    Closed,
    /// Too many wait.
    Full,
}

pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    if !app.takes_people(&headers).await? {
        return app.closed(&headers);
    }
    app.form(&headers, &Asked::default(), &[])
}

pub(super) async fn ask(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let asked = Asked::from_form(&body);
    match app.take(&asked, "page", peer, &headers).await? {
        Taken::Asked => app.private_page("web/asked.html", &headers, None, json!({})),
        Taken::Faults(faults) => app.form(&headers, &asked, &faults),
        Taken::Closed => {
            let mut response = app.closed(&headers)?;
            *response.status_mut() = StatusCode::FORBIDDEN;
            Ok(response)
        }
        Taken::Full => Err(app.problem_busy(&headers)),
    }
}

/// What a program has to show and to send.
pub(super) async fn describe(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    if !app.takes_people(&headers).await? {
        return Ok(app.say_json(StatusCode::FORBIDDEN, json!({ "status": "closed" })));
    }
    let language = app.language(&headers);
    let lists: Vec<Value> = joinable(&app.config)
        .map(|(name, list)| {
            json!({
                "list": name,
                "title": list.title,
                "description": list.description,
                "cadences": list.cadences.keys().collect::<Vec<_>>(),
                "default_cadence": list.default_cadence(),
                "topics": list.topics,
            })
        })
        .collect();
    let description = json!({
        "lists": lists,
        "languages": app.languages(),
        "consent": app.consent(language),
        "wording": wording_id(language, &app.consent(language)),
        "stamp": app.secret.stamp(app.clock.now()),
    });
    Ok(app.say_json(StatusCode::OK, description))
}

pub(super) async fn ask_json(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let asked: Asked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => {
            let answer = json!({ "status": "refused", "errors": [{ "field": null, "message": error.to_string() }] });
            return Ok(app.say_json(StatusCode::BAD_REQUEST, answer));
        }
    };
    let (status, answer) = match app.take(&asked, "api", peer, &headers).await? {
        Taken::Asked => (StatusCode::ACCEPTED, json!({ "status": "asked" })),
        Taken::Closed => (StatusCode::FORBIDDEN, json!({ "status": "closed" })),
        Taken::Full => (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "busy" })),
        Taken::Faults(faults) => {
            let language = app.language(&headers);
            let say = |fault: Fault| {
                let (field, key) = fault.say();
                json!({ "field": field, "message": app.templates.words().word(language, key) })
            };
            let errors: Vec<Value> = faults.into_iter().map(say).collect();
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "status": "refused", "errors": errors }),
            )
        }
    };
    Ok(app.say_json(status, answer))
}

impl App {
    pub(super) async fn takes_people(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        if !self.can_join() {
            return Ok(false);
        }
        let paused = self.store.is_paused(publish::SIGNUP).await;
        Ok(!paused.map_err(|error| self.problem_store(headers, &error))?)
    }

    async fn take(
        &self,
        asked: &Asked,
        form: &str,
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<Taken, Problem> {
        if !self.takes_people(headers).await? {
            return Ok(Taken::Closed);
        }
        let checked = asked.check(&self.config, &self.languages());
        let mut faults = checked.as_ref().err().cloned().unwrap_or_default();
        if !self.is_in_time(&asked.stamp) {
            faults.push(Fault::Stamp);
        }
        let checked = match checked {
            Ok(checked) if faults.is_empty() => checked,
            _ => return Ok(Taken::Faults(faults)),
        };
        if !asked.website.is_empty() {
            return Ok(Taken::Asked);
        }
        let language = self.language_of_wording(&asked.wording, headers);
        match self.keep_from(&checked, (form, &language), peer, headers).await? {
            true => Ok(Taken::Asked),
            false => Ok(Taken::Full),
        }
    }

    /// Takes a request down. False: too many wait.
    pub(super) async fn keep_from(
        &self,
        checked: &Checked,
        (form, language): (&str, &str),
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<bool, Problem> {
        let stored = |error| self.problem_store(headers, &error);
        let mut tx = self.store.begin_alone("signup").await.map_err(stored)?;
        let is_kept = self.keep(&mut tx, checked, (form, language), peer, headers).await?;
        if is_kept {
            tx.commit().await.map_err(|error| stored(error.into()))?;
        }
        Ok(is_kept)
    }

    /// The same within a transaction; the form, and the language in which its words stood there.
    pub(super) async fn keep(
        &self,
        tx: &mut Tx,
        checked: &Checked,
        (form, language): (&str, &str),
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<bool, Problem> {
        let network = network(peer.map(|peer| peer.0), headers, &self.config.web);
        let now = self.clock.now();
        let text = self.consent(language);
        let id = wording_id(language, &text);
        let keeps_network = self.config.signup.keep_network.is_some();
        let wish = |(list, cadence, topics): &(String, Option<String>, Vec<String>)| Wish {
            list: list.clone(),
            cadence: cadence.clone(),
            topics: topics.clone(),
            asked_at: now.timestamp_millis(),
            form: form.to_owned(),
            wording: id.clone(),
            language: language.to_owned(),
            network: keeps_network.then(|| network.clone()),
        };
        let new = NewSignup {
            address: &checked.address.to_string(),
            address_key: &checked.address.key(),
            name: checked.name.as_deref(),
            language: checked.language.as_deref(),
            wishes: checked.choices.iter().map(wish).collect(),
            network_key: &self.secret.blind("network", &network),
            wording: Wording {
                id: &id,
                language,
                text: &text,
            },
        };
        let kept = self.store.insert_signup(tx, &new, now).await;
        kept.map_err(|error| self.problem_store(headers, &error))
    }

    /// The language of the words that a form or a program showed, by their number; not one of ours: that of the request.
    fn language_of_wording(&self, id: &str, headers: &HeaderMap) -> String {
        let languages = self.languages();
        let shown = languages
            .iter()
            .find(|language| wording_id(language, &self.consent(language)) == id);
        shown.map_or_else(|| self.language(headers).to_owned(), Clone::clone)
    }

    /// Opened long enough ago for a person to have filled it in, and not before yesterday.
    pub(super) fn is_in_time(&self, stamp: &str) -> bool {
        let Some(opened_at) = self.secret.verify_stamp(stamp) else {
            return false;
        };
        let open = self.clock.now() - opened_at;
        let least = TimeDelta::from_std(self.config.signup.min_fill).unwrap_or(FORM_LIVES);
        least <= open && open < FORM_LIVES
    }

    /// The words that people agree to.
    pub(super) fn consent(&self, language: &str) -> String {
        let institute = self.config.institute.name.as_str();
        let words = self.templates.words();
        words.say(language, "web-subscribe-consent", [("institute", institute)])
    }

    /// The stamp of the first opening counts, so that pressing the button again is enough.
    pub(super) fn stamp_for(&self, asked: &Asked) -> String {
        match self.secret.verify_stamp(&asked.stamp) {
            Some(opened_at) if self.clock.now() - opened_at < FORM_LIVES => asked.stamp.clone(),
            _ => self.secret.stamp(self.clock.now()),
        }
    }

    fn form(&self, headers: &HeaderMap, asked: &Asked, faults: &[Fault]) -> Result<Response, Problem> {
        let language = self.language(headers);
        let words = self.templates.words();
        let faulty = |fault: Fault| {
            let (field, key) = fault.say();
            json!({ "field": field, "text": words.word(language, key) })
        };
        let lists: Vec<Value> = joinable(&self.config)
            .map(|(name, list)| self.offer(name, list, language, asked))
            .collect();
        let wanted = match asked.language.as_str() {
            "" => language,
            wanted => wanted,
        };
        let context = json!({
            "email": asked.email,
            "name": asked.name,
            "languages": super::preferences::languages(self, wanted),
            "lists": lists,
            "faults": faults.iter().copied().map(faulty).collect::<Vec<_>>(),
            "wrong": faults.iter().map(|fault| fault.say().0).collect::<Vec<_>>(),
            "consent": self.consent(language),
            "wording": wording_id(language, &self.consent(language)),
            "stamp": self.stamp_for(asked),
        });
        let mut response = self.private_page("web/subscribe.html", headers, None, context)?;
        if !faults.is_empty() {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        Ok(response)
    }

    /// A list as the form offers it.
    pub(super) fn offer(&self, name: &str, list: &List, language: &str, asked: &Asked) -> Value {
        let chosen = asked.cadences.get(name).map(String::as_str).or(list.default_cadence());
        let cadences: Vec<Value> = list
            .cadences
            .iter()
            .map(|(word, cadence)| {
                let text = self.cadence_name(word, cadence, language);
                json!({ "word": word, "text": text, "chosen": Some(word.as_str()) == chosen })
            })
            .collect();
        let ticked = asked.topics.get(name);
        let topics: Vec<Value> = list
            .topics
            .iter()
            .map(|(term, label)| {
                let is_ticked = ticked.is_some_and(|ticked| ticked.contains(term));
                json!({ "term": term, "label": label, "chosen": is_ticked })
            })
            .collect();
        json!({
            "name": name,
            "title": list.title,
            "description": list.description,
            "cadences": cadences,
            "topics": topics,
            "chosen": asked.lists.iter().any(|asked| asked == name),
        })
    }

    /// What a cadence is called; a word that we do not know stands for itself.
    pub(super) fn cadence_name(&self, word: &str, cadence: &Cadence, language: &str) -> String {
        let words = self.templates.words();
        match (cadence, word) {
            (Cadence::Immediate, _) => words.word(language, "web-cadence-immediate"),
            (_, "daily") => words.word(language, "web-cadence-daily"),
            (_, "weekly") => words.word(language, "web-cadence-weekly"),
            (_, "monthly") => words.word(language, "web-cadence-monthly"),
            (_, word) => word.to_owned(),
        }
    }

    fn closed(&self, headers: &HeaderMap) -> Result<Response, Problem> {
        let say = |key: &str| self.templates.words().word(self.language(headers), key);
        let context = json!({
            "status": null,
            "heading": say("web-subscribe-closed"),
            "text": say("web-subscribe-closed-text"),
        });
        self.private_page("web/error.html", headers, None, context)
    }

    /// JSON that nobody keeps.
    fn say_json(&self, status: StatusCode, answer: Value) -> Response {
        let mut response = (status, Json(answer)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("600"));
        }
        response
    }
}

/// By what words of ours are known: of language and text together.
fn wording_id(language: &str, text: &str) -> String {
    let hash = blake3::hash(format!("{language}\0{text}").as_bytes()).to_hex();
    hash.chars().take(16).collect()
}
