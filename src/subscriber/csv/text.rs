//! From bytes to text, a piece at a time: UTF-8 with `\n` for every line end.
//!
//! The surprising thing: what a cell holds beyond [`PASSED`] bytes is left out already here, so that neither a cell of ten
//! megabytes nor a quotation mark that swallows half the file takes memory; the row is refused for its length all the
//! same, and no line number moves, since line ends stay.

use std::io::{Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding};

/// Bytes read at once.
pub(super) const PIECE: usize = 64 << 10;
/// Bytes of a cell that are passed on; far more than a cell may have.
pub(super) const PASSED: usize = 16 << 10;
/// Cells of a record that are passed on; far more than a header has.
const CELLS: usize = 1000;
/// Whether a quotation mark is open, and on which line it stands. A mark opens only at the start of a cell; doubled, it
/// is itself.
pub(super) struct Quotes {
    delimiter: u8,
    pub(super) line: u64,
    pub(super) opened: Option<u64>,
    at_start: bool,
}

impl Quotes {
    pub(super) fn new(delimiter: u8) -> Quotes {
        Quotes {
            delimiter,
            line: 1,
            opened: None,
            at_start: true,
        }
    }

    pub(super) fn step(&mut self, byte: u8) {
        match (self.opened, byte) {
            // A doubled mark closes here and opens again with the next byte.
            (Some(_), b'"') => {
                self.opened = None;
                self.at_start = true;
            }
            (None, b'"') if self.at_start => self.opened = Some(self.line),
            (None, byte) => self.at_start = byte == self.delimiter || byte == b'\n',
            _ => {}
        }
        self.line += u64::from(byte == b'\n');
    }
}

/// The text of a file, as UTF-8 with `\n` for every line end.
pub(super) struct Text<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    is_over: bool,
    quotes: Quotes,
    after_return: bool,
    /// Bytes of this cell, cells of this record so far.
    cell: usize,
    cells: usize,
    is_cutting: bool,
    /// Bytes of the file that were read.
    pub(super) taken: u64,
}

impl<R: Read + Seek> Text<R> {
    pub(super) fn new(mut source: R, encoding: &'static Encoding, delimiter: u8) -> std::io::Result<Text<R>> {
        source.seek(SeekFrom::Start(0))?;
        Ok(Text {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; PIECE],
            decoded: vec![0; PIECE * 3],
            ready: Vec::new(),
            given: 0,
            is_over: false,
            quotes: Quotes::new(delimiter),
            after_return: false,
            cell: 0,
            cells: 0,
            is_cutting: false,
            taken: 0,
        })
    }
}

impl<R: Read> Text<R> {
    fn fill(&mut self) -> std::io::Result<()> {
        self.ready.clear();
        self.given = 0;
        let read = self.source.read(&mut self.raw)?;
        self.taken += read as u64;
        self.is_over = read == 0;
        let mut from = 0;
        loop {
            let bytes = self.raw.get(from..read).unwrap_or_default();
            let (result, taken, made, _) = self.decoder.decode_to_utf8(bytes, &mut self.decoded, self.is_over);
            from += taken;
            let decoded = std::mem::take(&mut self.decoded);
            for byte in decoded.iter().take(made) {
                self.pass(*byte);
            }
            self.decoded = decoded;
            if matches!(result, CoderResult::InputEmpty) {
                return Ok(());
            }
        }
    }

    fn pass(&mut self, byte: u8) {
        let was_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        let byte = match byte {
            b'\n' if was_return => return,
            b'\r' => b'\n',
            byte => byte,
        };
        self.quotes.step(byte);
        let is_open = self.quotes.opened.is_some();
        match byte {
            b'\n' if !is_open => (self.cell, self.cells, self.is_cutting) = (0, 0, false),
            b'\n' | b'"' => {}
            byte if byte == self.quotes.delimiter && !is_open => {
                (self.cell, self.is_cutting) = (0, false);
                self.cells += 1;
                if self.cells > CELLS {
                    return;
                }
            }
            // Whole characters only.
            byte => {
                self.is_cutting |= self.cell >= PASSED && !matches!(byte, 0x80..=0xBF);
                if self.is_cutting || self.cells > CELLS {
                    return;
                }
                self.cell += 1;
            }
        }
        self.ready.push(byte);
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.ready.len() && !self.is_over {
            self.fill()?;
        }
        let rest = self.ready.get(self.given..).unwrap_or_default();
        let length = rest.len().min(out.len());
        if let (Some(out), Some(rest)) = (out.get_mut(..length), rest.get(..length)) {
            out.copy_from_slice(rest);
        }
        self.given += length;
        Ok(length)
    }
}
