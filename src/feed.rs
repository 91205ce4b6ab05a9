//! Feeds: one neutral [`Feed`] over the stored reports, written as RSS 2.0, Atom 1.0 and JSON Feed 1.1.
//!
//! In: stored reports, the configuration, the templates of `templates/feed/`. Out: text. Pure: no clock, no random, no
//! order of a hash map, so the same state gives the same bytes (FEED-07). Ids and dates are stored facts; the title,
//! the address and the render may change without making an old entry new (FEED-01, FEED-06).

mod atom;
mod json;
mod rss;

use chrono::{DateTime, NaiveDate, Utc};
use indexmap::IndexMap;
use serde_json::json;
use url::Url;

use crate::config::{Config, FeedContent, List};
use crate::edition::{is_open, list_takes};
use crate::render::{Error, Templates, direction};
use crate::report::{Event, Report};
use crate::store::Stored;

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

/// One report in a feed.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub link: String,
    pub title: String,
    pub language: Option<String>,
    pub published: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub author: String,
    pub categories: Vec<Category>,
    pub event: Event,
    /// Plain text.
    pub summary: String,
    /// The event line and the summary as HTML.
    pub summary_html: String,
    /// The same with the full text, if feeds carry it.
    pub full_html: Option<String>,
}

impl Entry {
    /// What a reader shows as the text of the entry.
    pub fn content_html(&self) -> &str {
        self.full_html.as_deref().unwrap_or(&self.summary_html)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Stable, for machines: `energy`.
    pub term: String,
    /// For people: "Energy and climate".
    pub label: String,
    /// What kind of word it is: a `tag:` URI that ends in `topic` or `series`.
    pub scheme: String,
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
        .map(|(dated, stored)| entry(*dated, stored, language, config, templates))
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

fn entry(
    dated: DateTime<Utc>,
    stored: &Stored,
    feed_language: &str,
    config: &Config,
    templates: &Templates,
) -> Result<Entry, Error> {
    let report = &stored.report;
    let link = link(stored, &config.web.public_url);
    let language = report.language.as_deref();
    let summary = report.summary.as_deref().map(line).unwrap_or_default();
    let mut context = json!({
        "lang": language.unwrap_or(feed_language),
        "dir": direction(language.unwrap_or_default()),
        "title": line(&report.title),
        "event_line": templates.event_line(language.unwrap_or(feed_language), &report.event),
        "summary": summary,
        "link": link,
        "body_html": absolute_html(&report.body_html, &link),
    });
    let render = |name: &str, context: &serde_json::Value| -> Result<String, Error> {
        Ok(clean(templates.render(name, context)?.trim()))
    };
    let full_html = match config.feeds.content {
        FeedContent::Full => Some(render("feed/entry.html", &context)?),
        FeedContent::Summary => None,
    };
    let summary_html = render("feed/summary.html", &context)?;
    if let Some(context) = context.as_object_mut() {
        context.remove("body_html");
    }
    Ok(Entry {
        id: clean(&stored.public_id),
        title: line(&report.title),
        language: language.map(clean),
        published: dated,
        updated: stored.updated_at.unwrap_or(dated),
        author: line(report.author.as_deref().unwrap_or(&config.institute.name)),
        categories: categories(report, config),
        event: Event {
            venue: report.event.venue.as_deref().map(line),
            city: report.event.city.as_deref().map(line),
            country: report.event.country.as_deref().map(line),
            ..report.event.clone()
        },
        summary: render("feed/summary.txt", &context)?,
        summary_html,
        full_html,
        link,
    })
}

/// The report's own page, else ours. Never anything but http or https.
pub fn link(stored: &Stored, public_url: &str) -> String {
    stored
        .report
        .url
        .as_deref()
        .and_then(web_url)
        .unwrap_or_else(|| format!("{public_url}/reports/{}", stored.slug))
}

/// The address in its normal form, if it is http or https.
pub fn web_url(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// HTML whose links stand on their own, wherever it is shown; whatever could act in a browser is taken out once more.
pub fn absolute_html(html: &str, base: &str) -> String {
    let mut cleaner = ammonia::Builder::default();
    if let Ok(base) = Url::parse(base) {
        cleaner.url_relative(ammonia::UrlRelative::RewriteWithBase(base));
    }
    cleaner.url_schemes(["http", "https", "mailto"].into());
    clean(&cleaner.clean(html).to_string())
}

/// Topics as the lists name them, then the series.
pub fn categories(report: &Report, config: &Config) -> Vec<Category> {
    let scheme = |kind: &str| format!("tag:{}:{kind}", config.institute.tag_authority);
    let mut found: IndexMap<String, Category> = IndexMap::new();
    for topic in &report.topics {
        let offered = config.lists.values().find_map(|list: &List| {
            let mut topics = list.topics.iter();
            topics.find(|(term, label)| *term == topic || *label == topic)
        });
        let (term, label) = match offered {
            Some((term, label)) => (term.clone(), label.clone()),
            None => (slug::slugify(topic), topic.clone()),
        };
        found.entry(term.clone()).or_insert(Category {
            term: line(&term),
            label: line(&label),
            scheme: scheme("topic"),
        });
    }
    let series = report.series.as_ref().map(|series| Category {
        term: slug::slugify(series),
        label: line(series),
        scheme: scheme("series"),
    });
    found
        .into_values()
        .chain(series)
        .filter(|category| !category.term.is_empty())
        .collect()
}

/// Drops the characters that XML 1.0 forbids, even as references (FEED-08).
pub fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..))
        .collect()
}

/// Clean, on one line.
fn line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
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

    #[test]
    fn characters_that_xml_forbids_are_dropped_and_others_kept() {
        assert_eq!(clean("a\u{0}b\u{1f}c\u{fffe}d\u{ffff}\té\u{1f600}"), "abcd\té\u{1f600}");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(web_url("javascript:alert(1)"), None);
        assert_eq!(web_url("data:text/html,x"), None);
        assert_eq!(
            web_url("https://example.org/a b"),
            Some("https://example.org/a%20b".into())
        );
    }

    #[test]
    fn relative_links_in_a_text_become_absolute() {
        let html = absolute_html(
            "<p><a href=\"/x\">x</a><img src=\"y.png\" onerror=z></p>",
            "https://example.org/a/b",
        );
        assert!(html.contains("https://example.org/x"), "{html}");
        assert!(html.contains("https://example.org/a/y.png"), "{html}");
        assert!(!html.contains("onerror"), "{html}");
    }
}
