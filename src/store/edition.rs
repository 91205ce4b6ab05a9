//! Editions, their items and variants, the ledger and the slots.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::report::{COLUMNS as REPORT_COLUMNS, stored};
use super::{Result, Store, Stored, Tx, from_json, to_json};
use crate::clock::from_millis;
use crate::edition::{Had, Item, Matter, Sealed, Skip};

/// An edition's row.
#[derive(Clone, Debug)]
pub struct Edition {
    pub id: i64,
    pub list: String,
    pub number: i64,
    pub cadence: String,
    pub slot: Option<i64>,
    pub state: String,
    pub needs_approval: bool,
    pub approved_at: Option<DateTime<Utc>>,
    pub sealed_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub released_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub hash: String,
    pub epoch: String,
    /// JSON of `edition::Sealed`.
    pub settings: String,
}

impl Edition {
    /// What it keeps of the configuration of its time.
    pub fn sealed(&self) -> Result<Sealed> {
        from_json("edition.settings", &self.settings)
    }
}

/// What a page needs of one variant.
#[derive(Clone, Debug)]
pub struct Page {
    pub language: String,
    pub subject: String,
    /// HTML without the person's holes.
    pub html: String,
}

const COLUMNS: &str = "SELECT id, list, number, cadence, slot, state, needs_approval, approved_at, sealed_at, due_at, \
    released_at, finished_at, hash, epoch, settings FROM edition ";

impl Store {
    pub async fn find_edition(&self, list: &str, number: i64) -> Result<Option<Edition>> {
        let row = sqlx::query(AssertSqlSafe(format!("{COLUMNS} WHERE list = $1 AND number = $2")))
            .bind(list)
            .bind(number)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(edition).transpose()
    }

    /// Editions of a list, or of all lists, newest first.
    pub async fn list_editions(&self, list: Option<&str>) -> Result<Vec<Edition>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{COLUMNS} WHERE $1 IS NULL OR list = $1 ORDER BY sealed_at DESC, id DESC"
        )))
        .bind(list)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(edition).collect()
    }

    /// The public page of an edition: the variant of that language with all its items, and nothing a person was owed.
    pub async fn find_edition_page(&self, edition_id: i64, language: &str) -> Result<Option<Page>> {
        let row = sqlx::query(
            "SELECT v.language, v.subject, v.page FROM variant v WHERE v.edition_id = $1 \
             ORDER BY CASE WHEN v.language = $2 THEN 0 ELSE 1 END, \
             (SELECT COUNT(*) FROM variant_item i WHERE i.variant_id = v.id AND NOT EXISTS (SELECT 1 FROM edition_item e \
             WHERE e.edition_id = v.edition_id AND e.report_id = i.report_id AND e.matter = i.matter)), \
             (SELECT COUNT(*) FROM variant_item i WHERE i.variant_id = v.id) DESC, v.id LIMIT 1",
        )
        .bind(edition_id)
        .bind(language)
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| {
            Ok(Page {
                language: row.try_get(0)?,
                subject: row.try_get(1)?,
                html: row.try_get(2)?,
            })
        })
        .transpose()
    }
}

pub(super) fn edition(row: &AnyRow) -> Result<Edition> {
    let instant =
        |column: &str| -> Result<Option<DateTime<Utc>>> { Ok(row.try_get::<Option<i64>, _>(column)?.map(from_millis)) };
    Ok(Edition {
        id: row.try_get("id")?,
        list: row.try_get("list")?,
        number: row.try_get("number")?,
        cadence: row.try_get("cadence")?,
        slot: row.try_get("slot")?,
        state: row.try_get("state")?,
        needs_approval: row.try_get::<i64, _>("needs_approval")? == 1,
        approved_at: instant("approved_at")?,
        sealed_at: from_millis(row.try_get("sealed_at")?),
        due_at: from_millis(row.try_get("due_at")?),
        released_at: instant("released_at")?,
        finished_at: instant("finished_at")?,
        hash: row.try_get("hash")?,
        epoch: row.try_get("epoch")?,
        settings: row.try_get("settings")?,
    })
}

