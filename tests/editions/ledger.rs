//! Rules 1 and 2: a report enters each ledger once, and a person is told once.

use chrono::TimeDelta;
use rapporteur::edition::What;
use rapporteur::publish;

use super::{ANNA, BRUNO, TWO_LISTS};
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};
use crate::database::postgres;

#[tokio::test]
async fn a_report_enters_the_ledger_of_a_list_and_cadence_once() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        assert_eq!(app.tick_at("2026-05-11 06:00").await.sealed, ["events/1"]);
        app.deliver().await;
        assert!(app.tick_at("2026-05-11 06:01").await.sealed.is_empty());
        assert!(app.tick_at("2026-05-18 06:00").await.sealed.is_empty());
        let weekly = "SELECT COUNT(*) FROM ledger WHERE cadence = 'weekly'";
        assert_eq!(app.count(weekly).await, 1);
        assert_eq!(app.mails_of(ANNA).len(), 1);
        app
    })
    .await;
}

#[tokio::test]
async fn a_late_or_back_dated_report_is_in_the_next_edition() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    // Written before the first edition, found after it.
    app.drop_aged("late.md", &report("Late", ""), TimeDelta::days(20));
    app.drop_report("back-dated.md", &report("Back-dated", "published: 2026-05-06\n"));
    app.settle().await;
    assert_eq!(app.tick_at("2026-05-18 06:00").await.sealed, ["events/2"]);
    app.deliver().await;
    assert_eq!(app.items("events", 2).await, ["Back-dated", "Late"]);
    assert_eq!(app.told(ANNA, &["Rivers", "Late", "Back-dated"]).len(), 3);
}

#[tokio::test]
async fn numbers_count_per_list_and_a_slot_without_edition_takes_none() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}")).await;
    app.people("events", &[ANNA]).await;
    app.people("talks", &[BRUNO]).await;
    app.publish(&["Rivers"]).await;
    assert_eq!(app.tick_at("2026-05-11 06:00").await.sealed, ["events/1", "talks/1"]);
    app.tick_at("2026-05-18 06:00").await;
    app.drop_report("bridges.md", &report("Bridges", "lists: [talks]\n"));
    app.settle().await;
    assert_eq!(app.tick_at("2026-05-25 06:00").await.sealed, ["talks/2"]);
    app.deliver().await;
    let empty = [
        "2026-05-11 06:00 edition",
        "2026-05-18 06:00 empty",
        "2026-05-25 06:00 empty",
    ];
    assert_eq!(app.slots("events", "weekly").await, empty);
}

#[tokio::test]
async fn a_person_on_two_lists_is_told_once() {
    for_each_app(&format!("{REPORTS}{TWO_LISTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.people("talks", &[ANNA, BRUNO]).await;
        app.publish(&["Rivers"]).await;
        // Both slots in one minute: in the order of the configuration.
        assert_eq!(app.tick_at("2026-05-11 06:00").await.sealed, ["events/1", "talks/1"]);
        assert_eq!(app.row("talks", 1, ANNA).await, "skipped (nothing-new)");
        app.deliver().await;
        assert_eq!((app.mails_of(ANNA).len(), app.mails_of(BRUNO).len()), (1, 1));
        app
    })
    .await;
}

#[tokio::test]
async fn who_had_a_report_by_hand_does_not_get_it_by_the_schedule() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    assert_eq!(app.send("events").await, Some(1));
    assert!(app.tick_at("2026-05-11 06:00").await.sealed.is_empty());
    assert_eq!(app.slots("events", "weekly").await, ["2026-05-11 06:00 empty"]);
}

#[tokio::test]
async fn who_had_a_report_by_one_cadence_does_not_get_it_by_another() {
    let mut app = TestApp::new().await;
    app.people("events", &[&format!("{ANNA},,,,daily"), BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.deliver().await;
    app.people("events", &[&format!("{ANNA},,,,weekly"), BRUNO]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    assert_eq!(app.row("events", 2, ANNA).await, "skipped (nothing-new)");
    assert_eq!((app.mails_of(ANNA).len(), app.mails_of(BRUNO).len()), (1, 1));
}

#[tokio::test]
async fn all_but_failed_and_skipped_rows_count_as_had() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}")).await;
    for list in ["events", "talks"] {
        app.people(list, &[ANNA]).await;
    }
    app.publish(&["Rivers"]).await;
    let order = publish::by_hand(&app.house, Default::default());
    let hands = Default::default();
    publish::seal(&app.house, "events", &order, &hands, publish::Seen::Nothing, "staff")
        .await
        .unwrap();
    for (state, had) in [
        ("pending", true),
        ("claimed", true),
        ("handoff", true),
        ("deferred", true),
        ("in-doubt", true),
        ("sent", true),
        ("skipped", false),
        ("failed", false),
    ] {
        app.run(&format!("UPDATE outgoing SET state = '{state}'")).await;
        let other = publish::draft(&app.house, "talks", &order).await.unwrap();
        assert_eq!(other.is_none(), had, "{state}");
    }
}

#[tokio::test]
async fn who_failed_for_good_is_not_told_again_by_itself() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    let order = publish::by_hand(&app.house, Default::default());
    let number = publish::seal(
        &app.house,
        "events",
        &order,
        &Default::default(),
        publish::Seen::Nothing,
        "staff",
    )
    .await;
    assert_eq!(number.unwrap(), Some(1));
    publish::release_due(&app.house).await.unwrap();
    app.run("UPDATE outgoing SET state = 'failed', reason = 'refused'")
        .await;
    assert_eq!(app.send("events").await, None);
    assert!(app.tick_at("2026-05-11 06:00").await.sealed.is_empty());
    assert!(app.mails().is_empty());
    // Staff may try again.
    let said = app.decide("events", 1, publish::Decided::Retry).await.unwrap();
    assert!(said.contains("1 failed rows are tried again"), "{said}");
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
}

