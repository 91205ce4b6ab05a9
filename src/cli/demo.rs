//! `demo`: the whole main job on built-in samples, on this machine alone.
//!
//! Writes `./demo/` anew, then does what `run` and `send` do: collects, seals an edition, delivers it by SMTP to the
//! built-in catcher and serves feeds and pages. The surprising thing: the folder is a real set-up, so that every other
//! command works in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Desk, Misuse, collect_now, init, progress, write_file};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::{self, Doors};
use crate::delivery::lock::StoreLock;
use crate::publish::{self, Decided, Hands, House, Seen};
use crate::store::Edition;

const FOLDER: &str = "demo";
/// Tells a folder that we made, and may remove, from one that is somebody's.
const MARKER: &str = ".rapporteur-demo";
const CONFIG: &str = include_str!("demo.toml");
const LIST: &str = "events";
/// How often we look whether all is delivered.
const LOOK: Duration = Duration::from_millis(50);
/// Longer than this nothing on this machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End when all is delivered, instead of serving feeds and pages until Ctrl-C
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let folder = Path::new(FOLDER);
    let public = TcpListener::bind("127.0.0.1:0")
        .await
        .context("cannot listen on 127.0.0.1")?;
    let reports = lay_out(folder, public.local_addr()?.port())?;
    desk.say(format!(
        "Wrote {FOLDER}/ anew: config.toml, {reports} sample reports, a list of sample people."
    ));

    // The demonstration is the same whatever the environment says.
    let config = Config::load(&folder.join("config.toml"), std::iter::empty())?;
    let house = House::open(config, Clock::System).await?;
    let _lock = daemon::take_lock(&house).await?;
    let edition = prepare(desk, &house).await?;

    let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
    let doors = Doors { public, private: None };
    let mut serving = tokio::spawn(daemon::serve(house.clone(), doors, soft.clone(), hard.clone()));
    let delivered = tokio::select! {
        served = &mut serving => { served??; bail!("the demonstration ended too early") }
        delivered = wait_for_delivery(desk, &house, &edition) => delivered,
    };
    let done = match delivered {
        Ok(counts) => report(desk, &house, &edition, &counts, args.once),
        Err(error) => Err(error),
    };
    if done.is_ok() && !args.once {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            served = &mut serving => return served?,
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    soft.cancel();
    serving.await.context("the demonstration broke off")??;
    done
}

/// Writes the folder anew. Returns how many sample reports there are.
fn lay_out(folder: &Path, port: u16) -> anyhow::Result<usize> {
    if let Ok(facts) = folder.symlink_metadata() {
        if !facts.is_dir() || !folder.join(MARKER).is_file() {
            let text =
                format!("{FOLDER}/ was not made by `rapporteur demo` and is left alone; begin in another folder");
            return Err(Misuse(text).into());
        }
        // Not from under a demonstration that still runs.
        let _lock = StoreLock::take(&folder.join("rapporteur.db"), Clock::System.now())?;
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove the old {FOLDER}/"))?;
    }
    write_file(
        &folder.join(MARKER),
        b"`rapporteur demo` made this folder, and removes it when it runs again.\n",
    )?;
    write_file(
        &folder.join("config.toml"),
        CONFIG.replace("PORT", &port.to_string()).as_bytes(),
    )?;
    write_file(&folder.join("subscribers/events.csv"), init::PEOPLE.as_bytes())?;
    init::write_samples(&folder.join("reports"))
}

