//! The rows of one person in a file, and the file without them, everything else byte for byte as it was (PRIV-08).

use std::io::Cursor;
use std::ops::Range;

use super::{FileProblem, Outcome, Reader};

/// The lines on which somebody's rows begin, with how many lines each has; also rows with a mistake, if it can be told
/// whose they are.
pub fn lines_of(bytes: &[u8], key: &str) -> Result<Vec<(u64, u64)>, FileProblem> {
    let mut found = Vec::new();
    for record in Reader::new(Cursor::new(bytes))? {
        let record = record?;
        let is_theirs = match &record.outcome {
            Outcome::Accepted(row) => row.address.key() == key,
            Outcome::Duplicate(row) => row.address.key() == key,
            Outcome::Refused(refused) => refused.key.as_deref() == Some(key),
        };
        if is_theirs {
            found.push((record.line, record.lines));
        }
    }
    Ok(found)
}

/// The file without these lines.
pub fn without(bytes: &[u8], rows: &[(u64, u64)]) -> Vec<u8> {
    let is_taken = |line: u64| {
        rows.iter()
            .any(|(first, count)| (*first..*first + *count).contains(&line))
    };
    let lines = (1..).zip(lines(bytes));
    let kept = lines.filter(|(line, _)| !is_taken(*line));
    kept.flat_map(|(_, range)| bytes.get(range).unwrap_or_default())
        .copied()
        .collect()
}

/// The lines of a file in whatever encoding, with their ends.
fn lines(bytes: &[u8]) -> Vec<Range<usize>> {
    // In UTF-16 a line end is a unit; where its zero byte stands tells the order.
    let order = match *bytes {
        [0xFF, 0xFE, ..] => Some(0),
        [0xFE, 0xFF, ..] => Some(1),
        [first, 0, second, 0, ..] if first != 0 && second != 0 => Some(0),
        [0, first, 0, second, ..] if first != 0 && second != 0 => Some(1),
        _ => None,
    };
    let width = if order.is_some() { 2 } else { 1 };
    let unit = |at: usize| -> Option<u8> {
        let Some(low) = order else {
            return bytes.get(at).copied();
        };
        let pair = bytes.get(at..at + 2)?;
        let (low, high) = (pair.get(low)?, pair.get(1 - low)?);
        (*high == 0).then_some(*low)
    };
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let end = match (unit(at), unit(at + width)) {
            (Some(b'\r'), Some(b'\n')) => at + 2 * width,
            (Some(b'\r' | b'\n'), _) => at + width,
            _ => {
                at += width;
                continue;
            }
        };
        lines.push(start..end);
        (start, at) = (end, end);
    }
    if start < bytes.len() {
        lines.push(start..bytes.len());
    }
    lines
}
