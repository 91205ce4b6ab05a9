//! A configuration with mistakes: at the start it is refused with its line, at a reload the old one stays (FLT-18).

use super::{Place, get, until};

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
