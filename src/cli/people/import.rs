//! `subscribers import`: a verdict on each record of a file, then the people who may come, in one transaction.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::{Desk, Misuse, progress};
use crate::publish::{self, House};
use crate::subscriber::Address;
use crate::subscriber::csv::{Offer, Outcome, Reader, Row};

/// Fewer rows than this take less than a second and need no progress bar.
const MANY: usize = 5_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The CSV file
    file: PathBuf,
    /// The list they come onto
    #[arg(long, value_name = "LIST")]
    list: String,
    /// Say what would happen to each record, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Why these people may be mailed, for the record: "asked for it at the conference of 3 May"
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    basis: Option<String>,
}

/// What became of a record. Record 1 is the first after the header.
#[derive(Debug, Serialize)]
struct Verdict {
    record: u64,
    result: &'static str,
    address: String,
    reason: Option<String>,
    #[serde(skip)]
    line: u64,
}

impl Verdict {
    fn new(record: u64, line: u64, result: &'static str, address: String, reason: Option<String>) -> Verdict {
        Verdict {
            record,
            result,
            address,
            reason,
            line,
        }
    }
}

pub(super) async fn run(desk: &Desk, house: &House, args: &Args) -> anyhow::Result<()> {
    house.config.list(&args.list)?;
    let basis = args.basis.as_deref().unwrap_or_default().trim();
    if basis.is_empty() && !args.dry_run {
        return Err(Misuse("--basis is empty; say why these people may be mailed".into()).into());
    }
    let shown = args.file.display();
    let bytes = std::fs::read(&args.file).map_err(|error| Misuse(format!("{shown} cannot be read: {error}")))?;
    let mut reader = Reader::new(&bytes).map_err(|problem| anyhow::anyhow!("{shown}: {problem}"))?;
    let (mut verdicts, rows) = judge(house, &args.list, &mut reader).await?;
    for note in &reader.notes {
        desk.warn(&format!("{shown}: {note}"));
    }
    if !args.dry_run {
        add(desk, house, args, basis, &rows, &mut verdicts).await?;
    }
    for verdict in &verdicts {
        desk.tell(verdict)?;
        if let Some(reason) = &verdict.reason {
            desk.say(format!(
                "{shown} line {}: {} {}: {reason}",
                verdict.line,
                verdict.address,
                word(verdict.result)
            ));
        }
    }
    let of = |result: &str| verdicts.iter().filter(|verdict| verdict.result == result).count();
    let (added, twice, refused) = (of("accept"), of("duplicate"), of("reject"));
    let would = if args.dry_run { "would be added to" } else { "added to" };
    desk.say(format!(
        "{added} {would} {}, {twice} there already, {refused} refused",
        args.list
    ));
    Ok(())
}

fn word(result: &str) -> &str {
    if result == "reject" {
        "is refused"
    } else {
        "is there already"
    }
}

/// A verdict on every record, in the order of the file, and the rows that may come.
async fn judge(house: &House, name: &str, reader: &mut Reader) -> anyhow::Result<(Vec<Verdict>, Vec<Row>)> {
    let list = house.config.list(name)?;
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
    let known = known(house, name).await?;
    let (mut verdicts, mut rows) = (Vec::new(), Vec::new());
    for record in reader {
        let (number, line) = (record.record, record.line);
        let verdict = |result, address, reason| Verdict::new(number, line, result, address, reason);
        verdicts.push(match record.outcome {
            Outcome::Refused(refused) => verdict("reject", refused.text, Some(refused.reason)),
            Outcome::Duplicate(twice) => {
                let reason = format!("stands on line {} already", twice.first_line);
                verdict("duplicate", twice.address.to_string(), Some(reason))
            }
            Outcome::Accepted(row) => {
                let address = row.address.to_string();
                match (known.get(&row.address.key()), row.hold_to(offer)) {
                    (Some(Known::OnList), _) => verdict("duplicate", address, Some(format!("is on {name} already"))),
                    (Some(Known::Away(reason)), _) => verdict("reject", address, Some(reason.clone())),
                    (None, Err(refused)) => verdict("reject", address, Some(refused.reason)),
                    (None, Ok(row)) => {
                        rows.push(row);
                        verdict("accept", address, None)
                    }
                }
            }
        });
    }
    Ok((verdicts, rows))
}

/// A person the store knows.
enum Known {
    OnList,
    /// Not to be brought back by a file, and why.
    Away(String),
}

async fn known(house: &House, list: &str) -> anyhow::Result<HashMap<String, Known>> {
    let mut known = HashMap::new();
    for subscription in house.store.list_subscriptions(list).await? {
        let Ok(address) = Address::parse(&subscription.subscriber.address) else {
            continue;
        };
        let when = subscription
            .ended_at
            .map_or_else(String::new, |at| at.format(" on %-d %b %Y").to_string());
        let what = match subscription.state.as_str() {
            "left" => Known::Away(format!("left{when}; only they themselves can come back")),
            "removed" => Known::Away(format!("was removed{when}; `subscribers add` brings them back")),
            _ => Known::OnList,
        };
        known.insert(address.key(), what);
    }
    for (key, state) in house.store.list_unmailable().await? {
        known.insert(key, Known::Away(format!("the address is {state}: no list mails it")));
    }
    Ok(known)
}

async fn add(
    desk: &Desk,
    house: &House,
    args: &Args,
    basis: &str,
    rows: &[Row],
    verdicts: &mut [Verdict],
) -> anyhow::Result<()> {
    let bar = progress::bar(rows.len() as u64, desk.quiet || rows.len() < MANY).with_message("importing");
    let added = publish::import(house, &args.list, rows, basis, "import", || bar.inc(1)).await?;
    bar.finish_and_clear();
    // Somebody else may have added one of them meanwhile.
    let accepted = verdicts.iter_mut().filter(|verdict| verdict.result == "accept");
    for (verdict, _) in accepted.zip(added).filter(|(_, added)| !added) {
        verdict.result = "duplicate";
        verdict.reason = Some(format!("is on {} already", args.list));
    }
    Ok(())
}
