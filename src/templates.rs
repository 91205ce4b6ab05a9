//! The templates of feeds and pages, and the words of the interface in the reader's language.
//!
//! In: the folder beside `config.toml` whose files replace ours of the same name. Out: rendered text.
//! Templates know `t(key="...", lang=lang)`. Surprising: only names that end in `.html` are escaped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{Locale, NaiveDate};
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{FluentLoader, LanguageIdentifier, Loader};
use rust_embed::RustEmbed;
use serde::Serialize;
use tera::Tera;

use crate::report::Event;

fluent_templates::static_loader! {
    static WORDS = {
        locales: "./templates/locales",
        fallback_language: "en",
        // Fluent would wrap each argument in invisible marks; titles have none.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

#[derive(RustEmbed)]
#[folder = "templates/"]
struct BuiltIn;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the template {}: {error}", path.display())]
    Read { path: PathBuf, error: std::io::Error },
    #[error("{0}")]
    Template(#[from] tera::Error),
}

/// All templates and words, ready to render. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Templates {
    tera: Arc<Tera>,
    words: Words,
}

impl Templates {
    /// Loads all templates; an error names file and line.
    pub fn load(folder: Option<&Path>) -> Result<Templates, Error> {
        let mut texts = Vec::new();
        for name in BuiltIn::iter().filter(|name| !name.ends_with(".ftl")) {
            let text = match folder.map(|folder| folder.join(&*name)) {
                Some(path) if path.exists() => {
                    std::fs::read_to_string(&path).map_err(|error| Error::Read { path, error })?
                }
                _ => BuiltIn::get(&name)
                    .map(|file| String::from_utf8_lossy(&file.data).into_owned())
                    .unwrap_or_default(),
            };
            texts.push((name.into_owned(), text));
        }
        let mut tera = Tera::default();
        tera.autoescape_on([".html"]);
        tera.register_function("t", FluentLoader::new(&*WORDS));
        tera.add_raw_templates(texts)?;
        Ok(Templates {
            tera: Arc::new(tera),
            words: Words,
        })
    }

    /// Renders `name` (such as `web/home.html`) with the fields of `context`.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<String, Error> {
        Ok(self.tera.render(name, &tera::Context::from_serialize(context)?)?)
    }

    pub fn words(&self) -> &Words {
        &self.words
    }

    /// A day as the reader's language writes it.
    pub fn day(&self, language: &str, date: NaiveDate) -> String {
        match language {
            "de" => date.format_localized("%-d. %B %Y", Locale::de_DE),
            _ => date.format_localized("%-d %B %Y", Locale::en_GB),
        }
        .to_string()
    }

    /// "Moscow, 28 January 2019", or what of it is known.
    pub fn event_line(&self, language: &str, event: &Event) -> Option<String> {
        let start = event.start.map(|start| self.day(language, start.date));
        let end = event
            .end
            .filter(|end| event.start.is_some_and(|start| end.date > start.date))
            .map(|end| self.day(language, end.date));
        let days = match (start, end) {
            (Some(start), Some(end)) => Some(format!("{start} – {end}")),
            (start, _) => start,
        };
        let known: Vec<String> = [
            event.venue.clone(),
            event.city.clone().or_else(|| event.country.clone()),
            days,
        ]
        .into_iter()
        .flatten()
        .collect();
        (!known.is_empty()).then(|| known.join(", "))
    }
}

/// The words of the interface.
#[derive(Clone, Copy, Debug)]
pub struct Words;

impl Words {
    /// The sentence behind `key`, in English if the language has none.
    pub fn say<'a, V: Into<FluentValue<'a>>>(
        &self,
        language: &str,
        key: &str,
        args: impl IntoIterator<Item = (&'a str, V)>,
    ) -> String {
        let args: HashMap<_, _> = args
            .into_iter()
            .map(|(name, value)| (Cow::from(name.to_owned()), value.into()))
            .collect();
        let language: LanguageIdentifier = language.parse().unwrap_or_default();
        WORDS.lookup_with_args(&language, key, &args)
    }

    /// A sentence without arguments.
    pub fn word(&self, language: &str, key: &str) -> String {
        self.say::<&str>(language, key, [])
    }

    /// The languages that have words of their own, in alphabetical order.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        ["de", "en"].into_iter()
    }
}

/// `rtl` or `ltr`, for the `dir` attribute beside a `lang` attribute.
pub fn direction(language: &str) -> &'static str {
    match language {
        "ar" | "fa" | "he" | "ur" | "yi" | "ps" => "rtl",
        _ => "ltr",
    }
}
