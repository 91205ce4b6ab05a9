//! `run`: collects, seals, delivers and serves until it is told to end.
//!
//! In: a configuration. Out: an [`Ending`]. One loop does what is due and looks at the drop folders; delivery, web, and
//! what waits for others have tasks of their own. SIGTERM or SIGINT ends it after the mails in hand, a second one at once (REL-13); SIGHUP
//! ends it softly to begin anew with a configuration that has been read and found good (REL-18).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::from_system;
use crate::config::{BouncesKind, Config};
use crate::delivery::Delivery;
use crate::delivery::lock::StoreLock;
use crate::publish::{self, Collector, House, Polls};
use crate::source::fetch::Fetcher;
use crate::source::folder::Watch;
use crate::web;

/// How often we look for what is due, even if no folder reports a change (network folders never do).
const BEAT: Duration = Duration::from_secs(5);
/// How often we look for what was kept long enough.
const FORGET: Duration = Duration::from_secs(3600);

/// Why the daemon ended.
#[derive(Debug)]
pub enum Ending {
    Stopped,
    /// Begin anew with this.
    Reload(Box<Config>),
}

/// Listeners that are bound: found busy before anything starts.
pub struct Doors {
    pub public: TcpListener,
    pub private: Option<TcpListener>,
}

impl Doors {
    pub async fn open(config: &Config) -> anyhow::Result<Doors> {
        let private = match &config.web.private_listen {
            Some(address) => Some(bind("web.private_listen", address).await?),
            None => None,
        };
        Ok(Doors {
            public: bind("web.listen", &config.web.listen).await?,
            private,
        })
    }
}

async fn bind(key: &str, address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; is another program there? Change `{key}` in config.toml"))
}

/// Runs until a signal. `reload` reads the configuration again.
pub async fn run(house: House, reload: impl Fn() -> anyhow::Result<Config>) -> anyhow::Result<Ending> {
    let _lock = take_lock(&house).await?;
    let doors = Doors::open(&house.config).await?;
    let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
    let mut running = tokio::spawn(serve(house, doors, soft.clone(), hard.clone()));

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let (mut next, mut stopping) = (None, false);
    loop {
        tokio::select! {
            ended = &mut running => {
                ended.context("the daemon broke off")??;
                return Ok(next.map_or(Ending::Stopped, |config| Ending::Reload(Box::new(config))));
            }
            _ = terminate.recv() => { end(stopping, &soft, &hard); (stopping, next) = (true, None); }
            _ = interrupt.recv() => { end(stopping, &soft, &hard); (stopping, next) = (true, None); }
            _ = hangup.recv(), if !stopping => match reload() {
                Ok(config) => {
                    tracing::info!("configuration read again; beginning anew with it");
                    next = Some(config);
                    soft.cancel();
                }
                Err(error) => tracing::error!("the configuration has mistakes, the old one stays: {error:#}"),
            },
        }
    }
}

/// The first signal finishes the mails in hand, the second does not wait for them.
fn end(stopping: bool, soft: &CancellationToken, hard: &CancellationToken) {
    if stopping {
        tracing::warn!("ending at once");
        hard.cancel();
    } else {
        tracing::info!("ending after the mails in hand; a second signal ends at once");
        soft.cancel();
    }
}

/// Takes the lock of an SQLite database, and with it the right to settle what an earlier daemon left open (REL-05).
pub async fn take_lock(house: &House) -> anyhow::Result<Option<StoreLock>> {
    let Some(file) = house.database_file() else {
        return Ok(None);
    };
    let lock = StoreLock::take(&file, house.now())?;
    let recovered = house.store.recover_all(house.config.delivery.resend_after).await?;
    if recovered.in_doubt > 0 || recovered.released > 0 {
        tracing::warn!(
            in_doubt = recovered.in_doubt,
            released = recovered.released,
            "an earlier run ended in the middle of mails; those in doubt are treated by each list's policy"
        );
    }
    Ok(Some(lock))
}

/// The feeds and pages of a house.
pub async fn pages(house: &House) -> Result<Arc<web::App>, web::Error> {
    let House {
        config,
        store,
        clock,
        templates,
        secret,
    } = house.clone();
    web::App::new(config, store, clock, secret, templates).await
}

