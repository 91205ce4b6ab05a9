//! JSON-LD: events and articles that a page describes in scripts for search engines.
//!
//! In: a parsed page. Out: what its events say, and title, publication, language and author of its articles. The
//! surprising thing: a place that is a `VirtualLocation` is no venue; it says that the event was held online.

use std::sync::LazyLock;

use scraper::{Html, Selector};
use serde_json::Value;

use super::Said;
use crate::report::html::selector;
use crate::report::prose::tidy;
use crate::report::{Person, Report, dates, language, place};

/// JSON-LD longer than this is no description of a page.
const LONGEST_JSON: usize = 500_000;
/// Objects of JSON-LD that are looked at.
const MOST_OBJECTS: usize = 2_000;

pub(super) fn json_ld(page: &Html, report: &mut Report) {
    static SCRIPT: LazyLock<Selector> = LazyLock::new(|| selector(r#"script[type="application/ld+json"]"#));
    for script in page.select(&SCRIPT) {
        let text: String = script.text().collect();
        if text.len() > LONGEST_JSON {
            continue;
        }
        let Ok(document) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let mut open = vec![&document];
        let mut seen = 0;
        while let Some(value) = open.pop() {
            seen += 1;
            if seen > MOST_OBJECTS {
                break;
            }
            match value {
                Value::Array(items) => open.extend(items.iter().rev()),
                Value::Object(fields) => {
                    match kind(value) {
                        Some("event") => event(value, report),
                        Some("article") => article(value, report),
                        _ => {}
                    }
                    open.extend(
                        fields
                            .get("@graph")
                            .into_iter()
                            .chain(fields.get("about"))
                            .chain(fields.get("mainEntity")),
                    );
                }
                _ => {}
            }
        }
    }
}

fn kind(value: &Value) -> Option<&'static str> {
    let types = match value.get("@type")? {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
        one => one.as_str().into_iter().collect(),
    };
    if types.iter().any(|name| name.ends_with("Event")) {
        Some("event")
    } else if types
        .iter()
        .any(|name| name.ends_with("Article") || matches!(*name, "Report" | "BlogPosting"))
    {
        Some("article")
    } else {
        None
    }
}

fn event(value: &Value, report: &mut Report) {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut said = Said {
        rule: "structured data: event",
        start: text("startDate"),
        end: text("endDate"),
        status: text("eventStatus"),
        attendance: text("eventAttendanceMode"),
        organiser: names(value.get("organizer")),
        ..Said::default()
    };
    let places = match value.get("location") {
        Some(Value::Array(places)) => places.iter().collect(),
        one => one.into_iter().collect::<Vec<_>>(),
    };
    let is_virtual = |place: &&&Value| place.get("@type").and_then(Value::as_str) == Some("VirtualLocation");
    said.is_virtual = places.iter().any(|place| is_virtual(&place));
    if let Some(place) = places.iter().find(|place| !is_virtual(place)) {
        let address = place.get("address");
        let parts = match address.and_then(Value::as_str) {
            Some(address) => place::stated(address),
            None => place::Parts::default(),
        };
        said.venue = match place.as_str() {
            Some(text) => place::stated(text).venue,
            None => name(place.get("name")),
        };
        said.city = address
            .and_then(|address| name(address.get("addressLocality")))
            .or(parts.city)
            .or_else(|| place::stated(place.as_str()?).city);
        said.country = address
            .and_then(|address| name(address.get("addressCountry")))
            .or(parts.country)
            .or_else(|| place::stated(place.as_str()?).country);
    }
    let performers = match value.get("performer") {
        Some(Value::Array(people)) => people.iter().collect::<Vec<_>>(),
        one => one.into_iter().collect(),
    };
    said.people = performers
        .into_iter()
        .filter(|one| one.get("@type").and_then(Value::as_str) == Some("Person"))
        .filter_map(|one| {
            Some(Person {
                name: name(Some(one))?,
                role: name(one.get("jobTitle")),
                affiliation: name(one.get("affiliation").or(one.get("worksFor"))),
            })
        })
        .collect();
    let series = value
        .get("superEvent")
        .filter(|series| series.get("@type").and_then(Value::as_str) == Some("EventSeries"));
    said.series = name(series);
    said.enter(report);
}

fn article(value: &Value, report: &mut Report) {
    const RULE: &str = "structured data: article";
    if let Some(headline) = name(value.get("headline").or(value.get("name")))
        && report.title.is_empty()
    {
        report.title = headline;
    }
    if let Some(words) = value.get("datePublished").and_then(Value::as_str)
        && report.published.is_none()
        && let Some(instant) = dates::instant(words)
    {
        report.published = Some(instant);
        report.note("published", RULE, &format!("datePublished: {words}"));
    }
    if let Some(tag) = value
        .get("inLanguage")
        .and_then(Value::as_str)
        .and_then(language::primary)
        && report.language.is_none()
    {
        report.note("language", RULE, &format!("inLanguage: {tag}"));
        report.language = Some(tag);
    }
    if let (None, Some(author)) = (&report.author, name(value.get("author"))) {
        report.note("author", RULE, &author);
        report.author = Some(author);
    }
}

/// A text, or the name of a thing.
fn name(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let text = value.as_str().or_else(|| value.get("name")?.as_str())?;
    Some(tidy(text)).filter(|text| !text.is_empty())
}

fn names(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Array(all) => {
            let names: Vec<String> = all.iter().filter_map(|one| name(Some(one))).collect();
            (!names.is_empty()).then(|| names.join("; "))
        }
        one => name(Some(one)),
    }
}
