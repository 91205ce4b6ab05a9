//! An item of a feed, or a page on the web, as a report.
//!
//! In: HTML, where it lay, and what the feed states of it. Out: a report or a refusal, as from a file. The surprising
//! part: what the page says of itself beats what the feed says of it, because feeds shorten titles and date items by
//! their last change; what neither says is looked for in the prose.

use chrono::{DateTime, Utc};
use url::Url;

use super::reading::{decode, finish};
use super::{Context, Event, Image, Provenance, Refusal, Report, Status, blocks, html, images, language, place};

/// What a feed states of an item, a calendar of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stated {
    /// Who says so, for `explain`: "feed".
    pub by: &'static str,
    pub title: Option<String>,
    /// Of the item's own page.
    pub url: Option<String>,
    pub published: Option<DateTime<Utc>>,
    pub language: Option<String>,
    pub author: Option<String>,
    pub topics: Vec<String>,
    /// Address of its picture.
    pub image: Option<String>,
    /// What is known of the event.
    pub event: Event,
    /// It is an entry of a calendar.
    pub listed: bool,
}

/// Reads the text that a feed carries of an item.
pub fn read_item(html: &str, base: Option<&Url>, stated: &Stated, context: &Context) -> Result<Report, Refusal> {
    html::refuse_too_deep(html)?;
    let mut report = Report::default();
    report.images_from(images::of_html(html, base), "pictures of the text");
    stated.enter(&mut report);
    let blocks = blocks::of_html(html, base);
    finish(report, blocks.into(), context)
}

/// A place as a calendar states it, in one text: venue, city, country.
pub fn place(text: &str) -> Event {
    let parts = place::stated(text);
    Event {
        venue: parts.venue,
        city: parts.city,
        country: parts.country,
        ..Event::default()
    }
}

/// Reads the page behind an item.
pub fn read_page(bytes: &[u8], url: &Url, stated: &Stated, context: &Context) -> Result<Report, Refusal> {
    let mut report = Report::default();
    let text = decode(bytes, context, &mut report)?;
    let page = html::read(&text, Some(url), &context.select, &mut report)?;
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
        let rule = &format!("stated by the {}", self.by);
        if let (true, Some(title)) = (report.title.is_empty(), &self.title) {
            report.title_from(title, rule);
        }
        if let (None, Some(url)) = (&report.url, &self.url) {
            report.note("url", rule, url);
            report.url = Some(url.clone());
        }
        if let (None, Some(at)) = (report.published, self.published) {
            report.note("published", rule, &at.to_rfc3339());
            report.published = Some(at);
        }
        if let (None, Some(tag)) = (&report.language, self.language.as_deref().and_then(language::primary)) {
            report.note("language", rule, &tag);
            report.language = Some(tag);
        }
        if let (None, Some(author)) = (&report.author, &self.author) {
            report.note("author", rule, author);
            report.author = Some(author.clone());
        }
        if report.topics.is_empty() && !self.topics.is_empty() {
            report.note("topics", rule, &self.topics.join(", "));
            report.topics.clone_from(&self.topics);
        }
        if let Some(url) = self.image.as_deref().and_then(|url| images::address(url, None)) {
            let image = Image {
                url,
                ..Image::default()
            };
            report.images_from(vec![image], rule);
        }
        report.listed |= self.listed;
        let (known, stated) = (report.event.clone(), &self.event);
        if let (None, Some(start)) = (known.start, stated.start) {
            report.note("event.start", rule, &start.to_string());
            report.event.start = Some(start);
            for (field, words) in [
                ("event.end", stated.end.map(|end| end.to_string())),
                ("event.timezone", stated.timezone.clone()),
            ] {
                if let Some(words) = words {
                    report.note(field, rule, &words);
                }
            }
            report.event.end = stated.end;
            report.event.timezone.clone_from(&stated.timezone);
        }
        for (field, known, stated) in [
            ("event.venue", &mut report.event.venue, &stated.venue),
            ("event.city", &mut report.event.city, &stated.city),
            ("event.country", &mut report.event.country, &stated.country),
            ("event.organiser", &mut report.event.organiser, &stated.organiser),
        ] {
            if let (None, Some(value)) = (&known, stated) {
                known.clone_from(&Some(value.clone()));
                let why = Provenance {
                    rule: rule.clone(),
                    words: value.clone(),
                    losers: Vec::new(),
                };
                report.provenance.insert(field.to_owned(), why);
            }
        }
        if stated.status != Status::Unknown && known.status == Status::Unknown {
            report.event.status = stated.status;
            report.note("event.status", rule, stated.status.word().unwrap_or_default());
        }
    }
}
