//! Feeds of other sites: RSS 0.9x to 2.0, Atom 0.3 and 1.0, JSON Feed.
//!
//! In: the bytes of a feed, the charset of its HTTP header, the address it came from. Out: a [`Feed`] with its items,
//! or a [`Problem`] with a sentence for staff. Pure: no network, no clock, no database. Text is as the feed has it, not
//! sanitised; links are absolute and http or https. The surprising thing: every XML dialect is rewritten as Atom before
//! feed-rs reads it, because feed-rs loses old and careless dialects without a word, and a whole feed for one bad entry.

mod dates;
mod items;
mod json;
mod normal;
mod page;
mod plain;
mod xml;

use std::time::Duration;

use chrono::{DateTime, Utc};
use feed_rs::parser::ParseFeedError;
use serde::Serialize;
use url::Url;

use crate::report::charset;

/// More entries than this are left out: no site publishes as many between two polls (POLL-07).
pub const MOST_ENTRIES: usize = 1_000;
/// A feed that asks for more rest than this would be forgotten.
const LONGEST_REST: Duration = Duration::from_hours(7 * 24);

/// A feed as read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Feed {
    /// Plain text.
    pub title: Option<String>,
    /// As the feed states it ("en-GB").
    pub language: Option<String>,
    /// The page the feed belongs to.
    pub link: Option<String>,
    /// How long an answer stays fresh by `ttl` or `sy:updatePeriod`: not to be asked again before. A week at most.
    pub fresh_for: Option<Duration>,
    /// Hours of the day, in UTC, in which the feed is not to be asked.
    pub skip_hours: Vec<u8>,
    /// In the order of the feed, each key once.
    pub items: Vec<Item>,
    /// What staff should know though the feed was read: repeated guids, entries beyond the limit, bad bytes replaced.
    pub notes: Vec<String>,
}

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Of the item within its source: guid or id; else its link; else a hash of its content (POLL-08). An empty guid,
    /// or one that several items of the feed share, counts as missing.
    pub key: String,
    /// Absolute, http or https.
    pub link: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// The fullest text there is, as HTML; not sanitised.
    pub html: Option<String>,
    /// What relative links in `html` are relative to.
    pub base: Url,
    /// `html` is only a summary or the beginning of a text.
    pub is_summary: bool,
    /// Within 1800 to 2199; may lie in the future.
    pub published: Option<DateTime<Utc>>,
    pub updated: Option<DateTime<Utc>>,
    /// Names, never mail addresses.
    pub author: Option<String>,
    pub topics: Vec<String>,
    /// As the item itself states it; else the feed's holds.
    pub language: Option<String>,
    pub enclosures: Vec<Enclosure>,
    pub image: Option<String>,
}

/// A file that belongs to an item; type and length as the feed states them, and often wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enclosure {
    /// Absolute, http or https.
    pub url: String,
    pub kind: Option<String>,
    pub length: Option<u64>,
}

/// Why bytes are no feed that can be read: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the answer is empty; open the address in a browser, and ask the site if it is empty there too")]
    Empty,
    #[error("this is a web page, not a feed; {}", named_feeds(.0))]
    WebPage(Vec<String>),
    #[error("this is {0}, not a feed; check the address of the source")]
    Binary(&'static str),
    #[error("this is neither XML nor JSON, so it is no feed; check the address of the source")]
    NotAFeed,
    #[error("this is XML, but no feed: its first element is <{0}>, not <rss>, <rdf:RDF> or <feed>; {hint}", hint = hint(.0))]
    OtherXml(String),
    #[error(
        "its document type declares entities, which is a way of attack and not allowed; ask the site for a feed without"
    )]
    Entities,
    #[error("elements are nested more than 256 deep, which no feed needs; ask the site to repair the feed")]
    TooDeep,
    #[error(
        "the feed is not well-formed XML in line {line} ({words}), and no entry stands before; ask the site to repair it"
    )]
    NotWellFormed { line: usize, words: String },
    #[error("the JSON is broken in line {line} ({words}); ask the site to repair the feed")]
    BrokenJson { line: usize, words: String },
    #[error(
        "this is JSON, but no JSON Feed: it states no `version` and has no `items`; check the address of the source"
    )]
    OtherJson,
    #[error(
        "this is JSON Feed of the unknown version {0:?}; versions 1 and 1.1 can be read; ask the site for one of them"
    )]
    JsonVersion(String),
    #[error("the feed cannot be read ({0}); please report this as a fault of the program, with the feed")]
    Unreadable(String),
}

