//! The two encodings of mail: quoted-printable for bodies, encoded words for headers.
//!
//! In: Unicode text. Out: ASCII whose lines hold at most 76 characters; no character is ever split. The surprising
//! part: a body may contain holes (see `message`), each of which gets a line of its own between soft line breaks, so
//! that whatever fills it later can be encoded alone and no line grows.

/// Longest line of a body, without its CRLF; a soft break takes the last column.
const LINE: usize = 76;

/// Longest encoded word.
const WORD: usize = 75;

/// Ends a line of quoted-printable text without ending the line of the text.
pub(super) const SOFT_BREAK: &str = "=\r\n";

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn push_hex(out: &mut String, byte: u8) {
    out.push('=');
    for nibble in [byte >> 4, byte & 15] {
        out.push(HEX.get(usize::from(nibble)).copied().map_or('0', char::from));
    }
}

/// Appends `text` as quoted-printable, beginning at `column`, and returns the column reached. Line ends of any kind
/// become CRLF.
pub(super) fn quoted_printable(out: &mut String, text: &str, mut column: usize) -> usize {
    let mut chars = text.chars().peekable();
    let mut bytes = [0; 4];
    while let Some(char) = chars.next() {
        if char == '\n' || char == '\r' {
            if char == '\r' {
                chars.next_if_eq(&'\n');
            }
            out.push_str("\r\n");
            column = 0;
            continue;
        }
        let last = matches!(chars.peek(), None | Some('\n' | '\r'));
        let literal = match char {
            '=' => false,
            ' ' | '\t' => !last,
            // A dot alone ends the message in SMTP, and "From " begins one in a mailbox file.
            '.' => column > 0,
            'F' => column > 0 || chars.peek() != Some(&'r'),
            '!'..='~' => true,
            _ => false,
        };
        let width = if literal { 1 } else { char.len_utf8() * 3 };
        if column + width > LINE - 1 {
            out.push_str(SOFT_BREAK);
            column = 0;
        }
        // The soft break may just have put a dot at the head of a line.
        if literal && !(column == 0 && (char == '.' || char == 'F')) {
            out.push(char);
            column += 1;
        } else {
            let encoded = char.encode_utf8(&mut bytes).bytes();
            column += encoded.len() * 3;
            encoded.for_each(|byte| push_hex(out, byte));
        }
    }
    column
}

/// Appends a hole's value: encoded from column 0, and followed by a soft break unless it is empty.
pub(super) fn quoted_printable_hole(out: &mut String, value: &str) {
    if !value.is_empty() && quoted_printable(out, value, 0) > 0 {
        out.push_str(SOFT_BREAK);
    }
}

