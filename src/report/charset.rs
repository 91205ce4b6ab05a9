//! Bytes to text: which charset a file is in, and what kind of file is no text at all.
//!
//! In: bytes, and the charset of the HTTP header if there was one. Out: text without control characters, the charset
//! used, how many bytes had to be replaced. The order is that of RFC 7303 section 3: byte order mark, header, XML
//! declaration, meta, valid UTF-8, and only then a guess. The surprising thing: a file that says UTF-8 and holds not
//! one valid UTF-8 character beyond ASCII is taken for what it is, because Windows editors make such files every day;
//! and a header that the bytes contradict, or of ISO-8859-1, which servers give everything, does not outdo what a file
//! says of itself.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use regex::bytes::Regex;

/// Declarations are looked for in this many bytes, as browsers do, with room for long heads.
const HEAD: usize = 4096;

/// Text of a file, and how it was come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    /// The name of the charset used, as the WHATWG standard writes it in lower case ("windows-1252").
    pub charset: String,
    /// Which rule found the charset.
    pub rule: &'static str,
    /// Sequences that meant nothing in that charset and became U+FFFD.
    pub replaced: usize,
}

impl Decoded {
    /// Whether staff should be told: bytes were replaced, or a charset was guessed or contradicts the declaration.
    pub fn is_notable(&self) -> bool {
        self.replaced > 0 || self.charset != "utf-8"
    }
}

/// Decodes bytes whatever they are; see [`binary_kind`] for those that are no text.
pub fn decode(bytes: &[u8], http_charset: Option<&str>) -> Decoded {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return with(bytes.get(length..).unwrap_or_default(), encoding, "byte order mark");
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return with(
            bytes,
            encoding,
            "UTF-16 without byte order mark, seen by its zero bytes",
        );
    }
    let header = http_charset
        .and_then(|label| Encoding::for_label(label.trim().as_bytes()))
        .map(|encoding| (encoding, "HTTP header"));
    // Servers call everything ISO-8859-1 by default, or what another site of theirs is in; a file that says otherwise of
    // itself, and is so, knows better.
    let contradicts = |(encoding, _): &(&'static Encoding, _)| {
        header.is_some_and(|(stated, _)| {
            *encoding != stated && (stated == WINDOWS_1252 || (stated != UTF_8 && is_gibberish(bytes, stated)))
        }) && with(bytes, encoding, "").replaced == 0
    };
    if let Some((encoding, _)) = declared(bytes).filter(contradicts) {
        return with(bytes, encoding, "declaration, against the HTTP header");
    }
    if let Some((encoding, rule)) = header.or_else(|| declared(bytes)) {
        if encoding == UTF_8 && !is_utf8_but_for(bytes, 2) {
            let other = declared(bytes).filter(|(other, _)| *other != UTF_8);
            let other = other.map_or_else(|| guess(bytes), |(other, _)| other);
            return with(bytes, other, "declared as utf-8, but is not");
        }
        return with(bytes, encoding, rule);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return with(bytes, UTF_8, "valid UTF-8");
    }
    if is_utf8_but_for(bytes, 4) {
        return with(bytes, UTF_8, "mostly valid UTF-8");
    }
    with(bytes, guess(bytes), "guessed from the bytes")
}

/// The kind of file these bytes are, if they are no text.
pub fn binary_kind(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a Word, OpenDocument or ZIP file"),
        (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
        (b"{\\rtf", "an RTF document"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\x1f\x8b", "a gzip file"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"SQLite format 3", "a database"),
    ];
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(kind);
    }
    if Encoding::for_bom(bytes).is_some() || utf16_without_mark(bytes).is_some() {
        return None;
    }
    let strange = bytes
        .iter()
        .filter(|b| matches!(b, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f))
        .count();
    (bytes.contains(&0) || strange * 50 > bytes.len()).then_some("no text")
}

/// Decodes and removes control characters other than line breaks and tabs, which no form has a use for.
fn with(bytes: &[u8], encoding: &'static Encoding, rule: &'static str) -> Decoded {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let already = if encoding == UTF_8 {
        original_replacements(bytes)
    } else {
        0
    };
    let replaced = text.matches('\u{fffd}').count().saturating_sub(already);
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace(|c: char| c.is_control() && c != '\n' && c != '\t', "");
    Decoded {
        text,
        charset: encoding.name().to_lowercase(),
        rule,
        replaced,
    }
}

/// U+FFFD that the file itself holds, written out in UTF-8: an old loss, not ours.
fn original_replacements(bytes: &[u8]) -> usize {
    bytes.windows(3).filter(|three| three == b"\xef\xbf\xbd").count()
}

#[expect(clippy::expect_used, reason = "literal patterns, compiled by a test")]
fn declared(bytes: &[u8]) -> Option<(&'static Encoding, &'static str)> {
    static XML: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']"#).expect("a literal pattern")
    });
    static META: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i)<meta[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)"#).expect("a literal pattern"));
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    [(&XML, "XML declaration"), (&META, "meta charset")]
        .into_iter()
        .find_map(|(form, rule)| {
            let label = form.captures(head)?.get(1)?.as_bytes();
            let encoding = Encoding::for_label(label)?;
            // What reads as ASCII so far cannot be UTF-16, whatever it says.
            let is_utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
            Some((if is_utf16 { UTF_8 } else { encoding }, rule))
        })
}

/// Text in a Latin script has a zero in every second byte of UTF-16; no other text has zeros.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if head.len() < 4 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let (first, second, half) = (zeros(0), zeros(1), head.len() / 2);
    if second * 10 >= half * 6 && first * 20 < half {
        Some(UTF_16LE)
    } else if first * 10 >= half * 6 && second * 20 < half {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
    if encoding == UTF_8 { WINDOWS_1252 } else { encoding }
}

/// Whether the bytes are UTF-8, but for one in so many of its longer characters: a damaged one must not turn a whole
/// file into gibberish.
fn is_utf8_but_for(bytes: &[u8], one_in: usize) -> bool {
    std::str::from_utf8(bytes).is_ok()
        || (has_utf8_characters(bytes) && with(bytes, UTF_8, "").replaced * one_in <= multibyte_leads(bytes))
}

/// Whether more than one in twenty bytes beyond ASCII mean nothing in this charset: not one damaged character, another
/// charset.
fn is_gibberish(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let strange = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    with(bytes, encoding, "").replaced * 20 > strange
}

fn multibyte_leads(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b >= 0xc2).count()
}

/// Whether at least one valid character beyond ASCII is there.
fn has_utf8_characters(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}
