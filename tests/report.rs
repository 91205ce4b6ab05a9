//! Reading event reports: one sentence-named test per rule and per trap, from a file's bytes to a report.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod dates;
mod forms;
mod front;
mod holding;
mod people;
mod places;
mod stated;
mod whole;

use rapporteur::report::{Context, Refusal, Report, read};

/// Reads a plain text report.
fn text(body: &str) -> Report {
    read("report.txt", body.as_bytes(), &Context::default()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Reads a plain text report with a neutral title and one paragraph.
fn paragraph(body: &str) -> Report {
    text(&format!("A title\n\n{body}\n"))
}

fn markdown(body: &str) -> Result<Report, Refusal> {
    read("report.md", body.as_bytes(), &Context::default())
}

fn page(body: &str) -> Report {
    read("report.html", body.as_bytes(), &Context::default()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn start(report: &Report) -> Option<String> {
    report.event.start.map(|when| when.to_string())
}

fn end(report: &Report) -> Option<String> {
    report.event.end.map(|when| when.to_string())
}

/// "Name | role | affiliation" per person.
fn people(report: &Report) -> Vec<String> {
    let shown = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let lines = report
        .people
        .iter()
        .map(|one| format!("{} | {} | {}", one.name, shown(&one.role), shown(&one.affiliation)));
    lines.collect()
}
