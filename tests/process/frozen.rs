//! A worker stands still for longer than its lease (FLT-23): another takes its mails, and what it wakes up to is no
//! longer its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Place, until};
use crate::database::postgres;
use crate::sink_process::SinkProcess;

const PEOPLE: usize = 2_000;
const SESSIONS: usize = 4;

/// Two workers share a database, which only PostgreSQL lets them.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_frozen_writes_nothing_over_what_another_did() {
    let Some(server) = postgres() else {
        return;
    };
    let url = server.fresh_database().await;
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), Duration::from_millis(4));
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = {SESSIONS}\ntimeouts = {{ dot = \"2s\" }}",
        sink.port
    );
    let place = Place::new(&relay, &format!("[store]\nurl = \"{url}\"\n"));
    place.reconfigure("resend_after = \"1s\"", "resend_after = \"1s\"\nlease = \"3s\"");
    place.put_people(PEOPLE);

    let mut frozen = place.start(&["send", "events", "--yes"]);
    until("the relay has taken some", || {
        assert!(frozen.is_running(), "{}", frozen.said());
        (sink.log().len() >= 200).then_some(())
    });
    frozen.signal("STOP");
    until("another has sent all there is", || {
        let said = place.done(&["send", "events", "--yes"]);
        assert!(said.contains("nothing new since events/1"), "{said}");
        (place.states().0 == "finished").then_some(())
    });
    let before = sink.log().len();
    frozen.signal("CONT");
    frozen.wait();

    assert_eq!(place.states(), ("finished".to_owned(), format!("sent {PEOPLE}")));
    let log = sink.log();
    // What had its dot on the way when it froze; nothing more.
    assert!(
        log.len() <= before + SESSIONS,
        "{} mails after it woke",
        log.len() - before
    );
    let mut got: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &log {
        *got.entry(&mail.recipient).or_default() += 1;
    }
    assert_eq!(got.len(), PEOPLE);
    let repeated = log.len() - PEOPLE;
    assert!(repeated <= 2 * SESSIONS, "{repeated} repeats");
    let ids: BTreeSet<&str> = log.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!(ids.len(), PEOPLE, "a mail that is repeated is the same mail");
}
