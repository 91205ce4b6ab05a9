//! A clock that is put right, or wrong, and a start in the very minute of a slot (FLT-13): one edition for each slot.

use chrono::TimeDelta;
use rapporteur::publish;

use super::ANNA;
use crate::app::{REPORTS, TestApp};

const DAILY: &str = r#"
[lists.events]
title = "Events"
from = "events@example.org"
approval = "none"
backfill = "all"
cadences.daily = { cron = "0 8 * * *", zone = "Europe/Berlin" }
"#;

async fn daily() -> TestApp {
    let mut app = TestApp::with(&format!("{REPORTS}{DAILY}")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app
}

/// What was sealed while the clock went so many minutes forward.
async fn live(app: &TestApp, minutes: i64) -> Vec<String> {
    let mut sealed = Vec::new();
    for _ in 0..minutes / 10 {
        app.advance(TimeDelta::minutes(10));
        sealed.extend(app.tick().await.sealed);
    }
    app.deliver().await;
    sealed
}

#[tokio::test]
async fn a_clock_put_back_two_hours_after_a_slot_does_not_fire_it_again() {
    let mut app = daily().await;
    app.at("2026-05-05 05:50");
    assert_eq!(live(&app, 30).await, ["events/1"]);
    app.publish(&["Bridges"]).await;
    app.advance(TimeDelta::hours(-2));
    assert!(live(&app, 4 * 60).await.is_empty(), "08:00 came a second time");
    assert_eq!(app.slots("events", "daily").await.len(), 1);
    // What came meanwhile is told by the next slot.
    app.at("2026-05-06 05:50");
    assert_eq!(live(&app, 30).await, ["events/2"]);
    assert_eq!(app.mails_of(ANNA).len(), 2);
    assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]).len(), 2);
}

#[tokio::test]
async fn a_clock_put_forward_two_hours_over_a_slot_fires_it_once() {
    let app = daily().await;
    app.at("2026-05-05 05:50");
    app.advance(TimeDelta::hours(2));
    assert_eq!(live(&app, 30).await, ["events/1"]);
    // And back to where it should be.
    app.advance(TimeDelta::hours(-2));
    assert!(live(&app, 3 * 60).await.is_empty());
    assert_eq!(app.mails_of(ANNA).len(), 1);
    assert_eq!(app.slots("events", "daily").await.len(), 1);
}

#[tokio::test]
async fn a_restart_in_the_minute_of_a_slot_makes_one_edition() {
    let app = daily().await;
    let configuration = format!("{REPORTS}{DAILY}");
    let mut sealed = Vec::new();
    for second in ["05:59:58", "06:00:00", "06:00:01", "06:00:30", "06:00:59", "06:01:00"] {
        // Each time by a program that has just begun.
        let instant = format!("2026-05-05T{second}Z");
        let instant = chrono::DateTime::parse_from_rfc3339(&instant).unwrap().to_utc();
        app.advance(instant - app.now());
        let house = app.another_house(&configuration).await;
        sealed.extend(publish::tick(&house).await.unwrap().sealed);
        house.store.close().await;
    }
    assert_eq!(sealed, ["events/1"]);
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
}
