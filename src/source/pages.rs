//! A page that lists others: the links of a listing, or a sitemap.
//!
//! In: bytes, where they lay, and what staff say of the links. Out: addresses of pages, each at most once, in the order
//! in which they stand. Pure. The surprising part: without a word of staff a link of a listing counts if it tells of
//! something (several words, or a heading) and stands in the main part of the page, because menus hold short links.

mod sitemap;
mod visit;

use std::collections::HashSet;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::report::{self, charset, prose};

pub use self::visit::Visit;

/// Pages of one listing that are taken (POLL-07).
pub const MOST_LINKS: usize = 1_000;
/// A link of fewer words is no title of a report.
const SHORTEST_TITLE: usize = 3;

/// What staff say of the links of a listing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// CSS selector of links, or of what holds them.
    pub links: Option<String>,
    /// How their addresses begin: a path such as "/events/", or a whole address.
    pub under: Option<String>,
}

/// What a listing names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    pub links: Vec<Link>,
    /// Of a sitemap index: the sitemaps.
    pub sitemaps: Vec<Link>,
    pub notes: Vec<String>,
}

/// A page that a listing names.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub url: Url,
    /// When it changed last, as the sitemap says.
    pub changed_at: Option<DateTime<Utc>>,
}

/// Why a listing cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the address answers with {0}, which lists no pages; correct `url`")]
    NotAListing(String),
    #[error("`links` is no CSS selector: {0}")]
    Selector(String),
    #[error("no link of the page {0}; correct `links` or `under`, or see whether the page is made by a script")]
    NoLinks(&'static str),
    #[error("the sitemap names {0} pages; say with `under` which of them are reports, such as \"/events/\"")]
    WholeSite(usize),
    #[error("the sitemap cannot be read: {0}")]
    Sitemap(String),
}

/// Reads a listing page or a sitemap. `charset` is that of the HTTP header, `url` where it lay in the end.
pub fn read(bytes: &[u8], charset: Option<&str>, url: &Url, wanted: &Wanted) -> Result<Listing, Problem> {
    if let Some(kind) = charset::binary_kind(bytes) {
        return Err(Problem::NotAListing(kind.to_owned()));
    }
    let text = charset::decode(bytes, charset).text;
    if sitemap::is_sitemap(&text) {
        return sitemap::read(&text, wanted);
    }
    let Some(page) = report::parsed(&text) else {
        return Err(Problem::NotAListing("elements nested without end".to_owned()));
    };
    let base = base(&page, url);
    let links = match &wanted.links {
        Some(selector) => selected(&page, selector, &base)?,
        None => told(&page, &base, url, wanted.under.is_some()),
    };
    let count = links.len();
    let own = report::link_key(url.as_str());
    let links = links
        .into_iter()
        .filter(|link| report::link_key(link.as_str()) != own)
        .filter(|link| wanted.holds(link, url));
    let mut listing = Listing::default();
    listing.take(links.map(|url| Link { url, changed_at: None }).collect());
    if listing.links.is_empty() {
        return Err(Problem::NoLinks(match (count, &wanted.links, &wanted.under) {
            (0, Some(_), _) => "is one that `links` selects",
            (_, _, Some(_)) => "leads where `under` says",
            _ => "looks like one to a report",
        }));
    }
    Ok(listing)
}

/// The link of a page as a source keeps it: without what leads to a place within the page, or tells of a campaign.
pub fn address(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    let is_mark = |name: &str| name.starts_with("utm_") || matches!(name, "fbclid" | "gclid");
    if url.query_pairs().any(|(name, _)| is_mark(&name)) {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !is_mark(name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
    }
    url
}

impl Wanted {
    /// Whether an address is where staff say reports are. `at`: of the listing, whose host counts if they name none.
    fn holds(&self, link: &Url, at: &Url) -> bool {
        let is_of_host = || host(link) == host(at);
        match &self.under {
            Some(under) if under.starts_with('/') => is_of_host() && link.path().starts_with(under.as_str()),
            Some(under) => link.as_str().starts_with(under.as_str()),
            None => self.links.is_some() || is_of_host(),
        }
    }
}

impl Listing {
    /// Each page once, not too many, the first ones of a listing and the last changed of a sitemap.
    fn take(&mut self, links: Vec<Link>) {
        let mut seen = HashSet::new();
        let mut links: Vec<Link> = links
            .into_iter()
            .map(|link| Link {
                url: address(&link.url),
                ..link
            })
            .filter(|link| seen.insert(report::link_key(link.url.as_str())))
            .collect();
        if links.len() > MOST_LINKS {
            self.notes
                .push(format!("only {MOST_LINKS} of {} pages were taken", links.len()));
            links.truncate(MOST_LINKS);
        }
        self.links = links;
    }
}

fn host(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host))
}

