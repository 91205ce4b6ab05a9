//! What is public, rendered once per change: all feeds, and what the archive's home and the sitemap show.
//!
//! In: reports and editions from the store. Out: a [`Snapshot`], from which requests are answered without a query
//! (HTTP-09). Surprising: documents of a feed's archive are made when they are first asked for, because there are many
//! and hardly anybody asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::cache::Document;
use crate::config::Config;
use crate::feed::{self, Format, Part, Scope};
use crate::render::{Error, Templates, direction, one_line};
use crate::store::{Edition, Picture, Pictures, Stored};

/// Documents of archives that are kept once made.
const MOST_OLDER: usize = 256;

/// What is public, as of one look at the store.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) mark: String,
    /// By what follows `/feeds/`: `all.rss`, `lang/en.json`, `all.ics`.
    pub(super) feeds: HashMap<String, Arc<Document>>,
    /// Titles and addresses for autodiscovery and the pages, the feed of all reports first.
    pub(super) feed_links: Vec<FeedLink>,
    /// All that was ever published: what documents of the archive are made of when somebody asks for one.
    pub(super) published: Vec<Stored>,
    /// The public ones by title and address.
    pub(super) known: feed::Known,
    /// Public reports that say the same in several languages, by the first of them.
    pub(super) translations: HashMap<i64, Vec<Translation>>,
    /// All pictures that we have copies of,
    pub(super) copies: Pictures,
    /// and those of public reports, by their names.
    pub(super) pictures: HashMap<String, Picture>,
    /// Documents of the archive that were asked for.
    pub(super) older: Mutex<HashMap<String, Arc<Document>>>,
    /// Newest first.
    pub(super) reports: Vec<ReportLine>,
    /// Newest first.
    pub(super) editions: Vec<EditionLine>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct FeedLink {
    /// `all`, `events`, `lang/en`.
    pub(super) path: String,
    pub(super) title: String,
    /// The list it belongs to, if any.
    pub(super) list: Option<String>,
    /// The part of `/feeds/` it stands in: `all`, `list`, `topic`, `language`.
    pub(super) kind: &'static str,
    /// How many documents of the archive it has.
    #[serde(skip)]
    pub(super) archives: usize,
}

/// A report as one of several that say the same.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Translation {
    #[serde(skip)]
    pub(super) report: i64,
    pub(super) slug: String,
    pub(super) language: String,
    pub(super) title: String,
}

/// A report as one entry of the archive.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReportLine {
    pub(super) slug: String,
    #[serde(skip)]
    pub(super) changed_at: DateTime<Utc>,
    pub(super) title: String,
    /// Empty: not known.
    pub(super) language: String,
    pub(super) dir: &'static str,
    pub(super) event_line: String,
    pub(super) summary: String,
}

/// An edition as one line of the archive.
#[derive(Clone, Debug, Serialize)]
pub(super) struct EditionLine {
    pub(super) list: String,
    pub(super) list_title: String,
    pub(super) number: i64,
    #[serde(skip)]
    pub(super) released_at: DateTime<Utc>,
}

/// When an edition's page may be seen: it was released, nobody called it off, and its list is public; or was, when the
/// edition was sealed, if the list is gone from the configuration since.
pub(super) fn released(config: &Config, edition: &Edition) -> Option<DateTime<Utc>> {
    let released_at = edition.released_at.filter(|_| edition.state != "cancelled")?;
    let public = match config.lists.get(&edition.list) {
        Some(list) => list.public,
        None => edition.sealed().is_ok_and(|sealed| sealed.public),
    };
    public.then_some(released_at)
}

/// The list's title, or the one it had when the edition was sealed.
pub(super) fn list_title(config: &Config, edition: &Edition) -> String {
    match config.lists.get(&edition.list) {
        Some(list) => list.title.clone(),
        None => edition
            .sealed()
            .map_or_else(|_| edition.list.clone(), |sealed| sealed.list_title),
    }
}

/// One look at the store.
pub(super) struct Seen {
    pub(super) mark: String,
    pub(super) published: Vec<Stored>,
    pub(super) copies: Pictures,
    pub(super) editions: Vec<Edition>,
}

