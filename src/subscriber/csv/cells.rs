//! From a record's cells to an address and what the file says about the person.

use super::super::{Address, Cells, Name, language_tag, masked};
use super::columns::Columns;
use super::text::PASSED;
use super::{Offer, write::unguard};

/// No cell of a real file comes near this; one that does is a mistake or an attack. In bytes.
pub const MAX_CELL: usize = 4096;

/// How much of a refused cell is shown.
const SHOWN: usize = 24;

/// What a column `status` says of people who may be mailed, and of those who may not.
const THERE: [&str; 24] = [
    "",
    "enabled",
    "active",
    "subscribed",
    "confirmed",
    "1",
    "aktiv",
    "angemeldet",
    "bestätigt",
    "actif",
    "abonné",
    "abonnée",
    "inscrit",
    "inscrite",
    "confirmé",
    "activo",
    "activa",
    "suscrito",
    "suscrita",
    "confirmado",
    "активен",
    "активна",
    "подписан",
    "подписана",
];
const GONE: [&str; 69] = [
    "disabled",
    "blocklisted",
    "blacklisted",
    "blocked",
    "unsubscribed",
    "unsubscribe",
    "opted out",
    "opt-out",
    "unconfirmed",
    "pending",
    "cleaned",
    "bounced",
    "complained",
    "inactive",
    "suppressed",
    "left",
    "removed",
    "deleted",
    "0",
    "abgemeldet",
    "abbestellt",
    "ausgetragen",
    "ausgetreten",
    "deaktiviert",
    "inaktiv",
    "gesperrt",
    "gelöscht",
    "unbestätigt",
    "nicht bestätigt",
    "ausstehend",
    "unzustellbar",
    "désabonné",
    "désabonnée",
    "désinscrit",
    "désinscrite",
    "désactivé",
    "désactivée",
    "inactif",
    "bloqué",
    "bloquée",
    "supprimé",
    "supprimée",
    "non confirmé",
    "en attente",
    "baja",
    "de baja",
    "dado de baja",
    "dada de baja",
    "cancelado",
    "cancelada",
    "desactivado",
    "inactivo",
    "inactiva",
    "bloqueado",
    "bloqueada",
    "eliminado",
    "no confirmado",
    "pendiente",
    "отписан",
    "отписана",
    "отписался",
    "отписалась",
    "отключён",
    "отключен",
    "заблокирован",
    "неактивен",
    "неактивна",
    "удалён",
    "не подтверждён",
];

/// What is wrong with a record.
pub(super) struct RowProblem {
    pub(super) text: String,
    pub(super) reason: String,
    pub(super) key: Option<String>,
    /// The file says that the person is to get no mail.
    pub(super) is_gone: bool,
}

/// What a record says of somebody's leaving.
enum Word {
    Nothing,
    /// And why.
    Gone(String),
    /// A status that nobody has explained to us.
    Unknown(String),
}

impl Columns {
    pub(super) fn row(&self, fields: &::csv::StringRecord) -> Result<(Address, Cells), RowProblem> {
        let raw = fields.get(self.email).unwrap_or_default();
        // Only what a person cannot see is trimmed: a line break is refused, not cleaned up.
        let raw = unguard(raw.trim_matches([' ', '\t', '\u{A0}']));
        let address = Address::parse(raw).map_err(|error| RowProblem {
            text: masked(raw),
            reason: error.to_string(),
            key: None,
            is_gone: false,
        })?;
        let problem = |reason, is_gone| RowProblem {
            text: address.masked(),
            reason,
            key: Some(address.key()),
            is_gone,
        };
        match self.left_elsewhere(fields) {
            Err(reason) => return Err(problem(reason, false)),
            Ok(Word::Gone(reason)) => return Err(problem(reason, true)),
            Ok(Word::Nothing | Word::Unknown(_)) => {}
        }
        match self.cells(fields) {
            Ok(cells) => Ok((address, cells)),
            Err(reason) => Err(problem(reason, false)),
        }
    }

    /// Whether records may say that somebody left.
    pub(super) fn tell_of_leaving(&self) -> bool {
        self.status.is_some() || self.unsubscribed_at.is_some() || self.cleaned_at.is_some()
    }

    /// The status of a record, if it says neither yes nor no.
    pub(super) fn unknown_status(&self, fields: &::csv::StringRecord) -> Option<String> {
        match self.left_elsewhere(fields) {
            Ok(Word::Unknown(status)) => Some(status),
            _ => None,
        }
    }

    /// A file never brings back who left where it comes from (PRIV-10).
    fn left_elsewhere(&self, fields: &::csv::StringRecord) -> Result<Word, String> {
        let cell = |column: usize, title: &str| {
            let cell = fields.get(column).map(str::trim);
            cell.ok_or_else(|| format!("the record ends before its column `{title}`"))
        };
        for (column, title, what) in [
            (self.unsubscribed_at, "UNSUB_TIME", "unsubscribed"),
            (self.cleaned_at, "CLEAN_TIME", "taken out as undeliverable"),
        ] {
            if let Some(column) = column
                && !cell(column, title)?.is_empty()
            {
                return Ok(Word::Gone(format!("the file says that they were {what}")));
            }
        }
        let Some(column) = self.status else {
            return Ok(Word::Nothing);
        };
        let status = cell(column, "status")?.to_lowercase();
        let is_unknown = !THERE.contains(&status.as_str());
        // A program's own words are known, all of them; anybody else may call something else a status.
        if GONE.contains(&status.as_str()) || is_unknown && self.attributes.is_some() {
            let reason = format!("the file says that their status is \"{}\"", shown(&status));
            return Ok(Word::Gone(reason));
        }
        Ok(match is_unknown {
            true => Word::Unknown(shown(&status)),
            false => Word::Nothing,
        })
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
            let more = if cell.len() < PASSED { "" } else { "more than " };
            return Err(format!(
                "a cell of {more}{} bytes; at most {MAX_CELL} are read",
                cell.len()
            ));
        }
        let cell = |column: Option<usize>| {
            column.map(|column| {
                let cell = fields.get(column).unwrap_or_default();
                unguard(cell.trim_matches([' ', '\t', '\u{A0}']))
            })
        };
        let language_of_attributes = || cell(self.attributes).map(language_in);
        Ok(Cells {
            name: match (cell(self.name), cell(self.first_name), cell(self.last_name)) {
                (Some(whole), ..) => Some(name(whole)?),
                (None, None, None) => None,
                (None, first, last) => {
                    let both = [first, last].map(Option::unwrap_or_default).join(" ");
                    Some(name(both.trim())?)
                }
            },
            language: match cell(self.language) {
                Some(cell) => Some(language(cell)?),
                None => language_of_attributes(),
            },
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

/// Of listmonk's attributes, whatever institutes call it.
fn language_in(attributes: &str) -> String {
    let read = serde_json::from_str::<serde_json::Value>(attributes).unwrap_or_default();
    let named = ["language", "lang", "locale"]
        .iter()
        .find_map(|key| read.get(key)?.as_str());
    named.and_then(language_tag).unwrap_or_default()
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
pub(super) fn shown(cell: &str) -> String {
    let start: String = cell.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    match start.len() < cell.len() {
        true => format!("{start}…"),
        false => start,
    }
}
