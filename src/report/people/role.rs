//! As what a person speaks: the words before the name and the apposition behind it, parted into role and affiliation.

use std::sync::LazyLock;

use regex::Regex;

use super::roles::is_role;
use super::words::{SPEAKS_AFTER, holds, is_institution};
use crate::report::prose::{opening, pattern, tidy};

/// Longer is no role.
pub(super) const LONGEST_ROLE: usize = 160;

/// What stands between the commas behind a name, if it says as what the person speaks; and the text beyond it.
pub(super) fn apposition(after: &str) -> (Option<&str>, &str) {
    let none = (None, after);
    if let Some(inner) = after.strip_prefix(" (") {
        return match inner.split_once(')') {
            Some((words, rest)) if words.chars().count() <= LONGEST_ROLE && is_in_brackets(words) => {
                (Some(words), rest)
            }
            _ => none,
        };
    }
    // "Pilar Escanero —activista vecinal— habló"
    for dash in [" —", " – "] {
        if let Some(inner) = after.strip_prefix(dash)
            && let Some((words, rest)) = inner.split_once(dash.trim())
            && says_as_what(words)
            && words.chars().count() <= LONGEST_ROLE
        {
            let words = words.split(['«', '“', '"']).next().unwrap_or(words);
            return (Some(words.trim()), rest);
        }
    }
    let Some(rest) = after.strip_prefix(", ") else {
        return none;
    };
    let first = segment(rest);
    if !says_as_what(first) || SPEAKS_AFTER.is_match(&format!(" {}", opening(first, 60))) {
        return none;
    }
    // "Director, Lindenfeld Institute": the second part belongs to it if it is an institution.
    let mut length = first.len();
    if let Some(more) = rest[length..].strip_prefix(", ") {
        let second = segment(more);
        let is_name =
            second.split(' ').any(is_institution) && second.trim_start_matches("the ").starts_with(char::is_uppercase);
        if is_name && !second.split(' ').any(is_role) && second.split(' ').count() <= 10 {
            length += 2 + second.len();
        }
    }
    (Some(&rest[..length]), &rest[length..])
}

/// Up to the next mark that ends an apposition; the full stop of "St." does not.
fn segment(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..]
        .find([',', ';', '.', ':', '(', ')', '—', '–', '”'])
        .map(|at| from + at)
    {
        let word = text[..at].rsplit(' ').next().unwrap_or_default();
        let is_short = text[at..].starts_with(". ") && word.chars().count() <= 3;
        if !is_short {
            return &text[..at];
        }
        from = at + 1;
    }
    text
}

/// Brackets behind a name hold a role, or a house by its capital; not an hour or a book.
fn is_in_brackets(words: &str) -> bool {
    says_as_what(words)
        || (words.starts_with(char::is_uppercase)
            && words.split(' ').count() <= 8
            && !words
                .chars()
                .any(|c| c.is_ascii_digit() || matches!(c, ':' | '?' | '!')))
}

fn says_as_what(words: &str) -> bool {
    /// A clause about somebody is no apposition.
    const CLAUSES: &str = "who which that whose ob dass die der das den wo qui que quien dont où y and und et и \
        который которая что lo wie wenn al en where when";
    if words.split(' ').next().is_some_and(|first| holds(CLAUSES, first)) {
        return false;
    }
    let words_count = words.split(' ').count();
    words.chars().count() <= LONGEST_ROLE
        && words_count <= 20
        && words
            .split([' ', '-'])
            .any(|word| is_role(word) || is_institution(word))
        || words.split(' ').next().is_some_and(is_role)
}

/// The house right behind a name ("of the Mutual Flood Pool", ", de la Cátedra Ebro", "vom Elbe-Institut"), and the
/// length of the words that say so. A place is none.
pub(super) fn house(after: &str) -> Option<(String, usize)> {
    static HOUSE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^,? (?:of the|of|from the|from|vom|von der|aus dem|du|de la|de l[’']|del|de|из) ?(?P<house>(?:\p{Lu}[\p{L}\p{M}’'&-]*|barreau|collectif|université|hôpital|lycée)(?: (?:(?:of|for|the|and|für|des|der|de|la|del|du|et|y|и|d[’'])\s?){0,3}(?:\p{Lu}[\p{L}\p{M}’'-]*|&|«[^»]{1,40}»|(?:\p{Ll}+(?:ienne|ien|aise|ais|ique|ale|al|ой|ого|ых|ской|ского|ики|ии)))){0,7})",
        )
    });
    let captures = HOUSE.captures(after)?;
    let house = captures.name("house")?;
    let words: Vec<&str> = house.as_str().split([' ', '-']).collect();
    let is_house = words.iter().any(|word| is_institution(word))
        || (words.len() >= 3 && !crate::report::place::is_place(house.as_str()));
    let is_role_word = words.first().is_some_and(|word| is_role(word));
    (is_house && !is_role_word && !crate::report::place::is_place(house.as_str()))
        .then(|| (super::russian::nominative(house.as_str()), house.end()))
}

