//! A small institute with reports, lists and people, for the tests of feeds and pages.

#![expect(clippy::expect_used, reason = "a test that fails says so by panicking")]

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use rapporteur::clock::Clock;
use rapporteur::config::Config;
use rapporteur::render::Templates;
use rapporteur::report::{Event, Handling, Person, Related, Report};
use rapporteur::store::{NewReport, Store};
use rapporteur::token::Secret;
use rapporteur::web::{self, App};
use tempfile::TempDir;
use tower::ServiceExt;

const CONFIG: &str = r#"
[institute]
name = "Institute of Rivers & Roads"
languages = ["en", "de"]
tag_authority = "example.org,2026"
[web]
public_url = "https://news.example.org"
[lists.events]
title = "Events of the Institute"
description = "What was said, once a week."
sources = ["lectures", "berlin"]
from = "events@example.org"
topics = { energy = "Energy and climate" }
[lists.events.cadences]
weekly = { cron = "0 8 * * 1", zone = "Europe/Berlin" }
[lists.deutsch]
title = "Veranstaltungen"
from = "events@example.org"
languages = ["de"]
sources = ["berlin"]
[lists.internal]
title = "For staff only"
from = "events@example.org"
public = false
sources = ["staff"]
"#;

/// The institute, its database in a folder of its own, and a clock that stands still.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) secret: Secret,
    pub(crate) folder: TempDir,
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) fn config() -> Config {
    toml::from_str(CONFIG).expect("the test's configuration")
}

impl Site {
    /// An institute that has published nothing yet.
    pub(crate) async fn empty() -> Site {
        Site::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::fixed(at("2026-05-04T08:00:00Z"));
        let store = Store::open(&Site::url(&folder).into(), clock.clone())
            .await
            .expect("a store");
        let secret = Secret::from_bytes([7; 32]);
        let config = Arc::new(config);
        let templates = Templates::load(None).expect("templates");
        let app = App::new(config, store.clone(), clock.clone(), secret.clone(), templates)
            .await
            .expect("an app");
        Site {
            app,
            store,
            clock,
            secret,
            folder,
        }
    }

    /// One with reports in four languages, some of them difficult.
    pub(crate) async fn full() -> Site {
        let site = Site::empty().await;
        for (name, source, dated, report) in samples() {
            site.publish(name, source, dated, &report).await;
        }
        // As if each had been collected on its day.
        site.sql("UPDATE report SET published_at = dated_at").await;
        site.app.refresh().await.expect("feeds");
        site
    }

    fn url(folder: &TempDir) -> String {
        format!("sqlite:{}/site.db", folder.path().display())
    }

    pub(crate) async fn publish(&self, name: &str, source: &str, dated: &str, report: &Report) -> i64 {
        let dated = at(dated);
        let new = NewReport {
            public_id: &format!("tag:example.org,2026:report/{source}/{name}"),
            slug: name,
            source,
            item_key: name,
            fingerprint: name,
            at: dated,
            dated_at: Some(dated),
            archived: false,
            held_why: None,
            report,
        };
        let mut tx = self.store.begin().await.expect("a transaction");
        let id = self.store.insert_report(&mut tx, &new).await.expect("a report");
        tx.commit().await.expect("a commit");
        let now = self.clock.now();
        self.store
            .publish_settled(source, TimeDelta::zero(), now)
            .await
            .expect("published");
        id
    }

