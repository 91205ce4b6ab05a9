//! `run` and what goes on beside it: ending softly, delivering for `send`, and showing a corrected report.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Place, REPORT, get, until};
use crate::sink_process::SinkProcess;

fn relay(sink: &SinkProcess, sessions: usize) -> String {
    format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = {sessions}",
        sink.port
    )
}

#[test]
fn sigterm_finishes_the_mails_in_hand_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // Slow enough that the signal comes in the middle.
    let sink = SinkProcess::start(folder.path(), Duration::from_millis(10));
    let place = Place::new(&relay(&sink, 4), "");
    // A slot each second: the daemon seals by itself.
    place.reconfigure("\"0 8 1 JAN *\"", "\"* * * * * *\"");
    let people = 600;
    place.put_people(people);

    for moment in [100, 300] {
        let (mut daemon, _) = place.start_daemon();
        until("the relay has taken enough", || {
            (sink.log().len() >= moment).then_some(())
        });
        assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
        let taken = sink.log().len();
        assert!(taken < people, "it ended before the signal came");
        let (state, counts) = place.states();
        assert_eq!(
            (state.as_str(), counts),
            ("sending", format!("pending {}, sent {taken}", people - taken)),
            "every mail that was taken is sent, and nothing is left half-way"
        );
    }
    let (mut daemon, _) = place.start_daemon();
    until("the edition is finished", || {
        (place.states().0 == "finished").then_some(())
    });
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
    let log = sink.log();
    let people_reached: BTreeSet<&str> = log.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(
        (log.len(), people_reached.len()),
        (people, people),
        "nobody twice, nobody left out"
    );
}

#[test]
fn sigterm_ends_send_after_the_mails_in_hand() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), Duration::from_millis(10));
    let place = Place::new(&relay(&sink, 4), "");
    place.put_people(600);
    let mut send = place.start(&["send", "events", "--yes"]);
    until("the relay has taken enough", || (sink.log().len() >= 100).then_some(()));
    assert_eq!(send.terminate().code(), Some(1), "{}", send.said());
    assert!(send.said().contains("type the same command again"), "{}", send.said());
    let taken = sink.log().len();
    assert_eq!(place.states().1, format!("pending {}, sent {taken}", 600 - taken));
    place.done(&["send", "events", "--yes"]);
    assert_eq!(place.states(), ("finished".to_owned(), "sent 600".to_owned()));
    assert_eq!(sink.log().len(), 600);
}

#[test]
fn beside_a_daemon_send_seals_and_the_daemon_delivers() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), Duration::ZERO);
    let place = Place::new(&relay(&sink, 4), "");
    place.put_people(200);
    let (mut daemon, _) = place.start_daemon();
    let sent = place.json(&["send", "events", "--yes"]);
    assert_eq!(sent["number"], 1);
    assert_eq!(sent["counts"], serde_json::json!({ "sent": 200 }), "{}", daemon.said());
    assert_eq!(sink.log().len(), 200);
    assert!(daemon.is_running());

    // Every other command works beside it.
    for args in [
        &["collect"][..],
        &["reports"],
        &["reports", "show", "1"],
        &["explain", "reports/rivers.txt"],
        &["preview", "events/1", "--out", "preview"],
        &["editions", "list"],
        &["editions", "show", "events/1", "--recipients", "--state", "sent"],
        &["schedule"],
        &["feeds", "--out", "feeds"],
        &["check"],
        &["status"],
        &["pause", "events"],
        &["resume", "events"],
        &["completions", "bash"],
    ] {
        place.done(args);
    }
    let again = place.done(&["send", "events", "--yes"]);
    assert!(again.contains("nothing new since events/1"), "{again}");
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
    assert_eq!(sink.log().len(), 200);
}

#[test]
fn a_corrected_file_changes_the_feeds_and_not_the_ledger() {
    let place = Place::new("kind = \"file\"\npath = \"outbox\"", "");
    place.put_people(2);
    let (mut daemon, port) = place.start_daemon();
    let first = until("the report is in the feed", || {
        let page = get(port, "/feeds/events.atom", "");
        page.body.contains("shared river basins").then_some(page)
    });
    let tag = first.header("ETag").unwrap().to_owned();
    let known = format!("If-None-Match: {tag}\r\n");
    let unchanged = get(port, "/feeds/events.atom", &known);
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""), "{unchanged:?}");
    place.done(&["send", "events", "--yes"]);

    let corrected = REPORT.replace("Ottilie Brandhuber", "Ottilie Brandhuber-Marn");
    place.drop_report("rivers.txt", &corrected, 30);
    let second = until("the correction is in the feed", || {
        let page = get(port, "/feeds/events.atom", &known);
        page.body.contains("Brandhuber-Marn").then_some(page)
    });
    assert_eq!(second.status, 200);
    assert_ne!(second.header("ETag"), Some(tag.as_str()));
    for feed in ["rss", "json"] {
        let page = get(port, &format!("/feeds/events.{feed}"), "");
        assert!(page.body.contains("Brandhuber-Marn"), "{feed}: {page:?}");
    }
    let ids = |text: &str| -> Vec<String> {
        text.split("<id>")
            .skip(1)
            .filter_map(|part| Some(part.split_once("</id>")?.0.to_owned()))
            .collect()
    };
    assert_eq!(ids(&first.body), ids(&second.body), "ids never move");
    let again = place.done(&["send", "events", "--yes"]);
    assert!(again.contains("nothing new since events/1"), "{again}");
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
}
