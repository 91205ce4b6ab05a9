//! What is wrong and staff should know, and what is posted about it.
//!
//! A row of `alert` is one matter from the moment it began until it is over; a unique key lets none begin twice. It is
//! written within the transaction that is its reason, so that what was rolled back alarms nobody (REL-14). Telling marks
//! the row and queues mails and posts in one transaction: of two workers one tells, and a crash in between tells later.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Result, Store, Tx};
use crate::clock::from_millis;

/// Posts that did not arrive are shown for so long.
const LATELY: TimeDelta = TimeDelta::days(7);

/// What a matter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A breaker stopped an edition.
    EditionStopped,
    /// An edition was to go out and waits for an approval.
    ApprovalMissing,
    /// A recipient domain does not believe that our mails are ours.
    DomainPaused,
    RelayRests,
    /// A relay does not take our password.
    PasswordRefused,
    /// Readers call an edition unwanted.
    Complaints,
    /// Unusually many people ask to join and do not confirm.
    Signups,
    /// Too many mails of an edition came back that is not being sent any more.
    EditionReturned,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::EditionStopped,
    Trouble::ApprovalMissing,
    Trouble::DomainPaused,
    Trouble::RelayRests,
    Trouble::PasswordRefused,
    Trouble::Complaints,
    Trouble::Signups,
    Trouble::EditionReturned,
];

impl Trouble {
    /// The word in rows and in posts.
    pub fn as_str(self) -> &'static str {
        match self {
            Trouble::EditionStopped => "edition-stopped",
            Trouble::ApprovalMissing => "approval-missing",
            Trouble::DomainPaused => "domain-paused",
            Trouble::RelayRests => "relay-rests",
            Trouble::PasswordRefused => "password-refused",
            Trouble::Complaints => "complaints",
            Trouble::Signups => "signups",
            Trouble::EditionReturned => "edition-returned",
        }
    }

    /// The matter that it is about something of this name: an edition `LIST/N`, a relay, a domain.
    pub fn matter(self, name: &str) -> String {
        let kind = match self {
            Trouble::EditionStopped => "edition",
            Trouble::ApprovalMissing => "approval",
            Trouble::DomainPaused => "domain",
            Trouble::RelayRests => "relay",
            Trouble::PasswordRefused => "password",
            Trouble::Complaints => "complaints",
            Trouble::Signups => "signup",
            Trouble::EditionReturned => "returned",
        };
        format!("{kind} {name}")
    }
}

/// A matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub id: i64,
    /// As [`Trouble::matter`] puts it.
    pub matter: String,
    pub trouble: Trouble,
    pub why: String,
    pub since: DateTime<Utc>,
    pub told_at: Option<DateTime<Utc>>,
    pub over_at: Option<DateTime<Utc>>,
}

impl Alert {
    /// What the matter is called, without the kind of thing it is.
    pub fn name(&self) -> &str {
        self.matter.split_once(' ').map_or(&self.matter, |(_, name)| name)
    }
}

/// What is to be posted.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    pub id: i64,
    pub body: String,
    pub made_at: DateTime<Utc>,
    /// This one included.
    pub attempts: i64,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq)]
pub enum Posted {
    Sent,
    /// Tried again then.
    Later(DateTime<Utc>, String),
    /// Tried for long enough.
    Failed(String),
}

