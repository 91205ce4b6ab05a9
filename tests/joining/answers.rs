//! Nobody learns from an answer who is on a list (PRIV-05, SEC-14), and no answer claims what was not done (FLT-26).

use axum::http::StatusCode;
use chrono::TimeDelta;
use rapporteur::publish;

use super::{ANNA, Answer, Web, answer, asked, lists, subscriptions};
use crate::app::{TestApp, for_each_app};

/// Addresses in every state there is.
async fn everybody(app: &TestApp, web: &Web) -> Vec<&'static str> {
    app.people(
        "events",
        &[
            "active@example.org",
            "left@example.org",
            "gone@example.org",
            "stuck@example.org",
            "angry@example.org",
        ],
    )
    .await;
    app.leave("events", "left@example.org").await;
    app.run("UPDATE subscriber SET state = 'erased' WHERE address = 'gone@example.org'")
        .await;
    app.run("UPDATE subscriber SET state = 'suspended' WHERE address = 'stuck@example.org'")
        .await;
    app.run("UPDATE subscriber SET state = 'suppressed' WHERE address = 'angry@example.org'")
        .await;
    web.subscribe(app, "pending@example.org", &[("lists", "events")]).await;
    assert_eq!(answer(app).await, 1);
    vec![
        "new@example.org",
        "pending@example.org",
        "active@example.org",
        "left@example.org",
        "gone@example.org",
        "stuck@example.org",
        "angry@example.org",
    ]
}

#[tokio::test]
async fn two_hundred_answers_for_each_state_are_the_same_to_the_byte() {
    let mut app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let (mut by_form, mut by_program): (Vec<Answer>, Vec<Answer>) = (Vec::new(), Vec::new());
    for address in everybody(&app, &web).await {
        for _ in 0..200 {
            by_form.push(web.subscribe(&app, address, &[("lists", "events")]).await);
        }
        for _ in 0..20 {
            by_program.push(web.subscribe_by_program(&app, address, "events").await);
        }
    }
    assert!(by_form.iter().all(|answer| *answer == by_form[0]));
    assert!(by_program.iter().all(|answer| *answer == by_program[0]));
    assert_eq!(
        (by_form[0].status, by_program[0].status),
        (StatusCode::OK, StatusCode::ACCEPTED)
    );
    app.leave_open();
}

/// The surest way to take the same time for everybody: not to know who they are.
#[tokio::test]
async fn taking_a_request_looks_at_no_person() {
    let mut app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    everybody(&app, &web).await;
    app.leave_open();
    for table in [
        "subscriber",
        "subscription",
        "consent",
        "outgoing",
        "confirmation",
        "bounce",
    ] {
        app.run(&format!("ALTER TABLE {table} RENAME TO hidden_{table}")).await;
    }
    for address in ["new@example.org", "active@example.org", "angry@example.org"] {
        let said = web.subscribe(&app, address, &[("lists", "events")]).await;
        assert_eq!(said.status, StatusCode::OK, "{address}: {}", said.body);
    }
    for table in [
        "subscriber",
        "subscription",
        "consent",
        "outgoing",
        "confirmation",
        "bounce",
    ] {
        app.run(&format!("ALTER TABLE hidden_{table} RENAME TO {table}")).await;
    }
}

#[tokio::test]
async fn a_link_that_was_used_is_too_old_or_never_was_leads_to_one_page() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let used = asked(&app, &web).await;
    web.post(&used, &[("lists", "events")]).await;
    web.subscribe(&app, "bea@example.org", &[("lists", "events")]).await;
    answer(&app).await;
    let old = super::confirm_path(&app.mails_of("bea@example.org")[0]);
    app.advance(TimeDelta::hours(72) - TimeDelta::seconds(1));
    assert_eq!(
        web.get(&old).await.status,
        StatusCode::OK,
        "it works to its last second"
    );
    app.advance(TimeDelta::seconds(1));

    let leave = app.house.secret.unsubscribe("events", app.subscriber(ANNA).await);
    let altered = format!("{}a", &used[..used.len() - 1]);
    let mut answers = Vec::new();
    for path in [
        used,
        old,
        altered,
        format!("/confirm/{leave}"),
        "/confirm/x".into(),
        "/confirm/test-mail".into(),
    ] {
        answers.push(web.get(&path).await);
        answers.push(web.post(&path, &[("lists", "events")]).await);
    }
    assert_eq!(answers[0].status, StatusCode::NOT_FOUND);
    assert!(
        answers[0]
            .body
            .contains("If you have confirmed by it, there is nothing more to do"),
        "{}",
        answers[0].body
    );
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(subscriptions(&app, "bea@example.org").await, [""; 0]);
}

