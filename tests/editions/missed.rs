//! Rules 10 and 11: quiet minutes of `immediate`, slots that passed while nothing ran, schedules that moved, pauses.

use chrono::TimeDelta;
use rapporteur::publish::{self, Decided};

use super::{ANNA, BRUNO};
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};

/// A daily list with this policy.
fn daily(missed: &str) -> String {
    format!(
        "{REPORTS}[lists.events]\ntitle = \"Events\"\nfrom = \"events@example.org\"\napproval = \"none\"\n\
         missed = \"{missed}\"\ncadences.daily = {{ cron = \"0 8 * * *\", zone = \"Europe/Berlin\" }}\n"
    )
}

async fn immediate() -> TestApp {
    let app = TestApp::new().await;
    app.people("events", &[&format!("{ANNA},,,,immediate"), BRUNO]).await;
    app
}

#[tokio::test]
async fn an_immediate_edition_comes_after_ten_quiet_minutes() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[&format!("{ANNA},,,,immediate")]).await;
        app.publish(&["Rivers"]).await;
        assert!(app.tick_at("2026-05-04 08:05").await.sealed.is_empty());
        app.publish(&["Bridges"]).await;
        assert!(app.tick_at("2026-05-04 08:14").await.sealed.is_empty());
        assert_eq!(app.tick_at("2026-05-04 08:15").await.sealed, ["events/1"]);
        app.deliver().await;
        assert_eq!(app.items("events", 1).await, ["Bridges", "Rivers"]);
        assert!(app.tick_at("2026-05-04 09:30").await.sealed.is_empty());
        app.publish(&["Ferries"]).await;
        assert_eq!(app.tick_at("2026-05-04 09:40").await.sealed, ["events/2"]);
        app.deliver().await;
        app
    })
    .await;
}

#[tokio::test]
async fn an_immediate_edition_waits_at_most_an_hour() {
    let mut app = immediate().await;
    for minutes in 0..=12 {
        app.publish(&[&format!("Report {minutes}")]).await;
        let sealed = app.tick().await.sealed;
        assert_eq!(
            sealed.len(),
            usize::from(minutes == 12),
            "after {} minutes",
            minutes * 5
        );
        app.advance(TimeDelta::minutes(5));
    }
    app.deliver().await;
    assert_eq!(app.items("events", 1).await.len(), 13);
}

#[tokio::test]
async fn a_report_left_out_of_an_immediate_edition_comes_with_the_next_report() {
    let mut app = immediate().await;
    app.publish(&["Rivers", "Bridges"]).await;
    app.write("next/events.md", "---\nwithout: rivers\n---\n");
    assert_eq!(app.tick_at("2026-05-04 08:10").await.sealed, ["events/1"]);
    assert_eq!(app.items("events", 1).await, ["Bridges"]);
    assert!(
        app.tick_at("2026-05-04 09:30").await.sealed.is_empty(),
        "not a minute later by itself"
    );
    app.publish(&["Ferries"]).await;
    assert_eq!(app.tick_at("2026-05-04 09:40").await.sealed, ["events/2"]);
    app.deliver().await;
    assert_eq!(app.items("events", 2).await, ["Ferries", "Rivers"]);
}

