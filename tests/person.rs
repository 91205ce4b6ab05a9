//! The story of one person, through SMTP and HTTP: she joins, chooses, forwards a mail, changes her mind, leaves, comes
//! back, is bounced, and is forgotten.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use mail_parser::MessageParser;
use rapporteur::bounce::Kind;
use rapporteur::publish::{self, Taken, take_returned};
use rapporteur::store::Counted;
use rapporteur::subscriber::Address;
use rapporteur::web;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use crate::app::{EVENTS, REPORTS, TestApp, report};
use crate::forgotten::hits;
use crate::sink::Sink;

const VERA: &str = "vera.petrova@example.org";
const FRIEND: &str = "friend@example.org";

/// A list in two languages, about three topics, that asks for its bounces.
fn configuration() -> String {
    let events = EVENTS.replace(
        "approval =",
        "languages = [\"en\", \"ru\"]\nbounce_address = \"bounces@example.org\"\n\
         topics = { economy = \"Economy\", climate = \"Climate\", law = \"Law\" }\napproval =",
    );
    format!("{REPORTS}{events}")
}

/// The program with its web on a port and its relay behind another.
struct Stage {
    app: TestApp,
    sink: Sink,
    web: String,
    client: reqwest::Client,
    _ends: tokio_util::sync::DropGuard,
}

/// What came by SMTP.
struct Letter {
    subject: String,
    text: String,
    raw: String,
    sender: String,
}

impl Stage {
    async fn set() -> Stage {
        let sink = Sink::start().await;
        let app = TestApp::with_relay(&configuration(), sink.address.port()).await;
        let house = &app.house;
        let served = web::App::new(
            house.config.clone(),
            house.store.clone(),
            house.clock.clone(),
            house.secret.clone(),
            house.templates.clone(),
        );
        let served = served.await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = format!("http://{}", listener.local_addr().unwrap());
        let ends = CancellationToken::new();
        tokio::spawn(web::serve(listener, web::router(served.clone()), served, ends.clone()));
        Stage {
            app,
            sink,
            web,
            client: reqwest::Client::new(),
            _ends: ends.drop_guard(),
        }
    }

    /// A link as it stands in a mail, or a path, on the port where we listen.
    fn here(&self, link: &str) -> String {
        format!("{}{}", self.web, link.trim_start_matches("https://news.example.org"))
    }

    async fn get(&self, link: &str) -> String {
        let answer = self.client.get(self.here(link)).send().await.unwrap();
        assert!(answer.status().is_success(), "{link}: {}", answer.status());
        answer.text().await.unwrap()
    }

    async fn post(&self, link: &str, fields: &[(&str, &str)]) -> String {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let asked = self.client.post(self.here(link));
        let asked = asked
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = asked.send().await.unwrap();
        assert!(answer.status().is_success(), "{link}: {}", answer.status());
        answer.text().await.unwrap()
    }

    async fn letters(&self, address: &str) -> Vec<Letter> {
        self.app.deliver().await;
        let mails = self.sink.mails().into_iter().filter(|mail| mail.recipient == address);
        mails
            .map(|mail| {
                let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
                Letter {
                    subject: parsed.subject().unwrap_or_default().to_owned(),
                    text: parsed.body_text(0).unwrap_or_default().into_owned(),
                    raw: mail.text(),
                    sender: mail.sender.clone(),
                }
            })
            .collect()
    }

    async fn last_letter(&self) -> Letter {
        self.letters(VERA).await.pop().unwrap()
    }

    /// Opens the page, fills it in within half a minute, looks into her mailbox and confirms.
    async fn join(&self) {
        let form = self.get("/subscribe").await;
        let (_, stamp) = form.split_once("name=\"stamp\" value=\"").unwrap();
        let (stamp, _) = stamp.split_once('"').unwrap();
        let stamp = stamp.to_owned();
        self.app.advance(TimeDelta::seconds(30));
        let fields = [
            ("email", VERA),
            ("name", "Vera Petrova"),
            ("language", "ru"),
            ("lists", "events"),
            ("website", ""),
            ("stamp", &stamp),
        ];
        self.post("/subscribe", &fields).await;
        publish::answer_signups(&self.app.house).await.unwrap();
        let link = link_of(&self.last_letter().await.text, "confirm");
        let page = self.get(&link).await;
        assert!(page.contains("v…@example.org") && !page.contains(VERA), "{page}");
        self.post(&link, &[("lists", "events")]).await;
        publish::answer_signups(&self.app.house).await.unwrap();
        self.app.deliver().await;
    }

