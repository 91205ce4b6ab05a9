//! People who come by a file that is not the list's own, or by staff's word, on a stated basis (PRIV-10).
//!
//! In: the bytes of a file. Out: a verdict on each record, in the order of the file, while it is read; and, unless only
//! the verdicts are wanted, rows, in one transaction. The file is read and checked on a thread of its own while the
//! database takes in what came before, some hundred people at a time, so that a million need no room. The surprising
//! thing: verdicts are told before the end, so that they hold only if the end is reached.

use std::collections::HashMap;
use std::io::{Read, Seek};

use anyhow::bail;
use tokio::sync::mpsc::{Receiver, channel};

use super::{House, forget, subscribe};
use crate::store::{Decision, PEOPLE, Standing, Suppression, Tx};
use crate::subscriber::csv::{FileProblem, Offer, Outcome, Reader, Record, Row};
use crate::subscriber::{Address, masked};

/// Where people come from that staff name one by one.
pub const COMMAND_LINE: &str = "command line";
/// What the consent record says of people who came by a file.
const BY_IMPORT: &str = "import";
/// Rows that go into the database together.
const ROWS: usize = 500;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    pub list: &'a str,
    /// Why these people may be mailed; none: nothing is changed.
    pub basis: Option<&'a str>,
    /// Who imports, for the record.
    pub who: &'a str,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accept,
    Duplicate,
    Reject,
}

/// A record and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub record: u64,
    pub line: u64,
    pub verdict: Verdict,
    /// Shortened where the record was refused for what it says.
    pub address: String,
    pub reason: Option<String>,
    /// The person may not come back by a file: `left`, `removed`, `suspended`, `suppressed`, `erased`.
    pub away: Option<&'static str>,
}

/// What came of adding one person.
#[derive(Clone, Debug, PartialEq)]
pub enum Added {
    Done,
    /// Nothing was changed, and why.
    Refused(String),
}

/// One piece of the file: rows that may come, with those between them that may not.
type Piece = Result<Vec<Record>, FileProblem>;

/// Takes in a file. `tell` is given each record, and how many bytes of the file are read; its error ends the import, and
/// nothing is changed then. Returns what staff should know about the file as a whole.
pub async fn import<R: Read + Seek + Send + 'static>(
    house: &House,
    import: &Import<'_>,
    source: R,
    mut tell: impl FnMut(&Judged, u64) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<String>> {
    if import.basis.is_some_and(|basis| basis.trim().is_empty()) {
        bail!("say why these people may be mailed: --basis \"asked for it at the conference of 3 May\"");
    }
    let (notes, mut pieces) = read(house, import.list, source).await?;
    let mut tx = match import.basis {
        Some(_) => Some(house.store.begin_import().await?),
        None => None,
    };
    let mut added = 0;
    while let Some((piece, taken)) = pieces.recv().await {
        let (judged, rows) = judge(house, import.list, tx.as_mut(), piece?).await?;
        if let (Some(tx), Some(basis)) = (&mut tx, import.basis) {
            let rows: Vec<&Row> = rows.iter().collect();
            added += rows.len();
            let how = (import.list, BY_IMPORT, Some(basis));
            subscribe(&house.store, tx, how, &rows, house.now()).await?;
        }
        for judged in &judged {
            tell(judged, taken)?;
        }
    }
    if let Some(mut tx) = tx {
        let decision = Decision {
            subject: format!("list {}", import.list),
            what: "imported".to_owned(),
            who: import.who.to_owned(),
            note: Some(format!("{added} people")),
            at: house.now(),
        };
        house.store.record_decision(&mut tx, &decision).await?;
        tx.commit().await?;
    }
    Ok(notes)
}

/// Reads a file on a thread of its own, checked against what the list offers.
async fn read<R: Read + Seek + Send + 'static>(
    house: &House,
    list: &str,
    source: R,
) -> anyhow::Result<(Vec<String>, Receiver<(Piece, u64)>)> {
    let list = house.config.list(list)?;
    let topics: Vec<(String, String)> = list
        .topics
        .iter()
        .map(|(term, label)| (term.clone(), label.clone()))
        .collect();
    let cadences: Vec<String> = list.cadences.keys().cloned().collect();
    let mut reader = tokio::task::spawn_blocking(|| Reader::new(source)).await??;
    let notes = std::mem::take(&mut reader.notes);
    let (sender, receiver) = channel(2);
    tokio::task::spawn_blocking(move || {
        let topics: Vec<(&str, &str)> = topics
            .iter()
            .map(|(term, label)| (term.as_str(), label.as_str()))
            .collect();
        let cadences: Vec<&str> = cadences.iter().map(String::as_str).collect();
        let offer = Offer {
            topics: &topics,
            cadences: &cadences,
        };
        let mut is_over = false;
        while !is_over {
            let piece = gather(&mut reader, offer);
            is_over = piece.as_ref().map_or(true, Vec::is_empty);
            // Nobody listens any more: the import has failed.
            if sender.blocking_send((piece, reader.taken())).is_err() {
                return;
            }
        }
    });
    Ok((notes, receiver))
}

