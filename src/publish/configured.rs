//! What is configured becomes rows: lists, cadences, sources; what is gone is marked as retired and keeps its history
//! (rule 15).
//!
//! In: the configuration, whenever the house is opened. Out: rows, and lines of the ledger. The surprising part: a
//! configuration that changes sends nothing by itself. What a new or changed cadence newly matches is taken only within
//! `backfill`, the rest is known, not new (rule 11); and whom the change moves to another cadence is owed what the old
//! one had not brought (rule 3).

use chrono::{DateTime, Utc};

use super::{House, cadences_of, older_than_backfill};
use crate::config::{Cadence, Carries, List};
use crate::edition::{Matter, list_takes};
use crate::store::{CadenceState, Stored, Table, Tx};

pub(super) async fn record(house: &House) -> anyhow::Result<()> {
    let (store, now) = (&house.store, house.now());
    store.settle_fact("epoch", "1").await?;
    let mut tx = store.begin_alone("configuration").await?;
    let (mut lists, mut cadences) = (Vec::new(), Vec::new());
    for (name, list) in &house.config.lists {
        owe_moved_readers(house, &mut tx, name, list).await?;
        store.record_list(&mut tx, name, list.default_cadence(), now).await?;
        lists.push(name.clone());
        for cadence in cadences_of(list) {
            cadences.push(format!("{name}/{cadence}"));
            record_cadence(house, &mut tx, name, list, cadence, now).await?;
        }
    }
    let sources: Vec<_> = house.config.sources.keys().cloned().collect();
    store.retire_others(&mut tx, Table::List, &lists, now).await?;
    store.retire_others(&mut tx, Table::Cadence, &cadences, now).await?;
    store.retire_others(&mut tx, Table::Source, &sources, now).await?;
    Ok(tx.commit().await?)
}

async fn record_cadence(
    house: &House,
    tx: &mut Tx,
    name: &str,
    list: &List,
    cadence: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let store = &house.store;
    let rule = list.cadences.get(cadence).map(rule_of).unwrap_or_default();
    let matching = serde_json::to_string(&(&list.sources, list.carries))?;
    let before = store.find_cadence(name, cadence).await?;
    let is_same = |before: &CadenceState| before.rule == rule && before.matching == matching && !before.retired;
    if before.as_ref().is_some_and(is_same) {
        return Ok(());
    }
    let is_new = |report: &Stored| match &before {
        None => true,
        // It was away for a while: what came meanwhile is as new to it as to a new one.
        Some(before) if before.retired => true,
        Some(before) => {
            let matched: (Vec<String>, Carries) = serde_json::from_str(&before.matching).unwrap_or_default();
            let (sources, carries) = matched;
            (!sources.is_empty() && !sources.contains(&report.source)) || !carries.takes(&report.report)
        }
    };
    let newly = store.list_unledgered(name, cadence, now).await?;
    let newly: Vec<_> = newly
        .into_iter()
        .filter(|report| list_takes(list, name, report) && is_new(report))
        .collect();
    let dates: Vec<_> = newly
        .iter()
        .map(|report| report.dated_at.unwrap_or(report.first_seen_at))
        .collect();
    let known = older_than_backfill(list.backfill, &dates, now);
    let known: Vec<_> = newly
        .iter()
        .zip(known)
        .filter(|(_, known)| *known)
        .map(|(report, _)| (report.id, Matter::of(&report.report)))
        .collect();
    store.record_ledger(tx, name, cadence, &known, None, now).await?;
    // A schedule that was moved counts its slots from now on, so that none fires for the past.
    let decided_until = match &before {
        Some(before) if before.rule == rule && !before.retired => before.decided_until,
        _ => now,
    };
    let state = CadenceState {
        decided_until,
        rule,
        matching,
        retired: false,
    };
    Ok(store.record_cadence(tx, name, cadence, &state, now).await?)
}

/// Whoever read by a cadence that is gone, or by a default that is another now, is owed what it had not brought.
async fn owe_moved_readers(house: &House, tx: &mut Tx, name: &str, list: &List) -> anyhow::Result<()> {
    let store = &house.store;
    let default_before = store.find_default_cadence(name).await?;
    let cadences_before = store.list_cadence_names(name).await?;
    for own in store.list_own_cadences(name).await? {
        let chosen = |is_offered: &dyn Fn(&String) -> bool| own.as_ref().filter(|word| is_offered(word));
        let before = chosen(&|word| cadences_before.contains(word)).or(default_before.as_ref());
        let after = chosen(&|word| list.cadences.contains_key(word)).map(String::as_str);
        let after = after.or_else(|| list.default_cadence());
        if let Some(before) = before.filter(|before| after != Some(before.as_str())) {
            store.owe_readers(tx, name, own.as_deref(), before).await?;
        }
    }
    Ok(())
}

fn rule_of(cadence: &Cadence) -> String {
    match cadence {
        Cadence::Immediate => "immediate".to_owned(),
        Cadence::Cron { cron, zone } => format!("{} {zone}", cron.as_str()),
    }
}
