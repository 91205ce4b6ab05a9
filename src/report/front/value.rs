//! YAML and TOML front matter as one tree of texts, each with its line in the file.
//!
//! In: the text between the fences, and the line it begins in. Out: a map of keys to nodes, or a refusal that names
//! the line. The surprising thing: numbers and booleans stay text, because what a key means decides how it is read.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::ScanError;

use crate::report::Refusal;

/// Deeper nesting has no meaning in front matter.
const MOST_DEPTH: usize = 16;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// Line of the file, counted from 1.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Items(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads YAML; `first` is the line of the file in which `text` begins.
pub(super) fn yaml(text: &str, first: usize) -> Result<Vec<(String, Node)>, Refusal> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<(Node, Option<String>)> = Vec::new();
    loop {
        let (event, mark) = parser.next_token().map_err(|error| broken_yaml(&error, first))?;
        let line = first + mark.line().saturating_sub(1);
        let node = match event {
            Event::StreamEnd => return Ok(Vec::new()),
            Event::Alias(_) => {
                return Err(refusal(
                    line,
                    "an alias (*name) is not understood here; write the value out",
                ));
            }
            Event::Scalar(text, ..) => Node {
                line,
                value: Value::Text(text),
            },
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MOST_DEPTH => {
                return Err(refusal(line, "lists within lists too deep; write it flat"));
            }
            Event::SequenceStart(..) => {
                open.push((
                    Node {
                        line,
                        value: Value::Items(Vec::new()),
                    },
                    None,
                ));
                continue;
            }
            Event::MappingStart(..) => {
                open.push((
                    Node {
                        line,
                        value: Value::Map(Vec::new()),
                    },
                    None,
                ));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some((node, _)) => node,
                None => continue,
            },
            _ => continue,
        };
        // Where the finished node belongs: a map waiting for a key or a value, a list, or nothing (it is the whole).
        match open.last_mut() {
            Some((
                Node {
                    value: Value::Map(entries),
                    ..
                },
                key,
            )) => match (key.take(), node.value) {
                (Some(name), value) => entries.push((name, Node { line: node.line, value })),
                (None, Value::Text(name)) => *key = Some(name),
                (None, _) => return Err(refusal(line, "a key must be a word; put quotes around it")),
            },
            Some((
                Node {
                    value: Value::Items(items),
                    ..
                },
                _,
            )) => items.push(node),
            Some(_) => {}
            None => {
                return match node.value {
                    Value::Map(entries) => Ok(entries),
                    Value::Text(text) if text.trim().is_empty() => Ok(Vec::new()),
                    _ => Err(refusal(
                        line,
                        "expected lines such as \"title: ...\"; or remove the fences",
                    )),
                };
            }
        }
    }
}

/// Reads TOML; `first` is the line of the file in which `text` begins.
pub(super) fn toml(text: &str, first: usize) -> Result<Vec<(String, Node)>, Refusal> {
    let lines = Lines { text, first };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        refusal(
            lines.at(at),
            &format!("TOML does not parse: {}", super::super::prose::tidy(error.message())),
        )
    })?;
    toml_map(table.get_ref(), &lines, 0)
}

struct Lines<'a> {
    text: &'a str,
    first: usize,
}

impl Lines<'_> {
    fn at(&self, byte: usize) -> usize {
        self.first + self.text.bytes().take(byte).filter(|b| *b == b'\n').count()
    }
}

fn toml_map(table: &DeTable<'_>, lines: &Lines<'_>, depth: usize) -> Result<Vec<(String, Node)>, Refusal> {
    table
        .iter()
        .map(|(key, value)| Ok((key.get_ref().to_string(), toml_node(value, lines, depth + 1)?)))
        .collect()
}

fn toml_node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>, depth: usize) -> Result<Node, Refusal> {
    let line = lines.at(value.span().start);
    if depth > MOST_DEPTH {
        return Err(refusal(line, "tables within tables too deep; write it flat"));
    }
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Text(number.to_string()),
        DeValue::Float(number) => Value::Text(number.to_string()),
        DeValue::Boolean(yes) => Value::Text(yes.to_string()),
        DeValue::Datetime(when) => Value::Text(when.to_string()),
        DeValue::Array(items) => Value::Items(
            items
                .iter()
                .map(|item| toml_node(item, lines, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => Value::Map(toml_map(table, lines, depth)?),
    };
    Ok(Node { line, value })
}

fn broken_yaml(error: &ScanError, first: usize) -> Refusal {
    let line = first + error.marker().line().saturating_sub(1);
    refusal(
        line,
        &format!(
            "YAML does not parse: {}; put quotes around a text that holds a colon",
            error.info()
        ),
    )
}

pub(super) fn refusal(line: usize, what: &str) -> Refusal {
    Refusal(format!("front matter, line {line}: {what}"))
}
