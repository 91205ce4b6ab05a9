//! What may enter an edition, and whom it concerns.
//!
//! In: a list and what is wanted of it. Out: candidates, each with whether it is new or only owed to some, the people,
//! and the ledgers that count. The surprising part: what a send by hand takes for new follows the cadences that
//! somebody reads by, so that a rhythm nobody chose does not keep everything new for ever.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use chrono::NaiveDate;

use super::Order;
use crate::config::List;
use crate::edition::{Candidate, Item, Matter, What, list_takes};
use crate::publish::{AUTO_BACKFILL, House, cadences_of};
use crate::report::Status;
use crate::store::{Reads, Stored, Subscription};

/// The cadences whose ledgers say what is new: for a send by hand those that somebody reads by, so that a rhythm nobody
/// chose does not keep everything new for ever.
pub(super) async fn read_cadences(house: &House, name: &str, list: &List, what: &What) -> anyhow::Result<Vec<String>> {
    let all = ledgers(list, what);
    if *what != What::All || list.cadences.is_empty() {
        return Ok(all);
    }
    let mut read = Vec::new();
    for cadence in list.cadences.keys() {
        if house.store.is_read(name, reads(list, cadence)).await? {
            read.push(cadence.clone());
        }
    }
    Ok(if read.is_empty() { all } else { read })
}

/// Whose ledgers a send enters: its own cadence's, or all of them.
pub(super) fn ledgers(list: &List, what: &What) -> Vec<String> {
    match what {
        What::Cadence(cadence)
        | What::Only {
            cadence: Some(cadence), ..
        } => vec![cadence.clone()],
        What::All | What::Only { cadence: None, .. } | What::Correction { .. } => {
            cadences_of(list).map(str::to_owned).collect()
        }
    }
}

/// Whom the edition concerns.
pub(in crate::publish) fn concerned(list: &List, what: &What) -> Reads {
    match what {
        What::Cadence(cadence)
        | What::Only {
            cadence: Some(cadence), ..
        } => reads(list, cadence),
        What::All | What::Only { cadence: None, .. } | What::Correction { .. } => Reads::Everyone,
    }
}

/// The people of a cadence: see [`reads_by`].
fn reads(list: &List, cadence: &str) -> Reads {
    if list.default_cadence() == Some(cadence) {
        let others = list.cadences.keys().filter(|other| *other != cadence);
        Reads::NoneOf(others.cloned().collect())
    } else {
        Reads::Chosen(cadence.to_owned())
    }
}

/// The cadence a person reads a list by: their own while the list offers it, else the list's default.
pub fn reads_by<'a>(list: &'a List, person: &'a Subscription) -> Option<&'a str> {
    let own = person
        .cadence
        .as_deref()
        .filter(|word| list.cadences.contains_key(*word));
    own.or_else(|| list.default_cadence())
}

/// A report staff named: it has to be public, or, where they only look, to lack nothing but the end of `settle`.
async fn find_named(house: &House, id: i64, order: &Order) -> anyhow::Result<Stored> {
    let stored = house.store.find_report(id).await?;
    let stored = stored.with_context(|| format!("there is no report {id}; see `rapporteur reports`"))?;
    let state = stored.state(house.now());
    if state != "published" && !(order.settling && state == "settling") {
        bail!("report {id} is not published ({state}); see `rapporteur reports show {id}`");
    }
    Ok(stored)
}

