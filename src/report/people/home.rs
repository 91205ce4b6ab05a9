//! The houses of people as the whole text names them: short names spelled out, and the house that held the event.
//!
//! In: people as one sentence tells of them, and the text or the organiser. Out: the same people, with the full names
//! of their houses. The surprising thing: "Director of the Institute" names no house by itself. In a report of the
//! Altmoor Institute it is that one.

use std::sync::LazyLock;

use regex::Regex;

use super::role::without_article;
use super::roles::is_role;
use super::words::is_institution;
use super::{LOOK_AT, last_of};
use crate::report::Person;
use crate::report::prose::{opening, pattern};

/// "ILEF" and "Centro" by themselves mean the house that the text names in full: "Instituto ... (ILEF)", "Centro de ...".
pub(in crate::report) fn spell_out(people: &mut [Person], text: &str) {
    static HOUSE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\p{Lu}[\p{L}\p{M}’'-]*(?: (?:(?:of|for|the|and|de|del|la|las|los|y|et|des|du|für|der|d[’']) ?){0,3}\p{Lu}[\p{L}\p{M}’'-]*){1,8}",
        )
    });
    let text = opening(text, LOOK_AT);
    for person in people {
        let Some(short) = person.affiliation.clone() else {
            continue;
        };
        if short.contains([' ', '-']) {
            continue;
        }
        let is_short_name = short.chars().count() >= 3 && short.chars().all(char::is_uppercase);
        let full = if is_short_name {
            text.split_once(&format!(" ({short})")).and_then(|(before, _)| {
                let before = last_of(before, 160);
                HOUSE
                    .find_iter(before)
                    .last()
                    .filter(|house| house.end() == before.len())
            })
        } else if is_institution(&short) {
            HOUSE
                .find_iter(text)
                .find(|house| house.as_str().starts_with(&format!("{short} ")))
        } else {
            None
        };
        if let Some(full) = full {
            person.affiliation = Some(without_article(full.as_str()).to_owned());
        }
    }
}

/// "Director of the Institute" in a report of the Altmoor Institute is one of that house.
pub(in crate::report) fn at_home(people: &mut [Person], organiser: &str) {
    static OF_THE_HOUSE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^(?P<role>.+?)\s(?:of (?:the|our)|de l[’']|du|del|de la|des|der|unseres|нашего)?\s?(?P<house>\p{L}{4,})$",
        )
    });
    static COMPOUND: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?P<house>Institut|Zentrum|Stiftung|Archiv|Museum|Akademie|Verein|Kolleg)s(?P<role>leiter|direktor|referent|sprecher|mitarbeiter)(?:in)?$",
        )
    });
    let organiser_words: Vec<String> = organiser.split([' ', '-']).map(str::to_lowercase).collect();
    // The same kind of house in any case or number: they share their first letters.
    let is_its_kind = |word: &str| {
        let word = word.to_lowercase();
        is_institution(&word)
            && organiser_words.iter().any(|own| {
                let shared = own.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
                shared >= 5 && shared + 3 >= own.chars().count().min(word.chars().count())
            })
    };
    for person in people {
        if let Some(affiliation) = &person.affiliation {
            if !affiliation.contains(' ') && is_its_kind(affiliation) {
                person.affiliation = Some(organiser.to_owned());
            }
            continue;
        }
        let Some(role) = &person.role else { continue };
        if COMPOUND
            .captures(role)
            .and_then(|captures| captures.name("house"))
            .is_some_and(|house| is_its_kind(house.as_str()))
        {
            person.affiliation = Some(organiser.to_owned());
        } else if let Some(captures) = OF_THE_HOUSE.captures(role)
            && let (Some(head), Some(house)) = (captures.name("role"), captures.name("house"))
            && is_its_kind(house.as_str())
            && !is_role(house.as_str())
        {
            person.affiliation = Some(organiser.to_owned());
            person.role = Some(head.as_str().trim_end_matches([' ', ',']).to_owned());
        }
    }
}
