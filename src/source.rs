//! Where reports come from: a folder that staff drop files into.
//!
//! In: the folder and what is known of its files. Out: a [`Look`]: files to read, files that are still being written,
//! files that are gone. Nothing is decided here about reports. The surprising part: a file counts only once it lies
//! still, because editors and copies write in pieces (POLL-11); size and time of change must be the same at two looks,
//! or the last change must be old enough.

pub mod feed;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::report::MAX_BYTES;
use crate::store::Origin;

/// How long a file must lie still.
pub const STILL: TimeDelta = TimeDelta::seconds(2);
/// Folders within folders within folders: deeper is a mistake or an attack.
const MAX_DEPTH: usize = 8;

/// A file that is new or changed, with its bytes.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// Relative to the folder, parted by `/`.
    pub path: String,
    pub size: i64,
    pub modified_at: DateTime<Utc>,
    /// Or why they cannot be read.
    pub bytes: Result<Vec<u8>, String>,
}

/// What one look into a folder found.
#[derive(Clone, Debug, Default)]
pub struct Look {
    pub dropped: Vec<Dropped>,
    /// Files as they were at the last collection.
    pub unchanged: usize,
    /// Files that do not lie still yet.
    pub restless: Vec<String>,
    /// Known files that are no longer there.
    pub gone: Vec<String>,
}

/// Why a folder cannot be looked into.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the folder {path}: {error}; check `path` of the source and its permissions")]
pub struct Error {
    path: PathBuf,
    error: std::io::Error,
}

/// How files looked the last time, by full path: what tells that one lies still.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    seen: HashMap<PathBuf, (u64, DateTime<Utc>, DateTime<Utc>)>,
}

impl Watch {
    fn lies_still(&mut self, file: &Path, size: u64, modified_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        if modified_at + STILL <= now {
            self.seen.remove(file);
            return true;
        }
        match self.seen.get(file) {
            Some((known, at, since)) if (*known, *at) == (size, modified_at) => *since + STILL <= now,
            _ => {
                self.seen.insert(file.to_owned(), (size, modified_at, now));
                false
            }
        }
    }
}

/// Looks into a folder and the folders in it. Symbolic links are not followed (SEC-08); hidden files and what editors
/// leave beside a file are passed over.
pub fn look(folder: &Path, known: &[Origin], watch: &mut Watch, now: DateTime<Utc>) -> Result<Look, Error> {
    let known: HashMap<&str, &Origin> = known.iter().map(|origin| (origin.path.as_str(), origin)).collect();
    let mut files = Vec::new();
    list_files(folder, folder, 0, &mut files).map_err(|error| Error {
        path: folder.to_owned(),
        error,
    })?;
    files.sort();

    let mut look = Look::default();
    for (path, file) in &files {
        // A file that vanishes between listing and reading was never there.
        let Ok(facts) = std::fs::symlink_metadata(file) else {
            continue;
        };
        let modified_at = facts
            .modified()
            .map(DateTime::<Utc>::from)
            .unwrap_or_default()
            .trunc_subsecs(3);
        let size = i64::try_from(facts.len()).unwrap_or(i64::MAX);
        let is_known = |origin: &&Origin| !origin.gone && origin.size == size && origin.modified_at == modified_at;
        if known.get(path.as_str()).is_some_and(is_known) {
            look.unchanged += 1;
        } else if watch.lies_still(file, facts.len(), modified_at, now) {
            look.dropped.push(Dropped {
                path: path.clone(),
                size,
                modified_at,
                bytes: read(file, facts.len()),
            });
        } else {
            look.restless.push(path.clone());
        }
    }
    look.gone = known
        .values()
        .filter(|origin| {
            !origin.gone
                && files
                    .binary_search_by(|(path, _)| path.as_str().cmp(&origin.path))
                    .is_err()
        })
        .map(|origin| origin.path.clone())
        .collect();
    look.gone.sort();
    Ok(look)
}

fn list_files(root: &Path, folder: &Path, depth: usize, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(['.', '~', '#']) || name.ends_with(['~', '#']) || is_half_written(&name) {
            continue;
        }
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() && depth < MAX_DEPTH {
            // A folder that cannot be read, or is gone by now, costs only what is in it.
            if let Err(error) = list_files(root, &path, depth + 1, files) {
                tracing::warn!(%error, folder = %path.display(), "a folder of a source cannot be read");
            }
        } else if kind.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts = relative
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned());
            files.push((parts.collect::<Vec<_>>().join("/"), path));
        }
    }
    Ok(())
}

/// Names that browsers, editors and copies give to a file they have not finished.
fn is_half_written(name: &str) -> bool {
    [".part", ".crdownload", ".tmp", ".swp", ".filepart"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Reads at most one byte more than a report may have, so that a huge file costs nothing.
fn read(file: &Path, size: u64) -> Result<Vec<u8>, String> {
    let limit = MAX_BYTES as u64;
    if size > limit {
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        return Err(format!(
            "has {} MB, more than the {} MB a report may have; split it or leave pictures out",
            megabytes(size),
            megabytes(limit)
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    std::fs::File::open(file)
        .and_then(|open| open.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}; check its permissions"))?;
    Ok(bytes)
}
