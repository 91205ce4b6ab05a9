//! Atom 1.0 (RFC 4287).
//!
//! In: a [`Feed`]. Out: the document. Surprising: the crate has no `xml:lang` on entries, so each text of an entry
//! carries its own, which says the same.

use atom_syndication::{
    Category, Content, Entry as AtomEntry, Feed as AtomFeed, Generator, Link, Person, Text, WriteConfig,
};
use chrono::{DateTime, SubsecRound, Utc};

use super::{Entry, Feed, Format};

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
        links: vec![
            Link {
                href: feed.self_url(Format::Atom),
                rel: "self".into(),
                mime_type: Some("application/atom+xml".into()),
                ..Link::default()
            },
            Link {
                href: feed.home_url.clone(),
                mime_type: Some("text/html".into()),
                ..Link::default()
            },
        ],
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
    text
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
        links: vec![Link {
            href: entry.link.clone(),
            hreflang: entry.language.clone(),
            mime_type: Some("text/html".into()),
            ..Link::default()
        }],
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
