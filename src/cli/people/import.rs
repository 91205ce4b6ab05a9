//! `subscribers import`: tells the verdict on each record of a file as it is read, and at the end how many came.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::cli::{Desk, Misuse, progress};
use crate::private;
use crate::publish::{self, House, Import, Judged, Verdict};
use crate::subscriber::csv::quote;

/// Fewer bytes than this take less than a second and need no progress bar.
const MUCH: u64 = 1 << 20;
/// Refused records that are shown where no file takes them all.
const SHOWN: u64 = 50;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The CSV file
    file: PathBuf,
    /// The list they come onto
    #[arg(long, value_name = "LIST")]
    list: String,
    /// Say what would happen to each record, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Why these people may be mailed, for the record: "asked for it at the conference of 3 May"
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    basis: Option<String>,
    /// Write every record that does not come to this CSV file, with its line and the reason
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
}

/// What became of a record. Record 1 is the first after the header.
#[derive(Debug, Serialize)]
struct Line<'a> {
    record: u64,
    result: Verdict,
    address: &'a str,
    reason: Option<&'a str>,
}

/// How many records had which end.
#[derive(Debug, Default)]
struct Counts {
    added: u64,
    twice: u64,
    refused: u64,
    /// Of the refused, by what keeps the people away.
    away: BTreeMap<&'static str, u64>,
}

pub(super) async fn run(desk: &Desk, house: &House, args: &Args) -> anyhow::Result<()> {
    house.config.list(&args.list)?;
    let basis = args.basis.as_deref().unwrap_or_default().trim();
    if basis.is_empty() && !args.dry_run {
        return Err(Misuse("--basis is empty; say why these people may be mailed".into()).into());
    }
    let shown = args.file.display();
    let unreadable = |error: std::io::Error| Misuse(format!("{shown} cannot be read: {error}"));
    let file = File::open(&args.file).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut report = match &args.refused {
        Some(path) => Some(Report::begin(path, &file)?),
        None => None,
    };

    let bar = progress::bytes(size, desk.quiet || desk.json || size < MUCH).with_message("importing");
    let mut counts = Counts::default();
    let import = Import {
        list: &args.list,
        basis: (!args.dry_run).then_some(basis),
        who: &desk.who(),
    };
    let notes = publish::import(house, &import, file, |judged, taken| {
        bar.set_position(taken);
        counts.add(judged);
        desk.tell(&Line {
            record: judged.record,
            result: judged.verdict,
            address: &judged.address,
            reason: judged.reason.as_deref(),
        })?;
        let Some(reason) = &judged.reason else { return Ok(()) };
        match &mut report {
            Some(report) => report.add(judged, reason)?,
            None if counts.twice + counts.refused <= SHOWN => bar.suspend(|| say(desk, &args.file, judged, reason)),
            None => {}
        }
        Ok(())
    })
    .await
    .with_context(|| shown.to_string())?;
    bar.finish_and_clear();
    for note in &notes {
        desk.warn(&format!("{shown}: {note}"));
    }
    let unseen = (counts.twice + counts.refused).saturating_sub(SHOWN);
    match report {
        Some(report) => report.end()?,
        None if unseen > 0 => desk.say(format!("and {unseen} more; `--refused FILE` writes down all of them")),
        None => {}
    }
    counts.say(desk, args);
    Ok(())
}

fn say(desk: &Desk, file: &Path, judged: &Judged, reason: &str) {
    let what = match judged.verdict {
        Verdict::Reject => "is refused",
        _ => "is there already",
    };
    desk.say(format!(
        "{} line {}: {} {what}: {reason}",
        file.display(),
        judged.line,
        judged.address
    ));
}

impl Counts {
    fn add(&mut self, judged: &Judged) {
        match judged.verdict {
            Verdict::Accept => self.added += 1,
            Verdict::Duplicate => self.twice += 1,
            Verdict::Reject => self.refused += 1,
        }
        if let Some(away) = judged.away {
            *self.away.entry(away).or_default() += 1;
        }
    }

    fn say(&self, desk: &Desk, args: &Args) {
        let would = if args.dry_run { "would be added to" } else { "added to" };
        let away: Vec<String> = self
            .away
            .iter()
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        let away = match away.is_empty() {
            true => String::new(),
            false => format!(" (of them people who stay away: {})", away.join(", ")),
        };
        desk.say(format!(
            "{} {would} {}, {} there already, {} refused{away}",
            self.added, args.list, self.twice, self.refused
        ));
    }
}

/// The records that do not come, as CSV: addresses are shortened, for the line tells enough.
struct Report<'a> {
    path: &'a Path,
    file: BufWriter<File>,
    /// Where it is written until it is whole; none: it is no file but a pipe or a terminal.
    beside: Option<PathBuf>,
}

impl<'a> Report<'a> {
    /// `imported` is the file that it must not take the place of.
    fn begin(path: &'a Path, imported: &File) -> anyhow::Result<Report<'a>> {
        let unwritable = || format!("cannot write {}", path.display());
        let there = std::fs::metadata(path).ok();
        if let Some(there) = &there {
            let imported = imported.metadata()?;
            if (there.dev(), there.ino()) == (imported.dev(), imported.ino()) {
                let text = format!(
                    "--refused {} is the file that is imported; name another",
                    path.display()
                );
                return Err(Misuse(text).into());
            }
        }
        let beside = there.is_none_or(|there| there.is_file()).then(|| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!(".{name}.{}", std::process::id()))
        });
        let file = match &beside {
            Some(beside) => private::options().write(true).create(true).truncate(true).open(beside),
            None => File::options().write(true).open(path),
        };
        let mut report = Report {
            path,
            file: BufWriter::new(file.with_context(unwritable)?),
            beside,
        };
        report.line(["line", "record", "result", "address", "reason"].map(str::to_owned))?;
        Ok(report)
    }

    fn add(&mut self, judged: &Judged, reason: &str) -> anyhow::Result<()> {
        let result = if judged.verdict == Verdict::Reject {
            "reject"
        } else {
            "duplicate"
        };
        self.line([
            judged.line.to_string(),
            judged.record.to_string(),
            result.to_owned(),
            judged.masked(),
            reason.to_owned(),
        ])
    }

    fn line(&mut self, cells: [String; 5]) -> anyhow::Result<()> {
        let line = cells.map(|cell| quote(&cell)).join(",");
        write!(self.file, "{line}\r\n").with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn end(mut self) -> anyhow::Result<()> {
        let written = self.file.flush().and_then(|()| match self.beside.take() {
            Some(beside) => std::fs::rename(beside, self.path),
            None => Ok(()),
        });
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Drop for Report<'_> {
    /// Verdicts of an import that broke off do not hold.
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = std::fs::remove_file(beside);
        }
    }
}
