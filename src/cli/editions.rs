//! `editions`, `pause` and `resume`: who got what, and what staff decide.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::json;

use super::{Desk, Misuse, deliver, parse_edition};
use crate::clock::from_millis;
use crate::config::is_domain;
use crate::publish::{self, Decided, House, MANUAL, decide_edition};
use crate::store::{Decision, Edition, Pause, Progress, Returns};

/// So many of the commonest answers are shown.
const REPLIES: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Editions, the newest first
    List {
        /// Only this list
        list: Option<String>,
    },
    /// One edition: counts by state, decisions, and with --recipients who got what
    Show {
        #[arg(value_name = "LIST/N")]
        edition: String,
        /// A line for each person
        #[arg(long)]
        recipients: bool,
        /// Only people in this state: sent, deferred, failed, skipped, in-doubt, pending
        #[arg(long, requires = "recipients")]
        state: Option<String>,
    },
    /// Let it go out at its hour
    Approve {
        #[arg(value_name = "LIST/N")]
        edition: String,
        /// Even though a report in it changed since it was sealed
        #[arg(long)]
        as_sealed: bool,
    },
    /// Do not start it
    Hold {
        #[arg(value_name = "LIST/N")]
        edition: String,
    },
    /// End a hold
    Release {
        #[arg(value_name = "LIST/N")]
        edition: String,
        /// Even though a report in it changed since it was sealed
        #[arg(long)]
        as_sealed: bool,
    },
    /// Cancel it and seal anew, while no mail has been handed over
    Redo {
        #[arg(value_name = "LIST/N")]
        edition: String,
    },
    /// Stop sending, to go on later
    Stop {
        #[arg(value_name = "LIST/N")]
        edition: String,
    },
    /// Go on sending
    Resume {
        #[arg(value_name = "LIST/N")]
        edition: String,
        /// The refusals for which it stopped by itself were right: suspend whom they were about
        #[arg(long)]
        refusals_stand: bool,
    },
    /// End it for good; its reports are new again only if nobody got it
    Cancel {
        #[arg(value_name = "LIST/N")]
        edition: String,
    },
    /// Try the failed rows again, or decide about those in doubt
    Retry {
        #[arg(value_name = "LIST/N")]
        edition: String,
        /// Rows in doubt that are held: send them once more, or let them be
        #[arg(long, value_name = "resend|settle")]
        in_doubt: Option<InDoubt>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Scope {
    /// A list or a relay of config.toml, a domain that mails go to, or `signup`, the page where people join; none: everything
    #[arg(value_name = "LIST|RELAY|DOMAIN|signup")]
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum InDoubt {
    /// Send them once more, with the same Message-ID
    Resend,
    /// Let them be: who did not get it does not get it
    Settle,
}

#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    scope: Scope,
    /// After a copy or a restored backup: what becomes of reports that are new in it
    #[arg(long, value_name = "send|known")]
    reports: Option<Reports>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Reports {
    /// They are still to be mailed
    Send,
    /// They were mailed after the backup was made
    Known,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let (edition, decided) = match args.action {
        Action::List { list } => return self::list(desk, &house, list.as_deref()).await,
        Action::Show {
            edition,
            recipients,
            state,
        } => {
            return show(desk, &house, &edition, recipients, state.as_deref()).await;
        }
        Action::Approve { edition, as_sealed } => (edition, Decided::Approve { as_sealed }),
        Action::Hold { edition } => (edition, Decided::Hold),
        Action::Release { edition, as_sealed } => (edition, Decided::Release { as_sealed }),
        Action::Redo { edition } => (edition, Decided::Redo),
        Action::Stop { edition } => (edition, Decided::Stop),
        Action::Resume {
            edition,
            refusals_stand: false,
        } => (edition, Decided::Resume),
        Action::Resume {
            edition,
            refusals_stand: true,
        } => (edition, Decided::ResumeSuspending),
        Action::Cancel { edition } => (edition, Decided::Cancel),
        Action::Retry {
            edition,
            in_doubt: None,
        } => (edition, Decided::Retry),
        Action::Retry {
            edition,
            in_doubt: Some(InDoubt::Resend),
        } => (edition, Decided::ResendDoubts),
        Action::Retry {
            edition,
            in_doubt: Some(InDoubt::Settle),
        } => (edition, Decided::SettleDoubts),
    };
    let (list, number) = parse_edition(&edition)?;
    let told = decide_edition(&house, &list, number, decided, &desk.who()).await?;
    desk.say(&told.said);
    // Without a daemon nobody else would send what was just let go.
    if matches!(
        decided,
        Decided::Approve { .. }
            | Decided::Release { .. }
            | Decided::Resume
            | Decided::ResumeSuspending
            | Decided::Retry
            | Decided::ResendDoubts
    ) {
        deliver::deliver(desk, &house).await?;
    }
    let edition = house
        .store
        .find_edition(&list, told.number)
        .await?
        .context("the edition is gone")?;
    let counts = house.store.count_states(edition.id).await?;
    let mut document = document(&edition, &counts);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("said".into(), told.said.into());
    }
    desk.tell(&document)
}

/// Slots from here on are instants (1973 in milliseconds); smaller ones are reports of immediate editions.
const FIRST_INSTANT: i64 = 100_000_000_000;

/// The shape of `editions show --json`.
pub(super) fn document(edition: &Edition, counts: &BTreeMap<String, i64>) -> serde_json::Value {
    // The slot of an immediate edition is a report, not an instant.
    let slot = edition
        .slot
        .filter(|slot| edition.cadence != MANUAL && *slot >= FIRST_INSTANT)
        .map(from_millis);
    json!({
        "list": edition.list,
        "number": edition.number,
        "state": edition.state,
        "cadence": edition.cadence,
        "slot": slot,
        "counts": counts,
    })
}

pub(super) fn say_counts(counts: &BTreeMap<String, i64>) -> String {
    if counts.is_empty() {
        return "nobody".into();
    }
    let order = [
        "sent", "pending", "claimed", "handoff", "deferred", "failed", "in-doubt", "skipped",
    ];
    let words = order
        .iter()
        .filter_map(|state| Some(format!("{} {state}", counts.get(*state)?)));
    words.collect::<Vec<_>>().join(", ")
}

/// "at 512.3 mails a second; 1200 left, about 3s"
fn say_pace(progress: &Progress, now: DateTime<Utc>) -> String {
    let left = progress.left;
    match progress.done_at.and_then(|at| (at - now).to_std().ok()) {
        Some(time) => {
            let time = humantime::format_duration(std::time::Duration::from_secs(time.as_secs()));
            format!("at {:.1} mails a second; {left} left, about {time}", progress.rate)
        }
        None => format!("nothing was sent in the last minutes; {left} left"),
    }
}

async fn list(desk: &Desk, house: &House, list: Option<&str>) -> anyhow::Result<()> {
    let editions = house.store.list_editions(list).await?;
    if editions.is_empty() {
        desk.say("no editions yet");
    }
    for edition in editions {
        let counts = house.store.count_states(edition.id).await?;
        desk.tell(&document(&edition, &counts))?;
        let sealed = edition.sealed_at.format("%Y-%m-%d %H:%M UTC");
        desk.say(format!(
            "{}/{}  {:<9} {} sealed {sealed}: {}",
            edition.list,
            edition.number,
            edition.state,
            edition.cadence,
            say_counts(&counts)
        ));
    }
    Ok(())
}

fn say_returns(returned: &Returns) -> String {
    let Returns {
        bounces,
        complaints,
        taken,
        ..
    } = returned;
    format!(
        "of {taken} mails taken, {bounces} came back ({}) and {complaints} were called unwanted ({})",
        percent(*bounces, *taken),
        percent(*complaints, *taken)
    )
}

/// Two digits behind the point: a complaint rate of 0.10 % is a warning (BULK-02).
fn percent(some: i64, of: i64) -> String {
    format!("{:.2} %", some as f64 * 100.0 / of.max(1) as f64)
}

async fn show(desk: &Desk, house: &House, name: &str, recipients: bool, state: Option<&str>) -> anyhow::Result<()> {
    let (list, number) = parse_edition(name)?;
    let edition = house
        .store
        .find_edition(&list, number)
        .await?
        .with_context(|| format!("there is no edition {name}; see `rapporteur editions list`"))?;
    let counts = house.store.count_states(edition.id).await?;
    let progress = house.store.find_progress(edition.id, REPLIES).await?;
    let returned = house.store.find_returns(edition.id).await?;
    let pardoned = house.store.count_pardoned(edition.id).await?;
    let mut answer = document(&edition, &counts);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("rate".into(), json!(progress.rate));
        fields.insert("done_at".into(), json!(progress.done_at));
        let replies = progress
            .replies
            .iter()
            .map(|(reply, count)| json!({ "reply": reply, "count": count }));
        fields.insert("replies".into(), replies.collect());
        fields.insert("returned".into(), json!(returned));
        fields.insert("suspensions_taken_back".into(), json!(pardoned));
    }
    desk.say(format!(
        "{name} is {} ({}): {}",
        edition.state,
        edition.cadence,
        say_counts(&counts)
    ));
    if edition.state == "sending" {
        desk.say(say_pace(&progress, house.now()));
    }
    if edition.needs_approval && edition.approved_at.is_none() && edition.state == "waiting" {
        desk.say(format!("it waits for `rapporteur editions approve {name}`"));
    }
    for item in house.store.list_items(edition.id).await? {
        desk.say(format!(
            "  {:>4}  {} (revision {}, {})",
            item.report_id, item.report.title, item.revision, item.matter
        ));
    }
    for decision in house.store.list_decisions(name).await? {
        let note = decision.note.map(|note| format!(": {note}")).unwrap_or_default();
        desk.say(format!(
            "{} by {} at {}{note}",
            decision.what,
            decision.who,
            decision.at.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    if returned.bounces + returned.complaints > 0 {
        desk.say(say_returns(&returned));
    }
    for domain in &returned.domains {
        desk.say(format!(
            "  {}: {} of {} called it unwanted ({})",
            domain.domain,
            domain.complaints,
            domain.taken,
            percent(domain.complaints, domain.taken)
        ));
    }
    if pardoned > 0 {
        desk.say(format!(
            "{pardoned} people were let off because so much was refused; `editions resume {name} --refusals-stand` suspends them"
        ));
    }
    for (reply, count) in &progress.replies {
        desk.say(format!("{count:>7} × {reply}"));
    }
    if recipients {
        let rows = house.store.list_recipients(edition.id, state).await?;
        for row in &rows {
            let reason = row
                .reason
                .as_ref()
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            let reply = row.reply.as_ref().map(|reply| format!("  {reply}")).unwrap_or_default();
            desk.say(format!("{}  {}{reason}{reply}", row.address, row.state));
        }
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("recipients".into(), serde_json::to_value(rows)?);
        }
    }
    desk.tell(&answer)
}

pub(super) async fn pause(desk: &Desk, scope: &Scope) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let scope = scope_of(&house, scope)?;
    let pause = Pause {
        scope: scope.clone(),
        who: desk.who(),
        why: None,
        since: house.now(),
        until: None,
    };
    house.store.pause(&pause).await?;
    decided(desk, &house, &scope, "paused", None).await?;
    desk.tell(&pause)?;
    desk.say(match scope == publish::SIGNUP {
        true => "nobody can ask to join; whoever has a link can still confirm".to_owned(),
        false => format!("{scope} stands still; mails already with a relay cannot be called back"),
    });
    Ok(())
}

pub(super) async fn resume(desk: &Desk, args: &Resume) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let scope = scope_of(&house, &args.scope)?;
    let pauses = house.store.list_pauses().await?;
    if pauses
        .iter()
        .any(|pause| pause.scope == scope && pause.who == publish::COPIED)
    {
        match args.reports {
            Some(Reports::Send) => {}
            Some(Reports::Known) => {
                super::collect_now(&house, &[], false).await?;
                let known = publish::know_new_reports(&house).await?;
                desk.say(format!(
                    "{known} reports that were new are now known: nobody is mailed about them"
                ));
            }
            None => {
                return Err(Misuse(
                    "this database was copied or restored: say whether reports that are new in it are still to be \
                     mailed (--reports send) or were mailed after the backup was made (--reports known)"
                        .into(),
                )
                .into());
            }
        }
    }
    let was = house.store.unpause(&scope).await?;
    if was {
        let note = args
            .reports
            .map(|reports| format!("reports: {reports:?}").to_lowercase());
        decided(desk, &house, &scope, "resumed", note).await?;
    }
    desk.tell(&json!({ "scope": scope, "resumed": was }))?;
    desk.say(if was {
        format!("{scope} goes on")
    } else {
        format!("{scope} was not paused")
    });
    Ok(())
}

async fn decided(desk: &Desk, house: &House, subject: &str, what: &str, note: Option<String>) -> anyhow::Result<()> {
    let mut tx = house.store.begin().await?;
    let decision = Decision {
        subject: subject.into(),
        what: what.into(),
        who: desk.who(),
        note,
        at: house.now(),
    };
    house.store.record_decision(&mut tx, &decision).await?;
    Ok(tx.commit().await?)
}

fn scope_of(house: &House, scope: &Scope) -> anyhow::Result<String> {
    match &scope.name {
        None => Ok("everything".into()),
        Some(name) if house.config.lists.contains_key(name) => Ok(format!("list {name}")),
        Some(name) if house.config.relays.contains_key(name) => Ok(format!("relay {name}")),
        Some(name) if name == publish::SIGNUP => Ok(name.clone()),
        // No list and no relay has a dot in its name.
        Some(name) if is_domain(name) => Ok(format!("domain {name}")),
        Some(name) => Err(Misuse(format!(
            "{name} is neither a list nor a relay of config.toml, nor a domain such as example.org, nor `signup`"
        ))
        .into()),
    }
}
