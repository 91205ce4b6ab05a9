//! One address is forgotten, kept away, or let back; and what is known of it, for the person to have.

use anyhow::bail;
use serde_json::json;

use super::one::parse;
use crate::cli::{Desk, Misuse};
use crate::publish::{self, House};
use crate::store::Scrubbed;

/// The address is not said again: what was typed is enough.
pub(super) async fn erase(desk: &Desk, house: &House, address: &str, files: bool) -> anyhow::Result<()> {
    let address = parse(address)?;
    let erased = publish::erase(house, &address, files, &desk.who()).await?;
    let tables: serde_json::Map<String, serde_json::Value> =
        erased
            .tables
            .iter()
            .fold(serde_json::Map::new(), |mut all, (table, rows)| {
                let before = all.get(*table).and_then(serde_json::Value::as_u64).unwrap_or(0);
                all.insert((*table).to_owned(), (before + rows).into());
                all
            });
    desk.tell(&json!({
        "done": "erased",
        "tables": tables,
        "files": erased.files,
        "clean": erased.scrubbed == Scrubbed::Clean,
    }))?;
    match tables.is_empty() {
        true => desk.say("nothing was known of this address; it is kept away from now on"),
        false => desk.say("erased, and kept away from now on; changed or deleted rows:"),
    }
    for (table, rows) in &tables {
        desk.say(format!("  {table}: {rows}"));
    }
    for found in &erased.files {
        let lines: Vec<String> = found.lines.iter().map(u64::to_string).collect();
        let (file, lines) = (found.file.display(), lines.join(", "));
        match (&found.problem, found.removed) {
            (Some(problem), _) => desk.warn(&format!("{file}: {problem}; look for them there by hand")),
            (None, true) => desk.say(format!("  {file}: taken out of line {lines}")),
            (None, false) => desk.say(format!(
                "  {file} still has them on line {lines}; delete the row, or say --files"
            )),
        }
    }
    match &erased.scrubbed {
        Scrubbed::Clean => {}
        Scrubbed::Kept => desk.warn(
            "the address still stands in the database, within a text that is kept, such as that of a report, or as a part \
             of another address",
        ),
        Scrubbed::Unknown(why) => desk.warn(&format!(
            "it is not known whether a trace is left in the file of the database: {why}; erase once more later"
        )),
    }
    Ok(())
}

pub(super) async fn suppress(desk: &Desk, house: &House, address: &str, basis: &str) -> anyhow::Result<()> {
    let address = parse(address)?;
    publish::suppress(house, &address, stated(basis)?, &desk.who()).await?;
    desk.tell(&json!({ "done": "suppressed" }))?;
    desk.say("no list mails this address any more, and nobody can put it on one");
    Ok(())
}

pub(super) async fn allow(desk: &Desk, house: &House, address: &str, basis: &str) -> anyhow::Result<()> {
    let address = parse(address)?;
    if !publish::allow(house, &address, stated(basis)?, &desk.who()).await? {
        bail!("nothing keeps this address away");
    }
    desk.tell(&json!({ "done": "allowed" }))?;
    desk.say("this address may come onto lists again; it is on none by this");
    Ok(())
}

/// Everything that is known of a person, as one JSON document.
pub(super) async fn export(desk: &Desk, house: &House, address: &str) -> anyhow::Result<()> {
    let known = publish::know(house, &parse(address)?).await?;
    publish::record_act(house, None, "exported", None, &desk.who()).await?;
    if desk.json {
        return desk.tell(&known);
    }
    // The document is what was asked for, so that --quiet does not keep it back.
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &known)?;
    Ok(writeln!(out)?)
}

fn stated(basis: &str) -> anyhow::Result<&str> {
    match basis.trim() {
        "" => Err(Misuse("--basis is empty; say why, for the record".into()).into()),
        basis => Ok(basis),
    }
}
