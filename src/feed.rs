//! Feeds: one neutral [`Feed`] over the stored reports, written as RSS 2.0, Atom 1.0 and JSON Feed 1.1.
//!
//! In: stored reports, the configuration, the templates of `templates/feed/`. Out: text. Pure: no clock, no random, no
//! order of a hash map, so the same state gives the same bytes (FEED-07). Ids and dates are stored facts; the title,
//! the address and the render may change without making an old entry new (FEED-01, FEED-06).

mod atom;
mod entry;
mod json;
mod rss;
mod samples;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use crate::config::Config;
use crate::edition::{is_open, list_takes};
use crate::render::{Error, Templates};
use crate::store::Stored;

pub use entry::{Category, Entry, absolute_html, categories, clean, link, web_url};
pub use samples::{description_samples, entry_samples};

use entry::line;

/// Entries of a feed's main document (FEED-10 allows 30 to 50).
pub const ENTRIES: usize = 50;

/// Which reports a feed carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    List(String),
    Language(String),
}

impl Scope {
    /// What stands between `/feeds/` and the suffix.
    pub fn path(&self) -> String {
        match self {
            Scope::All => "all".into(),
            Scope::List(name) => name.clone(),
            Scope::Language(tag) => format!("lang/{tag}"),
        }
    }

    /// The feed's identity, which no change of address or title moves.
    fn id(&self, config: &Config) -> String {
        let authority = &config.institute.tag_authority;
        match self {
            Scope::All => format!("tag:{authority}:feed/all"),
            Scope::List(name) => format!("tag:{authority}:feed/list/{name}"),
            Scope::Language(tag) => format!("tag:{authority}:feed/lang/{tag}"),
        }
    }
}

/// The three ways a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Rss,
    Atom,
    Json,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Rss, Format::Atom, Format::Json];

    pub fn suffix(self) -> &'static str {
        match self {
            Format::Rss => "rss",
            Format::Atom => "atom",
            Format::Json => "json",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml; charset=utf-8",
            Format::Atom => "application/atom+xml; charset=utf-8",
            Format::Json => "application/feed+json; charset=utf-8",
        }
    }
}

/// A feed, whatever it will be written as. Every text is free of characters that XML forbids.
#[derive(Clone, Debug)]
pub struct Feed {
    pub id: String,
    pub title: String,
    pub description: String,
    pub language: String,
    pub home_url: String,
    /// Address without the suffix of the format.
    pub stem_url: String,
    /// The institute: author of what names no author.
    pub author: String,
    pub updated: DateTime<Utc>,
    /// When the content last changed at all; for `Last-Modified`.
    pub modified: DateTime<Utc>,
    pub entries: Vec<Entry>,
}

impl Feed {
    pub fn self_url(&self, format: Format) -> String {
        format!("{}.{}", self.stem_url, format.suffix())
    }

    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Rss => rss::write(self),
            Format::Atom => atom::write(self),
            Format::Json => json::write(self),
        }
    }
}

/// Every feed there is: of all reports, of each public list, of each language.
pub fn scopes(config: &Config, reports: &[Stored]) -> Vec<Scope> {
    let mut languages: Vec<&str> = config.institute.languages.iter().map(String::as_str).collect();
    languages.extend(reports.iter().filter_map(|stored| stored.report.language.as_deref()));
    languages.sort_unstable();
    languages.dedup();
    let lists = config.lists.iter().filter(|(_, list)| list.public);
    let mut scopes = vec![Scope::All];
    scopes.extend(lists.map(|(name, _)| Scope::List(name.clone())));
    scopes.extend(languages.into_iter().map(|tag| Scope::Language(tag.to_owned())));
    scopes
}

/// The newest reports of a scope as a feed. `reports` are the public ones in any order.
pub fn build(scope: &Scope, reports: &[Stored], config: &Config, templates: &Templates) -> Result<Feed, Error> {
    let institute = &config.institute;
    let list = match scope {
        Scope::List(name) => config.lists.get(name),
        _ => None,
    };
    let language = match scope {
        Scope::Language(tag) => Some(tag),
        _ => list
            .and_then(|list| list.languages.first())
            .or(institute.languages.first()),
    }
    .map_or("en", String::as_str);
    let title = match scope {
        Scope::All => institute.name.clone(),
        Scope::List(name) => list.map_or(name, |list| &list.title).clone(),
        Scope::Language(tag) => format!("{} ({})", institute.name, endonym(tag)),
    };
    let mut chosen: Vec<(DateTime<Utc>, &Stored)> = reports
        .iter()
        .filter(|stored| is_open(config, stored))
        .filter(|stored| match scope {
            Scope::All => true,
            Scope::List(name) => list.is_some_and(|list| list_takes(list, name, stored)),
            Scope::Language(tag) => stored.report.language.as_ref() == Some(tag),
        })
        .filter_map(|stored| Some((stored.dated_at?, stored)))
        .collect();
    chosen.sort_by_key(|(dated, stored)| std::cmp::Reverse((*dated, stored.id)));
    chosen.truncate(ENTRIES);
    let entries = chosen
        .iter()
        .map(|(dated, stored)| entry::entry(*dated, stored, language, config, templates))
        .collect::<Result<Vec<_>, _>>()?;
    let changes = chosen.iter().flat_map(|(dated, stored)| {
        [
            Some(*dated),
            Some(stored.changed_at),
            stored.published_at,
            stored.updated_at,
        ]
    });
    let description = templates.render(
        "feed/description.txt",
        &json!({
            "lang": language,
            "institute": institute.name,
            "description": list.and_then(|list| list.description.as_deref()),
        }),
    )?;
    let start = authority_start(&institute.tag_authority);
    Ok(Feed {
        id: scope.id(config),
        title: line(&title),
        description: line(&description),
        language: language.to_owned(),
        home_url: format!("{}/", config.web.public_url),
        stem_url: format!("{}/feeds/{}", config.web.public_url, scope.path()),
        author: line(&institute.name),
        updated: entries.iter().map(|entry| entry.updated).max().unwrap_or(start),
        modified: changes.flatten().max().unwrap_or(start),
        entries,
    })
}

/// When the tag authority begins (RFC 4151: year, month, day): the one date that an empty feed can truly give.
fn authority_start(authority: &str) -> DateTime<Utc> {
    let date = authority.rsplit(',').next().unwrap_or_default();
    [date.to_owned(), format!("{date}-01"), format!("{date}-01-01")]
        .iter()
        .find_map(|date| date.parse::<NaiveDate>().ok())
        .and_then(|date| date.and_hms_opt(0, 0, 0))
        .map_or(DateTime::UNIX_EPOCH, |start| start.and_utc())
}

/// What a language calls itself.
fn endonym(tag: &str) -> &str {
    match tag {
        "ar" => "العربية",
        "de" => "Deutsch",
        "en" => "English",
        "es" => "Español",
        "fr" => "Français",
        "it" => "Italiano",
        "nl" => "Nederlands",
        "pl" => "Polski",
        "pt" => "Português",
        "ru" => "Русский",
        "uk" => "Українська",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_feed_is_dated_by_its_tag_authority() {
        for (authority, date) in [
            ("example.org,2026", "2026-01-01"),
            ("example.org,2019-07", "2019-07-01"),
            ("example.org,2019-07-14", "2019-07-14"),
            ("example.org", "1970-01-01"),
        ] {
            assert_eq!(authority_start(authority).date_naive().to_string(), date, "{authority}");
        }
    }
}
