//! What types alone cannot say about a configuration: names, references, addresses, URLs.
//!
//! In: a configuration that could be read. Out: every problem with the path of its key; the loader knows the lines.

mod alerts;
mod bounces;
mod dkim;
mod list;
mod relay;
mod retention;
mod signup;
mod source;

use std::net::SocketAddr;
use std::time::Duration;

use chrono::Datelike;
use secrecy::ExposeSecret;

use super::{Backfill, Config, RelayKind};
use crate::subscriber::{Address, language_tag};
pub use dkim::{is_domain, is_selector};
pub(super) use list::is_list_key;

/// Path and sentence of each problem, in the order of the file's sections.
pub(super) type Problems = Vec<(Vec<String>, String)>;

/// Names that addresses of other feeds begin with: `/feeds/all.rss`, `/feeds/lang/en.rss`, `/feeds/topic/energy.rss`.
const RESERVED_LISTS: [&str; 3] = ["all", "lang", "topic"];

/// What to do about a time that is too long.
const SHORTER: &str = "write a shorter time, such as \"10min\"";
/// 100 years.
const LONGEST: Duration = Duration::from_secs(36_525 * 24 * 3600);

pub(super) fn problems(config: &Config) -> Problems {
    let mut found = Problems::new();
    institute(config, &mut found);
    rims(config, &mut found);
    for (from, to) in &config.feeds.moved_from {
        let is_feed = [".rss", ".atom", ".json", ".ics"]
            .iter()
            .any(|suffix| to.ends_with(suffix));
        if !from.starts_with('/') || !is_feed || to.starts_with('/') {
            note(
                &mut found,
                &["feeds", "moved_from", from],
                format!(
                    "`feeds.moved_from` says \"{from}\" = \"{to}\"; write a path and the feed that is there now, such as \
                     \"/blog/feed\" = \"all.rss\""
                ),
            );
        }
    }
    for (name, relay) in &config.relays {
        names("relays", name, &mut found);
        relay::problems(config, name, relay, &mut found);
    }
    for (name, source) in &config.sources {
        names("sources", name, &mut found);
        source::problems(name, source, &mut found);
        length(&mut found, &["sources", name, "settle"], source.settle, SHORTER);
        backfill(&mut found, &["sources", name, "backfill"], source.backfill);
    }
    for (name, list) in &config.lists {
        names("lists", name, &mut found);
        if RESERVED_LISTS.contains(&name.as_str()) {
            note(
                &mut found,
                &["lists", name],
                format!("the name `{name}` is taken by the address of other feeds (/feeds/{name}); choose another"),
            );
        }
        list::problems(config, name, list, &mut found);
    }
    dkim::problems(config, &mut found);
    alerts::problems(config, &mut found);
    bounces::problems(config, &mut found);
    retention::problems(config, &mut found);
    signup::problems(config, &mut found);
    for (topic, keywords) in &config.topics {
        if topic.trim().is_empty()
            || keywords.is_empty()
            || keywords.iter().any(|word| !word.chars().any(char::is_alphanumeric))
        {
            note(
                &mut found,
                &["topics", topic],
                format!(
                    "`topics.{topic}` needs keywords; write at least one word between quotation marks, such as [\"river\"]"
                ),
            );
        }
    }
    found
}

pub(super) fn note(found: &mut Problems, path: &[&str], text: impl Into<String>) {
    let path = path.iter().map(|key| (*key).to_owned()).collect();
    found.push((path, text.into()));
}

/// Names of lists, sources and relays stand in URLs, file names and commands.
fn names(section: &str, name: &str, found: &mut Problems) {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        note(
            found,
            &[section, name],
            format!("the name `{name}` may have only a-z, 0-9 and hyphens, at most 64, since it stands in links"),
        );
    }
}

fn institute(config: &Config, found: &mut Problems) {
    let institute = &config.institute;
    if institute.name.trim().is_empty() {
        note(found, &["institute", "name"], "`institute.name` is empty");
    }
    one_line(found, &["institute", "name"], &institute.name);
    languages(found, &["institute", "languages"], &institute.languages);
    if institute.languages.is_empty() {
        note(
            found,
            &["institute", "languages"],
            "`institute.languages` is empty; write at least one, such as \"en\"",
        );
    }
    if let Err(reason) = tag_authority(&institute.tag_authority) {
        note(
            found,
            &["institute", "tag_authority"],
            format!(
                "`institute.tag_authority` is \"{}\": {reason}; write a domain the institute owned on a date, such as \"example.org,2026\"",
                institute.tag_authority
            ),
        );
    }
}

