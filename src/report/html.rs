//! Saved web pages.
//!
//! In: HTML as some site wrote it. Out: what the page states about itself (structured data, meta elements, `time`)
//! entered into the report, the title, and the blocks of its main text. The surprising thing: the main text is what
//! readability finds only if that is a fair part of the page; on short pages it is often not, and the body is taken.

mod related;
mod selected;
mod stated;

use std::sync::LazyLock;

use chrono::NaiveDate;
use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

use super::blocks::{self, Block, Kind, web_address};
use super::prose::tidy;
use super::{Refusal, Report, images, tail};

pub use self::selected::SELECTABLE;

/// More markup than this is too slow to search for its main text; the body is taken as it is.
const MOST_FOR_READABILITY: usize = 1_500_000;
/// Readability must keep at least this share of the text, in percent.
const FAIR_SHARE: usize = 25;

/// Compiles a literal selector.
#[expect(clippy::expect_used, reason = "a literal selector, compiled by a test")]
fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a literal selector")
}

/// A page as read: its title and the rule that found it, its main text, and the days that `time` elements state.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) title_rule: &'static str,
    pub(super) blocks: Vec<Block>,
    /// All of the main element, what readability left out too: facts often stand in a list of their own.
    pub(super) whole: Vec<Block>,
    pub(super) days: Vec<NaiveDate>,
    /// Whose page it is, as its foot or `og:site_name` says.
    pub(super) house: Option<String>,
}

/// Reads a page; what it states about itself goes into the report. `at`: where it lay, if it was fetched; `select`: the
/// fields that staff select, each with its CSS selector.
pub(super) fn read(
    html: &str,
    at: Option<&Url>,
    select: &[(String, String)],
    report: &mut Report,
) -> Result<Page, Refusal> {
    let page = blocks::parsed(html).ok_or_else(too_deep)?;
    selected::fields(&page, select, base_of(&page, at, report).as_ref(), report);
    stated::enter(&page, at, report);
    let base = base_of(&page, at, report);
    let (title, rule) = title(&page, report);

    let chosen = selected::body(&page, select);
    let main = chosen.unwrap_or_else(|| main_element(&page));
    let whole = blocks::of_node(main, base.as_ref());
    let own = at.and(base.as_ref());
    report.images_from(images::of_node(main, own), "pictures of the text");
    report.images_from(images::shared(&page, own).into_iter().collect(), "meta og:image");
    let mut blocks = match chosen {
        Some(_) => whole.clone(),
        None => readable(html, &whole, base.as_ref()).unwrap_or_else(|| whole.clone()),
    };
    // Readability often drops the related titles as mere links, so the page is asked for its box of them first.
    if let Some(found) = related::find(&page, base.as_ref()) {
        let is_left = |block: &Block| {
            block.text == found.words
                || (!block.lines.is_empty()
                    && block
                        .lines
                        .iter()
                        .all(|line| found.related.iter().any(|one| line.title.contains(&one.title))))
        };
        blocks.retain(|block| block.kind == Kind::Paragraph && block.text.len() > 300 || !is_left(block));
        if let Some(tail) = tail::find(&blocks) {
            blocks.truncate(tail.keep);
        }
        report.note("related", "box of related titles", &found.words);
        report.related = found.related;
    } else if tail::find(&blocks).is_none()
        && let Some(tail) = tail::find(&whole)
    {
        let is_left = |block: &Block| {
            tail.related
                .iter()
                .any(|one| block.lines.iter().all(|line| line.title == one.title))
        };
        blocks.retain(|block| !is_left(block));
        report.note("related", "tail of the text", &tail.words);
        report.related = tail.related;
    }
    if let Some(at) = blocks
        .iter()
        .take(4)
        .position(|block| block.kind == Kind::Heading && block.text == title)
    {
        blocks.drain(..=at);
    }
    Ok(Page {
        title,
        title_rule: rule,
        blocks,
        whole,
        days: stated::days(&page),
        house: house(&page),
    })
}

