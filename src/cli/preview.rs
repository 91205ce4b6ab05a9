//! `preview`: an edition as the files people and feed readers would get.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::json;

use super::{Desk, misuse, parse_edition, write_file};
use crate::publish::{self, Order, by_hand, read_hands};
use crate::subscriber::Address;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A list: what its next edition would hold. LIST/N: the sealed edition, byte for byte
    #[arg(value_name = "LIST[/N]")]
    edition: String,
    /// As this person gets it
    #[arg(long = "as", value_name = "ADDRESS")]
    person: Option<String>,
    /// The folder to write; made if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let person = args
        .person
        .as_deref()
        .map(Address::parse)
        .transpose()
        .context("--as")
        .map_err(misuse)?;
    let house = desk.open_synced().await?;
    let (of, files, warnings) = if args.edition.contains('/') {
        let (list, number) = parse_edition(&args.edition)?;
        let edition = house
            .store
            .find_edition(&list, number)
            .await?
            .with_context(|| format!("there is no edition {}", args.edition))?;
        (
            format!("edition {}, as sealed", args.edition),
            publish::preview_sealed(&house, &edition, person.as_ref()).await?,
            Vec::new(),
        )
    } else {
        let list = args.edition.as_str();
        house.config.list(list)?;
        super::collect_still(&house, &[], false).await?;
        let mut order = by_hand(&house, read_hands(&house, list)?.by_language);
        order.settling = true;
        // The coming slot's Date, so that the bytes are those that will go out.
        if let Some(slot) = publish::upcoming(&house, Some(list), 1).first() {
            order = Order {
                due_at: slot.slot.utc,
                ..order
            };
        }
        publish::preview(&house, list, &order, person.as_ref()).await?
    };
    for warning in warnings {
        desk.warn(&format!("warning: {warning}"));
    }
    for (name, bytes) in &files {
        write_file(&args.out.join(name), bytes)?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    desk.tell(&json!({ "of": of, "out": args.out, "files": names }))?;
    desk.say(format!("{of}: {} in {}", names.join(", "), args.out.display()));
    Ok(())
}
