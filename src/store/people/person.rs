//! Everything that is stored about one person, for them to have (PRIV-09).

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde::Serialize;
use sqlx::Row;

use super::super::{Result, Store};
use super::Subscriber;
use super::erase::{PAGE, TEXTS};
use super::naming::Naming;
use crate::clock::from_millis;
use crate::subscriber::Address;

/// A row of an edition, as it concerns one person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delivered {
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
pub struct CameBack {
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

/// A text that names them, while it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mention {
    /// The table it stands in: `unclear` are letters to the bounce address.
    pub place: &'static str,
    pub text: String,
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
    pub async fn list_records_of(&self, subscriber_id: i64) -> Result<Vec<Delivered>> {
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
                Ok(Delivered {
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
    pub async fn list_returned_of(&self, subscriber_id: i64) -> Result<Vec<CameBack>> {
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
                Ok(CameBack {
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
        let (mut mails, mut after) = (Vec::new(), 0);
        loop {
            let rows = sqlx::query(
                "SELECT id, recipient, kind, list, state, message, answered_at FROM outgoing \
                 WHERE recipient IS NOT NULL AND id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after)
            .bind(PAGE)
            .fetch_all(&self.read)
            .await?;
            if rows.is_empty() {
                return Ok(mails);
            }
            for row in rows {
                after = row.try_get(0)?;
                let recipient: String = row.try_get(1)?;
                if Address::parse(&recipient).is_ok_and(|other| other.key() == address.key()) {
                    mails.push(Mailed {
                        kind: row.try_get(2)?,
                        list: row.try_get(3)?,
                        state: row.try_get(4)?,
                        message: row.try_get(5)?,
                        answered_at: row.try_get::<Option<i64>, _>(6)?.map(from_millis),
                    });
                }
            }
        }
    }

    /// Letters to the bounce address and words of staff and servers in which the address stands.
    pub async fn list_mentions_of(&self, address: &Address) -> Result<Vec<Mention>> {
        let naming = Naming::of(address)?;
        let mut mentions = Vec::new();
        for (table, column) in TEXTS
            .iter()
            .map(|(table, _, column)| (*table, *column))
            .chain([("unclear", "text")])
        {
            let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
            let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch(&self.read);
            while let Some(row) = rows.try_next().await? {
                let text: String = row.try_get(0)?;
                if naming.is_in(text.as_bytes()) {
                    mentions.push(Mention { place: table, text });
                }
            }
        }
        Ok(mentions)
    }
}