fn gather<R: Read>(reader: &mut Reader<R>, offer: Offer<'_>) -> Piece {
    let mut records = Vec::with_capacity(ROWS);
    let mut rows = 0;
    // Bounded also where no row may come.
    while rows < ROWS && records.len() < 4 * ROWS {
        let Some(record) = reader.next() else { break };
        let Record {
            record,
            line,
            lines,
            outcome,
        } = record?;
        let outcome = match outcome {
            Outcome::Accepted(row) => match row.hold_to(offer) {
                Ok(row) => {
                    rows += 1;
                    Outcome::Accepted(row)
                }
                Err(refused) => Outcome::Refused(refused),
            },
            other => other,
        };
        records.push(Record {
            record,
            line,
            lines,
            outcome,
        });
    }
    Ok(records)
}

/// A verdict on each record, and the rows that may come.
async fn judge(
    house: &House,
    list: &str,
    mut tx: Option<&mut Tx>,
    records: Vec<Record>,
) -> anyhow::Result<(Vec<Judged>, Vec<Row>)> {
    let keys: Vec<String> = records
        .iter()
        .filter_map(|record| match &record.outcome {
            Outcome::Accepted(row) => Some(row.address.key()),
            _ => None,
        })
        .collect();
    let suppressed = forget::suppressed(house, tx.as_deref_mut(), &keys).await?;
    let known = house.store.find_standings(tx, list, &keys).await?;
    let known: HashMap<&str, &Standing> = known
        .iter()
        .map(|standing| (standing.address_key.as_str(), standing))
        .collect();
    let mut keys = keys.iter();
    let (mut judged, mut rows) = (Vec::with_capacity(records.len()), Vec::new());
    for Record {
        record, line, outcome, ..
    } in records
    {
        let (verdict, address, reason, away) = match outcome {
            Outcome::Refused(refused) => (Verdict::Reject, refused.text, Some(refused.reason), None),
            Outcome::Duplicate(twice) => {
                let reason = format!("stands on line {} already", twice.first_line);
                (Verdict::Duplicate, twice.address.to_string(), Some(reason), None)
            }
            Outcome::Accepted(row) => {
                let address = row.address.to_string();
                let key = keys.next().map(String::as_str).unwrap_or_default();
                let why_not = match suppressed.get(key) {
                    Some(why) => Some(kept_away(why)),
                    None => known.get(key).and_then(|standing| why_not(standing, list)),
                };
                match why_not {
                    None => {
                        rows.push(row);
                        (Verdict::Accept, address, None, None)
                    }
                    Some((None, reason)) => (Verdict::Duplicate, address, Some(reason), None),
                    // Who is erased is not named by us again.
                    Some((Some("erased"), reason)) => {
                        (Verdict::Reject, row.address.masked(), Some(reason), Some("erased"))
                    }
                    Some((away, reason)) => (Verdict::Reject, address, Some(reason), away),
                }
            }
        };
        judged.push(Judged {
            record,
            line,
            verdict,
            address,
            reason,
            away,
        });
    }
    Ok((judged, rows))
}

/// Why somebody whom the store knows does not come onto a list, and what keeps them away, if anything does.
fn why_not(standing: &Standing, list: &str) -> Option<(Option<&'static str>, String)> {
    let no_list_mails = |state: &'static str| {
        let reason = format!("the address is {state}: no list mails it");
        Some((Some(state), reason))
    };
    match standing.person.as_str() {
        "suspended" => return no_list_mails("suspended"),
        "suppressed" => return no_list_mails("suppressed"),
        "erased" => return no_list_mails("erased"),
        _ => {}
    }
    let when = standing
        .ended_at
        .map_or_else(String::new, |at| at.format(" on %-d %b %Y").to_string());
    match standing.subscription.as_deref()? {
        "left" => Some((Some("left"), format!("left{when}; only they themselves can come back"))),
        "removed" => Some((
            Some("removed"),
            format!("was removed{when}; `subscribers add` brings them back"),
        )),
        _ => Some((None, format!("is on {list} already"))),
    }
}

/// The same for an address on the suppression list.
fn kept_away(why: &Suppression) -> (Option<&'static str>, String) {
    let since = why.at.format("%-d %b %Y");
    match why.reason.as_str() {
        "erased" => (
            Some("erased"),
            format!("was erased at their wish on {since}; `subscribers allow` lets them come back"),
        ),
        "complaint" => (
            Some("suppressed"),
            format!("called a mail unwanted on {since}: no list mails it"),
        ),
        _ => (
            Some("suppressed"),
            format!("was suppressed by staff on {since}: no list mails it"),
        ),
    }
}

/// Puts one person on a list whom staff name. They bring back whom staff or the file removed, and nobody who left.
pub async fn add(house: &House, list: &str, row: &Row, basis: &str) -> anyhow::Result<Added> {
    let mut tx = house.store.begin_alone(PEOPLE).await?;
    let keys = [row.address.key()];
    let suppressed = forget::suppressed(house, Some(&mut tx), &keys).await?;
    if let Some(why) = suppressed.values().next() {
        return Ok(Added::Refused(kept_away(why).1));
    }
    let known = house.store.find_standings(Some(&mut tx), list, &keys).await?;
    match known.first().and_then(|standing| why_not(standing, list)) {
        None | Some((Some("removed"), _)) => {}
        Some((_, reason)) => return Ok(Added::Refused(reason)),
    }
    let how = (list, COMMAND_LINE, Some(basis));
    subscribe(&house.store, &mut tx, how, &[row], house.now()).await?;
    tx.commit().await?;
    Ok(Added::Done)
}

impl Judged {
    /// The address as a report may show it.
    pub fn masked(&self) -> String {
        match self.address.contains('…') {
            true => self.address.clone(),
            false => Address::parse(&self.address).map_or_else(|_| masked(&self.address), |address| address.masked()),
        }
    }
}
