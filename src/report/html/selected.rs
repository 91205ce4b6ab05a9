//! What staff select on the pages of a site, field by field.
//!
//! In: a parsed page, and a CSS selector for each field that staff name. Out: fields of the report, entered as an editor's
//! front matter would be; what is selected beats what the page states of itself. The surprising part: a selector that
//! finds nothing, or nothing that can be read, costs only its field, and `explain` says so.

use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node as Html5, Selector};
use url::Url;

use crate::report::blocks::web_address;
use crate::report::front::{Node, Value, enter};
use crate::report::prose::tidy;
use crate::report::{Report, dates};

/// The fields that can be selected, by their keys in front matter; and `body`, the text itself.
pub const SELECTABLE: &[&str] = &[
    "title",
    "language",
    "summary",
    "date",
    "end",
    "timezone",
    "place",
    "venue",
    "city",
    "country",
    "organiser",
    "series",
    "people",
    "topics",
    "related",
    "published",
    "author",
    "body",
];
/// More elements than this mean that the selector is wrong.
const MOST_ELEMENTS: usize = 100;

/// Enters what is selected.
pub(super) fn fields(page: &Html, select: &[(String, String)], base: Option<&Url>, report: &mut Report) {
    let mut missed = Vec::new();
    for (key, written) in select.iter().filter(|(key, _)| key != "body") {
        // Checked with the configuration; a selector that does not read selects nothing.
        let found: Vec<ElementRef<'_>> = match Selector::parse(written) {
            Ok(selector) => page.select(&selector).take(MOST_ELEMENTS).collect(),
            Err(_) => Vec::new(),
        };
        let rule = format!("selector {written}");
        let is_entered = value(key, &found, base).is_some_and(|value| {
            let node = Node { line: 0, value };
            enter(key, &node, &rule, report)
        });
        if !is_entered {
            missed.push(format!("{key} by {written}"));
        }
    }
    if !missed.is_empty() {
        report.note(
            "select",
            "selectors that found nothing that can be read",
            &missed.join("; "),
        );
    }
}

/// The text itself, if staff select it.
pub(super) fn body<'a>(page: &'a Html, select: &[(String, String)]) -> Option<NodeRef<'a, Html5>> {
    let (_, written) = select.iter().find(|(key, _)| key == "body")?;
    let selector = Selector::parse(written).ok()?;
    page.select(&selector).next().map(|element| *element)
}

fn value(key: &str, found: &[ElementRef<'_>], base: Option<&Url>) -> Option<Value> {
    let first = found.first()?;
    let items = |one: fn(ElementRef<'_>) -> Value| {
        let nodes = found.iter().map(|element| Node {
            line: 0,
            value: one(*element),
        });
        Some(Value::Items(nodes.collect()))
    };
    match key {
        "people" | "topics" | "organiser" | "author" => items(|element| Value::Text(written(element))),
        "related" => {
            let nodes = found.iter().map(|element| Node {
                line: 0,
                value: related(*element, base),
            });
            Some(Value::Items(nodes.collect()))
        }
        "date" | "end" | "published" => Some(Value::Text(date(&written(*first)))),
        _ => Some(Value::Text(written(*first))),
    }
    .filter(|value| !matches!(value, Value::Text(text) if text.is_empty()))
}

/// What an element says: to machines if it does, else to readers.
fn written(element: ElementRef<'_>) -> String {
    match element.attr("datetime").or(element.attr("content")) {
        Some(stated) => tidy(stated),
        None => tidy(&element.text().collect::<Vec<_>>().join(" ")),
    }
}

/// A date among other words is the date.
fn date(text: &str) -> String {
    if dates::stated(text).is_some() || dates::instant(text).is_some() {
        return text.to_owned();
    }
    let found = dates::find(text);
    let first = found.first().and_then(|found| text.get(found.range.clone()));
    first.unwrap_or(text).to_owned()
}

fn related(element: ElementRef<'_>, base: Option<&Url>) -> Value {
    let is_link = |element: &ElementRef<'_>| element.attr("href").is_some();
    let link = Some(element)
        .filter(is_link)
        .or_else(|| element.descendent_elements().find(is_link));
    let url = link.and_then(|link| web_address(link.attr("href")?, base));
    let text = |text: String| Node {
        line: 0,
        value: Value::Text(text),
    };
    let mut entries = vec![("title".to_owned(), text(written(element)))];
    entries.extend(url.map(|url| ("url".to_owned(), text(url))));
    Value::Map(entries)
}
