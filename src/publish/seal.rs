//! A draft becomes an edition: items at their revision, the bytes of every variant, one row per person, in one
//! transaction (REL-01, rule 7). Sealings follow one another, on all machines.

use anyhow::Context;

use super::decide::{APPROVED, APPROVED_AS_SEALED, RELEASED, RELEASED_AS_SEALED};
use super::draft::{self, Draft, Order, draft};
use super::review;
use super::slots::ON_TIME;
use super::{Hands, House};
use crate::config::Missed;
use crate::edition::Matter;
use crate::mail;
use crate::store::{Decision, Edition, NewDelivery, NewEdition, NewVariant, SlotOutcome, Tx};

/// Seals the edition of an order, if there is anything in it for anybody. Returns its number.
///
/// The draft is made again under the lock, so that two people who send at the same moment make one edition. `expected`
/// is the hash and number of people a person agreed to: another content is refused.
pub async fn seal(
    house: &House,
    name: &str,
    order: &Order,
    hands: &Hands,
    expected: Option<(&str, usize)>,
    who: &str,
) -> anyhow::Result<Option<i64>> {
    let mut tx = house.store.begin_alone("sealing").await?;
    let Some(draft) = draft(house, name, order).await? else {
        return Ok(None);
    };
    if let Some(expected) = expected {
        anyhow::ensure!(
            (draft.hash().as_str(), draft.recipients()) == expected,
            "the edition or its people changed while you looked at it; nothing was sent, look again"
        );
    }
    insert(house, &mut tx, &draft, who).await?;
    tx.commit().await.context("sealing the edition")?;
    put_away(hands, draft.number);
    Ok(Some(draft.number))
}

/// The edition stands; words that cannot be put away are said, and would be used again.
fn put_away(hands: &Hands, number: i64) {
    if let Err(error) = hands.put_away(number) {
        tracing::warn!("the editor's words are used but stay where they are; move them by hand: {error:#}");
    }
}

/// Seals the edition of a slot, or records that there was nothing. `earlier` slots are told by this one. A slot that
/// was decided already, here or elsewhere, is left alone. Returns the edition's number.
pub async fn seal_slot(
    house: &House,
    name: &str,
    cadence: &str,
    order: &Order,
    hands: &Hands,
    earlier: &[i64],
) -> anyhow::Result<Option<i64>> {
    let (store, now) = (&house.store, house.now());
    let slot = order.slot.context("an edition on a schedule has a slot")?;
    let mut tx = store.begin_alone("sealing").await?;
    if store.is_slot_decided(name, cadence, slot).await? {
        return Ok(None);
    }
    let draft = draft(house, name, order).await?;
    let outcome = match &draft {
        Some(draft) => SlotOutcome::Edition(insert(house, &mut tx, draft, "the schedule").await?),
        None => {
            let considered = draft::considered(house, name, order).await?;
            store
                .record_ledger(&mut tx, name, cadence, &considered, None, now)
                .await?;
            SlotOutcome::Empty
        }
    };
    store.decide_slot(&mut tx, name, cadence, slot, outcome, now).await?;
    for slot in earlier {
        store
            .decide_slot(&mut tx, name, cadence, *slot, SlotOutcome::Merged, now)
            .await?;
    }
    tx.commit().await.context("sealing the edition")?;
    if let Some(draft) = &draft {
        put_away(hands, draft.number);
    }
    Ok(draft.map(|draft| draft.number))
}

/// Seals in place of a cancelled edition: its slot, if it had one, now belongs to the new one.
pub(super) async fn reseal(
    house: &House,
    name: &str,
    order: &Order,
    hands: &Hands,
    who: &str,
) -> anyhow::Result<Option<i64>> {
    let mut tx = house.store.begin_alone("sealing").await?;
    let Some(draft) = draft(house, name, order).await? else {
        return Ok(None);
    };
    let edition_id = insert(house, &mut tx, &draft, who).await?;
    if let Some(slot) = order.slot {
        house
            .store
            .hand_over_slot(&mut tx, name, &order.cadence, slot, edition_id)
            .await?;
    }
    tx.commit().await.context("sealing the edition anew")?;
    put_away(hands, draft.number);
    Ok(Some(draft.number))
}

async fn insert(house: &House, tx: &mut Tx, draft: &Draft, who: &str) -> anyhow::Result<i64> {
    let (store, now) = (&house.store, house.now());
    for variant in &draft.variants {
        mail::refuse_too_heavy(&variant.prepared)?;
    }
    let epoch = store.find_fact("epoch").await?.unwrap_or_default();
    let hash = draft.hash();
    let edition = NewEdition {
        list: &draft.list,
        number: draft.number,
        cadence: &draft.cadence,
        slot: draft.slot,
        needs_approval: draft.needs_approval,
        sealed_at: now,
        due_at: draft.due_at,
        hash: &hash,
        epoch: &epoch,
        settings: &draft.sealed,
    };
    let edition_id = store.insert_edition(tx, &edition).await?;
    store.insert_items(tx, edition_id, &draft.items).await?;
    let mut variants = Vec::with_capacity(draft.variants.len());
    for variant in &draft.variants {
        let new = NewVariant {
            language: &variant.language,
            subject: &variant.rendered.subject,
            message: &variant.prepared.to_stored(),
            page: &variant.page,
            items: &variant.items,
        };
        variants.push(store.insert_variant(tx, edition_id, &new).await?);
    }
    let rows: Vec<NewDelivery> = draft
        .people
        .iter()
        .filter_map(|(person, variant)| {
            let variant_id = match variant {
                Ok(place) => Ok(*variants.get(*place)?),
                Err(skip) => Err(*skip),
            };
            Some(NewDelivery {
                subscriber_id: person.subscriber.id,
                variant_id,
            })
        })
        .collect();
    store
        .insert_deliveries(tx, edition_id, &draft.sealed.relay, &rows, draft.due_at)
        .await?;
    let items: Vec<(i64, Matter)> = draft.items.iter().map(|item| (item.report_id, item.matter)).collect();
    for cadence in &draft.ledgers {
        store
            .record_ledger(tx, &draft.list, cadence, &items, Some(edition_id), now)
            .await?;
    }
    let known: Vec<(i64, Matter)> = draft.known.iter().map(|item| (item.report_id, item.matter)).collect();
    for cadence in &draft.ledgers {
        store.record_ledger(tx, &draft.list, cadence, &known, None, now).await?;
    }
    if let Some((report, revision, note)) = &draft.correction {
        store.record_correction(tx, *report, *revision, note, now).await?;
    }
    if draft.settles_owed {
        store.settle_owed(tx, &draft.list, edition_id).await?;
    }
    let subject = format!("{}/{}", draft.list, draft.number);
    let decision = Decision {
        subject,
        what: "sealed".into(),
        who: who.into(),
        note: None,
        at: now,
    };
    store.record_decision(tx, &decision).await?;
    if draft.slot.is_some() {
        review::mail_preview(house, tx, draft).await?;
    }
    Ok(edition_id)
}

