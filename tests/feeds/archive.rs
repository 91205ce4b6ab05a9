//! The archive of a feed: every item in one document, and full documents that stay.

use std::collections::HashSet;

use proptest::prelude::*;
use rapporteur::feed::{Feed, Format, Part, Scope};
use rapporteur::store::Stored;

use super::{build, build_part, check_with_others, stored, titled};
use crate::site::{Site, at, config};

/// Published one after another, an hour apart.
fn reports(count: i64) -> Vec<Stored> {
    (1..=count).map(published).collect()
}

fn published(id: i64) -> Stored {
    let hour = at("2026-01-01T00:00:00Z") + chrono::TimeDelta::hours(id);
    Stored {
        published_at: Some(hour),
        dated_at: Some(hour),
        updated_at: Some(hour),
        ..stored(id, titled(&format!("Lecture no. {id}")))
    }
}

fn part(part: Part, reports: &[Stored]) -> Feed {
    build_part(&Scope::All, part, reports, &config())
}

fn ids(feed: &Feed) -> Vec<String> {
    feed.entries.iter().map(|entry| entry.id.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn walking_back_from_the_feed_finds_each_item_once(count in 0i64..200) {
        let reports = reports(count);
        let newest = build(&Scope::All, &reports);
        prop_assert!(newest.entries.len() < 50);
        prop_assert!(newest.entries.len() >= 30 || newest.archives == 0);
        let mut found = ids(&newest);
        for number in (1..=newest.archives).rev() {
            let document = part(Part::Archive(number), &reports);
            prop_assert_eq!(document.entries.len(), 20);
            found.extend(ids(&document));
        }
        prop_assert_eq!(found.len(), reports.len());
        prop_assert_eq!(found.iter().collect::<HashSet<_>>().len(), reports.len());
    }
}

#[test]
fn a_full_document_never_changes_because_something_new_came() {
    let before = reports(75);
    let after = reports(400);
    for number in 1..=2 {
        for format in Format::ALL {
            let document = |reports: &[Stored]| part(Part::Archive(number), reports).write(format);
            assert_eq!(document(&before), document(&after), "{number} {format:?}");
        }
    }
}

#[test]
fn a_report_with_an_old_date_joins_the_newest() {
    let mut reports = reports(100);
    reports.push(Stored {
        dated_at: Some(at("2025-12-25T00:00:00Z")),
        ..published(101)
    });
    let newest = build(&Scope::All, &reports);
    let last = newest.entries.last().expect("an entry");
    assert_eq!(last.id, "tag:example.org,2026:report/lectures/101");
    assert_eq!(
        ids(&part(Part::Archive(1), &reports)),
        ids(&part(Part::Archive(1), &reports[..100]))
    );
}

#[test]
fn a_withdrawn_report_leaves_its_place_empty_and_atom_says_so() {
    let mut reports = reports(100);
    let before = part(Part::Archive(2), &reports).write(Format::Atom);
    reports[4].withdrawn_at = Some(at("2026-02-01T12:00:00Z"));
    let first = part(Part::Archive(1), &reports);
    assert_eq!(first.entries.len(), 19);
    let atom = first.write(Format::Atom);
    let tombstone = r#"<at:deleted-entry ref="tag:example.org,2026:report/lectures/5" when="2026-02-01T12:00:00Z">"#;
    assert!(atom.contains(tombstone), "{atom}");
    for format in [Format::Rss, Format::Json] {
        assert!(!first.write(format).contains("lectures/5\""), "{format:?}");
    }
    assert_eq!(part(Part::Archive(2), &reports).write(Format::Atom), before);
}

#[test]
fn other_programs_read_documents_of_the_archive() {
    let mut reports = reports(100);
    reports[4].withdrawn_at = Some(at("2026-02-01T12:00:00Z"));
    check_with_others(&part(Part::Archive(1), &reports), 19);
    check_with_others(&part(Part::Archive(2), &reports), 20);
}

#[test]
fn documents_name_their_neighbours() {
    let reports = reports(100);
    let middle = part(Part::Archive(2), &reports);
    insta::assert_snapshot!(
        "archive_head",
        middle.write(Format::Atom).split("<entry>").next().unwrap_or_default()
    );
    let rss = middle.write(Format::Rss);
    for wanted in [
        r#"<atom:link href="https://news.example.org/feeds/all/archive/2.rss" rel="self""#,
        r#"<atom:link href="https://news.example.org/feeds/all.rss" rel="current""#,
        r#"<atom:link href="https://news.example.org/feeds/all/archive/1.rss" rel="prev-archive""#,
        r#"<atom:link href="https://news.example.org/feeds/all/archive/3.rss" rel="next-archive""#,
        "<fh:archive",
    ] {
        assert!(rss.contains(wanted), "{wanted} in {rss}");
    }
    let newest = build(&Scope::All, &reports).write(Format::Json);
    let newest: serde_json::Value = serde_json::from_str(&newest).expect("JSON");
    assert_eq!(newest["next_url"], "https://news.example.org/feeds/all/archive/3.json");
    let oldest = part(Part::Archive(1), &reports).write(Format::Json);
    assert!(!oldest.contains("next_url"), "{oldest}");
}

#[tokio::test]
async fn the_archive_is_served_and_the_document_to_come_is_the_feed() {
    let site = Site::empty().await;
    for number in 1..=55 {
        let name = format!("lecture-{number}");
        site.publish(&name, "lectures", "2026-04-22T09:30:00Z", &titled(&name))
            .await;
    }
    site.app.refresh().await.expect("feeds");
    let first = site.get("/feeds/all/archive/1.atom").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), "application/atom+xml; charset=utf-8");
    assert!(first.text().contains("report/lectures/lecture-20<"), "{}", first.text());
    let known = [("if-none-match", first.header("etag"))];
    let again = site.request("GET", "/feeds/all/archive/1.atom", &known).await;
    assert_eq!(again.status, 304);
    let next = site.get("/feeds/all/archive/2.atom").await;
    assert_eq!(next.text(), site.get("/feeds/all.atom").await.text());
    for path in [
        "0.atom",
        "3.atom",
        "01.atom",
        "-1.atom",
        "1.ics",
        "1",
        "x.rss",
        "99999999999999999999.rss",
    ] {
        let answer = site.get(&format!("/feeds/all/archive/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let queries = site.store.list_published_reports().await.expect("reports").len();
    assert_eq!(queries, 55);
}
