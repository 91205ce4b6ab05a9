//! Reads feeds from files and prints each as one line of JSON: what `benches/feedparser_corpus.py` compares.
//!
//! Standard input names one feed per line: file, address it came from, charset of the HTTP header, parted by tabs.

use std::io::{BufRead, Write};

use anyhow::Context;
use rapporteur::source::feed;
use url::Url;

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut columns = line.split('\t');
        let file = columns.next().unwrap_or_default();
        let base = Url::parse(columns.next().unwrap_or_default()).context("the second column is no address")?;
        let charset = columns.next().filter(|charset| !charset.is_empty());
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
        let answer = match feed::read(&bytes, charset, &base) {
            Ok(feed) => serde_json::to_value(feed)?,
            Err(problem) => serde_json::json!({ "problem": problem.to_string() }),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
