//! What came back about deliveries, and what follows for people: the one place where a failure counts against somebody.
//!
//! In: a delivery that a mark named, or a refusal met while sending. Out: a row of `bounce`, once for a delivery and a kind
//! (BNC-07, BNC-12); and within the same transaction the person is suspended, or suppressed, if it is their time
//! (BNC-05, BNC-08). The surprising thing: policy, content and reputation are recorded, and count against nobody.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

use super::people::{PEOPLE, record_consent};
use super::{Result, Store, Tx};
use crate::bounce::{Blame, Kind, Status};
use crate::clock::from_millis;
use crate::config::Bounces;

/// Mails that nobody could sort are kept up to this number, the oldest going first.
const KEPT: i64 = 1000;
/// A mail that was taken may still come back while a relay tries it (RFC 5321 section 4.5.4.1: five days at most are
/// usual); so long after it was taken it counts as a success.
const ARRIVED: TimeDelta = TimeDelta::days(6);

/// The delivery that a mark names.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    pub id: i64,
    pub edition_id: i64,
    pub list: String,
    pub subscriber_id: i64,
    /// When the relay took it, or may have.
    pub sent_at: Option<DateTime<Utc>>,
}

/// What came back about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Returned<'a> {
    pub kind: Kind,
    pub status: Option<Status>,
    /// The words beside the status.
    pub words: &'a str,
    /// Of the mail's bytes; empty for a refusal met while sending.
    pub fingerprint: &'a str,
}

/// What it led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It had come before.
    Known,
    /// Recorded, and nobody is the worse for it.
    Recorded,
    Suspended,
    Suppressed,
}

/// A mail that waits for somebody to look at it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Unclear {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub why: String,
    /// Its beginning.
    pub text: String,
}

impl Store {
    /// The delivery of this number, if it is one of an edition.
    pub async fn find_marked(&self, id: i64) -> Result<Option<Marked>> {
        let row = sqlx::query(
            "SELECT o.id, o.edition_id, e.list, o.subscriber_id, COALESCE(o.answered_at, o.handoff_at) FROM outgoing o
             JOIN edition e ON e.id = o.edition_id
             WHERE o.id = $1 AND o.subscriber_id IS NOT NULL AND o.state IN ('sent', 'in-doubt', 'handoff')",
        )
        .bind(id)
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| {
            Ok(Marked {
                id: row.try_get(0)?,
                edition_id: row.try_get(1)?,
                list: row.try_get(2)?,
                subscriber_id: row.try_get(3)?,
                sent_at: row.try_get::<Option<i64>, _>(4)?.map(from_millis),
            })
        })
        .transpose()
    }

    /// The last mail of a list that a person was sent.
    pub async fn find_last_delivery(&self, list: &str, subscriber_id: i64) -> Result<Option<Marked>> {
        let row = sqlx::query(
            "SELECT o.id FROM outgoing o JOIN edition e ON e.id = o.edition_id
             WHERE o.subscriber_id = $1 AND e.list = $2 AND o.state = 'sent' ORDER BY o.id DESC LIMIT 1",
        )
        .bind(subscriber_id)
        .bind(list)
        .fetch_optional(&self.read)
        .await?;
        match row {
            Some(row) => self.find_marked(row.try_get(0)?).await,
            None => Ok(None),
        }
    }

    /// Records what came back about a delivery, and does what follows for the person. `hashes` are those of their address,
    /// which a complaint puts on the suppression list.
    pub async fn record_returned(
        &self,
        marked: &Marked,
        returned: &Returned<'_>,
        hashes: &[String],
        policy: &Bounces,
    ) -> Result<Counted> {
        let now = self.now().await?;
        let mut tx = match returned.kind {
            Kind::Complaint => self.begin_alone(PEOPLE).await?,
            _ => self.begin().await?,
        };
        let counted = count(&mut tx, marked, returned, policy, now).await?;
        if counted == Counted::Suppressed {
            self.suppress(&mut tx, hashes, "complaint", now).await?;
            self.end_all(&mut tx, marked.subscriber_id, "left", "complaint", now)
                .await?;
        }
        tx.commit().await?;
        Ok(counted)
    }

    /// Refusals for good that were met while sending count by the same rules: rows and the relay's words.
    pub async fn record_refusals(&self, refusals: &[(i64, String)], policy: &Bounces) -> Result<()> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        for (id, reply) in refusals {
            count_refusal(&mut tx, *id, reply, policy, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Keeps a mail that nobody could sort, once.
    pub async fn keep_unclear(&self, fingerprint: &str, why: &str, text: &str) -> Result<()> {
        let now = self.now().await?.timestamp_millis();
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO unclear (fingerprint, why, text, at) VALUES ($1, $2, $3, $4) ON CONFLICT (fingerprint) DO NOTHING",
        )
        .bind(fingerprint)
        .bind(why)
        .bind(text)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM unclear WHERE id <= (SELECT MAX(id) FROM unclear) - $1")
            .bind(KEPT)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Mails that wait for somebody to look at them, the newest first.
    pub async fn list_unclear(&self) -> Result<Vec<Unclear>> {
        let rows = sqlx::query("SELECT id, at, why, text FROM unclear ORDER BY id DESC")
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Unclear {
                    id: row.try_get(0)?,
                    at: from_millis(row.try_get(1)?),
                    why: row.try_get(2)?,
                    text: row.try_get(3)?,
                })
            })
            .collect()
    }

    /// Lets a suspended person get mail again, by staff's word. False: they are not suspended. What failed before does
    /// not count any more.
    pub async fn resume_subscriber(&self, subscriber_id: i64, who: &str, why: &str) -> Result<bool> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE subscriber SET state = 'active' WHERE id = $1 AND state = 'suspended'")
            .bind(subscriber_id)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE bounce SET fault = NULL WHERE subscriber_id = $1")
            .bind(subscriber_id)
            .execute(&mut *tx)
            .await?;
        record_consent(&mut tx, subscriber_id, "*", "resumed", who, Some(why), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn count_refusal(tx: &mut Tx, outgoing_id: i64, reply: &str, policy: &Bounces, now: DateTime<Utc>) -> Result<()> {
    // Other rows fail by words of our own, which begin with no code; of a row that expired it is the last "later".
    let code = reply.split_once(' ').filter(|(code, _)| code.len() == 3);
    let Some((Ok(code @ 400..600), words)) = code.map(|(code, words)| (code.parse::<u16>(), words)) else {
        return Ok(());
    };
    let row = sqlx::query(
        "SELECT o.edition_id, e.list, o.subscriber_id FROM outgoing o JOIN edition e ON e.id = o.edition_id
         WHERE o.id = $1 AND o.subscriber_id IS NOT NULL",
    )
    .bind(outgoing_id)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let marked = Marked {
        id: outgoing_id,
        edition_id: row.try_get(0)?,
        list: row.try_get(1)?,
        subscriber_id: row.try_get(2)?,
        sent_at: None,
    };
    let returned = Returned {
        kind: Kind::Bounce,
        status: Some(crate::bounce::status::of_reply(code, words)),
        words,
        fingerprint: "",
    };
    count(tx, &marked, &returned, policy, now).await?;
    Ok(())
}

async fn count(
    tx: &mut Tx,
    marked: &Marked,
    returned: &Returned<'_>,
    policy: &Bounces,
    now: DateTime<Utc>,
) -> Result<Counted> {
    let blame = match (returned.kind, returned.status) {
        (Kind::Bounce, Some(status)) => Some(status.blame_with(returned.words)),
        (Kind::Bounce, None) => Some(Blame::Passing),
        _ => None,
    };
    // Of an edition of which too much was refused, nothing is believed: see `outgoing/pardon.rs`.
    let is_doubted = blame == Some(Blame::Address) && has_tripped_breaker(tx, marked.edition_id).await?;
    let status = returned.status.map(|status| status.to_string());
    let inserted = sqlx::query(
        "INSERT INTO bounce (outgoing_id, edition_id, subscriber_id, kind, status, fault, fingerprint, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (outgoing_id, kind) DO NOTHING",
    )
    .bind(marked.id)
    .bind(marked.edition_id)
    .bind(marked.subscriber_id)
    .bind(returned.kind.as_str())
    .bind(&status)
    .bind(if is_doubted {
        Some("doubted")
    } else {
        blame.map(Blame::as_str)
    })
    .bind(returned.fingerprint)
    .bind(now.timestamp_millis())
    .execute(&mut **tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Counted::Known);
    }
    if is_doubted {
        return Ok(Counted::Recorded);
    }
    let why = status.as_deref().unwrap_or("no status");
    match (returned.kind, blame) {
        (Kind::Complaint, _) => {
            move_person(tx, marked, ("suppressed", "complaint"), None, now).await?;
            Ok(Counted::Suppressed)
        }
        (Kind::Bounce, Some(Blame::Address)) => suspend(tx, marked, why, now).await,
        (Kind::Bounce, Some(Blame::Passing)) if goes_on(tx, marked, policy, now).await? => {
            suspend(tx, marked, &format!("{why}, again and again"), now).await
        }
        _ => Ok(Counted::Recorded),
    }
}

