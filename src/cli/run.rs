//! `run`, `schedule` and `feeds`: the clock and what it serves.

use std::path::PathBuf;

use super::Desk;
use crate::clock::Clock;
use crate::daemon::{self, Ending};
use crate::publish::{self, House};
use crate::render::Templates;
use crate::web;

#[derive(Debug, clap::Args)]
pub(super) struct ScheduleArgs {
    /// Only this list
    list: Option<String>,
    /// How many slots of each cadence
    #[arg(long, default_value_t = 10)]
    count: usize,
}

#[derive(Debug, clap::Args)]
pub(super) struct FeedsArgs {
    /// The folder to write; made if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write them although readers would see old items again
    #[arg(long)]
    anew: bool,
}

pub(super) async fn run(desk: &Desk) -> anyhow::Result<()> {
    let mut config = desk.read_config()?;
    refuse_insecure(&config)?;
    loop {
        let house = House::open(config, Clock::System).await?;
        refuse_broken(&house.templates)?;
        let store = house.store.clone();
        let reload = || {
            let config = desk.read_config()?;
            refuse_insecure(&config)?;
            // Whatever could fail at the start is tried before the old daemon ends (REL-18).
            let templates = config.root.join("templates");
            refuse_broken(&Templates::load(templates.is_dir().then_some(templates.as_path()))?)?;
            for relay in config.relays.values() {
                relay.password()?;
            }
            Ok(config)
        };
        let ending = daemon::run(house, reload).await?;
        store.close().await;
        match ending {
            Ending::Stopped => return Ok(()),
            Ending::Reload(next) => config = *next,
        }
    }
}

/// Mails whose links lead nowhere cannot be called back.
fn refuse_insecure(config: &crate::config::Config) -> anyhow::Result<()> {
    for list in config.lists.values() {
        if let Some(why) = config.insecure_links(list) {
            return Err(super::Misuse(why).into());
        }
    }
    Ok(())
}

/// A template that does not render is found now and not at the hour of an edition.
fn refuse_broken(templates: &Templates) -> anyhow::Result<()> {
    let errors: Vec<String> = templates.check().iter().map(ToString::to_string).collect();
    anyhow::ensure!(errors.is_empty(), "{}", errors.join("\n"));
    Ok(())
}

pub(super) async fn schedule(desk: &Desk, args: &ScheduleArgs) -> anyhow::Result<()> {
    let house = desk.open().await?;
    if let Some(list) = &args.list {
        house.config.list(list)?;
    }
    for upcoming in publish::upcoming(&house, args.list.as_deref(), args.count) {
        desk.tell(&upcoming)?;
        let publish::Upcoming { list, cadence, slot } = &upcoming;
        let local = slot.local.format("%a %-d %b %Y %H:%M");
        desk.say(format!("{list} ({cadence}): {local} {}", slot.offset));
    }
    for (name, list) in &house.config.lists {
        let wanted = args.list.as_ref().is_none_or(|only| only == name);
        for (cadence, rule) in list.cadences.iter().filter(|_| wanted) {
            if rule.times().is_none() {
                desk.say(format!(
                    "{name} ({cadence}): ten quiet minutes after the last new report"
                ));
            }
        }
    }
    Ok(())
}

pub(super) async fn feeds(desk: &Desk, args: &FeedsArgs) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let app = daemon::pages(&house).await?;
    let files = web::export(&app, &args.out, args.anew).await?;
    desk.say(format!("{files} files in {}", args.out.display()));
    desk.tell(&serde_json::json!({ "files": files, "out": args.out }))
}
