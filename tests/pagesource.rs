//! Sources that are pages: a listing, a sitemap, addresses one by one; and robots.txt.

use chrono::TimeDelta;
use rapporteur::publish::{self, Collected, House, fetcher};

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::webhost::{Reply, WebHost};

/// A source of pages, with these keys.
fn pages_at(keys: &str) -> String {
    format!(
        "[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n{REPORTS}{EVENTS}[sources.site]\nkind = \"pages\"\nsettle = \"0s\"\n\
         backfill = \"all\"\n{keys}\n"
    )
}

fn page(title: &str, more: &str) -> Reply {
    Reply::ok(format!(
        "<html lang=\"en\"><head><title>{title} | Site</title></head><body><nav><a href=\"/\">Home</a></nav><main>\
         <h1>{title}</h1><p class=\"when\">On 12 March 2026, 18:30, in the great hall</p>\
         <p>A round table was held in Vienna. {more}</p></main></body></html>"
    ))
    .with("Content-Type", "text/html; charset=utf-8")
}

fn listing(links: &[(&str, &str)]) -> Reply {
    let items: String = links
        .iter()
        .map(|(path, title)| format!("<li><a href=\"{path}\">{title}</a></li>"))
        .collect();
    Reply::ok(format!(
        "<html><body><nav><a href=\"/about/us/all\">All about us and more</a></nav><main><ul>{items}</ul></main></body></html>"
    ))
}

async fn poll(house: &House) -> Collected {
    let fetcher = fetcher(&house.config).unwrap();
    let mut all = publish::collect_web(house, &fetcher, &[], false).await.unwrap();
    assert_eq!(all.len(), 1, "one source is due");
    all.remove(0)
}

fn asked_for(host: &WebHost, path: &str) -> usize {
    let start = format!("GET {path} ");
    host.asked().iter().filter(|head| head.starts_with(&start)).count()
}

#[tokio::test]
async fn the_pages_of_a_listing_are_reports_and_a_changed_page_is_a_revision() {
    for_each_app_with_host(
        |host| format!("url = \"{}\"", host.url("/events/")),
        |app, host| async move {
            host.at(
                "/events/",
                listing(&[
                    ("/events/rivers", "Who owns a river?"),
                    ("/events/bridges", "What bridges carry across"),
                ]),
            );
            host.at(
                "/events/rivers",
                page("Who owns a river?", "Treaties are old.").with("ETag", "\"a\""),
            );
            host.at(
                "/events/bridges",
                page("What bridges carry across", "Bridges are young."),
            );
            let collected = poll(&app.house).await;
            assert_eq!(
                (collected.new, &collected.error, &collected.refused[..]),
                (2, &None, &[][..])
            );
            assert_eq!(asked_for(&host, "/about/us/all"), 0);
            assert_eq!(asked_for(&host, "/robots.txt"), 1);
            let rivers = app.stored(app.id("Who owns a river?").await).await;
            assert_eq!(rivers.report.event.start.unwrap().to_string(), "2026-03-12T18:30");
            assert_eq!(rivers.report.url, Some(host.url("/events/rivers")));
            assert_eq!(rivers.item_key, host.url("/events/rivers"));

            // An hour later nobody asks for the pages again; a day later both are asked, one says that it is as it was.
            app.advance(TimeDelta::hours(2));
            assert_eq!(poll(&app.house).await.unchanged, 2);
            assert_eq!(asked_for(&host, "/events/bridges"), 1);
            host.at(
                "/events/bridges",
                page("What bridges carry across", "Bridges are very young."),
            );
            app.advance(TimeDelta::hours(23));
            let collected = poll(&app.house).await;
            assert_eq!((collected.new, collected.changed, collected.unchanged), (0, 1, 1));
            assert_eq!(asked_for(&host, "/events/rivers"), 2);
            assert!(host.asked().iter().any(|head| head.contains("if-none-match: \"a\"")));
            let bridges = app.stored(app.id("What bridges carry across").await).await;
            assert_eq!(bridges.revision, 2);

            // What leaves the listing stays, and is asked all the same.
            host.at("/events/", listing(&[("/events/lakes", "Whose lake is it then?")]));
            host.at("/events/lakes", page("Whose lake is it then?", "Lakes are older."));
            app.advance(TimeDelta::hours(25));
            let collected = poll(&app.house).await;
            assert_eq!((collected.new, collected.changed, collected.unchanged), (1, 0, 2));
            app
        },
    )
    .await;
}

