//! The numbers that code and tests name stand in `docs/rules.md`, and nothing else does.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

fn numbers_in(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            numbers_in(&entry.unwrap().path(), found);
        }
        return;
    }
    // Snapshots and fixtures are not ours to read for this.
    let is_text = path.extension().is_some_and(|extension| {
        ["rs", "sql", "py", "html", "txt", "md", "toml"]
            .iter()
            .any(|text| extension == *text)
    });
    if is_text && path.file_name().is_some_and(|name| name != "rules.md") {
        let number =
            Regex::new(r"\b(?:AUTH|BNC|BULK|FEED|FLT|HTTP|LST|MSG|POLL|PRIV|REL|SCH|SEC|SMTP|STR)-\d\d\b").unwrap();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        found.extend(number.find_iter(&text).map(|number| number.as_str().to_owned()));
    }
}

#[test]
fn every_number_that_is_named_is_explained_and_every_explained_one_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = BTreeSet::new();
    for folder in ["src", "tests", "migrations", "templates", "docs", "benches"] {
        numbers_in(&root.join(folder), &mut named);
    }
    let page = std::fs::read_to_string(root.join("docs/rules.md")).unwrap();
    let row = Regex::new(r"(?m)^\| ([A-Z]+-\d\d) \|").unwrap();
    let explained: BTreeSet<String> = row.captures_iter(&page).map(|row| row[1].to_owned()).collect();
    assert!(named.len() > 50);
    assert_eq!(named, explained);
}
