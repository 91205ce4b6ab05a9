//! What staff are told when something stops by itself: once, by mail and by a post, with the command that helps.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use chrono::TimeDelta;
use rapporteur::mail::lint;
use rapporteur::publish::{self, Decided};
use rapporteur::store::Trouble;
use serde_json::Value;

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::commands::Place;
use crate::sink::{Act, At, Sink};

const ALERTS: &str = "[alerts]\nmail_to = [\"it@example.org\", \"news@example.org\"]\n";

/// A chat that keeps what is posted, and answers as it is told.
#[derive(Clone)]
struct Chat {
    address: SocketAddr,
    posts: Arc<Mutex<Vec<Value>>>,
    status: Arc<AtomicU16>,
}

impl Chat {
    async fn start() -> Chat {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let chat = Chat {
            address: listener.local_addr().unwrap(),
            posts: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
        };
        let (posts, status) = (chat.posts.clone(), chat.status.clone());
        let take = async move |body: String| {
            let status = StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap();
            if status.is_success() {
                posts.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            }
            status
        };
        let router = Router::new().route("/hooks/secret-word", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        chat
    }

    /// Sections of a configuration that post to it.
    fn section(&self) -> String {
        format!(
            "[alerts]\nwebhook = \"http://{}/hooks/secret-word\"\n[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n",
            self.address
        )
    }

    fn posts(&self) -> Vec<Value> {
        self.posts.lock().unwrap().clone()
    }
}

async fn post_alerts(app: &TestApp) -> usize {
    let fetcher = publish::fetcher(&app.house.config).unwrap();
    publish::post_alerts(&app.house, &fetcher).await.unwrap()
}

fn people(count: usize) -> Vec<String> {
    (0..count).map(|person| format!("p{person}@example.org")).collect()
}

/// An edition that its breaker stops, through a sink that refuses everybody but staff.
async fn stopped_edition(more: &str) -> (TestApp, Sink) {
    let sink = Sink::with(
        |moment| match moment.at == At::Rcpt && moment.recipient.starts_with('p') {
            true => Act::Say(format!("550 5.1.1 <{}> unknown", moment.recipient)),
            false => Act::Go,
        },
    )
    .await;
    let mut app = TestApp::with_relay(&format!("{REPORTS}{EVENTS}{more}"), sink.address.port()).await;
    let people = people(300);
    app.people("events", &people.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    (app, sink)
}

#[tokio::test]
async fn an_edition_that_stopped_is_told_once_with_the_command_that_helps() {
    let (app, sink) = stopped_edition(ALERTS).await;
    assert_eq!(publish::tell_alerts(&app.house).await.unwrap(), 1);
    assert_eq!(publish::tell_alerts(&app.house).await.unwrap(), 0, "told before");
    app.deliver().await;
    let mails = sink.mails();
    let to: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(to, ["it@example.org", "news@example.org"]);
    let mail = &mails[0];
    assert_eq!(lint(&mail.text()), Vec::<String>::new());
    assert_eq!(mail.header("From").as_deref(), Some("Events <events@example.org>"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(
        mail.header("Subject").as_deref(),
        Some("events/1 has stopped by itself")
    );
    assert_eq!(mail.header("List-Id"), None);
    let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    let text = parsed.body_text(0).unwrap();
    for words in [
        "too many of its mails were refused for good",
        "Since 2026-05-04 08:00 UTC.",
        "mails were refused for good",
        "mails wait.",
        "    rapporteur editions resume events/1",
    ] {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    assert!(!text.contains("p1@"), "{text}");

    // Staff let it go on; it stops again, and that is another matter.
    app.advance(TimeDelta::minutes(1));
    app.decide("events", 1, Decided::Resume).await.unwrap();
    publish::tell_alerts(&app.house).await.unwrap();
    app.advance(TimeDelta::minutes(1));
    app.deliver().await;
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    publish::tell_alerts(&app.house).await.unwrap();
    app.deliver().await;
    assert_eq!(sink.mails().len(), 4);
}

#[tokio::test]
async fn the_words_of_an_alert_are_in_the_language_of_the_institute() {
    let words = rapporteur::render::Templates::load(None).unwrap();
    for language in ["de", "en", "es", "fr", "ru"] {
        for trouble in [
            "edition-stopped",
            "approval-missing",
            "domain-paused",
            "relay-rests",
            "password-refused",
        ] {
            let key = format!("alert-{trouble}-text");
            let said = words.words().say(language, &key, [("name", "NAME")]);
            assert!(said.contains("NAME") && said.len() > 60, "{language} {key}: {said}");
        }
        for mails in [0, 1, 2, 5] {
            let said = words.words().say(language, "alert-waiting", [("mails", mails)]);
            assert_ne!(said, "alert-waiting", "{language}");
        }
    }
}

/// REL-14.
#[tokio::test]
async fn what_was_rolled_back_alarms_nobody_and_what_was_committed_is_told_once() {
    for_each_app(&format!("{REPORTS}{EVENTS}{ALERTS}"), async |app| {
        let store = &app.house.store;
        store
            .raise_alert(Trouble::DomainPaused, "example.net", "550 5.7.515 no", app.now())
            .await
            .unwrap();
        let alert = store.list_alerts().await.unwrap().remove(0);
        let mut tx = store.begin().await.unwrap();
        assert!(store.mark_told(&mut tx, &alert).await.unwrap());
        store.insert_post(&mut tx, "{}").await.unwrap();
        drop(tx);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhook").await, 0);
        // A crash is the same as nobody having told: the next who looks does, and of two only one.
        let (one, other) = tokio::join!(publish::tell_alerts(&app.house), publish::tell_alerts(&app.house));
        assert_eq!(one.unwrap() + other.unwrap(), 1);
        app.deliver().await;
        assert_eq!(app.mails().len(), 2);
        app
    })
    .await;
}

#[tokio::test]
async fn a_post_says_what_happened_and_holds_no_address_of_a_person() {
    let chat = Chat::start().await;
    let (app, _sink) = stopped_edition(&chat.section()).await;
    publish::tell_alerts(&app.house).await.unwrap();
    assert_eq!(post_alerts(&app).await, 1);
    assert_eq!(post_alerts(&app).await, 0);
    let posts = chat.posts();
    assert_eq!(posts.len(), 1);
    let said = &posts[0];
    assert_eq!(
        (&said["event"], &said["list"], &said["edition"]),
        (&"edition-stopped".into(), &"events".into(), &1.into())
    );
    assert_eq!(said["over"], false);
    let text = said["text"].as_str().unwrap();
    assert!(
        text.contains("events/1 has stopped by itself") && text.contains("rapporteur editions resume events/1"),
        "{text}"
    );
    assert!(!said.to_string().contains('@'), "{said}");
}

/// FLT-25.
#[tokio::test]
async fn a_webhook_that_is_down_for_hours_gets_its_posts_later_and_is_given_up_after_a_day() {
    let chat = Chat::start().await;
    let (mut app, _sink) = stopped_edition(&chat.section()).await;
    chat.status.store(503, Ordering::SeqCst);
    publish::tell_alerts(&app.house).await.unwrap();
    let mut tries = 0;
    while app.now() < app.edition("events", 1).await.sealed_at + TimeDelta::hours(20) {
        assert_eq!(post_alerts(&app).await, 0);
        tries += 1;
        app.advance(TimeDelta::minutes(30));
    }
    let attempts = app.count("SELECT attempts FROM webhook").await;
    assert!(attempts < tries && attempts > 15, "{attempts} attempts in 20 hours");
    let (count, why) = app.house.store.count_unposted().await.unwrap().unwrap();
    assert_eq!(count, 1);
    assert!(why.contains("503") && !why.contains("secret-word"), "{why}");
    chat.status.store(200, Ordering::SeqCst);
    app.advance(TimeDelta::hours(1));
    assert_eq!(post_alerts(&app).await, 1);
    assert_eq!(app.house.store.count_unposted().await.unwrap(), None);

    // Another one, for which nobody ever opens. Sending goes on as if nothing were.
    chat.status.store(500, Ordering::SeqCst);
    app.run("INSERT INTO pause (scope, who, since) VALUES ('relay other', 'staff', 0)")
        .await;
    app.house
        .store
        .raise_alert(Trouble::DomainPaused, "example.net", "no", app.now())
        .await
        .unwrap();
    publish::tell_alerts(&app.house).await.unwrap();
    for _ in 0..30 {
        post_alerts(&app).await;
        app.advance(TimeDelta::hours(1));
    }
    assert_eq!(
        app.count("SELECT COUNT(*) FROM webhook WHERE state = 'failed'").await,
        1
    );
    assert_eq!(chat.posts().len(), 1);
    app.leave_open();
}

#[tokio::test]
async fn an_alert_is_not_posted_into_the_own_network_unless_staff_name_the_host() {
    let chat = Chat::start().await;
    let section = chat.section().replace("\"127.0.0.1\"]", "]");
    let (app, _sink) = stopped_edition(&section).await;
    publish::tell_alerts(&app.house).await.unwrap();
    assert_eq!(post_alerts(&app).await, 0);
    assert!(chat.posts().is_empty());
    let (_, why) = app.house.store.count_unposted().await.unwrap().unwrap();
    assert!(
        why.contains("fetch.internal_hosts") && !why.contains("secret-word"),
        "{why}"
    );
}

/// FLT-01: nobody is woken for a relay that is back soon; one that stays away is told once, and so is its return.
#[tokio::test]
async fn a_relay_that_rests_is_told_after_a_while_through_another_and_so_is_its_return() {
    let down = Arc::new(AtomicU16::new(1));
    let is_down = down.clone();
    let sink = Sink::with(
        move |moment| match moment.at == At::Mail && is_down.load(Ordering::SeqCst) == 1 {
            true => Act::say("451 4.3.0 later"),
            false => Act::Go,
        },
    )
    .await;
    let second = Sink::start().await;
    let other = format!(
        "[relays.second]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        second.address.port()
    );
    let list = EVENTS.replace("approval =", "relay = \"outbox\"\napproval =");
    let mut app = TestApp::with_relay(&format!("{REPORTS}{list}{ALERTS}{other}"), sink.address.port()).await;
    app.people("events", &["ada@example.org", "bob@example.org"]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    for minutes in [0, 1, 2] {
        app.advance(TimeDelta::minutes(minutes));
        app.deliver().await;
        assert_eq!(publish::tell_alerts(&app.house).await.unwrap(), 0, "too early");
    }
    for _ in 0..10 {
        app.advance(TimeDelta::minutes(20));
        app.deliver().await;
        publish::tell_alerts(&app.house).await.unwrap();
    }
    app.deliver().await;
    assert_eq!(second.mails().len(), 2, "one alert to each of two");
    let subject = second.mails()[0].header("Subject");
    assert_eq!(subject.as_deref(), Some("The relay outbox takes no mail"));
    assert!(second.mails()[0].text().contains("2 mails wait"));

    down.store(0, Ordering::SeqCst);
    app.advance(TimeDelta::hours(1));
    app.deliver().await;
    assert_eq!(sink.mails().len(), 2);
    app.deliver().await;
    assert_eq!(publish::tell_alerts(&app.house).await.unwrap(), 1);
    app.deliver().await;
    let over = sink
        .mails()
        .into_iter()
        .chain(second.mails())
        .filter_map(|mail| mail.header("Subject"));
    assert_eq!(
        over.filter(|subject| subject == "Over: The relay outbox takes no mail")
            .count(),
        2
    );
}

#[tokio::test]
async fn an_edition_that_waits_past_its_hour_for_an_approval_is_told_until_somebody_approves() {
    let list = EVENTS.replace("approval = \"none\"", "approval = \"required\"");
    for_each_app(&format!("{REPORTS}{list}{ALERTS}"), async |mut app| {
        app.people("events", &["ada@example.org,Ada,en,,weekly"]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-11 06:00").await;
        assert_eq!(app.edition("events", 1).await.state, "waiting");
        publish::tell_alerts(&app.house).await.unwrap();
        app.advance(TimeDelta::hours(1));
        publish::tell_alerts(&app.house).await.unwrap();
        app.deliver().await;
        let mails = app.mails_of("it@example.org");
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].subject, "events/1 waits for an approval");
        assert!(
            mails[0].text.contains("rapporteur editions approve events/1"),
            "{}",
            mails[0].text
        );
        app.decide("events", 1, Decided::Approve { as_sealed: false })
            .await
            .unwrap();
        publish::tell_alerts(&app.house).await.unwrap();
        app.deliver().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM alert WHERE over_at IS NULL").await, 0);
        assert_eq!(
            app.mails().len(),
            3,
            "two alerts and the edition, and no word that it is over"
        );
        app
    })
    .await;
}

#[test]
fn a_domain_is_paused_and_resumed_by_its_name() {
    let place = Place::begun();
    place
        .run("pause example.net")
        .done()
        .says("domain example.net stands still");
    place
        .run("status")
        .done()
        .says("Paused: domain example.net")
        .says("until `rapporteur resume example.net`");
    place
        .run("resume example.net")
        .done()
        .says("domain example.net goes on");
    place
        .run("pause nonsense")
        .refused(2, "nor a domain such as example.org");
}

#[test]
fn what_is_wrong_with_alerts_and_limits_is_said_with_its_cure() {
    let place = Place::begun();
    let config = std::fs::read_to_string(place.path("config.toml")).unwrap();
    for (section, key, words) in [
        (
            "[alerts]",
            "webhook = \"chat\"",
            "`alerts.webhook` is no address of the web",
        ),
        ("[alerts]", "mail_to = [\"it@\"]", "`alerts.mail_to` is \"it@\""),
        ("[personal]", "from = \"desk\"", "`personal.from` is \"desk\""),
        ("[personal]", "relay = \"third\"", "write the name of a relay"),
        ("[delivery.breaker]", "percent = 101", "is more than 100"),
        ("[delivery.breaker]", "of = 3", "between 20 and 10000"),
        (
            "[delivery.breaker]",
            "\n[delivery.domains]\n\"Example\" = \"5/s\"",
            "\"Example\" is no domain",
        ),
        (
            "[delivery.breaker]",
            "\n[delivery.domains]\n\"example.org\" = \"5\"",
            "is no rate",
        ),
    ] {
        let text = config.replacen(&format!("\n{section}\n"), &format!("\n{section}\n{key}\n"), 1);
        assert_ne!(text, config, "{section}");
        place.write("config.toml", &text);
        place.run("check").refused(2, words);
    }
}
