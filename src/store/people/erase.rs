//! Being forgotten: a person's address, name and choices go out of every table; what counts mails stays, and names nobody.
//!
//! In: how an address is written, and a hash that keeps it away from now on. Out: how many rows of each table were
//! touched. The row of the person stays, empty, for the ledger says by its number which reports went out. Two surprising
//! things: SQLite is told to overwrite what it frees, and what an earlier change left lying in its pages is looked for
//! in the file itself, which is written anew if anything is found.

use std::io::Read;
use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::super::{Kind, Result, Store, Tx};
use super::naming::Naming;
use super::record_consent;
use crate::subscriber::Address;

/// Rows that are looked through at once: a mail may be large.
pub(super) const PAGE: i64 = 50;
/// Bytes of the database that are searched at once.
const PIECE: usize = 1 << 20;

/// Texts by people and servers that stay without the address, and by what a row is known.
pub(super) const TEXTS: [(&str, &str, &str); 7] = [
    ("alert", "id", "why"),
    ("webhook", "id", "body"),
    ("webhook", "id", "error"),
    ("decision", "id", "note"),
    ("pause", "scope", "why"),
    ("consent", "id", "basis"),
    ("source", "name", "last_error"),
];

/// Whether an address still lies in the database's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scrubbed {
    Clean,
    /// Within a text that is kept on purpose, such as that of a report, or as the end of another address.
    Kept,
    /// It could not be told, and why.
    Unknown(String),
}

impl Store {
    /// Forgets an address, in one transaction alone with `people`. Its hashes go on the suppression list. Returns the
    /// tables with the number of rows that were changed or deleted, those with none left out.
    pub async fn erase(
        &self,
        tx: &mut Tx,
        address: &Address,
        hashes: &[String],
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(&'static str, u64)>> {
        let mut done: Vec<(&'static str, u64)> = Vec::new();
        self.suppress(tx, hashes, "erased", now).await?;
        if let Some(id) = self.find_number(tx, &address.key()).await? {
            done.extend(self.erase_person(tx, id, how, now).await?);
        }
        let asked = sqlx::query("DELETE FROM signup WHERE address_key = $1")
            .bind(address.key())
            .execute(&mut **tx)
            .await?;
        done.push(("signup", asked.rows_affected()));
        done.push(("outgoing", self.erase_personal_mail(tx, address).await?));
        done.push(("unclear", erase_unclear(tx, address).await?));
        for (table, key, column) in TEXTS {
            done.push((table, blot(tx, address, (table, key, column)).await?));
        }
        done.retain(|(_, rows)| *rows > 0);
        Ok(done)
    }

    async fn erase_person(
        &self,
        tx: &mut Tx,
        id: i64,
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(&'static str, u64)>> {
        let mut done = Vec::new();
        for (table, statement) in [
            // Rule 12: what was not handed over stays here.
            (
                "outgoing",
                "UPDATE outgoing SET state = 'skipped', reason = 'left' \
                 WHERE subscriber_id = $1 AND state IN ('pending', 'deferred', 'claimed', 'in-doubt')",
            ),
            // Answers of servers name whom they are about.
            (
                "outgoing",
                "UPDATE outgoing SET reply = NULL WHERE subscriber_id = $1 AND reply IS NOT NULL",
            ),
            ("subscription", "DELETE FROM subscription WHERE subscriber_id = $1"),
            // What was agreed to and when stays as proof; words about it may name the person.
            (
                "consent",
                "UPDATE consent SET basis = NULL WHERE subscriber_id = $1 AND basis IS NOT NULL",
            ),
            (
                "subscriber",
                "UPDATE subscriber SET address = '', address_key = 'erased ' || id, name = NULL, language = NULL, \
                 state = 'erased' WHERE id = $1",
            ),
        ] {
            let changed = sqlx::query(statement).bind(id).execute(&mut **tx).await?;
            done.push((table, changed.rows_affected()));
        }
        record_consent(tx, id, "*", "erased", how, None, now).await?;
        Ok(done)
    }

    /// Mails to the address alone go; out of those to others it is taken.
    async fn erase_personal_mail(&self, tx: &mut Tx, address: &Address) -> Result<u64> {
        let naming = Naming::of(address)?;
        let (mut touched, mut after) = (0, 0);
        loop {
            let sql = "SELECT id, recipient, message, reply FROM outgoing WHERE recipient IS NOT NULL AND id > $1 \
                       ORDER BY id LIMIT $2";
            let rows = sqlx::query(sql).bind(after).bind(PAGE).fetch_all(&mut **tx).await?;
            if rows.is_empty() {
                return Ok(touched);
            }
            for row in rows {
                after = row.try_get(0)?;
                let recipient: String = row.try_get(1)?;
                if Address::parse(&recipient).is_ok_and(|other| other.key() == address.key()) {
                    let done = sqlx::query("DELETE FROM outgoing WHERE id = $1").bind(after);
                    touched += done.execute(&mut **tx).await?.rows_affected();
                    continue;
                }
                let texts: [Option<String>; 2] = [row.try_get(2)?, row.try_get(3)?];
                let [message, reply] = texts.map(|text| text.and_then(|text| naming.blot(&text)));
                if message.is_some() || reply.is_some() {
                    let sql = "UPDATE outgoing SET message = COALESCE($2, message), reply = COALESCE($3, reply) WHERE id = $1";
                    let done = sqlx::query(sql).bind(after).bind(message).bind(reply);
                    touched += done.execute(&mut **tx).await?.rows_affected();
                }
            }
        }
    }

    /// SQLite: empties the log of changes, and writes the file anew if the address still lies in a page that is in use
    /// for something else. That it is gone is said only of what was searched.
    pub async fn scrub(&self, file: &Path, address: &Address) -> Result<Scrubbed> {
        if self.kind != Kind::Sqlite {
            return Ok(Scrubbed::Clean);
        }
        match self.look_for(file, address).await? {
            Scrubbed::Kept => {}
            other => return Ok(other),
        }
        if let Err(error) = sqlx::query("VACUUM").execute(&self.write).await {
            return Ok(Scrubbed::Unknown(format!(
                "the database cannot be written anew: {error}"
            )));
        }
        self.look_for(file, address).await
    }

    async fn look_for(&self, file: &Path, address: &Address) -> Result<Scrubbed> {
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.write)
            .await?;
        if row.try_get::<i64, _>(0)? != 0 {
            let why = "another program reads the database just now, so that its log cannot be emptied";
            return Ok(Scrubbed::Unknown(why.to_owned()));
        }
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        for file in [file, Path::new(&log)] {
            match is_free_of(file, address)? {
                Ok(true) => {}
                Ok(false) => return Ok(Scrubbed::Kept),
                // There need be no log.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Ok(Scrubbed::Unknown(format!(
                        "{} cannot be searched: {error}",
                        file.display()
                    )));
                }
            }
        }
        Ok(Scrubbed::Clean)
    }
}

