//! How deep the elements of a page are nested, told by one pass over its tags, before any parser.
//!
//! In: HTML. Out: whether it is too deep to parse, and for such HTML its bare text. The surprising thing: elements whose
//! end tag pages leave out are not counted, or a long list would look like a deep one.

use crate::report::prose::tidy;

/// Deeper nesting than this is no page a person made; parsers take quadratic time on it, and walking it takes stack.
pub(in crate::report) const MOST_DEPTH: usize = 300;

/// Whether elements are nested deeper than [`MOST_DEPTH`], told by one pass over the tags, before any parser.
pub(crate) fn is_too_deep(html: &str) -> bool {
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
