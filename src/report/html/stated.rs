//! What a page states about itself for machines: JSON-LD, meta and link elements, `time`.
//!
//! In: a parsed page. Out: fields of the report with their provenance. What is stated here beats prose. The surprising
//! thing: a bare `time` element is a date of publication in one page and the event's in the next; beside words of an
//! event it is the event's, in a head line the publication's.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};
use serde_json::Value;
use url::Url;

use super::selector;
use crate::report::blocks::web_address;
use crate::report::prose::tidy;
use crate::report::{Person, Report, Status, Translation, dates, language, people, place};

/// JSON-LD longer than this is no description of a page.
const LONGEST_JSON: usize = 500_000;
/// Objects of JSON-LD that are looked at.
const MOST_OBJECTS: usize = 2_000;

pub(super) fn enter(page: &Html, at: Option<&Url>, report: &mut Report) {
    json_ld(page, report);
    microdata(page, report);
    declared_language(page, report);
    address(page, at, report);
    translations(page, at, report);
    publication(page, report);
    times(page, report);
    author(page, report);
    keywords(page, report);
}

fn json_ld(page: &Html, report: &mut Report) {
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

/// A text, or the name of a thing.
fn name(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let text = value.as_str().or_else(|| value.get("name")?.as_str())?;
    Some(tidy(text)).filter(|text| !text.is_empty())
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

fn names(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Array(all) => {
            let names: Vec<String> = all.iter().filter_map(|one| name(Some(one))).collect();
            (!names.is_empty()).then(|| names.join("; "))
        }
        one => name(Some(one)),
    }
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

/// Microdata and RDFa of one event: elements with `itemprop` within an `itemscope` of that kind.
fn microdata(page: &Html, report: &mut Report) {
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

fn declared_language(page: &Html, report: &mut Report) {
    let declared = page
        .root_element()
        .attr("lang")
        .or(page.root_element().attr("xml:lang"));
    if let Some(written) = declared
        && report.language.is_none()
        && let Some(tag) = language::primary(written)
    {
        report.language = Some(tag);
        report.note(
            "language",
            "declared by the page",
            &format!("<html lang=\"{written}\">"),
        );
    }
}

fn address(page: &Html, at: Option<&Url>, report: &mut Report) {
    static CANONICAL: LazyLock<Selector> = LazyLock::new(|| selector(r#"link[rel~="canonical"][href]"#));
    static OG_URL: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[property="og:url"][content]"#));
    let canonical = page
        .select(&CANONICAL)
        .next()
        .and_then(|link| link.attr("href"))
        .map(|href| (href, "link canonical"));
    let og = page
        .select(&OG_URL)
        .next()
        .and_then(|meta| meta.attr("content"))
        .map(|url| (url, "meta og:url"));
    for (href, rule) in canonical.into_iter().chain(og) {
        if let Some(url) = web_address(href, at)
            && report.url.is_none()
        {
            report.url = Some(url);
            report.note("url", rule, href);
        }
    }
}

/// The same page in other languages: `link rel="alternate" hreflang`, as search engines want it.
fn translations(page: &Html, at: Option<&Url>, report: &mut Report) {
    /// More are the languages of a translating machine.
    const MOST: usize = 20;
    static LINK: LazyLock<Selector> =
        LazyLock::new(|| selector(r#"link[rel~="alternate"][hreflang][href]:not([type*="xml"]):not([type*="json"])"#));
    for link in page.select(&LINK).take(MOST) {
        let stated = |name| link.attr(name).unwrap_or_default();
        let (Some(language), Some(url)) = (language::primary(stated("hreflang")), web_address(stated("href"), at))
        else {
            continue;
        };
        // A page names itself among them.
        let is_own = Some(&language) == report.language.as_ref() || Some(&url) == report.url.as_ref();
        if language != "x" && !is_own && report.translations.iter().all(|known| known.url != url) {
            report.translations.push(Translation { language, url });
        }
    }
}

fn publication(page: &Html, report: &mut Report) {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            r#"meta[property="article:published_time"], meta[itemprop="datePublished"], meta[name="date"], meta[name="dc.date"], meta[name="DC.date"], meta[name="dcterms.created"], meta[name="pubdate"], meta[name="article:published_time"]"#,
        )
    });
    for meta in page.select(&META) {
        if let Some(words) = meta.attr("content")
            && report.published.is_none()
            && let Some(instant) = dates::instant(words)
        {
            report.published = Some(instant);
            report.note("published", "meta date of publication", words);
        }
    }
}

fn times(page: &Html, report: &mut Report) {
    static TIME: LazyLock<Selector> = LazyLock::new(|| selector("time[datetime], p"));
    /// After so much text a time is no publication of this page.
    const ABOVE_THE_TEXT: usize = 300;
    let mut passed = 0;
    for time in page.select(&TIME).take(200) {
        if time.value().name() == "p" {
            passed += time.text().map(str::len).sum::<usize>();
        }
        let Some(written) = time.attr("datetime") else { continue };
        let marks = marks(time);
        let is_event = ["startdate", "dtstart", "dt-start", "event", "termin", "veranstaltung"]
            .iter()
            .any(|mark| marks.contains(mark))
            || shows_hour(time);
        let follows_start = report.event.start.is_some() && shows_hour(time) && follows_a_time(time);
        let is_end = follows_start || ["enddate", "dtend", "dt-end"].iter().any(|mark| marks.contains(mark));
        if is_end || is_event {
            let Some((when, _)) = dates::stated(written) else {
                continue;
            };
            let (slot, field) = match is_end {
                true => (&mut report.event.end, "event.end"),
                false => (&mut report.event.start, "event.start"),
            };
            if slot.is_none() {
                *slot = Some(when);
                report.note(field, "time element of the event", written);
            }
        } else if report.published.is_none()
            && passed <= ABOVE_THE_TEXT
            && !stands_in_prose(time)
            && let Some(instant) = dates::instant(written)
        {
            report.published = Some(instant);
            report.note("published", "time element", written);
        }
    }
}

/// A publication is dated to the day; who shows the hour to readers means the event.
fn shows_hour(time: ElementRef<'_>) -> bool {
    let shown = tidy(&time.text().collect::<String>());
    shown.len() <= 80 && dates::find(&shown).iter().any(|found| found.from.is_some())
        || dates::time_of_day(&shown).is_some()
            && time.attr("datetime").is_some_and(|written| written.contains('T'))
            && follows_a_time(time)
}

/// Whether it stands right behind another `time`, as the end of a range does.
fn follows_a_time(time: ElementRef<'_>) -> bool {
    time.prev_siblings()
        .filter_map(ElementRef::wrap)
        .next()
        .is_some_and(|before| before.value().name() == "time")
}

/// Classes and roles of the element and its parent, in lower case.
fn marks(time: ElementRef<'_>) -> String {
    let own = ["class", "itemprop"].into_iter().filter_map(|name| time.attr(name));
    let parent = time
        .parent()
        .and_then(ElementRef::wrap)
        .and_then(|parent| parent.attr("class"));
    own.chain(parent).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A `time` within a sentence is a date in prose, and the rules for prose read it.
fn stands_in_prose(time: ElementRef<'_>) -> bool {
    let own = time.text().map(str::len).sum::<usize>();
    let around = time.parent().and_then(ElementRef::wrap).map_or(0, |parent| {
        if matches!(parent.value().name(), "p" | "li" | "td") {
            parent.text().map(str::len).take(50).sum()
        } else {
            0
        }
    });
    around > own + 40
}

fn author(page: &Html, report: &mut Report) {
    static AUTHOR: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[name="author"][content]"#));
    if let Some(words) = page
        .select(&AUTHOR)
        .next()
        .and_then(|meta| meta.attr("content"))
        .map(tidy)
        && report.author.is_none()
        && !words.is_empty()
    {
        report.note("author", "meta author", &words);
        report.author = Some(words);
    }
}

fn keywords(page: &Html, report: &mut Report) {
    static TAG: LazyLock<Selector> =
        LazyLock::new(|| selector(r#"meta[property="article:tag"][content], meta[name="keywords"][content]"#));
    if !report.topics.is_empty() {
        return;
    }
    let mut topics: Vec<String> = Vec::new();
    for meta in page.select(&TAG) {
        for word in meta.attr("content").unwrap_or_default().split(',').map(tidy) {
            if !word.is_empty() && !topics.contains(&word) && topics.len() < 20 {
                topics.push(word);
            }
        }
    }
    if !topics.is_empty() {
        let words = topics.join(", ");
        report.note("topics", "meta keywords", &words);
        report.topics = topics;
    }
}

/// The days that `time` elements state: they lend their year to a day in prose.
pub(super) fn days(page: &Html) -> Vec<chrono::NaiveDate> {
    static TIME: LazyLock<Selector> = LazyLock::new(|| selector("time[datetime]"));
    page.select(&TIME)
        .take(50)
        .filter_map(|time| Some(dates::stated(time.attr("datetime")?)?.0.date))
        .collect()
}
