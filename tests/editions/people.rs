//! Rules 3, 6 and 12: what a person is owed, wants and reads, and that leaving wins.

use std::sync::Arc;

use chrono::TimeDelta;
use rapporteur::daemon::PeopleFiles;
use rapporteur::edition::What;
use rapporteur::publish;

use super::{ANNA, BRUNO, CHIARA, TWO_LISTS};
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};
use crate::sink::{Act, At, Sink};

/// A cadence that leaves long gaps, and one that does not.
const RARE: &str = r#"
[lists.events]
title = "Events"
from = "events@example.org"
approval = "none"
backfill = "all"
topics = { economy = "Economy", climate = "Climate" }
cadences.rare = { cron = "0 8 1 1 *", zone = "Europe/Berlin" }
cadences.daily = { cron = "0 8 * * *", zone = "Europe/Berlin" }
"#;

#[tokio::test]
async fn a_subscription_starts_with_later_reports_but_before_the_first_edition_all_is_new() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.publish(&["Rivers"]).await;
        app.people("events", &[ANNA]).await;
        app.send("events").await;
        app.people("events", &[ANNA, BRUNO]).await;
        app.publish(&["Bridges"]).await;
        app.send("events").await;
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Rivers", "Bridges"]);
        assert_eq!(app.told(BRUNO, &["Rivers", "Bridges"]), ["Bridges"]);
        app
    })
    .await;
}

#[tokio::test]
async fn after_a_change_of_cadence_the_next_edition_adds_what_the_old_one_had_not_brought() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        let daily = format!("{BRUNO},,,,daily");
        app.people("events", &[ANNA, &daily]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-05 06:00").await;
        app.people("events", &[&format!("{ANNA},,,,daily"), &daily]).await;
        app.publish(&["Bridges"]).await;
        app.tick_at("2026-05-06 06:00").await;
        app.deliver().await;
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Rivers", "Bridges"]);
        assert_eq!(app.mails_of(ANNA).len(), 1);
        assert_eq!(app.mails_of(BRUNO).len(), 2);
        assert_eq!(
            app.items("events", 2).await,
            ["Bridges"],
            "what is owed is nobody's news"
        );
        // Paid once.
        app.publish(&["Ferries"]).await;
        app.tick_at("2026-05-07 06:00").await;
        app.deliver().await;
        assert_eq!(app.mails_of(ANNA).len(), 2);
        app
    })
    .await;
}

