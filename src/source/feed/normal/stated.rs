//! What a feed and its entries state that Atom for feed-rs has no place for: files, pictures, languages, rest.

use std::time::Duration;

use url::Url;

use super::super::Enclosure;
use super::super::xml::{Element, Outline, Space};
use super::{address, href_of};

/// What the Atom for feed-rs does not carry.
#[derive(Clone, Debug)]
pub(in crate::source::feed) struct Stated {
    pub(in crate::source::feed) base: Url,
    pub(in crate::source::feed) language: Option<String>,
    pub(in crate::source::feed) enclosures: Vec<Enclosure>,
    pub(in crate::source::feed) image: Option<String>,
}

pub(super) fn stated(entry: &Element) -> Stated {
    let texts = |names: &'static [&str]| {
        let is_one = move |element: &&Element| names.contains(&element.name.as_str());
        entry.elements().find(is_one)
    };
    let text = texts(&["encoded", "content"]).or_else(|| texts(&["summary", "description"]));
    let language = text.and_then(language_of).or_else(|| language_of(entry));
    Stated {
        base: text.map_or(&entry.base, |text| &text.base).clone(),
        language: said(entry.elements(), Space::DublinCore, "language").or_else(|| language.map(str::to_owned)),
        enclosures: enclosures(entry),
        image: image(entry),
    }
}

/// The words of the first element of this name.
fn said<'a>(mut elements: impl Iterator<Item = &'a Element>, space: Space, name: &str) -> Option<String> {
    let element = elements.find(|element| element.is(space, name))?;
    Some(element.text().trim().to_owned()).filter(|text| !text.is_empty())
}

fn language_of(element: &Element) -> Option<&str> {
    element.attribute("xml:lang")
}

pub(super) fn feed_language(outline: &Outline) -> Option<String> {
    said(outline.head.iter(), Space::Core, "language")
        .or_else(|| said(outline.head.iter(), Space::DublinCore, "language"))
        .or_else(|| outline.frames.iter().find_map(language_of).map(str::to_owned))
}

/// Files of an entry; what Media RSS names counts only where nothing is enclosed.
fn enclosures(entry: &Element) -> Vec<Enclosure> {
    let of = |element: &Element| {
        Some(Enclosure {
            url: address(href_of(element)?, &element.base)?,
            kind: element.attribute("type").map(str::to_owned),
            length: ["length", "filesize"]
                .iter()
                .find_map(|name| element.attribute(name)?.parse().ok()),
        })
    };
    let is_enclosed = |element: &&Element| {
        element.is(Space::Core, "enclosure")
            || (element.is(Space::Core, "link") && element.attribute("rel") == Some("enclosure"))
    };
    let enclosed: Vec<Enclosure> = entry.elements().filter(is_enclosed).filter_map(of).collect();
    if !enclosed.is_empty() {
        return enclosed;
    }
    let groups = entry.elements().filter(|element| element.is(Space::Media, "group"));
    let within = groups.flat_map(Element::elements);
    let media = entry.elements().chain(within);
    media
        .filter(|element| element.is(Space::Media, "content"))
        .filter_map(of)
        .collect()
}

/// The picture of an entry: named as such, else the first enclosed one.
fn image(entry: &Element) -> Option<String> {
    let groups = entry.elements().filter(|element| element.is(Space::Media, "group"));
    let mut candidates = entry.elements().chain(groups.flat_map(Element::elements));
    let named = candidates.find_map(|element| {
        let is_picture = element.is(Space::Media, "thumbnail")
            || element.is(Space::Itunes, "image")
            || (element.is(Space::Media, "content")
                && (element.attribute("medium") == Some("image")
                    || element.attribute("type").is_some_and(|kind| kind.starts_with("image/"))));
        let href = href_of(element).filter(|_| is_picture)?;
        address(href, &element.base)
    });
    let is_picture = |file: &Enclosure| file.kind.as_ref().is_some_and(|kind| kind.starts_with("image/"));
    named.or_else(|| enclosures(entry).into_iter().find(is_picture).map(|file| file.url))
}

pub(super) fn fresh_for(head: &[Element]) -> Option<Duration> {
    let number = |space, name| {
        let element = head.iter().find(|element| element.is(space, name))?;
        element.text().trim().parse::<u32>().ok().filter(|number| *number > 0)
    };
    if let Some(minutes) = number(Space::Core, "ttl") {
        return Some(Duration::from_mins(u64::from(minutes)));
    }
    let period = head
        .iter()
        .find(|element| element.is(Space::Syndication, "updateperiod"))?;
    let hours = match period.text().trim() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    let times = number(Space::Syndication, "updatefrequency").unwrap_or(1);
    Some(Duration::from_hours(hours) / times)
}

/// Hours in which the feed is not to be asked; a feed that names them all is not taken at its word.
pub(super) fn skip_hours(head: &[Element]) -> Vec<u8> {
    let named = head.iter().filter(|element| element.is(Space::Core, "skiphours"));
    let hours = named.flat_map(Element::elements);
    let mut hours: Vec<u8> = hours
        .filter_map(|hour| hour.text().trim().parse::<u8>().ok())
        .filter(|hour| *hour <= 24)
        .map(|hour| hour % 24)
        .collect();
    hours.sort_unstable();
    hours.dedup();
    if hours.len() == 24 { Vec::new() } else { hours }
}
