//! What a person got so far: what `why` asks.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::super::{Result, Store};
use crate::clock::from_millis;

/// A person's row of one edition.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Delivery {
    /// `LIST/N`
    pub edition: String,
    pub edition_state: String,
    pub due_at: DateTime<Utc>,
    /// None if they got no mail.
    pub subject: Option<String>,
    pub state: String,
    pub reason: Option<String>,
    pub attempts: i64,
    /// How often nobody knew whether it had arrived.
    pub doubts: i64,
    /// The relay's last answer.
    pub reply: Option<String>,
    pub answered_at: Option<DateTime<Utc>>,
}

impl Store {
    /// A person's rows in the editions of a list, the newest first.
    pub async fn list_deliveries_of(&self, subscriber_id: i64, list: &str, limit: i64) -> Result<Vec<Delivery>> {
        let rows = sqlx::query(
            "SELECT e.number, e.state, e.due_at, v.subject, o.state, o.reason, o.attempts, o.doubts, o.reply, \
             o.answered_at FROM outgoing o JOIN edition e ON e.id = o.edition_id \
             LEFT JOIN variant v ON v.id = o.variant_id \
             WHERE o.subscriber_id = $1 AND e.list = $2 ORDER BY e.number DESC LIMIT $3",
        )
        .bind(subscriber_id)
        .bind(list)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Delivery {
                    edition: format!("{list}/{}", row.try_get::<i64, _>(0)?),
                    edition_state: row.try_get(1)?,
                    due_at: from_millis(row.try_get(2)?),
                    subject: row.try_get(3)?,
                    state: row.try_get(4)?,
                    reason: row.try_get(5)?,
                    attempts: row.try_get(6)?,
                    doubts: row.try_get(7)?,
                    reply: row.try_get(8)?,
                    answered_at: row.try_get::<Option<i64>, _>(9)?.map(from_millis),
                })
            })
            .collect()
    }

    /// In which edition of any list a person had each report, as `LIST/N`; the first one counts.
    pub async fn list_had_by(&self, subscriber_id: i64) -> Result<HashMap<i64, String>> {
        let rows = sqlx::query(
            "SELECT i.report_id, e.list, e.number FROM outgoing o JOIN edition e ON e.id = o.edition_id \
             JOIN variant_item i ON i.variant_id = o.variant_id WHERE o.subscriber_id = $1 AND i.matter = 'report' \
             AND o.state IN ('pending', 'claimed', 'handoff', 'deferred', 'sent', 'in-doubt') ORDER BY o.id DESC",
        )
        .bind(subscriber_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let (list, number): (String, i64) = (row.try_get(1)?, row.try_get(2)?);
                Ok((row.try_get(0)?, format!("{list}/{number}")))
            })
            .collect()
    }

    /// Reports that are known and in no feed, page or edition, by state: `settling`, `held`, `draft`, `embargoed`.
    pub async fn count_unpublished(&self, now: DateTime<Utc>) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query(
            "SELECT state, CAST(count(*) AS BIGINT) FROM (SELECT CASE WHEN held_at IS NOT NULL THEN 'held' \
             WHEN draft = 1 THEN 'draft' WHEN publish_after > $1 THEN 'embargoed' \
             WHEN published_at IS NULL THEN 'settling' END AS state FROM report WHERE withdrawn_at IS NULL) AS states \
             WHERE state IS NOT NULL GROUP BY state ORDER BY state",
        )
        .bind(now.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}
