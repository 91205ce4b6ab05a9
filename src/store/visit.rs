//! Pages that sources on the web lead to, and when they are asked again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::Row;
use url::Url;

use super::{Result, Store, Tx, from_json, to_json};
use crate::clock::from_millis;
use crate::source::pages::Visit;

impl Store {
    /// All pages of a source, by their addresses.
    pub async fn list_visits(&self, source: &str) -> Result<HashMap<Url, Visit>> {
        let rows =
            sqlx::query("SELECT url, validators, changed_at, first_at, next_at, failures FROM visit WHERE source = $1")
                .bind(source)
                .fetch_all(&self.read)
                .await?;
        let visits = rows.iter().map(|row| {
            let url: Url = from_json("visit.url", &Value::String(row.try_get(0)?).to_string())?;
            let visit = Visit {
                url: url.clone(),
                validators: from_json("visit.validators", row.try_get(1)?)?,
                changed_at: row.try_get::<Option<i64>, _>(2)?.map(from_millis),
                first_at: from_millis(row.try_get(3)?),
                next_at: from_millis(row.try_get(4)?),
                failures: u32::try_from(row.try_get::<i64, _>(5)?).unwrap_or(u32::MAX),
            };
            Ok((url, visit))
        });
        visits.collect()
    }

    /// Remembers what became of a visit.
    pub async fn record_visit(&self, tx: &mut Tx, source: &str, visit: &Visit) -> Result<()> {
        let millis = |at: DateTime<Utc>| at.timestamp_millis();
        sqlx::query(
            "INSERT INTO visit (source, url, validators, changed_at, first_at, next_at, failures) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, url) DO UPDATE SET validators = $3, \
             changed_at = $4, next_at = $6, failures = $7",
        )
        .bind(source)
        .bind(visit.url.as_str())
        .bind(to_json("visit.validators", &visit.validators)?)
        .bind(visit.changed_at.map(millis))
        .bind(millis(visit.first_at))
        .bind(millis(visit.next_at))
        .bind(i64::from(visit.failures))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
