//! SCH-02: a whole year of daily slots in zones that change their clocks, each exactly once.

use std::collections::BTreeSet;

use chrono::{TimeDelta, TimeZone};
use rapporteur::clock::from_millis;
use rapporteur::publish;

use super::ANNA;
use crate::app::{REPORTS, TestApp, report};

/// Steps the clock through a year and drops a report each day.
async fn live_through(cron: &str, zone: chrono_tz::Tz, step: TimeDelta) {
    let list = format!(
        "[lists.events]\ntitle = \"Events\"\nfrom = \"events@example.org\"\napproval = \"none\"\n\
         cadences.daily = {{ cron = \"{cron}\", zone = \"{}\" }}\n",
        zone.name()
    );
    let mut app = TestApp::with(&format!("{REPORTS}{list}")).await;
    app.people("events", &[ANNA]).await;
    let begin = zone.with_ymd_and_hms(2026, 5, 4, 18, 0, 0).unwrap().to_utc();
    let end = zone.with_ymd_and_hms(2027, 5, 4, 18, 0, 0).unwrap().to_utc();
    app.advance(begin.max(app.now()) - app.now());
    let (mut days, mut sealed) = (BTreeSet::new(), Vec::new());
    while app.now() < end {
        if days.insert(app.now().with_timezone(&zone).date_naive()) {
            let name = format!("Report {}", days.len());
            app.drop_report(&format!("{}.md", days.len()), &report(&name, ""));
            app.collect().await;
            publish::publish_settled(&app.house, true).await.unwrap();
        }
        app.advance(step);
        sealed.extend(app.tick().await.sealed);
    }
    let expected: Vec<String> = (1..=365).map(|number| format!("events/{number}")).collect();
    assert_eq!(sealed, expected, "{zone}");

    let slots = app.house.store.list_slots("events", 1000).await.unwrap();
    assert!(slots.iter().all(|slot| slot.outcome == "edition"), "{zone}");
    let local: BTreeSet<_> = slots
        .iter()
        .map(|slot| from_millis(slot.slot).with_timezone(&zone).date_naive())
        .collect();
    assert_eq!(local.len(), 365, "{zone}: one on each day");
    let twice = "SELECT COUNT(*) FROM (SELECT report_id FROM edition_item GROUP BY report_id HAVING COUNT(*) > 1) t";
    assert_eq!(app.count(twice).await, 0, "{zone}");
    let told = app.count("SELECT COUNT(*) FROM edition_item").await;
    assert_eq!(told, i64::try_from(days.len()).unwrap(), "{zone}: every report once");
    app.leave_open();
}

#[tokio::test]
async fn a_year_of_half_past_two_in_berlin_has_365_editions() {
    live_through("30 2 * * *", chrono_tz::Europe::Berlin, TimeDelta::hours(1)).await;
}

#[tokio::test]
async fn a_year_of_half_past_two_in_new_york_has_365_editions() {
    live_through("30 2 * * *", chrono_tz::America::New_York, TimeDelta::hours(1)).await;
}

#[tokio::test]
async fn a_year_of_a_quarter_past_two_on_lord_howe_has_365_editions() {
    live_through("15 2 * * *", chrono_tz::Australia::Lord_Howe, TimeDelta::minutes(30)).await;
}
