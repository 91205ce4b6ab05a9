//! Who spoke: people with role and affiliation as the text gives them.
//!
//! In: the paragraphs. Out: full names in the order of the text. Every run of capitalised words is looked at once: a
//! verb of speaking beside it, or words that lead to a speaker before it, make it a person; the words before it and
//! the apposition behind it say as what. The surprising thing: a surname alone is nobody new. It means the person of
//! that name already met, or no one.

mod before;
mod home;
mod listed;
mod name;
mod role;
mod roles;
mod russian;
mod same;
mod words;

use std::sync::LazyLock;

use regex::Regex;

use self::before::{before_name, noun_behind_article, role_before};
pub(super) use self::home::{at_home, spell_out};
pub(super) use self::listed::stated;
use self::listed::{bulleted, labelled};
use self::name::{
    RUN, before_house, behind_article, is_named_thing, is_named_with_role, is_oblique, is_title, is_within_house,
    name_start, without_address,
};
use self::role::{apposition, role_of};
pub(super) use self::roles::is_role;
use self::same::{enter, known_by_surname, shorten};
use self::words::{LEADS_TO, LISTS, SPEAKS_AFTER, SPEAKS_BEFORE};
pub(super) use self::words::{is_address, is_institution};
use super::Person;
use super::prose::{opening, pattern, sentences, tidy};

/// More people than this are a list of participants.
const MOST_PEOPLE: usize = 60;
const LONGEST_SENTENCE: usize = 4_000;
/// Text beyond this is no longer asked for names: twenty pages of a report have named everyone.
const LOOK_AT: usize = 40_000;

/// A full name met in the text, with what speaks for and against it.
struct Met {
    person: Person,
    /// Something shows that they speak.
    speaks: bool,
    /// Dead, absent, quoted from elsewhere, or of another event.
    elsewhere: bool,
    words: String,
}

/// Everyone who speaks, and the words by which they were known.
pub(super) fn find(paragraphs: &[&str]) -> (Vec<Person>, String) {
    let mut met: Vec<Met> = Vec::new();
    let mut budget = LOOK_AT;
    // Where the text tells of what was held, a sentence in the future tells of the next event.
    let is_report = super::event::early(paragraphs)
        .iter()
        .any(|sentence| super::event::tells_of_past(sentence));
    for paragraph in paragraphs {
        if budget == 0 || met.len() >= MOST_PEOPLE {
            break;
        }
        let text = opening(paragraph, budget);
        budget -= text.len();
        for person in bulleted(text).into_iter().chain(labelled(text)) {
            let words = person.name.clone();
            enter(&mut met, person, true, false, words);
        }
        if is_byline(text) {
            continue;
        }
        // What follows a sentence about the next event in its paragraph tells of that too.
        let mut is_of_another = false;
        for sentence in text.lines().flat_map(sentences) {
            is_of_another |=
                super::event::is_of_another_event(sentence) || (is_report && super::status::tells_of_future(sentence));
            meet(opening(sentence, LONGEST_SENTENCE), is_of_another, &mut met);
        }
    }
    shorten(&mut met, paragraphs);
    let speaking: Vec<Met> = met.into_iter().filter(|one| one.speaks && !one.elsewhere).collect();
    let words: Vec<&str> = speaking.iter().map(|one| one.words.as_str()).collect();
    let words = super::prose::quoted(&words.join(" | "));
    let mut people: Vec<Person> = speaking.into_iter().map(|one| one.person).collect();
    people.truncate(MOST_PEOPLE);
    (people, words)
}

/// What the text says of somebody whose name is known from elsewhere; `None` if it says that they were not there.
pub(super) fn about(name: &str, paragraphs: &[&str]) -> Option<Person> {
    let mut met: Vec<Met> = Vec::new();
    let mut budget = LOOK_AT;
    for paragraph in paragraphs {
        let text = opening(paragraph, budget);
        budget -= text.len();
        for sentence in sentences(text).into_iter().filter(|sentence| sentence.contains(name)) {
            let is_of_another = super::event::is_of_another_event(sentence);
            meet(opening(sentence, LONGEST_SENTENCE), is_of_another, &mut met);
        }
    }
    match met.into_iter().find(|one| one.person.name == name) {
        Some(one) if one.elsewhere => None,
        Some(one) => Some(one.person),
        None => Some(Person {
            name: name.to_owned(),
            ..Person::default()
        }),
    }
}

/// Looks at every name of one sentence.
fn meet(sentence: &str, is_of_another: bool, met: &mut Vec<Met>) {
    // "- 10.00 Uhr »Title«: Anna Weber": a line of a programme names who speaks at that hour.
    static PROGRAMME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[-•*]?\s*\d{1,2}[.:h]\d{2}\b"));
    let list_from = LISTS
        .find(sentence)
        .or_else(|| PROGRAMME.find(sentence))
        .map(|words| words.end());
    let mut beyond = 0;
    for run in RUN.find_iter(sentence) {
        // "Ada Quist, Head of Water Law, said": what tells as what she speaks is nobody else.
        if run.start() < beyond {
            continue;
        }
        if let Some(one) = look_at(sentence, run.start(), run.end()) {
            beyond = one.end;
            let in_list = list_from.is_some_and(|from| from <= run.start());
            enter(
                met,
                one.person,
                one.speaks || in_list,
                one.elsewhere || is_of_another,
                one.words,
            );
        } else if let Some(known) = known_by_surname(run.as_str(), met)
            && SPEAKS_AFTER.is_match(opening(&sentence[run.end()..], 120))
        {
            known.speaks = true;
        }
    }
}

