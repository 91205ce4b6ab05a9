//! From bytes to text: encoding, line ends, delimiter, and whether the file is all there.

use std::borrow::Cow;

use super::FileProblem;

/// Characters no text has: one is enough to tell a binary file.
const BINARY: [char; 9] = [
    '\0', '\u{1}', '\u{2}', '\u{3}', '\u{4}', '\u{5}', '\u{6}', '\u{8}', '\u{1A}',
];

/// The text with line ends as `\n`, and notes about a guessed encoding.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, Vec<String>), FileProblem> {
    for (start, what) in [
        (&b"PK\x03\x04"[..], "a spreadsheet or archive (xlsx, ods, zip)"),
        (b"\xD0\xCF\x11\xE0", "an old spreadsheet (xls)"),
        (b"%PDF", "a PDF"),
        (b"\x1F\x8B", "a compressed file (gzip)"),
    ] {
        if bytes.starts_with(start) {
            return Err(FileProblem::NotText(what));
        }
    }
    let mut notes = Vec::new();
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0,
        None => match (std::str::from_utf8(bytes), utf16_without_mark(bytes)) {
            (_, Some(encoding)) => encoding.decode_without_bom_handling(bytes).0,
            (Ok(text), None) => Cow::Borrowed(text),
            (Err(_), None) => {
                notes.push("the file is not UTF-8; read as Windows-1252, so look at names with accents".to_owned());
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0
            }
        },
    };
    if text.contains(BINARY) {
        return Err(FileProblem::NotText("a binary file"));
    }
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let text = match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text.into_owned(),
    };
    Ok((text, notes))
}

/// UTF-16 whose mark was lost: every other byte of an ASCII header is zero.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match *bytes {
        [0, first, 0, second, ..] if first != 0 && second != 0 => Some(encoding_rs::UTF_16BE),
        [first, 0, second, 0, ..] if first != 0 && second != 0 => Some(encoding_rs::UTF_16LE),
        _ => None,
    }
}

/// Whichever of comma, semicolon and tab parts the header; comma if none does.
pub(super) fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: u8| header.bytes().filter(|byte| *byte == delimiter).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

/// Refuses a file that ends inside a quoted cell, or in a last line that is cut off.
///
/// Many programs leave out the last line end, so that alone proves nothing: the line must also lack cells that the
/// header has, or hold no whole address.
pub(super) fn check_end(text: &str, delimiter: u8) -> Result<(), FileProblem> {
    if let Some(line) = open_quote(text, delimiter) {
        return Err(FileProblem::HalfSaved(format!(
            "the quotation mark on line {line} is never closed"
        )));
    }
    if text.ends_with('\n') {
        return Ok(());
    }
    let mut records = ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records()
        .filter_map(Result::ok);
    let Some(header) = records.next() else { return Ok(()) };
    let Some(last) = records.last() else { return Ok(()) };
    let line = text.lines().count() - last.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
    if last.len() < header.len() {
        return Err(FileProblem::HalfSaved(format!(
            "line {line}, the last, has {} of {} cells and no line end",
            last.len(),
            header.len()
        )));
    }
    let cut = |cell: &str| {
        let cell = super::write::unguard(cell.trim());
        !cell.is_empty() && super::Address::parse(cell).is_err()
    };
    let email = header.iter().position(super::cells::is_email);
    if email.and_then(|column| last.get(column)).is_some_and(cut) {
        return Err(FileProblem::HalfSaved(format!(
            "line {line}, the last, has no whole address and no line end"
        )));
    }
    Ok(())
}

/// The line of a quotation mark that is never closed. A mark opens only at the start of a cell; doubled, it is itself.
fn open_quote(text: &str, delimiter: u8) -> Option<u64> {
    let (mut line, mut opened, mut at_start) = (1, None, true);
    for byte in text.bytes() {
        match (opened, byte) {
            // A doubled mark closes here and opens again with the next byte.
            (Some(_), b'"') => {
                opened = None;
                at_start = true;
            }
            (None, b'"') if at_start => opened = Some(line),
            (None, byte) => at_start = byte == delimiter || byte == b'\n',
            _ => {}
        }
        line += u64::from(byte == b'\n');
    }
    opened
}
