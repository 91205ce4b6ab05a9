//! The page where people choose what they get: lists, cadence, topics, a pause, their language.
//!
//! In: a token and, for POST, the form. Out: a page; what was chosen, at once, and marked as theirs. Surprising: a list
//! that is ticked anew is asked for as on the page for joining, by a mail to the known address, since a mail with this link
//! may have been forwarded; and the page shows the masked address and no name, only what can be changed here (LST-12).

mod changed;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use self::changed::{Form, Shown, pause_days, topics_on_offer};
use super::App;
use super::client::Peer;
use super::error::Problem;
use super::subscribe::{Asked, Checked};
use crate::config::List;
use crate::publish::joinable;
use crate::store::{Setting, Subscriber, Subscription};
use crate::subscriber::{Address, masked};

/// What the page says above the form.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    saved: bool,
    /// Lists were asked for: a mail says how to go on.
    asked: bool,
    wrong: bool,
}

impl Told {
    const SAVED: Told = Told {
        saved: true,
        asked: false,
        wrong: false,
    };
    const WRONG: Told = Told {
        saved: false,
        asked: false,
        wrong: true,
    };
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
    let form = Form::read(&body);
    // A POST that is no form of ours has ticked nothing, and means nothing.
    if !form.is_ours {
        return app.choices(&person, Told::default(), &headers).await;
    }
    let told = match form.leaves_all {
        true => app.leave_all(&person, &headers).await?,
        false => app.apply(&person, &form, peer, &headers).await?,
    };
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
    let form = ("page", app.language(&headers));
    if asked.website.is_empty() && !app.keep_from(&wants_link, form, peer, &headers).await? {
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

    /// All lists, also those no longer configured, which may come back; whatever else the form says.
    async fn leave_all(&self, person: &Subscriber, headers: &HeaderMap) -> Result<Told, Problem> {
        let stored = |error| self.problem_store(headers, &error);
        let now = self.clock.now();
        let mut tx = self.store.begin_alone("signup").await.map_err(stored)?;
        for list in self.store.list_lists_of(person.id).await.map_err(stored)? {
            let left = self.store.leave(&mut tx, &list, person.id, "page", now).await;
            left.map_err(stored)?;
        }
        tx.commit().await.map_err(|error| stored(error.into()))?;
        Ok(Told::SAVED)
    }

    /// Everything in one transaction, or nothing.
    async fn apply(
        &self,
        person: &Subscriber,
        form: &Form,
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<Told, Problem> {
        let stored = |error| self.problem_store(headers, &error);
        let (now, languages) = (self.clock.now(), self.languages());
        let mut tx = self.store.begin_alone("signup").await.map_err(stored)?;
        let on = self.subscriptions(person, headers).await?;
        let shown = match &form.shown {
            Some(shown) => shown.clone(),
            None => Shown::of(&self.config, &languages, person, &on, now),
        };
        let language = form.language(&shown);
        if language.is_some_and(|tag| !languages.iter().any(|known| known == tag)) {
            return Ok(Told::WRONG);
        }
        for it in &on {
            let (Some(list), Some(shown)) = (self.config.lists.get(&it.list), shown.lists.get(&it.list)) else {
                continue;
            };
            if !form.asked.lists.contains(&it.list) {
                let left = self.store.leave(&mut tx, &it.list, person.id, "page", now).await;
                left.map_err(stored)?;
                continue;
            }
            let Some(change) = form.change(list, it, shown, now) else {
                return Ok(Told::WRONG);
            };
            let setting = Setting {
                cadence: change.cadence.as_deref().or(it.cadence.as_deref()),
                topics: change.topics.as_ref().unwrap_or(&it.topics),
                paused_until: change.paused_until.unwrap_or(it.paused_until),
                default_cadence: list.default_cadence(),
            };
            let set = self.store.set_preferences(&mut tx, it, &setting, language, now).await;
            set.map_err(stored)?;
        }
        if let Some(language) = language {
            let set = self.store.set_language(&mut tx, person.id, language).await;
            set.map_err(stored)?;
        }
        let is_old = |name: &str| shown.lists.contains_key(name) || on.iter().any(|it| it.list == name);
        let added: Vec<&str> = form
            .asked
            .lists
            .iter()
            .map(String::as_str)
            .filter(|name| !is_old(name))
            .collect();
        let asked = !added.is_empty();
        if asked {
            let Some(wanted) = self.added(person, &added, headers).await? else {
                return Ok(Told::WRONG);
            };
            // The words of the page stood there in the language that it was shown in.
            let language = self.language_of(person.language.as_deref(), headers);
            if !self
                .keep(&mut tx, &wanted, ("preferences", &language), peer, headers)
                .await?
            {
                return Err(self.problem_busy(headers));
            }
        }
        tx.commit().await.map_err(|error| stored(error.into()))?;
        Ok(Told { asked, ..Told::SAVED })
    }

    /// The request for lists that were ticked anew. None: one of them is not on offer.
    async fn added(
        &self,
        person: &Subscriber,
        lists: &[&str],
        headers: &HeaderMap,
    ) -> Result<Option<Checked>, Problem> {
        let is_open = self.takes_people(headers).await?;
        let is_on_offer = |wanted: &&str| is_open && joinable(&self.config).any(|(name, _)| name == *wanted);
        let Ok(address) = Address::parse(&person.address) else {
            return Ok(None);
        };
        let choices = joinable(&self.config).filter(|(name, _)| lists.contains(name));
        let choices = choices.map(|(name, _)| (name.to_owned(), None, Vec::new())).collect();
        Ok(lists.iter().all(is_on_offer).then_some(Checked {
            address,
            name: None,
            language: None,
            choices,
        }))
    }

    async fn choices(&self, person: &Subscriber, told: Told, headers: &HeaderMap) -> Result<Response, Problem> {
        let on = self.subscriptions(person, headers).await?;
        let own = person.language.as_deref();
        let language = self.language_of(own, headers);
        let shown = Shown::of(&self.config, &self.languages(), person, &on, self.clock.now());
        let is_open = self.takes_people(headers).await?;
        let mut offers = Vec::new();
        for (name, list) in &self.config.lists {
            let theirs = on.iter().find(|it| it.list == *name);
            if theirs.is_some() || (list.public && is_open) {
                offers.push(self.own_offer(name, list, &language, theirs, &shown));
            }
        }
        let is_longer = offers.len() > shown.lists.len();
        let context = json!({
            "address": masked(&person.address),
            "shown": serde_json::to_string(&shown).unwrap_or_default(),
            "lists": offers,
            "languages": languages(self, &shown.language),
            "speaks_other": shown.language.is_empty(),
            "consent": is_longer.then(|| self.consent(&language)),
            "saved": told.saved,
            "asked": told.asked,
            "wrong": told.wrong,
            "is_off": on.is_empty(),
        });
        self.page_in(own, "web/preferences.html", headers, context)
    }

    /// A list as their page offers it.
    fn own_offer(
        &self,
        name: &str,
        list: &List,
        language: &str,
        theirs: Option<&Subscription>,
        shown: &Shown,
    ) -> Value {
        let mut as_asked = Asked::default();
        let now = shown.lists.get(name);
        if let Some(now) = now {
            as_asked.lists.push(name.to_owned());
            as_asked.cadences.insert(name.to_owned(), now.cadence.clone());
        }
        let mut offer = self.offer(name, list, language, &as_asked);
        let had = theirs.map(|it| it.topics.as_slice()).unwrap_or_default();
        let topics: Vec<Value> = topics_on_offer(list, had)
            .into_iter()
            .map(|term| {
                let label = list.topics.get(term).map_or(term, String::as_str);
                let chosen = now.is_some_and(|now| now.topics.contains(term));
                json!({ "term": term, "label": label, "chosen": chosen })
            })
            .collect();
        let (first, last) = pause_days(list, self.clock.now());
        if let Some(offer) = offer.as_object_mut() {
            offer.insert("is_on".into(), theirs.is_some().into());
            offer.insert("topics".into(), topics.into());
            offer.insert("paused_until".into(), now.map(|now| now.pause.as_str()).into());
            offer.insert("tomorrow".into(), first.to_string().into());
            offer.insert("furthest".into(), last.to_string().into());
        }
        offer
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

/// The choices of a select, as the template wants them.
pub(super) fn languages(app: &App, wanted: &str) -> Vec<Value> {
    let name = |tag: &String| {
        let name = app.templates.words().word(tag, "language-name");
        json!({ "tag": tag, "name": name, "chosen": tag == wanted })
    };
    app.languages().iter().map(name).collect()
}
