//! Web pages that come where a feed should: recognised, and asked for the feeds they name.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use super::normal::address;
use crate::report::prose::pattern;

/// Pages name their feeds in the head; what comes later is not looked at.
const HEAD: usize = 200_000;
/// More feeds than this help nobody to choose.
const MOST_FEEDS: usize = 10;

static PAGE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?is)^(?:\s|<\?xml[^>]*\?>|<!--.*?-->)*<(?:!doctype\s+html|html|head|body)\b"));
static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<link\b[^>]*>"));
static KIND: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)\btype\s*=\s*["']?\s*application/(?:rss\+xml|atom\+xml|rdf\+xml|feed\+json)\b"#));
static HREF: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"#));

pub(super) fn is_page(text: &str) -> bool {
    PAGE.is_match(text)
}

/// Addresses of feeds in the head of a page.
pub(super) fn named_feeds(text: &str, base: &Url) -> Vec<String> {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text);
    let mut feeds = Vec::new();
    for link in LINK.find_iter(head).filter(|link| KIND.is_match(link.as_str())) {
        let href = HREF.captures(link.as_str());
        let href = href.and_then(|groups| groups.iter().skip(1).flatten().next());
        if let Some(feed) = href.and_then(|href| address(&href.as_str().replace("&amp;", "&"), base))
            && !feeds.contains(&feed)
            && feeds.len() < MOST_FEEDS
        {
            feeds.push(feed);
        }
    }
    feeds
}
