//! SMTP-12 and SMTP-14: what a relay offers is used, and what it does not offer is not named to it.

use super::{SETTINGS, assert_ledger_is_whole, config_for, deliver, seed, states};
use crate::database::TestStore;
use crate::sink::{Act, Offer, Sink};

/// Sends to these addresses; returns what was said at MAIL and RCPT.
async fn envelopes(extensions: &[&'static str], addresses: &[&str]) -> Vec<String> {
    let test = TestStore::sqlite().await;
    let offer = Offer {
        extensions: extensions.to_vec(),
        ..Offer::default()
    };
    let sink = Sink::offering(offer, |_| Act::Go).await;
    seed(&test, addresses.len(), SETTINGS).await;
    for (id, address) in (1_i64..).zip(addresses) {
        sqlx::query("UPDATE subscriber SET address = $1 WHERE id = $2")
            .bind(*address)
            .bind(id)
            .execute(&test.sql)
            .await
            .unwrap();
    }
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!(states(&test).await, format!("sent {}", addresses.len()));
    assert_ledger_is_whole(&test, &sink).await;
    let commands = sink.commands().into_iter();
    commands
        .filter(|line| line.starts_with("MAIL") || line.starts_with("RCPT"))
        .collect()
}

#[tokio::test]
async fn a_relay_with_dsn_is_told_which_delivery_a_mail_is_and_for_whom_it_was() {
    let addresses = ["p1@example.org", "a+b=c@example.org", "ada@bücher.example"];
    for extensions in [&["PIPELINING", "DSN"][..], &["DSN"]] {
        assert_eq!(
            envelopes(extensions, &addresses).await,
            [
                "MAIL FROM:<news@example.org> RET=HDRS ENVID=1",
                "RCPT TO:<p1@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;p1@example.org",
                "MAIL FROM:<news@example.org> RET=HDRS ENVID=2",
                "RCPT TO:<a+b=c@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org",
                "MAIL FROM:<news@example.org> RET=HDRS ENVID=3",
                "RCPT TO:<ada@xn--bcher-kva.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ada@xn--bcher-kva.example",
            ]
        );
    }
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_with_the_number_of_its_delivery_alone() {
    assert_eq!(
        envelopes(&["DSN", "SMTPUTF8", "8BITMIME"], &["jörg@example.org"]).await,
        [
            "MAIL FROM:<news@example.org> SMTPUTF8 RET=HDRS ENVID=1",
            "RCPT TO:<jörg@example.org> NOTIFY=FAILURE,DELAY",
        ]
    );
}

#[tokio::test]
async fn what_a_relay_does_not_offer_is_not_named_to_it() {
    for extensions in [&[][..], &["PIPELINING"], &["8BITMIME", "SIZE 100000", "SMTPUTF8"]] {
        assert_eq!(
            envelopes(extensions, &["p1@example.org"]).await,
            ["MAIL FROM:<news@example.org>", "RCPT TO:<p1@example.org>"],
            "{extensions:?}"
        );
    }
}

/// MSG-12: such a mail goes without SMTPUTF8, so that nothing in its head may be beyond ASCII.
#[tokio::test]
async fn a_domain_beyond_ascii_is_ascii_in_the_head_of_the_mail_too() {
    let test = TestStore::sqlite().await;
    let sink = Sink::start().await;
    seed(&test, 1, SETTINGS).await;
    test.run("UPDATE subscriber SET address = 'ada@bücher.example'").await;
    deliver(&test, &config_for(&sink, "")).await;
    let mail = &sink.mails()[0];
    assert_eq!(mail.header("To").as_deref(), Some("ada@xn--bcher-kva.example"));
    assert!(sink.commands().contains(&"MAIL FROM:<news@example.org>".to_owned()));
    assert_ledger_is_whole(&test, &sink).await;
}
