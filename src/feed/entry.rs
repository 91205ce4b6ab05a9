//! One report as an entry of a feed, and the texts and links an entry is made of.
//!
//! In: a stored report. Out: an [`Entry`] without a character that XML forbids, without a link that is not to the web,
//! and without anything that could act in a browser. Surprising: the report's own page is the entry's link, if it has one.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::json;
use url::Url;

use super::Source;
use crate::config::{Config, FeedContent, List};
use crate::render::{Error, direction};
use crate::report::{Event, Report};
use crate::store::Stored;

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
    /// Related reports and pages: title and address.
    pub related: Vec<(String, String)>,
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

pub(super) fn entry(
    dated: DateTime<Utc>,
    stored: &Stored,
    feed_language: &str,
    source: Source<'_>,
) -> Result<Entry, Error> {
    let Source { config, templates, .. } = source;
    let report = &stored.report;
    let link = link(stored, &config.web.public_url);
    let language = report.language.as_deref();
    let summary = report.summary.as_deref().map(line).unwrap_or_default();
    let context = json!({
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
    Ok(Entry {
        id: clean(&item_id(stored)),
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
            timezone: report
                .event
                .zone(config.institute.zone)
                .map(|zone| zone.name().to_owned()),
            ..report.event.clone()
        },
        related: report
            .related
            .iter()
            .filter_map(|related| Some((line(&related.title), clean(&source.known.resolve(related)?))))
            .collect(),
        summary: render("feed/summary.txt", &context)?,
        summary_html: render("feed/summary.html", &context)?,
        full_html,
        link,
    })
}

/// The announcement of an event is an item of its own, so that its report is new to readers when it comes.
pub(super) fn item_id(stored: &Stored) -> String {
    match stored.report.is_announcement() {
        true => format!("{}#announced", stored.public_id),
        false => stored.public_id.clone(),
    }
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
pub(super) fn line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
