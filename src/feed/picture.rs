//! The pictures of a report that we have copies of, as feeds and pages show them.
//!
//! In: a report, and the copies. Out: addresses of ours, with kind and size as they truly are. A picture without a copy
//! is left out.

use serde::Serialize;

use super::entry::line;
use crate::store::{Picture, Pictures, Stored};

/// A picture of a report, served by us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Below `/pictures/`.
    pub name: String,
    /// The full address.
    pub url: String,
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// May be empty.
    pub alt: String,
    pub caption: Option<String>,
}

/// In the order of the text.
pub fn pictures(stored: &Stored, copies: &Pictures, public_url: &str) -> Vec<Shown> {
    let images = stored.report.images.iter();
    let shown = images.filter_map(|image| {
        let copy = copies.get(&(stored.source.clone(), image.url.clone()))?;
        let name = name(copy);
        Some(Shown {
            url: format!("{public_url}/pictures/{name}"),
            name,
            media_type: copy.media_type.clone(),
            size: copy.size,
            width: copy.width,
            height: copy.height,
            alt: line(&image.alt),
            caption: image.caption.as_deref().map(line),
        })
    });
    shown.collect()
}

/// Says its kind by its ending, and nothing of where it came from.
pub fn name(copy: &Picture) -> String {
    let ending = copy.media_type.rsplit('/').next().unwrap_or_default();
    format!("{}.{ending}", copy.hash.get(..32).unwrap_or(&copy.hash))
}
