//! The samples that page templates are tried with, between them every branch; and what a page must not lack.
//!
//! Each is tried in every language that has words, and has the fields that the handlers of `pages.rs`, `edition.rs`, `decide.rs`, `error.rs` and `unsubscribe.rs` give, inside the
//! frame that `App::render` adds. A field that a template uses and no handler gives is found by the tests of the pages.

use serde_json::{Value, json};

use crate::render::{Entry, Templates, direction};

/// The page templates, each with its samples and rules.
pub(crate) fn templates() -> Vec<Entry> {
    let entry = |name, samples: fn(&Templates) -> Vec<Value>| Entry {
        name,
        samples,
        rules: |_| Vec::new(),
    };
    vec![
        entry("web/home.html", home),
        entry("web/feeds.html", feeds),
        entry("web/report.html", report),
        entry("web/edition.html", edition),
        entry("web/edition_withdrawn.html", edition_withdrawn),
        entry("web/error.html", problem),
        entry("web/gone.html", problem),
        Entry {
            rules: leaving,
            ..entry("web/unsubscribe.html", unsubscribe)
        },
        Entry {
            rules: posting,
            ..entry("web/subscribe.html", subscribe)
        },
        entry("web/asked.html", |templates| framed(templates, json!({}))),
        Entry {
            rules: posting,
            ..entry("web/confirm.html", confirm)
        },
        entry("web/confirmed.html", |templates| {
            framed(
                templates,
                json!({ "lists": ["Events of the institute", "Open lectures"] }),
            )
        }),
        entry("web/confirm_over.html", |templates| framed(templates, json!({}))),
        Entry {
            rules: posting,
            ..entry("web/preferences.html", preferences)
        },
        Entry {
            rules: posting,
            ..entry("web/preferences_link.html", |templates| {
                let page =
                    |wrong: bool| framed(templates, json!({ "email": "a\"b", "wrong": wrong, "stamp": "sample" }));
                [page(false), page(true)].concat()
            })
        },
        entry("web/decide.html", decide),
        entry("web/unsubscribed.html", unsubscribed),
        entry("web/unsubscribe_test.html", |templates| framed(templates, json!({}))),
        entry("web/style.css", |_| vec![json!({})]),
    ]
}

/// Looking at the page must change nothing, so the way out is a form that posts (LST-03).
fn leaving(html: &str) -> Vec<String> {
    let document = scraper::Html::parse_document(html);
    let button = scraper::Selector::parse("form[method=post i] button[name=scope][value=list]");
    match button.is_ok_and(|button| document.select(&button).next().is_some()) {
        true => Vec::new(),
        false => vec![
            "has no way to leave; write <form method=\"post\"> with <button name=\"scope\" value=\"list\">".to_owned(),
        ],
    }
}

/// The button that does what the page is for.
fn posting(html: &str) -> Vec<String> {
    let document = scraper::Html::parse_document(html);
    let button = scraper::Selector::parse("form[method=post i] button");
    match button.is_ok_and(|button| document.select(&button).next().is_some()) {
        true => Vec::new(),
        false => vec!["has no <form method=\"post\"> with a <button>".to_owned()],
    }
}

/// A page's fields inside the frame of all pages, once in each language.
fn framed(templates: &Templates, page: Value) -> Vec<Value> {
    let of = |language: &str| {
        let mut framed = json!({
            "lang": language,
            "dir": direction(language),
            "institute": "Example Institute",
            "base": "/news",
            "style": "style-sample.css",
            "feeds": [
                { "path": "all", "title": "Example Institute", "list": null },
                { "path": "events", "title": "Events of the institute", "list": "events" },
            ],
            "canonical": null,
        });
        if let (Value::Object(framed), Value::Object(page)) = (&mut framed, &page) {
            framed.extend(page.clone());
        }
        framed
    };
    templates.words().languages().map(of).collect()
}

