//! Coming onto a list: one person or many at once, by statements of many rows, for a statement costs far more than a row.
//!
//! In: a [`Joining`] for each. Out: rows of `subscriber`, `subscription` and `consent`. The surprising thing: nulls go in
//! as empty texts and come out by `NULLIF`, so that the parameters of a row have the same types in every statement.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{AnyConnection, Row};

use super::super::{Kind, Result, Store, Tx, to_json};
use super::BY_FILE;
use crate::clock::from_millis;

/// How many rows a statement has. Any number is made of few of these, so that few statements are prepared.
const ROWS: [usize; 4] = [500, 50, 5, 1];
/// The lock of whatever brings somebody onto a list, keeps them away or forgets them. An import holds it until its end:
/// in between, it would not see who is kept away.
pub const PEOPLE: &str = "people";
/// Kilobytes of SQLite's pages that an import keeps; it meets people in any order.
const CACHE: &str = "PRAGMA cache_size = -32000";

/// How somebody comes onto a list.
#[derive(Clone, Debug)]
pub struct Joining<'a> {
    pub list: &'a str,
    pub address: &'a str,
    pub address_key: &'a str,
    pub name: Option<&'a str>,
    pub language: Option<&'a str>,
    pub cadence: Option<&'a str>,
    pub topics: &'a [String],
    pub cells: Option<&'a str>,
    /// `file`, `import` or `command line`: also in the consent record.
    pub how: &'a str,
    pub basis: Option<&'a str>,
}

/// A person the store knows, as they stand towards one list.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub address_key: String,
    /// Of the person: `active`, `suspended`, `suppressed`.
    pub person: String,
    /// Of their subscription; none: they never were on the list.
    pub subscription: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Begins work on many people, alone with [`PEOPLE`].
    pub async fn begin_import(&self) -> Result<Tx> {
        let mut tx = self.begin_alone(PEOPLE).await?;
        if self.kind() == Kind::Sqlite {
            sqlx::query(CACHE).execute(&mut *tx).await?;
        }
        Ok(tx)
    }

    /// Puts a person on a list: a new subscription, or one that had ended as `removed`.
    ///
    /// Reports first seen later are new to the person. Who is there before the list's first edition has not missed
    /// one, so that to them everything is new.
    pub async fn subscribe(&self, tx: &mut Tx, joining: &Joining<'_>, now: DateTime<Utc>) -> Result<()> {
        self.subscribe_all(tx, std::slice::from_ref(joining), now).await
    }

    /// The same for many people who come onto one list in one way; nobody may be among them twice.
    pub async fn subscribe_all(&self, tx: &mut Tx, joining: &[Joining<'_>], now: DateTime<Utc>) -> Result<()> {
        for chunk in chunks(joining) {
            subscribe_chunk(self.kind, tx, chunk, now).await?;
        }
        Ok(())
    }

    /// Those of many people, by the keys of their addresses, whom the store knows; in any order.
    pub async fn find_standings(&self, tx: Option<&mut Tx>, list: &str, keys: &[String]) -> Result<Vec<Standing>> {
        match tx {
            Some(tx) => find_standings(self.kind, tx, list, keys).await,
            None => find_standings(self.kind, &mut *self.read.acquire().await?, list, keys).await,
        }
    }
}

