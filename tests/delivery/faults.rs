//! Relays that refuse, vanish, close and lie; people who leave while a digest goes out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use rapporteur::delivery::Summary;
use tokio_util::sync::CancellationToken;

use super::{
    HOLD, SETTINGS, assert_ledger_is_whole, config, config_for, deliver, identity, number, open, row, seed, states,
};
use crate::database::{TestStore, for_each_database};
use crate::sink::{Act, At, Offer, Sink};

/// SMTP-04, from outside: what `p2` gets at a stage, and what its row becomes; `p1` and `p3` must arrive regardless.
#[tokio::test]
async fn a_refusal_concerns_the_row_it_was_given_for() {
    for (at, answer, state, reason) in [
        (At::Rcpt, "450 4.2.0 later", "deferred", "refused"),
        (At::Rcpt, "452 4.2.2 full", "deferred", "mailbox full"),
        (At::Rcpt, "550 5.1.1 unknown", "failed", "no such address"),
        (At::Rcpt, "550 5.7.1 blocked", "failed", "policy"),
        (At::Data, "451 4.3.0 later", "deferred", "refused"),
        (At::Data, "554 5.5.1 no", "failed", "refused"),
        (At::Dot, "451 4.7.1 later", "deferred", "policy"),
        (At::Dot, "550-5.7.1 several\r\n550 5.7.1 lines", "failed", "policy"),
        (At::Dot, "552 5.3.4 too big", "failed", "too large"),
        (At::Dot, "421 4.3.2 closing", "deferred", "connection closed"),
        (At::Rcpt, "421 4.3.2 closing", "deferred", "connection closed"),
        (At::Data, "421 4.3.2 closing", "deferred", "connection closed"),
        (At::Dot, "nonsense", "in-doubt", "resend"),
        (At::Rcpt, "nonsense", "deferred", "connection lost"),
        (At::Data, "250 no message wanted", "deferred", "connection lost"),
    ] {
        for extensions in [vec!["PIPELINING"], vec![]] {
            let test = TestStore::sqlite().await;
            let offer = Offer {
                extensions: extensions.clone(),
                ..Offer::default()
            };
            let sink = Sink::offering(offer, move |moment| {
                if moment.at == at && moment.recipient.starts_with("p2@") {
                    Act::say(answer)
                } else {
                    Act::Go
                }
            })
            .await;
            seed(&test, 3, SETTINGS).await;
            deliver(&test, &config_for(&sink, "sessions = 1")).await;
            let found = row(&test, 2).await;
            assert_eq!(found, (state.into(), reason.into()), "{at:?} {answer} {extensions:?}");
            assert_eq!(
                number(&test, "SELECT count(*) FROM outgoing WHERE state = 'sent'").await,
                2,
                "{at:?} {answer}"
            );
            assert_ledger_is_whole(&test, &sink).await;
        }
    }
}