/// A new edition's row.
#[derive(Clone, Debug)]
pub struct NewEdition<'a> {
    pub list: &'a str,
    pub number: i64,
    pub cadence: &'a str,
    pub slot: Option<i64>,
    pub needs_approval: bool,
    pub sealed_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub hash: &'a str,
    pub epoch: &'a str,
    pub settings: &'a Sealed,
}

/// A new variant: the frozen bytes for one language and one set of items.
#[derive(Clone, Debug)]
pub struct NewVariant<'a> {
    pub language: &'a str,
    pub subject: &'a str,
    pub message: &'a str,
    pub page: &'a str,
    pub items: &'a [Item],
}

/// A person's row in an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    pub subscriber_id: i64,
    /// None: skipped, for this reason.
    pub variant_id: std::result::Result<i64, Skip>,
}

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

/// A person's row of an edition, as staff see it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Recipient {
    pub address: String,
    pub language: Option<String>,
    pub state: String,
    pub reason: Option<String>,
    pub attempts: i64,
    pub doubts: i64,
    pub reply: Option<String>,
    pub answered_at: Option<DateTime<Utc>>,
}

/// Rows of deliveries that count as had by the person (rule 2).
const COUNTS_AS_HAD: &str = "('pending', 'claimed', 'handoff', 'deferred', 'sent', 'in-doubt')";
/// Rows of one INSERT of many.
const ROWS: usize = 500;

