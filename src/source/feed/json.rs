//! JSON Feed 1 and 1.1.
//!
//! In: text. Out: a [`Feed`]. The surprising thing: values of a wrong type are set right or dropped before feed-rs sees
//! them, because it refuses a whole feed for one id that is a number.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};
use url::Url;

use super::items::{self, plain_text, with_keys};
use super::normal::{Stated, address};
use super::plain::person;
use super::{Enclosure, Feed, MOST_ENTRIES, Problem, dates};
use crate::report::prose::pattern;

const VERSION: &str = "https://jsonfeed.org/version/1.1";

/// Escapes of half a character; whole pairs and escaped backslashes are matched first, and kept.
static SURROGATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\\\\|\\u[dD][89abAB][[:xdigit:]]{2}\\u[dD][c-fC-F][[:xdigit:]]{2}|(\\u[dD][89a-fA-F][[:xdigit:]]{2})")
});

pub(super) fn read(text: &str, base: &Url) -> Result<Feed, Problem> {
    let mut notes = Vec::new();
    let document = parse(text, &mut notes)?;
    let Some(document) = document.as_object() else {
        return Err(Problem::OtherJson);
    };
    check_version(document)?;
    let all = match document.get("items") {
        Some(Value::Array(items)) => items.as_slice(),
        _ => &[],
    };
    let taken: Vec<&Map<String, Value>> = all.iter().filter_map(Value::as_object).take(MOST_ENTRIES).collect();
    if all.len() > taken.len() {
        let words = if all.len() > MOST_ENTRIES {
            format!(
                "only the first {MOST_ENTRIES} entries were taken; there are {}",
                all.len()
            )
        } else {
            format!(
                "entries left out because they are no JSON objects: {}",
                all.len() - taken.len()
            )
        };
        notes.push(words);
    }
    let repaired = json!({
        "version": VERSION,
        "title": string(document, "title").unwrap_or_default(),
        "home_page_url": link(document, "home_page_url", base),
        "language": string(document, "language"),
        "authors": authors(document),
        "items": taken.iter().map(|item| repaired_item(item, base)).collect::<Vec<_>>(),
    });
    let parser = feed_rs::parser::Builder::new()
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(dates::read)
        .build();
    let model = parser
        .parse(repaired.to_string().as_bytes())
        .map_err(|error| Problem::Unreadable(error.to_string()))?;
    let items = model.entries.into_iter().zip(taken);
    let items = items
        .map(|(entry, item)| items::item(entry, stated(item, base)))
        .collect();
    Ok(Feed {
        title: model.title.as_ref().and_then(plain_text),
        language: model.language,
        link: model.links.into_iter().next().map(|link| link.href),
        items: with_keys(items, &mut notes),
        notes,
        ..Feed::default()
    })
}

fn parse(text: &str, notes: &mut Vec<String>) -> Result<Value, Problem> {
    let error = match serde_json::from_str(text) {
        Ok(document) => return Ok(document),
        Err(error) => error,
    };
    let mut halves = 0;
    let whole = SURROGATE.replace_all(text, |found: &Captures<'_>| {
        if found.get(1).is_some() {
            halves += 1;
            return r"\ufffd".to_owned();
        }
        found.get(0).map(|kept| kept.as_str().to_owned()).unwrap_or_default()
    });
    if halves > 0
        && let Ok(document) = serde_json::from_str(&whole)
    {
        notes.push(format!(
            "halves of characters (lone surrogates) were replaced: {halves}"
        ));
        return Ok(document);
    }
    Err(Problem::BrokenJson {
        line: error.line(),
        words: error.to_string(),
    })
}

fn check_version(document: &Map<String, Value>) -> Result<(), Problem> {
    let version = match document.get("version") {
        Some(Value::String(version)) => version.trim(),
        Some(other) if document.contains_key("items") => return Err(Problem::JsonVersion(other.to_string())),
        _ => return Err(Problem::OtherJson),
    };
    let number = version.split_once("jsonfeed.org/version/").map(|(_, number)| number);
    match number {
        Some("1" | "1.0" | "1.1" | "1/" | "1.1/") => Ok(()),
        Some(_) => Err(Problem::JsonVersion(version.to_owned())),
        None if document.contains_key("items") => Err(Problem::JsonVersion(version.to_owned())),
        None => Err(Problem::OtherJson),
    }
}

fn repaired_item(item: &Map<String, Value>, base: &Url) -> Value {
    let links = [link(item, "url", base), link(item, "external_url", base)];
    let mut authors = authors(item);
    authors.extend(item.get("author").and_then(Value::as_object).and_then(author));
    json!({
        "id": string(item, "id"),
        "url": links.into_iter().flatten().next(),
        "title": string(item, "title"),
        "content_html": string(item, "content_html"),
        "content_text": string(item, "content_text"),
        "summary": string(item, "summary"),
        "date_published": string(item, "date_published"),
        "date_modified": string(item, "date_modified"),
        "authors": authors,
        "tags": strings(item, "tags"),
    })
}

/// What is said, as a string without control characters; numbers count as said.
fn string(object: &Map<String, Value>, name: &str) -> Option<String> {
    let said = match object.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let clean: String = said
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    Some(clean).filter(|text| !text.trim().is_empty())
}

fn strings(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let words = object.get(name).and_then(Value::as_array).into_iter().flatten();
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn link(object: &Map<String, Value>, name: &str, base: &Url) -> Option<String> {
    address(&string(object, name)?, base)
}

fn authors(object: &Map<String, Value>) -> Vec<Value> {
    let all = object.get("authors").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_object).filter_map(author).collect()
}

fn author(author: &Map<String, Value>) -> Option<Value> {
    Some(json!({ "name": person(&string(author, "name")?)? }))
}

fn stated(item: &Map<String, Value>, base: &Url) -> Stated {
    let files = item.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let enclosures = files.filter_map(Value::as_object).filter_map(|file| {
        Some(Enclosure {
            url: link(file, "url", base)?,
            kind: string(file, "mime_type"),
            length: file.get("size_in_bytes").and_then(Value::as_u64),
        })
    });
    Stated {
        base: base.clone(),
        language: string(item, "language"),
        enclosures: enclosures.collect(),
        image: link(item, "image", base).or_else(|| link(item, "banner_image", base)),
    }
}
