//! What staff decide about editions and reports. Each decision is a row: who, what, when.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};

use super::draft::{Order, What, draft};
use super::seal::{self, say_changed};
use super::{Hands, House, MANUAL, read_hands};
use crate::store::{Decision, Doubts, Edition, Tx};

/// What can be decided about an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Let it go out at its hour. `as_sealed`: even though a report in it changed since.
    Approve {
        as_sealed: bool,
    },
    /// Do not start it.
    Hold,
    /// End a hold.
    Release {
        as_sealed: bool,
    },
    /// Seal it anew with what is new now.
    Redo,
    /// Stop sending, to go on later.
    Stop,
    Resume,
    /// For good.
    Cancel,
    /// Try the failed rows again.
    Retry,
    /// Send rows in doubt once more, with the same Message-ID.
    ResendDoubts,
    /// Leave rows in doubt as they are.
    SettleDoubts,
}

/// Decides about `LIST/N`. Returns what happened, as a sentence.
pub async fn decide_edition(
    house: &House,
    list: &str,
    number: i64,
    decided: Decided,
    who: &str,
) -> anyhow::Result<String> {
    let name = format!("{list}/{number}");
    let edition = house
        .store
        .find_edition(list, number)
        .await?
        .with_context(|| format!("there is no edition {name}; see `rapporteur editions list {list}`"))?;
    match decided {
        Decided::Approve { as_sealed } => approve(house, &edition, &name, as_sealed, who).await,
        Decided::Release { as_sealed } => release(house, &edition, &name, as_sealed, who).await,
        Decided::Hold => {
            change(
                house,
                &edition,
                &name,
                &["waiting"],
                "held",
                who,
                "it does not start until `editions release`",
            )
            .await
        }
        Decided::Stop => {
            change(
                house,
                &edition,
                &name,
                &["sending"],
                "stopped",
                who,
                "mails already with the relay cannot be called back; `editions resume` goes on",
            )
            .await
        }
        Decided::Resume => {
            change(
                house,
                &edition,
                &name,
                &["stopped"],
                "sending",
                who,
                "it goes on where it stopped",
            )
            .await
        }
        Decided::Cancel => cancel(house, &edition, &name, who).await,
        Decided::Redo => redo(house, &edition, &name, who).await,
        Decided::ResendDoubts | Decided::SettleDoubts => {
            ensure!(
                edition.state != "cancelled",
                "{name} is cancelled; nothing of it is sent again"
            );
            let (doubts, what) = match decided {
                Decided::ResendDoubts => (Doubts::Resend, "sent once more"),
                _ => (Doubts::Settle, "left as they are"),
            };
            let rows = house.store.decide_doubts(edition.id, doubts).await?;
            house.store.finish_editions().await?;
            let said = format!("{name}: {rows} rows in doubt are {what}");
            record(
                house,
                &name,
                &format!("in doubt {what}"),
                who,
                Some(format!("{rows} rows")),
            )
            .await?;
            Ok(said)
        }
        Decided::Retry => {
            ensure!(
                edition.state != "cancelled",
                "{name} is cancelled; nothing of it is sent again"
            );
            let rows = house.store.retry_failed(edition.id).await?;
            record(house, &name, "retried", who, Some(format!("{rows} rows"))).await?;
            Ok(match rows {
                0 => format!("{name} has no failed rows"),
                rows => format!("{name}: {rows} failed rows are tried again"),
            })
        }
    }
}

async fn approve(house: &House, edition: &Edition, name: &str, as_sealed: bool, who: &str) -> anyhow::Result<String> {
    ensure!(
        matches!(edition.state.as_str(), "waiting" | "held"),
        "{name} is {}; only a waiting edition can be approved",
        edition.state
    );
    refuse_changed(house, edition, name, as_sealed).await?;
    let mut tx = house.store.begin().await?;
    house.store.approve_edition(&mut tx, edition.id, house.now()).await?;
    house
        .store
        .move_edition(&mut tx, edition.id, &["held"], "waiting")
        .await?;
    let what = if as_sealed { "approved as sealed" } else { "approved" };
    write(house, &mut tx, name, what, who, Some(format!("hash {}", edition.hash))).await?;
    tx.commit().await?;
    seal::release_due(house).await?;
    Ok(format!("{name} is approved and goes out {}", when(house, edition)))
}

