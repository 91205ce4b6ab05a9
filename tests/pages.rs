//! Pages and the rules of HTTP: conditional requests, codings, methods, leaving a list.

#![expect(clippy::expect_used, reason = "a test that fails says so by panicking")]

use std::sync::Arc;
use std::time::Duration;

use rapporteur::report::Report;
use rapporteur::token::Secret;
use rapporteur::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::site::{Answer, Site, config, samples};

const FEED: &str = "/feeds/all.atom";

#[tokio::test]
async fn conditional_requests_are_answered_by_the_book() {
    let site = Site::full().await;
    let plain = site.get(FEED).await.header("etag").to_owned();
    let gzip = site
        .request("GET", FEED, &[("accept-encoding", "gzip")])
        .await
        .header("etag")
        .to_owned();
    assert_ne!(plain, gzip);
    let bare = plain.trim_matches('"');
    let gzip_bare = gzip.trim_matches('"');
    let (none, since) = ("if-none-match", "if-modified-since");
    let coding = ("accept-encoding", "gzip");
    let (weak, suffixed, suffixed_twice) = (
        format!("W/{plain}"),
        format!("\"{bare}-gzip\""),
        format!("\"{bare}--gzip\""),
    );
    let weak_suffixed = format!("W/\"{bare}-gzip\"");
    let (in_list, in_spaced_list) = (format!("\"x\", {plain}, \"y\""), format!("  W/\"x,y\"  ,W/{plain}"));
    let (gzip_weak, gzip_suffixed) = (format!("W/{gzip}"), format!("\"{gzip_bare}-gzip\""));
    // The newest report is of Thu, 30 April 2026, 10:15:30.
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[], 200),
        (&[(none, &plain)], 304),
        (&[(none, &weak)], 304),
        (&[(none, &suffixed)], 304),
        (&[(none, &suffixed_twice)], 304),
        (&[(none, &weak_suffixed)], 304),
        (&[(none, "*")], 304),
        (&[(none, &in_list)], 304),
        (&[(none, &in_spaced_list)], 304),
        (&[(none, "\"x\"")], 200),
        (&[(none, "W/\"x\", \"y\"")], 200),
        (&[(none, bare)], 200),
        (&[(none, "")], 200),
        (&[(none, &gzip)], 200),
        (&[coding, (none, &gzip)], 304),
        (&[coding, (none, &gzip_weak)], 304),
        (&[coding, (none, &gzip_suffixed)], 304),
        (&[coding, (none, &plain)], 200),
        (&[(since, "Thu, 30 Apr 2026 10:15:30 GMT")], 304),
        (&[(since, "Thursday, 30-Apr-26 10:15:30 GMT")], 304),
        (&[(since, "Thu Apr 30 10:15:30 2026")], 304),
        (&[(since, "Sat, 02 May 2026 00:00:00 GMT")], 304),
        (&[(since, "Thu, 30 Apr 2026 10:15:29 GMT")], 200),
        (&[(since, "yesterday")], 200),
        (&[(none, "\"x\""), (since, "Sat, 02 May 2026 00:00:00 GMT")], 200),
        (&[(none, &plain), (since, "Thu, 01 Jan 1970 00:00:00 GMT")], 304),
        (&[(none, "\"x\""), (none, &plain)], 304),
    ];
    for (headers, status) in table {
        let got = site.request("GET", FEED, headers).await;
        assert_eq!(got.status, *status, "{headers:?}");
        let head = site.request("HEAD", FEED, headers).await;
        assert_eq!((head.status, &head.headers), (got.status, &got.headers), "{headers:?}");
        assert!(head.body.is_empty());
        if *status == 304 {
            assert!(got.body.is_empty());
            assert!(!got.headers.contains_key("content-type"));
        }
        let same = site
            .request(
                "GET",
                FEED,
                &headers
                    .iter()
                    .copied()
                    .filter(|(name, _)| *name == coding.0)
                    .collect::<Vec<_>>(),
            )
            .await;
        for name in ["etag", "cache-control", "vary", "last-modified"] {
            assert_eq!(got.header(name), same.header(name), "{name} {headers:?}");
        }
    }
}

#[tokio::test]
async fn gzip_carries_the_same_feed() {
    let site = Site::full().await;
    let plain = site.get("/feeds/all.rss").await;
    let gzip = site
        .request("GET", "/feeds/all.rss", &[("accept-encoding", "br, gzip;q=0.8")])
        .await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(gzip.header("vary"), "accept-encoding, sec-fetch-dest");
    assert_eq!(plain.header("content-encoding"), "");
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzip.body[..]), &mut text).expect("gzip");
    assert_eq!(text, plain.body);
    assert_eq!(plain.header("content-length"), plain.body.len().to_string());
}

