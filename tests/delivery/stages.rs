//! What a relay says no with, stage by stage: closing (FLT-02), later (FLT-03), never (FLT-04).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;

use super::{SETTINGS, assert_ledger_is_whole, config_for, deliver, number, row, seed, states};
use crate::database::{TestStore, for_each_database};
use crate::sink::{Act, At, Offer, Sink};

const PEOPLE: usize = 20;
/// Before anybody is named, and after.
const BEFORE: [At; 4] = [At::Connect, At::Ehlo, At::Auth, At::Mail];
const AFTER: [At; 3] = [At::Rcpt, At::Data, At::Dot];

/// A sink with AUTH that acts so at a stage until it is well.
async fn ill(at: At, act: Act) -> (Sink, Arc<AtomicBool>) {
    let offer = Offer {
        extensions: vec!["PIPELINING", "AUTH PLAIN"],
        ..Offer::default()
    };
    Sink::ill(offer, at, act).await
}

const SIGNED_IN: &str = "sessions = 2\nuser = \"ada\"\npassword = \"sesame\"\n";

/// While the relay is ill nobody fails; when it is well again everybody gets one mail.
async fn heals(test: TestStore, at: At, act: Act, meanwhile: &str) -> TestStore {
    let (sink, well) = ill(at, act).await;
    seed(&test, PEOPLE, SETTINGS).await;
    let config = config_for(&sink, SIGNED_IN);
    for _ in 0..2 {
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, format!("{meanwhile} {PEOPLE}"), "{at:?}");
        assert!(sink.mails().is_empty(), "{at:?}");
        test.clock.advance(TimeDelta::minutes(6));
    }
    let suspended = "SELECT count(*) FROM subscriber WHERE state <> 'active'";
    assert_eq!(number(&test, suspended).await, 0, "{at:?}: no person is to blame");
    well.store(true, Ordering::SeqCst);
    test.clock.advance(TimeDelta::minutes(17));
    deliver(&test, &config).await;
    assert_eq!(states(&test).await, format!("sent {PEOPLE}"), "{at:?}");
    assert_eq!(sink.mails().len(), PEOPLE, "{at:?}: one copy each");
    assert_ledger_is_whole(&test, &sink).await;
    test
}

/// FLT-02.
#[tokio::test]
async fn a_relay_that_closes_with_421_at_any_stage_marks_nobody_and_gets_each_mail_once_later() {
    let closing = || Act::SayAndClose("421 4.3.2 shutting down".to_owned());
    for at in BEFORE {
        for_each_database(|test| heals(test, at, closing(), "pending")).await;
    }
    for at in AFTER {
        for_each_database(|test| heals(test, at, closing(), "deferred")).await;
    }
}

/// FLT-03.
#[tokio::test]
async fn a_relay_that_says_later_at_any_stage_gets_each_mail_once_later() {
    for at in BEFORE {
        for_each_database(|test| heals(test, at, Act::say("451 4.3.0 later"), "pending")).await;
    }
    for at in AFTER {
        for_each_database(|test| heals(test, at, Act::say("451 4.3.0 later"), "deferred")).await;
    }
}

/// FLT-03: a greylist lets a mail in when the same one comes again after five minutes.
#[tokio::test]
async fn a_greylisted_mail_arrives_at_the_first_try_after_its_five_minutes() {
    for_each_database(|test| async move {
        let (clock, first_seen) = (test.clock.clone(), Mutex::new(BTreeMap::new()));
        let sink = Sink::with(move |moment| {
            if moment.at != At::Rcpt {
                return Act::Go;
            }
            let now = clock.now();
            let since = *first_seen
                .lock()
                .unwrap()
                .entry(moment.recipient.clone())
                .or_insert(now);
            match now - since < TimeDelta::minutes(5) {
                true => Act::say("451 4.7.1 greylisted, come back in 300 seconds"),
                false => Act::Go,
            }
        })
        .await;
        seed(&test, PEOPLE, SETTINGS).await;
        let config = config_for(&sink, "");
        assert_eq!(deliver(&test, &config).await.deferred, PEOPLE as u64);
        test.clock.advance(TimeDelta::seconds(299));
        deliver(&test, &config).await;
        assert_eq!(
            states(&test).await,
            format!("deferred {PEOPLE}"),
            "nobody knocks too early"
        );
        // The waits are lengthened by a tenth at most.
        test.clock.advance(TimeDelta::seconds(31));
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, format!("sent {PEOPLE}"));
        assert_eq!(sink.mails().len(), PEOPLE);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// FLT-04, second half: a refusal before anybody was named is about us.
#[tokio::test]
async fn a_relay_that_says_never_before_anybody_is_named_rests_and_gets_each_mail_once_later() {
    for at in BEFORE {
        // 535 at AUTH asks for another password, and has a test of its own.
        for_each_database(|test| heals(test, at, Act::say("554 5.7.1 go away"), "pending")).await;
    }
}

/// FLT-04, first half: a refusal of a person is final, classified, and nobody else's.
#[tokio::test]
async fn who_is_refused_for_good_has_failed_with_a_reason_and_is_not_tried_again() {
    for (at, answer, reason) in [
        (At::Rcpt, "550 5.1.1 unknown", "no such address"),
        (At::Dot, "554 5.7.1 not wanted here", "policy"),
    ] {
        for_each_database(|test| async move {
            let sink = Sink::with(
                move |moment| match moment.at == at && moment.recipient.starts_with("p2@") {
                    true => Act::say(answer),
                    false => Act::Go,
                },
            )
            .await;
            seed(&test, PEOPLE, SETTINGS).await;
            let config = config_for(&sink, "");
            let summary = deliver(&test, &config).await;
            assert_eq!((summary.sent, summary.failed), (PEOPLE as u64 - 1, 1), "{at:?}");
            assert!(summary.resting.is_empty(), "{at:?}: the relay is well");
            assert_eq!(row(&test, 2).await, ("failed".into(), reason.into()));
            let heard = sink.commands().len();
            test.clock.advance(TimeDelta::days(2));
            deliver(&test, &config).await;
            assert_eq!(sink.commands().len(), heard, "{at:?}");
            assert_eq!(
                number(&test, "SELECT count(*) FROM edition WHERE state = 'finished'").await,
                1
            );
            assert_ledger_is_whole(&test, &sink).await;
            test
        })
        .await;
    }
}

/// A mail that was taken is not in doubt because its relay says so in Latin-1.
#[tokio::test]
async fn an_answer_that_is_not_utf_8_is_an_answer() {
    let test = TestStore::sqlite().await;
    let sink = Sink::with(|moment| match moment.at {
        At::Dot => Act::say("250 2.0.0 für Sie übernommen"),
        _ => Act::Go,
    })
    .await;
    seed(&test, 5, SETTINGS).await;
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!(states(&test).await, "sent 5");
    assert_ledger_is_whole(&test, &sink).await;
}
