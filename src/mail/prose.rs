//! Running text in mails: the editor's note from Markdown, a report's full text, and both as plain text.
//!
//! In: Markdown or HTML. Out: HTML of the few elements every mail program shows, and text in which each link stands
//! alone on a line. The surprising part: pictures and tables are taken out, because their place and size are unknown
//! here; what they say in words stays.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use scraper::node::Node;
use scraper::{ElementRef, Html};

use crate::render::one_line;

/// What running text in a mail may contain.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "cite",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "strong",
    "sub",
    "sup",
    "ul",
];

/// Elements that begin a new paragraph of the text form.
const BLOCKS: &[&str] = &[
    "blockquote",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "ul",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.iter().copied().collect())
        .clean_content_tags(HashSet::from([
            "script", "style", "svg", "math", "iframe", "object", "noscript",
        ]))
        .add_tag_attributes("a", ["href"])
        .generic_attributes(HashSet::from(["lang", "dir"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None);
    builder
});

/// The editor's note as HTML.
pub(super) fn note(markdown: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(markdown));
    for_mail(&html, 2)
}

/// HTML reduced to what mails show, with no heading above level `top`: the list's title is the first level, a report's
/// the second.
pub(super) fn for_mail(html: &str, top: u8) -> String {
    let mut clean = CLEANER.clean(html).to_string();
    for level in 1..top {
        clean = clean
            .replace(&format!("<h{level}>"), &format!("<h{top}>"))
            .replace(&format!("<h{level} "), &format!("<h{top} "))
            .replace(&format!("</h{level}>"), &format!("</h{top}>"));
    }
    clean.retain(|char| !char.is_control() || char == '\n' || char == '\t');
    clean.trim().to_owned()
}

/// The same as plain text: paragraphs parted by an empty line, the links of each below it on lines of their own.
pub(super) fn text(html: &str) -> String {
    let mut writer = Writer::default();
    let document = Html::parse_fragment(html);
    writer.children(document.root_element());
    writer.end_block();
    writer.blocks.join("\n\n")
}

#[derive(Default)]
struct Writer {
    blocks: Vec<String>,
    line: String,
    links: Vec<String>,
    /// What the next block begins with: the mark of a list item.
    mark: String,
}

impl Writer {
    fn children(&mut self, element: ElementRef) {
        let ordered = element.value().name() == "ol";
        let mut number = 0;
        for child in element.children() {
            match child.value() {
                Node::Text(text) => self.line.push_str(text),
                Node::Element(inner) => {
                    let Some(child) = ElementRef::wrap(child) else { continue };
                    let name = inner.name();
                    let block = BLOCKS.contains(&name);
                    if block {
                        self.end_block();
                    }
                    match name {
                        "br" => self.line.push('\u{2028}'),
                        "li" if ordered => {
                            number += 1;
                            self.mark = format!("{number}. ");
                        }
                        "li" => self.mark = "- ".into(),
                        _ => {}
                    }
                    self.children(child);
                    if let Some(link) = inner.attr("href").filter(|_| name == "a") {
                        self.links.push(link.to_owned());
                    }
                    if block {
                        self.end_block();
                    }
                }
                _ => {}
            }
        }
    }

    fn end_block(&mut self) {
        let lines: Vec<String> = std::mem::take(&mut self.line).split('\u{2028}').map(one_line).collect();
        let text = lines.join("\n").trim().to_owned();
        let links = std::mem::take(&mut self.links);
        let mut block = String::new();
        if !text.is_empty() {
            block = format!("{}{text}", std::mem::take(&mut self.mark));
        }
        // A link whose words are its own address stands there already.
        for link in links.into_iter().filter(|link| *link != text) {
            if !block.is_empty() {
                block.push('\n');
            }
            block.push_str(link.strip_prefix("mailto:").unwrap_or(&link));
        }
        if !block.is_empty() {
            self.blocks.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_keeps_links_and_loses_scripts_and_pictures() {
        let html = note(
            "# Hi\n\nRead [this](https://example.org/x)<script>alert(1)</script> ![p](https://example.org/p.png) [no](javascript:x)",
        );
        assert_eq!(
            html,
            "<h2>Hi</h2>\n<p>Read <a href=\"https://example.org/x\">this</a>  <a>no</a></p>"
        );
        assert_eq!(text(&html), "Hi\n\nRead this no\nhttps://example.org/x");
    }

    #[test]
    fn lists_become_lines_with_marks() {
        assert_eq!(
            text(&note("1. one\n2. two\n\n- a & b\n- c < d")),
            "1. one\n\n2. two\n\n- a & b\n\n- c < d"
        );
    }
}
