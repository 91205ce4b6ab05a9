//! People join by themselves: they ask, get one mail, and confirm on the page behind its link.

mod answers;
mod consent;
mod limits;
mod mails;
mod refused;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::TimeDelta;
use rapporteur::publish;
use rapporteur::web;
use tower::ServiceExt;
use url::form_urlencoded;

use crate::app::{EVENTS, Mail, REPORTS, TestApp, for_each_app};

pub const ANNA: &str = "anna@example.org";

/// Two lists that anybody can join, and one for staff alone.
pub fn lists() -> String {
    let lectures = EVENTS
        .replace("lists.events", "lists.lectures")
        .replace("\"Events\"", "\"Open lectures\"");
    let staff = EVENTS
        .replace("lists.events", "lists.staff")
        .replace("approval =", "public = false\napproval =");
    let events = EVENTS.replace(
        "approval =",
        "topics = { economy = \"Economy\", climate = \"Climate\" }\napproval =",
    );
    format!("{REPORTS}{events}{lectures}{staff}")
}

/// What the web answers.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// The web of a house, as a browser or a program sees it.
pub struct Web(Router);

impl Web {
    pub async fn of(app: &TestApp) -> Web {
        let house = &app.house;
        let app = web::App::new(
            house.config.clone(),
            house.store.clone(),
            house.clock.clone(),
            house.secret.clone(),
            house.templates.clone(),
        );
        Web(web::router(app.await.unwrap()))
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A form with these fields.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.ask(Request::post(path).body(Body::from(body)).unwrap()).await
    }

    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Somebody fills in the form in a minute.
    pub async fn subscribe(&self, app: &TestApp, address: &str, more: &[(&str, &str)]) -> Answer {
        let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
        let mut fields = vec![("email", address), ("stamp", &stamp)];
        fields.extend(more);
        self.post("/subscribe", &fields).await
    }

    /// A program does the same.
    pub async fn subscribe_by_program(&self, app: &TestApp, address: &str, list: &str) -> Answer {
        let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
        let body = serde_json::json!({ "email": address, "lists": [list], "stamp": stamp });
        self.post_json("/api/v1/subscribe", &body).await
    }
}

/// What the daemon does at its next beat.
pub async fn answer(app: &TestApp) -> usize {
    let mails = publish::answer_signups(&app.house).await.unwrap();
    app.deliver().await;
    mails
}

/// The path of the link in a confirmation mail.
pub fn confirm_path(mail: &Mail) -> String {
    let (_, rest) = mail
        .text
        .split_once("https://news.example.org/confirm/")
        .expect("a confirm link");
    let token: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(
        mail.html
            .contains(&format!("https://news.example.org/confirm/{token}\"")),
        "{}",
        mail.html
    );
    format!("/confirm/{token}")
}

/// Anna asks for `events` and gets her mail.
pub async fn asked(app: &TestApp, web: &Web) -> String {
    web.subscribe(app, ANNA, &[("lists", "events")]).await;
    assert_eq!(answer(app).await, 1);
    confirm_path(app.mails_of(ANNA).last().unwrap())
}

/// List and state of each of a person's subscriptions.
pub async fn subscriptions(app: &TestApp, address: &str) -> Vec<String> {
    let key = rapporteur::subscriber::Address::parse(address).unwrap().key();
    let all = app.house.store.list_subscriptions_of(&key).await.unwrap();
    all.iter()
        .map(|it| format!("{} {} {}", it.list, it.state, it.subscriber.state))
        .collect()
}

#[tokio::test]
async fn somebody_joins_from_the_form_to_the_first_digest() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        app.people("events", &["bea@example.org"]).await;
        app.publish(&["Rivers"]).await;
        app.send("events").await;
        let web = Web::of(&app).await;
        let form = web.get("/subscribe").await;
        assert_eq!(form.status, StatusCode::OK);
        assert!(form.body.contains("value=\"events\"") && form.body.contains("value=\"lectures\""));
        assert!(
            !form.body.contains("value=\"staff\""),
            "staff's list is nobody's business"
        );
        let (_, stamp) = form.body.split_once("name=\"stamp\" value=\"").unwrap();
        let (stamp, _) = stamp.split_once('"').unwrap();

        app.advance(TimeDelta::seconds(5));
        let fields = [
            ("email", ANNA),
            ("lists", "events"),
            ("cadence.events", "daily"),
            ("topics.events", "economy"),
            ("name", "Anna Weber"),
            ("language", "de"),
            ("website", ""),
            ("stamp", stamp),
        ];
        let said = web.post("/subscribe", &fields).await;
        assert_eq!(said.status, StatusCode::OK);
        assert!(said.body.contains("Please look into your mailbox."));
        assert_eq!(
            subscriptions(&app, ANNA).await,
            [""; 0],
            "nothing before the confirmation"
        );

        assert_eq!(answer(&app).await, 1);
        let mails = app.mails_of(ANNA);
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].subject, "Bitte bestätigen: Post von Lindenfeld Institute");
        let path = confirm_path(&mails[0]);
        let page = web.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.body.contains("a…@example.org") && page.body.contains("Events") && page.body.contains("Anna Weber")
        );
        assert!(!page.body.contains(ANNA), "{}", page.body);
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(subscriptions(&app, ANNA).await, [""; 0], "looking changes nothing");

        let done = web.post(&path, &[("lists", "events")]).await;
        assert_eq!(done.status, StatusCode::OK);
        assert!(done.body.contains("Sie haben abonniert."));
        assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
        assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);

        // Rule 3: what was there before is not new to her.
        app.drop_report("trade.md", &crate::app::report("Trade", "topics: [economy]\n"));
        app.drop_report("frogs.md", &crate::app::report("Frogs", "topics: [climate]\n"));
        app.collect().await;
        publish::publish_settled(&app.house, true).await.unwrap();
        app.tick_at("2026-05-05 06:00").await;
        app.deliver().await;
        assert_eq!(app.told(ANNA, &["Rivers", "Trade", "Frogs"]), ["Trade"]);
        app
    })
    .await;
}

