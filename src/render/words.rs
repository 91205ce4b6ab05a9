//! The words of the frame in the reader's language, by Fluent: `templates/locales/{language}/*.ftl`.
//!
//! In: the text of `.ftl` files. Out: a sentence for a key, a language and arguments. A language that lacks a key, or
//! that we do not have, falls back to its primary tag and then to English, so a half-translated language still works.
//! The surprising part: Fluent's isolation marks are off, because they would stand as boxes in plain-text mails.

use std::collections::BTreeMap;

use fluent_templates::fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_templates::{FluentBundle, LanguageIdentifier};

use super::Error;

/// The language that has every word.
pub(super) const FALLBACK: &str = "en";

/// Primary tags of languages written from right to left.
const RIGHT_TO_LEFT: &[&str] = &["ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"];

/// Every language's words, loaded.
#[derive(Default)]
pub struct Words {
    bundles: BTreeMap<String, FluentBundle<FluentResource>>,
}

impl Words {
    /// Lays the words of one file over what the language has. `file` is the name errors give.
    pub(super) fn add(&mut self, language: &str, file: &str, source: String) -> Result<(), Error> {
        let tag: LanguageIdentifier = language.parse().map_err(|_| Error::Words {
            file: file.to_owned(),
            line: 1,
            reason: format!("the folder name `{language}` is no language tag such as `en` or `pt-br`"),
        })?;
        let resource = FluentResource::try_new(source.clone()).map_err(|(_, errors)| {
            let at = errors.first().map_or(0, |error| error.pos.start);
            Error::Words {
                file: file.to_owned(),
                line: source.get(..at).unwrap_or_default().matches('\n').count() + 1,
                reason: errors.first().map(ToString::to_string).unwrap_or_default(),
            }
        })?;
        let bundle = self.bundles.entry(language.to_lowercase()).or_insert_with(|| {
            let mut bundle = FluentBundle::new_concurrent(vec![tag]);
            bundle.set_use_isolating(false);
            bundle
        });
        bundle.add_resource_overriding(resource);
        Ok(())
    }

    /// The sentence behind `key`; none if no language we fall back to has it, or an argument it needs is missing.
    pub fn find(&self, language: &str, key: &str, args: &FluentArgs) -> Option<String> {
        chain(language).into_iter().find_map(|tag| {
            let bundle = self.bundles.get(&tag)?;
            let pattern = bundle.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let said = bundle.format_pattern(pattern, Some(args), &mut errors);
            errors.is_empty().then(|| said.into_owned())
        })
    }

    /// The sentence behind `key`, or the key itself, which a reader can at least report.
    pub fn say<'a, V: Into<FluentValue<'a>>>(
        &self,
        language: &str,
        key: &str,
        args: impl IntoIterator<Item = (&'a str, V)>,
    ) -> String {
        let mut given = FluentArgs::new();
        for (name, value) in args {
            given.set(name, value);
        }
        self.find(language, key, &given).unwrap_or_else(|| key.to_owned())
    }

    /// A sentence without arguments.
    pub fn word(&self, language: &str, key: &str) -> String {
        self.say::<&str>(language, key, [])
    }

    /// Whether `language`, or its primary tag, has words of its own.
    pub fn speak(&self, language: &str) -> bool {
        let [exact, primary, _] = chain(language);
        self.bundles.contains_key(&exact) || self.bundles.contains_key(&primary)
    }

    /// The languages that have words of their own, in alphabetical order.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.bundles.keys().map(String::as_str)
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.bundles.keys()).finish()
    }
}

fn chain(language: &str) -> [String; 3] {
    let exact = language.to_lowercase().replace('_', "-");
    let primary = exact.split('-').next().unwrap_or_default().to_owned();
    [exact, primary, FALLBACK.to_owned()]
}

/// `rtl` or `ltr`, for the `dir` attribute beside a `lang` attribute.
pub fn direction(language: &str) -> &'static str {
    let primary = language.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    if RIGHT_TO_LEFT.contains(&primary.as_str()) {
        "rtl"
    } else {
        "ltr"
    }
}

/// The direction of text whose language nobody knows: that of its first letter.
pub fn direction_of(text: &str) -> &'static str {
    let first = text.chars().find(|char| char.is_alphabetic());
    match first {
        Some('\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}') => "rtl",
        _ => "ltr",
    }
}

/// Text to stand inside a line of `language`; if it runs the other way, between marks that keep it from pulling the
/// rest of the line (a date above all) into its own direction.
pub fn isolate(text: String, language: &str) -> String {
    if direction_of(&text) == direction(language) || !text.contains(char::is_alphabetic) {
        text
    } else {
        format!("\u{2068}{text}\u{2069}")
    }
}
