//! What the web asks of the store: one mark that tells whether anything public changed, and an edition's reports.

use sqlx::Row;

use super::{Result, Store};

/// One report of an edition, as it stood at sealing.
#[derive(Clone, Debug)]
pub struct EditionReport {
    pub slug: String,
    pub title: String,
    /// Withdrawn since, or held back.
    pub withdrawn: bool,
}

impl Store {
    /// A text that differs whenever feeds or archive may: also when an embargo has ended, or another process wrote.
    pub async fn public_mark(&self) -> Result<String> {
        let now = self.clock.now().timestamp_millis();
        let reports = sqlx::query(
            "SELECT COUNT(*), CAST(COALESCE(SUM(revision), 0) AS BIGINT), COALESCE(MAX(changed_at), 0), \
             COALESCE(MAX(published_at), 0), COALESCE(MAX(updated_at), 0), COUNT(published_at), COUNT(withdrawn_at), COUNT(held_at), \
             CAST(COALESCE(SUM(work), 0) AS BIGINT), \
             CAST(COALESCE(SUM(held_at), 0) AS BIGINT), \
             COUNT(CASE WHEN publish_after > $1 THEN 1 END) FROM report",
        )
        .bind(now)
        .fetch_one(&self.read)
        .await?;
        let editions = sqlx::query(
            "SELECT COUNT(*), COUNT(released_at), COUNT(CASE WHEN state = 'cancelled' THEN 1 END) FROM edition",
        )
        .fetch_one(&self.read)
        .await?;
        let pictures = sqlx::query("SELECT COUNT(hash) FROM picture_place")
            .fetch_one(&self.read)
            .await?;
        let mut mark = String::new();
        for row in [&reports, &editions, &pictures] {
            for column in 0..row.len() {
                let number: i64 = row.try_get(column)?;
                mark.push_str(&format!("{number} "));
            }
        }
        Ok(mark)
    }

    /// The reports of an edition in its order; a report that comes twice is named once.
    pub async fn list_edition_reports(&self, edition_id: i64) -> Result<Vec<EditionReport>> {
        let rows = sqlx::query(
            "SELECT r.slug, v.content, CASE WHEN r.withdrawn_at IS NOT NULL OR r.held_at IS NOT NULL OR r.draft = 1 \
             THEN 1 ELSE 0 END FROM edition_item i JOIN report r ON r.id = i.report_id \
             JOIN revision v ON v.report_id = i.report_id AND v.number = i.revision \
             WHERE i.edition_id = $1 ORDER BY i.position",
        )
        .bind(edition_id)
        .fetch_all(&self.read)
        .await?;
        let mut reports: Vec<EditionReport> = Vec::new();
        for row in rows {
            let report: crate::report::Report = super::from_json("revision.content", row.try_get::<&str, _>(1)?)?;
            let slug: String = row.try_get(0)?;
            if reports.iter().all(|known| known.slug != slug) {
                reports.push(EditionReport {
                    slug,
                    title: report.title,
                    withdrawn: row.try_get::<i64, _>(2)? == 1,
                });
            }
        }
        Ok(reports)
    }
}
