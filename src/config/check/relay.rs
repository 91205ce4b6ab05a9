//! Relays: each kind has its keys, and a key of another kind usually means that `kind` was forgotten.

use super::{Problems, SHORTER, length, note};
use crate::config::{Config, Relay, RelayKind};

/// More connections at a time than any relay wants.
const MOST_SESSIONS: usize = 100;

pub(super) fn problems(config: &Config, name: &str, relay: &Relay, found: &mut Problems) {
    let at = |key| ["relays", name, key];
    let timeouts = &relay.timeouts;
    for (key, time) in [
        ("connect", timeouts.connect),
        ("greeting", timeouts.greeting),
        ("command", timeouts.command),
        ("data", timeouts.data),
        ("block", timeouts.block),
        ("dot", timeouts.dot),
    ] {
        length(found, &["relays", name, "timeouts", key], time, SHORTER);
    }
    // A folder in the place of a server would swallow what people wait for.
    let is_fit = |backup: &Relay| (backup.kind == RelayKind::Smtp) == (relay.kind == RelayKind::Smtp);
    if let Some(backup) = &relay.backup
        && (backup == name || !config.relays.get(backup).is_some_and(is_fit))
    {
        note(
            found,
            &at("backup"),
            format!("`relays.{name}.backup` is \"{backup}\"; write the name of another relay of its kind"),
        );
    }
    if relay.quiet.as_ref().is_some_and(|quiet| quiet.from == quiet.to) {
        note(
            found,
            &at("quiet"),
            format!("`relays.{name}.quiet` ends when it begins; write two different hours"),
        );
    }
    if let Some(ramp) = &relay.ramp
        && (ramp.first == 0 || !(1.0..=10.0).contains(&ramp.growth))
    {
        note(
            found,
            &at("ramp"),
            format!(
                "`relays.{name}.ramp` begins with no mail, or grows by less than 1 or more than 10 times a day; write it such as {{ from = \"2026-12-01\", first = 200, growth = 1.5 }}"
            ),
        );
    }
    let kind = match relay.kind {
        RelayKind::File => "file",
        RelayKind::Catcher => "catcher",
        RelayKind::Smtp => "smtp",
    };
    match relay.kind {
        RelayKind::Smtp => {
            match relay.host.as_deref().map(str::trim) {
                None | Some("") => note(
                    found,
                    &at("host"),
                    format!("`host` is missing in [relays.{name}]; write the name of the mail server"),
                ),
                Some(host) if host.contains([':', '/', '@']) && host.parse::<std::net::Ipv6Addr>().is_err() => note(
                    found,
                    &at("host"),
                    format!("`relays.{name}.host` is \"{host}\"; write the name alone, and the port as `port`"),
                ),
                Some(host) => super::one_line(found, &at("host"), host),
            }
            if relay.path.is_some() {
                note(
                    found,
                    &at("path"),
                    format!("`path` means nothing to a relay of kind smtp, in [relays.{name}]"),
                );
            }
        }
        RelayKind::File | RelayKind::Catcher => {
            if relay.path.as_ref().is_none_or(|path| path.as_os_str().is_empty()) {
                note(
                    found,
                    &at("path"),
                    format!("`path` is missing in [relays.{name}]; write the folder that receives the mails"),
                );
            }
            let login = [
                ("host", relay.host.is_some() && relay.kind == RelayKind::File),
                ("port", relay.port.is_some() && relay.kind == RelayKind::File),
                ("tls", relay.tls.is_some()),
                ("user", relay.user.is_some()),
                ("password", relay.password.is_some()),
                ("password_file", relay.password_file.is_some()),
            ];
            for (key, _) in login.into_iter().filter(|(_, set)| *set) {
                note(
                    found,
                    &at(key),
                    format!(
                        "`{key}` means nothing to a relay of kind {kind}, in [relays.{name}]; did you mean kind = \"smtp\"?"
                    ),
                );
            }
        }
    }
    login(config, name, relay, found);
    if relay.sessions == 0 || relay.sessions > MOST_SESSIONS {
        note(
            found,
            &at("sessions"),
            format!("`relays.{name}.sessions` must be between 1 and {MOST_SESSIONS}"),
        );
    }
    if relay.port == Some(0) {
        note(found, &at("port"), format!("`relays.{name}.port` must not be 0"));
    }
    let timeouts = &relay.timeouts;
    let stages = [
        ("connect", timeouts.connect),
        ("greeting", timeouts.greeting),
        ("command", timeouts.command),
        ("data", timeouts.data),
        ("block", timeouts.block),
        ("dot", timeouts.dot),
    ];
    for (stage, _) in stages.into_iter().filter(|(_, time)| time.is_zero()) {
        let path = ["relays", name, "timeouts", stage];
        note(
            found,
            &path,
            format!("`{}` must be longer than nothing", path.join(".")),
        );
    }
}

fn login(config: &Config, name: &str, relay: &Relay, found: &mut Problems) {
    if relay.kind != RelayKind::Smtp {
        return;
    }
    let at = |key| ["relays", name, key];
    // Only what comes from the environment has no line.
    if config.line_of(&at("password").join(".")).is_some() {
        note(
            found,
            &at("password"),
            format!(
                "a password does not belong into this file; put it into a file of its own (`password_file`) or into RAPPORTEUR__RELAYS__{}__PASSWORD",
                name.to_uppercase().replace('-', "_")
            ),
        );
    }
    let has_password = relay.password.is_some() || relay.password_file.is_some();
    if relay.user.is_none() && has_password {
        note(
            found,
            &at("user"),
            format!("`user` is missing in [relays.{name}], though there is a password"),
        );
    }
    if relay.user.is_some() && !has_password {
        note(
            found,
            &at("password_file"),
            format!(
                "`password_file` is missing in [relays.{name}], though there is a user (or set RAPPORTEUR__RELAYS__{}__PASSWORD)",
                name.to_uppercase().replace('-', "_")
            ),
        );
    }
    for (key, text) in [("user", &relay.user), ("helo", &relay.helo)] {
        if let Some(text) = text {
            super::one_line(found, &at(key), text);
        }
    }
}
