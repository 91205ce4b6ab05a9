//! The events of a feed as iCalendar (RFC 5545, RFC 7986).
//!
//! In: every report of a scope that was ever published. Out: the document. The surprising part: a time whose zone nobody
//! knows is left out and the event fills its days, because a calendar would otherwise move it for whoever reads it
//! elsewhere (STR-03). UID is the id of the report, so an announced event and the report of it are one entry.

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use icalendar::{Calendar, Component, DatePerhapsTime, Event, EventLike, EventStatus, Parameter, Property};

use super::{Scope, Source, archive, categories, clean, heading, line, link};
use crate::report::Status;
use crate::store::Stored;

/// More events than this help nobody who subscribes.
const MOST_EVENTS: usize = 1000;
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// The calendar of a scope, and when it last changed; the events that begin last, the earliest first.
pub fn calendar(scope: &Scope, source: Source<'_>) -> (String, Option<DateTime<Utc>>) {
    let heading = heading(scope, source);
    let mut events: Vec<(NaiveDate, &Stored)> = archive::members(scope, source)
        .filter(|stored| stored.is_public(source.now))
        .filter_map(|stored| Some((stored.report.event.start?.date, stored)))
        .collect();
    events.sort_by_key(|(day, stored)| (*day, stored.id));
    let events = events.split_off(events.len().saturating_sub(MOST_EVENTS));
    let url = format!("{}/feeds/{}.ics", source.config.web.public_url, scope.path());
    let mut document = Calendar::empty();
    document
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", "-//Rapporteur//Events//EN"))
        .append_property(Property::new("CALSCALE", "GREGORIAN"))
        .append_property(Property::new("METHOD", "PUBLISH"))
        .name(&heading.title)
        .ttl(&TimeDelta::hours(1))
        .append_property(uri("SOURCE", &url))
        .append_property(uri("URL", &heading.home_url));
    let mut modified = None;
    for (_, stored) in events {
        modified = modified.max(Some(stored.changed_at));
        document.push(event(stored, source));
    }
    (document.to_string(), modified)
}

fn event(stored: &Stored, source: Source<'_>) -> Event {
    let report = &stored.report;
    let changed = stored.changed_at.trunc_subsecs(0);
    let address = link(stored, &source.config.web.public_url);
    let mut event = Event::with_uid(&line(&stored.public_id));
    event
        .summary(&line(&report.title))
        .timestamp(changed)
        .last_modified(changed)
        .sequence(u32::try_from(stored.revision - 1).unwrap_or(u32::MAX))
        .append_property(uri("URL", &line(&address)));
    if let Some(published) = stored.published_at {
        event.created(published.trunc_subsecs(0));
    }
    let about = report.summary.as_deref().map(clean).unwrap_or_default();
    event.description(format!("{about}\n\n{address}").trim());
    let place = [&report.event.venue, &report.event.city, &report.event.country];
    let place: Vec<String> = place.into_iter().flatten().map(|part| line(part)).collect();
    if !place.is_empty() {
        event.location(&place.join(", "));
    }
    let words = categories(report, source.config);
    if !words.is_empty() {
        event.categories(words.iter().map(|category| &category.label));
    }
    event.status(match report.event.status {
        Status::Cancelled => EventStatus::Cancelled,
        Status::Unknown | Status::Held | Status::Announced => EventStatus::Confirmed,
    });
    enter_times(&mut event, stored, source);
    event
}

/// In UTC where the zone is known; else the days, the last of them exclusive.
fn enter_times(event: &mut Event, stored: &Stored, source: Source<'_>) {
    let times = &stored.report.event;
    let Some(start) = times.start else { return };
    let zone = times.zone(source.config.institute.zone);
    let instant = |when: crate::report::When| Some(when.at(zone?)?.to_utc());
    let end = times.end.filter(|end| *end > start);
    let days_only = end.is_some_and(|end| end.time.is_none() && end.date != start.date);
    match instant(start).filter(|_| !days_only) {
        Some(start) => {
            event.starts(start);
            if let Some(end) = end.and_then(instant).filter(|end| *end > start) {
                event.ends(end);
            }
        }
        None => {
            let last = end.map_or(start.date, |end| end.date.max(start.date));
            event.starts(DatePerhapsTime::Date(start.date));
            event.ends(DatePerhapsTime::Date(last.succ_opt().unwrap_or(last)));
        }
    }
}

fn uri(name: &str, address: &str) -> Property {
    let mut property = Property::new(name, address);
    property.append_parameter(Parameter::new("VALUE", "URI")).done()
}
