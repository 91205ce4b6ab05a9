//! The section `[bounces]`, and addresses that leave room for a mark.

use super::{Config, Problems, SHORTER, length, note};
use crate::config::{Bounces, BouncesKind, Tls};
use crate::subscriber::Address;
use crate::token::MARK;

/// Octets of a local part (RFC 5321 section 4.5.3.1).
const LOCAL: usize = 64;

pub(super) fn problems(config: &Config, found: &mut Problems) {
    let bounces = &config.bounces;
    if bounces.kind == Some(BouncesKind::Imap) {
        mailbox(bounces, found);
    }
    if bounces.kind == Some(BouncesKind::Maildir) && bounces.path.is_none() {
        note(
            found,
            &["bounces", "path"],
            "`bounces.path` is missing; write the folder that holds `new`, such as \"/var/mail/bounces\"",
        );
    }
    if bounces.failures == 0 {
        note(
            found,
            &["bounces", "failures"],
            "`bounces.failures` is 0; write at least 1, such as 5",
        );
    }
    length(found, &["bounces", "over"], bounces.over, SHORTER);
    for (name, list) in &config.lists {
        let address = list
            .bounce_address
            .as_deref()
            .and_then(|text| Address::parse(text).ok());
        let most = LOCAL - MARK - 1;
        if let Some(address) = address.filter(|address| address.local().len() > most) {
            note(
                found,
                &["lists", name, "bounce_address"],
                format!(
                    "`lists.{name}.bounce_address` has {} letters before the @; write at most {most}, since each mail's mark \
                     stands behind them",
                    address.local().len()
                ),
            );
        }
    }
}

fn mailbox(bounces: &Bounces, found: &mut Problems) {
    let is_empty = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    for (key, is_missing, such_as) in [
        ("host", is_empty(&bounces.host), "host = \"imap.example.org\""),
        ("user", is_empty(&bounces.user), "user = \"bounces\""),
        (
            "password_file",
            bounces.password_file.is_none() && bounces.password.is_none(),
            "password_file = \"secrets/bounces\"",
        ),
    ] {
        if is_missing {
            note(
                found,
                &["bounces", key],
                format!("`bounces.{key}` is missing; write such as {such_as}"),
            );
        }
    }
    if bounces.tls() == Tls::None && !bounces.is_loopback() {
        note(
            found,
            &["bounces", "tls"],
            "`bounces.tls` is \"none\", and the password would go in the clear; write \"implicit\" or \"starttls\"",
        );
    }
    for (key, name) in [("folder", Some(&bounces.folder)), ("done", bounces.done.as_ref())] {
        if name.is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
            note(
                found,
                &["bounces", key],
                format!("`bounces.{key}` is no name of a folder; write such as \"INBOX\""),
            );
        }
    }
    if bounces.done.as_ref() == Some(&bounces.folder) {
        note(
            found,
            &["bounces", "done"],
            "`bounces.done` is the folder that bounces lie in; write another, or leave it out to delete them",
        );
    }
}
