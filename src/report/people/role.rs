//! As what a person speaks: the words before the name and the apposition behind it, parted into role and affiliation.

use std::sync::LazyLock;

use regex::Regex;

use super::words::{SPEAKS_AFTER, is_address, is_institution, is_role};
use crate::report::prose::{opening, pattern, tidy};

/// Longer is no role.
const LONGEST_ROLE: usize = 160;
/// What stands between the commas behind a name, if it says as what the person speaks; and the text beyond it.
pub(super) fn apposition(after: &str) -> (Option<&str>, &str) {
    let none = (None, after);
    if let Some(inner) = after.strip_prefix(" (") {
        return match inner.split_once(')') {
            Some((words, rest)) if words.chars().count() <= LONGEST_ROLE => (Some(words), rest),
            _ => none,
        };
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

fn says_as_what(words: &str) -> bool {
    let words_count = words.split(' ').count();
    words.chars().count() <= LONGEST_ROLE
        && words_count <= 20
        && words
            .split([' ', '-'])
            .any(|word| is_role(word) || is_institution(word))
}

/// "Head of Department at the Institute" into role and affiliation.
pub(super) fn role_of(words: &str) -> (Option<String>, Option<String>) {
    static AT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?P<role>.+?)(?:,? (?:(?P<sure>at|with|bei|auprès de)|beim|bei der|am|an der|im) (?:the )?|, (?:the )?)(?P<at>\P{Ll}.+)$",
        )
    });
    static OF: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?P<role>.+?) (?:of|for|from|des|der|vom|von|von der|de la|de l[’']|du|del|de) ?(?:the )?(?P<of>\p{Lu}.+)$",
        )
    });
    let words = tidy(words);
    let words = words
        .strip_prefix("the ")
        .or(words.strip_prefix("a "))
        .or(words.strip_prefix("an "))
        .unwrap_or(&words);
    let with_institution =
        |part: &str| part.split([' ', '-']).any(is_institution) || part.split(' ').next().is_some_and(is_short_name);
    if let Some(captures) = AT.captures(words)
        && let (Some(role), Some(at)) = (captures.name("role"), captures.name("at"))
        // Every German noun has a capital: "im Außendienst" is no employer.
        && (with_institution(at.as_str())
            || (captures.name("sure").is_some() && role.as_str().split(' ').any(is_role)))
    {
        return (Some(role.as_str().to_owned()), Some(at.as_str().to_owned()));
    }
    if let Some(captures) = OF.captures(words)
        && let (Some(role), Some(of)) = (captures.name("role"), captures.name("of"))
        && of.as_str().split([' ', '-']).any(|word| {
            is_institution(word)
                && !word.starts_with("Depart")
                && !word.starts_with("Divis")
                && !word.starts_with("Program")
        })
        && role.as_str().split(' ').any(is_role)
    {
        return (Some(role.as_str().to_owned()), Some(of.as_str().to_owned()));
    }
    match words.split([' ', '-']).any(is_role) {
        true => (Some(words.to_owned()), None),
        false => (None, Some(words.to_owned())),
    }
}

/// An abbreviation of an institution: "DOC", "RAND".
fn is_short_name(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2 && word.chars().all(|c| c.is_uppercase() || !c.is_alphabetic())
}

/// The words right before a name that say as what the person speaks, if there are any.
pub(super) fn before_name(before: &str) -> Option<String> {
    /// Words where such a phrase begins anew.
    const STOPS: &[&str] = &[
        "from",
        "by",
        "to",
        "with",
        "that",
        "when",
        "while",
        "but",
        "so",
        "because",
        "where",
        "here",
        "on",
        "said",
        "at",
        "the",
        "a",
        "an",
        "question",
        "also",
        "however",
        "then",
        "which",
        "who",
        "is",
        "was",
        "were",
        "are",
        "followed",
        "von",
        "durch",
        "dass",
        "als",
        "während",
        "aber",
        "wie",
        "sagte",
        "betonte",
        "erklärte",
        "meinte",
        "die",
        "der",
        "das",
        "dem",
        "session",
        "discussion",
        "debate",
        "day",
        "morning",
        "afternoon",
        "evening",
        "round",
        "turn",
        "conclusion",
        "diskussion",
        "sitzung",
        "den",
        "par",
        "por",
        "que",
        "как",
        "что",
        "отметил",
        "отметила",
        "le",
        "la",
        "el",
        "according",
        "asked",
    ];
    let mut before = before.trim_end();
    while let Some((rest, _)) = before.rsplit_once(' ').filter(|(_, last)| is_address(last)) {
        before = rest.trim_end();
    }
    let last = before.rsplit(' ').next().unwrap_or_default();
    if last.ends_with('.') && is_role(last) {
        return Some(last.to_owned());
    }
    let clause = before
        .rsplit([
            ',', ';', ':', '.', '!', '?', '“', '”', '„', '«', '»', '"', '(', ')', '—', '–',
        ])
        .next()?;
    let words: Vec<&str> = clause.split_whitespace().filter(|word| !is_address(word)).collect();
    let last = words.last()?;
    if !is_role(last) {
        return None;
    }
    let from = words
        .iter()
        .rposition(|word| STOPS.contains(&word.to_lowercase().as_str()))
        .map_or(0, |at| at + 1);
    let mut phrase = words.get(from..)?;
    while let [first, rest @ ..] = phrase
        && matches!(
            first.to_lowercase().as_str(),
            "and" | "or" | "und" | "in" | "of" | "и" | "et" | "y"
        )
    {
        phrase = rest;
    }
    let phrase = phrase.join(" ");
    (!phrase.is_empty() && phrase.chars().count() <= LONGEST_ROLE).then_some(phrase)
}

/// "DOC Chief Researcher": what leads and is an institution or its abbreviation is the affiliation.
pub(super) fn role_before(words: &str) -> (Option<String>, Option<String>) {
    let all: Vec<&str> = words.split(' ').collect();
    let short = all
        .first()
        .filter(|word| is_short_name(word) && word.chars().count() >= 3 && !is_role(word))
        .map(|_| 1);
    let last_institution = all
        .iter()
        .rposition(|word| is_institution(word.trim_end_matches("’s").trim_end_matches("'s")));
    let long = last_institution.map(|at| at + 1).filter(|at| {
        all.get(..*at).is_some_and(|name| {
            name.iter()
                .all(|word| word.starts_with(char::is_uppercase) || matches!(*word, "of" | "for" | "and"))
        })
    });
    match long
        .or(short)
        .filter(|at| *at < all.len())
        .and_then(|at| all.split_at_checked(at))
    {
        Some((affiliation, role)) => {
            let affiliation = affiliation.join(" ");
            let affiliation = affiliation.trim_end_matches("’s").trim_end_matches("'s");
            (Some(role.join(" ")), Some(affiliation.to_owned()))
        }
        None => (Some(words.to_owned()), None),
    }
}
