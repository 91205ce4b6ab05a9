//! What people and staff do while a digest goes out: leaving (FLT-20), pausing and resuming (FLT-21).

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{SETTINGS, assert_ledger_is_whole, config_for, deliver, row, seed, states};
use crate::database::{TestStore, for_each_database};
use crate::sink::{Act, At, Sink};

/// Runs this SQL once, over the test's own way into the database, before the answer. Who comes to the same moment
/// meanwhile waits for it.
fn meanwhile(test: &TestStore, sql: impl Into<String>) -> Act {
    let (pool, sql, done) = (test.sql.clone(), sql.into(), OnceCell::new());
    let happens = Arc::new((pool, sql, done));
    Act::meanwhile(move || {
        let happens = happens.clone();
        async move {
            let (pool, sql, done) = &*happens;
            let run = || async {
                sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                    .execute(pool)
                    .await
                    .unwrap()
            };
            done.get_or_init(run).await;
        }
    })
}

/// FLT-20: the relay already waits for the message of `p2`, and `p30` waits among the claimed.
#[tokio::test]
async fn who_leaves_is_erased_or_suppressed_in_the_midst_gets_no_mail() {
    for change in [
        "UPDATE subscription SET state = 'left'",
        "UPDATE subscriber SET state = 'erased'",
        "UPDATE subscriber SET state = 'suppressed'",
        "UPDATE subscriber SET state = 'suspended'",
    ] {
        for_each_database(|test| async move {
            let column = if change.contains("subscription") {
                "subscriber_id"
            } else {
                "id"
            };
            let act = meanwhile(&test, format!("{change} WHERE {column} IN (2, 30)"));
            let sink = Sink::with(move |moment| match moment.at {
                At::Data if moment.recipient.starts_with("p2@") => act.clone(),
                _ => Act::Go,
            })
            .await;
            seed(&test, 40, SETTINGS).await;
            let summary = deliver(&test, &config_for(&sink, "sessions = 1")).await;
            assert_eq!((summary.sent, summary.skipped), (38, 2), "{change}");
            for id in [2, 30] {
                assert_eq!(row(&test, id).await, ("skipped".into(), "left".into()), "{change}");
                assert!(!sink.counts().contains_key(&format!("p{id}@example.org")), "{change}");
            }
            assert_ledger_is_whole(&test, &sink).await;
            test
        })
        .await;
    }
}

/// FLT-21: what has its mark goes out; nothing gets a new one.
#[tokio::test]
async fn a_pause_in_the_midst_lets_each_session_finish_one_mail_and_resuming_goes_on_exactly() {
    const SESSIONS: usize = 4;
    for change in [
        "INSERT INTO pause (scope, who, since) VALUES ('everything', 'ada', 0)",
        "INSERT INTO pause (scope, who, since) VALUES ('list events', 'ada', 0)",
        "INSERT INTO pause (scope, who, since) VALUES ('relay outbox', 'ada', 0)",
        "UPDATE edition SET state = 'stopped'",
        "UPDATE edition SET state = 'cancelled'",
    ] {
        for_each_database(|test| async move {
            let act = meanwhile(&test, change);
            let sink = Sink::with(move |moment| match moment.at {
                At::Dot if moment.accepted == 20 => act.clone(),
                _ => Act::Go,
            })
            .await;
            seed(&test, 200, SETTINGS).await;
            let config = config_for(&sink, &format!("sessions = {SESSIONS}"));
            deliver(&test, &config).await;
            let sent = sink.mails().len();
            // Others may ask for the same moment before the change is made: one mail each.
            assert!((21..=20 + 2 * SESSIONS).contains(&sent), "{change}: {sent} mails");
            assert_eq!(
                states(&test).await,
                format!("pending {}, sent {sent}", 200 - sent),
                "{change}"
            );
            deliver(&test, &config).await;
            assert_eq!(sink.mails().len(), sent, "{change}: it stands still");
            test.run("DELETE FROM pause; UPDATE edition SET state = 'sending'")
                .await;
            deliver(&test, &config).await;
            assert_eq!(states(&test).await, "sent 200", "{change}");
            assert_eq!(sink.mails().len(), 200, "{change}: nobody twice");
            assert_ledger_is_whole(&test, &sink).await;
            test
        })
        .await;
    }
}