    /// Titles she was told by an edition.
    async fn told(&self) -> Vec<String> {
        let letters = self.letters(VERA).await;
        let mut told = Vec::new();
        for letter in letters.iter().filter(|letter| letter.raw.contains("List-Id:")) {
            let titles = [
                "Rivers", "Prices", "Courts", "Glaciers", "Wages", "Harbours", "Forests", "Rents",
            ];
            told.extend(
                titles
                    .iter()
                    .filter(|title| letter.text.contains(*title))
                    .map(|title| (*title).to_owned()),
            );
        }
        told
    }

    async fn publish(&mut self, title: &str, topic: &str) {
        let name = format!("{}.md", title.to_lowercase());
        self.app
            .drop_report(&name, &report(title, &format!("topics: [{topic}]\n")));
        self.app.settle().await;
    }

    async fn at(&self, instant: &str) {
        self.app.tick_at(instant).await;
        self.app.deliver().await;
    }
}

/// The link of this kind in a mail.
fn link_of(text: &str, kind: &str) -> String {
    let start = format!("https://news.example.org/{kind}/");
    let (_, rest) = text
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {kind} link in {text}"));
    let token: String = rest.chars().take_while(|letter| !letter.is_whitespace()).collect();
    format!("{start}{token}")
}

/// What the program logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// PRIV-01 to PRIV-08, LST-03, LST-04, LST-12, BNC-01, BNC-05; rules 2, 3, 6 and 12.
#[tokio::test]
async fn a_person_joins_chooses_leaves_returns_bounces_and_is_forgotten() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let mut stage = Stage::set().await;
    stage.app.people("events", &[FRIEND]).await;
    stage.publish("Rivers", "climate").await;
    stage.at("2026-05-11 06:00").await;

    // She joins, in Russian; what went out before is not hers.
    stage.join().await;
    let confirmation = &stage.letters(VERA).await[0];
    assert!(confirmation.subject.contains("Подтвердите") || !confirmation.subject.is_ascii());
    assert!(!confirmation.text.contains("Vera") && !confirmation.text.contains("Petrova"));

    // She asks for her link, and chooses the week and two topics.
    let settings = preferences(&stage).await;
    let weekly = [
        ("from", "page"),
        ("lists", "events"),
        ("cadence.events", "weekly"),
        ("topics.events", "economy"),
        ("topics.events", "law"),
        ("language", "ru"),
    ];
    stage.post(&settings, &weekly).await;
    stage.publish("Prices", "economy").await;
    stage.publish("Glaciers", "climate").await;
    stage.publish("Courts", "law").await;
    stage.at("2026-05-18 06:00").await;
    assert_eq!(
        stage.told().await,
        ["Prices", "Courts"],
        "two topics, and nothing from before"
    );
    let digest = stage.last_letter().await;
    assert!(
        digest.text.chars().any(|letter| ('а'..='я').contains(&letter)),
        "{}",
        digest.text
    );

    // She forwards it; a friend, and a scanner, open every link: nobody's address, and nothing changes.
    for link in digest
        .text
        .split_whitespace()
        .filter(|word| word.starts_with("https://news.example.org/"))
    {
        let page = stage.get(link).await;
        assert!(!page.contains(VERA) && !page.contains("Petrova"), "{link}");
    }
    assert_eq!(state(&stage).await, "active active");

    // Daily from now on: nothing twice, and nothing lost on the way.
    stage.publish("Wages", "economy").await;
    stage.app.at("2026-05-20 12:00");
    let daily: Vec<_> = weekly
        .iter()
        .map(|(key, value)| (*key, if *key == "cadence.events" { "daily" } else { *value }))
        .collect();
    stage.post(&settings, &daily).await;
    stage.at("2026-05-21 06:00").await;
    assert_eq!(stage.told().await, ["Prices", "Courts", "Wages"]);
    stage.publish("Harbours", "law").await;
    stage.at("2026-05-22 06:00").await;
    stage.at("2026-05-25 06:00").await;
    assert_eq!(stage.told().await, ["Prices", "Courts", "Wages", "Harbours"]);

    // She leaves by the one click of her mail program.
    let last = stage.last_letter().await;
    let head = last.raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let header = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("List-Unsubscribe: "));
    let one_click = header
        .unwrap()
        .split('>')
        .next()
        .unwrap()
        .trim_start_matches('<')
        .to_owned();
    stage.post(&one_click, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!(state(&stage).await, "left active");
    stage.publish("Forests", "law").await;
    stage.at("2026-05-26 06:00").await;
    assert_eq!(stage.told().await.len(), 4, "leaving wins");

    // She comes back, and gets what comes from then on.
    stage.app.at("2026-06-02 12:00");
    stage.join().await;
    assert_eq!(state(&stage).await, "active active");
    stage.publish("Rents", "law").await;
    stage.at("2026-06-08 06:00").await;
    let told = stage.told().await;
    assert_eq!(told[4..], ["Rents".to_owned()], "{told:?}");

    // Her mailbox is closed.
    let path = stage.last_letter().await.sender;
    assert!(path.starts_with("bounces+"), "{path}");
    let bounce = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: {path}\nSubject: Undelivered Mail Returned to Sender\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n\
         Final-Recipient: rfc822; {VERA}\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    );
    let taken = take_returned(&stage.app.house, bounce.as_bytes()).await.unwrap();
    let suspended = Taken::Counted {
        kind: Kind::Bounce,
        counted: Counted::Suspended,
    };
    assert_eq!(taken, suspended);
    assert_eq!(state(&stage).await, "active suspended");

    // She writes to the institute, and is forgotten.
    let vera = Address::parse(VERA).unwrap();
    assert!(hits(&stage.app, VERA).await > 0);
    let erased = publish::erase(&stage.app.house, &vera, true, "staff").await.unwrap();
    assert_eq!(erased.scrubbed, rapporteur::store::Scrubbed::Clean);
    for trace in [VERA, "vera.petrova", "Petrova"] {
        assert_eq!(hits(&stage.app, trace).await, 0, "{trace} is in the database");
        let said = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
        assert!(
            !said.is_empty() && !said.contains(trace),
            "{trace} is in the log: {said}"
        );
    }
    assert_eq!(
        stage.app.count("SELECT COUNT(*) FROM suppression").await,
        1,
        "the keyed hash"
    );
    stage.app.close().await;
}