#[tokio::test]
async fn the_reports_of_a_cancelled_immediate_edition_are_not_lost() {
    let mut app = TestApp::with(&format!("{REPORTS}{EVENTS}").replace("\"none\"", "\"required\"")).await;
    app.people("events", &[&format!("{ANNA},,,,immediate")]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-04 08:10").await;
    app.decide("events", 1, Decided::Cancel).await.unwrap();
    app.tick_at("2026-05-04 08:20").await;
    app.publish(&["Bridges"]).await;
    app.tick_at("2026-05-04 08:30").await;
    assert_eq!(app.items("events", 2).await, ["Bridges", "Rivers"]);
}

#[tokio::test]
async fn an_immediate_edition_for_nobody_is_asked_about_once_and_hinders_no_later_one() {
    let mut app = TestApp::new().await;
    app.people("events", &[BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-04 08:10").await;
    app.tick_at("2026-05-04 08:20").await;
    assert_eq!(
        app.count("SELECT COUNT(*) FROM slot WHERE cadence = 'immediate'").await,
        1
    );
    app.people("events", &[BRUNO, &format!("{ANNA},,,,immediate")]).await;
    app.publish(&["Bridges"]).await;
    assert_eq!(app.tick_at("2026-05-04 08:30").await.sealed, ["events/1"]);
    app.deliver().await;
    assert!(app.told(ANNA, &["Bridges"]).len() == 1);
}

/// Goes down before 5 May, 08:00 in Berlin, and comes back so many slots and minutes later.
async fn down(policy: &str, back: &str) -> (TestApp, Vec<String>) {
    let mut app = TestApp::with(&daily(policy)).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.reconfigure(&daily(policy)).await;
    let sealed = app.tick_at(back).await.sealed;
    app.deliver().await;
    (app, sealed)
}

#[tokio::test]
async fn missed_slots_follow_the_lists_policy_and_lose_nothing() {
    // Policy, back at, sealed now, what became of the slots.
    let table: &[(&str, &str, usize, &[&str])] = &[
        ("once", "2026-05-05 05:59", 0, &[]),
        ("skip", "2026-05-05 05:59", 0, &[]),
        ("ask", "2026-05-05 05:59", 0, &[]),
        ("once", "2026-05-05 07:00", 1, &["edition"]),
        ("once", "2026-05-05 12:01", 0, &["missed"]),
        ("skip", "2026-05-05 07:00", 0, &["missed"]),
        ("ask", "2026-05-05 07:00", 0, &["asked"]),
        ("skip", "2026-05-05 06:04", 1, &["edition"]),
        (
            "once",
            "2026-05-09 07:00",
            1,
            &["merged", "merged", "merged", "merged", "edition"],
        ),
        ("once", "2026-05-09 23:00", 0, &["missed"; 5]),
        ("skip", "2026-05-09 07:00", 0, &["missed"; 5]),
        (
            "skip",
            "2026-05-09 06:00",
            1,
            &["missed", "missed", "missed", "missed", "edition"],
        ),
        ("ask", "2026-05-09 07:00", 0, &["asked"; 5]),
    ];
    for (policy, back, expected, outcomes) in table {
        let (app, sealed) = down(policy, back).await;
        assert_eq!(sealed.len(), *expected, "{policy}, back at {back}");
        let slots = app.slots("events", "daily").await;
        let became: Vec<&str> = slots.iter().filter_map(|slot| slot.rsplit(' ').next()).collect();
        assert_eq!(became, *outcomes, "{policy}, back at {back}");
        // Whatever the policy: the next slot on time tells what is still new.
        app.tick_at("2026-05-10 06:00").await;
        app.deliver().await;
        assert_eq!(app.mails_of(ANNA).len(), 1, "{policy}, back at {back}");
    }
}

#[tokio::test]
async fn a_schedule_moved_in_mid_cycle_fires_nothing_for_the_past_and_loses_nothing() {
    for (moved, next) in [("30 7 * * *", "2026-05-06 05:30"), ("0 20 * * *", "2026-05-05 18:00")] {
        let mut app = TestApp::with(&daily("once")).await;
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-05 06:00").await;
        app.publish(&["Bridges"]).await;
        app.at("2026-05-05 07:00");
        app.reconfigure(&daily("once").replace("0 8 * * *", moved)).await;
        assert!(app.tick_at("2026-05-05 07:01").await.sealed.is_empty(), "{moved}");
        assert_eq!(app.tick_at(next).await.sealed, ["events/2"], "{moved}");
        app.deliver().await;
        assert_eq!(app.items("events", 2).await, ["Bridges"], "{moved}");
        assert_eq!(app.mails_of(ANNA).len(), 2, "{moved}");
    }
}

#[tokio::test]
async fn a_pause_of_everything_or_of_a_list_stops_sealing_and_sending() {
    for scope in ["everything", "list events"] {
        let mut app = TestApp::with(&daily("once")).await;
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.pause(scope).await;
        assert!(app.tick_at("2026-05-05 06:00").await.sealed.is_empty(), "{scope}");
        app.resume(scope).await;
        assert_eq!(app.tick_at("2026-05-05 06:30").await.sealed, ["events/1"], "{scope}");
        // Sealed and released, and paused before it is delivered.
        app.pause(scope).await;
        app.deliver().await;
        assert!(app.mails().is_empty(), "{scope}");
        app.resume(scope).await;
        app.deliver().await;
        assert_eq!(app.mails_of(ANNA).len(), 1, "{scope}");
    }
}

#[tokio::test]
async fn what_is_released_during_a_pause_goes_out_after_it_with_a_date_of_its_own() {
    let mut app = TestApp::with(&daily("once")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.pause("everything").await;
    let order = publish::by_hand(&app.house, Default::default());
    publish::seal(
        &app.house,
        "events",
        &order,
        &Default::default(),
        publish::Seen::Nothing,
        "staff",
    )
    .await
    .unwrap();
    assert!(
        publish::release_due(&app.house).await.unwrap().is_empty(),
        "a pause keeps it waiting"
    );
    app.resume("everything").await;
    app.tick_at("2026-05-04 10:00").await;
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA)[0].date, "2026-05-04T10:00:00Z");
}
