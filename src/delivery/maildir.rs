//! A relay of kind `file`: a Maildir on this machine, so that a first run harms nobody.
//!
//! A mail is written to `tmp/`, synced, and renamed into `new/`. Its name follows from its Message-ID: the same mail
//! delivered again after a crash replaces itself, so that here a doubt never becomes a second copy.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder of a Maildir.
#[derive(Clone, Debug)]
pub(super) struct Maildir {
    folder: PathBuf,
}

impl Maildir {
    /// Makes the folders if they are not there.
    pub(super) fn open(folder: &Path) -> io::Result<Maildir> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(Maildir { folder: folder.into() })
    }

    /// Delivers one mail; when it returns, the mail survives a power cut. Lines end as Maildirs want it, by LF.
    pub(super) fn deliver(&self, sender: &str, recipient: &str, message: &str) -> io::Result<String> {
        let identity = blake3::hash(format!("{recipient}\n{}", identity(message)).as_bytes());
        let name: String = identity.to_hex().chars().take(32).collect::<String>() + ".rapporteur";
        let (draft, place) = (self.folder.join("tmp").join(&name), self.folder.join("new").join(&name));
        let mut file = File::create(&draft)?;
        let message = message.replace("\r\n", "\n");
        write!(file, "Return-Path: <{sender}>\nDelivered-To: {recipient}\n{message}")?;
        file.sync_all()?;
        fs::rename(&draft, &place)?;
        File::open(self.folder.join("new"))?.sync_all()?;
        Ok(name)
    }
}

/// What makes a mail the same mail: its Message-ID, else all of it.
fn identity(message: &str) -> &str {
    let head = message.split("\r\n\r\n").next().unwrap_or(message);
    head.split("\r\n")
        .find(|line| {
            line.get(..11)
                .is_some_and(|name| name.eq_ignore_ascii_case("message-id:"))
        })
        .unwrap_or(message)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn the_same_mail_delivered_again_replaces_itself() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(&folder.path().join("outbox")).unwrap();
        let mail = "Message-ID: <1@example.org>\r\nSubject: a\r\n\r\nText\r\n";
        let first = maildir.deliver("list@example.org", "ada@example.org", mail).unwrap();
        assert_eq!(
            maildir.deliver("list@example.org", "ada@example.org", mail).unwrap(),
            first
        );
        assert_ne!(
            maildir.deliver("list@example.org", "bob@example.org", mail).unwrap(),
            first
        );
        let new = folder.path().join("outbox/new");
        assert_eq!(fs::read_dir(&new).unwrap().count(), 2);
        let text = fs::read_to_string(new.join(first)).unwrap();
        assert_eq!(
            text,
            "Return-Path: <list@example.org>\nDelivered-To: ada@example.org\nMessage-ID: <1@example.org>\nSubject: a\n\nText\n"
        );
        assert_eq!(fs::read_dir(folder.path().join("outbox/tmp")).unwrap().count(), 0);
    }
}
