//! People in lists, in lines that name the speakers, and as editors state them: a name, and behind a mark as what.
//!
//! In: a text with its lines, or one item. Out: people with role and affiliation. The surprising thing: who stands in
//! such a list speaks, so even a profession that no list of ours knows says as what.

use std::sync::LazyLock;

use regex::Regex;

use super::name::{RUN, name_start};
use super::role::role_of;
use super::roles::is_role;
use super::words::{LISTED, is_address, is_institution};
use crate::report::Person;
use crate::report::prose::{pattern, tidy};

/// People of a list, one a line: "- Ada Quist, Head of Water Law". One such line alone is a sentence in a list.
pub(super) fn bulleted(text: &str) -> Vec<Person> {
    static BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:[-•*–—·▪]|\d{1,2}[.)])\s+(?P<item>.+)$"));
    let items = text
        .lines()
        .filter_map(|line| BULLET.captures(line)?.name("item").map(|item| item.as_str()));
    let people: Vec<Person> = items.filter_map(listed_person).collect();
    if people.len() >= 2 { people } else { Vec::new() }
}

/// People of lines that name the speakers: "Speakers: Ada Quist (Altmoor Institute); Bo Orr".
pub(super) fn labelled(text: &str) -> Vec<Person> {
    let lines = text
        .lines()
        .filter_map(|line| LISTED.captures(line)?.name("people").map(|people| people.as_str()));
    lines
        .flat_map(|people| people.split(';').filter_map(listed_person))
        .collect()
}

/// "Prof. Dr. Ada Quist (Altmoor Institute)", "Ada Quist, lawyer, partner of the firm": a name and as what.
fn listed_person(text: &str) -> Option<Person> {
    let text = tidy(text);
    let text = text.trim_end_matches(['.', ';', ',']);
    let run = RUN.find(text).filter(|run| run.start() == 0)?;
    let name = run.as_str().trim_end_matches('.');
    let at = name_start(name)?;
    let before = &name[..at];
    let is_led = before
        .split_whitespace()
        .all(|word| is_address(word) || word.split('-').any(is_role) || word.ends_with('.'));
    let rest = &text[name.len()..];
    let says = match rest.strip_prefix(" (") {
        Some(inner) => inner.split_once(')').map_or(inner, |(inner, _)| inner),
        None => [", ", " – ", " — ", ": "]
            .iter()
            .find_map(|mark| rest.strip_prefix(mark))
            .unwrap_or_default(),
    };
    if !is_led || (says.is_empty() && !rest.is_empty()) {
        return None;
    }
    // "Ada Quist, lawyer – «The port as a door»": what she spoke of is not as what.
    let says = [" – ", " — "]
        .iter()
        .find_map(|dash| says.split_once(dash))
        .map_or(says, |(says, _)| says);
    let says = says.trim_matches([' ', '–', '—', ',']);
    let says = if says.starts_with(['«', '“', '„', '"', '»']) {
        ""
    } else {
        says
    };
    let person = stated(&format!("{}, {says}", &name[at..]));
    let is_house = |house: &str| house.split([' ', '-']).any(is_institution) && house.split(' ').count() <= 10;
    let (role, affiliation) = match (person.role, person.affiliation) {
        (role, Some(second)) if !is_house(&second) => (role, None),
        // "historian, lecturer of the Altmoor Academy"
        (role, Some(second)) => (role, role_of(&second).1),
        (role, None) => (role, None),
    };
    // In a list even an unknown word behind the comma says as what: "Ada Quist, pneumologist".
    let (role, affiliation) = match (role, affiliation) {
        (None, None) => (person_word(says), None),
        other => other,
    };
    Some(Person {
        name: person.name,
        role: role.or_else(|| before.split_whitespace().find(|word| is_role(word)).map(str::to_owned)),
        affiliation,
    })
}

/// A short noun in lower case, or capitalised as German has it, without a sentence around it.
fn person_word(says: &str) -> Option<String> {
    let first = says.split(", ").next().unwrap_or(says).trim();
    let is_short = !first.is_empty() && first.split(' ').count() <= 5 && !first.contains(|c: char| c.is_ascii_digit());
    (is_short && !is_institution(first)).then(|| first.to_owned())
}

/// "Name, Role, Affiliation" as editors write it; role and affiliation may be missing.
pub(in crate::report) fn stated(text: &str) -> Person {
    let text = tidy(text);
    let mut parts = text.splitn(3, ',').map(|part| part.trim().to_owned());
    let name = parts.next().unwrap_or_default();
    let mut rest = parts.filter(|part| !part.is_empty());
    let (role, affiliation) = (rest.next(), rest.next());
    match (role, affiliation) {
        (Some(role), None) => {
            let (role, affiliation) = role_of(&role);
            Person {
                name,
                role,
                affiliation,
            }
        }
        (role, affiliation) => Person {
            name,
            role,
            affiliation,
        },
    }
}
