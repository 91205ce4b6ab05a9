//! Sources on the web: feeds that are asked politely, and servers that are not.

use chrono::TimeDelta;
use rapporteur::publish::{self, Collected, House, fetcher};
use rapporteur::source::fetch::{Fetcher, Guard, Names};

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};
use crate::webhost::{Reply, WebHost};

/// A feed source at this address, of a host that staff named.
fn feed_at(url: &str) -> String {
    format!(
        "[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n{REPORTS}[sources.site]\nkind = \"feed\"\nurl = \"{url}\"\n\
         backfill = \"all\"\nsettle = \"0s\"\n{EVENTS}"
    )
}

/// Items of a feed as WordPress writes it: title, link, guid, text.
fn rss(items: &[(&str, &str, &str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(title, link, guid, text)| {
            format!(
                "<item><title>{title}</title><link>{link}</link><guid isPermaLink=\"false\">{guid}</guid>\
                 <pubDate>Sun, 03 May 2026 09:00:00 +0000</pubDate><category>Rivers &amp; seas</category>\
                 <description><![CDATA[<p>{text}</p>]]></description>\
                 <content:encoded><![CDATA[<p>{text}</p>]]></content:encoded></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:content=\
         \"http://purl.org/rss/1.0/modules/content/\"><channel><title>Site</title><link>https://site.example.org</link>\
         <description>News</description><language>en-US</language>{items}</channel></rss>"
    )
}

const RIVERS: (&str, &str, &str, &str) = (
    "Who owns a river?",
    "https://site.example.org/rivers/",
    "https://site.example.org/?p=1",
    "The round table was held on 12 March 2026 in Vienna. Ottilie Brandhuber noted that treaties are old.",
);

async fn poll(house: &House) -> Collected {
    let fetcher = fetcher(&house.config).unwrap();
    let mut all = publish::collect_web(house, &fetcher, &[], false).await.unwrap();
    assert_eq!(all.len(), 1, "one source is due");
    all.remove(0)
}

async fn is_left_alone(house: &House) -> bool {
    let fetcher = fetcher(&house.config).unwrap();
    publish::collect_web(house, &fetcher, &[], false)
        .await
        .unwrap()
        .is_empty()
}

#[tokio::test]
async fn a_feed_works_with_nothing_but_its_address() {
    let host = WebHost::start().await;
    let changed = format!("\"{}\"", "W/x");
    host.at(
        "/feed/",
        Reply::ok(rss(&[RIVERS]))
            .with("ETag", &changed)
            .with("Content-Type", "text/xml"),
    );
    for_each_app(&feed_at(&host.url("/feed/")), |app: TestApp| async move {
        let collected = poll(&app.house).await;
        assert_eq!(
            (collected.new, collected.refused.len(), &collected.error),
            (1, 0, &None)
        );
        let stored = app.stored(1).await;
        assert_eq!(stored.report.title, "Who owns a river?");
        assert_eq!(stored.report.url.as_deref(), Some("https://site.example.org/rivers/"));
        assert_eq!(stored.report.event.city.as_deref(), Some("Vienna"));
        assert_eq!(stored.report.language.as_deref(), Some("en"));
        assert_eq!(stored.report.topics, ["Rivers & seas"]);
        assert_eq!(
            stored.report.published.unwrap().to_rfc3339(),
            "2026-05-03T09:00:00+00:00"
        );
        assert!(stored.report.body_text.contains("treaties are old"));
        publish::publish_settled(&app.house, false).await.unwrap();
        assert!(
            app.feed(rapporteur::feed::Scope::All)
                .await
                .contains("Who owns a river?")
        );
        app
    })
    .await;
}

#[tokio::test]
async fn validators_are_sent_back_as_they_came_and_nobody_is_asked_before_the_hour() {
    let host = WebHost::start().await;
    let odd = "W/\"odd: tag\"";
    let since = "Sun, 3 May 2026 09:00:00 +0200";
    host.at(
        "/feed",
        Reply::ok(rss(&[RIVERS])).with("ETag", odd).with("Last-Modified", since),
    );
    let app = TestApp::with(&feed_at(&host.url("/feed"))).await;
    poll(&app.house).await;
    for _ in 0..20 {
        // As after a restart: nothing is remembered but what the store knows.
        let house = app.another_house(&feed_at(&host.url("/feed"))).await;
        assert!(is_left_alone(&house).await);
        house.store.close().await;
        app.advance(TimeDelta::seconds(30));
    }
    assert_eq!(host.asked().len(), 1);
    app.advance(TimeDelta::hours(1));
    let again = poll(&app.house).await;
    assert_eq!((again.new, again.unchanged, again.error), (0, 1, None));
    let asked = host.asked();
    assert!(asked[1].contains(&format!("if-none-match: {odd}\r\n")), "{}", asked[1]);
    assert!(
        asked[1].contains(&format!("if-modified-since: {since}\r\n")),
        "{}",
        asked[1]
    );
    assert!(asked[1].contains("user-agent: rapporteur/"), "{}", asked[1]);
    assert!(asked[1].contains("+https://news.example.org"), "{}", asked[1]);
}

#[tokio::test]
async fn a_known_link_under_a_new_guid_is_the_same_report_and_a_changed_text_its_revision() {
    let host = WebHost::start().await;
    host.at("/feed", Reply::ok(rss(&[RIVERS])));
    let app = TestApp::with(&feed_at(&host.url("/feed"))).await;
    poll(&app.house).await;
    let public_id = app.stored(1).await.public_id;
    let moved = (
        RIVERS.0,
        "http://www.site.example.org/rivers",
        "urn:uuid:1",
        "The round table took another turn in Linz.",
    );
    host.at("/feed", Reply::ok(rss(&[moved])));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.changed), (0, 1));
    let stored = app.stored(1).await;
    assert_eq!((stored.revision, stored.public_id), (2, public_id));
    assert!(stored.report.body_text.contains("another turn"));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.changed, collected.unchanged), (0, 0, 1));
}

