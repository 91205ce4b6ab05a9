//! Rules 8 and 9: what people hear of a corrected report, and what becomes of a withdrawn one.

use rapporteur::feed::Scope;
use rapporteur::publish::{Decided, ReportDecision};

use super::{ANNA, BRUNO, CHIARA};
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};
use crate::sink::{Act, At, Sink};

fn corrected(title: &str) -> String {
    report(title, "correction: The venue was wrong\n").replace("that evening", "that night")
}

#[tokio::test]
async fn a_correction_goes_only_to_those_who_had_the_earlier_revision() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.send("events").await;
        // Bruno comes later and never had it.
        app.people("events", &[ANNA, BRUNO]).await;
        app.drop_report("rivers.md", &corrected("Rivers"));
        app.settle().await;
        app.publish(&["Bridges"]).await;
        assert_eq!(app.tick_at("2026-05-11 06:00").await.sealed, ["events/2"]);
        app.deliver().await;
        let anna = &app.mails_of(ANNA)[1];
        assert!(anna.text.contains("The venue was wrong"), "{}", anna.text);
        let bruno = &app.mails_of(BRUNO)[0];
        assert!(!bruno.text.contains("Rivers"), "{}", bruno.text);
        // Told once.
        app.publish(&["Ferries"]).await;
        app.tick_at("2026-05-18 06:00").await;
        app.deliver().await;
        assert!(!app.mails_of(ANNA)[2].text.contains("The venue was wrong"));
        app
    })
    .await;
}

#[tokio::test]
async fn corrections_alone_make_no_scheduled_edition() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    app.drop_report("rivers.md", &corrected("Rivers"));
    app.settle().await;
    assert!(app.tick_at("2026-05-11 06:00").await.sealed.is_empty());
    assert_eq!(app.mails_of(ANNA).len(), 1);
    let feed = app.feed(Scope::All).await;
    assert!(feed.contains("that night"), "feeds have it at once");
}

#[tokio::test]
async fn a_correction_can_be_sent_by_hand() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.send("events").await;
        app.people("events", &[ANNA, BRUNO]).await;
        let revised = report("Rivers", "").replace("that evening", "that night");
        app.drop_report("rivers.md", &revised);
        app.collect().await;
        let id = app.id("Rivers").await;
        assert_eq!(app.correct("events", id, "It was a night, no evening").await, Some(2));
        assert_eq!(app.row("events", 2, BRUNO).await, "skipped (nothing-new)");
        let mail = &app.mails_of(ANNA)[1];
        assert!(mail.text.contains("It was a night"), "{}", mail.text);
        assert_eq!(app.correct("events", id, "It was a night, no evening").await, None);
        app
    })
    .await;
}

#[tokio::test]
async fn who_gets_the_corrected_report_as_new_gets_no_notice() {
    let mut app = TestApp::new().await;
    app.people("events", &[&format!("{ANNA},,,,daily"), BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.deliver().await;
    app.drop_report("rivers.md", &corrected("Rivers"));
    app.settle().await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    let mails = app.mails_of(BRUNO);
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].text.contains("The venue was wrong"), "{}", mails[0].text);
}

#[tokio::test]
async fn a_withdrawn_report_leaves_feeds_pages_and_what_is_to_come() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers", "Bridges"]).await;
        let id = app.id("Rivers").await;
        app.decide_report(id, ReportDecision::Withdraw).await;
        let feed = app.feed(Scope::All).await;
        assert!(!feed.contains("Rivers") && feed.contains("Bridges"), "{feed}");
        assert_eq!(app.page("/reports/rivers").await, "");
        app.tick_at("2026-05-11 06:00").await;
        app.deliver().await;
        assert_eq!(app.items("events", 1).await, ["Bridges"]);
        app
    })
    .await;
}

#[tokio::test]
async fn withdrawing_stops_running_editions_until_staff_decide() {
    let sink = Sink::with(|moment| match moment.at {
        At::Rcpt if moment.recipient != ANNA => Act::say("451 4.3.0 later"),
        _ => Act::Go,
    })
    .await;
    let mut app = TestApp::with_relay(&format!("{REPORTS}{EVENTS}"), sink.address.port()).await;
    app.people("events", &[ANNA, BRUNO, CHIARA]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    let id = app.id("Rivers").await;
    let said = app.decide_report(id, ReportDecision::Withdraw).await;
    assert!(said.contains("events/1 stopped"), "{said}");
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    assert!(
        app.page("/editions/events/1")
            .await
            .to_lowercase()
            .contains("withdrawn")
    );
    app.decide("events", 1, Decided::Cancel).await.unwrap();
    assert_eq!(app.row("events", 1, BRUNO).await, "skipped (cancelled)");
}

#[tokio::test]
async fn withdrawing_holds_an_edition_that_waits_and_redo_leaves_the_report_out() {
    let mut app = TestApp::with(&format!("{REPORTS}{EVENTS}").replace("\"none\"", "\"required\"")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers", "Bridges"]).await;
    app.tick_at("2026-05-11 06:00").await;
    let id = app.id("Rivers").await;
    app.decide_report(id, ReportDecision::Withdraw).await;
    assert_eq!(app.edition("events", 1).await.state, "held");
    let refused = app
        .decide("events", 1, Decided::Approve { as_sealed: false })
        .await
        .unwrap_err();
    assert!(refused.contains("was withdrawn since sealing"), "{refused}");
    app.decide("events", 1, Decided::Redo).await.unwrap();
    assert_eq!(app.items("events", 2).await, ["Bridges"]);
    app.decide("events", 2, Decided::Approve { as_sealed: false })
        .await
        .unwrap();
    app.deliver().await;
    assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Bridges"]);
}
