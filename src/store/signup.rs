//! Requests to join that nobody has confirmed yet, and the mails that such requests caused.
//!
//! In: what somebody typed, checked. Out: rows of `signup`, at most one waiting and one mailed for each address; on
//! confirming, `signup/joined.rs` makes a subscription of them. The surprising thing: taking a request looks at no
//! person, so that its answer and its time are the same for everybody (PRIV-05); who they are is asked later.

mod joined;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Result, Store, Tx, from_json, to_json};
use crate::clock::from_millis;

/// Requests that wait at most; more are asked to come later.
const MOST_WAITING: i64 = 10_000;
/// Of them, those from one network.
const MOST_OF_NETWORK: i64 = 100;
/// How long what limits count is kept.
const COUNTED: TimeDelta = TimeDelta::days(30);

/// A list that somebody asked for, and where they did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    pub list: String,
    pub cadence: Option<String>,
    pub topics: Vec<String>,
    /// In milliseconds.
    pub asked_at: i64,
    /// `page` or `api`.
    pub form: String,
    /// The words they read there: see [`Store::insert_signup`].
    pub wording: String,
    /// Of those words.
    pub language: String,
    /// Shortened; none: it is not kept.
    pub network: Option<String>,
}

/// Words that people agree to.
#[derive(Clone, Copy, Debug)]
pub struct Wording<'a> {
    /// Of language and text together.
    pub id: &'a str,
    pub language: &'a str,
    pub text: &'a str,
}

/// A request as it comes.
#[derive(Clone, Debug)]
pub struct NewSignup<'a> {
    pub address: &'a str,
    pub address_key: &'a str,
    pub name: Option<&'a str>,
    pub language: Option<&'a str>,
    pub wishes: Vec<Wish>,
    pub network_key: &'a str,
    pub wording: Wording<'a>,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Signup {
    pub id: i64,
    pub address: String,
    pub address_key: String,
    pub name: Option<String>,
    pub language: Option<String>,
    pub wishes: Vec<Wish>,
    pub network_key: String,
    pub requested_at: DateTime<Utc>,
    pub mailed_at: Option<DateTime<Utc>>,
    /// It had its turn before, and counts already; it waits for another day.
    pub is_counted: bool,
}

impl Signup {
    /// Whether it asks for the same, by the same name and in the same language.
    pub fn asks_as(&self, other: &Signup) -> bool {
        (&self.wishes, &self.name, &self.language) == (&other.wishes, &other.name, &other.language)
    }

    /// The language to speak with them in: theirs, else that of the form.
    pub fn spoken(&self) -> Option<&str> {
        let of_form = self.wishes.last().map(|wish| wish.language.as_str());
        self.language.as_deref().or(of_form)
    }
}

/// What a request counts for when it has its turn, each under a key of ours.
#[derive(Clone, Debug)]
pub struct Counted {
    pub domain_key: String,
    pub network_key: String,
}

/// Requests that were answered of late, by what limits them.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub overall: u32,
    pub by_domain: HashMap<String, u32>,
    pub by_network: HashMap<String, u32>,
}

const COLUMNS: &str = "SELECT id, address, address_key, name, language, wishes, network_key, requested_at, mailed_at, counted \
    FROM signup ";

impl Store {
    /// Takes a request down. False: too many wait, of this network or in all. A request of an address that already waits
    /// is added to that one, and counts anew.
    pub async fn insert_signup(&self, tx: &mut Tx, new: &NewSignup<'_>, now: DateTime<Utc>) -> Result<bool> {
        let row = sqlx::query(
            "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN network_key = $1 THEN 1 ELSE 0 END), 0) AS BIGINT) \
             FROM signup WHERE mailed_at IS NULL",
        )
        .bind(new.network_key)
        .fetch_one(&mut **tx)
        .await?;
        let (all, of_network): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if all >= MOST_WAITING || of_network >= MOST_OF_NETWORK {
            return Ok(false);
        }
        let Wording { id, language, text } = new.wording;
        sqlx::query(
            "INSERT INTO wording (id, language, text, first_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(language)
        .bind(text)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        let waiting = sqlx::query("SELECT wishes FROM signup WHERE address_key = $1 AND mailed_at IS NULL")
            .bind(new.address_key)
            .fetch_optional(&mut **tx)
            .await?;
        let before = match &waiting {
            Some(row) => from_json("signup.wishes", row.try_get::<&str, _>(0)?)?,
            None => Vec::new(),
        };
        sqlx::query(
            "INSERT INTO signup (address, address_key, name, language, wishes, network_key, requested_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (address_key) WHERE mailed_at IS NULL DO UPDATE SET \
             name = COALESCE(excluded.name, signup.name), language = COALESCE(excluded.language, signup.language), \
             wishes = excluded.wishes, network_key = excluded.network_key, counted = 0",
        )
        .bind(new.address)
        .bind(new.address_key)
        .bind(new.name)
        .bind(new.language)
        .bind(to_json("signup.wishes", &merged(before, &new.wishes))?)
        .bind(new.network_key)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        Ok(true)
    }

    /// Whether a request waits, or one could be reminded or purged: a look that writes nothing.
    pub async fn has_signups(&self) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM signup LIMIT 1")
            .fetch_optional(&self.read)
            .await?;
        Ok(row.is_some())
    }

