//! Who spoke: people with role and affiliation as the text gives them.
//!
//! In: the paragraphs. Out: full names in the order of the text. Every run of capitalised words is looked at once: a
//! verb of speaking beside it, or words that lead to a speaker before it, make it a person; the words before it and
//! the apposition behind it say as what. The surprising thing: a surname alone is nobody new. It means the person of
//! that name already met, or no one.

mod role;
mod russian;
mod words;

use std::sync::LazyLock;

use regex::Regex;

use self::role::{apposition, before_name, role_before, role_of};
use self::words::{ACTS_AFTER, LEADS_TO, LISTED, LISTS, SPEAKS_AFTER, SPEAKS_BEFORE, is_no_name};
pub(super) use self::words::{is_address, is_institution, is_role};
use super::Person;
use super::place::is_place;
use super::prose::{opening, pattern, sentences, tidy};

/// More people than this are a list of participants.
const MOST_PEOPLE: usize = 60;
const LONGEST_SENTENCE: usize = 4_000;
/// Text beyond this is no longer asked for names: twenty pages of a report have named everyone.
const LOOK_AT: usize = 40_000;

/// Capitalised words in a row, with the small words that names contain.
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\p{Lu}[\p{L}\p{M}’'-]*\.?(?: (?:(?:van|von|de|del|della|da|di|dos|du|bin|ibn|al|ter|zu|y|i|e)(?: (?:der|den|dem|la|las|los))? )?(?:d[’'])?\p{Lu}[\p{L}\p{M}’'-]*\.?){0,7}",
    )
});

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
        for person in bulleted(text) {
            let words = person.name.clone();
            enter(&mut met, person, true, false, words);
        }
        for line in text.lines() {
            if let Some(listed) = LISTED.captures(line).and_then(|captures| captures.name("people")) {
                for person in listed.as_str().split(';').filter_map(listed_person) {
                    let words = person.name.clone();
                    enter(&mut met, person, true, false, words);
                }
            }
        }
        if is_byline(text) {
            continue;
        }
        // What follows a sentence about the next event in its paragraph tells of that too.
        let mut is_elsewhen = false;
        for sentence in text.lines().flat_map(sentences) {
            is_elsewhen |=
                super::event::is_of_another_event(sentence) || (is_report && super::status::tells_of_future(sentence));
            meet(opening(sentence, LONGEST_SENTENCE), is_elsewhen, &mut met);
        }
    }
    shorten(&mut met, paragraphs);
    mark_main_characters(&mut met, paragraphs);
    let speaking: Vec<Met> = met.into_iter().filter(|one| one.speaks && !one.elsewhere).collect();
    let words: Vec<&str> = speaking.iter().map(|one| one.words.as_str()).collect();
    let words = super::prose::quoted(&words.join(" | "));
    let mut people: Vec<Person> = speaking.into_iter().map(|one| one.person).collect();
    people.truncate(MOST_PEOPLE);
    (people, words)
}

/// "ILEF" and "Centro" by themselves mean the house that the text names in full: "Instituto ... (ILEF)", "Centro de ...".
pub(super) fn spell_out(people: &mut [Person], text: &str) {
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
            person.affiliation = Some(full.as_str().to_owned());
        }
    }
}

