//! `RAPPORTEUR__SECTION__KEY`: settings and secrets from the environment, laid over the file.
//!
//! `RAPPORTEUR__RELAYS__MAIN__PASSWORD` is `relays.main.password`. A name that exists in the file is found whatever its
//! case and with `_` for `-`. Values are never shown, in no message, since most of them are secrets.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

const PREFIX: &str = "RAPPORTEUR__";

/// A variable that was laid over the file.
pub(super) struct Variable<'i> {
    pub(super) name: &'i str,
    pub(super) path: Vec<String>,
    /// Behind the end of the text, its own for each variable.
    pub(super) span: Range<usize>,
    /// The value, until it was tried as TOML.
    value: Option<&'i str>,
}

impl<'i> Variable<'i> {
    pub(super) fn covers(&self, span: &Range<usize>) -> bool {
        self.span.start <= span.start && span.end <= self.span.end
    }

    /// The value as number, truth value or list; once, so that trying comes to an end.
    pub(super) fn as_toml(&mut self) -> Option<DeValue<'i>> {
        let mut value = DeValue::parse(self.value.take()?).ok()?.into_inner();
        if let DeValue::Array(items) = &mut value {
            for item in items.iter_mut() {
                *item = Spanned::new(self.span.clone(), item.get_ref().clone());
            }
        }
        Some(value)
    }
}

/// Only what is ours.
pub(super) fn ours(env: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut ours: Vec<_> = env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.sort();
    ours
}

/// Lays variables over the tree. Returns what was laid, and the names that fit nowhere with the reason.
pub(super) fn apply<'i>(
    tree: &mut DeTable<'i>,
    end_of_text: usize,
    env: &'i [(String, String)],
) -> (Vec<Variable<'i>>, Vec<(&'i str, String)>) {
    let (mut variables, mut unfit) = (Vec::new(), Vec::new());
    for (index, (name, value)) in env.iter().enumerate() {
        let start = end_of_text + 1 + 2 * index;
        let span = start..start + 1;
        let segments: Vec<&str> = name.strip_prefix(PREFIX).unwrap_or(name).split("__").collect();
        match lay(tree, &segments, value, &span) {
            Ok(path) => variables.push(Variable {
                name,
                path,
                span,
                value: Some(value),
            }),
            Err(reason) => unfit.push((name.as_str(), reason)),
        }
    }
    (variables, unfit)
}

fn lay<'i>(
    tree: &mut DeTable<'i>,
    segments: &[&str],
    value: &'i str,
    span: &Range<usize>,
) -> Result<Vec<String>, String> {
    let malformed = || "write RAPPORTEUR__SECTION__KEY, with two underscores between the names".to_owned();
    let Some((last, parents)) = segments.split_last().filter(|(_, parents)| !parents.is_empty()) else {
        return Err(malformed());
    };
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err(malformed());
    }
    let mut path = Vec::new();
    let mut table = tree;
    for segment in parents {
        let key = key_in(table, segment);
        path.push(key.clone());
        if !table.contains_key(key.as_str()) {
            let made = Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
            table.insert(Spanned::new(span.clone(), DeString::from(key.clone())), made);
        }
        table = match table.get_mut(key.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(table)) => table,
            _ => return Err(format!("`{}` is no section of the configuration", path.join("."))),
        };
    }
    let key = key_in(table, last);
    table.remove(key.as_str());
    let text = Spanned::new(span.clone(), DeValue::String(DeString::from(value)));
    table.insert(Spanned::new(span.clone(), DeString::from(key.clone())), text);
    path.push(key);
    Ok(path)
}

/// The key of the file that is meant; else the segment in lower case.
fn key_in(table: &DeTable<'_>, segment: &str) -> String {
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let wanted = plain(segment);
    table
        .keys()
        .map(|key| key.get_ref())
        .find(|key| plain(key) == wanted)
        .map_or_else(|| segment.to_lowercase(), ToString::to_string)
}
