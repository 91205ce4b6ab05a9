//! What a mail must never be, checked on its bytes and on its HTML.
//!
//! In: a whole message, or the HTML of one. Out: a sentence for each fault; none = good. Used when templates are
//! tried, when an edition is sealed, and by the tests. It judges what is there, not how it came to be, so a template
//! changed by hand is held to the same rules as ours.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use super::encode::from_quoted_printable;

/// RFC 5322, section 2.1.1.
const MAX_LINE: usize = 998;

/// Gmail drops larger style blocks.
const MAX_STYLE: usize = 16_000;

/// Fields that occur exactly once in our mails.
const ONCE: &[&str] = &[
    "date",
    "from",
    "to",
    "subject",
    "message-id",
    "mime-version",
    "content-type",
];

/// Fields that occur at most once.
const AT_MOST_ONCE: &[&str] = &[
    "reply-to",
    "cc",
    "sender",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-help",
    "list-owner",
    "list-archive",
    "list-subscribe",
    "list-post",
    "archived-at",
    "precedence",
    "auto-submitted",
    "feedback-id",
];

const FORBIDDEN: &[&str] = &[
    "applet", "audio", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link", "math",
    "object", "script", "select", "svg", "textarea", "video",
];

#[expect(clippy::expect_used, reason = "a literal selector, compiled by a test")]
static ANY: LazyLock<Selector> = LazyLock::new(|| Selector::parse("*").expect("a valid selector"));

/// Faults of a message as it goes onto the wire.
pub fn lint(message: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if message.contains('\0') {
        faults.push("contains a NUL".to_owned());
    }
    for (number, line) in message.split("\r\n").enumerate() {
        let number = number + 1;
        if line.contains(['\r', '\n']) {
            faults.push(format!("line {number} holds a bare CR or LF"));
        }
        if line.len() > MAX_LINE {
            faults.push(format!("line {number} has {} octets, more than {MAX_LINE}", line.len()));
        }
        if line.contains(|char: char| char.is_ascii_control() && !matches!(char, '\t' | '\r' | '\n' | '\0')) {
            faults.push(format!("line {number} holds a control character"));
        }
    }
    let Some((head, body)) = message.split_once("\r\n\r\n") else {
        faults.push("has no empty line after the headers".to_owned());
        return faults;
    };
    lint_headers(head, &mut faults);
    for (number, line) in body.split("\r\n").enumerate() {
        if line.len() > 76 {
            faults.push(format!(
                "line {} of the body has {} characters, more than 76",
                number + 1,
                line.len()
            ));
        }
        if !line.is_ascii() {
            faults.push(format!("line {} of the body is not ASCII", number + 1));
        }
    }
    if let Some((_, part)) = body.split_once("Content-Type: text/html") {
        let html = part.split_once("\r\n\r\n").map(|(_, html)| html).unwrap_or_default();
        let html = html.split("\r\n--=_").next().unwrap_or_default();
        faults.extend(lint_html(&from_quoted_printable(html)));
    }
    faults
}

fn lint_headers(head: &str, faults: &mut Vec<String>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
        match line.split_once(':') {
            Some((name, _)) => *counts.entry(name.to_ascii_lowercase()).or_default() += 1,
            None => faults.push(format!("`{line}` is no header")),
        }
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    for name in ONCE.iter().filter(|name| count(name) != 1) {
        faults.push(format!("has {} {name} fields instead of one", count(name)));
    }
    for name in AT_MOST_ONCE.iter().filter(|name| count(name) > 1) {
        faults.push(format!("has {} {name} fields", count(name)));
    }
    if count("bcc") > 0 {
        faults.push("has a bcc field".to_owned());
    }
    let unsubscribe = head.split("\r\n").find(|line| line.starts_with("List-Unsubscribe:"));
    if unsubscribe.is_some_and(|line| !line.contains('<') || !line.ends_with('>')) {
        faults.push("folds its unsubscribe link".to_owned());
    }
}

