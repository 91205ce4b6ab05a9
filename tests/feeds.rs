//! Feeds: what readers that poll for years rely on.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails says so by panicking"
)]

mod archive;
mod calendar;
mod lasting;
pub(crate) mod others;

use proptest::prelude::*;
use rapporteur::config::{Config, FeedContent};
use rapporteur::feed::{self, Feed, Format, Known, Part, Scope, Source};
use rapporteur::render::Templates;
use rapporteur::report::Report;
use rapporteur::store::{Pictures, Stored};

use self::others::{check_with_others, installed, run};
use crate::site::{Site, at, config};

fn stored(id: i64, report: Report) -> Stored {
    Stored {
        id,
        public_id: format!("tag:example.org,2026:report/lectures/{id}"),
        slug: format!("report-{id}"),
        source: "lectures".into(),
        item_key: id.to_string(),
        revision: 1,
        fingerprint: id.to_string(),
        first_seen_at: at("2026-04-01T00:00:00Z"),
        changed_at: at("2026-04-01T00:00:00Z"),
        published_at: Some(at("2026-04-01T00:00:00Z")),
        dated_at: Some(at("2026-04-01T00:00:00Z")),
        updated_at: Some(at("2026-04-01T00:00:00Z")),
        draft: false,
        publish_after: None,
        lists: report.handling.lists.clone(),
        held_why: None,
        withdrawn_at: None,
        announced_at: None,
        work: id,
        archived: false,
        report,
    }
}

fn titled(title: &str) -> Report {
    Report {
        title: title.into(),
        ..Report::default()
    }
}

fn build(scope: &Scope, reports: &[Stored]) -> Feed {
    build_part(scope, Part::Newest, reports, &config())
}

fn build_part(scope: &Scope, part: Part, reports: &[Stored], config: &Config) -> Feed {
    let templates = Templates::load(None).expect("templates");
    feed::build(scope, part, source(reports, config, &templates, &known(reports))).expect("a feed")
}

fn known(reports: &[Stored]) -> Known {
    Known::new(reports.iter(), "https://news.example.org")
}

static NO_PICTURES: std::sync::OnceLock<Pictures> = std::sync::OnceLock::new();

fn source<'a>(reports: &'a [Stored], config: &'a Config, templates: &'a Templates, known: &'a Known) -> Source<'a> {
    Source {
        config,
        templates,
        reports,
        known,
        pictures: NO_PICTURES.get_or_init(Pictures::new),
        now: at("2026-05-04T08:00:00Z"),
    }
}

#[tokio::test]
async fn all_feeds_read_as_they_did() {
    let site = Site::full().await;
    for (path, name) in [
        ("/feeds/all.rss", "all_rss"),
        ("/feeds/all.atom", "all_atom"),
        ("/feeds/all.json", "all_json"),
        ("/feeds/deutsch.rss", "list_rss"),
        ("/feeds/lang/ar.atom", "language_atom"),
        ("/feeds/lang/de.json", "language_json"),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        insta::assert_snapshot!(name, answer.text());
    }
}