/// Reads quoted-printable text back; what is no valid sequence stays as it is.
pub(super) fn from_quoted_printable(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'=' {
            out.push(byte);
        } else if let Some(tail) = tail.strip_prefix(b"\r\n") {
            rest = tail;
        } else {
            let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(decoded) => {
                    out.push(decoded);
                    rest = tail.get(2..).unwrap_or_default();
                }
                None => out.push(byte),
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends header text after `column` characters of its line: as it is, folded at spaces, if it is plain ASCII, else
/// as encoded words.
pub(super) fn header_text(out: &mut String, text: &str, mut column: usize) {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.contains("=?")
        && !text.contains("  ")
        && text.trim() == text
        && text.split(' ').all(|word| word.len() < WORD - column.min(WORD / 2));
    if !plain {
        encoded_words(out, text, column);
        return;
    }
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 && column + 1 + word.len() > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
}

/// Appends `text` as encoded words (RFC 2047, "Q"), the first of them after `column` characters. Valid in free text
/// and in display names alike.
fn encoded_words(out: &mut String, text: &str, mut column: usize) {
    const OPEN: &str = "=?utf-8?Q?";
    const CLOSE: &str = "?=";
    let mut bytes = [0; 4];
    let mut word = String::with_capacity(WORD);
    for char in text.chars() {
        let width = match char {
            ' ' | '0'..='9' | 'a'..='z' | 'A'..='Z' => 1,
            _ => char.len_utf8() * 3,
        };
        let room = WORD.min(LINE - column.min(LINE - 1 - OPEN.len() - 14));
        if OPEN.len() + word.len() + width + CLOSE.len() > room {
            for part in [OPEN, &word, CLOSE, "\r\n "] {
                out.push_str(part);
            }
            word.clear();
            column = 1;
        }
        match char {
            ' ' => word.push('_'),
            _ if width == 1 => word.push(char),
            _ => char
                .encode_utf8(&mut bytes)
                .bytes()
                .for_each(|byte| push_hex(&mut word, byte)),
        }
    }
    for part in [OPEN, &word, CLOSE] {
        out.push_str(part);
    }
}

/// Appends a display name: bare if it is words, quoted if it holds specials, encoded if it is not ASCII or long.
fn phrase(out: &mut String, name: &str, column: usize) {
    let ascii = name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !name.contains("=?");
    if !ascii || name.len() + column + 2 > LINE - 8 {
        encoded_words(out, name, column);
        return;
    }
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    if name.split(' ').all(|word| !word.is_empty() && word.bytes().all(atom)) {
        out.push_str(name);
        return;
    }
    out.push('"');
    for char in name.chars() {
        if char == '"' || char == '\\' {
            out.push('\\');
        }
        out.push(char);
    }
    out.push('"');
}

/// Appends `name <address>`; without a name, or if an address poses as one, the bare address.
pub(super) fn mailbox(out: &mut String, name: Option<&str>, address: &str, column: usize) {
    let Some(name) = name.filter(|name| !name.trim().is_empty() && !name.contains('@')) else {
        out.push_str(address);
        return;
    };
    named(out, name, address, column);
}

/// Appends `name <spec>`, folded before the bracket if the line would grow too long.
pub(super) fn named(out: &mut String, name: &str, spec: &str, column: usize) {
    let start = out.len();
    phrase(out, name, column);
    let written = out.get(start..).unwrap_or_default();
    let at = match written.rsplit_once("\r\n") {
        Some((_, last)) => last.len(),
        None => column + written.len(),
    };
    out.push_str(if at + spec.len() + 3 > LINE { "\r\n <" } else { " <" });
    out.push_str(spec);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str) -> String {
        let mut out = String::new();
        quoted_printable(&mut out, text, 0);
        out
    }

    #[test]
    fn spaces_before_a_line_end_are_encoded() {
        assert_eq!(encode("a \nb\t"), "a=20\r\nb=09");
    }

    #[test]
    fn a_dot_and_from_never_begin_a_line() {
        assert_eq!(encode(".\nFrom here"), "=2E\r\n=46rom here");
        let long = encode(&format!("{}.y", "x".repeat(75)));
        assert_eq!(long, format!("{}=\r\n=2Ey", "x".repeat(75)));
    }

    #[test]
    fn what_is_encoded_reads_back() {
        let text = "Grüße = 100 %\nЦентральная Азия 🎉 and a long line that needs to be broken somewhere, softly.";
        let encoded = encode(text);
        assert_eq!(from_quoted_printable(&encoded), text.replace('\n', "\r\n"));
        assert!(encoded.lines().all(|line| line.len() <= 76), "{encoded}");
    }

    #[test]
    fn display_names_are_quoted_or_encoded_when_needed() {
        let show = |name| {
            let mut out = String::new();
            mailbox(&mut out, Some(name), "a@example.org", 4);
            out
        };
        assert_eq!(show("Ada Example"), "Ada Example <a@example.org>");
        assert_eq!(show("Example, Ada \"A\""), "\"Example, Ada \\\"A\\\"\" <a@example.org>");
        assert_eq!(show("Jörg"), "=?utf-8?Q?J=C3=B6rg?= <a@example.org>");
        assert_eq!(show("x@example.org"), "a@example.org", "an address poses as a name");
    }
}