/// Everything at once, until `soft`: the beat, delivery, the web.
pub async fn serve(house: House, doors: Doors, soft: CancellationToken, hard: CancellationToken) -> anyhow::Result<()> {
    let delivery = Arc::new(
        Delivery::open(
            house.store.clone(),
            &house.config,
            house.clock.clone(),
            house.secret.clone(),
        )
        .await?,
    );
    let app = pages(&house).await?;
    tracing::info!(address = %doors.public.local_addr()?, public_url = house.config.web.public_url, "serving feeds and pages");
    let mut web = vec![tokio::spawn(web::serve(
        doors.public,
        web::router(app.clone()),
        app.clone(),
        soft.clone(),
    ))];
    if let Some(private) = doors.private {
        web.push(tokio::spawn(web::serve(
            private,
            web::private_router(app.clone()),
            app.clone(),
            soft.clone(),
        )));
    }
    let mut sending = tokio::spawn({
        let (delivery, soft, hard) = (delivery.clone(), soft.clone(), hard.clone());
        async move { delivery.run(soft, hard).await }
    });

    let fetcher = publish::fetcher(&house.config)?;
    let beats = async {
        tokio::join!(
            beat(&house, &delivery, &app, &soft),
            beside_the_beat(&house, &fetcher, &soft)
        )
    };
    tokio::select! {
        ((), ()) = beats => sending.await.context("delivery broke off")??,
        // Without delivery nothing would go out, and nobody would be told.
        ended = &mut sending => {
            soft.cancel();
            ended.context("delivery broke off")??;
        }
    }
    for served in web {
        served.await.context("the web broke off")?;
    }
    Ok(())
}

/// Does what is due, again and again: at every change of a drop folder, and at every beat.
async fn beat(house: &House, delivery: &Delivery, app: &Arc<web::App>, soft: &CancellationToken) {
    let (changed, mut changes) = mpsc::channel(1);
    let folders = house.config.sources.values().filter_map(|source| source.path.as_ref());
    let folders: Vec<PathBuf> = folders.map(|path| house.config.path(path)).collect();
    let _watcher = watch_folders(&folders, changed);
    let mut collector = Collector::default();
    let mut people = PeopleFiles::default();
    // What was wrong at the last beat: said once, not every few seconds.
    let mut said = Vec::new();
    while !soft.is_cancelled() {
        if let Err(error) = once(house, &mut collector, &mut people, &mut said, delivery, app).await {
            tracing::error!("this round failed, the next is tried: {error:#}");
        }
        let pause = async {
            tokio::select! {
                _ = changes.recv() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        };
        soft.run_until_cancelled(pause).await;
    }
}

async fn once(
    house: &House,
    collector: &mut Collector,
    people: &mut PeopleFiles,
    said: &mut Vec<String>,
    delivery: &Delivery,
    app: &Arc<web::App>,
) -> anyhow::Result<()> {
    people.sync_changed(house).await;
    for collected in publish::collect_folders(house, collector, &[]).await? {
        log_collected(&collected);
    }
    let ticked = publish::tick(house).await?;
    for error in ticked.errors.iter().filter(|error| !said.contains(error)) {
        tracing::error!("{error}");
    }
    *said = ticked.errors.clone();
    for edition in &ticked.sealed {
        tracing::info!(edition, "sealed");
    }
    let answered = publish::answer_signups(house).await?;
    let told = publish::tell_alerts(house).await?;
    if answered > 0 || told > 0 || !ticked.released.is_empty() || !ticked.sealed.is_empty() {
        delivery.wake();
    }
    for purged in publish::purge_daily(house).await? {
        tracing::info!(
            kept = purged.kept,
            table = purged.table,
            rows = purged.rows,
            "kept long enough and deleted"
        );
    }
    app.refresh_if_stale().await?;
    Ok(())
}

/// What would hold up the beat, because somebody else may dawdle: sources on the web, pictures, posts, returned mails.
async fn beside_the_beat(house: &House, fetcher: &Fetcher, soft: &CancellationToken) {
    let forgetting = async {
        loop {
            if let Err(error) = publish::purge_signups(house).await {
                tracing::error!("requests to join were not forgotten, it is tried again: {error:#}");
            }
            tokio::time::sleep(FORGET).await;
        }
    };
    let asking = async {
        let mut polls = Polls::default();
        loop {
            polls.begin(house, fetcher, &[], false).await;
            let beat = tokio::time::sleep(BEAT);
            let mut beat = std::pin::pin!(beat);
            loop {
                tokio::select! {
                    () = &mut beat => break,
                    Some(collected) = polls.next() => log_collected(&collected),
                }
            }
        }
    };
    let copying = again_and_again("copying pictures", || async {
        publish::copy_pictures(house, fetcher).await.map(drop)
    });
    let posting = again_and_again("posting alerts", || async {
        publish::post_alerts(house, fetcher).await.map(drop)
    });
    let log = |taken: publish::Taken| tracing::info!(what = taken.say(), "a mail came back");
    let returning = async {
        match house.config.bounces.kind {
            Some(BouncesKind::Imap) => publish::watch_mailbox(house, log).await,
            _ => {
                let taking = || async {
                    publish::collect_returned(house).await?.into_iter().for_each(log);
                    Ok(())
                };
                again_and_again("taking what came back", taking).await;
            }
        }
    };
    soft.run_until_cancelled(async { tokio::join!(asking, copying, posting, returning, forgetting) })
        .await;
}

/// Does a thing at each beat; what fails is said, and tried again at the next.
async fn again_and_again<F: Future<Output = anyhow::Result<()>>>(what: &str, step: impl Fn() -> F) {
    loop {
        if let Err(error) = step().await {
            tracing::error!("{what} failed, it is tried again: {error:#}");
        }
        tokio::time::sleep(BEAT).await;
    }
}

fn log_collected(collected: &publish::Collected) {
    if collected.new + collected.changed + collected.newly_refused > 0 {
        tracing::info!(
            source = collected.source,
            new = collected.new,
            changed = collected.changed,
            refused = collected.refused.len(),
            archived = collected.archived,
            held = collected.held,
            "collected"
        );
    }
}

/// Wakes the beat when something in a drop folder changes. Where that cannot be watched, the beat alone serves.
fn watch_folders(folders: &[PathBuf], changed: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // The beat itself opens and reads the folder: taken for a change, that would wake the beat again, for ever.
        let only_looked = event.is_ok_and(|event| match event.kind {
            EventKind::Access(access) => access != AccessKind::Close(AccessMode::Write),
            _ => false,
        });
        if !only_looked {
            // A full channel already holds a wake-up.
            let _ = changed.try_send(());
        }
    })
    .inspect_err(|error| tracing::warn!(%error, "folders cannot be watched; they are looked at every few seconds"))
    .ok()?;
    for folder in folders {
        if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
            tracing::debug!(%error, folder = %folder.display(), "not watched");
        }
    }
    Some(watcher)
}

