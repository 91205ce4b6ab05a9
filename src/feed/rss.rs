//! RSS 2.0 by the RSS Board's profile, with the modules content, dc, atom and event.
//!
//! In: a [`Feed`]. Out: the document. Surprising: `&` and `<` in plain text are written as hexadecimal references, the
//! form that readers which decode twice get right most often (FEED-03).

use std::collections::BTreeMap;

use chrono_tz::Tz;
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Guid, Item};

use super::{Entry, Feed, Format};
use crate::report::When;

const ATOM: &str = "http://www.w3.org/2005/Atom";
const EVENT: &str = "http://purl.org/rss/1.0/modules/event/";
/// Indented, so that a person who opens a feed can read it.
const INDENT: usize = 2;

pub(super) fn write(feed: &Feed) -> String {
    let mut channel = Channel {
        title: feed.title.clone(),
        link: feed.home_url.clone(),
        description: feed.description.clone(),
        language: Some(feed.language.clone()),
        last_build_date: Some(feed.updated.to_rfc2822()),
        generator: Some("Rapporteur".into()),
        items: feed.entries.iter().map(|entry| item(entry, feed)).collect(),
        ..Channel::default()
    };
    channel.namespaces = BTreeMap::from([
        ("atom".to_owned(), ATOM.to_owned()),
        ("ev".to_owned(), EVENT.to_owned()),
    ]);
    let link = Extension {
        name: "atom:link".into(),
        // Empty, not missing: else the indentation would become its text.
        value: Some(String::new()),
        attrs: BTreeMap::from([
            ("href".to_owned(), feed.self_url(Format::Rss)),
            ("rel".to_owned(), "self".to_owned()),
            ("type".to_owned(), "application/rss+xml".to_owned()),
        ]),
        ..Extension::default()
    };
    channel.extensions = extensions("atom", [("link", link)]);
    // Writing to memory fails only if the crate cannot write at all.
    let bytes = channel.pretty_write_to(Vec::new(), b' ', INDENT).unwrap_or_default();
    let mut document = hexadecimal(&String::from_utf8_lossy(&bytes));
    document.push('\n');
    document
}

fn item(entry: &Entry, feed: &Feed) -> Item {
    let mut item = Item {
        title: Some(entry.title.clone()),
        link: Some(entry.link.clone()),
        description: (!entry.summary_html.is_empty()).then(|| entry.summary_html.clone()),
        guid: Some(Guid {
            value: entry.id.clone(),
            permalink: false,
        }),
        pub_date: Some(entry.published.to_rfc2822()),
        content: entry.full_html.clone(),
        categories: entry
            .categories
            .iter()
            .map(|category| Category {
                name: category.label.clone(),
                domain: Some(format!("{}/{}", category.scheme, category.term)),
            })
            .collect(),
        dublin_core_ext: Some(DublinCoreExtension {
            creators: vec![entry.author.clone()],
            languages: entry.language.iter().cloned().collect(),
            ..DublinCoreExtension::default()
        }),
        ..Item::default()
    };
    if let Some(start) = entry.event.start {
        let zone = entry.event.timezone.as_deref();
        let place: Vec<&str> = [&entry.event.venue, &entry.event.city, &entry.event.country]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        let facts = [
            ("startdate", Some(w3c_date(start, zone))),
            ("enddate", entry.event.end.map(|end| w3c_date(end, zone))),
            ("location", (!place.is_empty()).then(|| place.join(", "))),
            ("organizer", Some(feed.author.clone())),
        ];
        item.extensions = extensions(
            "ev",
            facts.into_iter().filter_map(|(name, value)| {
                let extension = Extension {
                    name: format!("ev:{name}"),
                    value: Some(value?),
                    ..Extension::default()
                };
                Some((name, extension))
            }),
        );
    }
    item
}

fn extensions<'a>(prefix: &str, each: impl IntoIterator<Item = (&'a str, Extension)>) -> ExtensionMap {
    let named = each
        .into_iter()
        .map(|(name, extension)| (name.to_owned(), vec![extension]))
        .collect();
    ExtensionMap::from([(prefix.to_owned(), named)])
}

/// A W3C date. A time needs an offset, so without a known zone the day stands alone.
fn w3c_date(when: When, zone: Option<&str>) -> String {
    let zone: Option<Tz> = zone.and_then(|zone| zone.parse().ok());
    let moment = when
        .time
        .zip(zone)
        .and_then(|(time, zone)| when.date.and_time(time).and_local_timezone(zone).earliest());
    match moment {
        Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        None => when.date.to_string(),
    }
}

/// `&amp;` and `&lt;` as `&#x26;` and `&#x3C;`, but not in CDATA, where they are HTML.
fn hexadecimal(document: &str) -> String {
    const OPEN: &str = "<![CDATA[";
    const CLOSE: &str = "]]>";
    let mut out = String::with_capacity(document.len());
    let mut rest = document;
    while let Some((text, tail)) = rest.split_once(OPEN) {
        let (data, after) = tail.split_once(CLOSE).unwrap_or((tail, ""));
        out.push_str(&text.replace("&amp;", "&#x26;").replace("&lt;", "&#x3C;"));
        out.push_str(OPEN);
        out.push_str(data);
        out.push_str(CLOSE);
        rest = after;
    }
    out.push_str(&rest.replace("&amp;", "&#x26;").replace("&lt;", "&#x3C;"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_not_given_an_offset() {
        let when: When = "2026-05-04T18:30".parse().unwrap_or_else(|_| unreachable!());
        assert_eq!(w3c_date(when, None), "2026-05-04");
        assert_eq!(w3c_date(when, Some("Europe/Berlin")), "2026-05-04T18:30:00+02:00");
    }

    #[test]
    fn references_become_hexadecimal_outside_cdata_only() {
        assert_eq!(
            hexadecimal("<t>a &amp;amp; &lt;b</t><![CDATA[<p>&amp;</p>]]><t>&lt;</t>"),
            "<t>a &#x26;amp; &#x3C;b</t><![CDATA[<p>&amp;</p>]]><t>&#x3C;</t>"
        );
    }
}