/// RFC 4151: a domain or a mail address, a comma, a year or a day. In lower case, for ids are compared byte by byte.
fn tag_authority(text: &str) -> Result<(), &'static str> {
    let (authority, date) = text.split_once(',').ok_or("the date is missing")?;
    if authority.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("it must be in lower case");
    }
    let domain = match authority.split_once('@') {
        None => authority,
        Some((local, domain)) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            if local.is_empty() || !local.chars().all(fits) {
                return Err("the part before the @ has characters a tag may not have");
            }
            domain
        }
    };
    let label = |label: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(fits) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !domain.contains('.') || !domain.split('.').all(label) {
        return Err("there is no domain before the comma");
    }
    let full = match date.len() {
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        _ => date.to_owned(),
    };
    // chrono takes months and days of one digit too.
    match full.parse::<chrono::NaiveDate>() {
        Ok(day) if full.len() == 10 && (1985..=2199).contains(&day.year()) => Ok(()),
        Ok(_) if full.len() == 10 => Err("nobody owned a domain on that date"),
        _ => Err("the date is not YYYY, YYYY-MM or YYYY-MM-DD"),
    }
}

/// Store, web, delivery.
fn rims(config: &Config, found: &mut Problems) {
    let url = config.store.url.expose_secret();
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if !known
        .iter()
        .any(|start| url.len() > start.len() && url.starts_with(start))
    {
        note(
            found,
            &["store", "url"],
            "`store.url` must begin with sqlite: and a file, or with postgres:// and a host",
        );
    }
    let stands_here = |key| config.line_of(key).is_some();
    if stands_here("store.password") {
        note(
            found,
            &["store", "password"],
            "a password does not belong into this file; put it into a file of its own (`password_file`) or into RAPPORTEUR__STORE__PASSWORD",
        );
    }
    if stands_here("store.url") && url::Url::parse(url).is_ok_and(|url| url.password().is_some()) {
        note(
            found,
            &["store", "url"],
            "`store.url` holds a password; put it into the file that `store.password_file` names",
        );
    }
    for (key, listen) in [
        ("listen", Some(&config.web.listen)),
        ("private_listen", config.web.private_listen.as_ref()),
    ] {
        if let Some(listen) = listen.filter(|listen| listen.parse::<SocketAddr>().is_err()) {
            note(
                found,
                &["web", key],
                format!("`web.{key}` is \"{listen}\"; write an IP address and a port, such as \"127.0.0.1:8080\""),
            );
        }
    }
    if let Err(reason) = public_url(&config.web.public_url) {
        note(
            found,
            &["web", "public_url"],
            format!("`web.public_url` {reason}; write such as \"https://news.example.org\""),
        );
    }
    let delivery = &config.delivery;
    for (key, time) in [
        ("lease", delivery.lease),
        ("resend_after", delivery.resend_after),
        ("expire_after", delivery.expire_after),
    ] {
        length(found, &["delivery", key], time, SHORTER);
    }
    for (key, time) in [("lease", delivery.lease), ("expire_after", delivery.expire_after)] {
        if time == Duration::ZERO {
            note(
                found,
                &["delivery", key],
                format!("`delivery.{key}` must be longer than nothing"),
            );
        }
    }
    for (name, relay) in config.relays.iter().filter(|(_, relay)| relay.kind != RelayKind::File) {
        if relay.timeouts.dot >= delivery.lease {
            note(
                found,
                &["delivery", "lease"],
                format!(
                    "`delivery.lease` must be longer than `relays.{name}.timeouts.dot`, or a slow answer makes a second mail"
                ),
            );
        }
    }
}

fn public_url(text: &str) -> Result<(), &'static str> {
    let url = url::Url::parse(text).map_err(|_| "is no URL")?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err("must begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or password");
    }
    match url.query().is_some() || url.fragment().is_some() {
        true => Err("must not hold ? or #"),
        false => Ok(()),
    }
}

pub(super) fn backfill(found: &mut Problems, path: &[&str], backfill: Backfill) {
    if let Backfill::Within(time) = backfill {
        length(found, path, time, "write \"all\" for everything, or a shorter time");
    }
}

/// A time that an instant can be moved by: longer ones are slips of the pen, and no calendar holds them.
pub(super) fn length(found: &mut Problems, path: &[&str], time: Duration, instead: &str) {
    if time > LONGEST {
        note(
            found,
            path,
            format!("`{}` is longer than 100 years; {instead}", path.join(".")),
        );
    }
}

pub(super) fn one_line(found: &mut Problems, path: &[&str], text: &str) {
    if text.chars().any(char::is_control) {
        note(
            found,
            path,
            format!("`{}` holds a line break or control character", path.join(".")),
        );
    }
}

pub(super) fn languages(found: &mut Problems, path: &[&str], tags: &[String]) {
    for (index, tag) in tags.iter().enumerate() {
        let key = path.join(".");
        match language_tag(tag) {
            Some(usual) if usual == *tag => {}
            Some(usual) => note(found, path, format!("`{key}` has \"{tag}\"; write \"{usual}\"")),
            None => note(
                found,
                path,
                format!("`{key}` has \"{tag}\", which is no language tag; write such as \"en\" or \"de\""),
            ),
        }
        if tags.iter().take(index).any(|before| before == tag) {
            note(found, path, format!("`{key}` has \"{tag}\" twice"));
        }
    }
}

pub(super) fn address(found: &mut Problems, path: &[&str], text: &str) {
    if let Err(error) = Address::parse(text) {
        note(
            found,
            path,
            format!("`{}` is \"{}\": {error}", path.join("."), text.escape_debug()),
        );
    }
}
