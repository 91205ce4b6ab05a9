//! What is done about rows that somebody left half-way, and how an edition ends.
//!
//! After a crash a claim is worth nothing and a handoff without an answer is in doubt. On an SQLite database whoever
//! takes its lock knows that nobody else is at work and recovers everything at once; otherwise leases tell. `reason` of
//! a row in doubt is the plan for it: `resend` (once, at `next_at`), `hold` (staff decide), `settled` (decided).
//! Queries name all three open states beside the one they mean: that is how SQLite knows the small index of open rows.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};

use super::later;
use crate::config::InDoubt;
use crate::store::ledger::COUNTS_AS_HAD;
use crate::store::{Result, Store, Tx};

/// What a recovery found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Claims that went back to pending.
    pub released: u64,
    /// Handoffs without an answer.
    pub in_doubt: u64,
}

/// What became of the failed rows of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    /// Tried again.
    pub rows: u64,
    /// Still failed: the person got some of it by another edition.
    pub left: i64,
}

/// What staff decide about the rows of an edition that are in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubts {
    /// Send them again, with the same Message-ID.
    Resend,
    /// Leave them: whoever did not get it does not get it.
    Settle,
}

impl Store {
    /// Recovers every open row. Only for whoever holds the lock of an SQLite database.
    pub async fn recover_all(&self, resend_after: Duration) -> Result<Recovered> {
        self.recover(i64::MAX, resend_after).await
    }

    /// Recovers the open rows whose lease is over.
    pub async fn recover_expired(&self, resend_after: Duration) -> Result<Recovered> {
        let now = self.now().await?.timestamp_millis();
        self.recover(now, resend_after).await
    }

    async fn recover(&self, lease_before: i64, resend_after: Duration) -> Result<Recovered> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        let released = sqlx::query(
            "UPDATE outgoing SET state = 'pending', claim = NULL, lease_until = NULL
             WHERE state IN ('claimed', 'handoff', 'in-doubt') AND state = 'claimed' AND lease_until <= $1",
        )
        .bind(lease_before)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let editions = sqlx::query(
            "SELECT DISTINCT o.edition_id, e.settings FROM outgoing o LEFT JOIN edition e ON e.id = o.edition_id
             WHERE o.state IN ('claimed', 'handoff', 'in-doubt') AND o.state = 'handoff' AND o.lease_until <= $1",
        )
        .bind(lease_before)
        .fetch_all(&mut *tx)
        .await?;
        let mut in_doubt = 0;
        for row in editions {
            let edition: Option<i64> = row.try_get(0)?;
            let settings: Option<String> = row.try_get(1)?;
            let policy = policy_of(settings.as_deref());
            in_doubt += doubt_handoffs(&mut tx, edition, policy, lease_before, later(now, resend_after), now).await?;
        }
        tx.commit().await?;
        Ok(Recovered { released, in_doubt })
    }

    /// Rows in doubt whose list resends: back to pending once their time has come.
    pub async fn resume_doubts(&self) -> Result<u64> {
        let now = self.now().await?.timestamp_millis();
        let done = sqlx::query(
            "UPDATE outgoing SET state = 'pending', reason = NULL, claim = NULL
             WHERE state IN ('claimed', 'handoff', 'in-doubt') AND state = 'in-doubt' AND reason = 'resend'
               AND next_at <= $1",
        )
        .bind(now)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected())
    }

    /// Staff's word about the rows of an edition that are held in doubt.
    pub async fn decide_doubts(&self, edition_id: i64, decision: Doubts) -> Result<u64> {
        let now = self.now().await?.timestamp_millis();
        let sql = match decision {
            Doubts::Resend => {
                "UPDATE outgoing SET state = 'pending', reason = NULL, claim = NULL, next_at = $1
                 WHERE edition_id = $2 AND state = 'in-doubt'"
            }
            Doubts::Settle => {
                "UPDATE outgoing SET reason = 'settled', next_at = $1 WHERE edition_id = $2 AND state = 'in-doubt'"
            }
        };
        let mut tx = self.begin().await?;
        let decided = sqlx::query(sql)
            .bind(now)
            .bind(edition_id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if decided > 0 && decision == Doubts::Resend {
            reopen(&mut tx, edition_id).await?;
        }
        tx.commit().await?;
        Ok(decided)
    }

    /// Tries the failed rows of an edition again, from the start of the retry schedule, but for people who got some of
    /// it by another edition meanwhile (rule 2). Alone with sealing, which counts on what people have had.
    pub async fn retry_failed(&self, edition_id: i64) -> Result<Retried> {
        let now = self.now().await?.timestamp_millis();
        let mut tx = self.begin_alone("sealing").await?;
        let rows = sqlx::query(AssertSqlSafe(format!(
            "UPDATE outgoing SET state = 'pending', reason = NULL, attempts = 0, first_tried_at = NULL, next_at = $1
             WHERE edition_id = $2 AND state = 'failed' AND NOT EXISTS (SELECT 1 FROM outgoing o
               JOIN variant_item theirs ON theirs.variant_id = o.variant_id
               JOIN variant_item mine ON mine.report_id = theirs.report_id AND mine.matter = theirs.matter
               WHERE o.subscriber_id = outgoing.subscriber_id AND o.id <> outgoing.id AND o.state IN {COUNTS_AS_HAD}
               AND mine.variant_id = outgoing.variant_id)",
        )))
        .bind(now)
        .bind(edition_id)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if rows > 0 {
            reopen(&mut tx, edition_id).await?;
            // What comes back about the new try counts for itself.
            sqlx::query(
                "DELETE FROM bounce WHERE edition_id = $1 AND fingerprint = '' AND outgoing_id IN (
                     SELECT id FROM outgoing WHERE edition_id = $1 AND state = 'pending')",
            )
            .bind(edition_id)
            .execute(&mut *tx)
            .await?;
        }
        let left = sqlx::query("SELECT COUNT(*) FROM outgoing WHERE edition_id = $1 AND state = 'failed'")
            .bind(edition_id)
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        tx.commit().await?;
        Ok(Retried { rows, left })
    }

    /// Editions of which nothing is open any more become `finished` (REL-02). Returns their ids.
    pub async fn finish_editions(&self) -> Result<Vec<i64>> {
        let now = self.now().await?.timestamp_millis();
        // Uncorrelated, so that open rows are listed once by their small indexes, whatever the size of an edition.
        let rows = sqlx::query(
            "UPDATE edition SET state = 'finished', finished_at = $1
             WHERE state = 'sending' AND due_at <= $1
               AND id NOT IN (SELECT COALESCE(edition_id, 0) FROM outgoing WHERE state IN ('pending', 'deferred'))
               AND id NOT IN (SELECT COALESCE(edition_id, 0) FROM outgoing
                              WHERE state IN ('claimed', 'handoff', 'in-doubt')
                                AND (state <> 'in-doubt' OR reason IS NULL OR reason <> 'settled'))
             RETURNING id",
        )
        .bind(now)
        .fetch_all(&self.write)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Forgets rests that are over.
    pub async fn end_rests(&self) -> Result<u64> {
        let now = self.now().await?.timestamp_millis();
        let done = sqlx::query("DELETE FROM pause WHERE until IS NOT NULL AND until <= $1")
            .bind(now)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}

pub(super) fn word(policy: InDoubt) -> &'static str {
    match policy {
        InDoubt::Resend => "resend",
        InDoubt::Hold => "hold",
    }
}

