//! The city of the event, and its country if the text states it.
//!
//! In: the sentences that say what took place. Out: the city as the text writes it. Known cities are taken after a
//! plain "in"; an unknown name only after words that speak of a place ("held in", "at its office in"). The surprising
//! thing: Russian declines its cities, so there only those of a small table are found, in their dictionary form.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::prose::{pattern, tidy};

/// Known cities, one a line; `Москве = Москва` gives a declined form its dictionary form.
const CITIES: &str = include_str!("place/cities.txt");
/// Names that stand after "in" and are no city: countries, regions, languages, months.
const NO_CITIES: &str = include_str!("place/countries.txt");

static KNOWN: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let lines = CITIES
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once('=') {
            Some((form, name)) => (form.trim().to_lowercase(), name.trim()),
            None => (line.to_lowercase(), line),
        })
        .collect()
});

static COUNTRIES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    NO_CITIES
        .lines()
        .map(|line| line.trim().to_lowercase())
        .filter(|line| !line.is_empty())
        .collect()
});

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) city: String,
    pub(super) country: Option<String>,
    pub(super) rule: &'static str,
    pub(super) words: String,
}

/// Whether a name is a country, a region or a known city: none of them is a person.
pub(super) fn is_place(name: &str) -> bool {
    let name = name.to_lowercase();
    COUNTRIES.contains(&name) || KNOWN.contains_key(&name)
}

/// A place as a page or an editor states it in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) venue: Option<String>,
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
}

/// "Hall, 12 Street, Vienna, Austria" by its commas: known cities and countries by their names, what comes first and
/// is neither is the venue.
pub(super) fn stated(text: &str) -> Parts {
    let mut parts = Parts::default();
    let pieces: Vec<String> = text.split([',', ';', '·', '|', '(', ')']).map(tidy).collect();
    for (at, piece) in pieces.iter().filter(|piece| !piece.is_empty()).enumerate() {
        let lower = piece.to_lowercase();
        // "1000 Bruxelles", "Lima 27": the code of a district is no part of a name.
        let bare: Vec<&str> = piece
            .split(' ')
            .filter(|word| !word.chars().any(|c| c.is_ascii_digit()))
            .collect();
        let bare = bare.join(" ");
        if let Some(city) = KNOWN.get(&bare.to_lowercase()).filter(|_| parts.city.is_none()) {
            let is_same = city.to_lowercase() == bare.to_lowercase();
            parts.city = Some(if is_same { bare } else { (*city).to_owned() });
        } else if COUNTRIES.contains(&lower) && !is_month_or_language(piece) {
            parts.country = parts.country.or_else(|| Some(piece.clone()));
        } else if at == 0 && piece.chars().any(char::is_alphabetic) {
            parts.venue = Some(piece.clone());
        }
    }
    parts
}

pub(super) fn find(sentences: &[&str], first_paragraph: &str) -> Option<Place> {
    let tied = |rule: fn(&str) -> Option<Place>| sentences.iter().find_map(|sentence| rule(sentence));
    tied(beside_place_words)
        .or_else(|| tied(known_after_in))
        .or_else(|| dateline(first_paragraph))
}

/// "Place: Moscow, Hall 2": a line that states the place; only a known city is taken from it.
pub(super) fn labelled(blocks: &[&str]) -> Option<Place> {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\W*(?:place|where|venue|location|city|ort|wo|stadt|место|город|где|lieu|ville|où|lugar|ciudad|dónde)\s*[:：]\s*",
        )
    });
    static ANY: LazyLock<Regex> = LazyLock::new(|| pattern(NAME));
    blocks.iter().flat_map(|block| block.lines()).find_map(|line| {
        let from = LABEL.find(line)?.end();
        ANY.captures_iter(&line[from..])
            .filter_map(|captures| captures.name("name"))
            .find_map(|name| known(line, from + name.start(), name.as_str(), "line that states the place"))
    })
}

const NAME: &str = r"(?P<name>\p{Lu}[\p{L}’'.-]+(?:(?:,? |-)(?:(?:am|an der|auf|de|del|do|la|le|les|sur|upon|of) )?\p{Lu}[\p{L}’'.-]+){0,3})";