#[tokio::test]
async fn what_a_folder_and_a_feed_both_have_is_one_report() {
    let site = WebHost::start().await;
    for_each_app(&feed_at(&site.url("/feed")), |mut app: TestApp| {
        let host = site.clone();
        async move {
            host.at("/feed", Reply::ok(rss(&[RIVERS])));
            // By its page.
            app.drop_report(
                "a.md",
                &report("Rivers and their owners", "url: https://site.example.org/rivers\n"),
            );
            app.collect().await;
            let collected = poll(&app.house).await;
            assert_eq!((collected.new, collected.joined), (0, 1));
            // By title and day.
            app.drop_report("b.md", &report("A hundred years of bridges", "date: 2026-04-20\n"));
            app.drop_report("c.md", &report("Other bridges altogether", "date: 2026-04-20\n"));
            assert_eq!(app.collect().await.new, 2);
            let bridges = (
                "A Hundred Years of Bridges",
                "https://site.example.org/bridges",
                "2",
                "The lecture was held on 20 April 2026 in Linz.",
            );
            host.at("/feed", Reply::ok(rss(&[RIVERS, bridges])));
            app.advance(TimeDelta::hours(2));
            let collected = poll(&app.house).await;
            assert_eq!((collected.new, collected.joined, collected.changed), (0, 1, 0));
            // And it stays so.
            app.advance(TimeDelta::hours(2));
            assert_eq!(poll(&app.house).await.unchanged, 2);
            assert_eq!(app.house.store.list_reports().await.unwrap().len(), 3);
            app
        }
    })
    .await;
}

#[tokio::test]
async fn a_summary_is_followed_to_its_page_unless_the_source_says_otherwise() {
    let host = WebHost::start().await;
    let page = "<html lang=\"en\"><head><title>Rivers</title></head><body><main><h1>Who owns a river?</h1>\
                <p>The round table on rivers was held on 12 March 2026 in Vienna, and its report is long.</p>\
                <p>Ottilie Brandhuber said that gauges are younger than treaties.</p></main></body></html>";
    host.at(
        "/rivers",
        Reply::ok(page).with("Content-Type", "text/html; charset=utf-8"),
    );
    let link = host.url("/rivers");
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>Site</title><item><title>Who owns a river?</title><link>{link}</link>\
         <description>Rivers and their owners […]</description></item></channel></rss>"
    );
    host.at("/feed", Reply::ok(feed));
    let app = TestApp::with(&feed_at(&host.url("/feed"))).await;
    poll(&app.house).await;
    assert!(app.stored(1).await.report.body_text.contains("gauges are younger"));

    let only_feed = feed_at(&host.url("/feed")).replace("kind = \"feed\"", "kind = \"feed\"\nfull_text = \"feed\"");
    let app = TestApp::with(&only_feed).await;
    poll(&app.house).await;
    assert_eq!(app.stored(1).await.report.body_text, "Rivers and their owners […]");
}

