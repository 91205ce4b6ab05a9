//! Suspensions that are taken back because too much of one edition was refused or came back: a relay that refuses everybody
//! says nothing about anybody.
//!
//! In: an edition whose breaker trips, and whom it was about. Out: people who get mail again, and bounces whose fault is
//! `doubted`. The surprising thing: what is refused afterwards is doubted as well, for answers come after the stop, and
//! bounces after the last mail; and staff who know that the refusals were right make them count
//! (`editions resume --refusals-stand`).

use chrono::{DateTime, Utc};

use super::RAPPORTEUR;
use crate::store::{Result, Store, Tx};

/// Whose refusals are doubted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pardoned {
    /// The edition was stopped for something that suspends nobody.
    Nobody,
    Everybody,
    /// One domain refused all.
    Domain(String),
}

/// People suspended for this edition alone.
const DOUBTED: &str = "edition_id = $1 AND fault = 'address' AND at > $2 AND subscriber_id IN \
    (SELECT id FROM subscriber WHERE state = 'suspended' AND address_key LIKE $3) \
    AND NOT EXISTS (SELECT 1 FROM bounce other WHERE other.subscriber_id = bounce.subscriber_id \
    AND other.fault = 'address' AND other.edition_id <> $1)";

impl Store {
    /// Takes back what an edition's refusals led to after an instant. Returns how many people get mail again.
    pub(super) async fn pardon(
        &self,
        tx: &mut Tx,
        edition: i64,
        pardoned: &Pardoned,
        since: i64,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let whose = match pardoned {
            Pardoned::Nobody => return Ok(0),
            Pardoned::Everybody => "%".to_owned(),
            Pardoned::Domain(domain) => format!("%@{domain}"),
        };
        sqlx::query("UPDATE edition SET breaker_at = $2 WHERE id = $1")
            .bind(edition)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE bounce SET fault = 'doubted' WHERE {DOUBTED}"
        )))
        .bind(edition)
        .bind(since)
        .bind(whose)
        .execute(&mut **tx)
        .await?;
        let people = "state = 'suspended' AND id IN (SELECT subscriber_id FROM bounce WHERE edition_id = $1 \
            AND fault = 'doubted' AND at > $2) \
            AND NOT EXISTS (SELECT 1 FROM bounce other WHERE other.subscriber_id = subscriber.id AND other.fault = 'address')";
        move_people(tx, edition, since, people, ("active", "resumed"), now).await
    }

    /// The refusals were right: whoever was let off is suspended after all. Returns how many.
    pub async fn confirm_refusals(&self, tx: &mut Tx, edition: i64, now: DateTime<Utc>) -> Result<u64> {
        let people = "state = 'active' AND id IN (SELECT subscriber_id FROM bounce WHERE edition_id = $1 \
            AND fault = 'doubted' AND at > $2)";
        let people = move_people(tx, edition, 0, people, ("suspended", "suspended"), now).await?;
        sqlx::query("UPDATE bounce SET fault = 'address' WHERE edition_id = $1 AND fault = 'doubted'")
            .bind(edition)
            .execute(&mut **tx)
            .await?;
        Ok(people)
    }

    /// How many people were let off because a breaker stopped the edition.
    pub async fn count_pardoned(&self, edition: i64) -> Result<i64> {
        use sqlx::Row;
        let row = sqlx::query(
            "SELECT CAST(COUNT(DISTINCT subscriber_id) AS BIGINT) FROM bounce WHERE edition_id = $1 AND fault = 'doubted'",
        )
        .bind(edition)
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get(0)?)
    }
}

/// Moves the people that a condition on `subscriber` names by `$1`, an edition, and `$2`, an instant.
async fn move_people(
    tx: &mut Tx,
    edition: i64,
    since: i64,
    condition: &str,
    (state, what): (&str, &str),
    now: DateTime<Utc>,
) -> Result<u64> {
    let record = format!(
        "INSERT INTO consent (subscriber_id, list, what, how, basis, at) \
         SELECT subscriber.id, (SELECT list FROM edition WHERE id = $1), $3, $4, $5, $6 FROM subscriber \
         WHERE {condition} ORDER BY subscriber.id"
    );
    sqlx::query(sqlx::AssertSqlSafe(record))
        .bind(edition)
        .bind(since)
        .bind(what)
        .bind(RAPPORTEUR)
        .bind("too much of the edition was refused")
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
    let done = sqlx::query(sqlx::AssertSqlSafe(format!(
        "UPDATE subscriber SET state = $3 WHERE {condition}"
    )))
    .bind(edition)
    .bind(since)
    .bind(state)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