#[tokio::test]
async fn a_person_is_owed_at_most_thirty_days() {
    let mut app = TestApp::with(&format!("{REPORTS}{RARE}")).await;
    let daily = format!("{BRUNO},,,,daily");
    app.people("events", &[ANNA, &daily]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.at("2026-06-10 12:00");
    app.publish(&["Bridges"]).await;
    app.tick_at("2026-06-11 06:00").await;
    app.people("events", &[&format!("{ANNA},,,,daily"), &daily]).await;
    app.publish(&["Ferries"]).await;
    app.tick_at("2026-06-12 06:00").await;
    app.deliver().await;
    let told = app.told(ANNA, &["Rivers", "Bridges", "Ferries"]);
    assert_eq!(told, ["Bridges", "Ferries"]);
}

#[tokio::test]
async fn what_a_person_is_owed_outlives_a_cancelled_edition_and_a_send_of_single_reports() {
    let mut app = TestApp::new().await;
    let daily = format!("{BRUNO},,,,daily");
    app.people("events", &[ANNA, &daily]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.deliver().await;
    app.people("events", &[&format!("{ANNA},,,,daily"), &daily]).await;
    app.publish(&["Bridges", "Ferries"]).await;

    let only = What::Only {
        reports: vec![app.id("Ferries").await],
        cadence: None,
    };
    app.send_what("events", only, &[]).await;
    assert_eq!(app.told(ANNA, &["Rivers", "Bridges", "Ferries"]), ["Ferries"]);

    app.tick_at("2026-05-06 06:00").await;
    app.decide("events", 3, publish::Decided::Cancel).await.unwrap();
    app.tick_at("2026-05-07 06:00").await;
    app.deliver().await;
    assert_eq!(app.told(ANNA, &["Rivers", "Bridges", "Ferries"]).len(), 3);
}

#[tokio::test]
async fn topics_choose_and_a_report_without_topics_is_for_all() {
    let mut app = TestApp::with(&format!("{REPORTS}{RARE}")).await;
    app.people(
        "events",
        &[
            &format!("{ANNA},,,economy,"),
            &format!("{BRUNO},,,climate,"),
            &format!("{CHIARA},,,,"),
        ],
    )
    .await;
    app.drop_report("trade.md", &report("Trade", "topics: [economy]\n"));
    assert_eq!(app.send("events").await, Some(1));
    assert_eq!(app.row("events", 1, BRUNO).await, "skipped (topics)");
    app.drop_report("garden.md", &report("Garden", ""));
    app.send("events").await;
    let titles = ["Trade", "Garden"];
    assert_eq!(app.told(ANNA, &titles), titles);
    assert_eq!(app.told(BRUNO, &titles), ["Garden"]);
    assert_eq!(app.told(CHIARA, &titles), titles);
}

#[tokio::test]
async fn widening_topics_brings_nothing_back() {
    let mut app = TestApp::with(&format!("{REPORTS}{RARE}")).await;
    app.people("events", &[&format!("{ANNA},,,economy,"), BRUNO]).await;
    app.drop_report("rain.md", &report("Rain", "topics: [climate]\n"));
    app.send("events").await;
    app.people("events", &[&format!("{ANNA},,,economy|climate,"), BRUNO])
        .await;
    assert_eq!(app.send("events").await, None);
    app.drop_report("snow.md", &report("Snow", "topics: [climate]\n"));
    app.send("events").await;
    assert_eq!(app.told(ANNA, &["Rain", "Snow"]), ["Snow"]);
}

#[tokio::test]
async fn the_language_of_the_frame_is_the_readers_and_filters_nothing() {
    let mut app = TestApp::new().await;
    let people = [
        format!("{ANNA},,en,,"),
        format!("{BRUNO},,de-AT,,"),
        format!("{CHIARA},,fr,,"),
    ];
    app.people("events", &people.each_ref().map(String::as_str)).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    for (address, language) in [(ANNA, "en"), (BRUNO, "de"), (CHIARA, "en")] {
        let mail = &app.mails_of(address)[0];
        assert!(
            mail.html.contains(&format!("<html lang=\"{language}\"")),
            "{address}: {}",
            mail.html
        );
        assert!(mail.text.contains("Rivers"), "{address}");
    }
}

#[tokio::test]
async fn leaving_wins_between_sealing_and_the_final_dot() {
    // Anna leaves before anything starts, Bruno while Anna's place is taken by nobody: at his own DATA.
    let left = Arc::new(tokio::sync::OnceCell::<TestLeaver>::new());
    let plan = left.clone();
    let sink = Sink::with(move |moment| {
        if moment.at != At::Data || moment.recipient != BRUNO {
            return Act::Go;
        }
        let plan = plan.clone();
        Act::meanwhile(move || {
            let plan = plan.clone();
            async move { plan.get().unwrap().leave().await }
        })
    })
    .await;
    let mut app = TestApp::with_relay(&format!("{REPORTS}{EVENTS}"), sink.address.port()).await;
    app.people("events", &[ANNA, BRUNO, CHIARA]).await;
    app.publish(&["Rivers"]).await;
    app.at("2026-05-11 06:00");
    let leaver = TestLeaver {
        house: app.house.clone(),
        subscriber: app.subscriber(BRUNO).await,
    };
    assert!(left.set(leaver).is_ok());
    app.tick().await;
    app.leave("events", ANNA).await;
    app.deliver().await;
    assert_eq!(app.row("events", 1, ANNA).await, "skipped (left)");
    assert_eq!(app.row("events", 1, BRUNO).await, "skipped (left)");
    let accepted: Vec<String> = sink.counts().into_keys().collect();
    assert_eq!(accepted, [CHIARA]);
}

struct TestLeaver {
    house: publish::House,
    subscriber: i64,
}

impl TestLeaver {
    async fn leave(&self) {
        let store = &self.house.store;
        let left = store
            .unsubscribe("events", self.subscriber, "one-click", self.house.now())
            .await;
        assert!(left.unwrap());
    }
}

#[tokio::test]
async fn who_left_is_not_brought_back_by_the_file_and_stays_on_other_lists() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}")).await;
    for list in ["events", "talks"] {
        app.people(list, &[ANNA]).await;
    }
    app.leave("events", ANNA).await;
    let synced = app.people("events", &[ANNA]).await;
    assert_eq!((synced.left, synced.returned), (1, 0));
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    let mails = app.mails_of(ANNA);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].raw.contains("talks@example.org"));
}

