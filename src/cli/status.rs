//! `status`: the state of the house in a few lines, for a person who looks in the morning.
//!
//! For each list: what comes next, what the last edition did, which slots passed without one, what waits for staff.
//! Then what stands still, which sources fail, and which files were refused. `status/words.rs` says it.

mod words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::Desk;
use crate::clock::from_millis;
use crate::config::List;
use crate::publish::{self, House, Upcoming};
use crate::store::{Edition, Pause};

/// How many decided slots are looked at.
const SLOTS: i64 = 10;

#[derive(Serialize)]
struct Status {
    lists: Vec<ListStatus>,
    pauses: Vec<Pause>,
    sources: Vec<SourceStatus>,
    /// Reports that are known and not public, by why.
    unpublished: BTreeMap<String, i64>,
    in_doubt: i64,
    /// Mails of sealed editions whose relay the configuration does not name any more.
    stranded: Vec<Stranded>,
    /// The mailbox of bounces cannot be reached.
    bounces: Option<publish::Trouble>,
    /// Alerts of late that could not be posted.
    unposted: Option<Unposted>,
}

#[derive(Serialize)]
struct Unposted {
    posts: i64,
    error: String,
}

#[derive(Serialize)]
struct Stranded {
    relay: String,
    mails: i64,
}

#[derive(Serialize)]
struct ListStatus {
    list: String,
    /// Of each cadence that has a schedule, the soonest first.
    next: Vec<Next>,
    last: Option<Last>,
    /// Slots without an edition: empty, missed, or waiting for an answer.
    slots: Vec<Passed>,
    /// Editions that wait for somebody, and for what.
    waiting: Vec<Waiting>,
    /// Who is on the list and may be mailed.
    people: u64,
    #[serde(skip)]
    zone: Tz,
}

#[derive(Serialize)]
struct Next {
    #[serde(flatten)]
    slot: Upcoming,
    zone: String,
    reports: usize,
    people: u64,
    /// Already sealed under this number.
    sealed: Option<i64>,
}

#[derive(Serialize)]
struct Last {
    number: i64,
    state: String,
    at: DateTime<Utc>,
    counts: BTreeMap<String, i64>,
}

#[derive(Serialize)]
struct Passed {
    at: DateTime<Utc>,
    cadence: String,
    outcome: String,
}

#[derive(Serialize)]
struct Waiting {
    edition: String,
    state: String,
    needs: String,
}

#[derive(Serialize)]
struct SourceStatus {
    source: String,
    last_success_at: Option<DateTime<Utc>>,
    error: Option<String>,
    /// Sources on the web: when they are asked next, and how often they failed in a row.
    next_at: Option<DateTime<Utc>>,
    failures: u32,
    refused: Vec<publish::Refused>,
}

pub(super) async fn run(desk: &Desk) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let status = gather(&house).await?;
    desk.tell(&status)?;
    for line in words::sentences(&status) {
        desk.say(line);
    }
    Ok(())
}

async fn gather(house: &House) -> anyhow::Result<Status> {
    let mut lists = Vec::new();
    let mut in_doubt = 0;
    for (name, list) in &house.config.lists {
        let editions = house.store.list_editions(Some(name)).await?;
        for edition in &editions {
            in_doubt += house
                .store
                .count_states(edition.id)
                .await?
                .get("in-doubt")
                .copied()
                .unwrap_or(0);
        }
        lists.push(of_list(house, name, list, &editions).await?);
    }
    let mut sources = Vec::new();
    for name in house.config.sources.keys() {
        let state = house.store.find_source(name).await?;
        let origins = house.store.list_origins(name).await?;
        let refused = origins.into_iter().filter(|origin| !origin.gone);
        sources.push(SourceStatus {
            source: name.clone(),
            last_success_at: state.last_success_at,
            error: state.last_error,
            next_at: state.polling.next_at.filter(|_| !state.polling.gone),
            failures: state.polling.failures,
            refused: refused
                .filter_map(|origin| {
                    Some(publish::Refused {
                        path: origin.path,
                        reason: origin.refused?,
                    })
                })
                .collect(),
        });
    }
    let unpublished = house.store.count_unpublished(house.now()).await?.into_iter().collect();
    let waiting = house.store.count_waiting_by_relay().await?.into_iter();
    let stranded = waiting.filter(|(relay, _)| !house.config.relays.contains_key(relay));
    let unposted = house.store.count_unposted().await?;
    Ok(Status {
        lists,
        pauses: house.store.list_pauses().await?,
        sources,
        unpublished,
        in_doubt,
        stranded: stranded.map(|(relay, mails)| Stranded { relay, mails }).collect(),
        bounces: publish::mailbox_trouble(house).await?,
        unposted: unposted.map(|(posts, error)| Unposted { posts, error }),
    })
}

