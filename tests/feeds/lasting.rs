//! What lasts beside the entries: topics, addresses that moved, related reports, the sitemap, what machines are told.

use rapporteur::feed::Scope;
use rapporteur::report::Related;
use rapporteur::web;

use crate::app::{EVENTS, REPORTS, TestApp};

use super::{Format, build, stored, titled};
use crate::site::{Site, config};

#[tokio::test]
async fn each_topic_has_a_feed_of_its_own() {
    let site = Site::full().await;
    let feed = site.get("/feeds/topic/energy.atom").await;
    assert_eq!(feed.text().matches("<entry>").count(), 2, "{}", feed.text());
    for wanted in [
        "<id>tag:example.org,2026:feed/topic/energy</id>",
        "<title>Institute of Rivers &amp; Roads: Energy and climate</title>",
        r#"href="https://news.example.org/feeds/topic/energy.atom" rel="self""#,
    ] {
        assert!(feed.text().contains(wanted), "{wanted} in {}", feed.text());
    }
    assert_eq!(site.get("/feeds/topic/cities.rss").await.status, 200);
}

#[tokio::test]
async fn the_page_of_feeds_names_them_all() {
    let site = Site::full().await;
    let page = site.get("/feeds/").await;
    insta::assert_snapshot!("feeds_page", page.text());
    for address in ["all.ics", "events.atom", "topic/energy.json", "lang/ar.rss"] {
        assert!(page.text().contains(&format!("\"/feeds/{address}\"")), "{address}");
        assert_eq!(site.get(&format!("/feeds/{address}")).await.status, 200, "{address}");
    }
    assert!(!page.text().contains("internal"));
}

#[tokio::test]
async fn a_feed_that_moved_is_found_at_its_old_address() {
    let mut config = config();
    for (from, to) in [("/blog/feed.xml", "all.rss"), ("/feeds/old.atom", "events.atom")] {
        config.feeds.moved_from.insert(from.into(), to.into());
    }
    let site = Site::with(config).await;
    for (from, to) in [("/blog/feed.xml", "all.rss"), ("/feeds/old.atom", "events.atom")] {
        let answer = site.get(from).await;
        assert_eq!(answer.status, 301, "{from}");
        assert_eq!(
            answer.header("location"),
            format!("https://news.example.org/feeds/{to}")
        );
    }
    assert_eq!(site.get("/blog/feed").await.status, 404);
}

#[tokio::test]
async fn a_person_who_opens_a_feed_gets_xml_with_a_style_sheet_and_a_program_a_feed() {
    let site = Site::full().await;
    for (path, media_type) in [
        ("/feeds/all.rss", "application/rss+xml"),
        ("/feeds/all.atom", "application/atom+xml"),
    ] {
        let browser = site.request("GET", path, &[("sec-fetch-dest", "document")]).await;
        assert_eq!(browser.header("content-type"), "application/xml; charset=utf-8");
        assert!(
            browser
                .text()
                .contains("<?xml-stylesheet type=\"text/css\" href=\"https://news.example.org/feeds/feed.css\"?>")
        );
        let program = site.get(path).await;
        assert_eq!(program.header("content-type"), format!("{media_type}; charset=utf-8"));
    }
    let style = site.get("/feeds/feed.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.text().contains("content: \"This is a feed."), "{}", style.text());
}

#[test]
fn related_reports_of_our_own_are_found_by_title() {
    let mut pointing = titled("Second round table on rivers");
    pointing.related = vec![
        Related {
            title: "“First round table: on RIVERS”".into(),
            url: None,
        },
        Related {
            title: "Somewhere else".into(),
            url: Some("https://example.org/else".into()),
        },
        Related {
            title: "Twice the same title".into(),
            url: None,
        },
    ];
    let feed = build(
        &Scope::All,
        &[
            stored(1, titled("First round table on rivers")),
            stored(2, pointing),
            stored(3, titled("Twice the same title")),
            stored(4, titled("Twice the same title")),
        ],
    );
    let related: Vec<_> = feed.entries.iter().flat_map(|entry| &entry.related).collect();
    let addresses: Vec<&str> = related.iter().map(|(_, address)| address.as_str()).collect();
    assert_eq!(
        addresses,
        ["https://news.example.org/reports/report-1", "https://example.org/else"]
    );
    let atom = feed.write(Format::Atom);
    assert!(
        atom.contains(r#"<link href="https://news.example.org/reports/report-1" rel="related""#),
        "{atom}"
    );
}

#[tokio::test]
async fn the_sitemap_names_every_page_with_its_date() {
    let site = Site::full().await;
    site.release_edition().await;
    insta::assert_snapshot!("sitemap", site.get("/sitemap.xml").await.text());
    assert_eq!(site.get("/sitemap/1.xml").await.status, 404);
    let robots = site.get("/robots.txt").await;
    assert_eq!(robots.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        robots.text().contains("Sitemap: https://news.example.org/sitemap.xml"),
        "{}",
        robots.text()
    );
}

#[tokio::test]
async fn a_sitemap_of_sixty_thousand_pages_has_two_parts() {
    let site = Site::full().await;
    site.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
         INSERT INTO edition (list, number, cadence, state, sealed_at, due_at, released_at, hash, epoch, settings) \
         SELECT 'events', i, 'weekly', 'finished', 1777881600000, 0, 1777881600000, 'h', 'e', '{}' FROM n",
    )
    .await;
    site.app.refresh().await.expect("feeds");
    let index = site.get("/sitemap.xml").await;
    assert_eq!(index.text().matches("<sitemap>").count(), 2, "{}", index.text());
    let mut pages = 0;
    for part in 1..=2 {
        let part = site.get(&format!("/sitemap/{part}.xml")).await;
        let count = part.text().matches("<url>").count();
        assert!(count <= 50_000 && part.body.len() < 50_000_000);
        pages += count;
    }
    // The home page, that of the feeds, five reports, the editions.
    assert_eq!(pages, 60_007);
    assert_eq!(site.get("/sitemap/3.xml").await.status, 404);
}