async fn release(house: &House, edition: &Edition, name: &str, as_sealed: bool, who: &str) -> anyhow::Result<String> {
    ensure!(edition.state == "held", "{name} is {}, not held", edition.state);
    refuse_changed(house, edition, name, as_sealed).await?;
    let mut tx = house.store.begin().await?;
    house
        .store
        .move_edition(&mut tx, edition.id, &["held"], "waiting")
        .await?;
    write(
        house,
        &mut tx,
        name,
        if as_sealed { "released as sealed" } else { "released" },
        who,
        None,
    )
    .await?;
    tx.commit().await?;
    seal::release_due(house).await?;
    if edition.needs_approval && edition.approved_at.is_none() {
        return Ok(format!(
            "{name} is no longer held; it waits for `editions approve {name}`"
        ));
    }
    Ok(format!("{name} is released and goes out {}", when(house, edition)))
}

fn when(house: &House, edition: &Edition) -> String {
    if edition.due_at <= house.now() {
        "now".into()
    } else {
        format!("at {}", edition.due_at.format("%Y-%m-%d %H:%M UTC"))
    }
}

async fn refuse_changed(house: &House, edition: &Edition, name: &str, as_sealed: bool) -> anyhow::Result<()> {
    let changed = house.store.list_changed_items(edition.id).await?;
    if changed.is_empty() || as_sealed {
        return Ok(());
    }
    bail!(
        "{name}: {}; seal it anew with `editions redo {name}`, or add --as-sealed",
        say_changed(&changed)
    )
}

async fn change(
    house: &House,
    edition: &Edition,
    name: &str,
    from: &[&str],
    to: &str,
    who: &str,
    hint: &str,
) -> anyhow::Result<String> {
    let mut tx = house.store.begin().await?;
    if !house.store.move_edition(&mut tx, edition.id, from, to).await? {
        bail!("{name} is {}, not {}", edition.state, from.join(" or "));
    }
    write(house, &mut tx, name, to, who, None).await?;
    tx.commit().await?;
    Ok(format!("{name} is {to}; {hint}"))
}

async fn cancel(house: &House, edition: &Edition, name: &str, who: &str) -> anyhow::Result<String> {
    let store = &house.store;
    let mut tx = store.begin().await?;
    if !store
        .move_edition(
            &mut tx,
            edition.id,
            &["waiting", "held", "sending", "stopped"],
            "cancelled",
        )
        .await?
    {
        bail!("{name} is {}; there is nothing to cancel", edition.state);
    }
    let skipped = store.skip_open_deliveries(&mut tx, edition.id, "cancelled").await?;
    let went_out = store.reached_handoff(&mut tx, edition.id).await?;
    if !went_out {
        store.free_items(&mut tx, edition.id).await?;
    }
    write(house, &mut tx, name, "cancelled", who, None).await?;
    tx.commit().await?;
    Ok(if went_out {
        format!(
            "{name} is cancelled; {skipped} people get nothing, and its reports are not new again because some had them"
        )
    } else {
        format!("{name} is cancelled; nobody got it, and its reports are new again")
    })
}

