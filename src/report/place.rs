//! The city of the event, and its country if the text states it.
//!
//! In: the sentences that say what took place. Out: the city as the text writes it. Known cities are taken after a
//! plain "in"; an unknown name only after words that speak of a place ("held in", "at its office in"). The surprising
//! thing: Russian declines its cities, so there only those of a small table are found, in their dictionary form.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::labels::{Label, Stated};
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

/// What each rule finds, the surest first. The sentences come in the order of their worth: the dated one, the title,
/// then those that tell what took place.
pub(super) fn find(sentences: &[&str], early: Option<&[&str]>, first_paragraph: &str) -> Vec<Place> {
    let tied = |rule: fn(&str) -> Option<Place>| {
        sentences
            .iter()
            .map(|sentence| without_asides(sentence))
            .find_map(|sentence| rule(&sentence))
    };
    let found = [
        tied(beside_venue),
        dateline(first_paragraph),
        tied(beside_place_words),
        early.and_then(|early| first_of(early).find_map(beside_venue)),
        tied(known_after_in),
    ];
    found.into_iter().flatten().chain(early.and_then(only_one)).collect()
}

/// The only city that the first sentences name with "in": where else would it have been?
fn only_one(early: &[&str]) -> Option<Place> {
    const FIRST: usize = 4;
    static AFTER_IN: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b(?:[Ii]n|à|À|[Ee]n|[Вв]о?)\s+{NAME}")));
    let sentences = early
        .iter()
        .take(FIRST)
        .enumerate()
        .filter(|(at, one)| *at == 0 || super::event::tells_of_event(one))
        .map(|(_, one)| one)
        .filter(|one| !super::event::is_elsewhen(one));
    let mut places = sentences.flat_map(|sentence| {
        AFTER_IN
            .captures_iter(sentence)
            .filter_map(|captures| captures.name("name"))
            .filter_map(|name| {
                known(
                    sentence,
                    name.start(),
                    name.as_str(),
                    "only city of the first sentences",
                )
            })
            .collect::<Vec<_>>()
    });
    let first = places.next()?;
    places.all(|other| other.city == first.city).then_some(first)
}

/// What stands in brackets is said aside: "(in Moscow it will be eleven)".
fn without_asides(sentence: &str) -> String {
    static ASIDE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\([^()]{0,200}\)"));
    ASIDE.replace_all(sentence, "").into_owned()
}

/// A line of facts near the top that names a known city among its parts: "Hörsaal C, Wilhelminenbau, Marburg".
pub(super) fn in_head_line(lines: &[&str]) -> Option<(Place, Option<String>)> {
    /// A longer line is a sentence.
    const LONGEST: usize = 120;
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\p{L} \d{1,4} ?[a-d]?(?:,|$|\s*[·|])|\b\d{4,6}\b\s+\p{Lu}|©|\btel\b|@|\b(?:str|street|straße|rue|calle|avenue|ул)\.?\b|https?:|^(?:von|by|por|par)\b",
        )
    });
    let head = lines.iter().take(12).flat_map(|text| text.lines());
    head.filter(|line| line.chars().count() <= LONGEST && !ADDRESS.is_match(line) && !line.ends_with(['?', '!']))
        .filter(|line| super::prose::sentences(line).len() <= 2)
        .find_map(|line| {
            let parts: Vec<&str> = line.split([',', '·', '|', ';', '•']).map(str::trim).collect();
            let at = parts
                .iter()
                .position(|part| is_known_city(part.trim_end_matches('.')))?;
            // A city alone is a crumb or a dateline; beside a place or a day it is a fact.
            let others: Vec<&&str> = parts
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != at)
                .map(|(_, part)| part)
                .collect();
            let has_day = others.iter().any(|part| part.chars().any(|c| c.is_ascii_digit()));
            let venue = others
                .iter()
                .find(|part| {
                    super::venue::is_building(part) && !part.chars().next().is_some_and(|c| c.is_ascii_digit())
                })
                .map(|part| tidy(part.trim_end_matches('.')));
            let name = parts.get(at)?.trim_end_matches('.');
            (has_day || venue.is_some()).then(|| {
                let country = parts.get(at + 1).filter(|part| is_country(part)).map(|part| tidy(part));
                let place = Place {
                    city: in_nominative(name),
                    country,
                    rule: "line of facts near the top",
                    words: line.to_owned(),
                };
                (place, venue)
            })
        })
}

