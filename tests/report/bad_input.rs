//! Files no one wanted to make: each has a clear refusal, or is read as well as it can be.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rapporteur::report::{Context, charset, read, sanitize};

use super::{page, paragraph, text};

#[track_caller]
fn refused(name: &str, bytes: &[u8], part: &str) {
    let refusal = read(name, bytes, &Context::default()).unwrap_err().to_string();
    assert!(refusal.contains(part), "{refusal:?} should hold {part:?}");
}

#[test]
fn an_empty_file_is_refused() {
    refused("a.txt", b"", "empty");
    refused("a.md", b" \n\t\n", "empty");
    refused("a.html", b"<html><body></body></html>", "no text");
}

#[test]
fn a_file_of_50_megabytes_is_refused_before_it_is_read() {
    let started = Instant::now();
    refused(
        "a.txt",
        &vec![b'a'; 50 * 1024 * 1024],
        "50.0 MB are more than the 10 MB",
    );
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_binary_file_is_refused_by_its_kind() {
    refused("a.txt", b"%PDF-1.7\n...", "PDF");
    refused("a.txt", b"PK\x03\x04....", "Word");
    refused("a.md", b"abc\x00\x01\x02def\x00", "binary");
    refused("a.pdf", b"text", ".pdf");
    refused("report", b"text", "no extension");
}

/// Databases write such dates where they have none; dates of feeds have four digits.
#[test]
fn a_publication_outside_the_centuries_of_reports_is_none() {
    for moment in [
        "-0001-11-30T00:00:00+00:00",
        "0000-00-00 00:00:00",
        "-0044-03-15",
        "+12026-05-04T08:00:00Z",
    ] {
        let html = format!(
            "<html><head><meta property=\"article:published_time\" content=\"{moment}\"></head>\
             <body><h1>Rivers</h1><p>A report of an evening about rivers.</p></body></html>"
        );
        let report = read("a.html", html.as_bytes(), &Context::default()).unwrap();
        assert_eq!(report.published, None, "{moment}");
    }
    refused(
        "a.md",
        b"---\ntitle: Rivers\npublished: -0044-03-15\n---\nText.\n",
        "published",
    );
}

#[test]
fn utf_16_is_read_with_and_without_its_mark() {
    let body = "A title\n\nThe forum was held on 3 June 2024 in Bonn.\n";
    for (mark, big) in [(true, false), (true, true), (false, false), (false, true)] {
        let units = mark.then_some(0xfeff).into_iter().chain(body.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        let report = read("a.txt", &bytes, &Context::default()).unwrap();
        assert_eq!(report.title, "A title");
        assert!(report.provenance["charset"].words.contains("utf-16"));
    }
}

#[test]
fn latin_1_declared_as_utf_8_is_read_as_what_it_is() {
    let html =
        b"<html><head><meta charset=\"utf-8\"></head><body><h1>Caf\xe9 M\xfcller</h1><p>Stra\xdfe.</p></body></html>";
    let report = read("a.html", html, &Context::default()).unwrap();
    assert_eq!(
        (report.title.as_str(), report.body_text.as_str()),
        ("Café Müller", "Straße.")
    );
    assert!(report.provenance["charset"].rule.contains("declared as utf-8"));
}

#[test]
fn one_damaged_character_is_replaced_and_noted() {
    let report = read(
        "a.txt",
        b"A title\n\nM\xc3\xbcller, K\xc3\xb6ln und Stra\xc3\xdfe; gr\xc3\xbc\xc3\x9fen, gr\xc3\xb6\xc3\x9fer.\n",
        &Context::default(),
    )
    .unwrap();
    assert!(report.body_text.contains("Müller"));
    assert!(report.provenance["charset"].words.contains("replaced"));
}

#[test]
fn a_charset_is_taken_from_header_then_declaration_then_bytes() {
    assert_eq!(
        charset::decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("windows-1251")).text,
        "Привет"
    );
    assert_eq!(
        charset::decode(b"<meta charset=windows-1251>\xcf", None).charset,
        "windows-1251"
    );
    assert_eq!(
        charset::decode(b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9", None).charset,
        "windows-1252"
    );
    assert_eq!(
        charset::decode(b"\xef\xbb\xbfx", Some("windows-1251")).rule,
        "byte order mark"
    );
    let sentence = "Круглый стол прошёл в Москве, его участники говорили о воде и о дорогах.";
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(sentence);
    assert_eq!(charset::decode(&bytes, None).text, sentence);
}

#[test]
fn a_title_has_no_line_breaks_and_keeps_what_people_write() {
    let report = page("<html><body><h1>A\r\nBcc: x\t\u{202e}b 👩‍🔬 עברית</h1><p>Text.</p></body></html>");
    assert_eq!(report.title, "A Bcc: x b 👩‍🔬 עברית");
    let long = "word ".repeat(100);
    assert_eq!(text(&format!("{long}\n\nBody.\n")).title, long.trim());
}

#[test]
fn a_page_with_scripts_is_read_without_them() {
    let report = page(
        "<html><body><h1>T</h1><p>Fine<script>alert('<p>no</p>')</script> text.</p><script>x</script></body></html>",
    );
    assert_eq!(report.body_text, "Fine text.");
    assert_eq!(report.body_html, "<p>Fine text.</p>");
}

#[test]
fn a_hundred_thousand_nested_elements_are_refused() {
    let deep = "<div>".repeat(100_000);
    refused("a.html", deep.as_bytes(), "nested");
    assert_eq!(sanitize(&format!("{deep}x"), None), "<p>x</p>");
    let quoted = read(
        "a.md",
        format!("{} x\n", ">".repeat(100_000)).as_bytes(),
        &Context::default(),
    );
    assert!(quoted.is_ok());
}

#[test]
fn nine_megabytes_of_one_line_are_read_in_seconds() {
    let line = format!(
        "A title\n\n{}",
        "On 3 June 2024 Ada Quist said so and Bo Orr, too. ".repeat(180_000)
    );
    for name in ["a.txt", "a.md", "a.html"] {
        let started = Instant::now();
        assert!(read(name, line.as_bytes(), &Context::default()).is_ok());
        println!("{name}: {:?}", started.elapsed());
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{name}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_fact_that_cannot_be_known_is_null() {
    let report = paragraph("Nothing is said here about any event.");
    assert_eq!(report.event, rapporteur::report::Event::default());
    assert!(report.people.is_empty() && report.series.is_none() && report.published.is_none());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), form in 0usize..3) {
        let _ = read(["a.txt", "a.md", "a.html"][form], &bytes, &Context::default());
    }

    #[test]
    fn no_text_panics(text in "(\\PC|\n|---\n|\\+\\+\\+\n|3 June |Ada Quist said |<p>|<div |\"|in Bonn|: |, ){0,80}", form in 0usize..3) {
        let _ = read(["a.txt", "a.md", "a.html"][form], text.as_bytes(), &Context::default());
    }

    #[test]
    fn front_matter_never_panics(inner in "(title|date|people|event|: |\n|- |\\[|\\]|\\{|\\}|= |\"|2026-01-01|\\PC){0,60}", toml in any::<bool>()) {
        let fence = if toml { "+++" } else { "---" };
        let _ = read("a.md", format!("{fence}\n{inner}\n{fence}\nBody\n").as_bytes(), &Context::default());
    }
}

#[test]
fn a_page_whose_few_bytes_become_many_elements_is_refused() {
    let open: String = (0..295).map(|n| format!("<b a{n}>")).collect();
    let page = format!("<title>T</title><p>{open}{}", "<p>x".repeat(20_000));
    let refused = read("a.html", page.as_bytes(), &Context::default());
    assert!(refused.unwrap_err().0.contains("nested"));
}
