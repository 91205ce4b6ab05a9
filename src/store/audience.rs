//! The readers of a list, told apart only as far as an edition tells them apart.
//!
//! In: an [`Audience`], which is a list, a cadence and what an edition may carry. Out: groups of people who get the same,
//! the few who have to be looked at one by one, and their rows in `outgoing`. The surprising part: a million people
//! never come into this program; the database groups them, and enters them by one statement.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::ledger::COUNTS_AS_HAD;
use super::outgoing::places;
use super::{Kind, Result, Store, Tx, from_json};
use crate::clock::from_millis;
use crate::edition::{Candidate, Had, Matter, Reader, Skip};

/// Rows of one INSERT of many.
const ROWS: usize = 500;
/// Pauses end at a whole hour.
const HOUR: i64 = 3_600_000;

/// Whose cadence an edition follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Reads {
    Everyone,
    /// People who chose this one.
    Chosen(String),
    /// People who chose none of these: the list's default is theirs.
    NoneOf(Vec<String>),
}

/// Whom an edition concerns, and what tells them apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Audience {
    list: String,
    reads: Reads,
    /// The first and the last report it may carry: who joined before the first, or after the last, is alike in that.
    reports: (i64, i64),
    /// The same for when somebody joined, where that counts: it does for reports of announced events.
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Some of it is only for people who are owed it.
    owes: bool,
    past: Past,
    /// In milliseconds, a whole hour: whoever wants nothing before a later one is not concerned.
    hour: i64,
}

/// What went out before of what an edition may carry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    editions: BTreeSet<i64>,
    /// By variant.
    brought: HashMap<i64, Vec<Had>>,
}

/// People who are alike in everything that decides what they get.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub reader: Reader,
    /// Their topics as they stand in the database.
    topics: String,
    pub people: u64,
}

/// A row of `outgoing` whose reader has to be looked at.
#[derive(Clone, Debug)]
pub struct Undecided {
    pub id: i64,
    pub reader: Reader,
}

impl Audience {
    pub fn new(list: &str, reads: Reads, candidates: &[Candidate], past: Past, now: DateTime<Utc>) -> Audience {
        let reports = candidates.iter().map(|candidate| candidate.item.report_id);
        let announced = candidates.iter().filter(|candidate| candidate.was_announced);
        let times: BTreeSet<DateTime<Utc>> = announced.map(|candidate| candidate.published_at).collect();
        Audience {
            list: list.to_owned(),
            reads,
            reports: (reports.clone().min().unwrap_or(0), reports.max().unwrap_or(0)),
            times: times.first().copied().zip(times.last().copied()),
            owes: candidates.iter().any(|candidate| candidate.owed),
            past,
            hour: now.timestamp_millis() / HOUR * HOUR,
        }
    }

    /// Whom it concerns; `s` is the subscription and `p` the person, here and below. The list is `$1`, and the words of
    /// cadences come last, from `first` on.
    fn concerned(&self, first: usize) -> String {
        let reads = match &self.reads {
            Reads::Everyone => String::new(),
            Reads::Chosen(_) => format!(" AND s.cadence = ${first}"),
            Reads::NoneOf(words) if words.is_empty() => String::new(),
            Reads::NoneOf(words) => {
                format!(" AND COALESCE(s.cadence, '') NOT IN ({})", places(first, words.len()))
            }
        };
        format!(
            "s.list = $1 AND s.state = 'active' AND p.state = 'active' \
             AND (s.paused_until IS NULL OR s.paused_until <= {}){reads}",
            self.hour
        )
    }

    fn words(&self) -> &[String] {
        match &self.reads {
            Reads::Everyone => &[],
            Reads::Chosen(word) => std::slice::from_ref(word),
            Reads::NoneOf(words) => words,
        }
    }

    /// The place of somebody's first new report among those the edition may carry.
    fn since_report(&self) -> String {
        let (first, last) = self.reports;
        format!(
            "CASE WHEN s.since_report < {first} THEN 0 WHEN s.since_report >= {last} THEN {last} ELSE s.since_report END"
        )
    }

    fn started_at(&self) -> String {
        let Some((first, last)) = self.times else {
            return "CAST(0 AS BIGINT)".into();
        };
        let (first, last) = (first.timestamp_millis(), last.timestamp_millis());
        format!("CASE WHEN s.started_at < {first} THEN 0 WHEN s.started_at >= {last} THEN {last} ELSE s.started_at END")
    }

