//! Signing in at relays: what they offer, and where each conversation ends that goes wrong (SMTP-09, SMTP-11).

use super::{Institute, only_problem, texts};
use crate::delivery::tls::{acceptor, fixture};
use crate::sink::{Act, At, Moment, Offer, Sink};

/// What `check --online` finds about a relay that listens there; nothing is mailed whatever happens.
async fn findings(sink: &Sink, more: &str) -> serde_json::Value {
    let port = sink.address.port();
    let relay = format!("kind = \"smtp\"\nhost = \"localhost\"\nport = {port}\n{more}");
    let institute = Institute::new(&relay);
    let found = institute.findings(&[], "");
    let mail = |command: &String| ["MAIL", "RCPT", "DATA"].iter().any(|word| command.starts_with(word));
    assert!(!sink.commands().iter().any(mail), "{:?}", sink.commands());
    found
}

fn encrypted(name: &str, implicit: bool) -> Offer {
    Offer {
        extensions: vec![
            "PIPELINING",
            "SIZE 52428800",
            "8BITMIME",
            "STARTTLS",
            "AUTH PLAIN LOGIN",
            "X-ODD",
        ],
        tls: Some(acceptor(name)),
        implicit,
        ..Offer::default()
    }
}

fn trusted(tls: &str) -> String {
    format!(
        "tls = \"{tls}\"\nca_file = \"{}\"\nuser = \"ada\"\npassword_file = \"secrets/relay\"",
        fixture("ca.pem").display()
    )
}

/// With a password in its file.
async fn signed_in(sink: &Sink, more: &str, password: &str) -> serde_json::Value {
    let port = sink.address.port();
    let institute = Institute::new(&format!("kind = \"smtp\"\nhost = \"localhost\"\nport = {port}\n{more}"));
    std::fs::create_dir_all(institute.place.path("secrets")).unwrap();
    institute.place.write("secrets/relay", password);
    let path = institute.place.path("secrets/relay");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    institute.findings(&[], "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lets_us_in_says_what_it_offers() {
    for (tls, implicit) in [("starttls", false), ("implicit", true)] {
        let sink = Sink::offering(encrypted("localhost", implicit), |_| Act::Go).await;
        let found = signed_in(&sink, &trusted(tls), "sesame").await;
        let facts = texts(&found, "facts").join("\n");
        assert!(
            facts.contains("Relay main: signed in (TLS 1.3, TLS13_AES_256_GCM_SHA384); it offers PIPELINING, SIZE 52428800, 8BITMIME, AUTH."),
            "{found}"
        );
        assert_eq!(found["verdict"], "Ready to send.", "{found}");
        let commands = sink.commands();
        assert_eq!(commands.last().map(String::as_str), Some("QUIT"), "{commands:?}");
    }
    let sink = Sink::offering(
        Offer {
            extensions: vec![],
            ..Offer::default()
        },
        |_| Act::Go,
    )
    .await;
    let facts = texts(&findings(&sink, "").await, "facts").join("\n");
    assert!(
        facts.contains("Relay main: connected (unencrypted); it offers no extensions."),
        "{facts}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_told_and_not_shown() {
    let refuse = |moment: &Moment| match moment.at {
        At::Auth => Act::say("535 5.7.8 \u{1b}[31mno"),
        _ => Act::Go,
    };
    let sink = Sink::offering(encrypted("localhost", false), refuse).await;
    let found = signed_in(&sink, &trusted("starttls"), "sesame").await;
    only_problem(&found, "relay main: AUTH: 535");
    only_problem(&found, "see to `user` and its password");
    assert_eq!(found["ready_to_test"], false);
    let said = found.to_string();
    assert!(
        !said.contains("sesame") && !said.contains("AGFkYQ") && !said.contains("\\u001b"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_sound_encryption_is_told() {
    let plain = || Offer {
        extensions: vec!["PIPELINING"],
        ..Offer::default()
    };
    let with_ca = |tls: &str| trusted(tls).split("\nuser").next().unwrap().to_owned();
    for (offer, more, words) in [
        (
            plain(),
            with_ca("starttls"),
            "STARTTLS: the relay does not offer STARTTLS",
        ),
        (
            encrypted("localhost", false),
            "tls = \"starttls\"".to_owned(),
            "UnknownIssuer",
        ),
        (
            encrypted("elsewhere", false),
            with_ca("starttls"),
            "`host` has to be the name in the certificate",
        ),
        (encrypted("expired", true), with_ca("implicit"), "expired"),
    ] {
        let sink = Sink::offering(offer, |_| Act::Go).await;
        only_problem(&findings(&sink, &more).await, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_not_there_or_does_not_want_us_is_told() {
    let sink = Sink::with(|moment| match moment.at {
        At::Connect => Act::say("554 5.7.1 go away"),
        _ => Act::Go,
    })
    .await;
    only_problem(&findings(&sink, "").await, "relay main: greeting: 554 5.7.1 go away");
    let sink = Sink::with(|moment| match moment.at {
        At::Ehlo => Act::say("550 5.7.1 who are you"),
        _ => Act::Go,
    })
    .await;
    only_problem(&findings(&sink, "").await, "see to `helo`");
    let sink = Sink::with(|moment| match moment.at {
        At::Ehlo => Act::Hang,
        _ => Act::Go,
    })
    .await;
    only_problem(
        &findings(&sink, "timeouts = { command = \"100ms\" }").await,
        "EHLO: no answer within 100ms",
    );
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let institute = Institute::new(&format!("kind = \"smtp\"\nhost = \"localhost\"\nport = {port}"));
    only_problem(&institute.findings(&[], ""), "see to `host` and `port`");
}