/// "held in X", "at its office in X", "fand in X statt": a name is a city even if we have not heard of it.
fn beside_place_words(sentence: &str) -> Option<Place> {
    static STRONG: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?:\b(?:held|hosted|place|offices?|headquarters|venue|campus|hall|convened|met|gathered|opened|fand(?:en)?|findet|Büro|Sitz|Zentrale|siège|bureaux?|lieu|sede|oficinas?|lugar)\s+(?:in|at|à|en)|\b(?:office|headquarters) (?:in|at))\s+{NAME}"
        ))
    });
    let captures = STRONG
        .captures_iter(sentence)
        .filter_map(|captures| captures.name("name"));
    captures.into_iter().find_map(|name| {
        let words = whole_words(sentence, name.start(), name.end());
        if let Some(place) = known(sentence, name.start(), name.as_str(), "place words before a city") {
            return Some(place);
        }
        let first = name.as_str().split([' ', ',']).next()?.trim_end_matches('.');
        let is_city = !is_place(first)
            && !is_place(name.as_str())
            && !name.as_str().contains(',')
            && name.as_str().split(' ').count() <= 2;
        let is_building = BUILDING.is_match(name.as_str());
        (is_city && !is_building).then(|| Place {
            city: tidy(name.as_str().trim_end_matches(['.', ',', '-'])),
            country: country_after(&sentence[name.end()..]),
            rule: "place words before a name",
            words,
        })
    })
}

/// What one can be in, and is no city.
static BUILDING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:room|hall|building|hotel|institut|universit|cent(?:er|re)|library|museum|palace|house|saal|haus|zentrum|raum|street|avenue|partnership|cooperation|english|german|russian|french|spanish|spring|summer|autumn|winter)",
    )
});

/// "in Moscow", where the city is a known one.
fn known_after_in(sentence: &str) -> Option<Place> {
    static AFTER_IN: LazyLock<Regex> =
        LazyLock::new(|| pattern(&format!(r"\b(?:[Ii]n|[Aa]t|à|À|[Ee]n|[Вв]о?|[Nn]ach|[Ii]m)\s+{NAME}")));
    AFTER_IN
        .captures_iter(sentence)
        .filter_map(|captures| captures.name("name"))
        .find_map(|name| known(sentence, name.start(), name.as_str(), "known city after \"in\""))
}

/// "BERLIN, 3 June —" or "Berlin, Germany —" before the first sentence, "Wien, 12. Mai 2026".
fn dateline(paragraph: &str) -> Option<Place> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\W{0,3}(?P<name>\p{Lu}[\p{L}.’'-]+(?: \p{Lu}[\p{L}.’'-]+){0,3})(?:, \p{Lu}[\p{L} ]{2,30})?\s*(?:,\s*(?:\p{L}+,? )?[^—–]{0,30}?\d[^—–]{0,30}(?:[—–]| - |$)|[—–]| - )",
        )
    });
    let name = LINE.captures(super::prose::opening(paragraph, 200))?.name("name")?;
    let mut place = known(paragraph, name.start(), name.as_str(), "dateline")?;
    if place.city.chars().all(|c| !c.is_lowercase()) {
        place.city = KNOWN
            .get(&place.city.to_lowercase())
            .map_or(place.city, |city| (*city).to_owned());
    }
    Some(place)
}

/// The longest run of words from the start of `name` that is a known city.
fn known(sentence: &str, start: usize, name: &str, rule: &'static str) -> Option<Place> {
    let mut ends: Vec<usize> = name.match_indices([' ', ',']).map(|(at, _)| at).collect();
    ends.push(name.len());
    ends.iter().rev().find_map(|end| {
        let candidate = name[..*end].trim_end_matches(['.', ',', '-']);
        let city = KNOWN
            .get(&candidate.to_lowercase())
            .or_else(|| KNOWN.get(&format!("{}.", candidate.to_lowercase())))?;
        // As the text writes it, unless the text declines it.
        let is_same = city.to_lowercase() == candidate.to_lowercase();
        let end = start + candidate.len();
        Some(Place {
            city: if is_same { tidy(candidate) } else { (*city).to_owned() },
            country: country_after(&sentence[end..]),
            rule,
            words: whole_words(sentence, start, end),
        })
    })
}

/// ", Germany" or " (Germany)" right after the city.
fn country_after(rest: &str) -> Option<String> {
    static COUNTRY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^(?:, | \()(?:the )?(?P<name>\p{Lu}[\p{L}’'-]+(?: (?:and |of )?\p{Lu}[\p{L}’'-]+){0,3})")
    });
    let name = COUNTRY.captures(rest)?.name("name")?.as_str();
    let is_country = COUNTRIES.contains(&name.to_lowercase()) && !is_month_or_language(name);
    is_country.then(|| name.to_owned())
}

fn is_month_or_language(name: &str) -> bool {
    let marker = NO_CITIES.split_once("# no countries").map_or("", |(_, rest)| rest);
    marker.lines().any(|line| line.trim().eq_ignore_ascii_case(name))
}

/// The name with the two words before it, for the provenance.
fn whole_words(sentence: &str, start: usize, end: usize) -> String {
    let before = &sentence[..start];
    let from = before.trim_end().rmatch_indices(' ').nth(2).map_or(0, |(at, _)| at + 1);
    sentence[from..end].to_owned()
}
