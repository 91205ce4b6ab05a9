//! Whether a list is ready: its people, its schedule, what its mails need.

use std::path::Path;

use super::{Findings, at_line};
use crate::clock::Clock;
use crate::config::{Cadence, Config, List};
use crate::publish;
use crate::schedule::Slot;
use crate::subscriber::csv;

pub(super) fn check_list(config: &Config, name: &str, list: &List, found: &mut Findings) {
    check_people(config, name, list, found);
    for (word, cadence) in &list.cadences {
        found.facts.push(format!("  {word}: {}", next_time(cadence)));
    }
    let insecure = config.insecure_links(list);
    for advice in config.problems_before_sending(list) {
        let told = insecure.is_some() && advice.text.starts_with("`public_url`");
        let text = advice.to_string();
        // What concerns the institute is said once, however many lists there are.
        if !told && !found.before_sending.contains(&text) {
            found.before_sending.push(text);
        }
    }
    if let Some(why) = insecure.filter(|why| !found.before_sending.contains(why)) {
        found.before_sending.push(why);
    }
    match (list.preview_to.as_slice(), list.preview_before) {
        ([], Some(_)) => found.warnings.push(format!(
            "list {name}: `preview_before` without `preview_to`; editions are sealed early and nobody is shown them{}",
            at_line(config, &format!("lists.{name}.preview_before"))
        )),
        ([], None) => {}
        (staff, _) => found.facts.push(format!("  previews go to {}", staff.join(", "))),
    }
}

fn check_people(config: &Config, name: &str, list: &List, found: &mut Findings) {
    let file = Path::new("subscribers").join(format!("{name}.csv"));
    let shown = file.display();
    let read = std::fs::read(config.root.join(&file)).map_err(|error| error.to_string());
    let mut read = match read.and_then(|bytes| csv::read(&bytes).map_err(|problem| problem.to_string())) {
        Ok(read) => read,
        Err(problem) => {
            found.facts.push(format!("List {name}: nobody from {shown}."));
            found
                .warnings
                .push(format!("{shown}: {problem}; it adds and removes nobody"));
            return;
        }
    };
    publish::hold_to(list, &mut read);
    found
        .facts
        .push(format!("List {name}: {} in {shown}.", people(read.rows.len())));
    for refused in &read.refused {
        found.warnings.push(format!(
            "{shown} line {}: {} is refused: {}",
            refused.line, refused.text, refused.reason
        ));
    }
    for twice in &read.duplicates {
        let address = twice.address.masked();
        found.warnings.push(format!(
            "{shown} line {}: {address} stands on line {} already",
            twice.line, twice.first_line
        ));
    }
    found
        .warnings
        .extend(read.notes.iter().map(|note| format!("{shown}: {note}")));
    let samples = read.rows.iter().filter(|row| row.address.is_reserved()).count();
    let leaves = config.relay_of(list).is_ok_and(|(_, relay)| !relay.is_loopback());
    if samples > 0 && leaves {
        found.warnings.push(format!(
            "{shown}: {} at sample domains (example.org); they get nothing",
            people(samples)
        ));
    }
}

/// "next Mon 4 May 2026 08:00 Europe/Berlin (+02:00)"
fn next_time(cadence: &Cadence) -> String {
    let Some((schedule, zone)) = cadence.times() else {
        return "ten quiet minutes after the last new report, an hour after the first at most".into();
    };
    let next: Option<Slot> = schedule.slots_after(zone, Clock::System.now()).next();
    next.map_or_else(
        || format!("`{}` never comes", schedule.as_str()),
        |slot| {
            format!(
                "next {} {zone} ({})",
                slot.local.format("%a %-d %b %Y %H:%M"),
                slot.offset
            )
        },
    )
}

fn people(count: usize) -> String {
    if count == 1 {
        "1 person".into()
    } else {
        format!("{count} people")
    }
}