fn home(templates: &Templates) -> Vec<Value> {
    let editions = json!([{ "path": "/editions/events/1", "number": 1, "date": "4 May 2026" }]);
    [
        framed(
            templates,
            json!({
                "reports": [
                    {
                        "slug": "sample",
                        "title": "Sample round table",
                        "language": "en",
                        "dir": "ltr",
                        "event_line": "Exampleton, 4 May 2026",
                        "summary": "Two speakers and a full room.",
                    },
                    {
                        "slug": "bare",
                        "title": "A title and nothing else",
                        "language": "",
                        "dir": "ltr",
                        "event_line": "",
                        "summary": "",
                    },
                ],
                "lists": [
                    {
                        "title": "Events of the institute",
                        "description": "What was said, once a week.",
                        "editions": editions,
                        "older": editions,
                    },
                    { "title": "Lectures", "description": null, "editions": editions, "older": [] },
                ],
                "can_join": true,
                "page": 1,
                "pages": 3,
                "newer": null,
                "older": "/?page=2",
            }),
        ),
        framed(
            templates,
            json!({ "reports": [], "lists": [], "can_join": false, "page": 2, "pages": 2, "newer": "/", "older": null }),
        ),
        framed(
            templates,
            json!({ "reports": [], "lists": [], "can_join": false, "page": 1, "pages": 1, "newer": null, "older": null }),
        ),
    ]
    .concat()
}

fn report(templates: &Templates) -> Vec<Value> {
    [
        framed(
            templates,
            json!({
                "title": "Sample round table",
                "report_lang": "en",
                "report_dir": "ltr",
                "series": "Series A",
                "event_line": "Exampleton, 4 May 2026",
                "summary": "Two speakers and a full room.",
                "people": [
                    { "name": "Ada Example", "role": "host", "affiliation": "Example Institute" },
                    { "name": "Ben Example", "role": null, "affiliation": null },
                ],
                "topics": ["Energy", "Cities"],
                "body_html": "<p>What was said.</p>",
                "pictures": [
                    { "name": "a.png", "alt": "The room", "caption": "The room, full", "width": 800, "height": 600 },
                    { "name": "b.png", "alt": "", "caption": null, "width": 800, "height": 600 },
                ],
                "translations": [{ "slug": "muster", "language": "de", "title": "Ein runder Tisch" }],
                "related": [
                    { "title": "Earlier round table", "url": "https://example.org/earlier" },
                    { "title": "A book", "url": null },
                ],
                "author": "Eve Example",
                "published": "4 May 2026",
                "updated": "6 May 2026",
                "source": "https://example.org/sample",
                "source_host": "example.org",
                "linked_data": "{}",
                "canonical": "https://example.org/sample",
            }),
        ),
        framed(
            templates,
            json!({
                "title": "A title and a summary",
                "report_lang": null,
                "report_dir": "ltr",
                "series": null,
                "event_line": null,
                "summary": "Two speakers and a full room.",
                "people": [],
                "topics": [],
                "body_html": "",
                "pictures": [],
                "translations": [],
                "related": [],
                "author": null,
                "published": null,
                "updated": null,
                "source": null,
                "source_host": null,
                "linked_data": "{}",
                "canonical": "https://news.example.org/reports/bare",
            }),
        ),
    ]
    .concat()
}

fn feeds(templates: &Templates) -> Vec<Value> {
    let all = json!([{ "path": "all", "title": "Example Institute" }]);
    let topics = json!([{ "path": "topic/energy", "title": "Example Institute: Energy" }]);
    let groups = json!([{ "heading": "", "feeds": all }, { "heading": "web-topics", "feeds": topics }]);
    framed(
        templates,
        json!({ "groups": groups, "canonical": "https://news.example.org/feeds/" }),
    )
}

fn of_edition(templates: &Templates, part: &str) -> Vec<Value> {
    framed(
        templates,
        json!({
            "part": part,
            "list": "Events of the institute",
            "list_name": "events",
            "number": 1,
            "date": "4 May 2026",
            "canonical": "https://news.example.org/editions/events/1",
            "reports": [
                { "withdrawn": false, "slug": "sample", "title": "Sample round table" },
                { "withdrawn": true },
            ],
        }),
    )
}

fn edition(templates: &Templates) -> Vec<Value> {
    [of_edition(templates, "head"), of_edition(templates, "bar")].concat()
}

fn edition_withdrawn(templates: &Templates) -> Vec<Value> {
    of_edition(templates, "")
}

fn problem(templates: &Templates) -> Vec<Value> {
    let say = |key: &str| templates.words().word("en", key);
    framed(
        templates,
        json!({ "status": 404, "heading": say("web-not-found"), "text": say("web-not-found-text") }),
    )
}

fn decide(templates: &Templates) -> Vec<Value> {
    let page = |choice: &str, may: bool, done: bool, refused: bool| {
        framed(
            templates,
            json!({
                "choice": choice, "list": "Events of the institute", "number": 12, "people": 340,
                "titles": ["The river and its city"], "due": "2026-06-01 06:00 UTC",
                "may": may, "done": done, "refused": refused,
            }),
        )
    };
    [
        page("approve", true, false, false),
        page("hold", true, false, false),
        page("approve", false, true, false),
        page("hold", false, true, false),
        page("hold", false, false, true),
    ]
    .concat()
}

