//! `rapporteur bounce < MESSAGE`: takes one bounce, complaint or answer from a mail server's pipe.

use std::io::Read;

use super::Desk;
use crate::bounce::{self, Finding, Reading};

/// Bytes of a message that are read; whatever follows is drained, so that the mail server's pipe does not break.
const SIZE: u64 = 8 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only read it and print what it says; nothing is stored, and no configuration is needed
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(desk: &Desk, _args: &Args) -> anyhow::Result<()> {
    let raw = message()?;
    let reading = bounce::read(&raw);
    print(desk, &reading)
}

fn message() -> anyhow::Result<Vec<u8>> {
    let mut raw = Vec::new();
    let mut input = std::io::stdin().lock();
    input.by_ref().take(SIZE).read_to_end(&mut raw)?;
    std::io::copy(&mut input, &mut std::io::sink())?;
    Ok(raw)
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    results: Vec<Line<'a>>,
}

#[derive(serde::Serialize)]
struct Line<'a> {
    recipient: Option<&'a str>,
    status: Option<String>,
    hard: bool,
    kind: bounce::Kind,
}

fn print(desk: &Desk, reading: &Reading) -> anyhow::Result<()> {
    let line = |finding: &'_ Finding| {
        (
            finding.recipient.clone(),
            finding.status.map(|status| status.to_string()),
        )
    };
    let _ = line;
    let results = reading.findings.iter().map(|finding| Line {
        recipient: finding.recipient.as_deref(),
        status: finding.status.map(|status| status.to_string()),
        hard: finding.is_hard(),
        kind: finding.kind,
    });
    let results: Vec<Line<'_>> = results.collect();
    for line in &results {
        let hard = if line.hard { ", permanent" } else { "" };
        let recipient = line.recipient.unwrap_or("nobody is named");
        let status = line.status.as_deref().unwrap_or("no status");
        desk.say(format!("{}: {recipient}, {status}{hard}", line.kind.as_str()));
    }
    desk.tell(&Answer { results })
}
