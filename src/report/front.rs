//! Front matter: what the editor states at the top of a text, between `---` (YAML) or `+++` (TOML) fences.
//!
//! In: a text. Out: the facts it states, each with the provenance "front matter", and the text below. What is stated
//! here beats every rule that reads prose. The surprising thing: an unknown key is left alone, since other programs
//! use the same place, but a known key with a value that cannot be read refuses the report, with its line.

mod keys;
mod value;

use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeZone, Utc};

use self::value::refusal;
pub(super) use self::value::{Node, Value};
use super::blocks::web_address;
use super::prose::tidy;
use super::{Image, Person, Refusal, Related, Report, Status, When, dates, images, people};

/// The rule in the provenance of what an editor states at the top of a text.
const RULE: &str = "front matter";
/// Front matter longer than this many lines is a text that begins with a rule.
const MOST_LINES: usize = 500;

/// Takes front matter off a text and enters what it states into the report. Returns the text below.
pub(super) fn take<'a>(text: &'a str, report: &mut Report) -> Result<&'a str, Refusal> {
    let start = text.len() - text.trim_start().len();
    let opened = text[..start].matches('\n').count() + 1;
    let body = &text[start..];
    let fence = match body.lines().next().map(str::trim_end) {
        Some("---") => "---",
        Some("+++") => "+++",
        _ => return Ok(text),
    };
    let inner = body.split_once('\n').map_or("", |(_, inner)| inner);
    let mut length = 0;
    let mut end = None;
    for (number, line) in inner.split_inclusive('\n').take(MOST_LINES).enumerate() {
        let bare = line.trim_end();
        if bare == fence || (fence == "---" && bare == "...") {
            end = Some(length + line.len());
            break;
        }
        if number == 0 && fence == "---" && bare.is_empty() {
            // A thematic break at the top of a text.
            return Ok(text);
        }
        length += line.len();
    }
    let Some(end) = end else {
        let looks_stated = inner
            .lines()
            .next()
            .is_some_and(|line| line.contains(':') || line.contains('='));
        return match looks_stated {
            true => Err(refusal(
                opened,
                &format!("opened here and never closed; add a line \"{fence}\" below it"),
            )),
            false => Ok(text),
        };
    };
    let entries = match fence {
        "---" => value::yaml(&inner[..length], opened + 1)?,
        _ => value::toml(&inner[..length], opened + 1)?,
    };
    apply(&entries, RULE, report)?;
    Ok(&inner[end..])
}

/// The rule in the provenance of what a sidecar states.
pub(super) const SIDECAR: &str = "sidecar";

