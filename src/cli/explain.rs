//! `explain`: one report, every field, and the rule and words that filled it.

use std::path::PathBuf;

use anyhow::Context;

use super::Desk;
use crate::clock::from_system;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file: .txt, .md or .html
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

pub(super) fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let path = &args.path;
    let shown = path.display();
    if path.to_string_lossy().contains("://") {
        return Err(super::Misuse(format!(
            "{shown}: addresses cannot be read yet; save the page as .html and explain the file"
        ))
        .into());
    }
    let facts = std::fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
    anyhow::ensure!(facts.is_file(), "{shown} is no file");
    anyhow::ensure!(
        facts.len() <= report::MAX_BYTES as u64,
        "{shown} has more than the {} MB a report may have",
        report::MAX_BYTES / 1_000_000
    );
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let beside = path.with_extension("toml");
    let sidecar = match beside != *path && beside.is_file() {
        true => Some(std::fs::read(&beside).with_context(|| format!("cannot read {}", beside.display()))?),
        false => None,
    };
    let context = report::Context {
        published_hint: facts.modified().ok().map(from_system),
        sidecar,
        // A configuration is not needed to read a file, so one that cannot be read costs only the keywords.
        topics: desk
            .read_config()
            .map(|config| config.topics.into_iter().collect())
            .unwrap_or_default(),
        ..report::Context::default()
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let read = report::read(&name, &bytes, &context).map_err(|refusal| anyhow::anyhow!("{shown}: {refusal}"))?;
    desk.tell(&report::explain(&read))?;
    desk.say(report::explain_text(&read));
    Ok(())
}
