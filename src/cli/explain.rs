//! `explain`: one report, every field, and the rule and words that filled it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use url::Url;

use super::Desk;
use crate::clock::{Clock, from_system};
use crate::config::{Config, SourceKind};
use crate::publish;
use crate::report::{self, Report, Stated};
use crate::source::fetch::{Fetched, Fetcher, Guard, Names, Request};

/// Who minds a request of somebody without a configuration finds the program.
const NOBODY: &str = "https://www.example.org/";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file (.txt, .md or .html), or the address of a page
    #[arg(value_name = "PATH-or-URL")]
    what: PathBuf,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    // A configuration is not needed to read a report, so one that cannot be read costs only what it says of reports.
    let config = desk.read_config().ok();
    let topics = config.iter().flat_map(|config| config.topics.clone()).collect();
    let context = report::Context {
        topics,
        ..report::Context::default()
    };
    let read = match args.what.to_str().filter(|what| what.contains("://")) {
        Some(address) => page(desk, config.as_ref(), address, context).await?,
        None => file(&args.what, context)?,
    };
    desk.tell(&report::explain(&read))?;
    desk.say(report::explain_text(&read));
    Ok(())
}

fn file(path: &Path, context: report::Context) -> anyhow::Result<Report> {
    let shown = path.display();
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
        ..context
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    report::read(&name, &bytes, &context).map_err(|refusal| anyhow::anyhow!("{shown}: {refusal}"))
}

/// Reads a page as the source would that has it: with its selectors. A person asks for one page, so robots.txt is not.
async fn page(desk: &Desk, config: Option<&Config>, address: &str, context: report::Context) -> anyhow::Result<Report> {
    let url = Url::parse(address).map_err(|error| super::Misuse(format!("{address} is no address: {error}")))?;
    let fetcher = match config {
        Some(config) => publish::fetcher(config)?,
        None => Fetcher::new(NOBODY, Guard::new(&[], Names::System))?,
    };
    let request = Request {
        url: &url,
        accept: "text/html, application/xhtml+xml, text/plain;q=0.8, */*;q=0.5",
        home: url.host_str(),
        robots: false,
        validators: None,
    };
    let page = match fetcher.fetch(&request, Clock::System.now()).await? {
        Fetched::Page(page) => page,
        Fetched::NotModified => anyhow::bail!("{url} answered that nothing changed, though nothing was known of it"),
    };
    let source = config.and_then(|config| source_of(config, &page.url));
    if let Some((name, _)) = &source {
        desk.say(format!("read as source {name} would"));
    }
    let context = report::Context {
        http_charset: page.charset().map(str::to_owned),
        select: source.map(|(_, select)| select).unwrap_or_default(),
        ..context
    };
    report::read_page(&page.bytes, &page.url, &Stated::default(), &context)
        .map_err(|refusal| anyhow::anyhow!("{url}: {refusal}"))
}

/// The source whose site a page is of, and its selectors.
fn source_of(config: &Config, page: &Url) -> Option<(String, Vec<(String, String)>)> {
    let mut sources = config.sources.iter();
    let (name, source) = sources.find(|(_, source)| {
        matches!(source.kind, SourceKind::Pages | SourceKind::Feed)
            && !source.select.is_empty()
            && source.address().is_some_and(|url| url.host_str() == page.host_str())
    })?;
    Some((name.clone(), source.select.clone().into_iter().collect()))
}
