//! Whether this database is where it was: a copy or a restored backup must not send again what the original sent.
//!
//! Beside an SQLite file stands `<file>.host`: the place (machine and path), and a count that goes up whenever the house
//! is opened, in the file and in the database. No such file, another place, or a database that counts less than its
//! file: then it was copied, moved or restored, and everything stands still until a person resumes (rule 16, SCH-06).
//! PostgreSQL knows its cluster and the database's own number in it, which no copy has; only a backup read back into
//! the very same database looks like the original.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::House;
use crate::edition::Matter;
use crate::private;
use crate::store::{Kind, Pause};

/// Who pauses a copy; `resume` knows by it that it has to ask about reports.
pub const COPIED: &str = "rapporteur: copied or restored";

/// What the file beside the database says.
#[derive(Debug, PartialEq)]
struct Host {
    place: String,
    count: i64,
}

/// Compares and counts; pauses everything if this is not the database it was.
pub(super) async fn check(house: &House) -> anyhow::Result<()> {
    let store = &house.store;
    let place = match store.kind() {
        Kind::Postgres => store.find_database().await?,
        Kind::Sqlite => place(house),
    };
    // The file is read before the database, so that another process that counts meanwhile raises no alarm.
    let file = house
        .database_file()
        .map(|file| PathBuf::from(format!("{}.host", file.display())));
    let beside = file.as_deref().map(read).transpose()?.flatten();
    let known = store.find_fact("host").await?;
    let count = store.count_opening().await?;
    let moved = match (&known, &file, &beside) {
        (None, _, _) => false,
        (Some(known), _, _) if *known != place => true,
        (Some(_), Some(_), None) => true,
        (Some(_), Some(_), Some(beside)) => beside.place != place || beside.count >= count,
        (Some(_), None, _) => false,
    };
    // Paused before it is forgotten: a crash in between asks again.
    if moved {
        pause(house).await?;
    }
    if let Some(file) = &file {
        write(
            file,
            &Host {
                place: place.clone(),
                count: beside.map_or(count, |beside| beside.count.max(count)),
            },
        )?;
        if moved {
            store
                .record_fact(
                    "openings",
                    &count.max(read(file)?.map_or(0, |host| host.count)).to_string(),
                )
                .await?;
        }
    }
    // Last, so that another process that opens the new database meanwhile finds the file wherever it finds the fact.
    Ok(store.record_fact("host", &place).await?)
}

/// Stops everything, and makes Message-IDs to come differ from those the backup forgot.
async fn pause(house: &House) -> anyhow::Result<()> {
    let store = &house.store;
    let epoch: i64 = store
        .find_fact("epoch")
        .await?
        .and_then(|epoch| epoch.parse().ok())
        .unwrap_or(1);
    store.record_fact("epoch", &(epoch + 1).to_string()).await?;
    let doubtful = store.doubt_open_deliveries().await?;
    let why = format!(
        "this database was copied, moved or restored from a backup; {doubtful} mails of running editions are in doubt. \
         When no other copy of it sends: rapporteur resume --reports send, or --reports known"
    );
    tracing::warn!("{why}");
    let pause = Pause {
        scope: "everything".into(),
        who: COPIED.into(),
        why: Some(why),
        since: house.now(),
        until: None,
    };
    Ok(store.pause(&pause).await?)
}

/// What is new to the lists becomes known: the original may have mailed it after the backup was made.
pub async fn know_new_reports(house: &House) -> anyhow::Result<usize> {
    let (store, now) = (&house.store, house.now());
    let mut tx = store.begin_alone("sealing").await?;
    let mut known = std::collections::BTreeSet::new();
    // Whatever its state: what is held or settles now may have been mailed by the original.
    let all = store.list_reports().await?;
    for (name, list) in &house.config.lists {
        for cadence in super::cadences_of(list) {
            let mut items: Vec<_> = all
                .iter()
                .filter(|report| crate::edition::list_takes(list, name, report))
                .map(|report| (report.id, Matter::of(&report.report)))
                .collect();
            let new = store.list_unledgered(name, cadence, now).await?;
            known.extend(new.iter().map(|report| report.id));
            for (id, revision) in store.list_untold_corrections(name, cadence).await? {
                items.push((id, Matter::Correction(revision)));
            }
            store.record_ledger(&mut tx, name, cadence, &items, None, now).await?;
        }
    }
    tx.commit().await?;
    Ok(known.len())
}

/// `store.host_id`; else what the system calls this machine, and where on it the file stands, so that a folder copied
/// whole to another place is noticed too.
fn place(house: &House) -> String {
    let of_system = || {
        let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let file = house.database_file().unwrap_or_default();
        let file = std::fs::canonicalize(&file).unwrap_or(file);
        format!("{} {}", machine.trim(), file.display())
    };
    let given = house.config.store.host_id.as_ref().map(|id| id.trim().to_owned());
    let hash = blake3::hash(given.unwrap_or_else(of_system).as_bytes());
    hash.to_hex().get(..16).unwrap_or_default().to_owned()
}

fn read(file: &Path) -> anyhow::Result<Option<Host>> {
    Ok(super::read_optional(file)?.and_then(|text| {
        let (place, count) = text.trim().split_once(' ')?;
        Some(Host {
            place: place.to_owned(),
            count: count.parse().ok()?,
        })
    }))
}

/// Written beside and renamed, so that a reader never sees half of it.
fn write(file: &Path, host: &Host) -> anyhow::Result<()> {
    let fresh = PathBuf::from(format!("{}.{}", file.display(), std::process::id()));
    let write = || {
        let mut open = private::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)?;
        // One that is there keeps its mode.
        if let Ok(before) = std::fs::metadata(file) {
            open.set_permissions(before.permissions())?;
        }
        writeln!(open, "{} {}", host.place, host.count)?;
        std::fs::rename(&fresh, file)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
