//! The section `[retention]`: nothing goes while it still decides something.

use std::time::Duration;

use super::{Config, Problems, SHORTER, length, note};

/// A bounce may come so long after its mail, and may be counted once only (BNC-07).
const LATE: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) fn problems(config: &Config, found: &mut Problems) {
    let retention = &config.retention;
    for (key, time) in [
        ("answers", retention.answers),
        ("personal", retention.personal),
        ("unclear", retention.unclear),
        ("bounces", retention.bounces),
        ("alerts", retention.alerts),
        ("notes", retention.notes),
    ] {
        length(found, &["retention", key], time, SHORTER);
    }
    let least = LATE + config.bounces.over;
    if retention.bounces > Duration::ZERO && retention.bounces < least {
        note(
            found,
            &["retention", "bounces"],
            format!(
                "`retention.bounces` is shorter than `bounces.over` and 30 days; write at least \"{}d\", or people would not \
                 be suspended whose mails keep coming back",
                least.as_secs().div_ceil(24 * 3600)
            ),
        );
    }
    if retention.answers > Duration::ZERO && retention.answers < Duration::from_secs(24 * 3600) {
        note(
            found,
            &["retention", "answers"],
            "`retention.answers` is shorter than a day; write at least \"1day\", or refusals are gone before anybody has looked at them",
        );
    }
}