/// Begins a matter, unless it has begun; then it gets the latest reason.
pub(super) async fn raise(tx: &mut Tx, trouble: Trouble, name: &str, why: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO alert (matter, event, why, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (matter) WHERE over_at IS NULL DO UPDATE SET why = excluded.why",
    )
    .bind(trouble.matter(name))
    .bind(trouble.as_str())
    .bind(why)
    .bind(now.timestamp_millis())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A matter is over, and nobody need be told so: staff ended it, or it came to nothing.
pub(super) async fn close(tx: &mut Tx, matter: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE alert SET over_at = $2, over_told_at = $2 WHERE matter = $1 AND over_at IS NULL")
        .bind(matter)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

const COLUMNS: &str = "SELECT id, matter, event, why, since, told_at, over_at FROM alert ";

impl Store {
    /// Matters that are not over, and those that are and of which nobody was told so.
    pub async fn list_alerts(&self) -> Result<Vec<Alert>> {
        let sql =
            format!("{COLUMNS} WHERE over_at IS NULL OR (told_at IS NOT NULL AND over_told_at IS NULL) ORDER BY id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.read).await?;
        rows.iter().filter_map(|row| alert(row).transpose()).collect()
    }

    /// Editions whose hour has come and that wait for an approval: `LIST/N` and the hour.
    pub async fn list_unapproved(&self) -> Result<Vec<(String, DateTime<Utc>)>> {
        let rows = sqlx::query(
            "SELECT list, number, due_at FROM edition
             WHERE state = 'waiting' AND needs_approval = 1 AND approved_at IS NULL AND due_at <= $1 ORDER BY id",
        )
        .bind(self.now().await?.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let (list, number): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
                Ok((format!("{list}/{number}"), from_millis(row.try_get(2)?)))
            })
            .collect()
    }

    /// Whether anything is still to be handed to a relay.
    pub async fn has_mail_for(&self, relay: &str) -> Result<bool> {
        let row = sqlx::query(
            "SELECT id FROM outgoing WHERE relay = $1 AND state IN ('pending', 'deferred')
               AND (edition_id IS NULL OR edition_id IN (SELECT id FROM edition WHERE state = 'sending')) LIMIT 1",
        )
        .bind(relay)
        .fetch_optional(&self.read)
        .await?;
        Ok(row.is_some())
    }

    /// How many mails of running editions wait for a recipient domain.
    pub async fn count_waiting_for_domain(&self, domain: &str) -> Result<i64> {
        let row = sqlx::query(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing o JOIN subscriber p ON p.id = o.subscriber_id
             WHERE o.state IN ('pending', 'deferred') AND p.address_key LIKE $1
               AND o.edition_id IN (SELECT id FROM edition WHERE state = 'sending')",
        )
        .bind(format!("%@{domain}"))
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Begins a matter that nothing else is written about.
    pub async fn raise_alert(&self, trouble: Trouble, name: &str, why: &str, since: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin().await?;
        raise(&mut tx, trouble, name, why, since).await?;
        Ok(tx.commit().await?)
    }

    /// It is over by itself, and staff who were told of it will be told so.
    pub async fn end_alert_and_tell(&self, matter: &str) -> Result<()> {
        let now = self.now().await?;
        sqlx::query("UPDATE alert SET over_at = $2 WHERE matter = $1 AND over_at IS NULL")
            .bind(matter)
            .bind(now.timestamp_millis())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Whether it has begun and is not over.
    pub async fn is_raised(&self, matter: &str) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM alert WHERE matter = $1 AND over_at IS NULL")
            .bind(matter)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.is_some())
    }

    /// It is over, and nobody need be told so.
    pub async fn end_alert_unspoken(&self, matter: &str) -> Result<()> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        close(&mut tx, matter, now).await?;
        Ok(tx.commit().await?)
    }

    /// Takes it on to tell that it began, or that it is over. False: another does.
    pub async fn mark_told(&self, tx: &mut Tx, alert: &Alert) -> Result<bool> {
        let now = self.now().await?.timestamp_millis();
        let sql = match alert.over_at {
            None => "UPDATE alert SET told_at = $2 WHERE id = $1 AND told_at IS NULL AND over_at IS NULL",
            Some(_) => "UPDATE alert SET over_told_at = $2 WHERE id = $1 AND over_told_at IS NULL",
        };
        let done = sqlx::query(sql).bind(alert.id).bind(now).execute(&mut **tx).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Queues a post, within the transaction that is its reason.
    pub async fn insert_post(&self, tx: &mut Tx, body: &str) -> Result<()> {
        let now = self.now().await?.timestamp_millis();
        sqlx::query("INSERT INTO webhook (body, state, made_at, next_at) VALUES ($1, 'pending', $2, $2)")
            .bind(body)
            .bind(now)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Takes on the oldest post that is due. Whoever takes it has until `again_at`; then another may.
    pub async fn claim_post(&self, again_at: DateTime<Utc>) -> Result<Option<Post>> {
        let now = self.now().await?.timestamp_millis();
        let row = sqlx::query(
            "UPDATE webhook SET attempts = attempts + 1, next_at = $2
             WHERE id = (SELECT id FROM webhook WHERE state = 'pending' AND next_at <= $1 ORDER BY next_at, id LIMIT 1)
               AND state = 'pending' AND next_at <= $1
             RETURNING id, body, made_at, attempts",
        )
        .bind(now)
        .bind(again_at.timestamp_millis())
        .fetch_optional(&self.write)
        .await?;
        row.map(|row| {
            Ok(Post {
                id: row.try_get(0)?,
                body: row.try_get(1)?,
                made_at: from_millis(row.try_get(2)?),
                attempts: row.try_get(3)?,
            })
        })
        .transpose()
    }

    pub async fn record_posted(&self, id: i64, posted: &Posted) -> Result<()> {
        let (state, next_at, error) = match posted {
            Posted::Sent => ("sent", None, None),
            Posted::Later(at, why) => ("pending", Some(at.timestamp_millis()), Some(why)),
            Posted::Failed(why) => ("failed", None, Some(why)),
        };
        sqlx::query("UPDATE webhook SET state = $2, next_at = COALESCE($3, next_at), error = $4 WHERE id = $1")
            .bind(id)
            .bind(state)
            .bind(next_at)
            .bind(error.map(String::as_str))
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Posts of late that did not arrive, and a reason.
    pub async fn count_unposted(&self) -> Result<Option<(i64, String)>> {
        let since = self.now().await? - LATELY;
        let row = sqlx::query(
            "SELECT CAST(COUNT(*) AS BIGINT), MAX(error) FROM webhook WHERE state <> 'sent' AND error IS NOT NULL
               AND made_at > $1",
        )
        .bind(since.timestamp_millis())
        .fetch_one(&self.read)
        .await?;
        let count: i64 = row.try_get(0)?;
        let error: Option<String> = row.try_get(1)?;
        Ok((count > 0).then(|| (count, error.unwrap_or_default())))
    }
}

/// None: a word of a later version, which tells it.
fn alert(row: &AnyRow) -> Result<Option<Alert>> {
    let event: String = row.try_get("event")?;
    let Some(trouble) = TROUBLES.into_iter().find(|trouble| trouble.as_str() == event) else {
        return Ok(None);
    };
    let instant = |column: &str| -> Result<_> { Ok(row.try_get::<Option<i64>, _>(column)?.map(from_millis)) };
    Ok(Some(Alert {
        id: row.try_get("id")?,
        matter: row.try_get("matter")?,
        trouble,
        why: row.try_get("why")?,
        since: from_millis(row.try_get("since")?),
        told_at: instant("told_at")?,
        over_at: instant("over_at")?,
    }))
}
