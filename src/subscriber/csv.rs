//! `subscribers/LIST.csv` and other files of people, as staff save them from whatever program they have.
//!
//! In: the bytes of a file. Out: rows that may be mailed, and for every other record its line and the reason. Only the
//! column of addresses is needed. Encoding and delimiter are recognised; what is broken as a whole (half saved, binary,
//! no header) is a [`FileProblem`], for a file like that must not look like one from which people were taken out.
//!
//! Rows come one by one from [`Reader`], so that a million of them need no room but for sixteen bytes each, by which a
//! second row of the same person is known; [`read`] gathers them for `sync`. Read on in the order of a file's way: `survey.rs`
//! (a look at the whole), `text.rs` (bytes become text), `columns.rs` (the header), `cells.rs` (the rows).

mod cells;
mod columns;
mod forget;
mod survey;
mod text;
mod write;

use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;
use std::io::{Cursor, Read, Seek};

use super::{Address, Cells};
pub use cells::MAX_CELL;
use cells::RowProblem;
use columns::Columns;
pub use forget::{lines_of, without};
pub use write::{HEADER, line, quote, write};

/// Why a file as a whole says nothing about anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("the file is empty")]
    Empty,
    #[error("the file has a header and no rows")]
    HeaderOnly,
    #[error("this is {0}, not text; save it as CSV (UTF-8)")]
    NotText(&'static str),
    #[error("no column `email` in the header (line {line}); found: {found}; call the column of addresses `email`")]
    NoEmailColumn { line: u64, found: String },
    #[error(
        "the first line is not a header, it holds an address; put a line `email,name,language,topics,cadence` above it"
    )]
    NoHeader,
    #[error("the header (line {line}) has two columns `{column}`")]
    TwoColumns { line: u64, column: &'static str },
    #[error("the file was saved only half: {0}; save it again")]
    HalfSaved(String),
}

/// A record that may go in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub record: u64,
    pub address: Address,
    pub cells: Cells,
}

/// A record that may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: u64,
    pub record: u64,
    /// Enough of it to find it again, masked: this goes into logs.
    pub text: String,
    pub reason: String,
    /// Whose record it is, if that can be told: nobody is taken off a list because their row has a mistake.
    pub key: Option<String>,
    /// The file itself says that this person is to get no mail, here or on another line.
    pub is_gone: bool,
}

/// An address that stood higher up in the file already, perhaps in other case. The first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    pub line: u64,
    pub record: u64,
    pub address: Address,
    pub first_line: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted(Row),
    Refused(Refused),
    Duplicate(Duplicate),
}

/// One record of the file and what became of it. Record 1 is the first after the header; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub record: u64,
    pub line: u64,
    /// More than one if a cell holds line breaks.
    pub lines: u64,
    pub outcome: Outcome,
}

/// A whole file, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub rows: Vec<Row>,
    pub refused: Vec<Refused>,
    pub duplicates: Vec<Duplicate>,
    /// What staff should know though nothing is wrong: columns nobody reads, a guessed encoding.
    pub notes: Vec<String>,
}

/// What a list offers; cells must name these.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Term and label of each topic; empty: whatever a report says.
    pub topics: &'a [(&'a str, &'a str)],
    pub cadences: &'a [&'a str],
}

/// Reads a whole file.
pub fn read(bytes: &[u8]) -> Result<File, FileProblem> {
    let mut reader = Reader::new(Cursor::new(bytes))?;
    let mut file = File::default();
    for record in reader.by_ref() {
        match record?.outcome {
            Outcome::Accepted(row) => file.rows.push(row),
            Outcome::Refused(refused) => file.refused.push(refused),
            Outcome::Duplicate(duplicate) => file.duplicates.push(duplicate),
        }
    }
    if reader.records == 0 {
        return Err(FileProblem::HeaderOnly);
    }
    file.notes = reader.notes;
    Ok(file)
}

impl File {
    /// Refuses the rows that ask for what the list does not offer, and writes topics as their terms.
    pub fn hold_to(&mut self, offer: Offer<'_>) {
        for row in std::mem::take(&mut self.rows) {
            match row.hold_to(offer) {
                Ok(row) => self.rows.push(row),
                Err(refused) => self.refused.push(refused),
            }
        }
        self.refused.sort_by_key(|refused| refused.line);
    }
}

impl Row {
    /// The row with topics as the list's terms, or why the list does not have what it asks for.
    pub fn hold_to(mut self, offer: Offer<'_>) -> Result<Self, Refused> {
        match cells::hold_to(&mut self.cells, offer) {
            Ok(()) => Ok(self),
            Err(reason) => Err(Refused {
                line: self.line,
                record: self.record,
                text: self.address.masked(),
                reason,
                key: Some(self.address.key()),
                is_gone: false,
            }),
        }
    }
}

/// Words of a column of status that are named.
const STATUSES: usize = 10;

type Source<R> = std::io::Chain<text::Text<R>, &'static [u8]>;

/// The records of a file, one by one.
pub struct Reader<R> {
    csv: ::csv::Reader<Source<R>>,
    fields: ::csv::StringRecord,
    columns: Columns,
    /// A hash of an address's key, to the line it stands on. Two of a million people share one in one file of thirty
    /// million; the second would be called a duplicate.
    seen: HashMap<u64, u64>,
    hasher: RandomState,
    /// Hashes of those of whom any line says that they left.
    gone: HashSet<u64>,
    /// How many records came so far.
    pub records: u64,
    pub notes: Vec<String>,
}

