//! From text and environment to a checked [`Config`].
//!
//! The deserialiser stops at the first error, but people want to see them all. So each error is noted, the key it is
//! about is taken out of the parsed tree (or put in, if it was missing), and the tree is read again until it passes.
//! The surprising thing: what comes from the environment gets a span behind the end of the text, by which an error tells
//! that a variable is to blame.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::environment::{self, Variable};
use super::lookup::{Lines, line_at};
use super::problem::{Error, Problem, in_words};
use super::{Config, check};

/// Nobody mends more than this at a time.
const MOST_PROBLEMS: usize = 50;

impl Config {
    /// Reads and checks `config.toml`. `env` is `std::env::vars()`, or what a test says.
    pub fn load(path: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::one(
                &shown,
                "there is no such file; `rapporteur init` writes one, `--config PATH` names another",
            ),
            _ => Error::one(&shown, format!("cannot be read: {error}")),
        })?;
        let text = String::from_utf8(text).map_err(|_| Error::one(&shown, "is not UTF-8 text; save it as UTF-8"))?;
        Config::parse(&text, path, env)
    }

    /// The same from text; `path` gives the name for messages and the folder where relative paths start.
    pub fn parse(text: &str, path: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        // Some editors put a byte order mark in front, which TOML does not know.
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let env = environment::ours(env);
        let mut reading = Reading {
            file: path.display().to_string(),
            text,
            variables: Vec::new(),
            problems: Vec::new(),
            reported: BTreeSet::new(),
        };
        let mut tree = DeTable::parse(text).map_err(|error| reading.syntax(&error))?;
        let (variables, unfit) = environment::apply(tree.get_mut(), text.len(), &env);
        reading.variables = variables;
        for (name, text) in unfit {
            reading.problems.push(Problem {
                place: format!("environment variable {name}"),
                line: None,
                text,
            });
        }
        let lines = Lines::of(text, tree.get_ref());
        let config = reading.read(&mut tree);
        if let Some(mut config) = config {
            let folder = path.parent().unwrap_or(Path::new(""));
            config.root = std::path::absolute(folder.join("."))
                .map_or_else(|_| folder.to_owned(), |root| root.components().collect());
            config.file = reading.file.clone();
            config.lines = lines.clone();
            config.settle_paths();
            for (path, text) in check::problems(&config) {
                reading.note(&path, text, &lines);
            }
            if reading.problems.is_empty() {
                return Ok(config);
            }
        }
        reading.problems.sort_by_key(|problem| problem.line);
        Err(Error {
            problems: reading.problems,
        })
    }
}

struct Reading<'i> {
    file: String,
    text: &'i str,
    variables: Vec<Variable<'i>>,
    problems: Vec<Problem>,
    /// Keys about which something was said; more about them would only confuse.
    reported: BTreeSet<Vec<String>>,
}

/// A place in the tree.
struct Spot {
    path: Vec<String>,
    /// The error is about the key itself, not about its value.
    key: bool,
}

impl<'i> Reading<'i> {
    fn syntax(&self, error: &toml::de::Error) -> Error {
        let line = error.span().map(|span| line_at(self.text, span.start));
        Error {
            problems: vec![Problem {
                place: self.place(line),
                line,
                text: format!("not valid TOML: {}", error.message()),
            }],
        }
    }

    fn place(&self, line: Option<usize>) -> String {
        match line {
            Some(line) => format!("{} line {line}", self.file),
            None => self.file.clone(),
        }
    }

    /// Reads until it passes, or until nothing more can be told.
    fn read(&mut self, tree: &mut Spanned<DeTable<'i>>) -> Option<Config> {
        while self.problems.len() < MOST_PROBLEMS {
            let error = match Config::deserialize(toml::Deserializer::from(tree.clone())) {
                Ok(config) => return Some(config),
                Err(error) => error,
            };
            let spot = match error.span() {
                Some(span) => locate(tree.get_ref(), &span),
                None => Spot {
                    path: Vec::new(),
                    key: false,
                },
            };
            if !self.mend(tree.get_mut(), &spot, &error) {
                return None;
            }
        }
        None
    }

