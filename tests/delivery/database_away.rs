//! The database is held by another, or goes away, in the midst of a digest (FLT-12).

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::{AnyConnection, Connection, Executor};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{SETTINGS, assert_ledger_is_whole, config_for, number, open, seed, states};
use crate::database::{TestStore, postgres};
use crate::sink::{Act, At, Sink};

const PEOPLE: usize = 200;
const SESSIONS: usize = 4;

/// What was accepted must be written before leases run out, or it would be sent once more.
async fn wait_for_the_last_words(test: &TestStore, sink: &Sink) {
    let sent = "SELECT count(*) FROM outgoing WHERE state = 'sent'";
    for _ in 0..10_000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if number(test, sent).await == i64::try_from(sink.mails().len()).unwrap() {
            return;
        }
    }
    panic!("{} mails, and {}", sink.mails().len(), states(test).await);
}

#[tokio::test]
async fn a_database_locked_for_longer_than_we_wait_loses_and_doubles_nobody() {
    let test = TestStore::sqlite_within(Duration::from_millis(50)).await;
    let url = format!("sqlite:{}", test.folder.path().join("test.db").display());
    let other = Arc::new(Mutex::new(AnyConnection::connect(&url).await.unwrap()));
    let lock = other.clone();
    let sink = Sink::with(move |moment| match moment.at {
        At::Dot if moment.accepted == 50 => {
            let lock = lock.clone();
            Act::meanwhile(move || {
                let lock = lock.clone();
                // Several sessions may come to this moment; the first takes the lock.
                async move { drop(lock.lock().await.execute("BEGIN IMMEDIATE").await) }
            })
        }
        _ => Act::Go,
    })
    .await;
    seed(&test, PEOPLE, SETTINGS).await;
    let delivery = open(&test, &config_for(&sink, &format!("sessions = {SESSIONS}"))).await;
    let stop = CancellationToken::new();
    let ended = delivery.deliver_due(&stop).await;
    assert!(ended.is_err(), "{ended:?}");
    let taken = sink.mails().len();
    assert!(
        (51..=50 + 2 * SESSIONS).contains(&taken),
        "no dot without a mark: {taken} mails"
    );
    let again = delivery.deliver_due(&stop).await;
    assert!(again.is_err(), "it is still locked: {again:?}");
    assert_eq!(sink.mails().len(), taken);

    other.lock().await.execute("ROLLBACK").await.unwrap();
    wait_for_the_last_words(&test, &sink).await;
    // Claims that could not be given back run out.
    test.clock.advance(TimeDelta::minutes(16));
    delivery.deliver_due(&stop).await.unwrap();
    assert_eq!(states(&test).await, format!("sent {PEOPLE}"));
    assert_eq!(sink.mails().len(), PEOPLE, "nobody twice");
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn a_postgresql_that_restarts_in_the_midst_loses_nobody_and_doubles_only_what_was_in_doubt() {
    let Some(server) = postgres() else {
        return;
    };
    let test = TestStore::on_postgres(server).await;
    let name: String = sqlx::query_scalar("SELECT CAST(current_database() AS TEXT)")
        .fetch_one(&test.sql)
        .await
        .unwrap();
    let shut = name.clone();
    let sink = Sink::with(move |moment| match moment.at {
        At::Dot if moment.accepted == 50 => {
            let shut = shut.clone();
            Act::meanwhile(move || {
                let shut = shut.clone();
                async move { server.shut(&shut).await }
            })
        }
        _ => Act::Go,
    })
    .await;
    seed(&test, PEOPLE, SETTINGS).await;
    let delivery = open(&test, &config_for(&sink, &format!("sessions = {SESSIONS}"))).await;
    let stop = CancellationToken::new();
    let ended = delivery.deliver_due(&stop).await;
    assert!(ended.is_err(), "{ended:?}");
    let taken = sink.mails().len();
    assert!(taken < PEOPLE, "{taken} mails");
    assert!(delivery.deliver_due(&stop).await.is_err(), "it is still away");
    assert_eq!(sink.mails().len(), taken, "no dot without a mark");

    server.let_in(&name).await;
    for _ in 0..10 {
        test.clock.advance(TimeDelta::minutes(16));
        delivery.deliver_due(&stop).await.unwrap();
    }
    assert_eq!(states(&test).await, format!("sent {PEOPLE}"));
    let doubts = number(&test, "SELECT CAST(sum(doubts) AS BIGINT) FROM outgoing").await;
    assert!(doubts <= 2 * SESSIONS as i64, "{doubts} doubts");
    assert!(sink.mails().len() <= PEOPLE + 2 * SESSIONS);
    assert_ledger_is_whole(&test, &sink).await;
}
