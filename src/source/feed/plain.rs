//! Small texts of feeds as plain text, and plain text as HTML.

use std::sync::LazyLock;

use quick_xml::escape::unescape_with;
use regex::{Captures, Regex};

use crate::report::prose::{escape, pattern, tidy};

/// Longer titles are cut at a word: no heading is this long.
const LONGEST_TITLE: usize = 500;

/// Tags of HTML by name, so that "a <b> c" loses its tag and "1 < 2 > 0" and "<Placeholder>" nothing.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)<!--.*?-->|</?(?:a|abbr|acronym|b|bdi|bdo|big|blockquote|br|cite|code|del|dfn|div|em|font|h[1-6]|hr|i|iframe|img|ins|kbd|li|mark|ol|p|pre|q|s|samp|script|small|span|strike|strong|style|sub|sup|svg|time|tt|u|ul|var|wbr)(?:\s[^<>]*)?/?>",
    )
});
static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"));
static MAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)(?:mailto:)?[^\s<>()\[\],;]+@[^\s<>()\[\],;]+"));

/// HTML of a line or a few, as one line of text.
pub(super) fn without_markup(html: &str) -> String {
    let text = TAG.replace_all(html, |tag: &Captures<'_>| {
        let is_break = ["br", "p", "/p", "div", "/div", "li", "hr", "h"];
        let name = tag
            .get(0)
            .map_or("", |tag| tag.as_str())
            .trim_start_matches('<')
            .to_lowercase();
        if is_break.iter().any(|start| name.starts_with(start)) {
            " "
        } else {
            ""
        }
    });
    tidy(&REFERENCE.replace_all(&text, |reference: &Captures<'_>| {
        let written = reference.get(0).map_or("", |reference| reference.as_str());
        let resolved = unescape_with(written, quick_xml::escape::resolve_html5_entity);
        resolved.map_or_else(|_| written.to_owned(), std::borrow::Cow::into_owned)
    }))
}

/// A title of sane length, if there is one.
pub(super) fn title(text: &str) -> Option<String> {
    let text = tidy(text);
    match text.char_indices().nth(LONGEST_TITLE) {
        Some((at, _)) => {
            let cut = text.get(..at).unwrap_or_default();
            let cut = cut.rsplit_once(' ').map_or(cut, |(whole_words, _)| whole_words);
            Some(format!("{cut} …"))
        }
        None => Some(text).filter(|text| !text.is_empty()),
    }
}

/// A name without the mail address that RSS wants beside it: people did not give it to our readers.
pub(super) fn person(text: &str) -> Option<String> {
    let text = MAIL.replace_all(text, " ");
    let name = tidy(&without_markup(&text));
    let name = name.replace("()", "").replace("<>", "").replace("[]", "");
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | ',' | ';' | '"'));
    Some(name.to_owned()).filter(|name| name.chars().any(char::is_alphanumeric))
}

/// Plain text as HTML: paragraphs where lines are left free, line breaks where lines end.
pub(super) fn html_of_text(text: &str) -> String {
    let paragraphs = text
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty());
    let html = paragraphs.map(|paragraph| format!("<p>{}</p>", escape(paragraph).replace('\n', "<br>")));
    html.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_entities_go_and_what_only_looks_like_them_stays() {
        assert_eq!(without_markup("<b>Q&amp;A</b>: 1 < 2 &ndash; R&D"), "Q&A: 1 < 2 – R&D");
        assert_eq!(without_markup("How to use <Placeholder>"), "How to use <Placeholder>");
        assert_eq!(without_markup("one<br/>two&nosuch;"), "one two&nosuch;");
    }

    #[test]
    fn a_mail_address_is_no_name() {
        assert_eq!(person("ada@example.org (Ada Byron)").as_deref(), Some("Ada Byron"));
        assert_eq!(person("Ada Byron «ada@example.org»").as_deref(), Some("Ada Byron"));
        assert_eq!(person("ada@example.org"), None);
    }
}
