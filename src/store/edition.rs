//! Editions, their items and variants, the ledger and the slots.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Result, Store};
use crate::clock::from_millis;

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
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE list = $1 AND number = $2"
        )))
        .bind(list)
        .bind(number)
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(edition).transpose()
    }

    /// Editions of a list, or of all lists, newest first.
    pub async fn list_editions(&self, list: Option<&str>) -> Result<Vec<Edition>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE $1 IS NULL OR list = $1 ORDER BY sealed_at DESC, id DESC"
        )))
        .bind(list)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(edition).collect()
    }

    /// The public page of an edition: the variant of that language with the most items.
    pub async fn find_edition_page(&self, edition_id: i64, language: &str) -> Result<Option<Page>> {
        let row = sqlx::query(
            "SELECT v.language, v.subject, v.page FROM variant v WHERE v.edition_id = $1 \
             ORDER BY CASE WHEN v.language = $2 THEN 0 ELSE 1 END, \
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
