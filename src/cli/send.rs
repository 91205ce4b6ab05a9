//! `send`: an edition by hand. Shows what would go out, asks, seals, delivers.
//!
//! What an earlier send left open goes on first, so that a send that was killed is finished by typing it again.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde_json::json;

use super::deliver::deliver;
use super::{Desk, Misuse, editions, misuse};
use crate::edition::{Hand, What};
use crate::publish::{self, Draft, Hands, House, MANUAL, Order, Seen, draft, read_hands, read_note};
use crate::subscriber::Address;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The list of config.toml
    list: String,
    /// Only the people who read by this cadence, and only its ledger
    #[arg(long, value_name = "WORD")]
    cadence: Option<String>,
    /// Only these reports (ids of `rapporteur reports`); the others stay new
    #[arg(long, num_args = 1.., value_name = "ID")]
    only: Vec<i64>,
    /// Without these reports; they stay new
    #[arg(long, num_args = 1.., value_name = "ID")]
    without: Vec<String>,
    /// A note on top: a Markdown file
    #[arg(long, value_name = "FILE")]
    intro: Option<PathBuf>,
    /// The subject, instead of the first title
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// A notice that this report was corrected, to those who had an earlier revision
    #[arg(long, value_name = "ID", requires = "note")]
    correct: Option<i64>,
    /// What was corrected, for --correct: a text file
    #[arg(long, value_name = "FILE", requires = "correct")]
    note: Option<PathBuf>,
    /// Show what would be sent to whom; nothing is sealed or sent
    #[arg(long)]
    dry_run: bool,
    /// A test send to these addresses: subject with [Test], links for leaving that do nothing, no ledger
    #[arg(long, num_args = 1.., value_name = "ADDRESS", conflicts_with = "dry_run")]
    to: Vec<String>,
    /// Send without asking
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let config = desk.read_config()?;
    let list = config.list(&args.list)?;
    if let Some(why) = config.insecure_links(list) {
        if args.to.is_empty() && !args.dry_run {
            return Err(Misuse(why).into());
        }
        desk.warn(&format!("warning: {why}"));
    }
    if let Some(word) = &args.cadence
        && !list.cadences.contains_key(word)
    {
        let known = list.cadences.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(Misuse(format!("the list {} has no cadence {word}; it has {known}", args.list)).into());
    }
    let house = desk.open_synced().await?;
    for pause in house.store.list_pauses().await? {
        let concerns = pause.scope == "everything" || pause.scope == format!("list {}", args.list);
        if concerns && !args.dry_run {
            let why = pause.why.unwrap_or_else(|| format!("by {}", pause.who));
            bail!(
                "{} stands still, so nothing was sent: {why}; `rapporteur resume` ends that",
                pause.scope
            );
        }
    }
    // Whoever only looks publishes nothing before its time.
    let collected = if looks_only(args) {
        super::collect_still(&house, &[], false).await?
    } else {
        super::collect_now(&house, &[], false).await?
    };
    for collected in collected {
        for refused in &collected.refused {
            desk.warn(&format!("refused {}: {}", refused.path, refused.reason));
        }
        if let Some(error) = collected.error {
            desk.warn(&format!("{}: {error}", collected.source));
        }
    }
    let (order, hands) = order(&house, args).await?;
    if !args.to.is_empty() {
        return test(desk, &house, args, &order).await;
    }
    let Some(draft) = draft(&house, &args.list, &order).await? else {
        return nothing_new(desk, &house, args).await;
    };
    show(desk, &house, &draft).await?;
    if args.dry_run {
        return desk.tell(&dry(&draft));
    }
    let people = draft.recipients();
    if !args.yes && !confirm(people)? {
        desk.say("nothing was sent");
        return Ok(());
    }
    // With --yes nobody looked, so that nothing has to be as it looked.
    let seen = if args.yes {
        Seen::Draft(draft)
    } else {
        Seen::Agreed(draft)
    };
    let Some(number) = publish::seal(&house, &args.list, &order, &hands, seen, &desk.who()).await? else {
        // Somebody else sent it meanwhile.
        return nothing_new(desk, &house, args).await;
    };
    publish::release_due(&house).await?;
    deliver(desk, &house).await?;
    report(desk, &house, &args.list, number).await
}

