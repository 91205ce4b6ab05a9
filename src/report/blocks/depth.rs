//! How deep the elements of a page are nested: told by one pass over its tags, before any parser, and then by its tree.
//!
//! In: HTML. Out: its tree, or that it is too deep, and for such HTML its bare text. The surprising things: elements
//! whose end tag pages leave out are not counted in the first pass, or a long list would look like a deep one; and the
//! parser gets a page in pieces, because tags that are closed in a comment only, or in the wrong order, hide from that
//! pass how deep they are. A parser also opens what was left open anew in each paragraph, so that few bytes become many
//! elements: a tree that outgrows its page is none a person made either.

use ego_tree::NodeRef;
use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::TendrilSink;
use scraper::{Html, HtmlTreeSink, Node};

use crate::report::prose::tidy;

/// Deeper nesting than this is no page a person made; parsers take quadratic time on it, and walking it takes stack.
pub(in crate::report) const MOST_DEPTH: usize = 300;

/// How much of a page the parser gets at once: it can make hundreds of elements of a few bytes before anybody looks.
const PIECE: usize = 1_024;
/// A tree may have as many nodes as its page has bytes, and these for what the parser adds.
const MORE_NODES: usize = 1_000;

/// The tree of a page; none if its elements are nested deeper than [`MOST_DEPTH`], or far more than its tags.
pub(crate) fn parsed(html: &str) -> Option<Html> {
    if is_too_deep(html) {
        return None;
    }
    let mut parser = parse_document(HtmlTreeSink::new(Html::new_document()), ParseOpts::default());
    let mut looked_at = 0;
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(piece.into());
        let tree = &parser.tokenizer.sink.sink.0.borrow().tree;
        let nodes = tree.nodes();
        let (all, new) = (nodes.len(), nodes.len() - looked_at);
        if all > html.len() - after.len() + MORE_NODES || nodes.rev().take(new).any(is_deep) {
            return None;
        }
        looked_at = all;
        rest = after;
    }
    // Once more, for the parser moves what was nested in the wrong order.
    let page = parser.finish();
    let is_grown = page.tree.nodes().len() > html.len() + MORE_NODES;
    (!is_grown && !page.tree.nodes().any(is_deep)).then_some(page)
}

/// A few more than tags tell, for elements that the parser adds.
pub(super) const DEEPEST: usize = MOST_DEPTH + 8;

fn is_deep(node: NodeRef<'_, Node>) -> bool {
    node.ancestors().nth(DEEPEST).is_some()
}

/// Whether elements are nested deeper than [`MOST_DEPTH`], told by one pass over the tags, before any parser.
pub(in crate::report) fn is_too_deep(html: &str) -> bool {
    /// Elements that have no end tag, or whose end tag pages leave out.
    const NOT_COUNTED: &[&str] = &[
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p",
        "li", "dt", "dd", "tr", "td", "th", "option", "tbody", "thead", "tfoot", "colgroup", "html", "body", "path",
        "use",
    ];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let closes = rest.starts_with('/');
        let after = rest.strip_prefix('/').unwrap_or(rest);
        let length = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(after.len());
        let name = &after[..length];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.len() > 40 {
            continue;
        }
        if NOT_COUNTED.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            continue;
        }
        if closes {
            if let Some(at) = open.iter().rposition(|one| one.eq_ignore_ascii_case(name)) {
                open.truncate(at);
            }
            continue;
        }
        open.push(name);
        if open.len() > MOST_DEPTH {
            return true;
        }
        if ["script", "style"].iter().any(|raw| raw.eq_ignore_ascii_case(name)) {
            rest = &after[end_of_raw(after, name)..];
        }
    }
    false
}

/// Where the end tag of a script or style begins; what is between are no tags.
fn end_of_raw(text: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let tag = &text[from + at + 2..];
        if tag
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            return from + at;
        }
        from += at + 2;
    }
    text.len()
}

/// The bare text of HTML that no parser should see, in paragraphs.
pub(super) fn without_tags(html: &str) -> Vec<String> {
    let mut paragraphs = Vec::new();
    for piece in html.split('<') {
        let text = piece.split_once('>').map_or("", |(_, text)| text);
        let text = tidy(text);
        if !text.is_empty() {
            paragraphs.push(text);
        }
    }
    paragraphs
}
