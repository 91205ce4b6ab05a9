//! The lines of a notice: which addresses in them are recipients that failed, and what is said about each.
//!
//! In: the words of a mail. Out: addresses with their lines. Each address is of one of four kinds, and the best kind that
//! there is counts: listed (it begins a line, or a label says so), stated (its sentence says that it failed), the only
//! other one, and the one the returned mail was addressed to. Ours and the postmaster's are never taken.

use std::sync::LazyLock;

use regex::Regex;

use super::parts::Mail;
use super::status::{self, Status};
use super::words::worded;
use super::{Kind, address, phrases, sender};
use crate::report::prose::pattern;

/// Lines of a notice that are looked at, bytes of each, and addresses in each: a line without end costs no more.
const LINES: usize = 400;
const LINE: usize = 2000;
const PER_LINE: usize = 20;
/// Recipients that are told.
pub(super) const RECIPIENTS: usize = 200;
/// Lines behind a recipient that may say why.
const REASON: usize = 12;

/// An address that begins a line, as in lists of recipients: bullets, brackets, a label before it.
static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)^[\s>*•·|\[("'<-]*(?:(?:smtp|mailto|rfc822|for|an|recipient|empfänger|destinataire|failed recipient|error-for|address|undeliverable address|user|unknown user)\s*[:;]\s*)?[\s\[<("']*(?:smtp:|mailto:|rfc822;)?$"#,
    )
});
/// What may follow an address that stands in a list; a sentence may not.
static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)^["'>\])]*\s*(?:<[^<>\s]*>)?["'>\])]*\s*(?:$|[:;,(\[<=|]|-|\.{3}|\.?$|on \w|\d{3}\b|said|host\b|unknown|no such|user|mailbox|delivery|permanent|\s{2,})"#,
    )
});
/// "Ada (ada@example.org)", "Ada <ada@example.org>" alone on a line.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*["'*\w][^:@<(]{0,60}[<(\[]\s*$"#));
/// The address the sender wrote to, beside the one it became.
static BECAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:generated from|expanded from:|originally addressed to|reason: forwarded from)\s*<?\s*$")
});
/// Words that make the address behind or before them one that failed, in any paragraph.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)(?:undeliverable (?:address|to)|undelivered to|(?:failed|intended|final|original)[ -]recipients?|recipient address|unknown user|attempts|error-for|(?:addressed|sent|deliver(?:ed)?|delivery|your (?:mail|message|e-?mail)) (?:of your (?:mail|message) )?(?:to|for)(?: the)?(?: (?:following )?(?:e-?mail )?address| (?:user|recipient|mailbox))?|was addressed|(?:quota|mailbox|account|userid|user|gateway|address|recipient|adresse|empfänger|destinataire|délivr[ée]|delivre|livr[ée]|remis|entregado|consegnato)\s*(?:violation|is full|exceeded|unknown|not found)?\s*(?:for|of|à|a|an|para)?|an (?:die adresse |den empfänger )?|rcpt to)\s*[:,;]?\s*[<"'(\[]*(?:smtp:|mailto:)?\s*$"#,
    )
});
/// A list of recipients begins.
static INTRO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:(?:following|these|failed|affected|intended|to|folgenden?|an|suivants?|siguientes?|seguintes?|seguent\w+|следующ\S+)\b.{0,80}|recipients?.{0,40}|address\S*.{0,60}|to)[:-]?[\s|=*-]*$",
    )
});
/// A name without domain in a list: a word alone, or with a reason far behind it.
static BARE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+([A-Za-z0-9][A-Za-z0-9._-]{1,63})(?:\s{2,}\S.*)?$"));
/// What machines said to each other: no list of recipients.
static SESSION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:transcript|session)\b|while talking to|(?:technical|debug) (?:details|information)")
});
/// The recipient of the mail that is returned, as a notice repeats its headers: often a list, and the last resort.
static REPEATED: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)(?:^|\s)(?:to|an|para|cc)\s*:\s*[<"']*$"#));
const OTHERS: [&str; 8] = [
    "postmaster",
    "mailer-daemon",
    "abuse",
    "hostmaster",
    "webmaster",
    "support",
    "helpdesk",
    "mdaemon",
];

/// The lines of a notice, without the mail that is returned.
pub(super) struct Notice<'a> {
    pub lines: Vec<&'a str>,
}