/// LST-04, PRIV-03.
#[tokio::test]
async fn a_scanner_that_follows_every_link_confirms_nothing() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    for method in ["GET", "HEAD", "OPTIONS"] {
        for _ in 0..3 {
            let request = Request::builder()
                .method(method)
                .uri(&path)
                .body(Body::empty())
                .unwrap();
            let answer = web.ask(request).await;
            assert!(answer.status.is_success() || answer.status == StatusCode::METHOD_NOT_ALLOWED);
        }
    }
    assert_eq!(subscriptions(&app, ANNA).await, [""; 0]);
    assert_eq!(web.post(&path, &[("lists", "events")]).await.status, StatusCode::OK);
    assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
}

#[tokio::test]
async fn of_several_lists_only_those_that_stay_ticked_are_confirmed() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    web.subscribe(&app, ANNA, &[("lists", "events"), ("lists", "lectures")])
        .await;
    answer(&app).await;
    let path = confirm_path(&app.mails_of(ANNA)[0]);
    let page = web.get(&path).await.body;
    assert_eq!(page.matches("type=\"checkbox\"").count(), 2);
    let none = web.post(&path, &[]).await;
    assert!(
        none.body.contains("Please choose at least one newsletter."),
        "{}",
        none.body
    );
    assert_eq!(subscriptions(&app, ANNA).await, [""; 0]);
    // A list that was not asked for is not to be had by this link.
    web.post(&path, &[("lists", "lectures"), ("lists", "staff")]).await;
    assert_eq!(subscriptions(&app, ANNA).await, ["lectures active active"]);
}

#[tokio::test]
async fn who_asks_again_before_confirming_gets_no_second_mail_and_confirms_both() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        let path = asked(&app, &web).await;
        web.subscribe(&app, "Anna@example.org", &[("lists", "lectures")]).await;
        assert_eq!(answer(&app).await, 0);
        let page = web.get(&path).await.body;
        assert!(page.contains("Events") && page.contains("Open lectures"), "{page}");
        web.post(&path, &[("lists", "events"), ("lists", "lectures")]).await;
        assert_eq!(
            subscriptions(&app, ANNA).await,
            ["events active active", "lectures active active"]
        );
        app
    })
    .await;
}

#[tokio::test]
async fn the_page_and_the_endpoint_can_be_closed() {
    let mut app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    app.pause(publish::SIGNUP).await;
    for answer in [
        web.get("/subscribe").await,
        web.subscribe(&app, "bea@example.org", &[("lists", "events")]).await,
    ] {
        assert!(
            answer.body.contains("Nobody can subscribe here at the moment."),
            "{}",
            answer.body
        );
    }
    let said = web.subscribe_by_program(&app, "bea@example.org", "events").await;
    assert_eq!(
        (said.status, said.body.as_str()),
        (StatusCode::FORBIDDEN, "{\"status\":\"closed\"}")
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 1);
    web.post(&path, &[("lists", "events")]).await;
    assert_eq!(
        subscriptions(&app, ANNA).await,
        ["events active active"],
        "whoever has a link goes on"
    );
    app.resume(publish::SIGNUP).await;
    assert_eq!(web.get("/subscribe").await.status, StatusCode::OK);
    assert!(web.get("/").await.body.contains("href=\"/subscribe\""));

    app.reconfigure(&format!("{}[signup]\nopen = false\n", lists())).await;
    let web = Web::of(&app).await;
    assert!(web.get("/subscribe").await.body.contains("Nobody can subscribe here"));
    assert!(!web.get("/").await.body.contains("href=\"/subscribe\""));
}

#[tokio::test]
async fn a_welcome_brings_the_last_edition_and_its_link_ends_the_subscription() {
    let welcome = lists().replacen("approval =", "welcome = true\napproval =", 1);
    let mut app = TestApp::with(&welcome).await;
    app.people("events", &["bea@example.org"]).await;
    app.publish(&["Rivers", "Bridges"]).await;
    app.send("events").await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    web.post(&path, &[("lists", "events")]).await;
    app.deliver().await;
    let mail = app.mails_of(ANNA).remove(1);
    assert_eq!(mail.subject, "Welcome: Events");
    for told in ["Rivers", "Bridges", "https://news.example.org/editions/events/1"] {
        assert!(mail.text.contains(told) && mail.html.contains(told), "{}", mail.text);
    }
    assert!(mail.raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
    let (_, link) = mail
        .raw
        .split_once("List-Unsubscribe: <https://news.example.org")
        .unwrap();
    let (leave, _) = link.split_once('>').unwrap();
    let left = web.post(leave, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!(left.status, StatusCode::OK);
    assert_eq!(subscriptions(&app, ANNA).await, ["events left active"]);
}