async fn for_each_app_with_host<F: Future<Output = TestApp>>(
    keys: impl Fn(&WebHost) -> String,
    test: impl Fn(TestApp, WebHost) -> F,
) {
    let host = WebHost::start().await;
    for_each_app(&pages_at(&keys(&host)), |app| test(app, host.again())).await;
}

#[tokio::test]
async fn a_sitemap_says_which_pages_to_ask_again() {
    let host = WebHost::start().await;
    let app = TestApp::with(&pages_at(&format!(
        "url = \"{}\"\nunder = \"/reports/\"",
        host.url("/sitemap.xml")
    )))
    .await;
    let sitemap = |day: u32| {
        let rivers = host.url("/reports/rivers");
        let bridges = host.url("/reports/bridges");
        let about = host.url("/about");
        Reply::ok(format!(
            "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>{rivers}</loc>\
             <lastmod>2026-05-{day:02}</lastmod></url><url><loc>{bridges}</loc><lastmod>2026-04-01</lastmod></url>\
             <url><loc>{about}</loc></url></urlset>"
        ))
    };
    let index = host.url("/sitemap-1.xml");
    host.at(
        "/sitemap.xml",
        Reply::ok(format!(
            "<sitemapindex><sitemap><loc>{index}</loc></sitemap></sitemapindex>"
        )),
    );
    host.at("/sitemap-1.xml", sitemap(1));
    host.at("/reports/rivers", page("Who owns a river?", "Treaties are old."));
    host.at(
        "/reports/bridges",
        page("What bridges carry across", "Bridges are young."),
    );
    assert_eq!(poll(&app.house).await.new, 2);
    app.advance(TimeDelta::days(3));
    assert_eq!(poll(&app.house).await.unchanged, 2);
    assert_eq!(asked_for(&host, "/reports/rivers"), 1);
    host.at("/sitemap-1.xml", sitemap(2));
    host.at("/reports/rivers", page("Who owns a river?", "Treaties are very old."));
    app.advance(TimeDelta::hours(2));
    assert_eq!(poll(&app.house).await.changed, 1);
    assert_eq!(
        (
            asked_for(&host, "/reports/rivers"),
            asked_for(&host, "/reports/bridges")
        ),
        (2, 1)
    );
    assert_eq!(asked_for(&host, "/about"), 0);
}

#[tokio::test]
async fn pages_that_staff_name_need_no_listing() {
    let host = WebHost::start().await;
    let one = host.url("/a?utm_source=mail");
    let two = host.url("/b");
    let app = TestApp::with(&pages_at(&format!("pages = [\"{one}\", \"{two}\"]"))).await;
    host.at("/a", page("Who owns a river?", "Treaties are old."));
    host.at(
        "/b",
        Reply::ok("<html><title>Imprint</title><p>The institute of rivers, Example Street 1.</p></html>"),
    );
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.refused.len()), (1, 1));
    assert!(
        collected.refused[0].reason.contains("so it is no report"),
        "{:?}",
        collected.refused
    );
}

#[tokio::test]
async fn what_staff_select_beats_what_the_page_states() {
    let host = WebHost::start().await;
    let app = TestApp::with(&pages_at(&format!(
        "url = \"{}\"\nlinks = \"a.event\"\n[sources.site.select]\ntitle = \".real-title\"\ndate = \".when\"\n\
         people = \".speaker\"\ntopics = \".tags a\"\nvenue = \".nowhere\"\nbody = \".text\"",
        host.url("/list")
    )))
    .await;
    host.at(
        "/list",
        Reply::ok("<a class=event href=/e/1>x</a><a href=/e/2>What is not selected is not read</a>"),
    );
    host.at(
        "/e/1",
        Reply::ok(
            "<html lang=en><head><meta property=og:title content=\"Wrong title\"></head><body><h1>Also wrong</h1>\
             <p class=real-title>Who owns a river?</p><div class=when>When: Thursday, 12 March 2026, 18:30 (doors 18:00)</div>\
             <ul><li class=speaker>Ottilie Brandhuber, Director, River Institute</li><li class=speaker>Ruben Tamm</li></ul>\
             <p class=tags><a>Rivers</a><a>Law</a></p><div class=text><p>Treaties are old.</p></div>\
             <div><p>Advertisement for the shop.</p></div></body></html>",
        ),
    );
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, &collected.refused[..]), (1, &[][..]));
    let report = app.stored(1).await.report;
    assert_eq!(report.title, "Who owns a river?");
    assert_eq!(report.event.start.unwrap().to_string(), "2026-03-12T18:30");
    assert_eq!(report.people.len(), 2);
    assert_eq!(report.people[0].affiliation.as_deref(), Some("River Institute"));
    assert_eq!(report.topics, ["Rivers", "Law"]);
    assert_eq!(report.body_text, "Treaties are old.");
    assert_eq!(report.provenance["title"].rule, "selector .real-title");
    assert!(report.provenance["select"].words.contains("venue by .nowhere"));
    assert_eq!(asked_for(&host, "/e/2"), 0);
}