/// And staff have not said since that the refusals are right. It need not stand still: bounces come after the last mail.
async fn has_tripped_breaker(tx: &mut Tx, edition: i64) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM edition WHERE id = $1 AND breaker_at IS NOT NULL")
        .bind(edition)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

/// So many mails in a row did not arrive, over so long.
async fn goes_on(tx: &mut Tx, marked: &Marked, policy: &Bounces, now: DateTime<Utc>) -> Result<bool> {
    // One that arrived in between, and has not come back since, begins the count anew.
    let row = sqlx::query(
        "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(MIN(b.at), 0) AS BIGINT) FROM bounce b
         WHERE b.subscriber_id = $1 AND b.kind = 'bounce' AND b.fault = 'passing' AND b.at > (
             SELECT COALESCE(MAX(o.answered_at), 0) FROM outgoing o
             WHERE o.subscriber_id = $1 AND o.state = 'sent' AND o.answered_at < $2
               AND NOT EXISTS (SELECT 1 FROM bounce c WHERE c.outgoing_id = o.id AND c.kind = 'bounce'))",
    )
    .bind(marked.subscriber_id)
    .bind((now - ARRIVED).timestamp_millis())
    .fetch_one(&mut **tx)
    .await?;
    let (failures, first): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let over = TimeDelta::from_std(policy.over).unwrap_or(TimeDelta::MAX);
    Ok(failures >= i64::from(policy.failures) && now - from_millis(first) >= over)
}

async fn suspend(tx: &mut Tx, marked: &Marked, why: &str, now: DateTime<Utc>) -> Result<Counted> {
    let moved = move_person(tx, marked, ("suspended", "bounce"), Some(why), now).await?;
    Ok(if moved { Counted::Suspended } else { Counted::Recorded })
}

async fn move_person(
    tx: &mut Tx,
    marked: &Marked,
    (state, how): (&str, &str),
    why: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE subscriber SET state = $2 WHERE id = $1 AND (state = 'active' OR (state = 'suspended' AND $2 = 'suppressed'))",
    )
    .bind(marked.subscriber_id)
    .bind(state)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    record_consent(tx, marked.subscriber_id, &marked.list, state, how, why, now).await?;
    Ok(true)
}
