//! The samples that feed templates are tried with: between them every branch.

use serde_json::{Value, json};

use crate::render::{Entry, Templates};

/// The feed templates, each with its samples. None has rules: whatever a summary or entry says is a feed.
pub(crate) fn templates() -> Vec<Entry> {
    let entry = |name, samples: fn(&Templates) -> Vec<Value>| Entry {
        name,
        samples,
        rules: |_| Vec::new(),
    };
    vec![
        entry("feed/description.txt", descriptions),
        entry("feed/entry.html", entries),
        entry("feed/summary.html", entries),
        entry("feed/summary.txt", entries),
        entry("feed/feed.css", |templates| {
            let languages = templates.words().languages();
            languages.map(|language| json!({ "lang": language })).collect()
        }),
    ]
}

/// Of a list that describes itself, and of the feed of all reports in every language that has words.
fn descriptions(templates: &Templates) -> Vec<Value> {
    let of = |language: &str, own: Option<&str>| json!({ "lang": language, "institute": "Example Institute", "description": own });
    let all = templates.words().languages().map(|language| of(language, None));
    all.chain([of("en", Some("What was said, once a week."))]).collect()
}

/// With everything, and with a title alone.
fn entries(_: &Templates) -> Vec<Value> {
    vec![
        json!({
            "lang": "en",
            "dir": "ltr",
            "title": "Sample round table",
            "event_line": "Exampleton, 4 May 2026",
            "summary": "Two speakers and a full room.",
            "link": "https://news.example.org/reports/sample",
            "body_html": "<p>What was said.</p>",
            "pictures": [{
                "url": "https://news.example.org/pictures/sample.png",
                "alt": "The room",
                "caption": "The room, full",
                "width": 800,
                "height": 600,
            }],
        }),
        json!({
            "lang": "ar",
            "dir": "rtl",
            "title": "A title and nothing else",
            "event_line": null,
            "summary": "",
            "link": "https://news.example.org/reports/bare",
            "body_html": "",
            "pictures": [],
        }),
    ]
}
