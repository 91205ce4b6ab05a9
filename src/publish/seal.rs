//! A draft becomes an edition: items at their revision, the bytes of every variant, one row per person, in one
//! transaction (REL-01, rule 7). Sealings follow one another, on all machines.

use std::collections::HashMap;

use anyhow::Context;

use super::decide::{APPROVED, APPROVED_AS_SEALED, RELEASED, RELEASED_AS_SEALED};
use super::draft::{Draft, DraftVariant, Drafted, Order, Renderer, concerned, redraft};
use super::review;
use super::slots::ON_TIME;
use super::{Hands, House};
use crate::config::Missed;
use crate::edition::{Matter, Skip};
use crate::mail;
use crate::store::{Decision, Edition, NewEdition, NewVariant, SlotOutcome, Tx};

/// Rows decided one by one that are in memory at a time.
const AT_A_TIME: i64 = 5_000;

/// What was seen of an edition before it is sealed.
pub enum Seen {
    Nothing,
    /// The draft was made, and nobody was asked.
    Draft(Draft),
    /// A person agreed to it: another content is refused.
    Agreed(Draft),
}

/// Seals the edition of an order, if there is anything in it for anybody. Returns its number.
///
/// The draft is made again under the lock, so that two people who send at the same moment make one edition.
pub async fn seal(
    house: &House,
    name: &str,
    order: &Order,
    hands: &Hands,
    seen: Seen,
    who: &str,
) -> anyhow::Result<Option<i64>> {
    let (earlier, agreed) = match seen {
        Seen::Nothing => (None, None),
        Seen::Draft(draft) => (Some(draft), None),
        Seen::Agreed(draft) => {
            let agreed = (draft.hash(), draft.recipients());
            (Some(draft), Some(agreed))
        }
    };
    let Entered::Edition(mut tx, draft, edition_id) = enter(house, name, order, earlier, who).await? else {
        return Ok(None);
    };
    if let Some(agreed) = agreed {
        let people = house.store.count_pending(&mut tx, edition_id).await?;
        anyhow::ensure!(
            (draft.hash(), people) == agreed,
            "the edition or its people changed while you looked at it; nothing was sent, look again"
        );
    }
    tx.commit().await.context("sealing the edition")?;
    put_away(hands, draft.number);
    Ok(Some(draft.number))
}

/// An edition in its transaction, or nothing for anybody.
enum Entered {
    Edition(Tx, Box<Draft>, i64),
    /// What was looked at.
    Nothing(Vec<(i64, Matter)>),
}