#[tokio::test]
async fn who_asks_for_patience_gets_it_who_is_gone_is_left_and_who_fails_is_asked_less_often() {
    let host = WebHost::start().await;
    let app = TestApp::with(&feed_at(&host.url("/feed"))).await;
    host.at("/feed", Reply::new(503, "").with("Retry-After", "7200"));
    let collected = poll(&app.house).await;
    assert!(collected.error.unwrap().contains("503"));
    app.advance(TimeDelta::minutes(119));
    assert!(is_left_alone(&app.house).await);
    // Even if staff ask.
    let fetcher = fetcher(&app.house.config).unwrap();
    assert!(
        publish::collect_web(&app.house, &fetcher, &[], true)
            .await
            .unwrap()
            .is_empty()
    );
    app.advance(TimeDelta::minutes(2));

    host.at("/feed", Reply::new(404, ""));
    poll(&app.house).await;
    app.advance(TimeDelta::hours(2));
    assert!(is_left_alone(&app.house).await, "it has failed twice in a row");
    app.advance(TimeDelta::hours(3));
    host.at("/feed", Reply::ok(rss(&[RIVERS])));
    assert_eq!(poll(&app.house).await.new, 1);

    host.at("/feed", Reply::new(410, ""));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert!(collected.error.unwrap().contains("gone for good"));
    app.advance(TimeDelta::days(400));
    assert!(is_left_alone(&app.house).await);
    assert_eq!(
        app.house.store.list_reports().await.unwrap().len(),
        1,
        "nothing is deleted"
    );
}

#[tokio::test]
async fn a_permanent_redirect_counts_after_a_day() {
    let host = WebHost::start().await;
    host.at("/old", Reply::redirect(301, "/new"));
    host.at("/new", Reply::ok(rss(&[RIVERS])));
    let app = TestApp::with(&feed_at(&host.url("/old"))).await;
    let polls = async |hours: i64| {
        app.advance(TimeDelta::hours(hours));
        poll(&app.house).await;
    };
    for hours in [0, 2, 2] {
        polls(hours).await;
    }
    let old = |host: &WebHost| host.asked().iter().filter(|head| head.starts_with("GET /old")).count();
    assert_eq!(old(&host), 3);
    polls(24).await;
    assert_eq!(old(&host), 4);
    polls(2).await;
    assert_eq!(old(&host), 4, "now it is asked where it went");
}