fn named_feeds(feeds: &[String]) -> String {
    if feeds.is_empty() {
        return "the page names no feed; look on the site for a link called RSS, Atom or feed".to_owned();
    }
    format!("the page names these feeds: {}", feeds.join(", "))
}

fn hint(root: &str) -> &'static str {
    match root {
        "urlset" | "sitemapindex" => "this is a sitemap, which a source of kind \"pages\" can read",
        "opml" => "this is a list of feeds; take one address from it",
        "Error" | "error" => "the site answers with an error; try again later",
        _ => "check the address of the source",
    }
}

/// Reads a feed. `base` is the address it came from, after redirects.
pub fn read(bytes: &[u8], http_charset: Option<&str>, base: &Url) -> Result<Feed, Problem> {
    let decoded = charset::decode(bytes, http_charset);
    let text = decoded
        .text
        .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let mut feed = match text.chars().next() {
        None => return Err(Problem::Empty),
        Some('{' | '[') => json::read(text, base)?,
        Some(_) => {
            // Blank lines, byte order marks and warnings of the site's own program stand before many feeds.
            let Some(start) = text.find('<').filter(|_| !is_binary(bytes)) else {
                return Err(charset::binary_kind(bytes).map_or(Problem::NotAFeed, Problem::Binary));
            };
            let text = text.get(start..).unwrap_or_default();
            if page::is_page(text) {
                return Err(Problem::WebPage(page::named_feeds(text, base)));
            }
            read_xml(behind_rubbish(text), base)?
        }
    };
    if decoded.replaced > 0 {
        feed.notes.push(format!(
            "bytes that mean nothing in {} were replaced: {}",
            decoded.charset, decoded.replaced
        ));
    }
    Ok(feed)
}

/// Files of a known kind hold a `<` too; text with a few control characters may well be a feed.
fn is_binary(bytes: &[u8]) -> bool {
    charset::binary_kind(bytes).is_some_and(|kind| kind != "no text")
}

/// The feed behind what the site's own program let slip before it, such as warnings in HTML.
fn behind_rubbish(text: &str) -> &str {
    const MOST_RUBBISH: usize = 10_000;
    let head = text.get(..text.floor_char_boundary(MOST_RUBBISH)).unwrap_or(text);
    head.find("<?xml").and_then(|start| text.get(start..)).unwrap_or(text)
}

fn read_xml(text: &str, base: &Url) -> Result<Feed, Problem> {
    let outline = xml::outline(text, base)?;
    let normal = normal::normalise(&outline);
    let parser = feed_rs::parser::Builder::new()
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(dates::read)
        .build();
    let model = parser
        .parse(normal.atom.as_bytes())
        .map_err(|error: ParseFeedError| Problem::Unreadable(error.to_string()))?;
    let mut notes = outline.notes;
    let items = model.entries.into_iter().zip(normal.stated);
    let items = items.map(|(entry, stated)| items::item(entry, stated)).collect();
    Ok(Feed {
        title: model.title.as_ref().and_then(items::plain_text),
        language: model.language,
        link: model.links.into_iter().next().map(|link| link.href),
        fresh_for: normal.fresh_for.map(|rest| rest.min(LONGEST_REST)),
        skip_hours: normal.skip_hours,
        items: items::with_keys(items, &mut notes),
        notes,
    })
}
