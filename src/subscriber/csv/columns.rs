//! From a header to where each column stands, by the names that programs and people give them.
//!
//! In: the first record. Out: [`Columns`]. Exports of listmonk and Mailchimp are known by their columns; what those say
//! of people who left there is heeded in every file that has such a column.

use super::super::Address;
use super::FileProblem;
use super::cells::shown;

/// Names in lower case, `_` as a blank.
const EMAIL: [&str; 16] = [
    "email",
    "e-mail",
    "mail",
    "email address",
    "e-mail address",
    "e-mail-adresse",
    "email-adresse",
    "adresse e-mail",
    "adresse email",
    "courriel",
    "correo",
    "correo electrónico",
    "эл. почта",
    "электронная почта",
    "почта",
    "адрес электронной почты",
];
/// The column of addresses only where no other one is: in Mailchimp it is where people live.
const ADDRESS: [&str; 2] = ["address", "адрес"];
const NAME: [&str; 7] = ["name", "full name", "nom", "nombre", "имя", "фио", "ф.и.о."];
const FIRST_NAME: [&str; 4] = ["first name", "vorname", "prénom", "firstname"];
const LAST_NAME: [&str; 4] = ["last name", "nachname", "nom de famille", "lastname"];
const LANGUAGE: [&str; 6] = ["language", "sprache", "langue", "idioma", "язык", "locale"];
/// Of a column `estado` it is told which words are not understood.
const STATUS: [&str; 5] = ["status", "statut", "état", "estado", "статус"];
const TOPICS: [&str; 5] = ["topics", "themen", "sujets", "temas", "темы"];

/// Columns of an export of Mailchimp that say nothing we keep.
const OF_MAILCHIMP: [&str; 25] = [
    "address",
    "phone number",
    "birthday",
    "member rating",
    "optin time",
    "optin ip",
    "confirm time",
    "confirm ip",
    "latitude",
    "longitude",
    "gmtoff",
    "dstoff",
    "timezone",
    "cc",
    "region",
    "last changed",
    "leid",
    "euid",
    "notes",
    "tags",
    "unsub campaign title",
    "unsub campaign id",
    "unsub reason",
    "unsub reason other",
    "clean campaign title",
];
const OF_LISTMONK: [&str; 4] = ["uuid", "lists", "created at", "updated at"];

/// Where each column stands.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) email: usize,
    pub(super) name: Option<usize>,
    pub(super) first_name: Option<usize>,
    pub(super) last_name: Option<usize>,
    pub(super) language: Option<usize>,
    pub(super) topics: Option<usize>,
    pub(super) cadence: Option<usize>,
    /// Of listmonk: JSON, which may name a language.
    pub(super) attributes: Option<usize>,
    /// Of listmonk, or of whoever calls it the same.
    pub(super) status: Option<usize>,
    /// Of Mailchimp: filled for whom it does not mail any more.
    pub(super) unsubscribed_at: Option<usize>,
    pub(super) cleaned_at: Option<usize>,
    pub(super) count: usize,
}

/// A title as it is compared.
fn plain(title: &str) -> String {
    title.trim().to_lowercase().replace('_', " ")
}

/// The column of addresses.
pub(super) fn email_column(header: &::csv::StringRecord) -> Option<usize> {
    let of = |names: &[&str]| header.iter().position(|title| names.contains(&plain(title).as_str()));
    of(&EMAIL).or_else(|| of(&ADDRESS))
}

impl Columns {
    pub(super) fn from_header(
        header: &::csv::StringRecord,
        line: u64,
        notes: &mut Vec<String>,
    ) -> Result<Self, FileProblem> {
        let titles: Vec<String> = header.iter().map(plain).collect();
        let has = |title: &str| titles.iter().any(|other| other == title);
        let is_mailchimp = has("member rating") || has("optin time") || has("leid");
        let is_listmonk = has("attributes") && (has("status") || has("uuid") || has("lists"));
        let mut columns = Columns {
            count: header.len(),
            ..Columns::default()
        };
        let has_email = titles.iter().any(|title| EMAIL.contains(&title.as_str()));
        let mut email = None;
        for (index, title) in titles.iter().enumerate() {
            let title = title.as_str();
            let (place, column) = match title {
                title if EMAIL.contains(&title) || !has_email && ADDRESS.contains(&title) => (&mut email, "email"),
                title if NAME.contains(&title) => (&mut columns.name, "name"),
                title if FIRST_NAME.contains(&title) => (&mut columns.first_name, "first name"),
                title if LAST_NAME.contains(&title) => (&mut columns.last_name, "last name"),
                title if LANGUAGE.contains(&title) => (&mut columns.language, "language"),
                title if TOPICS.contains(&title) => (&mut columns.topics, "topics"),
                "cadence" => (&mut columns.cadence, "cadence"),
                title if STATUS.contains(&title) => (&mut columns.status, "status"),
                "attributes" if is_listmonk => (&mut columns.attributes, "attributes"),
                "unsub time" => (&mut columns.unsubscribed_at, "UNSUB_TIME"),
                "clean time" => (&mut columns.cleaned_at, "CLEAN_TIME"),
                "" => continue,
                title if is_mailchimp && OF_MAILCHIMP.contains(&title) => continue,
                title if is_listmonk && OF_LISTMONK.contains(&title) => continue,
                title if Address::parse(title).is_ok() => return Err(FileProblem::NoHeader),
                _ => {
                    let title = header.get(index).unwrap_or_default().trim().to_lowercase();
                    notes.push(format!("column `{}` is not read", shown(&title)));
                    continue;
                }
            };
            if place.replace(index).is_some() {
                return Err(FileProblem::TwoColumns { line, column });
            }
        }
        columns.email = email.ok_or_else(|| FileProblem::NoEmailColumn {
            line,
            found: shown(&header.iter().collect::<Vec<_>>().join(", ")),
        })?;
        for (is_it, program) in [(is_mailchimp, "Mailchimp"), (is_listmonk, "listmonk")] {
            if is_it {
                notes.push(format!("read as an export of {program}"));
            }
        }
        Ok(columns)
    }
}