#[tokio::test]
async fn a_flood_of_old_items_under_new_guids_and_links_is_held() {
    let host = WebHost::start().await;
    let items = |run: usize| -> Vec<(String, String, String, String)> {
        (0..500)
            .map(|n| {
                (
                    format!("Report {n}"),
                    format!("https://site.example.org/{run}/{n}"),
                    format!("{run}-{n}"),
                    format!("What was said at meeting {n}."),
                )
            })
            .collect()
    };
    let feed = |run: usize| {
        let items = items(run);
        let items: Vec<_> = items.iter().map(|(a, b, c, d)| (&**a, &**b, &**c, &**d)).collect();
        rss(&items)
    };
    host.at("/feed", Reply::ok(feed(1)));
    let only_feed = feed_at(&host.url("/feed")).replace("kind = \"feed\"", "kind = \"feed\"\nfull_text = \"feed\"");
    let app = TestApp::with(&only_feed).await;
    assert_eq!(poll(&app.house).await.held, 0);
    host.at("/feed", Reply::ok(feed(2)));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.held), (500, 500));
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let host = WebHost::start().await;
    host.at("/feed", Reply::ok(rss(&[RIVERS])));
    let url = format!("http://feeds.example.org:{}/feed", host.address.port());
    let app = TestApp::with(&feed_at(&url)).await;
    let names = [(
        "feeds.example.org".to_owned(),
        vec!["1.1.1.1".parse().unwrap(), "127.0.0.1".parse().unwrap()],
    )];
    let names = Names::Fixed(std::sync::Arc::new(std::sync::Mutex::new(names.into())));
    for (internal, is_taken) in [(vec![], false), (vec!["feeds.example.org".to_owned()], true)] {
        let only_inside = [("feeds.example.org".to_owned(), vec!["127.0.0.1".parse().unwrap()])];
        let names = if is_taken {
            Names::Fixed(std::sync::Arc::new(std::sync::Mutex::new(only_inside.into())))
        } else {
            names.clone()
        };
        let fetcher = Fetcher::new("https://news.example.org", Guard::new(&internal, names)).unwrap();
        app.advance(TimeDelta::hours(3));
        let mut all = publish::collect_web(&app.house, &fetcher, &[], false).await.unwrap();
        let collected = all.remove(0);
        assert_eq!(collected.error.is_none(), is_taken, "{:?}", collected.error);
        if let Some(error) = collected.error {
            assert!(
                error.contains("127.0.0.1, which is not on the public internet"),
                "{error}"
            );
        }
    }
    assert_eq!(host.asked().len(), 1);
}

#[tokio::test]
async fn items_that_share_a_link_stay_reports_of_their_own() {
    let host = WebHost::start().await;
    let item = |title: &'static str, guid: &'static str| (title, "https://site.example.org/events", guid, title);
    let all = [
        item("An evening on rivers", "1"),
        item("An evening on bridges", "2"),
        item("An evening on ferries", "3"),
    ];
    host.at("/feed", Reply::ok(rss(&all)));
    let app = TestApp::with(&feed_at(&host.url("/feed"))).await;
    assert_eq!(poll(&app.house).await.new, 3);
    for _ in 0..2 {
        app.advance(TimeDelta::hours(2));
        let again = poll(&app.house).await;
        assert_eq!(
            (again.new, again.changed, again.unchanged, again.error),
            (0, 0, 3, None)
        );
    }
    assert_eq!(app.stored(1).await.revision, 1);
}

#[tokio::test]
async fn a_feed_cannot_have_an_internal_host_read_that_is_not_its_own() {
    let host = WebHost::start().await;
    host.at(
        "/salaries",
        Reply::ok("<html><body><main><p>Nobody else may read this.</p></main></body></html>"),
    );
    let inside = format!("http://localhost:{}/salaries", host.address.port());
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>Site</title><item><title>Salaries</title><link>{inside}</link>\
         <description>Short […]</description></item></channel></rss>"
    );
    host.at("/feed", Reply::ok(feed));
    let both = feed_at(&host.url("/feed")).replace("[\"127.0.0.1\"]", "[\"127.0.0.1\", \"localhost\"]");
    let app = TestApp::with(&both).await;
    let collected = poll(&app.house).await;
    let notes = collected.notes.join("; ");
    assert!(notes.contains("only a source of that host may lead"), "{notes}");
    assert!(!app.stored(1).await.report.body_text.contains("Nobody else"));
}

#[tokio::test]
async fn an_item_that_stands_twice_in_a_feed_is_one_report_at_every_poll() {
    let host = WebHost::start().await;
    let again = (
        RIVERS.0,
        RIVERS.1,
        "another guid",
        "The same evening, told in other words.",
    );
    host.at("/feed", Reply::ok(rss(&[RIVERS, again])));
    let app = TestApp::with(&feed_at(&host.url("/feed"))).await;
    assert_eq!(poll(&app.house).await.new, 1);
    for _ in 0..2 {
        app.advance(TimeDelta::hours(2));
        let later = poll(&app.house).await;
        assert_eq!(
            (later.new, later.changed, later.unchanged, later.error),
            (0, 0, 2, None)
        );
    }
    assert_eq!(app.stored(1).await.revision, 1);
}
