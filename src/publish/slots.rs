//! When the job happens by itself: slots of cadences, quiet minutes of `immediate`, and what becomes of missed slots.
//!
//! In: the clock, and how far each cadence is decided. Out: sealed, empty, merged or missed slots, each decided once by
//! a key of the database (SCH-03). A slot that is late tells nothing twice and loses nothing, because the ledger says
//! what is new, not the time.

use chrono::{DateTime, TimeDelta, Utc};

use super::draft::{Order, draft};
use super::{House, collect, read_hands, seal, seal_slot};
use crate::config::{Cadence, List, Missed};
use crate::edition::{What, list_takes};
use crate::schedule::Slot;
use crate::store::{CadenceState, SlotOutcome, Stored};

/// A slot is on time if it is handled within this of its instant; later it is missed, and the list's policy decides.
pub(super) const ON_TIME: TimeDelta = TimeDelta::minutes(5);
/// An immediate edition waits for this much quiet after the last new report,
const QUIET: TimeDelta = TimeDelta::minutes(10);
/// but no longer than this after the first.
const AT_MOST: TimeDelta = TimeDelta::hours(1);

/// What one tick did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticked {
    pub published: u64,
    /// `LIST/N`
    pub sealed: Vec<String>,
    pub released: Vec<String>,
    /// What failed, one sentence each; the rest went on.
    pub errors: Vec<String>,
}

/// Does what is due: publishes settled reports, seals due slots in the order of the configuration, releases editions
/// whose hour has come. One list that fails does not keep the others.
pub async fn tick(house: &House) -> anyhow::Result<Ticked> {
    let mut ticked = Ticked {
        published: collect::publish_settled(house, false).await?,
        ..Ticked::default()
    };
    let pauses = house.store.list_pauses().await?;
    let is_paused = |scope: &str| pauses.iter().any(|pause| pause.scope == scope);
    for (name, list) in &house.config.lists {
        for cadence in list.cadences.keys() {
            if is_paused("everything") || is_paused(&format!("list {name}")) {
                continue;
            }
            let sealed = match list.cadences.get(cadence) {
                Some(Cadence::Immediate) => seal_when_quiet(house, name, list, cadence).await,
                Some(Cadence::Cron { .. }) => seal_due_slots(house, name, list, cadence).await,
                None => Ok(None),
            };
            match sealed {
                Ok(number) => ticked.sealed.extend(number.map(|number| format!("{name}/{number}"))),
                Err(error) => ticked
                    .errors
                    .push(format!("the edition of {name} ({cadence}) cannot be sealed: {error:#}")),
            }
        }
    }
    ticked.released = seal::release_due(house).await?;
    Ok(ticked)
}

/// Decides the slots of a cadence that have passed, and seals those that come within `preview_before`.
async fn seal_due_slots(house: &House, name: &str, list: &List, cadence: &str) -> anyhow::Result<Option<i64>> {
    let Some((schedule, zone)) = list.cadences.get(cadence).and_then(Cadence::times) else {
        return Ok(None);
    };
    let Some(state) = house.store.find_cadence(name, cadence).await? else {
        return Ok(None);
    };
    let now = house.now();
    let ahead = TimeDelta::from_std(list.preview_before.unwrap_or_default())?;
    let due: Vec<DateTime<Utc>> = schedule
        .slots_between(zone, state.decided_until, now + ahead)
        .map(|slot| slot.utc)
        .collect();
    let passed: Vec<DateTime<Utc>> = due.iter().copied().filter(|slot| *slot <= now).collect();
    let mut number = None;
    if let Some((newest, earlier)) = passed.split_last() {
        number = decide_passed(house, name, list, cadence, *newest, earlier).await?;
    }
    for slot in due.iter().filter(|slot| **slot > now) {
        let sealed = seal_at(house, name, cadence, *slot, &[]).await?;
        number = sealed.or(number);
    }
    if let Some(last) = due.last() {
        let mut tx = house.store.begin().await?;
        let state = CadenceState {
            decided_until: *last,
            ..state
        };
        house.store.record_cadence(&mut tx, name, cadence, &state, now).await?;
        tx.commit().await?;
    }
    Ok(number)
}

/// Slots in the past: one edition for all of them if the newest is on time or the policy allows it (SCH-04).
async fn decide_passed(
    house: &House,
    name: &str,
    list: &List,
    cadence: &str,
    newest: DateTime<Utc>,
    earlier: &[DateTime<Utc>],
) -> anyhow::Result<Option<i64>> {
    let now = house.now();
    let late = now - newest;
    let millis: Vec<i64> = earlier.iter().map(DateTime::timestamp_millis).collect();
    let grace = TimeDelta::from_std(list.missed_grace)?;
    let outcome = match list.missed {
        _ if late <= ON_TIME => None,
        Missed::Once if late <= grace => None,
        Missed::Ask => Some(SlotOutcome::Asked),
        Missed::Once | Missed::Skip => Some(SlotOutcome::Missed),
    };
    let Some(outcome) = outcome else {
        return match list.missed {
            Missed::Once => seal_at(house, name, cadence, newest, &millis).await,
            Missed::Skip | Missed::Ask => {
                decide_all(house, name, cadence, &millis, SlotOutcome::Missed).await?;
                seal_at(house, name, cadence, newest, &[]).await
            }
        };
    };
    if late > ON_TIME {
        tracing::warn!(list = name, cadence, slot = %newest, "a slot was missed; its reports stay new");
    }
    decide_all(
        house,
        name,
        cadence,
        &[&millis[..], &[newest.timestamp_millis()]].concat(),
        outcome,
    )
    .await?;
    Ok(None)
}

