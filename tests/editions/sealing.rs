//! Rule 7: what is sealed is what goes out, at its hour, and staff decide whether it does.

use chrono::TimeDelta;
use rapporteur::edition::What;
use rapporteur::publish::{self, Decided, Hands, ReportDecision};

use super::{ANNA, BRUNO};
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};
use crate::sink::{Act, At, Sink};

/// A weekly list, sealed two hours ahead.
fn weekly(more: &str) -> String {
    format!(
        "{REPORTS}[lists.events]\ntitle = \"Events\"\nfrom = \"events@example.org\"\nbackfill = \"all\"\n{more}\n\
         cadences.weekly = {{ cron = \"0 8 * * MON\", zone = \"Europe/Berlin\" }}\n"
    )
}

const AHEAD: &str = "approval = \"none\"\npreview_before = \"2h\"\npreview_to = [\"staff@example.org\"]";

#[tokio::test]
async fn an_edition_is_sealed_ahead_shown_to_staff_and_waits_for_its_slot() {
    for_each_app(&weekly(AHEAD), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        assert!(app.tick_at("2026-05-11 03:59").await.sealed.is_empty());
        assert_eq!(app.tick_at("2026-05-11 04:00").await.sealed, ["events/1"]);
        app.deliver().await;
        assert_eq!(app.mails_of("staff@example.org").len(), 1);
        assert!(app.mails_of(ANNA).is_empty());
        // What comes now is in the next edition.
        app.publish(&["Bridges"]).await;
        assert!(app.tick_at("2026-05-11 05:59").await.released.is_empty());
        app.deliver().await;
        assert!(app.mails_of(ANNA).is_empty());
        assert_eq!(app.tick_at("2026-05-11 06:00").await.released, ["events/1"]);
        app.deliver().await;
        let mails = app.mails_of(ANNA);
        assert_eq!(mails.len(), 1);
        assert!(!mails[0].text.contains("Bridges"));
        assert_eq!(mails[0].date, "2026-05-11T06:00:00Z");
        assert_eq!(app.slots("events", "weekly").await, ["2026-05-11 06:00 edition"]);
        assert_eq!(app.edition("events", 1).await.state, "finished");
        app
    })
    .await;
}

#[tokio::test]
async fn the_first_scheduled_edition_waits_for_approval_and_the_next_does_not() {
    let mut app = TestApp::with(&weekly("")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    // What a person sends by hand a person has seen.
    assert_eq!(app.send("events").await, Some(1));
    app.publish(&["Bridges"]).await;
    let ticked = app.tick_at("2026-05-11 06:00").await;
    assert_eq!((ticked.sealed.len(), ticked.released.len()), (1, 0));
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
    app.at("2026-05-11 09:30");
    let said = app
        .decide("events", 2, Decided::Approve { as_sealed: false })
        .await
        .unwrap();
    assert_eq!(said, "events/2 is approved and goes out now");
    app.deliver().await;
    let mails = app.mails_of(ANNA);
    assert_eq!(mails[1].date, "2026-05-11T09:30:00Z", "the Date is that of the release");
    app.publish(&["Ferries"]).await;
    assert_eq!(app.tick_at("2026-05-18 06:00").await.released, ["events/3"]);
    app.deliver().await;
    let decisions = app.house.store.list_decisions("events/2").await.unwrap();
    let who: Vec<_> = decisions
        .iter()
        .map(|decision| (decision.what.as_str(), decision.who.as_str()))
        .collect();
    assert_eq!(
        who,
        [
            ("sealed", "the schedule"),
            ("approved", "staff"),
            ("released", "the schedule")
        ]
    );
}

#[tokio::test]
async fn a_later_edition_does_not_overtake_the_first_that_nobody_approved() {
    let mut app = TestApp::with(&weekly("")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.publish(&["Bridges"]).await;
    let ticked = app.tick_at("2026-05-18 06:00").await;
    assert_eq!((ticked.sealed.len(), ticked.released.len()), (1, 0));
    assert!(app.edition("events", 2).await.needs_approval);
}

#[tokio::test]
async fn where_approval_is_required_sends_by_hand_wait_too() {
    let mut app = TestApp::with(&weekly("approval = \"required\"")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    assert_eq!(app.send("events").await, Some(1));
    assert_eq!(app.edition("events", 1).await.state, "waiting");
    assert!(app.mails().is_empty());
    app.decide("events", 1, Decided::Approve { as_sealed: false })
        .await
        .unwrap();
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
}

#[tokio::test]
async fn a_held_edition_keeps_its_items_and_later_slots_go_on() {
    for_each_app(&weekly(AHEAD), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-11 04:00").await;
        app.decide("events", 1, Decided::Hold).await.unwrap();
        assert!(app.tick_at("2026-05-11 06:00").await.released.is_empty());
        app.publish(&["Bridges"]).await;
        app.tick_at("2026-05-18 06:00").await;
        app.deliver().await;
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Bridges"]);
        app.decide("events", 1, Decided::Release { as_sealed: false })
            .await
            .unwrap();
        app.deliver().await;
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]).len(), 2);
        let refused = app.decide("events", 1, Decided::Hold).await.unwrap_err();
        assert_eq!(refused, "events/1 is finished, not waiting");
        app
    })
    .await;
}

