//! People, their subscriptions, and the record of their consent.

mod erase;
mod join;
mod naming;
mod past;
mod person;
mod suppression;

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Result, Store, Tx, from_json, to_json};
use crate::clock::from_millis;

pub use erase::Scrubbed;
pub use join::{Joining, PEOPLE, Standing};
pub use past::Delivery;
pub use person::{CameBack, Delivered, Mailed, Mention};
pub use suppression::Suppression;

/// What the consent record says of changes that the list's file made.
const BY_FILE: &str = "file";

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscriber {
    pub id: i64,
    /// As given, for delivery.
    pub address: String,
    pub name: Option<String>,
    pub language: Option<String>,
    /// `active`, `suspended`, `suppressed` or `erased`.
    pub state: String,
}

/// A person on a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    pub id: i64,
    pub list: String,
    pub subscriber: Subscriber,
    /// `active`, `left` (by the person) or `removed` (by the file or staff).
    pub state: String,
    pub cadence: Option<String>,
    pub topics: Vec<String>,
    pub by_file: bool,
    /// The CSV's cells as last applied, JSON.
    pub cells: Option<String>,
    /// Fields the person set; the file does not touch them.
    pub chosen: Vec<String>,
    pub since_report: i64,
    pub owed_since: Option<DateTime<Utc>>,
    /// They want nothing before.
    pub paused_until: Option<DateTime<Utc>>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// One line of the consent record.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Consent {
    pub list: String,
    pub what: String,
    pub how: String,
    pub basis: Option<String>,
    /// Double opt-in: when and where they asked, and the words they read there, by their number and language.
    pub asked_at: Option<DateTime<Utc>>,
    pub form: Option<String>,
    pub wording: Option<String>,
    pub language: Option<String>,
    pub text: Option<String>,
    /// The network they asked from, shortened, as long as that is kept.
    pub network: Option<String>,
    pub at: DateTime<Utc>,
}

const COLUMNS: &str = "SELECT s.id, s.list, s.state, s.cadence, s.topics, s.by_file, s.cells, s.chosen, \
    s.since_report, s.owed_since, s.paused_until, s.started_at, s.ended_at, p.id AS subscriber_id, p.address, p.name, p.language, \
    p.state AS subscriber_state FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id ";

