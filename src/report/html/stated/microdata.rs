//! Microdata and RDFa: elements that say by an attribute what they show.
//!
//! In: a parsed page. Out: what its first event says. The surprising thing: a property counts by the property around
//! it. The name within an organiser is the organiser's, and an event within an event is its series.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use super::Said;
use crate::report::html::selector;
use crate::report::prose::tidy;
use crate::report::{Person, Report, people, place};

/// Microdata and RDFa of one event: elements with `itemprop` within an `itemscope` of that kind.
pub(super) fn microdata(page: &Html, report: &mut Report) {
    static EVENT: LazyLock<Selector> =
        LazyLock::new(|| selector(r#"[itemscope][itemtype$="Event"], [itemscope][itemtype*="Event "]"#));
    static PROPERTY: LazyLock<Selector> = LazyLock::new(|| selector("[itemprop]"));
    let Some(event) = page.select(&EVENT).find(|one| {
        // An event within an event is its series.
        !one.ancestors()
            .filter_map(ElementRef::wrap)
            .any(|above| above.attr("itemprop").is_some())
    }) else {
        return;
    };
    let mut said = Said {
        rule: "structured data: microdata",
        ..Said::default()
    };
    for property in event.select(&PROPERTY).take(200) {
        let within = property
            .ancestors()
            .filter_map(ElementRef::wrap)
            .take_while(|above| above.id() != event.id())
            .find_map(|above| above.attr("itemprop"))
            .filter(|above| *above != "description");
        // A `link` says its value by its address; an `a` says it by its text.
        let is_link = property.value().name() == "link";
        let written = property
            .attr("content")
            .or(property.attr("datetime"))
            .or(property.attr("href").filter(|_| is_link))
            .map_or_else(|| tidy(&property.text().collect::<String>()), tidy);
        if written.is_empty() {
            continue;
        }
        let value = Some(written.clone());
        match (property.attr("itemprop").unwrap_or_default(), within) {
            ("name", None) if report.title.is_empty() => report.title = written,
            ("startDate", None) => said.start = said.start.or(value),
            ("endDate", None) => said.end = said.end.or(value),
            ("eventStatus", None) => said.status = said.status.or(value),
            ("eventAttendanceMode", None) => said.attendance = said.attendance.or(value),
            ("name", Some("superEvent")) => said.series = said.series.or(value),
            ("organizer", None) if property.attr("itemscope").is_none() => said.organiser = said.organiser.or(value),
            ("name", Some("organizer")) => said.organiser = said.organiser.or(value),
            ("location", None) if property.attr("itemscope").is_none() => {
                let parts = place::stated(&written);
                (said.venue, said.city, said.country) = (parts.venue, parts.city, parts.country);
            }
            ("name", Some("location")) => said.venue = said.venue.or(value),
            ("addressLocality", _) => said.city = said.city.or(value),
            ("addressCountry", _) => said.country = said.country.or(value),
            ("address", Some("location")) if property.attr("itemscope").is_none() => {
                said.city = said.city.or(place::stated(&written).city);
            }
            ("performer", None) if property.attr("itemscope").is_none() => {
                said.people.push(person(&written));
            }
            ("name", Some("performer")) => said.people.push(person(&written)),
            _ => {}
        }
    }
    said.enter(report);
}

/// A performer by name, without the form of address that some pages put before it.
fn person(written: &str) -> Person {
    let mut name = written;
    while let Some((first, rest)) = name.split_once(' ') {
        if !people::is_address(first) {
            break;
        }
        name = rest;
    }
    Person {
        name: name.to_owned(),
        ..Person::default()
    }
}
