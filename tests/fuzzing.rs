//! Readers are given what nobody would write.
//!
//! `fuzzing/corpus` holds inputs for each reader: seeds written by hand, and whatever once made a reader fail. Each is
//! read here as it is and changed at random; what has to hold then stands in `fuzzing/readers.rs`. The same functions
//! are fuzz targets, led by what the code does with the input. From the folder of the project, with g++ and a nightly
//! toolchain:
//!
//! ```sh
//! cargo install cargo-fuzz
//! mkdir -p fuzz/corpus/feed
//! cargo +nightly fuzz run feed fuzz/corpus/feed tests/fuzzing/corpus/feed -- \
//!     -dict=tests/fuzzing/tokens/feed.dict -max_total_time=600 -max_len=8192 -timeout=10 -rss_limit_mb=2048
//! ```
//!
//! The targets are `text`, `html`, `feed` and `calendar`. New inputs go to the first folder, which git ignores. What
//! makes a reader fail is written to `fuzz/artifacts`; `cargo +nightly fuzz tmin feed FILE` makes it small, and it goes
//! into `tests/fuzzing/corpus/feed` under a name that says what it is.

mod readers;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzzing");

/// The inputs of one reader, by name.
fn corpus(reader: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(FOLDER).join("corpus").join(reader);
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no files", folder.display());
    files
}

/// What means something to a reader, from a file in the form of AFL and libFuzzer.
fn tokens(reader: &str) -> Vec<Vec<u8>> {
    let file = Path::new(FOLDER).join("tokens").join(format!("{reader}.dict"));
    let text = fs::read_to_string(file).unwrap();
    let tokens = text.lines().map(|line| {
        let mut parts = line.trim_matches('"').split("\\x");
        let mut token = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            token.push(u8::from_str_radix(&part[..2], 16).unwrap());
            token.extend_from_slice(&part.as_bytes()[2..]);
        }
        token
    });
    tokens.collect()
}

fn replay(reader: &str, read: fn(&[u8])) {
    for (name, bytes) in corpus(reader) {
        println!("{name}");
        read(&bytes);
    }
}

/// What happens to an input on its way: positions are shares of its length.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index),
    /// The beginning of this one, the end of another.
    Splice(Index, Index, Index),
    Repeat(Index, usize, usize),
    Insert(Index, Vec<u8>),
    Overwrite(Index, u8),
    Remove(Index, usize),
}

fn change(tokens: Vec<Vec<u8>>) -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        1 => at().prop_map(Change::Cut),
        2 => (at(), at(), at()).prop_map(|(other, at, from)| Change::Splice(other, at, from)),
        2 => (at(), 1..60usize, 2..300usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        4 => (at(), prop::sample::select(tokens)).prop_map(|(at, token)| Change::Insert(at, token)),
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Overwrite(at, byte)),
        2 => (at(), 1..20usize).prop_map(|(at, length)| Change::Remove(at, length)),
    ]
}

fn apply(change: &Change, bytes: &mut Vec<u8>, seeds: &[(String, Vec<u8>)]) {
    let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
    match change {
        Change::Cut(at) => bytes.truncate(place(at, bytes)),
        Change::Splice(other, at, from) => {
            let (_, other) = other.get(seeds);
            bytes.truncate(place(at, bytes));
            bytes.extend_from_slice(&other[place(from, other)..]);
        }
        Change::Repeat(at, length, times) => {
            let at = place(at, bytes);
            let slice = bytes[at..bytes.len().min(at + length)].repeat(*times);
            bytes.splice(at..at, slice);
        }
        Change::Insert(at, token) => {
            let at = place(at, bytes);
            bytes.splice(at..at, token.iter().copied());
        }
        Change::Overwrite(at, byte) => {
            let at = place(at, bytes);
            bytes.splice(at..bytes.len().min(at + 1), [*byte]);
        }
        Change::Remove(at, length) => {
            let at = place(at, bytes);
            bytes.drain(at..bytes.len().min(at + length));
        }
    }
}

/// Shown as a literal, which can be written to a file.
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// Reads seeds with a few changes. Larger inputs than 64 kB only take longer.
fn mutate(reader: &str, read: fn(&[u8])) {
    let seeds = corpus(reader);
    let config = ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(256)
    };
    let inputs = (any::<Index>(), prop::collection::vec(change(tokens(reader)), 1..6)).prop_map(|(seed, changes)| {
        let (_, mut bytes) = seed.get(&seeds).clone();
        for change in &changes {
            apply(change, &mut bytes, &seeds);
            bytes.truncate(65_536);
        }
        Input(bytes)
    });
    TestRunner::new(config)
        .run(&inputs, |input| {
            read(&input.0);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn texts_that_once_failed_are_read() {
    replay("text", readers::text);
}

#[test]
fn pages_that_once_failed_are_read() {
    replay("html", readers::html);
}

#[test]
fn feeds_that_once_failed_are_read() {
    replay("feed", readers::feed);
}

#[test]
fn calendars_that_once_failed_are_read() {
    replay("calendar", readers::calendar);
}

#[test]
fn texts_with_changes_are_read_or_refused() {
    mutate("text", readers::text);
}

#[test]
fn pages_with_changes_are_read_or_refused() {
    mutate("html", readers::html);
}

#[test]
fn feeds_with_changes_are_read_or_refused() {
    mutate("feed", readers::feed);
}

#[test]
fn calendars_with_changes_are_read_or_refused() {
    mutate("calendar", readers::calendar);
}
