//! The command line: one enum, one file per command.
//!
//! Standard output carries the answer (one JSON document or one object a line with `--json`), standard error the log
//! and progress. Exit status: 0 done, 1 failed, 2 wrong use or wrong configuration, 3 another daemon holds the
//! database, 75 (of `bounce`) the mail server should try again.

mod bounce;
mod check;
mod collect;
mod deliver;
mod demo;
mod dkim;
mod editions;
mod explain;
mod init;
mod people;
mod preview;
mod progress;
mod purge;
mod run;
mod send;
mod status;
mod terminal;
mod why;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::lock;
use crate::publish::{self, Collector, House};

/// Carries what was said at an institute's events to the people who asked for it: reports in, digests and feeds out.
///
/// First steps: `rapporteur init`, drop a report into `reports/`, `rapporteur explain reports/FILE`,
/// `rapporteur check`, `rapporteur send LIST --to you@...`, `rapporteur run`.
#[derive(Debug, Parser)]
#[command(name = "rapporteur", version, max_term_width = 100)]
pub struct Cli {
    /// The configuration; relative paths in it start at its folder
    #[arg(long, global = true, default_value = "config.toml", value_name = "PATH")]
    config: PathBuf,
    /// Machine-readable output: one JSON document, or one object a line
    #[arg(long, global = true)]
    json: bool,
    /// Say only what went wrong
    #[arg(long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole job once on built-in samples, in ./demo/, on this machine alone
    Demo(demo::Args),
    /// The daemon: collects, seals, delivers and serves until SIGTERM; SIGHUP reads the configuration again
    Run,
    /// Write a commented config.toml, templates and an example list
    Init(init::Args),
    /// Look at configuration, templates, schedules and lists; the last line says what to do next
    Check(check::Args),
    /// Read the sources now
    Collect(collect::Args),
    /// Read one report and show every field with the rule and the words behind it
    Explain(explain::Args),
    /// What is stored and where it went; hold, release or withdraw a report
    Reports(collect::ReportsArgs),
    /// Write the next edition, or a sealed one, as mail, HTML, text and feeds
    Preview(preview::Args),
    /// Seal an edition by hand and deliver it now
    Send(send::Args),
    /// Editions: who got what; approve, hold, redo, stop, resume, cancel, retry
    Editions(editions::Args),
    /// Let everything, one list or one relay stand still
    Pause(editions::Scope),
    /// End a pause
    Resume(editions::Resume),
    /// What a person gets next and got last, and why or why not
    Why(why::Args),
    /// The people of a list: import, export, add, show, remove, erase, sync
    Subscribers(people::Args),
    /// Take one bounce or complaint from a mail server's pipe: `rapporteur bounce < MESSAGE`
    Bounce(bounce::Args),
    /// Delete what has been kept long enough by `[retention]`; `run` does it once a day
    Purge(purge::Args),
    /// Keys that sign mails: make one, print DNS records
    #[command(subcommand)]
    Dkim(dkim::Command),
    /// The next slots, with local time and offset
    Schedule(run::ScheduleArgs),
    /// Write all feeds and the archive as static files
    Feeds(run::FeedsArgs),
    /// The state of the house in a few lines
    Status,
    /// Completions for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

/// Wrong use: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

/// What every command may ask: where the configuration is, and how to speak.
#[derive(Clone, Debug)]
pub struct Desk {
    pub config: PathBuf,
    pub json: bool,
    pub quiet: bool,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let desk = Desk {
        config: cli.config,
        json: cli.json,
        quiet: cli.quiet,
    };
    terminal::start_log(matches!(cli.command, Command::Run), desk.quiet);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return terminal::fail(&anyhow::Error::new(error).context("cannot start"), 1),
    };
    match runtime.block_on(answer(&desk, cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => terminal::fail(&error, status_of(&error)),
    }
}

/// One thread fewer than there are cores: SQLite has a thread of its own, and what waits for it is woken sooner on a
/// thread that is not handed about (docs/benchmarks.md has the figures).
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.saturating_sub(1).max(1))
        .enable_all()
        .build()
}

