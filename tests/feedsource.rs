//! Reading feeds of other sites: the dialects, the keys of items, and whatever else may come over the wire.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod anything;
mod bad_input;
mod charsets;
mod dialects;
mod keys;

use rapporteur::source::feed::{Feed, Item, Problem, read};
use url::Url;

fn base() -> Url {
    Url::parse("https://site.example/news/feed.xml").unwrap()
}

fn feed(text: &str) -> Feed {
    read(text.as_bytes(), None, &base()).unwrap_or_else(|problem| panic!("{problem}"))
}

fn problem(text: &str) -> Problem {
    read(text.as_bytes(), None, &base()).expect_err("this is no feed")
}

/// A feed of RSS with these items.
fn rss(items: &str) -> String {
    format!(r#"<rss version="2.0"><channel><title>t</title><link>https://site.example/</link>{items}</channel></rss>"#)
}

/// The only item of a feed.
fn item(inner: &str) -> Item {
    let feed = feed(&rss(&format!("<item>{inner}</item>")));
    assert_eq!(feed.items.len(), 1);
    feed.items[0].clone()
}

fn keys(feed: &Feed) -> Vec<&str> {
    feed.items.iter().map(|item| item.key.as_str()).collect()
}

/// Name and bytes of each feed in the folder of fixtures: whatever once went wrong is put there.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}