/// "Director of the Institute" in a report of the Altmoor Institute is one of that house.
pub(super) fn at_home(people: &mut [Person], organiser: &str) {
    static OF_THE_HOUSE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^(?P<role>.+?)\s(?:of (?:the|our)|de la |de l[’']|du|del|de la|des|der|unseres|нашего)?\s?(?P<house>\p{L}{4,})$",
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

/// What the text says of somebody whose name is known from elsewhere; `None` if it says that they were not there.
pub(super) fn about(name: &str, paragraphs: &[&str]) -> Option<Person> {
    let mut met: Vec<Met> = Vec::new();
    let mut budget = LOOK_AT;
    for paragraph in paragraphs {
        let text = opening(paragraph, budget);
        budget -= text.len();
        for sentence in sentences(text).into_iter().filter(|sentence| sentence.contains(name)) {
            let is_elsewhen = super::event::is_of_another_event(sentence);
            meet(opening(sentence, LONGEST_SENTENCE), is_elsewhen, &mut met);
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
fn meet(sentence: &str, is_elsewhen: bool, met: &mut Vec<Met>) {
    // "- 10.00 Uhr »Title«: Anna Weber": a line of a programme names who speaks at that hour.
    static PROGRAMME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[-•*]?\s*\d{1,2}[.:h]\d{2}\b"));
    let is_list = LISTS
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
            let in_list = is_list.is_some_and(|from| from <= run.start());
            enter(
                met,
                one.person,
                one.speaks || in_list,
                one.elsewhere || is_elsewhen,
                one.words,
            );
        } else if let Some(known) = known_by_surname(run.as_str(), met)
            && is_active(opening(&sentence[run.end()..], 120))
        {
            known.speaks = true;
        }
    }
}

/// "Актриса Дарья Велемир", elsewhere "Дарья Велемир": what stands before a name only once is no part of it.
fn shorten(met: &mut Vec<Met>, paragraphs: &[&str]) {
    let count = |name: &str| -> usize { paragraphs.iter().map(|text| text.matches(name).count()).sum() };
    for at in 0..met.len() {
        let Some(name) = met.get(at).map(|one| one.person.name.clone()) else {
            break;
        };
        if let Some((first, rest)) = name.split_once(' ')
            && rest.contains(' ')
            && russian::is_cyrillic(&name)
            && count(rest) > count(&name)
            && let Some(one) = met.get_mut(at)
        {
            one.person.name = rest.to_owned();
            one.person.role = one.person.role.take().or_else(|| Some(first.to_lowercase()));
        }
    }
    let mut kept: Vec<Met> = Vec::new();
    for one in met.drain(..) {
        // "Poot Navarrete" behind "Itzel Poot Navarrete" is the same.
        let ending = format!(" {}", one.person.name);
        match kept.iter_mut().find(|known| {
            let name = &known.person.name;
            *name == one.person.name || name.ends_with(&ending) || russian::is_same(name, &one.person.name)
        }) {
            Some(known) => {
                known.speaks |= one.speaks;
                known.person.role = known.person.role.take().or(one.person.role);
                known.person.affiliation = known.person.affiliation.take().or(one.person.affiliation);
            }
            None => kept.push(one),
        }
    }
    *met = kept;
}

/// Who is named again and again, by surname, is whom the report is about: it was there. A genitive does not count; what
/// is told of the dead are their works.
fn mark_main_characters(met: &mut [Met], paragraphs: &[&str]) {
    const MENTIONS: usize = 2;
    for one in met.iter_mut().filter(|one| !one.speaks && !one.elsewhere) {
        let Some(surname) = one
            .person
            .name
            .rsplit(' ')
            .next()
            .filter(|name| name.chars().count() > 3)
        else {
            continue;
        };
        let mentions = paragraphs.iter().flat_map(|text| {
            let text = opening(text, LONGEST_SENTENCE);
            text.match_indices(surname).filter(move |(at, _)| {
                let (before, after) = (&text[..*at], &text[at + surname.len()..]);
                !before.ends_with(char::is_alphanumeric)
                    && !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '’' | '\''))
            })
        });
        one.speaks = mentions.count() > MENTIONS;
    }
}

/// Whether a verb of speaking or acting follows.
fn is_active(after: &str) -> bool {
    SPEAKS_AFTER.is_match(after) || ACTS_AFTER.is_match(after)
}

/// People of a list, one a line: "- Ada Quist, Head of Water Law". One such line alone is a sentence in a list.
fn bulleted(text: &str) -> Vec<Person> {
    static BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:[-•*–—·▪]|\d{1,2}[.)])\s+(?P<item>.+)$"));
    let items = text
        .lines()
        .filter_map(|line| BULLET.captures(line)?.name("item").map(|item| item.as_str()));
    let people: Vec<Person> = items.filter_map(listed_person).collect();
    if people.len() >= 2 { people } else { Vec::new() }
}

