//! `rapporteur bounce < MESSAGE`: takes one bounce, complaint or answer from a mail server's pipe.

use std::io::Read;

use anyhow::Context;

use super::Desk;
use crate::bounce::{self, Reading};
use crate::publish;

/// Bytes of a message that are read; whatever follows is drained, so that the mail server's pipe does not break.
const SIZE: u64 = 8 << 20;

/// Lines of an unclear mail that are shown.
const SHOWN: usize = 8;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only read it and print what it says; nothing is stored, and no configuration is needed
    #[arg(long)]
    dry_run: bool,
    /// Show the mails that nobody could sort, instead of taking one
    #[arg(long, conflicts_with = "dry_run")]
    review: bool,
}

/// The store cannot be reached: the mail server keeps the message and tries again (sysexits, EX_TEMPFAIL).
#[derive(Debug, thiserror::Error)]
#[error("not taken, try again")]
pub(crate) struct TryAgain;

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    if args.review {
        return review(desk).await;
    }
    let raw = message()?;
    if !args.dry_run {
        let house = desk
            .open()
            .await
            .map_err(|error| match error.is::<crate::config::Error>() {
                true => error,
                false => error.context(TryAgain),
            })?;
        let taken = publish::take_returned(&house, &raw).await.context(TryAgain)?;
        desk.say(taken.say());
    }
    print(desk, &bounce::read(&raw))
}

async fn review(desk: &Desk) -> anyhow::Result<()> {
    let unclear = desk.open().await?.store.list_unclear().await?;
    for mail in &unclear {
        desk.tell(mail)?;
        desk.say(format!(
            "{} {}: {}",
            mail.id,
            mail.at.format("%Y-%m-%d %H:%M"),
            mail.why
        ));
        for line in mail.text.lines().filter(|line| !line.trim().is_empty()).take(SHOWN) {
            desk.say(format!("    {}", line.escape_debug()));
        }
    }
    if unclear.is_empty() {
        desk.say("nothing waits for review");
    }
    Ok(())
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
