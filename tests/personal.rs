//! Mail to one person has a sender and a relay of its own, and never waits behind a digest (BULK-05).

use std::sync::Arc;

use rapporteur::publish::{by_hand, test_send};
use rapporteur::subscriber::Address;

use crate::app::{EVENTS, REPORTS, TestApp};
use crate::database::TestStore;
use crate::delivery::{SETTINGS, config_for, deliver, seed};
use crate::sink::{Act, At, Sink};

async fn send_test(app: &TestApp) {
    let order = by_hand(&app.house, std::collections::BTreeMap::new());
    let staff = [Address::parse("staff@example.org").unwrap()];
    test_send(&app.house, "events", &order, &staff).await.unwrap();
}

#[tokio::test]
async fn personal_mail_goes_through_its_own_relay_from_its_own_sender() {
    let (bulk, personal) = (Sink::start().await, Sink::start().await);
    let more = format!(
        "[relays.second]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         [personal]\nfrom = \"News desk <desk@example.org>\"\nrelay = \"second\"\n",
        personal.address.port()
    );
    let list = EVENTS.replace(
        "approval =",
        "relay = \"outbox\"\npreview_to = [\"editor@example.org\"]\napproval =",
    );
    let mut app = TestApp::with_relay(&format!("{REPORTS}{list}{more}"), bulk.address.port()).await;
    app.people("events", &["ada@example.org,Ada,en,,weekly"]).await;
    app.publish(&["Rivers"]).await;
    send_test(&app).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    let to = |sink: &Sink| {
        sink.mails()
            .iter()
            .map(|mail| mail.recipient.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(to(&bulk), ["ada@example.org"]);
    let mut few = to(&personal);
    few.sort();
    assert_eq!(few, ["editor@example.org", "staff@example.org"]);
    assert_eq!(
        bulk.mails()[0].header("From").as_deref(),
        Some("Events <events@example.org>")
    );
    for mail in personal.mails() {
        assert_eq!(mail.header("From").as_deref(), Some("News desk <desk@example.org>"));
        assert_eq!(mail.sender, "desk@example.org");
    }
}

#[tokio::test]
async fn without_a_section_personal_mail_comes_from_its_list() {
    let sink = Sink::start().await;
    let list = EVENTS.replace("approval =", "bounce_address = \"bounces@example.org\"\napproval =");
    let mut app = TestApp::with_relay(&format!("{REPORTS}{list}"), sink.address.port()).await;
    app.publish(&["Rivers"]).await;
    send_test(&app).await;
    app.deliver().await;
    let mail = &sink.mails()[0];
    assert_eq!(mail.header("From").as_deref(), Some("Events <events@example.org>"));
    assert_eq!(mail.sender, "bounces@example.org");
}

#[tokio::test]
async fn a_personal_mail_overtakes_a_digest_that_is_going_out() {
    let test = TestStore::sqlite().await;
    seed(&test, 10_000, SETTINGS).await;
    let store = Arc::new(test.store.clone());
    let sink = Sink::with(move |moment| match moment.at == At::Dot && moment.accepted == 1000 {
        true => {
            let store = store.clone();
            Act::meanwhile(move || {
                let store = store.clone();
                async move {
                    let mut tx = store.begin().await.unwrap();
                    let mail = rapporteur::store::Personal {
                        kind: "test",
                        priority: 1,
                        relay: "outbox".into(),
                        recipient: "staff@example.org".into(),
                        sender: "news@example.org".into(),
                        message: "Subject: [Test]\r\n\r\nText\r\n".into(),
                        list: None,
                        link: None,
                    };
                    store.insert_personal(&mut tx, &mail).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        }
        false => Act::Go,
    })
    .await;
    deliver(&test, &config_for(&sink, "sessions = 2")).await;
    let mails = sink.mails();
    assert!(mails.len() > 10_000);
    let place = mails
        .iter()
        .position(|mail| mail.recipient == "staff@example.org")
        .unwrap();
    // What two claims brought was in hand already.
    assert!((1000..1000 + 3 * 64).contains(&place), "it went out as number {place}");
}
