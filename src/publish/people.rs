//! The list's CSV becomes subscriptions; people come by import; nobody who left comes back by a file.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};

use super::House;
use crate::config::List;
use crate::store::{Change, Joining, Store, Subscription, Tx};
use crate::subscriber::csv::{self, FileProblem, Offer, Refused, Row};
use crate::subscriber::sync::{Change as Cell, Known, Own, Plan, Update, plan_sync};
use crate::subscriber::{Address, Cells, State};

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

    let mut tx = house.store.begin_alone(&format!("people {name}")).await?;
    let subscriptions = house.store.list_subscriptions(name).await?;
    let plan = plan_sync(&read, &subscriptions.iter().map(known).collect::<Vec<_>>());
    if let (Some(guard), false) = (&plan.guard, confirmed) {
        let mut synced = stopped(format!(
            "{}: {guard}; nothing was changed. If that is meant: rapporteur subscribers sync {name} --yes",
            file.display()
        ));
        synced.refused = read.refused;
        return Ok(synced);
    }
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

/// Where people come from that staff name one by one.
pub const COMMAND_LINE: &str = "command line";

/// Adds rows of a file that is not the list's own, on a stated basis. People who left or were removed stay away; only
/// staff who name a person bring back whom staff or the file removed. Returns, for each row, whether the person was
/// added; `false` stands for already there, or gone. `step` is called after each row.
pub async fn import(
    house: &House,
    name: &str,
    rows: &[Row],
    basis: &str,
    how: &str,
    mut step: impl FnMut(),
) -> anyhow::Result<Vec<bool>> {
    if basis.trim().is_empty() {
        bail!("say why these people may be mailed: --basis \"asked for it at the conference of 3 May\"");
    }
    let mut tx = house.store.begin_alone(&format!("people {name}")).await?;
    let known = house.store.list_subscriptions(name).await?;
    let known: HashSet<String> = known
        .iter()
        .filter(|known| !(how == COMMAND_LINE && known.state == "removed" && known.subscriber.state == "active"))
        .filter_map(|known| Some(Address::parse(&known.subscriber.address).ok()?.key()))
        .collect();
    let mut added = Vec::with_capacity(rows.len());
    for row in rows {
        let is_new = !known.contains(&row.address.key());
        if is_new {
            subscribe(&house.store, &mut tx, name, row, how, Some(basis), house.now()).await?;
        }
        added.push(is_new);
        step();
    }
    tx.commit().await?;
    Ok(added)
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
    let basis = list.basis.as_deref();
    let returning = plan.returning.iter().map(|back| &back.row);
    for row in plan.subscribe.iter().chain(returning) {
        subscribe(store, tx, name, row, "file", basis, now).await?;
    }
    for update in &plan.update {
        apply_update(store, tx, list, update).await?;
    }
    Ok(())
}

async fn subscribe(
    store: &Store,
    tx: &mut Tx,
    list: &str,
    row: &Row,
    how: &str,
    basis: Option<&str>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let cells = serde_json::to_string(&row.cells)?;
    let joining = Joining {
        list,
        address: &row.address.to_string(),
        address_key: &row.address.key(),
        name: filled(&row.cells.name),
        language: filled(&row.cells.language),
        cadence: filled(&row.cells.cadence),
        topics: row.cells.topics.as_deref().unwrap_or_default(),
        cells: Some(&cells),
        how,
        basis,
    };
    store
        .subscribe(tx, &joining, now)
        .await
        .with_context(|| format!("line {}", row.line))
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