/// " (Bluenose University)" right behind what says as what somebody speaks.
pub(super) fn house_in_brackets(after: &str) -> Option<String> {
    let (inner, _) = after.trim_start().strip_prefix('(')?.split_once(')')?;
    let is_house = inner.chars().count() <= LONGEST_ROLE
        && inner.starts_with(char::is_uppercase)
        && inner.split([' ', '-']).any(is_institution)
        && !inner.contains(|c: char| c.is_ascii_digit());
    is_house.then(|| house_name(inner.split(',').next().unwrap_or(inner)))
}

/// ", who directs the land-use programme of ...", ", die an der Hochschule lehrt": role and house of a relative clause.
pub(super) fn of_clause(after: &str) -> Option<(Option<String>, Option<String>)> {
    static CLAUSE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^, (?:who|die|der|qui|que|quien|который|которая) (?P<words>[^.;:!?“”„«»]{3,160})"));
    static AT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:at|of|an der|am|bei der|beim|im|à l[’']|à la|au|de l[’']|de la|du|en la|en el|del|в|на) ?(?:the )?(?P<house>\p{Lu}[\p{L}\p{M}’'-]*(?: (?:(?:of|for|the|and|für|des|der|de|la|del|du|et|y|d[’'])\s?){0,3}\p{Lu}[\p{L}\p{M}’'-]*){0,7})",
        )
    });
    const VERBS: &[(&str, &str)] = &[
        ("directs", "director"),
        ("heads", "head"),
        ("runs", "head"),
        ("leads", "head"),
        ("chairs", "chair"),
        ("edits", "editor"),
    ];
    let words = CLAUSE.captures(after)?.name("words")?.as_str();
    let role = words.split(' ').take(2).find_map(|word| {
        let (_, role) = VERBS.iter().find(|(verb, _)| *verb == word)?;
        Some((*role).to_owned())
    });
    let role = role.or_else(|| words.contains("holds the chair").then(|| "chair".to_owned()));
    let house = AT
        .captures_iter(words)
        .filter_map(|captures| captures.name("house"))
        .find(|house| house.as_str().split([' ', '-']).any(is_institution) && house.as_str().contains(' '))
        .map(|house| house_name(house.as_str()));
    (role.is_some() || house.is_some()).then_some((role, house))
}

/// "Head of Department at the Institute" into role and affiliation.
pub(super) fn role_of(words: &str) -> (Option<String>, Option<String>) {
    static AT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?P<role>.+?)(?:,? (?:(?P<sure>at|with|bei|bei der|beim|auprès de|chez|à l[’'] ?|à la|pour la|pour le|à|en la|en el)|am|an der|im|au|in) (?:the )?|,? à l[’']|, (?:the )?)(?P<at>\P{Ll}.+)$",
        )
    });
    let words = tidy(words);
    let words = without_article(&words);
    let with_institution =
        |part: &str| part.split([' ', '-']).any(is_institution) || part.split(' ').next().is_some_and(is_short_name);
    if let Some(captures) = AT.captures(words)
        && let (Some(role), Some(at)) = (captures.name("role"), captures.name("at"))
        // Every German noun has a capital: "im Außendienst" is no employer.
        && (with_institution(at.as_str())
            || (captures.name("sure").is_some()
                && role.as_str().split([' ', '-']).any(is_role)
                // "acéricultrice à Saint-Pamphile": where somebody lives.
                && (at.as_str().contains(' ') || captures.name("sure").is_some_and(|word| word.as_str() != "à"))))
        && (!role.as_str().split(' ').any(is_institution) || role.as_str().split(' ').any(is_role))
    {
        return (Some(role.as_str().to_owned()), Some(house_name(at.as_str())));
    }
    if let Some(at) = house_at(words)
        && let (Some(role), Some(house)) = (words.get(..at.0), words.get(at.1..))
        && role.split([' ', '-']).any(is_role)
    {
        return (
            Some(role.trim_end_matches([',', ' ']).to_owned()),
            Some(house_name(house)),
        );
    }
    match words.split([' ', '-']).any(is_role) {
        true => (Some(words.to_owned()), None),
        false => (None, Some(house_name(words))),
    }
}

pub(super) fn without_article(words: &str) -> &str {
    let words = ["Puis ", "puis ", "Then ", "Dann "]
        .iter()
        .find_map(|first| words.strip_prefix(first))
        .unwrap_or(words);
    [
        "The ", "Der ", "Die ", "Le ", "La ", "L’", "L'", "El ", "the ", "a ", "an ", "der ", "die ", "ein ", "eine ",
        "le ", "la ", "l’", "l'", "un ", "une ", "el ", "una ",
    ]
    .iter()
    .find_map(|article| words.strip_prefix(article))
    .unwrap_or(words)
}

