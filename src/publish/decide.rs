//! What staff decide about editions and reports. Each decision is a row: who, what, when.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};

use super::draft::{Order, show};
use super::seal::{self, say_changed};
use super::{Hands, House, read_hands};
use crate::edition::{Sealed, What};
use crate::store::{Decision, Doubts, Edition, Retried, Stored, Trouble, Tx};

/// Words of decisions that are read again at release.
pub(super) const APPROVED: &str = "approved";
pub(super) const APPROVED_AS_SEALED: &str = "approved as sealed";
pub(super) const RELEASED: &str = "released";
pub(super) const RELEASED_AS_SEALED: &str = "released as sealed";

/// States of an edition that may still mail somebody.
const OPEN: &[&str] = &["waiting", "held", "sending", "stopped"];

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
    /// The same, and the refusals for which it was stopped were right: who was let off is suspended.
    ResumeSuspending,
    /// For good.
    Cancel,
    /// Try the failed rows again.
    Retry,
    /// Send rows in doubt once more, with the same Message-ID.
    ResendDoubts,
    /// Leave rows in doubt as they are.
    SettleDoubts,
}

/// What a decision came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What happened, as a sentence.
    pub said: String,
    /// The edition to look at from now on: the one decided about, or the one that took its place.
    pub number: i64,
}

/// Decides about `LIST/N`.
pub async fn decide_edition(
    house: &House,
    list: &str,
    number: i64,
    decided: Decided,
    who: &str,
) -> anyhow::Result<Told> {
    let name = format!("{list}/{number}");
    let edition = house
        .store
        .find_edition(list, number)
        .await?
        .with_context(|| format!("there is no edition {name}; see `rapporteur editions list {list}`"))?;
    let change = async |from: &str, to: &str, hint: &str| change(house, &edition, &name, from, to, who, hint).await;
    let said = match decided {
        Decided::Approve { as_sealed } => approve(house, &edition, &name, as_sealed, who).await,
        Decided::Release { as_sealed } => release(house, &edition, &name, as_sealed, who).await,
        Decided::Hold => change("waiting", "held", "it does not start until `editions release`").await,
        Decided::Stop => {
            let hint = "mails already with the relay cannot be called back; `editions resume` goes on";
            change("sending", "stopped", hint).await
        }
        Decided::Resume => change("stopped", "sending", "it goes on where it stopped").await,
        Decided::ResumeSuspending => resume_suspending(house, &edition, &name, who).await,
        Decided::Cancel => cancel(house, &edition, &name, who).await,
        Decided::Redo => return redo(house, &edition, &name, who).await,
        Decided::ResendDoubts => decide_doubts(house, &edition, &name, Doubts::Resend, "sent once more", who).await,
        Decided::SettleDoubts => decide_doubts(house, &edition, &name, Doubts::Settle, "left as they are", who).await,
        Decided::Retry => retry(house, &edition, &name, who).await,
    }?;
    Ok(Told { said, number })
}

async fn resume_suspending(house: &House, edition: &Edition, name: &str, who: &str) -> anyhow::Result<String> {
    let mut tx = house.store.begin().await?;
    let goes_on = house
        .store
        .move_edition(&mut tx, edition.id, &["stopped"], "sending")
        .await?;
    if !goes_on && !house.store.believe_refusals(&mut tx, edition.id).await? {
        bail!("{name} is {}, and its refusals are not doubted", edition.state);
    }
    let people = house.store.confirm_refusals(&mut tx, edition.id, house.now()).await?;
    let note = format!("the refusals stand: {people} people are suspended");
    let what = if goes_on { "sending" } else { "refusals stand" };
    write(house, &mut tx, name, what, who, Some(note)).await?;
    tx.commit().await?;
    if !goes_on {
        house
            .store
            .end_alert_unspoken(&Trouble::EditionReturned.matter(name))
            .await?;
    }
    Ok(match goes_on {
        true => format!("{name}: it goes on where it stopped, and {people} people are suspended"),
        false => format!("{name}: its refusals stand, and {people} people are suspended"),
    })
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
    let what = if as_sealed { APPROVED_AS_SEALED } else { APPROVED };
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
        if as_sealed { RELEASED_AS_SEALED } else { RELEASED },
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
    from: &str,
    to: &str,
    who: &str,
    hint: &str,
) -> anyhow::Result<String> {
    let mut tx = house.store.begin().await?;
    if !house.store.move_edition(&mut tx, edition.id, &[from], to).await? {
        bail!("{name} is {}, not {from}", edition.state);
    }
    write(house, &mut tx, name, to, who, None).await?;
    tx.commit().await?;
    Ok(format!("{name} is {to}; {hint}"))
}