/// Cancels an edition of which nothing reached handoff and seals anew, with the same slot and the editor's words as
/// they are now.
async fn redo(house: &House, edition: &Edition, name: &str, who: &str) -> anyhow::Result<String> {
    let store = &house.store;
    let mut hands = read_hands(house, &edition.list)?;
    if hands == Hands::default() {
        let sealed: crate::edition::Sealed = serde_json::from_str(&edition.settings)?;
        hands.by_language = BTreeMap::from([(String::new(), sealed.hand)]);
        hands.by_language.extend(sealed.hands);
    }
    let list = house.config.list(&edition.list)?;
    let what = match edition.cadence.as_str() {
        MANUAL => What::All,
        cadence => {
            ensure!(
                list.cadences.contains_key(cadence),
                "the cadence {cadence} of {name} is no longer configured; `editions cancel {name}` instead"
            );
            What::Cadence(cadence.to_owned())
        }
    };
    let mut tx = store.begin_alone("sealing").await?;
    ensure!(
        !store.reached_handoff(&mut tx, edition.id).await?,
        "{name} is on its way to people; `editions stop` or `cancel` it"
    );
    if !store
        .move_edition(
            &mut tx,
            edition.id,
            &["waiting", "held", "sending", "stopped"],
            "cancelled",
        )
        .await?
    {
        bail!("{name} is {}; there is nothing to redo", edition.state);
    }
    store.skip_open_deliveries(&mut tx, edition.id, "cancelled").await?;
    store.free_items(&mut tx, edition.id).await?;
    write(house, &mut tx, name, "cancelled to be sealed anew", who, None).await?;
    tx.commit().await?;

    let order = Order {
        what,
        cadence: edition.cadence.clone(),
        slot: edition.slot,
        due_at: edition.due_at.max(house.now()),
        hands: hands.by_language.clone(),
        settling: false,
    };
    let again = seal::reseal(house, &edition.list, &order, &hands, who).await?;
    match again {
        Some(number) => Ok(format!(
            "{name} is cancelled; {}/{number} takes its place",
            edition.list
        )),
        None => {
            let nothing = draft(house, &edition.list, &order).await?.is_none();
            ensure!(nothing, "{name} is cancelled, and its slot was taken meanwhile");
            Ok(format!("{name} is cancelled; there is nothing new to put in its place"))
        }
    }
}

/// Holds, releases or withdraws a report. Returns what happened, as a sentence.
pub async fn decide_report(house: &House, id: i64, what: &str, who: &str) -> anyhow::Result<String> {
    let store = &house.store;
    let report = store
        .find_report(id)
        .await?
        .with_context(|| format!("there is no report {id}; see `rapporteur reports`"))?;
    let subject = format!("report {id}");
    match what {
        "hold" => {
            ensure!(
                store.hold_report(id, &format!("held by {who}"), house.now()).await?,
                "report {id} is withdrawn"
            );
            record(house, &subject, "held", who, None).await?;
            Ok(format!(
                "report {id} is held: not in feeds, pages or what is to come; `reports release {id}` ends that"
            ))
        }
        "release" => {
            ensure!(
                store.release_report(id, house.now()).await?,
                "report {id} is {}, not held",
                report.state(house.now())
            );
            record(house, &subject, "released", who, None).await?;
            super::collect::publish_settled(house, false).await?;
            Ok(format!("report {id} is released"))
        }
        _ => {
            let mut tx = store.begin().await?;
            ensure!(
                store.withdraw_report(&mut tx, id, house.now()).await?,
                "report {id} was withdrawn before"
            );
            let mut stopped = Vec::new();
            for edition in store.list_open_editions_with(id).await? {
                let held = store.move_edition(&mut tx, edition.id, &["waiting"], "held").await?;
                if held || store.move_edition(&mut tx, edition.id, &["sending"], "stopped").await? {
                    let name = format!("{}/{}", edition.list, edition.number);
                    let what = if held { "held" } else { "stopped" };
                    write(
                        house,
                        &mut tx,
                        &name,
                        what,
                        who,
                        Some(format!("report {id} was withdrawn")),
                    )
                    .await?;
                    stopped.push(name);
                }
            }
            write(house, &mut tx, &subject, "withdrawn", who, None).await?;
            tx.commit().await?;
            let mut said = format!("report {id} is withdrawn from feeds, pages and what is to come");
            if !stopped.is_empty() {
                said += &format!(
                    "; {} stopped until you `editions redo`, `resume` or `cancel`",
                    stopped.join(", ")
                );
            }
            Ok(said)
        }
    }
}

async fn record(house: &House, subject: &str, what: &str, who: &str, note: Option<String>) -> anyhow::Result<()> {
    let mut tx = house.store.begin().await?;
    write(house, &mut tx, subject, what, who, note).await?;
    Ok(tx.commit().await?)
}

async fn write(
    house: &House,
    tx: &mut Tx,
    subject: &str,
    what: &str,
    who: &str,
    note: Option<String>,
) -> anyhow::Result<()> {
    let decision = Decision {
        subject: subject.into(),
        what: what.into(),
        who: who.into(),
        note,
        at: house.now(),
    };
    Ok(house.store.record_decision(tx, &decision).await?)
}
