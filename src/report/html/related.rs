//! The box of related titles on a page: a heading such as "Read next" and the links or list beside it.
//!
//! In: the page. Out: the titles with their links. The surprising thing: the box ends with the element that holds the
//! heading, so that a foot of the page which follows it is no title.

use std::sync::LazyLock;

use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

use super::selector;
use crate::report::Related;
use crate::report::blocks::web_address;
use crate::report::prose::tidy;
use crate::report::tail;

/// More titles are a list of everything.
const MOST: usize = 40;
/// A longer line is prose.
const LONGEST_TITLE: usize = 300;

pub(super) struct Found {
    pub(super) related: Vec<Related>,
    /// The heading.
    pub(super) words: String,
}

pub(super) fn find(page: &Html, base: Option<&Url>) -> Option<Found> {
    static HEADING: LazyLock<Selector> = LazyLock::new(|| selector("h2, h3, h4, h5, h6, b, strong, p, span, dt"));
    static BOX: LazyLock<Selector> = LazyLock::new(|| selector("aside, section, div"));
    let headed = page.select(&HEADING).find_map(|heading| {
        let words = tidy(&heading.text().collect::<String>());
        (words.chars().count() <= 80 && tail::is_opening(&words)).then(|| behind(heading, &words, base))?
    });
    // "Recent: <a>One</a>; <a>Two</a>" without a heading of its own.
    headed.or_else(|| {
        page.select(&BOX).find_map(|one| {
            let first = one.children().find_map(|child| match child.value() {
                Node::Text(text) if !text.trim().is_empty() => Some(tidy(text)),
                _ => None,
            })?;
            let is_first = one
                .children()
                .filter(|child| !matches!(child.value(), Node::Text(text) if text.trim().is_empty()))
                .take(1)
                .any(|child| child.value().is_text());
            if !is_first || !tail::is_opening(&first) {
                return None;
            }
            let related = links_of(one.descendants(), base);
            (!related.is_empty() && related.len() <= MOST).then_some(Found { related, words: first })
        })
    })
}

/// What follows the heading within the element that holds it, or within the next one out if it stands alone there.
fn behind(heading: ElementRef<'_>, words: &str, base: Option<&Url>) -> Option<Found> {
    let mut at: NodeRef<'_, Node> = *heading;
    for _ in 0..3 {
        let following: Vec<NodeRef<'_, Node>> = at.next_siblings().collect();
        let has_text = following
            .iter()
            .flat_map(|node| node.descendants())
            .any(|node| node.value().as_text().is_some_and(|text| !text.trim().is_empty()));
        if has_text {
            let related = titles(&following, base);
            let is_box = !related.is_empty()
                && related.len() <= MOST
                && related.iter().all(|one| one.title.chars().count() <= LONGEST_TITLE);
            return is_box.then(|| Found {
                related,
                words: words.to_owned(),
            });
        }
        at = at.parent()?;
    }
    None
}

/// List items if there are any, else links; a box without either states no titles.
fn titles(nodes: &[NodeRef<'_, Node>], base: Option<&Url>) -> Vec<Related> {
    let items: Vec<Related> = nodes
        .iter()
        .flat_map(|node| node.descendants())
        .filter_map(ElementRef::wrap)
        .filter(|element| element.value().name() == "li")
        .filter_map(|item| {
            let link = item
                .descendants()
                .filter_map(ElementRef::wrap)
                .find(|one| one.value().name() == "a");
            related(link.unwrap_or(item), base)
        })
        .collect();
    if !items.is_empty() {
        return items;
    }
    links_of(nodes.iter().flat_map(|node| node.descendants()), base)
}

fn links_of<'a>(nodes: impl Iterator<Item = NodeRef<'a, Node>>, base: Option<&Url>) -> Vec<Related> {
    nodes
        .filter_map(ElementRef::wrap)
        .filter(|element| element.value().name() == "a")
        .filter_map(|link| related(link, base))
        .collect()
}

fn related(element: ElementRef<'_>, base: Option<&Url>) -> Option<Related> {
    let title = tidy(&element.text().collect::<String>());
    let url = element.attr("href").and_then(|href| web_address(href, base));
    (!title.is_empty()).then_some(Related { title, url })
}
