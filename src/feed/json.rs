//! JSON Feed 1.1 (jsonfeed.org), with the facts of the event in an extension object `_event`.
//!
//! In: a [`Feed`]. Out: the document, its fields in the order of the specification.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{Entry, Feed, Format};
use crate::report::Event;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: String,
    /// The older ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    authors: [Author<'a>; 1],
    language: &'a str,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    url: &'a str,
    title: &'a str,
    content_html: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: String,
    date_modified: String,
    authors: [Author<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(rename = "_event", skip_serializing_if = "Option::is_none")]
    event: Option<&'a Event>,
}

pub(super) fn write(feed: &Feed) -> String {
    let document = Document {
        version: "https://jsonfeed.org/version/1.1",
        title: &feed.title,
        home_page_url: &feed.home_url,
        feed_url: feed.self_url(Format::Json),
        next_url: feed.links(Format::Json).older,
        description: &feed.description,
        authors: [Author { name: &feed.author }],
        language: &feed.language,
        items: feed.entries.iter().map(item).collect(),
    };
    // Texts and numbers always serialise.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn item(entry: &Entry) -> Item<'_> {
    Item {
        id: &entry.id,
        url: &entry.link,
        title: &entry.title,
        content_html: entry.content_html(),
        summary: &entry.summary,
        image: entry.picture.as_ref().map(|picture| picture.url.as_str()),
        date_published: seconds(entry.published),
        date_modified: seconds(entry.updated),
        authors: [Author { name: &entry.author }],
        tags: entry
            .categories
            .iter()
            .map(|category| category.label.as_str())
            .collect(),
        language: entry.language.as_deref(),
        event: (entry.event != Event::default()).then_some(&entry.event),
    }
}

fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