async fn of_list(house: &House, name: &str, list: &List, editions: &[Edition]) -> anyhow::Result<ListStatus> {
    let mut next = Vec::new();
    for slot in publish::upcoming(house, Some(name), 1) {
        next.push(look_ahead(house, list, slot, editions).await?);
    }
    let last = match editions
        .iter()
        .find(|edition| matches!(edition.state.as_str(), "sending" | "finished" | "stopped"))
    {
        Some(edition) => Some(Last {
            number: edition.number,
            state: edition.state.clone(),
            at: edition.released_at.unwrap_or(edition.sealed_at),
            counts: house.store.count_states(edition.id).await?,
        }),
        None => None,
    };
    let without = |outcome: &str| matches!(outcome, "empty" | "missed" | "asked");
    let slots = house
        .store
        .list_slots(name, SLOTS)
        .await?
        .into_iter()
        .filter(|slot| without(&slot.outcome));
    let is_cron = |cadence: &str| {
        list.cadences
            .get(cadence)
            .is_some_and(|cadence| cadence.times().is_some())
    };
    Ok(ListStatus {
        list: name.to_owned(),
        next,
        last,
        slots: slots
            // An immediate cadence's slots are no instants.
            .filter(|slot| is_cron(&slot.cadence))
            .map(|slot| Passed {
                at: from_millis(slot.slot),
                cadence: slot.cadence,
                outcome: slot.outcome,
            })
            .collect(),
        waiting: editions.iter().filter_map(waiting).collect(),
        people: house.store.count_active_people(name).await?,
        zone: zone_of(list),
    })
}

/// What a slot will bring: an edition that is sealed already, or what one would hold now.
async fn look_ahead(house: &House, list: &List, slot: Upcoming, editions: &[Edition]) -> anyhow::Result<Next> {
    let zone = list
        .cadences
        .get(&slot.cadence)
        .and_then(|cadence| cadence.times())
        .map_or(Tz::UTC, |times| times.1);
    let instant = slot.slot.utc.timestamp_millis();
    let sealed = editions.iter().find(|edition| {
        edition.slot == Some(instant) && edition.cadence == slot.cadence && edition.state != "cancelled"
    });
    let (reports, people) = match sealed {
        Some(edition) => {
            let counts = house.store.count_states(edition.id).await?;
            let people = counts
                .iter()
                .filter(|(state, _)| *state != "skipped")
                .map(|it| it.1)
                .sum::<i64>();
            (house.store.list_items(edition.id).await?.len(), u64::try_from(people)?)
        }
        None => publish::outlook(house, &slot).await?,
    };
    let number = sealed.map(|edition| edition.number);
    Ok(Next {
        slot,
        zone: zone.to_string(),
        reports,
        people,
        sealed: number,
    })
}

/// What an edition waits for, if it waits for somebody.
fn waiting(edition: &Edition) -> Option<Waiting> {
    let name = format!("{}/{}", edition.list, edition.number);
    let needs = match edition.state.as_str() {
        "waiting" if edition.needs_approval && edition.approved_at.is_none() => {
            format!("waits for `rapporteur editions approve {name}`")
        }
        "held" => format!("is held; `rapporteur editions release {name}`, `redo` or `cancel`"),
        "stopped" => format!("is stopped; `rapporteur editions resume {name}` or `cancel`"),
        _ => return None,
    };
    Some(Waiting {
        edition: name,
        state: edition.state.clone(),
        needs,
    })
}

/// The zone a list lives in: of its first cadence that has one.
fn zone_of(list: &List) -> Tz {
    list.cadences
        .values()
        .find_map(|cadence| Some(cadence.times()?.1))
        .unwrap_or(Tz::UTC)
}