#[tokio::test]
async fn a_retry_leaves_alone_who_got_the_report_by_another_edition_meanwhile() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &[ANNA, BRUNO]).await;
        app.publish(&["Rivers", "Bridges"]).await;
        app.send("events").await;
        std::fs::remove_dir_all(app.folder.path().join("outbox")).unwrap();
        app.run("UPDATE outgoing SET state = 'failed', reason = 'refused'")
            .await;
        let anna = app.subscriber(ANNA).await;
        app.run(&format!(
            "UPDATE subscription SET state = 'removed' WHERE subscriber_id <> {anna}"
        ))
        .await;
        let only = What::Only {
            reports: vec![app.id("Rivers").await],
            cadence: None,
        };
        app.send_what("events", only, &[]).await;
        app.run("UPDATE subscription SET state = 'active'").await;
        let said = app.decide("events", 1, publish::Decided::Retry).await.unwrap();
        assert!(
            said.starts_with("events/1: 1 failed rows are tried again; 1 are left alone"),
            "{said}"
        );
        app.deliver().await;
        assert_eq!(app.row("events", 1, ANNA).await, "failed (refused)");
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Rivers"]);
        assert_eq!(app.told(BRUNO, &["Rivers", "Bridges"]).len(), 2);
        app
    })
    .await;
}

#[tokio::test]
async fn two_programs_that_trigger_one_slot_make_one_edition() {
    let configuration = format!("{REPORTS}{TWO_LISTS}");
    for_each_app(&configuration, |mut app: TestApp| {
        let configuration = configuration.clone();
        async move {
            app.people("events", &[ANNA]).await;
            app.people("talks", &[ANNA, BRUNO]).await;
            let other = app.another_house(&configuration).await;
            for round in 0..12 {
                app.publish(&[&format!("Report {round}")]).await;
                match round {
                    0 => app.at("2026-05-11 06:00"),
                    _ => app.advance(TimeDelta::days(7)),
                }
                let (here, there) = (app.house.clone(), other.clone());
                let ticks = [here.clone(), there.clone(), here, there]
                    .map(|house| tokio::spawn(async move { publish::tick(&house).await.unwrap() }));
                let mut sealed = Vec::new();
                for tick in ticks {
                    let ticked = tick.await.unwrap();
                    assert!(ticked.errors.is_empty(), "{:?}", ticked.errors);
                    sealed.extend(ticked.sealed);
                }
                sealed.sort();
                let expected = [format!("events/{}", round + 1), format!("talks/{}", round + 1)];
                assert_eq!(sealed, expected);
            }
            app.deliver().await;
            assert_eq!((app.mails_of(ANNA).len(), app.mails_of(BRUNO).len()), (12, 12));
            other.store.close().await;
            app
        }
    })
    .await;
}

#[tokio::test]
async fn two_people_who_send_at_the_same_moment_make_one_edition() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    let order = publish::by_hand(&app.house, Default::default());
    assert_eq!(order.what, What::All);
    let sends = [0, 1, 2].map(|_| {
        let (house, order) = (app.house.clone(), order.clone());
        tokio::spawn(async move {
            let hands = Default::default();
            publish::seal(&house, "events", &order, &hands, publish::Seen::Nothing, "staff")
                .await
                .unwrap()
        })
    });
    let mut numbers = Vec::new();
    for send in sends {
        numbers.extend(send.await.unwrap());
    }
    assert_eq!(numbers, [1]);
    publish::release_due(&app.house).await.unwrap();
    app.deliver().await;
}

/// Where one process publishes while another has looked and found nothing. On PostgreSQL: SQLite has one writer.
#[tokio::test]
async fn a_report_that_comes_while_an_empty_slot_waits_for_its_turn_stays_new() {
    let Some(server) = postgres() else { return };
    let url = server.fresh_database().await;
    let mut app = TestApp::on_postgres(url, &format!("{REPORTS}{EVENTS}")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    app.at("2026-05-18 06:00");
    let other = app.house.store.begin_alone("sealing").await.unwrap();
    let house = app.house.clone();
    let beat = tokio::spawn(async move { publish::tick(&house).await.unwrap() });
    // Until it waits for the lock, all it has to look at has been looked at.
    while app
        .count("SELECT CAST(COUNT(*) AS BIGINT) FROM pg_locks WHERE NOT granted")
        .await
        == 0
    {
        tokio::task::yield_now().await;
    }
    app.publish(&["Bridges"]).await;
    drop(other);
    assert!(beat.await.unwrap().sealed.is_empty());
    assert_eq!(
        app.slots("events", "weekly").await.last().unwrap(),
        "2026-05-18 06:00 empty"
    );
    assert_eq!(app.tick_at("2026-05-25 06:00").await.sealed, ["events/2"]);
    assert_eq!(app.items("events", 2).await, ["Bridges"]);
    app.deliver().await;
    app.close().await;
}