fn subscribe(templates: &Templates) -> Vec<Value> {
    let list = |chosen: bool| {
        json!({
            "name": "events", "title": "Events of the institute", "description": "What was said, once a week.",
            "cadences": [
                { "word": "weekly", "text": "Weekly", "chosen": true },
                { "word": "daily", "text": "Daily", "chosen": false },
            ],
            "topics": [{ "term": "energy", "label": "Energy", "chosen": chosen }],
            "chosen": chosen,
        })
    };
    let bare = json!({
        "name": "lectures", "title": "Lectures", "description": null, "cadences": [], "topics": [], "chosen": false,
    });
    let page = |lists: Vec<Value>, faults: Value| {
        framed(
            templates,
            json!({
                "email": "ada@example.org", "name": "Ada Example", "lists": lists, "faults": faults,
                "wrong": ["email", "name"],
                "languages": [
                    { "tag": "en", "name": "English", "chosen": true },
                    { "tag": "de", "name": "Deutsch", "chosen": false },
                ],
                "consent": "We use this address to send you the newsletters.", "stamp": "sample", "wording": "sample",
            }),
        )
    };
    let faults = json!([
        { "field": "email", "text": "Please write one mail address." },
        { "field": "name", "text": "Please write the name as one line." },
    ]);
    [page(vec![list(false)], json!([])), page(vec![list(true), bare], faults)].concat()
}

fn confirm(templates: &Templates) -> Vec<Value> {
    let page = |lists: Value, name: Value, is_empty: bool| {
        framed(
            templates,
            json!({ "address": "a…@example.org", "name": name, "lists": lists, "shown": "sample", "is_empty": is_empty, "is_changed": is_empty }),
        )
    };
    let one = json!([{ "name": "events", "title": "Events of the institute", "cadence": "Weekly", "topics": ["Energy"], "chosen": true }]);
    let two = json!([
        { "name": "events", "title": "Events of the institute", "cadence": "Weekly", "topics": ["Energy"], "chosen": true },
        { "name": "lectures", "title": "Lectures", "cadence": null, "topics": [], "chosen": false },
    ]);
    [
        page(one, json!(null), false),
        page(two.clone(), json!("Ada Example"), false),
        page(two, json!(null), true),
    ]
    .concat()
}

fn preferences(templates: &Templates) -> Vec<Value> {
    let list = |is_on: bool, paused_until: Value| {
        json!({
            "name": "events", "title": "Events of the institute", "description": "What was said, once a week.",
            "cadences": [
                { "word": "weekly", "text": "Weekly", "chosen": true },
                { "word": "daily", "text": "Daily", "chosen": false },
            ],
            "topics": [{ "term": "energy", "label": "Energy", "chosen": is_on }],
            "chosen": is_on, "is_on": is_on, "paused_until": paused_until, "tomorrow": "2026-05-05",
            "furthest": "2027-05-05",
        })
    };
    let page = |lists: Value, saved: bool, asked: bool, wrong: bool, is_off: bool| {
        framed(
            templates,
            json!({
                "address": "a…@example.org", "lists": lists, "shown": "{}", "speaks_other": is_off,
                "consent": "We use this address to send you the newsletters.",
                "languages": [
                    { "tag": "en", "name": "English", "chosen": true },
                    { "tag": "de", "name": "Deutsch", "chosen": false },
                ],
                "saved": saved, "asked": asked, "wrong": wrong, "is_off": is_off,
            }),
        )
    };
    let on = json!([list(true, json!("2026-06-01")), list(false, json!(null))]);
    [
        page(on.clone(), false, false, false, false),
        page(on.clone(), true, true, false, false),
        page(on, false, false, true, false),
        page(json!([list(false, json!(null))]), true, false, false, true),
    ]
    .concat()
}

fn unsubscribe(templates: &Templates) -> Vec<Value> {
    framed(
        templates,
        json!({ "list": "Events of the institute", "address": "a…@example.org" }),
    )
}

fn unsubscribed(templates: &Templates) -> Vec<Value> {
    let page = |all: bool, said: Value| {
        framed(
            templates,
            json!({ "list": "Events of the institute", "all": all, "undo": "sample", "said": said }),
        )
    };
    [
        page(false, json!(null)),
        page(true, json!(null)),
        page(true, json!("thanks")),
        page(true, json!("back")),
    ]
    .concat()
}