/// SMTP-06: faults of our side mark nobody.
#[tokio::test]
async fn a_relay_that_refuses_us_rests_and_nobody_is_marked() {
    for (at, answer) in [
        (At::Connect, "554 5.7.1 go away"),
        (At::Connect, "421 4.3.2 not now"),
        (At::Ehlo, "502 5.5.2 what?"),
        (At::Mail, "550 5.7.1 sender refused"),
        (At::Mail, "451 4.3.0 later"),
        (At::Mail, "530 5.7.0 authentication required"),
        (At::Rcpt, "530 5.7.0 authentication required"),
    ] {
        let test = TestStore::sqlite().await;
        let (sink, well) = Sink::ill(Offer::default(), at, Act::say(answer)).await;
        seed(&test, 1000, SETTINGS).await;
        let config = config_for(&sink, "");
        let summary = deliver(&test, &config).await;
        assert_eq!(summary.resting.len(), 1, "{at:?} {answer}");
        assert_eq!(
            Summary {
                resting: Vec::new(),
                ..summary
            },
            Summary::default(),
            "{at:?} {answer}"
        );
        assert_eq!(states(&test).await, "pending 1000", "{at:?} {answer}");
        let until = "SELECT count(*) FROM pause WHERE scope = 'relay outbox' AND until IS NOT NULL AND why IS NOT NULL";
        assert_eq!(number(&test, until).await, 1);
        // While it rests, nobody knocks.
        let knocks = sink.connections();
        deliver(&test, &config).await;
        assert_eq!(sink.connections(), knocks);
        well.store(true, Ordering::SeqCst);
        test.clock.advance(TimeDelta::minutes(2));
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, "sent 1000");
        assert_ledger_is_whole(&test, &sink).await;
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_rests_longer_each_time() {
    let test = TestStore::sqlite().await;
    seed(&test, 10, SETTINGS).await;
    let gone = { Sink::start().await.address.port() };
    let config = config(&format!("kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {gone}"));
    let delivery = open(&test, &config).await;
    for minutes in [1, 2, 5] {
        let summary = delivery.deliver_due(&CancellationToken::new()).await.unwrap();
        assert_eq!(summary.resting.len(), 1);
        let rest = number(&test, "SELECT until FROM pause WHERE scope = 'relay outbox'").await;
        assert_eq!(rest - test.clock.now().timestamp_millis(), minutes * 60_000);
        test.clock.advance(TimeDelta::minutes(minutes));
    }
    assert_eq!(states(&test).await, "pending 10");
}

#[tokio::test]
async fn a_relay_that_never_answers_is_left_after_the_stages_time() {
    let short = "[relays.outbox.timeouts]\nconnect = \"1s\"\ngreeting = \"100ms\"\ncommand = \"100ms\"\ndata = \"100ms\"\n\
                 block = \"100ms\"\ndot = \"200ms\"\n";
    for (at, expected) in [
        (At::Connect, "pending 1"),
        (At::Ehlo, "pending 1"),
        (At::Mail, "pending 1"),
        (At::Rcpt, "deferred 1"),
        (At::Data, "deferred 1"),
        (At::Dot, "in-doubt 1"),
    ] {
        let test = TestStore::sqlite().await;
        let sink = Sink::with(move |moment| if moment.at == at { Act::Hang } else { Act::Go }).await;
        seed(&test, 1, SETTINGS).await;
        deliver(&test, &config_for(&sink, short)).await;
        assert_eq!(states(&test).await, expected, "{at:?}");
        assert_ledger_is_whole(&test, &sink).await;
    }
}

/// SMTP-07: closing after so many mails is a relay's right, and no verdict.
#[tokio::test]
async fn a_relay_that_closes_every_50_mails_loses_and_doubles_nothing() {
    for_each_database(|test| async move {
        let sink = Sink::with(|moment| match moment.at {
            At::Mail if moment.mail >= 50 => Act::SayAndClose("421 4.7.0 enough for one connection".into()),
            _ => Act::Go,
        })
        .await;
        seed(&test, 1000, SETTINGS).await;
        let summary = deliver(&test, &config_for(&sink, "sessions = 2")).await;
        assert_eq!(
            summary,
            Summary {
                sent: 1000,
                ..Summary::default()
            }
        );
        assert_eq!(sink.mails().len(), 1000);
        assert!(sink.connections() >= 20);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// SMTP-05: before the final dot a lost connection means "again", after it "nobody knows".
#[tokio::test]
async fn a_lost_connection_is_judged_by_the_final_dot() {
    for (at, act, expected, taken) in [
        (At::Rcpt, Act::Cut, "deferred 1", 0),
        (At::Data, Act::Cut, "deferred 1", 0),
        (At::Dot, Act::Cut, "in-doubt 1", 0),
        (At::Dot, Act::TakeAndCut, "in-doubt 1", 1),
        (At::Dot, Act::SayAndClose("250 2.0.0 Ok".into()), "sent 1", 1),
    ] {
        let test = TestStore::sqlite().await;
        let sink = Sink::with(move |moment| if moment.at == at { act.clone() } else { Act::Go }).await;
        seed(&test, 1, SETTINGS).await;
        deliver(&test, &config_for(&sink, "")).await;
        assert_eq!(
            (states(&test).await.as_str(), sink.mails().len()),
            (expected, taken),
            "{at:?}"
        );
        assert_ledger_is_whole(&test, &sink).await;
    }
}

/// A mail larger than what the kernel takes at once, cut off in its midst: the final dot cannot have left.
#[tokio::test]
async fn a_message_cut_in_its_midst_was_not_handed_over() {
    let test = TestStore::sqlite().await;
    let sink = Sink::with(|moment| {
        if moment.at == At::Data {
            Act::CutAfter(1000)
        } else {
            Act::Go
        }
    })
    .await;
    seed(&test, 1, SETTINGS).await;
    let long = "x".repeat(70) + "\r\n";
    sqlx::query("UPDATE variant SET message = $1")
        .bind(format!("Subject: Long\r\n\r\n{}", long.repeat(400_000)))
        .execute(&test.sql)
        .await
        .unwrap();
    deliver(&test, &config_for(&sink, "")).await;
    assert_eq!(states(&test).await, "deferred 1");
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn a_mail_in_doubt_is_sent_once_more_as_the_same_mail_if_the_list_says_resend() {
    for_each_database(|test| async move {
        let sink = Sink::with(|moment| match moment.at {
            At::Dot if moment.recipient.starts_with("p2@") => Act::TakeAndCut,
            _ => Act::Go,
        })
        .await;
        seed(&test, 3, SETTINGS).await;
        let config = config_for(&sink, "sessions = 1");
        assert_eq!(deliver(&test, &config).await.in_doubt, 1);
        assert_eq!(row(&test, 2).await, ("in-doubt".into(), "resend".into()));
        assert_eq!(
            deliver(&test, &config).await,
            Summary::default(),
            "not before ten minutes"
        );
        test.clock.advance(TimeDelta::minutes(10));
        deliver(&test, &config).await;
        // The second doubt is the last: the policy says once.
        assert_eq!(row(&test, 2).await, ("in-doubt".into(), "settled".into()));
        test.clock.advance(TimeDelta::hours(1));
        deliver(&test, &config).await;
        let mails: Vec<_> = sink
            .mails()
            .into_iter()
            .filter(|mail| mail.recipient.starts_with("p2@"))
            .collect();
        assert_eq!(mails.len(), 2);
        assert_eq!(identity(&mails[0]), identity(&mails[1]));
        assert_eq!(number(&test, "SELECT doubts FROM outgoing WHERE id = 2").await, 2);
        assert_eq!(
            number(&test, "SELECT count(*) FROM edition WHERE state = 'finished'").await,
            1
        );
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn a_mail_in_doubt_waits_for_staff_if_the_list_says_hold() {
    for_each_database(|test| async move {
        let sink = Sink::with(|moment| {
            if moment.at == At::Dot && moment.accepted == 0 {
                Act::Cut
            } else {
                Act::Go
            }
        })
        .await;
        seed(&test, 1, HOLD).await;
        let config = config_for(&sink, "");
        deliver(&test, &config).await;
        test.clock.advance(TimeDelta::days(3));
        deliver(&test, &config).await;
        assert_eq!(row(&test, 1).await, ("in-doubt".into(), "hold".into()));
        assert_eq!(
            number(&test, "SELECT count(*) FROM edition WHERE state = 'finished'").await,
            0
        );
        assert_eq!(
            test.store
                .decide_doubts(1, rapporteur::store::Doubts::Settle)
                .await
                .unwrap(),
            1
        );
        deliver(&test, &config).await;
        assert_eq!(
            number(&test, "SELECT count(*) FROM edition WHERE state = 'finished'").await,
            1
        );
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// LST-07: whoever leaves while the digest goes out gets none, but for a mail whose mark is already made.
#[tokio::test]
async fn people_who_leave_in_the_midst_get_no_mail() {
    for_each_database(|test| async move {
        let sql = test.sql.clone();
        let sink = Sink::with(move |moment| {
            let sql = sql.clone();
            // While p1 is asked for, with others claimed and waiting, p50 and all after leave.
            match moment.at {
                At::Rcpt if moment.recipient.starts_with("p1@") => Act::meanwhile(move || {
                    let sql = sql.clone();
                    async move {
                        let left = "UPDATE subscription SET state = 'left' WHERE subscriber_id >= 50";
                        sqlx::query(left).execute(&sql).await.unwrap();
                        sqlx::query("UPDATE subscriber SET state = 'suppressed' WHERE id = 40")
                            .execute(&sql)
                            .await
                            .unwrap();
                    }
                }),
                _ => Act::Go,
            }
        })
        .await;
        seed(&test, 100, SETTINGS).await;
        let summary = deliver(&test, &config_for(&sink, "sessions = 1")).await;
        assert_eq!((summary.sent, summary.skipped), (48, 52));
        assert_eq!(row(&test, 50).await, ("skipped".into(), "left".into()));
        assert_eq!(row(&test, 40).await, ("skipped".into(), "left".into()));
        assert!(!sink.counts().contains_key("p50@example.org"));
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn whoever_leaves_after_the_claim_and_before_the_mark_gets_no_dot() {
    let test = TestStore::sqlite().await;
    let sql = test.sql.clone();
    let sink = Sink::with(move |moment| {
        let sql = sql.clone();
        match moment.at {
            At::Data if moment.recipient.starts_with("p2@") => Act::meanwhile(move || {
                let sql = sql.clone();
                async move {
                    let left = "UPDATE subscription SET state = 'left' WHERE subscriber_id = 2";
                    sqlx::query(left).execute(&sql).await.unwrap();
                }
            }),
            _ => Act::Go,
        }
    })
    .await;
    seed(&test, 4, SETTINGS).await;
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!(row(&test, 2).await, ("skipped".into(), "left".into()));
    assert_eq!(states(&test).await, "sent 3, skipped 1");
    assert_eq!(
        sink.connections(),
        2,
        "the relay waited for a message and got a closed connection"
    );
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn what_is_paused_or_stopped_stands_still_and_goes_on_later() {
    for_each_database(|test| async move {
        let sink = Sink::start().await;
        seed(&test, 10, SETTINGS).await;
        let config = config_for(&sink, "");
        for scope in ["everything", "list events", "relay outbox"] {
            test.run(&format!(
                "INSERT INTO pause (scope, who, since) VALUES ('{scope}', 'ada', 0)"
            ))
            .await;
            assert_eq!(deliver(&test, &config).await, Summary::default(), "{scope}");
            assert_eq!(states(&test).await, "pending 10");
            test.run("DELETE FROM pause").await;
        }
        for state in ["waiting", "held", "stopped", "cancelled"] {
            test.run(&format!("UPDATE edition SET state = '{state}'")).await;
            assert_eq!(deliver(&test, &config).await, Summary::default(), "{state}");
        }
        test.run("UPDATE edition SET state = 'sending'").await;
        assert_eq!(deliver(&test, &config).await.sent, 10);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn an_edition_stopped_in_the_midst_stops_before_the_next_mark() {
    let test = TestStore::sqlite().await;
    let sql = test.sql.clone();
    let sink = Sink::with(move |moment| {
        let sql = sql.clone();
        match moment.at {
            At::Dot if moment.accepted == 9 => Act::meanwhile(move || {
                let sql = sql.clone();
                async move {
                    sqlx::query("UPDATE edition SET state = 'stopped'")
                        .execute(&sql)
                        .await
                        .unwrap();
                }
            }),
            _ => Act::Go,
        }
    })
    .await;
    seed(&test, 100, SETTINGS).await;
    let config = config_for(&sink, "sessions = 1");
    deliver(&test, &config).await;
    assert_eq!(states(&test).await, "pending 90, sent 10");
    test.run("UPDATE edition SET state = 'sending'").await;
    deliver(&test, &config).await;
    assert_eq!(states(&test).await, "sent 100");
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn a_relay_that_refuses_rcpt_and_waits_for_a_message_gets_an_empty_one_that_counts_for_nobody() {
    let test = TestStore::sqlite().await;
    let sink = Sink::with(|moment| match moment.at {
        At::Rcpt if moment.recipient.starts_with("p2@") => Act::say("550 5.1.1 unknown"),
        At::Data if moment.recipient.is_empty() => Act::say("354 go on"),
        _ => Act::Go,
    })
    .await;
    seed(&test, 3, SETTINGS).await;
    let summary = deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!((summary.sent, summary.failed), (2, 1));
    assert_eq!(sink.connections(), 1, "the connection is kept");
    assert_ledger_is_whole(&test, &sink).await;
}

/// MSG-12 and MSG-14.
#[tokio::test]
async fn what_a_relay_can_never_take_fails_with_a_reason_and_no_data() {
    let test = TestStore::sqlite().await;
    let offer = Offer {
        extensions: vec!["PIPELINING", "SIZE 1000"],
        ..Offer::default()
    };
    let sink = Sink::offering(offer, |_| Act::Go).await;
    seed(&test, 3, SETTINGS).await;
    test.run(
        "UPDATE subscriber SET address = 'jörg@bücher.example' WHERE id = 1;
         UPDATE subscriber SET address = 'ada@bücher.example' WHERE id = 2",
    )
    .await;
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!(row(&test, 1).await, ("failed".into(), "needs SMTPUTF8".into()));
    assert_eq!(row(&test, 2).await, ("sent".into(), String::new()));
    assert!(sink.counts().contains_key("ada@xn--bcher-kva.example"));
    assert_ledger_is_whole(&test, &sink).await;

    let test = TestStore::sqlite().await;
    seed(&test, 2, SETTINGS).await;
    sqlx::query("UPDATE variant SET message = $1")
        .bind(format!("Subject: Long\r\n\r\n{}", "x\r\n".repeat(1700)))
        .execute(&test.sql)
        .await
        .unwrap();
    let heard = sink.commands().len();
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!(row(&test, 1).await, ("failed".into(), "too large".into()));
    assert!(!sink.commands()[heard..].contains(&"DATA".to_owned()));
    // "5115 bytes" are no reply of class 5.
    assert_eq!(number(&test, "SELECT count(*) FROM bounce").await, 0);
}

#[tokio::test]
async fn an_address_that_only_smtputf8_can_carry_goes_where_it_is_offered() {
    let test = TestStore::sqlite().await;
    let sink = Sink::start().await;
    seed(&test, 1, SETTINGS).await;
    test.run("UPDATE subscriber SET address = 'jörg@bücher.example'").await;
    deliver(&test, &config_for(&sink, "")).await;
    assert!(sink.counts().contains_key("jörg@xn--bcher-kva.example"));
    assert!(
        sink.commands()
            .contains(&"MAIL FROM:<news@example.org> SMTPUTF8".to_owned())
    );
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn one_unreadable_variant_fails_its_rows_and_stops_nobody_else() {
    let test = TestStore::sqlite().await;
    let sink = Sink::start().await;
    seed(&test, 3, SETTINGS).await;
    test.run(
        "INSERT INTO variant (id, edition_id, language, items, subject, message, page) VALUES (2, 1, 'de', '', '', '', '');
         UPDATE outgoing SET variant_id = 2 WHERE id = 1;
         UPDATE subscriber SET address = 'two words' WHERE id = 2",
    )
    .await;
    deliver(&test, &config_for(&sink, "")).await;
    assert_eq!(row(&test, 1).await, ("failed".into(), "unreadable mail".into()));
    assert_eq!(row(&test, 2).await, ("failed".into(), "not an address".into()));
    assert_eq!(row(&test, 3).await.0, "sent");
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn an_answer_that_takes_its_time_counts() {
    let test = TestStore::sqlite().await;
    let sink = Sink::with(|moment| match moment.at {
        At::Dot => Act::Wait(Duration::from_millis(300)),
        _ => Act::Go,
    })
    .await;
    seed(&test, 1, SETTINGS).await;
    deliver(&test, &config_for(&sink, "")).await;
    assert_eq!((states(&test).await.as_str(), sink.mails().len()), ("sent 1", 1));
    assert_ledger_is_whole(&test, &sink).await;
}

/// The lights go out in the midst, three times: nothing is lost, and what is doubled was in doubt, one a session at most.
#[tokio::test]
async fn ended_hard_in_the_midst_nothing_is_lost_and_little_is_doubled() {
    for_each_database(|test| async move {
        let hard = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
        let end = hard.clone();
        let sink = Sink::with(move |moment| {
            if moment.at == At::Dot && moment.accepted % 150 == 149 {
                end.lock().unwrap().cancel();
            }
            Act::Go
        })
        .await;
        seed(&test, 500, SETTINGS).await;
        let config = config_for(&sink, "sessions = 4");
        for _ in 0..3 {
            let token = CancellationToken::new();
            *hard.lock().unwrap() = token.clone();
            open(&test, &config)
                .await
                .run(CancellationToken::new(), token)
                .await
                .unwrap();
            let recovered = test.store.recover_all(Duration::from_secs(600)).await.unwrap();
            assert!(recovered.in_doubt <= 4, "{recovered:?}");
        }
        test.clock.advance(TimeDelta::minutes(10));
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, "sent 500");
        assert!(sink.mails().len() <= 500 + 3 * 4, "{} mails", sink.mails().len());
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// REL-10: an answer that the database refuses is kept and written later; no further dot goes out meanwhile.
#[tokio::test]
async fn an_answer_that_cannot_be_written_is_not_lost() {
    let test = TestStore::sqlite().await;
    let sql = test.sql.clone();
    let sink = Sink::with(move |moment| {
        let sql = sql.clone();
        match moment.at {
            At::Dot if moment.accepted == 1 => Act::meanwhile(move || {
                let sql = sql.clone();
                async move {
                    let full =
                        "CREATE TRIGGER full BEFORE UPDATE ON outgoing BEGIN SELECT RAISE(ABORT, 'disk full'); END";
                    sqlx::query(full).execute(&sql).await.unwrap();
                }
            }),
            _ => Act::Go,
        }
    })
    .await;
    seed(&test, 5, SETTINGS).await;
    let delivery = open(&test, &config_for(&sink, "sessions = 1")).await;
    let ended = delivery.deliver_due(&CancellationToken::new()).await;
    assert!(
        matches!(ended, Err(rapporteur::delivery::Error::Unwritten)),
        "{ended:?}"
    );
    assert_eq!(sink.mails().len(), 2, "no dot without a mark");
    test.run("DROP TRIGGER full").await;
    // The ledger writes its last words when it ends.
    drop(delivery);
    let mut looked = 0;
    while states(&test).await != "pending 3, sent 2" {
        looked += 1;
        assert!(looked < 10_000, "{}", states(&test).await);
    }
    assert_ledger_is_whole(&test, &sink).await;
}
