//! One daemon for one SQLite database (REL-11): a lock of the operating system on a file beside it.
//!
//! The lock ends with the process, however it ends. Who holds it stands in the file, for people.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::private;

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another rapporteur delivers from {database} ({holder}); end it first, or use PostgreSQL for several")]
    Held { database: PathBuf, holder: String },
    #[error("cannot lock {path}: {error}")]
    File { path: PathBuf, error: io::Error },
}

/// The lock, held as long as this lives.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Takes the lock of an SQLite database file ([`crate::config::Config::sqlite_path`]).
    pub fn take(database: &Path, now: DateTime<Utc>) -> Result<StoreLock, Error> {
        let path = PathBuf::from(format!("{}.lock", database.display()));
        let fails = |error| Error::File {
            path: path.clone(),
            error,
        };
        let mut file = private::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fails)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Nothing depends on these words.
                let _ = file.read_to_string(&mut holder);
                return Err(Error::Held {
                    database: database.into(),
                    holder: holder.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(fails(error)),
        }
        file.set_len(0).map_err(fails)?;
        file.rewind().map_err(fails)?;
        writeln!(file, "process {} since {}", std::process::id(), now.to_rfc3339()).map_err(fails)?;
        Ok(StoreLock { _file: file })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("rapporteur.db");
        let first = StoreLock::take(&database, DateTime::UNIX_EPOCH).unwrap();
        let refused = StoreLock::take(&database, DateTime::UNIX_EPOCH).unwrap_err();
        assert!(matches!(&refused, Error::Held { .. }), "{refused}");
        assert!(
            refused.to_string().contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        drop(first);
        StoreLock::take(&database, DateTime::UNIX_EPOCH).unwrap();
    }
}
