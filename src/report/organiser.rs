//! Who held the event, when the text says so.
//!
//! In: labelled lines, the sentences that tell of the event, the last paragraph. Out: the name of a house. The
//! surprising thing: a house that is merely named is no organiser; it takes a verb of holding, "by", or its name alone
//! under the text as a signature.

use std::sync::LazyLock;

use regex::Regex;

use super::labels::{Label, Stated};
use super::people::is_institution;
use super::prose::{pattern, tidy};

/// A name with its capitals and small words; that it is a house is checked apart.
const HOUSE: &str = r"(?P<house>\p{Lu}[\p{L}\p{M}’'-]*(?: (?:(?:of|for|the|and|de|del|la|las|los|lo|y|et|des|du|für|der|im|und|i) |d[’']|l[’'])*(?:[\p{Lu}«][\p{L}\p{M}’'»-]*|[а-яё]{3,}|\p{Ll}{6,}|«[^»]{2,40}»)){0,9})";

pub(super) struct Found {
    pub(super) name: String,
    pub(super) rule: &'static str,
    pub(super) words: String,
}

/// What each rule finds, the surest first.
pub(super) fn find(labels: &[Stated<'_>], telling: &[&str], paragraphs: &[&str], house: Option<&str>) -> Vec<Found> {
    let labelled = labels
        .iter()
        .find(|one| one.label == Label::Organiser)
        .map(|one| Found {
            name: tidy(one.value.trim_end_matches('.')),
            rule: "line that states the organiser",
            words: one.value.to_owned(),
        });
    let of_the_site = house.map(|name| Found {
        name: name.to_owned(),
        rule: "house whose page or paper it is",
        words: name.to_owned(),
    });
    [labelled, by_verb(telling), signature(paragraphs), of_the_site]
        .into_iter()
        .flatten()
        .collect()
}

/// "the Working Waters Network met", "organisé par l’Institut ...", "Gastgeber war das Kolleg ...".
fn by_verb(telling: &[&str]) -> Option<Found> {
    static FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
        [
            // the house, then what it did
            pattern(&format!(
                r"(?:^|[\s(,])(?:[Tt]he |[Dd]as |[Dd]ie |[Dd]er |[Ll]e |[Ll]a |[Ll][’']|[Ee]l )?{HOUSE}(?: \([^)]{{2,12}}\))?,? (?:brought together|met\b|held\b|hosted|organi[sz]ed|convened|invites|invited|gathered|zur [^,.;]{{3,90}} (?:geladen|eingeladen) hatte|hatte(?:n)? [^,.;]{{0,40}}(?:geladen|eingeladen)|veranstaltete|lud\b|lädt\b|a (?:réuni|organisé|accueilli|convié)|(?:qui )?accueillait|conviait|réunissait|organisait|présentait|tenait|reunió|organizó|organizaron|celebró|convocó|transmitió|провёл|провела|провело|провели|организовал\p{{L}}*|устроил\p{{L}}*)"
            )),
            // what was done, then by whom
            pattern(&format!(
                r"(?:(?:organi[sz]ed|hosted|arranged|convened|presented) (?:jointly )?by|veranstaltet (?:von|vom)|organisiert (?:von|vom)|organisée?s? par|proposée?s? par|organizad[oa]s? por|impulsad[oa]s? por|convocad[oa]s? por|организатор\p{{L}}*\s?[—–:-])\s*(?:the |der |dem |l[’']|la |le |el )?{HOUSE}"
            )),
            // "celebró en Zaragoza el Instituto ...", "hat die Gesellschaft ... diskutiert", "Его организовал Институт ..."
            pattern(&format!(
                r"(?:(?:celebró|organizó|convocó|reunió)(?: en \p{{Lu}}\p{{L}}+)? (?:el|la)|\b(?:hat|hatte)(?:n)? (?:das|die|der)|(?:организовал|провёл|провел|устроил|собрал)\p{{L}}?) {HOUSE}"
            )),
            pattern(&format!(
                r"(?:[Gg]astgeber(?:in)?[^.;]{{0,90}} war(?:en)?|[Ee]ingeladen hatte(?:n)?|[Ll]ädt|[Ll]ud) (?:das |die |der ){HOUSE}"
            )),
        ]
    });
    telling.iter().find_map(|sentence| {
        FORMS.iter().find_map(|form| {
            form.captures_iter(sentence).find_map(|captures| {
                let house = captures.name("house")?;
                let name = trimmed(behind_article(house.as_str()));
                let is_house = name.split([' ', '-']).any(is_institution);
                (is_house && !starts_otherwise(&name)).then(|| Found {
                    name,
                    rule: "house that held the event, by the verb",
                    words: captures.get(0).map_or("", |whole| whole.as_str()).to_owned(),
                })
            })
        })
    })
}

/// "3 June the Altmoor Institute": what stands before the last article that a capital follows belongs to the sentence.
fn behind_article(name: &str) -> &str {
    [" the ", " The ", " das ", " die ", " der "]
        .iter()
        .filter_map(|article| {
            let at = name.find(article)?;
            let before = name.get(..at)?;
            // "Institute for the Rivers" keeps its article, "June the Institute" does not.
            let joins = ["of", "for", "für", "and", "und"].contains(&before.rsplit(' ').next().unwrap_or_default());
            let is_house = before.split([' ', '-']).any(is_institution);
            (!joins && !is_house).then(|| name.get(at + article.len()..)).flatten()
        })
        .min_by_key(|rest| rest.len())
        .unwrap_or(name)
}