/// Enters what the file `NAME.toml` beside a report states; it beats whatever the report says of itself.
pub(super) fn enter_sidecar(bytes: &[u8], report: &mut Report) -> Result<(), Refusal> {
    let wrong = |refusal: Refusal| {
        let told = refusal.0.replacen("front matter", "the .toml file beside it", 1);
        Refusal(told)
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Refusal("the .toml file beside it is not UTF-8 text; save it as UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let entries = value::toml(text, 1).map_err(wrong)?;
    let before = report.clone();
    apply(&entries, SIDECAR, report).map_err(wrong)?;
    let stated: Vec<String> = report
        .provenance
        .iter()
        .filter(|(_, why)| why.rule == SIDECAR)
        .map(|(field, _)| field.clone())
        .collect();
    for field in stated {
        if let Some(lost) = before.provenance.get(&field) {
            let value = super::explain::value_of(&before, &field);
            report.note_loser(&field, &lost.rule, &lost.words, &value);
        }
    }
    Ok(())
}

/// Zone first: it decides what a wall-clock time without a zone means.
fn apply(entries: &[(String, Node)], rule: &str, report: &mut Report) -> Result<(), Refusal> {
    let mut flat: Vec<(String, &Node)> = Vec::new();
    for (key, node) in entries {
        let key = keys::in_english(key);
        match (&node.value, key.as_str()) {
            (Value::Map(inner), "event") => {
                flat.extend(
                    inner
                        .iter()
                        .map(|(name, node)| (format!("event.{}", keys::in_english(name)), node)),
                );
            }
            _ => flat.push((key, node)),
        }
    }
    // Generators of web sites write the day of the post into `date`; an editor of ours writes that of the event.
    let dates_the_post = rule != SIDECAR && flat.iter().any(|(key, _)| keys::is_of_generator(key))
        || flat.iter().any(|(key, _)| keys::is_start_within_event(key));
    if dates_the_post {
        for (key, _) in &mut flat {
            if key == "date" {
                "published".clone_into(key);
            }
        }
    }
    flat.sort_by_key(|(key, _)| !key.ends_with("timezone"));
    for (key, node) in flat {
        if !is_empty(node)
            && let ControlFlow::Break(wanted) = set(&key, node, rule, report)
        {
            return Err(refusal(node.line, &format!("`{key}` is {}; {wanted}", shown(node))));
        }
    }
    Ok(())
}

/// Enters one key that something else than front matter states. False: its value cannot be read.
pub(super) fn enter(key: &str, node: &Node, rule: &str, report: &mut Report) -> bool {
    !is_empty(node) && set(key, node, rule, report).is_continue()
}

/// Enters one key. Breaks with what was wanted if the value cannot be read.
fn set(key: &str, node: &Node, rule: &str, report: &mut Report) -> ControlFlow<&'static str> {
    const ONE_TEXT: &str = "write one line of text";
    let field = match key {
        "title" => {
            report.title = one(node, ONE_TEXT)?;
            "title"
        }
        "language" | "lang" => {
            let tag = one(node, ONE_TEXT)?;
            match super::language::primary(&tag) {
                Some(tag) => report.language = Some(tag),
                None => return ControlFlow::Break("write a language tag such as en or de"),
            }
            "language"
        }
        "summary" => {
            report.summary = Some(one(node, ONE_TEXT)?);
            "summary"
        }
        "date" | "event" | "event_date" | "event.date" | "start" | "event.start" | "event_start" | "event.from" => {
            let (start, end) = dates_of(node)?;
            report.event.start = Some(start);
            if let Some(end) = end {
                report.event.end = Some(end);
                report.note("event.end", rule, &format!("{key}: {}", shown_text(node)));
            }
            "event.start"
        }
        "end" | "event.end" | "event_end" | "event.to" => {
            report.event.end = Some(dates_of(node)?.0);
            "event.end"
        }
        "timezone" | "event.timezone" => {
            let name = one(node, ONE_TEXT)?;
            if name.parse::<chrono_tz::Tz>().is_err() {
                return ControlFlow::Break("write a zone such as Europe/Berlin");
            }
            report.event.timezone = Some(name);
            "event.timezone"
        }
        "venue" | "event.venue" => {
            report.event.venue = Some(one(node, ONE_TEXT)?);
            "event.venue"
        }
        "city" | "event.city" => {
            report.event.city = Some(one(node, ONE_TEXT)?);
            "event.city"
        }
        "country" | "event.country" => {
            report.event.country = Some(one(node, ONE_TEXT)?);
            "event.country"
        }
        "place" | "event.place" | "location" | "event.location" => {
            let place = super::place::stated(&one(node, ONE_TEXT)?);
            let words = format!("{key}: {}", shown_text(node));
            for (field, slot, part) in [
                ("event.venue", &mut report.event.venue, place.venue),
                ("event.city", &mut report.event.city, place.city),
                ("event.country", &mut report.event.country, place.country),
            ] {
                if let (None, Some(part)) = (&slot, part) {
                    *slot = Some(part);
                    let why = super::Provenance {
                        rule: rule.to_owned(),
                        words: words.clone(),
                        losers: Vec::new(),
                    };
                    report.provenance.insert(field.to_owned(), why);
                }
            }
            return ControlFlow::Continue(());
        }
        "organiser" | "event.organiser" => {
            report.event.organiser = Some(texts(node)?.join("; "));
            "event.organiser"
        }
        "status" | "event.status" => {
            report.event.status = match one(node, ONE_TEXT)?.to_lowercase().as_str() {
                "held" => Status::Held,
                "announced" | "planned" | "scheduled" => Status::Announced,
                "cancelled" | "canceled" => Status::Cancelled,
                // Generators of web sites use the word for their own purposes ("published").
                _ if key == "status" && rule != SIDECAR => return ControlFlow::Continue(()),
                _ => return ControlFlow::Break("write held, announced or cancelled"),
            };
            "event.status"
        }
        "online" | "event.online" => {
            report.event.online = yes_or_no(node)?;
            "event.online"
        }
        "series" => {
            report.series = Some(one(node, ONE_TEXT)?);
            "series"
        }
        "people" | "speakers" => {
            report.people = each(node).map(person).collect::<Option<_>>().map_or(
                ControlFlow::Break("write a list of \"Name, Role, Affiliation\" or of name, role, affiliation"),
                ControlFlow::Continue,
            )?;
            "people"
        }
        "topics" | "tags" => {
            report.topics = texts(node)?;
            "topics"
        }
        "related" => {
            report.related = each(node).map(related).collect::<Option<_>>().map_or(
                ControlFlow::Break("write a list of titles, or of title and url"),
                ControlFlow::Continue,
            )?;
            "related"
        }
        "image" | "images" => {
            let images: Vec<Option<Image>> = each(node).map(image).collect();
            // Generators of web sites mean a place in their own folders.
            if rule == SIDECAR && images.contains(&None) {
                return ControlFlow::Break(
                    "write a file beside the report, an address, or url, alt and caption of each",
                );
            }
            report.images = images.into_iter().flatten().collect();
            "images"
        }
        "url" | "link" | "canonical" => {
            report.url = web_address(&one(node, ONE_TEXT)?, None);
            if report.url.is_none() {
                return ControlFlow::Break("write an address that begins with https:// or http://");
            }
            "url"
        }
        "published" => {
            report.published = Some(instant(node, report)?);
            "published"
        }
        "author" => {
            report.author = Some(texts(node)?.join(", "));
            "author"
        }
        "draft" => {
            report.handling.draft = yes_or_no(node)?;
            "handling.draft"
        }
        "publish_after" | "embargo" => {
            report.handling.publish_after = Some(instant(node, report)?);
            "handling.publish_after"
        }
        "lists" => {
            report.handling.lists = Some(texts(node)?);
            "handling.lists"
        }
        "correction" => {
            report.handling.correction = Some(one(node, ONE_TEXT)?);
            "handling.correction"
        }
        "translation_of" => {
            report.handling.translation_of = Some(one(node, ONE_TEXT)?);
            "handling.translation_of"
        }
        "id" => {
            report.handling.id = Some(one(node, ONE_TEXT)?);
            "handling.id"
        }
        // Nobody else uses a sidecar: what is not known there is a slip of the pen.
        _ if rule == SIDECAR => return ControlFlow::Break("no such key is known; docs/front-matter.md has them all"),
        _ => return ControlFlow::Continue(()),
    };
    report.note(field, rule, &format!("{key}: {}", shown_text(node)));
    ControlFlow::Continue(())
}

/// An empty value states nothing; only an empty list of lists says something (to none).
fn is_empty(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if matches!(text.trim(), "" | "~" | "null"))
}

