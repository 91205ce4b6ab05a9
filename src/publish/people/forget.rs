//! A person is forgotten, kept away, let back, or told what is known of them (PRIV-08, PRIV-09).
//!
//! In: an address. Out: what was done, or a document. The surprising thing: the files of lists are not ours; rows in them
//! are named, and taken out only if staff say so, the rest byte for byte as it was.

use std::collections::HashMap;

use anyhow::bail;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::infile::{self, InFile};
use super::{COMMAND_LINE, House};
use crate::store::{CameBack, Consent, Decision, Delivered, Mailed, Mention, PEOPLE, Scrubbed, Suppression, Tx};
use crate::subscriber::Address;

/// What was done to forget somebody.
#[derive(Clone, Debug)]
pub struct Erased {
    /// Rows that were changed or deleted, by table.
    pub tables: Vec<(&'static str, u64)>,
    /// Rows that still stand in files of lists, or stood there.
    pub files: Vec<InFile>,
    /// Whether the files of the database, searched through, hold the address. Other than SQLite's they are not searched.
    pub scrubbed: Scrubbed,
}

/// Everything that is known of a person. docs/personal-data.md says what each field is.
#[derive(Clone, Debug, Serialize)]
pub struct PersonalData {
    pub format: &'static str,
    pub made_at: DateTime<Utc>,
    pub address: String,
    pub name: Option<String>,
    pub language: Option<String>,
    pub state: Option<String>,
    pub known_since: Option<DateTime<Utc>>,
    pub subscriptions: Vec<Subscribed>,
    pub consent: Vec<Consent>,
    pub deliveries: Vec<Delivered>,
    pub returned: Vec<CameBack>,
    pub personal_mail: Vec<Mailed>,
    pub mentions: Vec<Mention>,
    pub suppression: Option<Suppression>,
    pub files: Vec<InFile>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Subscribed {
    pub list: String,
    pub state: String,
    pub cadence: Option<String>,
    pub topics: Vec<String>,
    pub by_file: bool,
    pub chosen: Vec<String>,
    /// What the list's file last said of them, JSON.
    pub cells: Option<String>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// The name and version of the document's shape.
const FORMAT: &str = "rapporteur-person/1";

/// Forgets an address everywhere, and keeps it away from now on. `clean_files` takes its rows out of the lists' files too.
pub async fn erase(house: &House, address: &Address, clean_files: bool, who: &str) -> anyhow::Result<Erased> {
    let store = &house.store;
    let mut files = infile::look(house, address)?;
    // Nobody is half forgotten because of a file that somebody can mend.
    if clean_files
        && let Some(InFile {
            file,
            problem: Some(problem),
            ..
        }) = files.iter().map(|it| &it.found).find(|it| it.problem.is_some())
    {
        bail!("{}: {problem}; nobody was erased", file.display());
    }
    let mut tx = store.begin_alone(PEOPLE).await?;
    let hashes = house.secret.suppressions(&address.key());
    let tables = store
        .erase(&mut tx, address, &hashes, COMMAND_LINE, house.now())
        .await?;
    record(house, &mut tx, "erased", who).await?;
    tx.commit().await?;
    if clean_files {
        files.iter_mut().for_each(infile::Found::take_out);
    }
    // They are forgotten already: that the file could not be searched undoes nothing.
    let scrubbed = match house.database_file() {
        Some(file) => {
            let scrubbed = store.scrub(&file, address).await;
            scrubbed.unwrap_or_else(|error| Scrubbed::Unknown(error.to_string()))
        }
        None => Scrubbed::Clean,
    };
    Ok(Erased {
        tables,
        files: files.into_iter().map(|it| it.found).collect(),
        scrubbed,
    })
}

/// Every such act leaves an entry that names nobody (SEC-22).
async fn record(house: &House, tx: &mut Tx, what: &str, who: &str) -> anyhow::Result<()> {
    let decision = Decision {
        subject: "a person".to_owned(),
        what: what.to_owned(),
        who: who.to_owned(),
        note: None,
        at: house.now(),
    };
    Ok(house.store.record_decision(tx, &decision).await?)
}

/// Keeps an address away from all lists, whether it is known or not. All subscriptions of the person end.
pub async fn suppress(house: &House, address: &Address, why: &str, who: &str) -> anyhow::Result<()> {
    let (store, now) = (&house.store, house.now());
    let mut tx = store.begin_alone(PEOPLE).await?;
    let hashes = house.secret.suppressions(&address.key());
    store.suppress(&mut tx, &hashes, "staff", now).await?;
    if let Some(person) = store.find_number(&mut tx, &address.key()).await? {
        store.suppress_person(&mut tx, person, (COMMAND_LINE, why), now).await?;
    }
    record(house, &mut tx, "suppressed", who).await?;
    Ok(tx.commit().await?)
}

/// Lets an address come back; nobody is put on a list by that. False: nothing kept it away, and nothing is changed.
pub async fn allow(house: &House, address: &Address, why: &str, who: &str) -> anyhow::Result<bool> {
    let (store, now) = (&house.store, house.now());
    let mut tx = store.begin_alone(PEOPLE).await?;
    let mut done = store
        .unsuppress(&mut tx, &house.secret.suppressions(&address.key()))
        .await?;
    if let Some(person) = store.find_number(&mut tx, &address.key()).await? {
        done |= store.allow_person(&mut tx, person, (COMMAND_LINE, why), now).await?;
    }
    if done {
        record(house, &mut tx, "allowed", who).await?;
        tx.commit().await?;
    }
    Ok(done)
}

/// Why an address may not come onto any list, if it may not. Whoever puts people on lists asks here.
pub async fn suppression(house: &House, address: &Address) -> anyhow::Result<Option<Suppression>> {
    let hashes = house.secret.suppressions(&address.key());
    let mut found = house.store.find_suppressions(None, &hashes).await?;
    Ok(hashes.iter().find_map(|hash| found.remove(hash)))
}

/// Which of many addresses, by their keys, may not come onto any list, and why.
pub(super) async fn suppressed(
    house: &House,
    mut tx: Option<&mut Tx>,
    keys: &[String],
) -> anyhow::Result<HashMap<String, Suppression>> {
    if !house.store.has_suppressions(tx.as_deref_mut()).await? {
        return Ok(HashMap::new());
    }
    let mut of_hash = HashMap::new();
    for key in keys {
        for hash in house.secret.suppressions(key) {
            of_hash.insert(hash, key);
        }
    }
    let hashes: Vec<String> = of_hash.keys().cloned().collect();
    let found = house.store.find_suppressions(tx, &hashes).await?;
    let known = found
        .into_iter()
        .filter_map(|(hash, why)| Some(((*of_hash.get(&hash)?).clone(), why)));
    Ok(known.collect())
}

/// Everything that is known of an address.
pub async fn know(house: &House, address: &Address) -> anyhow::Result<PersonalData> {
    let store = &house.store;
    let person = store.find_person(&address.key()).await?;
    let mut known = PersonalData {
        format: FORMAT,
        made_at: house.now(),
        address: address.to_string(),
        name: None,
        language: None,
        state: None,
        known_since: None,
        subscriptions: Vec::new(),
        consent: Vec::new(),
        deliveries: Vec::new(),
        returned: Vec::new(),
        personal_mail: store.list_personal_to(address).await?,
        mentions: store.list_mentions_of(address).await?,
        suppression: suppression(house, address).await?,
        files: infile::look(house, address)?.into_iter().map(|it| it.found).collect(),
    };
    let Some((person, since)) = person else {
        return Ok(known);
    };
    known.address = person.address;
    known.name = person.name;
    known.language = person.language;
    known.state = Some(person.state);
    known.known_since = Some(since);
    let subscriptions = store.list_subscriptions_of(&address.key()).await?;
    known.subscriptions = subscriptions
        .into_iter()
        .map(|it| Subscribed {
            list: it.list,
            state: it.state,
            cadence: it.cadence,
            topics: it.topics,
            by_file: it.by_file,
            chosen: it.chosen,
            cells: it.cells,
            started_at: it.started_at,
            ended_at: it.ended_at,
        })
        .collect();
    known.consent = store.list_consent(person.id).await?;
    known.deliveries = store.list_records_of(person.id).await?;
    known.returned = store.list_returned_of(person.id).await?;
    Ok(known)
}

/// What staff do to people leaves an entry: about a list, or about one person, who is not named (SEC-22).
pub async fn record_act(
    house: &House,
    list: Option<&str>,
    what: &str,
    note: Option<String>,
    who: &str,
) -> anyhow::Result<()> {
    let decision = Decision {
        subject: list.map_or_else(|| "a person".to_owned(), |list| format!("list {list}")),
        what: what.to_owned(),
        who: who.to_owned(),
        note,
        at: house.now(),
    };
    let mut tx = house.store.begin().await?;
    house.store.record_decision(&mut tx, &decision).await?;
    Ok(tx.commit().await?)
}
