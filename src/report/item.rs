//! An item of a feed, or a page on the web, as a report.
//!
//! In: HTML, where it lay, and what the feed states of it. Out: a report or a refusal, as from a file. The surprising
//! part: what the page says of itself beats what the feed says of it, because feeds shorten titles and date items by
//! their last change; what neither says is looked for in the prose.

use chrono::{DateTime, Utc};
use url::Url;

use super::reading::{decode, finish};
use super::{Context, Refusal, Report, blocks, html, language};

/// What a feed states of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stated {
    pub title: Option<String>,
    /// Of the item's own page.
    pub url: Option<String>,
    pub published: Option<DateTime<Utc>>,
    pub language: Option<String>,
    pub author: Option<String>,
    pub topics: Vec<String>,
}

/// Reads the text that a feed carries of an item.
pub fn read_item(html: &str, base: &Url, stated: &Stated, context: &Context) -> Result<Report, Refusal> {
    html::refuse_too_deep(html)?;
    let mut report = Report::default();
    stated.enter(&mut report);
    let blocks = blocks::of_html(html, Some(base));
    finish(report, blocks.into(), context)
}

/// Reads the page behind an item.
pub fn read_page(bytes: &[u8], url: &Url, stated: &Stated, context: &Context) -> Result<Report, Refusal> {
    let mut report = Report::default();
    let text = decode(bytes, context, &mut report)?;
    let page = html::read(&text, Some(url), &mut report)?;
    report.title_from(&page.title, page.title_rule);
    stated.enter(&mut report);
    if report.url.is_none() {
        report.url = Some(url.to_string());
    }
    finish(report, page.into(), context)
}

impl Stated {
    /// Fills what is still empty.
    fn enter(&self, report: &mut Report) {
        const RULE: &str = "stated by the feed";
        if let (true, Some(title)) = (report.title.is_empty(), &self.title) {
            report.title_from(title, RULE);
        }
        if let (None, Some(url)) = (&report.url, &self.url) {
            report.note("url", RULE, url);
            report.url = Some(url.clone());
        }
        if let (None, Some(at)) = (report.published, self.published) {
            report.note("published", RULE, &at.to_rfc3339());
            report.published = Some(at);
        }
        if let (None, Some(tag)) = (&report.language, self.language.as_deref().and_then(language::primary)) {
            report.note("language", RULE, &tag);
            report.language = Some(tag);
        }
        if let (None, Some(author)) = (&report.author, &self.author) {
            report.note("author", RULE, author);
            report.author = Some(author.clone());
        }
        if report.topics.is_empty() && !self.topics.is_empty() {
            report.note("topics", RULE, &self.topics.join(", "));
            report.topics.clone_from(&self.topics);
        }
    }
}