/// Lower-case words at the end belong to the sentence, not to the name.
fn trimmed(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    while words.len() > 1
        && words.last().is_some_and(|word| {
            matches!(
                *word,
                "jointly" | "finally" | "together" | "gemeinsam" | "wieder" | "heute" | "zu" | "had"
            ) || word.chars().count() < 3
        })
    {
        words.pop();
    }
    tidy(words.join(" ").trim_end_matches([',', '.']))
}

/// "From 29 April to 1 May the Network met" begins with a month; a person's form of address begins no house.
fn starts_otherwise(name: &str) -> bool {
    let first = name.split(' ').next().unwrap_or_default();
    super::people::is_address(first)
        || matches!(
            first,
            "On" | "From" | "In" | "At" | "About" | "Am" | "Im" | "Über" | "Le" | "En" | "À" | "В" | "На" | "О" | "Об"
        )
}

/// The name of a house alone in the last paragraph, or before its address.
fn signature(paragraphs: &[&str]) -> Option<Found> {
    let last = tidy(paragraphs.last()?);
    Some(Found {
        name: signed(&last)?,
        rule: "signature under the text",
        words: last,
    })
}

/// The house of a line that is nothing but its name, or its name and address: "Altmoor Institute, 4 Weir Lane, Altmoor".
pub(super) fn signed(line: &str) -> Option<String> {
    /// Longer is a sentence.
    const LONGEST: usize = 160;
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:©\s*)?(?:\d{4}(?:\s*[–-]\s*\d{4})?,?\s*)?(?:[Tt]he |[Dd]as |[Dd]ie |[Dd]er |[Ll]e |[Ll]a |[Ee]l |[Ll][’'])?(?P<house>\p{Lu}[^,.·–—|()\d:;!?]{5,100}?)(?: e\. ?V\.| ASBL| gGmbH)?(?:, \p{Lu}\p{L}+)?(?P<address>\s*[,.·–—|(].*)?$",
        )
    });
    let captures = WHOLE.captures(line).filter(|_| line.chars().count() <= LONGEST)?;
    let name = captures.name("house")?.as_str();
    let is_notice = line.starts_with('©');
    let is_address = captures.name("address").is_none_or(|rest| {
        is_notice || rest.as_str().contains(|c: char| c.is_ascii_digit()) && super::prose::sentences(line).len() <= 4
    });
    // "Bellfounder House" is where it is.
    let is_building = name.ends_with(" House") || name.ends_with(" Hall");
    // "Old news" is nobody: in Latin letters the word for the house has a capital.
    let is_named = |word: &str| is_institution(word) && (!word.is_ascii() || word.starts_with(char::is_uppercase));
    let is_house =
        name.split(' ').count() >= 2 && name.split([' ', '-']).any(is_named) && !starts_otherwise(name) && !is_building;
    // "School holidays begin on Monday, 12 July": a day is no address.
    let is_dated = !is_notice && !super::dates::find(line).is_empty();
    (is_house && is_address && !is_dated).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn by(sentence: &str, expected: Option<&str>) {
        let found = find(&[], &[sentence], &[], None);
        assert_eq!(found.first().map(|found| found.name.as_str()), expected, "{sentence}");
    }

    #[test]
    fn whoever_holds_an_event_is_its_organiser() {
        by(
            "On 3 June the Altmoor Institute for Rivers hosted a round table.",
            Some("Altmoor Institute for Rivers"),
        );
        by(
            "The evening was arranged by the Society for Old Maps together with others.",
            Some("Society for Old Maps"),
        );
        by(
            "Eingeladen hatte das Deich-Institut, das dort sitzt.",
            Some("Deich-Institut"),
        );
        by(
            "Le colloque, organisé par l’Institut du fleuve, a duré.",
            Some("Institut du fleuve"),
        );
        by(
            "El congreso, organizado por la Fundación Río Seco, se celebró.",
            Some("Fundación Río Seco"),
        );
        by(
            "Круглый стол, который Институт рек провёл, начался.",
            Some("Институт рек"),
        );
    }

    #[test]
    fn a_house_that_is_only_named_is_none() {
        by("Ada Quist of the Altmoor Institute spoke of dams.", None);
    }

    #[test]
    fn a_house_alone_at_the_end_has_signed() {
        let found = find(&[], &[], &["A text.", "Altmoor Institute for Rivers"], None);
        assert_eq!(
            found.first().map(|found| found.name.as_str()),
            Some("Altmoor Institute for Rivers")
        );
        assert!(find(&[], &[], &["A text.", "Thank you."], None).is_empty());
        assert_eq!(
            signed("Altmoor Institute for Rivers, 4 Weir Lane, Altmoor").as_deref(),
            Some("Altmoor Institute for Rivers")
        );
        assert_eq!(
            signed("The Altmoor Institute, where it all began, thanks its guests"),
            None
        );
    }
}
