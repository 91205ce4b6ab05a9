//! `check`: looks at everything that can be known before the first mail, and changes nothing.
//!
//! Three kinds of findings: what is broken (exit status 1), what has to be mended before real people get mail, and what
//! deserves a second look. The last line is one sentence that says what to do next.

mod house;
mod list;

use anyhow::bail;
use serde_json::json;

use super::Desk;
use crate::config::{Config, RelayKind};

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

pub(super) async fn run(desk: &Desk) -> anyhow::Result<()> {
    let config = desk.read_config()?;
    let mut found = Findings::default();
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
    answer(desk, &config, &found)
}

fn answer(desk: &Desk, config: &Config, found: &Findings) -> anyhow::Result<()> {
    let verdict = verdict(config, found);
    desk.tell(&json!({
        "ready": found.broken.is_empty() && found.before_sending.is_empty(),
        "ready_to_test": found.broken.is_empty(),
        "problems": found.broken.iter().chain(&found.before_sending).collect::<Vec<_>>(),
        "warnings": found.warnings,
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
    let first_of = |findings: &[String]| match findings {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first}; and {} more above", rest.len()),
    };
    if !found.broken.is_empty() {
        return format!("not ready: {}", first_of(&found.broken));
    }
    if !found.before_sending.is_empty() {
        return format!("Ready to test; not to send: {}", first_of(&found.before_sending));
    }
    let stays = config.relays.iter().find(|(_, relay)| relay.kind != RelayKind::Smtp);
    match stays {
        Some((name, _)) => {
            format!("Ready to send; but relay `{name}` keeps mails on this machine until its `kind` is \"smtp\".")
        }
        None => "Ready to send.".into(),
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
