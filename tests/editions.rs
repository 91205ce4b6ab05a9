//! The rules of editions, one by one: who is told what, when, how often, and what staff may still change.

mod by_hand;
mod clock;
mod configuration;
mod corrections;
mod frozen;
mod ledger;
mod missed;
mod next;
mod people;
mod readers;
mod review;
mod sealing;
mod year;

pub const ANNA: &str = "anna@example.org";
pub const BRUNO: &str = "bruno@example.org";
pub const CHIARA: &str = "chiara@example.org";

/// Two lists over the same reports.
pub const TWO_LISTS: &str = r#"
[lists.events]
title = "Events"
from = "events@example.org"
approval = "none"
backfill = "all"
cadences.weekly = { cron = "0 8 * * MON", zone = "Europe/Berlin" }
[lists.talks]
title = "Talks"
from = "talks@example.org"
approval = "none"
backfill = "all"
cadences.weekly = { cron = "0 8 * * MON", zone = "Europe/Berlin" }
"#;
