//! A mail in pieces, within limits (BNC-12): so many bytes, so many parts, so deep. What lies beyond is not looked at.
//!
//! Parts are found by hand, because a parser that builds a tree of a mail inside a mail inside a mail takes the stack
//! with it; mail-parser then reads each single part. Returned mails are parts that are not opened, with one exception:
//! a filter in between may have wrapped the whole report.

use std::borrow::Cow;

use mail_parser::MessageParser;

use super::headers::{Headers, media, parameter, split_line};

/// Bytes of a mail that are looked at: servers put their words before the mail they return.
const SIZE: usize = 1 << 20;
/// Parts within parts.
const DEPTH: usize = 20;
const PARTS: usize = 100;
/// Bytes of the text of one part.
const TEXT: usize = 64 << 10;

/// A leaf, or a mail that is not opened.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub headers: Headers,
    /// `text/plain`, in lower case.
    pub media: String,
    pub body: &'a [u8],
}

impl Part<'_> {
    /// The part as text, decoded, HTML without its marks.
    pub(super) fn text(&self) -> String {
        let body = self.body.get(..TEXT).unwrap_or(self.body);
        // Some servers call plain words HTML, whose lines would run together.
        let has_marks = body
            .windows(3)
            .any(|bytes| matches!(bytes, [b'<', b'b' | b'B' | b'p' | b'P' | b'd' | b'D' | b't' | b'T', _]));
        let media = match self.media.as_str() {
            "text/html" if !has_marks => "text/plain; charset=utf-8",
            "text/html" => self.headers.get("content-type").unwrap_or("text/html"),
            media if media.starts_with("text/") => self.headers.get("content-type").unwrap_or("text/plain"),
            _ => "text/plain; charset=utf-8",
        };
        let encoding = self.headers.get("content-transfer-encoding").unwrap_or("8bit");
        let mut raw = format!("Content-Type: {media}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").into_bytes();
        raw.extend_from_slice(body);
        let parsed = MessageParser::new().with_mime_headers().parse(&raw);
        let text = parsed
            .as_ref()
            .and_then(|parsed| parsed.body_text(0))
            .map(Cow::into_owned);
        let text = text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        text.replace("\r\n", "\n").replace('\r', "\n").replace('\u{a0}', " ")
    }

    /// The headers of the mail that this part returns.
    pub(super) fn returned(&self) -> Option<Headers> {
        match self.media.as_str() {
            "message/rfc822"
            | "message/global"
            | "text/rfc822-headers"
            | "message/rfc822-headers"
            | "message/global-headers" => {}
            _ => return None,
        }
        let text = match self
            .headers
            .get("content-transfer-encoding")
            .map(str::to_ascii_lowercase)
        {
            Some(encoding) if encoding == "base64" || encoding == "quoted-printable" => self.text(),
            _ => return Some(Headers::read(self.body).0),
        };
        Some(Headers::read(text.as_bytes()).0)
    }
}

/// A mail.
#[derive(Debug)]
pub(super) struct Mail<'a> {
    pub headers: Headers,
    /// Of the mail itself.
    pub media: String,
    pub parts: Vec<Part<'a>>,
}