#[tokio::test]
async fn a_thousand_requests_ask_the_database_nothing() {
    let site = Site::full().await;
    let etag = site.get("/feeds/events.rss").await.header("etag").to_owned();
    site.store.close().await;
    for _ in 0..500 {
        assert_eq!(site.get("/feeds/events.rss").await.status, 200);
        assert_eq!(
            site.request("GET", "/feeds/events.rss", &[("if-none-match", &etag)])
                .await
                .status,
            304
        );
    }
    assert_eq!(site.get("/").await.status, 200);
}

#[tokio::test]
async fn last_modified_is_never_in_the_future_and_moves_when_something_is_withdrawn() {
    let site = Site::full().await;
    let before = site.get(FEED).await;
    assert_eq!(before.header("last-modified"), "Thu, 30 Apr 2026 10:15:30 GMT");
    withdraw(&site, 5).await;
    assert!(site.app.refresh_if_stale().await.expect("a look"));
    let after = site.get(FEED).await;
    assert_eq!(after.header("last-modified"), "Mon, 04 May 2026 08:00:00 GMT");
    assert_ne!(before.header("etag"), after.header("etag"));
    let client = site
        .request("GET", FEED, &[("if-modified-since", before.header("last-modified"))])
        .await;
    assert_eq!(client.status, 200);

    site.publish(
        "from-the-future",
        "lectures",
        "2030-01-01T00:00:00Z",
        &Report {
            title: "Early".into(),
            ..Report::default()
        },
    )
    .await;
    site.sql("UPDATE report SET published_at = 1, changed_at = 1893456000000 WHERE slug = 'from-the-future'")
        .await;
    site.app.refresh().await.expect("feeds");
    assert_eq!(
        site.get(FEED).await.header("last-modified"),
        "Mon, 04 May 2026 08:00:00 GMT"
    );
}

#[tokio::test]
async fn another_process_is_noticed_and_an_embargo_ends_by_itself() {
    let site = Site::full().await;
    assert!(!site.app.refresh_if_stale().await.expect("a look"));
    site.sql("UPDATE report SET publish_after = 1777885200000 WHERE id = 1")
        .await;
    assert!(site.app.refresh_if_stale().await.expect("a look"));
    assert!(!site.get(FEED).await.text().contains("Rivers Remember"));
    site.clock.advance(chrono::TimeDelta::hours(2));
    assert!(site.app.refresh_if_stale().await.expect("a look"));
    assert!(site.get(FEED).await.text().contains("Rivers Remember"));
}

#[tokio::test]
async fn every_answer_forbids_what_pages_do_not_need() {
    let site = Site::full().await;
    site.release_edition().await;
    let token = site.subscribe_anna().await;
    let unsubscribe = format!("/unsubscribe/{token}");
    for path in [
        "/",
        FEED,
        "/reports/hostile",
        "/editions/events/1",
        &unsubscribe,
        "/livez",
        "/nowhere",
    ] {
        let answer = site.get(path).await;
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_ne!(answer.header("cache-control"), "", "{path}");
    }
    assert_eq!(
        site.get(FEED).await.header("cache-control"),
        "public, max-age=900, stale-while-revalidate=3600"
    );
    let page = site.get(&unsubscribe).await;
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-robots-tag"), "noindex");
}