fn is_known_city(name: &str) -> bool {
    KNOWN.contains_key(&name.to_lowercase())
}

fn is_country(name: &str) -> bool {
    COUNTRIES.contains(&name.to_lowercase()) && !is_month_or_language(name)
}

fn in_nominative(name: &str) -> String {
    match KNOWN.get(&name.to_lowercase()) {
        Some(city) if city.to_lowercase() != name.to_lowercase() || !name.contains(char::is_lowercase) => {
            (*city).to_owned()
        }
        _ => tidy(name),
    }
}

/// "Place: Moscow, Hall 2": a line that states the place; a known city is taken from it, and a country.
pub(super) fn labelled(labels: &[Stated<'_>]) -> Option<Place> {
    static ANY: LazyLock<Regex> = LazyLock::new(|| pattern(NAME));
    const RULE: &str = "line that states the place";
    labels
        .iter()
        .filter(|one| matches!(one.label, Label::Place | Label::City))
        .find_map(|one| {
            let parts = stated(one.value);
            if let Some(city) = parts.city {
                return Some(Place {
                    city,
                    country: parts.country,
                    rule: RULE,
                    words: one.value.to_owned(),
                });
            }
            let within = ANY
                .captures_iter(one.value)
                .filter_map(|captures| captures.name("name"))
                .find_map(|name| known(one.value, name.start(), name.as_str(), RULE));
            within
                .map(|place| Place {
                    country: place.country.or_else(|| parts.country.clone()),
                    ..place
                })
                .or_else(|| {
                    let is_whole = one.label == Label::City && one.value.split(' ').count() <= 3;
                    is_whole.then(|| Place {
                        city: tidy(one.value),
                        country: None,
                        rule: RULE,
                        words: one.value.to_owned(),
                    })
                })
        })
}

/// "at the Torrens Pavilion in Adelaide", "im Gewölbesaal in Görlitz", "salle des Moulins, à Chartres": a name behind a
/// building and "in" is a city, known or not.
fn beside_venue(sentence: &str) -> Option<Place> {
    super::venue::all(sentence)
        .iter()
        .find_map(|venue| city_behind(sentence, venue))
}

/// The first building of the first sentences behind which a known city stands.
pub(super) fn venue_beside_city(early: &[&str]) -> Option<super::venue::Venue> {
    first_of(early).find_map(|sentence| {
        let venues = super::venue::all(sentence);
        venues.into_iter().find(|venue| city_behind(sentence, venue).is_some())
    })
}

fn first_of<'a>(early: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    const FIRST: usize = 12;
    let sentences = early.iter().take(FIRST).copied();
    sentences.filter(|one| !super::event::is_elsewhen(one))
}

fn city_behind(sentence: &str, venue: &super::venue::Venue) -> Option<Place> {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"^(?:,? (?:in|at|à|en|of|de|в|nach|on the (?:edge|outskirts) of|in the (?:heart|cent(?:re|er)) of|en el (?:centro|corazón) de|au cœur de|im (?:Zentrum|Herzen) (?:von)?|в центре)|,)\s+{NAME}"
        ))
    });
    let captures = BEHIND.captures(&sentence[venue.end..])?;
    let name = captures.name("name")?;
    let start = venue.end + name.start();
    known(sentence, start, name.as_str(), "known city beside a venue")
        .or_else(|| beside_region(sentence, start, name.as_str()))
}

