//! How much a relay is given, and who takes its mails while it rests.

use chrono::{DateTime, TimeDelta, Utc};
use rapporteur::config::Config;
use tokio_util::sync::CancellationToken;

use super::{SETTINGS, assert_ledger_agrees, assert_ledger_is_whole, config_for, deliver, number, open, seed, states};
use crate::database::for_each_database;
use crate::sink::{Act, At, Sink};

#[tokio::test]
async fn a_rate_holds_for_all_workers_together() {
    for_each_database(async |test| {
        let sink = Sink::start().await;
        seed(&test, 1000, SETTINGS).await;
        let config = config_for(&sink, "rate = [\"100/min\"]\nsessions = 2\n");
        let stop = CancellationToken::new();
        let workers = [open(&test, &config).await, open(&test, &config).await];
        let begin = test.clock.now();
        let mut arrivals: Vec<(DateTime<Utc>, usize)> = Vec::new();
        while sink.mails().len() < 1000 {
            let (one, other) = tokio::join!(workers[0].deliver_due(&stop), workers[1].deliver_due(&stop));
            let waits = [one.unwrap(), other.unwrap()]
                .iter()
                .filter_map(|summary| summary.waits_until)
                .min();
            arrivals.push((test.clock.now(), sink.mails().len()));
            let Some(until) = waits else { break };
            // The clock of a test stands still otherwise.
            test.clock
                .advance((until - test.clock.now()).max(TimeDelta::milliseconds(1)));
        }
        assert_eq!(states(&test).await, "sent 1000");
        assert_ledger_is_whole(&test, &sink).await;
        for (at, before) in &arrivals {
            let within = arrivals
                .iter()
                .filter(|(later, _)| *later < *at + TimeDelta::minutes(1));
            let most = within.map(|(_, count)| *count).max().unwrap();
            assert!(most - before <= 100, "{} mails in the minute from {at}", most - before);
        }
        // A twentieth goes at once, and the rest evenly (BULK-07).
        let minutes = (test.clock.now() - begin).num_seconds() as f64 / 60.0;
        assert!(
            (9.5..=10.5).contains(&minutes),
            "1000 mails at 100 a minute took {minutes:.1} minutes"
        );
        test
    })
    .await;
}

#[tokio::test]
async fn in_quiet_hours_personal_mail_goes_and_digests_wait() {
    for_each_database(async |test| {
        let sink = Sink::start().await;
        seed(&test, 3, SETTINGS).await;
        test.run(
            "INSERT INTO outgoing (id, kind, priority, relay, recipient, sender, message, state, next_at)
             VALUES (900, 'notice', 10, 'outbox', 'staff@example.org', 'news@example.org', 'Subject: Hello\r\n\r\nText\r\n',
                     'pending', 0)",
        )
        .await;
        let now = test.clock.now();
        let hour = |hours: i64| (now + TimeDelta::hours(hours)).format("%H:%M").to_string();
        let quiet = format!(
            "quiet = {{ from = \"{}\", to = \"{}\", zone = \"UTC\" }}\n",
            hour(-1),
            hour(1)
        );
        let config = config_for(&sink, &quiet);
        let summary = deliver(&test, &config).await;
        assert_eq!(sink.mails().len(), 1);
        assert_eq!(sink.mails()[0].recipient, "staff@example.org");
        let until = summary.waits_until.unwrap();
        assert!(until > now && until <= now + TimeDelta::hours(1));
        test.clock.advance(until - now);
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, "sent 3");
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

/// Two relays; what rests is stood in for.
fn with_backup(main: &Sink, backup: &Sink) -> Config {
    let port = |sink: &Sink| sink.address.port();
    toml::from_str(&format!(
        "[institute]\nname = \"Institute\"\ntag_authority = \"example.org,2026\"\n\
         [web]\npublic_url = \"https://news.example.org\"\n\
         [relays.outbox]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nbackup = \"second\"\n\
         [relays.second]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        port(main),
        port(backup)
    ))
    .unwrap()
}

#[tokio::test]
async fn another_relay_takes_the_mails_of_one_that_rests_and_gives_them_back_to_nobody_twice() {
    for_each_database(async |test| {
        let main = Sink::with(|moment| match moment.at {
            At::Mail if moment.accepted >= 10 => Act::SayAndClose("421 4.3.2 shutting down".to_owned()),
            _ => Act::Go,
        })
        .await;
        let backup = Sink::start().await;
        seed(&test, 300, SETTINGS).await;
        let summary = deliver(&test, &with_backup(&main, &backup)).await;
        assert_eq!(summary.resting.len(), 1);
        assert_eq!(states(&test).await, "sent 300");
        assert!(main.mails().len() >= 10);
        assert_eq!(main.mails().len() + backup.mails().len(), 300);
        let mut accepted = main.counts();
        for (recipient, mails) in backup.counts() {
            *accepted.entry(recipient).or_default() += mails;
        }
        assert_ledger_agrees(&test, accepted).await;
        test
    })
    .await;
}

#[tokio::test]
async fn what_staff_paused_goes_through_no_other_relay() {
    for_each_database(async |test| {
        let (main, backup) = (Sink::start().await, Sink::start().await);
        seed(&test, 3, SETTINGS).await;
        test.run("INSERT INTO pause (scope, who, since) VALUES ('relay outbox', 'staff', 0)")
            .await;
        deliver(&test, &with_backup(&main, &backup)).await;
        assert_eq!(main.mails().len() + backup.mails().len(), 0);
        assert_eq!(
            number(&test, "SELECT COUNT(*) FROM outgoing WHERE relay = 'second'").await,
            0
        );
        test
    })
    .await;
}
