//! Relays in trouble: one that fails rests for a while, one that does not take our password waits for a person (SMTP-06).
//!
//! A pause by a person stays as it is. Each pause comes with the matter that staff are told of, in one transaction.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::super::alert::{self, Trouble};
use super::RAPPORTEUR;
use crate::store::{Result, Store, Tx};

impl Store {
    /// The relay rests until then: a fault of our side or of the relay, not of any person.
    pub async fn rest_relay(&self, relay: &str, why: &str, until: DateTime<Utc>) -> Result<()> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        pause(&mut tx, relay, why, now, Some(until)).await?;
        alert::raise(&mut tx, Trouble::RelayRests, relay, why, now).await?;
        Ok(tx.commit().await?)
    }

    /// The relay does not take our password: knocking on would only lock us out. `password` is a mark by which another
    /// one is known, never the password.
    pub async fn refuse_password(&self, relay: &str, why: &str, password: &str) -> Result<()> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        pause(&mut tx, relay, why, now, None).await?;
        sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2")
            .bind(fact(relay))
            .bind(password)
            .execute(&mut *tx)
            .await?;
        alert::raise(&mut tx, Trouble::PasswordRefused, relay, why, now).await?;
        Ok(tx.commit().await?)
    }

    /// A relay that did not take our password is tried again once the configuration has another. True: it has.
    pub async fn try_new_password(&self, relay: &str, password: &str) -> Result<bool> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        let refused = sqlx::query("SELECT value FROM meta WHERE key = $1")
            .bind(fact(relay))
            .fetch_optional(&mut *tx)
            .await?;
        let refused: Option<String> = refused.map(|row| row.try_get(0)).transpose()?;
        if refused.is_none_or(|refused| refused == password) {
            return Ok(false);
        }
        let done = sqlx::query("DELETE FROM pause WHERE scope = $1 AND who = $2 AND until IS NULL")
            .bind(format!("relay {relay}"))
            .bind(RAPPORTEUR)
            .execute(&mut *tx)
            .await?;
        alert::close(&mut tx, &Trouble::PasswordRefused.matter(relay), now).await?;
        sqlx::query("DELETE FROM meta WHERE key = $1")
            .bind(fact(relay))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

/// A pause of ours may take another reason and another end; one by a person stays.
async fn pause(tx: &mut Tx, relay: &str, why: &str, since: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query(
        "INSERT INTO pause (scope, who, why, since, until) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (scope) DO UPDATE SET why = excluded.why, until = excluded.until WHERE pause.until IS NOT NULL",
    )
    .bind(format!("relay {relay}"))
    .bind(RAPPORTEUR)
    .bind(why)
    .bind(since.timestamp_millis())
    .bind(until.map(|until| until.timestamp_millis()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn fact(relay: &str) -> String {
    format!("refused password of {relay}")
}