/// Personal mail is sent again; an edition whose settings do not read is held, which harms least.
fn policy_of(settings: Option<&str>) -> InDoubt {
    settings.map_or(InDoubt::Resend, |settings| {
        serde_json::from_str::<crate::edition::Sealed>(settings).map_or(InDoubt::Hold, |sealed| sealed.in_doubt)
    })
}

/// Keeps the claim on the row: a process that only slept may still bring the answer.
async fn doubt_handoffs(
    tx: &mut Tx,
    edition: Option<i64>,
    policy: InDoubt,
    lease_before: i64,
    resend_at: i64,
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE outgoing SET state = 'in-doubt', doubts = doubts + 1, next_at = $1, answered_at = $2,
             reply = 'no answer was recorded',
             reason = CASE WHEN $3 = 'hold' THEN 'hold' WHEN doubts = 0 THEN 'resend' ELSE 'settled' END,
             attempts = attempts + 1, first_tried_at = COALESCE(first_tried_at, handoff_at), lease_until = NULL
         WHERE state IN ('claimed', 'handoff', 'in-doubt') AND state = 'handoff' AND lease_until <= $4
           AND COALESCE(edition_id, 0) = $5",
    )
    .bind(resend_at)
    .bind(now.timestamp_millis())
    .bind(word(policy))
    .bind(lease_before)
    .bind(edition.unwrap_or(0))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

async fn reopen(tx: &mut Tx, edition_id: i64) -> Result<()> {
    sqlx::query(
        "UPDATE edition SET state = 'sending', finished_at = NULL, forgotten_at = NULL, breaker_at = NULL \
         WHERE id = $1 AND state = 'finished'",
    )
    .bind(edition_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
