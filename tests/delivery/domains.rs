//! Recipient domains: one that does not believe us, and one that takes only so many mails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::{SETTINGS, assert_ledger_is_whole, config_for, deliver, number, open, seed, states};
use crate::database::{TestStore, for_each_database};
use crate::sink::{Act, At, Sink};

/// The first of the people are at this domain.
async fn move_people(test: &TestStore, first: usize, domain: &str) {
    test.run(&format!(
        "UPDATE subscriber SET address = 'p' || id || '@{domain}', address_key = 'p' || id || '@{domain}' WHERE id <= {first}"
    ))
    .await;
}

/// BULK-03.
#[tokio::test]
async fn a_domain_that_does_not_believe_us_pauses_and_nobody_has_failed() {
    for at in [At::Rcpt, At::Dot] {
        for_each_database(async |test| {
            let well = Arc::new(AtomicBool::new(false));
            let now_well = well.clone();
            let sink = Sink::with(move |moment| {
                let ours = moment.recipient.ends_with("@outlook.example.net");
                match moment.at == at && ours && !now_well.load(Ordering::SeqCst) {
                    true => Act::say("550 5.7.515 Access denied, <p1@outlook.example.net> wants DKIM"),
                    false => Act::Go,
                }
            })
            .await;
            seed(&test, 400, SETTINGS).await;
            move_people(&test, 200, "outlook.example.net").await;
            let config = config_for(&sink, "sessions = 2");
            deliver(&test, &config).await;
            assert_eq!(states(&test).await, "deferred 200, sent 200");
            // Some were in hand when the first was refused; the others never went near a relay.
            let asked = number(&test, "SELECT count(*) FROM outgoing WHERE reply LIKE '550%'").await;
            assert!((1..=128).contains(&asked), "{asked} were refused");
            let pauses = test.store.list_pauses().await.unwrap();
            assert_eq!(pauses.len(), 1);
            assert_eq!(pauses[0].scope, "domain outlook.example.net");
            assert_eq!(pauses[0].until, None);
            let alerts = test.store.list_alerts().await.unwrap();
            assert_eq!(alerts.len(), 1);
            assert!(!alerts[0].why.contains('@'), "{}", alerts[0].why);

            // The pause outlives time, and its rows are not due.
            test.clock.advance(TimeDelta::days(3));
            deliver(&test, &config).await;
            assert_eq!(sink.mails().len(), 200);
            assert_eq!(test.store.count_due().await.unwrap(), 0);

            well.store(true, Ordering::SeqCst);
            assert!(test.store.unpause("domain outlook.example.net").await.unwrap());
            deliver(&test, &config).await;
            assert_eq!(states(&test).await, "sent 400");
            assert_eq!(
                number(&test, "SELECT count(*) FROM alert WHERE over_at IS NULL").await,
                0
            );
            assert_ledger_is_whole(&test, &sink).await;
            test
        })
        .await;
    }
}

#[tokio::test]
async fn rows_that_a_late_claim_put_aside_come_back_by_themselves() {
    for_each_database(async |test| {
        let sink = Sink::start().await;
        seed(&test, 3, SETTINGS).await;
        test.run("UPDATE outgoing SET state = 'deferred', reason = 'domain paused', next_at = 253402214400000")
            .await;
        deliver(&test, &config_for(&sink, "")).await;
        assert_eq!(states(&test).await, "sent 3");
        test
    })
    .await;
}

#[tokio::test]
async fn a_domain_gets_no_more_than_its_rate_and_keeps_nobody_waiting() {
    for_each_database(async |test| {
        let sink = Sink::start().await;
        seed(&test, 300, SETTINGS).await;
        move_people(&test, 200, "big.example.net").await;
        let config = config_for(
            &sink,
            "sessions = 2\n[delivery.domains]\n\"big.example.net\" = \"60/min\"\n",
        );
        let workers = [open(&test, &config).await, open(&test, &config).await];
        let begin = test.clock.now();
        let big = || {
            sink.mails()
                .iter()
                .filter(|mail| mail.recipient.ends_with("@big.example.net"))
                .count()
        };
        let mut arrivals: Vec<(DateTime<Utc>, usize)> = Vec::new();
        let mut rounds = 0;
        while sink.mails().len() < 300 {
            let stop = CancellationToken::new();
            let (one, other) = tokio::join!(workers[0].deliver_due(&stop), workers[1].deliver_due(&stop));
            let waits = [one.unwrap(), other.unwrap()]
                .iter()
                .filter_map(|summary| summary.waits_until)
                .min();
            if arrivals.is_empty() {
                assert_eq!(sink.mails().len() - big(), 100, "all others went at once");
                assert!(big() <= 4, "{} at once", big());
            }
            arrivals.push((test.clock.now(), big()));
            rounds += 1;
            let Some(until) = waits else { break };
            test.clock
                .advance((until - test.clock.now()).max(TimeDelta::milliseconds(1)));
        }
        assert_eq!(states(&test).await, "sent 300");
        for (at, before) in &arrivals {
            let within = arrivals
                .iter()
                .filter(|(later, _)| *later < *at + TimeDelta::minutes(1));
            let most = within.map(|(_, count)| *count).max().unwrap();
            assert!(most - before <= 60, "{} mails in the minute from {at}", most - before);
        }
        let minutes = (test.clock.now() - begin).num_seconds() as f64 / 60.0;
        assert!(
            (3.2..=3.9).contains(&minutes),
            "200 mails at 60 a minute took {minutes:.1} minutes"
        );
        // Each mail has its own turn: hardly any is looked at in vain.
        assert!(rounds < 260, "{rounds} rounds");
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}
