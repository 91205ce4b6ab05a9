//! SMTP-09 to SMTP-11: encryption that never falls back, and passwords that never go in the clear.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{SETTINGS, assert_ledger_is_whole, config, deliver, open, seed, states};
use crate::database::TestStore;
use crate::sink::{Act, At, Offer, Sink};

/// Made by `tests/fixtures/tls/make`: an authority, and certificates under it for `localhost`, one that has expired,
/// one for another host.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tls")
        .join(name)
}

pub fn acceptor(name: &str) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(fixture(&format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Sends one mail; returns the row's state and the fault, if the relay rests.
async fn send(offer: Offer, relay: &str) -> (String, String, Sink) {
    let test = TestStore::sqlite().await;
    seed(&test, 1, SETTINGS).await;
    let sink = Sink::offering(offer, |moment| match moment.at {
        At::Auth if moment.command.contains("PLAIN") && !moment.command.ends_with(PLAIN) => Act::say("535 5.7.8 no"),
        _ => Act::Go,
    })
    .await;
    let relay = format!(
        "kind = \"smtp\"\nhost = \"localhost\"\nport = {}\n{relay}",
        sink.address.port()
    );
    let summary = deliver(&test, &config(&relay)).await;
    let fault = summary
        .resting
        .first()
        .map(|(_, fault)| fault.to_string())
        .unwrap_or_default();
    assert_ledger_is_whole(&test, &sink).await;
    (states(&test).await, fault, sink)
}

/// `\0ada\0sesame`
const PLAIN: &str = "AGFkYQBzZXNhbWU=";

fn starttls(name: &str) -> Offer {
    Offer {
        extensions: vec!["PIPELINING", "STARTTLS"],
        tls: Some(acceptor(name)),
        ..Offer::default()
    }
}

fn with_ca(tls: &str) -> String {
    format!("tls = \"{tls}\"\nca_file = \"{}\"\n", fixture("ca.pem").display())
}

#[tokio::test]
async fn mail_goes_over_starttls_and_over_tls_from_the_start() {
    let (state, fault, sink) = send(starttls("localhost"), &with_ca("starttls")).await;
    assert_eq!((state.as_str(), fault.as_str()), ("sent 1", ""));
    let commands = sink.commands();
    assert_eq!(
        commands[..4].iter().map(|line| &line[..4]).collect::<Vec<_>>(),
        ["EHLO", "STAR", "EHLO", "EHLO"]
    );
    let implicit = Offer {
        implicit: true,
        tls: Some(acceptor("localhost")),
        ..Offer::default()
    };
    let (state, fault, _) = send(implicit, &with_ca("implicit")).await;
    assert_eq!((state.as_str(), fault.as_str()), ("sent 1", ""));
}

#[tokio::test]
async fn without_a_sound_certificate_nothing_is_sent_and_the_fault_says_why() {
    let trusted = with_ca("starttls");
    for (offer, relay, words) in [
        (
            Offer {
                extensions: vec!["PIPELINING"],
                ..Offer::default()
            },
            trusted.as_str(),
            "does not offer STARTTLS",
        ),
        (starttls("localhost"), "tls = \"starttls\"\n", "UnknownIssuer"),
        (starttls("elsewhere"), trusted.as_str(), "not valid for name"),
        (starttls("expired"), trusted.as_str(), "expired"),
    ] {
        let (state, fault, sink) = send(offer, relay).await;
        assert_eq!(state, "pending 1", "{words}");
        assert!(fault.contains(words), "{words}: {fault}");
        assert!(sink.mails().is_empty() && !sink.commands().iter().any(|line| line.starts_with("MAIL")));
    }
}

/// SMTP-10.
#[tokio::test]
async fn words_slipped_in_before_the_handshake_are_thrown_away() {
    let offer = Offer {
        inject: Some("250-sink\r\n250 AUTH PLAIN\r\n"),
        ..starttls("localhost")
    };
    let (state, _, sink) = send(offer, &with_ca("starttls")).await;
    assert_eq!(state, "sent 1");
    assert!(!sink.commands().iter().any(|line| line.starts_with("AUTH")));
}

#[tokio::test]
async fn signing_in_works_by_plain_and_login_and_a_wrong_password_makes_the_relay_rest() {
    for (mechanism, password, expected, words) in [
        ("AUTH PLAIN", "sesame", "sent 1", ""),
        ("AUTH LOGIN", "sesame", "sent 1", ""),
        ("AUTH PLAIN", "wrong", "pending 1", "AUTH: 535"),
        ("AUTH CRAM-MD5", "sesame", "pending 1", "AUTH"),
    ] {
        let offer = Offer {
            extensions: vec!["PIPELINING", "STARTTLS", mechanism],
            ..starttls("localhost")
        };
        let relay = format!("{}user = \"ada\"\npassword = \"{password}\"\n", with_ca("starttls"));
        let (state, fault, _) = send(offer, &relay).await;
        assert_eq!(state, expected, "{mechanism} {password}: {fault}");
        assert!(fault.starts_with(words) && !fault.contains(password), "{fault}");
    }
}

#[tokio::test]
async fn a_password_in_the_clear_is_refused_before_anything_is_sent() {
    let test = TestStore::sqlite().await;
    let relay = "kind = \"smtp\"\nhost = \"192.0.2.1\"\ntls = \"none\"\nuser = \"ada\"\npassword = \"sesame\"\n";
    let opened = rapporteur::delivery::Delivery::open(
        test.store.clone(),
        &config(relay),
        test.clock.clone(),
        rapporteur::token::Secret::from_bytes([7; 32]),
    )
    .await;
    let Err(error) = opened else { panic!("it was accepted") };
    assert!(
        error
            .to_string()
            .contains("relays.outbox: a password would go in the clear"),
        "{error}"
    );
    open(&test, &config("kind = \"smtp\"\nhost = \"192.0.2.1\"\n")).await;
}
