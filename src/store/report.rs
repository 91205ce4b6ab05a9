//! Reports, their revisions, and the files they came from.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Result, Store, Tx, from_json, to_json};
use crate::clock::from_millis;
use crate::report::{Report, event_key, link_key};

/// A report as stored, at its newest revision unless said otherwise.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its place in the order of first sight.
    pub id: i64,
    /// `tag:` URI, the same in every feed for ever (FEED-01).
    pub public_id: String,
    pub slug: String,
    pub source: String,
    pub item_key: String,
    pub revision: i64,
    pub fingerprint: String,
    pub first_seen_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    /// When it became public; none: not yet.
    pub published_at: Option<DateTime<Utc>>,
    /// The date readers see; none only before publication.
    pub dated_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub draft: bool,
    pub publish_after: Option<DateTime<Utc>>,
    pub lists: Option<Vec<String>>,
    pub held_why: Option<String>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Feeds and archive only.
    pub archived: bool,
    /// When the event was announced, if this is the report that has come since; `published_at` is the report's.
    pub announced_at: Option<DateTime<Utc>>,
    /// The first of the reports that say the same in several languages: itself, if it is alone.
    pub work: i64,
    pub report: Report,
}

impl Stored {
    /// In feeds, pages and what is to come.
    pub fn is_public(&self, now: DateTime<Utc>) -> bool {
        self.published_at.is_some()
            && self.withdrawn_at.is_none()
            && self.held_why.is_none()
            && !self.draft
            && self.publish_after.is_none_or(|at| at <= now)
    }

    /// One word for staff: `published`, `withdrawn`, `held`, `draft`, `embargoed`, `settling`.
    pub fn state(&self, now: DateTime<Utc>) -> &'static str {
        match self {
            _ if self.withdrawn_at.is_some() => "withdrawn",
            _ if self.held_why.is_some() => "held",
            _ if self.draft => "draft",
            _ if self.publish_after.is_some_and(|at| at > now) => "embargoed",
            _ if self.published_at.is_some() => "published",
            _ => "settling",
        }
    }
}

/// A report at its first sight.
#[derive(Clone, Debug)]
pub struct NewReport<'a> {
    pub public_id: &'a str,
    pub slug: &'a str,
    pub source: &'a str,
    pub item_key: &'a str,
    pub fingerprint: &'a str,
    pub at: DateTime<Utc>,
    /// The source's own date, if it may stand as the date readers see.
    pub dated_at: Option<DateTime<Utc>>,
    pub archived: bool,
    pub held_why: Option<&'a str>,
    pub report: &'a Report,
}

/// A file of a folder source as last looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    pub path: String,
    pub size: i64,
    pub modified_at: DateTime<Utc>,
    pub fingerprint: String,
    pub report_id: Option<i64>,
    pub refused: Option<String>,
    pub gone: bool,
}

pub(super) const COLUMNS: &str = "SELECT r.id, r.public_id, r.slug, r.source, r.item_key, r.revision, r.fingerprint, \
    r.first_seen_at, r.changed_at, r.published_at, r.dated_at, r.updated_at, r.draft, r.publish_after, r.lists, \
    r.held_at, r.held_why, r.withdrawn_at, r.archived, r.announced_at, COALESCE(r.work, r.id) AS work, v.content \
    FROM report r JOIN revision v ON v.report_id = r.id AND v.number = r.revision ";