/// A test send or a dry run.
fn looks_only(args: &Args) -> bool {
    args.dry_run || !args.to.is_empty()
}

/// What the options ask for, with the editor's words of `next/` underneath.
async fn order(house: &House, args: &Args) -> anyhow::Result<(Order, Hands)> {
    let mut hands = read_hands(house, &args.list)?;
    if args.intro.is_some() || args.subject.is_some() || !args.without.is_empty() {
        let note = args.intro.as_deref().map(read_note).transpose()?;
        // For every language: those with words of their own, and all others.
        hands.by_language.entry(String::new()).or_insert_with(Hand::default);
        for hand in hands.by_language.values_mut() {
            if let Some(note) = &note {
                hand.note.clone_from(&note.note);
                hand.subject = note.subject.clone().or(hand.subject.take());
            }
            hand.subject = args.subject.clone().or(hand.subject.take());
            hand.without.extend(args.without.iter().cloned());
        }
    }
    let what = match (args.correct, &args.cadence) {
        (Some(report), _) => What::Correction {
            report,
            note: read_correction(args.note.as_deref().context("--note")?)?,
        },
        (None, cadence) if !args.only.is_empty() => What::Only {
            reports: args.only.clone(),
            cadence: cadence.clone(),
        },
        (None, Some(cadence)) => What::Cadence(cadence.clone()),
        (None, None) => What::All,
    };
    let order = Order {
        what,
        cadence: args.cadence.clone().unwrap_or_else(|| MANUAL.to_owned()),
        slot: None,
        due_at: house.now(),
        hands: hands.by_language.clone(),
        settling: looks_only(args),
    };
    Ok((order, hands))
}

/// What was corrected: the text of a file, on one line.
fn read_correction(note: &std::path::Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(note).with_context(|| format!("cannot read {}", note.display()))?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(
        !text.is_empty(),
        "{} is empty; say in a sentence what was corrected",
        note.display()
    );
    Ok(text)
}

async fn nothing_new(desk: &Desk, house: &House, args: &Args) -> anyhow::Result<()> {
    // An earlier send may have been killed before its edition was released, or before all was delivered.
    publish::release_due(house).await?;
    deliver(desk, house).await?;
    let left = house.store.count_due().await?;
    if left > 0 {
        desk.warn(&format!(
            "{left} mails still wait to go out; `rapporteur status` says why"
        ));
    }
    let last = house.store.last_number(&args.list).await?;
    let since = (last > 0).then(|| format!("{}/{last}", args.list));
    desk.tell(&json!({ "edition": null, "since": since }))?;
    desk.say(match since {
        Some(since) => format!("nothing new since {since}"),
        None if house.store.count_active_people(&args.list).await? == 0 => {
            format!(
                "nobody is on the list {}; put people into {}",
                args.list,
                house.people_file(&args.list).display()
            )
        }
        None => "nothing new: there is no published report that the list takes; see `rapporteur reports`".into(),
    });
    Ok(())
}