fn one(node: &Node, wanted: &'static str) -> ControlFlow<&'static str, String> {
    match &node.value {
        Value::Text(text) => ControlFlow::Continue(tidy(text)),
        _ => ControlFlow::Break(wanted),
    }
}

fn each(node: &Node) -> impl Iterator<Item = &Node> {
    match &node.value {
        Value::Items(items) => items.iter(),
        _ => std::slice::from_ref(node).iter(),
    }
}

/// A list of texts, or one text with commas.
fn texts(node: &Node) -> ControlFlow<&'static str, Vec<String>> {
    let mut found = Vec::new();
    for item in each(node) {
        let text = one(item, "write a list of words")?;
        match std::ptr::eq(item, node) {
            true => found.extend(text.split(',').map(tidy)),
            false => found.push(text),
        }
    }
    found.retain(|text| !text.is_empty());
    ControlFlow::Continue(found)
}

fn yes_or_no(node: &Node) -> ControlFlow<&'static str, bool> {
    let text = one(node, "write true or false")?;
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => ControlFlow::Continue(true),
        "false" | "no" | "off" | "0" => ControlFlow::Continue(false),
        _ => ControlFlow::Break("write true or false"),
    }
}

fn field<'a>(entries: &'a [(String, Node)], names: &[&str]) -> Option<&'a str> {
    entries.iter().find_map(|(key, node)| match &node.value {
        Value::Text(text) if names.contains(&key.trim().to_lowercase().as_str()) => Some(text.as_str()),
        _ => None,
    })
}

