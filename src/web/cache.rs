//! Documents ready to be sent: bytes plain and gzipped, each with its own entity tag, made once per change.
//!
//! In: a text. Out: a [`Document`], and the answer it gives to a request. Surprising: `Last-Modified` moves forward
//! whenever the bytes change, even if the newest entry is gone, because a client that asks only by date would otherwise
//! keep what was withdrawn.

use std::io::Write;
use std::time::SystemTime;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::negotiation::{self, Coding};

/// One answer, in both codings.
#[derive(Clone, Debug)]
pub(super) struct Document {
    media_type: &'static str,
    cache_control: &'static str,
    vary: &'static str,
    modified: Option<Modified>,
    plain: Coded,
    gzip: Coded,
}

/// When the bytes changed last, and the same as a header: written once, not for each of a hundred thousand requests.
#[derive(Clone, Debug)]
struct Modified {
    at: DateTime<Utc>,
    header: HeaderValue,
}

impl Modified {
    fn new(at: DateTime<Utc>) -> Option<Modified> {
        // HTTP knows no dates before 1970.
        let at = at.trunc_subsecs(0).max(DateTime::UNIX_EPOCH);
        let header = HeaderValue::try_from(httpdate::fmt_http_date(at.into())).ok()?;
        Some(Modified { at, header })
    }
}

#[derive(Clone, Debug)]
struct Coded {
    bytes: Bytes,
    /// Strong, of exactly these bytes.
    etag: HeaderValue,
}

impl Coded {
    fn new(bytes: Vec<u8>) -> Coded {
        let hash = blake3::hash(&bytes).to_hex();
        let etag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
        Coded {
            bytes: bytes.into(),
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }
}

impl Document {
    pub(super) fn new(
        media_type: &'static str,
        cache_control: &'static str,
        text: String,
        modified: Option<DateTime<Utc>>,
    ) -> Document {
        Document {
            media_type,
            cache_control,
            vary: "accept-encoding",
            modified: modified.and_then(Modified::new),
            gzip: Coded::new(gzip(text.as_bytes())),
            plain: Coded::new(text.into_bytes()),
        }
    }

    /// For pages whose frame follows the reader's language.
    pub(super) fn varying_by_language(self) -> Document {
        Document {
            vary: "accept-encoding, accept-language",
            ..self
        }
    }

    /// In the place of an earlier one: unchanged bytes keep their date; changed bytes get a later one.
    pub(super) fn after(mut self, before: &Document, now: DateTime<Utc>) -> Document {
        if before.plain.etag == self.plain.etag {
            self.modified = before.modified.clone();
        } else if self.modified_at() <= before.modified_at() {
            self.modified = Modified::new(now);
        }
        self
    }

    fn modified_at(&self) -> Option<DateTime<Utc>> {
        self.modified.as_ref().map(|modified| modified.at)
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.plain.bytes
    }

    /// 200 with the coding the client prefers, or 304 if its copy is good.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let coding = negotiation::coding(headers);
        let coded = match coding {
            Coding::Identity => &self.plain,
            Coding::Gzip => &self.gzip,
        };
        let modified = self.modified_at().map(SystemTime::from);
        let fresh = negotiation::is_fresh(headers, coded.etag.to_str().unwrap_or_default(), modified);
        let mut response = match fresh {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Response::new(Body::from(coded.bytes.clone())),
        };
        let out = response.headers_mut();
        out.insert(header::ETAG, coded.etag.clone());
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        out.insert(header::VARY, HeaderValue::from_static(self.vary));
        if let Some(modified) = &self.modified {
            out.insert(header::LAST_MODIFIED, modified.header.clone());
        }
        if !fresh {
            out.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            out.insert(header::CONTENT_LENGTH, HeaderValue::from(coded.bytes.len()));
            if coding == Coding::Gzip {
                out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        response
    }
}

/// A picture under a name that holds its hash: packed already, and the same for ever.
pub(super) struct Picture<'a> {
    pub(super) hash: &'a str,
    pub(super) media_type: &'a str,
    pub(super) cache_control: &'static str,
}

impl Picture<'_> {
    /// 304, if the client's copy is good.
    pub(super) fn not_modified(&self, headers: &HeaderMap) -> Option<Response> {
        let etag = format!("\"{}\"", self.hash);
        negotiation::is_fresh(headers, &etag, None).then(|| self.marked(StatusCode::NOT_MODIFIED.into_response()))
    }

    pub(super) fn answer(&self, bytes: Vec<u8>) -> Response {
        let mut response = self.marked(Response::new(Body::from(bytes)));
        if let Ok(media_type) = HeaderValue::try_from(self.media_type) {
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        }
        response
    }

    fn marked(&self, mut response: Response) -> Response {
        let out = response.headers_mut();
        if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", self.hash)) {
            out.insert(header::ETAG, etag);
        }
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        response
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
