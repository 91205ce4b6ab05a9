//! Sources: each kind has its keys, and a key of another kind usually means that `kind` was forgotten.

use super::{Problems, note};
use crate::config::{Source, SourceKind};

pub(super) fn problems(name: &str, source: &Source, found: &mut Problems) {
    use SourceKind::{Calendar, Feed, Folder};
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
        _ => {}
    }
    if let Some(time) = source.interval {
        super::length(found, &at("interval"), time, "write such as \"1h\"");
    }
    if let Some(url) = &source.url
        && (!matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some())
    {
        note(
            found,
            &at("url"),
            format!("`sources.{name}.url` must begin with https:// or http:// and hold no password"),
        );
    }
    for (key, is_there, kinds) in [
        ("path", source.path.is_some(), &[Folder, Calendar][..]),
        ("url", source.url.is_some(), &[Feed, Calendar]),
        ("interval", source.interval.is_some(), &[Feed, Calendar]),
        ("full_text", source.full_text.is_some(), &[Feed]),
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
