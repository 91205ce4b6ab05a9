//! A configuration with mistakes: at the start it is refused with its line, at a reload the old one stays (FLT-18).

use super::{Place, get, until};
use crate::sink::{Act, At, Offer, Sink};

const FILE: &str = "kind = \"file\"\npath = \"outbox\"";

/// What is changed in a good file, and the words of what is said about it.
const BROKEN: [(&str, &str, &str); 5] = [
    ("approval = \"none\"", "aproval = \"none\"", "aproval"),
    ("\"0 8 1 JAN *\"", "\"0 25 1 JAN *\"", "0 25 1 JAN *"),
    ("kind = \"folder\"", "kind = \"drawer\"", "drawer"),
    ("[lists.events]", "[lists.events", "line"),
    ("\"Europe/Berlin\"", "\"Europe/Atlantis\"", "Atlantis"),
];

/// The number of the line that these words stand on.
fn line_of(text: &str, words: &str) -> usize {
    1 + text.lines().position(|line| line.contains(words)).unwrap()
}

#[test]
fn a_daemon_does_not_start_with_mistakes_and_says_where_they_are() {
    for (from, to, words) in BROKEN {
        let place = Place::new(FILE, "");
        place.reconfigure(from, to);
        let text = std::fs::read_to_string(place.path("config.toml")).unwrap();
        let ran = place.run(&["run"]);
        assert_eq!(ran.status, Some(2), "{to}: {ran:?}");
        assert!(ran.err.contains(words), "{to}: {ran:?}");
        assert!(
            ran.err.contains(&format!("line {}", line_of(&text, to))),
            "{to}: {ran:?}"
        );
        assert!(!place.path("data").exists() && !place.path("outbox").exists(), "{to}");
    }
}

#[test]
fn a_daemon_told_to_read_mistakes_keeps_what_it_has_and_says_so() {
    let place = Place::new(FILE, "");
    place.put_people(1);
    let (mut daemon, port) = place.start_daemon();
    let good = std::fs::read_to_string(place.path("config.toml")).unwrap();
    let kept = "the old one stays";
    for (number, (from, to, words)) in (1..).zip(BROKEN) {
        place.write("config.toml", &good.replace(from, to));
        daemon.signal("HUP");
        until("the mistake is told", || {
            (daemon.said().matches(kept).count() == number).then_some(())
        });
        let said = daemon.said();
        let last = said.rsplit(kept).next().unwrap();
        assert!(last.contains(words) && last.contains("line"), "{to}: {last}");
        assert!(daemon.is_running());
        let page = get(port, "/feeds/events.atom", "");
        assert!(
            page.body.contains("Events at the Lindenfeld Institute"),
            "{to}: {page:?}"
        );
    }

    // It listens on another port then, and says which.
    place.write("config.toml", &good.replace("Events at the", "Evenings at the"));
    daemon.signal("HUP");
    let port = until("it serves anew", || {
        let said = daemon.said();
        let (_, after) = said.split_once("beginning anew")?;
        let (_, rest) = after.split_once("127.0.0.1:")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        rest[digits.len()..]
            .starts_with(|next: char| !next.is_ascii_digit())
            .then(|| digits.parse::<u16>().ok())?
    });
    let page = get(port, "/feeds/events.atom", "");
    assert!(page.body.contains("Evenings at the Lindenfeld Institute"), "{page:?}");
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
}

/// FLT-09 through the binary: the relay's password is changed, staff are to be told and cannot be, and then somebody
/// gives the daemon the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_given_another_password_sends_what_waited_for_it() {
    let offer = Offer {
        extensions: vec!["AUTH PLAIN"],
        ..Offer::default()
    };
    // Of ada and sesame.
    let sink = Sink::offering(offer, |moment| match moment.at {
        At::Auth if !moment.command.ends_with("AGFkYQBzZXNhbWU=") => Act::say("535 5.7.8 no"),
        _ => Act::Go,
    })
    .await;
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nuser = \"ada\"\npassword_file = \"password\"",
        sink.address.port()
    );
    tokio::task::spawn_blocking(move || {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let alerts =
            format!("[alerts]\nwebhook = \"http://{nobody}/hook\"\n[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n");
        let place = Place::new(&relay, &alerts);
        place.write("password", "old\n");
        place.put_people(5);
        let (mut daemon, _) = place.start_daemon();
        place.run(&["send", "events", "--yes"]);
        let status = until("status tells of the alert that did not arrive", || {
            let status = place.done(&["status"]);
            status
                .contains("did not reach the address of `alerts.webhook`")
                .then_some(status)
        });
        assert!(status.contains("relay main") && status.contains("535"), "{status}");
        assert_eq!(place.states(), ("sending".to_owned(), "pending 5".to_owned()));
        place.write("password", "sesame\n");
        daemon.signal("HUP");
        until("what waited has gone out", || {
            (place.states() == ("finished".to_owned(), "sent 5".to_owned())).then_some(())
        });
        assert!(!daemon.said().contains("sesame"));
        assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.said());
    })
    .await
    .unwrap();
}