async fn decide_all(
    house: &House,
    name: &str,
    cadence: &str,
    slots: &[i64],
    outcome: SlotOutcome,
) -> anyhow::Result<()> {
    let mut tx = house.store.begin().await?;
    for slot in slots {
        house
            .store
            .decide_slot(&mut tx, name, cadence, *slot, outcome, house.now())
            .await?;
    }
    Ok(tx.commit().await?)
}

async fn seal_at(
    house: &House,
    name: &str,
    cadence: &str,
    slot: DateTime<Utc>,
    earlier: &[i64],
) -> anyhow::Result<Option<i64>> {
    let hands = read_hands(house, name)?;
    let order = Order {
        what: What::Cadence(cadence.to_owned()),
        cadence: cadence.to_owned(),
        slot: Some(slot.timestamp_millis()),
        due_at: slot.max(house.now()),
        hands: hands.by_language.clone(),
        settling: false,
    };
    seal_slot(house, name, cadence, &order, &hands, earlier).await
}

/// `immediate`: ten quiet minutes after the last new report, at most an hour after the first (rule 10).
async fn seal_when_quiet(house: &House, name: &str, list: &List, cadence: &str) -> anyhow::Result<Option<i64>> {
    let now = house.now();
    let Some(state) = house.store.find_cadence(name, cadence).await? else {
        return Ok(None);
    };
    // What was left out of an earlier edition, or freed by a cancelled one, is told with the next new report: alone it
    // would go out a minute after staff took it out.
    let mut fresh = house.store.list_unledgered(name, cadence, now).await?;
    fresh.retain(|stored| {
        list_takes(list, name, stored) && stored.published_at.is_some_and(|at| at >= state.decided_until)
    });
    let arrived = || fresh.iter().filter_map(|stored| stored.published_at);
    let (Some(first), Some(last)) = (arrived().min(), arrived().max()) else {
        return Ok(None);
    };
    if now < last + QUIET && now < first + AT_MOST {
        return Ok(None);
    }
    let hands = read_hands(house, name)?;
    // The report of an event that was announced has the row of the announcement, whose slot may be taken.
    let slot = |stored: &Stored| match stored.announced_at {
        Some(_) => -stored.id,
        None => stored.id,
    };
    let key = fresh
        .iter()
        .min_by_key(|stored| stored.id)
        .map(slot)
        .unwrap_or_default();
    let order = Order {
        what: What::Cadence(cadence.to_owned()),
        cadence: cadence.to_owned(),
        slot: Some(key),
        due_at: now,
        hands: hands.by_language.clone(),
        settling: false,
    };
    let number = seal_slot(house, name, cadence, &order, &hands, &[]).await?;
    // Also if nobody reads by this cadence: what has been considered is not considered again every minute.
    let mut tx = house.store.begin().await?;
    let state = CadenceState {
        decided_until: now,
        ..state
    };
    house.store.record_cadence(&mut tx, name, cadence, &state, now).await?;
    tx.commit().await?;
    Ok(number)
}

/// A slot to come.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Upcoming {
    pub list: String,
    pub cadence: String,
    #[serde(flatten)]
    pub slot: Slot,
}

/// The next slots of a list, or of all lists, `count` for each cadence, the soonest first.
pub fn upcoming(house: &House, only: Option<&str>, count: usize) -> Vec<Upcoming> {
    let lists = house
        .config
        .lists
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name));
    let mut all: Vec<Upcoming> = lists
        .flat_map(|(name, list)| list.cadences.iter().map(move |(word, cadence)| (name, word, cadence)))
        .filter_map(|(name, word, cadence)| Some((name, word, cadence.times()?)))
        .flat_map(|(name, word, (schedule, zone))| {
            let slots: Vec<_> = schedule.slots_after(zone, house.now()).take(count).collect();
            slots.into_iter().map(|slot| Upcoming {
                list: name.clone(),
                cadence: word.clone(),
                slot,
            })
        })
        .collect();
    all.sort_by_key(|upcoming| upcoming.slot.utc);
    all
}

/// What the next slot of a cadence would bring if nothing else happened: reports and people.
pub async fn outlook(house: &House, upcoming: &Upcoming) -> anyhow::Result<(usize, u64)> {
    let order = Order {
        what: What::Cadence(upcoming.cadence.clone()),
        cadence: upcoming.cadence.clone(),
        slot: Some(upcoming.slot.utc.timestamp_millis()),
        due_at: upcoming.slot.utc,
        hands: read_hands(house, &upcoming.list)?.by_language,
        settling: false,
    };
    let draft = draft(house, &upcoming.list, &order).await?;
    Ok(draft.map_or((0, 0), |draft| {
        (draft.items.len() + draft.known.len(), draft.recipients())
    }))
}

/// How many reports the slot would hold if these had gone out before.
pub async fn left_for(house: &House, upcoming: &Upcoming, sent: &[i64]) -> anyhow::Result<usize> {
    let list = house.config.list(&upcoming.list)?;
    let fresh = house
        .store
        .list_unledgered(&upcoming.list, &upcoming.cadence, house.now())
        .await?;
    Ok(fresh
        .iter()
        .filter(|stored| list_takes(list, &upcoming.list, stored) && !sent.contains(&stored.id))
        .count())
}
