//! The language of a report that declares none.
//!
//! In: the body. Out: a primary tag ("en"), or none. The surprising thing: a short text has no language, because a
//! guess on one line is wrong often enough to send readers the wrong frame.

use whatlang::Lang;

/// Fewer letters than this are too few to tell.
const FEWEST_LETTERS: usize = 60;
/// More text than this makes the answer no surer.
const MOST_BYTES: usize = 8_000;

pub(super) fn recognise(body: &str) -> Option<&'static str> {
    let text = super::prose::opening(body, MOST_BYTES);
    if text.chars().filter(|c| c.is_alphabetic()).count() < FEWEST_LETTERS {
        return None;
    }
    let info = whatlang::detect(text)?;
    info.is_reliable().then(|| tag(info.lang()))?
}

/// The primary tag of a declaration ("en-GB", "de_AT", "deu" stays as it is), or none if it is no tag.
pub(super) fn primary(declared: &str) -> Option<String> {
    let first = declared.trim().split(['-', '_']).next().unwrap_or_default();
    let is_tag = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    is_tag.then(|| first.to_ascii_lowercase())
}

/// ISO 639-1 for the languages the recogniser knows well.
fn tag(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Rus => "ru",
        Lang::Ita => "it",
        Lang::Por => "pt",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Ukr => "uk",
        Lang::Ces => "cs",
        Lang::Tur => "tr",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Fin => "fi",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Bul => "bg",
        Lang::Ell => "el",
        Lang::Heb => "he",
        Lang::Ara => "ar",
        Lang::Pes => "fa",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Hin => "hi",
        _ => return None,
    })
}
