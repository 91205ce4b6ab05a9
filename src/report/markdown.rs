//! Markdown: headings, paragraphs, lists, links.
//!
//! In: Markdown without its front matter. Out: the title and the blocks. The surprising thing: HTML inside Markdown is
//! allowed and goes through the same sanitiser as everything else.

use pulldown_cmark::{Options, Parser};
use url::Url;

use super::blocks::{self, Block, Kind};

/// Markdown as HTML, not yet sanitised.
pub(super) fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 4);
    pulldown_cmark::html::push_html(&mut html, Parser::new_ext(text, Options::ENABLE_TABLES));
    html
}

/// Title, the rule that found it, and the blocks without it. A title stated elsewhere removes the same first heading.
pub(super) fn read(text: &str, stated_title: &str, base: Option<&Url>) -> (String, &'static str, Vec<Block>) {
    let mut blocks = blocks::of_html(&to_html(text), base);
    if !stated_title.is_empty() {
        if blocks
            .first()
            .is_some_and(|first| first.kind == Kind::Heading && first.text == stated_title)
        {
            blocks.remove(0);
        }
        return (stated_title.to_owned(), "front matter", blocks);
    }
    let heading = blocks.iter().position(|block| block.kind == Kind::Heading);
    // A heading far down is the heading of a part; text before it has been a title line.
    if let Some(at) = heading.filter(|at| *at <= 1) {
        let title = blocks.remove(at).text;
        return (title, "first heading", blocks);
    }
    let first = blocks.first().map_or("", |block| block.text.as_str());
    let line = first.lines().next().unwrap_or_default().to_owned();
    if !line.is_empty() && super::plain::is_title(&line) {
        if !first.contains('\n') {
            blocks.remove(0);
        }
        return (line, "first line", blocks);
    }
    (super::plain::title_within(first), "first sentence", blocks)
}
