//! A Maildir to which bounces come: what lies in `new` is taken, and moved to `cur` as seen once it is committed.
//!
//! A crash in between takes the same mail again, which counts once (BNC-12).

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{House, Taken, take_returned};

/// Mails taken in one go, so that the daemon can end between them.
const AT_ONCE: usize = 500;
/// Bytes of a mail that are read.
const SIZE: u64 = 8 << 20;

/// Takes what lies in the folder. Returns what became of each mail.
pub(super) async fn collect(house: &House) -> anyhow::Result<Vec<Taken>> {
    let Some(path) = &house.config.bounces.path else {
        return Ok(Vec::new());
    };
    let folder = house.config.path(path);
    let mut taken = Vec::new();
    for file in waiting(&folder)? {
        let raw = match read(&file) {
            Ok(Some(raw)) => raw,
            Ok(None) => continue,
            Err(error) => {
                // One file that cannot be read keeps none of the others.
                tracing::warn!("a returned mail stays where it is: {error:#}");
                continue;
            }
        };
        taken.push(take_returned(house, &raw).await?);
        done(&folder, &file)?;
    }
    Ok(taken)
}

fn waiting(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let new = folder.join("new");
    let entries = std::fs::read_dir(&new)
        .with_context(|| format!("cannot read {}; check `bounces.path` and its rights", new.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files.truncate(AT_ONCE);
    Ok(files)
}

/// None: somebody else took it meanwhile.
fn read(file: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    use std::io::Read;
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let mut raw = Vec::new();
    opened
        .take(SIZE)
        .read_to_end(&mut raw)
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Some(raw))
}

fn done(folder: &Path, file: &Path) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split(':').next().unwrap_or_default();
    let cur = folder.join("cur");
    std::fs::create_dir_all(&cur).with_context(|| format!("cannot make {}", cur.display()))?;
    let to = cur.join(format!("{name}:2,S"));
    std::fs::rename(file, &to).with_context(|| format!("cannot move {} to {}", file.display(), to.display()))
}
