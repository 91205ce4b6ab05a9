//! A body as a row of blocks: paragraphs, headings, lists. Every form of report becomes this.
//!
//! In: HTML of any origin, trusted with nothing. Out: blocks whose HTML is sanitised by allow-list (SEC-02, HTML-02),
//! each with its text and its lines. The surprising thing: containers such as `div` are taken apart before ammonia
//! sees them, because it would drop them and glue the paragraphs of many saved pages together.

mod depth;

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};
use url::Url;

pub(super) use self::depth::MOST_DEPTH;
pub(super) use self::depth::is_too_deep;
pub(crate) use self::depth::parsed;
use self::depth::{DEEPEST, without_tags};
use super::Related;
use super::prose::{escape, tidy};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Paragraph,
    Heading,
    /// Lists, tables, quotations, code.
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) html: String,
    pub(super) text: String,
    /// Lines as the reader sees them, each with the link it is, if it is one.
    pub(super) lines: Vec<Related>,
}

impl Block {
    pub(super) fn paragraph(lines: &[&str]) -> Block {
        let text = tidy(&lines.join(" "));
        Block {
            kind: Kind::Paragraph,
            html: format!("<p>{}</p>", escape(&text)),
            text,
            lines: lines.iter().map(|line| plain_line(line)).collect(),
        }
    }

    pub(super) fn list(items: &[&str]) -> Block {
        let items: Vec<String> = items.iter().map(|item| tidy(item)).collect();
        let html = items.iter().map(|item| format!("<li>{}</li>", escape(item)));
        Block {
            kind: Kind::Other,
            html: format!("<ul>{}</ul>", html.collect::<String>()),
            text: items
                .iter()
                .map(|item| format!("- {item}"))
                .collect::<Vec<_>>()
                .join("\n"),
            lines: items.iter().map(|item| plain_line(item)).collect(),
        }
    }
}

fn plain_line(line: &str) -> Related {
    Related {
        title: tidy(line),
        url: None,
    }
}

/// The blocks of HTML. Relative links are resolved against `base`, or dropped.
pub(super) fn of_html(html: &str, base: Option<&Url>) -> Vec<Block> {
    let Some(page) = parsed(html) else {
        let paragraphs = without_tags(html);
        return paragraphs.iter().map(|text| Block::paragraph(&[text])).collect();
    };
    of_node(page.tree.root(), base)
}

/// The blocks below one node of a page.
pub(super) fn of_node(node: NodeRef<'_, Node>, base: Option<&Url>) -> Vec<Block> {
    let mut writer = Writer {
        cleaner: cleaner(base),
        base,
        blocks: Vec::new(),
        inline: String::new(),
        inline_text: Gathered::default(),
        breaks: 0,
    };
    writer.walk(node, 0);
    writer.flush();
    writer.blocks
}

/// What mail, feeds and pages may carry.
fn cleaner(base: Option<&Url>) -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::default();
    builder
        .tags(
            [
                "p",
                "h2",
                "h3",
                "h4",
                "h5",
                "h6",
                "ul",
                "ol",
                "li",
                "blockquote",
                "a",
                "em",
                "strong",
                "i",
                "b",
                "br",
                "code",
                "pre",
                "sup",
                "sub",
                "table",
                "caption",
                "thead",
                "tbody",
                "tfoot",
                "tr",
                "th",
                "td",
            ]
            .into(),
        )
        .tag_attributes(
            [
                ("a", ["href"].into()),
                ("ol", ["start"].into()),
                ("td", ["colspan", "rowspan"].into()),
                ("th", ["colspan", "rowspan"].into()),
            ]
            .into(),
        )
        .generic_attributes(["lang", "dir"].into())
        .url_schemes(["http", "https", "mailto"].into())
        .link_rel(None)
        .clean_content_tags(HIDDEN.iter().copied().collect())
        .url_relative(match base {
            Some(base) => ammonia::UrlRelative::RewriteWithBase(base.clone()),
            None => ammonia::UrlRelative::Deny,
        })
        // Browsers overlook these around an address (URL Standard, section 4.4); mail programs need not.
        .attribute_filter(|_, attribute, value| match attribute {
            "href" => Some(value.trim_matches(|c: char| c <= ' ').into()),
            _ => Some(value.into()),
        });
    builder
}

/// Elements whose content no reader sees as text, or that are not part of the text.
const HIDDEN: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "head", "title", "button",
    "select", "textarea", "img", "picture", "figure", "video", "audio", "canvas", "nav", "dialog", "map",
];
const LEAVES: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "blockquote",
    "pre",
    "table",
];
const INLINE: &[&str] = &[
    "a", "em", "strong", "i", "b", "u", "span", "code", "sup", "sub", "small", "abbr", "cite", "q", "time", "mark",
    "s", "del", "ins", "font", "kbd", "var", "samp", "dfn", "bdi", "bdo", "wbr", "label", "big", "tt", "data", "ruby",
];

struct Writer<'a> {
    cleaner: ammonia::Builder<'static>,
    base: Option<&'a Url>,
    blocks: Vec<Block>,
    /// Text and inline elements outside any paragraph, until a block ends them.
    inline: String,
    inline_text: Gathered,
    breaks: usize,
}

