//! `why`: what a person gets next and got last, and why or why not.
//!
//! It looks at the same draft that the next slot will seal, so that what it says is what will happen.

mod words;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Desk, Misuse};
use crate::config::List;
use crate::edition::{Item, Skip, What, list_takes};
use crate::publish::{self, House, Order, Upcoming};
use crate::store::{Delivery, Subscription};
use crate::subscriber::{Address, csv};

/// How many past editions are told.
const PAST: i64 = 5;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A list of config.toml
    list: String,
    /// The person's address, in any case
    address: String,
}

#[derive(Serialize)]
struct Answer {
    list: String,
    address: String,
    /// None: not on the list.
    subscription: Option<Person>,
    /// One sentence: what they get next, or why nothing.
    why: String,
    next: Option<Next>,
    past: Vec<Delivery>,
    /// What the list's file says about them, if they are not on the list.
    file: Option<String>,
}

#[derive(Serialize)]
struct Person {
    state: String,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    /// They want nothing before.
    paused_until: Option<DateTime<Utc>>,
    cadence: Option<String>,
    topics: Vec<String>,
    language: Option<String>,
}

/// The next edition of the person's cadence as it would be sealed now.
#[derive(Serialize)]
struct Next {
    cadence: String,
    /// None: as soon as there is something.
    slot: Option<DateTime<Utc>>,
    when: String,
    reports: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    id: i64,
    title: String,
    gets: bool,
    /// Why not.
    reason: Option<String>,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let list = house.config.list(&args.list)?;
    let address = Address::parse(&args.address).map_err(|error| Misuse(format!("{}: {error}", args.address)))?;
    let on_lists = house.store.list_subscriptions_of(&address.key()).await?;
    let answer = match on_lists.into_iter().find(|subscription| subscription.list == args.list) {
        Some(subscription) => of_person(&house, &args.list, list, subscription).await?,
        None => of_stranger(&house, &args.list, list, &address),
    };
    desk.tell(&answer)?;
    for line in words::sentences(&answer) {
        desk.say(line);
    }
    Ok(())
}

/// Somebody who is not on the list; perhaps their row was refused.
fn of_stranger(house: &House, name: &str, list: &List, address: &Address) -> Answer {
    let path = house.people_file(name);
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = std::fs::read(&path)
        .ok()
        .and_then(|bytes| csv::read(&bytes).ok())
        .and_then(|mut file| {
            publish::hold_to(list, &mut file);
            let is_theirs = |key: Option<&String>| key == Some(&address.key());
            let refused = file.refused.iter().find(|refused| is_theirs(refused.key.as_ref()));
            let row = file.rows.iter().find(|row| row.address.key() == address.key());
            match (refused, row) {
                (Some(refused), _) => Some(format!(
                    "subscribers/{shown} line {} was refused: {}",
                    refused.line, refused.reason
                )),
                (None, Some(row)) => Some(format!(
                    "subscribers/{shown} line {} has them and is not applied yet; `rapporteur subscribers sync {name}`",
                    row.line
                )),
                (None, None) => None,
            }
        });
    Answer {
        list: name.into(),
        address: address.to_string(),
        subscription: None,
        why: format!("{address} is not on the list {name}."),
        next: None,
        past: Vec::new(),
        file,
    }
}

/// The status for which a person was suspended.
async fn last_failure(house: &House, subscriber_id: i64) -> anyhow::Result<String> {
    let record = house.store.list_consent(subscriber_id).await?;
    let suspended = record.into_iter().rev().find(|entry| entry.what == "suspended");
    Ok(suspended
        .and_then(|entry| entry.basis)
        .unwrap_or_else(|| "no reason is recorded".into()))
}

