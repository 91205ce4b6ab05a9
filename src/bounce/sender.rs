//! Who wrote a mail: a mail server, or a person who may be writing about one.

use std::sync::LazyLock;

use regex::Regex;

use super::address;
use super::parts::Mail;
use super::phrases;
use crate::report::prose::pattern;

/// The names of programs that report failures; a person has none of them.
static DAEMON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)mailer-?daemon|mail-?daemon|\bmdaemon|^daemon@|post_?master|mail\.?[ .]delivery[ .](?:sub)?system|mail delivery|delivery (?:sub)?system|delivery (?:agent|service)|mail administrator|system administrator|internet mail delivery|mail-?deliver|microsoftexchange[0-9a-f]+@|^(?:ndr|bounce|bounces|noreply-bounce|mmdf|root)@|smtp_?(?:gateway|mail)|antivirus|mail ?system|maildelivery|\bmta\b",
    )
});
static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|fwd?|aw|wg|tr|sv|vs|rv|enc|ответ|отв|пересл)\s*(?:\[\d+\])?:\s*")
});
/// A line by which mail programs introduce what they quote.
static QUOTES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)^(?:.{0,200}\b(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|пишет|писал\S*)\s?:|>+ ?\S.*|-+ ?(?:forwarded|weitergeleitete|original) .{0,30}-+)$",
    )
});

pub(super) fn has_empty_return_path(mail: &Mail<'_>) -> bool {
    mail.headers.all("return-path").any(|path| path.trim() == "<>")
}

/// A mail server wrote it, as far as its headers tell.
pub(super) fn is_server(mail: &Mail<'_>) -> bool {
    has_empty_return_path(mail) || is_daemon(mail)
}

/// It bears the name of one, or has a form that only they write.
pub(super) fn is_daemon(mail: &Mail<'_>) -> bool {
    let from = mail.headers.decoded("from");
    let path = mail.headers.get("return-path").unwrap_or_default();
    let nobody = mail
        .headers
        .get("from")
        .is_some_and(|from| from.contains("<>") || from.trim().is_empty());
    nobody
        || path.to_ascii_lowercase().contains("mailer-daemon")
        || DAEMON.is_match(&from)
        || DAEMON.is_match(address::first(&from).unwrap_or_default())
        || mail.headers.get("x-failed-recipients").is_some()
        || mail
            .headers
            .get("x-mailer")
            .is_some_and(|mailer| mailer.contains("SMTP32"))
        || mail.media == "multipart/report"
}

/// A person wrote it: it answers or passes on a mail whose subject is that of a bounce, or quotes one.
pub(super) fn is_person(mail: &Mail<'_>) -> bool {
    let from = mail.headers.decoded("from");
    if DAEMON.is_match(&from) || has_empty_return_path(mail) {
        return false;
    }
    let subject = mail.headers.decoded("subject");
    if let Some(rest) = ANSWER.find(&subject).and_then(|found| subject.get(found.end()..)) {
        // "Re: Undelivered Mail" answers a bounce; "Re: The meeting: not delivered" may be one.
        let about = phrases::SUBJECT.find(rest);
        if about.is_none_or(|found| found.start() < 3) {
            return true;
        }
    }
    let is_thread = mail.headers.get("references").is_some() && mail.headers.get("in-reply-to").is_some();
    let is_from_list = mail.headers.get("list-id").is_some() && mail.headers.get("list-post").is_some();
    (is_thread || is_from_list) && QUOTES.is_match(&mail.words()) && mail.headers.get("auto-submitted").is_none()
}

/// Where a mail was sent to: the envelope's recipient as far as a header has kept it, and the headers' own.
pub(super) fn addressed_to(mail: &Mail<'_>) -> Vec<String> {
    let names = [
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-envelope-to",
        "apparently-to",
        "to",
        "cc",
        "x-rcpt-to",
    ];
    let mut all: Vec<String> = Vec::new();
    for name in names {
        for value in mail.headers.all(name) {
            for (_, _, address) in address::all(value).take(20) {
                if !all.iter().any(|other| other.eq_ignore_ascii_case(address)) {
                    all.push(address.to_owned());
                }
            }
        }
    }
    all
}
