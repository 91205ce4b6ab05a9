//! Rules 4 and 5: sends by hand, test sends and previews.

use rapporteur::edition::What;
use rapporteur::publish::{self, ReportDecision};
use rapporteur::subscriber::Address;

use super::{ANNA, BRUNO};
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};

#[tokio::test]
async fn a_send_by_hand_enters_all_ledgers_and_a_second_one_finds_nothing_new() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[&format!("{ANNA},,,,daily"), BRUNO]).await;
        app.drop_titled("Rivers");
        assert_eq!(app.send("events").await, Some(1));
        let entered = "SELECT COUNT(DISTINCT cadence) FROM ledger WHERE edition_id IS NOT NULL";
        assert_eq!(app.count(entered).await, 4, "weekly, daily, immediate and manual");
        assert_eq!((app.mails_of(ANNA).len(), app.mails_of(BRUNO).len()), (1, 1));
        assert_eq!(app.send("events").await, None);
        let edition = app.edition("events", 1).await;
        assert_eq!((edition.cadence.as_str(), edition.slot), ("manual", None));
        app
    })
    .await;
}

#[tokio::test]
async fn a_send_by_hand_gives_each_person_only_what_they_lack() {
    let mut app = TestApp::new().await;
    app.people("events", &[&format!("{ANNA},,,,daily"), BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.deliver().await;
    app.publish(&["Bridges"]).await;
    assert_eq!(app.send("events").await, Some(2));
    let titles = ["Rivers", "Bridges"];
    assert_eq!(app.told(BRUNO, &titles), titles);
    assert_eq!(app.mails_of(BRUNO).len(), 1);
    let second = &app.mails_of(ANNA)[1];
    assert!(
        second.text.contains("Bridges") && !second.text.contains("Rivers"),
        "{}",
        second.text
    );
}

#[tokio::test]
async fn a_cadence_narrows_a_send_to_its_people_and_its_ledger() {
    let mut app = TestApp::new().await;
    app.people("events", &[&format!("{ANNA},,,,daily"), BRUNO]).await;
    app.publish(&["Rivers"]).await;
    assert_eq!(
        app.send_what("events", What::Cadence("daily".into()), &[]).await,
        Some(1)
    );
    assert_eq!(app.row("events", 1, BRUNO).await, "");
    assert_eq!(app.count("SELECT COUNT(*) FROM ledger").await, 1);
    assert_eq!(
        app.tick_at("2026-05-11 06:00").await.sealed,
        ["events/2"],
        "weekly is not told yet"
    );
    app.deliver().await;
    assert_eq!((app.mails_of(ANNA).len(), app.mails_of(BRUNO).len()), (1, 1));
}

#[tokio::test]
async fn only_and_without_leave_the_other_reports_new() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers", "Bridges", "Ferries"]).await;
    let only = What::Only {
        reports: vec![app.id("Bridges").await],
        cadence: None,
    };
    app.send_what("events", only, &[]).await;
    assert_eq!(app.items("events", 1).await, ["Bridges"]);
    app.send_what("events", What::All, &["rivers"]).await;
    assert_eq!(app.items("events", 2).await, ["Ferries"]);
    app.send("events").await;
    assert_eq!(app.items("events", 3).await, ["Rivers"]);
    assert_eq!(app.mails_of(ANNA).len(), 3);
}

#[tokio::test]
async fn a_report_that_is_not_public_cannot_be_sent_by_name() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    let id = app.id("Rivers").await;
    app.decide_report(id, ReportDecision::Hold).await;
    let order = publish::Order {
        what: What::Only {
            reports: vec![id],
            cadence: None,
        },
        ..publish::by_hand(&app.house, Default::default())
    };
    let refused = publish::draft(&app.house, "events", &order)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("is not published (held)"), "{refused}");
}

#[tokio::test]
async fn an_edition_that_changed_while_it_was_looked_at_is_not_sent() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    let order = publish::by_hand(&app.house, Default::default());
    let shown = publish::draft(&app.house, "events", &order).await.unwrap().unwrap();
    app.publish(&["Bridges"]).await;
    let hands = Default::default();
    let refused = publish::seal(
        &app.house,
        "events",
        &order,
        &hands,
        publish::Seen::Agreed(shown),
        "staff",
    )
    .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("changed while you looked"), "{refused}");
    assert_eq!(app.count("SELECT COUNT(*) FROM edition").await, 0);
}

#[tokio::test]
async fn test_sends_and_previews_touch_no_number_no_ledger_and_no_delivery() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        let order = publish::by_hand(&app.house, Default::default());
        let staff = Address::parse("staff@example.org").unwrap();
        publish::test_send(&app.house, "events", &order, &[staff])
            .await
            .unwrap();
        let anna = Address::parse(ANNA).unwrap();
        for person in [None, Some(&anna)] {
            let (_, files, _) = publish::preview(&app.house, "events", &order, person).await.unwrap();
            assert!(
                files
                    .iter()
                    .any(|(name, bytes)| *name == "digest.eml" && !bytes.is_empty())
            );
        }
        app.deliver().await;
        let tests = app.mails_of("staff@example.org");
        assert!(!tests.is_empty());
        for mail in &tests {
            assert!(mail.subject.starts_with("[Test] "), "{}", mail.subject);
            assert!(mail.text.contains("Rivers"));
        }
        assert!(app.mails_of(ANNA).is_empty());
        for nothing in [
            "SELECT COUNT(*) FROM edition",
            "SELECT COUNT(*) FROM ledger",
            "SELECT COUNT(*) FROM outgoing WHERE edition_id IS NOT NULL",
            "SELECT last_number FROM list WHERE name = 'events'",
        ] {
            assert_eq!(app.count(nothing).await, 0, "{nothing}");
        }
        assert_eq!(app.send("events").await, Some(1));
        app
    })
    .await;
}

#[tokio::test]
async fn a_test_send_shows_what_waits_even_if_nobody_is_on_the_list() {
    let mut app = TestApp::new().await;
    app.publish(&["Rivers"]).await;
    let order = publish::by_hand(&app.house, Default::default());
    let trial = publish::trial(&app.house, "events", &order).await.unwrap();
    assert!(
        trial
            .variants
            .iter()
            .all(|variant| variant.rendered.subject.contains("Rivers")),
        "{}",
        trial.of
    );
}
