//! What sources do wrong, and what it costs: one poll of that source, with a sentence that says why (FLT-15, FLT-16).
//!
//! Each case that is asked for, and the test that has it; those without a module stand here.
//!
//! | case | test |
//! |---|---|
//! | offline | `a_source_that_is_offline_is_named_and_asked_again` |
//! | one byte a second, no answer at all | `who_dawdles_is_left_after_a_minute` |
//! | an answer without end | `whatever_a_source_does_costs_one_poll_of_it_and_says_why` ("the same" below) |
//! | bombs in gzip and brotli | the same, and `source::fetch::unpack` |
//! | redirects in a loop, of one address and of two | the same |
//! | a redirect to 127.0.0.1 | the same |
//! | a name that leads inside after a change of DNS | `a_name_is_judged_each_time_it_is_asked_for`, `source::fetch::guard` |
//! | DNS failure | `a_name_is_judged_each_time_it_is_asked_for` |
//! | HTML instead of XML | the same |
//! | random bytes | the same; `feedsource::anything`, `calendarsource`, `report::bad_input` with other bytes each time |
//! | entities that multiply | the same; `feedsource::bad_input::entities_of_its_own_make_a_feed_refused_at_once` |
//! | valid and empty | `a_feed_that_is_suddenly_empty_takes_nothing_back`, `calendarsource::web` |
//! | 500 old items under new guids | `websources::a_flood_of_old_items_under_new_guids_and_links_is_held` |
//! | a rule that recurs without end | `calendarsource::rules_without_end_or_sense_cost_nothing` |
//! | 100,000 events | `calendarsource::a_hundred_thousand_events_are_bounded`, `calendarsource::web` |
//! | 100,000 entries | `feedsource::bad_input::of_a_hundred_thousand_entries_the_first_thousand_are_taken` |
//! | windows-1251 and Shift_JIS under wrong headers | `pages_in_old_charsets_are_read_whatever_their_headers_say`, `feedsource::charsets` |
//! | a date 300 years off | `a_date_three_hundred_years_off_is_no_date`, `calendarsource::a_bad_event_costs_no_other`, `feedsource::dialects` |

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rapporteur::feed::Scope;
use rapporteur::publish::{self, Collected};
use rapporteur::source::fetch::{Error, Fetcher, Guard, Names, Request};

use crate::app::{EVENTS, REPORTS, TestApp};
use crate::webhost::{Reply, WebHost};

const CONTACT: &str = "https://news.example.org";

/// 200 MB of blanks in 317 bytes, by the brotli of its authors: there is no packer among what we build upon.
const BROTLI_BOMB: &[u8] = include_bytes!("fixtures/packed/200_megabytes_of_blanks.br");

pub(crate) fn gzip_bomb() -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, &vec![b' '; 200 << 20]).unwrap();
    packer.finish().unwrap()
}

/// The same at each run, and no form of anything.
fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().update(b"faults").finalize_xof().fill(&mut bytes);
    bytes
}

/// A feed with one item for each title.
pub(crate) fn feed_of(titles: &[&str]) -> Reply {
    let items: String = titles
        .iter()
        .map(|title| {
            format!(
                "<item><title>{title}</title><guid>{title}</guid><pubDate>Sun, 03 May 2026 09:00:00 +0000</pubDate>\
                 <description>What was said of {title} in the great hall, in full.</description></item>"
            )
        })
        .collect();
    Reply::ok(format!(
        "<rss version=\"2.0\"><channel><title>Site</title><language>en</language>{items}</channel></rss>"
    ))
}

/// Which addresses names have; what is not told does not exist.
#[derive(Clone, Default)]
pub(crate) struct Dns(Arc<Mutex<std::collections::HashMap<String, Vec<IpAddr>>>>);

impl Dns {
    pub(crate) fn says(&self, name: &str, address: &str) {
        let address = address.parse().unwrap();
        self.0.lock().unwrap().insert(name.to_owned(), vec![address]);
    }

    pub(crate) fn fetcher(&self, internal: &[&str]) -> Fetcher {
        let internal: Vec<String> = internal.iter().map(|&name| name.to_owned()).collect();
        Fetcher::new(CONTACT, Guard::new(&internal, Names::Fixed(self.0.clone()))).unwrap()
    }
}

/// A feed each at these addresses.
fn feeds_at(sources: &[(&str, &str)]) -> String {
    let sources: String = sources
        .iter()
        .map(|(name, url)| {
            format!(
                "[sources.{name}]\nkind = \"feed\"\nurl = \"{url}\"\nbackfill = \"all\"\nsettle = \"0s\"\n\
                 full_text = \"feed\"\n"
            )
        })
        .collect();
    format!("{REPORTS}{sources}{EVENTS}")
}

