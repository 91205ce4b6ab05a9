//! No stranger makes us send more than a mail (PRIV-06), and nothing is kept of people who never confirm (PRIV-01).

use chrono::TimeDelta;
use rapporteur::publish;

use super::{ANNA, Web, answer, asked, confirm_path, lists, subscriptions};
use crate::app::{TestApp, for_each_app};

async fn alerts(app: &TestApp) -> Vec<String> {
    let all = app.house.store.list_alerts().await.unwrap();
    let open = all.iter().filter(|alert| alert.over_at.is_none());
    open.map(|alert| alert.trouble.as_str().to_owned()).collect()
}

#[tokio::test]
async fn a_thousand_posts_for_one_address_make_one_mail() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    for number in 0..1000 {
        match number % 2 {
            0 => web.subscribe(&app, ANNA, &[("lists", "events")]).await,
            _ => web.subscribe_by_program(&app, ANNA, "lectures").await,
        };
        if number % 100 == 99 {
            answer(&app).await;
        }
    }
    assert_eq!(app.mails_of(ANNA).len(), 1);
}

#[tokio::test]
async fn one_address_gets_a_mail_a_day_and_three_in_thirty_days() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        for day in 0..35 {
            web.subscribe(&app, ANNA, &[("lists", "events")]).await;
            answer(&app).await;
            publish::purge_signups(&app.house).await.unwrap();
            let expected = match day {
                0..3 => day + 1,
                3..30 => 3,
                _ => (day - 26).min(6),
            };
            assert_eq!(
                app.count("SELECT COUNT(*) FROM confirmation WHERE address_key IS NOT NULL")
                    .await
                    .min(9),
                i64::min(expected, 3),
                "day {day}"
            );
            app.advance(TimeDelta::days(1));
        }
        let mails = std::fs::read_dir(app.folder.path().join("outbox/new")).unwrap().count();
        assert_eq!(mails, 6, "three in each thirty days");
        // The rows of the first are purged, their mails are not ours to take back.
        app.forget_mails();
        app.run("DELETE FROM outgoing").await;
        app
    })
    .await;
}

#[tokio::test]
async fn what_is_too_much_for_an_hour_waits_for_the_next_and_is_not_lost() {
    for (setting, expected) in [("per_network = 2", 2), ("per_domain = 3", 3), ("overall = 4", 4)] {
        let app = TestApp::with(&format!("{}[signup]\n{setting}\n", lists())).await;
        let web = Web::of(&app).await;
        for number in 0..5 {
            web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
                .await;
        }
        assert_eq!(answer(&app).await, expected, "{setting}");
        assert_eq!(answer(&app).await, 0, "{setting}");
        app.advance(TimeDelta::minutes(59));
        assert_eq!(answer(&app).await, 0, "{setting}");
        app.advance(TimeDelta::minutes(1));
        assert_eq!(answer(&app).await, expected.min(5 - expected), "{setting}");
    }
}

#[tokio::test]
async fn one_busy_network_or_domain_holds_up_nobody_else() {
    let app = TestApp::with(&format!("{}[signup]\nper_domain = 2\n", lists())).await;
    let web = Web::of(&app).await;
    for number in 0..5 {
        web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
            .await;
    }
    web.subscribe(&app, "carla@example.com", &[("lists", "events")]).await;
    assert_eq!(answer(&app).await, 3);
    assert_eq!(app.mails_of("carla@example.com").len(), 1);
}

#[tokio::test]
async fn too_many_that_wait_from_one_network_are_asked_to_come_later() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    for number in 0..100 {
        let said = web
            .subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
            .await;
        assert_eq!(said.status, 200);
    }
    let said = web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    assert_eq!(said.status, 503);
    assert!(said.headers.contains_key("retry-after") && said.body.contains("Very many people"));
    let elsewhere = axum::http::Request::post("/subscribe")
        .header("x-forwarded-for", "192.0.2.1")
        .body(axum::body::Body::from(format!(
            "email={ANNA}&lists=events&stamp={}",
            app.house.secret.stamp(app.now() - TimeDelta::minutes(1))
        )));
    // Not from a proxy of ours: whatever it says, it is the same network.
    assert_eq!(web.ask(elsewhere.unwrap()).await.status, 503);
}

#[tokio::test]
async fn two_programs_that_answer_at_the_same_moment_write_once() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        let other = app.another_house(&lists()).await;
        for number in 0..10 {
            web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
                .await;
        }
        let (one, two) = tokio::join!(publish::answer_signups(&app.house), publish::answer_signups(&other));
        assert_eq!(one.unwrap() + two.unwrap(), 10);
        app.deliver().await;
        assert_eq!(app.mails().len(), 10);
        other.store.close().await;
        app
    })
    .await;
}

#[tokio::test]
async fn who_never_confirms_is_forgotten_after_two_weeks() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        asked(&app, &web).await;
        app.advance(TimeDelta::days(14) - TimeDelta::seconds(1));
        publish::purge_signups(&app.house).await.unwrap();
        assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 1);
        app.advance(TimeDelta::seconds(1));
        publish::purge_signups(&app.house).await.unwrap();
        for table in ["signup", "subscriber", "outgoing"] {
            let rows = app.count(&format!("SELECT COUNT(*) FROM {table}")).await;
            assert_eq!(rows, 0, "{table}");
        }
        let names_her =
            "SELECT COUNT(*) FROM confirmation WHERE address_key LIKE '%anna%' OR domain_key LIKE '%example%'";
        assert_eq!(app.count(names_her).await, 0, "what limits count names nobody");
        app.forget_mails();
        app
    })
    .await;
}

