//! What holds for any bytes that a reader is given. The tests and the fuzz targets call the same four functions.
//!
//! In: bytes. Out: nothing, or a panic that says what does not hold. No clock, so that each failure comes again.

use std::collections::HashSet;

use rapporteur::report::{self, Context, Report};
use rapporteur::source::calendar::{self, Description, Window};
use rapporteur::source::feed::{self, Feed};

/// How often the input may come out again, with its markup: charsets, entities and addresses make it longer.
const GROWTH: usize = 100;
/// What does not depend on the input: words of ours.
const OUR_WORDS: usize = 4_000;

/// Plain text and Markdown, with or without front matter.
pub fn text(bytes: &[u8]) {
    for name in ["a.txt", "a.md"] {
        report(name, bytes);
    }
}

/// Saved web pages.
pub fn html(bytes: &[u8]) {
    report("a.html", bytes);
    let text = String::from_utf8_lossy(bytes);
    let base = "https://example.org/news/".parse().expect("an address");
    for base in [None, Some(&base)] {
        let clean = report::sanitize(&text, base);
        harmless(&clean);
        fits(clean.len(), bytes);
    }
}

/// RSS, Atom and JSON Feed.
pub fn feed(bytes: &[u8]) {
    let base = "https://example.org/news/feed.xml".parse().expect("an address");
    for charset in [None, Some("windows-1251")] {
        let read = feed::read(bytes, charset, &base);
        assert_eq!(read, feed::read(bytes, charset, &base), "read twice");
        match read {
            Ok(feed) => items(&feed, bytes),
            Err(problem) => fits(problem.to_string().len(), bytes),
        }
    }
}

/// iCalendar, in half a year of 2026.
pub fn calendar(bytes: &[u8]) {
    for zone in [None, Some("Europe/Berlin")] {
        let window = Window {
            from: "2026-04-04T08:00:00Z".parse().expect("a time"),
            until: "2026-10-31T08:00:00Z".parse().expect("a time"),
            zone: zone.map(|zone| zone.parse().expect("a zone")),
        };
        let read = calendar::read(bytes, None, &window);
        assert_eq!(read, calendar::read(bytes, None, &window), "read twice");
        if let Ok(calendar) = read {
            events(&calendar, &window, bytes);
        }
    }
}

fn report(name: &str, bytes: &[u8]) {
    let read = report::read(name, bytes, &Context::default());
    assert_eq!(read, report::read(name, bytes, &Context::default()), "read twice");
    match read {
        Ok(report) => fields(&report, bytes),
        Err(refusal) => fits(refusal.to_string().len(), bytes),
    }
}

fn fields(report: &Report, bytes: &[u8]) {
    is_one_line(&report.title);
    harmless(&report.body_html);
    for size in [report.title.len(), report.body_html.len(), report.body_text.len()] {
        fits(size, bytes);
    }
    if let Some(why) = report.provenance.get("summary")
        && why.rule == "first whole sentences of the text"
    {
        let summary = report.summary.as_deref().unwrap_or_default();
        assert!(summary.split_whitespace().count() <= 60 && summary.chars().count() <= 400);
    }
    for image in &report.images {
        assert!(!image.url.is_empty());
    }
    assert!(report.images.len() <= 10);
    assert!(report.provenance.values().all(|why| why.losers.len() <= 4));
    for at in report.published.iter().chain(&report.handling.publish_after) {
        is_of_our_times(at.timestamp());
    }
    for link in report.url.iter().chain(report.translations.iter().map(|one| &one.url)) {
        is_web_address(link);
    }
    let stored = serde_json::to_string(report).expect("reports are stored as JSON");
    let again: Report = serde_json::from_str(&stored).expect("and read from it");
    assert_eq!(again, *report, "stored and read again");
    report::explain_text(report);
}

