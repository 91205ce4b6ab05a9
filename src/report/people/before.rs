//! What stands before a name and says as what its bearer speaks: "the water economist", "su secretaria de actas,".
//!
//! In: the text before a name. Out: the words of the phrase, and these words parted into role and affiliation. The
//! surprising thing: a phrase is found backwards. It ends at its last role and begins behind a word that no role
//! contains; Russian, which has no articles, begins it with its adjectives.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::role::{LONGEST_ROLE, is_short_name, role_of, without_article};
use super::roles::is_role;
use super::russian;
use super::words::{SPEAKS_AFTER, holds, is_address, is_institution};
use crate::report::prose::pattern;

/// Words where the phrase before a name begins anew.
const STOPS: &str = "from by to with that when while but so because where here on said at the a an question also \
    however then which who is was were are followed von durch dass als während aber wie sagte betonte erklärte meinte \
    die der das dem session discussion debate day morning afternoon evening round turn conclusion diskussion sitzung \
    den par por que как что отметил отметила le la el according asked su sus nuestro nuestra son sa les los las una un \
    une ihr ihre sein seine eine ein mit con avec наш наша его её para pour qui который которая ihm fragte moderierte \
    moderó sprach war ist auch zeigte fue del du des de of vom al au neither puis speakers others";

fn is_stop(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| STOPS.split_whitespace().collect());
    WORDS.contains(word)
}

/// The words right before a name that say as what the person speaks, if there are any.
pub(super) fn before_name(before: &str) -> Option<String> {
    let mut before = before.trim_end();
    while let Some((rest, _)) = before.rsplit_once(' ').filter(|(_, last)| is_address(last)) {
        before = rest.trim_end();
    }
    for rank in [" a. D.", " i. R."] {
        if let Some(rest) = before.strip_suffix(rank) {
            return before_name(rest).map(|role| format!("{role}{rank}"));
        }
    }
    // "su secretaria de actas, Eusebia Lupa": an article, the role, a comma, the name.
    if let Some(rest) = before.strip_suffix(',') {
        return before_comma(rest);
    }
    // "директор «Меридиана» Кирилл": the name in quotation marks belongs to the role.
    let mut quoted = String::new();
    if before.ends_with('»')
        && let Some(from) = before.rfind('«')
        && before.len() - from <= 80
    {
        quoted = format!(" {}", &before[from..]);
        before = before[..from].trim_end();
    }
    let clause = before
        .rsplit([
            ',', ';', ':', '.', '!', '?', '“', '”', '„', '«', '»', '"', '(', ')', '—', '–',
        ])
        .next()?;
    let words: Vec<&str> = clause.split_whitespace().filter(|word| !is_address(word)).collect();
    let role_at = words
        .iter()
        .rposition(|word| word.split('-').any(is_role) || is_role(word))?;
    // Behind the role stands at most what it is one of: "historien des techniques", "embajador retirado".
    let behind = words.get(role_at + 1..)?;
    const JOINTS: &str = "of for the des der für de la del du a. i. d. r. and y et";
    let is_one_of = |word: &&str| {
        let lower = word.to_lowercase();
        holds(JOINTS, &lower) || !is_stop(&lower)
    };
    if behind.len() > 5
        || !behind.iter().all(is_one_of)
        || (behind.is_empty() && quoted.len() > 80)
        || SPEAKS_AFTER.is_match(&format!(" {}", behind.join(" ")))
    {
        return None;
    }
    let from = words
        .get(..=role_at)?
        .iter()
        .rposition(|word| is_stop(&word.to_lowercase()))
        .map_or(0, |at| at + 1);
    let from = from.max(cyrillic_start(&words, role_at));
    let mut phrase = words.get(from..)?;
    while let [first, rest @ ..] = phrase
        && matches!(
            first.to_lowercase().as_str(),
            "and" | "or" | "und" | "in" | "of" | "и" | "et" | "y"
        )
    {
        phrase = rest;
    }
    let phrase = phrase.join(" ") + &quoted;
    (!phrase.is_empty() && phrase.chars().count() <= LONGEST_ROLE).then_some(phrase)
}

/// The role before the comma before a name, if it begins with an article or a possessive.
fn before_comma(before: &str) -> Option<String> {
    static LED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?:^|[\s(])(?:[Tt]he|[Ee]l|[Ll]a|[Ll]e|[Dd]er|[Dd]ie|su|son|sa|ihr|ihre|sein|seine|[Ll][’'])\s?(?P<role>[^,.;:!?]{3,80})$",
        )
    });
    let mut from = 0;
    let mut found = None;
    // The last article behind which a role begins.
    while let Some(captures) = LED.captures(before.get(from..)?) {
        let role = captures.name("role")?;
        if role.as_str().split([' ', '-']).take(3).any(is_role)
            && !SPEAKS_AFTER.is_match(&format!(" {}", role.as_str()))
        {
            found = Some(role.as_str().to_owned());
        }
        from += role.start();
    }
    found
}

/// The capitalised noun right before a German name, if an article stands before it.
pub(super) fn noun_behind_article(near: &str) -> Option<String> {
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

/// Russian has no articles by which a role begins: it begins with its adjectives, or with the role itself.
fn cyrillic_start(words: &[&str], role_at: usize) -> usize {
    let is_cyrillic = |word: &&str| russian::is_cyrillic(word);
    if !words.get(role_at).is_some_and(is_cyrillic) {
        return 0;
    }
    let is_adjective = |word: &&str| {
        let word = word.to_lowercase();
        ["ый", "ий", "ой", "ая", "яя"]
            .iter()
            .any(|ending| word.ends_with(ending))
    };
    let before = words.get(..role_at).unwrap_or_default();
    let adjectives = before
        .iter()
        .rev()
        .take_while(|word| is_adjective(word) || is_role(word))
        .count();
    role_at - adjectives
}

/// "DOC Chief Researcher": what leads and is an institution or its abbreviation is the affiliation.
pub(super) fn role_before(words: &str) -> (Option<String>, Option<String>) {
    let words = without_article(words);
    if !words.split(' ').next_back().is_some_and(is_role) {
        return role_of(words);
    }
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