/// The lists' CSV files as last applied: size and time of change.
#[derive(Default)]
pub struct PeopleFiles {
    seen: HashMap<PathBuf, Option<(u64, DateTime<Utc>)>>,
    watch: Watch,
}

impl PeopleFiles {
    /// Applies the files that changed and lie still: half a file would look like people taken out (POLL-11).
    pub async fn sync_changed(&mut self, house: &House) {
        for name in house.config.lists.keys() {
            let file = house.people_file(name);
            let facts = std::fs::metadata(&file)
                .ok()
                .and_then(|facts| Some((facts.len(), from_system(facts.modified().ok()?))));
            if self.seen.get(&file) == Some(&facts) {
                continue;
            }
            if let Some((size, modified_at)) = facts
                && !self.watch.lies_still(&file, size, modified_at, house.now())
            {
                continue;
            }
            match publish::sync(house, name, false).await {
                Ok(synced) => {
                    self.seen.insert(file, facts);
                    log_synced(name, &synced);
                }
                Err(error) => tracing::error!(list = name, "the list's file cannot be applied: {error:#}"),
            }
        }
    }
}

fn log_synced(list: &str, synced: &publish::Synced) {
    if let Some(reason) = &synced.stopped {
        return tracing::warn!(list, "{reason}");
    }
    for refused in &synced.refused {
        tracing::warn!(list, line = refused.line, reason = refused.reason, "a row was refused");
    }
    if synced.subscribed + synced.returned + synced.updated + synced.removed > 0 {
        tracing::info!(
            list,
            subscribed = synced.subscribed,
            returned = synced.returned,
            updated = synced.updated,
            removed = synced.removed,
            "people changed by the list's file"
        );
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_dropped_wakes_the_beat_and_looking_for_it_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let dropped = folder.path().join("report.md");
        std::fs::write(&dropped, "# A report\n").unwrap();
        let (changed, mut change) = mpsc::channel(1);
        let _watcher = watch_folders(&[folder.path().to_owned()], changed).unwrap();

        for entry in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::read(entry.unwrap().path()).unwrap();
        }
        let woken = tokio::time::timeout(Duration::from_millis(300), change.recv()).await;
        assert!(woken.is_err(), "looked at, and taken for changed");

        std::fs::write(&dropped, "# A report, corrected\n").unwrap();
        let woken = tokio::time::timeout(Duration::from_secs(10), change.recv()).await;
        assert_eq!(woken.ok(), Some(Some(())));
    }
}
