//! What stops by itself: editions that are refused too often, relays that do not take our password.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use rapporteur::config::{Bounces, Config};
use rapporteur::store::Decision;
use sqlx::Row;

use super::{SETTINGS, assert_ledger_is_whole, config_for, deliver, number, part_editions, seed, states};
use crate::database::{TestStore, for_each_database};
use crate::sink::{Act, At, Moment, Offer, Sink};

/// The number in `p17@example.org`.
fn person(moment: &Moment) -> usize {
    let digits = moment.recipient.trim_start_matches('p').split('@').next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Some people are refused for good, until the sink is well.
async fn refusing(is_refused: impl Fn(usize) -> bool + Send + Sync + 'static) -> (Sink, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let now_well = well.clone();
    let sink = Sink::with(move |moment| {
        match moment.at == At::Rcpt && is_refused(person(moment)) && !now_well.load(Ordering::SeqCst) {
            true => Act::say("550 5.1.1 unknown"),
            false => Act::Go,
        }
    })
    .await;
    (sink, well)
}

async fn state(test: &TestStore) -> String {
    let row = sqlx::query("SELECT state FROM edition WHERE id = 1")
        .fetch_one(&test.sql)
        .await
        .unwrap();
    row.get(0)
}

/// What staff do with `editions resume`.
async fn resume(test: &TestStore) {
    let mut tx = test.store.begin().await.unwrap();
    assert!(
        test.store
            .move_edition(&mut tx, 1, &["stopped"], "sending")
            .await
            .unwrap()
    );
    let decision = Decision {
        subject: "events/1".into(),
        what: "sending".into(),
        who: "staff".into(),
        note: None,
        at: test.clock.now(),
    };
    test.store.record_decision(&mut tx, &decision).await.unwrap();
    tx.commit().await.unwrap();
}

/// BNC-06.
#[tokio::test]
async fn an_edition_that_is_refused_too_often_stops_and_goes_on_where_it_stopped() {
    for_each_database(async |test| {
        let (sink, well) = refusing(|person| person.is_multiple_of(8)).await;
        seed(&test, 1000, SETTINGS).await;
        let config = config_for(&sink, "sessions = 2");
        deliver(&test, &config).await;
        assert_eq!(state(&test).await, "stopped");
        let failed = number(&test, "SELECT count(*) FROM outgoing WHERE state = 'failed'").await;
        assert!((20..=60).contains(&failed), "{failed} failed");
        assert!(sink.mails().len() < 500, "{} went out", sink.mails().len());
        let decisions = test.store.list_decisions("events/1").await.unwrap();
        assert_eq!(decisions.len(), 1);
        assert_eq!((&*decisions[0].what, &*decisions[0].who), ("stopped", "rapporteur"));
        let note = decisions[0].note.clone().unwrap();
        assert!(note.contains("mails were refused for good"), "{note}");
        let alerts = test.store.list_alerts().await.unwrap();
        assert_eq!(alerts.len(), 1);
        assert_eq!((&*alerts[0].matter, &alerts[0].why), ("edition events/1", &note));

        // Nothing goes out before somebody says so; then the old answers count no more.
        test.clock.advance(TimeDelta::hours(1));
        let gone = sink.mails().len();
        deliver(&test, &config).await;
        assert_eq!(sink.mails().len(), gone);
        well.store(true, Ordering::SeqCst);
        resume(&test).await;
        test.clock.advance(TimeDelta::seconds(1));
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, format!("failed {failed}, sent {}", 1000 - failed));
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn whom_a_broken_relay_refused_is_let_off_when_the_edition_stops_until_staff_say_that_it_was_right() {
    for_each_database(async |test| {
        let (sink, _) = refusing(|person| person.is_multiple_of(8)).await;
        seed(&test, 1000, SETTINGS).await;
        deliver(&test, &config_for(&sink, "sessions = 2")).await;
        assert_eq!(state(&test).await, "stopped");
        let failed = number(&test, "SELECT count(*) FROM outgoing WHERE state = 'failed'").await;
        let suspended = "SELECT count(*) FROM subscriber WHERE state = 'suspended'";
        assert_eq!(
            number(&test, suspended).await,
            0,
            "the relay is at fault, and nobody else"
        );
        assert_eq!(test.store.count_pardoned(1).await.unwrap(), failed);
        let why = test.store.list_alerts().await.unwrap()[0].why.clone();
        assert!(
            why.contains("suspensions that followed from it were taken back"),
            "{why}"
        );
        assert_eq!(
            number(&test, "SELECT count(*) FROM consent WHERE what = 'suspended'").await,
            number(
                &test,
                "SELECT count(*) FROM consent WHERE what = 'resumed' AND how = 'rapporteur'"
            )
            .await
        );

        // An answer to a mail that was in hand comes after the stop.
        let late = number(&test, "SELECT max(id) FROM outgoing WHERE state = 'sent'").await;
        let refusal = (late, "550 5.1.1 unknown".to_owned());
        test.store
            .record_refusals(&[refusal], &Bounces::default())
            .await
            .unwrap();
        assert_eq!(number(&test, suspended).await, 0);
        assert_eq!(test.store.count_pardoned(1).await.unwrap(), failed + 1);

        let mut tx = test.store.begin().await.unwrap();
        let people = test.store.confirm_refusals(&mut tx, 1, test.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(people.cast_signed(), failed + 1);
        assert_eq!(number(&test, suspended).await, failed + 1);
        assert_eq!(test.store.count_pardoned(1).await.unwrap(), 0);
        test
    })
    .await;
}

/// BNC-05.
#[tokio::test]
async fn a_refusal_met_while_sending_suspends_whom_the_server_does_not_know_and_nobody_else() {
    for_each_database(async |test| {
        let sink = Sink::with(|moment| match (moment.at, person(moment)) {
            (At::Rcpt, 3) => Act::say("550 5.1.1 unknown"),
            (At::Rcpt, 4) => Act::say("550 5.7.1 blocked by policy"),
            (At::Rcpt, 5) => Act::say("550 user unknown"),
            (At::Rcpt, 6) => Act::say("550 mailbox unavailable"),
            _ => Act::Go,
        })
        .await;
        seed(&test, 50, SETTINGS).await;
        deliver(&test, &config_for(&sink, "")).await;
        assert_eq!(states(&test).await, "failed 4, sent 46");
        let rows = sqlx::query("SELECT id FROM subscriber WHERE state = 'suspended' ORDER BY id")
            .fetch_all(&test.sql)
            .await
            .unwrap();
        let suspended: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(suspended, [3, 5]);
        let record = test.store.list_consent(3).await.unwrap();
        assert_eq!(
            (
                record[0].what.as_str(),
                record[0].how.as_str(),
                record[0].basis.as_deref()
            ),
            ("suspended", "bounce", Some("5.1.1"))
        );
        test
    })
    .await;
}

#[tokio::test]
async fn an_edition_that_is_still_refused_after_it_went_on_stops_again() {
    for_each_database(async |test| {
        let (sink, _) = refusing(|_| true).await;
        seed(&test, 300, SETTINGS).await;
        let config = config_for(&sink, "sessions = 1");
        deliver(&test, &config).await;
        let first = number(&test, "SELECT count(*) FROM outgoing WHERE state = 'failed'").await;
        assert!((20..=128).contains(&first), "{first}");
        resume(&test).await;
        test.clock.advance(TimeDelta::seconds(1));
        deliver(&test, &config).await;
        let second = number(&test, "SELECT count(*) FROM outgoing WHERE state = 'failed'").await;
        assert!((first + 20..=first + 128).contains(&second), "{second} after {first}");
        assert_eq!(state(&test).await, "stopped");
        test
    })
    .await;
}

/// Rows of the later edition lie far from those of the earlier one.
#[tokio::test]
async fn of_two_editions_that_are_refused_at_once_the_one_refused_too_often_stops() {
    let test = TestStore::sqlite().await;
    let (sink, _) = refusing(|person| match person {
        ..=2000 => person.is_multiple_of(8),
        _ => person.is_multiple_of(40),
    })
    .await;
    seed(&test, 4000, SETTINGS).await;
    part_editions(&test, 2000).await;
    deliver(&test, &config_for(&sink, "sessions = 2")).await;
    assert_eq!(state(&test).await, "stopped");
    assert_eq!(
        number(&test, "SELECT count(*) FROM edition WHERE id = 2 AND state = 'stopped'").await,
        0
    );
    let of_first = sink.mails().into_iter().filter(|mail| {
        let digits = mail.recipient.trim_start_matches('p').split('@').next();
        digits.unwrap().parse::<usize>().unwrap() <= 2000
    });
    assert!(of_first.count() < 1000);
}

#[tokio::test]
async fn a_handful_of_refusals_stops_nothing() {
    for_each_database(async |test| {
        let (sink, _) = refusing(|person| person.is_multiple_of(8) && person < 152).await;
        seed(&test, 190, SETTINGS).await;
        deliver(&test, &config_for(&sink, "")).await;
        assert_eq!(states(&test).await, "failed 18, sent 172");
        assert_eq!(state(&test).await, "finished");
        test
    })
    .await;
}

#[tokio::test]
async fn a_domain_that_refuses_twenty_in_a_row_stops_the_edition_though_the_share_is_small() {
    for_each_database(async |test| {
        let (sink, _) = refusing(|person| person.is_multiple_of(30) || person == 7).await;
        seed(&test, 1500, SETTINGS).await;
        test.run(
            "UPDATE subscriber SET address = 'p' || id || '@closed.example.net',
                 address_key = 'p' || id || '@closed.example.net' WHERE id % 30 = 0",
        )
        .await;
        deliver(&test, &config_for(&sink, "sessions = 2")).await;
        assert_eq!(state(&test).await, "stopped");
        let why = test.store.list_alerts().await.unwrap()[0].why.clone();
        assert!(
            why.starts_with("closed.example.net refused 20 mails in a row for good"),
            "{why}"
        );
        let failed = number(&test, "SELECT count(*) FROM outgoing WHERE state = 'failed'").await;
        assert!((20..50).contains(&failed), "{failed}");
        // Whom another domain does not know is not there, whatever this one says.
        let suspended = "SELECT count(*) FROM subscriber WHERE state = 'suspended'";
        assert_eq!(number(&test, suspended).await, 1);
        assert_eq!(
            number(
                &test,
                "SELECT count(*) FROM subscriber WHERE state = 'suspended' AND id = 7"
            )
            .await,
            1
        );
        test
    })
    .await;
}

#[tokio::test]
async fn a_domain_that_takes_some_stops_nothing_and_neither_does_a_breaker_that_is_off() {
    for (refused, breaker) in [(30, ""), (2, "[delivery.breaker]\npercent = 0\nin_a_row = 0\n")] {
        let test = TestStore::sqlite().await;
        let (sink, _) = refusing(move |person| person.is_multiple_of(refused)).await;
        seed(&test, 1500, SETTINGS).await;
        deliver(&test, &config_for(&sink, &format!("sessions = 2\n{breaker}"))).await;
        let failed = 1500 / refused;
        assert_eq!(states(&test).await, format!("failed {failed}, sent {}", 1500 - failed));
    }
}

/// SMTP-06, FLT-01: one matter for a spell of faults, which ends when the relay takes a mail.
#[tokio::test]
async fn a_relay_that_fails_again_and_again_is_one_matter_until_it_takes_a_mail() {
    for (at, answer) in [
        (At::Connect, "554 5.7.1 go away"),
        (At::Mail, "550 5.7.1 sender refused"),
    ] {
        let test = TestStore::sqlite().await;
        let (sink, well) = Sink::ill(Offer::default(), at, Act::say(answer)).await;
        seed(&test, 1000, SETTINGS).await;
        let config = config_for(&sink, "");
        for _ in 0..5 {
            deliver(&test, &config).await;
            test.clock.advance(TimeDelta::minutes(31));
        }
        assert_eq!(states(&test).await, "pending 1000");
        assert_eq!(number(&test, "SELECT count(*) FROM alert").await, 1);
        let begun = test.store.list_alerts().await.unwrap()[0].since;
        assert_eq!(test.clock.now() - begun, TimeDelta::minutes(31 * 5));
        well.store(true, Ordering::SeqCst);
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, "sent 1000");
        assert_eq!(
            number(&test, "SELECT count(*) FROM alert WHERE over_at IS NULL").await,
            0
        );
    }
}

fn signing_in(sink: &Sink, password: &str) -> Config {
    config_for(sink, &format!("user = \"ada\"\npassword = \"{password}\"\n"))
}

/// FLT-09.
#[tokio::test]
async fn a_refused_password_is_not_tried_again_before_there_is_another_and_nobody_is_lost() {
    for_each_database(async |test| {
        let offer = Offer {
            extensions: vec!["PIPELINING", "AUTH PLAIN"],
            ..Offer::default()
        };
        // The password is changed in the midst of sending: then only "sesame" opens.
        let sink = Sink::offering(offer, |moment| match moment.at {
            At::Auth if moment.accepted >= 100 && !moment.command.ends_with("AGFkYQBzZXNhbWU=") => {
                Act::say("535 5.7.8 no")
            }
            At::Mail if moment.accepted >= 100 && moment.connection < 4 => Act::SayAndClose("421 4.3.0 anew".into()),
            _ => Act::Go,
        })
        .await;
        seed(&test, 300, SETTINGS).await;
        let old = signing_in(&sink, "old");
        let summary = deliver(&test, &old).await;
        assert_eq!(summary.failed + summary.deferred + summary.in_doubt, 0);
        assert_eq!(summary.resting.len(), 1, "{:?}", states(&test).await);
        assert!(
            summary.resting[0].1.to_string().contains("535"),
            "{:?}",
            summary.resting
        );
        assert_eq!(number(&test, "SELECT count(*) FROM pause WHERE until IS NULL").await, 1);
        let pending = number(&test, "SELECT count(*) FROM outgoing WHERE state = 'pending'").await;
        assert!(pending > 0);

        // Neither time nor a restart with the same password makes it knock again.
        let knocks = sink.connections();
        test.clock.advance(TimeDelta::days(1));
        deliver(&test, &old).await;
        assert_eq!(sink.connections(), knocks);
        let alerts = "SELECT count(*) FROM alert WHERE event = 'password-refused'";
        assert_eq!(number(&test, alerts).await, 1);

        deliver(&test, &signing_in(&sink, "sesame")).await;
        assert_eq!(states(&test).await, "sent 300");
        assert_eq!(
            number(&test, "SELECT count(*) FROM alert WHERE over_at IS NULL").await,
            0
        );
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}