async fn answer(desk: &Desk, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(desk, &args).await,
        Command::Run => run::run(desk).await,
        Command::Init(args) => init::run(desk, &args),
        Command::Check(args) => check::run(desk, &args).await,
        Command::Collect(args) => collect::run(desk, &args).await,
        Command::Explain(args) => explain::run(desk, &args).await,
        Command::Reports(args) => collect::reports(desk, args).await,
        Command::Preview(args) => preview::run(desk, &args).await,
        Command::Send(args) => send::run(desk, &args).await,
        Command::Editions(args) => editions::run(desk, args).await,
        Command::Pause(scope) => editions::pause(desk, &scope).await,
        Command::Resume(scope) => editions::resume(desk, &scope).await,
        Command::Why(args) => why::run(desk, &args).await,
        Command::Subscribers(args) => people::run(desk, args).await,
        Command::Bounce(args) => bounce::run(desk, &args).await,
        Command::Purge(args) => purge::run(desk, &args).await,
        Command::Dkim(command) => dkim::run(desk, command),
        Command::Schedule(args) => run::schedule(desk, &args).await,
        Command::Feeds(args) => run::feeds(desk, &args).await,
        Command::Status => status::run(desk).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "rapporteur", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn status_of(error: &anyhow::Error) -> u8 {
    let is = |matches: &dyn Fn(&(dyn std::error::Error + 'static)) -> bool| error.chain().any(matches);
    if is(&|cause| cause.is::<Misuse>() || cause.is::<crate::config::Error>() || cause.is::<crate::render::Error>()) {
        2
    } else if is(&|cause| matches!(cause.downcast_ref(), Some(lock::Error::Held { .. }))) {
        3
    } else if error.is::<bounce::TryAgain>() {
        75
    } else {
        1
    }
}

impl Desk {
    /// The configuration, with the environment laid over it.
    pub fn read_config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.config, std::env::vars())?)
    }

    /// Opens the house.
    pub async fn open(&self) -> anyhow::Result<House> {
        House::open(self.read_config()?, Clock::System).await
    }

    /// Opens the house and applies the lists' files, so that people come before the reports they are to get.
    pub async fn open_synced(&self) -> anyhow::Result<House> {
        let house = self.open().await?;
        for name in house.config.lists.keys() {
            let synced = publish::sync(&house, name, false)
                .await
                .with_context(|| format!("the people of {name}"))?;
            if let Some(reason) = synced.stopped.filter(|_| house.people_file(name).exists()) {
                self.warn(&reason);
            }
            for refused in &synced.refused {
                let file = synced.file.display();
                self.warn(&format!(
                    "{file} line {}: {} was refused: {}",
                    refused.line, refused.text, refused.reason
                ));
            }
        }
        Ok(house)
    }

    /// Something staff should know that is no answer: standard error.
    pub fn warn(&self, text: &str) {
        eprintln!("{text}");
    }

    /// A line of the answer for people.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.quiet && !self.json {
            print_line(text.as_ref());
        }
    }

    /// An object of the answer for machines.
    pub fn tell(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        if self.json {
            print_line(&serde_json::to_string(value)?);
        }
        Ok(())
    }

    /// Who decides: the name of the person at this machine, as far as it tells.
    pub fn who(&self) -> String {
        ["SUDO_USER", "USER", "LOGNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
            .unwrap_or_else(|| "staff".into())
    }
}

/// Collects all sources for a person who asked, and publishes what was collected at once.
async fn collect_now(house: &House, names: &[String], force: bool) -> anyhow::Result<Vec<publish::Collected>> {
    let all = collect_still(house, names, force).await?;
    publish::publish_settled(house, true).await?;
    Ok(all)
}

/// Collects all sources for a person who asked: a file counts once it has lain still for two seconds, which is waited
/// for. `force` asks sources on the web that are not due yet.
async fn collect_still(house: &House, names: &[String], force: bool) -> anyhow::Result<Vec<publish::Collected>> {
    let mut collector = Collector::default();
    let mut all = publish::collect_folders(house, &mut collector, names).await?;
    for _ in 0..3 {
        if all.iter().all(|collected| collected.restless.is_empty()) {
            break;
        }
        let still = crate::source::folder::STILL.to_std()? + std::time::Duration::from_millis(100);
        tokio::time::sleep(still).await;
        let again = publish::collect_folders(house, &mut collector, names).await?;
        for (before, now) in all.iter_mut().zip(again) {
            before.add(now);
        }
    }
    let fetcher = publish::fetcher(&house.config)?;
    all.extend(publish::collect_web(house, &fetcher, names, force).await?);
    publish::copy_pictures(house, &fetcher).await?;
    publish::publish_settled(house, false).await?;
    Ok(all)
}

/// A line of standard output. Whoever reads it may have read enough (`| head`): that is no failure.
fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// `LIST/N` in two.
fn parse_edition(text: &str) -> anyhow::Result<(String, i64)> {
    let (list, number) = text
        .rsplit_once('/')
        .context("an edition is written LIST/N, such as events/12")
        .map_err(misuse)?;
    let number = number
        .parse()
        .with_context(|| format!("\"{number}\" in {text} is no number of an edition"))
        .map_err(misuse)?;
    Ok((list.to_owned(), number))
}

fn misuse(error: anyhow::Error) -> anyhow::Error {
    Misuse(format!("{error:#}")).into()
}

/// Writes a file whose folder is made if need be.
fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
