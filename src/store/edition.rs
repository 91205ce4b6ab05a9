//! Editions, their items, variants and deliveries.
use chrono::{DateTime, Utc};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Result, Store, Tx, from_json, to_json};
use crate::clock::from_millis;
use crate::edition::{Item, Matter, Sealed};

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

impl Store {
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

    /// The hash of what an edition holds, once more was added to it while it was sealed.
    pub async fn set_hash(&self, tx: &mut Tx, id: i64, hash: &str) -> Result<()> {
        sqlx::query("UPDATE edition SET hash = $2 WHERE id = $1")
            .bind(id)
            .bind(hash)
            .execute(&mut **tx)
            .await?;
        Ok(())
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

    /// Moves an edition from one of `from` to `to`. False: it was in none of them. What is cancelled is finished: from now
    /// on its answers grow old.
    pub async fn move_edition(&self, tx: &mut Tx, id: i64, from: &[&str], to: &str) -> Result<bool> {
        let now = self.now().await?.timestamp_millis();
        let marks = (4..from.len() + 4)
            .map(|n| format!("${n}"))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!(
            "UPDATE edition SET state = $2, breaker_at = CASE WHEN $2 = 'sending' THEN NULL ELSE breaker_at END, \
             finished_at = CASE WHEN $2 = 'cancelled' THEN $3 ELSE finished_at END WHERE id = $1 AND state IN ({marks})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(to).bind(now);
        for state in from {
            query = query.bind(*state);
        }
        Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
    }

    /// From now on, what comes back of an edition that has gone out counts again. False: it counted.
    pub async fn believe_refusals(&self, tx: &mut Tx, id: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE edition SET breaker_at = NULL WHERE id = $1 AND breaker_at IS NOT NULL \
             AND state IN ('finished', 'cancelled')",
        )
        .bind(id)
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() == 1)
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
}
