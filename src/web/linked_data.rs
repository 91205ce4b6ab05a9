//! What a page says of its report to machines: schema.org in JSON-LD (STR-06).
//!
//! In: a report. Out: the text of a `script` element, in which `<` cannot stand (SEC-02).

use serde_json::{Value, json};

use super::App;
use crate::feed;
use crate::report::{Event, Status};
use crate::store::Stored;

impl App {
    /// An article, and the event it is about if its day is known; of what is only announced, the event alone.
    pub(super) fn linked_data(&self, stored: &Stored, canonical: &str) -> String {
        let report = &stored.report;
        let institute = &self.config.institute;
        let publisher = json!({
            "@type": "Organization",
            "name": institute.name,
            "url": format!("{}/", self.config.web.public_url),
        });
        let event = report
            .event
            .start
            .map(|_| self.event_data(stored, &publisher, canonical));
        let data = match event {
            Some(mut event) if report.event.status == Status::Announced => {
                put(&mut event, "@context", json!("https://schema.org"));
                event
            }
            event => {
                let author = match &report.author {
                    Some(name) => json!({ "@type": "Person", "name": name }),
                    None => publisher.clone(),
                };
                let mut article = json!({
                    "@context": "https://schema.org",
                    "@type": "Article",
                    "headline": report.title,
                    "url": canonical,
                    "author": author,
                    "publisher": publisher,
                });
                put(&mut article, "inLanguage", json!(report.language));
                put(&mut article, "description", json!(report.summary));
                put(
                    &mut article,
                    "datePublished",
                    json!(stored.dated_at.map(|at| at.to_rfc3339())),
                );
                put(
                    &mut article,
                    "dateModified",
                    json!(stored.updated_at.map(|at| at.to_rfc3339())),
                );
                let copies = &self.snapshot().copies;
                let pictures = feed::pictures(stored, copies, &self.config.web.public_url);
                let addresses: Vec<String> = pictures.into_iter().map(|picture| picture.url).collect();
                put(
                    &mut article,
                    "image",
                    json!((!addresses.is_empty()).then_some(addresses)),
                );
                put(&mut article, "about", json!(event));
                article
            }
        };
        // Texts and numbers always serialise.
        let text = serde_json::to_string(&data).unwrap_or_default();
        feed::clean(&text).replace('<', "\\u003c")
    }

    fn event_data(&self, stored: &Stored, publisher: &Value, canonical: &str) -> Value {
        let report = &stored.report;
        let about = &report.event;
        let zone = about.zone(self.config.institute.zone);
        let organiser = match &about.organiser {
            Some(name) => json!({ "@type": "Organization", "name": name }),
            None => publisher.clone(),
        };
        let mut event = json!({
            "@type": "Event",
            "name": report.title,
            "eventStatus": match about.status {
                Status::Cancelled => "https://schema.org/EventCancelled",
                Status::Unknown | Status::Held | Status::Announced => "https://schema.org/EventScheduled",
            },
            "organizer": organiser,
            "url": canonical,
        });
        put(&mut event, "startDate", json!(about.start.map(|start| start.iso(zone))));
        put(&mut event, "endDate", json!(about.end.map(|end| end.iso(zone))));
        let place = place(about);
        let online = about
            .online
            .then(|| json!({ "@type": "VirtualLocation", "url": canonical }));
        let mode = match (&online, &place) {
            (Some(_), Some(_)) => Some("https://schema.org/MixedEventAttendanceMode"),
            (Some(_), None) => Some("https://schema.org/OnlineEventAttendanceMode"),
            (None, Some(_)) => Some("https://schema.org/OfflineEventAttendanceMode"),
            (None, None) => None,
        };
        put(&mut event, "eventAttendanceMode", json!(mode));
        let places: Vec<Value> = place.into_iter().chain(online).collect();
        if !places.is_empty() {
            put(&mut event, "location", json!(places));
        }
        let people: Vec<Value> = report.people.iter().map(person).collect();
        if !people.is_empty() {
            put(&mut event, "performer", json!(people));
        }
        put(
            &mut event,
            "superEvent",
            json!(
                report
                    .series
                    .as_ref()
                    .map(|name| json!({ "@type": "EventSeries", "name": name }))
            ),
        );
        event
    }
}

fn place(event: &Event) -> Option<Value> {
    let name = event
        .venue
        .as_ref()
        .or(event.city.as_ref())
        .or(event.country.as_ref())?;
    let mut place = json!({ "@type": "Place", "name": name });
    let mut address = json!({ "@type": "PostalAddress" });
    put(&mut address, "addressLocality", json!(event.city));
    put(&mut address, "addressCountry", json!(event.country));
    if event.city.is_some() || event.country.is_some() {
        put(&mut place, "address", address);
    }
    Some(place)
}

fn person(person: &crate::report::Person) -> Value {
    let mut data = json!({ "@type": "Person", "name": person.name });
    put(&mut data, "jobTitle", json!(person.role));
    let affiliation = person.affiliation.as_ref();
    put(
        &mut data,
        "affiliation",
        json!(affiliation.map(|name| json!({ "@type": "Organization", "name": name }))),
    );
    data
}

/// What is not known is left out.
fn put(object: &mut Value, key: &str, value: Value) {
    if let (Some(object), false) = (object.as_object_mut(), value.is_null()) {
        object.insert(key.to_owned(), value);
    }
}
