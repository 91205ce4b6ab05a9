//! What the program knows and must not forget: one `Store`, a file per entity, the SQL as visible text.
//!
//! One text of SQL runs on SQLite and PostgreSQL through sqlx's `Any` driver: numbers are 64-bit integers, instants
//! milliseconds since 1970, documents JSON text, so that no type differs. What must differ is asked by
//! [`Store::kind`] and stands here, in `schema.rs`, in `outgoing.rs` and `outgoing/allowance.rs` (claiming), and in `audience.rs` (one index). SQLite has one writing connection
//! and a few that read; every writing transaction begins `IMMEDIATE`, so that none fails half-way for want of the lock.

mod alert;
mod audience;
mod bounce;
mod edition;
mod ledger;
mod outgoing;
mod people;
mod picture;
mod preferences;
mod public;
mod purge;
mod report;
mod schema;
mod signup;
mod state;
mod visit;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Row, Transaction};

use crate::clock::{Clock, from_millis};
use crate::private;

pub use alert::{Alert, Post, Posted, Trouble};
pub use audience::*;
pub use bounce::{Counted, Marked, Returned, Unclear};
pub use edition::*;
pub use ledger::*;
pub use outgoing::*;
pub use people::*;
pub use picture::*;
pub use preferences::Setting;
pub use public::*;
pub use purge::{Cutoffs, Purged};
pub use report::*;
pub use signup::{Counted as CountedSignup, NewSignup, Sent, Signup, Wish, Wording};
pub use state::*;

/// Connections that read, beside the one that writes (SQLite), or the whole pool (PostgreSQL).
const READERS: u32 = 4;
/// How long SQLite waits for another process that writes (REL-10).
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("store.url is neither sqlite:FILE nor postgres://...")]
    UnknownUrl,
    #[error("cannot open the database: {0}; check store.url, that its folder exists and that it can be written")]
    Open(sqlx::Error),
    #[error("the database was made by a newer version of rapporteur (schema step {0}); install that version")]
    NewerSchema(i64),
    #[error("the database schema cannot be brought up to date: {0}")]
    Migration(String),
    #[error("SQLite {0} can corrupt a database with two connections; 3.51.3 or later is needed")]
    OldSqlite(String),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("a stored document does not read as {what}: {error}")]
    Document {
        what: &'static str,
        error: serde_json::Error,
    },
}

pub type Result<T> = std::result::Result<T, Error>;
/// A writing transaction; dropped without `commit`, it leaves nothing behind.
pub type Tx = Transaction<'static, Any>;

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    write: AnyPool,
    read: AnyPool,
    kind: Kind,
    clock: Clock,
}

impl Store {
    /// Opens the database, makes it if it is a SQLite file that does not exist, and brings its schema up to date.
    pub async fn open(url: &SecretString, clock: Clock) -> Result<Store> {
        Store::open_within(url, clock, BUSY_TIMEOUT).await
    }

    /// The same, with another wait for whoever else writes into the SQLite file.
    pub async fn open_within(url: &SecretString, clock: Clock, busy_timeout: Duration) -> Result<Store> {
        let store = Store::connect(url, clock, busy_timeout).await?;
        schema::migrate(&store.write, store.kind).await?;
        Ok(store)
    }