/// People, reports, and an edition that is on its way.
async fn prepare(desk: &Desk, house: &House) -> anyhow::Result<Edition> {
    let synced = publish::sync(house, LIST, false).await?;
    if let Some(reason) = synced.stopped {
        bail!(reason);
    }
    desk.say(format!("People: {} on the list \"{LIST}\".", synced.subscribed));
    let collected = collect_now(house, &[], false).await?;
    let (new, refused) = collected
        .iter()
        .fold((0, 0), |(new, refused), it| (new + it.new, refused + it.refused.len()));
    ensure!(
        collected.iter().all(|it| it.error.is_none()),
        "the sample reports cannot be collected"
    );
    desk.say(format!("Collected: {new} reports published, {refused} refused."));

    let order = publish::by_hand(house, BTreeMap::new());
    let draft = publish::draft(house, LIST, &order)
        .await?
        .context("the samples make no edition")?;
    let languages: Vec<_> = draft
        .by_language()
        .iter()
        .map(|(language, people)| format!("{people} {language}"))
        .collect();
    let subject = draft
        .variants
        .first()
        .map(|variant| variant.rendered.subject.clone())
        .unwrap_or_default();
    let number = publish::seal(
        house,
        LIST,
        &order,
        &Hands::default(),
        Seen::Agreed(draft.clone()),
        "demo",
    )
    .await?
    .context("the samples make no edition")?;
    desk.say(format!(
        "Sealed: edition {LIST}/{number} with {} reports for {} people ({}): \"{subject}\".",
        draft.items.len(),
        draft.recipients(),
        languages.join(", ")
    ));
    publish::decide_edition(house, LIST, number, Decided::Approve { as_sealed: false }, "demo").await?;
    house
        .store
        .find_edition(LIST, number)
        .await?
        .context("the edition is gone")
}

/// Counts by state once no row is open, or when it takes too long.
async fn wait_for_delivery(desk: &Desk, house: &House, edition: &Edition) -> anyhow::Result<BTreeMap<String, i64>> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let counts = house.store.count_states(edition.id).await?;
    let total: i64 = counts.values().sum();
    let bar = progress::bar(u64::try_from(total)?, desk.quiet).with_message("delivering");
    loop {
        let counts = house.store.count_states(edition.id).await?;
        let done: i64 = ["sent", "failed", "skipped"]
            .iter()
            .filter_map(|state| counts.get(*state))
            .sum();
        bar.set_position(u64::try_from(done)?);
        if done == total || tokio::time::Instant::now() > until {
            bar.finish_and_clear();
            return Ok(counts);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Says what arrived and where to look. Fails if not all that was to be sent was sent.
fn report(
    desk: &Desk,
    house: &House,
    edition: &Edition,
    counts: &BTreeMap<String, i64>,
    once: bool,
) -> anyhow::Result<()> {
    let mails = PathBuf::from(FOLDER).join("mails");
    let caught = std::fs::read_dir(&mails)
        .with_context(|| format!("cannot read {}", mails.display()))?
        .filter_map(|entry| entry.ok()?.path().extension().map(|extension| extension == "eml"))
        .filter(|is_mail| *is_mail)
        .count();
    let of = |state: &str| counts.get(state).copied().unwrap_or(0);
    let url = &house.config.web.public_url;
    let page = format!("{url}/editions/{LIST}/{}", edition.number);
    desk.tell(&json!({
        "edition": format!("{LIST}/{}", edition.number),
        "counts": counts,
        "mails": caught,
        "folder": mails,
        "urls": [format!("{url}/"), format!("{url}/feeds/all.atom"), page],
    }))?;
    desk.say(format!(
        "Delivered by SMTP on this machine: {} sent, {} failed.",
        of("sent"),
        of("failed")
    ));
    let open: i64 = counts
        .iter()
        .filter(|(state, _)| !matches!(state.as_str(), "sent" | "skipped"))
        .map(|it| it.1)
        .sum();
    ensure!(open == 0, "{open} mails of the demonstration were not sent: {counts:?}");
    ensure!(
        usize::try_from(of("sent"))? == caught,
        "{} mails were sent and {caught} were caught",
        of("sent")
    );

    desk.say(format!(
        "\nLook at:\n  {caught} mails in {}/, one .eml file each; a mail program opens them",
        mails.display()
    ));
    if once {
        desk.say(format!(
            "Feeds and pages are served by `rapporteur demo`, or by `rapporteur --config {FOLDER}/config.toml run`."
        ));
    } else {
        for (address, what) in [
            (format!("{url}/"), "the archive"),
            (
                format!("{url}/subscribe"),
                "where people join; the mail with the link is caught, too",
            ),
            (page, "the edition"),
            (format!("{url}/feeds/all.atom"), "the feed; also all.rss and all.json"),
        ] {
            desk.say(format!("  {address:<44} {what}"));
        }
        desk.say(format!(
            "  {FOLDER}/reports/: a report you drop there is in the feed ten seconds later"
        ));
        desk.say("\nServing until Ctrl-C.");
    }
    Ok(())
}
