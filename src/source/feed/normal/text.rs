//! Texts of an entry, plain, escaped or as XHTML, each as what it is.

use std::fmt::Write as _;

use url::Url;

use super::super::xml::{Dialect, Element, Node};
use super::Form;
use crate::report::prose::escape;

/// The text of an element without that of its children.
pub(super) fn own_text(element: &Element) -> String {
    let own = element.children.iter().filter_map(|child| match child {
        Node::Text(text) => Some(text.as_str()),
        Node::Element(_) => None,
    });
    own.collect()
}

/// A text and what it is, `text` or `html`; none if it is neither.
pub(super) fn text_of(element: &Element, form: Form, dialect: Dialect) -> Option<(&'static str, String)> {
    let kind = element.attribute("type").unwrap_or_default().to_lowercase();
    let mode = element.attribute("mode").unwrap_or_default().to_lowercase();
    if mode == "base64" || is_binary(&kind) {
        return None;
    }
    if element.elements().next().is_some() {
        return Some(("html", markup(element)));
    }
    let is_html = form == Form::Html
        || dialect == Dialect::Rss
        || kind.contains("html")
        || (mode == "escaped" && !matches!(kind.as_str(), "text" | "text/plain"));
    Some((if is_html { "html" } else { "text" }, element.text()))
}

/// Types whose content is base64, or nothing that can be read here.
fn is_binary(kind: &str) -> bool {
    kind.contains('/') && !kind.starts_with("text/") && !kind.contains("html") && !kind.ends_with("xml")
}

/// Elements that have no end tag in HTML.
const VOID: &[&str] = &[
    "area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
];

/// What stands in an element, as HTML, with links made absolute.
fn markup(element: &Element) -> String {
    fn write_children(html: &mut String, element: &Element) {
        for child in &element.children {
            match child {
                Node::Text(text) => html.push_str(&escape(text)),
                Node::Element(child) => write_tags(html, child),
            }
        }
    }
    fn write_tags(html: &mut String, element: &Element) {
        html.push('<');
        html.push_str(&element.name);
        for (name, value) in &element.attributes {
            let is_name = name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            if !is_name || name.starts_with("xmlns") {
                continue;
            }
            let absolute = matches!(name.as_str(), "href" | "src")
                .then(|| element.base.join(value.trim()).ok())
                .flatten();
            let value = absolute.as_ref().map_or(value.as_str(), Url::as_str);
            let _ = write!(html, r#" {name}="{}""#, escape(value));
        }
        html.push('>');
        if !VOID.contains(&element.name.as_str()) {
            write_children(html, element);
            let _ = write!(html, "</{}>", element.name);
        }
    }
    let mut html = String::new();
    // XHTML in Atom stands in one div that belongs to the syntax, not to the text.
    let mut inner = element.elements();
    match (inner.next(), inner.next()) {
        (Some(div), None) if div.name == "div" && own_text(element).trim().is_empty() => {
            write_children(&mut html, div);
        }
        _ => write_children(&mut html, element),
    }
    html
}
