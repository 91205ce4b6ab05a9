//! SIGKILL in the middle of a digest: nobody is left out, and who got it twice is recorded as in doubt (REL-07).
//!
//! Three kills at fixed moments, or as many as `RAPPORTEUR_KILLS` says at random ones; `RAPPORTEUR_KILLS_SEED` repeats a
//! run that failed, by the number it printed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{Place, until};
use crate::sink_process::SinkProcess;

const PEOPLE: usize = 10_000;
const SESSIONS: usize = 8;
/// The process is killed when the relay has taken so many mails.
const KILLS: [usize; 3] = [1_234, 4_321, 7_777];
/// Between two kills the relay takes at least so many, so that each falls into the send.
const APART: usize = 20;

/// When to kill, and how long the relay takes to answer.
fn kills() -> (Vec<usize>, Duration) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let Some(count) = number("RAPPORTEUR_KILLS") else {
        return (KILLS.to_vec(), Duration::ZERO);
    };
    let seed = number("RAPPORTEUR_KILLS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("RAPPORTEUR_KILLS_SEED={seed}");
    let latest = (PEOPLE - usize::try_from(count).unwrap() * 4 * APART) as u64;
    let moment = |kill: u64| {
        let hash = blake3::hash(format!("{seed} {kill}").as_bytes());
        u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap()) % latest
    };
    let mut moments: Vec<usize> = (0..count).map(|kill| usize::try_from(moment(kill)).unwrap()).collect();
    moments.sort_unstable();
    (moments, Duration::from_millis(4))
}

#[test]
fn a_digest_to_ten_thousand_survives_kills() {
    let begun = Instant::now();
    let (kills, answer_after) = kills();
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), answer_after);
    let log = folder.path().join("log");
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = {SESSIONS}",
        sink.port
    );
    let place = Place::new(&relay, "");
    place.put_people(PEOPLE);

    let taken = || {
        let text = std::fs::read(&log).unwrap_or_default();
        text.iter().filter(|byte| **byte == b'\n').count()
    };
    for moment in &kills {
        let moment = (*moment).max(taken() + APART);
        let mut send = place.start(&["send", "events", "--yes"]);
        until("the relay has taken enough", || {
            assert!(send.is_running(), "{}", send.said());
            (taken() >= moment).then_some(())
        });
        send.kill();
    }
    let after_kills = begun.elapsed();
    // Rows in doubt are sent once more by the first `send` after their second is over.
    until("nothing is open", || {
        let said = place.done(&["send", "events", "--yes"]);
        assert!(said.contains("nothing new since events/1"), "{said}");
        (place.states().0 == "finished").then_some(())
    });

    let log = sink.log();
    let mut got: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for mail in &log {
        got.entry(&mail.recipient).or_default().push(&mail.message_id);
    }
    let lost: Vec<usize> = (1..=PEOPLE)
        .filter(|person| !got.contains_key(format!("p{person}@example.org").as_str()))
        .collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(got.len(), PEOPLE, "mails to people who are not on the list");
    let repeated: BTreeSet<&str> = got
        .iter()
        .filter(|(_, mails)| mails.len() > 1)
        .map(|(who, _)| *who)
        .collect();
    let repeats = log.len() - PEOPLE;
    assert!(repeats <= SESSIONS * kills.len(), "{repeats} repeats");
    for (who, mails) in &got {
        assert!(
            mails.iter().all(|id| *id == mails[0]),
            "{who}: two Message-IDs: {mails:?}"
        );
    }
    let ids: BTreeSet<&str> = log.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!(ids.len(), PEOPLE, "two people share a Message-ID");

    let shown = place.json(&["editions", "show", "events/1", "--recipients"]);
    assert_eq!(shown["counts"], serde_json::json!({ "sent": PEOPLE }));
    let rows = shown["recipients"].as_array().unwrap();
    let doubted: BTreeMap<&str, i64> = rows
        .iter()
        .map(|row| (row["address"].as_str().unwrap(), row["doubts"].as_i64().unwrap()))
        .filter(|(_, doubts)| *doubts > 0)
        .collect();
    for who in &repeated {
        assert!(doubted.contains_key(who), "{who} got it twice and was never in doubt");
    }
    let doubts: i64 = doubted.values().sum();
    assert!(doubts as usize <= SESSIONS * kills.len(), "{doubts} doubts");
    println!(
        "{PEOPLE} people, {} kills, {SESSIONS} sessions: lost 0, in doubt {doubts}, repeated {repeats}; {:.1} s to the last kill, {:.1} s in all",
        kills.len(),
        after_kills.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
}

#[test]
fn mails_in_doubt_go_out_with_the_next_send_once_their_time_has_come() {
    let folder = tempfile::tempdir().unwrap();
    // So slow that every session waits for an answer when the end comes, and that the end comes before the last mail.
    let sink = SinkProcess::start(folder.path(), Duration::from_millis(100));
    let relay = format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = 4",
        sink.port
    );
    let place = Place::new(&relay, "");
    place.put_people(16);
    let mut send = place.start(&["send", "events", "--yes"]);
    until("the relay has taken enough", || (sink.log().len() >= 10).then_some(()));
    send.kill();

    // The rest goes out at once; what is in doubt waits, and is the same mail when it comes.
    place.done(&["send", "events", "--yes"]);
    until("nothing is open", || {
        place.done(&["send", "events", "--yes"]);
        (place.states().0 == "finished").then_some(())
    });
    assert_eq!(place.states().1, "sent 16");
    let log = sink.log();
    let people: BTreeSet<&str> = log.iter().map(|mail| mail.recipient.as_str()).collect();
    let ids: BTreeSet<&str> = log.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!((people.len(), ids.len()), (16, 16));
    assert!(log.len() <= 16 + 4, "{} mails", log.len());
}
