//! Any XML feed as Atom 1.0: the one dialect that says exactly what each of its texts is.
//!
//! In: an [`Outline`]. Out: Atom for feed-rs, and beside it what feed-rs has no place for. The surprising thing: order
//! is precedence. Where a field may be said in several ways, the later row of [`FIELDS`] wins, since of two elements
//! feed-rs keeps the last.

mod stated;
mod text;

use std::fmt::Write as _;
use std::time::Duration;

use url::Url;

pub(super) use self::stated::Stated;
use self::stated::{feed_language, fresh_for, skip_hours, stated};
use self::text::{own_text, text_of};
use super::plain::person;
use super::xml::{Dialect, Element, Outline, Space};
use crate::report::prose::escape;

pub(super) struct Normal {
    pub(super) atom: String,
    /// One per entry.
    pub(super) stated: Vec<Stated>,
    pub(super) fresh_for: Option<Duration>,
    pub(super) skip_hours: Vec<u8>,
}

/// How an element's content is to be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The same words in Atom.
    Words,
    /// A text construct: plain, HTML or XHTML, as the element says or else as its dialect has it.
    Text,
    /// HTML whatever the element says.
    Html,
    Person,
    Topic,
}

/// What an element of an entry is in Atom; of several that say the same, the last row wins.
const FIELDS: &[(Space, &str, &str, Form)] = &[
    (Space::Media, "title", "title", Form::Text),
    (Space::DublinCore, "title", "title", Form::Text),
    (Space::Core, "title", "title", Form::Text),
    (Space::DublinCore, "identifier", "id", Form::Words),
    (Space::Core, "id", "id", Form::Words),
    (Space::Core, "guid", "id", Form::Words),
    (Space::Media, "description", "summary", Form::Text),
    (Space::Itunes, "summary", "summary", Form::Text),
    (Space::DublinCore, "description", "summary", Form::Html),
    (Space::Core, "abstract", "summary", Form::Text),
    (Space::Core, "description", "summary", Form::Html),
    (Space::Core, "summary", "summary", Form::Text),
    (Space::Core, "fullitem", "content", Form::Html),
    (Space::Core, "body", "content", Form::Html),
    (Space::Html, "body", "content", Form::Html),
    (Space::Core, "content", "content", Form::Text),
    (Space::Content, "encoded", "content", Form::Html),
    (Space::Core, "created", "published", Form::Words),
    (Space::Terms, "created", "published", Form::Words),
    (Space::DublinCore, "date", "published", Form::Words),
    (Space::Terms, "issued", "published", Form::Words),
    (Space::Core, "issued", "published", Form::Words),
    (Space::Core, "pubdate", "published", Form::Words),
    (Space::Core, "published", "published", Form::Words),
    (Space::Terms, "modified", "updated", Form::Words),
    (Space::Core, "modified", "updated", Form::Words),
    (Space::Core, "updated", "updated", Form::Words),
    (Space::Core, "author", "author", Form::Person),
    (Space::DublinCore, "creator", "author", Form::Person),
    (Space::Core, "category", "category", Form::Topic),
    (Space::DublinCore, "subject", "category", Form::Topic),
];

