//! Sources: each kind has its keys, and a key of another kind usually means that `kind` was forgotten.

use url::Url;

use super::{Problems, note};
use crate::config::{Source, SourceKind};
use crate::report::SELECTABLE;
use crate::source::poll::LONGEST_INTERVAL;

pub(super) fn problems(name: &str, source: &Source, found: &mut Problems) {
    use SourceKind::{Calendar, Feed, Folder, Pages};
    let at = |key| ["sources", name, key];
    let word = source.kind.word();
    match source.kind {
        Folder if source.path.is_none() => note(
            found,
            &at("path"),
            format!("`path` is missing in [sources.{name}]; write the folder that reports are dropped into"),
        ),
        Feed if source.url.is_none() => note(
            found,
            &at("url"),
            format!("`url` is missing in [sources.{name}]; write the address of the feed"),
        ),
        Calendar if source.url.is_some() == source.path.is_some() => note(
            found,
            &at("url"),
            format!("write either `url` or `path` in [sources.{name}]: where the calendar lies"),
        ),
        Pages if source.url.is_some() != source.pages.is_empty() => note(
            found,
            &at("url"),
            format!(
                "write either `url` in [sources.{name}], the address of a page or sitemap that lists the reports, or \
                 `pages`, their addresses"
            ),
        ),
        _ => {}
    }
    if source.interval.is_some_and(|time| time > LONGEST_INTERVAL) {
        note(
            found,
            &at("interval"),
            format!("`sources.{name}.interval` is longer than 31 days; write such as \"1h\""),
        );
    }
    let has_url = source.url.is_some();
    let addresses = source.url.iter().map(|url| ("url", url));
    for (key, url) in addresses.chain(source.pages.iter().map(|url| ("pages", url))) {
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            note(
                found,
                &at(key),
                format!("`sources.{name}.{key}` must begin with https:// or http:// and hold no password"),
            );
        }
    }
    if let Some(links) = &source.links
        && let Err(error) = scraper::Selector::parse(links)
    {
        note(found, &at("links"), format!("`{links}` is no CSS selector: {error}"));
    }
    if let Some(under) = &source.under
        && !under.starts_with('/')
        && Url::parse(under).is_err()
    {
        note(
            found,
            &at("under"),
            format!("`sources.{name}.under` is \"{under}\"; write a path such as \"/events/\", or a whole address"),
        );
    }
    for (key, selector) in &source.select {
        if !SELECTABLE.contains(&key.as_str()) {
            let known = SELECTABLE.join(", ");
            note(
                found,
                &["sources", name, "select", key],
                format!("`{key}` is no field that can be selected; these are: {known}"),
            );
        } else if let Err(error) = scraper::Selector::parse(selector) {
            note(
                found,
                &["sources", name, "select", key],
                format!("`{selector}` is no CSS selector: {error}"),
            );
        }
    }
    for (key, is_there, kinds) in [
        ("path", source.path.is_some(), &[Folder, Calendar][..]),
        ("url", has_url, &[Feed, Calendar, Pages]),
        ("interval", source.interval.is_some(), &[Feed, Calendar, Pages]),
        ("full_text", source.full_text.is_some(), &[Feed]),
        ("pages", !source.pages.is_empty(), &[Pages]),
        ("links", source.links.is_some(), &[Pages]),
        ("under", source.under.is_some(), &[Pages]),
        ("select", !source.select.is_empty(), &[Feed, Pages]),
        ("robots", source.robots.is_some(), &[Feed, Calendar, Pages]),
        ("zone", source.zone.is_some(), &[Calendar]),
        ("ahead", source.ahead.is_some(), &[Calendar]),
    ] {
        if is_there && !kinds.contains(&source.kind) {
            note(
                found,
                &at(key),
                format!("`{key}` means nothing to a source of kind {word}, in [sources.{name}]"),
            );
        }
    }
}
