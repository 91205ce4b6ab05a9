//! What is wrong with a configuration, in sentences: where, what, and what to write instead.

use std::fmt;

/// How alike two words must be for the one to be offered for the other, from 0 to 1.
const ALIKE: f64 = 0.6;

/// Everything wrong with a configuration; prints one problem per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `config.toml line 12`, `config.toml`, or the name of an environment variable.
    pub place: String,
    pub line: Option<usize>,
    pub text: String,
}

impl Error {
    pub(super) fn one(place: impl Into<String>, text: impl Into<String>) -> Self {
        Error {
            problems: vec![Problem {
                place: place.into(),
                line: None,
                text: text.into(),
            }],
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// "; did you mean `title`?", if one of the known words is close.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|known| {
            (
                strsim::normalized_damerau_levenshtein(&word, &known.to_lowercase()),
                known,
            )
        })
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| format!("; did you mean `{known}`?"))
}

/// The sentence behind an error of the deserialiser at `path`; without the value where that may be a secret.
pub(super) fn in_words(path: &[String], message: &str, show_value: bool) -> String {
    let name = path.join(".");
    let mut quoted = message.split('`').skip(1).step_by(2);
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let key = path.last().cloned().unwrap_or_default();
        let known: Vec<&str> = quoted.skip(1).collect();
        let cure = did_you_mean(&key, known.iter().copied()).unwrap_or_else(|| match rest.contains("expected") {
            true => format!("; known here: {}", known.join(", ")),
            false => String::new(),
        });
        return format!("unknown key `{key}`{}{cure}", in_table(path));
    }
    if message.starts_with("missing field ") {
        let key = quoted.next().unwrap_or_default();
        return match path {
            [] => format!("section [{key}] is missing"),
            path => format!("`{key}` is missing in [{}]", path.join(".")),
        };
    }
    if message.starts_with("unknown variant ") {
        let word = quoted.next().unwrap_or_default().to_owned();
        let known: Vec<&str> = quoted.collect();
        let choices = known.join("\", \"");
        return match show_value {
            true => {
                let cure = did_you_mean(&word, known.iter().copied()).unwrap_or_default();
                format!("`{name}` is \"{word}\"; it takes one of \"{choices}\"{cure}")
            }
            false => format!("`{name}` takes one of \"{choices}\""),
        };
    }
    if let Some((_, rest)) = message.split_once("invalid ")
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        let expected = match expected {
            "a boolean" => "true or false",
            "a string" => "text in quotation marks",
            "a sequence" => "a list in square brackets",
            "a duration" => "a time such as \"10min\"",
            "a map" => "a table",
            expected if expected.starts_with("struct ") => "a table",
            "u16" | "usize" | "u64" => "a whole number",
            expected => expected,
        };
        let found = found
            .split_once(": ")
            .map_or(found, |(_, found)| found)
            .replace('`', "");
        return match show_value {
            true => format!("`{name}` takes {expected}, not {found}"),
            false => format!("`{name}` takes {expected}"),
        };
    }
    match show_value {
        true => format!("`{name}`: {message}"),
        false => format!("not a value that `{name}` takes"),
    }
}

fn in_table(path: &[String]) -> String {
    match path.split_last() {
        Some((_, table)) if !table.is_empty() => format!(" in [{}]", table.join(".")),
        _ => " at the top".to_owned(),
    }
}
