//! Which reports stand in which document of a feed (FEED-10, RFC 5005 section 4).
//!
//! In: all that was ever published. Out: the members of a scope in the order of publication, cut into archive documents
//! of twenty, the oldest first, and the newest thirty to forty-nine, which are the feed itself. The surprising part: a
//! report keeps its place when it is withdrawn, and a document names the next one before that is there, so that a full
//! document never changes because something new came.

use serde::{Deserialize, Serialize};

use super::{Feed, Format, Scope, Source};
use crate::edition::is_open;
use crate::store::Stored;

/// Reports of an archive document.
const FULL: usize = 20;
/// Fewer never stand in the feed itself, if there are more.
const NEWEST: usize = 30;

/// One document of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// What readers poll.
    #[default]
    Newest,
    /// A document of the archive, by its number; 1 is the oldest.
    Archive(usize),
}

/// How many archive documents so many reports fill.
pub(super) fn documents(places: usize) -> usize {
    places.saturating_sub(NEWEST) / FULL
}

/// What belongs to a scope.
pub(super) fn members<'a>(scope: &Scope, source: Source<'a>) -> impl Iterator<Item = &'a Stored> {
    source
        .reports
        .iter()
        .filter(move |stored| stored.published_at.is_some() && is_open(source.config, stored))
        .filter(move |stored| scope.takes(stored, source.config))
}

/// The places of a scope's feed, in the order in which they were taken. None: an announcement stood there, and its
/// report has a place of its own since.
pub(super) fn places<'a>(scope: &Scope, source: Source<'a>) -> Vec<Option<&'a Stored>> {
    let mut places = Vec::new();
    for stored in members(scope, source) {
        places.push((stored.published_at, stored.dated_at, stored.id, Some(stored)));
        if stored.announced_at.is_some() {
            places.push((stored.announced_at, stored.announced_at, stored.id, None));
        }
    }
    places.sort_by_key(|(at, dated, id, _)| (*at, *dated, *id));
    places.into_iter().map(|(.., stored)| stored).collect()
}

/// The places of one document.
pub(super) fn of_part<'m, 'a>(places: &'m [Option<&'a Stored>], part: Part) -> &'m [Option<&'a Stored>] {
    let full = documents(places.len());
    let range = match part {
        Part::Newest => full * FULL..places.len(),
        Part::Archive(number) if (1..=full).contains(&number) => (number - 1) * FULL..number * FULL,
        Part::Archive(_) => 0..0,
    };
    places.get(range).unwrap_or_default()
}

/// A document's place in the archive, as its links say it.
pub(super) struct Links {
    /// `self`
    pub(super) own: String,
    /// `current`, in archive documents.
    pub(super) current: Option<String>,
    pub(super) older: Option<String>,
    pub(super) newer: Option<String>,
}

impl Feed {
    pub(super) fn url_of(&self, part: Part, format: Format) -> String {
        format!("{}{}", self.stem_url, suffix(part, format))
    }

    pub(super) fn links(&self, format: Format) -> Links {
        let archive = |number: usize| (number > 0).then(|| self.url_of(Part::Archive(number), format));
        let own = self.self_url(format);
        match self.part {
            Part::Newest => Links {
                own,
                current: None,
                older: archive(self.archives),
                newer: None,
            },
            Part::Archive(number) => Links {
                own,
                current: Some(self.url_of(Part::Newest, format)),
                older: archive(number - 1),
                newer: archive(number + 1),
            },
        }
    }
}

/// What follows a scope's path: `.rss`, `/archive/3.rss`.
fn suffix(part: Part, format: Format) -> String {
    match part {
        Part::Newest => format!(".{}", format.suffix()),
        Part::Archive(number) => format!("/archive/{number}.{}", format.suffix()),
    }
}

impl Scope {
    /// What stands between `/feeds/` and the end.
    pub fn document(&self, part: Part, format: Format) -> String {
        format!("{}{}", self.path(), suffix(part, format))
    }
}