async fn poll(app: &TestApp, fetcher: &Fetcher, source: &str) -> Collected {
    let names = [source.to_owned()];
    let mut all = publish::collect_web(&app.house, fetcher, &names, false).await.unwrap();
    assert_eq!(all.len(), 1, "{source} is due");
    all.remove(0)
}

#[tokio::test]
async fn whatever_a_source_does_costs_one_poll_of_it_and_says_why() {
    let (host, neighbour) = (WebHost::start().await, WebHost::start().await);
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    dns.says("neighbour.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org", "neighbour.example.org"]);
    let at = |host: &WebHost, name: &str, path: &str| format!("http://{name}:{}{path}", host.address.port());
    let site = at(&host, "site.example.org", "/feed");
    let configuration = feeds_at(&[
        ("site", &site),
        ("neighbour", &at(&neighbour, "neighbour.example.org", "/feed")),
    ]);
    let app = TestApp::with(&configuration).await;
    host.at("/feed", feed_of(&["Rivers"]));
    assert_eq!(poll(&app, &fetcher, "site").await.new, 1);
    publish::publish_settled(&app.house, false).await.unwrap();

    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs =
        format!("<!DOCTYPE rss [<!ENTITY l0 \"ha\">{laughs}]><rss><channel><title>&l9;</title></channel></rss>");
    let page =
        "<!doctype html><html><head><link rel=alternate type=\"application/rss+xml\" href=\"/real.xml\"></head></html>";
    host.at("/there", Reply::redirect(301, "/feed"));
    host.at("/inside", feed_of(&["What nobody else may read"]));
    let inside = host.url("/inside");
    let faults = [
        (Reply::ok("").endless(), "larger than 10 MB"),
        (
            Reply::ok(gzip_bomb()).with("Content-Encoding", "gzip"),
            "times its size",
        ),
        (Reply::ok(BROTLI_BOMB).with("Content-Encoding", "br"), "times its size"),
        (
            Reply::ok(random_bytes(64 << 10)).with("Content-Encoding", "br"),
            "packed wrongly",
        ),
        (Reply::redirect(302, "/feed"), "more than 5 redirects"),
        (Reply::redirect(308, "/there"), "more than 5 redirects"),
        (
            Reply::redirect(302, &inside),
            "127.0.0.1, which is not on the public internet",
        ),
        (
            Reply::redirect(301, "http://10.0.0.1/feed"),
            "not on the public internet",
        ),
        (Reply::redirect(302, "file:///etc/passwd"), "no http or https address"),
        (Reply::new(301, ""), "without saying where"),
        (Reply::ok(page), "/real.xml"),
        (Reply::ok(""), "empty"),
        (Reply::ok("{\"items\": 3}"), "no JSON Feed"),
        (Reply::ok(random_bytes(64 << 10)), "neither XML nor JSON"),
        (Reply::ok(laughs), "declares entities"),
        (
            Reply::ok(format!("<rss>{}", "<a>".repeat(100_000))),
            "nested more than 256 deep",
        ),
        (Reply::new(500, ""), "answered 500"),
    ];
    for (n, (fault, why)) in faults.into_iter().enumerate() {
        // Longer than any pause after failures.
        app.advance(TimeDelta::hours(27));
        host.at("/feed", fault);
        let title = format!("Bridges {n}");
        neighbour.at("/feed", feed_of(&[&title]));
        let all = publish::collect_web(&app.house, &fetcher, &[], false).await.unwrap();
        assert_eq!(all.len(), 2, "{why}: both are due");
        let of = |name: &str| all.iter().find(|collected| collected.source == name).unwrap();
        let error = of("site").error.as_deref().unwrap_or("no error");
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!((of("neighbour").new, &of("neighbour").error), (1, &None), "{why}");
        let state = app.house.store.find_source("site").await.unwrap();
        assert_eq!(state.last_error.as_deref(), Some(error), "status shows it");
        assert!(app.feed(Scope::All).await.contains("What was said of Rivers"), "{why}");
    }
    assert!(host.asked().iter().all(|head| !head.starts_with("GET /inside")));

    // And as if nothing had been.
    app.advance(TimeDelta::hours(27));
    host.at("/feed", feed_of(&["Rivers", "Ferries"]));
    let collected = poll(&app, &fetcher, "site").await;
    assert_eq!((collected.new, collected.unchanged, collected.error), (1, 1, None));
    assert_eq!(app.house.store.find_source("site").await.unwrap().last_error, None);
    assert_eq!(app.stored(1).await.revision, 1);
}

