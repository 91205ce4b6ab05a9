//! People as CSV for other programs, safe to open in a spreadsheet.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236), and the reader takes it
//! away again, so that what was written is read back the same.

use super::super::{Address, Cells};

/// What starts a formula, with the full-width forms that some programs take for the same.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The first line of a file that [`line`] goes on with, without its end.
pub const HEADER: &str = "\"email\",\"name\",\"language\",\"topics\",\"cadence\"";

/// The file `email,name,language,topics,cadence`, all cells quoted, lines ending with CR LF as RFC 4180 has it.
pub fn write<'a>(rows: impl IntoIterator<Item = (&'a Address, &'a Cells)>) -> String {
    let lines = rows.into_iter().map(|(address, cells)| line(address, cells));
    std::iter::once(HEADER.to_owned())
        .chain(lines)
        .map(|line| line + "\r\n")
        .collect()
}

/// One person, without a line end.
pub fn line(address: &Address, cells: &Cells) -> String {
    let topics = cells.topics.as_deref().unwrap_or_default().join("|");
    let cell = |cell: &Option<String>| quote(cell.as_deref().unwrap_or_default());
    [
        quote(&address.to_string()),
        cell(&cells.name),
        cell(&cells.language),
        quote(&topics),
        cell(&cells.cadence),
    ]
    .join(",")
}

/// One cell, quoted, and disarmed if it begins like a formula.
pub fn quote(cell: &str) -> String {
    let apostrophe = if is_formula(cell) { "'" } else { "" };
    format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
}

/// Apostrophes in front count as nothing, so that reading takes away exactly the one that writing put there.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

/// A cell without the apostrophe that [`quote`] put in front.
pub(super) fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
}
