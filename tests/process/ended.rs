//! Ended at any moment: softly while a digest goes out (REL-13), and hard while the database is made (FLT-22).

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Place, until};
use crate::sink_process::SinkProcess;

const PEOPLE: usize = 1_500;
const SESSIONS: usize = 8;
const ENDS: u64 = 10;

#[test]
fn ended_softly_at_ten_random_moments_nobody_is_left_out_and_nobody_gets_it_twice() {
    let seed = std::env::var("RAPPORTEUR_ENDS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(std::process::id);
    println!("RAPPORTEUR_ENDS_SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), Duration::from_millis(4));
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = {SESSIONS}",
        sink.port
    );
    let place = Place::new(&relay, "");
    place.put_people(PEOPLE);
    for end in 0..ENDS {
        let hash = blake3::hash(format!("{seed} {end}").as_bytes());
        let some = usize::from(hash.as_bytes()[0]) % 100;
        let moment = sink.log().len() + 1 + some;
        let mut send = place.start(&["send", "events", "--yes"]);
        until("the relay has taken enough", || {
            assert!(send.is_running(), "{}", send.said());
            (sink.log().len() >= moment).then_some(())
        });
        assert_eq!(send.terminate().code(), Some(1), "{}", send.said());
        let taken = sink.log().len();
        assert!(taken < PEOPLE, "it ended before the signal came");
        assert_eq!(
            place.states().1,
            format!("pending {}, sent {taken}", PEOPLE - taken),
            "every mail that was taken is sent, and nothing is left half-way"
        );
    }
    place.done(&["send", "events", "--yes"]);
    assert_eq!(place.states(), ("finished".to_owned(), format!("sent {PEOPLE}")));
    let log = sink.log();
    let people: BTreeSet<&str> = log.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!((log.len(), people.len()), (PEOPLE, PEOPLE));
}

/// What the folder of the data must hold for the end to come: nothing yet, the file, its log, so much of its log.
#[test]
fn a_database_whose_making_was_broken_off_is_made_by_the_next_start() {
    let size = |place: &Place, name: &str| std::fs::metadata(place.path(name)).map(|facts| facts.len()).ok();
    let mut broken_off = 0;
    for moment in 0..7_u64 {
        let place = Place::new(
            "kind = \"file\"\npath = \"outbox\"",
            "[store]\nurl = \"sqlite:data/rapporteur.db\"\n",
        );
        std::fs::create_dir(place.path("data")).unwrap();
        place.put_people(2);
        let mut first = place.start(&["status"]);
        until("the database is being made", || {
            let wal = size(&place, "data/rapporteur.db-wal");
            let ready = match moment {
                0 => true,
                1 => size(&place, "data/rapporteur.db").is_some(),
                2 => size(&place, "data/rapporteur.db").is_some_and(|bytes| bytes > 0),
                3 => wal.is_some(),
                more => wal.is_some_and(|bytes| bytes > (more - 4) * 64 * 1024),
            };
            (ready || !first.is_running()).then_some(())
        });
        broken_off += usize::from(first.is_running());
        first.kill();
        place.done(&["send", "events", "--yes"]);
        assert_eq!(place.states(), ("finished".to_owned(), "sent 2".to_owned()), "{moment}");
        assert_eq!(place.check_database(), "ok", "{moment}");
    }
    assert!(broken_off >= 3, "{broken_off} of the starts were broken off");
}
