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
use crate::report::{Person, Report, dates, language};

/// JSON-LD longer than this is no description of a page.
const LONGEST_JSON: usize = 500_000;
/// Objects of JSON-LD that are looked at.
const MOST_OBJECTS: usize = 2_000;

pub(super) fn enter(page: &Html, at: Option<&Url>, report: &mut Report) {
    json_ld(page, report);
    declared_language(page, report);
    address(page, at, report);
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
    const RULE: &str = "structured data: event";
    let date = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .and_then(|text| Some((dates::stated(text)?.0, text.to_owned())))
    };
    if let Some((start, words)) = date("startDate")
        && report.event.start.is_none()
    {
        report.event.start = Some(start);
        report.note("event.start", RULE, &format!("startDate: {words}"));
        if let Some((end, words)) = date("endDate").filter(|(end, _)| *end > start) {
            report.event.end = Some(end);
            report.note("event.end", RULE, &format!("endDate: {words}"));
        }
    }
    let location = match value.get("location") {
        Some(Value::Array(places)) => places.first(),
        one => one,
    };
    let address = location.and_then(|place| place.get("address"));
    let mut set = |field: &str, text: Option<String>| {
        let slot = match field {
            "event.venue" => &mut report.event.venue,
            "event.city" => &mut report.event.city,
            _ => &mut report.event.country,
        };
        if let (None, Some(text)) = (&slot, text) {
            *slot = Some(text.clone());
            report.note(field, RULE, &text);
        }
    };
    set(
        "event.venue",
        location
            .filter(|place| place.is_object())
            .and_then(|place| name(place.get("name"))),
    );
    set(
        "event.city",
        address.and_then(|address| name(address.get("addressLocality"))),
    );
    set(
        "event.country",
        address.and_then(|address| name(address.get("addressCountry"))),
    );
    if report.people.is_empty() {
        let performers = match value.get("performer") {
            Some(Value::Array(people)) => people.iter().collect::<Vec<_>>(),
            one => one.into_iter().collect(),
        };
        let people = performers
            .into_iter()
            .filter(|one| one.get("@type").and_then(Value::as_str) == Some("Person"));
        report.people = people
            .filter_map(|one| {
                Some(Person {
                    name: name(Some(one))?,
                    role: name(one.get("jobTitle")),
                    affiliation: name(one.get("affiliation").or(one.get("worksFor"))),
                })
            })
            .collect();
        if let Some(first) = report.people.first() {
            let words = format!("performer: {}", first.name);
            report.note("people", RULE, &words);
        }
    }
    let series = value
        .get("superEvent")
        .filter(|series| series.get("@type").and_then(Value::as_str) == Some("EventSeries"));
    if let (None, Some(series)) = (&report.series, name(series)) {
        report.note("series", RULE, &series);
        report.series = Some(series);
    }
}

fn article(value: &Value, report: &mut Report) {
    const RULE: &str = "structured data: article";
    if let Some(headline) = name(value.get("headline"))
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
    static TIME: LazyLock<Selector> = LazyLock::new(|| selector("time[datetime]"));
    for time in page.select(&TIME).take(20) {
        let Some(written) = time.attr("datetime") else { continue };
        let marks = marks(time);
        let is_event = ["startdate", "dtstart", "dt-start", "event"]
            .iter()
            .any(|mark| marks.contains(mark));
        let is_end = ["enddate", "dtend", "dt-end"].iter().any(|mark| marks.contains(mark));
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
            && !stands_in_prose(time)
            && let Some(instant) = dates::instant(written)
        {
            report.published = Some(instant);
            report.note("published", "time element", written);
        }
    }
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
