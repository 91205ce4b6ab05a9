//! Addresses as servers write them down: in brackets, after `rfc822;`, in X.400 forms, with a dot at the end.

/// RFC 5321 allows 254 octets.
const LONGEST: usize = 320;

/// The addresses in a line, with their places.
pub(super) fn all(line: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    line.match_indices('@').filter_map(|(at, _)| around(line, at))
}

/// The address whose @ stands here.
fn around(line: &str, at: usize) -> Option<(usize, usize, &str)> {
    let (before, after) = (line.get(..at)?, line.get(at + 1..)?);
    let local = match before.strip_suffix('"') {
        Some(quoted) => before.get(quoted.rfind('"')?..)?,
        None => {
            let start = before.rfind(|letter| !is_local(letter));
            let local = before.get(start.map_or(0, |start| start + before.get(start..).map_or(1, first_width))..)?;
            let local = local.trim_start_matches(['\'', '`', '*', '|', '{', '=', '-', '/', '.']);
            ["smtp=", "rfc822=", "rfc-822="].iter().fold(local, |local, mark| {
                let place = local.to_ascii_lowercase().rfind(mark);
                place.and_then(|place| local.get(place + mark.len()..)).unwrap_or(local)
            })
        }
    };
    let end = after.find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '.' | '-' | '_'));
    let domain = after
        .get(..end.unwrap_or(after.len()))?
        .trim_end_matches(['.', '-', '_']);
    let is_domain = domain.contains('.') && !domain.contains("..") && domain.starts_with(char::is_alphanumeric);
    let (start, end) = (at - local.len(), at + 1 + domain.len());
    let is_address = is_domain && !local.is_empty() && end - start <= LONGEST;
    is_address.then_some((start, end, line.get(start..end)?))
}

fn first_width(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

fn is_local(letter: char) -> bool {
    letter.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(letter)
}

/// The first address in a line.
pub(super) fn first(line: &str) -> Option<&str> {
    all(line).next().map(|(_, _, address)| address)
}

/// The address in a field of a report, `rfc822; <ada@example.org>`; none if it is of another kind. A domain may have no
/// dot here, since a field holds nothing else.
pub(super) fn of_field(value: &str) -> Option<String> {
    let (kind, text) = value.split_once(';').unwrap_or(("rfc822", value));
    let kind = kind.trim().to_ascii_lowercase();
    if !["rfc822", "utf-8", "utf8", "smtp", "dns", "unknown", "822"].contains(&kind.as_str()) {
        return None;
    }
    let text = text.trim();
    let text = match text.split_once('<') {
        Some((_, inside)) => inside.split('>').next().unwrap_or_default(),
        None => text.split_whitespace().next().unwrap_or_default(),
    };
    let text = text.trim_matches(['<', '>', ' ', '"', '\'', ',', ';']);
    let text = unescape(text);
    let (local, domain) = text.rsplit_once('@')?;
    let is_plain = text.len() <= LONGEST && !text.contains(char::is_control);
    (is_plain && !local.is_empty() && !domain.is_empty()).then_some(text)
}

/// `\x{E9}` of RFC 6533.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let letter = after.split_once('}').and_then(|(code, after)| {
            let letter = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
            Some((letter, after))
        });
        match letter {
            Some((letter, after)) => {
                out.push(letter);
                rest = after;
            }
            None => {
                out.push_str("\\x{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The domain under which a server's names are: `yahoo.example` of `mx1.yahoo.example`, `a.co.uk` of `mail.a.co.uk`.
pub(super) fn house(domain: &str) -> String {
    const SECOND: [&str; 8] = ["co", "ac", "com", "org", "net", "edu", "gov", "or"];
    let labels: Vec<&str> = domain.trim_end_matches('.').split('.').collect();
    let country = labels.last().is_some_and(|last| last.len() == 2);
    let second = labels.iter().rev().nth(1).is_some_and(|label| SECOND.contains(label));
    let kept = if country && second { 3 } else { 2 };
    let from = labels.len().saturating_sub(kept);
    labels.get(from..).unwrap_or_default().join(".").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_as_servers_write_them() {
        for (line, expected) in [
            ("<ada@example.org>: no such user", "ada@example.org"),
            ("c=US;a= ;p=X;dda:SMTP=ada@example.org; on Friday", "ada@example.org"),
            ("  'ada@example.org',", "ada@example.org"),
            ("not found: ada@example.org.", "ada@example.org"),
            ("[SMTP:ada@example.org]", "ada@example.org"),
            ("\"ada\"@example.org refused", "\"ada\"@example.org"),
            ("ada+x=y@example.org", "ada+x=y@example.org"),
            ("jörg@bücher.example", "jörg@bücher.example"),
        ] {
            assert_eq!(first(line), Some(expected), "{line}");
        }
        assert_eq!(first("a@b and nobody@localhost"), None);
    }

    #[test]
    fn a_field_holds_an_address_of_mail_or_none() {
        for (value, expected) in [
            ("rfc822; ada@example.org", Some("ada@example.org")),
            ("RFC822;<ada@example.org>", Some("ada@example.org")),
            ("<ada@example.org>", Some("ada@example.org")),
            ("utf-8; j\\x{F6}rg@example.org", Some("jörg@example.org")),
            ("rfc822; ada@localhost", Some("ada@localhost")),
            ("x400; /S=ada/OU=example/", None),
            ("rfc822;", None),
        ] {
            assert_eq!(of_field(value).as_deref(), expected, "{value}");
        }
    }
}
