//! The disk is full in the midst of a digest (FLT-11). Root ignores permissions, so a small file system of its own is
//! filled; where none can be mounted the test is skipped and says so.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Place, until};
use crate::sink_process::SinkProcess;

const PEOPLE: usize = 3_000;
const SESSIONS: usize = 4;

/// A file system of a few megabytes in memory, gone with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<SmallDisk> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(at)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(at.to_owned()));
        }
        let required = std::env::var("RAPPORTEUR_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(!required, "no file system can be mounted here");
        println!("skipped: no file system can be mounted here");
        None
    }

    /// Takes all the room there is, and goes on taking it until the value is dropped.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        let piece = [0; 4096];
        while file.write_all(&piece).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_ends_a_send_with_a_clear_word_and_loses_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), Duration::from_millis(2));
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = {SESSIONS}",
        sink.port
    );
    let place = Place::new(&relay, "[store]\nurl = \"sqlite:data/rapporteur.db\"\n");
    let Some(disk) = SmallDisk::mount(&place.path("data")) else {
        return;
    };
    place.put_people(PEOPLE);
    let mut send = place.start(&["send", "events", "--yes"]);
    until("the relay has taken some", || {
        assert!(send.is_running(), "{}", send.said());
        (sink.log().len() >= 300).then_some(())
    });
    disk.fill();
    until("the send ends by itself", || (!send.is_running()).then_some(()));
    let said = send.said();
    assert!(said.contains("full"), "{said}");
    let taken = sink.log().len();
    assert!(taken < PEOPLE, "the disk was full before the end: {taken}");

    disk.free();
    until("nothing is open", || {
        place.run(&["send", "events", "--yes"]);
        (place.states().0 == "finished").then_some(())
    });
    assert_eq!(place.states().1, format!("sent {PEOPLE}"));
    let log = sink.log();
    let people: BTreeSet<&str> = log.iter().map(|mail| mail.recipient.as_str()).collect();
    let ids: BTreeSet<&str> = log.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!((people.len(), ids.len()), (PEOPLE, PEOPLE));
    // What was between dot and mark is in doubt, and sent once more as the same mail.
    assert!(log.len() <= PEOPLE + SESSIONS, "{} mails", log.len());
    assert_eq!(place.check_database(), "ok");
}
