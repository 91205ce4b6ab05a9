//! Feeds: one neutral [`Feed`] over the stored reports, written as RSS 2.0, Atom 1.0, JSON Feed 1.1 and iCalendar.
//!
//! In: stored reports, the configuration, the templates of `templates/feed/`. Out: text. Pure: no clock, no random, no
//! order of a hash map, so the same state gives the same bytes (FEED-07). Ids and dates are stored facts; the title,
//! the address and the render may change without making an old entry new (FEED-01, FEED-06). Which reports stand in the
//! main document and which in the archive is told in `feed/archive.rs`.

mod archive;
mod atom;
mod calendar;
mod entry;
mod json;
mod picture;
mod related;
mod rss;
mod samples;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use crate::config::{Config, List};
use crate::edition::list_takes;
use crate::render::{Error, Templates};
use crate::store::{Pictures, Stored};

pub use archive::Part;
pub use calendar::{MEDIA_TYPE as CALENDAR, calendar};
pub use entry::{Category, Entry, absolute_html, categories, clean, link, web_url};
pub use picture::{Shown, name as picture_name, pictures};
pub use related::Known;
pub(crate) use samples::templates;

use entry::line;

/// The style sheet of feeds, below `/feeds/`.
pub const STYLE: &str = "feed.css";

/// Which reports a feed carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    List(String),
    /// By the topic's term.
    Topic(String),
    Language(String),
}

impl Scope {
    /// What stands between `/feeds/` and the suffix.
    pub fn path(&self) -> String {
        match self {
            Scope::All => "all".into(),
            Scope::List(name) => name.clone(),
            Scope::Topic(term) => format!("topic/{term}"),
            Scope::Language(tag) => format!("lang/{tag}"),
        }
    }

    /// The feed's identity, which no change of address or title moves.
    fn id(&self, config: &Config) -> String {
        let authority = &config.institute.tag_authority;
        match self {
            Scope::All => format!("tag:{authority}:feed/all"),
            Scope::List(name) => format!("tag:{authority}:feed/list/{name}"),
            Scope::Topic(term) => format!("tag:{authority}:feed/topic/{term}"),
            Scope::Language(tag) => format!("tag:{authority}:feed/lang/{tag}"),
        }
    }

    fn list<'c>(&self, config: &'c Config) -> Option<&'c List> {
        match self {
            Scope::List(name) => config.lists.get(name),
            _ => None,
        }
    }

    /// Whether a report that may be seen belongs to it.
    fn takes(&self, stored: &Stored, config: &Config) -> bool {
        match self {
            Scope::All => true,
            Scope::List(name) => self.list(config).is_some_and(|list| list_takes(list, name, stored)),
            Scope::Topic(term) => topics(stored, config).any(|topic| topic.term == *term),
            Scope::Language(tag) => stored.report.language.as_ref() == Some(tag),
        }
    }
}

/// The ways a feed of texts is written.
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

/// One document of a feed, whatever it will be written as. Every text is free of characters that XML forbids.
#[derive(Clone, Debug)]
pub struct Feed {
    pub id: String,
    pub title: String,
    pub description: String,
    pub language: String,
    pub home_url: String,
    /// Address of the feed without the suffix of the format.
    pub stem_url: String,
    /// The institute: author of what names no author.
    pub author: String,
    pub updated: DateTime<Utc>,
    /// When the content last changed at all; for `Last-Modified`.
    pub modified: DateTime<Utc>,
    pub part: Part,
    /// How many documents its archive has.
    pub archives: usize,
    /// Those of its entries that are withdrawn, and when (FEED-13).
    pub withdrawn: Vec<(String, DateTime<Utc>)>,
    pub entries: Vec<Entry>,
}

impl Feed {
    /// Address of this document.
    pub fn self_url(&self, format: Format) -> String {
        self.url_of(self.part, format)
    }

    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Rss => rss::write(self),
            Format::Atom => atom::write(self),
            Format::Json => json::write(self),
        }
    }
}

/// What feeds are made from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub config: &'a Config,
    pub templates: &'a Templates,
    /// Every report that was ever published, in any order: also those that are withdrawn since.
    pub reports: &'a [Stored],
    pub known: &'a Known,
    /// The pictures that we have copies of.
    pub pictures: &'a Pictures,
    pub now: DateTime<Utc>,
}

