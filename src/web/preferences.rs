//! The page where people choose what they get: lists, cadence, topics, a pause, their language.
//!
//! In: a token and, for POST, the form. Out: a page; what was chosen, at once, and marked as theirs. Surprising: a list
//! that is ticked anew is asked for as on the page for joining, by a mail to the known address, since a mail with this link
//! may have been forwarded; and the page shows the masked address and nothing else that is personal (LST-12).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::App;
use super::client::Peer;
use super::error::Problem;
use super::subscribe::{Asked, Checked};
use crate::publish::joinable;
use crate::store::{Setting, Subscriber, Subscription};
use crate::subscriber::{Address, masked};

/// Nobody pauses for longer; whoever wants that leaves.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(366);

/// What the page says above the form.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    saved: bool,
    /// Lists were asked for: a mail says how to go on.
    asked: bool,
    wrong: bool,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let person = app.person_behind(&token, &headers).await?;
    app.choices(&person, Told::default(), &headers).await
}

pub(super) async fn save(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let person = app.person_behind(&token, &headers).await?;
    let field = |wanted: &str| {
        let mut fields = form_urlencoded::parse(&body);
        fields
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    // A POST that is no form of ours has ticked nothing, and means nothing.
    if field("from").as_deref() != Some("page") {
        return app.choices(&person, Told::default(), &headers).await;
    }
    let mut asked = Asked::from_form(&body);
    if field("leave").as_deref() == Some("all") {
        asked.lists.clear();
    }
    let told = app.apply(&person, &asked, &body, peer, &headers).await?;
    // The language may be another one now.
    let person = app.person_behind(&token, &headers).await?;
    app.choices(&person, told, &headers).await
}

/// The page on which somebody asks for their link, and what it answers, which is the same for everybody.
pub(super) async fn ask(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    app.link_form(&headers, &Asked::default(), false)
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let asked = Asked::from_form(&body);
    let Ok(address) = Address::parse(asked.email.trim_matches(' ')) else {
        return app.link_form(&headers, &asked, true);
    };
    if !app.is_in_time(&asked.stamp) {
        return app.link_form(&headers, &asked, true);
    }
    let wants_link = Checked {
        address,
        name: None,
        language: None,
        choices: Vec::new(),
    };
    if asked.website.is_empty() && !app.keep_from(&wants_link, "page", peer, &headers).await? {
        return Err(app.problem_busy(&headers));
    }
    app.private_page("web/asked.html", &headers, None, json!({}))
}

impl App {
    async fn person_behind(&self, token: &str, headers: &HeaderMap) -> Result<Subscriber, Problem> {
        let Some(id) = self.secret.verify_preferences(token) else {
            return Err(self.problem_not_found(headers));
        };
        let found = self.store.find_subscriber(id).await;
        let found = found.map_err(|error| self.problem_store(headers, &error))?;
        found
            .filter(|person| person.state != "erased")
            .ok_or_else(|| self.problem_not_found(headers))
    }

    async fn subscriptions(&self, person: &Subscriber, headers: &HeaderMap) -> Result<Vec<Subscription>, Problem> {
        let all = self.store.list_subscriptions_of_person(person.id).await;
        let all = all.map_err(|error| self.problem_store(headers, &error))?;
        Ok(all.into_iter().filter(|it| it.state == "active").collect())
    }

    /// Everything in one transaction, or nothing.
    async fn apply(
        &self,
        person: &Subscriber,
        asked: &Asked,
        body: &[u8],
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<Told, Problem> {
        let now = self.clock.now();
        let wrong = Told {
            wrong: true,
            ..Told::default()
        };
        let language = Some(asked.language.as_str()).filter(|tag| !tag.is_empty());
        if language.is_some_and(|tag| !self.languages().iter().any(|known| known == tag)) {
            return Ok(wrong);
        }
        let on = self.subscriptions(person, headers).await?;
        let mut settings = Vec::new();
        for it in &on {
            let Some(list) = self.config.lists.get(&it.list) else {
                continue;
            };
            let cadence = asked
                .cadences
                .get(&it.list)
                .map(String::as_str)
                .filter(|word| !word.is_empty());
            let topics = asked.topics.get(&it.list).cloned().unwrap_or_default();
            let Ok(paused_until) = pause(body, &it.list, now) else {
                return Ok(wrong);
            };
            let is_offered = cadence.is_none_or(|word| list.cadences.contains_key(word))
                && topics
                    .iter()
                    .all(|topic| list.topics.contains_key(topic) || it.topics.contains(topic));
            if !is_offered {
                return Ok(wrong);
            }
            settings.push((it, list.default_cadence(), cadence, topics, paused_until));
        }
        let stored = |error| self.problem_store(headers, &error);
        let mut tx = self.store.begin_alone("preferences").await.map_err(stored)?;
        for (it, default_cadence, cadence, topics, paused_until) in &settings {
            if !asked.lists.contains(&it.list) {
                self.store
                    .leave(&mut tx, &it.list, person.id, "page", now)
                    .await
                    .map_err(stored)?;
                continue;
            }
            let setting = Setting {
                cadence: *cadence,
                topics,
                paused_until: *paused_until,
                default_cadence: *default_cadence,
            };
            self.store
                .set_preferences(&mut tx, it, &setting, language)
                .await
                .map_err(stored)?;
        }
        if let Some(language) = language {
            self.store
                .set_language(&mut tx, person.id, language)
                .await
                .map_err(stored)?;
        }
        tx.commit().await.map_err(|error| stored(error.into()))?;
        let is_new = |name: &str| asked.lists.iter().any(|list| list == name) && !on.iter().any(|it| it.list == name);
        let choices: Vec<_> = joinable(&self.config)
            .filter(|(name, _)| self.can_join() && is_new(name))
            .map(|(name, _)| (name.to_owned(), None, Vec::new()))
            .collect();
        let asks = !choices.is_empty();
        if let (true, Ok(address)) = (asks, Address::parse(&person.address)) {
            let wanted = Checked {
                address,
                name: None,
                language: None,
                choices,
            };
            self.keep_from(&wanted, "preferences", peer, headers).await?;
        }
        Ok(Told {
            saved: true,
            asked: asks,
            wrong: false,
        })
    }

    async fn choices(&self, person: &Subscriber, told: Told, headers: &HeaderMap) -> Result<Response, Problem> {
        let on = self.subscriptions(person, headers).await?;
        let own = person.language.as_deref();
        let language = self.language_of(own, headers);
        let mut offers = Vec::new();
        for (name, list) in &self.config.lists {
            let theirs = on.iter().find(|it| it.list == *name);
            if theirs.is_none() && !(list.public && self.can_join()) {
                continue;
            }
            let mut as_asked = Asked::default();
            if let Some(it) = theirs {
                as_asked.lists.push(name.clone());
                as_asked.topics.insert(name.clone(), it.topics.clone());
                if let Some(word) = &it.cadence {
                    as_asked.cadences.insert(name.clone(), word.clone());
                }
            }
            let mut offer = self.offer(name, list, &language, &as_asked);
            let pause = theirs
                .and_then(|it| it.paused_until)
                .filter(|until| *until > self.clock.now());
            if let Some(offer) = offer.as_object_mut() {
                offer.insert("is_on".into(), theirs.is_some().into());
                offer.insert(
                    "paused_until".into(),
                    json!(pause.map(|until| until.date_naive().to_string())),
                );
            }
            offers.push(offer);
        }
        let today = self.clock.now().date_naive();
        let context = json!({
            "address": masked(&person.address),
            "lists": offers,
            "languages": languages(self, own.unwrap_or(&language)),
            "tomorrow": (today + TimeDelta::days(1)).to_string(),
            "furthest": (today + LONGEST_PAUSE).to_string(),
            "saved": told.saved,
            "asked": told.asked,
            "wrong": told.wrong,
            "is_off": on.is_empty(),
        });
        self.page_in(own, "web/preferences.html", headers, context)
    }

    fn link_form(&self, headers: &HeaderMap, asked: &Asked, wrong: bool) -> Result<Response, Problem> {
        let context = json!({ "email": asked.email, "wrong": wrong, "stamp": self.stamp_for(asked) });
        let mut response = self.private_page("web/preferences_link.html", headers, None, context)?;
        if wrong {
            *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
        }
        Ok(response)
    }
}

/// Until when the form says that nothing should come; an error: no day of the coming year.
fn pause(body: &[u8], list: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ()> {
    let wanted = format!("pause.{list}");
    let mut fields = form_urlencoded::parse(body);
    let typed = fields
        .find(|(field, _)| *field == wanted)
        .map(|(_, value)| value.into_owned());
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else {
        return Ok(None);
    };
    let day: NaiveDate = typed.parse().map_err(|_| ())?;
    let until = day.and_time(chrono::NaiveTime::MIN).and_utc();
    match until {
        // The past is no pause.
        until if until <= now => Ok(None),
        until if until - now > LONGEST_PAUSE => Err(()),
        until => Ok(Some(until)),
    }
}

/// The choices of a select, as the template wants them.
pub(super) fn languages(app: &App, wanted: &str) -> Vec<Value> {
    let name = |tag: &String| {
        let name = app.templates.words().word(tag, "language-name");
        json!({ "tag": tag, "name": name, "chosen": tag == wanted })
    };
    app.languages().iter().map(name).collect()
}