    async fn connect(url: &SecretString, clock: Clock, busy_timeout: Duration) -> Result<Store> {
        sqlx::any::install_default_drivers();
        let url = url.expose_secret();
        let kind = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Kind::Sqlite,
            Some("postgres" | "postgresql") => Kind::Postgres,
            _ => return Err(Error::UnknownUrl),
        };
        let options: AnyConnectOptions = match kind {
            Kind::Sqlite if !url.contains('?') => format!("{url}?mode=rwc").parse(),
            _ => url.parse(),
        }
        .map_err(Error::Open)?;
        if kind == Kind::Postgres {
            // Apart, so that transactions that wait for each other leave connections for the one that reads on.
            let pool = |connections| {
                AnyPoolOptions::new()
                    .max_connections(connections)
                    // A worker that freezes within a transaction would keep its locks from all others (FLT-23).
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            connection
                                .execute("SET idle_in_transaction_session_timeout = '60s'")
                                .await?;
                            Ok(())
                        })
                    })
                    .connect_with(options.clone())
            };
            let write = pool(READERS * 2).await.map_err(Error::Open)?;
            let read = pool(READERS).await.map_err(Error::Open)?;
            return Ok(Store {
                write,
                read,
                kind,
                clock,
            });
        }
        // SQLite would make it with the mode of any file; the files beside it take after this one.
        if !url.contains('?') && !url.ends_with(":memory:") {
            let database = SqliteConnectOptions::from_str(url).map_err(Error::Open)?;
            make_private(database.get_filename()).map_err(|error| Error::Open(sqlx::Error::Io(error)))?;
        }
        let write = sqlite_pool(1, busy_timeout, "PRAGMA query_only = OFF; PRAGMA secure_delete = ON")
            .connect_with(options.clone())
            .await
            .map_err(Error::Open)?;
        let version: String = sqlx::query("SELECT sqlite_version()")
            .fetch_one(&write)
            .await?
            .try_get(0)?;
        if !is_sound(&version) {
            return Err(Error::OldSqlite(version));
        }
        let read = sqlite_pool(READERS, busy_timeout, "PRAGMA query_only = ON")
            .connect_with(options)
            .await
            .map_err(Error::Open)?;
        Ok(Store {
            write,
            read,
            kind,
            clock,
        })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Begins a writing transaction.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self.kind {
            Kind::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Kind::Postgres => self.write.begin().await?,
        })
    }

    /// Begins a writing transaction that no other of the same name overlaps, on any machine.
    pub async fn begin_alone(&self, name: &str) -> Result<Tx> {
        let mut tx = self.begin().await?;
        self.lock(&mut tx, name).await?;
        Ok(tx)
    }

    /// From here on no other transaction of this name overlaps this one. Whoever takes two takes `people` last.
    pub async fn lock(&self, tx: &mut Tx, name: &str) -> Result<()> {
        // The row is the lock: PostgreSQL holds it until the commit, SQLite has one writer anyway.
        sqlx::query("INSERT INTO meta (key, value) VALUES ($1, '') ON CONFLICT (key) DO UPDATE SET value = ''")
            .bind(format!("lock {name}"))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Sets a mark within a transaction, to which it can return if what follows goes wrong.
    pub async fn set_mark(&self, tx: &mut Tx) -> Result<()> {
        sqlx::query("SAVEPOINT mark").execute(&mut **tx).await?;
        Ok(())
    }

    /// What was done since the mark stays.
    pub async fn release_mark(&self, tx: &mut Tx) -> Result<()> {
        sqlx::query("RELEASE SAVEPOINT mark").execute(&mut **tx).await?;
        Ok(())
    }

    /// What was done since the mark is undone, whatever went wrong.
    pub async fn return_to_mark(&self, tx: &mut Tx) -> Result<()> {
        sqlx::query("ROLLBACK TO SAVEPOINT mark").execute(&mut **tx).await?;
        self.release_mark(tx).await
    }

    /// The time that leases count by: the database's own where machines share it, so that their clocks need not agree.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        match (self.kind, &self.clock) {
            (Kind::Postgres, Clock::System) => {
                let millis: i64 = sqlx::query("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
                    .fetch_one(&self.read)
                    .await?
                    .try_get(0)?;
                Ok(from_millis(millis))
            }
            _ => Ok(self.clock.now()),
        }
    }

    /// Answers if the database does: for `/readyz`.
    pub async fn ping(&self) -> Result<()> {
        self.read.acquire().await?.ping().await?;
        Ok(())
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Makes an empty database file, unless there is one, which keeps its mode.
fn make_private(database: &Path) -> std::io::Result<()> {
    if database.exists() {
        return Ok(());
    }
    match private::create(database, b"") {
        // Another process was first.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn sqlite_pool(connections: u32, busy_timeout: Duration, access: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection
                    .execute(sqlx::AssertSqlSafe(format!(
                        "PRAGMA busy_timeout = {}",
                        busy_timeout.as_millis()
                    )))
                    .await?;
                write_ahead(connection).await?;
                // FULL: an acknowledged commit survives a power cut, not only a crash (REL-08).
                connection.execute("PRAGMA synchronous = FULL").await?;
                connection.execute("PRAGMA foreign_keys = ON").await?;
                connection.execute(access).await?;
                Ok(())
            })
        })
}

/// Turns the write-ahead log on. SQLite does not wait where another process does the same to a new database, so we do.
async fn write_ahead(connection: &mut AnyConnection) -> sqlx::Result<()> {
    const STEP: Duration = Duration::from_millis(20);
    let is_busy = |error: &sqlx::Error| {
        let error = error.as_database_error();
        error.is_some_and(|error| error.code().as_deref() == Some("5"))
    };
    let mut waited = Duration::ZERO;
    loop {
        match connection.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if is_busy(&error) && waited < BUSY_TIMEOUT => {
                tokio::time::sleep(STEP).await;
                waited += STEP;
            }
            done => return done.map(drop),
        }
    }
}

/// The WAL-reset bug is mended in 3.51.3, 3.50.7 and 3.44.6 (REL-09).
fn is_sound(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (
        parts.next().unwrap_or(0),
        parts.next().unwrap_or(0),
        parts.next().unwrap_or(0),
    );
    version >= (3, 51, 3) || matches!(version, (3, 50, 7..)) || matches!(version, (3, 44, 6..))
}

/// JSON for a TEXT column.
fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Document { what, error })
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::Document { what, error })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sqlite_with_the_wal_reset_bug_is_known() {
        for (version, sound) in [
            ("3.51.3", true),
            ("3.54.1", true),
            ("3.50.7", true),
            ("3.51.2", false),
            ("3.44.6", true),
            ("3.46.0", false),
        ] {
            assert_eq!(super::is_sound(version), sound, "{version}");
        }
    }
}