/// What would go out, to whom, and what the next slot will then hold.
async fn show(desk: &Desk, house: &House, draft: &Draft) -> anyhow::Result<()> {
    desk.say(format!("{}/{}", draft.list, draft.number));
    let mut languages: Vec<&str> = Vec::new();
    for variant in &draft.variants {
        if !languages.contains(&variant.language.as_str()) {
            languages.push(&variant.language);
            let subject = draft
                .variant_for(&variant.language)
                .map_or("", |variant| variant.rendered.subject.as_str());
            desk.say(format!("Subject ({}): {subject}", variant.language));
        }
    }
    for item in &draft.items {
        let when = item
            .report
            .event
            .start
            .map(|start| format!(", {start}"))
            .unwrap_or_default();
        let note = if item.note.is_some() && item.matter.is_correction() {
            " (correction)"
        } else {
            ""
        };
        desk.say(format!("  {:>4}  {}{when}{note}", item.report_id, item.report.title));
    }
    let counts = |counts: Vec<(&str, u64)>| {
        counts
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    desk.say(format!(
        "People: {} ({})",
        draft.recipients(),
        counts(draft.by_language().into_iter().collect())
    ));
    if !draft.readers.skipped().is_empty() {
        desk.say(format!(
            "Not sent to: {}",
            counts(
                draft
                    .readers
                    .skipped()
                    .iter()
                    .map(|(word, count)| (*word, *count))
                    .collect()
            )
        ));
    }
    desk.say(format!("From: {}", draft.sealed.from));
    desk.say(format!(
        "Reply-To: {}",
        draft.sealed.reply_to.as_deref().unwrap_or("none")
    ));
    desk.say(format!("Relay: {}", draft.sealed.relay));
    if draft.needs_approval {
        desk.say(format!(
            "It will wait for `rapporteur editions approve {}/{}`",
            draft.list, draft.number
        ));
    }
    if let Some(next) = publish::upcoming(house, Some(&draft.list), 1).first() {
        let sent: Vec<i64> = draft.items.iter().map(|item| item.report_id).collect();
        let left = publish::left_for(house, next, &sent).await?;
        let local = next.slot.local.format("%a %-d %b %H:%M");
        desk.say(format!(
            "The next slot ({}, {local}) will then hold {left} reports",
            next.cadence
        ));
    }
    for warning in &draft.warnings {
        desk.warn(&format!("warning: {warning}"));
    }
    Ok(())
}

fn dry(draft: &Draft) -> serde_json::Value {
    json!({
        "list": draft.list,
        "number": draft.number,
        "dry_run": true,
        "reports": draft.items.iter().map(|item| json!({ "id": item.report_id, "matter": item.matter.to_string(), "title": item.report.title })).collect::<Vec<_>>(),
        "people": draft.recipients(),
        "languages": draft.by_language(),
        "skipped": draft.readers.skipped(),
        "subject": draft.variants.first().map(|variant| &variant.rendered.subject),
        "relay": draft.sealed.relay,
        "hash": draft.hash(),
    })
}

/// "Type 214 to send to 214 people". Without a terminal there is nobody to ask.
fn confirm(people: u64) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Misuse("nobody can be asked here; to send without asking, add --yes. Nothing was sent".into()).into(),
        );
    }
    eprint!("Type {people} to send to {people} people: ");
    std::io::stderr().flush()?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == people.to_string())
}

async fn test(desk: &Desk, house: &House, args: &Args, order: &Order) -> anyhow::Result<()> {
    let parse = |address: &String| Address::parse(address).with_context(|| format!("--to {address}"));
    let addresses: Vec<Address> = args.to.iter().map(parse).collect::<Result<_, _>>().map_err(misuse)?;
    let (trial, mails) = publish::test_send(house, &args.list, order, &addresses).await?;
    for warning in trial.variants.iter().flat_map(|variant| &variant.rendered.warnings) {
        desk.warn(&format!("warning: {warning}"));
    }
    let queued = trial.queued.clone();
    deliver(desk, house).await?;
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    let mut why = None;
    for id in &queued {
        let (state, reply) = house.store.find_outgoing(*id).await?.unwrap_or_default();
        if state != "sent" {
            why = reply.or(why);
        }
        *states.entry(state).or_default() += 1;
    }
    desk.tell(&json!({ "test": true, "shows": trial.of, "mails": mails, "states": states }))?;
    let counts = states
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect::<Vec<_>>()
        .join(", ");
    desk.say(format!("test of {} to {}: {counts}", trial.of, args.to.join(", ")));
    if let Some(why) = why {
        bail!("not every test mail was taken: {why}");
    }
    Ok(())
}

async fn report(desk: &Desk, house: &House, list: &str, number: i64) -> anyhow::Result<()> {
    let edition = house
        .store
        .find_edition(list, number)
        .await?
        .context("the edition just sealed is gone")?;
    let counts = house.store.count_states(edition.id).await?;
    desk.tell(&editions::document(&edition, &counts))?;
    desk.say(format!("{list}/{number}: {}", editions::say_counts(&counts)));
    if edition.state == "waiting" {
        desk.say(format!("it waits for `rapporteur editions approve {list}/{number}`"));
        return Ok(());
    }
    let sent = counts.get("sent").copied().unwrap_or(0);
    let wanted: i64 = counts
        .iter()
        .filter(|(state, _)| *state != "skipped")
        .map(|(_, count)| count)
        .sum();
    ensure!(
        sent > 0 || wanted == 0,
        "nothing was sent yet; see `rapporteur editions show {list}/{number} --recipients`"
    );
    Ok(())
}