#[tokio::test]
async fn machines_are_told_of_the_event_and_nothing_breaks_out() {
    let site = Site::full().await;
    for path in ["/reports/what-the-rivers-remember", "/reports/hostile"] {
        let page = site.get(path).await;
        let (_, rest) = page
            .text()
            .split_once("<script type=\"application/ld+json\">")
            .expect("a script");
        let (data, _) = rest.split_once("</script>").expect("its end");
        assert!(!data.contains('<'), "{data}");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(data["@type"], "Article", "{path}");
        if path.ends_with("remember") {
            assert_eq!(data["about"]["startDate"], "2026-04-21T18:30:00+03:00");
            assert_eq!(data["about"]["location"][0]["name"], "Old Customs House");
        } else {
            assert!(
                data["headline"]
                    .as_str()
                    .expect("a title")
                    .contains("</script><script>alert(1)")
            );
        }
    }
}

#[tokio::test]
async fn an_export_holds_the_archive_the_sitemap_and_the_page_of_feeds() {
    let site = Site::empty().await;
    for number in 1..=55 {
        let name = format!("lecture-{number}");
        site.publish(&name, "lectures", "2026-04-22T09:30:00Z", &titled(&name))
            .await;
    }
    let folder = site.folder.path().join("out");
    web::export(&site.app, &folder, false).await.expect("an export");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    assert!(read("feeds/all/archive/1.rss").contains("lecture-20"));
    assert_eq!(read("feeds/all/archive/2.rss"), read("feeds/all.rss"));
    assert!(read("feeds/all.ics").starts_with("BEGIN:VCALENDAR"));
    assert!(read("feeds/index.html").contains("/feeds/all.atom"));
    assert!(read("sitemap.xml").contains("/reports/lecture-55"));
    assert!(read("robots.txt").contains("sitemap.xml"));
    assert!(read("feeds/feed.css").contains("reader"));
}

#[tokio::test]
async fn an_export_over_feeds_with_other_ids_is_refused_with_their_number() {
    let site = Site::full().await;
    let folder = site.folder.path().join("out");
    web::export(&site.app, &folder, false).await.expect("the first");
    web::export(&site.app, &folder, false).await.expect("the same again");
    let before = std::fs::read(folder.join("feeds/all.json")).expect("a feed");
    site.sql("UPDATE report SET public_id = public_id || '-b' WHERE id <= 2")
        .await;
    site.app.refresh().await.expect("feeds");
    let error = web::export(&site.app, &folder, false).await.expect_err("other ids");
    assert!(error.to_string().starts_with("2 items of the feeds"), "{error}");
    assert_eq!(std::fs::read(folder.join("feeds/all.json")).expect("a feed"), before);
    web::export(&site.app, &folder, true).await.expect("anew");
    assert_ne!(std::fs::read(folder.join("feeds/all.json")).expect("a feed"), before);
}

#[tokio::test]
async fn a_configuration_that_would_move_ids_is_refused_with_the_number_of_items() {
    let configuration = |source: &str| format!("{}{EVENTS}", REPORTS.replace("reports]", source));
    let mut app = TestApp::with(&configuration("reports]")).await;
    // Nobody has seen anything: what it is called is still free.
    app.reconfigure(&configuration("lectures]")).await;
    app.publish(&["First", "Second"]).await;
    let error = app.refused_house(&configuration("talks]")).await;
    assert!(
        error.contains("[sources.talks] lies where [sources.lectures] lay"),
        "{error}"
    );
    assert!(error.contains("see 2 items again; call it `lectures`"), "{error}");
    app.house
        .store
        .record_fact("tag authority", "example.org,2020")
        .await
        .expect("a fact");
    let error = app.refused_house(&configuration("lectures]")).await;
    assert!(
        error.contains("readers would see 2 items again; write \"example.org,2020\""),
        "{error}"
    );
}