    /// Requests that wait for their turn, the oldest first. One that cannot be read hides no other.
    pub async fn list_waiting_signups(&self, tx: &mut Tx) -> Result<Vec<Result<Signup>>> {
        let sql = format!("{COLUMNS} WHERE mailed_at IS NULL ORDER BY id LIMIT {MOST_WAITING}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut **tx).await?;
        Ok(rows.iter().map(signup).collect())
    }

    /// Requests that were mailed before `mailed_before`, and neither confirmed nor reminded since.
    pub async fn list_unreminded_signups(
        &self,
        tx: &mut Tx,
        mailed_before: DateTime<Utc>,
    ) -> Result<Vec<Result<Signup>>> {
        let sql = format!("{COLUMNS} WHERE mailed_at <= $1 AND reminded_at IS NULL ORDER BY id LIMIT {MOST_WAITING}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(mailed_before.timestamp_millis())
            .fetch_all(&mut **tx)
            .await?;
        Ok(rows.iter().map(signup).collect())
    }

    /// The request of an address that was mailed a link and is not confirmed.
    pub async fn find_mailed_signup(&self, tx: &mut Tx, address_key: &str) -> Result<Option<Signup>> {
        let sql = format!("{COLUMNS} WHERE address_key = $1 AND mailed_at IS NOT NULL");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(address_key)
            .fetch_optional(&mut **tx)
            .await?;
        row.as_ref().map(signup).transpose()
    }

    /// The request behind a link that was mailed after `mailed_after`; within a transaction, as it stands there.
    pub async fn find_signup(
        &self,
        tx: Option<&mut Tx>,
        (id, requested_at): (i64, i64),
        mailed_after: DateTime<Utc>,
    ) -> Result<Option<Signup>> {
        let sql = format!("{COLUMNS} WHERE id = $1 AND requested_at = $2 AND mailed_at > $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(requested_at)
            .bind(mailed_after.timestamp_millis());
        let row = match tx {
            Some(tx) => query.fetch_optional(&mut **tx).await?,
            None => query.fetch_optional(&self.read).await?,
        };
        row.as_ref().map(signup).transpose()
    }

    /// The link of a request was mailed: its time runs from now, and it is for these wishes.
    pub async fn mark_signup_mailed(&self, tx: &mut Tx, signup: &Signup, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("UPDATE signup SET mailed_at = $2, wishes = $3 WHERE id = $1")
            .bind(signup.id)
            .bind(now.timestamp_millis())
            .bind(to_json("signup.wishes", &signup.wishes)?)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// It had its turn, and waits for another day without counting twice.
    pub async fn mark_signup_counted(&self, tx: &mut Tx, id: i64) -> Result<()> {
        sqlx::query("UPDATE signup SET counted = 1 WHERE id = $1")
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    pub async fn mark_signup_reminded(&self, tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("UPDATE signup SET reminded_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Adds what a later request of the same address asks for to the one whose link is out. The later word counts.
    pub async fn merge_signup(&self, tx: &mut Tx, mailed: &Signup, later: &Signup) -> Result<()> {
        self.delete_signup(tx, later).await?;
        sqlx::query(
            "UPDATE signup SET name = COALESCE($2, name), language = COALESCE($3, language), wishes = $4 WHERE id = $1",
        )
        .bind(mailed.id)
        .bind(later.name.as_deref())
        .bind(later.language.as_deref())
        .bind(to_json("signup.wishes", &merged(mailed.wishes.clone(), &later.wishes))?)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Forgets a request, and no later one that has its number. False: it was gone already, by another who confirmed it at
    /// the same moment.
    pub async fn delete_signup(&self, tx: &mut Tx, signup: &Signup) -> Result<bool> {
        let done = sqlx::query("DELETE FROM signup WHERE id = $1 AND requested_at = $2")
            .bind(signup.id)
            .bind(signup.requested_at.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Counts a request that had its turn against the limits of its network, its domain and the hour.
    pub async fn record_answer(&self, tx: &mut Tx, counted: &Counted, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("INSERT INTO confirmation (domain_key, network_key, at) VALUES ($1, $2, $3)")
            .bind(&counted.domain_key)
            .bind(&counted.network_key)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Counts a mail against the limits of its address.
    pub async fn record_mail(&self, tx: &mut Tx, address_key: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("INSERT INTO confirmation (address_key, at) VALUES ($1, $2)")
            .bind(address_key)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// When mails went to an address of late, the newest first.
    pub async fn list_mails(&self, tx: &mut Tx, address_key: &str) -> Result<Vec<DateTime<Utc>>> {
        let rows = sqlx::query("SELECT at FROM confirmation WHERE address_key = $1 ORDER BY at DESC LIMIT 10")
            .bind(address_key)
            .fetch_all(&mut **tx)
            .await?;
        rows.iter().map(|row| Ok(from_millis(row.try_get(0)?))).collect()
    }

    /// How many requests were answered where since then.
    pub async fn count_answers(&self, tx: &mut Tx, since: DateTime<Utc>) -> Result<Sent> {
        let rows = sqlx::query(
            "SELECT domain_key, network_key, CAST(COUNT(*) AS BIGINT) FROM confirmation \
             WHERE at > $1 AND domain_key IS NOT NULL GROUP BY domain_key, network_key",
        )
        .bind(since.timestamp_millis())
        .fetch_all(&mut **tx)
        .await?;
        let mut sent = Sent::default();
        for row in rows {
            let mails = u32::try_from(row.try_get::<i64, _>(2)?).unwrap_or(u32::MAX);
            sent.count(row.try_get(0)?, row.try_get(1)?, mails);
        }
        Ok(sent)
    }

    /// Requests that were answered since then, and those that wait for it.
    pub async fn count_signups(&self, since: DateTime<Utc>) -> Result<u32> {
        let row = sqlx::query(
            "SELECT (SELECT CAST(COUNT(*) AS BIGINT) FROM confirmation WHERE at > $1 AND domain_key IS NOT NULL) \
             + (SELECT CAST(COUNT(*) AS BIGINT) FROM signup WHERE mailed_at IS NULL AND counted = 0)",
        )
        .bind(since.timestamp_millis())
        .fetch_one(&self.read)
        .await?;
        Ok(u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u32::MAX))
    }

    /// Forgets requests that came before `waiting_until` and never had their turn, those whose link was mailed before
    /// `mailed_until`, the mails that such requests caused, and networks in consents older than `networks_until`.
    pub async fn purge_signups(
        &self,
        tx: &mut Tx,
        waiting_until: DateTime<Utc>,
        mailed_until: DateTime<Utc>,
        networks_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut gone = 0;
        for (sql, until) in [
            (
                "DELETE FROM signup WHERE mailed_at IS NULL AND requested_at <= $1",
                waiting_until,
            ),
            ("DELETE FROM signup WHERE mailed_at <= $1", mailed_until),
            (
                "DELETE FROM outgoing WHERE kind IN ('confirm', 'known', 'welcome') AND edition_id IS NULL \
                 AND state IN ('sent', 'failed', 'skipped') AND answered_at <= $1",
                mailed_until,
            ),
            ("DELETE FROM confirmation WHERE at <= $1", now - COUNTED),
            (
                "UPDATE consent SET network = NULL WHERE network IS NOT NULL AND at <= $1",
                networks_until,
            ),
        ] {
            let done = sqlx::query(sql)
                .bind(until.timestamp_millis())
                .execute(&mut **tx)
                .await?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }
}

impl Sent {
    pub fn count(&mut self, domain: String, network: String, mails: u32) {
        self.overall += mails;
        *self.by_domain.entry(domain).or_default() += mails;
        *self.by_network.entry(network).or_default() += mails;
    }
}

/// One wish for each list, the later one.
fn merged(before: Vec<Wish>, later: &[Wish]) -> Vec<Wish> {
    let is_kept = |wish: &Wish| !later.iter().any(|other| other.list == wish.list);
    before
        .into_iter()
        .filter(is_kept)
        .chain(later.iter().cloned())
        .collect()
}

fn signup(row: &AnyRow) -> Result<Signup> {
    Ok(Signup {
        id: row.try_get("id")?,
        address: row.try_get("address")?,
        address_key: row.try_get("address_key")?,
        name: row.try_get("name")?,
        language: row.try_get("language")?,
        wishes: from_json("signup.wishes", row.try_get::<&str, _>("wishes")?)?,
        network_key: row.try_get("network_key")?,
        requested_at: from_millis(row.try_get("requested_at")?),
        mailed_at: row.try_get::<Option<i64>, _>("mailed_at")?.map(from_millis),
        is_counted: row.try_get::<i64, _>("counted")? == 1,
    })
}