#[tokio::test]
async fn each_format_has_its_media_type() {
    let site = Site::full().await;
    for (suffix, media_type) in [
        ("rss", "application/rss+xml; charset=utf-8"),
        ("atom", "application/atom+xml; charset=utf-8"),
        ("json", "application/feed+json; charset=utf-8"),
        ("ics", "text/calendar; charset=utf-8"),
    ] {
        let answer = site.get(&format!("/feeds/events.{suffix}")).await;
        assert_eq!(answer.header("content-type"), media_type);
    }
    for path in [
        "/feeds/all",
        "/feeds/all.xml",
        "/feeds/internal.rss",
        "/feeds/nobody.rss",
        "/feeds/topic/nothing.rss",
        "/feeds/all/archive/1.rss",
    ] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_same_state_gives_the_same_bytes() {
    let (one, two) = (Site::full().await, Site::full().await);
    two.clock.advance(chrono::TimeDelta::days(300));
    two.app.refresh().await.expect("feeds");
    for path in [
        "/feeds/all.rss",
        "/feeds/all.atom",
        "/feeds/all.json",
        "/feeds/lang/en.atom",
    ] {
        let (one, two) = (one.get(path).await, two.get(path).await);
        assert_eq!(one.body, two.body, "{path}");
        assert_eq!(one.header("etag"), two.header("etag"));
    }
}

#[tokio::test]
async fn what_is_for_staff_only_is_in_no_feed() {
    let site = Site::full().await;
    for path in ["/feeds/all.rss", "/feeds/events.json", "/feeds/lang/en.atom"] {
        assert!(!site.get(path).await.text().contains("Only staff"), "{path}");
    }
}

#[tokio::test]
async fn a_typing_error_moves_no_date_and_a_correction_moves_only_updated() {
    let site = Site::full().await;
    let change = async |title: &str, correction: Option<&str>| {
        let known = site.store.find_report(1).await.expect("a query").expect("a report");
        let mut report = known.report.clone();
        report.title = title.into();
        report.handling.correction = correction.map(str::to_owned);
        let mut tx = site.store.begin().await.expect("a transaction");
        let now = site.clock.now();
        site.store
            .record_revision(&mut tx, &known, title, &report, now)
            .await
            .expect("a revision");
        tx.commit().await.expect("a commit");
        site.app.refresh().await.expect("feeds");
        let feed: serde_json::Value = serde_json::from_slice(&site.get("/feeds/all.json").await.body).expect("JSON");
        let items = feed["items"].as_array().expect("items");
        let item = items
            .iter()
            .find(|item| item["title"] == title)
            .expect("the report")
            .clone();
        let dates = [&item["id"], &item["date_published"], &item["date_modified"]];
        dates.map(|value| value.as_str().expect("a text").to_owned())
    };
    let id = "tag:example.org,2026:report/lectures/what-the-rivers-remember";
    let first = "2026-04-22T09:30:00Z";
    assert_eq!(change("Floods, an evening", None).await, [id, first, first]);
    assert_eq!(
        change("Floods, two evenings", Some("It was two.")).await,
        [id, first, "2026-05-04T08:00:00Z"]
    );
}

#[test]
fn ties_stand_by_order_of_first_sight() {
    let reports: Vec<Stored> = (1..=4).map(|id| stored(id, titled("Same day"))).collect();
    let feed = build(&Scope::All, &reports);
    let ids: Vec<&str> = feed.entries.iter().map(|entry| entry.link.as_str()).collect();
    let expected = [4, 3, 2, 1].map(|id| format!("https://news.example.org/reports/report-{id}"));
    assert_eq!(ids, expected);
}

#[test]
fn an_empty_feed_is_valid_and_has_a_date() {
    let feed = build(&Scope::List("events".into()), &[]);
    assert_eq!(feed.updated, at("2026-01-01T00:00:00Z"));
    check_with_others(&feed, 0);
}

#[test]
fn a_move_of_the_address_changes_links_and_no_id() {
    let reports = [stored(1, titled("One")), stored(2, titled("Two"))];
    let before = build(&Scope::Language("en".into()), &reports);
    let mut moved = config();
    moved.web.public_url = "http://other.example.com/letters".into();
    let after = build_part(&Scope::Language("en".into()), Part::Newest, &reports, &moved);
    assert_eq!(before.id, after.id);
    assert_ne!(before.self_url(Format::Rss), after.self_url(Format::Rss));
    let ids = |feed: &Feed| feed.entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&after));
}

#[test]
fn summaries_stand_alone_where_the_configuration_says_so() {
    let mut config = config();
    config.feeds.content = FeedContent::Summary;
    let report = Report {
        summary: Some("The short of it.".into()),
        body_html: "<p>The long of it.</p>".into(),
        ..titled("One")
    };
    let feed = build_part(&Scope::All, Part::Newest, &[stored(1, report)], &config);
    for format in Format::ALL {
        let text = feed.write(format);
        assert!(
            text.contains("The short of it.") && !text.contains("The long of it."),
            "{text}"
        );
    }
}

