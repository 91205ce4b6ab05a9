//! RSS 2.0 by the RSS Board's profile, with the modules content, dc, atom and event.
//!
//! In: a [`Feed`]. Out: the document. Surprising: `&` and `<` in plain text are written as hexadecimal references, the
//! form that readers which decode twice get right most often (FEED-03).

use std::collections::BTreeMap;

use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Enclosure, Guid, Item};

use super::{Entry, Feed, Format, Part, styled};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const HISTORY: &str = "http://purl.org/syndication/history/1.0";
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
    channel.namespaces = [("atom", ATOM), ("ev", EVENT), ("fh", HISTORY)]
        .into_iter()
        .map(|(prefix, address)| (prefix.to_owned(), address.to_owned()))
        .collect();
    let links = feed.links(Format::Rss);
    let links = [
        ("self", Some(links.own)),
        ("current", links.current),
        ("prev-archive", links.older),
        ("next-archive", links.newer),
    ];
    let links = links.into_iter().filter_map(|(rel, href)| Some(atom_link(rel, href?)));
    channel.extensions = ExtensionMap::from([(
        "atom".to_owned(),
        BTreeMap::from([("link".to_owned(), links.collect())]),
    )]);
    if feed.part != Part::Newest {
        let archive = Extension {
            name: "fh:archive".into(),
            value: Some(String::new()),
            ..Extension::default()
        };
        channel.extensions.extend(extensions("fh", [("archive", archive)]));
    }
    // Writing to memory fails only if the crate cannot write at all.
    let bytes = channel.pretty_write_to(Vec::new(), b' ', INDENT).unwrap_or_default();
    let mut document = hexadecimal(&String::from_utf8_lossy(&bytes));
    document.push('\n');
    styled(&document, feed)
}

fn atom_link(rel: &str, href: String) -> Extension {
    Extension {
        name: "atom:link".into(),
        // Empty, not missing: else the indentation would become its text.
        value: Some(String::new()),
        attrs: BTreeMap::from([
            ("href".to_owned(), href),
            ("rel".to_owned(), rel.to_owned()),
            ("type".to_owned(), "application/rss+xml".to_owned()),
        ]),
        ..Extension::default()
    }
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
        enclosure: entry.picture.as_ref().map(|picture| Enclosure {
            url: picture.url.clone(),
            length: picture.size.to_string(),
            mime_type: picture.media_type.clone(),
        }),
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
        let zone = entry.event.zone(None);
        let place: Vec<&str> = [&entry.event.venue, &entry.event.city, &entry.event.country]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        let facts = [
            ("startdate", Some(start.iso(zone))),
            ("enddate", entry.event.end.map(|end| end.iso(zone))),
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
    fn references_become_hexadecimal_outside_cdata_only() {
        assert_eq!(
            hexadecimal("<t>a &amp;amp; &lt;b</t><![CDATA[<p>&amp;</p>]]><t>&lt;</t>"),
            "<t>a &#x26;amp; &#x3C;b</t><![CDATA[<p>&amp;</p>]]><t>&#x3C;</t>"
        );
    }
}
