//! How well the facts of an event are read out of reports that other people wrote: `cargo bench --bench fields`.
//!
//! In: `benches/reports/<language>/`, each with a `labels.toml`, and `benches/reports-held-out/` of the same form, which
//! was written without a look at the rules and is scored apart. Out: precision and recall per field and language, and
//! the share of values that are false; with `--misses` every miss. What is measured is the document of `explain --json`,
//! so a field counts only if a person could see it. Labels follow the text: `accept_<field>` lists answers that are
//! right too, `soft` names fields that careful people may read differently and that are not scored.
//!
//! Names, titles, dates must be equal (quotation marks, apostrophes, blanks and case aside). Venue, organiser, series,
//! role and affiliation are also right where one is contained in the other in whole words ("editor" and "editor of the
//! newsletter"). A person's role is scored where the name was found.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark over its own files may stop where one is missing"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rapporteur::report::{Context, explain, read};
use serde_json::Value;

const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "ru"];
const FIELDS: [&str; 18] = [
    "title",
    "start",
    "start_time",
    "end",
    "venue",
    "city",
    "country",
    "series",
    "organiser",
    "status",
    "online",
    "people",
    "role",
    "affiliation",
    "people+role",
    "related",
    "published",
    "language",
];

#[derive(Clone, Copy, Default)]
struct Score {
    /// Values that the labels state.
    stated: usize,
    right: usize,
    /// Values that were read and are not right.
    wrong: usize,
}

impl Score {
    fn add(&mut self, other: Score) {
        self.stated += other.stated;
        self.right += other.right;
        self.wrong += other.wrong;
    }

    fn shown(self) -> String {
        if self.stated + self.wrong == 0 {
            return format!("{:>9}", "-");
        }
        format!(
            "{:>4}/{:<4}",
            share(self.right, self.right + self.wrong),
            share(self.right, self.stated)
        )
    }
}

fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.0}", part as f64 * 100.0 / whole as f64),
    }
}

struct Board {
    scores: BTreeMap<(&'static str, String), Score>,
    misses: Vec<String>,
    place: String,
    language: String,
}

impl Board {
    fn enter(&mut self, field: &'static str, stated: usize, right: usize, wrong: usize) {
        let score = Score { stated, right, wrong };
        self.scores
            .entry((field, self.language.clone()))
            .or_default()
            .add(score);
    }

    fn miss(&mut self, field: &str, expected: &str, got: &str, rule: &str) {
        self.misses.push(format!(
            "{}  {field}\n    expected  {expected}\n    got       {got}\n    rule      {rule}",
            self.place
        ));
    }

