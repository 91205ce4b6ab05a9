//! The headers of a mail, within limits (BNC-12): what servers fold, encode and break, as texts by name.

use mail_parser::MessageParser;

/// Bytes of a header's value.
const VALUE: usize = 8 << 10;
const HEADERS: usize = 500;

/// Headers as they stand, unfolded, names in lower case.
#[derive(Debug, Default)]
pub(super) struct Headers(pub(super) Vec<(String, String)>);

impl Headers {
    /// The headers at the start of a mail or part, and where its body begins.
    pub(super) fn read(raw: &[u8]) -> (Headers, &[u8]) {
        let mut headers = Vec::<(String, String)>::new();
        let mut rest = raw;
        let mut is_first = true;
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            if line.is_empty() {
                if headers.is_empty() && !is_first {
                    return (Headers(headers), after);
                }
                rest = after;
                if headers.is_empty() {
                    // Pipes and mailboxes put a blank line or two first.
                    is_first = false;
                    continue;
                }
                break;
            }
            let text = String::from_utf8_lossy(line);
            if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                if let Some((_, value)) = headers.last_mut()
                    && value.len() < VALUE
                {
                    value.push(' ');
                    value.push_str(text.trim());
                }
            } else if let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_name(name)) {
                if headers.len() < HEADERS {
                    let value: String = value.trim().chars().take(VALUE).collect();
                    headers.push((name.trim().to_ascii_lowercase(), value));
                }
            } else if !text.starts_with("From ") && !text.starts_with(">From ") {
                // No header: the body has begun without a blank line.
                break;
            }
            is_first = false;
            rest = after;
        }
        (Headers(headers), rest)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Without encoded words.
    pub(super) fn decoded(&self, name: &str) -> String {
        let Some(value) = self.get(name) else {
            return String::new();
        };
        if !value.contains("=?") {
            return value.to_owned();
        }
        let line = format!("Subject: {value}\r\n\r\n");
        let parsed = MessageParser::new()
            .header_text(mail_parser::HeaderName::Subject)
            .parse_headers(line.as_bytes());
        let decoded = parsed.and_then(|parsed| parsed.subject().map(str::to_owned));
        decoded.unwrap_or_else(|| value.to_owned())
    }
}

fn is_name(name: &str) -> bool {
    let name = name.trim_end();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a mail or part says it is, in lower case.
pub(super) fn media(headers: &Headers) -> String {
    let value = headers.get("content-type").unwrap_or("text/plain");
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.contains('/') {
        true => media,
        false => "text/plain".to_owned(),
    }
}

/// A parameter of `Content-Type`, out of its quotes.
pub(super) fn parameter(headers: &Headers, name: &str) -> Option<String> {
    let value = headers.get("content-type")?;
    let lower = value.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = from + lower.get(from..)?.find(name)?;
        from = at + name.len();
        let before = lower.get(..at)?.trim_end();
        let Some(rest) = value.get(from..)?.trim_start().strip_prefix('=') else {
            continue;
        };
        if !before.ends_with(';') {
            continue;
        }
        let rest = rest.trim_start();
        let inside = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => rest
                .split(|letter: char| letter == ';' || letter.is_whitespace())
                .next()?,
        };
        return (!inside.is_empty()).then(|| inside.to_owned());
    }
}

/// A line without its end, and what comes after it.
pub(super) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, after) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => bytes.split_at(end + 1),
        None => (bytes, &[] as &[u8]),
    };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), after)
}