    /// Notes an error and changes the tree so that it does not come again; false if there is no way on.
    fn mend(&mut self, tree: &mut DeTable<'i>, spot: &Spot, error: &toml::de::Error) -> bool {
        let missing = error
            .message()
            .strip_prefix("missing field ")
            .map(|field| field.trim_matches('`').to_owned());
        let span = error.span().unwrap_or(0..0);
        if let Some(field) = missing {
            let mut path = spot.path.clone();
            path.push(field.clone());
            if self.reported.insert(path.clone()) {
                self.report(&spot.path, span.clone(), error.message());
            }
            let Some(table) = table_at(tree, &spot.path) else {
                return false;
            };
            let value = match field.as_str() {
                "institute" => DeValue::Table(DeTable::new()),
                "kind" if spot.path.first().is_some_and(|section| section == "sources") => text_value("folder"),
                "kind" => text_value("file"),
                "cron" => text_value("0 0 1 1 *"),
                "zone" => text_value("UTC"),
                _ => text_value("missing"),
            };
            let key = Spanned::new(span.clone(), DeString::from(field));
            return table.insert(key, Spanned::new(span, value)).is_none();
        }
        let Some((last, parents)) = spot.path.split_last() else {
            self.report(&spot.path, span, error.message());
            return false;
        };
        // A variable is text until its key turns out to take something else.
        if !spot.key
            && let Some(variable) = self.variables.iter_mut().find(|variable| variable.path == spot.path)
            && let Some(value) = variable.as_toml()
        {
            let variable_span = variable.span.clone();
            let Some(place) = table_at(tree, parents).and_then(|table| table.get_mut(last.as_str())) else {
                return false;
            };
            *place = Spanned::new(variable_span, value);
            return true;
        }
        if self.reported.insert(spot.path.clone()) {
            self.report(&spot.path, span, error.message());
        }
        table_at(tree, parents).is_some_and(|table| table.remove(last.as_str()).is_some())
    }

    fn report(&mut self, path: &[String], span: Range<usize>, message: &str) {
        let variable = self.variables.iter().find(|variable| variable.covers(&span));
        let show_value = variable.is_none() && !is_secret(path);
        let mut text = in_words(path, message, show_value);
        // In TOML a key belongs to the table header above it, which people who add a key at the end forget.
        if let [lists, _, cadences, key] = path
            && lists == "lists"
            && cadences == "cadences"
            && check::is_list_key(key)
        {
            text = format!(
                "`{key}` is a key of the list; move it above the line [{}]",
                path.get(..3).unwrap_or_default().join(".")
            );
        }
        let (place, line) = match variable {
            Some(variable) => (format!("environment variable {}", variable.name), None),
            None => {
                let line = Some(line_at(self.text, span.start));
                (self.place(line), line)
            }
        };
        self.problems.push(Problem { place, line, text });
    }

    /// A problem found by looking at the whole, at the line of its key or of the nearest table around it.
    fn note(&mut self, path: &[String], text: String, lines: &Lines) {
        if self
            .reported
            .iter()
            .any(|reported| path.starts_with(reported) || reported.starts_with(path))
        {
            return;
        }
        let problem = match self.variables.iter().find(|variable| variable.path == path) {
            Some(variable) => Problem {
                place: format!("environment variable {}", variable.name),
                line: None,
                text: format!("not a value that `{}` takes", path.join(".")),
            },
            None => {
                let line = lines.nearest(path);
                Problem {
                    place: self.place(line),
                    line,
                    text,
                }
            }
        };
        self.problems.push(problem);
    }
}

fn is_secret(path: &[String]) -> bool {
    matches!(path.last().map(String::as_str), Some("password" | "url"))
}

fn text_value(text: &'static str) -> DeValue<'static> {
    DeValue::String(DeString::from(text))
}

pub(super) fn table_at<'t, 'i>(tree: &'t mut DeTable<'i>, path: &[String]) -> Option<&'t mut DeTable<'i>> {
    let mut table = tree;
    for key in path {
        table = match table.get_mut(key.as_str())?.get_mut() {
            DeValue::Table(table) => table,
            _ => return None,
        };
    }
    Some(table)
}

/// The key or value the span belongs to: the one that fits most closely.
fn locate(tree: &DeTable<'_>, span: &Range<usize>) -> Spot {
    let mut best: Option<(usize, Spot)> = None;
    let mut walk = |path: &[String], found: &Range<usize>, key: bool| {
        if found.start <= span.start && span.end <= found.end {
            let size = found.end - found.start;
            // Deeper places come later and win a tie, but a key and its table header may share a span: the value wins.
            if best.as_ref().is_none_or(|(least, _)| size <= *least) {
                best = Some((
                    size,
                    Spot {
                        path: path.to_vec(),
                        key,
                    },
                ));
            }
        }
    };
    visit(tree, &mut Vec::new(), &mut walk);
    best.map_or(
        Spot {
            path: Vec::new(),
            key: false,
        },
        |(_, spot)| spot,
    )
}

/// Every key and value with its span, from the outside in.
pub(super) fn visit(tree: &DeTable<'_>, path: &mut Vec<String>, each: &mut impl FnMut(&[String], &Range<usize>, bool)) {
    for (key, value) in tree {
        path.push(key.get_ref().to_string());
        each(path, &key.span(), true);
        each(path, &value.span(), false);
        if let DeValue::Table(table) = value.get_ref() {
            visit(table, path, each);
        }
        path.pop();
    }
}
