//! What templates can call besides Tera's own filters: words, dates, safe links, wrapped text.
//!
//! `t(key="leave", count=3)` says a word in the language of the context variable `lang` (or of its `lang` argument);
//! `date`, `event_line`, `dir`, `safe_url`, `wrap` and `underline` are filters. None of them can reach a file or the network.

use std::sync::Arc;

use chrono::NaiveDate;
use fluent_templates::fluent_bundle::{FluentArgs, FluentValue};
use tera::{Kwargs, State, Tera, TeraResult, Value};

use super::dates;
use super::words::{FALLBACK, Words, direction};
use crate::report::Event;

/// Columns of the text part.
const TEXT_WIDTH: usize = 72;

/// Longest list `range` makes; ours are lists of reports.
const MAX_RANGE: i64 = 1000;

pub(super) fn register(tera: &mut Tera, words: &Arc<Words>) {
    let said = Arc::clone(words);
    tera.register_function("t", move |kwargs: Kwargs, state: &State| say(&said, &kwargs, state));
    let dated = Arc::clone(words);
    tera.register_filter(
        "date",
        move |date: &str, kwargs: Kwargs, state: &State| -> TeraResult<String> {
            let day: NaiveDate = date
                .get(..10)
                .unwrap_or(date)
                .parse()
                .map_err(|_| tera::Error::message(format!("`{date}` is no date of the form 2026-05-04")))?;
            Ok(dates::day(&dated, &language(&kwargs, state)?, day))
        },
    );
    let lined = Arc::clone(words);
    tera.register_filter(
        "event_line",
        move |event: Value, kwargs: Kwargs, state: &State| -> TeraResult<String> {
            let event: Event = serde_json::to_value(&event)
                .and_then(serde_json::from_value)
                .map_err(|error| tera::Error::message(format!("`event_line` wants an event: {error}")))?;
            Ok(dates::event_line(&lined, &language(&kwargs, state)?, &event).unwrap_or_default())
        },
    );
    tera.register_filter("safe_url", |url: &str, _: Kwargs, _: &State| safe_url(url).to_owned());
    tera.register_filter("dir", |language: &str, _: Kwargs, _: &State| direction(language));
    tera.register_filter("wrap", |text: &str, kwargs: Kwargs, _: &State| -> TeraResult<String> {
        let indent = kwargs.get::<&str>("indent")?.unwrap_or_default();
        Ok(wrap(text, kwargs.get("width")?.unwrap_or(TEXT_WIDTH), indent))
    });
    tera.register_filter("underline", |text: &str, _: Kwargs, _: &State| {
        let wrapped = wrap(text, TEXT_WIDTH, "");
        let width = wrapped
            .lines()
            .map(textwrap::core::display_width)
            .max()
            .unwrap_or_default();
        format!("{wrapped}\n{}", "-".repeat(width))
    });
    tera.register_function("range", |kwargs: Kwargs, _: &State| -> TeraResult<Vec<i64>> {
        let (start, end) = (kwargs.get("start")?.unwrap_or(0), kwargs.must_get::<i64>("end")?);
        if end.saturating_sub(start) > MAX_RANGE {
            return Err(tera::Error::message(format!(
                "`range` makes at most {MAX_RANGE} numbers"
            )));
        }
        Ok((start..end).collect())
    });
}

fn language(kwargs: &Kwargs, state: &State) -> TeraResult<String> {
    match kwargs.get::<&str>("lang")? {
        Some(language) => Ok(language.to_owned()),
        None => Ok(state.get::<String>("lang")?.unwrap_or_else(|| FALLBACK.to_owned())),
    }
}

fn say(words: &Words, kwargs: &Kwargs, state: &State) -> TeraResult<String> {
    let key: &str = kwargs.must_get("key")?;
    let mut args = FluentArgs::new();
    for (name, value) in kwargs.iter() {
        let Some(name) = name.as_str().filter(|name| *name != "key" && *name != "lang") else {
            continue;
        };
        match value.as_f64() {
            Some(number) => args.set(name.to_owned(), FluentValue::from(number)),
            None => args.set(name.to_owned(), value.as_str().unwrap_or_default().to_owned()),
        }
    }
    words.find(&language(kwargs, state)?, key, &args).ok_or_else(|| {
        tera::Error::message(format!(
            "no word `{key}`, or one of its arguments is missing; see locales/{FALLBACK}/*.ftl"
        ))
    })
}

/// The link if a reader may be led there, else a link to nowhere. Our own holes, which begin with a control character
/// and are filled later, pass.
fn safe_url(url: &str) -> &str {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let known = scheme.is_some_and(|scheme| ["http", "https", "mailto"].contains(&scheme.as_str()));
    if url.starts_with('\u{1}') || (known && url::Url::parse(url).is_ok()) {
        url
    } else {
        "#"
    }
}

/// Wraps each line at `width` columns. Words longer than a line (links above all) are left whole.
pub(crate) fn wrap(text: &str, width: usize, indent: &str) -> String {
    let options = textwrap::Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    let wrapped = |line: &str| {
        // Without spaces (Chinese, Thai) lines break where Unicode says; with links inside that would cut the link.
        let separator = if line.contains("://") || line.is_ascii() {
            textwrap::WordSeparator::AsciiSpace
        } else {
            textwrap::WordSeparator::UnicodeBreakProperties
        };
        textwrap::fill(line, options.clone().word_separator(separator))
    };
    text.lines().map(wrapped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_and_mail_links_are_safe() {
        assert_eq!(safe_url("https://example.org/a?b=c"), "https://example.org/a?b=c");
        assert_eq!(safe_url("mailto:desk@example.org"), "mailto:desk@example.org");
        for hostile in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "//example.org",
            "",
            "http://",
        ] {
            assert_eq!(safe_url(hostile), "#", "{hostile}");
        }
    }

    #[test]
    fn long_links_are_not_broken() {
        let link = format!("https://example.org/{}", "a-b/".repeat(40));
        assert_eq!(wrap(&link, 72, ""), link);
    }
}
