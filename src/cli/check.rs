//! `check`: looks at everything that can be known before the first mail, and changes nothing.
//!
//! Three kinds of findings: what is broken (exit status 1), what has to be mended before real people get mail, and what
//! deserves a second look. The last line is one sentence that says what to do next. Nothing leaves the machine unless a
//! person asks for it: `--online` asks relays and DNS, `--received` looks at a mail that arrived.

mod dns;
mod house;
mod list;
mod online;
mod received;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;

use super::Desk;
use crate::authentication::Finding;
use crate::config::{Config, RelayKind};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask the relays and DNS as well (SPF, DKIM, DMARC, MX); no mail is sent
    #[arg(long, group = "asks")]
    online: bool,
    /// Look at one mail as it arrived instead: who signed it, what the signature covers, whether it is true
    #[arg(long, value_name = "FILE", group = "asks")]
    received: Option<PathBuf>,
    /// Ask this DNS server instead of the machine's own
    #[arg(long, value_name = "ADDRESS[:PORT]", requires = "asks", value_parser = dns::server)]
    dns: Option<SocketAddr>,
}

/// What was found, in the order in which it is said.
#[derive(Default)]
struct Findings {
    /// What is as it should be.
    facts: Vec<String>,
    /// Nothing works before this is mended.
    broken: Vec<String>,
    /// Tests work, mail to real people has to wait.
    before_sending: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    /// Strangers had a hand in it: whatever their words are, they command no terminal.
    fn add(&mut self, finding: Finding) {
        let (findings, text) = match finding {
            Finding::Fact(text) => (&mut self.facts, text),
            Finding::Hint(text) => (&mut self.warnings, text),
            Finding::Mend(text) => (&mut self.before_sending, text),
            Finding::Broken(text) => (&mut self.broken, text),
        };
        findings.push(text.replace(char::is_control, "?"));
    }
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let mut found = Findings::default();
    if let Some(file) = &args.received {
        received::check(file, args.dns, &mut found).await?;
        // Of a mail that is out there is nothing to be tested any more.
        found.broken.append(&mut found.before_sending);
        let verdict = match first_of(&found.broken) {
            Some(first) => format!("not signed as receivers want it: {first}"),
            None => "Signed as receivers want it.".to_owned(),
        };
        return answer(desk, &found, verdict);
    }
    let config = desk.read_config()?;
    found.facts.push(format!(
        "{}: {}, {}, {}.",
        config.file,
        count(config.lists.len(), "list"),
        count(config.sources.len(), "source"),
        count(config.relays.len(), "relay")
    ));
    house::check_templates(&config, &mut found);
    house::check_store(&config, &mut found).await;
    for (name, relay) in &config.relays {
        house::check_relay(&config, name, relay, &mut found);
    }
    house::check_keys(&config, &mut found);
    house::check_sources(&config, &mut found);
    if config.lists.is_empty() {
        found
            .before_sending
            .push(format!("there is no list in {}", config.file));
    }
    for (name, list) in &config.lists {
        list::check_list(&config, name, list, &mut found);
    }
    found.warnings.extend(config.warnings().iter().map(ToString::to_string));
    if args.online {
        online::check(&config, args.dns, &mut found).await?;
    }
    answer(desk, &found, verdict(&config, &found))
}

fn answer(desk: &Desk, found: &Findings, verdict: String) -> anyhow::Result<()> {
    desk.tell(&json!({
        "ready": found.broken.is_empty() && found.before_sending.is_empty(),
        "ready_to_test": found.broken.is_empty(),
        "problems": found.broken.iter().chain(&found.before_sending).collect::<Vec<_>>(),
        "warnings": found.warnings,
        "facts": found.facts,
        "verdict": verdict,
    }))?;
    for fact in &found.facts {
        desk.say(fact);
    }
    for (heading, findings) in [
        ("Worth a second look:", &found.warnings),
        ("To be mended before real people get mail:", &found.before_sending),
        ("Broken:", &found.broken),
    ] {
        if !findings.is_empty() {
            desk.say(format!("\n{heading}"));
        }
        for finding in findings {
            desk.say(format!("  {finding}"));
        }
    }
    if !found.broken.is_empty() {
        bail!(verdict);
    }
    desk.say(format!("\n{verdict}"));
    Ok(())
}

/// The last line.
fn verdict(config: &Config, found: &Findings) -> String {
    if let Some(first) = first_of(&found.broken) {
        return format!("not ready: {first}");
    }
    if let Some(first) = first_of(&found.before_sending) {
        return format!("Ready to test; not to send: {first}");
    }
    let stays = config.relays.iter().find(|(_, relay)| relay.kind != RelayKind::Smtp);
    match stays {
        Some((name, _)) => {
            format!("Ready to send; but relay `{name}` keeps mails on this machine until its `kind` is \"smtp\".")
        }
        None => "Ready to send.".into(),
    }
}

fn first_of(findings: &[String]) -> Option<String> {
    match findings {
        [] => None,
        [only] => Some(only.clone()),
        [first, rest @ ..] => Some(format!("{first}; and {} more above", rest.len())),
    }
}

fn at_line(config: &Config, key: &str) -> String {
    config
        .line_of(key)
        .map_or_else(String::new, |line| format!(", {} line {line}", config.file))
}

fn count(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