#[tokio::test]
async fn other_methods_are_refused_with_the_ones_allowed() {
    let site = Site::full().await;
    for (method, path, allow) in [
        ("POST", "/", "GET,HEAD"),
        ("DELETE", FEED, "GET,HEAD"),
        ("OPTIONS", FEED, "GET,HEAD"),
        ("PUT", "/reports/hostile", "GET,HEAD"),
        ("PUT", "/unsubscribe/x", "GET,HEAD,POST"),
        ("POST", "/readyz", "GET,HEAD"),
    ] {
        let answer = site.request(method, path, &[]).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn a_forged_host_leads_nobody_astray() {
    let site = Site::full().await;
    let forged = [
        ("host", "evil.example.com"),
        ("x-forwarded-host", "evil.example.com"),
        ("forwarded", "host=evil.example.com"),
    ];
    for path in ["/", FEED, "/feeds/all.json", "/reports/hostile"] {
        let answer = site.request("GET", path, &forged).await;
        assert_eq!(answer.body, site.get(path).await.body);
        assert!(!answer.text().contains("evil"), "{path}");
    }
}

#[tokio::test]
async fn pages_read_as_they_did() {
    let site = Site::full().await;
    site.release_edition().await;
    let token = site.subscribe_anna().await;
    let unsubscribe = format!("/unsubscribe/{token}");
    let test_link = format!("/unsubscribe/{}", Secret::inert());
    for (path, name) in [
        ("/", "home"),
        ("/reports/what-the-rivers-remember", "report"),
        ("/reports/hostile", "hostile_report"),
        ("/editions/events/1", "edition"),
        (unsubscribe.as_str(), "unsubscribe"),
        (test_link.as_str(), "unsubscribe_test"),
        ("/nowhere", "not_found"),
    ] {
        insta::assert_snapshot!(name, site.get(path).await.text());
    }
    let german = site
        .request(
            "GET",
            "/reports/wer-baut-die-bruecken",
            &[("accept-language", "de-AT, en;q=0.3")],
        )
        .await;
    insta::assert_snapshot!("report_in_german", german.text());
    assert_eq!(german.header("vary"), "accept-encoding, accept-language");
}

#[tokio::test]
async fn a_language_with_a_region_has_the_pages_of_its_language() {
    let mut config = config();
    config.institute.languages = vec!["en".into(), "fr-ch".into()];
    let site = Site::with(config).await;
    for (asked, said) in [
        ("fr-CH, en;q=0.5", "<html lang=\"fr-ch\""),
        ("fr", "Tous les comptes rendus"),
        ("en-GB", "<html lang=\"en\""),
    ] {
        let page = site.request("GET", "/nowhere", &[("accept-language", asked)]).await;
        assert!(page.text().contains(said), "{asked}: {}", page.text());
    }
}

#[tokio::test]
async fn no_page_lets_a_report_run_anything() {
    let site = Site::full().await;
    for path in ["/", "/reports/hostile", "/reports/a-title-with-signs"] {
        let answer = site.get(path).await;
        for bad in [
            "<script>",
            "<img src=x",
            "onclick",
            "javascript:",
            "<b>bold",
            "\u{1}",
            "\u{7}",
        ] {
            assert!(!answer.text().contains(bad), "{bad} in {path}");
        }
    }
}

#[tokio::test]
async fn every_archive_page_leads_to_the_feeds() {
    let site = Site::full().await;
    site.release_edition().await;
    for path in ["/", "/reports/hostile", "/editions/events/1", "/nowhere"] {
        let answer = site.get(path).await;
        let page = scraper::Html::parse_document(answer.text());
        let links = scraper::Selector::parse("head > link[rel=alternate][type='application/atom+xml'][title]")
            .expect("a selector");
        let first = page.select(&links).next().expect(path);
        assert_eq!(first.attr("href"), Some(FEED));
        assert!(!answer.text().contains("internal"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_public_has_no_page() {
    let site = Site::full().await;
    site.release_edition().await;
    site.sql("UPDATE report SET draft = 1 WHERE id = 3").await;
    site.store
        .hold_report(4, "doubtful", site.clock.now())
        .await
        .expect("held");
    for path in [
        "/reports/for-staff",
        "/reports/for-staff-by-wish",
        "/reports/mustaqbal-al-mudun",
        "/reports/hostile",
        "/reports/nothing",
        "/editions/events/2",
        "/editions/events/x",
        "/editions/internal/1",
        "/editions/gone/1",
        "/?page=2",
        "/?page=0",
        "/?page=x",
        "/reports/../../etc/passwd",
    ] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_edition_is_seen_once_it_is_released_and_not_if_it_was_cancelled() {
    let site = Site::full().await;
    site.release_edition().await;
    assert!(site.get("/").await.text().contains("/editions/events/1"));
    for (change, status) in [
        ("UPDATE edition SET state = 'cancelled'", 404),
        ("UPDATE edition SET state = 'sending'", 200),
        ("UPDATE edition SET state = 'waiting', released_at = NULL", 404),
    ] {
        site.sql(change).await;
        site.app.refresh_if_stale().await.expect("a look");
        assert_eq!(site.get("/editions/events/1").await.status, status, "{change}");
        assert_eq!(
            site.get("/").await.text().contains("/editions/events/1"),
            status == 200,
            "{change}"
        );
    }
}

#[tokio::test]
async fn editions_of_a_list_that_is_configured_no_longer_stay_if_it_was_public() {
    for (public, status) in [(true, 200), (false, 404)] {
        let mut config = config();
        config.lists.shift_remove("events");
        let site = Site::with(config).await;
        for (name, source, dated, report) in samples().iter().take(2) {
            site.publish(name, source, dated, report).await;
        }
        site.release_edition().await;
        if public {
            site.sql("UPDATE edition SET settings = '{\"public\":true,\"list_title\":\"Events of old\"}'")
                .await;
        }
        site.app.refresh().await.expect("feeds");
        let page = site.get("/editions/events/1").await;
        assert_eq!(page.status, status);
        assert_eq!(page.text().contains("Events of old, no. 1"), public);
        let home = site.get("/").await;
        assert_eq!(home.text().contains("<h3>Events of old</h3>"), public);
        assert_eq!(home.text().contains("/editions/events/1"), public);
    }
}

#[tokio::test]
async fn a_withdrawn_report_is_gone_and_its_edition_says_so() {
    let site = Site::full().await;
    site.release_edition().await;
    withdraw(&site, 1).await;
    site.app.refresh().await.expect("feeds");
    let gone = site.get("/reports/what-the-rivers-remember").await;
    assert_eq!(gone.status, 410);
    insta::assert_snapshot!("gone", gone.text());
    let edition = site.get("/editions/events/1").await;
    assert_eq!(edition.status, 200);
    assert!(
        !edition.text().contains("As it was sent"),
        "the mail would still show it"
    );
    insta::assert_snapshot!("edition_with_withdrawn", edition.text());
    assert!(!site.get("/").await.text().contains("Rivers Remember"));
}

#[tokio::test]
async fn the_archive_is_paged() {
    let site = Site::empty().await;
    assert!(site.get("/").await.text().contains("No report has been published yet."));
    for number in 1..=45 {
        let report = Report {
            title: format!("Report {number}."),
            ..Report::default()
        };
        site.publish(
            &format!("report-{number}"),
            "lectures",
            &format!("2026-01-01T00:{number:02}:00Z"),
            &report,
        )
        .await;
    }
    site.app.refresh().await.expect("feeds");
    let count = |answer: &Answer| answer.text().matches("href=\"/reports/").count();
    let (one, two, three) = (
        site.get("/").await,
        site.get("/?page=2").await,
        site.get("/?page=3").await,
    );
    assert_eq!((count(&one), count(&two), count(&three)), (20, 20, 5));
    assert!(one.text().contains("Report 45.") && one.text().contains("rel=\"next\" href=\"/?page=2\""));
    assert!(two.text().contains("rel=\"prev\" href=\"/\"") && two.text().contains("href=\"/?page=3\""));
    assert!(three.text().contains("Report 1.") && !three.text().contains("rel=\"next\""));
    assert_eq!(site.get("/?page=4").await.status, 404);
}

#[tokio::test]
async fn one_click_works_in_both_encodings_with_nothing_else_and_twice() {
    const MULTIPART: &str =
        "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    for (media_type, body) in [
        (Some("application/x-www-form-urlencoded"), "List-Unsubscribe=One-Click"),
        (Some("multipart/form-data; boundary=b"), MULTIPART),
        (None, ""),
    ] {
        let site = Site::full().await;
        let path = format!("/unsubscribe/{}", site.subscribe_anna().await);
        assert_eq!(left(&site).await, 0);
        for _ in 0..2 {
            let answer = site.post(&path, media_type, body).await;
            assert_eq!(answer.status, 200, "{media_type:?}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.text().contains("anna.weber"));
        }
        assert_eq!(left(&site).await, 1);
        assert_eq!(
            site.number("SELECT COUNT(*) FROM consent WHERE what = 'left' AND how = 'one-click'")
                .await,
            1
        );
        assert_eq!(site.get(&path).await.status, 200, "a used link still works");
    }
}

#[tokio::test]
async fn the_page_offers_all_lists() {
    let site = Site::full().await;
    let path = format!("/unsubscribe/{}", site.subscribe_anna().await);
    let page = site.get(&path).await;
    assert!(page.text().contains("a…@example.org") && !page.text().contains("anna.weber"));
    let answer = site
        .post(&path, Some("application/x-www-form-urlencoded"), "from=page&scope=all")
        .await;
    insta::assert_snapshot!("unsubscribed_from_all", answer.text());
    assert_eq!(left(&site).await, 2);
    assert_eq!(site.number("SELECT COUNT(*) FROM consent WHERE how = 'page'").await, 2);
}

#[tokio::test]
async fn leaving_all_lists_leaves_those_no_longer_configured_too() {
    let site = Site::full().await;
    let path = format!("/unsubscribe/{}", site.subscribe_anna().await);
    site.sql(
        "INSERT INTO subscription (list, subscriber_id, state, since_report, started_at) VALUES ('retired', 7, 'active', 0, 0)",
    )
    .await;
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(site.post(&path, form, "from=page&scope=all").await.status, 200);
    assert_eq!(left(&site).await, 3);
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let site = Site::full().await;
    let path = format!("/unsubscribe/{}", site.subscribe_anna().await);
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        for query in ["", "?List-Unsubscribe=One-Click", "?scope=all"] {
            site.request(method, &format!("{path}{query}"), &[]).await;
        }
    }
    assert_eq!(left(&site).await, 0);
    assert_eq!(site.number("SELECT COUNT(*) FROM consent").await, 0);
}

#[tokio::test]
async fn a_wrong_token_tells_nothing() {
    let site = Site::full().await;
    let token = site.subscribe_anna().await;
    let unknown = site.get("/unsubscribe/unknown").await;
    assert_eq!(unknown.status, 404);
    let mut altered = token.clone();
    let last = if altered.pop() == Some('a') { 'e' } else { 'a' };
    altered.push(last);
    for wrong in [
        altered,
        Secret::from_bytes([8; 32]).unsubscribe("events", 7),
        format!("{token}a"),
        site.secret.unsubscribe("events", 99),
        "%00".to_owned(),
        "a".repeat(5000),
    ] {
        for method in ["GET", "POST"] {
            let answer = site.request(method, &format!("/unsubscribe/{wrong}"), &[]).await;
            assert_eq!(
                (answer.status, &answer.body),
                (unknown.status, &unknown.body),
                "{method} {wrong}"
            );
        }
    }
    assert_eq!(left(&site).await, 0);
}

#[tokio::test]
async fn without_a_database_nobody_is_told_that_they_left() {
    let site = Site::full().await;
    let path = format!("/unsubscribe/{}", site.subscribe_anna().await);
    assert_eq!(site.get("/readyz").await.status, 200);
    site.store.close().await;
    for answer in [
        site.post(&path, None, "").await,
        site.get(&path).await,
        site.get("/readyz").await,
        site.get("/reports/hostile").await,
        site.get("/editions/events/1").await,
    ] {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), "60");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.text().contains("You have left"));
    }
    assert_eq!(site.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let site = Site::full().await;
    let path = format!("/unsubscribe/{}", site.subscribe_anna().await);
    let body: &'static str = Box::leak("x".repeat(70_000).into_boxed_str());
    assert_eq!(site.post(&path, None, body).await.status, 413);
    assert_eq!(left(&site).await, 0);
}

#[tokio::test]
async fn the_export_holds_every_page_and_takes_back_what_was_withdrawn() {
    let site = Site::full().await;
    site.release_edition().await;
    let folder = site.folder.path().join("out");
    web::export(&site.app, &folder, false).await.expect("an export");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    assert_eq!(read("feeds/all.rss"), site.get("/feeds/all.rss").await.text());
    assert_eq!(read("feeds/lang/ar.json"), site.get("/feeds/lang/ar.json").await.text());
    assert!(read("index.html").contains("/reports/what-the-rivers-remember"));
    assert!(read("editions/events/1/index.html").contains("As it was sent."));
    let report = "reports/what-the-rivers-remember/index.html";
    assert!(read(report).contains("Three cities compared"));
    assert!(!folder.join("reports/for-staff").exists());
    withdraw(&site, 1).await;
    web::export(&site.app, &folder, false).await.expect("an export");
    assert!(!read(report).contains("Three cities compared") && read(report).contains("withdrawn"));
}

#[tokio::test]
async fn a_socket_is_served_until_the_end_and_long_headers_are_refused() {
    let site = Site::full().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let cancel = CancellationToken::new();
    let server = tokio::spawn(web::serve(
        listener,
        web::router(Arc::clone(&site.app)),
        Arc::clone(&site.app),
        cancel.clone(),
    ));
    let ask = async |request: String| {
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        // A server that refuses may reset the connection after its answer.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = ask("GET /feeds/all.rss HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into()).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("<rss"),
        "{answer}"
    );
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    assert!(ask(long).await.starts_with("HTTP/1.1 431"));
    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(5), server)
        .await
        .expect("an end")
        .expect("no panic");
}

async fn withdraw(site: &Site, id: i64) {
    let mut tx = site.store.begin().await.expect("a transaction");
    site.store
        .withdraw_report(&mut tx, id, site.clock.now())
        .await
        .expect("withdrawn");
    tx.commit().await.expect("a commit");
}

async fn left(site: &Site) -> i64 {
    site.number("SELECT COUNT(*) FROM subscription WHERE state = 'left'")
        .await
}