impl Store {
    pub async fn find_subscriber(&self, id: i64) -> Result<Option<Subscriber>> {
        let row = sqlx::query("SELECT id, address, name, language, state FROM subscriber WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| {
            Ok(Subscriber {
                id: row.try_get(0)?,
                address: row.try_get(1)?,
                name: row.try_get(2)?,
                language: row.try_get(3)?,
                state: row.try_get(4)?,
            })
        })
        .transpose()
    }

    /// A person's number, read within a transaction: nobody comes or goes in between.
    pub async fn find_number(&self, tx: &mut Tx, address_key: &str) -> Result<Option<i64>> {
        let row = sqlx::query("SELECT id FROM subscriber WHERE address_key = $1")
            .bind(address_key)
            .fetch_optional(&mut **tx)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Takes a person off every list they are on, whom no list may mail any more.
    pub(super) async fn end_all(
        &self,
        tx: &mut Tx,
        subscriber_id: i64,
        state: &str,
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let rows = sqlx::query("SELECT list FROM subscription WHERE subscriber_id = $1 ORDER BY list")
            .bind(subscriber_id)
            .fetch_all(&mut **tx)
            .await?;
        for row in rows {
            let list: String = row.try_get(0)?;
            self.end_subscription(tx, &list, subscriber_id, state, how, now).await?;
        }
        Ok(())
    }

    /// Every subscription of a list, ended ones too, in the order they were made.
    pub async fn list_subscriptions(&self, list: &str) -> Result<Vec<Subscription>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE s.list = $1 ORDER BY s.id"
        )))
        .bind(list)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(subscription).collect()
    }

    /// The subscriptions of one address, on all lists.
    pub async fn list_subscriptions_of(&self, address_key: &str) -> Result<Vec<Subscription>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE p.address_key = $1 ORDER BY s.list"
        )))
        .bind(address_key)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(subscription).collect()
    }

    pub(super) async fn list_subscriptions_where(&self, condition: &str, id: i64) -> Result<Vec<Subscription>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE {condition} ORDER BY s.list"
        )))
        .bind(id)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(subscription).collect()
    }

    /// Every list a person is or was on, those no longer configured too.
    pub async fn list_lists_of(&self, subscriber_id: i64) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT list FROM subscription WHERE subscriber_id = $1 ORDER BY list")
            .bind(subscriber_id)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// People who may be mailed, a page at a time: active subscriptions of active persons, of people behind this number.
    /// With the cadence each reads by, if it is not the list's default.
    pub async fn list_active_people(&self, list: &str, after: i64, limit: i64) -> Result<Vec<Subscription>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE s.list = $1 AND s.state = 'active' AND p.state = 'active' AND p.id > $2 ORDER BY p.id LIMIT $3"
        )))
        .bind(list)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(subscription).collect()
    }

    /// Takes a person off a list by their own wish. False: they were not on it. Sealed deliveries not yet handed over
    /// are skipped by the guard of the handoff, not here.
    pub async fn unsubscribe(&self, list: &str, subscriber_id: i64, how: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        let ended = self
            .end_subscription(&mut tx, list, subscriber_id, "left", how, now)
            .await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Takes a person off a list by staff's word. The file cannot bring them back, though the row may still stand in it.
    pub async fn remove(&self, list: &str, subscriber_id: i64, how: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        let ended = self
            .end_subscription(&mut tx, list, subscriber_id, "removed", how, now)
            .await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Takes a person off a list because the file does not hold them any more; it may bring them back.
    pub async fn remove_by_file(
        &self,
        tx: &mut Tx,
        list: &str,
        subscriber_id: i64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.end_subscription(tx, list, subscriber_id, "removed", BY_FILE, now)
            .await
    }

    pub(super) async fn end_subscription(
        &self,
        tx: &mut Tx,
        list: &str,
        subscriber_id: i64,
        state: &str,
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        // Leaving outlives removal: who was removed and then leaves cannot be brought back by the file. So does what
        // staff do outlive what the file did.
        let done = sqlx::query(
            "UPDATE subscription SET state = $3, ended_at = $4, by_file = CASE WHEN $5 = 1 THEN by_file ELSE 0 END \
             WHERE list = $1 AND subscriber_id = $2 \
             AND (state = 'active' OR (state = 'removed' AND ($3 = 'left' OR (by_file = 1 AND $5 = 0))))",
        )
        .bind(list)
        .bind(subscriber_id)
        .bind(state)
        .bind(now.timestamp_millis())
        .bind(i64::from(how == BY_FILE))
        .execute(&mut **tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        // At once, and also if they come back before the edition is through (rule 12).
        sqlx::query(
            "UPDATE outgoing SET state = 'skipped', reason = 'left', answered_at = $3 WHERE subscriber_id = $1 \
             AND state IN ('pending', 'deferred') AND edition_id IN \
             (SELECT id FROM edition WHERE list = $2 AND state IN ('waiting', 'held', 'sending', 'stopped'))",
        )
        .bind(subscriber_id)
        .bind(list)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        record_consent(tx, subscriber_id, list, state, how, None, now).await?;
        Ok(true)
    }

    /// Applies cells of the file that changed. A change of cadence owes the person what the old one had not brought.
    pub async fn update_subscription(&self, tx: &mut Tx, id: i64, change: &Change<'_>) -> Result<()> {
        sqlx::query(
            "UPDATE subscriber SET name = CASE WHEN $2 = 1 THEN $3 ELSE name END, \
             language = CASE WHEN $4 = 1 THEN $5 ELSE language END \
             WHERE id = (SELECT subscriber_id FROM subscription WHERE id = $1)",
        )
        .bind(id)
        .bind(i64::from(change.name.is_some()))
        .bind(change.name.flatten())
        .bind(i64::from(change.language.is_some()))
        .bind(change.language.flatten())
        .execute(&mut **tx)
        .await?;
        let topics = change.topics.map(|topics| to_json("topics", &topics)).transpose()?;
        sqlx::query(
            "UPDATE subscription SET cells = $2, topics = COALESCE($3, topics), \
             owed_since = CASE WHEN $4 = 1 AND COALESCE(cadence, '') <> COALESCE($5, '') THEN COALESCE(owed_since, \
             (SELECT MAX(e.sealed_at) FROM edition e WHERE e.list = subscription.list AND e.state <> 'cancelled' \
             AND e.cadence = COALESCE(subscription.cadence, $6)), started_at) ELSE owed_since END, \
             cadence = CASE WHEN $4 = 1 THEN $5 ELSE cadence END WHERE id = $1",
        )
        .bind(id)
        .bind(change.cells)
        .bind(topics)
        .bind(i64::from(change.cadence.is_some()))
        .bind(change.cadence.flatten())
        .bind(change.default_cadence)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The cadences that people on a list chose, each once; none stands for the list's default.
    pub async fn list_own_cadences(&self, list: &str) -> Result<Vec<Option<String>>> {
        let rows = sqlx::query("SELECT DISTINCT cadence FROM subscription WHERE list = $1 AND state = 'active'")
            .bind(list)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Owes everyone who chose `own` on a list what the cadence `before`, by which they read so far, had not brought.
    pub async fn owe_readers(&self, tx: &mut Tx, list: &str, own: Option<&str>, before: &str) -> Result<()> {
        sqlx::query(
            "UPDATE subscription SET owed_since = COALESCE(owed_since, (SELECT MAX(e.sealed_at) FROM edition e \
             WHERE e.list = $1 AND e.cadence = $3 AND e.state <> 'cancelled'), started_at) \
             WHERE list = $1 AND state = 'active' AND COALESCE(cadence, '') = COALESCE($2, '')",
        )
        .bind(list)
        .bind(own)
        .bind(before)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// What a person agreed to, oldest first.
    pub async fn list_consent(&self, subscriber_id: i64) -> Result<Vec<Consent>> {
        let rows = sqlx::query(
            "SELECT c.list, c.what, c.how, c.basis, c.at, c.asked_at, c.form, c.wording, c.language, c.network, w.text \
             FROM consent c LEFT JOIN wording w ON w.id = c.wording WHERE c.subscriber_id = $1 ORDER BY c.id",
        )
        .bind(subscriber_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Consent {
                    list: row.try_get(0)?,
                    what: row.try_get(1)?,
                    how: row.try_get(2)?,
                    basis: row.try_get(3)?,
                    at: from_millis(row.try_get(4)?),
                    asked_at: row.try_get::<Option<i64>, _>(5)?.map(from_millis),
                    form: row.try_get(6)?,
                    wording: row.try_get(7)?,
                    language: row.try_get(8)?,
                    network: row.try_get(9)?,
                    text: row.try_get(10)?,
                })
            })
            .collect()
    }
}

/// Cells that changed in the file: the outer `Option` says whether, the inner one to what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    pub name: Option<Option<&'a str>>,
    pub language: Option<Option<&'a str>>,
    pub topics: Option<&'a [String]>,
    pub cadence: Option<Option<&'a str>>,
    /// All cells, to compare the next file with.
    pub cells: Option<&'a str>,
    /// What "no cadence" means on this list.
    pub default_cadence: Option<&'a str>,
}

pub(super) async fn record_consent(
    tx: &mut Tx,
    subscriber_id: i64,
    list: &str,
    what: &str,
    how: &str,
    basis: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("INSERT INTO consent (subscriber_id, list, what, how, basis, at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(subscriber_id)
        .bind(list)
        .bind(what)
        .bind(how)
        .bind(basis)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn subscription(row: &AnyRow) -> Result<Subscription> {
    let instant =
        |column: &str| -> Result<Option<DateTime<Utc>>> { Ok(row.try_get::<Option<i64>, _>(column)?.map(from_millis)) };
    Ok(Subscription {
        id: row.try_get("id")?,
        list: row.try_get("list")?,
        subscriber: Subscriber {
            id: row.try_get("subscriber_id")?,
            address: row.try_get("address")?,
            name: row.try_get("name")?,
            language: row.try_get("language")?,
            state: row.try_get("subscriber_state")?,
        },
        state: row.try_get("state")?,
        cadence: row.try_get("cadence")?,
        topics: from_json("subscription.topics", row.try_get::<&str, _>("topics")?)?,
        by_file: row.try_get::<i64, _>("by_file")? == 1,
        cells: row.try_get("cells")?,
        chosen: from_json("subscription.chosen", row.try_get::<&str, _>("chosen")?)?,
        since_report: row.try_get("since_report")?,
        owed_since: instant("owed_since")?,
        paused_until: instant("paused_until")?,
        started_at: from_millis(row.try_get("started_at")?),
        ended_at: instant("ended_at")?,
    })
}
