//! Whole reports: our samples, and the real one if it lies beside the project.

use std::path::{Path, PathBuf};

use rapporteur::report::{Context, Report, explain, explain_text, fingerprint, read};

use super::{people, start};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn open(path: PathBuf) -> Report {
    let bytes = std::fs::read(&path).unwrap();
    read(&path.to_string_lossy(), &bytes, &Context::default())
        .unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()))
}

fn sample(name: &str) -> Report {
    open(root().join("reports").join(name))
}

#[test]
fn a_plain_text_report_is_read_whole() {
    let report = sample("river-basins-round-table.txt");
    assert_eq!(
        report.title,
        "Lindenfeld Institute hosts round table on shared river basins"
    );
    assert_eq!(start(&report).as_deref(), Some("2026-03-12"));
    assert_eq!(report.event.city.as_deref(), Some("Vienna"));
    assert_eq!(report.language.as_deref(), Some("en"));
    assert_eq!(
        report.series.as_deref(),
        Some("round tables on water and neighbourhood")
    );
    assert_eq!(
        people(&report),
        [
            "Ottilie Brandhuber | Head of the Basin Law Programme | Institute for Shared Waters",
            "Marius Tellander | hydrologist and flood modelling expert | -",
            "Ileana Dragosz | water economist | -",
            "Caspar Nyqvist | Lindenfeld Senior Fellow | -",
            "Jorun Halvorsen | Counsellor | Embassy of Norland to Austria",
        ]
    );
    assert_eq!(report.related.len(), 3);
    assert!(report.body_text.ends_with("to do the same."));
    assert!(
        report
            .summary
            .unwrap()
            .starts_with("The Lindenfeld Institute on 12th of March 2026 hosted")
    );
}

#[test]
fn every_sample_is_read_with_date_city_and_people() {
    for (name, date, city, language, speakers) in [
        ("night-trains-workshop.md", "2026-04-14", "Berlin", "en", 3),
        ("archive-lecture.md", "2026-05-07T18:30", "Prague", "en", 2),
        ("stadtgruen-fachtagung.md", "2026-06-18", "Leipzig", "de", 3),
        ("open-data-forum.html", "2026-06-29", "Tallinn", "en", 3),
        ("sprachcafe-vortragsabend.txt", "2026-09-09", "Graz", "de", 2),
        ("energy-conference-2027.md", "2027-03-11", "Hamburg", "en", 3),
    ] {
        let report = sample(name);
        assert_eq!(start(&report).as_deref(), Some(date), "{name}");
        assert_eq!(report.event.city.as_deref(), Some(city), "{name}");
        assert_eq!(report.language.as_deref(), Some(language), "{name}");
        assert_eq!(report.people.len(), speakers, "{name}: {:?}", report.people);
        assert!(report.summary.is_some(), "{name}");
        assert!(!report.body_html.is_empty(), "{name}");
    }
    assert_eq!(sample("open-data-forum.html").related.len(), 2);
    assert_eq!(sample("stadtgruen-fachtagung.md").related.len(), 2);
    assert_eq!(
        sample("sprachcafe-vortragsabend.txt").series.as_deref(),
        Some("Orte, die bleiben")
    );
}

#[test]
fn explain_has_its_fixed_shape_with_null_for_what_is_unknown() {
    let report = read("a.txt", b"A title\n\nShort.\n", &Context::default()).unwrap();
    let document = explain(&report);
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "title",
        "language",
        "summary",
        "event",
        "series",
        "people",
        "topics",
        "related",
        "images",
        "url",
        "published",
        "body_html",
        "body_text",
        "provenance",
    ];
    let mut found = keys.clone();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    for key in ["start", "end", "timezone", "venue", "city", "country"] {
        assert!(
            document["event"][key].is_null() && document["event"].get(key).is_some(),
            "{key}"
        );
    }
    assert!(document["language"].is_null() && document["url"].is_null() && document["published"].is_null());
    assert_eq!(document["people"], serde_json::json!([]));
    assert_eq!(document["provenance"]["title"]["rule"], "first line");
}

#[test]
fn explain_shows_each_field_with_rule_and_words() {
    let shown = explain_text(&sample("river-basins-round-table.txt"));
    for part in [
        "event.start       2026-03-12",
        "12th of March 2026",
        "event.city        Vienna",
        "Jorun Halvorsen, Counsellor",
        "event.venue       -",
    ] {
        assert!(shown.contains(part), "{part:?} in\n{shown}");
    }
}

#[test]
fn a_report_survives_its_json() {
    let report = sample("archive-lecture.md");
    let stored = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), report);
}

#[test]
fn the_same_bytes_have_the_same_fingerprint() {
    assert_eq!(fingerprint(b"a"), fingerprint(b"a"));
    assert_ne!(fingerprint(b"a"), fingerprint(b"b"));
    assert_eq!(fingerprint(b"").len(), 64);
}

#[test]
fn what_other_rules_found_is_shown_beside_the_winner() {
    let text = "Who owns a river?\n\nPlace: Kleiner Saal, Vienna\nOrganiser: River Institute\n\nThe round table was held in \
                Graz, in the Great Hall. It was organised by the Institute of Law. It is part of the series “Waters” \
                and of the series “Borders”.\n";
    let report = read("a.txt", text.as_bytes(), &Context::default()).unwrap();
    assert_eq!(report.event.city.as_deref(), Some("Vienna"));
    let lost = |field: &str| -> Vec<String> {
        report.provenance[field]
            .losers
            .iter()
            .map(|loser| loser.value.clone())
            .collect()
    };
    assert_eq!(lost("event.city"), ["Graz"]);
    assert_eq!(lost("event.venue"), ["Great Hall"]);
    assert_eq!(lost("event.organiser"), ["Institute of Law"]);
    assert_eq!(report.series.as_deref(), Some("Waters"));
    assert!(explain_text(&report).contains("also: Graz"));
}