impl Snapshot {
    pub(super) fn render(
        config: &Config,
        templates: &Templates,
        seen: Seen,
        old: &Snapshot,
        now: DateTime<Utc>,
    ) -> Result<Snapshot, Error> {
        let Seen {
            mark,
            published,
            copies,
            editions,
        } = seen;
        let mut open: Vec<&Stored> = published
            .iter()
            .filter(|stored| stored.is_public(now) && crate::edition::is_open(config, stored))
            .collect();
        open.sort_by_key(|stored| std::cmp::Reverse((stored.dated_at, stored.id)));
        let known = feed::Known::new(open.iter().copied(), &config.web.public_url);
        let source = feed::Source {
            config,
            templates,
            reports: &published,
            known: &known,
            pictures: &copies,
            now,
        };
        let mut feeds = HashMap::new();
        // A list named `all` does not take the place of the feed of all reports.
        let mut add = |path: String, document: Document| {
            let document = match old.feeds.get(&path) {
                Some(before) => document.after(before, now),
                None => document,
            };
            feeds.entry(path).or_insert_with(|| Arc::new(document));
        };
        let mut feed_links = Vec::new();
        for scope in feed::scopes(config, &open) {
            let feed = feed::build(&scope, Part::Newest, source)?;
            let modified = Some(feed.modified.min(now));
            for format in Format::ALL {
                let path = scope.document(Part::Newest, format);
                let document = Document::new(format.media_type(), super::FEED_CACHE, feed.write(format), modified);
                add(path, document);
            }
            let (calendar, modified) = feed::calendar(&scope, source);
            let modified = modified.map(|at| at.min(now));
            let document = Document::new(feed::CALENDAR, super::FEED_CACHE, calendar, modified);
            add(format!("{}.ics", scope.path()), document);
            feed_links.push(FeedLink {
                path: scope.path(),
                title: feed.title,
                archives: feed.archives,
                kind: match &scope {
                    Scope::All => "all",
                    Scope::List(_) => "list",
                    Scope::Topic(_) => "topic",
                    Scope::Language(_) => "language",
                },
                list: match scope {
                    Scope::List(name) => Some(name),
                    _ => None,
                },
            });
        }
        let lang = config.institute.languages.first().map_or("en", String::as_str);
        let style = templates.render("feed/feed.css", &serde_json::json!({ "lang": lang }))?;
        let style = Document::new("text/css; charset=utf-8", super::FEED_CACHE, style, None);
        add(feed::STYLE.to_owned(), style);
        Ok(Snapshot {
            mark,
            feeds,
            feed_links,
            known,
            translations: translations(&open),
            pictures: open
                .iter()
                .flat_map(|stored| {
                    stored
                        .report
                        .images
                        .iter()
                        .map(|image| (stored.source.clone(), image.url.clone()))
                })
                .filter_map(|place| copies.get(&place))
                .map(|copy| (feed::picture_name(copy), copy.clone()))
                .collect(),
            copies,
            reports: open
                .iter()
                .map(|stored| report_line(config, templates, stored))
                .collect(),
            older: Mutex::default(),
            editions: editions
                .iter()
                .filter_map(|edition| {
                    Some(EditionLine {
                        list: edition.list.clone(),
                        list_title: list_title(config, edition),
                        number: edition.number,
                        released_at: released(config, edition)?,
                    })
                })
                .collect(),
            published,
        })
    }

    /// A document of a feed's archive, by what follows `/feeds/`: made when it is first asked for, because there are
    /// many and hardly anybody asks. The document that comes next is the feed itself, until it is full.
    pub(super) fn older(
        &self,
        path: &str,
        config: &Config,
        templates: &Templates,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Document>>, Error> {
        let Some((scope, number, format)) = archive_path(path) else {
            return Ok(None);
        };
        let Some(link) = self.feed_links.iter().find(|link| link.path == scope) else {
            return Ok(None);
        };
        if number == link.archives + 1 && number > 1 {
            return Ok(self.feeds.get(&format!("{scope}.{}", format.suffix())).cloned());
        }
        if number == 0 || number > link.archives {
            return Ok(None);
        }
        let mut made = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = made.get(path) {
            return Ok(Some(Arc::clone(document)));
        }
        let Some(scope) = link.scope() else { return Ok(None) };
        let source = feed::Source {
            config,
            templates,
            reports: &self.published,
            known: &self.known,
            pictures: &self.copies,
            now,
        };
        let feed = feed::build(&scope, Part::Archive(number), source)?;
        let document = Document::new(
            format.media_type(),
            super::FEED_CACHE,
            feed.write(format),
            Some(feed.modified.min(now)),
        );
        let document = Arc::new(document);
        if made.len() >= MOST_OLDER {
            made.clear();
        }
        made.insert(path.to_owned(), Arc::clone(&document));
        Ok(Some(document))
    }
}

impl FeedLink {
    fn scope(&self) -> Option<Scope> {
        let rest = |prefix: &str| self.path.strip_prefix(prefix).map(str::to_owned);
        match self.kind {
            "all" => Some(Scope::All),
            "list" => self.list.clone().map(Scope::List),
            "topic" => rest("topic/").map(Scope::Topic),
            _ => rest("lang/").map(Scope::Language),
        }
    }
}

fn translations(open: &[&Stored]) -> HashMap<i64, Vec<Translation>> {
    let mut works: HashMap<i64, Vec<Translation>> = HashMap::new();
    for stored in open {
        if let Some(language) = &stored.report.language {
            works.entry(stored.work).or_default().push(Translation {
                report: stored.id,
                slug: stored.slug.clone(),
                language: language.clone(),
                title: stored.report.title.clone(),
            });
        }
    }
    works.retain(|_, one| one.len() > 1);
    for one in works.values_mut() {
        one.sort_by(|a, b| (&a.language, a.report).cmp(&(&b.language, b.report)));
    }
    works
}

/// `all/archive/3.rss`: the path of the feed, the number, the format.
fn archive_path(path: &str) -> Option<(&str, usize, Format)> {
    let (scope, document) = path.rsplit_once("/archive/")?;
    let (number, suffix) = document.split_once('.')?;
    let format = Format::ALL.into_iter().find(|format| format.suffix() == suffix)?;
    // One address for one document: `03` is none.
    let number = number
        .parse()
        .ok()
        .filter(|parsed: &usize| parsed.to_string() == number)?;
    Some((scope, number, format))
}

fn report_line(config: &Config, templates: &Templates, stored: &Stored) -> ReportLine {
    let report = &stored.report;
    let language = report.language.clone().unwrap_or_default();
    let spoken = match language.is_empty() {
        true => config.institute.languages.first().map_or("en", String::as_str),
        false => &language,
    };
    ReportLine {
        slug: stored.slug.clone(),
        changed_at: stored.changed_at,
        title: one_line(&report.title),
        dir: direction(&language),
        event_line: templates.event_line(spoken, &report.event).unwrap_or_default(),
        summary: report.summary.as_deref().map(one_line).unwrap_or_default(),
        language,
    }
}