#[tokio::test]
async fn redo_seals_anew_in_the_same_slot_with_what_is_new_now() {
    for_each_app(&weekly(AHEAD), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-11 04:00").await;
        app.publish(&["Bridges"]).await;
        app.write("next/events.md", "---\nsubject: Two of a kind\n---\nWith a *note*.\n");
        let said = app.decide("events", 1, Decided::Redo).await.unwrap();
        assert_eq!(said, "events/1 is cancelled; events/2 takes its place");
        assert_eq!(app.items("events", 2).await, ["Bridges", "Rivers"]);
        assert!(
            app.tick_at("2026-05-11 05:00").await.released.is_empty(),
            "it still waits for its slot"
        );
        assert_eq!(app.tick_at("2026-05-11 06:00").await.released, ["events/2"]);
        app.deliver().await;
        let mails = app.mails_of(ANNA);
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].subject, "Two of a kind");
        assert_eq!(app.slots("events", "weekly").await, ["2026-05-11 06:00 edition"]);
        let refused = app.decide("events", 2, Decided::Redo).await.unwrap_err();
        assert_eq!(refused, "events/2 is finished; there is nothing to redo");
        app
    })
    .await;
}

#[tokio::test]
async fn redo_asks_again_for_what_the_edition_was_asked_for() {
    let mut app = TestApp::with(&weekly("approval = \"required\"")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers", "Bridges", "Ferries"]).await;
    let only = What::Only {
        reports: vec![app.id("Rivers").await, app.id("Ferries").await],
        cadence: None,
    };
    app.send_what("events", only, &[]).await;
    let withdrawn = app.id("Ferries").await;
    app.decide_report(withdrawn, ReportDecision::Withdraw).await;
    app.decide("events", 1, Decided::Redo).await.unwrap();
    assert_eq!(app.items("events", 2).await, ["Rivers"]);
    app.decide("events", 2, Decided::Redo).await.unwrap();
    assert_eq!(app.items("events", 3).await, ["Rivers"]);
}

/// Edition 1 has reached Anna, and the relay wants Bruno's mail later.
async fn half_sent() -> (Sink, TestApp) {
    let sink = Sink::with(|moment| match moment.at {
        At::Rcpt if moment.recipient == BRUNO => Act::say("451 4.3.0 later"),
        _ => Act::Go,
    })
    .await;
    let mut app = TestApp::with_relay(&weekly("approval = \"none\""), sink.address.port()).await;
    app.people("events", &[ANNA, BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    (sink, app)
}

#[tokio::test]
async fn an_edition_that_is_on_its_way_cannot_be_redone() {
    let (_sink, app) = half_sent().await;
    let refused = app.decide("events", 1, Decided::Redo).await.unwrap_err();
    assert!(refused.contains("is on its way to people"), "{refused}");
    assert_eq!(app.edition("events", 1).await.state, "sending");
    assert!(app.row("events", 1, BRUNO).await.starts_with("deferred"));
}

#[tokio::test]
async fn an_edition_whose_successor_cannot_be_rendered_stays_as_it_is() {
    let mut app = TestApp::with(&weekly(AHEAD)).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 04:00").await;
    app.deliver().await;
    app.write("templates/mail/digest.txt", "{{ no_such_word }}");
    app.reconfigure(&weekly(AHEAD)).await;
    let refused = app.decide("events", 1, Decided::Redo).await.unwrap_err();
    assert!(refused.starts_with("events/1 stays as it is: "), "{refused}");
    assert!(refused.contains("digest.txt"), "{refused}");
    assert_eq!(app.edition("events", 1).await.state, "waiting");
    assert_eq!(app.row("events", 1, ANNA).await, "pending");
}

#[tokio::test]
async fn cancelling_frees_the_items_only_if_nobody_got_anything() {
    let mut app = TestApp::with(&weekly(AHEAD)).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 04:00").await;
    let said = app.decide("events", 1, Decided::Cancel).await.unwrap();
    assert!(said.ends_with("its reports are new again"), "{said}");
    assert!(app.tick_at("2026-05-11 06:00").await.released.is_empty());
    assert_eq!(app.tick_at("2026-05-18 06:00").await.sealed, ["events/2"]);
    assert_eq!(app.items("events", 2).await, ["Rivers"]);
    app.deliver().await;
    let refused = app
        .decide("events", 1, Decided::Release { as_sealed: false })
        .await
        .unwrap_err();
    assert_eq!(refused, "events/1 is cancelled, not held");
}

#[tokio::test]
async fn a_stopped_edition_goes_on_where_it_stopped_or_is_cancelled_for_good() {
    let (_sink, mut app) = half_sent().await;
    app.decide("events", 1, Decided::Stop).await.unwrap();
    app.advance(TimeDelta::days(1));
    assert_eq!(app.deliver().await.deferred, 0, "nothing is tried while it is stopped");
    app.decide("events", 1, Decided::Resume).await.unwrap();
    assert_eq!(app.deliver().await.deferred, 1);
    let said = app.decide("events", 1, Decided::Cancel).await.unwrap();
    assert!(
        said.contains("1 people get nothing") && said.contains("not new again"),
        "{said}"
    );
    assert_eq!(app.row("events", 1, BRUNO).await, "skipped (cancelled)");
    assert_eq!(app.row("events", 1, ANNA).await, "sent");
    assert_eq!(app.send("events").await, None);
}

#[tokio::test]
async fn an_edition_whose_report_was_revised_since_is_held_unless_as_sealed() {
    for_each_app(&weekly(AHEAD), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-11 04:00").await;
        let revised = report("Rivers", "").replace("that evening", "that night");
        app.drop_report("rivers.md", &revised);
        assert_eq!(app.collect().await.changed, 1);
        assert!(app.tick_at("2026-05-11 06:00").await.released.is_empty());
        assert_eq!(app.edition("events", 1).await.state, "held");
        let decisions = app.house.store.list_decisions("events/1").await.unwrap();
        let note = decisions.last().unwrap().note.clone().unwrap();
        assert!(note.contains("report 1 was revised since sealing"), "{note}");
        let refused = app
            .decide("events", 1, Decided::Release { as_sealed: false })
            .await
            .unwrap_err();
        assert!(
            refused.contains("report 1 was revised since sealing; seal it anew"),
            "{refused}"
        );
        app.decide("events", 1, Decided::Release { as_sealed: true })
            .await
            .unwrap();
        app.deliver().await;
        let mails = app.mails_of(ANNA);
        assert_eq!(mails.len(), 1);
        assert!(
            mails[0].text.contains("that evening"),
            "what was sealed is what goes out"
        );
        app
    })
    .await;
}

#[tokio::test]
async fn a_mail_sent_once_more_has_the_same_message_id_and_date() {
    // The relay takes the mail and is gone before it answers.
    let sink = Sink::with(|moment| match moment.at {
        At::Dot if moment.connection == 0 => Act::TakeAndCut,
        _ => Act::Go,
    })
    .await;
    let mut app = TestApp::with_relay(&weekly("approval = \"none\""), sink.address.port()).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    assert!(app.row("events", 1, ANNA).await.starts_with("in-doubt"));
    app.advance(TimeDelta::hours(1));
    app.deliver().await;
    assert_eq!(app.row("events", 1, ANNA).await, "sent");
    let mails = sink.mails();
    assert_eq!(mails.len(), 2);
    for field in ["Message-ID", "Date"] {
        assert!(mails[0].header(field).is_some());
        assert_eq!(mails[0].header(field), mails[1].header(field));
    }
    let date = chrono::DateTime::parse_from_rfc2822(&mails[1].header("Date").unwrap()).unwrap();
    assert_eq!(
        date.to_rfc3339(),
        "2026-05-04T08:00:00+00:00",
        "the hour of the release"
    );
}

#[tokio::test]
async fn an_edit_of_the_configuration_does_not_reach_a_sealed_edition() {
    let mut app = TestApp::with(&weekly(AHEAD)).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 04:00").await;
    let other = weekly(AHEAD).replace("events@example.org", "someone@example.org");
    app.reconfigure(&other).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    let mail = &app.mails_of(ANNA)[0];
    assert!(
        mail.raw.contains("From: events@example.org") || mail.raw.contains("<events@example.org>"),
        "{}",
        mail.raw
    );
    assert!(!mail.raw.contains("someone@example.org"));
}

#[tokio::test]
async fn an_edition_sealed_ahead_whose_hour_passed_long_ago_waits_for_staff() {
    let mut app = TestApp::with(&weekly(AHEAD)).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    assert_eq!(app.tick_at("2026-05-11 04:00").await.sealed, ["events/1"]);
    // Nothing ran over the slot and the six hours of grace.
    assert!(app.tick_at("2026-05-11 13:00").await.released.is_empty());
    assert_eq!(app.edition("events", 1).await.state, "held");
    app.decide("events", 1, Decided::Release { as_sealed: false })
        .await
        .unwrap();
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
}

#[tokio::test]
async fn as_sealed_holds_for_the_change_that_was_seen_and_no_later_one() {
    let mut app = TestApp::with(&weekly(AHEAD)).await;
    app.people("events", &[ANNA]).await;
    app.drop_report("a.md", &report("Rivers", ""));
    app.settle().await;
    assert_eq!(app.tick_at("2026-05-11 04:00").await.sealed, ["events/1"]);
    app.drop_report("a.md", &report("Rivers and lakes", ""));
    app.settle().await;
    app.decide("events", 1, Decided::Approve { as_sealed: true })
        .await
        .unwrap();
    app.advance(TimeDelta::minutes(5));
    app.drop_report("a.md", &report("Rivers, lakes and seas", ""));
    app.settle().await;
    assert!(app.tick_at("2026-05-11 06:00").await.released.is_empty());
    assert_eq!(app.edition("events", 1).await.state, "held");
    app.leave_open();
}

#[tokio::test]
async fn a_large_mail_is_warned_of_and_one_that_no_server_takes_is_not_sealed() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    // Each of these letters takes six bytes on the wire.
    let long = |bytes: usize| {
        let text = include_str!("../../templates/mail/digest.txt");
        format!("{text}\n{}", format!("{}\n", "ö".repeat(70)).repeat(bytes / 421))
    };
    for (bytes, says) in [(600_000, "kB"), (11_000_000, "cannot be sent")] {
        app.write("templates/mail/digest.txt", &long(bytes));
        app.reconfigure(&format!("{REPORTS}{EVENTS}")).await;
        let order = publish::by_hand(&app.house, Default::default());
        let draft = publish::draft(&app.house, "events", &order).await.unwrap().unwrap();
        let warning = draft.warnings.join(" ");
        assert!(
            warning.contains(says) && warning.contains("shorten its text part"),
            "{warning}"
        );
        if bytes > 10_000_000 {
            let sealed = publish::seal(
                &app.house,
                "events",
                &order,
                &Hands::default(),
                publish::Seen::Nothing,
                "staff",
            )
            .await;
            let error = format!("{:#}", sealed.unwrap_err());
            assert!(
                error.contains("cannot be sent") && error.contains("leave reports out"),
                "{error}"
            );
        }
    }
    app.write("templates/mail/digest.txt", &long(0));
    app.reconfigure(&format!("{REPORTS}{EVENTS}")).await;
    assert_eq!(
        app.send("events").await,
        Some(1),
        "it took no number, and its report stayed new"
    );
}
