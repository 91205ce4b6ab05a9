//! Programs that are not ours read what we write.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rapporteur::feed::{Feed, Format, Scope};

use super::{build, stored, titled};

/// feedparser finds nothing to complain about and every entry; xmllint finds the Atom form in its grammar.
pub(super) fn check_with_others(feed: &Feed, entries: usize) {
    const SCRIPT: &str = "import sys, feedparser\n\
        f = feedparser.parse(sys.stdin.buffer.read(), response_headers={'content-type': sys.argv[1]})\n\
        assert not f.bozo, f.bozo_exception\n\
        assert len(f.entries) == int(sys.argv[2]), len(f.entries)\n\
        for e in f.entries:\n\
        \x20   assert e.id.startswith('tag:example.org,2026:'), e.id\n\
        \x20   assert e.link.startswith('http') and e.title and e.published_parsed and e.author, e\n";
    let installed_parser = installed("python3") && run("python3", &["-c", "import feedparser"], "").0;
    if wanted("feedparser", installed_parser) {
        for format in [Format::Rss, Format::Atom] {
            let arguments = ["-c", SCRIPT, format.media_type(), &entries.to_string()];
            let (good, said) = run("python3", &arguments, &feed.write(format));
            assert!(good, "feedparser on {format:?}: {said}");
        }
    }
    if wanted("xmllint", installed("xmllint")) {
        let grammar = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/atom.rng");
        let (good, said) = run(
            "xmllint",
            &["--noout", "--relaxng", grammar, "-"],
            &feed.write(Format::Atom),
        );
        assert!(good, "xmllint on Atom: {said}");
        let (good, said) = run("xmllint", &["--noout", "-"], &feed.write(Format::Rss));
        assert!(good, "xmllint on RSS: {said}");
    }
}

pub(crate) fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

pub(crate) fn wanted(program: &str, found: bool) -> bool {
    if !found {
        let required = std::env::var("RAPPORTEUR_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(!required, "{program} is not installed");
        eprintln!("skipped: {program} is not installed");
    }
    found
}

pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(program);
    // A program that ends early closes its input, which is no concern of ours.
    let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect(program);
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Runs a program with a home of its own; returns what it says on standard output.
pub(crate) fn run_at_home(home: &Path, program: &str, arguments: &[&str], input: Stdio) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        .stdin(input)
        .output()
        .expect(program);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn thirty() -> Feed {
    let reports: Vec<_> = (1..=30)
        .map(|id| stored(id, titled(&format!("Round table no. {id} & more"))))
        .collect();
    build(&Scope::All, &reports)
}

/// The feed as a file in a folder of its own, for each XML format.
fn as_files(check: impl Fn(&Path, &str)) {
    for format in [Format::Rss, Format::Atom] {
        let home = tempfile::tempdir().expect("a folder");
        let name = format!("feed.{}", format.suffix());
        std::fs::write(home.path().join(&name), thirty().write(format)).expect("a file");
        check(home.path(), &name);
    }
}

#[test]
fn newsboat_reads_every_item() {
    if !wanted("newsboat", installed("newsboat")) {
        return;
    }
    as_files(|home, name| {
        std::fs::write(home.join("urls"), format!("file://{}/{name}\n", home.display())).expect("a file");
        std::fs::write(home.join("config"), "").expect("a file");
        let arguments = [
            "-C",
            "config",
            "-u",
            "urls",
            "-c",
            "cache.db",
            "-x",
            "reload",
            "print-unread",
        ];
        let said = run_at_home(home, "newsboat", &arguments, Stdio::null());
        assert!(said.starts_with("30 unread"), "{name}: {said}");
    });
}

#[test]
fn sfeed_reads_every_item() {
    // It knows no --version: without input it ends at once.
    let found = Command::new("sfeed").stdin(Stdio::null()).output().is_ok();
    if !wanted("sfeed", found) {
        return;
    }
    as_files(|home, name| {
        let file = std::fs::File::open(home.join(name)).expect("the feed");
        let said = run_at_home(home, "sfeed", &[], file.into());
        assert_eq!(said.lines().count(), 30, "{name}: {said}");
        assert!(said.contains("Round table no. 7 & more"), "{said}");
        assert!(said.contains("tag:example.org,2026:report/lectures/7"), "{said}");
    });
}

#[test]
fn rss2email_reads_every_item() {
    if !wanted("rss2email", installed("r2e")) {
        return;
    }
    as_files(|home, name| {
        let address = format!("file://{}/{name}", home.display());
        for arguments in [
            vec!["new", "reader@example.org"],
            vec!["add", "institute", &address],
            vec!["run", "--no-send"],
        ] {
            let all: Vec<&str> = ["-c", "r2e.cfg", "-d", "r2e.json"]
                .into_iter()
                .chain(arguments)
                .collect();
            run_at_home(home, "r2e", &all, Stdio::null());
        }
        let data = std::fs::read_to_string(home.join("r2e.json")).expect("what it has seen");
        let data: serde_json::Value = serde_json::from_str(&data).expect("JSON");
        let seen = data["feeds"][0]["seen"].as_object().expect("a table");
        assert_eq!(seen.len(), 30, "{name}");
        assert!(seen.contains_key("tag:example.org,2026:report/lectures/7"), "{name}");
    });
}

#[test]
fn json_feeds_keep_to_the_schema() {
    const SCRIPT: &str = "import sys, json, jsonschema\n\
        jsonschema.validate(json.load(sys.stdin), json.load(open(sys.argv[1])))\n";
    let found = run("python3", &["-c", "import jsonschema"], "").0;
    let schema = std::env::var("RAPPORTEUR_JSONFEED_SCHEMA").unwrap_or_default();
    if !wanted("jsonschema of Python", found) || !wanted("the schema of JSON Feed", Path::new(&schema).is_file()) {
        return;
    }
    let (_, _, _, hostile) = crate::site::samples().remove(3);
    for feed in [
        thirty(),
        build(&Scope::All, &[stored(1, hostile)]),
        build(&Scope::All, &[]),
    ] {
        let (good, said) = run("python3", &["-c", SCRIPT, &schema], &feed.write(Format::Json));
        assert!(good, "{said}");
    }
    let broken = thirty().write(Format::Json).replace("\"title\"", "\"name\"");
    assert!(
        !run("python3", &["-c", SCRIPT, &schema], &broken).0,
        "the schema refuses nothing"
    );
}