async fn subscribe_chunk(kind: Kind, tx: &mut Tx, joining: &[Joining<'_>], now: DateTime<Utc>) -> Result<()> {
    let Some(first) = joining.first() else { return Ok(()) };
    let millis = now.timestamp_millis();
    let rows = vec!["(?, ?, ?, ?)"; joining.len()].join(", ");
    let sql = format!(
        "WITH given (at) AS (VALUES (?)), joining (address, address_key, name, language) AS (VALUES {rows}) \
         INSERT INTO subscriber (address, address_key, name, language, state, created_at) \
         SELECT j.address, j.address_key, NULLIF(j.name, ''), NULLIF(j.language, ''), 'active', g.at \
         FROM given g CROSS JOIN joining j WHERE 1 = 1 \
         ON CONFLICT (address_key) DO UPDATE SET name = COALESCE(subscriber.name, excluded.name), \
         language = COALESCE(subscriber.language, excluded.language)"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(placed(kind, sql))).bind(millis);
    for person in joining {
        query = query
            .bind(person.address)
            .bind(person.address_key)
            .bind(person.name.unwrap_or_default())
            .bind(person.language.unwrap_or_default());
    }
    query.execute(&mut **tx).await?;

    // SQLite takes CROSS JOIN for an order: the few rows first, each of which finds its person by index. `WHERE`, here and
    // above, keeps it from taking ON for the join's.
    let sql = format!(
        "WITH given (list, by_file, at) AS (VALUES (?, ?, ?)), \
         joining (address_key, cadence, topics, cells) AS (VALUES {rows}) \
         INSERT INTO subscription (list, subscriber_id, state, cadence, topics, by_file, cells, since_report, started_at) \
         SELECT g.list, p.id, 'active', NULLIF(j.cadence, ''), j.topics, g.by_file, NULLIF(j.cells, ''), \
         CASE WHEN EXISTS (SELECT 1 FROM list l WHERE l.name = g.list AND l.last_number > 0) \
         THEN (SELECT COALESCE(MAX(id), 0) FROM report) ELSE 0 END, g.at \
         FROM given g CROSS JOIN joining j CROSS JOIN subscriber p WHERE p.address_key = j.address_key ORDER BY p.id \
         ON CONFLICT (list, subscriber_id) DO UPDATE SET state = 'active', cadence = excluded.cadence, \
         topics = excluded.topics, by_file = excluded.by_file, cells = excluded.cells, \
         since_report = (SELECT COALESCE(MAX(id), 0) FROM report), started_at = excluded.started_at, ended_at = NULL, \
         owed_since = NULL WHERE subscription.state <> 'left'"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(placed(kind, sql)))
        .bind(first.list)
        .bind(i64::from(first.how == BY_FILE))
        .bind(millis);
    for person in joining {
        query = query
            .bind(person.address_key)
            .bind(person.cadence.unwrap_or_default())
            .bind(to_json("topics", &person.topics)?)
            .bind(person.cells.unwrap_or_default());
    }
    query.execute(&mut **tx).await?;

    let sql = format!(
        "WITH given (list, how, basis, at) AS (VALUES (?, ?, ?, ?)) \
         INSERT INTO consent (subscriber_id, list, what, how, basis, at) \
         SELECT p.id, g.list, 'subscribed', g.how, NULLIF(g.basis, ''), g.at \
         FROM given g CROSS JOIN subscriber p WHERE p.address_key IN ({}) ORDER BY p.id",
        places(joining.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(placed(kind, sql)))
        .bind(first.list)
        .bind(first.how)
        .bind(first.basis.unwrap_or_default())
        .bind(millis);
    for person in joining {
        query = query.bind(person.address_key);
    }
    query.execute(&mut **tx).await?;
    Ok(())
}

async fn find_standings(
    kind: Kind,
    connection: &mut AnyConnection,
    list: &str,
    keys: &[String],
) -> Result<Vec<Standing>> {
    let mut found = Vec::new();
    for keys in chunks(keys) {
        let sql = format!(
            "WITH given (list) AS (VALUES (?)) SELECT p.address_key, p.state, s.state, s.ended_at \
             FROM given g CROSS JOIN subscriber p LEFT JOIN subscription s ON s.subscriber_id = p.id AND s.list = g.list \
             WHERE p.address_key IN ({})",
            places(keys.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(placed(kind, sql))).bind(list);
        for key in keys {
            query = query.bind(key);
        }
        let mut rows = query.fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            found.push(Standing {
                address_key: row.try_get(0)?,
                person: row.try_get(1)?,
                subscription: row.try_get(2)?,
                ended_at: row.try_get::<Option<i64>, _>(3)?.map(from_millis),
            });
        }
    }
    Ok(found)
}

/// Pieces of as many rows as there are statements for.
pub(in crate::store) fn chunks<T>(mut all: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = ROWS.into_iter().find(|size| *size <= all.len())?;
        let (chunk, rest) = all.split_at(size);
        all = rest;
        Some(chunk)
    })
}

/// Places for so many values.
pub(in crate::store) fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// A statement as its database writes places: `?` in SQLite, which would look up the names of two thousand `$1` for as
/// long as for all the rest, and `$1` in PostgreSQL, which knows nothing else.
pub(in crate::store) fn placed(kind: Kind, sql: String) -> String {
    if kind == Kind::Sqlite {
        return sql;
    }
    let mut numbered = String::with_capacity(sql.len() * 2);
    for (number, piece) in sql.split('?').enumerate() {
        if number > 0 {
            numbered.push_str(&format!("${number}"));
        }
        numbered.push_str(piece);
    }
    numbered
}
