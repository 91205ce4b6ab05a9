//! What comes in place of a feed, by mistake or on purpose.

use std::time::{Duration, Instant};

use super::*;

/// Debug builds on busy machines are slow; what is bounded here is far below what goes wrong if it is not.
fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    assert!(began.elapsed() < limit, "took {:?}", began.elapsed());
    done
}

#[test]
fn a_web_page_is_named_as_such_with_the_feeds_it_names() {
    let page = r#"<!DOCTYPE html><html><head><title>News</title>
        <link rel="alternate" type="application/rss+xml" href="/feed/?a=1&amp;b=2">
        <link href='https://site.example/atom' type='application/atom+xml' rel='alternate'>
        <link rel="stylesheet" href="/style.css"></head><body><p>not closed</body>"#;
    let feeds = vec![
        "https://site.example/feed/?a=1&b=2".to_owned(),
        "https://site.example/atom".to_owned(),
    ];
    assert_eq!(problem(page), Problem::WebPage(feeds));
    assert!(
        problem("<HTML><body>404")
            .to_string()
            .contains("the page names no feed")
    );
}

#[test]
fn an_empty_answer_is_a_problem_and_an_empty_feed_is_none() {
    assert_eq!(problem(""), Problem::Empty);
    assert_eq!(problem(" \n\u{feff}"), Problem::Empty);
    assert!(feed(&rss("")).items.is_empty());
    assert!(feed(r#"<feed xmlns="http://www.w3.org/2005/Atom"/>"#).items.is_empty());
    assert!(
        feed(r#"{"version":"https://jsonfeed.org/version/1","title":"t","items":[]}"#)
            .items
            .is_empty()
    );
}

#[test]
fn what_is_no_feed_at_all_is_named() {
    assert_eq!(problem("Not found"), Problem::NotAFeed);
    assert_eq!(problem("%PDF-1.7 <</Type/Catalog>>"), Problem::Binary("a PDF document"));
    assert_eq!(
        problem("<urlset><url/></urlset>"),
        Problem::OtherXml("urlset".to_owned())
    );
    assert_eq!(problem("[1, 2]"), Problem::OtherJson);
    assert_eq!(problem("{}"), Problem::OtherJson);
    let version = "https://jsonfeed.org/version/2";
    assert_eq!(
        problem(&format!(r#"{{"version":"{version}","items":[]}}"#)),
        Problem::JsonVersion(version.to_owned())
    );
    let broken = problem("{\"version\":\"https://jsonfeed.org/version/1\",\n\"items\":[}");
    assert!(matches!(broken, Problem::BrokenJson { line: 2, .. }), "{broken}");
}

#[test]
fn of_a_truncated_feed_the_whole_entries_are_taken() {
    let whole = rss(&(0..5)
        .map(|n| format!("<item><guid>{n}</guid></item>\n"))
        .collect::<String>());
    let cut = whole.find("<guid>3").unwrap() + 5;
    let feed = feed(&whole[..cut]);
    assert_eq!(keys(&feed), ["0", "1", "2"]);
    assert!(feed.notes[0].contains("entries behind it are lost"), "{:?}", feed.notes);

    let cut = whole.find("<guid>0").unwrap();
    assert!(matches!(problem(&whole[..cut]), Problem::NotWellFormed { line: 1, .. }));
}

#[test]
fn one_broken_entry_costs_only_itself() {
    let (_, bytes) = fixtures()
        .into_iter()
        .find(|(name, _)| name == "broken_entry.xml")
        .unwrap();
    let feed = read(&bytes, None, &base()).unwrap();
    assert_eq!(keys(&feed), ["a", "c"]);
    assert_eq!(
        feed.notes,
        ["entries left out because they are not well-formed XML: 1, the first in line 4"]
    );
}

#[test]
fn entities_of_its_own_make_a_feed_refused_at_once() {
    let lines: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!(
        r#"<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{lines}]>{}"#,
        rss("<item><title>&l9;</title></item>")
    );
    let external = format!(
        r#"<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>{}"#,
        rss("<item><title>&x;</title></item>")
    );
    let parameter = format!(r#"<!DOCTYPE rss [%x;]>{}"#, rss(""));
    for attack in [laughs, external, parameter] {
        let problem = within(Duration::from_secs(2), || problem(&attack));
        assert_eq!(problem, Problem::Entities);
    }
}

#[test]
fn an_entity_nobody_declared_stays_as_it_is_written() {
    let one = item("<title>a &undeclared; b</title><description>AT&T &nbsp;&#0;&#xD800;&#x110000;</description>");
    assert_eq!(one.title.as_deref(), Some("a &undeclared; b"));
    assert!(one.html.unwrap().starts_with("AT&T \u{a0}"));
}

#[test]
fn elements_nested_without_end_are_refused_at_once() {
    let deep = rss(&format!("<item><description>{}", "<a>".repeat(100_000)));
    assert_eq!(within(Duration::from_secs(2), || problem(&deep)), Problem::TooDeep);
    let deep = format!(
        "{}1",
        r#"{"version":"https://jsonfeed.org/version/1","items":["#.to_owned() + &"[".repeat(100_000)
    );
    assert!(matches!(problem(&deep), Problem::BrokenJson { .. }));
}

#[test]
fn of_a_hundred_thousand_entries_the_first_thousand_are_taken() {
    let items: String = (0..100_000).map(|n| format!("<item><guid>{n}</guid></item>")).collect();
    let feed = within(Duration::from_secs(2), || feed(&rss(&items)));
    assert_eq!(feed.items.len(), 1000);
    assert_eq!(feed.notes, ["only the first 1000 entries were taken; there are more"]);

    let items: Vec<String> = (0..100_000).map(|n| format!(r#"{{"id":"{n}"}}"#)).collect();
    let json = format!(
        r#"{{"version":"https://jsonfeed.org/version/1","items":[{}]}}"#,
        items.join(",")
    );
    let feed = within(Duration::from_secs(5), || super::feed(&json));
    assert_eq!(feed.items.len(), 1000);
}

#[test]
fn a_hundred_thousand_broken_entries_end_soon() {
    let broken = "<item><title><![CDATA[</item>";
    let text = rss(&format!("<item><guid>a</guid></item>{}", broken.repeat(100_000)));
    let feed = within(Duration::from_secs(2), || feed(&text));
    assert_eq!(keys(&feed), ["a"]);
    let declarations: String = (0..100_000).map(|n| format!(" xmlns:p{n}='u{n}'")).collect();
    let many = format!(
        "<rss{declarations}><channel>{}</channel></rss>",
        "<item><p1:a/></item>".repeat(900)
    );
    within(Duration::from_secs(2), || super::feed(&many));
}

#[test]
fn a_huge_title_is_cut_at_a_word() {
    let title = item(&format!("<title>{}</title>", "word ".repeat(1_000_000)))
        .title
        .unwrap();
    assert!(title.ends_with("word …") && title.chars().count() <= 502);
}

#[test]
fn control_characters_and_halves_of_characters_do_no_harm() {
    let one = item("<guid>a\0b</guid><title>x\u{0}&#1;y</title>");
    assert_eq!((one.key.as_str(), one.title.as_deref()), ("ab", Some("xy")));
    let feed =
        feed(r#"{"version":"https://jsonfeed.org/version/1","items":[{"id":"a\u0000","title":"x\ud83d y \\ud83d"}]}"#);
    assert_eq!(feed.items[0].key, "a");
    assert_eq!(feed.items[0].title.as_deref(), Some("x\u{fffd} y \\ud83d"));
}

#[test]
fn warnings_before_the_declaration_are_passed_over() {
    let text = format!(
        "\n<br />\n<b>Warning</b>: mysql\n<?xml version=\"1.0\"?>{}",
        rss("<item><guid>a</guid></item>")
    );
    assert_eq!(keys(&feed(&text)), ["a"]);
}
