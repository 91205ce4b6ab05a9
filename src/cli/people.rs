//! `subscribers`: the people of a list, by hand and by file.
//!
//! The file `subscribers/LIST.csv` is one voice, the command line another. Whoever left stays away whatever either says,
//! and whom staff removed here the file does not bring back.

mod import;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Desk, Misuse};
use crate::publish::{self, House};
use crate::store::Subscription;
use crate::subscriber::csv::{self, Offer, Row};
use crate::subscriber::{Address, Cells, Name, language_tag};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add the people of a CSV file that is not the list's own
    ///
    /// Only the column `email` is needed; `name`, `language`, `topics` (parted by |) and `cadence` are read too. People
    /// who left, who are suppressed or whom staff removed are refused and stay away.
    Import(import::Args),
    /// Write the people of a list as CSV to standard output, safe to open in a spreadsheet
    Export {
        /// The list
        #[arg(long, value_name = "LIST")]
        list: String,
    },
    /// Put one person on a list
    Add(AddArgs),
    /// One person: their subscriptions, and the record of what they agreed to
    Show {
        /// The person's address, in any case
        address: String,
    },
    /// Take one person off a list; the list's file does not bring them back
    Remove {
        /// The person's address, in any case
        address: String,
        /// The list
        #[arg(long, value_name = "LIST")]
        list: String,
    },
    /// Apply subscribers/LIST.csv now (`run` does it whenever the file changes)
    ///
    /// A row added subscribes, a row removed unsubscribes whom the file had put there. A file that is missing, empty or
    /// would drop more than five people and more than a tenth changes nothing, until --yes.
    Sync {
        /// The list
        list: String,
        /// Apply it though many people drop out
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// The person's address
    address: String,
    /// The list
    #[arg(long, value_name = "LIST")]
    list: String,
    /// Their name, as it may stand in a mail
    #[arg(long)]
    name: Option<String>,
    /// Language of the frame of their mails, such as de; default: the list's
    #[arg(long)]
    language: Option<String>,
    /// Topics of the list, parted by commas; default: all
    #[arg(long, value_delimiter = ',')]
    topics: Vec<String>,
    /// A cadence of the list; default: the list's
    #[arg(long)]
    cadence: Option<String>,
    /// Why they may be mailed, for the record: "asked by telephone on 3 May"
    #[arg(long, value_name = "TEXT")]
    basis: String,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let house = desk.open().await?;
    match args.action {
        Action::Import(args) => import::run(desk, &house, &args).await,
        Action::Export { list } => export(desk, &house, &list).await,
        Action::Add(args) => add(desk, &house, &args).await,
        Action::Show { address } => show(desk, &house, &address).await,
        Action::Remove { address, list } => remove(desk, &house, &address, &list).await,
        Action::Sync { list, yes } => sync(desk, &house, &list, yes).await,
    }
}

fn parse(address: &str) -> anyhow::Result<Address> {
    Ok(Address::parse(address).map_err(|error| Misuse(format!("{address}: {error}")))?)
}

async fn export(desk: &Desk, house: &House, list: &str) -> anyhow::Result<()> {
    house.config.list(list)?;
    let people = house.store.list_active_people(list).await?;
    let mut rows = Vec::with_capacity(people.len());
    for person in people {
        let address = Address::parse(&person.subscriber.address)
            .with_context(|| format!("subscriber {} in the store", person.subscriber.id))?;
        rows.push((
            address,
            Cells {
                name: person.subscriber.name,
                language: person.subscriber.language,
                topics: Some(person.topics),
                cadence: person.cadence,
            },
        ));
    }
    if desk.json {
        for (address, cells) in &rows {
            desk.tell(&json!({
                "email": address.to_string(),
                "name": cells.name,
                "language": cells.language,
                "topics": cells.topics,
                "cadence": cells.cadence,
            }))?;
        }
        return Ok(());
    }
    // The file is what was asked for, so that --quiet does not keep it back.
    let text = csv::write(rows.iter().map(|(address, cells)| (address, cells)));
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
}

async fn add(desk: &Desk, house: &House, args: &AddArgs) -> anyhow::Result<()> {
    let list = house.config.list(&args.list)?;
    let address = parse(&args.address)?;
    let misuse = |text: String| Misuse(format!("{address}: {text}"));
    let name = match &args.name {
        Some(name) => Some(
            Name::parse(name)
                .map_err(|error| misuse(error.to_string()))?
                .as_str()
                .to_owned(),
        ),
        None => None,
    };
    let language = match &args.language {
        Some(text) => Some(
            language_tag(text).ok_or_else(|| misuse(format!("\"{text}\" is no language; write a tag such as de")))?,
        ),
        None => None,
    };
    if args.basis.trim().is_empty() {
        return Err(misuse("--basis is empty; say why they may be mailed".into()).into());
    }
    let cells = Cells {
        name,
        language,
        topics: Some(args.topics.clone()),
        cadence: args.cadence.clone(),
    };
    let row = Row {
        line: 0,
        record: 0,
        address: address.clone(),
        cells,
    };
    let topics: Vec<_> = list
        .topics
        .iter()
        .map(|(term, label)| (term.as_str(), label.as_str()))
        .collect();
    let cadences: Vec<_> = list.cadences.keys().map(String::as_str).collect();
    let offer = Offer {
        topics: &topics,
        cadences: &cadences,
    };
    let row = row.hold_to(offer).map_err(|refused| misuse(refused.reason))?;

    let added = publish::import(house, &args.list, &[row], &args.basis, publish::COMMAND_LINE, || ()).await?;
    let of_list = find(house, &address, &args.list).await?;
    if added != [true] {
        let found = of_list.context("the person is on no list")?;
        match (found.subscriber.state.as_str(), found.state.as_str()) {
            ("active", "active") => bail!("{address} is on {} already; nothing was changed", args.list),
            ("active", _) => bail!("{address} left {}; only they themselves can come back", args.list),
            (state, _) => bail!("{address} is {state}: no list mails it"),
        }
    }
    desk.tell(&json!({ "list": args.list, "address": address.to_string(), "done": "added" }))?;
    desk.say(format!(
        "{address} is on {}; see `rapporteur why {} {address}`",
        args.list, args.list
    ));
    Ok(())
}