async fn decide_doubts(
    house: &House,
    edition: &Edition,
    name: &str,
    doubts: Doubts,
    what: &str,
    who: &str,
) -> anyhow::Result<String> {
    refuse_cancelled(edition, name)?;
    let rows = house.store.decide_doubts(edition.id, doubts).await?;
    house.store.finish_editions().await?;
    let note = Some(format!("{rows} rows"));
    record(house, name, &format!("in doubt {what}"), who, note).await?;
    Ok(format!("{name}: {rows} rows in doubt are {what}"))
}

async fn retry(house: &House, edition: &Edition, name: &str, who: &str) -> anyhow::Result<String> {
    refuse_cancelled(edition, name)?;
    let Retried { rows, left } = house.store.retry_failed(edition.id).await?;
    record(house, name, "retried", who, Some(format!("{rows} rows"))).await?;
    let mut said = match rows {
        0 if left == 0 => return Ok(format!("{name} has no failed rows")),
        rows => format!("{name}: {rows} failed rows are tried again"),
    };
    if left > 0 {
        said += &format!(
            "; {left} are left alone, because these people got some of it by another edition: \
             `rapporteur send {} --only ID` brings them what they lack",
            edition.list
        );
    }
    Ok(said)
}

fn refuse_cancelled(edition: &Edition, name: &str) -> anyhow::Result<()> {
    ensure!(
        edition.state != "cancelled",
        "{name} is cancelled; nothing of it is sent again"
    );
    Ok(())
}

