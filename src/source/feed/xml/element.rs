//! The small trees that feeds are taken apart into, with every reference resolved.

use encoding_rs::WINDOWS_1252;
use quick_xml::escape::{resolve_html5_entity, unescape_with};
use quick_xml::events::BytesStart;
use url::Url;

use super::Space;

#[derive(Clone, Debug)]
pub(in crate::source::feed) struct Element {
    pub(in crate::source::feed) space: Space,
    /// Without prefix, in lower case.
    pub(in crate::source::feed) name: String,
    /// Names in lower case, with the prefix as written ("xml:lang").
    pub(in crate::source::feed) attributes: Vec<(String, String)>,
    pub(in crate::source::feed) children: Vec<Node>,
    /// What links within are relative to.
    pub(in crate::source::feed) base: Url,
}

#[derive(Clone, Debug)]
pub(in crate::source::feed) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub(in crate::source::feed) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    pub(in crate::source::feed) fn elements(&self) -> impl Iterator<Item = &Element> + Clone {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    pub(in crate::source::feed) fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && self.name == name
    }

    /// The text in it, that of elements in it included.
    pub(in crate::source::feed) fn text(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        text
    }

    fn gather(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(own) => text.push_str(own),
                Node::Element(element) => element.gather(text),
            }
        }
    }

    pub(super) fn add_text(&mut self, text: &str) {
        let clean = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        if let Some(Node::Text(last)) = self.children.last_mut() {
            last.extend(clean);
        } else {
            self.children.push(Node::Text(clean.collect()));
        }
    }
}

pub(super) fn attributes_of(start: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut attributes = start.attributes();
    attributes
        .with_checks(false)
        .filter_map(Result::ok)
        .map(|attribute| {
            let value = unescape_with(&attribute.value, resolve_html5_entity);
            (
                attribute.key.as_ref().to_lowercase(),
                value.unwrap_or_else(|_| attribute.value.clone()).into_owned(),
            )
        })
        .collect()
}

/// What `&…;` stands for: characters by number, and the names of HTML, which XML does not know but feeds use.
pub(super) fn resolved(reference: &str) -> String {
    let code = match reference.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
        None => {
            let named = resolve_html5_entity(reference).map(str::to_owned);
            return named.unwrap_or_else(|| format!("&{reference};"));
        }
    };
    match code {
        // As browsers do: these are control characters in Unicode, and quotes and dashes in windows-1252.
        Some(code @ 0x80..=0x9f) => {
            let byte = u8::try_from(code).unwrap_or_default();
            WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned()
        }
        Some(code) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).to_string(),
        None => format!("&{reference};"),
    }
}
