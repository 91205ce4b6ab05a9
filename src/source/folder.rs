//! Where reports come from: a folder that staff drop files into.
//!
//! In: the folder and what is known of its files. Out: a [`Look`]: files to read, files that are still being written,
//! files that are gone. Nothing is decided here about reports. The surprising part: a file counts only once it lies
//! still, because editors and copies write in pieces (POLL-11); size and time of change must be the same at two looks,
//! or the last change must be old enough.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::clock::from_system;
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
    /// Of the file and its sidecar together, so that a change of either shows.
    pub size: i64,
    pub modified_at: DateTime<Utc>,
    /// When the file itself was written.
    pub written_at: DateTime<Utc>,
    /// Or why they cannot be read.
    pub bytes: Result<Vec<u8>, String>,
    /// The bytes of `NAME.toml` beside it, which overrides what the file says.
    pub sidecar: Option<Result<Vec<u8>, String>>,
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
    /// Whether a file of this size and time of change lies still; what was seen of it is forgotten once it does.
    pub fn lies_still(&mut self, file: &Path, size: u64, modified_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
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
/// leave beside a file are passed over. `NAME.toml` beside a report belongs to it and is no file of its own.
pub fn look(folder: &Path, known: &[Origin], watch: &mut Watch, now: DateTime<Utc>) -> Result<Look, Error> {
    let known: HashMap<&str, &Origin> = known.iter().map(|origin| (origin.path.as_str(), origin)).collect();
    let mut files = Vec::new();
    list_files(folder, folder, 0, &mut files).map_err(|error| Error {
        path: folder.to_owned(),
        error,
    })?;
    files.sort();

    let sidecars = take_sidecars(&mut files);
    let mut look = Look::default();
    for (path, file) in &files {
        // A file that vanishes between listing and reading was never there.
        let Ok(facts) = std::fs::symlink_metadata(file) else {
            continue;
        };
        let written_at = written_at(&facts);
        let (mut modified_at, mut size, mut lies_still) = (written_at, facts.len(), true);
        let beside = sidecars.get(stem(path)).filter(|_| !is_sidecar(path));
        let beside = beside.and_then(|file| Some((file, std::fs::symlink_metadata(file).ok()?)));
        if let Some((file, facts)) = &beside {
            let sidecar_at = self::written_at(facts);
            modified_at = modified_at.max(sidecar_at);
            size = size.saturating_add(facts.len());
            lies_still = watch.lies_still(file, facts.len(), sidecar_at, now);
        }
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let is_known = |origin: &&Origin| !origin.gone && origin.size == size && origin.modified_at == modified_at;
        if known.get(path.as_str()).is_some_and(is_known) {
            look.unchanged += 1;
        } else if watch.lies_still(file, facts.len(), written_at, now) && lies_still {
            look.dropped.push(Dropped {
                path: path.clone(),
                size,
                modified_at,
                written_at,
                bytes: match is_sidecar(path) {
                    true => Err(format!(
                        "states facts for a report that is not there; name it like the report ({}.toml beside {0}.md), or remove it",
                        stem(path).rsplit('/').next().unwrap_or_default()
                    )),
                    false => read(folder, file),
                },
                sidecar: beside.map(|(file, _)| read(folder, file)),
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

/// The file that states facts for the reports beside it that have the same name before their ending.
fn is_sidecar(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("toml"))
}

/// A path without its ending.
fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => stem,
        _ => path,
    }
}

/// Takes the sidecars that have a report out of the files, by their stem; the others stay and are refused.
fn take_sidecars(files: &mut Vec<(String, PathBuf)>) -> HashMap<String, PathBuf> {
    let reports: HashSet<String> = files
        .iter()
        .filter(|(path, _)| !is_sidecar(path))
        .map(|(path, _)| stem(path).to_owned())
        .collect();
    let mut sidecars = HashMap::new();
    files.retain(|(path, file)| {
        let is_taken = is_sidecar(path) && reports.contains(stem(path));
        if is_taken {
            sidecars.insert(stem(path).to_owned(), file.clone());
        }
        !is_taken
    });
    sidecars
}

fn written_at(facts: &std::fs::Metadata) -> DateTime<Utc> {
    facts.modified().map(from_system).unwrap_or_default()
}

fn list_files(root: &Path, folder: &Path, depth: usize, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(['.', '~', '#'])
            || name.ends_with(['~', '#'])
            || is_half_written(&name)
            || is_picture(&name)
        {
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

/// Pictures lie beside reports and are none.
fn is_picture(name: &str) -> bool {
    let ending = name
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    matches!(ending.as_str(), "jpg" | "jpeg" | "png" | "gif" | "webp")
}

/// Reads a file below a folder, and at most one byte more than a report may have, so that a huge file costs nothing.
pub fn read(root: &Path, path: &Path) -> Result<Vec<u8>, String> {
    let fails = |error: std::io::Error| format!("cannot be read: {error}; check its permissions");
    let file = open(root, path).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => {
            "is reached by a symbolic link, which is not followed; put the file itself there".to_owned()
        }
        error => fails(error.into()),
    })?;
    let facts = file.metadata().map_err(fails)?;
    if !facts.is_file() {
        return Err("is no ordinary file".to_owned());
    }
    let limit = MAX_BYTES as u64;
    let mut bytes = Vec::new();
    if facts.len() <= limit {
        file.take(limit + 1).read_to_end(&mut bytes).map_err(fails)?;
    }
    // A file may grow while it is read.
    let size = facts.len().max(bytes.len() as u64);
    if size > limit {
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        return Err(format!(
            "has {} MB, more than the {} MB a report may have; split it or leave pictures out",
            megabytes(size),
            megabytes(limit)
        ));
    }
    Ok(bytes)
}

/// Opens a file below a folder, step by step: whatever was listed as a file or folder may be a link by now, and none is
/// followed (SEC-08). The root itself may be one, since the configuration names it.
fn open(root: &Path, path: &Path) -> Result<File, Errno> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = rustix::fs::open(root, folder, Mode::empty())?;
    for part in inside.parent().unwrap_or(Path::new("")) {
        at = rustix::fs::openat(&at, part, folder | OFlags::NOFOLLOW, Mode::empty())?;
    }
    // A pipe in its place must not be waited for.
    let file = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let name = inside.file_name().unwrap_or_default();
    Ok(rustix::fs::openat(&at, name, file, Mode::empty())?.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A drop folder with `talks/rivers.md` beside a file nobody may read through it; what was listed.
    fn listed() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("reports");
        std::fs::create_dir_all(root.join("talks")).unwrap();
        std::fs::create_dir(place.path().join("secrets")).unwrap();
        std::fs::write(root.join("talks/rivers.md"), "Rivers").unwrap();
        std::fs::write(place.path().join("secrets/rivers.md"), "password").unwrap();
        let mut files = Vec::new();
        list_files(&root, &root, 0, &mut files).unwrap();
        let (name, path) = files.remove(0);
        assert_eq!((name.as_str(), files.len()), ("talks/rivers.md", 0));
        assert_eq!(read(&root, &path).unwrap(), b"Rivers");
        (place, root, path)
    }

    #[test]
    fn a_file_that_became_a_link_since_it_was_listed_is_not_followed() {
        let (place, root, path) = listed();
        std::fs::remove_file(&path).unwrap();
        symlink(place.path().join("secrets/rivers.md"), &path).unwrap();
        assert!(read(&root, &path).unwrap_err().contains("symbolic link"));
    }

    #[test]
    fn a_folder_that_became_a_link_since_it_was_listed_is_not_followed() {
        let (place, root, path) = listed();
        std::fs::rename(root.join("talks"), root.join("before")).unwrap();
        symlink(place.path().join("secrets"), root.join("talks")).unwrap();
        assert!(read(&root, &path).unwrap_err().contains("symbolic link"));
    }

    #[test]
    fn a_root_that_is_a_link_is_what_the_configuration_says() {
        let (place, root, _) = listed();
        let link = place.path().join("link");
        symlink(&root, &link).unwrap();
        assert_eq!(read(&link, &link.join("talks/rivers.md")).unwrap(), b"Rivers");
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let (_place, root, path) = listed();
        std::fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(read(&root, &path).unwrap_err(), "is no ordinary file");
    }

    #[test]
    fn a_file_that_grew_beyond_the_limit_is_refused() {
        let (_place, root, path) = listed();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(MAX_BYTES as u64).unwrap();
        assert_eq!(read(&root, &path).unwrap().len(), MAX_BYTES);
        file.set_len(MAX_BYTES as u64 + 1).unwrap();
        assert!(read(&root, &path).unwrap_err().contains("11 MB"));
    }
}
