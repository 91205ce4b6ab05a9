//! The answer to `why` in sentences.

use chrono::{DateTime, Utc};

use super::{Answer, Person};
use crate::store::Delivery;

pub(super) fn sentences(answer: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(Person {
        state,
        since,
        until,
        paused_until: _,
        cadence,
        topics,
        language,
    }) = &answer.subscription
    {
        let day = |at: &DateTime<Utc>| at.format("%-d %b %Y").to_string();
        let until = until
            .as_ref()
            .map_or_else(String::new, |until| format!(" until {}", day(until)));
        lines.push(format!(
            "{} on {}: {state}, since {}{until}.",
            answer.address,
            answer.list,
            day(since)
        ));
        lines.push(format!(
            "Reads {}; topics: {}; language: {}.",
            cadence.as_deref().unwrap_or("what staff send by hand"),
            if topics.is_empty() {
                "all".into()
            } else {
                topics.join(", ")
            },
            language.as_deref().unwrap_or("the list's")
        ));
    }
    lines.push(answer.why.clone());
    lines.extend(answer.file.iter().cloned());
    for line in answer.next.iter().flat_map(|next| &next.reports) {
        lines.push(match &line.reason {
            None => format!("  gets   {:>4}  {}", line.id, line.title),
            Some(reason) => format!("  not    {:>4}  {}: {reason}", line.id, line.title),
        });
    }
    if answer.past.is_empty() && answer.subscription.is_some() {
        lines.push("No edition concerned them yet.".into());
    }
    lines.extend(answer.past.iter().map(past));
    lines
}

fn past(row: &Delivery) -> String {
    let at = row.answered_at.unwrap_or(row.due_at).format("%-d %b %Y %H:%M UTC");
    let mut line = format!("Edition {}: {}", row.edition, row.state);
    if let Some(reason) = &row.reason {
        line += &format!(" ({reason})");
    }
    line += &format!(", {at}");
    if row.edition_state != "finished" && row.edition_state != "sending" {
        line += &format!(", the edition is {}", row.edition_state);
    }
    if let Some(subject) = &row.subject {
        line += &format!(", \"{subject}\"");
    }
    if row.doubts > 0 {
        line += ", in doubt once whether it had arrived";
    }
    if let Some(reply) = &row.reply {
        line += &format!("; the relay said: {reply}");
    }
    line + "."
}