/// Faults of a mail's HTML.
pub fn lint_html(html: &str) -> Vec<String> {
    let document = Html::parse_document(html);
    let mut faults = Vec::new();
    let mut style = 0;
    for element in document.select(&ANY) {
        let name = element.value().name();
        if FORBIDDEN.contains(&name) {
            faults.push(format!("holds a <{name}> element, which mail programs refuse"));
        }
        for (attribute, value) in element.value().attrs() {
            lint_attribute(name, attribute, value, &mut faults);
        }
        match name {
            "table" if element.attr("role") != Some("presentation") => {
                faults.push("holds a table without role=\"presentation\"".to_owned());
            }
            "img" => lint_image(element, &mut faults),
            "style" => {
                let css: String = element.text().collect();
                style += css.len();
                if css.contains("@import") || css.contains("url(") {
                    faults.push("its styles load something from elsewhere".to_owned());
                }
            }
            "html" => lint_language("the html element", element, &mut faults),
            "body" => match element.child_elements().next() {
                Some(first) => lint_language("the first element of the body", first, &mut faults),
                None => faults.push("has an empty body".to_owned()),
            },
            "title" if element.text().collect::<String>().trim().is_empty() => {
                faults.push("has an empty title".to_owned());
            }
            _ => {}
        }
    }
    if style > MAX_STYLE {
        faults.push(format!("has {style} bytes of styles, more than {MAX_STYLE}"));
    }
    faults
}

fn lint_attribute(element: &str, name: &str, value: &str, faults: &mut Vec<String>) {
    if name.starts_with("on") {
        faults.push(format!("has an event handler `{name}`"));
    }
    let target = value.trim().to_ascii_lowercase();
    let link = matches!(name, "href" | "src" | "background" | "action");
    let known = ["http://", "https://", "mailto:", "#", "\u{1}"];
    if link && !known.iter().any(|start| target.starts_with(start)) {
        faults.push(format!(
            "<{element} {name}> leads to `{value}`; only http, https and mailto are allowed"
        ));
    }
}

fn lint_image(image: ElementRef, faults: &mut Vec<String>) {
    for wanted in ["alt", "width", "height"] {
        if image.attr(wanted).is_none() {
            faults.push(format!("holds a picture without `{wanted}`"));
        }
    }
    if !image.attr("src").is_some_and(|src| src.starts_with("https://")) {
        faults.push("holds a picture whose address does not begin with https://".to_owned());
    }
}

fn lint_language(what: &str, element: ElementRef, faults: &mut Vec<String>) {
    for wanted in ["lang", "dir"] {
        if element.attr(wanted).is_none_or(str::is_empty) {
            faults.push(format!("{what} has no `{wanted}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_html_is_found() {
        for (html, fault) in [
            ("<script>x</script>", "<script>"),
            ("<p onclick=x>", "event handler"),
            ("<a href='javascript:x'>y</a>", "leads to"),
            ("<table></table>", "role"),
            ("<img src='http://example.org/x.png' alt=''>", "width"),
            ("<form></form>", "<form>"),
            ("<style>@import 'x'</style>", "load something"),
        ] {
            let page = format!("<html lang=en dir=ltr><body><div lang=en dir=ltr>{html}</div></body></html>");
            let faults = lint_html(&page);
            assert!(faults.iter().any(|found| found.contains(fault)), "{html}: {faults:?}");
        }
        assert_eq!(lint_html("<html><body><p>x</p></body></html>").len(), 4);
    }

    #[test]
    fn faults_of_the_wire_are_found() {
        let good = "Date: d\r\nFrom: f\r\nTo: t\r\nSubject: s\r\nMessage-ID: m\r\nMIME-Version: 1.0\r\n\
                    Content-Type: text/plain\r\n\r\nbody\r\n";
        assert_eq!(lint(good), Vec::<String>::new());
        for (from, to, fault) in [
            ("body", "bo\ndy", "bare CR or LF"),
            ("body", "bo\0dy", "NUL"),
            ("body", &*"x".repeat(999), "999 octets"),
            ("To: t", "To: t\r\nTo: u", "2 to fields"),
            ("To: t", "To: t\r\nBcc: u", "a bcc field"),
        ] {
            let faults = lint(&good.replace(from, to));
            assert!(
                faults
                    .iter()
                    .any(|found| found.to_lowercase().contains(&fault.to_lowercase())),
                "{to:?}: {faults:?}"
            );
        }
    }
}
