//! `collect` and `reports`: what came in, what was refused, where it went.

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::{Desk, Misuse, collect_now, progress};
use crate::publish::{self, Collected, Collector, ReportDecision, decide_report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names of sources in config.toml; none: all
    sources: Vec<String>,
    /// Ask the web at once, too, and publish what was collected without waiting for `settle`
    #[arg(long)]
    now: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReportsArgs {
    #[command(subcommand)]
    action: Option<Reports>,
}

#[derive(Debug, Subcommand)]
enum Reports {
    /// All reports, the newest first
    List,
    /// One report: its fields, revisions and the editions it was in
    Show { id: i64 },
    /// Keep a report out of mail, feeds and pages
    Hold { id: i64 },
    /// End a hold
    Release { id: i64 },
    /// Take a report back for good; editions that carry it stop
    Withdraw { id: i64 },
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let house = desk.open_synced().await?;
    for name in &args.sources {
        if !house.config.sources.contains_key(name) {
            let known = house
                .config
                .sources
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(Misuse(format!("there is no source {name} in config.toml; there is {known}")).into());
        }
    }
    let reading = progress::spinner("reading the sources", desk.quiet || desk.json);
    let all = if args.now {
        collect_now(&house, &args.sources, true).await?
    } else {
        let mut all = publish::collect_folders(&house, &mut Collector::default(), &args.sources).await?;
        let asked_for = !args.sources.is_empty();
        let fetcher = publish::fetcher(&house.config)?;
        all.extend(publish::collect_web(&house, &fetcher, &args.sources, asked_for).await?);
        publish::copy_pictures(&house, &fetcher).await?;
        publish::publish_settled(&house, false).await?;
        all
    };
    reading.finish_and_clear();
    let mut failed = None;
    for collected in &all {
        desk.tell(&json!({
            "source": collected.source,
            "new": collected.new,
            "changed": collected.changed,
            "unchanged": collected.unchanged,
            "refused": collected.refused,
            "archived": collected.archived,
            "held": collected.held,
            "joined": collected.joined,
            "waiting": collected.restless,
            "notes": collected.notes,
            "next_at": collected.next_at,
            "error": collected.error,
        }))?;
        for line in sentences(collected) {
            desk.say(line);
        }
        failed = failed.or(collected
            .error
            .as_ref()
            .map(|error| format!("{}: {error}", collected.source)));
    }
    say_who_was_not_asked(desk, &house, &args.sources, &all).await?;
    match failed {
        Some(error) => Err(anyhow::anyhow!(error)),
        None => Ok(()),
    }
}

/// Sources on the web whose hour has not come.
async fn say_who_was_not_asked(
    desk: &Desk,
    house: &publish::House,
    named: &[String],
    asked: &[Collected],
) -> anyhow::Result<()> {
    for (name, source) in &house.config.sources {
        let is_meant = named.is_empty() || named.contains(name);
        if source.address().is_none() || !is_meant || asked.iter().any(|collected| collected.source == *name) {
            continue;
        }
        let polling = house.store.find_source(name).await?.polling;
        desk.say(match polling.next_at {
            _ if polling.gone => format!("{name}: not asked any more, because it answered that it is gone for good"),
            Some(at) if !named.is_empty() => {
                format!(
                    "{name}: not asked, because it asked to be left alone until {}",
                    at.format("%Y-%m-%d %H:%M UTC")
                )
            }
            Some(at) => format!(
                "{name}: not asked before {}; `rapporteur collect {name}` asks now",
                at.format("%Y-%m-%d %H:%M UTC")
            ),
            None => format!("{name}: not asked"),
        });
    }
    Ok(())
}

/// Of what waits so many are named.
const MOST_NAMED: usize = 5;

fn sentences(collected: &Collected) -> Vec<String> {
    let Collected {
        source,
        new,
        changed,
        unchanged,
        archived,
        held,
        ..
    } = collected;
    if collected.error.is_some() {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "{source}: {new} new, {changed} changed, {unchanged} unchanged, {} refused",
        collected.refused.len()
    )];
    if *archived > 0 {
        lines.push(format!(
            "  {new} found: {} will be mailed, {archived} archived only; to mail one: `rapporteur send LIST --only ID`",
            new - archived
        ));
    }
    if *held > 0 {
        lines.push(format!(
            "  {held} held for review, because so many came at once or within an hour: `rapporteur reports release ID`"
        ));
    }
    lines.extend(
        collected
            .refused
            .iter()
            .map(|refused| format!("  refused {}: {}", refused.path, refused.reason)),
    );
    if collected.joined > 0 {
        lines.push(format!(
            "  {} of them another source has brought already",
            collected.joined
        ));
    }
    let why = match collected.next_at {
        None => "is still being written; it is taken once it lies still",
        Some(_) => "is taken with a later poll, because this one has read enough pages",
    };
    lines.extend(
        collected
            .restless
            .iter()
            .take(MOST_NAMED)
            .map(|place| format!("  {place} {why}")),
    );
    if let Some(more @ 1..) = collected.restless.len().checked_sub(MOST_NAMED) {
        lines.push(format!("  and {more} more"));
    }
    lines.extend(collected.notes.iter().map(|note| format!("  {note}")));
    if let Some(at) = collected.next_at {
        lines.push(format!("  asked again at {}", at.format("%Y-%m-%d %H:%M UTC")));
    }
    lines
}

