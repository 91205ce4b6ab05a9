//! Delivering from the command line: what is due goes out while a person waits.
//!
//! If a daemon runs, it delivers and we watch; otherwise we deliver ourselves, until nothing is due, the person ends it,
//! or a relay wants to be waited for longer than a person does.

use std::time::Duration;

use anyhow::{bail, ensure};
use indicatif::ProgressBar;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Desk, Misuse, progress};
use crate::daemon;
use crate::delivery::{BREATH, Delivery, Summary, lock};
use crate::publish::House;

/// Whoever waits at a terminal waits for a rate, but not for the end of quiet hours or for the next day: all waits
/// together last no longer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Shorter waits do not count.
const MOMENT: Duration = Duration::from_secs(5);
/// How often a bar moves.
const STEP: Duration = Duration::from_millis(300);
/// How often the database is asked how much is left, and how often in a row it may say the same.
const LOOK: Duration = Duration::from_secs(1);
const STILL: u32 = 20;

/// Delivers what is due, or watches the daemon do it.
pub(super) async fn deliver(desk: &Desk, house: &House) -> anyhow::Result<()> {
    let total = house.store.count_due().await?;
    if total == 0 {
        return Ok(());
    }
    refuse_insecure_links(house).await?;
    let bar = progress::bar(total, desk.quiet || desk.json).with_message("sending");
    match daemon::take_lock(house).await {
        Ok(_lock) => deliver_ourselves(desk, house, &bar).await,
        Err(error) if is_held(&error) => {
            watch(house, total, &bar).await;
            bar.finish_and_clear();
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn is_held(error: &anyhow::Error) -> bool {
    let held =
        |cause: &(dyn std::error::Error + 'static)| matches!(cause.downcast_ref(), Some(lock::Error::Held { .. }));
    error.chain().any(held)
}

async fn refuse_insecure_links(house: &House) -> anyhow::Result<()> {
    for (name, list) in &house.config.lists {
        let Some(why) = house.config.insecure_links(list) else {
            continue;
        };
        let editions = house.store.list_editions(Some(name)).await?;
        if editions.iter().any(|edition| edition.state == "sending") {
            return Err(Misuse(why).into());
        }
    }
    Ok(())
}

/// The daemon looks every few seconds; a relay that rests must not keep us here for ever.
async fn watch(house: &House, total: u64, bar: &ProgressBar) {
    let (mut last, mut still) = (total, 0);
    while last > 0 && still < STILL {
        sleep(LOOK).await;
        let left = house.store.count_due().await.unwrap_or(last);
        bar.set_position(total.saturating_sub(left));
        still = if left == last { still + 1 } else { 0 };
        last = left;
    }
}

async fn deliver_ourselves(desk: &Desk, house: &House, bar: &ProgressBar) -> anyhow::Result<()> {
    let delivery = Delivery::open(
        house.store.clone(),
        &house.config,
        house.clock.clone(),
        house.secret.clone(),
    )
    .await?;
    let (stop, hard) = (CancellationToken::new(), CancellationToken::new());
    tokio::spawn(end_on_signals(stop.clone(), hard.clone()));
    // Counted here and not in the database, which has a million rows to look at.
    let show = async {
        loop {
            bar.set_position(delivery.settled());
            sleep(STEP).await;
        }
    };
    let summary = tokio::select! {
        summary = deliver_patiently(house, &delivery, &stop) => summary?,
        () = hard.cancelled() => bail!("ended at once; mails that the relay had not answered for are in doubt"),
        never = show => never,
    };
    bar.finish_and_clear();
    tell(desk, house, &stop, &summary).await
}

/// Delivers, and waits for what a relay may be given soon.
async fn deliver_patiently(house: &House, delivery: &Delivery, stop: &CancellationToken) -> anyhow::Result<Summary> {
    let (mut resting, mut left) = (Vec::new(), PATIENCE);
    loop {
        let mut summary = delivery.deliver_due(stop).await?;
        resting.append(&mut summary.resting);
        let wait = summary
            .waits_until
            .map(|until| (until - house.clock.now()).to_std().unwrap_or_default().max(BREATH));
        let is_over = stop.is_cancelled() || house.store.count_due().await? == 0;
        match wait.and_then(|wait| left.checked_sub(wait)).filter(|_| !is_over) {
            Some(rest) => {
                stop.run_until_cancelled(sleep(left - rest)).await;
                // A rate that lets many through each second is waited for however long it takes.
                left = if left - rest < MOMENT { left } else { rest };
            }
            None => return Ok(Summary { resting, ..summary }),
        }
    }
}

/// What is left, and why.
async fn tell(desk: &Desk, house: &House, stop: &CancellationToken, summary: &Summary) -> anyhow::Result<()> {
    if stop.is_cancelled() {
        let left = house.store.count_due().await?;
        ensure!(
            left == 0,
            "ended by a signal, {left} mails are left; type the same command again to go on"
        );
    }
    if let Some(until) = summary.waits_until
        && house.store.count_due().await? > 0
    {
        desk.warn(&format!(
            "a relay may be given no more before {}; what is left goes out with the next `send` or by `run`",
            until.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    for (relay, fault) in &summary.resting {
        desk.warn(&format!(
            "the relay {relay} rests: {fault}; what is left goes out with the next `send` or by `run`"
        ));
    }
    Ok(())
}

/// The first SIGINT or SIGTERM ends after the mails in hand, the second at once (REL-13).
async fn end_on_signals(stop: CancellationToken, hard: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    for (end, said) in [
        (stop, "ending after the mails in hand; a second signal ends at once"),
        (hard, "ending at once"),
    ] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("{said}");
        end.cancel();
    }
}
