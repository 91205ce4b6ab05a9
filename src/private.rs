//! Files that only their owner may read: those with secrets or people's addresses.
//!
//! In: a path and bytes. Out: a file of mode 0600 that is whole or not there at all, whoever else tries the same at the
//! same moment. The surprising part: it is written beside and then linked into place, because a link never replaces a
//! file that somebody else made first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What opens a file so that, if it is made, it is private. Files that are there keep their mode.
pub fn options() -> OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}

/// Makes a private file. `AlreadyExists`: there is one, and it is left alone.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{:016x}", u64::from_le_bytes(random)));
    let placed = write(&beside, bytes).and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    match placed {
        // A file system without links: then half a file can be seen for a moment, but none is replaced.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
            ) =>
        {
            write(path, bytes)?;
        }
        placed => placed?,
    }
    // The name outlives a power cut, too. A folder that may not be read cannot be asked for that.
    match path.parent().map(File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_once_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path, b"first").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = create(&path, b"second").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside it");
    }
}