impl Writer<'_> {
    fn walk(&mut self, node: NodeRef<'_, Node>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for child in node.children() {
            match child.value() {
                Node::Text(text) => {
                    if !text.trim().is_empty() {
                        self.breaks = 0;
                    }
                    self.inline.push_str(&escape(text));
                    self.inline_text.push(text);
                }
                Node::Element(element) => {
                    let name = element.name();
                    if HIDDEN.contains(&name) {
                    } else if name == "br" {
                        self.breaks += 1;
                        if self.breaks > 1 {
                            self.flush();
                        } else {
                            self.inline.push_str("<br>");
                            self.inline_text.end_line();
                        }
                    } else if LEAVES.contains(&name) {
                        self.flush();
                        self.leaf(child, name);
                    } else if INLINE.contains(&name) && !holds_blocks(child) {
                        self.breaks = 0;
                        if let Some(element) = ElementRef::wrap(child) {
                            self.inline.push_str(&element.html());
                        }
                        gather(child, self.base, &mut self.inline_text, 0);
                    } else {
                        self.flush();
                        self.walk(child, depth + 1);
                        self.flush();
                    }
                }
                Node::Document | Node::Fragment => self.walk(child, depth + 1),
                _ => {}
            }
        }
    }

    fn leaf(&mut self, node: NodeRef<'_, Node>, name: &str) {
        let Some(element) = ElementRef::wrap(node) else { return };
        let mut gathered = Gathered::default();
        gather(node, self.base, &mut gathered, 0);
        let html = match name {
            // The page has its own title; a second one in a mail would shout.
            "h1" => format!("<h2>{}</h2>", element.inner_html()),
            _ => element.html(),
        };
        let kind = match name {
            "p" => Kind::Paragraph,
            _ if name.starts_with('h') => Kind::Heading,
            _ => Kind::Other,
        };
        self.push(kind, &html, gathered, name == "ul" || name == "ol");
    }

    fn flush(&mut self) {
        self.breaks = 0;
        let inline = std::mem::take(&mut self.inline);
        let gathered = std::mem::take(&mut self.inline_text);
        if !inline.trim().is_empty() {
            let inline = inline.trim().trim_end_matches("<br>").trim();
            self.push(Kind::Paragraph, &format!("<p>{inline}</p>"), gathered, false);
        }
    }

    fn push(&mut self, kind: Kind, html: &str, gathered: Gathered, is_list: bool) {
        let lines = gathered.lines();
        if lines.is_empty() {
            return;
        }
        // Ammonia drops a `div` within a list item without leaving a blank in its place.
        let spaced = html.replace("</div>", "</div> ");
        let html = self.cleaner.clean(&spaced).to_string().trim().to_owned();
        let text = lines
            .iter()
            .map(|line| {
                if is_list {
                    format!("- {}", line.title)
                } else {
                    line.title.clone()
                }
            })
            .collect::<Vec<_>>()
            .join("\n");
        self.blocks.push(Block {
            kind,
            html,
            text,
            lines,
        });
    }
}

fn holds_blocks(node: NodeRef<'_, Node>) -> bool {
    node.descendants().skip(1).any(|inner| {
        inner.value().as_element().is_some_and(|element| {
            let name = element.name();
            LEAVES.contains(&name)
                || matches!(
                    name,
                    "div" | "section" | "article" | "main" | "header" | "footer" | "dl" | "hr"
                )
        })
    })
}

/// The text of elements, line by line, with the links met on the way.
#[derive(Default)]
struct Gathered {
    text: String,
    links: Vec<(String, String)>,
}

impl Gathered {
    fn push(&mut self, text: &str) {
        // A line break in the source of a page is a blank; our own line ends are written by `end_line`.
        self.text
            .extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }));
    }

    fn end_line(&mut self) {
        self.text.push('\n');
    }

    fn lines(self) -> Vec<Related> {
        let mut links = self.links.into_iter().peekable();
        let mut lines = Vec::new();
        for line in self.text.split('\n') {
            let title = tidy(line);
            if title.is_empty() {
                continue;
            }
            let mut url = None;
            while let Some((_, address)) = links.next_if(|(text, _)| text.is_empty() || title.contains(text.as_str())) {
                url = url.or(Some(address));
            }
            lines.push(Related { title, url });
        }
        lines
    }
}

fn gather(node: NodeRef<'_, Node>, base: Option<&Url>, into: &mut Gathered, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match node.value() {
        Node::Text(text) => into.push(text),
        Node::Element(element) => {
            let name = element.name();
            if HIDDEN.contains(&name) {
                return;
            }
            if name == "br" {
                return into.end_line();
            }
            let from = into.text.len();
            for child in node.children() {
                gather(child, base, into, depth + 1);
            }
            if name == "a" {
                let address = element.attr("href").and_then(|href| web_address(href, base));
                if let (Some(address), Some(text)) = (address, into.text.get(from..)) {
                    into.links.push((tidy(text), address));
                }
            }
            match name {
                "li" | "p" | "div" | "tr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "blockquote" => {
                    into.end_line();
                }
                "td" | "th" => into.push(" "),
                _ => {}
            }
        }
        _ => {}
    }
}

/// An absolute http or https address, or nothing.
pub(super) fn web_address(href: &str, base: Option<&Url>) -> Option<String> {
    let href = href.trim();
    let url = match base {
        Some(base) => base.join(href).ok()?,
        None => Url::parse(href).ok()?,
    };
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