/// Every feed there is: of all reports, of each public list, topic and language.
pub fn scopes(config: &Config, reports: &[&Stored]) -> Vec<Scope> {
    let mut languages: Vec<&str> = config.institute.languages.iter().map(String::as_str).collect();
    languages.extend(reports.iter().filter_map(|stored| stored.report.language.as_deref()));
    languages.sort_unstable();
    languages.dedup();
    let lists = config.lists.iter().filter(|(_, list)| list.public);
    let offered = lists.clone().flat_map(|(_, list)| list.topics.keys().cloned());
    let mut terms: Vec<String> = offered.chain(config.topics.keys().map(slug::slugify)).collect();
    terms.extend(
        reports
            .iter()
            .flat_map(|stored| topics(stored, config))
            .map(|topic| topic.term),
    );
    terms.retain(|term| !term.is_empty());
    terms.sort_unstable();
    terms.dedup();
    let mut scopes = vec![Scope::All];
    scopes.extend(lists.map(|(name, _)| Scope::List(name.clone())));
    scopes.extend(terms.into_iter().map(Scope::Topic));
    scopes.extend(languages.into_iter().map(|tag| Scope::Language(tag.to_owned())));
    scopes
}

fn topics(stored: &Stored, config: &Config) -> impl Iterator<Item = Category> {
    let categories = categories(&stored.report, config).into_iter();
    categories.filter(|category| category.scheme.ends_with(":topic"))
}

/// A document of a scope's feed.
pub fn build(scope: &Scope, part: Part, source: Source<'_>) -> Result<Feed, Error> {
    let Source { config, templates, .. } = source;
    let institute = &config.institute;
    let places = archive::places(scope, source);
    let Heading {
        title,
        language,
        home_url,
    } = heading(scope, source);
    let mut chosen: Vec<(DateTime<Utc>, &Stored)> = archive::of_part(&places, part)
        .iter()
        .flatten()
        .filter_map(|stored| Some((stored.dated_at?, *stored)))
        .collect();
    chosen.sort_by_key(|(dated, stored)| std::cmp::Reverse((*dated, stored.id)));
    let withdrawn = chosen
        .iter()
        .filter_map(|(_, stored)| Some((clean(&entry::item_id(stored)), stored.withdrawn_at?)))
        .collect();
    chosen.retain(|(_, stored)| stored.is_public(source.now));
    let entries = chosen
        .iter()
        .map(|(dated, stored)| entry::entry(*dated, stored, &language, source))
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
            "description": scope.list(config).and_then(|list| list.description.as_deref()),
        }),
    )?;
    let start = authority_start(&institute.tag_authority);
    Ok(Feed {
        id: scope.id(config),
        title,
        description: line(&description),
        language,
        home_url,
        stem_url: format!("{}/feeds/{}", config.web.public_url, scope.path()),
        author: line(&institute.name),
        updated: entries.iter().map(|entry| entry.updated).max().unwrap_or(start),
        modified: changes.flatten().max().unwrap_or(start),
        part,
        archives: archive::documents(places.len()),
        withdrawn,
        entries,
    })
}

/// What all documents of a scope say of themselves.
struct Heading {
    title: String,
    language: String,
    home_url: String,
}

fn heading(scope: &Scope, source: Source<'_>) -> Heading {
    let config = source.config;
    let institute = &config.institute;
    let list = scope.list(config);
    let title = match scope {
        Scope::All => institute.name.clone(),
        Scope::List(name) => list.map_or(name, |list| &list.title).clone(),
        Scope::Topic(term) => format!("{}: {}", institute.name, label(term, source)),
        Scope::Language(tag) => format!("{} ({})", institute.name, endonym(tag)),
    };
    let first = list
        .and_then(|list| list.languages.first())
        .or(institute.languages.first());
    let language = match scope {
        Scope::Language(tag) => tag,
        _ => first.map_or("en", String::as_str),
    };
    Heading {
        title: line(&title),
        language: language.to_owned(),
        home_url: format!("{}/", config.web.public_url),
    }
}

/// What people call a topic: as a list offers it, else as the newest report writes it.
fn label(term: &str, source: Source<'_>) -> String {
    let config = source.config;
    let offered = config.lists.values().find_map(|list| list.topics.get(term));
    let written = || {
        let scope = Scope::Topic(term.to_owned());
        let newest = archive::members(&scope, source).max_by_key(|stored| (stored.published_at, stored.id));
        let mut topics = newest.into_iter().flat_map(|stored| topics(stored, config));
        topics.find(|topic| topic.term == term).map(|topic| topic.label)
    };
    offered.cloned().or_else(written).unwrap_or_else(|| term.to_owned())
}

/// The XML with the style sheet for people who open a feed in a browser (FEED-15).
fn styled(document: &str, feed: &Feed) -> String {
    let (declaration, rest) = document.split_once("?>").unwrap_or(("", document));
    // No address that a configuration takes holds a quotation mark.
    let address = format!("{}feeds/{STYLE}", feed.home_url).replace('&', "&amp;");
    format!(
        "{declaration}?>\n<?xml-stylesheet type=\"text/css\" href=\"{address}\"?>\n{}",
        rest.trim_start()
    )
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