impl Store {
    /// Public reports that have not entered the ledger of this list and cadence, in the order of first sight.
    /// What only feeds and archive take is left out.
    pub async fn list_unledgered(&self, list: &str, cadence: &str, now: DateTime<Utc>) -> Result<Vec<Stored>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{REPORT_COLUMNS} WHERE r.published_at IS NOT NULL AND r.withdrawn_at IS NULL AND r.held_at IS NULL \
             AND r.draft = 0 AND r.archived = 0 AND (r.publish_after IS NULL OR r.publish_after <= $3) \
             AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.list = $1 AND l.cadence = $2 AND l.report_id = r.id \
             AND l.matter = 'report') ORDER BY r.id"
        )))
        .bind(list)
        .bind(cadence)
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
             AND e.state <> 'cancelled' AND i.report_id = c.report_id AND i.matter = 'report') \
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

    /// What people have had of these reports, by person: one query for a whole edition.
    pub async fn list_had(&self, reports: &[i64]) -> Result<HashMap<i64, Vec<Had>>> {
        let mut had: HashMap<i64, Vec<Had>> = HashMap::new();
        if reports.is_empty() {
            return Ok(had);
        }
        let marks = (1..=reports.len())
            .map(|n| format!("${n}"))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!(
            "SELECT o.subscriber_id, i.report_id, i.revision, i.matter FROM variant_item i \
             JOIN outgoing o ON o.variant_id = i.variant_id \
             WHERE i.report_id IN ({marks}) AND o.state IN {COUNTS_AS_HAD}"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for report in reports {
            query = query.bind(*report);
        }
        let mut rows = query.fetch(&self.read);
        while let Some(row) = rows.try_next().await? {
            let Ok(matter) = row.try_get::<&str, _>(3)?.parse() else {
                continue;
            };
            let entry = Had {
                report_id: row.try_get(1)?,
                revision: row.try_get(2)?,
                matter,
            };
            had.entry(row.try_get(0)?).or_default().push(entry);
        }
        Ok(had)
    }

    /// Gives an edition its row and the list its number. The number is the one the mails were rendered with; another
    /// edition in between would break the unique key, and nothing is written.
    pub async fn insert_edition(&self, tx: &mut Tx, new: &NewEdition<'_>) -> Result<i64> {
        sqlx::query("UPDATE list SET last_number = $2 WHERE name = $1")
            .bind(new.list)
            .bind(new.number)
            .execute(&mut **tx)
            .await?;
        let row = sqlx::query(
            "INSERT INTO edition (list, number, cadence, slot, state, needs_approval, sealed_at, due_at, hash, epoch, settings) \
             VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8, $9, $10) RETURNING id",
        )
        .bind(new.list)
        .bind(new.number)
        .bind(new.cadence)
        .bind(new.slot)
        .bind(i64::from(new.needs_approval))
        .bind(new.sealed_at.timestamp_millis())
        .bind(new.due_at.timestamp_millis())
        .bind(new.hash)
        .bind(new.epoch)
        .bind(to_json("edition.settings", new.settings)?)
        .fetch_one(&mut **tx)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// The edition's items in its order.
    pub async fn insert_items(&self, tx: &mut Tx, edition_id: i64, items: &[Item]) -> Result<()> {
        for (position, item) in items.iter().enumerate() {
            sqlx::query(
                "INSERT INTO edition_item (edition_id, report_id, revision, matter, position) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(edition_id)
            .bind(item.report_id)
            .bind(item.revision)
            .bind(item.matter.to_string())
            .bind(position as i64)
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    pub async fn insert_variant(&self, tx: &mut Tx, edition_id: i64, new: &NewVariant<'_>) -> Result<i64> {
        let items = new
            .items
            .iter()
            .map(|item| format!("{}:{}", item.report_id, item.matter))
            .collect::<Vec<_>>();
        let id: i64 = sqlx::query(
            "INSERT INTO variant (edition_id, language, items, subject, message, page) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        )
        .bind(edition_id)
        .bind(new.language)
        .bind(items.join(" "))
        .bind(new.subject)
        .bind(new.message)
        .bind(new.page)
        .fetch_one(&mut **tx)
        .await?
        .try_get(0)?;
        for item in new.items {
            sqlx::query("INSERT INTO variant_item (variant_id, report_id, revision, matter) VALUES ($1, $2, $3, $4)")
                .bind(id)
                .bind(item.report_id)
                .bind(item.revision)
                .bind(item.matter.to_string())
                .execute(&mut **tx)
                .await?;
        }
        Ok(id)
    }

    /// One row per person of the edition, many to a statement.
    pub async fn insert_deliveries(
        &self,
        tx: &mut Tx,
        edition_id: i64,
        relay: &str,
        rows: &[NewDelivery],
        next_at: DateTime<Utc>,
    ) -> Result<()> {
        for rows in rows.chunks(ROWS) {
            let values = (0..rows.len())
                .map(|n| {
                    format!(
                        "('digest', 5, $1, $2, $3, ${}, ${}, ${}, ${})",
                        n * 4 + 4,
                        n * 4 + 5,
                        n * 4 + 6,
                        n * 4 + 7
                    )
                })
                .collect::<Vec<_>>();
            let sql = format!(
                "INSERT INTO outgoing (kind, priority, relay, edition_id, next_at, subscriber_id, variant_id, state, reason) VALUES {}",
                values.join(", ")
            );
            let mut query = sqlx::query(AssertSqlSafe(sql))
                .bind(relay)
                .bind(edition_id)
                .bind(next_at.timestamp_millis());
            for row in rows {
                query = query
                    .bind(row.subscriber_id)
                    .bind(row.variant_id.ok())
                    .bind(if row.variant_id.is_ok() { "pending" } else { "skipped" })
                    .bind(row.variant_id.err().map(Skip::as_str));
            }
            query.execute(&mut **tx).await?;
        }
        Ok(())
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
            "UPDATE subscription SET owed_since = NULL WHERE list = $1 AND owed_since IS NOT NULL AND subscriber_id IN \
             (SELECT subscriber_id FROM outgoing WHERE edition_id = $2)",
        )
        .bind(list)
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

    /// Whether an edition of the list on a schedule was ever approved, or went out without. One that still waits does
    /// not count: the next must not overtake it unseen.
    pub async fn has_scheduled_edition(&self, list: &str) -> Result<bool> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM edition WHERE list = $1 AND slot IS NOT NULL AND state <> 'cancelled' \
             AND (approved_at IS NOT NULL OR released_at IS NOT NULL)",
        )
        .bind(list)
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    /// Moves an edition from one of `from` to `to`. False: it was in none of them.
    pub async fn move_edition(&self, tx: &mut Tx, id: i64, from: &[&str], to: &str) -> Result<bool> {
        let marks = (3..from.len() + 3)
            .map(|n| format!("${n}"))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!("UPDATE edition SET state = $2 WHERE id = $1 AND state IN ({marks})");
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(to);
        for state in from {
            query = query.bind(*state);
        }
        Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
    }

    pub async fn approve_edition(&self, tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("UPDATE edition SET approved_at = $2 WHERE id = $1 AND state IN ('waiting', 'held')")
            .bind(id)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Starts a waiting edition: from now on its mails carry this Date. False: it no longer waits.
    pub async fn release_edition(&self, tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE edition SET state = 'sending', released_at = COALESCE(released_at, $2) WHERE id = $1 AND state = 'waiting'",
        )
        .bind(id)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Editions that wait and whose hour has come. What is no longer configured sends nothing (rule 15).
    pub async fn list_due_editions(&self, now: DateTime<Utc>) -> Result<Vec<Edition>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{COLUMNS} WHERE state = 'waiting' AND due_at <= $1 AND (needs_approval = 0 OR approved_at IS NOT NULL) \
             AND NOT EXISTS (SELECT 1 FROM list l WHERE l.name = edition.list AND l.retired_at IS NOT NULL) \
             AND NOT EXISTS (SELECT 1 FROM cadence c WHERE c.list = edition.list AND c.name = edition.cadence \
             AND c.retired_at IS NOT NULL) ORDER BY due_at, id"
        )))
        .bind(now.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(edition).collect()
    }

    /// Items of an edition whose report was revised, held or withdrawn since sealing: report id and what happened.
    pub async fn list_changed_items(&self, edition_id: i64) -> Result<Vec<(i64, &'static str)>> {
        let rows = sqlx::query(
            "SELECT DISTINCT r.id, CASE WHEN r.withdrawn_at IS NOT NULL THEN 2 WHEN r.held_at IS NOT NULL OR r.draft = 1 THEN 1 ELSE 0 END \
             FROM variant_item i JOIN variant v ON v.id = i.variant_id JOIN report r ON r.id = i.report_id WHERE v.edition_id = $1 AND \
             (r.withdrawn_at IS NOT NULL OR r.held_at IS NOT NULL OR r.draft = 1 OR r.revision <> i.revision) ORDER BY 1",
        )
        .bind(edition_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let what = match row.try_get::<i64, _>(1)? {
                    2 => "withdrawn",
                    1 => "held",
                    _ => "revised",
                };
                Ok((row.try_get(0)?, what))
            })
            .collect()
    }

    /// Editions of a report that are still to go out or going out.
    pub async fn list_open_editions_with(&self, report_id: i64) -> Result<Vec<Edition>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{COLUMNS} WHERE state IN ('waiting', 'held', 'sending', 'stopped') AND id IN \
             (SELECT v.edition_id FROM variant v JOIN variant_item i ON i.variant_id = v.id WHERE i.report_id = $1) ORDER BY id"
        )))
        .bind(report_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(edition).collect()
    }

    /// The editions a report is in: `LIST/N`, for staff.
    pub async fn list_editions_with(&self, report_id: i64) -> Result<Vec<Edition>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{COLUMNS} WHERE id IN (SELECT v.edition_id FROM variant v JOIN variant_item i ON i.variant_id = v.id WHERE i.report_id = $1) ORDER BY id"
        )))
        .bind(report_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(edition).collect()
    }

    /// Whether any mail of the edition reached handoff: then its items are not free again.
    pub async fn reached_handoff(&self, tx: &mut Tx, edition_id: i64) -> Result<bool> {
        let row = sqlx::query("SELECT COUNT(*) FROM outgoing WHERE edition_id = $1 AND handoff_at IS NOT NULL")
            .bind(edition_id)
            .fetch_one(&mut **tx)
            .await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    /// Ends what has not gone out, for good.
    pub async fn skip_open_deliveries(&self, tx: &mut Tx, edition_id: i64, reason: &str) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE outgoing SET state = 'skipped', reason = $2, claim = NULL, lease_until = NULL \
             WHERE edition_id = $1 AND state IN ('pending', 'claimed', 'deferred')",
        )
        .bind(edition_id)
        .bind(reason)
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected())
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

    /// An edition's people, by state if one is named.
    pub async fn list_recipients(&self, edition_id: i64, state: Option<&str>) -> Result<Vec<Recipient>> {
        let rows = sqlx::query(
            "SELECT p.address, v.language, o.state, o.reason, o.attempts, o.doubts, o.reply, o.answered_at FROM outgoing o \
             JOIN subscriber p ON p.id = o.subscriber_id LEFT JOIN variant v ON v.id = o.variant_id \
             WHERE o.edition_id = $1 AND ($2 IS NULL OR o.state = $2) ORDER BY o.id",
        )
        .bind(edition_id)
        .bind(state)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Recipient {
                    address: row.try_get(0)?,
                    language: row.try_get(1)?,
                    state: row.try_get(2)?,
                    reason: row.try_get(3)?,
                    attempts: row.try_get(4)?,
                    doubts: row.try_get(5)?,
                    reply: row.try_get(6)?,
                    answered_at: row.try_get::<Option<i64>, _>(7)?.map(from_millis),
                })
            })
            .collect()
    }

    /// The stored mail of a person's variant and their name; without a person, the fullest variant.
    pub async fn find_sealed_mail(
        &self,
        edition_id: i64,
        address_key: Option<&str>,
    ) -> Result<Option<(String, Option<String>)>> {
        let row = match address_key {
            Some(key) => {
                sqlx::query(
                    "SELECT v.message, p.name FROM outgoing o JOIN subscriber p ON p.id = o.subscriber_id \
                     JOIN variant v ON v.id = o.variant_id WHERE o.edition_id = $1 AND p.address_key = $2",
                )
                .bind(edition_id)
                .bind(key)
                .fetch_optional(&self.read)
                .await?
            }
            None => {
                sqlx::query(
                    "SELECT v.message, NULL FROM variant v WHERE v.edition_id = $1 ORDER BY \
                     (SELECT COUNT(*) FROM variant_item i WHERE i.variant_id = v.id) DESC, v.id LIMIT 1",
                )
                .bind(edition_id)
                .fetch_optional(&self.read)
                .await?
            }
        };
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// The items of an edition as sealed, in its order.
    pub async fn list_items(&self, edition_id: i64) -> Result<Vec<Item>> {
        let rows = sqlx::query(
            "SELECT i.report_id, i.revision, i.matter, r.slug, v.content, v.correction FROM edition_item i \
             JOIN report r ON r.id = i.report_id JOIN revision v ON v.report_id = i.report_id AND v.number = i.revision \
             WHERE i.edition_id = $1 ORDER BY i.position",
        )
        .bind(edition_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Item {
                    report_id: row.try_get(0)?,
                    revision: row.try_get(1)?,
                    matter: row.try_get::<&str, _>(2)?.parse().unwrap_or(Matter::Report),
                    slug: row.try_get(3)?,
                    note: row.try_get(5)?,
                    report: from_json("revision.content", row.try_get::<&str, _>(4)?)?,
                })
            })
            .collect()
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
