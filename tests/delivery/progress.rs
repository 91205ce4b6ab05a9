//! What staff see of an edition that is being sent.

use chrono::TimeDelta;

use super::{SETTINGS, assert_ledger_is_whole, config_for, deliver, seed};
use crate::database::for_each_database;
use crate::sink::{Act, At, Sink};

#[tokio::test]
async fn pace_time_left_and_the_commonest_answers_are_told() {
    for_each_database(async |test| {
        let sink = Sink::with(|moment| {
            let number: usize = moment
                .recipient
                .trim_matches(|c: char| !c.is_ascii_digit())
                .parse()
                .unwrap_or(0);
            match moment.at {
                At::Dot => Act::Say(format!("250 2.0.0 Ok: queued as 4F{number:06}")),
                At::Rcpt if number.is_multiple_of(10) => Act::Say(format!("550 5.1.1 <{}>: unknown", moment.recipient)),
                At::Rcpt if number % 10 == 1 => Act::say("451 4.3.0 try later"),
                _ => Act::Go,
            }
        })
        .await;
        seed(&test, 100, SETTINGS).await;
        deliver(&test, &config_for(&sink, "")).await;
        test.clock.advance(TimeDelta::seconds(10));
        assert_ledger_is_whole(&test, &sink).await;
        let progress = test.store.find_progress(1, 20).await.unwrap();
        assert_eq!(
            progress.replies,
            [
                ("250 2.0.0 Ok: queued as …".to_owned(), 80),
                ("451 4.3.0 try later".to_owned(), 10),
                ("550 5.1.1 <…> unknown".to_owned(), 10),
            ]
        );
        assert_eq!(progress.left, 10);
        assert!(
            (progress.rate - 8.0).abs() < 0.5,
            "80 mails in ten seconds: {}",
            progress.rate
        );
        let left = progress.done_at.unwrap() - test.clock.now();
        assert!((0..=2).contains(&left.num_seconds()), "ten mails at that pace: {left}");
        // An hour later nothing is known of the pace.
        test.clock.advance(TimeDelta::hours(1));
        let later = test.store.find_progress(1, 1).await.unwrap();
        assert_eq!((later.rate, later.done_at, later.replies.len()), (0.0, None, 1));
        test
    })
    .await;
}