/// "Guelph, Canada": what stands before a known country is a city, known or not.
fn beside_region(sentence: &str, start: usize, name: &str) -> Option<Place> {
    let (city, region) = name.split_once(", ")?;
    (is_country(region) && !is_place(city)).then(|| Place {
        city: tidy(city),
        country: None,
        rule: "name beside a venue and a region",
        words: whole_words(sentence, start, start + name.len()),
    })
}

const NAME: &str = r"(?P<name>\p{Lu}[\p{L}’'.-]+(?:(?:,? |-)(?:(?:am|an der|auf|de|del|do|la|le|les|sur|upon|of) )?\p{Lu}[\p{L}’'.-]+){0,3})";

/// "held in X", "at its office in X", "fand in X statt": a name is a city even if we have not heard of it.
fn beside_place_words(sentence: &str) -> Option<Place> {
    static STRONG: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?:\b(?:held|hosted|place|offices?|headquarters|venue|campus|convened|met|gathered|arrived|fand(?:en)?|findet|Ankunft|llegó|llegaron|Büro|Sitz|Zentrale|siège|bureaux?|lieu|sede|oficinas?|lugar)\s+(?:in|at|à|en|a)|\b(?:office|headquarters) (?:in|at))\s+{NAME}"
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
        LazyLock::new(|| pattern(&format!(r"\b(?:[Ii]n|[Aa]t|à|À|[Ee]n|[Вв]о?|городе|Stadt)\s+{NAME}")));
    AFTER_IN
        .captures_iter(sentence)
        .filter_map(|captures| captures.name("name"))
        .filter(|name| is_of_the_event(sentence, name.start()))
        .find_map(|name| known(sentence, name.start(), name.as_str(), "known city after \"in\""))
}

/// Whether the clause that holds the name tells of the event too, or is nothing but the place.
fn is_of_the_event(sentence: &str, at: usize) -> bool {
    let from = sentence[..at].rfind([',', ';', ':', '—']).map_or(0, |mark| mark + 1);
    let from = sentence.ceil_char_boundary(from);
    let to = sentence[at..]
        .find([',', ';', ':'])
        .map_or(sentence.len(), |mark| at + mark);
    let before = sentence.get(from..at).unwrap_or_default();
    let mut words = before.split_whitespace();
    let is_relative = matches!(
        words.next(),
        Some("die" | "der" | "das" | "who" | "which" | "qui" | "que" | "которая" | "который")
    );
    (words.next().is_none() && !is_relative)
        || before.trim_end().ends_with("городе")
        || super::event::tells_of_event(sentence.get(from..to).unwrap_or_default())
}

/// "BERLIN, 3 June —" or "Berlin, Germany —" before the first sentence, "Wien, 12. Mai 2026".
fn dateline(paragraph: &str) -> Option<Place> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\W{0,3}(?P<name>\p{Lu}[\p{L}.’'-]+(?: \p{Lu}[\p{L}.’'-]+){0,3})(?:, \p{Lu}[\p{L} ]{2,30})?\s*(?:,\s*(?:\p{L}+,? )?[^—–]{0,30}?\d[^—–]{0,30}(?:[—–]| - |$)|[—–]| - |,\s*(?:\p{Ll}+\s)?[^—–.]{0,8}\d{1,2}\.?\s\p{L}+\.?\s\d{4}\s?\.)",
        )
    });
    let opening = super::prose::opening(paragraph, 200);
    let name = LINE
        .captures(opening)
        .and_then(|captures| captures.name("name"))
        .or_else(|| {
            // "Genève, pavillon Rappard, mercredi 11 septembre, 18 h 15.": place and day, and no verb.
            static FACTS: LazyLock<Regex> =
                LazyLock::new(|| pattern(r"^(?P<name>\p{Lu}[\p{L}’'-]+(?: \p{Lu}[\p{L}’'-]+)?), "));
            let first = super::prose::sentences(opening).first().copied()?;
            let dated = super::event::tells_of_event(first) && first.len() <= 140;
            FACTS.captures(opening).filter(|_| dated)?.name("name")
        })?;
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
