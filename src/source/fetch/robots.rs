//! What the robots.txt of a host allows us (STR-08, RFC 9309).
//!
//! In: the answer to a request for it. Out: rules, believed for a day. The surprising part: a host without the file
//! allows everything, a host that fails to answer for it allows nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use texting_robots::Robot;
use url::Url;

use super::{Error, Fetched};

/// Our product token, by which robots.txt names us.
const TOKEN: &str = "rapporteur";
/// Of a longer file so much is read; the RFC asks for at least 500 KiB (section 2.5).
const MOST: usize = 500 * 1024;
/// Rules are believed for this long (section 2.4),
const BELIEVED: TimeDelta = TimeDelta::hours(24);
/// and that there was no answer, for this long.
const DOUBTED: TimeDelta = TimeDelta::minutes(15);
/// A longer wait between two pages is cut to this: the pages of one poll would take a day.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

#[derive(Clone, Default)]
pub(super) struct Robots {
    /// By scheme, host and port.
    known: Arc<Mutex<HashMap<String, Known>>>,
}

struct Known {
    until: DateTime<Utc>,
    rules: Arc<Rules>,
}

#[derive(Debug)]
pub(super) enum Rules {
    /// There is no such file.
    All,
    /// Why nothing is allowed: a sentence.
    Nothing(String),
    Stated(Box<Robot>),
}

impl Robots {
    pub(super) fn known(&self, url: &Url, now: DateTime<Utc>) -> Option<Arc<Rules>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Links lead to ever new hosts; what is no longer believed need not be kept.
        known.retain(|_, known| known.until > now);
        known.get(&place(url)).map(|known| known.rules.clone())
    }

    pub(super) fn learn(&self, url: &Url, answer: &Result<Fetched, Error>, now: DateTime<Utc>) -> Arc<Rules> {
        let rules = Arc::new(Rules::of(answer));
        let believed = match *rules {
            Rules::Nothing(_) => DOUBTED,
            Rules::All | Rules::Stated(_) => BELIEVED,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(
            place(url),
            Known {
                until: now + believed,
                rules: rules.clone(),
            },
        );
        rules
    }
}

fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Rules {
    fn of(answer: &Result<Fetched, Error>) -> Rules {
        match answer {
            Ok(Fetched::Page(page)) => {
                let text = page.bytes.get(..MOST).unwrap_or(&page.bytes);
                match Robot::new(TOKEN, text) {
                    Ok(robot) => Rules::Stated(Box::new(robot)),
                    Err(_) => Rules::All,
                }
            }
            Ok(Fetched::NotModified) => Rules::All,
            // "Unavailable": the file is not there, or hides behind a sign-in or a loop (section 2.3.1.3).
            Err(Error::Status { status, .. })
                if status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS =>
            {
                Rules::All
            }
            Err(Error::Redirects(_) | Error::NoLocation(_)) => Rules::All,
            // "Unreachable": section 2.3.1.4.
            Err(error) => Rules::Nothing(error.to_string()),
        }
    }

    pub(super) fn admit(&self, url: &Url) -> Result<(), Error> {
        match self {
            Rules::All => Ok(()),
            Rules::Nothing(why) => Err(Error::RobotsUnknown {
                url: url.clone(),
                why: why.clone(),
            }),
            Rules::Stated(robot) if robot.allowed(url.as_str()) => Ok(()),
            Rules::Stated(_) => Err(Error::Robots(url.clone())),
        }
    }

    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Rules::Stated(robot) => {
                let seconds = Duration::try_from_secs_f32(robot.delay?).ok()?;
                Some(seconds.min(LONGEST_DELAY))
            }
            Rules::All | Rules::Nothing(_) => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;
    use crate::source::fetch::Page;

    fn stated(text: &str) -> Rules {
        Rules::of(&Ok(Fetched::Page(Box::new(Page {
            url: url("/robots.txt"),
            moved_to: None,
            content_type: None,
            validators: None,
            fresh_for: None,
            bytes: text.as_bytes().to_vec(),
        }))))
    }

    fn url(path: &str) -> Url {
        Url::parse("https://www.example.org").unwrap().join(path).unwrap()
    }

    fn answered(status: u16) -> Result<Fetched, Error> {
        Err(Error::Status {
            url: url("/robots.txt"),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
        })
    }

    #[test]
    fn the_examples_of_the_rfc_are_obeyed() {
        // RFC 9309 sections 2.2.2 and 5.
        for (text, path, allowed) in [
            ("User-agent: *\nDisallow: /\n", "/report", false),
            ("User-agent: *\nDisallow:\n", "/report", true),
            (
                "User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n",
                "/a.gif",
                false,
            ),
            (
                "User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n",
                "/example/a",
                false,
            ),
            (
                "User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n",
                "/publications/a",
                true,
            ),
            // The longest match counts; of two as long as each other, the one that allows.
            (
                "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n",
                "/example/page/disallowed.gif",
                false,
            ),
            (
                "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n",
                "/example/page/a.gif",
                true,
            ),
            ("User-agent: *\nAllow: /page\nDisallow: /page\n", "/page", true),
            // A group of our own replaces the one for all; groups of one name are one; case does not count.
            (
                "User-agent: *\nDisallow: /\n\nUser-agent: Rapporteur\nAllow: /\n",
                "/report",
                true,
            ),
            (
                "User-agent: rapporteur\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\nUser-agent: RAPPORTEUR\nDisallow: /c\n",
                "/c",
                false,
            ),
            (
                "User-agent: rapporteur\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n",
                "/b",
                true,
            ),
            ("User-agent: x\nUser-agent: rapporteur\nDisallow: /a\n", "/a", false),
            ("User-agent: other\nDisallow: /\n", "/report", true),
            // Percent-encoded and plain octets are the same path; paths have case.
            ("User-agent: *\nDisallow: /foo/bar/ツ\n", "/foo/bar/%E3%83%84", false),
            ("User-agent: *\nDisallow: /Report\n", "/report", true),
            ("User-agent: *\nDisallow: /\n", "/robots.txt", true),
            ("<!doctype html><title>Not found</title>", "/report", true),
            ("", "/report", true),
        ] {
            assert_eq!(stated(text).admit(&url(path)).is_ok(), allowed, "{path} by {text:?}");
        }
    }

    #[test]
    fn a_missing_file_allows_all_and_one_that_is_not_answered_for_nothing() {
        for status in [400, 401, 403, 404, 410] {
            assert!(Rules::of(&answered(status)).admit(&url("/report")).is_ok(), "{status}");
        }
        for status in [429, 500, 503] {
            assert!(Rules::of(&answered(status)).admit(&url("/report")).is_err(), "{status}");
        }
        assert!(
            Rules::of(&Err(Error::Redirects(url("/"))))
                .admit(&url("/report"))
                .is_ok()
        );
        assert!(Rules::of(&Err(Error::Slow(url("/")))).admit(&url("/report")).is_err());
    }

    #[test]
    fn half_a_megabyte_is_read_and_no_more() {
        let line = "Disallow: /x/\n";
        let filler = line.repeat((MOST - 100) / line.len());
        let late = format!("User-agent: *\n{filler}Disallow: /late\n");
        assert!(stated(&late).admit(&url("/late")).is_err());
        let too_late = format!("User-agent: *\n{filler}{filler}Disallow: /late\n");
        assert!(stated(&too_late).admit(&url("/late")).is_ok());
    }

    #[test]
    fn rules_are_believed_for_a_day_and_silence_for_a_quarter_of_an_hour() {
        let robots = Robots::default();
        let now: DateTime<Utc> = "2026-05-04T10:00:00Z".parse().unwrap();
        robots.learn(&url("/a"), &answered(404), now);
        assert!(robots.known(&url("/b"), now + TimeDelta::hours(23)).is_some());
        assert!(robots.known(&url("/b"), now + TimeDelta::hours(24)).is_none());
        robots.learn(&url("/a"), &answered(500), now);
        assert!(robots.known(&url("/b"), now + TimeDelta::minutes(16)).is_none());
        let other = Url::parse("https://www.example.org:8443/").unwrap();
        robots.learn(&url("/a"), &answered(404), now);
        assert!(robots.known(&other, now).is_none(), "another port is another host");
    }

    #[test]
    fn a_wait_between_pages_is_kept_within_reason() {
        let delay = |text: &str| stated(text).delay();
        assert_eq!(delay("User-agent: *\nCrawl-delay: 5\n"), Some(Duration::from_secs(5)));
        assert_eq!(delay("User-agent: *\nCrawl-delay: 86400\n"), Some(LONGEST_DELAY));
        for odd in ["-1", "NaN", "soon"] {
            assert_eq!(delay(&format!("User-agent: *\nCrawl-delay: {odd}\n")), None, "{odd}");
        }
    }
}