    /// Who is owed something, or had some of it before, has to be looked at alone. Conditions, to be joined by OR.
    fn apart(&self) -> Vec<String> {
        let mut apart = Vec::new();
        if self.owes {
            apart.push("s.owed_since IS NOT NULL".to_owned());
        }
        if !self.past.brought.is_empty() {
            apart.push(format!(
                "s.subscriber_id IN (SELECT h.subscriber_id FROM outgoing h WHERE h.edition_id IN ({}) \
                 AND h.subscriber_id IS NOT NULL AND h.state IN {COUNTS_AS_HAD} AND h.variant_id IN ({}))",
                numbers(&self.past.editions),
                numbers(self.past.brought.keys()),
            ));
        }
        apart
    }

    fn alike(&self) -> String {
        match self.apart() {
            apart if apart.is_empty() => String::new(),
            apart => format!(" AND NOT ({})", apart.join(" OR ")),
        }
    }
}

/// What a row says of one reader: `language, topics, since_report, started_at, owed_since`.
fn reader(row: &AnyRow) -> Result<Reader> {
    let owed_since: Option<i64> = row.try_get("owed_since")?;
    let language: Option<String> = row.try_get("language")?;
    Ok(Reader {
        language: language.filter(|language| !language.is_empty()),
        topics: from_json("subscription.topics", row.try_get::<&str, _>("topics")?)?,
        since_report: row.try_get("since_report")?,
        started_at: from_millis(row.try_get("started_at")?),
        owed_since: owed_since.map(from_millis),
        had: Vec::new(),
    })
}

const ONE: &str = "p.language, s.topics, s.since_report, s.started_at, s.owed_since";

