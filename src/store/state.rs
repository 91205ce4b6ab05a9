//! The state of the house: sources, lists and cadences as last configured, pauses, decisions, facts of the database.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::alert::{self, Trouble};
use super::{Result, Store, Tx, from_json, to_json, unpark};
use crate::clock::from_millis;
use crate::source::poll::Polling;

/// What stands still, by whom and why.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Pause {
    /// `everything`, `list NAME`, `relay NAME`, `domain NAME` or `signup`.
    pub scope: String,
    pub who: String,
    pub why: Option<String>,
    pub since: DateTime<Utc>,
    /// Ends by itself then; none: a person resumes it.
    pub until: Option<DateTime<Utc>>,
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Decision {
    pub subject: String,
    pub what: String,
    pub who: String,
    pub note: Option<String>,
    pub at: DateTime<Utc>,
}

/// What is known of a source beside its configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceState {
    pub first_collected_at: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    /// Sources on the web: when and where they are asked next.
    pub polling: Polling,
    /// The same as it is stored: whoever begins a poll shows it.
    pub stored_polling: Option<String>,
}

/// A cadence's row.
#[derive(Clone, Debug, PartialEq)]
pub struct CadenceState {
    pub decided_until: DateTime<Utc>,
    /// Cron and zone as last seen.
    pub rule: String,
    /// The sources the list took from, JSON.
    pub matching: String,
    /// It was not in the configuration when that was last read.
    pub retired: bool,
}

