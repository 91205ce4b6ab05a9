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

    /// Puts an address on the list, by all its hashes: also who does not know the newest key finds it. The first reason
    /// stays, but for an erasure, after which nothing else is to be known.
    pub async fn suppress(&self, tx: &mut Tx, hashes: &[String], reason: &str, now: DateTime<Utc>) -> Result<()> {
        for hash in hashes {
            sqlx::query(
                "INSERT INTO suppression (hash, reason, at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE \
                 SET reason = excluded.reason, at = excluded.at WHERE excluded.reason = 'erased'",
            )
            .bind(hash)
            .bind(reason)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        }
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

    /// No list mails a person any more, by staff's word: all their subscriptions end. False: it was so already.
    pub async fn suppress_person(
        &self,
        tx: &mut Tx,
        subscriber_id: i64,
        (how, why): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE subscriber SET state = 'suppressed' WHERE id = $1 AND state IN ('active', 'suspended')";
        let done = sqlx::query(sql).bind(subscriber_id).execute(&mut **tx).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.end_all(tx, subscriber_id, "removed", how, now).await?;
        super::record_consent(tx, subscriber_id, "*", "suppressed", how, Some(why), now).await?;
        Ok(true)
    }

    /// Lists may mail a person again, by staff's word; they are on none by that. An address that was dead before stays
    /// suspended. False: they were not suppressed.
    pub async fn allow_person(
        &self,
        tx: &mut Tx,
        subscriber_id: i64,
        (how, why): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        // What was last said of the address, before it was suppressed.
        let done = sqlx::query(
            "UPDATE subscriber SET state = CASE WHEN (SELECT what FROM consent WHERE subscriber_id = $1 \
             AND what IN ('suspended', 'resumed') ORDER BY id DESC LIMIT 1) = 'suspended' THEN 'suspended' \
             ELSE 'active' END WHERE id = $1 AND state = 'suppressed'",
        )
        .bind(subscriber_id)
        .execute(&mut **tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        super::record_consent(tx, subscriber_id, "*", "allowed", how, Some(why), now).await?;
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