async fn cancel(house: &House, edition: &Edition, name: &str, who: &str) -> anyhow::Result<String> {
    let store = &house.store;
    let mut tx = store.begin().await?;
    if !store.move_edition(&mut tx, edition.id, OPEN, "cancelled").await? {
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

/// Cancels an edition of which nothing reached handoff and seals anew: the same slot and the same wish, with the
/// editor's words and the reports as they are now.
///
/// Two transactions, because the new edition is drafted from what the cancelled one has set free. Words or templates
/// that do not render are found before; after a crash in between, the reports are new and wait for the next slot.
async fn redo(house: &House, edition: &Edition, name: &str, who: &str) -> anyhow::Result<Told> {
    let store = &house.store;
    let sealed: Sealed = serde_json::from_str(&edition.settings)?;
    let mut hands = read_hands(house, &edition.list)?;
    if hands == Hands::default() {
        hands.by_language = BTreeMap::from([(String::new(), sealed.hand)]);
        hands.by_language.extend(sealed.hands);
    }
    let order = Order {
        what: still_wanted(house, edition, name, sealed.what).await?,
        cadence: edition.cadence.clone(),
        slot: edition.slot,
        due_at: edition.due_at.max(house.now()),
        hands: hands.by_language.clone(),
        settling: false,
    };
    rehearse(house, edition, &order)
        .await
        .with_context(|| format!("{name} stays as it is"))?;

    let mut tx = store.begin_alone("sealing").await?;
    if !store.move_edition(&mut tx, edition.id, OPEN, "cancelled").await? {
        bail!("{name} is {}; there is nothing to redo", edition.state);
    }
    store.skip_open_deliveries(&mut tx, edition.id, "cancelled").await?;
    // Asked after the rows are skipped: none can reach handoff any more.
    ensure!(
        !store.reached_handoff(&mut tx, edition.id).await?,
        "{name} is on its way to people; `editions stop` or `cancel` it"
    );
    store.free_items(&mut tx, edition.id).await?;
    write(house, &mut tx, name, "cancelled to be sealed anew", who, None).await?;
    tx.commit().await?;

    let list = &edition.list;
    Ok(match seal::reseal(house, list, &order, &hands, who).await? {
        Some(number) => Told {
            said: format!("{name} is cancelled; {list}/{number} takes its place"),
            number,
        },
        None => Told {
            said: format!("{name} is cancelled; there is nothing new to put in its place"),
            number: edition.number,
        },
    })
}

/// What an edition was asked for, without reports that may not go out any more.
async fn still_wanted(house: &House, edition: &Edition, name: &str, what: What) -> anyhow::Result<What> {
    let list = house.config.list(&edition.list)?;
    match what {
        What::Cadence(cadence) => {
            ensure!(
                list.cadences.contains_key(&cadence),
                "the cadence {cadence} of {name} is no longer configured; `editions cancel {name}` instead"
            );
            Ok(What::Cadence(cadence))
        }
        What::Only { reports, cadence } => {
            let mut public = Vec::new();
            for id in reports {
                let stored = house.store.find_report(id).await?;
                if stored.is_some_and(|stored| stored.state(house.now()) == "published") {
                    public.push(id);
                }
            }
            Ok(What::Only {
                reports: public,
                cadence,
            })
        }
        what => Ok(what),
    }
}

/// Renders what the edition carries in each of the list's languages, as the new one will be: an error shows here.
async fn rehearse(house: &House, edition: &Edition, order: &Order) -> anyhow::Result<()> {
    let items = house.store.list_items(edition.id).await?;
    let list = house.config.list(&edition.list)?;
    for language in list.languages(&house.config.institute) {
        show(house, &edition.list, order, language, items.clone()).await?;
    }
    Ok(())
}

/// What can be decided about a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportDecision {
    /// Out of feeds, pages and what is to come, until it is released.
    Hold,
    Release,
    /// For good (rule 9).
    Withdraw,
}

/// Decides about a report. Returns what happened, as a sentence.
pub async fn decide_report(house: &House, id: i64, decision: ReportDecision, who: &str) -> anyhow::Result<String> {
    let report = house
        .store
        .find_report(id)
        .await?
        .with_context(|| format!("there is no report {id}; see `rapporteur reports`"))?;
    match decision {
        ReportDecision::Hold => hold_report(house, id, who).await,
        ReportDecision::Release => release_report(house, &report, who).await,
        ReportDecision::Withdraw => withdraw_report(house, id, who).await,
    }
}

async fn hold_report(house: &House, id: i64, who: &str) -> anyhow::Result<String> {
    let why = format!("held by {who}");
    ensure!(
        house.store.hold_report(id, &why, house.now()).await?,
        "report {id} is withdrawn"
    );
    record(house, &format!("report {id}"), "held", who, None).await?;
    Ok(format!(
        "report {id} is held: not in feeds, pages or what is to come; `reports release {id}` ends that"
    ))
}

async fn release_report(house: &House, report: &Stored, who: &str) -> anyhow::Result<String> {
    let id = report.id;
    ensure!(
        house.store.release_report(id, house.now()).await?,
        "report {id} is {}, not held",
        report.state(house.now())
    );
    record(house, &format!("report {id}"), "released", who, None).await?;
    super::collect::publish_settled(house, false).await?;
    Ok(format!("report {id} is released"))
}

/// Editions that carry it do not start, or stop, until staff say how they go on.
async fn withdraw_report(house: &House, id: i64, who: &str) -> anyhow::Result<String> {
    let store = &house.store;
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
            let note = Some(format!("report {id} was withdrawn"));
            write(house, &mut tx, &name, if held { "held" } else { "stopped" }, who, note).await?;
            stopped.push(name);
        }
    }
    write(house, &mut tx, &format!("report {id}"), "withdrawn", who, None).await?;
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
