//! Postfix's own test server, `smtp-sink`: straight, and as the next hop of a Postfix that keeps mails for later.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{Kept, by_person, free_port, send_to_the_end, wait_for};
use crate::feeds::others::wanted;
use crate::postfix::Postfix;
use crate::process::{Place, until};

const PEOPLE: usize = 200;

/// A folder that `smtp-sink` lays each whole mail down in.
struct Dump {
    folder: TempDir,
    port: u16,
}

impl Dump {
    fn new() -> Option<Dump> {
        // Without arguments it tells its usage and fails.
        let found = std::process::Command::new("smtp-sink").output().is_ok();
        if !wanted("smtp-sink", found) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let port = free_port();
        Some(Dump { folder, port })
    }

    /// Runs with these options until the value is dropped.
    fn serve(&self, options: &str) -> Kept {
        let server = format!("exec smtp-sink {options} -u nobody -d \"$1/m.\" 127.0.0.1:\"$2\" 100");
        let kept = Kept::start(&server, self.folder.path(), self.port);
        wait_for(self.port, &self.folder.path().join("log"));
        kept
    }

    /// How often each person's mail was taken. One that was begun and not finished leaves no file.
    fn taken(&self) -> BTreeMap<String, usize> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let mails = paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("m."));
        by_person(mails.filter_map(|path| {
            let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
            let line = text.lines().find(|line| line.starts_with("X-Rcpt-Args: "))?.to_owned();
            Some(line.split_once('<')?.1.split_once('>')?.0.to_owned())
        }))
    }
}

fn place(port: u16) -> Place {
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nsessions = 4\ntimeouts = {{ command = \"5s\" }}\n"
    );
    let place = Place::new(&relay, "");
    place.put_people(PEOPLE);
    place
}

/// Each of these servers has its own way to fail; all of them stand at the same address, one after the other.
#[test]
fn smtp_sink_that_hangs_up_refuses_and_dies_gets_everybody_once_in_the_end() {
    let Some(dump) = Dump::new() else { return };
    let place = place(dump.port);
    for options in [
        "-q CONNECT",
        "-q EHLO",
        "-q MAIL",
        "-Q CONNECT",
        "-Q MAIL",
        "-f CONNECT",
        "-f MAIL",
        "-r MAIL",
    ] {
        let _server = dump.serve(options);
        place.run(&["send", "events", "--yes"]);
        assert_eq!(
            place.states().1,
            format!("pending {PEOPLE}"),
            "{options}: nobody is marked"
        );
        place.done(&["resume", "main"]);
    }
    {
        // It dies in the midst, and takes what it does not say with it.
        let _server = dump.serve("-M 60");
        place.run(&["send", "events", "--yes"]);
    }
    let taken = dump.taken();
    assert!((40..=60).contains(&taken.len()), "{} mails", taken.len());
    {
        let _server = dump.serve("");
        send_to_the_end(&place);
    }
    assert_eq!(place.states().1, format!("sent {PEOPLE}"));
    let taken = dump.taken();
    assert_eq!(taken.len(), PEOPLE, "nobody is left out");
    let shown = place.json(&["editions", "show", "events/1", "--recipients"]);
    for row in shown["recipients"].as_array().unwrap() {
        let (address, doubts) = (row["address"].as_str().unwrap(), row["doubts"].as_u64().unwrap());
        let mails = taken[address];
        assert!(
            (1..=1 + doubts).contains(&(mails as u64)),
            "{address}: {mails} mails, {doubts} doubts"
        );
    }
}

/// 4xx at RCPT, at DATA and at the dot put everybody off; hanging up at the dot puts everybody in doubt.
#[test]
fn smtp_sink_that_puts_everybody_off_fails_nobody() {
    let Some(dump) = Dump::new() else { return };
    for (options, state) in [
        ("-r RCPT", "deferred"),
        ("-r DATA", "deferred"),
        ("-r .", "deferred"),
        ("-q RCPT", "deferred"),
        ("-q DATA", "deferred"),
        ("-Q DATA", "deferred"),
        ("-q .", "in-doubt"),
    ] {
        let place = place(dump.port);
        // Nobody is tried again while we look, however slow the machine is.
        place.reconfigure("resend_after = \"1s\"", "resend_after = \"1h\"");
        let _server = dump.serve(options);
        place.run(&["send", "events", "--yes"]);
        assert_eq!(
            place.states(),
            ("sending".to_owned(), format!("{state} {PEOPLE}")),
            "{options}"
        );
    }
}

/// What Postfix has taken is sent for us, whatever becomes of it afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_postfix_keeps_for_a_next_hop_that_refuses_is_sent_once_and_arrives() {
    let Some(dump) = Dump::new() else { return };
    let main = format!(
        "virtual_mailbox_domains =\nrelay_domains = example.org\nrelay_transport = smtp:[127.0.0.1]:{}\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\nminimal_backoff_time = 1s\nmaximal_backoff_time = 2s\nqueue_run_delay = 1s\n",
        dump.port
    );
    let Some(postfix) = Postfix::start_with(&[], &main, "smtp unix - - n - - smtp\n") else {
        return;
    };
    let place = place(postfix.port);
    {
        let _server = dump.serve("-r RCPT");
        place.done(&["send", "events", "--yes"]);
        assert_eq!(
            place.states(),
            ("finished".to_owned(), format!("sent {PEOPLE}")),
            "{}",
            postfix.log()
        );
        until("the next hop refuses", || {
            postfix.log().contains("status=deferred").then_some(())
        });
    }
    assert!(dump.taken().is_empty());
    // It is slow then, and takes everything.
    let _server = dump.serve("-w 1");
    postfix.wait_until_quiet().await;
    let taken = dump.taken();
    assert_eq!(taken.len(), PEOPLE, "{}", postfix.log());
    assert!(taken.values().all(|mails| *mails == 1), "{taken:?}");
}
