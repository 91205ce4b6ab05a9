//! Where an address stands in a text: in mails, in answers of servers, in JSON.
//!
//! In: an address and bytes. Out: whether it is named, or the text without it. The surprising thing: a text may break an
//! address in two (the soft line breaks of quoted-printable), and an address may end like another
//! (`schmidt@example.org` and `a.schmidt@example.org`), which is somebody else's.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::super::{Error, Result};
use crate::subscriber::Address;

/// What stands in the place of an address in a text that stays.
const ERASED: &[u8] = b"(erased)";
/// A line of quoted-printable that goes on on the next one.
const SOFT_BREAKS: [&[u8]; 2] = [b"=\r\n", b"=\n"];

/// An address in each way it may be written.
#[derive(Debug)]
pub(super) struct Naming(Regex);

impl Naming {
    pub(super) fn of(address: &Address) -> Result<Naming> {
        let forms = [address.to_string(), address.ascii(), address.key()].map(|form| written(&form));
        RegexBuilder::new(&forms.join("|"))
            .case_insensitive(true)
            .build()
            .map(Naming)
            .map_err(|error| Error::Database(sqlx::Error::Protocol(error.to_string())))
    }

    /// It is named, and not another that holds it.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        self.places(text).next().is_some()
    }

    /// It stands there, if only as a part of another: the bytes of a database put texts side by side.
    pub(super) fn lies_in(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }

    /// The text without the address; none: it is not in it.
    pub(super) fn blot(&self, text: &str) -> Option<String> {
        let (mut left, mut end) = (Vec::new(), 0);
        for place in self.places(text.as_bytes()) {
            left.extend_from_slice(text.as_bytes().get(end..place.start).unwrap_or_default());
            left.extend_from_slice(ERASED);
            end = place.end;
        }
        if end == 0 {
            return None;
        }
        left.extend_from_slice(text.as_bytes().get(end..).unwrap_or_default());
        Some(String::from_utf8_lossy(&left).into_owned())
    }

    fn places(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let stands_alone = move |found: &Range<usize>| match (text.get(..found.start), text.get(found.end..)) {
            (Some(before), Some(after)) => !begins_earlier(before) && !goes_on(after),
            _ => false,
        };
        let found = self.0.find_iter(text).map(|found| found.range());
        found.filter(stands_alone)
    }
}

/// An expression for a form, as it is or in quoted-printable or a link: soft breaks anywhere, signs by their number.
fn written(form: &str) -> String {
    let letters = form.chars().map(|letter| {
        let itself = regex::escape(&letter.to_string());
        match letter.is_ascii() && !letter.is_ascii_alphanumeric() {
            true => format!("(?:{itself}|[=%]{:02X})", u32::from(letter)),
            false => itself,
        }
    });
    letters.collect::<Vec<_>>().join("(?:=\\r?\\n)?")
}

/// What stands before is the beginning of a longer local part.
fn begins_earlier(mut before: &[u8]) -> bool {
    while let Some(rest) = SOFT_BREAKS.iter().find_map(|soft| before.strip_suffix(*soft)) {
        before = rest;
    }
    match before {
        // `=3C` and `%3C` are a bracket, a backslash and a letter in JSON the end of a line.
        [.., b'=' | b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => false,
        [.., b'\\', b'n' | b'r' | b't'] => false,
        [.., last] => last.is_ascii_alphanumeric() || b"!#$%&*+-?^_`{|}~.".contains(last),
        [] => false,
    }
}

/// What stands behind is the end of a longer domain; a full stop may be that of a sentence.
fn goes_on(mut after: &[u8]) -> bool {
    loop {
        if let Some(rest) = SOFT_BREAKS.iter().find_map(|soft| after.strip_prefix(*soft)) {
            after = rest;
            continue;
        }
        match after {
            [b'.' | b'-', rest @ ..] => after = rest,
            [first, ..] => return first.is_ascii_alphanumeric(),
            [] => return false,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_written_and_no_other_for_it() {
        let naming = Naming::of(&Address::parse("schmidt@example.org").unwrap()).unwrap();
        for text in [
            "schmidt@example.org",
            "To: <Schmidt@Example.ORG>",
            "it was schmidt@example.org. Or not",
            "a=3Cschmidt@exam=\r\nple.org=3E",
            "a schmi=\ndt=40example.org",
            "https://example.org/?to=schmidt%40example.org&more",
            r#"{"text":"to\nschmidt@example.org\nfrom"}"#,
            "a.schmidt@example.org, schmidt@example.org",
        ] {
            assert!(naming.is_in(text.as_bytes()), "{text}");
        }
        for text in [
            "a.schmidt@example.org",
            "a.=\r\nschmidt@example.org",
            "goldschmidt@example.org",
            "my-schmidt@example.org",
            "schmidt@example.org.uk",
            "schmidt@example.org=\r\nanics.example",
            "schmidt@example.organics",
        ] {
            assert!(!naming.is_in(text.as_bytes()), "{text}");
            assert_eq!(naming.blot(text), None);
        }
        assert_eq!(
            naming
                .blot("schmidt@example.org,schmidt@example.org a.schmidt@example.org.")
                .as_deref(),
            Some("(erased),(erased) a.schmidt@example.org.")
        );
    }
}
