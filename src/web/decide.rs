//! The page behind the links of a preview mail: what an edition will send to how many, and a button.
//!
//! In: a token and, for POST, nothing else. Out: a page; the edition approved or held, and who decided in the record.
//! Surprising: GET changes nothing, for mail scanners follow every link, and a token whose person is no longer in
//! `preview_to` opens nothing.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::error::Problem;
use crate::publish::{self, Decided, House};
use crate::store::Edition;
use crate::token::{Ballot, Choice};

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (ballot, _, edition) = app.open_ballot(&token, &headers).await?;
    let context = app.ballot_context(&ballot, &edition, Came::ToLook, &headers).await?;
    app.private_page("web/decide.html", &headers, None, context)
}

/// What became of the visit.
#[derive(Clone, Copy, PartialEq)]
enum Came {
    ToLook,
    ToDecide,
    TooLate,
}

pub(super) async fn decide(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (ballot, who, edition) = app.open_ballot(&token, &headers).await?;
    let decided = match ballot.choice {
        Choice::Approve => Decided::Approve { as_sealed: false },
        Choice::Hold => Decided::Hold,
    };
    let told = publish::decide_edition(&app.house(), &ballot.list, ballot.number, decided, &who).await;
    let came = told.map_or_else(
        |error| {
            let (list, number) = (&ballot.list, ballot.number);
            tracing::warn!(list, number, "a decision by link was refused: {error:#}");
            Came::TooLate
        },
        |_| Came::ToDecide,
    );
    let context = app.ballot_context(&ballot, &edition, came, &headers).await?;
    app.private_page("web/decide.html", &headers, None, context)
}

impl App {
    pub(super) fn house(&self) -> House {
        House {
            config: self.config.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            templates: self.templates.clone(),
            secret: self.secret.clone(),
        }
    }

    async fn open_ballot(&self, token: &str, headers: &HeaderMap) -> Result<(Ballot, String, Edition), Problem> {
        let ballot = self.secret.verify_ballot(token);
        let ballot = ballot.ok_or_else(|| self.problem_not_found(headers))?;
        let who = publish::reviewer(&self.house(), &ballot).ok_or_else(|| self.problem_not_found(headers))?;
        let edition = self.store.find_edition(&ballot.list, ballot.number).await;
        let edition = edition.map_err(|error| self.problem_store(headers, &error))?;
        let edition = edition.ok_or_else(|| self.problem_not_found(headers))?;
        Ok((ballot, who, edition))
    }

    /// What the page shows: the edition as it is now.
    async fn ballot_context(
        &self,
        ballot: &Ballot,
        edition: &Edition,
        came: Came,
        headers: &HeaderMap,
    ) -> Result<Value, Problem> {
        let stored = |error| self.problem_store(headers, &error);
        let counts = self.store.count_states(edition.id).await.map_err(stored)?;
        let people: i64 = counts
            .iter()
            .filter(|(state, _)| *state != "skipped")
            .map(|(_, count)| count)
            .sum();
        let items = self.store.list_items(edition.id).await.map_err(stored)?;
        let titles: Vec<&str> = items.iter().map(|item| item.report.title.as_str()).collect();
        let may = match ballot.choice {
            Choice::Approve => matches!(edition.state.as_str(), "waiting" | "held") && edition.approved_at.is_none(),
            Choice::Hold => edition.state == "waiting",
        };
        Ok(json!({
            "choice": match ballot.choice {
                Choice::Approve => "approve",
                Choice::Hold => "hold",
            },
            "list": self.list_title(&ballot.list),
            "number": ballot.number,
            "people": people,
            "titles": titles,
            "due": edition.due_at.format("%Y-%m-%d %H:%M UTC").to_string(),
            "may": may,
            "done": came == Came::ToDecide,
            "refused": came == Came::TooLate,
        }))
    }
}