/// Where the role ends and where the house begins: "jefa | del | Archivo Naval", "руководитель || Центра".
fn house_at(words: &str) -> Option<(usize, usize)> {
    static OF: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r" (?:of the|of|for the|for|from|des|der|vom|von der|von|de la|de l[’'] ?|du|del|de los|de las|de|d[’'])(?: |\b)",
        )
    });
    let joins: Vec<(usize, usize)> = OF.find_iter(words).map(|join| (join.start(), join.end())).collect();
    let first_word = |at: usize| {
        words.get(at..).map_or("", |rest| {
            rest.trim_start().split([' ', '-']).next().unwrap_or_default()
        })
    };
    let is_part_of_house = |word: &str| {
        ["depart", "divis", "program", "abteilung", "bereich"]
            .iter()
            .any(|part| word.to_lowercase().starts_with(part))
    };
    let has_capital = |at: usize| {
        words
            .get(at..)
            .is_some_and(|rest| rest.contains(char::is_uppercase) || rest.contains(['«', '»', '„']))
    };
    // An abbreviation, then a word for a house, then a name: the surest first.
    let by = |is: &dyn Fn(usize) -> bool| joins.iter().copied().find(|(_, end)| is(*end));
    by(&|end| is_short_name(first_word(end)))
        .or_else(|| {
            by(&|end| {
                let near: Vec<&str> = words
                    .get(end..)
                    .unwrap_or_default()
                    .split([' ', '-'])
                    .take(4)
                    .take_while(|word| !matches!(*word, "of" | "de" | "del" | "du" | "des" | "for" | "für"))
                    .collect();
                near.iter().any(|word| is_institution(word) && !is_part_of_house(word)) && has_capital(end)
            })
        })
        // "architecture critic of the Western Courier"
        .or_else(|| {
            by(&|end| {
                let names = words.get(end..).unwrap_or_default();
                words.get(..end).is_some_and(|head| head.ends_with("of the "))
                    && names.split(' ').count() >= 2
                    && !names.contains("’s")
                    && !names.contains("'s")
                    && names.split(' ').all(|word| word.starts_with(char::is_uppercase))
            })
        })
        .or_else(|| {
            let is_roman = |end: usize| {
                words.get(..end).is_some_and(|head| {
                    head.ends_with("de ") || head.ends_with("del ") || head.ends_with("du ") || head.ends_with("la ")
                })
            };
            by(&|end| {
                is_roman(end)
                    && first_word(end).starts_with(char::is_uppercase)
                    && !crate::report::place::is_place(first_word(end))
                    && first_word(end).chars().count() > 2
                    && words.get(end..).is_some_and(|rest| rest.contains(' '))
            })
        })
        .or_else(|| cyrillic_house(words))
}

/// Russian has no "of": the house is what begins with a capital or is a house with a name in quotation marks.
fn cyrillic_house(words: &str) -> Option<(usize, usize)> {
    let is_cyrillic = |c: char| ('а'..='я').contains(&c) || ('А'..='Я').contains(&c) || matches!(c, 'ё' | 'Ё');
    if !words.contains(is_cyrillic) {
        return None;
    }
    let mut starts = words.match_indices(' ').map(|(at, _)| at + 1);
    let capital = starts.clone().find(|at| {
        let word = words
            .get(*at..)
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_default();
        word.starts_with(|c: char| c.is_uppercase() && is_cyrillic(c))
    });
    let named = || {
        let noun = starts.find(|at| {
            let rest = words.get(*at..).unwrap_or_default();
            rest.contains('«') && is_institution(rest.split(' ').next().unwrap_or_default())
        })?;
        // The adjectives before it belong to it: "судоходной компании".
        let before = words.get(..noun)?.trim_end();
        let adjective = before.rsplit(' ').next().unwrap_or_default();
        let is_adjective = ["ой", "ого", "ей", "его", "ых", "их"]
            .iter()
            .any(|ending| adjective.ends_with(ending));
        Some(if is_adjective {
            before.len() - adjective.len()
        } else {
            noun
        })
    };
    let at = capital.or_else(named)?;
    Some((at, at))
}

/// The name of a house in the nominative, where the language shows how.
fn house_name(words: &str) -> String {
    let words = words.trim_end_matches([',', ';', '.', ' ']);
    let words: Vec<String> = words
        .split(' ')
        .map(|word| {
            // "des Ruhrkollegs", "des Instituts"
            let bare = word.strip_suffix('s').filter(|bare| {
                let lower = bare.to_lowercase();
                [
                    "institut", "kolleg", "gericht", "netzwerk", "verein", "zentrum", "museum", "amt", "verband",
                    "archiv",
                ]
                .iter()
                .any(|ending| lower.ends_with(ending))
            });
            bare.unwrap_or(word).to_owned()
        })
        .collect();
    super::russian::nominative(&words.join(" "))
}

/// An abbreviation of an institution: "DOC", "RAND".
pub(super) fn is_short_name(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2 && word.chars().all(|c| c.is_uppercase() || !c.is_alphabetic())
}