fn person(node: &Node) -> Option<Person> {
    let person = match &node.value {
        Value::Text(text) => people::stated(text),
        Value::Map(entries) => {
            let get = |names: &[&str]| field(entries, names).map(tidy).filter(|text| !text.is_empty());
            Person {
                name: get(&["name"])?,
                role: get(&["role", "position", "title"]),
                affiliation: get(&["affiliation", "organisation", "organization", "institute", "company"]),
            }
        }
        Value::Items(_) => return None,
    };
    (!person.name.is_empty()).then_some(person)
}

fn related(node: &Node) -> Option<Related> {
    match &node.value {
        Value::Text(text) => Some(Related {
            title: tidy(text),
            url: None,
        }),
        Value::Map(entries) => Some(Related {
            title: tidy(field(entries, &["title", "name"])?),
            url: field(entries, &["url", "link"]).and_then(|url| web_address(url, None)),
        }),
        Value::Items(_) => None,
    }
}

fn image(node: &Node) -> Option<Image> {
    let picture = |url: &str, alt: Option<&str>, caption: Option<&str>| {
        Some(Image {
            url: images::address(url, None)?,
            alt: alt.map(tidy).unwrap_or_default(),
            caption: caption.map(tidy),
        })
    };
    match &node.value {
        Value::Text(text) => picture(text, None, None),
        Value::Map(entries) => picture(
            field(entries, &["url", "src", "file"])?,
            field(entries, &["alt"]),
            field(entries, &["caption"]),
        ),
        Value::Items(_) => None,
    }
}

/// A day or a moment, or a range of days as prose would write it.
fn dates_of(node: &Node) -> ControlFlow<&'static str, (When, Option<When>)> {
    const WANTED: &str = "write a date such as 2026-05-12, 2026-05-12 18:30 or 12-14 May 2026";
    let text = one(node, WANTED)?;
    dates::stated(&text).map_or(ControlFlow::Break(WANTED), ControlFlow::Continue)
}

fn instant(node: &Node, report: &Report) -> ControlFlow<&'static str, DateTime<Utc>> {
    const WANTED: &str = "write a moment such as 2026-05-12T09:00:00+02:00 or a date such as 2026-05-12";
    let text = one(node, WANTED)?;
    if let Some(instant) = dates::instant(&text) {
        // A day is a day everywhere; only a time of day needs the zone that the editor stated.
        if !text.contains(':') {
            return ControlFlow::Continue(instant);
        }
        let has_zone = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).is_ok();
        let zone = report
            .event
            .timezone
            .as_deref()
            .and_then(|name| name.parse::<chrono_tz::Tz>().ok());
        return ControlFlow::Continue(match zone {
            Some(zone) if !has_zone => zone
                .from_local_datetime(&instant.naive_utc())
                .earliest()
                .map_or(instant, |local| local.to_utc()),
            _ => instant,
        });
    }
    match dates::stated(&text) {
        Some((When { date, time }, None)) => {
            let moment = NaiveDateTime::new(date, time.unwrap_or(NaiveTime::MIN));
            ControlFlow::Continue(moment.and_utc())
        }
        _ => ControlFlow::Break(WANTED),
    }
}

fn shown(node: &Node) -> String {
    format!("\"{}\"", shown_text(node))
}

fn shown_text(node: &Node) -> String {
    let text = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Items(items) => items.iter().map(shown_text).collect::<Vec<_>>().join("; "),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, node)| format!("{key}: {}", shown_text(node)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    super::prose::quoted(&text)
}