/// "Farquharson has spent nine years": the surname of somebody already met.
fn known_by_surname<'a>(run: &str, met: &'a mut [Met]) -> Option<&'a mut Met> {
    let surname = run.rsplit(' ').next()?;
    let mut bearers = met.iter_mut().filter(|one| {
        let name = &one.person.name;
        name.len() > surname.len()
            && name.ends_with(surname)
            && name[..name.len() - surname.len()].ends_with([' ', '-'])
    });
    let one = bearers.next()?;
    // Of two who bear it, none is meant for sure.
    bearers.next().is_none().then_some(one)
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
fn enter(met: &mut Vec<Met>, person: Person, speaks: bool, elsewhere: bool, words: String) {
    let is_same = |one: &Met| one.person.name == person.name || russian::is_same(&one.person.name, &person.name);
    match met.iter_mut().find(|one| is_same(one)) {
        Some(known) => {
            if known.person.role.is_none() {
                known.person.role = person.role;
            }
            if known.person.affiliation.is_none() {
                known.person.affiliation = person.affiliation;
            }
            known.elsewhere |= elsewhere && !known.speaks;
            known.speaks |= speaks;
        }
        None => met.push(Met {
            person,
            speaks,
            elsewhere,
            words,
        }),
    }
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
    let spoken = is_active(opening(beyond, 160)) || (apposition.is_none() && is_active(opening(after, 160)));
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
    let role_words = before_name(near).or_else(|| noun_behind_article(near));
    let last_word = near.trim_end().rsplit(' ').next().unwrap_or_default();
    let is_object = is_oblique(near, role_words.as_deref()) || russian::is_declined_role(last_word);
    if is_object && !led && !spoken {
        // "the Ministry of Foreign Affairs", "the diary of the miner Georg Altmann"
        return None;
    }
    // What stands behind a Russian name says as what they speak only in the nominative, as the roles of our list are.
    let is_declined = name.chars().any(|c| ('а'..='я').contains(&c))
        && apposition.is_some_and(|words| !words.split([' ', '-']).any(is_role))
        && !after.starts_with(" (");
    let says_as_what = (apposition.is_some() && !is_declined) || of_house.is_some() || role_words.is_some();
    let (mut role, mut affiliation) = apposition.map(role_of).unwrap_or_default();
    affiliation = affiliation.or(of_house.map(|(house, _)| house));
    // "a doctoral student (Bluenose University)", ", who teaches at the university"
    affiliation = affiliation.or_else(|| role::house_in_brackets(beyond));
    if let Some((in_clause, house)) = role::of_clause(after) {
        role = role.or(in_clause);
        affiliation = affiliation.or(house);
    }
    if let Some(words) = role_words {
        let (before_role, before_affiliation) = role_before(&words);
        if role.is_none() {
            role = before_role;
        }
        affiliation = affiliation.or(before_affiliation);
    }
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

/// "Benedikt Sauer von der Universität Altmoor": the house behind a name is no part of it.
fn before_house(run: &str) -> &str {
    let words: Vec<&str> = run.split(' ').collect();
    let is_small = |word: &str| word.starts_with(char::is_lowercase);
    let cut = (2..words.len()).find(|at| {
        let rest = words.get(*at..).unwrap_or_default();
        let house = rest.iter().find(|word| !is_small(word));
        rest.first().is_some_and(|word| is_small(word))
            && (house.is_some_and(|word| is_institution(word))
                || rest.iter().skip(1).take(3).any(|word| is_institution(word)))
    });
    match cut.and_then(|at| words.get(..at)) {
        Some(name) => run.get(..name.join(" ").len()).unwrap_or(run),
        None => run,
    }
}

/// Whether a run opens a quotation: a title, not a person.
fn is_title(before: &str, after: &str) -> bool {
    const OPEN: [char; 6] = ['“', '„', '«', '"', '»', '‘'];
    const CLOSE: [char; 6] = ['”', '“', '»', '"', '«', '’'];
    let is_apart = |text: &str| text.chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
    let opens = before.strip_suffix(OPEN).is_some_and(is_apart);
    let closes = after
        .strip_prefix(CLOSE)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    opens || (closes && before.rfind(OPEN).is_some_and(|at| !before[at..].contains(' ')))
}

/// Whether the word before says that a house, a village or a work bears the name that follows.
fn is_named_thing(before: &str) -> bool {
    const THINGS: &[&str] = &[
        "roman",
        "novel",
        "film",
        "buch",
        "book",
        "libro",
        "livre",
        "novela",
        "película",
        "роман",
        "книга",
        "фильм",
        "села",
        "селе",
        "село",
        "деревни",
        "деревне",
        "города",
        "городе",
        "посёлка",
        "посёлке",
        "станции",
        "улицы",
        "улице",
        "village",
        "pueblo",
        "dorf",
        "gemeinde",
        "town",
    ];
    let last = before
        .trim_end()
        .rsplit([' ', '\u{a0}'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let is_latin = last.chars().all(|c| !('а'..='я').contains(&c));
    THINGS.contains(&last.as_str())
        || (is_latin
            && !last.is_empty()
            && before.trim_end().ends_with(char::is_lowercase)
            && is_institution(&last)
            && !is_role(&last)
            && !before
                .trim_end()
                .rsplit(' ')
                .next()
                .is_some_and(|word| word.starts_with(char::is_uppercase)))
}

/// "die Uhrmacherin Zoé Jean": no article stands before a given name, so what it stands before is as what the person
/// speaks, and a name needs two words more. How many bytes are no part of the name; `None` if nothing is.
fn behind_article(before: &str, name: &str) -> Option<usize> {
    const ARTICLES: &[&str] = &[
        "the", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "vom", "zum", "zur",
        "im", "am", "le", "la", "les", "el", "los", "las", "l’", "l'",
    ];
    let last = before
        .trim_end()
        .rsplit([' ', '(', '\u{a0}'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if !ARTICLES.contains(&last.as_str()) {
        return Some(0);
    }
    let (first, rest) = name.split_once(' ')?;
    let is_german = matches!(
        last.as_str(),
        "der"
            | "die"
            | "das"
            | "den"
            | "dem"
            | "des"
            | "ein"
            | "eine"
            | "einen"
            | "einem"
            | "einer"
            | "vom"
            | "zum"
            | "zur"
            | "im"
            | "am"
    );
    let capitals = rest
        .split(' ')
        .filter(|word| word.starts_with(char::is_uppercase))
        .count();
    let is_noun = is_german && !first.ends_with("en") || is_role(first);
    (is_noun && capitals >= 2 && rest.starts_with(char::is_uppercase)).then_some(first.len() + 1)
}

/// "the solicitor Imran Vashti": a role and right behind it a full name.
fn is_named_with_role(words: &str, at: usize, run: &str) -> bool {
    let Some(name_at) = name_start(run) else { return false };
    let before = words.get(..at + name_at).unwrap_or_default();
    let last = without_address(before).rsplit(' ').next().unwrap_or_default();
    is_role(last) || (last.chars().any(|c| ('а'..='я').contains(&c)) && before_name(before).is_some())
}

/// "the Centre for Coastal Policy", "Instituto Litoral de Estudios Fluviales": capitals of the name of a house.
fn is_within_house(before: &str) -> bool {
    const SMALL: &[&str] = &[
        "of", "for", "and", "the", "de", "del", "la", "las", "los", "y", "e", "et", "des", "du", "für", "und", "der",
        "para", "&", "pour", "les",
    ];
    let mut words = before.trim_end().rsplit(' ').peekable();
    if !words.peek().is_some_and(|word| SMALL.contains(word)) {
        return false;
    }
    words
        .take(9)
        .take_while(|word| {
            SMALL.contains(word) || (word.starts_with(char::is_uppercase) && !word.ends_with([',', '.', ';', ':']))
        })
        .any(|word| word.starts_with(char::is_uppercase) && is_institution(word))
}

/// The text before a name without the forms of address that belong to it: "Prof. Dr.", "Dr. h. c.", "doña".
fn without_address(before: &str) -> &str {
    let mut before = before.trim_end();
    while let Some((rest, last)) = before.rsplit_once(' ') {
        let is_degree = matches!(
            last,
            "h." | "c." | "med." | "jur." | "phil." | "habil." | "em." | "D." | "R."
        ) && !matches!(rest.rsplit(' ').next(), Some("a." | "i."));
        if !is_address(last) && !is_degree {
            break;
        }
        before = rest.trim_end();
    }
    before
}

/// The capitalised noun right before a German name, if an article stands before it.
fn noun_behind_article(near: &str) -> Option<String> {
    let (before, noun) = near.trim_end().rsplit_once(' ')?;
    let article = before.rsplit([' ', '(']).next()?.to_lowercase();
    let is_led = matches!(article.as_str(), "der" | "die" | "den" | "dem");
    (is_led
        && noun.chars().count() >= 4
        && noun.starts_with(char::is_uppercase)
        && noun.chars().all(char::is_alphabetic))
    .then(|| match article.as_str() {
        // "den Journalisten": weak nouns show their nominative.
        "den" | "dem" => noun.strip_suffix("en").unwrap_or(noun).to_owned(),
        _ => noun.to_owned(),
    })
}

/// Whether the name is the object of something else: "the work of the cartographer Colombani".
fn is_oblique(before: &str, role: Option<&str>) -> bool {
    let mut before = before.trim_end();
    while let Some((rest, _)) = before.rsplit_once(' ').filter(|(_, last)| is_address(last)) {
        before = rest.trim_end();
    }
    if let Some(rest) = role.and_then(|role| before.strip_suffix(role)) {
        before = rest.trim_end();
    }
    let mut last: Vec<&str> = before.rsplit([' ', '(']).take(2).collect();
    last.reverse();
    if let [of, "the" | "la" | "el" | "l’" | "l'"] = last.as_slice() {
        last = vec![of];
    }
    last.last().is_some_and(|word| {
        matches!(
            word.to_lowercase().as_str(),
            "of" | "for"
                | "about"
                | "like"
                | "than"
                | "after"
                | "des"
                | "du"
                | "de"
                | "del"
                | "d’"
                | "d'"
                | "von"
                | "vom"
                | "über"
                | "sur"
                | "sobre"
                | "о"
                | "об"
                | "от"
                | "an"
                | "named"
                | "nach"
                | "zu"
                | "à"
                | "au"
        )
    })
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
    let ends_name = |word: &str, is_last: bool| {
        let letters = word.trim_end_matches('.');
        let is_short_form =
            letters.chars().count() > 1 && !letters.contains('-') && letters.chars().all(char::is_uppercase);
        // Small words within a name ("van der") are part of it.
        let is_capital = letters.starts_with(char::is_uppercase);
        is_capital
            // "Vera Kanzler", "Eva Richter": what ends the run is a surname.
            && ((is_role(word) && !is_last)
                || is_address(word)
                || is_institution(word)
                || is_short_form
                || is_no_name(word)
                || word.ends_with("’s")
                || word.ends_with("'s"))
    };
    // "Gwenola Le Dantec": an article within a name is part of it.
    let is_article = |at: usize, word: &str| at > 0 && matches!(word, "Le" | "La" | "Les" | "El" | "De" | "Da");
    let last = words
        .iter()
        .enumerate()
        .rev()
        .find(|(at, (_, word))| !is_article(*at, word) && ends_name(word, at + 1 == words.len()));
    // "Fundación Barrio Palermo": what follows a house is its name.
    if last.is_some_and(|(_, (_, word))| is_institution(word) && !is_role(word)) {
        return None;
    }
    let from = last.map_or(0, |(at, _)| at + 1);
    let name = words.get(from..)?;
    // "Leiter der Stadtbibliothek Oberau": what begins with a small word is no name.
    if name
        .first()
        .is_some_and(|(_, word)| word.chars().next().is_some_and(char::is_lowercase))
    {
        return None;
    }
    let is_capital = |word: &str| {
        let bare = word.strip_prefix("d’").or(word.strip_prefix("d'")).unwrap_or(word);
        bare.starts_with(char::is_uppercase)
    };
    let capitals = name.iter().filter(|(_, word)| is_capital(word)).count();
    let whole_words = name
        .iter()
        .filter(|(_, word)| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
        .count();
    let first = name.first()?.0;
    let initials = name
        .iter()
        .filter(|(_, word)| word.ends_with('.') && word.chars().count() == 2)
        .count();
    // "Casona de los Arrieros", "Kleine Markthalle": a building is nobody.
    let is_building = name.iter().any(|(_, word)| super::venue::is_kind_of_building(word));
    let has_article = name
        .iter()
        .any(|(_, word)| matches!(*word, "Der" | "Die" | "Das" | "The" | "Den"));
    let is_name = (2..=5).contains(&capitals)
        && !is_building
        && !has_article
        && (whole_words >= 2 || (whole_words == 1 && initials >= 2))
        && !is_place(&run[first..])
        && !name
            .iter()
            .filter(|(_, word)| is_capital(word))
            .all(|(_, word)| is_place(word))
        // "Северному Аралу": no given name ends like an adjective in another case.
        && !name.first().is_some_and(|(_, word)| {
            ["ому", "ему", "ого", "ского"].iter().any(|ending| word.ends_with(ending)) && word.chars().count() > 5
        });
    is_name.then_some(first)
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
    let says = says
        .split(
            [" – ", " — "]
                .iter()
                .find(|dash| says.contains(**dash))
                .unwrap_or(&"\u{0}"),
        )
        .next()
        .unwrap_or(says);
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

fn last_of(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}
