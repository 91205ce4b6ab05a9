//! A person's rows in the files of lists, found and taken out.
//!
//! In: the folder of those files, configured ones or not. Out: lines, or why a file could not be looked through. The
//! surprising thing: a file is written only where it still is as it was read, for people edit these while we work; it is
//! replaced as a whole, where a link leads, with its owner and its rights.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Serialize;

use super::House;
use crate::private;
use crate::subscriber::{Address, csv};

/// Rows of a person in the file of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InFile {
    pub file: PathBuf,
    pub lines: Vec<u64>,
    /// They were taken out.
    pub removed: bool,
    /// Why the file could not be looked through or written; then somebody has to.
    pub problem: Option<String>,
}

/// A file and what is to be done to it.
pub(super) struct Found {
    pub(super) found: InFile,
    bytes: Vec<u8>,
    rows: Vec<(u64, u64)>,
}

/// The files that hold rows of an address, or that cannot be read.
pub(super) fn look(house: &House, address: &Address) -> anyhow::Result<Vec<Found>> {
    let folder = house.config.root.join("subscribers");
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    paths.sort();
    let key = address.key();
    Ok(paths.into_iter().filter_map(|path| look_into(path, &key)).collect())
}

fn look_into(file: PathBuf, key: &str) -> Option<Found> {
    let mut found = Found {
        found: InFile {
            file,
            lines: Vec::new(),
            removed: false,
            problem: None,
        },
        bytes: Vec::new(),
        rows: Vec::new(),
    };
    match std::fs::read(&found.found.file) {
        Ok(bytes) => found.bytes = bytes,
        Err(error) => {
            found.found.problem = Some(format!("cannot be read: {error}"));
            return Some(found);
        }
    }
    match csv::lines_of(&found.bytes, key) {
        Ok(rows) => found.rows = rows,
        // Nobody stands in it.
        Err(csv::FileProblem::Empty) => {}
        Err(problem) => {
            found.found.problem = Some(problem.to_string());
            return Some(found);
        }
    }
    found.found.lines = found.rows.iter().map(|(line, _)| *line).collect();
    found.found.lines.dedup();
    (!found.rows.is_empty()).then_some(found)
}

impl Found {
    /// Takes the rows out of the file. What cannot be done is said in `problem`.
    pub(super) fn take_out(&mut self) {
        match replace(&self.found.file, &self.bytes, &csv::without(&self.bytes, &self.rows)) {
            Ok(()) => self.found.removed = true,
            Err(error) => self.found.problem = Some(format!("{error:#}")),
        }
    }
}

/// Whole or not at all.
fn replace(path: &Path, before: &[u8], after: &[u8]) -> anyhow::Result<()> {
    let path = &std::fs::canonicalize(path)?;
    let is_unchanged = || -> anyhow::Result<()> {
        let now = std::fs::read(path).context("cannot be read")?;
        ensure!(now == before, "somebody changed it just now; erase once more");
        Ok(())
    };
    is_unchanged()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.erasing"));
    let _ = std::fs::remove_file(&beside);
    private::create(&beside, after).context("cannot be written")?;
    let placed = like(path, &beside)
        .and_then(|()| is_unchanged())
        .and_then(|()| Ok(std::fs::rename(&beside, path)?));
    if placed.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    placed
}

/// Gives a new file the owner and the rights of the one whose place it takes.
fn like(path: &Path, beside: &Path) -> anyhow::Result<()> {
    let (old, new) = (std::fs::metadata(path)?, std::fs::metadata(beside)?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid())
        && let Err(error) = std::os::unix::fs::chown(beside, Some(old.uid()), Some(old.gid()))
    {
        bail!("it belongs to somebody else: {error}");
    }
    // After the owner, which may take rights away.
    Ok(std::fs::set_permissions(beside, old.permissions())?)
}
