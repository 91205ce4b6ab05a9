//! The series an event belongs to, when the text says so.
//!
//! In: the sentences that tell of the event first, then the whole text. Out: the name between quotation marks, or the words after "a series of".

use std::sync::LazyLock;

use regex::Regex;

use super::prose::pattern;

/// Longer than this is no name of a series.
const LONGEST: usize = 140;

/// The series that sentences name, each with the words that named it: those with a name first, then those described.
pub(super) fn find(sentences: &[&str]) -> Vec<(String, String)> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?i)\b(?:series|lecture series|reihe|\p{L}+reihe|serie|цикл\p{L}*|série|cycle|séminaire|ciclo)(?: of \p{L}+(?: \p{L}+)?)?,? [“„"«]\s?([^“”„"«»]{3,140}?)\s?[“”"»]"#,
        )
    });
    static DESCRIBED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:in|of|within) (?:a|the|our|its) (?:\p{L}+ )?series of ([^,.;:“”()]{3,200}?)(?: (?:at (?:its|the|our)|in (?:its|the|our)|held|hosted|organi[sz]ed|which|that)\b|[,.;:“”()]|$)",
        )
    });
    let named = sentences.iter().filter_map(|sentence| NAMED.captures(sentence));
    let told = sentences.iter().filter(|sentence| !super::event::is_elsewhen(sentence));
    let described = told.filter_map(|sentence| DESCRIBED.captures(sentence));
    let mut series: Vec<(String, String)> = Vec::new();
    for found in named.chain(described) {
        let text = |group| found.get(group).map_or("", |part| part.as_str());
        let name = super::prose::tidy(text(1));
        if name.chars().count() <= LONGEST && series.iter().all(|(known, _)| *known != name) {
            series.push((name, text(0).to_owned()));
        }
    }
    series
}