#[tokio::test]
async fn robots_txt_is_obeyed_and_can_be_set_aside() {
    let host = WebHost::start().await;
    let keys = format!("url = \"{}\"", host.url("/events/"));
    host.at(
        "/robots.txt",
        Reply::ok("User-agent: *\nDisallow: /events/closed\n\nUser-agent: other\nDisallow: /"),
    );
    host.at(
        "/events/",
        listing(&[
            ("/events/closed", "A closed round table"),
            ("/events/open", "An open round table"),
        ]),
    );
    host.at("/events/closed", page("A closed round table", "Doors were shut."));
    host.at("/events/open", page("An open round table", "Doors were open."));
    let app = TestApp::with(&pages_at(&keys)).await;
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.refused.len()), (1, 1));
    assert!(
        collected.refused[0].reason.contains("robots.txt"),
        "{:?}",
        collected.refused
    );
    assert_eq!(asked_for(&host, "/events/closed"), 0);

    let ours = TestApp::with(&pages_at(&format!("{keys}\nrobots = false"))).await;
    assert_eq!(poll(&ours.house).await.new, 2);

    // Nobody knows what a site allows that does not answer for it.
    host.at("/robots.txt", Reply::new(500, ""));
    let app = TestApp::with(&pages_at(&keys)).await;
    let before = asked_for(&host, "/events/");
    let error = poll(&app.house).await.error.unwrap();
    assert!(error.contains("what its robots.txt allows cannot be known"), "{error}");
    assert_eq!(asked_for(&host, "/events/"), before);
}

#[tokio::test]
async fn a_page_that_cannot_be_had_is_tried_again_and_costs_the_others_nothing() {
    let host = WebHost::start().await;
    let app = TestApp::with(&pages_at(&format!("url = \"{}\"", host.url("/events/")))).await;
    host.at(
        "/events/",
        listing(&[
            ("/events/a", "The first round table"),
            ("/events/b", "The second round table"),
            ("/events/c", "The third round table"),
        ]),
    );
    host.at("/events/a", Reply::new(500, ""));
    host.at("/events/b", page("The second round table", "It was held."));
    let collected = poll(&app.house).await;
    assert_eq!(
        (collected.new, collected.refused.len(), collected.restless.len()),
        (1, 1, 1)
    );
    assert!(collected.refused[0].reason.contains("404"), "{:?}", collected.refused);
    host.at("/events/a", page("The first round table", "It was held."));
    host.at("/events/c", page("The third round table", "It was held."));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert_eq!(
        (collected.new, collected.refused.len(), collected.restless.len()),
        (2, 0, 0)
    );

    // A report whose page fails stays as it was.
    host.at("/events/b", Reply::new(404, ""));
    app.advance(TimeDelta::hours(25));
    let collected = poll(&app.house).await;
    assert_eq!((collected.refused.len(), collected.changed), (1, 0));
    assert_eq!(app.house.store.list_reports().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_host_that_asks_for_patience_is_asked_for_no_further_page() {
    let host = WebHost::start().await;
    let app = TestApp::with(&pages_at(&format!("url = \"{}\"", host.url("/events/")))).await;
    host.at(
        "/events/",
        listing(&[
            ("/events/a", "The first round table"),
            ("/events/b", "The second round table"),
        ]),
    );
    host.at("/events/a", Reply::new(429, "").with("Retry-After", "3600"));
    host.at("/events/b", page("The second round table", "It was held."));
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.restless.len()), (0, 2));
    assert_eq!(asked_for(&host, "/events/b"), 0);
    app.advance(TimeDelta::hours(3));
    host.at("/events/a", page("The first round table", "It was held."));
    assert_eq!(poll(&app.house).await.new, 2);
}

