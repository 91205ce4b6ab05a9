//! Lines that state a fact by name: "Date: 3 June 2024", "Ort: Wien", "Quand : le 3 mai", a table row "Place | Hall".
//!
//! In: the blocks as written, line by line. Out: each label with the words behind it, or with the next line where the
//! label stands alone. The surprising thing: a label is nothing but one of a few words, so a sentence that happens to
//! hold a colon states no fact.

use std::sync::LazyLock;

use regex::Regex;

use super::prose::pattern;

/// Longer than this is a sentence behind a colon.
const LONGEST_LINE: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Date,
    Time,
    Place,
    City,
    Organiser,
    Series,
    Format,
}

/// A labelled line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stated<'a> {
    pub(super) label: Label,
    pub(super) value: &'a str,
}

const WORDS: [(Label, &str); 7] = [
    (
        Label::Date,
        r"dates?|when|date and time|event date|datum|wann|termin|zeit|дата|даты|дата и время|когда|quand|dates?|date et heure|fechas?|fecha y hora|cuándo",
    ),
    (
        Label::Time,
        r"time|hours|uhrzeit|beginn|heure|horaires?|hora|horario|время|начало",
    ),
    (
        Label::Place,
        r"place|where|venue|location|ort|wo|veranstaltungsort|tagungsort|место|место проведения|где|lieu|où|lugar|sede|dónde",
    ),
    (Label::City, r"city|stadt|город|ville|ciudad"),
    (
        Label::Organiser,
        r"organi[sz]ers?|organi[sz]ed by|hosts?|hosted by|veranstalter(?:in)?|organisation|ausrichter|организаторы?|organisateurs?|organisé par|organizan?|organizadores|organizador|convoca",
    ),
    (
        Label::Series,
        r"series|reihe|vortragsreihe|цикл|серия|cycle|série|ciclo|serie",
    ),
    (Label::Format, r"format|form|формат|modalité|formato|modalidad"),
];

/// All labelled lines, in their order.
pub(super) fn find<'a>(blocks: &[&'a str]) -> Vec<Stated<'a>> {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        let all: Vec<&str> = WORDS.iter().map(|(_, words)| *words).collect();
        pattern(&format!(r"(?i)^\W*(?P<label>{})\s*(?P<mark>[:：]|$)\s*", all.join("|")))
    });
    // "When: 6 November Where: Blantyre": Markdown joins lines that its writer kept apart.
    static WITHIN: LazyLock<Regex> = LazyLock::new(|| {
        let all: Vec<&str> = WORDS.iter().map(|(_, words)| *words).collect();
        pattern(&format!(r"\s(?P<label>(?i:{}))\s*[:：]\s", all.join("|")))
    });
    let lines: Vec<&str> = blocks
        .iter()
        .flat_map(|block| block.lines())
        .flat_map(|line| {
            let mut starts = vec![0];
            if line.len() <= LONGEST_LINE {
                let inner = WITHIN.captures_iter(line).filter_map(|captures| captures.name("label"));
                starts.extend(
                    inner
                        .filter(|label| label.as_str().starts_with(char::is_uppercase))
                        .map(|label| label.start()),
                );
            }
            let mut ends: Vec<usize> = starts.iter().skip(1).copied().collect();
            ends.push(line.len());
            let parts: Vec<&str> = starts
                .into_iter()
                .zip(ends)
                .filter_map(|(from, to)| line.get(from..to).map(str::trim))
                .collect();
            parts
        })
        .collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.len() > LONGEST_LINE {
            continue;
        }
        let Some(captures) = LABEL.captures(line) else { continue };
        let (Some(whole), Some(written)) = (captures.get(0), captures.name("label")) else {
            continue;
        };
        let stands_alone = whole.end() == line.len();
        let value = match stands_alone {
            true => lines.get(at + 1).copied().unwrap_or_default(),
            false => &line[whole.end()..],
        };
        if let Some(label) = label_of(written.as_str())
            && !value.is_empty()
            && value.len() <= LONGEST_LINE
        {
            found.push(Stated { label, value });
        }
    }
    found
}

fn label_of(written: &str) -> Option<Label> {
    static EACH: LazyLock<Vec<(Label, Regex)>> = LazyLock::new(|| {
        let whole = |words: &str| pattern(&format!("(?i)^(?:{words})$"));
        WORDS.iter().map(|(label, words)| (*label, whole(words))).collect()
    });
    EACH.iter()
        .find(|(_, words)| words.is_match(written))
        .map(|(label, _)| *label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_states_what_stands_behind_it_or_in_the_next_line() {
        let blocks = [
            "Date: 3 June 2024\nOrt : Wien",
            "Quand",
            "le 3 mai",
            "Dates: two",
            "Note: nothing",
        ];
        let found = find(&blocks);
        let shown: Vec<(Label, &str)> = found.iter().map(|one| (one.label, one.value)).collect();
        assert_eq!(
            shown,
            [
                (Label::Date, "3 June 2024"),
                (Label::Place, "Wien"),
                (Label::Date, "le 3 mai"),
                (Label::Date, "two"),
            ]
        );
    }
}