#[tokio::test]
async fn a_source_that_is_offline_is_named_and_asked_again() {
    // Nobody listens here any more.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org"]);
    let url = format!("http://site.example.org:{port}/feed");
    let app = TestApp::with(&feeds_at(&[("site", &url)])).await;
    let error = poll(&app, &fetcher, "site").await.error.unwrap();
    assert!(error.contains("cannot be reached"), "{error}");
    let state = app.house.store.find_source("site").await.unwrap();
    assert_eq!((state.polling.failures, state.last_error), (1, Some(error)));
    let next = state.polling.next_at.unwrap() - app.now();
    assert!(next > TimeDelta::hours(1) && next < TimeDelta::hours(3), "{next}");
}

/// By the clock of the runtime, which jumps to where somebody waits for it.
#[tokio::test(start_paused = true)]
async fn who_dawdles_is_left_after_a_minute() {
    let host = WebHost::start().await;
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org"]);
    host.at("/drip", Reply::ok(vec![b' '; 10_000]).dripping());
    host.at("/silent", Reply::silent());
    // Each hop of a redirect takes from the same minute.
    host.at("/round", Reply::redirect(302, "/drip"));
    for path in ["/drip", "/silent", "/round"] {
        let url = format!("http://site.example.org:{}{path}", host.address.port());
        let url = url.parse().unwrap();
        let request = Request {
            url: &url,
            accept: "*/*",
            home: Some("site.example.org"),
            robots: false,
            validators: None,
        };
        let began = tokio::time::Instant::now();
        let error = fetcher.fetch(&request, DateTime::<Utc>::UNIX_EPOCH).await.unwrap_err();
        assert!(matches!(error, Error::Slow(_)), "{path}: {error}");
        assert!(error.is_passing());
        let took = began.elapsed();
        assert!(
            took >= Duration::from_secs(60) && took < Duration::from_secs(62),
            "{path}: {took:?}"
        );
    }
}

#[tokio::test]
async fn a_name_is_judged_each_time_it_is_asked_for() {
    let host = WebHost::start().await;
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org"]);
    let at = |name: &str, path: &str| format!("http://{name}:{}{path}", host.address.port());
    host.at("/feed", Reply::redirect(302, &at("elsewhere.example.net", "/secret")));
    host.at("/secret", feed_of(&["What nobody else may read"]));
    let app = TestApp::with(&feeds_at(&[("site", &at("site.example.org", "/feed"))])).await;

    // First the name is not there at all.
    let error = poll(&app, &fetcher, "site").await.error.unwrap();
    assert!(error.contains("cannot be reached"), "{error}");
    assert!(error.contains("no such name: elsewhere.example.net"), "{error}");

    // Then its owner lets it lead inside.
    for address in ["127.0.0.1", "192.168.7.7", "::1", "::ffff:127.0.0.1", "169.254.169.254"] {
        dns.says("elsewhere.example.net", address);
        app.advance(TimeDelta::hours(27));
        let error = poll(&app, &fetcher, "site").await.error.unwrap();
        assert!(error.contains("not on the public internet"), "{address}: {error}");
    }
    // Also the source's own, which was an address of the internet when staff entered it.
    let outside = dns.fetcher(&[]);
    app.advance(TimeDelta::hours(27));
    let error = poll(&app, &outside, "site").await.error.unwrap();
    assert!(error.contains("site.example.org is at 127.0.0.1"), "{error}");
    assert!(host.asked().iter().all(|head| !head.starts_with("GET /secret")));
}

#[tokio::test]
async fn a_feed_that_is_suddenly_empty_takes_nothing_back() {
    let host = WebHost::start().await;
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org"]);
    let url = format!("http://site.example.org:{}/feed", host.address.port());
    let mut app = TestApp::with(&feeds_at(&[("site", &url)])).await;
    app.people("events", &["anna.weber@example.org"]).await;
    host.at("/feed", feed_of(&["Rivers", "Bridges"]));
    assert_eq!(poll(&app, &fetcher, "site").await.new, 2);
    assert_eq!(app.send("events").await, Some(1));
    let before = app.feed(Scope::All).await;

    let empty_atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Site</title></feed>";
    let empty_json = "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"Site\", \"items\": []}";
    for empty in [feed_of(&[]), Reply::ok(empty_atom), Reply::ok(empty_json)] {
        app.advance(TimeDelta::hours(2));
        host.at("/feed", empty);
        let collected = poll(&app, &fetcher, "site").await;
        assert_eq!((collected.new, collected.changed, collected.error), (0, 0, None));
        assert_eq!(app.feed(Scope::All).await, before);
        let origins = app.house.store.list_origins("site").await.unwrap();
        assert_eq!(
            (origins.len(), origins.iter().filter(|origin| origin.gone).count()),
            (2, 0)
        );
    }
    // They come back, and are no news.
    app.advance(TimeDelta::hours(2));
    host.at("/feed", feed_of(&["Rivers", "Bridges"]));
    let collected = poll(&app, &fetcher, "site").await;
    assert_eq!((collected.new, collected.changed, collected.unchanged), (0, 0, 2));
    assert_eq!(app.send("events").await, None);
    assert_eq!(app.mails().len(), 1);
}

