//! `init`: a folder in which an institute can begin. Nothing that is there is ever overwritten.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::TimeDelta;

use super::{Desk, Misuse, write_file};
use crate::clock::Clock;
use crate::publish::Samples;
use crate::render::Templates;

const CONFIG: &str = include_str!("../../config.toml");
pub(super) const PEOPLE: &str = include_str!("../../subscribers/events.csv");
/// What must not get into a repository: people, secrets, mails, the database.
const IGNORED: &str = "\
# People, and what was sent to them
/subscribers/
/outbox/
/demo/

# The database and the keys
/rapporteur.db*
/secret.key
/secrets/
";
const NEXT: &str = "\
The words on top of the next edition of the list `events` go into `events.md` in this folder, or into `events.de.md` for
readers of German. They are used once, by the next sealing of the list, and then lie in `used/`.

    ---
    subject: Three evenings about rivers
    order: [7, 5]
    without: [6]
    ---
    Dear readers, this week we heard ...
";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder; made if need be
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let dir = &args.dir;
    let config = placed(dir, Path::new("config.toml"));
    if config.exists() {
        let text = format!(
            "{} exists already and is not overwritten; name another folder",
            config.display()
        );
        return Err(Misuse(text).into());
    }
    let mut files: Vec<(PathBuf, Vec<u8>)> = vec![
        ("config.toml".into(), CONFIG.into()),
        ("subscribers/events.csv".into(), PEOPLE.into()),
        ("next/README.txt".into(), NEXT.into()),
        (".gitignore".into(), IGNORED.into()),
    ];
    files.extend(samples().map(|(name, bytes)| (Path::new("reports").join(name), bytes)));
    files.extend(Templates::built_in().map(|(name, bytes)| (Path::new("templates").join(name), bytes)));

    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let path = placed(dir, &name);
        // Even a link that leads nowhere is somebody's.
        if path.symlink_metadata().is_ok() {
            kept.push(name);
        } else {
            write_file(&path, &bytes)?;
            written.push(name);
        }
    }
    desk.tell(&serde_json::json!({ "dir": dir, "written": written, "kept": kept }))?;
    for name in kept {
        desk.say(format!("kept as it is: {}", placed(dir, &name).display()));
    }
    desk.say(next_steps(dir));
    Ok(())
}

/// A path below the folder, as a person would write it.
fn placed(dir: &Path, name: &Path) -> PathBuf {
    if dir == Path::new(".") {
        name.into()
    } else {
        dir.join(name)
    }
}

/// The sample reports, by name.
pub(super) fn samples() -> impl Iterator<Item = (String, Vec<u8>)> {
    Samples::iter().filter_map(|name| Some((name.to_string(), Samples::get(&name)?.data.into_owned())))
}

/// Lays out the sample reports in a folder, as if they had lain there for an hour, so that they are taken at once.
pub(super) fn write_samples(folder: &Path) -> anyhow::Result<usize> {
    let an_hour_ago = (Clock::System.now() - TimeDelta::hours(1)).into();
    let mut count = 0;
    for (name, bytes) in samples() {
        let path = folder.join(name);
        write_file(&path, &bytes)?;
        let file = std::fs::File::options().write(true).open(&path)?;
        file.set_modified(an_hour_ago)
            .with_context(|| format!("cannot date {}", path.display()))?;
        count += 1;
    }
    Ok(count)
}

fn next_steps(dir: &Path) -> String {
    let first = samples().map(|(name, _)| name).min().unwrap_or_default();
    let mut text = format!(
        "Written to {}:\n",
        if dir == Path::new(".") {
            "this folder".into()
        } else {
            dir.display().to_string()
        }
    );
    text += "
  config.toml              every setting with its default; the institute, the sender and the schedule are samples
  subscribers/events.csv   the people of the list `events`, all samples
  reports/                 the drop folder, with sample reports
  templates/               mails, pages and feeds; delete what you do not change, and the built-in one serves
  next/                    your words on top of the next edition
  .gitignore               keeps people, secrets and the database out of a repository

Nothing leaves this machine yet: the relay in config.toml is a folder, outbox/. Next:

";
    let mut step = 1;
    let mut add = |command: &str, what: &str| {
        text += &format!("  {step}. {command}\n");
        if !what.is_empty() {
            text += &format!("     {what}\n");
        }
        step += 1;
    };
    if dir != Path::new(".") {
        add(&format!("cd {}", dir.display()), "");
    }
    add(
        &format!("rapporteur explain reports/{first}"),
        "what is read from a report, and by which rule; drop one of yours into reports/ and look",
    );
    add(
        "edit config.toml, then rapporteur check",
        "the last line says what to do next",
    );
    add(
        "rapporteur send events --to you@example.com",
        "a test mail; in outbox/ until the relay is a real one",
    );
    add("rapporteur run", "collects, sends on schedule, serves feeds and pages");
    text +=
        "\nBefore the first real edition, take the samples out of reports/ and subscribers/, and delete rapporteur.db.";
    text
}
