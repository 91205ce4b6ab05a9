//! The words of mails and pages: five languages that say the same things, each in its own grammar.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::NaiveDate;
use rapporteur::edition::{Hand, Item, Matter};
use rapporteur::mail::{Digest, Links, ListFacts, Rendered, render_digest};
use rapporteur::render::Templates;
use rapporteur::report::{Event, Person, Report};
use regex::Regex;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::load(None).expect("the embedded templates load"));

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What is said in a file: each key with the arguments its sentence uses.
fn words_of(file: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(file).unwrap();
    let key = Regex::new(r"^([a-z][\w-]*) *=").unwrap();
    let argument = Regex::new(r"\$([a-z][\w-]*)").unwrap();
    let mut words: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(found) = key.captures(line) {
            current = Some(found[1].to_owned());
            let twice = words.insert(found[1].to_owned(), BTreeSet::new());
            assert_eq!(twice, None, "{} has `{}` twice", file.display(), &found[1]);
        }
        let arguments = argument.captures_iter(line).map(|found| found[1].to_owned());
        words
            .entry(current.clone().unwrap_or_default())
            .or_default()
            .extend(arguments);
    }
    words
}

fn texts_below(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension != "ftl") {
            found.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

#[test]
fn every_language_says_the_same_words_with_the_same_arguments() {
    let spoken: Vec<&str> = TEMPLATES.words().languages().collect();
    assert_eq!(spoken, ["de", "en", "es", "fr", "ru"]);
    for language in spoken {
        for file in ["dates.ftl", "mail.ftl", "web.ftl"] {
            let english = words_of(&folder("templates/locales/en").join(file));
            let theirs = words_of(&folder("templates/locales").join(language).join(file));
            assert_eq!(theirs, english, "{language}/{file}");
        }
        let files = std::fs::read_dir(folder("templates/locales").join(language)).unwrap();
        assert_eq!(files.count(), 3, "{language} has other files than English");
    }
}

#[test]
fn every_word_is_said_somewhere() {
    let mut texts = String::new();
    texts_below(&folder("src"), &mut texts);
    texts_below(&folder("templates"), &mut texts);
    let said = |key: &str| texts.contains(&format!("\"{key}\""));
    for file in ["dates.ftl", "mail.ftl", "web.ftl"] {
        for key in words_of(&folder("templates/locales/en").join(file)).into_keys() {
            // Months by their number, the second line of an error page by its first, alerts by their event.
            let first = key.strip_suffix("-text").unwrap_or(&key);
            let made = key.starts_with("month-") || said(first) || first.strip_prefix("alert-").is_some_and(said);
            assert!(made || said(&key), "nothing says `{key}` of {file}");
        }
    }
}

fn digest(language: &str, reports: usize) -> Rendered {
    let list = ListFacts {
        title: "Events".into(),
        institute: "Example Institute".into(),
        from: "Example Institute <news@example.org>".into(),
        public_url: "https://news.example.org".into(),
        list_id_domain: "news.example.org".into(),
        public: true,
        number: 1,
        ..ListFacts::default()
    };
    let item = |id: usize| Item {
        report_id: i64::try_from(id).unwrap(),
        revision: 1,
        matter: Matter::Report,
        slug: format!("report-{id}"),
        note: None,
        report: Report {
            title: format!("Title {}", char::from(b'A' + u8::try_from(id).unwrap())),
            event: Event {
                start: Some("2026-05-12".parse().unwrap()),
                ..Event::default()
            },
            people: (0..id + 3).map(|_| person()).collect(),
            ..Report::default()
        },
    };
    let digest = Digest {
        language: language.into(),
        today: NaiveDate::from_ymd_opt(2026, 5, 4).unwrap(),
        items: (0..reports).map(item).collect(),
        hand: Hand::default(),
        links: Links::of(&list),
        list,
        full_text_of_one: false,
    };
    render_digest(&TEMPLATES, &digest).unwrap()
}

fn person() -> Person {
    Person {
        name: "Ada Example".into(),
        ..Person::default()
    }
}

#[test]
fn the_subject_counts_in_each_languages_grammar() {
    for (language, reports, subject) in [
        ("en", 2, "Title A, and 1 more"),
        ("de", 2, "Title A und ein weiterer"),
        ("de", 3, "Title A und 2 weitere"),
        ("fr", 2, "Title A et un autre"),
        ("fr", 3, "Title A et 2 autres"),
        ("es", 2, "Title A y uno más"),
        ("es", 3, "Title A y 2 más"),
        ("ru", 2, "Title A и ещё 1 материал"),
        ("ru", 3, "Title A и ещё 2 материала"),
        ("ru", 6, "Title A и ещё 5 материалов"),
        ("ru", 12, "Title A и ещё 11 материалов"),
        ("ru", 22, "Title A и ещё 21 материал"),
    ] {
        assert_eq!(digest(language, reports).subject, subject);
    }
}

#[test]
fn french_has_a_firm_space_before_its_colon_in_every_part_of_a_mail() {
    let french = digest("fr", 1);
    assert!(
        french.text.contains("\nÀ venir\u{A0}: 12 mai 2026\n"),
        "{}",
        french.text
    );
    assert!(french.text.contains("Se désabonner\u{A0}:"));
    assert!(french.text.contains("«\u{A0}Events\u{A0}»"));
    assert!(french.html.contains("«\u{A0}Events\u{A0}»") || french.html.contains("«&nbsp;Events&nbsp;»"));
    assert!(digest("en", 1).text.contains("\nUpcoming: 12 May 2026\n"));
}
