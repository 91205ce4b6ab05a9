//! Lists: texts that go into headers, addresses, and references to relays, sources and cadences.

use indexmap::IndexMap;

use super::{Problems, SHORTER, address, backfill, languages, length, note, one_line};
use crate::config::problem::did_you_mean;
use crate::config::{Config, List};
use crate::subscriber::Mailbox;

/// Words that a cadence cannot have, because editions sent by hand carry it.
const RESERVED_CADENCES: [&str; 1] = ["manual"];

/// Keys of a list that people put below `[lists.NAME.cadences]`, where they would be cadences.
const KEYS: [&str; 21] = [
    "title",
    "description",
    "from",
    "reply_to",
    "bounce_address",
    "basis",
    "languages",
    "topics",
    "sources",
    "relay",
    "default_cadence",
    "backfill",
    "missed",
    "missed_grace",
    "in_doubt",
    "approval",
    "preview_to",
    "preview_before",
    "public",
    "full_text_of_one",
    "welcome",
];

pub(in crate::config) fn is_list_key(key: &str) -> bool {
    KEYS.contains(&key)
}

pub(super) fn problems(config: &Config, name: &str, list: &List, found: &mut Problems) {
    let at = |key| ["lists", name, key];
    if list.title.trim().is_empty() {
        note(found, &at("title"), format!("`lists.{name}.title` is empty"));
    }
    one_line(found, &at("title"), &list.title);
    if let Err(error) = Mailbox::parse(&list.from) {
        note(
            found,
            &at("from"),
            format!("`lists.{name}.from` is \"{}\": {error}", list.from.escape_debug()),
        );
    }
    for (key, text) in [("reply_to", &list.reply_to), ("bounce_address", &list.bounce_address)] {
        match text {
            // A reply may go to a name; the envelope knows only addresses.
            Some(text) if key == "reply_to" && Mailbox::parse(text).is_ok() => {}
            Some(text) => address(found, &at(key), text),
            None => {}
        }
    }
    for text in &list.preview_to {
        address(found, &at("preview_to"), text);
    }
    languages(found, &at("languages"), &list.languages);
    backfill(found, &at("backfill"), list.backfill);
    length(found, &at("missed_grace"), list.missed_grace, SHORTER);
    length(
        found,
        &at("preview_before"),
        list.preview_before.unwrap_or_default(),
        SHORTER,
    );
    topics(name, list, found);
    references(config, name, list, found);
    for word in list.cadences.keys() {
        cadence_word(name, word, found);
    }
}

/// Topics stand in URLs and in cells of CSV files, so that their terms must be told apart there.
fn topics(name: &str, list: &List, found: &mut Problems) {
    let (mut terms, mut labels) = (Vec::new(), Vec::new());
    for (term, label) in &list.topics {
        let path = ["lists", name, "topics", term];
        if term.trim().is_empty() || term.chars().any(|c| c.is_control() || "/|;".contains(c)) {
            note(
                found,
                &path,
                format!(
                    "the topic \"{}\" may not be empty or hold / | ; or line breaks",
                    term.escape_debug()
                ),
            );
        }
        if label.trim().is_empty() {
            note(found, &path, format!("the topic `{term}` has no label"));
        }
        one_line(found, &path, label);
        let (term_key, label_key) = (term.to_lowercase(), label.to_lowercase());
        if terms.contains(&term_key) || labels.contains(&label_key) {
            note(
                found,
                &path,
                format!("the topic `{term}` = \"{label}\" stands twice in [lists.{name}.topics]"),
            );
        }
        terms.push(term_key);
        labels.push(label_key);
    }
}

fn references(config: &Config, name: &str, list: &List, found: &mut Problems) {
    let at = |key| ["lists", name, key];
    match &list.relay {
        Some(relay) => refers(found, &at("relay"), relay, &config.relays, "relay"),
        None if config.relays.len() > 1 => note(
            found,
            &at("relay"),
            format!(
                "`relay` is missing in [lists.{name}]; there are several: {}",
                keys(&config.relays)
            ),
        ),
        None if config.relays.is_empty() => {
            note(
                found,
                &at("relay"),
                format!("the list `{name}` has no relay; add a section [relays.NAME]"),
            );
        }
        None => {}
    }
    for (index, source) in list.sources.iter().enumerate() {
        refers(found, &at("sources"), source, &config.sources, "source");
        if list.sources.iter().take(index).any(|before| before == source) {
            note(
                found,
                &at("sources"),
                format!("`lists.{name}.sources` has \"{source}\" twice"),
            );
        }
    }
    if let Some(word) = &list.default_cadence {
        refers(found, &at("default_cadence"), word, &list.cadences, "cadence");
    }
}

fn refers<T>(found: &mut Problems, path: &[&str], word: &str, known: &IndexMap<String, T>, what: &str) {
    if !known.contains_key(word) {
        let cure = did_you_mean(word, known.keys().map(String::as_str)).unwrap_or_else(|| match known.is_empty() {
            true => "; there is none".to_owned(),
            false => format!("; there are {}", keys(known)),
        });
        note(
            found,
            path,
            format!("`{}`: there is no {what} `{word}`{cure}", path.join(".")),
        );
    }
}

fn keys<T>(map: &IndexMap<String, T>) -> String {
    map.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn cadence_word(name: &str, word: &str, found: &mut Problems) {
    let path = ["lists", name, "cadences", word];
    if RESERVED_CADENCES.contains(&word) {
        note(
            found,
            &path,
            format!("the word `{word}` is taken by editions sent by hand; choose another"),
        );
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if word.is_empty() || word.len() > 64 || !word.chars().all(fits) {
        note(
            found,
            &path,
            format!("the cadence `{word}` may have only a-z, 0-9, hyphens and underscores"),
        );
    }
}
