//! Relays that are slow, lose the line, change their mind about a password, or limit how many may talk (FLT-05 to FLT-10).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use rapporteur::config::Config;
use rapporteur::delivery::Summary;
use tokio_util::sync::CancellationToken;

use super::middleman::{Middleman, Passed};
use super::tls::{acceptor, fixture};
use super::{SETTINGS, assert_ledger_is_whole, config, config_for, deliver, open, row, seed, states};
use crate::database::{TestStore, for_each_database};
use crate::sink::{Act, At, Offer, Sink};

/// FLT-01: nobody has to do anything for it to go on.
#[tokio::test]
async fn a_relay_that_goes_down_in_the_midst_gets_the_rest_by_itself_when_it_is_back() {
    for_each_database(|test| async move {
        let up = Arc::new(AtomicBool::new(false));
        let is_up = up.clone();
        let sink = Sink::with(
            move |moment| match moment.accepted >= 50 && !is_up.load(Ordering::SeqCst) {
                true => Act::Cut,
                false => Act::Go,
            },
        )
        .await;
        seed(&test, 200, SETTINGS).await;
        let delivery = open(&test, &config_for(&sink, "sessions = 4")).await;
        let summary = delivery.deliver_due(&CancellationToken::new()).await.unwrap();
        assert_eq!((summary.resting.len(), summary.failed), (1, 0));
        assert!((50..60).contains(&sink.mails().len()), "{} mails", sink.mails().len());
        up.store(true, Ordering::SeqCst);
        // What was between dot and answer is in doubt, and what was before it deferred: both for some minutes.
        for _ in 0..4 {
            test.clock.advance(TimeDelta::minutes(5));
            delivery.deliver_due(&CancellationToken::new()).await.unwrap();
        }
        assert_eq!(states(&test).await, "sent 200");
        assert_eq!(
            sink.mails().len(),
            200,
            "the relay took nothing that it did not answer for"
        );
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// FLT-05: nine minutes of the database's clock pass, and more than any other stage may take of ours.
#[tokio::test]
async fn an_answer_nine_minutes_after_the_dot_counts_and_nobody_else_sends_the_mail_meanwhile() {
    for_each_database(|test| async move {
        let (clock, store) = (test.clock.clone(), test.store.clone());
        let slow = Act::meanwhile(move || {
            let (clock, store) = (clock.clone(), store.clone());
            async move {
                clock.advance(TimeDelta::minutes(9));
                let resend_after = Duration::from_secs(600);
                let recovered = store.recover_expired(resend_after).await.unwrap();
                assert_eq!(recovered.in_doubt, 0, "the lease is longer than the answer may take");
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
        });
        let sink = Sink::with(move |moment| match moment.at {
            At::Dot => slow.clone(),
            _ => Act::Go,
        })
        .await;
        seed(&test, 1, SETTINGS).await;
        let stages = "[relays.outbox.timeouts]\ngreeting = \"200ms\"\ncommand = \"200ms\"\ndata = \"200ms\"\n\
                      block = \"200ms\"\n";
        deliver(&test, &config_for(&sink, stages)).await;
        assert_eq!((states(&test).await.as_str(), sink.mails().len()), ("sent 1", 1));
        test.clock.advance(TimeDelta::hours(1));
        deliver(&test, &config_for(&sink, stages)).await;
        assert_eq!(sink.mails().len(), 1);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// FLT-06. What the kernel has taken is out of our hands: near its end a mail may be in doubt, and is never lost.
#[tokio::test]
async fn a_line_that_breaks_within_a_message_costs_a_second_try_and_no_second_copy() {
    const LENGTH: usize = 40_000_000;
    for (percent, states_then) in [
        (1, &["deferred"][..]),
        (50, &["deferred"]),
        (99, &["deferred", "in-doubt"]),
    ] {
        let test = TestStore::sqlite().await;
        let sink = Sink::with(move |moment| match moment.at {
            At::Data if moment.connection == 0 => Act::CutAfter(LENGTH / 100 * percent),
            _ => Act::Go,
        })
        .await;
        seed(&test, 1, SETTINGS).await;
        let line = "x".repeat(998) + "\r\n";
        sqlx::query("UPDATE variant SET message = $1")
            .bind(format!("Subject: Long\r\n\r\n{}", line.repeat(LENGTH / line.len())))
            .execute(&test.sql)
            .await
            .unwrap();
        deliver(&test, &config_for(&sink, "")).await;
        let state = row(&test, 1).await.0;
        assert!(states_then.contains(&state.as_str()), "{percent} %: {state}");
        test.clock.advance(TimeDelta::minutes(11));
        deliver(&test, &config_for(&sink, "")).await;
        assert_eq!(
            (states(&test).await.as_str(), sink.mails().len()),
            ("sent 1", 1),
            "{percent} %"
        );
        assert_ledger_is_whole(&test, &sink).await;
    }
}

/// FLT-07: the relay took the mails and said so, and a hundred of its answers never reached us.
#[tokio::test]
async fn a_hundred_answers_lost_on_the_way_are_a_hundred_mails_in_doubt() {
    for_each_database(|test| async move {
        let sink = Sink::with(|moment| match moment.at {
            At::Dot => Act::say("250 2.6.0 taken"),
            _ => Act::Go,
        })
        .await;
        let swallowed = AtomicUsize::new(0);
        let between = Middleman::before(sink.address, move |line| {
            let taken = line.contains("2.6.0 taken");
            match taken && swallowed.fetch_add(1, Ordering::SeqCst) < 100 {
                true => Passed::Cut,
                false => Passed::Line(line.to_owned()),
            }
        })
        .await;
        seed(&test, 300, SETTINGS).await;
        let config = config(&format!(
            "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nsessions = 4",
            between.address.port()
        ));
        let summary = deliver(&test, &config).await;
        assert_eq!((summary.sent, summary.in_doubt), (200, 100));
        assert_eq!(states(&test).await, "in-doubt 100, sent 200");
        assert_eq!(sink.mails().len(), 300);
        test.clock.advance(TimeDelta::minutes(10));
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, "sent 300");
        assert_eq!(sink.mails().len(), 400, "each of the hundred once more");
        let ids: std::collections::BTreeSet<_> = sink.mails().iter().map(|mail| mail.header("Message-ID")).collect();
        assert_eq!(ids.len(), 300, "as the same mail");
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

fn over_tls(port: u16) -> Config {
    config(&format!(
        "kind = \"smtp\"\nhost = \"localhost\"\nport = {port}\ntls = \"starttls\"\nca_file = \"{}\"\n\
         user = \"ada\"\npassword = \"sesame\"\n[relays.outbox.timeouts]\ncommand = \"2s\"\n",
        fixture("ca.pem").display()
    ))
}

/// FLT-08: whoever stands on the line can keep our mail from going, and never read it.
#[tokio::test]
async fn somebody_on_the_line_who_strips_or_cuts_encryption_hears_no_mail() {
    type Pass = fn(&str) -> Passed;
    let table: [(&str, Pass); 4] = [
        ("does not offer STARTTLS", |line| {
            Passed::Line(line.replace("STARTTLS", "XXXXXXXX"))
        }),
        ("STARTTLS: 454", |line| match line.starts_with("220 2.0.0 go") {
            true => Passed::Line("454 4.7.0 TLS not available\r\n".to_owned()),
            false => Passed::Line(line.to_owned()),
        }),
        ("STARTTLS", |line| match line.starts_with("220 2.0.0 go") {
            true => Passed::Cut,
            false => Passed::Line(line.to_owned()),
        }),
        ("STARTTLS", |line| match line.starts_with("220 2.0.0 go") {
            true => Passed::ThenBytes(500),
            false => Passed::Line(line.to_owned()),
        }),
    ];
    for (words, pass) in table {
        let test = TestStore::sqlite().await;
        let offer = Offer {
            extensions: vec!["PIPELINING", "STARTTLS", "AUTH PLAIN"],
            tls: Some(acceptor("localhost")),
            ..Offer::default()
        };
        let sink = Sink::offering(offer, |_| Act::Go).await;
        let between = Middleman::before(sink.address, pass).await;
        seed(&test, 5, SETTINGS).await;
        let summary = deliver(&test, &over_tls(between.address.port())).await;
        let (_, fault) = summary.resting.first().expect("the relay rests");
        assert!(fault.to_string().contains(words), "{words}: {fault}");
        assert_eq!(states(&test).await, "pending 5", "{words}");
        let heard = between.heard();
        assert!(heard.starts_with("EHLO"), "{words}: {heard}");
        for secret in ["MAIL", "RCPT", "AUTH", "example.org>", "Subject"] {
            assert!(
                !heard.contains(secret),
                "{words}: {secret} was said in the clear: {heard}"
            );
        }
        // Without the middleman all is well, and nothing is missing.
        test.clock.advance(TimeDelta::minutes(2));
        deliver(&test, &over_tls(sink.address.port())).await;
        assert_eq!(states(&test).await, "sent 5", "{words}");
        assert_ledger_is_whole(&test, &sink).await;
    }
}

/// FLT-09: somebody changes the password at the relay while a digest goes out.
#[tokio::test]
async fn a_password_that_stops_working_in_the_midst_stops_the_relay_and_the_right_one_goes_on() {
    for_each_database(|test| async move {
        let offer = Offer {
            extensions: vec!["PIPELINING", "AUTH PLAIN"],
            ..Offer::default()
        };
        // `\0ada\0sesame` is good until 50 are through; each connection ends after twenty mails.
        let sink = Sink::offering(offer, |moment| match moment.at {
            At::Auth if moment.accepted >= 50 && moment.command.contains("AGFkYQBzZXNhbWU=") => {
                Act::say("535 5.7.8 authentication failed")
            }
            At::Mail if moment.mail >= 20 => Act::SayAndClose("421 4.7.0 enough".to_owned()),
            _ => Act::Go,
        })
        .await;
        seed(&test, 200, SETTINGS).await;
        let with = |password: &str| {
            config_for(
                &sink,
                &format!("user = \"ada\"\npassword = \"{password}\"\nsessions = 2"),
            )
        };
        let summary = deliver(&test, &with("sesame")).await;
        let (_, fault) = summary.resting.first().expect("the relay rests");
        assert!(fault.to_string().contains("AUTH: 535"), "{fault}");
        assert!(!fault.to_string().contains("sesame"));
        let sent = sink.mails().len();
        assert!((50..200).contains(&sent), "{sent} mails");
        assert_eq!(states(&test).await, format!("pending {}, sent {sent}", 200 - sent));

        test.clock.advance(TimeDelta::minutes(1));
        assert_eq!(deliver(&test, &with("sesame")).await.sent, 0, "it rests again");
        test.clock.advance(TimeDelta::minutes(2));
        deliver(&test, &with("open")).await;
        assert_eq!(states(&test).await, "sent 200");
        assert_eq!(sink.mails().len(), 200);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// FLT-10: more sessions are configured than the relay lets in.
#[tokio::test]
async fn a_relay_that_lets_five_in_and_no_more_gets_everything_once() {
    for_each_database(|test| async move {
        let sink = Sink::with(|moment| match moment.at {
            At::Connect if moment.open > 5 => Act::SayAndClose("421 4.7.0 too many connections".to_owned()),
            _ => Act::Go,
        })
        .await;
        seed(&test, 500, SETTINGS).await;
        let delivery = open(&test, &config_for(&sink, "sessions = 8")).await;
        let mut rounds = 0;
        while states(&test).await != "sent 500" {
            rounds += 1;
            assert!(rounds < 5, "five sessions go on: {}", states(&test).await);
            let summary: Summary = delivery.deliver_due(&CancellationToken::new()).await.unwrap();
            assert_eq!((summary.failed, summary.deferred, summary.in_doubt), (0, 0, 0));
            test.clock.advance(TimeDelta::minutes(31));
        }
        assert_eq!(sink.mails().len(), 500);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}