async fn of_person(house: &House, name: &str, list: &List, who: Subscription) -> anyhow::Result<Answer> {
    let past = house.store.list_deliveries_of(who.subscriber.id, name, PAST).await?;
    let cadence = publish::reads_by(list, &who).map(str::to_owned);
    let is_active = who.state == "active" && who.subscriber.state == "active";
    let paused_until = who.paused_until.filter(|until| *until > house.now());
    let next = match (&cadence, is_active && paused_until.is_none()) {
        (Some(cadence), true) => Some(next(house, name, list, &who, cadence).await?),
        _ => None,
    };
    let why = match &next {
        None if who.state == "left" => "They left, and get nothing unless they subscribe again themselves.".into(),
        None if who.state == "removed" => {
            format!(
                "They were taken off the list; `rapporteur subscribers add {} --list {name} --basis ...` brings them back.",
                who.subscriber.address
            )
        }
        None if who.subscriber.state == "suspended" => format!(
            "Mail to their address came back ({}): no list mails it until `rapporteur subscribers resume {} --basis ...`.",
            last_failure(house, who.subscriber.id).await?,
            who.subscriber.address
        ),
        None if !is_active => format!("Their address is {}: no list mails it.", who.subscriber.state),
        None if paused_until.is_some() => {
            let until = paused_until.unwrap_or_default().format("%-d %b %Y");
            format!("They asked for no mail before {until}; the first edition after that brings what they missed.")
        }
        None => "The list has no schedule: it goes out when staff send it.".into(),
        Some(next) => why(next),
    };
    let last = who.subscriber;
    Ok(Answer {
        list: name.into(),
        address: last.address,
        subscription: Some(Person {
            state: if last.state == "active" { who.state } else { last.state },
            since: who.started_at,
            until: who.ended_at,
            paused_until,
            cadence,
            topics: who.topics,
            language: last.language,
        }),
        why,
        next,
        past,
        file: None,
    })
}

fn why(next: &Next) -> String {
    let gets = next.reports.iter().filter(|line| line.gets).count();
    match (gets, next.reports.len()) {
        (0, 0) => format!(
            "Nothing is new for {} readers so far; they get no mail {}.",
            next.cadence, next.when
        ),
        (0, _) => format!(
            "Nothing in the next edition is for them; they get no mail {}.",
            next.when
        ),
        (gets, all) => format!("They get {gets} of {all} new reports {}.", next.when),
    }
}

/// What the next edition of the cadence holds for a person, and why not more.
async fn next(house: &House, name: &str, list: &List, who: &Subscription, cadence: &str) -> anyhow::Result<Next> {
    let slot = publish::upcoming(house, Some(name), 1)
        .into_iter()
        .find(|slot| slot.cadence == cadence);
    let order = Order {
        what: What::Cadence(cadence.into()),
        cadence: cadence.into(),
        slot: slot.as_ref().map(|slot| slot.slot.utc.timestamp_millis()),
        due_at: slot.as_ref().map_or(house.now(), |slot| slot.slot.utc),
        hands: publish::read_hands(house, name)?.by_language,
        settling: false,
    };
    let draft = publish::draft(house, name, &order).await?;
    let had = house.store.list_had_by(who.subscriber.id).await?;
    let mut lines = Vec::new();
    let theirs = match &draft {
        Some(draft) => draft.of_person(house, &order, who.subscriber.id).await?,
        None => None,
    };
    let theirs: Vec<Item> = theirs
        .and_then(Result::ok)
        .map_or_else(Vec::new, |variant| variant.items);
    lines.extend(theirs.iter().map(|item| line(item.report_id, &item.report.title, None)));
    for stored in house.store.list_unledgered(name, cadence, house.now()).await? {
        if !list_takes(list, name, &stored) || theirs.iter().any(|item| item.report_id == stored.id) {
            continue;
        }
        let is_left_out = draft.as_ref().is_some_and(|draft| {
            !draft
                .items
                .iter()
                .chain(&draft.known)
                .any(|item| item.report_id == stored.id && !item.matter.is_correction())
        });
        let reason = match had.get(&stored.id) {
            Some(edition) => format!("had in {edition}"),
            None if stored.id <= who.since_report => "came before they subscribed".into(),
            None if is_left_out => "left out by the editor's hand; stays new".into(),
            None if !stored.report.topics.is_empty() && !who.topics.is_empty() => {
                format!(
                    "is about {}, not {}",
                    stored.report.topics.join(", "),
                    who.topics.join(", ")
                )
            }
            None => Skip::NothingNew.as_str().into(),
        };
        lines.push(line(stored.id, &stored.report.title, Some(reason)));
    }
    Ok(Next {
        cadence: cadence.into(),
        slot: slot.as_ref().map(|slot| slot.slot.utc),
        when: when(list, slot.as_ref()),
        reports: lines,
    })
}

fn line(id: i64, title: &str, reason: Option<String>) -> Line {
    Line {
        id,
        title: title.into(),
        gets: reason.is_none(),
        reason,
    }
}

/// "on Mon 4 May 08:00 Europe/Berlin (weekly)"
fn when(list: &List, slot: Option<&Upcoming>) -> String {
    let Some(slot) = slot else {
        return "within the hour (immediate)".into();
    };
    let zone = list
        .cadences
        .get(&slot.cadence)
        .and_then(|cadence| cadence.times())
        .map_or(chrono_tz::UTC, |times| times.1);
    format!(
        "on {} {zone} ({})",
        slot.slot.local.format("%a %-d %b %H:%M"),
        slot.cadence
    )
}
