//! Arbitrary bytes never panic, and reading them ends soon.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Pieces of feeds, in any order: deeper into the reader than arbitrary bytes come.
const PIECES: &[&str] = &[
    "<rss>",
    "<rss version='2.0'>",
    "</rss>",
    "<channel>",
    "</channel>",
    "<item>",
    "</item>",
    "<feed xmlns='http://www.w3.org/2005/Atom'>",
    "</feed>",
    "<entry>",
    "</entry>",
    "<rdf:RDF xmlns='x'>",
    "<title>",
    "</title>",
    "<title type='xhtml'>",
    "<link href='/a' rel='enclosure'/>",
    "<link>",
    "</link>",
    "<guid>",
    "</guid>",
    "<content type='image/png'>",
    "<content type='xhtml' xml:base='::'>",
    "</content>",
    "<pubDate>",
    "</pubDate>",
    "Tue, 99 Foo 26",
    "2026-13-41T25:61:61+99:99",
    "-1-1-1",
    "<author>«a@b.example»",
    "</author>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<!DOCTYPE rss [",
    "<!ENTITY x 'y'>",
    "]>",
    "&nbsp;",
    "&#xD800;",
    "&#99999999999;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "\0",
    "é",
    "水",
    "<?xml encoding='utf-16'?>",
    "<ttl>",
    "</ttl>",
    "99999999999999999999",
    "<html>",
    "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":",
    "}]}",
    "\\ud800",
];

fn ends_soon(bytes: &[u8], charset: Option<&str>) {
    let began = Instant::now();
    if let Ok(feed) = read(bytes, charset, &base()) {
        let mut keys = keys(&feed);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), feed.items.len(), "each key once");
        assert!(keys.iter().all(|key| !key.is_empty()));
        let links = feed.items.iter().filter_map(|item| item.link.as_deref());
        assert!(
            links
                .into_iter()
                .all(|link| link.starts_with("http://") || link.starts_with("https://"))
        );
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_soon(bytes in prop::collection::vec(any::<u8>(), 0..2000), charset in prop::option::of("[a-z0-9-]{0,12}")) {
        ends_soon(&bytes, charset.as_deref());
    }

    #[test]
    fn pieces_of_feeds_in_any_order_end_soon(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        ends_soon(pieces.concat().as_bytes(), None);
        ends_soon(format!("<rss><channel><item>{}", pieces.concat()).as_bytes(), None);
    }

    #[test]
    fn feeds_with_a_few_bytes_changed_end_soon(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let fixtures = fixtures();
        let (_, mut bytes) = which.get(&fixtures).clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        ends_soon(&bytes, None);
        bytes.truncate(cut.index(bytes.len()));
        ends_soon(&bytes, None);
    }
}
