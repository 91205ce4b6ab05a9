//! The series an event belongs to, when the text says so.
//!
//! In: the sentences that tell of the event first, then the whole text. Out: the name between quotation marks, or the words after "a series of".

use std::sync::LazyLock;

use regex::Regex;

use super::prose::pattern;

/// Longer than this is no name of a series.
const LONGEST: usize = 140;

/// The series and the words that named it.
pub(super) fn find(sentences: &[&str]) -> Option<(String, String)> {
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
    let described = |sentence: &&&str| DESCRIBED.is_match(sentence) && !super::event::is_elsewhen(sentence);
    let named = sentences.iter().find(|sentence| NAMED.is_match(sentence));
    named.or_else(|| sentences.iter().find(described)).and_then(|sentence| {
        let found = NAMED.captures(sentence).or_else(|| DESCRIBED.captures(sentence))?;
        let series = super::prose::tidy(found.get(1)?.as_str());
        (series.chars().count() <= LONGEST)
            .then(|| (series, found.get(0).map_or("", |whole| whole.as_str()).to_owned()))
    })
}
