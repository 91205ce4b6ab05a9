//! The bytes of a feed as items: RSS, Atom, JSON Feed.
//!
//! In: bytes, the charset of the HTTP header, and where they lay. Out: a [`Feed`], or a [`Problem`] with a sentence for
//! staff. Pure. The surprising part: the reader we use loses some old forms without a word, so that XML is put into a
//! form it takes first (`feed/normal.rs`); and an item's key is not what the feed calls its id, if it calls several so.

mod normal;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use feed_rs::model;
use url::Url;

use crate::report;

/// Of one feed; more are not read at once (POLL-07).
const MOST_ITEMS: usize = 1000;
/// A text shorter than this that stands where summaries stand is one.
const SHORT: usize = 1500;

/// A feed as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feed {
    pub title: Option<String>,
    /// As declared, for items that declare none.
    pub language: Option<String>,
    /// `ttl`: not to be asked again before.
    pub fresh_for: Option<Duration>,
    /// Hours of the day, UTC, in which it wants to be left alone.
    pub skip_hours: Vec<u8>,
    pub items: Vec<Item>,
    /// What staff should know though the feed could be read.
    pub notes: Vec<String>,
}

/// One item of a feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Of the item within its feed: its id; its link, if it has no id or shares it with another; else a hash (POLL-08).
    pub key: String,
    /// Absolute, http or https.
    pub link: Option<String>,
    pub title: Option<String>,
    /// The fullest text there is, as HTML of somebody else's: not sanitised.
    pub html: Option<String>,
    /// The text is no more than a summary.
    pub is_summary: bool,
    pub published: Option<DateTime<Utc>>,
    pub updated: Option<DateTime<Utc>>,
    pub author: Option<String>,
    pub topics: Vec<String>,
    pub language: Option<String>,
}

/// Why bytes are no feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the answer is empty; ask the keeper of the feed")]
    Empty,
    #[error("this is a web page, not a feed{}", match .0.as_slice() {
        [] => "; look in the page for the address of its feed".to_owned(),
        feeds => format!("; it names these: {}", feeds.join(", ")),
    })]
    Page(Vec<String>),
    #[error("the feed declares entities of its own, which is not read; ask its keeper to leave them out")]
    Entities,
    #[error("elements are nested more than {0} deep, which no feed needs")]
    TooDeep(usize),
    #[error("this is no feed that can be read: {0}; ask its keeper, or validate it at validator.w3.org/feed")]
    Unreadable(String),
}

/// Reads a feed.
pub fn read(bytes: &[u8], http_charset: Option<&str>, base: &Url) -> Result<Feed, Problem> {
    let decoded = report::charset::decode(bytes, http_charset);
    let text = decoded
        .text
        .trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let mut feed = Feed::default();
    if decoded.replaced > 0 {
        feed.notes
            .push(format!("{} unreadable characters were replaced", decoded.replaced));
    }
    let parser = feed_rs::parser::Builder::new()
        .base_uri(Some(base.as_str()))
        .sanitize_content(false)
        // No id is none: which key serves instead is decided below.
        .id_generator(|_, _, _| String::new())
        .build();
    let parsed = if text.starts_with('{') {
        parser.parse(text.as_bytes())
    } else {
        let normal = normal::normalise(text, base)?;
        feed.skip_hours = normal.skip_hours;
        let broken = normal.broken;
        feed.notes
            .extend(broken.map(|why| format!("the feed was read up to where {why}")));
        parser.parse(normal.xml.as_slice())
    };
    let parsed = parsed.map_err(|error| Problem::Unreadable(error.to_string()))?;
    feed.title = parsed.title.map(|title| tidy(&title.content));
    feed.language = parsed.language;
    feed.fresh_for = parsed.ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    if parsed.entries.len() > MOST_ITEMS {
        let more = parsed.entries.len() - MOST_ITEMS;
        feed.notes
            .push(format!("{more} items beyond the first {MOST_ITEMS} were not read"));
    }
    let language = feed.language.clone();
    feed.items = parsed
        .entries
        .into_iter()
        .take(MOST_ITEMS)
        .map(|entry| item(entry, base, language.as_deref()))
        .collect();
    give_keys(&mut feed);
    Ok(feed)
}