#[tokio::test]
async fn a_long_listing_is_read_a_part_at_a_time_and_is_one_first_collection() {
    let host = WebHost::start().await;
    let keys = format!("url = \"{}\"\nbackfill = \"none\"", host.url("/events/"));
    let app = TestApp::with(&pages_at(&keys).replace("backfill = \"all\"\n", "")).await;
    let titles: Vec<(String, String)> = (0..40)
        .map(|n| (format!("/events/{n}"), format!("Round table number {n}")))
        .collect();
    let links: Vec<(&str, &str)> = titles
        .iter()
        .map(|(path, title)| (path.as_str(), title.as_str()))
        .collect();
    host.at("/events/", listing(&links).with("ETag", "\"same\""));
    for (path, title) in &titles {
        host.at(
            path,
            page(title, &format!("It was held, and here is what was said at {title}.")),
        );
    }
    let first = poll(&app.house).await;
    assert_eq!((first.new, first.archived, first.restless.len()), (30, 30, 10));
    app.advance(TimeDelta::hours(2));
    let second = poll(&app.house).await;
    assert_eq!((second.new, second.archived, second.restless.len()), (10, 10, 0));
}

#[tokio::test]
async fn the_page_behind_an_item_that_fails_once_is_read_with_a_later_poll() {
    let host = WebHost::start().await;
    let configuration = pages_at(&format!("url = \"{}\"", host.url("/feed"))).replace("\"pages\"", "\"feed\"");
    let app = TestApp::with(&configuration).await;
    let link = host.url("/rivers");
    host.at(
        "/feed",
        Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>Site</title><item><title>Who owns a river?</title><link>{link}</link>\
             <description>Rivers and their owners […]</description></item></channel></rss>"
        ))
        .with("ETag", "\"a\""),
    );
    host.at("/rivers", Reply::new(503, ""));
    let collected = poll(&app.house).await;
    assert_eq!(collected.new, 1);
    assert!(collected.notes.iter().any(|note| note.contains("its summary serves")));
    assert!(app.stored(1).await.report.body_text.contains("[…]"));
    host.at("/rivers", page("Who owns a river?", "Treaties are old."));
    app.advance(TimeDelta::hours(2));
    assert_eq!(poll(&app.house).await.changed, 1);
    assert!(app.stored(1).await.report.body_text.contains("Treaties are old"));
    app.advance(TimeDelta::hours(2));
    assert_eq!(poll(&app.house).await.unchanged, 1);
    assert_eq!(asked_for(&host, "/rivers"), 2);
}

#[tokio::test]
async fn another_address_and_a_feed_that_was_empty_bring_no_flood_of_mail() {
    let host = WebHost::start().await;
    let configured = |path: &str| {
        pages_at(&format!("url = \"{}\"\nbackfill = \"none\"", host.url(path)))
            .replace("backfill = \"all\"\n", "")
            .replace("\"pages\"", "\"feed\"")
    };
    let feed = |items: &str| {
        Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>Site</title>{items}</channel></rss>"
        ))
    };
    let item = |title: &str| {
        format!(
            "<item><title>{title}</title><guid>{title}</guid><description>{}</description></item>",
            "It was held. ".repeat(200)
        )
    };
    host.at("/a", feed(""));
    let mut app = TestApp::with(&configured("/a")).await;
    assert_eq!(poll(&app.house).await.new, 0);
    host.at("/a", feed(&item("An old report of an event")));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.archived), (1, 1), "the first that ever came");
    host.at(
        "/b",
        feed(&(item("An old report of an event") + &item("Another report of an event"))),
    );
    app.reconfigure(&configured("/b")).await;
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.archived), (1, 1), "at another address");
    host.at("/b", feed(&item("A report of today's event")));
    app.advance(TimeDelta::hours(2));
    let collected = poll(&app.house).await;
    assert_eq!((collected.new, collected.archived), (1, 0));
}
