//! A source: where reports come from, and which of them are news.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A folder into which staff drop files.
    Folder,
    /// RSS, Atom or JSON Feed on the web.
    Feed,
    /// Pages of a web site, by a listing, a sitemap or one by one.
    Pages,
    /// Announced events: iCalendar on the web or in a file.
    Calendar,
}

impl SourceKind {
    /// As in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Folder => "folder",
            SourceKind::Feed => "feed",
            SourceKind::Pages => "pages",
            SourceKind::Calendar => "calendar",
        }
    }
}

/// Where the text of a feed's items is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FullText {
    /// From the feed; from the page behind an item that has only a summary in it.
    #[default]
    Auto,
    /// From the feed alone.
    Feed,
    /// Always from the page.
    Page,
}

/// How far back the first collection, or a new list, reaches for mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backfill {
    All,
    None,
    /// Reports published within this time.
    Within(Duration),
    /// Up to 10 reports are all new; of more, those of the last 30 days.
    #[default]
    Auto,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub kind: SourceKind,
    /// The drop folder, or the file of a calendar.
    pub path: Option<PathBuf>,
    /// What lies on the web: its address.
    pub url: Option<Url>,
    /// How often the web is asked.
    #[serde(default, with = "humantime_serde")]
    pub interval: Option<Duration>,
    pub full_text: Option<FullText>,
    /// Pages: their addresses, where nothing lists them.
    #[serde(default)]
    pub pages: Vec<Url>,
    /// Pages: CSS selector of the links on the listing.
    pub links: Option<String>,
    /// Pages: how addresses of reports begin.
    pub under: Option<String>,
    /// Pages, and those behind items of a feed: CSS selectors of fields.
    #[serde(default)]
    pub select: BTreeMap<String, String>,
    /// Whether robots.txt is obeyed.
    pub robots: Option<bool>,
    /// Calendar: zone of times that state none. Default: UTC.
    #[serde(default, deserialize_with = "super::list::optional_zone")]
    pub zone: Option<chrono_tz::Tz>,
    /// Calendar: how far ahead events are taken.
    #[serde(default, with = "humantime_serde")]
    pub ahead: Option<Duration>,
    /// `"auto"` (default), `"all"`, `"none"`, or a time such as `"90d"`.
    #[serde(default)]
    pub backfill: Backfill,
    /// A report is published once it has been unchanged for this long.
    #[serde(default = "default_settle", with = "humantime_serde")]
    pub settle: Duration,
}

impl Source {
    /// How often a source on the web is asked; an hour, if nothing is said (POLL-02).
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(Duration::from_secs(3600))
    }

    /// Where it lies on the web; of pages that nothing lists, the first.
    pub fn address(&self) -> Option<&Url> {
        self.url.as_ref().or(self.pages.first())
    }

    /// Whether robots.txt is obeyed. Staff who enter a feed or a calendar know that it is for programs; links that a
    /// program follows by itself are another matter (STR-08).
    pub fn robots(&self) -> bool {
        self.robots.unwrap_or(self.kind == SourceKind::Pages)
    }

    /// How far ahead a calendar's events are taken; half a year, if nothing is said.
    pub fn ahead(&self) -> Duration {
        self.ahead.unwrap_or(Duration::from_secs(180 * 24 * 3600))
    }
}

fn default_settle() -> Duration {
    Duration::from_secs(600)
}

impl<'de> Deserialize<'de> for Backfill {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "all" => Ok(Backfill::All),
            "none" => Ok(Backfill::None),
            "auto" => Ok(Backfill::Auto),
            time => humantime::parse_duration(time).map(Backfill::Within).map_err(|_| {
                serde::de::Error::custom(format!(
                    "backfill is \"{time}\"; write \"auto\", \"all\", \"none\" or a time such as \"30d\""
                ))
            }),
        }
    }
}
