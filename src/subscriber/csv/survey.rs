//! A look through a whole file before anything of it counts: encoding, delimiter, and whether it is all there.
//!
//! In: a file. Out: how it is to be read, or why not. What is broken as a whole must not look like a file from which
//! people were taken out.

use std::io::{Read, Seek};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::FileProblem;
use super::columns::email_column;
use super::text::{PIECE, Quotes, Text};

/// Bytes by which an encoding is guessed.
const GUESSED: u64 = 1 << 20;
/// What a guess is believed in: a file from anywhere else is more often Windows-1252 than what it looks like.
const CYRILLIC: [&str; 4] = ["windows-1251", "KOI8-U", "IBM866", "ISO-8859-5"];

/// How a file is to be read.
pub(super) struct Survey {
    pub(super) encoding: &'static Encoding,
    pub(super) delimiter: u8,
    pub(super) ends_with_line_end: bool,
    pub(super) notes: Vec<String>,
}

/// Looks through a whole file, once for its encoding and once for its form.
pub(super) fn survey<R: Read + Seek>(source: &mut R) -> Result<Survey, FileProblem> {
    let mut start = Vec::new();
    source.rewind().map_err(unreadable)?;
    source
        .by_ref()
        .take(PIECE as u64)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    for (mark, what) in [
        (&b"PK\x03\x04"[..], "a spreadsheet or archive (xlsx, ods, zip)"),
        (b"\xD0\xCF\x11\xE0", "an old spreadsheet (xls)"),
        (b"%PDF", "a PDF"),
        (b"\x1F\x8B", "a compressed file (gzip)"),
    ] {
        if start.starts_with(mark) {
            return Err(FileProblem::NotText(what));
        }
    }
    let mut notes = Vec::new();
    let encoding = match Encoding::for_bom(&start).map(|(encoding, _)| encoding) {
        Some(encoding) => encoding,
        None => match utf16_without_mark(&start) {
            Some(encoding) => encoding,
            None if is_utf8(source)? => UTF_8,
            None => {
                let guess = guess(source)?;
                notes.push(format!(
                    "the file is not UTF-8; read as {}, so look at names with accents",
                    if guess == WINDOWS_1252 {
                        "Windows-1252"
                    } else {
                        guess.name()
                    }
                ));
                guess
            }
        },
    };
    let (head, _, _) = encoding.decode(&start);
    let delimiter = delimiter(&head);
    let ends_with_line_end = check_form(source, encoding, delimiter)?;
    Ok(Survey {
        encoding,
        delimiter,
        ends_with_line_end,
        notes,
    })
}

fn unreadable(error: std::io::Error) -> FileProblem {
    FileProblem::Unreadable(error.to_string())
}

/// UTF-16 whose mark was lost: every other byte of an ASCII header is zero.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match *bytes {
        [0, first, 0, second, ..] if first != 0 && second != 0 => Some(UTF_16BE),
        [first, 0, second, 0, ..] if first != 0 && second != 0 => Some(UTF_16LE),
        _ => None,
    }
}

fn is_utf8<R: Read + Seek>(source: &mut R) -> Result<bool, FileProblem> {
    source.rewind().map_err(unreadable)?;
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let (mut piece, mut text) = (vec![0; PIECE], vec![0; PIECE * 3]);
    loop {
        let read = source.read(&mut piece).map_err(unreadable)?;
        let bytes = piece.get(..read).unwrap_or_default();
        let (result, _, _) = decoder.decode_to_utf8_without_replacement(bytes, &mut text, read == 0);
        if matches!(result, DecoderResult::Malformed(..)) {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

fn guess<R: Read + Seek>(source: &mut R) -> Result<&'static Encoding, FileProblem> {
    let mut bytes = Vec::new();
    source.rewind().map_err(unreadable)?;
    source
        .by_ref()
        .take(GUESSED)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    Ok(if CYRILLIC.contains(&guess.name()) {
        guess
    } else {
        WINDOWS_1252
    })
}

/// Whichever of comma, semicolon and tab parts the header; comma if none does.
fn delimiter(text: &str) -> u8 {
    let header = text.split(['\n', '\r']).find(|line| !line.trim().is_empty());
    let header = header.unwrap_or_default();
    let count = |delimiter: u8| header.bytes().filter(|byte| *byte == delimiter).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

/// Refuses a file that is no text, is empty, ends inside a quoted cell, or in a last line that is cut off. Returns
/// whether it ends with a line end.
///
/// Many programs leave out the last line end, so that alone proves nothing: the line must also lack cells that the
/// header has, or hold no whole address.
fn check_form<R: Read + Seek>(source: &mut R, encoding: &'static Encoding, delimiter: u8) -> Result<bool, FileProblem> {
    let mut text = Text::new(&mut *source, encoding, delimiter).map_err(unreadable)?;
    let mut quotes = Quotes::new(delimiter);
    let mut piece = vec![0; PIECE];
    let (mut header, mut record) = (Vec::new(), Vec::new());
    let mut is_blank = true;
    let mut last = b'\n';
    loop {
        let read = text.read(&mut piece).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        for byte in piece.iter().take(read).copied() {
            // One is enough to tell a binary file.
            if matches!(byte, 0..=6 | 8 | 0x1A) {
                return Err(FileProblem::NotText("a binary file"));
            }
            is_blank &= byte.is_ascii_whitespace();
            quotes.step(byte);
            record.push(byte);
            last = byte;
            if byte == b'\n' && quotes.opened.is_none() {
                if header.is_empty() && !record.trim_ascii().is_empty() {
                    header.clone_from(&record);
                }
                record.clear();
            }
        }
    }
    if is_blank {
        return Err(FileProblem::Empty);
    }
    if let Some(line) = quotes.opened {
        return Err(FileProblem::HalfSaved(format!(
            "the quotation mark on line {line} is never closed"
        )));
    }
    if last == b'\n' {
        return Ok(true);
    }
    let inside = record.iter().filter(|byte| **byte == b'\n').count() as u64;
    if !header.is_empty() {
        check_last(&header, &record, delimiter, quotes.line - inside)?;
    }
    Ok(false)
}

fn check_last(header: &[u8], last: &[u8], delimiter: u8, line: u64) -> Result<(), FileProblem> {
    let cells = |record: &[u8]| {
        let mut records = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .from_reader(record)
            .into_records();
        records.next().and_then(Result::ok).unwrap_or_default()
    };
    let (header, last) = (cells(header), cells(last));
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
    if email_column(&header)
        .and_then(|column| last.get(column))
        .is_some_and(cut)
    {
        return Err(FileProblem::HalfSaved(format!(
            "line {line}, the last, has no whole address and no line end"
        )));
    }
    Ok(())
}