pub(super) async fn reports(desk: &Desk, args: ReportsArgs) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let (id, decision) = match args.action.unwrap_or(Reports::List) {
        Reports::List => return list(desk, &house).await,
        Reports::Show { id } => return show(desk, &house, id).await,
        Reports::Hold { id } => (id, ReportDecision::Hold),
        Reports::Release { id } => (id, ReportDecision::Release),
        Reports::Withdraw { id } => (id, ReportDecision::Withdraw),
    };
    let said = decide_report(&house, id, decision, &desk.who()).await?;
    desk.tell(&json!({ "report": id, "done": decision, "said": said }))?;
    desk.say(said);
    Ok(())
}

async fn list(desk: &Desk, house: &publish::House) -> anyhow::Result<()> {
    let reports = house.store.list_reports().await?;
    if reports.is_empty() {
        desk.say("no reports yet: drop one into the folder of a source and run `rapporteur collect`");
    }
    for stored in reports {
        let state = stored.state(house.now());
        desk.tell(&json!({
            "id": stored.id,
            "state": state,
            "title": stored.report.title,
            "event": stored.report.event.start,
            "source": stored.source,
            "path": stored.item_key,
            "revision": stored.revision,
            "archived": stored.archived,
            "slug": stored.slug,
        }))?;
        let when = stored
            .report
            .event
            .start
            .map(|start| start.to_string())
            .unwrap_or_default();
        let archived = if stored.archived { " (archive only)" } else { "" };
        desk.say(format!(
            "{:>5}  {state:<10} {when:<16} {}{archived}",
            stored.id, stored.report.title
        ));
    }
    Ok(())
}

async fn show(desk: &Desk, house: &publish::House, id: i64) -> anyhow::Result<()> {
    let stored = house
        .store
        .find_report(id)
        .await?
        .with_context(|| format!("there is no report {id}; see `rapporteur reports`"))?;
    let editions: Vec<String> = house
        .store
        .list_editions_with(id)
        .await?
        .iter()
        .map(|edition| format!("{}/{} ({})", edition.list, edition.number, edition.state))
        .collect();
    let decisions = house.store.list_decisions(&format!("report {id}")).await?;
    desk.tell(&json!({
        "id": id,
        "public_id": stored.public_id,
        "state": stored.state(house.now()),
        "held_why": stored.held_why,
        "source": stored.source,
        "path": stored.item_key,
        "revision": stored.revision,
        "page": format!("{}/reports/{}", house.config.web.public_url, stored.slug),
        "first_seen": stored.first_seen_at,
        "published": stored.dated_at,
        "updated": stored.updated_at,
        "editions": editions,
        "decisions": decisions,
        "report": crate::report::explain(&stored.report),
    }))?;
    desk.say(format!(
        "report {id}, {}, revision {}, from {} {}",
        stored.state(house.now()),
        stored.revision,
        stored.source,
        stored.item_key
    ));
    if let Some(why) = &stored.held_why {
        desk.say(format!("held: {why}"));
    }
    desk.say(format!("page: {}/reports/{}", house.config.web.public_url, stored.slug));
    desk.say(format!(
        "in editions: {}",
        if editions.is_empty() {
            "none".into()
        } else {
            editions.join(", ")
        }
    ));
    for decision in decisions {
        desk.say(format!(
            "{} by {} at {}",
            decision.what,
            decision.who,
            decision.at.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    let refused = house.store.list_refused_pictures(&stored.source).await?;
    for image in &stored.report.images {
        if let Some(why) = refused.get(&image.url) {
            desk.say(format!("picture {} is not shown: {why}", image.url));
        }
    }
    desk.say("");
    desk.say(crate::report::explain_text(&stored.report));
    Ok(())
}