async fn erase_unclear(tx: &mut Tx, address: &Address) -> Result<u64> {
    let naming = Naming::of(address)?;
    let (mut gone, mut after) = (0, 0);
    loop {
        let rows = sqlx::query("SELECT id, text FROM unclear WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(PAGE)
            .fetch_all(&mut **tx)
            .await?;
        if rows.is_empty() {
            return Ok(gone);
        }
        for row in rows {
            after = row.try_get(0)?;
            if naming.is_in(row.try_get::<String, _>(1)?.as_bytes()) {
                let done = sqlx::query("DELETE FROM unclear WHERE id = $1")
                    .bind(after)
                    .execute(&mut **tx)
                    .await?;
                gone += done.rows_affected();
            }
        }
    }
}

/// Takes the address out of texts that stay.
async fn blot(tx: &mut Tx, address: &Address, (table, key, column): (&str, &str, &str)) -> Result<u64> {
    // Few rows hold an @ at all.
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT CAST({key} AS TEXT), {column} FROM {table} WHERE {column} LIKE '%@%'"
    )))
    .fetch_all(&mut **tx)
    .await?;
    let naming = Naming::of(address)?;
    let mut done = 0;
    for row in rows {
        let (id, text): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let Some(text) = naming.blot(&text) else { continue };
        let sql = format!("UPDATE {table} SET {column} = $1 WHERE CAST({key} AS TEXT) = $2");
        let changed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(text)
            .bind(id)
            .execute(&mut **tx)
            .await?;
        done += changed.rows_affected();
    }
    Ok(done)
}

fn is_free_of(file: &Path, address: &Address) -> Result<std::io::Result<bool>> {
    let naming = Naming::of(address)?;
    let overlap = 8 * address.to_string().len().max(address.ascii().len());
    Ok(search(file, overlap, |piece| naming.lies_in(piece)).map(|found| !found))
}

/// Looks at a file piece by piece; each begins with the end of the one before.
fn search(file: &Path, overlap: usize, is_it: impl Fn(&[u8]) -> bool) -> std::io::Result<bool> {
    let mut source = std::fs::File::open(file)?;
    let mut piece = Vec::new();
    loop {
        let kept = piece.len().saturating_sub(overlap);
        piece.drain(..kept);
        let read = source.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if is_it(&piece) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
    }
}