/// Enters the edition of an order, under the lock that only one sealing has.
///
/// Who is alike is found out before the lock is taken, since that takes longest; who changed meanwhile is looked at one
/// by one under it.
async fn enter(house: &House, name: &str, order: &Order, earlier: Option<Draft>, who: &str) -> anyhow::Result<Entered> {
    let drafted = match earlier {
        Some(earlier) => Drafted {
            draft: Some(earlier),
            ..Drafted::default()
        },
        None => redraft(house, name, order, None).await?,
    };
    let Some(earlier) = drafted.draft else {
        return Ok(Entered::Nothing(drafted.looked_at));
    };
    let mut tx = house.store.begin_alone("sealing").await?;
    let drafted = redraft(house, name, order, Some(&earlier)).await?;
    drop(earlier);
    let Some(mut draft) = drafted.draft else {
        return Ok(Entered::Nothing(drafted.looked_at));
    };
    Ok(match insert(house, &mut tx, &mut draft, order, who).await? {
        Some(edition_id) => Entered::Edition(tx, Box::new(draft), edition_id),
        None => Entered::Nothing(drafted.looked_at),
    })
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
    if store.is_slot_decided(name, cadence, slot).await? {
        return Ok(None);
    }
    let entered = enter(house, name, order, None, "the schedule").await?;
    let (mut tx, draft, outcome) = match entered {
        Entered::Edition(tx, draft, edition_id) => (tx, Some(draft), SlotOutcome::Edition(edition_id)),
        Entered::Nothing(looked_at) => {
            let mut tx = store.begin_alone("sealing").await?;
            // People read by it, and have had it or chose other topics: wider topics bring nothing back (rule 3).
            if store
                .is_read(name, concerned(house.config.list(name)?, &order.what))
                .await?
            {
                store
                    .record_ledger(&mut tx, name, cadence, &looked_at, None, now)
                    .await?;
            }
            (tx, None, SlotOutcome::Empty)
        }
    };
    if !store.decide_slot(&mut tx, name, cadence, slot, outcome, now).await? {
        return Ok(None);
    }
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
    let Entered::Edition(mut tx, draft, edition_id) = enter(house, name, order, None, who).await? else {
        return Ok(None);
    };
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

/// None: nobody gets a mail after all, and the transaction is not to be kept.
async fn insert(
    house: &House,
    tx: &mut Tx,
    draft: &mut Draft,
    order: &Order,
    who: &str,
) -> anyhow::Result<Option<i64>> {
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
    if !enter_people(house, tx, draft, order, edition_id).await? {
        return Ok(None);
    }
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
    Ok(Some(edition_id))
}

/// Variants, and one row for everyone concerned. False: nobody gets a mail.
async fn enter_people(
    house: &House,
    tx: &mut Tx,
    draft: &mut Draft,
    order: &Order,
    edition_id: i64,
) -> anyhow::Result<bool> {
    let store = &house.store;
    let mut variants = Vec::with_capacity(draft.variants.len());
    for variant in &draft.variants {
        variants.push(insert_variant(house, tx, edition_id, variant).await?);
    }
    let at_first = variants.len();
    let row_of = |variants: &[i64], place: Result<usize, Skip>| match place {
        Ok(place) => variants.get(place).copied().map(Ok),
        Err(skip) => Some(Err(skip)),
    };
    let audience = draft.readers.audience.clone();
    let decided = draft.readers.groups.iter();
    let decided: Vec<_> = decided
        .filter_map(|(group, place)| Some((group, row_of(&variants, *place)?)))
        .collect();
    let relay = draft.sealed.relay.clone();
    store
        .insert_deliveries(tx, edition_id, &relay, draft.due_at, &audience, &decided)
        .await?;

    let renderer = Renderer::new(house, &draft.list, house.config.list(&draft.list)?, order).await?;
    loop {
        let undecided = store.list_undecided(tx, edition_id, &audience, AT_A_TIME).await?;
        if undecided.is_empty() {
            break;
        }
        let mut rows: HashMap<Result<i64, Skip>, Vec<i64>> = HashMap::new();
        for row in undecided {
            let place = draft.readers.place(&row.reader, &renderer, &mut draft.variants)?;
            // Somebody changed meanwhile, and is the first to get this.
            for variant in draft.variants.iter().skip(variants.len()) {
                mail::refuse_too_heavy(&variant.prepared)?;
                variants.push(insert_variant(house, tx, edition_id, variant).await?);
            }
            let variant = row_of(&variants, place).context("a variant that was not entered")?;
            rows.entry(variant).or_default().push(row.id);
        }
        for (variant, rows) in rows {
            store.decide_deliveries(tx, &rows, variant).await?;
        }
    }
    if draft.variants.len() > at_first {
        store.set_hash(tx, edition_id, &draft.hash()).await?;
    }
    Ok(store.has_pending(tx, edition_id).await?)
}

async fn insert_variant(house: &House, tx: &mut Tx, edition_id: i64, variant: &DraftVariant) -> anyhow::Result<i64> {
    let new = NewVariant {
        language: &variant.language,
        subject: &variant.rendered.subject,
        message: &variant.prepared.to_stored(),
        page: &variant.page,
        items: &variant.items,
    };
    Ok(house.store.insert_variant(tx, edition_id, &new).await?)
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