/// The link to her settings, sent because somebody asked for it.
async fn preferences(stage: &Stage) -> String {
    stage.app.advance(TimeDelta::days(1));
    let form = stage.get("/preferences").await;
    let (_, stamp) = form.split_once("name=\"stamp\" value=\"").unwrap();
    let stamp = stamp.split_once('"').unwrap().0.to_owned();
    stage.app.advance(TimeDelta::seconds(30));
    stage
        .post("/preferences", &[("email", VERA), ("website", ""), ("stamp", &stamp)])
        .await;
    publish::answer_signups(&stage.app.house).await.unwrap();
    link_of(&stage.last_letter().await.text, "preferences")
}

/// Of her subscription, and of her.
async fn state(stage: &Stage) -> String {
    let key = Address::parse(VERA).unwrap().key();
    let all = stage.app.house.store.list_subscriptions_of(&key).await.unwrap();
    format!("{} {}", all[0].state, all[0].subscriber.state)
}

/// LST-06.
#[tokio::test]
async fn a_link_for_leaving_works_after_thirteen_months_and_under_a_new_key() {
    let mut app = TestApp::with(&configuration()).await;
    app.people("events", &[VERA]).await;
    let token = app.house.secret.unsubscribe("events", app.subscriber(VERA).await);
    let path = format!("/unsubscribe/{token}");
    let file = app.folder.path().join("secret.key");
    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{}\n{old}", "5a".repeat(32))).unwrap();
    app.reconfigure(&configuration()).await;
    app.advance(TimeDelta::days(400));
    assert_ne!(
        app.house.secret.unsubscribe("events", app.subscriber(VERA).await),
        token
    );
    assert!(app.page(&path).await.contains("v…@example.org"));
    assert!(!app.press(&path).await.is_empty());
    assert!(
        app.house
            .store
            .list_active_people("events", 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
    app.close().await;
}

/// PRIV-11: two people get the same pictures and links, but for the pages that are theirs.
#[tokio::test]
async fn no_mail_tells_us_that_it_was_opened_or_followed() {
    let mut app = TestApp::with(&configuration()).await;
    app.people("events", &[VERA, FRIEND]).await;
    app.drop_report(
        "a.md",
        &report(
            "Rivers",
            "related: [{title: Elsewhere, url: \"https://example.com/page?x=1\"}]\n",
        ),
    );
    app.settle().await;
    app.send("events").await.unwrap();
    let addresses = |address: &str| {
        let html = app.mails_of(address).pop().unwrap().html;
        let values = ["href=\"", "src=\""].iter().flat_map(|mark| {
            html.split(mark)
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        let own = ["/unsubscribe/", "/preferences/"];
        values
            .filter(|value| !own.iter().any(|page| value.contains(page)))
            .collect::<Vec<_>>()
    };
    let (hers, his) = (addresses(VERA), addresses(FRIEND));
    assert!(hers.len() > 2, "{hers:?}");
    assert_eq!(hers, his);
    app.close().await;
}
