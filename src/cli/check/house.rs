//! What a house stands on: templates, store, relays, sources.

use std::path::Path;

use super::{Findings, at_line};
use crate::clock::Clock;
use crate::config::{Config, Relay, RelayKind, SourceKind};
use crate::delivery::sign::Key;
use crate::render::Templates;
use crate::store::Store;
use crate::token::Secret;

pub(super) fn check_templates(config: &Config, found: &mut Findings) {
    let folder = config.root.join("templates");
    let errors = match Templates::load(folder.is_dir().then_some(folder.as_path())) {
        Ok(templates) => templates.check(),
        Err(error) => vec![error],
    };
    if errors.is_empty() {
        found.facts.push("Templates: all rendered with samples.".into());
    }
    found.broken.extend(errors.iter().map(ToString::to_string));
}

/// Opens what is there, and makes nothing.
pub(super) async fn check_store(config: &Config, found: &mut Findings) {
    let secret = config.path(&config.store.secret_file);
    if secret.exists()
        && let Err(error) = Secret::load_or_create(&secret)
    {
        found.broken.push(error.to_string());
    }
    if let Some(file) = config.sqlite_path().filter(|file| !file.exists()) {
        let folder = file.parent().unwrap_or(Path::new("."));
        match folder.metadata() {
            Ok(facts) if facts.permissions().readonly() => {
                found.broken.push(format!(
                    "the folder of `store.url`, {}, cannot be written",
                    folder.display()
                ));
            }
            Ok(_) => found
                .facts
                .push(format!("Store: {}, made at first use.", file.display())),
            Err(error) => found
                .broken
                .push(format!("the folder of `store.url`, {}: {error}", folder.display())),
        }
        return;
    }
    let url = match config.store_url() {
        Ok(url) => url,
        Err(error) => return found.broken.push(error.to_string()),
    };
    match Store::open(&url, Clock::System).await {
        Ok(store) => {
            let what = config
                .sqlite_path()
                .map_or_else(|| "PostgreSQL".into(), |file| file.display().to_string());
            found.facts.push(format!("Store: {what} opens."));
            store.close().await;
        }
        Err(error) => found.broken.push(format!("`store.url`: {error}")),
    }
}

pub(super) fn check_relay(config: &Config, name: &str, relay: &Relay, found: &mut Findings) {
    if let Err(error) = relay.password() {
        found.broken.push(format!("relay {name}: {error}"));
    }
    if let Some(file) = &relay.ca_file
        && let Err(error) = std::fs::read(file)
    {
        found
            .broken
            .push(format!("relay {name}: `ca_file` {}: {error}", file.display()));
    }
    let path = || {
        relay
            .path
            .as_ref()
            .map(|path| config.path(path).display().to_string())
            .unwrap_or_default()
    };
    found.facts.push(match relay.kind {
        RelayKind::File => format!("Relay {name}: the folder {}; nothing leaves this machine.", path()),
        RelayKind::Catcher => format!(
            "Relay {name}: the built-in server, mails in {}; nothing leaves this machine.",
            path()
        ),
        RelayKind::Smtp => format!(
            "Relay {name}: {} port {}, {}.",
            relay.host.as_deref().unwrap_or_default(),
            relay.port(),
            match (&relay.user, relay.password()) {
                (Some(user), Ok(Some(_))) => format!("login {}", user),
                (Some(user), _) => format!("login {user}, no password"),
                (None, _) => "no login".into(),
            }
        ),
    });
}

/// Keys that sign mails: each is read.
pub(super) fn check_keys(config: &Config, found: &mut Findings) {
    for (domain, dkim) in &config.dkim {
        for (selector, path) in &dkim.keys {
            match Key::load(&config.path(path)) {
                Ok(key) => found
                    .facts
                    .push(format!("Key {selector} signs for {domain} ({}).", key.kind())),
                Err(error) => found.broken.push(format!("dkim.\"{domain}\": {error}")),
            }
        }
    }
}

pub(super) fn check_sources(config: &Config, found: &mut Findings) {
    for (name, source) in &config.sources {
        if let Some(url) = source.address() {
            let what = match (source.kind, source.pages.len()) {
                (SourceKind::Calendar, _) => format!("the calendar {url}"),
                (SourceKind::Pages, 0) => format!("the pages that {url} lists"),
                (SourceKind::Pages, 1) => format!("the page {url}"),
                (SourceKind::Pages, many) => format!("{many} pages, the first is {url}"),
                _ => format!("the feed {url}"),
            };
            let every = humantime::format_duration(source.interval());
            found.facts.push(format!("Source {name}: {what}, asked every {every}."));
        }
        let Some(folder) = source.path.as_ref().map(|path| config.path(path)) else {
            continue;
        };
        match std::fs::read_dir(&folder) {
            Ok(_) => found
                .facts
                .push(format!("Source {name}: the folder {}.", folder.display())),
            Err(error) => found.broken.push(format!(
                "source {name}: the folder {} cannot be read ({error}); make it, or change `path`{}",
                folder.display(),
                at_line(config, &format!("sources.{name}.path"))
            )),
        }
    }
    if config.sources.is_empty() {
        found
            .warnings
            .push(format!("there is no source in {}: no report will come in", config.file));
    }
}