    /// Runs SQL that the store has no function for yet.
    pub(crate) async fn sql(&self, sql: &'static str) {
        let pool = sqlx::AnyPool::connect(&Site::url(&self.folder)).await.expect("a pool");
        sqlx::raw_sql(sql).execute(&pool).await.expect(sql);
        pool.close().await;
    }

    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        let pool = sqlx::AnyPool::connect(&Site::url(&self.folder)).await.expect("a pool");
        let number = sqlx::query_scalar(sql).fetch_one(&pool).await.expect(sql);
        pool.close().await;
        number
    }

    /// Anna is on both public lists; the token is hers for `events`.
    pub(crate) async fn subscribe_anna(&self) -> String {
        self.sql(
            "INSERT INTO subscriber (id, address, address_key, language, state, created_at) \
             VALUES (7, 'anna.weber@example.org', 'anna.weber@example.org', NULL, 'active', 0); \
             INSERT INTO subscription (list, subscriber_id, state, since_report, started_at) \
             VALUES ('events', 7, 'active', 0, 0), ('deutsch', 7, 'active', 0, 0);",
        )
        .await;
        self.secret.unsubscribe("events", 7)
    }

    /// Edition 1 of `events` with the first two reports, released.
    pub(crate) async fn release_edition(&self) {
        self.sql(
            "INSERT INTO edition (id, list, number, cadence, state, sealed_at, due_at, released_at, hash, epoch, settings) \
             VALUES (1, 'events', 1, 'weekly', 'finished', 1777881600000, 0, 1777881600000, 'h', 'e', '{}'); \
             INSERT INTO edition_item (edition_id, report_id, revision, matter, position) \
             VALUES (1, 1, 1, 'report', 0), (1, 2, 1, 'report', 1); \
             INSERT INTO variant (id, edition_id, language, items, subject, message, page) VALUES (1, 1, 'en', '1:report 2:report', \
             'What the rivers remember', '{}', '<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>What the rivers remember</title></head><body style=\"margin:0\"><p style=\"color:#333\">As it was sent.</p></body></html>');",
        )
        .await;
        self.app.refresh().await.expect("feeds");
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = web::router(Arc::clone(&self.app))
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[]).await
    }

    pub(crate) async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(Request::builder().method(method).uri(path), |request, (name, value)| {
                request.header(*name, *value)
            });
        self.ask(request.body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(&self, path: &str, media_type: Option<&str>, body: &'static str) -> Answer {
        let mut request = Request::builder().method("POST").uri(path);
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        self.ask(request.body(Body::from(body)).expect("a request")).await
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a readable header"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

type Sample = (&'static str, &'static str, &'static str, Report);

/// Slug, source, the date readers see, and the report; oldest first.
pub(crate) fn samples() -> Vec<Sample> {
    vec![
        (
            "what-the-rivers-remember",
            "lectures",
            "2026-04-22T09:30:00Z",
            Report {
                title: "“What the Rivers Remember”: an Evening on Floods".into(),
                language: Some("en".into()),
                summary: Some("Three cities compared their flood maps. All three had built where the water used to go.".into()),
                event: Event {
                    start: "2026-04-21T18:30".parse().ok(),
                    timezone: Some("Europe/Riga".into()),
                    venue: Some("Old Customs House".into()),
                    city: Some("Riga".into()),
                    ..Event::default()
                },
                series: Some("Water and the City".into()),
                people: vec![
                    Person { name: "Marta Ozola".into(), role: Some("hydrologist".into()), affiliation: Some("River Office of Riga".into()) },
                    Person { name: "Tomas Vilks".into(), ..Person::default() },
                ],
                topics: vec!["Energy and climate".into(), "Cities".into()],
                related: vec![
                    Related { title: "Bridges and Who Pays for Them".into(), url: Some("https://institute.example.org/bridges".into()) },
                    Related { title: "A report nobody can find".into(), url: None },
                ],
                url: Some("https://institute.example.org/reports/rivers?lang=en&full=1".into()),
                author: Some("Ilze Kalna".into()),
                body_html: "<p>Three cities compared their flood maps.</p><p><a href=\"/maps\">The maps</a> were drawn in 1890 &amp; 1931.</p><h2>What was new</h2><p>All three had built where the water used to go.</p>".into(),
                body_text: "Three cities compared their flood maps.".into(),
                ..Report::default()
            },
        ),
        (
            "wer-baut-die-bruecken",
            "berlin",
            "2026-04-24T12:00:00Z",
            Report {
                title: "Wer baut die Brücken?".into(),
                language: Some("de".into()),
                summary: Some("Die Tagung fragte nach Geld, Zeit und Zuständigkeit.".into()),
                event: Event {
                    start: "2026-04-12".parse().ok(),
                    end: "2026-04-14".parse().ok(),
                    city: Some("Berlin".into()),
                    country: Some("Germany".into()),
                    ..Event::default()
                },
                topics: vec!["energy".into()],
                body_html: "<p>Die Tagung fragte nach Geld, Zeit und Zuständigkeit.</p>".into(),
                ..Report::default()
            },
        ),
        (
            "mustaqbal-al-mudun",
            "lectures",
            "2026-04-27T07:00:00Z",
            Report {
                title: "مستقبل المدن على ضفاف الأنهار".into(),
                language: Some("ar".into()),
                summary: Some("ناقش المشاركون مستقبل المدن.".into()),
                body_html: "<p>ناقش المشاركون مستقبل المدن.</p>".into(),
                ..Report::default()
            },
        ),
        (
            "hostile",
            "lectures",
            "2026-04-28T07:00:00Z",
            Report {
                title: "R&D in <b>bold</b> </script><script>alert(1)</script> ]]> \"end\"".into(),
                language: Some("en".into()),
                summary: Some("<img src=x onerror=alert(1)> & \"more\" ]]>".into()),
                people: vec![Person { name: "<script>alert(2)</script>".into(), ..Person::default() }],
                related: vec![Related { title: "Run".into(), url: Some("javascript:alert(3)".into()) }],
                url: Some("javascript:alert(4)".into()),
                author: Some("Eve <eve@example.org> & co".into()),
                body_html: "<p onclick=\"alert(5)\">Text ]]&gt; <script>alert(6)</script><a href=\"javascript:alert(7)\">x</a> ]]></p>".into(),
                ..Report::default()
            },
        ),
        (
            "a-title-with-signs",
            "lectures",
            "2026-04-30T10:15:30Z",
            Report {
                title: "A title with signs 🌊 and\u{1} a bell\u{7}".into(),
                ..Report::default()
            },
        ),
        (
            "for-staff",
            "staff",
            "2026-05-01T10:00:00Z",
            Report {
                title: "Only staff may read this".into(),
                language: Some("en".into()),
                ..Report::default()
            },
        ),
        (
            "for-staff-by-wish",
            "lectures",
            "2026-05-01T11:00:00Z",
            Report {
                title: "Only staff may read this either".into(),
                language: Some("en".into()),
                handling: Handling { lists: Some(vec!["internal".into()]), ..Handling::default() },
                ..Report::default()
            },
        ),
    ]
}