/// A line that says who wrote the report.
fn is_byline(text: &str) -> bool {
    static BYLINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\W*(?:[Bb]y|[Tt]ext|[Tt]exte|[Tt]exto|[Vv]on|[Pp]or|[Pp]ar|Фото|Текст|Автор|Photos?|Fotos?)\s*:?\s+\p{Lu}",
        )
    });
    text.chars().count() <= 120
        && !text.trim_end().ends_with('.')
        && (BYLINE.is_match(text) || super::event::is_byline(text))
}

/// One name in a sentence, looked at.
struct Looked {
    person: Person,
    speaks: bool,
    elsewhere: bool,
    words: String,
    /// Where what belongs to the name ends.
    end: usize,
}

/// The person of one run of capitalised words, and whether the sentence shows that they speak.
fn look_at(sentence: &str, start: usize, end: usize) -> Option<Looked> {
    // "Brigadier a. D. Urspeter Hasenfratz": the D. is the end of his rank.
    let rank = ["D. ", "R. "].iter().find(|rank| {
        sentence[start..end].starts_with(**rank) && sentence[..start].ends_with(['.', ' ']) && {
            let before = sentence[..start].trim_end();
            before.ends_with(" a.") || before.ends_with(" i.")
        }
    });
    let start = start + rank.map_or(0, |rank| rank.len());
    let run = sentence[start..end].trim_end_matches('.');
    let run = run.split(" zu Gast").next().unwrap_or(run);
    let run = before_house(run);
    let end = start + run.len();
    if is_title(&sentence[..start], &sentence[end..]) || is_named_thing(&sentence[..start]) {
        return None;
    }
    let name_at = start + name_start(run)?;
    let name_at = name_at + behind_article(&sentence[..name_at], &sentence[name_at..end])?;
    let name = russian::person(&tidy(&sentence[name_at..end]));
    let (before, after) = (&sentence[..name_at], &sentence[end..]);
    if is_within_house(before) {
        return None;
    }
    let near = without_address(last_of(before, 200));
    let of_house = role::house(after);
    let is_next_person = |words: &str| {
        RUN.find_iter(words)
            .any(|run| is_named_with_role(words, run.start(), run.as_str()))
    };
    let (apposition, beyond) = match &of_house {
        Some((_, length)) => (None, &after[*length..]),
        None => match apposition(after) {
            // "the solicitor Imran Vashti" behind a comma is the next of a list.
            (Some(words), _) if is_next_person(words) => (None, after),
            other => other,
        },
    };
    let spoken = SPEAKS_AFTER.is_match(opening(beyond, 160))
        || (apposition.is_none() && SPEAKS_AFTER.is_match(opening(after, 160)));
    let leading = format!("{near} ");
    let led = LEADS_TO
        .captures(&leading)
        .or_else(|| SPEAKS_BEFORE.captures(&leading))
        .is_some_and(|captures| {
            // Between the leading word and the name stands at most a role, or an object of few words.
            captures.name("prefix").is_some_and(|prefix| {
                let prefix = prefix.as_str().trim();
                prefix.is_empty() || prefix.split(' ').count() <= 3 || before_name(prefix).is_some()
            })
        });
    // "die Uhrmacherin Zoé Jean": the article shows that the noun behind it says as what.
    let role_words = before_name(near);
    let noun = noun_behind_article(near).filter(|_| role_words.is_none());
    let last_word = near.trim_end().rsplit(' ').next().unwrap_or_default();
    let is_object = is_oblique(near, role_words.as_deref().or(noun.as_deref())) || russian::is_declined_role(last_word);
    if is_object && !led && !spoken {
        // "the Ministry of Foreign Affairs", "the diary of the miner Georg Altmann"
        return None;
    }
    // What stands behind a Russian name says as what they speak only in the nominative, as the roles of our list are.
    let is_declined = russian::is_cyrillic(&name)
        && apposition.is_some_and(|words| !words.split([' ', '-']).any(is_role))
        && !after.starts_with(" (");
    let says_as_what =
        (apposition.is_some() && !is_declined) || of_house.is_some() || role_words.is_some() || noun.is_some();
    let (mut role, mut affiliation) = apposition.map(role_of).unwrap_or_default();
    affiliation = affiliation.or(of_house.map(|(house, _)| house));
    // "a doctoral student (Bluenose University)", ", who teaches at the university"
    affiliation = affiliation.or_else(|| role::house_in_brackets(beyond));
    if let Some((in_clause, house)) = role::of_clause(after) {
        role = role.or(in_clause);
        affiliation = affiliation.or(house);
    }
    let (before_role, before_affiliation) = match role_words {
        Some(words) => role_before(&words),
        None => (noun, None),
    };
    role = role.or(before_role);
    affiliation = affiliation.or(before_affiliation);
    let told = end + (after.len() - beyond.len());
    // A few words more, to the end of a word: enough to find the place again.
    let shown = sentence[told..]
        .match_indices(' ')
        .nth(3)
        .map_or(sentence.len(), |(at, _)| told + at);
    Some(Looked {
        speaks: spoken || led || says_as_what,
        elsewhere: words::is_elsewhere(near, after),
        words: sentence[name_at..shown].to_owned(),
        person: Person {
            name,
            role,
            affiliation,
        },
        end: told,
    })
}

fn last_of(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}