impl Store {
    pub async fn find_fact(&self, key: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT value FROM meta WHERE key = $1")
            .bind(key)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Writes a fact unless it is known already; returns what now holds.
    pub async fn settle_fact(&self, key: &str, value: &str) -> Result<String> {
        sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
            .bind(key)
            .bind(value)
            .execute(&self.write)
            .await?;
        Ok(sqlx::query("SELECT value FROM meta WHERE key = $1")
            .bind(key)
            .fetch_one(&self.write)
            .await?
            .try_get(0)?)
    }

    pub async fn record_fact(&self, key: &str, value: &str) -> Result<()> {
        sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2")
            .bind(key)
            .bind(value)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Counts that the house was opened. Returns the count, this opening included.
    pub async fn count_opening(&self) -> Result<i64> {
        let mut tx = self.begin_alone("openings").await?;
        let row = sqlx::query("SELECT value FROM meta WHERE key = 'openings'")
            .fetch_optional(&mut *tx)
            .await?;
        let before: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
        let count = before.and_then(|count| count.parse::<i64>().ok()).unwrap_or(0) + 1;
        sqlx::query("INSERT INTO meta (key, value) VALUES ('openings', $1) ON CONFLICT (key) DO UPDATE SET value = $1")
            .bind(count.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Which PostgreSQL cluster and database this is: a copy, elsewhere or under another name, answers differently, and
    /// so does a database that was dropped and made again under the same name.
    pub async fn find_database(&self) -> Result<String> {
        let row = sqlx::query(
            "SELECT CAST(c.system_identifier AS TEXT) || '/' || CAST(d.oid AS TEXT) FROM pg_control_system() c, \
             pg_database d WHERE d.datname = current_database()",
        )
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Open mails of running editions: in a copy, nobody knows which of them the original has sent.
    /// Editions that wait are held: the original may have released them.
    pub async fn doubt_open_deliveries(&self) -> Result<u64> {
        sqlx::query("UPDATE edition SET state = 'held' WHERE state = 'waiting'")
            .execute(&self.write)
            .await?;
        let done = sqlx::query(
            "UPDATE outgoing SET state = 'in-doubt', doubts = doubts + 1, claim = NULL, lease_until = NULL, reason = 'hold' \
             WHERE state IN ('pending', 'claimed', 'handoff', 'deferred') AND edition_id IN \
             (SELECT id FROM edition WHERE state IN ('sending', 'stopped'))",
        )
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected())
    }

    pub async fn find_source(&self, name: &str) -> Result<SourceState> {
        let row =
            sqlx::query("SELECT first_collected_at, last_success_at, last_error, polling FROM source WHERE name = $1")
                .bind(name)
                .fetch_optional(&self.read)
                .await?;
        let Some(row) = row else {
            return Ok(SourceState::default());
        };
        Ok(SourceState {
            first_collected_at: row.try_get::<Option<i64>, _>(0)?.map(from_millis),
            last_success_at: row.try_get::<Option<i64>, _>(1)?.map(from_millis),
            last_error: row.try_get(2)?,
            polling: from_json("polling", row.try_get::<Option<&str>, _>(3)?.unwrap_or("{}"))?,
            stored_polling: row.try_get(3)?,
        })
    }

    /// Remembers that a source was collected. The first time that it was as a whole is kept for ever.
    pub async fn record_collected(&self, tx: &mut Tx, name: &str, is_whole: bool, now: DateTime<Utc>) -> Result<()> {
        sqlx::query(
            "INSERT INTO source (name, first_collected_at, last_success_at) VALUES ($1, $3, $2) \
             ON CONFLICT (name) DO UPDATE SET first_collected_at = COALESCE(source.first_collected_at, $3), \
             last_success_at = $2, last_error = NULL, retired_at = NULL",
        )
        .bind(name)
        .bind(now.timestamp_millis())
        .bind(is_whole.then(|| now.timestamp_millis()))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The next collection counts as the first, with its `backfill`.
    pub async fn forget_first_collection(&self, name: &str) -> Result<()> {
        sqlx::query("UPDATE source SET first_collected_at = NULL WHERE name = $1")
            .bind(name)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// A poll begins, unless another worker has begun one since `stored` was read: then false, and nothing is changed.
    pub async fn begin_polling(&self, name: &str, stored: Option<&str>, polling: &Polling) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO source (name, polling) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET polling = $2 \
             WHERE source.polling IS NOT DISTINCT FROM $3",
        )
        .bind(name)
        .bind(to_json("polling", polling)?)
        .bind(stored)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Remembers when and where a source on the web is asked next. The row is made if need be.
    pub async fn record_polling(&self, name: &str, polling: &Polling) -> Result<()> {
        sqlx::query("INSERT INTO source (name, polling) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET polling = $2")
            .bind(name)
            .bind(to_json("polling", polling)?)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// A source answered that nothing changed.
    pub async fn record_unchanged(&self, name: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("UPDATE source SET last_success_at = $2, last_error = NULL WHERE name = $1")
            .bind(name)
            .bind(now.timestamp_millis())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Remembers why a source could not be collected. True: this is news.
    pub async fn record_source_error(&self, name: &str, error: &str) -> Result<bool> {
        let before = self.find_source(name).await?.last_error;
        sqlx::query(
            "INSERT INTO source (name, last_error) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET last_error = $2",
        )
        .bind(name)
        .bind(error)
        .execute(&self.write)
        .await?;
        Ok(before.as_deref() != Some(error))
    }

    /// Makes the row of a list, or brings it back from retirement.
    pub async fn record_list(
        &self,
        tx: &mut Tx,
        name: &str,
        default_cadence: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO list (name, default_cadence, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET default_cadence = $2, retired_at = NULL",
        )
        .bind(name)
        .bind(default_cadence)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// The last number given to an edition of the list, 0 if none.
    pub async fn last_number(&self, list: &str) -> Result<i64> {
        let row = sqlx::query("SELECT last_number FROM list WHERE name = $1")
            .bind(list)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
    }

    /// The default cadence of a list as last configured; none for a list that is new, retired or without cadences.
    pub async fn find_default_cadence(&self, list: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT default_cadence FROM list WHERE name = $1 AND retired_at IS NULL")
            .bind(list)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
    }

    /// The cadences of a list as last configured.
    pub async fn list_cadence_names(&self, list: &str) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT name FROM cadence WHERE list = $1 AND retired_at IS NULL")
            .bind(list)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub async fn find_cadence(&self, list: &str, cadence: &str) -> Result<Option<CadenceState>> {
        let row = sqlx::query("SELECT decided_until, rule, matching, CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END FROM cadence WHERE list = $1 AND name = $2")
            .bind(list)
            .bind(cadence)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| {
            Ok(CadenceState {
                decided_until: from_millis(row.try_get(0)?),
                rule: row.try_get(1)?,
                matching: row.try_get(2)?,
                retired: row.try_get::<i64, _>(3)? == 1,
            })
        })
        .transpose()
    }

    pub async fn record_cadence(
        &self,
        tx: &mut Tx,
        list: &str,
        cadence: &str,
        state: &CadenceState,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO cadence (list, name, decided_until, rule, matching, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (list, name) DO UPDATE SET decided_until = $3, rule = $4, matching = $5, retired_at = NULL",
        )
        .bind(list)
        .bind(cadence)
        .bind(state.decided_until.timestamp_millis())
        .bind(&state.rule)
        .bind(&state.matching)
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Marks what is no longer in the configuration; its history, feeds and links stay.
    pub async fn retire_others(&self, tx: &mut Tx, table: Table, keep: &[String], now: DateTime<Utc>) -> Result<()> {
        let (name, key) = match table {
            Table::Source => ("source", "name"),
            Table::List => ("list", "name"),
            Table::Cadence => ("cadence", "list || '/' || name"),
        };
        let marks = (2..keep.len() + 2)
            .map(|n| format!("${n}"))
            .collect::<Vec<_>>()
            .join(", ");
        let others = if keep.is_empty() {
            String::new()
        } else {
            format!("AND {key} NOT IN ({marks})")
        };
        let sql = format!("UPDATE {name} SET retired_at = $1 WHERE retired_at IS NULL {others}");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.timestamp_millis());
        for name in keep {
            query = query.bind(name.as_str());
        }
        query.execute(&mut **tx).await?;
        Ok(())
    }

    pub async fn pause(&self, pause: &Pause) -> Result<()> {
        sqlx::query(
            "INSERT INTO pause (scope, who, why, since, until) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (scope) DO UPDATE SET who = $2, why = $3, since = $4, until = $5",
        )
        .bind(&pause.scope)
        .bind(&pause.who)
        .bind(pause.why.as_deref())
        .bind(pause.since.timestamp_millis())
        .bind(pause.until.map(|at| at.timestamp_millis()))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// A person ends a pause, and with it the matter it was about. False: there was none.
    pub async fn unpause(&self, scope: &str) -> Result<bool> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM pause WHERE scope = $1")
            .bind(scope)
            .execute(&mut *tx)
            .await?;
        alert::close(&mut tx, scope, now).await?;
        match scope.split_once(' ') {
            Some(("relay", relay)) => alert::close(&mut tx, &Trouble::PasswordRefused.matter(relay), now).await?,
            Some(("domain", _)) => drop(unpark(&mut tx, now).await?),
            _ => {}
        }
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether a scope stands still now.
    pub async fn is_paused(&self, scope: &str) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM pause WHERE scope = $1 AND (until IS NULL OR until > $2)")
            .bind(scope)
            .bind(self.now().await?.timestamp_millis())
            .fetch_optional(&self.read)
            .await?;
        Ok(row.is_some())
    }

    /// What stands still now.
    pub async fn list_pauses(&self) -> Result<Vec<Pause>> {
        let rows = sqlx::query(
            "SELECT scope, who, why, since, until FROM pause WHERE until IS NULL OR until > $1 ORDER BY scope",
        )
        .bind(self.clock.now().timestamp_millis())
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Pause {
                    scope: row.try_get(0)?,
                    who: row.try_get(1)?,
                    why: row.try_get(2)?,
                    since: from_millis(row.try_get(3)?),
                    until: row.try_get::<Option<i64>, _>(4)?.map(from_millis),
                })
            })
            .collect()
    }

    pub async fn record_decision(&self, tx: &mut Tx, decision: &Decision) -> Result<()> {
        sqlx::query("INSERT INTO decision (subject, what, who, note, at) VALUES ($1, $2, $3, $4, $5)")
            .bind(&decision.subject)
            .bind(&decision.what)
            .bind(&decision.who)
            .bind(decision.note.as_deref())
            .bind(decision.at.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    pub async fn list_decisions(&self, subject: &str) -> Result<Vec<Decision>> {
        let rows = sqlx::query("SELECT subject, what, who, note, at FROM decision WHERE subject = $1 ORDER BY id")
            .bind(subject)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Decision {
                    subject: row.try_get(0)?,
                    what: row.try_get(1)?,
                    who: row.try_get(2)?,
                    note: row.try_get(3)?,
                    at: from_millis(row.try_get(4)?),
                })
            })
            .collect()
    }
}

/// What `retire_others` works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Source,
    List,
    Cadence,
}
