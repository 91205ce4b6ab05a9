//! Who spoke: people with role and affiliation as the text gives them.
//!
//! In: the paragraphs. Out: full names in the order of the text. Every run of capitalised words is looked at once: a
//! verb of speaking beside it, or words that lead to a speaker before it, make it a person; the words before it and
//! the apposition behind it say as what. The surprising thing: a surname alone is nobody new. It means the person of
//! that name already met, or no one.

mod role;
mod words;

use std::sync::LazyLock;

use regex::Regex;

use self::role::{apposition, before_name, role_before, role_of};
pub(super) use self::words::is_address;
use self::words::{LEADS_TO, LISTED, SPEAKS_AFTER, SPEAKS_BEFORE, is_institution, is_no_name, is_role};
use super::Person;
use super::place::is_place;
use super::prose::{opening, pattern, sentences, tidy};

/// More people than this are a list of participants.
const MOST_PEOPLE: usize = 60;
const LONGEST_SENTENCE: usize = 4_000;

/// Capitalised words in a row, with the small words that names contain.
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\p{Lu}[\p{L}\p{M}’'-]*\.?(?: (?:(?:van|von|de|del|della|der|den|da|di|dos|du|bin|ibn|al|ter|zu)(?: (?:der|den|la|las|los))? )?\p{Lu}[\p{L}\p{M}’'-]*\.?){0,7}",
    )
});

/// Everyone who speaks, and the words by which the first was known.
pub(super) fn find(paragraphs: &[&str]) -> (Vec<Person>, String) {
    let mut people: Vec<Person> = Vec::new();
    let mut seen = Vec::new();
    let mut budget = super::prose::LOOK_AT;
    for paragraph in paragraphs {
        if budget == 0 || people.len() >= MOST_PEOPLE {
            break;
        }
        let text = opening(paragraph, budget);
        budget -= text.len();
        for line in text.lines() {
            if let Some(listed) = LISTED.captures(line).and_then(|captures| captures.name("people")) {
                for person in listed.as_str().split(';').filter_map(listed_person) {
                    enter(&mut people, person);
                }
            }
        }
        for sentence in sentences(text) {
            let sentence = opening(sentence, LONGEST_SENTENCE);
            let mut beyond = 0;
            for run in RUN.find_iter(sentence) {
                // "Ada Quist, Head of Water Law, said": what tells as what she speaks is nobody else.
                if run.start() < beyond {
                    continue;
                }
                if let Some((person, words, end)) = speaker(sentence, run.start(), run.end()) {
                    beyond = end;
                    if !people.iter().any(|one| one.name == person.name) {
                        seen.push(words);
                    }
                    enter(&mut people, person);
                }
            }
        }
    }
    people.truncate(MOST_PEOPLE);
    (people, super::prose::quoted(&seen.join(" | ")))
}

/// "Name, Role, Affiliation" as editors write it; role and affiliation may be missing.
pub(super) fn stated(text: &str) -> Person {
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

/// A later mention adds what the first left out.
fn enter(people: &mut Vec<Person>, person: Person) {
    match people.iter_mut().find(|one| one.name == person.name) {
        Some(known) => {
            if known.role.is_none() {
                known.role = person.role;
                known.affiliation = known.affiliation.take().or(person.affiliation);
            }
        }
        None => people.push(person),
    }
}

/// The person of one run of capitalised words, if the sentence shows that they speak.
fn speaker(sentence: &str, start: usize, end: usize) -> Option<(Person, String, usize)> {
    let run = sentence[start..end].trim_end_matches('.');
    let end = start + run.len();
    let name_at = start + name_start(run)?;
    let name = tidy(&sentence[name_at..end]);
    let (before, after) = (&sentence[..name_at], &sentence[end..]);
    if [" of ", " of the ", " for "]
        .iter()
        .any(|small| before.ends_with(small))
        && !LEADS_TO.is_match(last_of(before, 300))
    {
        // "the Ministry of Foreign Affairs said"
        return None;
    }
    let (apposition, beyond) = apposition(after);
    let spoken = SPEAKS_AFTER.is_match(opening(beyond, 120))
        || (apposition.is_none() && SPEAKS_AFTER.is_match(opening(after, 120)));
    let near = last_of(before, 300);
    let led = LEADS_TO
        .captures(near)
        .or_else(|| SPEAKS_BEFORE.captures(near))
        .filter(|captures| {
            // Between the leading word and the name stands at most a role.
            captures
                .name("prefix")
                .is_some_and(|prefix| prefix.as_str().trim().is_empty() || before_name(prefix.as_str()).is_some())
        });
    if !spoken && led.is_none() {
        return None;
    }
    let (mut role, mut affiliation) = apposition.map(role_of).unwrap_or_default();
    if role.is_none()
        && let Some(words) = before_name(near)
    {
        let (before_role, before_affiliation) = role_before(&words);
        role = before_role;
        affiliation = affiliation.or(before_affiliation);
    }
    let told = end + (after.len() - beyond.len());
    // A few words more, to the end of a word: enough to find the place again.
    let shown = sentence[told..]
        .match_indices(' ')
        .nth(3)
        .map_or(sentence.len(), |(at, _)| told + at);
    let words = sentence[name_at..shown].to_owned();
    Some((
        Person {
            name,
            role,
            affiliation,
        },
        words,
        told,
    ))
}

/// Where the name begins in a run: behind roles, forms of address, abbreviations and institutions.
fn name_start(run: &str) -> Option<usize> {
    let words: Vec<(usize, &str)> = run
        .split(' ')
        .scan(0, |at, word| {
            let here = *at;
            *at += word.len() + 1;
            Some((here, word))
        })
        .collect();
    let ends_name = |word: &str| {
        let letters = word.trim_end_matches('.');
        let is_short_form =
            letters.chars().count() > 1 && !letters.contains('-') && letters.chars().all(char::is_uppercase);
        // Small words within a name ("van der") are part of it.
        let is_capital = letters.starts_with(char::is_uppercase);
        is_capital
            && (is_role(word)
                || is_address(word)
                || is_institution(word)
                || is_short_form
                || is_no_name(word)
                || word.ends_with("’s")
                || word.ends_with("'s"))
    };
    let from = words
        .iter()
        .rposition(|(_, word)| ends_name(word))
        .map_or(0, |at| at + 1);
    let name = words.get(from..)?;
    let capitals = name
        .iter()
        .filter(|(_, word)| word.starts_with(char::is_uppercase))
        .count();
    let whole_words = name
        .iter()
        .filter(|(_, word)| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
        .count();
    let first = name.first()?.0;
    let is_name = (2..=4).contains(&capitals)
        && whole_words >= 2
        && !is_place(&run[first..])
        && !name.iter().any(|(_, word)| is_place(word));
    is_name.then_some(first)
}

fn listed_person(text: &str) -> Option<Person> {
    let text = tidy(text);
    let text = text.trim_end_matches('.');
    let person = match text.split_once(" (") {
        Some((name, rest)) => {
            let (role, affiliation) = role_of(rest.trim_end_matches(')'));
            Person {
                name: name.to_owned(),
                role,
                affiliation,
            }
        }
        None => stated(text),
    };
    let run = RUN.find(&person.name)?;
    let is_whole = run.start() == 0 && run.end() == person.name.len();
    let at = name_start(&person.name).filter(|_| is_whole)?;
    Some(Person {
        name: person.name.get(at..)?.to_owned(),
        ..person
    })
}

fn last_of(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}
