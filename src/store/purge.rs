//! What has been kept long enough goes (PRIV-12): each kind in a transaction of its own, answers some thousand at a time.
//!
//! In: an instant for each kind of thing; what is older goes. Out: how many rows. The surprising thing: rows of editions
//! stay, for they say who had which report; only what servers answered goes out of them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

use super::{Result, Store};

/// People of an edition whose rows are changed at once.
const PEOPLE: i64 = 5_000;
/// How long one purge holds off the next one by itself.
const DAY: TimeDelta = TimeDelta::days(1);

/// What is older than these goes; none: it stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cutoffs {
    /// Answers of relays to mails of editions that are finished or cancelled.
    pub answers: Option<DateTime<Utc>>,
    /// Personal mail that was sent or given up, or may have arrived.
    pub personal: Option<DateTime<Utc>>,
    pub unclear: Option<DateTime<Utc>>,
    pub bounces: Option<DateTime<Utc>>,
    /// Alerts that are over, and posts about them.
    pub alerts: Option<DateTime<Utc>>,
    /// Words that staff left beside a decision.
    pub notes: Option<DateTime<Utc>>,
}

/// How many rows of a table went, or would go.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Purged {
    /// The key of `[retention]`.
    pub kept: &'static str,
    pub table: &'static str,
    pub rows: i64,
}

/// What goes with one statement: the key, the table, the rows (`$1` is the instant), and what is done to them.
struct Step {
    kept: &'static str,
    table: &'static str,
    old: &'static str,
    change: Option<&'static str>,
}

const STEPS: [Step; 6] = [
    Step {
        kept: "personal",
        table: "outgoing",
        old: "recipient IS NOT NULL AND state IN ('sent', 'failed', 'skipped', 'in-doubt') \
              AND COALESCE(answered_at, first_tried_at, next_at) < $1",
        change: None,
    },
    Step {
        kept: "unclear",
        table: "unclear",
        old: "at < $1",
        change: None,
    },
    Step {
        kept: "bounces",
        table: "bounce",
        old: "at < $1",
        change: None,
    },
    Step {
        kept: "alerts",
        table: "alert",
        old: "over_at < $1",
        change: None,
    },
    Step {
        kept: "alerts",
        table: "webhook",
        old: "state <> 'pending' AND made_at < $1",
        change: None,
    },
    Step {
        kept: "notes",
        table: "decision",
        old: "note IS NOT NULL AND at < $1",
        change: Some("note = NULL"),
    },
];

impl Cutoffs {
    fn of(&self, kept: &str) -> Option<DateTime<Utc>> {
        match kept {
            "personal" => self.personal,
            "unclear" => self.unclear,
            "bounces" => self.bounces,
            "alerts" => self.alerts,
            "notes" => self.notes,
            _ => None,
        }
    }
}

impl Store {
    /// What would go.
    pub async fn count_old(&self, cutoffs: &Cutoffs) -> Result<Vec<Purged>> {
        let mut counts = Vec::new();
        if let Some(before) = cutoffs.answers {
            let row = sqlx::query(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM edition e JOIN outgoing o ON o.edition_id = e.id \
                 WHERE e.forgotten_at IS NULL AND e.finished_at < $1 AND o.reply IS NOT NULL",
            )
            .bind(before.timestamp_millis())
            .fetch_one(&self.read)
            .await?;
            counts.push(purged("answers", "outgoing", row.try_get(0)?));
        }
        for step in &STEPS {
            let Some(before) = cutoffs.of(step.kept) else { continue };
            let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {} WHERE {}", step.table, step.old);
            let row = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(before.timestamp_millis())
                .fetch_one(&self.read)
                .await?;
            counts.push(purged(step.kept, step.table, row.try_get(0)?));
        }
        Ok(counts)
    }

    /// Does it.
    pub async fn purge(&self, cutoffs: &Cutoffs) -> Result<Vec<Purged>> {
        let mut done = Vec::new();
        let late = self.forget_late_answers().await?;
        if let Some(before) = cutoffs.answers {
            done.push(purged("answers", "outgoing", late + self.forget_answers(before).await?));
        }
        for step in &STEPS {
            let Some(before) = cutoffs.of(step.kept) else { continue };
            let sql = match step.change {
                None => format!("DELETE FROM {} WHERE {}", step.table, step.old),
                Some(change) => format!("UPDATE {} SET {change} WHERE {}", step.table, step.old),
            };
            let mut tx = self.begin().await?;
            let changed = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(before.timestamp_millis())
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            done.push(purged(step.kept, step.table, changed.rows_affected().cast_signed()));
        }
        Ok(done)
    }

    /// True once a day, for one of all programs on this database.
    pub async fn begin_daily_purge(&self, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO meta (key, value) VALUES ('purged at', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value \
             WHERE CAST(meta.value AS BIGINT) <= $2",
        )
        .bind(now.timestamp_millis().to_string())
        .bind((now - DAY).timestamp_millis())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// An answer to a mail that was on its way while its reader was erased.
    async fn forget_late_answers(&self) -> Result<i64> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE outgoing SET reply = NULL WHERE reply IS NOT NULL \
             AND subscriber_id IN (SELECT id FROM subscriber WHERE state = 'erased')",
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(changed.rows_affected().cast_signed())
    }

    async fn forget_answers(&self, before: DateTime<Utc>) -> Result<i64> {
        let editions =
            sqlx::query("SELECT id FROM edition WHERE forgotten_at IS NULL AND finished_at < $1 ORDER BY id")
                .bind(before.timestamp_millis())
                .fetch_all(&self.read)
                .await?;
        let mut done = 0;
        for row in editions {
            done += self.forget_answers_of(row.try_get(0)?).await?;
        }
        Ok(done)
    }

    async fn forget_answers_of(&self, edition: i64) -> Result<i64> {
        let now = self.now().await?.timestamp_millis();
        let (mut after, mut done) = (-1, 0);
        loop {
            // By the index of the edition's rows, some thousand people at a time.
            let row = sqlx::query(
                "SELECT MAX(subscriber_id) FROM (SELECT subscriber_id FROM outgoing \
                 WHERE edition_id = $1 AND subscriber_id > $2 ORDER BY subscriber_id LIMIT $3) AS page",
            )
            .bind(edition)
            .bind(after)
            .bind(PEOPLE)
            .fetch_one(&self.read)
            .await?;
            let last: Option<i64> = row.try_get(0)?;
            let mut tx = self.begin().await?;
            let Some(last) = last else {
                sqlx::query("UPDATE edition SET forgotten_at = $2 WHERE id = $1")
                    .bind(edition)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                return Ok(done);
            };
            let changed = sqlx::query(
                "UPDATE outgoing SET reply = NULL WHERE edition_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3 \
                 AND reply IS NOT NULL",
            )
            .bind(edition)
            .bind(after)
            .bind(last)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            done += changed.rows_affected().cast_signed();
            after = last;
        }
    }
}

fn purged(kept: &'static str, table: &'static str, rows: i64) -> Purged {
    Purged { kept, table, rows }
}