/// A page that only wants to exhaust whoever reads it.
pub(super) fn refuse_too_deep(html: &str) -> Result<(), Refusal> {
    match blocks::is_too_deep(html) {
        true => Err(too_deep()),
        false => Ok(()),
    }
}

fn too_deep() -> Refusal {
    Refusal(format!(
        "elements are nested more than {} deep, which no page needs; save the text of the page as .txt or .md",
        blocks::MOST_DEPTH
    ))
}

/// Relative links are relative to the page's own address.
fn base_of(page: &Html, at: Option<&Url>, report: &Report) -> Option<Url> {
    static BASE: LazyLock<Selector> = LazyLock::new(|| selector("base[href]"));
    let own = report.url.as_deref().and_then(|url| Url::parse(url).ok());
    let own = at.cloned().or(own);
    let href = page.select(&BASE).next().and_then(|base| base.attr("href"));
    let stated = href
        .and_then(|href| web_address(href, own.as_ref()))
        .and_then(|url| Url::parse(&url).ok());
    stated.or(own)
}

/// Structured data has been entered already; then og:title, the only h1, the title element.
fn title(page: &Html, report: &Report) -> (String, &'static str) {
    static OG_TITLE: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[property="og:title"]"#));
    static SITE: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[property="og:site_name"]"#));
    static H1: LazyLock<Selector> = LazyLock::new(|| selector("h1"));
    static TITLE: LazyLock<Selector> = LazyLock::new(|| selector("head > title"));
    let content = |selector: &Selector| {
        page.select(selector)
            .find_map(|meta| meta.attr("content"))
            .map(tidy)
            .filter(|text| !text.is_empty())
    };
    let site = content(&SITE);
    let headings: Vec<String> = page
        .select(&H1)
        .map(|h1| tidy(&h1.text().collect::<String>()))
        .filter(|text| !text.is_empty())
        .collect();
    let h1 = match headings.as_slice() {
        [one] if Some(one) != site.as_ref() => Some(one.clone()),
        _ => None,
    };
    if !report.title.is_empty() {
        return (report.title.clone(), "structured data");
    }
    if let Some(og) = content(&OG_TITLE) {
        // "CANCELLED – Title | Site": the heading of the page within it is the title.
        if let Some(h1) = h1.filter(|h1| h1.split(' ').count() >= 3 && og.contains(h1.as_str())) {
            return (h1, "heading of the page");
        }
        return (
            without_site(&og, site.as_deref(), headings.first().map(String::as_str)),
            "meta og:title",
        );
    }
    if let Some(h1) = h1 {
        return (h1, "heading of the page");
    }
    let written = page
        .select(&TITLE)
        .next()
        .map(|title| tidy(&title.text().collect::<String>()))
        .unwrap_or_default();
    // Without a first heading a page title of one or two words is the name of a department of the site.
    if headings.is_empty()
        && written.split(' ').count() <= 2
        && let Some(heading) = highest_heading(page)
    {
        return (heading, "heading of the page");
    }
    if !written.is_empty() {
        return (
            without_site(&written, site.as_deref(), headings.first().map(String::as_str)),
            "title of the page",
        );
    }
    (headings.into_iter().next().unwrap_or_default(), "heading of the page")
}

/// The first heading of the highest level that the page has below h1.
fn highest_heading(page: &Html) -> Option<String> {
    static LEVELS: LazyLock<[Selector; 3]> = LazyLock::new(|| [selector("h2"), selector("h3"), selector("h4")]);
    LEVELS.iter().find_map(|level| {
        page.select(level)
            .map(|heading| tidy(&heading.text().collect::<String>()))
            .find(|text| text.split(' ').count() >= 2)
    })
}

/// "Title – Part | Site" without what is not the title, where the parting is plain.
fn without_site(title: &str, site: Option<&str>, heading: Option<&str>) -> String {
    let mut title = title.to_owned();
    loop {
        let shorter = without_last(&title, site, heading);
        if shorter == title {
            return title;
        }
        title = shorter;
    }
}

