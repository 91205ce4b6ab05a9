//! What a request's headers ask for: coding, language, and whether the copy it holds is still good.
//!
//! Pure. Surprising: entity tags are compared after taking off what proxies add to them, `W/` and `-gzip` (HTTP-02).

use std::cmp::Ordering;
use std::time::SystemTime;

use axum::http::{HeaderMap, HeaderName, header};

/// How the bytes of an answer are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

/// Suffixes that proxies which compress put inside a tag (Apache, Jetty and their likes).
const PROXY_SUFFIXES: [&str; 2] = ["--gzip", "-gzip"];

/// The coding of the answer (RFC 9110 section 12.5.3). Where nothing is acceptable, plain is sent all the same.
pub(super) fn coding(headers: &HeaderMap) -> Coding {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for (name, weight) in weighted(headers, &header::ACCEPT_ENCODING) {
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(weight);
        } else if name.eq_ignore_ascii_case("identity") {
            identity = Some(weight);
        } else if name == "*" {
            any = Some(weight);
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    // Not named, identity is acceptable but never preferred.
    let identity = identity.unwrap_or(0.0);
    if gzip > 0.0 && gzip >= identity {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// The best of `offered` by Accept-Language; the first if none is asked for.
pub(super) fn language<'a>(headers: &HeaderMap, offered: &'a [String]) -> &'a str {
    let wanted = weighted(headers, &header::ACCEPT_LANGUAGE);
    let mut wanted: Vec<_> = wanted.filter(|(_, weight)| *weight > 0.0).collect();
    // Stable, so that of equal weights the first named wins.
    wanted.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal));
    wanted
        .iter()
        .find_map(|(tag, _)| nearest(tag, offered))
        .or(offered.first().map(String::as_str))
        .unwrap_or("en")
}

/// What of `offered` is the language `tag`, or at least has its primary tag: `fr` for `fr-CH` and the other way round.
pub(super) fn nearest<'a>(tag: &str, offered: &'a [String]) -> Option<&'a str> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    offered
        .iter()
        .find(|offer| offer.eq_ignore_ascii_case(tag))
        .or_else(|| offered.iter().find(|offer| primary(offer) == primary(tag)))
        .map(String::as_str)
}

/// Whether the copy the client holds is still good, so that 304 is the answer.
pub(super) fn is_fresh(headers: &HeaderMap, etag: &str, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return lines(headers, &header::IF_NONE_MATCH).any(|list| names_tag(list, etag));
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| httpdate::parse_http_date(value).ok());
    since.zip(modified).is_some_and(|(since, modified)| modified <= since)
}

/// Whether a list of entity tags, or `*`, names ours (weak comparison).
fn names_tag(list: &str, etag: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    // A tag may hold commas, so the quotes part the list, not the commas.
    list.split('"').skip(1).step_by(2).any(|tag| {
        let bare = PROXY_SUFFIXES
            .iter()
            .find_map(|suffix| tag.strip_suffix(suffix))
            .unwrap_or(tag);
        etag.trim_matches('"') == bare
    })
}

/// `name;q=weight` of every line of a header, in order. A weight that is none counts as zero.
fn weighted<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'a str, f32)> {
    lines(headers, name)
        .flat_map(|line| line.split(','))
        .filter_map(|part| {
            let mut parameters = part.split(';');
            let value = parameters.next()?.trim();
            let weight = parameters.find_map(|parameter| {
                let (key, weight) = parameter.split_once('=')?;
                key.trim()
                    .eq_ignore_ascii_case("q")
                    .then(|| weight.trim().parse().unwrap_or(0.0))
            });
            (!value.is_empty()).then(|| (value, weight.unwrap_or(1.0)))
        })
}

fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let value = value.parse().unwrap_or_else(|_| unreachable!("a test's header"));
        HeaderMap::from_iter([(name, value)])
    }

    #[test]
    fn the_coding_follows_the_weights() {
        use Coding::{Gzip, Identity};
        assert_eq!(coding(&HeaderMap::new()), Identity);
        for (value, expected) in [
            ("", Identity),
            ("gzip", Gzip),
            ("GZIP", Gzip),
            ("x-gzip", Gzip),
            ("gzip, deflate, br, zstd", Gzip),
            ("br", Identity),
            ("gzip;q=0", Identity),
            ("gzip; q=0.0", Identity),
            ("gzip;q=0.5", Gzip),
            ("identity", Identity),
            ("identity, gzip;q=0.5", Identity),
            ("identity;q=0.5, gzip", Gzip),
            ("identity;q=0", Identity),
            ("identity;q=0, gzip", Gzip),
            ("*", Gzip),
            ("*;q=0", Identity),
            ("gzip;q=0, *", Identity),
            ("gzip;q=nonsense", Identity),
        ] {
            assert_eq!(coding(&headers(header::ACCEPT_ENCODING, value)), expected, "{value}");
        }
    }

    #[test]
    fn the_language_follows_the_weights_and_falls_back_to_the_first() {
        let offered = ["en".to_owned(), "de".to_owned()];
        for (value, expected) in [
            ("de", "de"),
            ("de-AT,en;q=0.5", "de"),
            ("en;q=0.3, de;q=0.9", "de"),
            ("fr", "en"),
            ("fr, de;q=0.1", "de"),
            ("de;q=0", "en"),
            ("*", "en"),
        ] {
            assert_eq!(
                language(&headers(header::ACCEPT_LANGUAGE, value), &offered),
                expected,
                "{value}"
            );
        }
        let offered = ["fr-ch".to_owned(), "fr".to_owned()];
        for (tag, expected) in [
            ("fr", Some("fr")),
            ("fr-CH", Some("fr-ch")),
            ("fr-BE", Some("fr-ch")),
            ("de", None),
        ] {
            assert_eq!(nearest(tag, &offered), expected, "{tag}");
        }
    }
}