impl Store {
    pub async fn find_report(&self, id: i64) -> Result<Option<Stored>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE r.id = $1")))
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(stored).transpose()
    }

    pub async fn find_report_by_slug(&self, slug: &str) -> Result<Option<Stored>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE r.slug = $1")))
            .bind(slug)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(stored).transpose()
    }

    /// By the item's key, else (a renamed file) by the bytes it had.
    pub async fn find_report_of_item(&self, source: &str, key: &str, fingerprint: &str) -> Result<Option<Stored>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE r.source = $1 AND (r.item_key = $2 OR r.fingerprint = $3) \
             ORDER BY CASE WHEN r.item_key = $2 THEN 0 ELSE 1 END, r.id LIMIT 1"
        )))
        .bind(source)
        .bind(key)
        .bind(fingerprint)
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(stored).transpose()
    }

    /// Reports with this link, or with this title and day, of whatever source, those with both first: another source may
    /// have it already. Withdrawn ones count too, so that none comes back by another way.
    pub async fn list_reports_like(&self, link_key: Option<&str>, event_key: Option<&str>) -> Result<Vec<Stored>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE r.link_key = $1 OR r.event_key = $2 \
             ORDER BY CASE WHEN r.link_key = $1 AND r.event_key = $2 THEN 0 WHEN r.link_key = $1 THEN 1 ELSE 2 END, \
             r.id LIMIT 50"
        )))
        .bind(link_key)
        .bind(event_key)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Reports of events that begin on a day.
    pub async fn list_reports_of_day(&self, day: NaiveDate) -> Result<Vec<Stored>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE r.event_key LIKE $1 AND r.withdrawn_at IS NULL ORDER BY r.id LIMIT 200"
        )))
        .bind(format!("{day} %"))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Reports whose translations have not been found yet, those first seen since.
    pub async fn list_unlinked_reports(&self, since: DateTime<Utc>) -> Result<Vec<Stored>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE r.work IS NULL AND r.first_seen_at > $1 ORDER BY r.id"
        )))
        .bind(since.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Two reports say the same in two languages, and so do all that are linked with either; or a report is alone.
    pub async fn link_reports(&self, one: &Stored, other: &Stored) -> Result<()> {
        sqlx::query("UPDATE report SET work = $1 WHERE COALESCE(work, id) IN ($2, $3)")
            .bind(one.work.min(other.work))
            .bind(one.work)
            .bind(other.work)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Public reports, newest by the date readers see, ties by order of first sight.
    pub async fn list_public_reports(&self) -> Result<Vec<Stored>> {
        let now = self.clock.now();
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE r.published_at IS NOT NULL AND r.withdrawn_at IS NULL AND r.held_at IS NULL \
             AND r.draft = 0 AND (r.publish_after IS NULL OR r.publish_after <= $1) \
             ORDER BY r.dated_at DESC, r.id DESC"
        )))
        .bind(now.timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Every report that was ever published, also those that are withdrawn or held since, in the order of first sight.
    pub async fn list_published_reports(&self) -> Result<Vec<Stored>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE r.published_at IS NOT NULL ORDER BY r.id"
        )))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// How many reports, or reports of one source, readers have seen.
    pub async fn count_published(&self, source: Option<&str>) -> Result<i64> {
        let row = sqlx::query("SELECT COUNT(*) FROM report WHERE published_at IS NOT NULL AND ($1 = 0 OR source = $2)")
            .bind(i64::from(source.is_some()))
            .bind(source.unwrap_or_default())
            .fetch_one(&self.read)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Every report in the order of first sight, newest first.
    pub async fn list_reports(&self) -> Result<Vec<Stored>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY r.id DESC")))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(stored).collect()
    }

    /// How many reports that may be mailed a source brought since then, held ones too. What its first collection found
    /// does not count: `backfill` has judged it.
    pub async fn count_newly_seen(&self, source: &str, since: DateTime<Utc>) -> Result<i64> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM report r JOIN source s ON s.name = r.source WHERE r.source = $1 \
             AND r.first_seen_at > $2 AND r.first_seen_at > s.first_collected_at \
             AND r.archived = 0 AND r.withdrawn_at IS NULL",
        )
        .bind(source)
        .bind(since.timestamp_millis())
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Stores a report and its first revision; a slug that is taken gets a number.
    pub async fn insert_report(&self, tx: &mut Tx, new: &NewReport<'_>) -> Result<i64> {
        let slug = free_slug(tx, new.slug).await?;
        let handling = &new.report.handling;
        let lists = handling
            .lists
            .as_ref()
            .map(|lists| to_json("lists", lists))
            .transpose()?;
        let id: i64 = sqlx::query(
            "INSERT INTO report (public_id, slug, source, item_key, revision, language, fingerprint, first_seen_at, \
             changed_at, dated_at, draft, publish_after, lists, held_at, held_why, archived, link_key, event_key, announcement) \
             VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id",
        )
        .bind(new.public_id)
        .bind(slug)
        .bind(new.source)
        .bind(new.item_key)
        .bind(new.report.language.as_deref())
        .bind(new.fingerprint)
        .bind(new.at.timestamp_millis())
        .bind(new.dated_at.map(|at| at.timestamp_millis()))
        .bind(i64::from(handling.draft))
        .bind(handling.publish_after.map(|at| at.timestamp_millis()))
        .bind(lists)
        .bind(new.held_why.map(|_| new.at.timestamp_millis()))
        .bind(new.held_why)
        .bind(i64::from(new.archived))
        .bind(new.report.url.as_deref().and_then(link_key))
        .bind(event_key(new.report))
        .bind(i64::from(new.report.is_announcement()))
        .fetch_one(&mut **tx)
        .await?
        .try_get(0)?;
        insert_revision(tx, id, 1, new.report, None, new.at).await?;
        Ok(id)
    }

    /// Stores a new revision of a known report. `updated` moves only if the editor marked it as a correction. The report
    /// of an event that was announced is published anew.
    pub async fn record_revision(
        &self,
        tx: &mut Tx,
        known: &Stored,
        fingerprint: &str,
        report: &Report,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let number = known.revision + 1;
        let lists = report
            .handling
            .lists
            .as_ref()
            .map(|lists| to_json("lists", lists))
            .transpose()?;
        // The same words left in the file are no second correction.
        let correction = report.handling.correction.as_deref();
        let correction = correction.filter(|_| report.handling.correction != known.report.handling.correction);
        let significant = correction.is_some();
        sqlx::query(
            "UPDATE report SET revision = $2, fingerprint = $3, language = $4, changed_at = $5, draft = $6, \
             publish_after = $7, lists = $8, updated_at = CASE WHEN $9 = 1 AND updated_at IS NOT NULL THEN $5 \
             ELSE updated_at END, work = CASE WHEN work = id THEN NULL ELSE work END, link_key = $10, event_key = $11, announcement = $12 WHERE id = $1",
        )
        .bind(known.id)
        .bind(number)
        .bind(fingerprint)
        .bind(report.language.as_deref())
        .bind(at.timestamp_millis())
        .bind(i64::from(report.handling.draft))
        .bind(report.handling.publish_after.map(|at| at.timestamp_millis()))
        .bind(lists)
        .bind(i64::from(significant))
        .bind(report.url.as_deref().and_then(link_key))
        .bind(event_key(report))
        .bind(i64::from(report.is_announcement()))
        .execute(&mut **tx)
        .await?;
        if known.report.is_announcement() && !report.is_announcement() {
            sqlx::query(
                "UPDATE report SET announced_at = published_at, published_at = $2, dated_at = $2, updated_at = $2, \
                 archived = 0 WHERE id = $1 AND published_at IS NOT NULL",
            )
            .bind(known.id)
            .bind(at.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        }
        insert_revision(tx, known.id, number, report, correction, at).await
    }

    /// The source that has the report of an announced event is the one to change it from now on. Its ids stay.
    pub async fn hand_over(&self, tx: &mut Tx, id: i64, source: &str, item_key: &str) -> Result<()> {
        sqlx::query("UPDATE report SET source = $2, item_key = $3 WHERE id = $1")
            .bind(id)
            .bind(source)
            .bind(item_key)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Publishes what has lain still for `settle` and may be seen. Returns how many became public.
    ///
    /// The date readers see is the source's own, if it was accepted at first sight, else the last change or the end of
    /// the embargo; it never moves again.
    pub async fn publish_settled(&self, source: &str, settle: chrono::TimeDelta, now: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE report SET published_at = $1, \
             dated_at = COALESCE(dated_at, CASE WHEN COALESCE(publish_after, 0) > changed_at THEN publish_after ELSE changed_at END), \
             updated_at = COALESCE(dated_at, CASE WHEN COALESCE(publish_after, 0) > changed_at THEN publish_after ELSE changed_at END) \
             WHERE source = $2 AND published_at IS NULL AND withdrawn_at IS NULL AND held_at IS NULL AND draft = 0 \
             AND (publish_after IS NULL OR publish_after <= $1) AND changed_at <= $3",
        )
        .bind(now.timestamp_millis())
        .bind(source)
        .bind((now - settle).timestamp_millis())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected())
    }

    /// Holds a report back from mail, feeds and pages. False: there is no such report, or it is withdrawn.
    pub async fn hold_report(&self, id: i64, why: &str, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query("UPDATE report SET held_at = $2, held_why = $3 WHERE id = $1 AND withdrawn_at IS NULL")
            .bind(id)
            .bind(now.timestamp_millis())
            .bind(why)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a hold; the report is then published as if it had been seen now. False: it was not held.
    pub async fn release_report(&self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE report SET held_at = NULL, held_why = NULL, \
             publish_after = CASE WHEN published_at IS NULL AND COALESCE(publish_after, 0) < $2 THEN $2 ELSE publish_after END \
             WHERE id = $1 AND held_at IS NOT NULL",
        )
        .bind(id)
        .bind(now.timestamp_millis())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes a report out of feeds, pages and what is to come, for good. False: no such report, or done before.
    pub async fn withdraw_report(&self, tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query("UPDATE report SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL")
            .bind(id)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Every file seen in a folder source.
    pub async fn list_origins(&self, source: &str) -> Result<Vec<Origin>> {
        let rows = sqlx::query(
            "SELECT path, size, modified_at, fingerprint, report_id, refused, gone_at FROM origin \
             WHERE source = $1 ORDER BY path",
        )
        .bind(source)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Origin {
                    path: row.try_get(0)?,
                    size: row.try_get(1)?,
                    modified_at: from_millis(row.try_get(2)?),
                    fingerprint: row.try_get(3)?,
                    report_id: row.try_get(4)?,
                    refused: row.try_get(5)?,
                    gone: row.try_get::<Option<i64>, _>(6)?.is_some(),
                })
            })
            .collect()
    }

    /// Remembers how a file was last seen.
    pub async fn record_origin(&self, tx: &mut Tx, source: &str, origin: &Origin, at: DateTime<Utc>) -> Result<()> {
        sqlx::query(
            "INSERT INTO origin (source, path, size, modified_at, fingerprint, report_id, refused, seen_at, gone_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (source, path) DO UPDATE SET size = $3, \
             modified_at = $4, fingerprint = $5, report_id = $6, refused = $7, seen_at = $8, gone_at = $9",
        )
        .bind(source)
        .bind(&origin.path)
        .bind(origin.size)
        .bind(origin.modified_at.timestamp_millis())
        .bind(&origin.fingerprint)
        .bind(origin.report_id)
        .bind(origin.refused.as_deref())
        .bind(at.timestamp_millis())
        .bind(origin.gone.then(|| at.timestamp_millis()))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

async fn insert_revision(
    tx: &mut Tx,
    report_id: i64,
    number: i64,
    report: &Report,
    correction: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO revision (report_id, number, content, created_at, correction) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(report_id)
    .bind(number)
    .bind(to_json("revision.content", report)?)
    .bind(at.timestamp_millis())
    .bind(correction)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// `wanted`, or `wanted-2`, `wanted-3` ... if that is taken.
async fn free_slug(tx: &mut Tx, wanted: &str) -> Result<String> {
    let rows = sqlx::query("SELECT slug FROM report WHERE slug = $1 OR slug LIKE $2")
        .bind(wanted)
        .bind(format!("{wanted}-%"))
        .fetch_all(&mut **tx)
        .await?;
    let taken = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<std::result::Result<Vec<String>, _>>()?;
    let numbered = (2i64..).map(|number| format!("{wanted}-{number}"));
    Ok(std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|slug| !taken.contains(slug))
        .unwrap_or_default())
}

pub(super) fn stored(row: &AnyRow) -> Result<Stored> {
    let instant =
        |column: &str| -> Result<Option<DateTime<Utc>>> { Ok(row.try_get::<Option<i64>, _>(column)?.map(from_millis)) };
    let lists: Option<String> = row.try_get("lists")?;
    let held: Option<i64> = row.try_get("held_at")?;
    let held_why: Option<String> = row.try_get("held_why")?;
    Ok(Stored {
        id: row.try_get("id")?,
        public_id: row.try_get("public_id")?,
        slug: row.try_get("slug")?,
        source: row.try_get("source")?,
        item_key: row.try_get("item_key")?,
        revision: row.try_get("revision")?,
        fingerprint: row.try_get("fingerprint")?,
        first_seen_at: from_millis(row.try_get("first_seen_at")?),
        changed_at: from_millis(row.try_get("changed_at")?),
        published_at: instant("published_at")?,
        dated_at: instant("dated_at")?,
        updated_at: instant("updated_at")?,
        draft: row.try_get::<i64, _>("draft")? == 1,
        publish_after: instant("publish_after")?,
        lists: lists.map(|lists| from_json("report.lists", &lists)).transpose()?,
        held_why: held.map(|_| held_why.unwrap_or_default()),
        withdrawn_at: instant("withdrawn_at")?,
        archived: row.try_get::<i64, _>("archived")? == 1,
        announced_at: instant("announced_at")?,
        work: row.try_get("work")?,
        report: from_json("revision.content", row.try_get::<&str, _>("content")?)?,
    })
}
