//! Entries as feed-rs models them become items, each with a key of its own.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use feed_rs::model::{Entry, Text};
use regex::Regex;

use super::Item;
use super::normal::Stated;
use super::plain::{html_of_text, title, without_markup};
use crate::report::fingerprint;
use crate::report::prose::pattern;

/// A description that is longer, in characters of its text, is the text itself: many feeds have no other place for it.
const LONGEST_SUMMARY: usize = 1_200;
/// More topics than this are a list of search words.
const MOST_TOPICS: usize = 50;
/// A longer guid is known by its hash.
const LONGEST_GUID: usize = 1_000;
/// How far from the end the words are looked for that say there is more.
const TAIL: usize = 400;

/// How the beginnings of texts end: "[…]", "…", "Read more »".
static CONTINUES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:\[?(?:…|\.\.\.)\]?|\b(?:(?:read|see|learn) more|read the rest|continue reading|weiterlesen|mehr (?:lesen|erfahren)|lire (?:la suite|plus)|en savoir plus|leer más|seguir leyendo|читать (?:далее|дальше|полностью)|подробнее)\b[^.]{0,80})[\s»›→>\])]*$",
    )
});
/// What WordPress writes under every text.
static APPEARED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\s*The post .{0,300} (?:first appeared|appeared first) on .{0,200}$"));

/// An item, its key still the bare guid, which may be empty.
pub(super) fn item(entry: Entry, stated: Stated) -> Item {
    let content = entry.content.and_then(|content| {
        let body = content.body.filter(|body| !body.trim().is_empty())?;
        Some(as_html(&body, content.content_type.to_string().contains("html")))
    });
    let summary = entry.summary.filter(|summary| !summary.content.trim().is_empty());
    let has_content = content.is_some();
    let html = content.or_else(|| summary.map(|summary| as_html(&summary.content, is_html(&summary))));
    let authors: Vec<String> = entry.authors.into_iter().filter_map(|author| author.name).collect();
    let mut topics: Vec<String> = Vec::new();
    for category in entry.categories {
        if let Some(topic) = title(&without_markup(&category.term))
            && !topics.contains(&topic)
        {
            topics.push(topic);
        }
        if topics.len() == MOST_TOPICS {
            break;
        }
    }
    Item {
        key: match entry.id.trim() {
            long if long.len() > LONGEST_GUID => format!("guid:{}", fingerprint(long.as_bytes())),
            guid => guid.to_owned(),
        },
        link: entry.links.into_iter().next().map(|link| link.href),
        title: entry.title.as_ref().and_then(plain_text),
        is_summary: html.as_deref().is_some_and(|html| is_summary(html, has_content)),
        html,
        base: stated.base,
        published: entry.published,
        updated: entry.updated,
        author: Some(authors.join(", ")).filter(|names| !names.is_empty()),
        topics,
        language: stated.language,
        enclosures: stated.enclosures,
        image: stated.image,
    }
}

fn is_html(text: &Text) -> bool {
    text.content_type.to_string().contains("html")
}

fn as_html(text: &str, is_html: bool) -> String {
    if is_html {
        text.trim().to_owned()
    } else {
        html_of_text(text)
    }
}

/// A text of one line.
pub(super) fn plain_text(text: &Text) -> Option<String> {
    if is_html(text) {
        title(&without_markup(&text.content))
    } else {
        title(&text.content)
    }
}

/// Whether there is more to read: no full text is given, or it breaks off.
fn is_summary(html: &str, has_content: bool) -> bool {
    let text = without_markup(html);
    let text = APPEARED.replace(&text, "");
    let tail = text
        .get(text.ceil_char_boundary(text.len().saturating_sub(TAIL))..)
        .unwrap_or_default();
    CONTINUES.is_match(tail) || (!has_content && text.chars().count() < LONGEST_SUMMARY)
}

/// Gives each item its key (POLL-08), and leaves out items that come twice.
pub(super) fn with_keys(items: Vec<Item>, notes: &mut Vec<String>) -> Vec<Item> {
    let count = items.len();
    let mut seen = HashSet::new();
    let mut items: Vec<Item> = items
        .into_iter()
        .filter(|item| seen.insert((item.key.clone(), item.link.clone(), hash(item))))
        .collect();

    let guids = repeated(items.iter().map(|item| item.key.as_str()));
    let without = items.iter().filter(|item| item.key.is_empty()).count();
    for item in &mut items {
        if guids.contains(&item.key) {
            item.key.clear();
        }
    }
    let keyless = items.iter().filter(|item| item.key.is_empty());
    let links = repeated(keyless.filter_map(|item| item.link.as_deref()));
    for item in &mut items {
        if item.key.is_empty() {
            let link = item.link.clone().filter(|link| !links.contains(link));
            item.key = link.unwrap_or_else(|| hash(item));
        }
    }
    let mut keys = HashSet::new();
    items.retain(|item| keys.insert(item.key.clone()));

    if without > 0 {
        notes.push(format!(
            "entries without guid or id, known by their link or text instead: {without}"
        ));
    }
    if let Some(guid) = guids.iter().min() {
        let guid: String = guid.chars().take(80).collect();
        notes.push(format!(
            "guids that several entries share, so that they count as missing: {}, one is {guid:?}",
            guids.len()
        ));
    }
    if items.len() < count {
        notes.push(format!("entries that come twice: {}", count - items.len()));
    }
    items
}

/// What occurs more than once.
fn repeated<'a>(words: impl Iterator<Item = &'a str>) -> HashSet<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in words.filter(|word| !word.is_empty()) {
        *counts.entry(word).or_default() += 1;
    }
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    repeated.map(|(word, _)| word.to_owned()).collect()
}

/// Of what makes an item this one: its title, its text, its date.
fn hash(item: &Item) -> String {
    let content = format!(
        "{}\n{}\n{}",
        item.title.as_deref().unwrap_or_default(),
        item.html.as_deref().unwrap_or_default(),
        item.published.map(|instant| instant.to_rfc3339()).unwrap_or_default()
    );
    format!("content:{}", fingerprint(content.as_bytes()))
}
