//! Notices of mail servers that only use words: qmail, Exim, old Sendmail and Exchange, filters, and everybody's own.
//!
//! In: a mail. Out: a finding per recipient, one without recipient if a bounce names nobody, or nothing at all. What
//! they have in common is used, not the sentences of each: the notice stands before the mail it returns; addresses that
//! begin a line are recipients, if the notice says that something failed; addresses within a sentence are, if that very
//! sentence says so; and addresses after "contact" or "from" never are.

use super::notice::{Notice, RECIPIENTS};
use super::parts::Mail;
use super::status::{self, Status};
use super::{Finding, Kind, address, phrases, sender};

pub(super) fn read(mail: &Mail<'_>, is_server: bool) -> Vec<Finding> {
    let text = mail.words();
    let subject = mail.headers.decoded("subject");
    let notice = Notice::read(&text);
    let whole = notice.lines.join("\n");
    let names_it = phrases::SUBJECT.is_match(&subject);
    let says_it = phrases::FAILED.is_match(&whole);
    let failed_header: Vec<&str> = mail
        .headers
        .all("x-failed-recipients")
        .flat_map(|value| address::all(value).map(|found| found.2))
        .take(RECIPIENTS)
        .collect();
    let lists_it = is_server
        && notice
            .lines
            .iter()
            .any(|line| line.starts_with('<') && line.trim_end().ends_with(">:"));
    let replies = || {
        notice
            .lines
            .iter()
            .any(|line| status::has_code(line) || status::guess(line, 5).is_some())
    };
    let is_daemon = is_server && sender::is_daemon(mail);
    let is_notice = match is_server {
        true if is_daemon => says_it || lists_it || (names_it && replies()) || !failed_header.is_empty(),
        // An empty return path alone: machines that ask people to confirm have one, too.
        true => {
            (names_it && (says_it || replies()))
                || (says_it && notice.has_item())
                || lists_it
                || !failed_header.is_empty()
        }
        // A person's words about a bounce stand in sentences.
        false => names_it && says_it && (notice.has_item() || mail.parts.len() > 1),
    };
    if !is_notice || sender::is_person(mail) {
        return Vec::new();
    }
    if phrases::DELIVERED.is_match(&whole) && !names_it {
        return Vec::new();
    }
    let all = format!("{subject}\n{whole}");
    let is_delay = phrases::DELAYED.is_match(&all) && !phrases::GIVEN_UP.is_match(&all);
    let mut found = notice.recipients(mail);
    if found.is_empty() {
        found = failed_header.iter().map(|address| ((*address).to_owned(), 0)).collect();
    }
    if found.is_empty() {
        found.extend(notice.bare(mail));
    }
    let kind = if is_delay { Kind::Delay } else { Kind::Bounce };
    let of_all = worded(&all, kind);
    let named: Vec<Finding> = found
        .iter()
        .map(|(recipient, line)| Finding {
            recipient: Some(recipient.clone()),
            status: Some(notice.status(*line, &found, of_all, kind)),
            kind,
        })
        .collect();
    match named.is_empty() {
        // By words alone and about nobody: only a server is believed.
        true if is_server || names_it => vec![Finding {
            recipient: None,
            status: Some(of_all),
            kind,
        }],
        _ => named,
    }
}

pub(super) fn worded(text: &str, kind: Kind) -> Status {
    let class = if kind == Kind::Delay { 4 } else { 5 };
    let stated = status::stated(text).filter(|status| !status.is_vague());
    let status = stated
        .or_else(|| status::guess(text, class))
        .unwrap_or(Status::vague(class));
    match kind {
        Kind::Delay => Status { class: 4, ..status },
        _ => status,
    }
}