#[tokio::test]
async fn pages_in_old_charsets_are_read_whatever_their_headers_say() {
    let host = WebHost::start().await;
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org"]);
    let texts = [
        (
            encoding_rs::WINDOWS_1251,
            "Кому принадлежит река?",
            "Круглый стол прошёл в Вене, его участники говорили о воде и о дорогах.",
        ),
        (
            encoding_rs::SHIFT_JIS,
            "川は誰のものか",
            "円卓会議はウィーンで開かれ、参加者は水と道について話し合いました。",
        ),
    ];
    for (encoding, title, text) in texts {
        let other = match encoding == encoding_rs::SHIFT_JIS {
            true => "euc-jp",
            false => "Shift_JIS",
        };
        for header in [None, Some("utf-8"), Some("ISO-8859-1"), Some("nonsense"), Some(other)] {
            let html = format!(
                "<html><head><meta charset=\"{}\"><title>{title}</title></head><body><main><h1>{title}</h1>\
                 <p>12 March 2026, 18:30</p><p>{text}</p></main></body></html>",
                encoding.name()
            );
            let kind = header.map_or("text/html".to_owned(), |header| format!("text/html; charset={header}"));
            host.at(
                "/rivers",
                Reply::ok(encoding.encode(&html).0.into_owned()).with("Content-Type", &kind),
            );
            let url = format!("http://site.example.org:{}/rivers", host.address.port());
            let source = format!("[sources.site]\nkind = \"pages\"\npages = [\"{url}\"]\nbackfill = \"all\"\n");
            let app = TestApp::with(&format!("{REPORTS}{source}{EVENTS}")).await;
            let collected = poll(&app, &fetcher, "site").await;
            assert_eq!(collected.new, 1, "{} as {header:?}: {collected:?}", encoding.name());
            let report = app.stored(1).await.report;
            assert_eq!(report.title, title, "{} as {header:?}", encoding.name());
            assert!(
                report.body_text.contains(text),
                "{} as {header:?}: {}",
                encoding.name(),
                report.body_text
            );
        }
    }
}

#[tokio::test]
async fn a_date_three_hundred_years_off_is_no_date() {
    let host = WebHost::start().await;
    let dns = Dns::default();
    dns.says("site.example.org", "127.0.0.1");
    let fetcher = dns.fetcher(&["site.example.org"]);
    let url = format!("http://site.example.org:{}/feed", host.address.port());
    let mut app = TestApp::with(&feeds_at(&[("site", &url)])).await;
    app.people("events", &["anna.weber@example.org"]).await;
    let item = |title: &str, date: &str| {
        format!(
            "<item><title>{title}</title><guid>{title}</guid><pubDate>{date}</pubDate>\
             <description>What was said of {title} in the great hall, in full.</description></item>"
        )
    };
    let items = [
        item("Rivers", "Thu, 03 May 2326 09:00:00 +0000"),
        item("Bridges", "Mon, 03 May 1726 09:00:00 +0000"),
        item("Ferries", "Sun, 03 May 2026 09:00:00 +0000"),
    ];
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>Site</title>{}</channel></rss>",
        items.concat()
    );
    host.at("/feed", Reply::ok(feed));
    let collected = poll(&app, &fetcher, "site").await;
    assert_eq!((collected.new, collected.refused.len()), (3, 0));
    for (title, year) in [("Rivers", None), ("Bridges", None), ("Ferries", Some("2026"))] {
        let report = app.stored(app.id(title).await).await.report;
        let stated = report.published.map(|at| at.format("%Y").to_string());
        assert_eq!(stated.as_deref(), year, "{title}");
    }
    // Readers see when we first saw them, and everybody is told of all three.
    assert_eq!(app.send("events").await, Some(1));
    assert_eq!(app.items("events", 1).await, ["Bridges", "Ferries", "Rivers"]);
    let atom = app.feed(Scope::All).await;
    assert!(!atom.contains("2326-") && !atom.contains("1726-"), "{atom}");
}
