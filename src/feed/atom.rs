//! Atom 1.0 (RFC 4287).
//!
//! In: a [`Feed`]. Out: the document. Surprising: the crate has no `xml:lang` on entries, so each text of an entry
//! carries its own, which says the same.

use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{
    Category, Content, Entry as AtomEntry, Feed as AtomFeed, Generator, Link, Person, Text, WriteConfig,
};
use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};

use super::{Entry, Feed, Format, Part, styled};

const HISTORY: &str = "http://purl.org/syndication/history/1.0";
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";

const INDENT: usize = 2;

pub(super) fn write(feed: &Feed) -> String {
    let document = AtomFeed {
        title: Text::plain(&feed.title),
        subtitle: Some(Text::plain(&feed.description)),
        id: feed.id.clone(),
        updated: seconds(feed.updated),
        authors: vec![person(&feed.author)],
        generator: Some(Generator {
            value: "Rapporteur".into(),
            ..Generator::default()
        }),
        links: links(feed),
        extensions: extensions(feed),
        namespaces: [("fh", HISTORY), ("at", TOMBSTONES)]
            .into_iter()
            .map(|(prefix, address)| (prefix.to_owned(), address.to_owned()))
            .collect(),
        entries: feed.entries.iter().map(entry).collect(),
        lang: Some(feed.language.clone()),
        ..AtomFeed::default()
    };
    let config = WriteConfig {
        indent_size: Some(INDENT),
        ..WriteConfig::default()
    };
    // Writing to memory fails only if the crate cannot write at all.
    let bytes = document.write_with_config(Vec::new(), config).unwrap_or_default();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    text.push('\n');
    styled(&text, feed)
}

fn links(feed: &Feed) -> Vec<Link> {
    let links = feed.links(Format::Atom);
    let to = |rel: &str, href: Option<String>, media_type: &str| {
        Some(Link {
            href: href?,
            rel: rel.to_owned(),
            mime_type: Some(media_type.to_owned()),
            ..Link::default()
        })
    };
    const ATOM: &str = "application/atom+xml";
    [
        to("self", Some(links.own), ATOM),
        to("alternate", Some(feed.home_url.clone()), "text/html"),
        to("current", links.current, ATOM),
        to("prev-archive", links.older, ATOM),
        to("next-archive", links.newer, ATOM),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// That a document is of the archive (RFC 5005), and the entries it has no longer (RFC 6721).
fn extensions(feed: &Feed) -> ExtensionMap {
    let mut extensions = ExtensionMap::new();
    if feed.part != Part::Newest {
        let archive = Extension {
            name: "fh:archive".into(),
            // Empty, not missing: else the indentation would become its text.
            value: Some(String::new()),
            ..Extension::default()
        };
        extensions.insert("fh".into(), [("archive".to_owned(), vec![archive])].into());
    }
    let deleted: Vec<Extension> = feed
        .withdrawn
        .iter()
        .map(|(id, at)| Extension {
            name: "at:deleted-entry".into(),
            value: Some(String::new()),
            attrs: [
                ("ref".to_owned(), id.clone()),
                ("when".to_owned(), at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            ]
            .into(),
            ..Extension::default()
        })
        .collect();
    if !deleted.is_empty() {
        extensions.insert("at".into(), [("deleted-entry".to_owned(), deleted)].into());
    }
    extensions
}

fn entry(entry: &Entry) -> AtomEntry {
    let text = |value: &str| Text {
        lang: entry.language.clone(),
        ..Text::plain(value)
    };
    AtomEntry {
        title: text(&entry.title),
        id: entry.id.clone(),
        updated: seconds(entry.updated),
        published: Some(seconds(entry.published)),
        authors: vec![person(&entry.author)],
        categories: entry
            .categories
            .iter()
            .map(|category| Category {
                term: category.term.clone(),
                scheme: Some(category.scheme.clone()),
                label: Some(category.label.clone()),
            })
            .collect(),
        links: std::iter::once(Link {
            href: entry.link.clone(),
            hreflang: entry.language.clone(),
            mime_type: Some("text/html".into()),
            ..Link::default()
        })
        .chain(entry.picture.iter().map(|picture| Link {
            href: picture.url.clone(),
            rel: "enclosure".into(),
            mime_type: Some(picture.media_type.clone()),
            length: Some(picture.size.to_string()),
            ..Link::default()
        }))
        .chain(entry.related.iter().map(|(title, href)| Link {
            href: href.clone(),
            rel: "related".into(),
            title: Some(title.clone()),
            ..Link::default()
        }))
        .collect(),
        summary: (!entry.summary.is_empty()).then(|| text(&entry.summary)),
        content: Some(Content {
            value: Some(entry.content_html().to_owned()),
            content_type: Some("html".into()),
            lang: entry.language.clone(),
            ..Content::default()
        }),
        ..AtomEntry::default()
    }
}

fn person(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        ..Person::default()
    }
}

/// Cut to the second: readers need no more, and some stumble over more.
fn seconds(at: DateTime<Utc>) -> DateTime<chrono::FixedOffset> {
    at.trunc_subsecs(0).fixed_offset()
}