impl<R: Read + Seek> Reader<R> {
    /// Looks at the file as a whole, then reads the header.
    pub fn new(mut source: R) -> Result<Self, FileProblem> {
        let survey = survey::survey(&mut source)?;
        let mut notes = survey.notes.clone();
        let mut header = ::csv::StringRecord::new();
        let mut csv = open(&mut source, &survey)?;
        if !csv.read_record(&mut header).map_err(broken)? {
            return Err(FileProblem::Empty);
        }
        let columns = Columns::from_header(&header, line_of(&csv, &header), &mut notes)?;
        let hasher = RandomState::new();
        let gone = match columns.tell_of_leaving() {
            true => look_for_leaving(&mut csv, &columns, &hasher, &mut notes)?,
            false => HashSet::new(),
        };
        drop(csv);
        let mut csv = open(source, &survey)?;
        csv.read_record(&mut header).map_err(broken)?;
        Ok(Reader {
            csv,
            fields: ::csv::StringRecord::new(),
            columns,
            seen: HashMap::new(),
            hasher,
            gone,
            records: 0,
            notes,
        })
    }
}

/// A file from its beginning.
fn open<R: Read + Seek>(source: R, survey: &survey::Survey) -> Result<::csv::Reader<Source<R>>, FileProblem> {
    let unreadable = |error: std::io::Error| FileProblem::Unreadable(error.to_string());
    let text = text::Text::new(source, survey.encoding, survey.delimiter).map_err(unreadable)?;
    // Lines are counted by their ends.
    let end: &'static [u8] = if survey.ends_with_line_end { b"" } else { b"\n" };
    Ok(::csv::ReaderBuilder::new()
        .delimiter(survey.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.chain(end)))
}

/// Reads on to the end. Whoever left by one line did so wherever else they stand, also higher up.
fn look_for_leaving<R: Read>(
    csv: &mut ::csv::Reader<R>,
    columns: &Columns,
    hasher: &RandomState,
    notes: &mut Vec<String>,
) -> Result<HashSet<u64>, FileProblem> {
    let mut gone = HashSet::new();
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    let mut fields = ::csv::StringRecord::new();
    while csv.read_record(&mut fields).map_err(broken)? {
        if let Err(RowProblem {
            key: Some(key),
            is_gone: true,
            ..
        }) = columns.row(&fields)
        {
            gone.insert(hasher.hash_one(key));
        } else if let Some(status) = columns.unknown_status(&fields)
            && (unknown.len() < STATUSES || unknown.contains_key(&status))
        {
            *unknown.entry(status).or_default() += 1;
        }
    }
    if !unknown.is_empty() {
        let words: Vec<String> = unknown
            .iter()
            .map(|(status, rows)| format!("\"{status}\" ({rows})"))
            .collect();
        notes.push(format!(
            "the column of status says {}, which keeps nobody out; take out who is to get no mail",
            words.join(", ")
        ));
    }
    Ok(gone)
}

impl<R: Read> Reader<R> {
    /// Bytes of the file that were read.
    pub fn taken(&self) -> u64 {
        self.csv.get_ref().get_ref().0.taken
    }
}

/// The text is UTF-8 and records may have any length, so that what is left is the disk's.
fn broken(error: ::csv::Error) -> FileProblem {
    FileProblem::Unreadable(error.to_string())
}

/// The line a record just read begins on. The position of the record itself is that of the empty lines before it.
fn line_of<R: Read>(csv: &::csv::Reader<R>, record: &::csv::StringRecord) -> u64 {
    csv.position().line() - 1 - inside(record)
}

/// Line ends within cells.
fn inside(record: &::csv::StringRecord) -> u64 {
    record.iter().map(|cell| cell.matches('\n').count() as u64).sum()
}

impl<R: Read> Iterator for Reader<R> {
    /// An error ends the file: what follows cannot be read.
    type Item = Result<Record, FileProblem>;

    fn next(&mut self) -> Option<Result<Record, FileProblem>> {
        loop {
            match self.csv.read_record(&mut self.fields) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(broken(error))),
            }
            // Spreadsheets leave rows of empty cells at the end.
            if self.fields.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            self.records += 1;
            let record = self.records;
            let line = line_of(&self.csv, &self.fields);
            let lines = 1 + inside(&self.fields);
            let outcome = match self.columns.row(&self.fields) {
                Err(RowProblem {
                    text,
                    reason,
                    key,
                    is_gone,
                }) => Outcome::Refused(Refused {
                    line,
                    record,
                    text,
                    reason,
                    key,
                    is_gone,
                }),
                Ok((address, _)) if self.gone.contains(&self.hasher.hash_one(address.key())) => {
                    Outcome::Refused(Refused {
                        line,
                        record,
                        text: address.masked(),
                        reason: "the file says on another line that they left".to_owned(),
                        key: Some(address.key()),
                        is_gone: true,
                    })
                }
                Ok((address, cells)) => match self.seen.entry(self.hasher.hash_one(address.key())) {
                    Entry::Occupied(first) => Outcome::Duplicate(Duplicate {
                        line,
                        record,
                        address,
                        first_line: *first.get(),
                    }),
                    Entry::Vacant(place) => {
                        place.insert(line);
                        Outcome::Accepted(Row {
                            line,
                            record,
                            address,
                            cells,
                        })
                    }
                },
            };
            return Some(Ok(Record {
                record,
                line,
                lines,
                outcome,
            }));
        }
    }
}