fn base(page: &Html, url: &Url) -> Url {
    static BASE: LazyLock<Option<Selector>> = LazyLock::new(|| Selector::parse("base[href]").ok());
    let stated = BASE.as_ref().and_then(|base| page.select(base).next()?.attr("href"));
    stated
        .and_then(|href| url.join(href).ok())
        .unwrap_or_else(|| url.clone())
}

fn target(link: ElementRef<'_>, base: &Url) -> Option<Url> {
    let url = base.join(link.attr("href")?.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// The links that staff select, or that stand within what they select.
fn selected(page: &Html, selector: &str, base: &Url) -> Result<Vec<Url>, Problem> {
    let selector = Selector::parse(selector).map_err(|error| Problem::Selector(error.to_string()))?;
    let mut links = Vec::new();
    for chosen in page.select(&selector) {
        let own = chosen.value().name() == "a";
        let around = chosen.ancestors().filter_map(ElementRef::wrap).find(is_link);
        let within = chosen.descendent_elements().find(is_link);
        let link = if own { Some(chosen) } else { within.or(around) };
        links.extend(link.and_then(|link| target(link, base)));
    }
    Ok(links)
}

fn is_link(element: &ElementRef<'_>) -> bool {
    element.value().name() == "a" && element.attr("href").is_some()
}

/// Links that tell of something. Where staff say what addresses of reports begin with, how a link looks does not count.
fn told(page: &Html, base: &Url, own: &Url, is_under: bool) -> Vec<Url> {
    let links = page.root_element().descendent_elements().filter(is_link);
    let links = links.filter(|link| is_under || (!is_in_frame(*link) && tells(*link)));
    let links = links.filter_map(|link| target(link, base));
    links.filter(|url| is_page(url, own)).collect()
}

/// Within what pages of a site have in common.
fn is_in_frame(link: ElementRef<'_>) -> bool {
    link.ancestors().filter_map(ElementRef::wrap).any(|above| {
        let role = above.attr("role").unwrap_or_default();
        // A header or footer within an article is that of the teaser.
        let is_of_page = || {
            !above
                .ancestors()
                .filter_map(ElementRef::wrap)
                .any(|outer| matches!(outer.value().name(), "article" | "main" | "section" | "li"))
        };
        match above.value().name() {
            "nav" | "aside" => true,
            "header" | "footer" => is_of_page(),
            _ => matches!(
                role,
                "navigation" | "banner" | "contentinfo" | "complementary" | "search"
            ),
        }
    })
}

/// It has the words of a title, or stands in a heading, or holds one.
fn tells(link: ElementRef<'_>) -> bool {
    let is_heading =
        |element: ElementRef<'_>| matches!(element.value().name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    let words = prose::tidy(&link.text().collect::<String>()).split(' ').count();
    words >= SHORTEST_TITLE
        || link.ancestors().filter_map(ElementRef::wrap).any(is_heading)
        || link.descendent_elements().any(is_heading)
}

/// Not a file, not another view of the listing, not a collection of pages.
fn is_page(url: &Url, own: &Url) -> bool {
    static FILE: LazyLock<Regex> = LazyLock::new(|| {
        prose::pattern(
            r"(?i)\.(?:pdf|docx?|pptx?|xlsx?|od[tsp]|rtf|txt|csv|epub|zip|jpe?g|png|gif|webp|svg|mp[34]|m4a|wav|avi|mov|ics|vcf|rss|atom|xml|json)$",
        )
    });
    static COLLECTION: LazyLock<Regex> = LazyLock::new(|| {
        prose::pattern(
            r"(?i)/(?:tags?|topics?|themen|category|categories|kategorie|authors?|autor|page|seite|feed|search|suche|login)(?:/[^/]*)?/?$",
        )
    });
    let path = url.path();
    let is_view = url.path() == own.path() && host(url) == host(own);
    !is_view && path != "/" && !FILE.is_match(path) && !COLLECTION.is_match(path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;

    fn links(html: &str, wanted: &Wanted) -> Result<Vec<String>, Problem> {
        let url = Url::parse("https://www.example.org/events/").unwrap();
        let listing = read(html.as_bytes(), Some("utf-8"), &url, wanted)?;
        Ok(listing.links.iter().map(|link| link.url.to_string()).collect())
    }

    const LISTING: &str = r##"<html><body>
        <header><a href="/"><h1>The institute of rivers</h1></a></header>
        <nav><a href="/events/how-we-hold-events">How we hold our events</a></nav>
        <main><h1><a href="#top">All our events of the year</a></h1>
        <article><header><a href="rivers?utm_source=list#more"><h2>Rivers</h2></a></header><a href="rivers">more</a></article>
        <ul><li><a href="/events/bridges">What bridges carry across</a></li>
        <li><a href="/files/report.pdf">The report as a file</a></li>
        <li><a href="/events/?page=2">The next page of events</a></li>
        <li><a href="/events/tag/water">All events about water</a></li>
        <li><a href="https://elsewhere.example.net/a-talk">A talk held somewhere else</a></li>
        <li><a href="mailto:desk@example.org">Write to the desk</a></li>
        <li><a href="/news/a-prize">A prize for our report</a></li></ul></main>
        <footer><a href="/imprint">Imprint and data protection</a></footer></body></html>"##;

    #[test]
    fn a_listing_gives_the_links_that_tell_of_something() {
        assert_eq!(
            links(LISTING, &Wanted::default()).unwrap(),
            [
                "https://www.example.org/events/rivers",
                "https://www.example.org/events/bridges",
                "https://www.example.org/news/a-prize"
            ]
        );
    }

    #[test]
    fn staff_say_where_reports_lie_or_how_links_look() {
        let under = |under: &str| Wanted {
            under: Some(under.to_owned()),
            links: None,
        };
        assert_eq!(
            links(LISTING, &under("/news/")).unwrap(),
            ["https://www.example.org/news/a-prize"]
        );
        assert_eq!(
            links(LISTING, &under("https://elsewhere.example.net/")).unwrap(),
            ["https://elsewhere.example.net/a-talk"]
        );
        let selected = |links: &str| Wanted {
            under: None,
            links: Some(links.to_owned()),
        };
        assert_eq!(
            links(LISTING, &selected("article h2")).unwrap(),
            ["https://www.example.org/events/rivers"]
        );
        assert_eq!(
            links(LISTING, &selected("li")).unwrap().len(),
            6,
            "files too, if staff say so"
        );
        assert!(matches!(links(LISTING, &selected("li[")), Err(Problem::Selector(_))));
        let nothing = links(LISTING, &selected(".event")).unwrap_err().to_string();
        assert!(nothing.contains("`links` selects"), "{nothing}");
        let nothing = links("<p>Loading ...</p>", &Wanted::default()).unwrap_err().to_string();
        assert!(nothing.contains("made by a script"), "{nothing}");
    }

    #[test]
    fn what_is_no_listing_is_refused_with_its_kind() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        let url = Url::parse("https://example.org/").unwrap();
        assert!(matches!(
            read(png, None, &url, &Wanted::default()),
            Err(Problem::NotAListing(_))
        ));
        let deep = "<div>".repeat(100_000);
        assert!(matches!(
            read(deep.as_bytes(), None, &url, &Wanted::default()),
            Err(Problem::NotAListing(_))
        ));
    }

    #[test]
    fn a_listing_of_thousands_gives_a_thousand_and_says_so() {
        let many: String = (0..1_500)
            .map(|n| format!("<li><a href=\"/r/{n}\">The talk number {n}</a></li>"))
            .collect();
        let url = Url::parse("https://example.org/").unwrap();
        let listing = read(many.as_bytes(), None, &url, &Wanted::default()).unwrap();
        assert_eq!(listing.links.len(), MOST_LINKS);
        assert_eq!(listing.notes, ["only 1000 of 1500 pages were taken"]);
    }
}
