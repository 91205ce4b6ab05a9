//! A report for those who check how it was read: as JSON of a fixed shape, and as lines for a terminal.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Report;

/// The document of `explain --json`; an unknown field is null, a list without entries is empty.
pub fn explain(report: &Report) -> Value {
    let people: Vec<Value> = report
        .people
        .iter()
        .map(|person| json!({"name": person.name, "role": person.role, "affiliation": person.affiliation}))
        .collect();
    let related: Vec<Value> = report
        .related
        .iter()
        .map(|one| json!({"title": one.title, "url": one.url}))
        .collect();
    json!({
        "title": report.title,
        "language": report.language,
        "summary": report.summary,
        "event": {
            "start": report.event.start,
            "end": report.event.end,
            "timezone": report.event.timezone,
            "venue": report.event.venue,
            "city": report.event.city,
            "country": report.event.country,
            "organiser": report.event.organiser,
            "status": report.event.status.word(),
            "online": report.event.online,
        },
        "series": report.series,
        "people": people,
        "topics": report.topics,
        "related": related,
        "images": report.images,
        "url": report.url,
        "published": report.published.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        "body_html": report.body_html,
        "body_text": report.body_text,
        "provenance": report.provenance,
    })
}

/// The value of a field as `explain` shows it, in one line.
pub(super) fn value_of(report: &Report, field: &str) -> String {
    let document = explain(report);
    let value = field.split('.').try_fold(&document, |value, key| value.get(key));
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// One field a paragraph: its value, below it the rule and the words.
pub fn explain_text(report: &Report) -> String {
    let mut out = String::new();
    let when = |when: Option<super::When>| when.map(|when| when.to_string());
    let event = &report.event;
    let handling = &report.handling;
    let people = report.people.iter().map(|person| {
        let parts = [Some(&person.name), person.role.as_ref(), person.affiliation.as_ref()];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    });
    let related = report.related.iter().map(|one| match &one.url {
        Some(url) => format!("{} <{url}>", one.title),
        None => one.title.clone(),
    });
    let images = report.images.iter().map(|image| {
        let said = [image.alt.as_str(), image.caption.as_deref().unwrap_or_default()];
        let said = said.into_iter().filter(|text| !text.is_empty());
        format!("{} <{}>", said.collect::<Vec<_>>().join(" / "), image.url)
            .trim()
            .to_owned()
    });
    let words = report.body_text.split_whitespace().count();
    let fields: Vec<(&str, Vec<String>)> = vec![
        ("title", vec![report.title.clone()]),
        ("language", report.language.clone().into_iter().collect()),
        ("summary", report.summary.clone().into_iter().collect()),
        ("event.start", when(event.start).into_iter().collect()),
        ("event.end", when(event.end).into_iter().collect()),
        ("event.timezone", event.timezone.clone().into_iter().collect()),
        ("event.venue", event.venue.clone().into_iter().collect()),
        ("event.city", event.city.clone().into_iter().collect()),
        ("event.country", event.country.clone().into_iter().collect()),
        ("event.organiser", event.organiser.clone().into_iter().collect()),
        (
            "event.status",
            event.status.word().map(str::to_owned).into_iter().collect(),
        ),
        (
            "event.online",
            event.online.then(|| "yes".to_owned()).into_iter().collect(),
        ),
        ("series", report.series.clone().into_iter().collect()),
        ("people", people.collect()),
        ("topics", report.topics.clone()),
        ("related", related.collect()),
        ("images", images.collect()),
        ("url", report.url.clone().into_iter().collect()),
        (
            "published",
            report
                .published
                .map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string())
                .into_iter()
                .collect(),
        ),
        ("author", report.author.clone().into_iter().collect()),
        ("body", vec![format!("{words} words")]),
    ];
    for (field, values) in &fields {
        write_field(&mut out, report, field, values);
    }
    let handled: [(&str, Option<String>); 6] = [
        (
            "handling.draft",
            handling.draft.then(|| "yes: not to be published yet".to_owned()),
        ),
        (
            "handling.publish_after",
            handling
                .publish_after
                .map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()),
        ),
        ("handling.lists", handling.lists.as_ref().map(|lists| lists.join(", "))),
        ("handling.correction", handling.correction.clone()),
        ("handling.id", handling.id.clone()),
        ("handling.translation_of", handling.translation_of.clone()),
    ];
    for (field, value) in handled {
        if let Some(value) = value {
            write_field(&mut out, report, field, &[value]);
        }
    }
    for remark in ["charset", "select"] {
        if report.provenance.contains_key(remark) {
            write_field(&mut out, report, remark, &["see below".to_owned()]);
        }
    }
    out
}

fn write_field(out: &mut String, report: &Report, field: &str, values: &[String]) {
    const WIDTH: usize = 16;
    let mut name = field;
    if values.is_empty() {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{name:<WIDTH$}  -");
    }
    for value in values {
        let lines = textwrap::wrap(value, 100 - WIDTH);
        for line in lines {
            let _ = writeln!(out, "{name:<WIDTH$}  {line}");
            name = "";
        }
    }
    if let Some(why) = report.provenance.get(field) {
        let separator = if why.words.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "{:<WIDTH$}  ({}{separator}{})", "", why.rule, why.words);
        for lost in &why.losers {
            let separator = if lost.words.is_empty() { "" } else { ": " };
            let _ = writeln!(
                out,
                "{:<WIDTH$}  also: {} ({}{separator}{})",
                "", lost.value, lost.rule, lost.words
            );
        }
    }
}