impl<'a> Mail<'a> {
    pub(super) fn read(raw: &'a [u8]) -> Mail<'a> {
        let raw = raw.get(..SIZE).unwrap_or(raw);
        let (headers, body) = Headers::read(raw);
        let media = media(&headers);
        let mut parts = Vec::new();
        walk(&headers, body, 0, &mut parts);
        if parts
            .iter()
            .all(|part| !part.media.starts_with("text/") && !part.media.contains("status"))
        {
            // Broken: the words stand outside of the parts, or there are none.
            let body = parts
                .first()
                .filter(|_| media.starts_with("multipart/"))
                .map_or(body, |_| before_parts(&headers, body));
            parts.push(Part {
                headers: Headers::default(),
                media: "text/plain".to_owned(),
                body,
            });
        }
        let mail = Mail { headers, media, parts };
        mail.unwrapped().unwrap_or(mail)
    }

    /// A report that a filter has wrapped as the only part before everything else.
    fn unwrapped(&self) -> Option<Mail<'a>> {
        let first = self.parts.first()?;
        let declares = self
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("report-type"));
        if first.media != "message/rfc822" || !declares || self.report().is_some() {
            return None;
        }
        let (headers, body) = Headers::read(first.body);
        let media = media(&headers);
        let mut parts = Vec::new();
        walk(&headers, body, 1, &mut parts);
        Some(Mail { headers, media, parts })
    }

    /// The part by which servers tell machines what became of a mail (RFC 3464, RFC 6533).
    pub(super) fn report(&self) -> Option<&Part<'a>> {
        let is_report = |part: &&Part<'_>| {
            part.media == "message/delivery-status" || part.media == "message/global-delivery-status"
        };
        self.parts.iter().find(is_report)
    }

    pub(super) fn part(&self, media: &str) -> Option<&Part<'a>> {
        self.parts.iter().find(|part| part.media == media)
    }

    /// The words for people: of texts in both forms, the plain one.
    pub(super) fn words(&self) -> String {
        let plain = self.parts.iter().filter(|part| part.media == "text/plain");
        let plain = plain.map(Part::text).find(|text| !text.trim().is_empty());
        let html = || self.part("text/html").map(Part::text);
        plain.or_else(html).unwrap_or_default()
    }
}

fn walk<'a>(headers: &Headers, body: &'a [u8], depth: usize, parts: &mut Vec<Part<'a>>) {
    if parts.len() >= PARTS || depth > DEPTH {
        return;
    }
    let media = media(headers);
    let boundary = media
        .starts_with("multipart/")
        .then(|| parameter(headers, "boundary"))
        .flatten();
    if let Some(boundary) = boundary {
        let pieces = pieces(body, &boundary);
        for piece in &pieces {
            let (headers, body) = Headers::read(piece);
            walk(&headers, body, depth + 1, parts);
        }
        if !pieces.is_empty() {
            return;
        }
    }
    let media = match media.starts_with("multipart/") {
        true => "text/plain".to_owned(),
        false => media,
    };
    let kept = ["content-type", "content-transfer-encoding"];
    let headers = headers.0.iter().filter(|(name, _)| kept.contains(&name.as_str()));
    parts.push(Part {
        headers: Headers(
            headers
                .filter(|(_, value)| !value.to_ascii_lowercase().starts_with("multipart/"))
                .cloned()
                .collect(),
        ),
        media,
        body,
    });
}

/// What lies between the lines of a boundary. A part that a server broke off ends with the mail.
fn pieces<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut start = None;
    let mut rest = body;
    while !rest.is_empty() && pieces.len() < PARTS {
        let at = body.len() - rest.len();
        let (line, after) = split_line(rest);
        rest = after;
        let Some(tail) = line
            .strip_prefix(b"--")
            .and_then(|line| line.strip_prefix(boundary.as_bytes()))
        else {
            continue;
        };
        let tail = tail.trim_ascii_end();
        if !tail.is_empty() && tail != b"--" {
            continue;
        }
        if let Some(start) = start {
            pieces.extend(body.get(start..at));
        }
        start = (tail.is_empty()).then_some(body.len() - after.len());
        if start.is_none() {
            return pieces;
        }
    }
    if let Some(start) = start {
        pieces.extend(body.get(start..));
    }
    pieces
}

/// What stands before the first part.
fn before_parts<'a>(headers: &Headers, body: &'a [u8]) -> &'a [u8] {
    let Some(boundary) = parameter(headers, "boundary") else {
        return body;
    };
    let mark = format!("--{boundary}");
    let end = body.windows(mark.len()).position(|window| window == mark.as_bytes());
    body.get(..end.unwrap_or(body.len())).unwrap_or(body)
}
