//! `dkim`: makes keys that sign mails, and prints what DNS has to say about them.

use std::path::Path;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Desk, Misuse};
use crate::clock::Clock;
use crate::config;
use crate::delivery::sign::{Algorithm, Key};
use crate::private;

/// A string of a TXT record holds at most so many bytes (RFC 1035 section 3.3.14).
const TXT_STRING: usize = 255;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a private key in keys/ and print its DNS record and the lines for config.toml
    New {
        /// The domain of `from`, such as example.org
        domain: String,
        /// The key's name in DNS; default: r or e, with year and month
        #[arg(long)]
        selector: Option<String>,
        /// Ed25519 instead of RSA: for a second signature, since not every receiver checks it
        #[arg(long)]
        ed25519: bool,
    },
    /// Print the DNS records of all keys of the configuration
    Records,
}

pub(super) fn run(desk: &Desk, command: Command) -> anyhow::Result<()> {
    match command {
        Command::New {
            domain,
            selector,
            ed25519,
        } => new(desk, &domain.to_lowercase(), selector, ed25519),
        Command::Records => records(desk),
    }
}

fn new(desk: &Desk, domain: &str, selector: Option<String>, ed25519: bool) -> anyhow::Result<()> {
    let algorithm = if ed25519 { Algorithm::Ed25519 } else { Algorithm::Rsa };
    let letter = if ed25519 { 'e' } else { 'r' };
    let selector = selector.unwrap_or_else(|| format!("{letter}{}", Clock::System.now().format("%Y%m")));
    if !config::is_domain(domain) {
        return Err(Misuse(format!("\"{domain}\" is no domain; write one such as example.org")).into());
    }
    if !config::is_selector(&selector) {
        return Err(Misuse(format!(
            "\"{selector}\" is no selector; it may have a-z, 0-9, hyphens and dots"
        ))
        .into());
    }
    let root = desk.config.parent().unwrap_or(Path::new(""));
    let name = format!("keys/{domain}-{selector}.pem");
    let path = root.join(&name);
    if path.exists() {
        bail!(
            "{} is there already; give the new key another --selector",
            path.display()
        );
    }
    let folder = root.join("keys");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let pem = Key::generate(algorithm)?;
    private::create(&path, pem.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    let record = Key::load(&path)?.record()?;
    desk.tell(&json!({
        "key": path,
        "record": for_machines(&selector, domain, &record),
    }))?;
    desk.say(format!(
        "{}: the private key. Keep it as you keep passwords.\n",
        path.display()
    ));
    desk.say("Into the DNS of the domain:\n");
    desk.say(in_zone(&selector, domain, &record));
    desk.say("\nInto config.toml, once DNS shows it:\n");
    desk.say(format!(
        "[dkim.\"{domain}\"]\nkeys = {{ {} = \"{name}\" }}",
        quoted(&selector)
    ));
    desk.say(
        "\nIf that section is there already, add the key to its `keys`: each of them signs, so that an old one may go \
         once mails signed by it have arrived.",
    );
    Ok(())
}

fn records(desk: &Desk) -> anyhow::Result<()> {
    let config = desk.read_config()?;
    if config.dkim.is_empty() {
        desk.say("The configuration has no keys; `rapporteur dkim new DOMAIN` makes one.");
    }
    for (domain, dkim) in &config.dkim {
        for (selector, path) in &dkim.keys {
            let record = Key::load(&config.path(path))?.record()?;
            desk.tell(&json!({ "record": for_machines(selector, domain, &record) }))?;
            desk.say(in_zone(selector, domain, &record));
        }
    }
    Ok(())
}

fn owner(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

fn for_machines(selector: &str, domain: &str, record: &str) -> serde_json::Value {
    json!({ "name": owner(selector, domain), "type": "TXT", "value": record })
}

/// The record as a zone file has it: in strings of at most 255 bytes.
fn in_zone(selector: &str, domain: &str, record: &str) -> String {
    let strings: Vec<String> = record
        .as_bytes()
        .chunks(TXT_STRING)
        .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
        .collect();
    format!("{}. TXT ( {} )", owner(selector, domain), strings.join(" "))
}

/// A selector as a key of TOML: with a dot it needs quotation marks.
fn quoted(selector: &str) -> String {
    match selector.contains('.') {
        true => format!("\"{selector}\""),
        false => selector.to_owned(),
    }
}
