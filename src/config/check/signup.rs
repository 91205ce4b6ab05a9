//! `[signup]`, and the proxies whose word about clients counts.

use std::time::Duration;

use super::{Problems, SHORTER, length, note};
use crate::config::Config;

/// Between two mails to one address that a stranger's typing causes (PRIV-06).
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a link for confirming works.
const LINK: Duration = Duration::from_secs(72 * 3600);
/// Nobody fills in a form for so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn problems(config: &Config, found: &mut Problems) {
    let signup = &config.signup;
    if signup.min_fill > PATIENCE {
        note(
            found,
            &["signup", "min_fill"],
            "`signup.min_fill` is longer than a minute, which people would notice; write such as \"3s\"",
        );
    }
    length(found, &["signup", "keep_unconfirmed"], signup.keep_unconfirmed, SHORTER);
    if signup.keep_unconfirmed < LINK {
        note(
            found,
            &["signup", "keep_unconfirmed"],
            "`signup.keep_unconfirmed` is shorter than the three days for which a link works; write such as \"14days\"",
        );
    }
    if signup.remind_after.is_some_and(|after| !(DAY..LINK).contains(&after)) {
        note(
            found,
            &["signup", "remind_after"],
            "`signup.remind_after` must be one day or more, and less than the three days for which the link works",
        );
    }
    length(
        found,
        &["signup", "keep_network"],
        signup.keep_network.unwrap_or_default(),
        SHORTER,
    );
    for (key, count) in [
        ("per_network", signup.per_network),
        ("per_domain", signup.per_domain),
        ("overall", signup.overall),
    ] {
        if count == 0 {
            note(
                found,
                &["signup", key],
                format!("`signup.{key}` is 0, so that nobody could join; write `open = false` if that is meant"),
            );
        }
    }
    for text in &config.web.proxies {
        if super::super::proxy_network(text).is_none() {
            note(
                found,
                &["web", "proxies"],
                format!(
                    "`web.proxies` has \"{}\"; write an IP address or a network, such as \"192.0.2.10\" or \"10.0.0.0/8\"",
                    text.escape_debug()
                ),
            );
        }
    }
}
