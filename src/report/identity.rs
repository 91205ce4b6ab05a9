//! Keys by which two sources would agree that they have the same report.
//!
//! In: a link, or title and date. Out: short texts that are compared byte by byte. The surprising part: what commonly
//! changes when a site moves (scheme, `www.`, a slash at the end, marks of campaigns) is no part of a link's key.

use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::Report;

/// A title shorter than this may belong to many events.
const TELLING_TITLE: usize = 12;

/// The key of a report's own page.
pub fn link_key(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let host = url.host_str()?.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let path = url.path().trim_end_matches('/');
    let is_mark = |name: &str| name.starts_with("utm_") || matches!(name, "fbclid" | "gclid" | "mc_cid" | "mc_eid");
    let query: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| !is_mark(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let parting = if query.is_empty() { "" } else { "?" };
    Some(format!("{host}{path}{parting}{}", query.join("&")))
}

/// The key of the event a report tells of: its title and first day. None if either is not telling enough.
pub fn event_key(report: &Report) -> Option<String> {
    let day = report.event.start?.date;
    Some(format!("{day} {}", title_key(&report.title)?))
}

/// A title without what quotation, case and punctuation make of it. None if it is not telling enough.
pub fn title_key(title: &str) -> Option<String> {
    let key: String = title
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .collect();
    (key.chars().count() >= TELLING_TITLE).then_some(key)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;
    use crate::report::{Event, When};

    #[test]
    fn a_moved_page_keeps_its_key() {
        let key = link_key("https://example.org/reports/rivers").unwrap();
        for same in [
            "http://example.org/reports/rivers",
            "https://www.example.org/reports/rivers/",
            "https://EXAMPLE.org/reports/rivers?utm_source=feed&fbclid=1#top",
        ] {
            assert_eq!(link_key(same).as_deref(), Some(&*key), "{same}");
        }
        for other in [
            "https://example.org/reports/bridges",
            "https://example.net/reports/rivers",
            "https://example.org/reports/rivers?id=2",
            "https://example.org/Reports/rivers",
        ] {
            assert_ne!(link_key(other).as_deref(), Some(&*key), "{other}");
        }
        assert_eq!(link_key("rivers"), None);
    }

    #[test]
    fn the_same_title_on_the_same_day_is_the_same_event() {
        let report = |title: &str, day: &str| Report {
            title: title.into(),
            event: Event {
                start: day.parse::<When>().ok(),
                ..Event::default()
            },
            ..Report::default()
        };
        let key = event_key(&report("Who owns a river?", "2026-05-12")).unwrap();
        assert_eq!(
            event_key(&report("“Who Owns a River?”", "2026-05-12T18:30")),
            Some(key.clone())
        );
        assert_ne!(event_key(&report("Who owns a river?", "2026-05-13")), Some(key));
        assert_eq!(event_key(&report("Lecture", "2026-05-12")), None);
        assert_eq!(event_key(&report("Who owns a river?", "")), None);
    }
}
