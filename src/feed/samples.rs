//! The samples that feed templates are tried with: between them every branch.

use serde_json::{Value, json};

use crate::render::Templates;

/// Contexts of `feed/description.txt`: of a list that describes itself, and of the feed of all reports.
pub fn description_samples(_: &Templates) -> Vec<Value> {
    vec![
        json!({ "lang": "en", "institute": "Example Institute", "description": "What was said, once a week." }),
        json!({ "lang": "de", "institute": "Example Institute", "description": null }),
    ]
}

/// Contexts of the templates of an entry: with everything, and with a title alone.
pub fn entry_samples(_: &Templates) -> Vec<Value> {
    vec![
        json!({
            "lang": "en",
            "dir": "ltr",
            "title": "Sample round table",
            "event_line": "Exampleton, 4 May 2026",
            "summary": "Two speakers and a full room.",
            "link": "https://news.example.org/reports/sample",
            "body_html": "<p>What was said.</p>",
        }),
        json!({
            "lang": "ar",
            "dir": "rtl",
            "title": "A title and nothing else",
            "event_line": null,
            "summary": "",
            "link": "https://news.example.org/reports/bare",
            "body_html": "",
        }),
    ]
}