fn without_last(title: &str, site: Option<&str>, heading: Option<&str>) -> String {
    const LONGEST_SITE: usize = 60;
    for separator in [" | ", " :: ", " » ", " • ", " — ", " – ", " - ", " · "] {
        let Some((front, last)) = title.rsplit_once(separator) else {
            continue;
        };
        let is_plain = matches!(separator, " | " | " :: " | " » " | " • ") && last.chars().count() <= LONGEST_SITE;
        if site == Some(last) || heading == Some(front) || is_plain {
            return front.trim().to_owned();
        }
    }
    title.to_owned()
}

/// The institution whose page it is: `og:site_name`, or the name that stands in its foot with an address or a `©`.
fn house(page: &Html) -> Option<String> {
    /// A foot is within the last so many pieces of text.
    const FOOT: usize = 40;
    static SITE: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[property="og:site_name"]"#));
    let site = page.select(&SITE).find_map(|meta| meta.attr("content")).map(tidy);
    let site = site.and_then(|name| super::organiser::signed(&name));
    site.or_else(|| {
        let texts: Vec<String> = page
            .tree
            .nodes()
            .filter_map(|node| node.value().as_text())
            .map(|text| tidy(text))
            .filter(|text| !text.is_empty())
            .collect();
        let foot = texts.iter().rev().take(FOOT);
        let has_address = |text: &&String| text.starts_with('©') || text.contains(|c: char| c.is_ascii_digit());
        let addressed = foot.filter(has_address).find_map(|text| super::organiser::signed(text));
        addressed.or_else(|| in_footer(page))
    })
}

/// A house that stands alone on a line of the footer; what links there lead to is called otherwise.
fn in_footer(page: &Html) -> Option<String> {
    static LINES: LazyLock<Selector> =
        LazyLock::new(|| selector("footer p, footer address, footer div, footer strong"));
    page.select(&LINES).find_map(|line| {
        let texts = line.children().filter_map(|node| node.value().as_text());
        texts
            .map(|text| tidy(text))
            .find_map(|text| super::organiser::signed(&text))
    })
}

/// The one article or main element, else the body.
fn main_element(page: &Html) -> NodeRef<'_, Node> {
    static MAIN: LazyLock<[Selector; 3]> = LazyLock::new(|| [selector("main"), selector("article"), selector("body")]);
    for candidate in MAIN.iter() {
        let mut found = page.select(candidate);
        if let (Some(one), None) = (found.next(), found.next())
            && has_text(one)
        {
            return *one;
        }
    }
    *page.root_element()
}

fn has_text(element: ElementRef<'_>) -> bool {
    element.text().any(|text| !text.trim().is_empty())
}

/// What readability takes for the main text, if that is a fair part of the whole.
fn readable(html: &str, whole: &[Block], base: Option<&Url>) -> Option<Vec<Block>> {
    if html.len() > MOST_FOR_READABILITY {
        return None;
    }
    let config = dom_smoothie::Config {
        disable_json_ld: true,
        ..Default::default()
    };
    let mut reader = dom_smoothie::Readability::new(html, None, Some(config)).ok()?;
    let article = reader.parse().ok()?;
    let blocks = blocks::of_html(&article.content, base);
    let length = |blocks: &[Block]| blocks.iter().map(|block| block.text.len()).sum::<usize>();
    (length(&blocks) * 100 >= length(whole) * FAIR_SHARE).then_some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_name_is_cut_off_only_where_it_is_plainly_one() {
        assert_eq!(without_site("Water talks | Lindenfeld", None, None), "Water talks");
        assert_eq!(without_site("Water – a right", None, None), "Water – a right");
        assert_eq!(
            without_site("Water – a right – Lindenfeld", Some("Lindenfeld"), None),
            "Water – a right"
        );
        assert_eq!(without_site("Water - Lindenfeld", None, Some("Water")), "Water");
    }
}