impl<'a> Notice<'a> {
    pub(super) fn read(text: &'a str) -> Notice<'a> {
        let mut lines = Vec::new();
        for line in text.lines().take(LINES) {
            let line = line.get(..line.floor_char_boundary(LINE)).unwrap_or(line);
            let is_over = phrases::RETURNED.is_match(line) && !address::all(line).any(|_| true);
            if is_over && lines.iter().any(|line: &&str| !line.trim().is_empty()) {
                break;
            }
            lines.push(line);
        }
        Notice { lines }
    }

    /// An address begins a line.
    pub(super) fn has_item(&self) -> bool {
        let is_item = |line: &&str| {
            let found = address::all(line).next();
            found.is_some_and(|(start, end, _)| {
                let (before, after) = (
                    line.get(..start).unwrap_or_default(),
                    line.get(end..).unwrap_or_default(),
                );
                ITEM.is_match(before) && AFTER.is_match(after)
            })
        };
        self.lines.iter().any(is_item)
    }

    /// Recipients that failed, and the lines in which they stand.
    pub(super) fn recipients(&self, mail: &Mail<'_>) -> Vec<(String, usize)> {
        let ours = sender::addressed_to(mail);
        let from = address::first(&mail.headers.decoded("from"))
            .unwrap_or_default()
            .to_lowercase();
        let is_other = |found: &str| {
            let local = found.split('@').next().unwrap_or_default().to_lowercase();
            ours.iter().any(|our| our.eq_ignore_ascii_case(found))
                || OTHERS.contains(&local.as_str())
                || found.to_lowercase() == from
        };
        let (mut listed, mut stated, mut rest, mut last) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut is_happy = false;
        let mut is_session = false;
        for (number, line) in self.lines.iter().enumerate() {
            if phrases::DELIVERED.is_match(line) && !phrases::FAILED.is_match(line) {
                is_happy = true;
            } else if phrases::FAILED.is_match(line) {
                is_happy = false;
            }
            is_session |= SESSION.is_match(line);
            if is_happy {
                continue;
            }
            for (start, end, found) in address::all(line).take(PER_LINE) {
                let (before, after) = (
                    line.get(..start).unwrap_or_default(),
                    line.get(end..).unwrap_or_default(),
                );
                let is_item = (ITEM.is_match(before) || NAMED.is_match(before))
                    && AFTER.is_match(after)
                    && !phrases::CONTACT.is_match(before);
                let is_labelled = is_item && BEFORE.is_match(before);
                let place = match () {
                    () if is_other(found) && !is_item => continue,
                    () if is_other(found) || REPEATED.is_match(before) => &mut last,
                    () if BECAME.is_match(before) || is_labelled || (is_item && !is_session) => &mut listed,
                    () if before.to_ascii_lowercase().ends_with("smtp=") => &mut listed,
                    () if phrases::CONTACT.is_match(before) && !BEFORE.is_match(before) => continue,
                    () if BEFORE.is_match(before) || self.fails_at(number) => &mut stated,
                    () => &mut rest,
                };
                let is_same = |(other, _): &(String, usize)| other.eq_ignore_ascii_case(found);
                if place.len() < RECIPIENTS && !place.iter().any(is_same) {
                    place.push((found.to_owned(), number));
                }
            }
        }
        match () {
            () if !listed.is_empty() => listed,
            () if !stated.is_empty() => self.likeliest(stated),
            () if rest.len() == 1 => rest,
            () if last.len() == 1 => last,
            () => Vec::new(),
        }
    }

    /// Of addresses in sentences those that failed by words right before them, if there are any.
    fn likeliest(&self, stated: Vec<(String, usize)>) -> Vec<(String, usize)> {
        let is_named = |(found, number): &&(String, usize)| {
            let line = self.lines.get(*number).copied().unwrap_or_default();
            line.find(found.as_str())
                .and_then(|at| line.get(..at))
                .is_some_and(|before| BEFORE.is_match(before))
        };
        let named: Vec<_> = stated.iter().filter(is_named).cloned().collect();
        if named.is_empty() { stated } else { named }
    }

    /// Whether this line, or the one before or after it in the same paragraph, says that something failed.
    fn fails_at(&self, number: usize) -> bool {
        let near = number.saturating_sub(1)..=number + 1;
        near.filter_map(|number| self.lines.get(number))
            .any(|line| phrases::FAILED.is_match(line) || status::guess(line, 5).is_some())
    }

    /// What is said about a recipient: the rest of the line and what follows, up to the next one; else what is said of all.
    pub(super) fn status(&self, line: usize, found: &[(String, usize)], of_all: Status, kind: Kind) -> Status {
        let next = found
            .iter()
            .map(|(_, other)| *other)
            .filter(|other| *other > line)
            .min();
        let end = next.unwrap_or(self.lines.len()).min(line + REASON).max(line + 1);
        let near = self.lines.get(line..end).unwrap_or_default();
        // What machines said to each other is full of connections that worked.
        let session = near
            .iter()
            .position(|line| SESSION.is_match(line))
            .unwrap_or(near.len());
        let near = worded(&near.get(..session).unwrap_or_default().join("\n"), kind);
        if !near.is_vague() {
            return near;
        }
        if of_all.is_vague() { near } else { of_all }
    }

    /// A name without domain is one of the server's own people.
    pub(super) fn bare(&self, mail: &Mail<'_>) -> Option<(String, usize)> {
        let from = mail.headers.decoded("from");
        let domain = address::house(address::first(&from)?.rsplit_once('@')?.1);
        let mut after_intro = false;
        for (number, line) in self.lines.iter().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            if after_intro && let Some(name) = BARE.captures(line).and_then(|found| found.get(1)) {
                return Some((format!("{}@{domain}", name.as_str()), number));
            }
            let paragraph = self
                .lines
                .get(number.saturating_sub(2)..=number)
                .unwrap_or_default()
                .join(" ");
            after_intro =
                line.trim_end().ends_with([':', '-']) && INTRO.is_match(line) && phrases::FAILED.is_match(&paragraph)
                    || line.trim_end().ends_with(':') && phrases::FAILED.is_match(&paragraph);
        }
        None
    }
}
