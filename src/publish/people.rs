//! The list's CSV becomes subscriptions; people come by import; nobody who left comes back by a file.

mod forget;
mod import;
mod infile;

use std::collections::HashSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::House;
use crate::config::List;
use crate::store::{Change, Joining, PEOPLE, Store, Subscription, Tx};
use crate::subscriber::csv::{self, FileProblem, Offer, Refused, Row};
use crate::subscriber::sync::{Change as Cell, Known, Own, Plan, Update, plan_sync};
use crate::subscriber::{Address, Cells, State};
pub use forget::{Erased, PersonalData, Subscribed, allow, erase, know, record_act, suppress, suppression};
pub use import::{Added, COMMAND_LINE, Import, Judged, Verdict, add, import};
pub use infile::InFile;

/// What a list's file changed, or why it changed nothing.
#[derive(Clone, Debug, Default)]
pub struct Synced {
    pub file: PathBuf,
    pub subscribed: usize,
    pub returned: usize,
    pub updated: usize,
    pub removed: usize,
    pub refused: Vec<Refused>,
    /// Rows of people who left: a file cannot bring them back.
    pub left: usize,
    pub notes: Vec<String>,
    /// Why nothing was changed.
    pub stopped: Option<String>,
}

/// Applies a list's file, in one transaction. A file that is missing, empty or would drop many people changes nothing,
/// unless `confirmed`; a file that is broken changes nothing at all.
pub async fn sync(house: &House, name: &str, confirmed: bool) -> anyhow::Result<Synced> {
    let list = house.config.list(name)?;
    let file = house.people_file(name);
    let stopped = |reason: String| Synced {
        file: file.clone(),
        stopped: Some(reason),
        ..Synced::default()
    };
    let read = match std::fs::read(&file) {
        Ok(bytes) => match csv::read(&bytes) {
            // Staff said yes to a list without people; a file that is broken says nothing about anybody.
            Err(FileProblem::Empty | FileProblem::HeaderOnly) if confirmed => Ok(csv::File::default()),
            read => read.map_err(|problem| problem.to_string()),
        },
        Err(error) if confirmed && error.kind() == std::io::ErrorKind::NotFound => Ok(csv::File::default()),
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    let mut read = match read {
        Ok(read) => read,
        Err(problem) => {
            return Ok(stopped(format!(
                "{}: {problem}; nobody was added or removed",
                file.display()
            )));
        }
    };
    hold_to(list, &mut read);

    let mut tx = house.store.begin_alone(PEOPLE).await?;
    let subscriptions = house.store.list_subscriptions(name).await?;
    let mut plan = plan_sync(&read, &subscriptions.iter().map(known).collect::<Vec<_>>());
    if let (Some(guard), false) = (&plan.guard, confirmed) {
        let mut synced = stopped(format!(
            "{}: {guard}; nothing was changed. If that is meant: rapporteur subscribers sync {name} --yes",
            file.display()
        ));
        synced.refused = read.refused;
        return Ok(synced);
    }
    let keys: Vec<String> = plan.subscribe.iter().map(|row| row.address.key()).collect();
    let suppressed = forget::suppressed(house, Some(&mut tx), &keys).await?;
    let (refused, subscribe) = plan
        .subscribe
        .into_iter()
        .partition(|row| suppressed.contains_key(&row.address.key()));
    plan.subscribe = subscribe;
    plan.refused_left.extend::<Vec<Row>>(refused);
    apply(&house.store, &mut tx, name, list, &plan, house.now()).await?;
    let gone: HashSet<i64> = plan.remove.iter().copied().collect();
    for subscription in subscriptions.iter().filter(|known| gone.contains(&known.id)) {
        let store = &house.store;
        store
            .remove_by_file(&mut tx, name, subscription.subscriber.id, house.now())
            .await?;
    }
    tx.commit().await?;
    Ok(Synced {
        file,
        subscribed: plan.subscribe.len(),
        returned: plan.returning.len(),
        updated: plan.update.iter().filter(|update| !update.changes.is_empty()).count(),
        removed: plan.remove.len(),
        refused: read.refused,
        left: plan.refused_left.len(),
        notes: read.notes,
        stopped: None,
    })
}

/// Refuses the rows that ask for topics or cadences the list does not offer.
pub fn hold_to(list: &List, file: &mut csv::File) {
    let topics: Vec<(&str, &str)> = list
        .topics
        .iter()
        .map(|(term, label)| (term.as_str(), label.as_str()))
        .collect();
    let cadences: Vec<&str> = list.cadences.keys().map(String::as_str).collect();
    file.hold_to(Offer {
        topics: &topics,
        cadences: &cadences,
    });
}

async fn apply(
    store: &Store,
    tx: &mut Tx,
    name: &str,
    list: &List,
    plan: &Plan,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let returning = plan.returning.iter().map(|back| &back.row);
    let rows: Vec<&Row> = plan.subscribe.iter().chain(returning).collect();
    subscribe(store, tx, (name, "file", list.basis.as_deref()), &rows, now).await?;
    for update in &plan.update {
        apply_update(store, tx, list, update).await?;
    }
    Ok(())
}

/// Puts the people of rows onto a list; how they come and on what basis goes into the record of their consent.
async fn subscribe(
    store: &Store,
    tx: &mut Tx,
    (list, how, basis): (&str, &str, Option<&str>),
    rows: &[&Row],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let texts: Vec<(String, String, String)> = rows
        .iter()
        .map(|row| {
            let cells = serde_json::to_string(&row.cells)?;
            Ok((row.address.to_string(), row.address.key(), cells))
        })
        .collect::<Result<_, serde_json::Error>>()?;
    let joining: Vec<Joining<'_>> = rows
        .iter()
        .zip(&texts)
        .map(|(row, (address, address_key, cells))| Joining {
            list,
            address,
            address_key,
            name: filled(&row.cells.name),
            language: filled(&row.cells.language),
            cadence: filled(&row.cells.cadence),
            topics: row.cells.topics.as_deref().unwrap_or_default(),
            cells: Some(cells),
            how,
            basis,
        })
        .collect();
    Ok(store.subscribe_all(tx, &joining, now).await?)
}

async fn apply_update(store: &Store, tx: &mut Tx, list: &List, update: &Update) -> anyhow::Result<()> {
    let cells = serde_json::to_string(&update.seen)?;
    let mut change = Change {
        cells: Some(&cells),
        default_cadence: list.default_cadence(),
        ..Change::default()
    };
    for cell in &update.changes {
        match cell {
            Cell::Name(name) => change.name = Some(Some(name.as_str()).filter(|name| !name.is_empty())),
            Cell::Language(tag) => change.language = Some(Some(tag.as_str()).filter(|tag| !tag.is_empty())),
            Cell::Topics(topics) => change.topics = Some(topics),
            Cell::Cadence(word) => change.cadence = Some(Some(word.as_str()).filter(|word| !word.is_empty())),
        }
    }
    Ok(store.update_subscription(tx, update.id, &change).await?)
}

fn filled(cell: &Option<String>) -> Option<&str> {
    cell.as_deref().filter(|cell| !cell.is_empty())
}

fn known(subscription: &Subscription) -> Known {
    let chose = |field: &str| subscription.chosen.iter().any(|chosen| chosen == field);
    let address = Address::parse(&subscription.subscriber.address);
    Known {
        id: subscription.id,
        key: address.map(|address| address.key()).unwrap_or_default(),
        state: match (subscription.subscriber.state.as_str(), subscription.state.as_str()) {
            ("suppressed" | "suspended", _) => State::Suppressed,
            ("erased", _) => State::Erased,
            (_, "left") => State::Left,
            // Only what the file itself took away can return by file.
            (_, "removed") if subscription.by_file => State::Removed,
            (_, "removed") => State::Left,
            _ => State::Active,
        },
        put_by_file: subscription.by_file,
        cells: subscription
            .cells
            .as_deref()
            .and_then(|cells| serde_json::from_str::<Cells>(cells).ok()),
        own: Own {
            name: chose("name"),
            language: chose("language"),
            topics: chose("topics"),
            cadence: chose("cadence"),
        },
    }
}
