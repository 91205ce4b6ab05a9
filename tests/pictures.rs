//! Pictures of reports: copied, served by us, in feeds with their true kind and size, and in no mail.

use rapporteur::feed::Scope;
use rapporteur::publish::{self, fetcher};

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::webhost::{Reply, WebHost};

/// The beginning of a PNG: kind and size, which is all that is looked at.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0]);
    bytes
}

async fn copy(app: &TestApp) -> usize {
    let fetcher = fetcher(&app.house.config).unwrap();
    publish::copy_pictures(&app.house, &fetcher).await.unwrap()
}

fn name_in(page: &str) -> String {
    let at = page.find("/pictures/").expect("a picture") + "/pictures/".len();
    page[at..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_picture_beside_a_report_is_on_its_page_and_in_feeds_and_in_no_mail() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        app.people("events", &["ada@example.org"]).await;
        let text = "---\ntitle: Who owns a river?\ndate: 2026-05-01\n---\n\n![The hall & its <guests>](pictures/the%20hall.png)\n\n\
                    What was said of rivers.\n";
        app.drop_report("talks/rivers.md", text);
        app.drop_report("talks/pictures/the hall.png", "");
        let place = app.house.config.path("reports/talks/pictures/the hall.png".as_ref());
        std::fs::write(&place, png(800, 600)).unwrap();
        let collected = app.collect().await;
        assert_eq!((collected.new, &collected.refused[..]), (1, &[][..]));
        publish::publish_settled(&app.house, true).await.unwrap();
        app.age(&place, chrono::TimeDelta::minutes(1));
        assert_eq!(copy(&app).await, 1);
        assert_eq!(copy(&app).await, 0);

        let page = app.page("/reports/who-owns-a-river").await;
        let name = name_in(&page);
        assert!(
            page.contains("alt=\"The hall &amp; its &lt;guests&gt;\" width=\"800\" height=\"600\""),
            "{page}"
        );
        let feed = app.feed(Scope::All).await;
        let length = png(800, 600).len();
        assert!(feed.contains(&format!("/pictures/{name}\" rel=\"enclosure\" type=\"image/png\"")), "{feed}");
        assert!(feed.contains(&format!("length=\"{length}\"")), "{feed}");
        assert_eq!(app.page(&format!("/pictures/{name}")).await.len(), String::from_utf8_lossy(&png(800, 600)).len());

        app.send("events").await.unwrap();
        let mail = format!("{:?}", app.mails());
        assert!(mail.contains("Who owns a river") && !mail.contains("<img"), "no picture in a mail");

        // What is withdrawn shows nothing any more.
        app.decide_report(app.id("Who owns a river?").await, publish::ReportDecision::Withdraw).await;
        assert!(!app.page(&format!("/pictures/{name}")).await.contains("PNG"));
        app
    })
    .await;
}

#[tokio::test]
async fn pictures_of_pages_are_copied_and_what_is_none_is_not() {
    let host = WebHost::start().await;
    let app = TestApp::with(&format!(
        "[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n{REPORTS}{EVENTS}[sources.site]\nkind = \"pages\"\nsettle = \"0s\"\n\
         backfill = \"all\"\npages = [\"{}\"]\n",
        host.url("/rivers")
    ))
    .await;
    host.at(
        "/rivers",
        Reply::ok(
            "<html lang=en><main><h1>Who owns a river?</h1><p>It was held on 12 March 2026 in Vienna.</p>\
             <figure><img src=/hall.png alt=Hall><figcaption>The hall</figcaption></figure>\
             <p><img src=/huge.png alt=Huge><img src=/page.png alt=Page><img src=/late.png alt=Late></p>\
             <p><img src=http://10.0.0.1/inside.png alt=Inside></p></main></html>",
        ),
    );
    host.at("/hall.png", Reply::ok(png(640, 480)).with("Content-Type", "text/html"));
    host.at("/huge.png", Reply::ok(png(60_000, 60_000)));
    host.at("/page.png", Reply::ok("<script>alert(1)</script>"));
    host.at("/late.png", Reply::new(503, ""));
    let asked = fetcher(&app.house.config).unwrap();
    publish::collect_web(&app.house, &asked, &[], false).await.unwrap();
    publish::publish_settled(&app.house, true).await.unwrap();
    assert_eq!(copy(&app).await, 1);
    let page = app.page("/reports/who-owns-a-river").await;
    assert_eq!(page.matches("<img").count(), 1, "{page}");
    assert!(page.contains("<figcaption>The hall</figcaption>"), "{page}");
    let refused = app.house.store.list_refused_pictures("site").await.unwrap();
    for (path, why) in [
        (host.url("/huge.png"), "60000 x 60000 pixels"),
        (host.url("/page.png"), "is no PNG, JPEG, GIF or WebP picture"),
        (host.url("/late.png"), "503"),
        ("http://10.0.0.1/inside.png".to_owned(), "not on the public internet"),
    ] {
        assert!(refused[&path].contains(why), "{path}: {}", refused[&path]);
    }
    // Only what may pass is tried again.
    host.at("/late.png", Reply::ok(png(64, 64)));
    host.at("/huge.png", Reply::ok(png(600, 600)));
    app.advance(chrono::TimeDelta::minutes(2));
    assert_eq!(copy(&app).await, 1);
}
