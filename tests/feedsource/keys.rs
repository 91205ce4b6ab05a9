//! What an item is known by (POLL-08).

use super::*;

#[test]
fn an_item_is_known_by_its_guid_else_its_link_else_its_content() {
    let feed = feed(&rss(
        "<item><guid> g </guid><link>/1</link></item><item><link>/2</link></item><item><title>three</title></item>",
    ));
    let keys = keys(&feed);
    assert_eq!(keys[..2], ["g", "https://site.example/2"]);
    assert!(keys[2].starts_with("content:"));
    assert!(
        feed.notes
            .iter()
            .any(|note| note.starts_with("entries without guid or id"))
    );
}

#[test]
fn a_guid_that_several_items_share_counts_as_missing() {
    let feed = feed(&rss(
        "<item><guid>x</guid><link>/1</link></item><item><guid>x</guid><link>/2</link></item><item><guid>y</guid></item>",
    ));
    assert_eq!(keys(&feed), ["https://site.example/1", "https://site.example/2", "y"]);
    assert!(
        feed.notes[0].contains("guids that several entries share"),
        "{:?}",
        feed.notes
    );
}

#[test]
fn a_link_that_several_items_without_guid_share_counts_as_missing_too() {
    let feed = feed(&rss(
        "<item><link>/</link><title>a</title></item><item><link>/</link><title>b</title></item>",
    ));
    assert!(feed.items.iter().all(|item| item.key.starts_with("content:")));
    assert_eq!(feed.items.len(), 2);
}

#[test]
fn the_same_item_twice_is_one_item_and_keeps_its_guid() {
    let one = "<item><guid>x</guid><link>/1</link><title>a</title></item>";
    let feed = feed(&rss(&one.repeat(2)));
    assert_eq!(keys(&feed), ["x"]);
    assert_eq!(feed.notes, ["entries that come twice: 1"]);
}

#[test]
fn an_empty_guid_counts_as_missing() {
    assert_eq!(item("<guid> </guid><link>/1</link>").key, "https://site.example/1");
    assert_eq!(item("<guid/><link>/1</link>").key, "https://site.example/1");
}
