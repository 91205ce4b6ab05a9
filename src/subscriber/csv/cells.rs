//! From a record's cells to an address and what the file says about the person.

use super::super::{Address, Cells, Name, language_tag, masked};
use super::{FileProblem, Offer, write::unguard};

/// No cell of a real file comes near this; one that does is a mistake or an attack. In bytes.
pub const MAX_CELL: usize = 4096;

/// How much of a refused cell is shown.
const SHOWN: usize = 24;

const EMAIL_NAMES: [&str; 6] = ["email", "e-mail", "mail", "address", "email address", "e-mail address"];

pub(super) fn is_email(name: &str) -> bool {
    EMAIL_NAMES.contains(&name.trim().to_lowercase().replace('_', " ").as_str())
}

/// Where each column stands.
pub(super) struct Columns {
    email: usize,
    name: Option<usize>,
    language: Option<usize>,
    topics: Option<usize>,
    cadence: Option<usize>,
    count: usize,
}

/// What is wrong with a record.
pub(super) struct RowProblem {
    pub(super) text: String,
    pub(super) reason: String,
    pub(super) key: Option<String>,
}

impl Columns {
    pub(super) fn from_header(
        header: &::csv::StringRecord,
        line: u64,
        notes: &mut Vec<String>,
    ) -> Result<Self, FileProblem> {
        let (mut email, mut name, mut language, mut topics, mut cadence) = (None, None, None, None, None);
        for (index, title) in header.iter().enumerate() {
            let (place, column) = match title.trim().to_lowercase().as_str() {
                title if is_email(title) => (&mut email, "email"),
                "name" => (&mut name, "name"),
                "language" => (&mut language, "language"),
                "topics" => (&mut topics, "topics"),
                "cadence" => (&mut cadence, "cadence"),
                "" => continue,
                _ if Address::parse(title.trim()).is_ok() => return Err(FileProblem::NoHeader),
                _ => {
                    notes.push(format!("column `{}` is not read", shown(title)));
                    continue;
                }
            };
            if place.replace(index).is_some() {
                return Err(FileProblem::TwoColumns { line, column });
            }
        }
        let email = email.ok_or_else(|| FileProblem::NoEmailColumn {
            line,
            found: shown(&header.iter().collect::<Vec<_>>().join(", ")),
        })?;
        Ok(Columns {
            email,
            name,
            language,
            topics,
            cadence,
            count: header.len(),
        })
    }

    pub(super) fn row(&self, fields: &::csv::StringRecord) -> Result<(Address, Cells), RowProblem> {
        let raw = fields.get(self.email).unwrap_or_default();
        // Only what a person cannot see is trimmed: a line break is refused, not cleaned up.
        let raw = unguard(raw.trim_matches([' ', '\t', '\u{A0}']));
        let address = Address::parse(raw).map_err(|error| RowProblem {
            text: masked(raw),
            reason: error.to_string(),
            key: None,
        })?;
        match self.cells(fields) {
            Ok(cells) => Ok((address, cells)),
            Err(reason) => Err(RowProblem {
                text: address.masked(),
                reason,
                key: Some(address.key()),
            }),
        }
    }

    fn cells(&self, fields: &::csv::StringRecord) -> Result<Cells, String> {
        if fields.iter().skip(self.count).any(|cell| !cell.trim().is_empty()) {
            return Err(format!(
                "{} cells where the header has {}; put quotation marks around cells that hold the delimiter",
                fields.len(),
                self.count
            ));
        }
        if let Some(cell) = fields.iter().find(|cell| cell.len() > MAX_CELL) {
            return Err(format!("a cell of {} bytes; at most {MAX_CELL} are read", cell.len()));
        }
        let cell = |column: Option<usize>| {
            column.map(|column| {
                let cell = fields.get(column).unwrap_or_default();
                unguard(cell.trim_matches([' ', '\t', '\u{A0}']))
            })
        };
        Ok(Cells {
            name: cell(self.name).map(name).transpose()?,
            language: cell(self.language).map(language).transpose()?,
            topics: cell(self.topics).map(topics).transpose()?,
            cadence: cell(self.cadence)
                .map(|cell| one_line("cadence", cell).map(str::to_owned))
                .transpose()?,
        })
    }
}

fn name(cell: &str) -> Result<String, String> {
    match cell {
        "" => Ok(String::new()),
        cell => Name::parse(cell)
            .map(|name| name.as_str().to_owned())
            .map_err(|error| error.to_string()),
    }
}

fn language(cell: &str) -> Result<String, String> {
    match cell {
        "" => Ok(String::new()),
        cell => language_tag(cell).ok_or_else(|| {
            format!(
                "language \"{}\" is no language tag; write such as en or de",
                shown(cell)
            )
        }),
    }
}

fn topics(cell: &str) -> Result<Vec<String>, String> {
    let mut topics: Vec<String> = Vec::new();
    for topic in one_line("topics", cell)?.split(['|', ';']) {
        let topic = topic.trim();
        if !topic.is_empty() && !topics.iter().any(|known| known == topic) {
            topics.push(topic.to_owned());
        }
    }
    Ok(topics)
}

fn one_line<'a>(column: &str, cell: &'a str) -> Result<&'a str, String> {
    match cell.chars().any(char::is_control) {
        true => Err(format!(
            "the cell `{column}` contains a line break or control character"
        )),
        false => Ok(cell),
    }
}

/// Topics become the list's terms; what the list does not offer is a reason to refuse the row.
pub(super) fn hold_to(cells: &mut Cells, offer: Offer<'_>) -> Result<(), String> {
    if let Some(word) = cells.cadence.as_deref().filter(|word| !word.is_empty())
        && !offer.cadences.contains(&word)
    {
        return Err(format!(
            "cadence \"{}\" is not one of the list's: {}",
            shown(word),
            offer.cadences.join(", ")
        ));
    }
    for topic in cells.topics.iter_mut().flatten() {
        if offer.topics.is_empty() {
            break;
        }
        let wanted = topic.to_lowercase();
        let known = |(term, label): &&(&str, &str)| term.to_lowercase() == wanted || label.to_lowercase() == wanted;
        match offer.topics.iter().find(known) {
            Some((term, _)) => *topic = (*term).to_owned(),
            None => {
                let terms: Vec<&str> = offer.topics.iter().map(|(term, _)| *term).collect();
                return Err(format!(
                    "topic \"{}\" is not one of the list's: {}",
                    shown(topic),
                    terms.join(", ")
                ));
            }
        }
    }
    Ok(())
}

/// The start of a cell on one line, without what would steer a terminal.
fn shown(cell: &str) -> String {
    let start: String = cell.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    match start.len() < cell.len() {
        true => format!("{start}…"),
        false => start,
    }
}
