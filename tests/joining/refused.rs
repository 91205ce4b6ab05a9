//! What the form and the endpoint refuse, and that nothing typed comes back as anything but text.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::{ANNA, Web, lists};
use crate::app::TestApp;

const NO_ADDRESS: [&str; 12] = [
    "",
    "anna",
    "anna@example",
    "a@b>\r\nRCPT TO:<x@y",
    "anna@example.org\r\nBcc: eve@example.org",
    "anna@example.org\n",
    "anna@example.org\0",
    "Anna <anna@example.org>",
    "anna@example.org, eve@example.org",
    "anna @example.org",
    "anna@example.org\u{202e}",
    "\"anna b\"@example.org",
];
const NO_NAME: [&str; 6] = [
    "Anna\r\nBcc: eve@example.org",
    "Anna\nX: y",
    "Anna\0",
    "eve@example.org",
    "Anna <eve@example.org>",
    "Anna\u{2028}X: y",
];

/// MSG-04, SEC-01.
#[tokio::test]
async fn line_breaks_and_what_else_is_no_address_or_name_are_refused_and_make_no_row() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
    let typed = NO_ADDRESS
        .iter()
        .map(|address| (*address, "", "email"))
        .chain(NO_NAME.iter().map(|name| (ANNA, *name, "name")));
    for (address, name, field) in typed {
        let said = web
            .subscribe(&app, address, &[("lists", "events"), ("name", name)])
            .await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{address:?} {name:?}");
        assert!(
            said.body.contains(&format!("id=\"fault-{field}\"")),
            "{address:?} {name:?}"
        );
        assert!(said.body.contains("aria-invalid"), "{}", said.body);
        let body = serde_json::json!({ "email": address, "name": name, "lists": ["events"], "stamp": stamp });
        let said = web.post_json("/api/v1/subscribe", &body).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(said.body.contains(&format!("\"field\":\"{field}\"")), "{}", said.body);
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
}

#[tokio::test]
async fn only_what_is_offered_can_be_chosen() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    for more in [
        &[][..],
        &[("lists", "staff")],
        &[("lists", "nothing")],
        &[("lists", "events"), ("lists", "staff")],
        &[("lists", "events"), ("cadence.events", "hourly")],
        &[("lists", "events"), ("topics.events", "gossip")],
        &[("lists", "events"), ("language", "fr")],
        &[("lists", "events"), ("language", "\r\n")],
    ] {
        let said = web.subscribe(&app, ANNA, more).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{more:?}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
}

#[tokio::test]
async fn a_form_that_comes_too_soon_too_late_or_from_elsewhere_asks_to_press_again() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let secret = &app.house.secret;
    let leave = secret.unsubscribe("", app.now().timestamp_millis());
    let stamps = [
        secret.stamp(app.now() - TimeDelta::seconds(2)),
        secret.stamp(app.now() + TimeDelta::hours(1)),
        secret.stamp(app.now() - TimeDelta::hours(24)),
        String::new(),
        leave,
    ];
    for stamp in &stamps {
        let fields = [("email", ANNA), ("lists", "events"), ("stamp", stamp)];
        let said = web.post("/subscribe", &fields).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(said.body.contains("Please press the button once more.") && said.body.contains(ANNA));
        let body = serde_json::json!({ "email": ANNA, "lists": ["events"], "stamp": stamp });
        assert_eq!(
            web.post_json("/api/v1/subscribe", &body).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
    // A quick person presses again: the stamp of the first opening counts.
    app.advance(TimeDelta::seconds(1));
    let fields = [("email", ANNA), ("lists", "events"), ("stamp", &stamps[0])];
    assert_eq!(web.post("/subscribe", &fields).await.status, StatusCode::OK);
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 1);
}

#[tokio::test]
async fn a_program_that_fills_in_every_field_is_thanked_and_nothing_happens() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let trapped = web
        .subscribe(&app, ANNA, &[("lists", "events"), ("website", "https://spam.example")])
        .await;
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
    let real = web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    assert_eq!(trapped, real);
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 1);
}

#[tokio::test]
async fn nothing_typed_comes_back_as_markup() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let payload = "\"><script>alert(1)</script><img src=x onerror=alert(2)>";
    for field in [
        "email",
        "name",
        "language",
        "lists",
        "cadence.events",
        "topics.events",
        "stamp",
        "website",
        payload,
    ] {
        let said = web
            .subscribe(&app, "no address", &[("lists", "events"), (field, payload)])
            .await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            !said.body.contains("<script") && !said.body.contains("<img"),
            "{field}: {}",
            said.body
        );
        let policy = said.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"));
    }
    let name = "<b>Anna</b>";
    let said = web.subscribe(&app, ANNA, &[("lists", "events"), ("name", name)]).await;
    assert_eq!(
        said.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "angle brackets are no name"
    );
}

#[tokio::test]
async fn the_endpoint_says_what_it_takes_and_what_it_does_not_know() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let described = web.get("/api/v1/subscribe").await;
    let described: serde_json::Value = serde_json::from_str(&described.body).unwrap();
    assert_eq!(described["lists"][0]["list"], "events");
    assert_eq!(
        described["lists"][0]["cadences"],
        serde_json::json!(["weekly", "daily", "immediate"])
    );
    assert_eq!(described["lists"].as_array().unwrap().len(), 2);
    let stamp = described["stamp"].as_str().unwrap();
    app.advance(TimeDelta::seconds(3));
    let good = serde_json::json!({
        "email": ANNA, "lists": ["events"], "cadences": { "events": "daily" }, "topics": { "events": ["climate"] },
        "language": "de", "name": "Anna", "stamp": stamp,
    });
    assert_eq!(
        web.post_json("/api/v1/subscribe", &good).await.status,
        StatusCode::ACCEPTED
    );
    for body in ["", "\"x\"", "{\"email\": 1}", "{\"mail\": \"anna@example.org\"}"] {
        let request = axum::http::Request::post("/api/v1/subscribe")
            .body(body.into())
            .unwrap();
        assert_eq!(web.ask(request).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let large = axum::http::Request::post("/api/v1/subscribe")
        .body(vec![b'x'; 70 * 1024].into())
        .unwrap();
    assert_eq!(web.ask(large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