pub(super) async fn candidates(
    house: &House,
    name: &str,
    list: &List,
    order: &Order,
) -> anyhow::Result<Vec<Candidate>> {
    let now = house.now();
    let mut found: BTreeMap<(i64, Matter), Candidate> = BTreeMap::new();
    match &order.what {
        What::Only { reports, .. } => {
            for id in reports {
                let stored = find_named(house, *id, order).await?;
                if !list_takes(list, name, &stored) {
                    bail!(
                        "report {id} is not for the list {name}: its source {} or its own `lists` says so",
                        stored.source
                    );
                }
                found.insert((*id, Matter::of(&stored.report)), candidate(stored, false));
            }
        }
        What::Correction { report: id, note } => {
            let stored = find_named(house, *id, order).await?;
            if stored.revision == 1 {
                bail!("report {id} has not changed since it came; correct its file first, then people are told");
            }
            let mut notice = candidate(stored, false);
            notice.item.matter = Matter::Correction(notice.item.revision);
            notice.item.note = Some(note.clone());
            found.insert((*id, notice.item.matter), notice);
        }
        What::All | What::Cadence(_) => {
            let today = order.due_at.with_timezone(&list.zone()).date_naive();
            if order.settling {
                for stored in house.store.list_settling(now).await? {
                    if list_takes(list, name, &stored) && is_worth_telling(&stored, today) {
                        found.insert((stored.id, Matter::of(&stored.report)), candidate(stored, false));
                    }
                }
            }
            for cadence in read_cadences(house, name, list, &order.what).await? {
                for stored in house.store.list_unledgered(name, &cadence, now).await? {
                    if list_takes(list, name, &stored) && is_worth_telling(&stored, today) {
                        found.insert((stored.id, Matter::of(&stored.report)), candidate(stored, false));
                    }
                }
                for (id, revision) in house.store.list_untold_corrections(name, &cadence).await? {
                    found.extend(notice(house, id, revision).await?.map(|it| ((id, it.item.matter), it)));
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// What waits for a list that nobody is on yet; empty if somebody is.
pub(in crate::publish) async fn waiting(house: &House, name: &str, order: &Order) -> anyhow::Result<Vec<Item>> {
    if house.store.is_read(name, Reads::Everyone).await? {
        return Ok(Vec::new());
    }
    let waiting = candidates(house, name, house.config.list(name)?, order).await?;
    Ok(waiting.into_iter().map(|candidate| candidate.item).collect())
}

/// What the list published lately that is not new to the edition: for people who are owed it.
pub(super) async fn owed(
    house: &House,
    name: &str,
    list: &List,
    fresh: &[Candidate],
) -> anyhow::Result<Vec<Candidate>> {
    let month_ago = house.now() - AUTO_BACKFILL;
    let known = house.store.list_public_reports().await?;
    Ok(known
        .into_iter()
        .filter(|stored| !stored.archived && stored.published_at.is_some_and(|at| at >= month_ago))
        .filter(|stored| list_takes(list, name, stored) && fresh.iter().all(|it| it.item.report_id != stored.id))
        .map(|stored| candidate(stored, true))
        .collect())
}

/// Nobody is told of an announced event that is over, or was called off before anybody knew of it.
fn is_worth_telling(stored: &Stored, today: NaiveDate) -> bool {
    let event = &stored.report.event;
    let last = event.end.or(event.start).map(|last| last.date);
    !stored.report.is_announcement()
        || (last.is_none_or(|last| last >= today) && !(stored.report.listed && event.status == Status::Cancelled))
}

async fn notice(house: &House, id: i64, revision: i64) -> anyhow::Result<Option<Candidate>> {
    let Some((note, at)) = house.store.find_correction(id, revision).await? else {
        return Ok(None);
    };
    let stored = house.store.find_report(id).await?;
    Ok(stored.map(|stored| {
        let mut candidate = candidate(stored, false);
        candidate.item.matter = Matter::Correction(revision);
        candidate.item.note = Some(note);
        candidate.published_at = at;
        candidate
    }))
}

fn candidate(stored: Stored, owed: bool) -> Candidate {
    Candidate {
        published_at: stored.published_at.unwrap_or(stored.first_seen_at),
        was_announced: stored.announced_at.is_some(),
        work: stored.work,
        item: Item {
            report_id: stored.id,
            revision: stored.revision,
            matter: Matter::of(&stored.report),
            slug: stored.slug,
            note: None,
            report: stored.report,
        },
        owed,
    }
}

/// Whether an item is meant by one of these words: its id, its slug, or the editor's own key.
pub(in crate::publish) fn is_named(item: &Item, words: &[String]) -> bool {
    let id = item.report_id.to_string();
    words
        .iter()
        .any(|word| *word == id || *word == item.slug || item.report.handling.id.as_ref() == Some(word))
}