pub(super) fn normalise(outline: &Outline) -> Normal {
    let mut atom = String::from(r#"<feed xmlns="http://www.w3.org/2005/Atom""#);
    if let Some(language) = feed_language(outline) {
        let _ = write!(atom, r#" xml:lang="{}""#, escape(&language));
    }
    atom.push('>');
    let titles = outline.head.iter();
    for title in titles.filter(|element| element.is(Space::Core, "title")).take(1) {
        write_field(&mut atom, title, "title", Form::Text, outline.dialect);
    }
    if let Some(link) = links(&outline.head).next() {
        let _ = write!(atom, r#"<link href="{}"/>"#, escape(&link));
    }
    for entry in &outline.entries {
        atom.push_str("<entry>");
        write_entry(&mut atom, entry, outline.dialect);
        atom.push_str("</entry>");
    }
    atom.push_str("</feed>");

    Normal {
        atom,
        stated: outline.entries.iter().map(stated).collect(),
        fresh_for: fresh_for(&outline.head),
        skip_hours: skip_hours(&outline.head),
    }
}

fn write_entry(atom: &mut String, entry: &Element, dialect: Dialect) {
    // RSS 1.0 names its items by an attribute.
    if let Some(about) = entry.attribute("rdf:about") {
        write_element(atom, "id", about);
    }
    for (space, name, target, form) in FIELDS {
        let said: Vec<&Element> = entry.elements().filter(|element| element.is(*space, name)).collect();
        // Of several the first counts, and feed-rs keeps the last; people and topics are all kept.
        if matches!(form, Form::Person | Form::Topic) {
            for element in said {
                write_field(atom, element, target, *form, dialect);
            }
        } else {
            for element in said.into_iter().rev() {
                write_field(atom, element, target, *form, dialect);
            }
        }
    }
    let link = links(entry.elements()).next().or_else(|| permanent_link(entry));
    if let Some(link) = link {
        let _ = write!(atom, r#"<link href="{}"/>"#, escape(&link));
    }
}

fn write_element(atom: &mut String, name: &str, words: &str) {
    let words = words.trim();
    if !words.is_empty() {
        let _ = write!(atom, "<{name}>{}</{name}>", escape(words));
    }
}

fn write_field(atom: &mut String, element: &Element, target: &str, form: Form, dialect: Dialect) {
    match form {
        Form::Words => write_element(atom, target, &element.text()),
        Form::Text | Form::Html => {
            let Some((kind, text)) = text_of(element, form, dialect) else {
                return;
            };
            if !text.trim().is_empty() {
                let _ = write!(atom, r#"<{target} type="{kind}">{}</{target}>"#, escape(&text));
            }
        }
        Form::Person => {
            let name = element.elements().find(|child| child.name == "name");
            if let Some(name) = person(&name.map_or_else(|| own_text(element), Element::text)) {
                let _ = write!(atom, "<author><name>{}</name></author>", escape(&name));
            }
        }
        Form::Topic => {
            let text = element.text();
            let term = element
                .attribute("label")
                .or(element.attribute("term"))
                .unwrap_or(text.trim());
            if !term.is_empty() {
                let _ = write!(atom, r#"<category term="{}"/>"#, escape(term));
            }
        }
    }
}

/// Links to the page of an entry or a feed, those to HTML first.
fn links<'a>(elements: impl IntoIterator<Item = &'a Element>) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for element in elements {
        if !element.is(Space::Core, "link") || !matches!(element.attribute("rel"), None | Some("alternate")) {
            continue;
        }
        let text = element.text();
        let href = href_of(element).unwrap_or(&text);
        let is_html = element.attribute("type").is_none_or(|kind| kind.contains("html"));
        if let Some(address) = address(href, &element.base) {
            found.push((!is_html, address));
        }
    }
    found.sort_by_key(|(is_other, _)| *is_other);
    found.into_iter().map(|(_, address)| address)
}

fn href_of(element: &Element) -> Option<&str> {
    ["href", "url", "uri"].iter().find_map(|name| element.attribute(name))
}

/// A guid is a link unless it says otherwise, and many an id is one.
fn permanent_link(entry: &Element) -> Option<String> {
    let guid = entry
        .elements()
        .find(|element| element.is(Space::Core, "guid") || element.is(Space::Core, "id"))?;
    if guid.attribute("ispermalink").is_some_and(|stated| stated != "true") {
        return None;
    }
    let text = guid.text();
    let text = text.trim();
    Url::parse(text).ok().and_then(|_| address(text, &guid.base))
}

/// An absolute address of the web, or nothing: links of other schemes lead nowhere we send people (SEC-02).
pub(super) fn address(href: &str, base: &Url) -> Option<String> {
    let href = href.trim();
    if href.is_empty() {
        return None;
    }
    let url = base.join(href).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.into())
}
