//! The ledger: what is new to a list and cadence, what people have had, and what became of each slot.
//!
//! A report enters at most one edition of a list and cadence, and a slot is decided once; unique keys say so, not
//! clocks. A line of the ledger without edition stands for "known": not to be mailed.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};

use super::report::{COLUMNS as REPORT_COLUMNS, stored};
use super::{Result, Store, Stored, Tx};
use crate::clock::from_millis;
use crate::edition::Matter;

/// What became of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotOutcome {
    Edition(i64),
    Empty,
    Missed,
    /// Taken together with a later slot.
    Merged,
    /// Waits for staff.
    Asked,
}

/// A slot and what became of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DecidedSlot {
    pub list: String,
    pub cadence: String,
    pub slot: i64,
    pub outcome: String,
    pub edition_id: Option<i64>,
    pub decided_at: DateTime<Utc>,
}

/// Rows of deliveries that count as had by the person (rule 2).
pub(super) const COUNTS_AS_HAD: &str = "('pending', 'claimed', 'handoff', 'deferred', 'sent', 'in-doubt')";

impl Store {
    /// Public reports that have not entered the ledger of this list and cadence, in the order of first sight.
    /// What only feeds and archive take is left out.
    pub async fn list_unledgered(&self, list: &str, cadence: &str, now: DateTime<Utc>) -> Result<Vec<Stored>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{REPORT_COLUMNS} WHERE r.published_at IS NOT NULL AND r.withdrawn_at IS NULL AND r.held_at IS NULL \
             AND r.draft = 0 AND r.archived = 0 AND (r.publish_after IS NULL OR r.publish_after <= $3) \
             AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.list = $1 AND l.cadence = $2 AND l.report_id = r.id \
             AND l.matter IN ('report', CASE r.announcement WHEN 1 THEN 'announcement' ELSE 'report' END)) ORDER BY r.id"
        )))
        .bind(list)
        .bind(cadence)
        .bind(now.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Reports that nothing but `settle` keeps from being published, in the order of first sight.
    pub async fn list_settling(&self, now: DateTime<Utc>) -> Result<Vec<Stored>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{REPORT_COLUMNS} WHERE r.published_at IS NULL AND r.withdrawn_at IS NULL AND r.held_at IS NULL \
             AND r.draft = 0 AND r.archived = 0 AND (r.publish_after IS NULL OR r.publish_after <= $1) ORDER BY r.id"
        )))
        .bind(now.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Corrections of reports the list has sent, not yet told in this cadence: report, revision.
    pub async fn list_untold_corrections(&self, list: &str, cadence: &str) -> Result<Vec<(i64, i64)>> {
        let rows = sqlx::query(
            "SELECT c.report_id, c.number FROM (SELECT report_id, MAX(number) AS number FROM revision \
             WHERE correction IS NOT NULL GROUP BY report_id) c JOIN report r ON r.id = c.report_id \
             WHERE r.withdrawn_at IS NULL AND r.held_at IS NULL AND r.draft = 0 \
             AND EXISTS (SELECT 1 FROM edition e JOIN edition_item i ON i.edition_id = e.id WHERE e.list = $1 \
             AND e.state <> 'cancelled' AND i.report_id = c.report_id AND i.matter IN ('announcement', 'report')) \
             AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.list = $1 AND l.cadence = $2 AND l.report_id = c.report_id \
             AND l.matter = 'correction:' || CAST(c.number AS TEXT)) ORDER BY c.report_id",
        )
        .bind(list)
        .bind(cadence)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// What was corrected in a revision, and when.
    pub async fn find_correction(&self, report_id: i64, revision: i64) -> Result<Option<(String, DateTime<Utc>)>> {
        let row = sqlx::query(
            "SELECT correction, created_at FROM revision WHERE report_id = $1 AND number = $2 AND correction IS NOT NULL",
        )
        .bind(report_id)
        .bind(revision)
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| Ok((row.try_get(0)?, from_millis(row.try_get(1)?))))
            .transpose()
    }

    /// Enters items in the ledger of a list and cadence; what stands there stays. No edition: known, not to be mailed.
    pub async fn record_ledger(
        &self,
        tx: &mut Tx,
        list: &str,
        cadence: &str,
        items: &[(i64, Matter)],
        edition_id: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        for (report_id, matter) in items {
            sqlx::query(
                "INSERT INTO ledger (list, cadence, report_id, matter, edition_id, entered_at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (list, cadence, report_id, matter) DO NOTHING",
            )
            .bind(list)
            .bind(cadence)
            .bind(*report_id)
            .bind(matter.to_string())
            .bind(edition_id)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// What a person was owed is in this edition.
    pub async fn settle_owed(&self, tx: &mut Tx, list: &str, edition_id: i64) -> Result<()> {
        sqlx::query(
            "UPDATE subscription SET owed_since = NULL WHERE list = $1 AND owed_since IS NOT NULL AND EXISTS \
             (SELECT 1 FROM outgoing o WHERE o.edition_id = $2 AND o.subscriber_id = subscription.subscriber_id)",
        )
        .bind(list)
        .bind(edition_id)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Frees an edition's items for later editions of its list. What it brought to people beyond its items they were
    /// owed, and are owed again.
    pub async fn free_items(&self, tx: &mut Tx, edition_id: i64) -> Result<()> {
        sqlx::query(
            "UPDATE subscription SET owed_since = (SELECT MIN(r.published_at) FROM outgoing o \
             JOIN variant_item v ON v.variant_id = o.variant_id JOIN report r ON r.id = v.report_id \
             WHERE o.edition_id = $1 AND o.subscriber_id = subscription.subscriber_id AND NOT EXISTS \
             (SELECT 1 FROM edition_item i WHERE i.edition_id = $1 AND i.report_id = v.report_id AND i.matter = v.matter)) \
             WHERE owed_since IS NULL AND list = (SELECT list FROM edition WHERE id = $1) \
             AND subscriber_id IN (SELECT subscriber_id FROM outgoing WHERE edition_id = $1)",
        )
        .bind(edition_id)
        .execute(&mut **tx)
        .await?;
        sqlx::query("DELETE FROM ledger WHERE edition_id = $1")
            .bind(edition_id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Decides a slot. False: it was decided before, here or on another machine (SCH-03).
    pub async fn decide_slot(
        &self,
        tx: &mut Tx,
        list: &str,
        cadence: &str,
        slot: i64,
        outcome: SlotOutcome,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (word, edition_id) = match outcome {
            SlotOutcome::Edition(id) => ("edition", Some(id)),
            SlotOutcome::Empty => ("empty", None),
            SlotOutcome::Missed => ("missed", None),
            SlotOutcome::Merged => ("merged", None),
            SlotOutcome::Asked => ("asked", None),
        };
        let done = sqlx::query(
            "INSERT INTO slot (list, cadence, slot, outcome, edition_id, decided_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (list, cadence, slot) DO NOTHING",
        )
        .bind(list)
        .bind(cadence)
        .bind(slot)
        .bind(word)
        .bind(edition_id)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A slot whose edition was sealed anew.
    pub async fn hand_over_slot(
        &self,
        tx: &mut Tx,
        list: &str,
        cadence: &str,
        slot: i64,
        edition_id: i64,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE slot SET outcome = 'edition', edition_id = $4 WHERE list = $1 AND cadence = $2 AND slot = $3",
        )
        .bind(list)
        .bind(cadence)
        .bind(slot)
        .bind(edition_id)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The newest slots of a list and what became of them.
    pub async fn list_slots(&self, list: &str, limit: i64) -> Result<Vec<DecidedSlot>> {
        let rows = sqlx::query(
            "SELECT list, cadence, slot, outcome, edition_id, decided_at FROM slot WHERE list = $1 \
             ORDER BY decided_at DESC, slot DESC LIMIT $2",
        )
        .bind(list)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(DecidedSlot {
                    list: row.try_get(0)?,
                    cadence: row.try_get(1)?,
                    slot: row.try_get(2)?,
                    outcome: row.try_get(3)?,
                    edition_id: row.try_get(4)?,
                    decided_at: from_millis(row.try_get(5)?),
                })
            })
            .collect()
    }

    pub async fn is_slot_decided(&self, list: &str, cadence: &str, slot: i64) -> Result<bool> {
        let row = sqlx::query("SELECT COUNT(*) FROM slot WHERE list = $1 AND cadence = $2 AND slot = $3")
            .bind(list)
            .bind(cadence)
            .bind(slot)
            .fetch_one(&self.read)
            .await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    /// Marks a revision as a correction by hand, with what was corrected.
    pub async fn record_correction(
        &self,
        tx: &mut Tx,
        report_id: i64,
        revision: i64,
        note: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query("UPDATE revision SET correction = $3 WHERE report_id = $1 AND number = $2")
            .bind(report_id)
            .bind(revision)
            .bind(note)
            .execute(&mut **tx)
            .await?;
        sqlx::query("UPDATE report SET updated_at = $2 WHERE id = $1 AND updated_at IS NOT NULL")
            .bind(report_id)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
