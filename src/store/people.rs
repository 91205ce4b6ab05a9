//! Subscribers and their subscriptions.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Result, Store};

/// A person.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub id: i64,
    pub address: String,
    pub name: Option<String>,
    pub language: Option<String>,
    pub state: String,
}

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

    /// Ends a subscription at the person's own wish. False: it had ended before, or never was.
    pub async fn unsubscribe(&self, list: &str, subscriber_id: i64, how: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query(
            "UPDATE subscription SET state = 'left', ended_at = $3 \
             WHERE list = $1 AND subscriber_id = $2 AND state <> 'left'",
        )
        .bind(list)
        .bind(subscriber_id)
        .bind(now.timestamp_millis())
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if ended == 1 {
            sqlx::query("INSERT INTO consent (subscriber_id, list, what, how, at) VALUES ($1, $2, 'left', $3, $4)")
                .bind(subscriber_id)
                .bind(list)
                .bind(how)
                .bind(now.timestamp_millis())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(ended == 1)
    }
}
