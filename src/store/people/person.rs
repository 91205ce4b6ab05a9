//! Everything that is stored about one person, for them to have (PRIV-09).

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;

use super::super::{Result, Store};
use super::Subscriber;
use crate::clock::from_millis;
use crate::subscriber::Address;

/// A row of an edition, as it concerns one person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// `LIST/N`
    pub edition: String,
    pub subject: Option<String>,
    pub state: String,
    pub reason: Option<String>,
    pub attempts: i64,
    /// The relay's last answer, while it is kept.
    pub reply: Option<String>,
    pub answered_at: Option<DateTime<Utc>>,
}

/// What came back about a mail to them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Given {
    pub edition: String,
    pub kind: String,
    pub status: Option<String>,
    /// Whose fault it is held to be.
    pub fault: Option<String>,
    pub at: DateTime<Utc>,
}

/// A mail to them alone, while it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mailed {
    pub kind: String,
    pub list: Option<String>,
    pub state: String,
    pub message: Option<String>,
    pub answered_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The person of this address, whatever lists they are on.
    pub async fn find_person(&self, address_key: &str) -> Result<Option<(Subscriber, DateTime<Utc>)>> {
        let row =
            sqlx::query("SELECT id, address, name, language, state, created_at FROM subscriber WHERE address_key = $1")
                .bind(address_key)
                .fetch_optional(&self.read)
                .await?;
        row.map(|row| {
            let person = Subscriber {
                id: row.try_get(0)?,
                address: row.try_get(1)?,
                name: row.try_get(2)?,
                language: row.try_get(3)?,
                state: row.try_get(4)?,
            };
            Ok((person, from_millis(row.try_get(5)?)))
        })
        .transpose()
    }

    /// Every row of an edition that is theirs, the oldest first.
    pub async fn list_records_of(&self, subscriber_id: i64) -> Result<Vec<Record>> {
        let rows = sqlx::query(
            "SELECT e.list, e.number, v.subject, o.state, o.reason, o.attempts, o.reply, o.answered_at FROM outgoing o \
             JOIN edition e ON e.id = o.edition_id LEFT JOIN variant v ON v.id = o.variant_id \
             WHERE o.subscriber_id = $1 ORDER BY o.id",
        )
        .bind(subscriber_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let (list, number): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
                Ok(Record {
                    edition: format!("{list}/{number}"),
                    subject: row.try_get(2)?,
                    state: row.try_get(3)?,
                    reason: row.try_get(4)?,
                    attempts: row.try_get(5)?,
                    reply: row.try_get(6)?,
                    answered_at: row.try_get::<Option<i64>, _>(7)?.map(from_millis),
                })
            })
            .collect()
    }

    /// What came back about their mails, the oldest first.
    pub async fn list_returned_of(&self, subscriber_id: i64) -> Result<Vec<Given>> {
        let rows = sqlx::query(
            "SELECT e.list, e.number, b.kind, b.status, b.fault, b.at FROM bounce b \
             JOIN edition e ON e.id = b.edition_id WHERE b.subscriber_id = $1 ORDER BY b.id",
        )
        .bind(subscriber_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let (list, number): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
                Ok(Given {
                    edition: format!("{list}/{number}"),
                    kind: row.try_get(2)?,
                    status: row.try_get(3)?,
                    fault: row.try_get(4)?,
                    at: from_millis(row.try_get(5)?),
                })
            })
            .collect()
    }

    /// Mails to this address alone, the oldest first.
    pub async fn list_personal_to(&self, address: &Address) -> Result<Vec<Mailed>> {
        let rows = sqlx::query(
            "SELECT recipient, kind, list, state, message, answered_at FROM outgoing \
             WHERE recipient IS NOT NULL ORDER BY id",
        )
        .fetch_all(&self.read)
        .await?;
        let mut mails = Vec::new();
        for row in rows {
            let recipient: String = row.try_get(0)?;
            if Address::parse(&recipient).is_ok_and(|other| other.key() == address.key()) {
                mails.push(Mailed {
                    kind: row.try_get(1)?,
                    list: row.try_get(2)?,
                    state: row.try_get(3)?,
                    message: row.try_get(4)?,
                    answered_at: row.try_get::<Option<i64>, _>(5)?.map(from_millis),
                });
            }
        }
        Ok(mails)
    }
}
