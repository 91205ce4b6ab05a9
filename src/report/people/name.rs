//! Where a name begins and ends in a run of capitalised words, and which runs are no name.
//!
//! In: a sentence and a run of its words. Out: the bytes that are a full name, or nothing. What the run has before the
//! name (roles, forms of address, houses) and behind it (the house again) is cut off; titles, buildings, places and
//! what stands in a genitive are nobody. The surprising thing: no list of given names is asked. What is left of a run
//! is a name if it has two to five capitals.

use std::sync::LazyLock;

use regex::Regex;

use super::before::before_name;
use super::roles::is_role;
use super::russian;
use super::words::{holds, is_address, is_institution, is_no_name};
use crate::report::place::is_place;
use crate::report::prose::pattern;
use crate::report::venue::is_kind_of_building;

/// Capitalised words in a row, with the small words that names contain.
pub(super) static RUN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\p{Lu}[\p{L}\p{M}’'-]*\.?(?: (?:(?:van|von|de|del|della|da|di|dos|du|bin|ibn|al|ter|zu|y|i|e)(?: (?:der|den|dem|la|las|los))? )?(?:d[’'])?\p{Lu}[\p{L}\p{M}’'-]*\.?){0,7}",
    )
});

/// Where the name begins in a run: behind roles, forms of address, abbreviations and institutions.
pub(super) fn name_start(run: &str) -> Option<usize> {
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
    let is_building = name.iter().any(|(_, word)| is_kind_of_building(word));
    let has_article = name
        .iter()
        .any(|(_, word)| matches!(*word, "Der" | "Die" | "Das" | "The" | "Den"));
    // "Северному Аралу": no given name ends like an adjective in another case.
    let is_declined = name.first().is_some_and(|(_, word)| {
        word.chars().count() > 5 && ["ому", "ему", "ого"].iter().any(|ending| word.ends_with(ending))
    });
    let mut capitalised = name.iter().filter(|(_, word)| is_capital(word));
    let is_name = (2..=5).contains(&capitals)
        && !is_building
        && !has_article
        && (whole_words >= 2 || (whole_words == 1 && initials >= 2))
        && !is_place(&run[first..])
        && !capitalised.all(|(_, word)| is_place(word))
        && !is_declined;
    is_name.then_some(first)
}

/// "die Uhrmacherin Zoé Jean": no article stands before a given name, so what it stands before is as what the person
/// speaks, and a name needs two words more. How many bytes are no part of the name; `None` if nothing is.
pub(super) fn behind_article(before: &str, name: &str) -> Option<usize> {
    const GERMAN: &str = "der die das den dem des ein eine einen einem einer vom zum zur im am";
    const OTHERS: &str = "the le la les el los las l’ l'";
    let last = before
        .trim_end()
        .rsplit([' ', '(', '\u{a0}'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let is_german = holds(GERMAN, &last);
    if !is_german && !holds(OTHERS, &last) {
        return Some(0);
    }
    let (first, rest) = name.split_once(' ')?;
    let capitals = rest
        .split(' ')
        .filter(|word| word.starts_with(char::is_uppercase))
        .count();
    let is_noun = is_german && !first.ends_with("en") || is_role(first);
    (is_noun && capitals >= 2 && rest.starts_with(char::is_uppercase)).then_some(first.len() + 1)
}

/// "Benedikt Sauer von der Universität Altmoor": the house behind a name is no part of it.
pub(super) fn before_house(run: &str) -> &str {
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
pub(super) fn is_title(before: &str, after: &str) -> bool {
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
pub(super) fn is_named_thing(before: &str) -> bool {
    const THINGS: &str = "roman novel film buch book libro livre novela película роман книга фильм села селе село \
        деревни деревне города городе посёлка посёлке станции улицы улице village pueblo dorf gemeinde town";
    let before = before.trim_end();
    let last = before.rsplit([' ', '\u{a0}']).next().unwrap_or_default().to_lowercase();
    let is_latin = !russian::is_cyrillic(&last);
    let is_capital = before
        .rsplit(' ')
        .next()
        .is_some_and(|word| word.starts_with(char::is_uppercase));
    holds(THINGS, &last)
        || (is_latin && !is_capital && before.ends_with(char::is_lowercase) && is_institution(&last) && !is_role(&last))
}

/// "the Centre for Coastal Policy", "Instituto Litoral de Estudios Fluviales": capitals of the name of a house.
pub(super) fn is_within_house(before: &str) -> bool {
    const SMALL: &str = "of for and the de del la las los y e et des du für und der para & pour les";
    let mut words = before.trim_end().rsplit(' ').peekable();
    if !words.peek().is_some_and(|word| holds(SMALL, word)) {
        return false;
    }
    words
        .take(9)
        .take_while(|word| {
            holds(SMALL, word) || (word.starts_with(char::is_uppercase) && !word.ends_with([',', '.', ';', ':']))
        })
        .any(|word| word.starts_with(char::is_uppercase) && is_institution(word))
}

/// "the solicitor Imran Vashti": a role and right behind it a full name.
pub(super) fn is_named_with_role(words: &str, at: usize, run: &str) -> bool {
    let Some(name_at) = name_start(run) else { return false };
    let before = words.get(..at + name_at).unwrap_or_default();
    let last = without_address(before).rsplit(' ').next().unwrap_or_default();
    is_role(last) || (russian::is_cyrillic(last) && before_name(before).is_some())
}

/// The text before a name without the forms of address that belong to it: "Prof. Dr.", "Dr. h. c.", "doña".
pub(super) fn without_address(before: &str) -> &str {
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

/// Whether the name is the object of something else: "the work of the cartographer Colombani".
pub(super) fn is_oblique(before: &str, role: Option<&str>) -> bool {
    const OF: &str = "of for about like than after des du de del d’ d' von vom über sur sobre о об от an named nach zu \
        à au";
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
    last.last().is_some_and(|word| holds(OF, &word.to_lowercase()))
}