#[tokio::test]
async fn programs_that_are_not_ours_read_every_feed() {
    let site = Site::full().await;
    let reports = site.store.list_published_reports().await.expect("reports");
    for (scope, entries) in [
        (Scope::All, 5),
        (Scope::Topic("energy".into()), 2),
        (Scope::List("deutsch".into()), 1),
        (Scope::Language("en".into()), 2),
    ] {
        check_with_others(&build(&scope, &reports), entries);
    }
}

#[test]
fn the_hostile_title_arrives_as_text() {
    let (_, _, _, hostile) = crate::site::samples().remove(3);
    let feed = build(&Scope::All, &[stored(1, hostile.clone())]);
    let rss: rss::Channel = feed.write(Format::Rss).parse().expect("RSS");
    let atom: atom_syndication::Feed = feed.write(Format::Atom).parse().expect("Atom");
    let json: serde_json::Value = serde_json::from_str(&feed.write(Format::Json)).expect("JSON");
    assert_eq!(rss.items()[0].title(), Some(hostile.title.as_str()));
    assert_eq!(atom.entries()[0].title().as_str(), hostile.title);
    assert_eq!(json["items"][0]["title"], hostile.title);
    let content = json["items"][0]["content_html"].as_str().expect("content");
    for bad in ["<script", "onclick", "javascript:", "onerror=alert(1)>"] {
        assert!(!content.contains(bad), "{content}");
    }
    assert_eq!(rss.items()[0].content(), Some(content));
    assert_eq!(rss.items()[0].link(), Some("https://news.example.org/reports/report-1"));
    assert!(feed.write(Format::Rss).contains("R&#x26;D in &#x3C;b"));
}

/// Any characters, with those that break feeds much more often than chance would have it.
fn any_text() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        4 => any::<char>(),
        2 => (0u32..0x20).prop_map(|c| char::from_u32(c).unwrap_or(' ')),
        2 => prop::sample::select(vec!['<', '>', '&', '"', '\'', ']', '\u{fffe}', '\u{ffff}', '\u{2028}', '\u{85}', '\u{202e}', '😀']),
        1 => (0xd7f0u32..0xe010).prop_map(|c| char::from_u32(c).unwrap_or('\u{fffd}')),
    ];
    prop::collection::vec(char, 0..40).prop_map(String::from_iter)
}

/// White space apart, what is left of a text in a feed.
fn bare(text: &str) -> String {
    feed::clean(text).split_whitespace().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn feeds_are_well_formed_whatever_a_report_says(title in any_text(), summary in any_text(), place in any_text(), body in any_text()) {
        let report = Report {
            summary: Some(summary.clone()),
            author: Some(place.clone()),
            series: Some(place.clone()),
            topics: vec![title.clone()],
            language: Some("en".into()),
            event: rapporteur::report::Event { start: "2026-05-04".parse().ok(), city: Some(place), ..Default::default() },
            body_html: body,
            ..titled(&title)
        };
        let feed = build(&Scope::All, &[stored(1, report)]);
        let rss: rss::Channel = feed.write(Format::Rss).parse().expect("RSS");
        let atom: atom_syndication::Feed = feed.write(Format::Atom).parse().expect("Atom");
        let json: serde_json::Value = serde_json::from_str(&feed.write(Format::Json)).expect("JSON");
        prop_assert_eq!(bare(rss.items()[0].title().unwrap_or_default()), bare(&title));
        prop_assert_eq!(bare(atom.entries()[0].title()), bare(&title));
        prop_assert_eq!(bare(json["items"][0]["title"].as_str().expect("a title")), bare(&title));
        for format in [Format::Rss, Format::Atom] {
            let text = feed.write(format);
            prop_assert_eq!(feed::clean(&text), text);
        }
        if installed("xmllint") {
            for format in [Format::Rss, Format::Atom] {
                let (good, said) = run("xmllint", &["--noout", "-"], &feed.write(format));
                prop_assert!(good, "{}", said);
            }
        }
    }
}