#[tokio::test]
async fn pressing_twice_at_the_same_moment_subscribes_once() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    let fields = [("lists", "events")];
    let (one, two) = tokio::join!(web.post(&path, &fields), web.post(&path, &fields));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::NOT_FOUND]);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM consent WHERE what = 'subscribed'")
            .await,
        1
    );
}

#[tokio::test]
async fn while_the_database_is_away_nobody_is_told_that_it_worked() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    app.house.store.close().await;
    let answers = [
        web.get("/subscribe").await,
        web.subscribe(&app, "bea@example.org", &[("lists", "events")]).await,
        web.subscribe_by_program(&app, "bea@example.org", "events").await,
        web.get(&path).await,
        web.post(&path, &[("lists", "events")]).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert!(answer.headers.contains_key("retry-after"));
        assert!(!answer.body.contains("mailbox") && !answer.body.contains("You are subscribed"));
    }
}

#[tokio::test]
async fn a_forged_host_changes_no_link() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
    let request = axum::http::Request::post("/subscribe")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example");
    let body = format!("email=anna%40example.org&lists=events&stamp={stamp}");
    let said = web.ask(request.body(body.into()).unwrap()).await;
    assert!(!said.body.contains("evil.example"));
    answer(&app).await;
    let mail = &app.mails_of(ANNA)[0];
    assert!(!mail.raw.contains("evil.example"));
    super::confirm_path(mail);
}

/// SEC-13: whoever reads a copy of the database can confirm nothing by it.
#[tokio::test]
async fn no_token_lies_in_the_database() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    let token = path.trim_start_matches("/confirm/");
    let sql = format!(
        "SELECT COUNT(*) FROM outgoing WHERE message LIKE '%{}%' OR link LIKE '%{}%'",
        &token[..20],
        &token[..20]
    );
    assert_eq!(app.count(&sql).await, 0);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM outgoing WHERE message LIKE '%/confirm/%'")
            .await,
        0
    );
}

/// SQLite gives the number of a deleted row to the next: an old page must not act on another's request.
#[tokio::test]
async fn an_old_page_cannot_touch_the_request_that_has_its_number_now() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        let path = asked(&app, &web).await;
        let token = path.trim_start_matches("/confirm/");
        let annas = publish::find_request(&app.house, token).await.unwrap().unwrap();
        web.post(&path, &[("lists", "events")]).await;
        app.advance(TimeDelta::minutes(1));
        web.subscribe(&app, "bea@example.org", &[("lists", "events")]).await;
        answer(&app).await;
        app.run(&format!("UPDATE signup SET id = {}", annas.id)).await;
        let said = publish::confirm(&app.house, &annas, &["events".to_owned()])
            .await
            .unwrap();
        assert_eq!(said, publish::Confirmed::Gone);
        assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 1);
        app
    })
    .await;
}

/// Whoever asks for their link is told that a mail comes, whether somebody can join or not.
#[tokio::test]
async fn while_nobody_can_join_whoever_is_subscribed_gets_their_link_all_the_same() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA]).await;
    let web = Web::of(&app).await;
    web.subscribe(&app, "bea@example.org", &[("lists", "events")]).await;
    app.pause(publish::SIGNUP).await;
    let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
    web.post("/preferences", &[("email", ANNA), ("stamp", &stamp)]).await;
    assert_eq!(answer(&app).await, 1);
    assert!(app.mails_of(ANNA)[0].text.contains("/preferences/"));
    assert_eq!(web.get("/subscribe").await.status, StatusCode::OK);
    let said = web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    assert_eq!(said.status, StatusCode::FORBIDDEN);
    app.resume(publish::SIGNUP).await;
    assert_eq!(answer(&app).await, 1, "what was asked before waits");
}
