//! Addresses that no list may mail, whoever asks: known by a keyed hash alone, so that the list names nobody (PRIV-08).
//!
//! In: hashes (`Secret::suppressions`), never addresses. Out: why and since when. Whoever brings somebody onto a list asks
//! here first: an import, the list's file, staff, a page.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{AnyConnection, Row};

use super::super::{Kind, Result, Store, Tx};
use super::join::{chunks, placed, places};
use crate::clock::from_millis;

/// Why an address is not to be mailed.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Suppression {
    /// `erased`, `complaint` or `staff`.
    pub reason: String,
    pub at: DateTime<Utc>,
}

impl Store {
    /// Which of these hashes are on the list.
    pub async fn find_suppressions(
        &self,
        tx: Option<&mut Tx>,
        hashes: &[String],
    ) -> Result<HashMap<String, Suppression>> {
        match tx {
            Some(tx) => find(self.kind, tx, hashes).await,
            None => find(self.kind, &mut *self.read.acquire().await?, hashes).await,
        }
    }

    /// Whether anybody is on the list: mostly nobody, and then nothing need be hashed.
    pub async fn has_suppressions(&self, tx: Option<&mut Tx>) -> Result<bool> {
        let query = sqlx::query("SELECT 1 FROM suppression LIMIT 1");
        let row = match tx {
            Some(tx) => query.fetch_optional(&mut **tx).await?,
            None => query.fetch_optional(&self.read).await?,
        };
        Ok(row.is_some())
    }

    /// Puts a hash on the list; the first reason stays.
    pub async fn suppress(&self, tx: &mut Tx, hash: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("INSERT INTO suppression (hash, reason, at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING")
            .bind(hash)
            .bind(reason)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Takes hashes off the list. False: none was on it.
    pub async fn unsuppress(&self, tx: &mut Tx, hashes: &[String]) -> Result<bool> {
        let mut done = false;
        for hash in hashes {
            let gone = sqlx::query("DELETE FROM suppression WHERE hash = $1")
                .bind(hash)
                .execute(&mut **tx)
                .await?;
            done |= gone.rows_affected() > 0;
        }
        Ok(done)
    }

    /// Moves a person between `active` and `suppressed` by staff's word. False: they are not in the first of the two.
    pub async fn move_subscriber(
        &self,
        tx: &mut Tx,
        subscriber_id: i64,
        (from, to): (&str, &str),
        (who, why): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let done = sqlx::query("UPDATE subscriber SET state = $3 WHERE id = $1 AND state = $2")
            .bind(subscriber_id)
            .bind(from)
            .bind(to)
            .execute(&mut **tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let what = if to == "active" { "allowed" } else { to };
        super::record_consent(tx, subscriber_id, "*", what, who, Some(why), now).await?;
        Ok(true)
    }
}

async fn find(kind: Kind, connection: &mut AnyConnection, hashes: &[String]) -> Result<HashMap<String, Suppression>> {
    let mut found = HashMap::new();
    for hashes in chunks(hashes) {
        let sql = format!(
            "SELECT hash, reason, at FROM suppression WHERE hash IN ({})",
            places(hashes.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(placed(kind, sql)));
        for hash in hashes {
            query = query.bind(hash);
        }
        let mut rows = query.fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let suppression = Suppression {
                reason: row.try_get(1)?,
                at: from_millis(row.try_get(2)?),
            };
            found.insert(row.try_get(0)?, suppression);
        }
    }
    Ok(found)
}
