//! The state of the house in sentences.

use super::{ListStatus, Next, Status};
use crate::store::Pause;

/// Of those without an edition, this many are told.
const TOLD: usize = 2;

pub(super) fn sentences(status: &Status) -> Vec<String> {
    let mut lines: Vec<String> = status.lists.iter().flat_map(of_list_sentences).collect();
    if status.lists.is_empty() {
        lines.push("There is no list in config.toml.".into());
    }
    for Pause {
        scope,
        who,
        why,
        since,
        until,
    } in &status.pauses
    {
        let until = until.map_or_else(
            || match scope.split_once(' ') {
                Some((_, name)) => format!("until `rapporteur resume {name}`"),
                None => "until `rapporteur resume`".into(),
            },
            |at| format!("until {}", at.format("%H:%M UTC")),
        );
        let why = why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
        lines.push(format!(
            "Paused: {scope}, since {} by {who}{why}, {until}.",
            since.format("%-d %b %H:%M UTC")
        ));
    }
    if status.in_doubt > 0 {
        lines.push(format!(
            "In doubt: {} mails that may or may not have arrived.",
            status.in_doubt
        ));
    }
    if let Some(unposted) = &status.unposted {
        lines.push(format!(
            "Alerts: {} did not reach the address of `alerts.webhook`: {}.",
            unposted.posts, unposted.error
        ));
    }
    if let Some(trouble) = &status.bounces {
        lines.push(format!(
            "Bounces: the mailbox cannot be read since {}, and is tried again: {}",
            trouble.since.format("%-d %b %Y %H:%M UTC"),
            trouble.why
        ));
    }
    for stranded in &status.stranded {
        lines.push(format!(
            "Stranded: {} mails of sealed editions wait for the relay {}, which is not in config.toml; name a relay so \
             again, or cancel these editions.",
            stranded.mails, stranded.relay
        ));
    }
    for (state, count) in &status.unpublished {
        lines.push(match state.as_str() {
            "settling" => format!("Not published yet: {count}, until their files have lain still for `settle`."),
            "held" => format!("Held reports: {count}; see `rapporteur reports`."),
            state => format!("Not published ({state}): {count}."),
        });
    }
    let refused: Vec<_> = status.sources.iter().flat_map(|source| &source.refused).collect();
    if !refused.is_empty() {
        lines.push(format!("Refused files: {}.", refused.len()));
        lines.extend(
            refused
                .iter()
                .map(|refused| format!("  {}: {}", refused.path, refused.reason)),
        );
    }
    for source in &status.sources {
        let next = source.next_at.map_or_else(String::new, |at| {
            format!(" Asked again {}.", at.format("%-d %b %H:%M UTC"))
        });
        let times = match source.failures {
            0 | 1 => String::new(),
            many => format!(" ({many} times in a row)"),
        };
        lines.push(match (&source.error, source.last_success_at) {
            (Some(error), _) => format!("Source {} fails{times}: {error}.{next}", source.source),
            (None, Some(at)) => format!(
                "Source {}: last collected {}.{next}",
                source.source,
                at.format("%-d %b %H:%M UTC")
            ),
            (None, None) => format!(
                "Source {}: not collected yet; `rapporteur collect` or `run` does.",
                source.source
            ),
        });
    }
    lines
}

fn of_list_sentences(status: &ListStatus) -> Vec<String> {
    let zone = status.zone;
    let ListStatus {
        list,
        next,
        last,
        slots,
        waiting,
        people,
        ..
    } = status;
    let mut line = match next.as_slice() {
        [] => format!("Next: {list} has no schedule; `rapporteur send {list}` sends it."),
        [only] => format!("Next: {list}, {}.", say_next(only, *people)),
        [first, ..] => format!("Next: {list} ({}), {}.", first.slot.cadence, say_next(first, *people)),
    };
    if let Some(last) = last {
        let counts: Vec<_> = last
            .counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let stopped = if last.state == "stopped" { ", stopped" } else { "" };
        line += &format!(" Last: edition {}{stopped}, {}.", last.number, counts.join(", "));
    }
    for slot in slots.iter().filter(|slot| slot.outcome != "asked").take(TOLD) {
        let day = slot.at.with_timezone(&zone).format("%-d %b");
        line += &match slot.outcome.as_str() {
            "empty" => format!(" {day}: nothing new, nothing sent."),
            _ => format!(" {day}: missed, its reports stay new."),
        };
    }
    let mut lines = vec![line];
    let later = next.iter().skip(1);
    lines.extend(later.map(|next| format!("  {}: {}.", next.slot.cadence, say_next(next, *people))));
    for asked in slots.iter().filter(|slot| slot.outcome == "asked") {
        let day = asked.at.with_timezone(&zone).format("%a %-d %b %H:%M");
        lines.push(format!(
            "  The slot of {day} was missed and asks what to do: `rapporteur send {list}`, or let it go."
        ));
    }
    lines.extend(
        waiting
            .iter()
            .map(|waiting| format!("  Edition {} {}.", waiting.edition, waiting.needs)),
    );
    lines
}

/// "Mon 4 May 08:00 Europe/Berlin, 3 reports, 214 people"
fn say_next(next: &Next, on_list: u64) -> String {
    let when = next.slot.slot.local.format("%a %-d %b %H:%M");
    let what = match (next.reports, next.people) {
        _ if on_list == 0 => "nobody is on the list yet".into(),
        (0, _) | (_, 0) => "nothing new so far".into(),
        (reports, people) => {
            format!(
                "{}, {}",
                count(reports as u64, "report", "reports"),
                count(people, "person", "people")
            )
        }
    };
    let sealed = next
        .sealed
        .map_or_else(String::new, |number| format!(", sealed as edition {number}"));
    format!("{when} {}, {what}{sealed}", next.zone)
}

fn count(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