async fn find(house: &House, address: &Address, list: &str) -> anyhow::Result<Option<Subscription>> {
    let all = house.store.list_subscriptions_of(&address.key()).await?;
    Ok(all.into_iter().find(|subscription| subscription.list == list))
}

async fn show(desk: &Desk, house: &House, address: &str) -> anyhow::Result<()> {
    let address = parse(address)?;
    let subscriptions = house.store.list_subscriptions_of(&address.key()).await?;
    let Some(person) = subscriptions
        .first()
        .map(|subscription| subscription.subscriber.clone())
    else {
        bail!("{address} is on no list and never was");
    };
    let consent = house.store.list_consent(person.id).await?;
    let lists: Vec<_> = subscriptions
        .iter()
        .map(|it| {
            json!({
                "list": it.list,
                "state": it.state,
                "since": it.started_at,
                "until": it.ended_at,
                "cadence": it.cadence,
                "topics": it.topics,
                "by_file": it.by_file,
                "chosen": it.chosen,
            })
        })
        .collect();
    desk.tell(&json!({
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "state": person.state,
        "subscriptions": lists,
        "consent": consent,
    }))?;
    let name = person.name.as_deref().unwrap_or("no name");
    let language = person.language.as_deref().unwrap_or("no language of their own");
    desk.say(format!("{} ({name}, {language}), {}", person.address, person.state));
    for Subscription {
        list,
        state,
        cadence,
        topics,
        by_file,
        started_at,
        ..
    } in &subscriptions
    {
        let cadence = cadence.as_deref().unwrap_or("the list's cadence");
        let topics = if topics.is_empty() {
            "all topics".into()
        } else {
            topics.join(", ")
        };
        let by = if *by_file { ", kept by the list's file" } else { "" };
        desk.say(format!(
            "  {list}: {state}, since {}, {cadence}, {topics}{by}",
            started_at.format("%-d %b %Y")
        ));
    }
    desk.say("Record:");
    for entry in &consent {
        let basis = entry
            .basis
            .as_ref()
            .map_or_else(String::new, |basis| format!(": {basis}"));
        let at = entry.at.format("%-d %b %Y %H:%M UTC");
        desk.say(format!("  {at}  {} {} by {}{basis}", entry.list, entry.what, entry.how));
    }
    Ok(())
}

async fn remove(desk: &Desk, house: &House, address: &str, list: &str) -> anyhow::Result<()> {
    house.config.list(list)?;
    let address = parse(address)?;
    let found = find(house, &address, list).await?;
    let Some(found) = found else {
        bail!("{address} is not on {list}")
    };
    let done = house
        .store
        .remove(list, found.subscriber.id, publish::COMMAND_LINE, house.now())
        .await?;
    if !done {
        bail!("{address} is not on {list} any more ({})", found.state);
    }
    desk.tell(&json!({ "list": list, "address": address.to_string(), "done": "removed" }))?;
    desk.say(format!(
        "{address} is off {list}, and stays off, whatever subscribers/{list}.csv says"
    ));
    Ok(())
}

async fn sync(desk: &Desk, house: &House, list: &str, yes: bool) -> anyhow::Result<()> {
    let synced = publish::sync(house, list, yes).await?;
    let shown = PathBuf::from("subscribers").join(format!("{list}.csv"));
    let refused: Vec<_> = synced
        .refused
        .iter()
        .map(|refused| json!({ "line": refused.line, "address": refused.text, "reason": refused.reason }))
        .collect();
    desk.tell(&json!({
        "list": list,
        "file": synced.file,
        "subscribed": synced.subscribed,
        "returned": synced.returned,
        "updated": synced.updated,
        "removed": synced.removed,
        "stay_away": synced.left,
        "refused": refused,
        "notes": synced.notes,
        "stopped": synced.stopped,
    }))?;
    for refused in &synced.refused {
        desk.say(format!(
            "{} line {}: {} was refused: {}",
            shown.display(),
            refused.line,
            refused.text,
            refused.reason
        ));
    }
    if let Some(reason) = synced.stopped {
        bail!(reason);
    }
    desk.say(format!(
        "{list}: {} subscribed, {} returned, {} updated, {} removed, {} refused",
        synced.subscribed,
        synced.returned,
        synced.updated,
        synced.removed,
        synced.refused.len()
    ));
    if synced.left > 0 {
        desk.say(format!(
            "  {} refused for having left or being removed; a file does not bring them back",
            synced.left
        ));
    }
    for note in &synced.notes {
        desk.say(format!("  {}: {note}", shown.display()));
    }
    Ok(())
}
