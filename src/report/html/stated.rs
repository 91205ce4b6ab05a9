//! What a page states about itself for machines: JSON-LD, microdata, `time`, meta and link elements.
//!
//! In: a parsed page. Out: fields of the report with their provenance. What is stated here beats prose. The surprising
//! thing: a start with odd seconds is when somebody pressed a button, and then neither date nor place is believed.

mod json_ld;
mod meta;
mod microdata;
mod times;

use scraper::Html;
use url::Url;

pub(super) use self::times::days;
use crate::report::{Person, Report, Status, dates};

pub(super) fn enter(page: &Html, at: Option<&Url>, report: &mut Report) {
    json_ld::json_ld(page, report);
    microdata::microdata(page, report);
    meta::declared_language(page, report);
    meta::address(page, at, report);
    meta::translations(page, at, report);
    meta::publication(page, report);
    times::times(page, report);
    meta::author(page, report);
    meta::keywords(page, report);
}

/// What a page says of an event for machines, in whichever notation.
#[derive(Default)]
struct Said {
    rule: &'static str,
    start: Option<String>,
    end: Option<String>,
    status: Option<String>,
    attendance: Option<String>,
    is_virtual: bool,
    organiser: Option<String>,
    venue: Option<String>,
    city: Option<String>,
    country: Option<String>,
    series: Option<String>,
    people: Vec<Person>,
}

impl Said {
    fn enter(self, report: &mut Report) {
        let rule = self.rule;
        // Nobody begins an event at 10:04:22: that is when somebody pressed a button, and the rest was not filled in
        // by hand either.
        let is_stamp = self.start.as_deref().is_some_and(has_odd_seconds);
        if !is_stamp {
            self.enter_dates(report);
            for (field, text) in [
                ("event.venue", &self.venue),
                ("event.city", &self.city),
                ("event.country", &self.country),
            ] {
                set(report, field, text.as_deref(), rule);
            }
        }
        set(report, "event.organiser", self.organiser.as_deref(), rule);
        set(report, "series", self.series.as_deref(), rule);
        if report.event.status == Status::Unknown
            && let Some(status) = &self.status
            && status.ends_with("Cancelled")
        {
            report.event.status = Status::Cancelled;
            report.note("event.status", rule, status);
        }
        let mode = self.attendance.as_deref().unwrap_or_default();
        let says_online = mode.contains("OnlineEvent") || mode.contains("MixedEvent");
        if !report.event.online && (says_online || self.is_virtual) {
            report.event.online = true;
            report.note(
                "event.online",
                rule,
                if mode.is_empty() { "VirtualLocation" } else { mode },
            );
        }
        if report.people.is_empty()
            && let Some(first) = self.people.first()
        {
            let words = format!("performer: {}", first.name);
            report.note("people", rule, &words);
            report.people = self.people;
        }
    }

    fn enter_dates(&self, report: &mut Report) {
        let date = |text: &Option<String>| {
            text.as_deref()
                .and_then(|text| Some((dates::stated(text)?.0, text.to_owned())))
        };
        if report.event.start.is_some() {
            return;
        }
        let Some((start, words)) = date(&self.start) else {
            return;
        };
        report.event.start = Some(start);
        report.note("event.start", self.rule, &format!("startDate: {words}"));
        // "Until midnight" of the same day, or the same moment again, is a field that was left as it was.
        if let Some((end, words)) = date(&self.end).filter(|(end, _)| *end > start && end.date >= start.date) {
            report.event.end = Some(end);
            report.note("event.end", self.rule, &format!("endDate: {words}"));
        }
    }
}

fn has_odd_seconds(moment: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(moment).is_ok_and(|moment| {
        use chrono::Timelike;
        moment.second() != 0
    })
}

/// Enters a text into a field that is still empty.
fn set(report: &mut Report, field: &str, text: Option<&str>, rule: &str) {
    let slot = match field {
        "event.venue" => &mut report.event.venue,
        "event.city" => &mut report.event.city,
        "event.organiser" => &mut report.event.organiser,
        "series" => &mut report.series,
        _ => &mut report.event.country,
    };
    if let (None, Some(text)) = (&slot, text) {
        *slot = Some(text.to_owned());
        report.note(field, rule, text);
    }
}
