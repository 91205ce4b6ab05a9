//! `subscribers`: the people of a list, by hand and by file.
//!
//! The file `subscribers/LIST.csv` is one voice, the command line another. Whoever left stays away whatever either says,
//! and whom staff removed here the file does not bring back.

mod forget;
mod import;
mod one;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Desk, progress};
use crate::publish::{self, House};
use crate::subscriber::{Address, Cells, csv};

/// People that are read at once for an export.
const PAGE: i64 = 1000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add the people of a CSV file that is not the list's own
    ///
    /// Commas, semicolons or tabs; only the column `email` is needed; `name`, `language`, `topics` (parted by |) and
    /// `cadence` are read too, and exports of listmonk and Mailchimp as they are. People who left, there or here, who are
    /// suppressed or whom staff removed are refused and stay away.
    Import(import::Args),
    /// Write the people of a list as CSV to standard output, safe to open in a spreadsheet; or all that is known of one
    Export {
        /// The list
        #[arg(
            long,
            value_name = "LIST",
            required_unless_present = "person",
            conflicts_with = "person"
        )]
        list: Option<String>,
        /// A person's address: everything that is stored about them, as one JSON document
        #[arg(long, value_name = "ADDRESS")]
        person: Option<String>,
    },
    /// Put one person on a list
    Add(one::AddArgs),
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
    /// Let a suspended person get mail again, once their address works
    Resume {
        /// The person's address, in any case
        address: String,
        /// Why, for the record: "wrote to us on 3 May from this address"
        #[arg(long, value_name = "TEXT")]
        basis: String,
    },
    /// Forget a person: address, name and choices go out of every table, and the address is kept away from now on
    Erase {
        /// The person's address, in any case
        address: String,
        /// Take their rows out of subscribers/*.csv as well; without it they are named
        #[arg(long)]
        files: bool,
    },
    /// Keep an address away from all lists, whether it is known or not
    Suppress {
        /// The address, in any case
        address: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        basis: String,
    },
    /// Let an address that was erased or suppressed come onto lists again
    Allow {
        /// The address, in any case
        address: String,
        /// Why, for the record: "wrote to us on 3 May and wants to come back"
        #[arg(long, value_name = "TEXT")]
        basis: String,
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

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let house = desk.open().await?;
    match args.action {
        Action::Import(args) => import::run(desk, &house, &args).await,
        Action::Export {
            person: Some(address), ..
        } => forget::export(desk, &house, &address).await,
        Action::Export { list, .. } => export(desk, &house, &list.unwrap_or_default()).await,
        Action::Erase { address, files } => forget::erase(desk, &house, &address, files).await,
        Action::Suppress { address, basis } => forget::suppress(desk, &house, &address, &basis).await,
        Action::Allow { address, basis } => forget::allow(desk, &house, &address, &basis).await,
        Action::Add(args) => one::add(desk, &house, &args).await,
        Action::Show { address } => one::show(desk, &house, &address).await,
        Action::Remove { address, list } => one::remove(desk, &house, &address, &list).await,
        Action::Resume { address, basis } => one::resume(desk, &house, &address, &basis).await,
        Action::Sync { list, yes } => sync(desk, &house, &list, yes).await,
    }
}

async fn export(desk: &Desk, house: &House, list: &str) -> anyhow::Result<()> {
    house.config.list(list)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    // The file is what was asked for, so that --quiet does not keep it back.
    let mut write = |line: String| write!(out, "{line}").context("cannot write to standard output");
    if !desk.json {
        write(format!("{}\r\n", csv::HEADER))?;
    }
    let (mut after, mut people) = (0, 0);
    loop {
        let page = house.store.list_active_people(list, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.subscriber.id;
        people += page.len() as u64;
        for person in page {
            let address = Address::parse(&person.subscriber.address)
                .with_context(|| format!("subscriber {} in the store", person.subscriber.id))?;
            let cells = Cells {
                name: person.subscriber.name,
                language: person.subscriber.language,
                topics: Some(person.topics),
                cadence: person.cadence,
            };
            write(match desk.json {
                true => format!(
                    "{}\n",
                    json!({
                        "email": address.to_string(),
                        "name": cells.name,
                        "language": cells.language,
                        "topics": cells.topics,
                        "cadence": cells.cadence,
                    })
                ),
                false => format!("{}\r\n", csv::line(&address, &cells)),
            })?;
        }
    }
    out.flush().context("cannot write to standard output")?;
    drop(out);
    let note = Some(format!("{people} people"));
    publish::record_act(house, Some(list), "exported", note, &desk.who()).await
}

async fn sync(desk: &Desk, house: &House, list: &str, yes: bool) -> anyhow::Result<()> {
    let applying = progress::spinner("applying the list's file", desk.quiet || desk.json);
    let synced = publish::sync(house, list, yes).await?;
    applying.finish_and_clear();
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
    let note = format!("{} subscribed, {} removed", synced.subscribed, synced.removed);
    publish::record_act(house, Some(list), "synced", Some(note), &desk.who()).await?;
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
