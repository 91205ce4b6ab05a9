//! The pictures of reports are copied, so that pages and feeds show what we serve and nobody else learns who reads.
//!
//! In: pictures that reports have and that are not copied yet. Out: copies in the store, or why there is none. The
//! surprising part: a picture is never decoded here; its first bytes tell kind and size, and one that would take a
//! reader's memory is refused (SEC-07).

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use imagesize::ImageType;
use url::Url;

use super::House;
use crate::clock::from_system;
use crate::config::Source;
use crate::report;
use crate::source::fetch::{Fetched, Fetcher, Request};
use crate::source::folder;
use crate::store::{Picture, WantedPicture};

/// Copied at one time; the others wait for the next.
const MOST_AT_ONCE: i64 = 20;
/// A larger file, in bytes, is meant for print.
const MOST_BYTES: usize = 5 * 1024 * 1024;
/// A picture of more pixels takes a reader's memory.
const MOST_PIXELS: usize = 40_000_000;
/// After so many failures, which is after some days, a picture is not tried any more.
const MOST_FAILURES: u32 = 8;

/// Copies some of the pictures that are wanted; returns how many there are more now.
pub async fn copy_pictures(house: &House, fetcher: &Fetcher) -> anyhow::Result<usize> {
    let mut copied = 0;
    for wanted in house.store.list_wanted_pictures(house.now(), MOST_AT_ONCE).await? {
        let got = match house.config.sources.get(&wanted.source) {
            Some(source) => get(house, source, fetcher, &wanted).await,
            None => Err(Refused::for_good("its source is gone from the configuration")),
        };
        let looked_at = got.and_then(|bytes| {
            let picture = look_at(&bytes).map_err(Refused::for_good)?;
            Ok((picture, bytes))
        });
        match looked_at {
            Ok((picture, bytes)) => {
                house.store.record_picture(&wanted, &picture, &bytes).await?;
                copied += 1;
            }
            Err(refused) => {
                let again = refused.is_passing && wanted.failures + 1 < MOST_FAILURES;
                let wait = TimeDelta::minutes(1) * 4_i32.saturating_pow(wanted.failures.min(MOST_FAILURES));
                let next_at = again.then(|| house.now() + wait);
                tracing::debug!(
                    source = wanted.source,
                    picture = wanted.url,
                    why = refused.why,
                    "not copied"
                );
                house.store.record_no_picture(&wanted, &refused.why, next_at).await?;
            }
        }
    }
    Ok(copied)
}

/// Why a picture is not copied: the end of a sentence.
struct Refused {
    why: String,
    is_passing: bool,
}

impl Refused {
    fn for_good(why: impl Into<String>) -> Refused {
        Refused {
            why: why.into(),
            is_passing: false,
        }
    }
}

async fn get(house: &House, source: &Source, fetcher: &Fetcher, wanted: &WantedPicture) -> Result<Vec<u8>, Refused> {
    let Ok(url) = Url::parse(&wanted.url) else {
        let Some(root) = &source.path else {
            return Err(Refused::for_good("is no address"));
        };
        return read_beside(house.config.path(root), wanted.url.clone(), house.now()).await;
    };
    let request = Request {
        url: &url,
        accept: "image/webp, image/png, image/jpeg, image/gif",
        home: source.address().and_then(|url| url.host_str()),
        robots: source.robots(),
        validators: None,
    };
    match fetcher.fetch(&request, house.now()).await {
        Ok(Fetched::Page(page)) => Ok(page.bytes),
        Ok(Fetched::NotModified) => Err(Refused::for_good("answered that nothing changed")),
        Err(error) => Err(Refused {
            why: error.to_string(),
            is_passing: error.is_passing(),
        }),
    }
}

/// A file that comes after its report is taken then.
async fn read_beside(root: PathBuf, path: String, now: DateTime<Utc>) -> Result<Vec<u8>, Refused> {
    let lies_still = move |file: &Path| {
        let written = std::fs::symlink_metadata(file).and_then(|facts| facts.modified());
        written.map_or(true, |written| from_system(written) + folder::STILL <= now)
    };
    let reading = tokio::task::spawn_blocking(move || {
        let file = root.join(Path::new(&path));
        match lies_still(&file) {
            true => folder::read(&root, &file),
            false => Err("is still being written".to_owned()),
        }
    });
    match reading.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(why)) => Err(Refused { why, is_passing: true }),
        Err(_) => Err(Refused::for_good("cannot be read")),
    }
}

/// Kind and size by the first bytes; or why the picture is not taken.
fn look_at(bytes: &[u8]) -> Result<Picture, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!(
            "has {} MB, more than the {} MB of a picture for the web; make it smaller",
            bytes.len().div_ceil(1024 * 1024),
            MOST_BYTES / 1024 / 1024
        ));
    }
    let media_type = match imagesize::image_type(bytes) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Gif) => "image/gif",
        Ok(ImageType::Webp) => "image/webp",
        _ => return Err("is no PNG, JPEG, GIF or WebP picture".to_owned()),
    };
    let size = imagesize::blob_size(bytes).map_err(|error| format!("does not say how large it is ({error})"))?;
    if size.width == 0 || size.height == 0 || size.width.saturating_mul(size.height) > MOST_PIXELS {
        return Err(format!(
            "has {} x {} pixels; at most {} million are shown",
            size.width,
            size.height,
            MOST_PIXELS / 1_000_000
        ));
    }
    let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    Ok(Picture {
        hash: report::fingerprint(bytes),
        media_type: media_type.to_owned(),
        width: pixels(size.width),
        height: pixels(size.height),
        size: bytes.len() as u64,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;

    /// The beginning of a PNG of this size.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_picture_is_known_by_its_bytes_and_a_huge_one_refused_undecoded() {
        let picture = look_at(&png(800, 600)).unwrap();
        assert_eq!(
            (picture.media_type.as_str(), picture.width, picture.height),
            ("image/png", 800, 600)
        );
        let refused = look_at(&png(60_000, 60_000)).unwrap_err();
        assert!(refused.contains("60000 x 60000 pixels"), "{refused}");
        assert!(look_at(&png(0, 1)).is_err());
        assert!(look_at(&png(u32::MAX, u32::MAX)).is_err());
        for no_picture in [
            &b""[..],
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<html>",
            b"\x89PNG",
            b"GIF89a",
            b"BM",
        ] {
            assert!(look_at(no_picture).is_err(), "{no_picture:?}");
        }
        let large = [png(8, 8), vec![0; MOST_BYTES]].concat();
        assert!(look_at(&large).unwrap_err().contains("6 MB"));
    }
}
