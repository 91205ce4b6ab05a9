//! Charsets in the order of POLL-10, and headers that are wrong.

use encoding_rs::{Encoding, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};

use super::*;

/// The title of a feed in this charset, declared and served so.
fn title(text: &str, encoding: &'static Encoding, declared: &str, header: Option<&str>) -> String {
    let declaration = match declared {
        "" => String::new(),
        label => format!(r#"<?xml version="1.0" encoding="{label}"?>"#),
    };
    let item = format!("<item><guid>a</guid><title>{text}</title></item>");
    let feed = rss(&item);
    let (bytes, ..) = encoding.encode(&feed);
    let bytes = [declaration.as_bytes(), &bytes].concat();
    read(&bytes, header, &base()).unwrap().items[0].title.clone().unwrap()
}

#[test]
fn what_is_declared_is_believed_also_where_the_server_says_utf_8() {
    for header in [None, Some("utf-8"), Some("iso-8859-1"), Some("nonsense")] {
        let russian = title("Доклад о воде", WINDOWS_1251, "windows-1251", header);
        assert_eq!(russian, "Доклад о воде", "{header:?}");
        let japanese = title("水についての報告", SHIFT_JIS, "Shift_JIS", header);
        assert_eq!(japanese, "水についての報告", "{header:?}");
        let french = title("Débat à l’été", WINDOWS_1252, "ISO-8859-1", header);
        assert_eq!(french, "Débat à l’été", "{header:?}");
    }
}

#[test]
fn a_header_that_fits_is_believed_before_the_declaration() {
    let russian = title("Доклад о воде", WINDOWS_1251, "utf-8", Some("windows-1251"));
    assert_eq!(russian, "Доклад о воде");
}

#[test]
fn utf_16_is_read_with_and_without_its_mark_whatever_is_declared() {
    let text = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>{}"#,
        rss("<item><guid>a</guid><title>Débat</title></item>")
    );
    let little = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for bytes in [little.clone(), big, [b"\xff\xfe".as_slice(), &little].concat()] {
        let feed = read(&bytes, Some("utf-8"), &base()).unwrap();
        assert_eq!(feed.items[0].title.as_deref(), Some("Débat"));
    }
}

#[test]
fn bad_bytes_are_replaced_and_noted() {
    let text = rss("<item><guid>a</guid><title>Straße, Straße, Stra\u{1}e</title></item>").into_bytes();
    let bytes: Vec<u8> = text
        .into_iter()
        .map(|byte| if byte == 1 { 0xff } else { byte })
        .collect();
    let feed = read(&bytes, Some("utf-8"), &base()).unwrap();
    assert_eq!(feed.items[0].title.as_deref(), Some("Straße, Straße, Stra\u{fffd}e"));
    assert_eq!(feed.notes, ["bytes that mean nothing in utf-8 were replaced: 1"]);
}