#[tokio::test]
async fn coming_back_gives_no_old_editions() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA, BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.people("events", &[BRUNO]).await;
    app.send("events").await;
    app.publish(&["Bridges"]).await;
    let synced = app.people("events", &[ANNA, BRUNO]).await;
    assert_eq!(synced.returned, 1);
    app.publish(&["Ferries"]).await;
    app.send("events").await;
    assert_eq!(app.told(ANNA, &["Rivers", "Bridges", "Ferries"]), ["Ferries"]);
}

#[tokio::test]
async fn a_broken_file_takes_nobody_off_a_list_even_if_staff_say_yes() {
    let app = TestApp::new().await;
    app.people("events", &[ANNA, BRUNO]).await;
    for broken in ["email\n\"anna@example.org,\n", "PK\u{3}\u{4}....", "name\nAnna\n"] {
        app.write("subscribers/events.csv", broken);
        let synced = publish::sync(&app.house, "events", true).await.unwrap();
        assert!(synced.stopped.is_some(), "{broken:?}");
    }
    assert_eq!(
        app.house.store.list_active_people("events", 0, 10).await.unwrap().len(),
        2
    );
    app.write("subscribers/events.csv", "email\n");
    let synced = publish::sync(&app.house, "events", true).await.unwrap();
    assert_eq!((synced.stopped, synced.removed), (None, 2));
}

#[tokio::test]
async fn the_daemon_applies_a_lists_file_once_it_lies_still_and_a_person_at_once() {
    let app = TestApp::new().await;
    let mut files = PeopleFiles::default();
    let write = |rows: &[&str]| {
        let path = app.write("subscribers/events.csv", &format!("email\n{}\n", rows.join("\n")));
        app.age(&path, TimeDelta::zero());
    };
    let second = TimeDelta::seconds(1);
    let active = "SELECT COUNT(*) FROM subscription WHERE state = 'active'";
    write(&[ANNA, BRUNO]);
    files.sync_changed(&app.house).await;
    app.advance(second);
    // Somebody still types.
    write(&[ANNA, BRUNO, CHIARA]);
    files.sync_changed(&app.house).await;
    app.advance(second);
    files.sync_changed(&app.house).await;
    assert_eq!(app.count(active).await, 0);
    app.advance(second);
    files.sync_changed(&app.house).await;
    assert_eq!(app.count(active).await, 3);
    // Half of a file that is saved in pieces takes nobody off the list.
    write(&[ANNA]);
    files.sync_changed(&app.house).await;
    write(&[ANNA, BRUNO, CHIARA]);
    app.advance(second * 2);
    files.sync_changed(&app.house).await;
    assert_eq!(
        app.count("SELECT COUNT(*) FROM consent WHERE what = 'removed'").await,
        0
    );

    write(&[ANNA]);
    let synced = publish::sync(&app.house, "events", false).await.unwrap();
    assert_eq!(synced.removed, 2, "a person asked");
}