#[tokio::test]
async fn at_most_one_reminder_comes_and_its_link_is_the_same() {
    let app = TestApp::with(&format!("{}[signup]\nremind_after = \"1day\"\n", lists())).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    app.advance(TimeDelta::hours(23));
    assert_eq!(answer(&app).await, 0);
    app.advance(TimeDelta::hours(1));
    assert_eq!(answer(&app).await, 1);
    let reminder = app.mails_of(ANNA).remove(1);
    assert!(reminder.text.contains("This is the only reminder."));
    assert_eq!(confirm_path(&reminder), path);
    for _ in 0..10 {
        app.advance(TimeDelta::hours(24));
        assert_eq!(answer(&app).await, 0);
    }
}

#[tokio::test]
async fn staff_hear_of_an_unusual_rush_once_and_that_it_is_over() {
    let app = TestApp::with(&format!(
        "{}[signup]\nalarm = 10\n[alerts]\nmail_to = [\"it@example.org\"]\n",
        lists()
    ))
    .await;
    let web = Web::of(&app).await;
    for number in 0..10 {
        web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
            .await;
    }
    answer(&app).await;
    assert_eq!(alerts(&app).await, [""; 0]);
    web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    answer(&app).await;
    answer(&app).await;
    assert_eq!(alerts(&app).await, ["signups"]);
    publish::tell_alerts(&app.house).await.unwrap();
    app.deliver().await;
    let told = app.mails_of("it@example.org");
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("rapporteur pause signup"), "{}", told[0].text);
    app.advance(TimeDelta::hours(1));
    answer(&app).await;
    publish::tell_alerts(&app.house).await.unwrap();
    app.deliver().await;
    assert_eq!(app.mails_of("it@example.org").len(), 2);
    assert_eq!(subscriptions(&app, ANNA).await, [""; 0]);
}

/// PRIV-05: what is left of a limit tells nobody whether a mail was made.
#[tokio::test]
async fn an_answer_without_a_mail_counts_for_network_domain_and_hour_as_one_with_a_mail() {
    for (setting, kind) in [
        ("per_network = 4", "network"),
        ("per_domain = 4", "domain"),
        ("overall = 4", "hour"),
    ] {
        for address in [
            "active@example.org",
            "left@example.org",
            "angry@example.org",
            "new@example.org",
        ] {
            let app = TestApp::with(&format!("{}[signup]\n{setting}\n", lists())).await;
            app.people(
                "events",
                &["active@example.org", "left@example.org", "angry@example.org"],
            )
            .await;
            app.leave("events", "left@example.org").await;
            app.run("UPDATE subscriber SET state = 'suppressed' WHERE address = 'angry@example.org'")
                .await;
            let web = Web::of(&app).await;
            // The second and the third are answered by no mail, whoever it is.
            for _ in 0..3 {
                web.subscribe(&app, address, &[("lists", "events")]).await;
                answer(&app).await;
                answer(&app).await;
            }
            for free in [true, false] {
                let other = format!("{free}@example.org");
                web.subscribe(&app, &other, &[("lists", "events")]).await;
                answer(&app).await;
                assert_eq!(app.mails_of(&other).len() == 1, free, "{address} by the {kind}");
            }
        }
    }
}

#[tokio::test]
async fn addresses_that_differ_behind_a_plus_are_one_mailbox() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    for tag in ["", "+a", "+b", "+a+b"] {
        web.subscribe(&app, &format!("anna{tag}@example.org"), &[("lists", "events")])
            .await;
    }
    assert_eq!(answer(&app).await, 1);
}

#[tokio::test]
async fn one_request_that_goes_wrong_holds_up_no_other() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        for number in 0..4 {
            web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
                .await;
        }
        app.run("UPDATE signup SET wishes = 'nonsense' WHERE address = 'p1@example.org'")
            .await;
        assert_eq!(answer(&app).await, 3);
        assert_eq!(
            app.count("SELECT COUNT(*) FROM signup WHERE mailed_at IS NULL").await,
            1
        );
        app
    })
    .await;
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    app.run(
        "CREATE TRIGGER broken BEFORE INSERT ON outgoing WHEN NEW.recipient = 'p1@example.org' \
         BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    .await;
    for number in 0..4 {
        web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
            .await;
    }
    assert_eq!(answer(&app).await, 3);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM confirmation").await,
        6,
        "and leaves no trace"
    );
    app.run("DROP TRIGGER broken").await;
    assert_eq!(answer(&app).await, 1);
}

#[tokio::test]
async fn a_rush_of_known_addresses_is_a_rush_too() {
    let app = TestApp::with(&format!("{}[signup]\nalarm = 3\n", lists())).await;
    let people: Vec<String> = (0..4).map(|number| format!("p{number}@example.org")).collect();
    app.people("events", &people.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    let web = Web::of(&app).await;
    for address in &people {
        web.subscribe(&app, address, &[("lists", "events")]).await;
        answer(&app).await;
    }
    assert_eq!(alerts(&app).await, ["signups"]);
}