impl Store {
    /// How many people of a list may be mailed: an active subscription of an active person.
    pub async fn count_active_people(&self, list: &str) -> Result<u64> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id \
             WHERE s.list = $1 AND s.state = 'active' AND p.state = 'active'",
        )
        .bind(list)
        .fetch_one(&self.read)
        .await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
    }

    /// Whether anybody who may be mailed reads the list so.
    pub async fn is_read(&self, list: &str, reads: Reads) -> Result<bool> {
        let audience = Audience::new(list, reads, &[], Past::default(), self.now().await?);
        let sql = format!(
            "SELECT 1 FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id WHERE {} LIMIT 1",
            audience.concerned(2)
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(list);
        Ok(bind_all(query, audience.words())
            .fetch_optional(&self.read)
            .await?
            .is_some())
    }

    /// Whether anybody on the list is owed what they missed.
    pub async fn is_owed(&self, list: &str) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM subscription WHERE list = $1 AND owed_since IS NOT NULL LIMIT 1")
            .bind(list)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.is_some())
    }

    /// What went out so far of these reports, in whatever language and on whatever list.
    pub async fn find_past(&self, works: &BTreeSet<i64>) -> Result<Past> {
        let mut past = Past::default();
        if works.is_empty() {
            return Ok(past);
        }
        let sql = format!(
            "SELECT i.variant_id, v.edition_id, i.report_id, i.revision, i.matter, COALESCE(r.work, r.id) \
             FROM variant_item i JOIN variant v ON v.id = i.variant_id JOIN report r ON r.id = i.report_id \
             WHERE i.report_id IN (SELECT id FROM report WHERE COALESCE(work, id) IN ({}))",
            numbers(works)
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&self.read);
        while let Some(row) = rows.try_next().await? {
            let Ok(matter) = row.try_get::<&str, _>(4)?.parse::<Matter>() else {
                continue;
            };
            past.editions.insert(row.try_get(1)?);
            past.brought.entry(row.try_get(0)?).or_default().push(Had {
                report_id: row.try_get(2)?,
                work: row.try_get(5)?,
                revision: row.try_get(3)?,
                matter,
            });
        }
        Ok(past)
    }

    /// All people who need not be looked at one by one, in an order that is the same each time.
    pub async fn group_readers(&self, audience: &Audience) -> Result<Vec<Group>> {
        let sql = format!(
            "SELECT COALESCE(p.language, '') AS language, s.topics, {} AS since_report, {} AS started_at, \
             CAST(NULL AS BIGINT) AS owed_since, COUNT(*) AS people \
             FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id WHERE {}{} \
             GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            audience.since_report(),
            audience.started_at(),
            audience.concerned(2),
            audience.alike(),
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(&audience.list);
        let rows = bind_all(query, audience.words()).fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                Ok(Group {
                    reader: reader(row)?,
                    topics: row.try_get("topics")?,
                    people: u64::try_from(row.try_get::<i64, _>("people")?).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// The others, by the number of the person, without what they have had: see [`Store::add_had`].
    pub fn list_readers_apart<'a>(&'a self, audience: &'a Audience) -> BoxStream<'a, Result<(i64, Reader)>> {
        let apart = audience.apart();
        if apart.is_empty() {
            return futures_util::stream::empty().boxed();
        }
        let sql = format!(
            "SELECT s.subscriber_id, {ONE} FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id \
             WHERE {} AND ({}) ORDER BY s.subscriber_id",
            audience.concerned(2),
            apart.join(" OR "),
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(&audience.list);
        bind_all(query, audience.words())
            .fetch(&self.read)
            .map(|row| {
                let row = row?;
                Ok((row.try_get("subscriber_id")?, reader(&row)?))
            })
            .boxed()
    }

    /// One person as a reader, if the edition concerns them; what they have had too.
    pub async fn find_reader(&self, audience: &Audience, subscriber_id: i64) -> Result<Option<Reader>> {
        let sql = format!(
            "SELECT {ONE} FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id WHERE {} AND p.id = $2",
            audience.concerned(3)
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(&audience.list).bind(subscriber_id);
        let row = bind_all(query, audience.words()).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let mut found = [(subscriber_id, reader(&row)?)];
        self.add_had(audience, &mut found).await?;
        let [(_, reader)] = found;
        Ok(Some(reader))
    }

    /// Adds what these people have had of what the edition may carry. They have to be neighbours by number.
    pub async fn add_had(&self, audience: &Audience, readers: &mut [(i64, Reader)]) -> Result<()> {
        let ids = readers.iter().map(|(id, _)| *id);
        let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else {
            return Ok(());
        };
        if audience.past.brought.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT subscriber_id, variant_id FROM outgoing WHERE edition_id IN ({}) AND subscriber_id BETWEEN $1 AND $2 \
             AND state IN {COUNTS_AS_HAD} AND variant_id IN ({})",
            numbers(&audience.past.editions),
            numbers(audience.past.brought.keys()),
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(first)
            .bind(last)
            .fetch_all(&self.read)
            .await?;
        let mut places: HashMap<i64, &mut Reader> = readers.iter_mut().map(|(id, reader)| (*id, reader)).collect();
        for row in rows {
            let brought = audience.past.brought.get(&row.try_get(1)?);
            if let (Some(reader), Some(had)) = (places.get_mut(&row.try_get(0)?), brought) {
                reader.had.extend_from_slice(had);
            }
        }
        Ok(())
    }

    /// Enters everyone the edition concerns: groups with their variant or the reason why they get none. Who is in no
    /// group, or has changed since the groups were made, has to be decided before the transaction ends: see
    /// [`Store::list_undecided`].
    pub async fn insert_deliveries(
        &self,
        tx: &mut Tx,
        edition_id: i64,
        relay: &str,
        next_at: DateTime<Utc>,
        audience: &Audience,
        decided: &[(&Group, std::result::Result<i64, Skip>)],
    ) -> Result<()> {
        // Of this connection alone, so that it may be left over from the edition before.
        sqlx::query(
            "CREATE TEMP TABLE IF NOT EXISTS assignment (language TEXT NOT NULL, topics TEXT NOT NULL, \
             since_report BIGINT NOT NULL, started_at BIGINT NOT NULL, variant_id BIGINT, reason TEXT)",
        )
        .execute(&mut **tx)
        .await?;
        sqlx::query("DELETE FROM assignment").execute(&mut **tx).await?;
        // PostgreSQL joins by hash, and its indexes take no long text.
        if self.kind == Kind::Sqlite {
            sqlx::query(
                "CREATE INDEX IF NOT EXISTS assignment_key ON assignment (topics, language, since_report, started_at)",
            )
            .execute(&mut **tx)
            .await?;
        }
        for decided in decided.chunks(ROWS) {
            let values: Vec<String> = (0..decided.len())
                .map(|row| {
                    let places: Vec<String> = (1..=6).map(|column| format!("${}", row * 6 + column)).collect();
                    format!("({})", places.join(", "))
                })
                .collect();
            let sql = format!("INSERT INTO assignment VALUES {}", values.join(", "));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (group, variant) in decided {
                let reader = &group.reader;
                query = query
                    .bind(reader.language.as_deref().unwrap_or_default())
                    .bind(&group.topics)
                    .bind(reader.since_report)
                    .bind(reader.started_at.timestamp_millis())
                    .bind(variant.ok())
                    .bind(variant.err().map(Skip::as_str));
            }
            query.execute(&mut **tx).await?;
        }
        let sql = format!(
            "INSERT INTO outgoing (kind, priority, relay, edition_id, next_at, subscriber_id, variant_id, state, reason) \
             SELECT 'digest', 5, $2, $3, $4, s.subscriber_id, a.variant_id, \
             CASE WHEN a.topics IS NULL THEN 'claimed' WHEN a.variant_id IS NULL THEN 'skipped' ELSE 'pending' END, a.reason \
             FROM subscription s JOIN subscriber p ON p.id = s.subscriber_id LEFT JOIN assignment a \
             ON a.language = COALESCE(p.language, '') AND a.topics = s.topics AND a.since_report = {} \
             AND a.started_at = {}{} \
             WHERE {} ORDER BY s.subscriber_id",
            audience.since_report(),
            audience.started_at(),
            audience.alike(),
            audience.concerned(5),
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(&audience.list)
            .bind(relay)
            .bind(edition_id)
            .bind(next_at.timestamp_millis());
        bind_all(query, audience.words()).execute(&mut **tx).await?;
        Ok(())
    }

    /// Some of the rows that [`Store::insert_deliveries`] left open; nobody else sees them in that state, `claimed`.
    pub async fn list_undecided(
        &self,
        tx: &mut Tx,
        edition_id: i64,
        audience: &Audience,
        most: i64,
    ) -> Result<Vec<Undecided>> {
        // Both conditions on the state, for the index of open rows is found by the first; and the plus, lest the database
        // walks through the whole edition by its key.
        let sql = format!(
            "SELECT o.id, o.subscriber_id, {ONE} FROM outgoing o JOIN subscriber p ON p.id = o.subscriber_id \
             JOIN subscription s ON s.list = $1 AND s.subscriber_id = o.subscriber_id \
             WHERE o.state IN ('claimed', 'handoff', 'in-doubt') AND o.state = 'claimed' AND +o.edition_id = $2 \
             ORDER BY o.id LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(&audience.list)
            .bind(edition_id)
            .bind(most)
            .fetch_all(&mut **tx)
            .await?;
        let (mut ids, mut readers) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in &rows {
            ids.push(row.try_get::<i64, _>("id")?);
            readers.push((row.try_get("subscriber_id")?, reader(row)?));
        }
        self.add_had(audience, &mut readers).await?;
        let undecided = |(id, (_, reader))| Undecided { id, reader };
        Ok(ids.into_iter().zip(readers).map(undecided).collect())
    }

    /// Decides rows that were left open: a variant, or why they get none.
    pub async fn decide_deliveries(
        &self,
        tx: &mut Tx,
        ids: &[i64],
        variant: std::result::Result<i64, Skip>,
    ) -> Result<()> {
        let sql = format!(
            "UPDATE outgoing SET state = $1, variant_id = $2, reason = $3 WHERE id IN ({})",
            numbers(ids)
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(if variant.is_ok() { "pending" } else { "skipped" })
            .bind(variant.ok())
            .bind(variant.err().map(Skip::as_str))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Whether anybody gets a mail of an edition that is being sealed.
    pub async fn has_pending(&self, tx: &mut Tx, edition_id: i64) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM outgoing WHERE edition_id = $1 AND state = 'pending' LIMIT 1")
            .bind(edition_id)
            .fetch_optional(&mut **tx)
            .await?;
        Ok(row.is_some())
    }

    /// How many people get a mail of an edition that is being sealed.
    pub async fn count_pending(&self, tx: &mut Tx, edition_id: i64) -> Result<u64> {
        let row = sqlx::query("SELECT COUNT(*) FROM outgoing WHERE edition_id = $1 AND state = 'pending'")
            .bind(edition_id)
            .fetch_one(&mut **tx)
            .await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn bind_all<'q>(query: Query<'q>, words: &'q [String]) -> Query<'q> {
    words.iter().fold(query, |query, word| query.bind(word))
}

/// `1, 2, 3`, as text of SQL: numbers need no care.
fn numbers<'a>(numbers: impl IntoIterator<Item = &'a i64>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(i64::to_string).collect();
    numbers.join(", ")
}