/// Releases what waits and whose hour has come. An edition whose items changed since sealing is held instead, and says
/// why. Returns the editions released.
pub async fn release_due(house: &House) -> anyhow::Result<Vec<String>> {
    let mut released = Vec::new();
    let pauses = house.store.list_pauses().await?;
    for edition in house.store.list_due_editions(house.now()).await? {
        let scope = format!("list {}", edition.list);
        // What is released now gets its Date now, which it should not carry about through a pause.
        if pauses
            .iter()
            .any(|pause| pause.scope == "everything" || pause.scope == scope)
        {
            continue;
        }
        let name = format!("{}/{}", edition.list, edition.number);
        let changed = house.store.list_changed_items(edition.id).await?;
        let mut tx = house.store.begin().await?;
        let decisions = house.store.list_decisions(&name).await?;
        let as_sealed = agreed_as_sealed(house, &decisions, &changed).await?;
        let late = too_late(house, &edition, &decisions);
        let fit = late.is_none() && (changed.is_empty() || as_sealed);
        let (what, note, done) = if fit {
            let done = house.store.release_edition(&mut tx, edition.id, house.now()).await?;
            (RELEASED, None, done)
        } else {
            let note = late.unwrap_or_else(|| {
                format!(
                    "{}; `editions redo {name}`, or `editions release {name} --as-sealed`",
                    say_changed(&changed)
                )
            });
            tracing::warn!(edition = name, note, "held");
            let done = house
                .store
                .move_edition(&mut tx, edition.id, &["waiting"], "held")
                .await?;
            ("held", Some(note), done)
        };
        if !done {
            continue;
        }
        let decision = Decision {
            subject: name.clone(),
            what: what.into(),
            who: "the schedule".into(),
            note,
            at: house.now(),
        };
        house.store.record_decision(&mut tx, &decision).await?;
        tx.commit().await?;
        if fit {
            released.push(name);
        }
    }
    Ok(released)
}

/// Whether a person has said "as sealed" about the reports as they are now, not about an earlier change.
async fn agreed_as_sealed(
    house: &House,
    decisions: &[Decision],
    changed: &[(i64, &'static str)],
) -> anyhow::Result<bool> {
    let agreed = decisions
        .iter()
        .filter(|decision| [APPROVED_AS_SEALED, RELEASED_AS_SEALED].contains(&decision.what.as_str()));
    let Some(agreed_at) = agreed.map(|decision| decision.at).max() else {
        return Ok(false);
    };
    for (id, _) in changed {
        let stored = house.store.find_report(*id).await?;
        let last = stored.map(|stored| {
            stored
                .withdrawn_at
                .map_or(stored.changed_at, |at| at.max(stored.changed_at))
        });
        if last.is_some_and(|last| last > agreed_at) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Why an edition that was sealed ahead does not go out by itself any more: its hour passed while nothing ran, by more
/// than the list's policy for missed slots allows, and nobody decided since (SCH-04).
fn too_late(house: &House, edition: &Edition, decisions: &[Decision]) -> Option<String> {
    let list = house.config.lists.get(&edition.list)?;
    let allowed = match list.missed {
        Missed::Once => chrono::TimeDelta::from_std(list.missed_grace).ok()?.max(ON_TIME),
        Missed::Skip | Missed::Ask => ON_TIME,
    };
    let sealed_ahead = edition.slot.is_some() && edition.sealed_at < edition.due_at;
    let decided = decisions.iter().any(|decision| {
        let words = [APPROVED, APPROVED_AS_SEALED, RELEASED, RELEASED_AS_SEALED];
        decision.at >= edition.due_at && words.contains(&decision.what.as_str())
    });
    (sealed_ahead && !decided && house.now() - edition.due_at > allowed).then(|| {
        let name = format!("{}/{}", edition.list, edition.number);
        format!("its hour passed while nothing ran; `editions release {name}` sends it now, `editions cancel {name}` does not")
    })
}

/// "report 7 was revised, report 9 was withdrawn"
pub(super) fn say_changed(changed: &[(i64, &'static str)]) -> String {
    changed
        .iter()
        .map(|(id, what)| format!("report {id} was {what} since sealing"))
        .collect::<Vec<_>>()
        .join(", ")
}
