//! Delivery status notifications: what RFC 3464 and RFC 6533 ask for, and what servers make of it (BNC-02).
//!
//! In: the part for machines. Out: a finding per recipient; none if the part names nobody. The address that was written
//! to counts before the one it became; what was delivered, relayed or expanded is no bounce; and a status that says
//! nothing (`5.0.0`) gives way to what the remote server said.

use super::parts::Part;
use super::status::{self, Status};
use super::{Finding, Kind, address};

/// Groups of fields that are looked at.
const GROUPS: usize = 200;

pub(super) fn read(report: &Part<'_>) -> Vec<Finding> {
    let text = report.text();
    let mut findings: Vec<Finding> = Vec::new();
    for group in groups(&text) {
        let Some(finding) = finding(&group) else { continue };
        let same = |other: &&mut Finding| other.recipient == finding.recipient;
        match findings.iter_mut().find(same) {
            Some(before) if finding.kind < before.kind => *before = finding,
            Some(_) => {}
            None => findings.push(finding),
        }
    }
    findings
}

type Group = Vec<(String, String)>;

/// Fields by recipient. Some servers forget the blank line between two of them.
fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::new()];
    for line in text.lines() {
        let is_blank = line.trim().is_empty();
        if groups.len() >= GROUPS {
            break;
        }
        match groups.last_mut() {
            Some(group) if is_blank && !group.is_empty() => groups.push(Group::new()),
            Some(group) if line.starts_with([' ', '\t']) => {
                if let Some((_, value)) = group.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            }
            Some(group) => {
                let Some((name, value)) = line.split_once(':') else {
                    continue;
                };
                let name = name.trim().to_ascii_lowercase();
                let value = value.trim().to_owned();
                let begins = name == "final-recipient" && group.iter().any(|(other, _)| *other == name);
                match begins {
                    true => groups.push(vec![(name, value)]),
                    false => group.push((name, value)),
                }
            }
            None => {}
        }
    }
    groups
}

fn finding(group: &Group) -> Option<Finding> {
    let field = |name: &str| {
        let found = group.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    };
    let names = ["original-recipient", "final-recipient", "x-actual-recipient"];
    let named = names.iter().find_map(|name| field(name).and_then(address::of_field));
    let is_recipient = named.is_some() || names.iter().any(|name| field(name).is_some());
    let diagnostic = field("diagnostic-code").unwrap_or_default();
    let named = named.or_else(|| address::first(diagnostic).map(str::to_owned));
    let given = field("status").and_then(Status::parse);
    // Words beside a status stand in for a diagnosis: "5.0.0 (recipient reached disk quota)".
    let beside = field("status").unwrap_or_default();
    let action = field("action").unwrap_or_default().to_ascii_lowercase();
    if !is_recipient && (action.is_empty() || named.is_none()) {
        return None;
    }
    let action = action
        .split(|letter: char| !letter.is_alphabetic())
        .next()
        .unwrap_or_default();
    let kind = match (action, given.map(|status| status.class)) {
        ("failed" | "failure" | "error" | "fail" | "undeliverable" | "bounced", _) => Kind::Bounce,
        ("delayed" | "delay" | "deferred" | "warning", _) => Kind::Delay,
        ("delivered" | "relayed" | "expanded" | "success", _) | (_, Some(2)) => Kind::None,
        (_, Some(4)) => Kind::Delay,
        (_, Some(_)) => Kind::Bounce,
        (_, None) if diagnostic.is_empty() => return None,
        (_, None) => Kind::Bounce,
    };
    Some(Finding {
        recipient: named,
        status: match kind {
            Kind::None => given,
            _ => Some(settled(given, &format!("{diagnostic} {beside}"), kind)),
        },
        kind,
    })
}

/// The status that says most: the one given, unless it says nothing or the remote server speaks of policy.
fn settled(given: Option<Status>, diagnostic: &str, kind: Kind) -> Status {
    let said = status::stated(diagnostic);
    let fallback = if kind == Kind::Delay { 4 } else { 5 };
    let Some(given) = given.filter(|status| status.class != 2) else {
        return said
            .or_else(|| status::guess(diagnostic, fallback))
            .unwrap_or(Status::vague(fallback));
    };
    match said {
        Some(said) if said.class == given.class && (given.is_vague() || said.subject == 7) && !said.is_vague() => said,
        _ if given.is_vague() => {
            let guessed = status::guess(diagnostic, given.class).filter(|guessed| guessed.class == given.class);
            guessed.unwrap_or(given)
        }
        _ => given,
    }
}