    /// One value: right if it is among the accepted ones.
    fn one(
        &mut self,
        field: &'static str,
        expected: &[String],
        got: Option<&str>,
        rule: &str,
        same: fn(&str, &str) -> bool,
    ) {
        let right = got.is_some_and(|got| expected.iter().any(|one| same(one, got)));
        let stated = usize::from(!expected.is_empty());
        self.enter(field, stated, usize::from(right), usize::from(got.is_some() && !right));
        if !right && (stated == 1 || got.is_some()) {
            self.miss(field, &expected.join(" / "), got.unwrap_or("-"), rule);
        }
    }
}

/// The reports that the rules have seen, and those that were written without a look at the rules.
const SETS: [(&str, &str); 2] = [("benches/reports", "seen"), ("benches/reports-held-out", "held out")];

fn main() {
    let shows_misses = std::env::args().any(|argument| argument == "--misses");
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (folder, what) in SETS {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut board = Board {
            scores: BTreeMap::new(),
            misses: Vec::new(),
            place: String::new(),
            language: String::new(),
        };
        let mut count = 0;
        for language in LANGUAGES {
            if only.as_deref().is_none_or(|only| only == language) {
                language.clone_into(&mut board.language);
                count += score_folder(&root.join(language), &mut board);
            }
        }
        if shows_misses {
            board.misses.iter().for_each(|miss| println!("{miss}"));
            println!();
        }
        println!(
            "{count} reports, {what}; precision/recall in per cent, per language and over all, and values that are false\n"
        );
        board.show();
    }
}

impl Board {
    fn show(&self) {
        print!("{:<12}", "field");
        for language in LANGUAGES {
            print!("  {language:^9}");
        }
        println!("  {:^9}  {:>7}  false %", "all", "stated");
        let mut whole = Score::default();
        for field in FIELDS {
            print!("{field:<12}");
            let mut all = Score::default();
            for language in LANGUAGES {
                let score = self.scores.get(&(field, language.to_owned()));
                let score = score.copied().unwrap_or_default();
                all.add(score);
                print!("  {}", score.shown());
            }
            let wrong = share(all.wrong, all.right + all.wrong);
            println!("  {}  {:>7}  {wrong:>7}", all.shown(), all.stated);
            // The two are one fact told twice.
            if field != "people+role" {
                whole.add(all);
            }
        }
        let wrong = whole.wrong as f64 * 100.0 / (whole.right + whole.wrong).max(1) as f64;
        println!(
            "\nfalse values over all fields: {wrong:.1} % ({} of {})\n",
            whole.wrong,
            whole.right + whole.wrong
        );
    }
}

fn score_folder(folder: &Path, board: &mut Board) -> usize {
    let text = std::fs::read_to_string(folder.join("labels.toml")).expect("labels.toml beside the reports");
    let labels: toml::Table = text.parse().expect("labels.toml is TOML");
    let reports = labels["report"].as_array().expect("[[report]] in labels.toml");
    for label in reports {
        let label = label.as_table().expect("a table for each report");
        let file: PathBuf = folder.join(label["file"].as_str().expect("a file name"));
        board.place = format!("{}/{}", board.language, label["file"].as_str().unwrap_or_default());
        score_report(label, &file, board);
    }
    reports.len()
}

fn score_report(label: &toml::Table, file: &Path, board: &mut Board) {
    let bytes = std::fs::read(file).expect("the labelled file");
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let document = match read(&name, &bytes, &Context::default()) {
        Ok(report) => explain(&report),
        Err(refusal) => {
            board.miss("title", "a report", &refusal.to_string(), "refused");
            Value::Null
        }
    };
    let soft = texts(label.get("soft"));
    let is_soft = |field: &str| soft.iter().any(|one| one == field);
    let expected = |field: &str| -> Vec<String> {
        let mut all = texts(label.get(field));
        all.extend(texts(label.get(&format!("accept_{field}"))));
        all
    };
    let event = &document["event"];
    let rule = |field: &str| {
        let why = &document["provenance"][field];
        why["rule"].as_str().unwrap_or("-").to_owned() + ": " + why["words"].as_str().unwrap_or("-")
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for (field, value, dotted, same) in [
        ("title", &document["title"], "title", equal as fn(&str, &str) -> bool),
        ("venue", &event["venue"], "event.venue", contained),
        ("city", &event["city"], "event.city", equal),
        ("country", &event["country"], "event.country", equal),
        ("series", &document["series"], "series", contained),
        ("organiser", &event["organiser"], "event.organiser", contained),
        ("language", &document["language"], "language", equal),
        ("published", &document["published"], "published", same_day_somewhere),
    ] {
        if !is_soft(field) {
            board.one(field, &expected(field), text(value).as_deref(), &rule(dotted), same);
        }
    }
    if !is_soft("status") {
        let got = text(&event["status"]).filter(|status| status != "held" && status != "unknown");
        board.one(
            "status",
            &expected("status"),
            got.as_deref(),
            &rule("event.status"),
            equal,
        );
    }
    if !is_soft("online") {
        let expected: Vec<String> = label
            .get("online")
            .and_then(toml::Value::as_bool)
            .filter(|one| *one)
            .map(|_| "true".to_owned())
            .into_iter()
            .collect();
        let got = event["online"].as_bool().filter(|one| *one).map(|_| "true");
        board.one("online", &expected, got, &rule("event.online"), equal);
    }
    score_dates(&expected, &is_soft, &document, board);
    score_people(label, &is_soft, &document, board);
    if !is_soft("related") {
        score_related(
            &texts(label.get("related")),
            &texts(label.get("accept_related")),
            &document,
            board,
        );
    }
}

fn score_dates(
    expected: &dyn Fn(&str) -> Vec<String>,
    is_soft: &dyn Fn(&str) -> bool,
    document: &Value,
    board: &mut Board,
) {
    let event = &document["event"];
    let rule = |field: &str| {
        let why = &document["provenance"][field];
        why["rule"].as_str().unwrap_or("-").to_owned() + ": " + why["words"].as_str().unwrap_or("-")
    };
    let start = expected("start");
    let got = event["start"].as_str();
    let got_day = got.and_then(|got| got.get(..10));
    if !is_soft("start") {
        board.one("start", &start, got_day, &rule("event.start"), same_day);
    }
    let times: Vec<String> = start
        .iter()
        .filter_map(|one| Some(one.split_once('T')?.1.to_owned()))
        .collect();
    let got_time = got.and_then(|got| Some(got.split_once('T')?.1));
    if !is_soft("start_time") && !is_soft("start") {
        board.one("start_time", &times, got_time, &rule("event.start"), equal);
    }
    if !is_soft("end") {
        // An end that states more than the label (the hour) is right if its day is.
        let same = |one: &str, got: &str| {
            if one.contains('T') {
                one == got
            } else {
                same_day(one, got)
            }
        };
        board.one("end", &expected("end"), event["end"].as_str(), &rule("event.end"), same);
    }
}

fn score_people(label: &toml::Table, is_soft: &dyn Fn(&str) -> bool, document: &Value, board: &mut Board) {
    let stated: Vec<toml::Table> = label
        .get("people")
        .and_then(toml::Value::as_array)
        .map(|people| people.iter().filter_map(|one| one.as_table().cloned()).collect())
        .unwrap_or_default();
    let also = texts(label.get("accept_people"));
    let got: Vec<&Value> = document["people"]
        .as_array()
        .map(|people| people.iter().collect())
        .unwrap_or_default();
    let rule = document["provenance"]["people"]["rule"].as_str().unwrap_or("-");
    let part = |person: &toml::Table, key: &str| -> Vec<String> {
        let mut all: Vec<String> = texts(person.get(key))
            .iter()
            .flat_map(|text| text.split("; "))
            .map(str::to_owned)
            .collect();
        all.extend(texts(person.get(&format!("accept_{key}"))));
        all
    };
    for person in &stated {
        let names = part(person, "name");
        let found = got.iter().find(|one| {
            one["name"]
                .as_str()
                .is_some_and(|got| names.iter().any(|name| equal(name, got)))
        });
        let name = names.first().cloned().unwrap_or_default();
        board.enter("people", 1, usize::from(found.is_some()), 0);
        let Some(found) = found else {
            board.enter("people+role", 1, 0, 0);
            board.miss("people", &name, "-", rule);
            continue;
        };
        let mut all_right = true;
        for key in ["role", "affiliation"] {
            if is_soft(key) {
                continue;
            }
            let expected = part(person, key);
            let got = found[key].as_str();
            let place = std::mem::take(&mut board.place);
            board.place = format!("{place}  {name}");
            board.one(
                if key == "role" { "role" } else { "affiliation" },
                &expected,
                got,
                rule,
                contained,
            );
            board.place = place;
            if key == "role" && !expected.is_empty() {
                all_right = got.is_some_and(|got| expected.iter().any(|one| contained(one, got)));
            }
        }
        board.enter("people+role", 1, usize::from(all_right), 0);
    }
    for one in got {
        let name = one["name"].as_str().unwrap_or_default();
        let is_stated = stated
            .iter()
            .any(|person| part(person, "name").iter().any(|known| equal(known, name)));
        if !is_stated && !also.iter().any(|known| equal(known, name)) {
            board.enter("people", 0, 0, 1);
            board.enter("people+role", 0, 0, 1);
            board.miss("people", "-", name, rule);
        }
    }
}

fn score_related(expected: &[String], also: &[String], document: &Value, board: &mut Board) {
    let got: Vec<&str> = document["related"]
        .as_array()
        .map(|all| all.iter().filter_map(|one| one["title"].as_str()).collect())
        .unwrap_or_default();
    let rule = document["provenance"]["related"]["rule"].as_str().unwrap_or("-");
    for title in expected {
        let found = got.iter().any(|one| equal(one, title));
        board.enter("related", 1, usize::from(found), 0);
        if !found {
            board.miss("related", title, "-", rule);
        }
    }
    for title in got {
        if !expected.iter().chain(also).any(|one| equal(one, title)) {
            board.enter("related", 0, 0, 1);
            board.miss("related", "-", title, rule);
        }
    }
}

/// A text, or a list of texts.
fn texts(value: Option<&toml::Value>) -> Vec<String> {
    match value {
        Some(toml::Value::String(text)) => vec![text.clone()],
        Some(toml::Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Letters and digits in lower case, single blanks between words: quotation marks, apostrophes and dashes tell nothing.
fn folded(text: &str) -> String {
    let spaced: String = text
        .to_lowercase()
        .replace('ё', "е")
        .chars()
        .filter(|c| !matches!(c, '\'' | '’' | '‘' | '`' | 'ʼ'))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn equal(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

fn same_day(one: &str, other: &str) -> bool {
    one.get(..10) == other.get(..10)
}

/// A moment in UTC is of the day that a page states if it is so in some zone.
fn same_day_somewhere(day: &str, moment: &str) -> bool {
    let (Ok(day), Ok(moment)) = (
        day.parse::<chrono::NaiveDate>(),
        moment.parse::<chrono::DateTime<chrono::Utc>>(),
    ) else {
        return false;
    };
    let hours = (moment.naive_utc() - day.and_time(chrono::NaiveTime::MIN)).num_hours();
    (-14..36).contains(&hours)
}

fn contained(one: &str, other: &str) -> bool {
    let (one, other) = (format!(" {} ", folded(one)), format!(" {} ", folded(other)));
    one.trim() == other.trim()
        || (!one.trim().is_empty() && !other.trim().is_empty() && (one.contains(&other) || other.contains(&one)))
}
