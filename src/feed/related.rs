//! Related reports that are our own: found by their address, else by their title.
//!
//! In: what is public. Out: for a link of a report's tail, the page it leads to. A title that several reports have names
//! none of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{link, web_url};
use crate::report::{Related, link_key, title_key};
use crate::store::Stored;

/// The public reports, by what others call them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    by_link: HashMap<String, String>,
    /// None: several have it.
    by_title: HashMap<String, Option<String>>,
}

impl Known {
    pub fn new<'a>(public: impl Iterator<Item = &'a Stored>, public_url: &str) -> Known {
        let mut known = Known::default();
        for stored in public {
            let own = link(stored, public_url);
            if let Some(key) = link_key(&own) {
                known.by_link.insert(key, own.clone());
            }
            let Some(title) = title_key(&stored.report.title) else {
                continue;
            };
            match known.by_title.entry(title) {
                Entry::Occupied(mut other) => {
                    other.insert(None);
                }
                Entry::Vacant(free) => {
                    free.insert(Some(own));
                }
            }
        }
        known
    }

    /// Where a related link leads: the report's own page if we have it, else where the text says.
    pub fn resolve(&self, related: &Related) -> Option<String> {
        let stated = related.url.as_deref().and_then(web_url);
        let by_link = stated
            .as_deref()
            .and_then(link_key)
            .and_then(|key| self.by_link.get(&key));
        let by_title = || self.by_title.get(&title_key(&related.title)?)?.as_ref();
        by_link.or_else(by_title).cloned().or(stated)
    }
}
