//! Sitemaps (sitemaps.org): a list of addresses, or a list of such lists.
//!
//! In: XML. Out: the addresses that staff want, those that changed last first. The surprising part: a sitemap names every
//! page of a site, so without `under` only a short one is taken.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use quick_xml::Reader;
use quick_xml::events::Event;
use regex::Regex;
use url::Url;

use super::{Link, Listing, Problem, Wanted};
use crate::report::prose::pattern;

/// As many addresses as the protocol allows in a file.
const MOST_ENTRIES: usize = 50_000;
/// More pages than this are a whole site, with its imprint.
const SHORT: usize = 100;
/// The root element begins within so many bytes.
const HEAD: usize = 4_000;

pub(super) fn is_sitemap(text: &str) -> bool {
    static ROOT: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?s:\s|<\?.*?\?>|<!--.*?-->)*<(?:[A-Za-z]+:)?(?:urlset|sitemapindex)\b"));
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text);
    ROOT.is_match(head)
}

/// An entry as far as it has been read.
#[derive(Default)]
struct Entry {
    address: String,
    changed: String,
    open: Open,
}

#[derive(Clone, Copy, Default)]
enum Open {
    Address,
    Changed,
    #[default]
    Other,
}

impl Entry {
    fn push(&mut self, text: &str) {
        match self.open {
            Open::Address => self.address.push_str(text),
            Open::Changed => self.changed.push_str(text),
            Open::Other => {}
        }
    }
}

pub(super) fn read(text: &str, wanted: &Wanted) -> Result<Listing, Problem> {
    let mut reader = Reader::from_str(text);
    let (mut pages, mut sitemaps) = (Vec::new(), Vec::new());
    let mut listing = Listing::default();
    let mut entry = Entry::default();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            // What was read so far is good.
            Err(error) if !pages.is_empty() || !sitemaps.is_empty() => {
                listing.notes.push(format!("the sitemap is cut off or broken: {error}"));
                break;
            }
            Err(error) => return Err(Problem::Sitemap(error.to_string())),
        };
        match event {
            Event::DocType(_) => {
                return Err(Problem::Sitemap(
                    "it declares a document type, which is not obeyed".into(),
                ));
            }
            Event::Start(tag) => match tag.local_name().as_ref() {
                "loc" => entry.open = Open::Address,
                "lastmod" => entry.open = Open::Changed,
                "url" | "sitemap" => entry = Entry::default(),
                _ => entry.open = Open::Other,
            },
            Event::Text(text) => entry.push(&text),
            Event::CData(text) => entry.push(&text),
            Event::GeneralRef(reference) => {
                let text = quick_xml::escape::unescape(&format!("&{};", &*reference)).map(|text| text.into_owned());
                entry.push(&text.unwrap_or_default());
            }
            Event::End(tag) => {
                entry.open = Open::Other;
                let found = match tag.local_name().as_ref() {
                    "url" => &mut pages,
                    "sitemap" => &mut sitemaps,
                    _ => continue,
                };
                let url = Url::parse(entry.address.trim()).ok();
                if let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) {
                    found.push(Link {
                        url,
                        changed_at: instant(&entry.changed),
                    });
                }
                if found.len() >= MOST_ENTRIES {
                    break;
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if wanted.under.is_none() && pages.len() > SHORT {
        return Err(Problem::WholeSite(pages.len()));
    }
    // A sitemap may hold pages of its own host only, so its own address need not be known.
    pages.retain(|page| wanted.holds(&page.url, &page.url) && page.url.path() != "/");
    for links in [&mut pages, &mut sitemaps] {
        links.sort_by_key(|link| std::cmp::Reverse(link.changed_at));
    }
    listing.take(pages);
    listing.sitemaps = sitemaps;
    Ok(listing)
}

/// W3C date and time; a day alone begins at midnight.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    let moment = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    moment.or_else(day)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly")]
mod tests {
    use super::*;

    fn under(under: &str) -> Wanted {
        Wanted {
            under: Some(under.to_owned()),
            links: None,
        }
    }

    #[test]
    fn a_sitemap_gives_what_staff_want_the_last_changed_first() {
        let text = "<?xml version=\"1.0\"?><!-- ours --><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
            <url><loc>https://example.org/events/a?x=1&amp;y=2</loc><lastmod>2026-05-01</lastmod></url>\
            <url><loc> https://example.org/events/b </loc><lastmod>2026-05-03T10:00:00+02:00</lastmod></url>\
            <url><loc><![CDATA[https://example.org/events/c]]></loc></url>\
            <url><loc>https://example.org/about</loc></url><url><loc>javascript:alert(1)</loc></url></urlset>";
        assert!(is_sitemap(text));
        let listing = read(text, &under("/events/")).unwrap();
        let found: Vec<_> = listing
            .links
            .iter()
            .map(|link| (link.url.as_str(), link.changed_at.map(|at| at.to_rfc3339())))
            .collect();
        assert_eq!(
            found,
            [
                ("https://example.org/events/b", Some("2026-05-03T08:00:00+00:00".into())),
                (
                    "https://example.org/events/a?x=1&y=2",
                    Some("2026-05-01T00:00:00+00:00".into())
                ),
                ("https://example.org/events/c", None),
            ]
        );
    }

    #[test]
    fn an_index_names_sitemaps_and_a_broken_end_costs_nothing() {
        let text = "<sitemapindex><sitemap><loc>https://example.org/a.xml</loc></sitemap><sitemap><loc>https://example.org/b.xml</loc>\
            <lastmod>2026-05-01</lastmod></sitemap></oops>";
        let listing = read(text, &under("/")).unwrap();
        assert_eq!(listing.sitemaps.len(), 2);
        assert_eq!(listing.sitemaps[0].url.as_str(), "https://example.org/b.xml");
        assert!(listing.notes[0].contains("cut off or broken"));
    }

    #[test]
    fn entities_of_ones_own_and_whole_sites_are_refused() {
        let bomb =
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><urlset><url><loc>&b;</loc></url></urlset>";
        assert!(matches!(read(bomb, &under("/")), Err(Problem::Sitemap(_))));
        let many: String = (0..101)
            .map(|n| format!("<url><loc>https://example.org/{n}</loc></url>"))
            .collect();
        let many = format!("<urlset>{many}</urlset>");
        assert_eq!(read(&many, &Wanted::default()), Err(Problem::WholeSite(101)));
        assert_eq!(read(&many, &under("/1")).unwrap().links.len(), 12);
    }
}