fn item(entry: model::Entry, base: &Url, language: Option<&str>) -> Item {
    let link = link_of(&entry.links, base);
    let content = entry.content.and_then(|content| {
        let is_plain = content.content_type.essence().to_string() == "text/plain";
        content.body.map(|body| if is_plain { paragraphs(&body) } else { body })
    });
    let filled = |text: &String| !text.trim().is_empty();
    let summary = entry.summary.map(|summary| summary.content).filter(filled);
    let (html, is_summary) = match (content.filter(filled), summary) {
        (Some(content), _) => {
            let is_summary = ends_early(&content);
            (Some(content), is_summary)
        }
        (None, Some(summary)) => {
            let is_summary = summary.chars().count() < SHORT || ends_early(&summary);
            (Some(summary), is_summary)
        }
        (None, None) => (None, true),
    };
    Item {
        key: entry.id.trim().to_owned(),
        link,
        title: entry
            .title
            .map(|title| tidy(&title.content))
            .filter(|title| !title.is_empty()),
        html,
        is_summary,
        published: entry.published.filter(is_possible),
        updated: entry.updated.filter(is_possible),
        author: entry
            .authors
            .into_iter()
            .find_map(|author| author.name)
            .map(|name| tidy(&name)),
        topics: entry
            .categories
            .into_iter()
            .map(|category| tidy(&category.label.unwrap_or(category.term)))
            .filter(|topic| !topic.is_empty())
            .collect(),
        language: entry.language.or_else(|| language.map(str::to_owned)),
    }
}

/// Ids that are missing, or that several items share, are no keys (POLL-08).
fn give_keys(feed: &mut Feed) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for item in &feed.items {
        *counts.entry(item.key.clone()).or_default() += 1;
    }
    let mut shared = 0;
    for item in &mut feed.items {
        let is_shared = counts.get(&item.key).is_some_and(|count| *count > 1) && !item.key.is_empty();
        shared += usize::from(is_shared);
        if item.key.is_empty() || is_shared {
            let content = || {
                let words = format!("{:?} {:?}", item.title, item.html);
                report::fingerprint(words.as_bytes())
            };
            item.key = item.link.clone().unwrap_or_else(content);
        }
    }
    if shared > 0 {
        feed.notes.push(format!(
            "{shared} items share their ids with others; their links serve as ids"
        ));
    }
}

/// The link to read the item at: `alternate`, or one that says nothing of itself.
fn link_of(links: &[model::Link], base: &Url) -> Option<String> {
    let is_page = |link: &&model::Link| link.rel.as_deref().is_none_or(|rel| rel == "alternate");
    let link = links.iter().find(is_page).or(links.first())?;
    let url = base.join(link.href.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// A date that feeds and mails can carry; others are slips.
fn is_possible(at: &DateTime<Utc>) -> bool {
    (1970..=2199).contains(&at.year())
}

/// Words on one line, without markup.
fn tidy(html: &str) -> String {
    let text = match html.contains(['<', '&']) {
        true => scraper::Html::parse_fragment(html).root_element().text().collect(),
        false => html.to_owned(),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).collect()
}

/// Plain text as HTML.
fn paragraphs(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = escaped.split("\n\n").filter(|part| !part.trim().is_empty());
    parts.map(|part| format!("<p>{part}</p>")).collect()
}

/// Whether a text stops where its page goes on.
fn ends_early(html: &str) -> bool {
    let text = tidy(html);
    let end = text.trim_end();
    [
        "[…]",
        "[...]",
        "…",
        "...",
        "Read more",
        "Continue reading",
        "Weiterlesen",
        "Lire la suite",
        "Leer más",
        "Читать далее",
    ]
    .iter()
    .any(|mark| end.ends_with(mark))
}