fn items(feed: &Feed, bytes: &[u8]) {
    assert!(feed.items.len() <= feed::MOST_ENTRIES);
    assert!(feed.skip_hours.iter().all(|hour| *hour < 24));
    assert!(feed.fresh_for.is_none_or(|rest| rest.as_secs() <= 7 * 24 * 3600));
    feed.link.iter().for_each(|link| is_web_address(link));
    feed.title.iter().for_each(|title| is_one_line(title));
    let mut keys = HashSet::new();
    for item in &feed.items {
        assert!(!item.key.is_empty() && keys.insert(&item.key), "each key once");
        assert!(item.topics.len() <= 50);
        item.title.iter().for_each(|title| is_one_line(title));
        for at in item.published.iter().chain(&item.updated) {
            is_of_our_times(at.timestamp());
        }
        for link in item.link.iter().chain(item.enclosures.iter().map(|file| &file.url)) {
            is_web_address(link);
        }
        let html = item.html.as_deref().unwrap_or_default();
        fits(html.len(), bytes);
        harmless(&report::sanitize(html, Some(&item.base)));
    }
}

fn events(calendar: &calendar::Calendar, window: &Window, bytes: &[u8]) {
    assert!(calendar.events.len() <= calendar::MOST_EVENTS);
    assert!(calendar.refused.len() <= 20 && calendar.notes.len() <= 20);
    let in_order = |pair: &[calendar::Announced]| matches!(pair, [a, b] if a.start <= b.start);
    assert!(calendar.events.windows(2).all(in_order), "by their beginning");
    let mut keys = HashSet::new();
    for event in &calendar.events {
        assert!(keys.insert(&event.key), "{:?} is there twice", event.key);
        is_one_line(&event.title);
        assert!(event.title.chars().count() <= 300);
        assert!(event.topics.len() <= 20);
        assert!(event.end.is_none_or(|end| end > event.start));
        // A day more, for zones.
        let last = event.end.unwrap_or(event.start).date.succ_opt();
        assert!(last.is_none_or(|last| last.succ_opt() >= Some(window.from.date_naive())));
        assert!(event.start.date.pred_opt() <= Some(window.until.date_naive()));
        event.url.iter().for_each(|url| is_web_address(url));
        assert!(event.organiser.as_ref().is_none_or(|name| !name.contains('@')));
        if let Description::Plain(text) | Description::Html(text) = &event.description {
            fits(text.len(), bytes);
            harmless(&report::sanitize(text, None));
        }
    }
}

/// Sanitised: no element that does something, no address but those a reader may follow.
fn harmless(html: &str) {
    let html = html.to_lowercase();
    for tag in html.split('<').skip(1) {
        for name in ["script", "style", "iframe", "img", "svg", "object", "form", "!", "?"] {
            assert!(!tag.starts_with(name), "<{name} in sanitised HTML");
        }
        let tag = tag.split('>').next().unwrap_or_default();
        if let Some((_, address)) = tag.split_once(" href=\"") {
            let schemes = ["http:", "https:", "mailto:"];
            assert!(schemes.iter().any(|scheme| address.starts_with(scheme)), "{address:?}");
        }
        // What stands between quotation marks is a value, not the name of an attribute.
        assert!(tag.split('"').step_by(2).all(|names| !names.contains(" on")), "{tag:?}");
    }
}

#[track_caller]
fn is_one_line(text: &str) {
    assert!(!text.trim().is_empty() && !text.contains(char::is_control), "{text:?}");
}

#[track_caller]
fn is_web_address(link: &str) {
    let is_one = link.starts_with("http://") || link.starts_with("https://");
    assert!(is_one, "{link:?} is no web address");
}

/// 1800 to 2199, and two days more for zones.
#[track_caller]
fn is_of_our_times(second: i64) {
    assert!((-5_364_835_200..7_258_291_200).contains(&second), "{second}");
}

#[track_caller]
fn fits(size: usize, bytes: &[u8]) {
    let most = bytes.len() * GROWTH + OUR_WORDS;
    assert!(size <= most, "{} bytes became {size}", bytes.len());
}
