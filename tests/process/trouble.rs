//! What goes wrong around us: each gives one clear sentence and an exit status, and loses nothing.

use std::net::TcpListener;

use super::{Place, Ran, until};

fn refused(ran: &Ran, status: i32, words: &[&str]) {
    assert_eq!(ran.status, Some(status), "{ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "\"{word}\" is not in {ran:?}");
    }
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

fn smtp(port: u16) -> String {
    format!("kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n")
}

const FILE: &str = "kind = \"file\"\npath = \"outbox\"";

#[test]
fn a_second_daemon_on_the_same_database_ends_with_a_status_of_its_own() {
    let place = Place::new(FILE, "");
    let (mut first, _) = place.start_daemon();
    refused(
        &place.run(&["run"]),
        3,
        &["another rapporteur delivers from", "rapporteur.db", "process"],
    );
    assert!(first.is_running());
    assert_eq!(first.terminate().code(), Some(0), "{}", first.said());
}

#[test]
fn a_port_in_use_is_named_with_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new(FILE, "");
    place.reconfigure("127.0.0.1:0", &address);
    refused(&place.run(&["run"]), 1, &["cannot listen on", &address, "web.listen"]);
}

#[test]
fn a_database_that_cannot_be_written_is_named() {
    let place = Place::new(FILE, "");
    place.write("a-file", "");
    for url in ["sqlite:no/such/folder/rapporteur.db", "sqlite:a-file/rapporteur.db"] {
        place.configure(FILE, &format!("[store]\nurl = \"{url}\"\n"));
        for args in [&["send", "events", "--yes"][..], &["run"], &["collect"]] {
            refused(&place.run(args), 1, &["store.url", "cannot open the database"]);
        }
    }
}

#[test]
fn a_wrong_word_on_the_command_line_is_wrong_use() {
    let place = Place::new(FILE, "");
    refused(&place.run(&["send", "evnets", "--yes"]), 2, &["evnets"]);
    refused(
        &place.run(&["send", "events", "--cadence", "hourly", "--yes"]),
        2,
        &["hourly", "yearly"],
    );
    refused(&place.run(&["send"]), 2, &["<LIST>"]);
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_sent() {
    let place = Place::new(FILE, "");
    place.put_people(3);
    refused(&place.run(&["send", "events"]), 2, &["--yes", "Nothing was sent"]);
    assert!(!place.path("outbox/new").exists() || place.path("outbox/new").read_dir().unwrap().next().is_none());
    assert_eq!(place.done(&["editions", "list", "--json"]), "");
}

#[test]
fn rows_wait_for_a_relay_that_is_down_and_go_out_when_it_is_back() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new(&smtp(port), "");
    place.put_people(5);
    let ran = place.run(&["send", "events", "--yes"]);
    refused(&ran, 1, &["the relay main rests", "nothing was sent yet"]);
    assert_eq!(place.states(), ("sending".to_owned(), "pending 5".to_owned()));
    // The next try says that they wait, and nobody is marked.
    let ran = place.run(&["send", "events", "--yes"]);
    refused(&ran, 0, &["5 mails still wait", "rapporteur status"]);
    assert!(
        place.done(&["status"]).contains("main"),
        "status names the relay that rests"
    );
    assert_eq!(place.states().1, "pending 5");

    let folder = tempfile::tempdir().unwrap();
    let sink = crate::sink_process::SinkProcess::start(folder.path(), std::time::Duration::ZERO);
    place.configure(&smtp(sink.port), "");
    place.done(&["resume", "main"]);
    place.done(&["send", "events", "--yes"]);
    assert_eq!(place.states(), ("finished".to_owned(), "sent 5".to_owned()));
    assert_eq!(sink.log().len(), 5);
}

#[test]
fn a_relay_that_never_answers_is_given_up_in_time() {
    // Connections stand, since the kernel takes them, and nobody ever greets.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = smtp(silent.local_addr().unwrap().port()) + "timeouts = { greeting = \"300ms\" }\n";
    let place = Place::new(&relay, "");
    place.put_people(5);
    let ran = place.run(&["send", "events", "--yes"]);
    refused(&ran, 1, &["the relay main rests", "300ms", "nothing was sent yet"]);
    assert_eq!(place.states().1, "pending 5");
}

#[test]
fn a_daemon_whose_relay_is_down_goes_on_serving() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new(&smtp(port), "");
    place.put_people(5);
    place.run(&["send", "events", "--yes"]);
    let (mut daemon, web) = place.start_daemon();
    until("the feed is there", || {
        (super::get(web, "/feeds/all.atom", "").status == 200).then_some(())
    });
    assert!(daemon.is_running());
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
    assert_eq!(place.states().1, "pending 5");
}
