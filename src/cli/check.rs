//! `check`: looks at everything that can be known before the first mail, and changes nothing.
//!
//! Three kinds of findings: what is broken (exit status 1), what has to be mended before real people get mail, and what
//! deserves a second look. The last line is one sentence that says what to do next.

use std::path::Path;

use anyhow::bail;
use serde_json::json;

use super::Desk;
use crate::clock::Clock;
use crate::config::{Cadence, Config, List, Relay, RelayKind};
use crate::publish;
use crate::render::Templates;
use crate::schedule::Slot;
use crate::store::Store;
use crate::subscriber::csv;
use crate::token::Secret;

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
    check_templates(&config, &mut found);
    check_store(&config, &mut found).await;
    for (name, relay) in &config.relays {
        check_relay(&config, name, relay, &mut found);
    }
    check_sources(&config, &mut found);
    if config.lists.is_empty() {
        found
            .before_sending
            .push(format!("there is no list in {}", config.file));
    }
    for (name, list) in &config.lists {
        check_list(&config, name, list, &mut found);
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

fn check_templates(config: &Config, found: &mut Findings) {
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
async fn check_store(config: &Config, found: &mut Findings) {
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

fn check_relay(config: &Config, name: &str, relay: &Relay, found: &mut Findings) {
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

fn check_sources(config: &Config, found: &mut Findings) {
    for (name, source) in &config.sources {
        let folder = config.path(&source.path);
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

fn at_line(config: &Config, key: &str) -> String {
    config
        .line_of(key)
        .map_or_else(String::new, |line| format!(", {} line {line}", config.file))
}

fn check_list(config: &Config, name: &str, list: &List, found: &mut Findings) {
    check_people(config, name, list, found);
    for (word, cadence) in &list.cadences {
        found.facts.push(format!("  {word}: {}", next_time(cadence)));
    }
    let insecure = config.insecure_links(list);
    for advice in config.problems_before_sending(list) {
        let told = insecure.is_some() && advice.text.starts_with("`public_url`");
        let text = advice.to_string();
        // What concerns the institute is said once, however many lists there are.
        if !told && !found.before_sending.contains(&text) {
            found.before_sending.push(text);
        }
    }
    if let Some(why) = insecure.filter(|why| !found.before_sending.contains(why)) {
        found.before_sending.push(why);
    }
    match (list.preview_to.as_slice(), list.preview_before) {
        ([], Some(_)) => found.warnings.push(format!(
            "list {name}: `preview_before` without `preview_to`; editions are sealed early and nobody is shown them{}",
            at_line(config, &format!("lists.{name}.preview_before"))
        )),
        ([], None) => {}
        (staff, _) => found.facts.push(format!("  previews go to {}", staff.join(", "))),
    }
}

fn check_people(config: &Config, name: &str, list: &List, found: &mut Findings) {
    let file = Path::new("subscribers").join(format!("{name}.csv"));
    let shown = file.display();
    let read = std::fs::read(config.root.join(&file)).map_err(|error| error.to_string());
    let mut read = match read.and_then(|bytes| csv::read(&bytes).map_err(|problem| problem.to_string())) {
        Ok(read) => read,
        Err(problem) => {
            found.facts.push(format!("List {name}: nobody from {shown}."));
            found
                .warnings
                .push(format!("{shown}: {problem}; it adds and removes nobody"));
            return;
        }
    };
    publish::hold_to(list, &mut read);
    found
        .facts
        .push(format!("List {name}: {} in {shown}.", people(read.rows.len())));
    for refused in &read.refused {
        found.warnings.push(format!(
            "{shown} line {}: {} is refused: {}",
            refused.line, refused.text, refused.reason
        ));
    }
    for twice in &read.duplicates {
        let address = twice.address.masked();
        found.warnings.push(format!(
            "{shown} line {}: {address} stands on line {} already",
            twice.line, twice.first_line
        ));
    }
    found
        .warnings
        .extend(read.notes.iter().map(|note| format!("{shown}: {note}")));
    let samples = read.rows.iter().filter(|row| row.address.is_reserved()).count();
    let leaves = config.relay_of(list).is_ok_and(|(_, relay)| !relay.is_loopback());
    if samples > 0 && leaves {
        found.warnings.push(format!(
            "{shown}: {} at sample domains (example.org); they get nothing",
            people(samples)
        ));
    }
}

/// "next Mon 4 May 2026 08:00 Europe/Berlin (+02:00)"
fn next_time(cadence: &Cadence) -> String {
    let Some((schedule, zone)) = cadence.times() else {
        return "ten quiet minutes after the last new report, an hour after the first at most".into();
    };
    let next: Option<Slot> = schedule.slots_after(zone, Clock::System.now()).next();
    next.map_or_else(
        || format!("`{}` never comes", schedule.as_str()),
        |slot| {
            format!(
                "next {} {zone} ({})",
                slot.local.format("%a %-d %b %Y %H:%M"),
                slot.offset
            )
        },
    )
}

fn people(count: usize) -> String {
    if count == 1 {
        "1 person".into()
    } else {
        format!("{count} people")
    }
}

fn count(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
