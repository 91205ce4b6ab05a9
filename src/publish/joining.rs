//! People join by themselves: a request waits its turn, is answered by mail (`joining/desk.rs`), and becomes a
//! subscription when it is confirmed.
//!
//! In: rows of `signup`, as the page and the endpoint took them down. Out: mails, each queued in the transaction that is
//! its reason (REL-14), and subscriptions. Nothing typed stands in any of the mails (PRIV-04). The surprising thing:
//! limits of network, domain and hour lose nothing, they make a request wait; only what one address is sent is cut off.

mod desk;
mod letters;

use std::collections::HashSet;

use chrono::TimeDelta;

use self::desk::Desk;
use self::letters::welcome;
use super::House;
use crate::config::{Config, List};
use crate::store::{PEOPLE, Signup, Trouble, Tx, Wish};

/// How long a link for confirming works (PRIV-03).
const LINK: TimeDelta = TimeDelta::hours(72);
/// The limits of network, domain and all count over this.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// A request that could not be answered by then is forgotten.
const PATIENCE: TimeDelta = TimeDelta::hours(48);
/// What stands still when staff close the page: `rapporteur pause signup`.
pub const SIGNUP: &str = "signup";
/// What the alert is about.
const PAGE: &str = "page";

/// Whether the page and the endpoint take requests now.
pub async fn is_open(house: &House) -> anyhow::Result<bool> {
    Ok(house.config.signup.open && !house.store.is_paused(SIGNUP).await?)
}

/// The lists that people can join by themselves, in the order of the configuration.
pub fn joinable(config: &Config) -> impl Iterator<Item = (&str, &List)> {
    let public = config.lists.iter().filter(|(_, list)| list.public);
    public.map(|(name, list)| (name.as_str(), list))
}

/// Answers requests that wait, and reminds whom there is to remind. Returns how many mails that made.
pub async fn answer_signups(house: &House) -> anyhow::Result<usize> {
    watch(house).await?;
    if !house.store.has_signups().await? {
        return Ok(0);
    }
    let mut tx = house.store.begin_alone("signup").await?;
    let mut desk = Desk::open(house, &mut tx).await?;
    desk.answer_all(&mut tx).await?;
    if let Some(after) = house.config.signup.remind_after {
        let before = house.now() - TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
        desk.remind_all(&mut tx, before).await?;
    }
    tx.commit().await?;
    Ok(desk.mails)
}

/// Forgets what is too old; to be called now and then.
pub async fn purge_signups(house: &House) -> anyhow::Result<u64> {
    let (now, settings) = (house.now(), &house.config.signup);
    let before = |time: std::time::Duration| now - TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    let networks = settings.keep_network.map_or(now, before);
    let mut tx = house.store.begin_alone("signup").await?;
    let gone = house
        .store
        .purge_signups(
            &mut tx,
            now - PATIENCE,
            before(settings.keep_unconfirmed),
            networks,
            now,
        )
        .await?;
    tx.commit().await?;
    Ok(gone)
}

/// More people ask than is usual, known or not: staff should know (SEC-15).
async fn watch(house: &House) -> anyhow::Result<()> {
    let alarm = house.config.signup.alarm;
    let asked = match alarm {
        0 => 0,
        _ => house.store.count_signups(house.now() - HOUR).await?,
    };
    if alarm > 0 && asked > alarm {
        let why = format!("{asked} requests came within the last hour");
        let since = house.now();
        return Ok(house.store.raise_alert(Trouble::Signups, PAGE, &why, since).await?);
    }
    let matter = Trouble::Signups.matter(PAGE);
    if house.store.is_raised(&matter).await? {
        house.store.end_alert_and_tell(&matter).await?;
    }
    Ok(())
}

/// Whether no list may mail this address, whoever asks.
async fn is_suppressed(house: &House, tx: &mut Tx, address_key: &str) -> anyhow::Result<bool> {
    let hashes = house.secret.suppressions(address_key);
    Ok(!house.store.find_suppressions(Some(tx), &hashes).await?.is_empty())
}

/// The request behind a confirm link; none if there is none any more, or never was.
pub async fn find_request(house: &House, token: &str) -> anyhow::Result<Option<Signup>> {
    let Some(link) = house.secret.verify_confirm(token) else {
        return Ok(None);
    };
    Ok(house.store.find_signup(None, link, house.now() - LINK).await?)
}

/// What became of pressing the button.
#[derive(Clone, Debug, PartialEq)]
pub enum Confirmed {
    /// They are on these lists.
    Lists(Vec<String>),
    /// The request asks for something else meanwhile: it has to be shown again.
    Changed(Signup),
    /// There is no such request any more, or nobody may write to that person.
    Gone,
}

/// Makes subscriptions of a request as it was shown, and of these lists of it alone.
pub async fn confirm(house: &House, shown: &Signup, lists: &[String]) -> anyhow::Result<Confirmed> {
    let (store, now) = (&house.store, house.now());
    let mut tx = store.begin_alone("signup").await?;
    // Who is being forgotten meanwhile is not brought back by what was read before (PRIV-08).
    store.lock(&mut tx, PEOPLE).await?;
    let link = (shown.id, shown.requested_at.timestamp_millis());
    let Some(signup) = store.find_signup(Some(&mut tx), link, now - LINK).await? else {
        return Ok(Confirmed::Gone);
    };
    if !signup.asks_as(shown) {
        return Ok(Confirmed::Changed(signup));
    }
    let open: HashSet<&str> = joinable(&house.config).map(|(name, _)| name).collect();
    let wishes: Vec<&Wish> = signup
        .wishes
        .iter()
        .filter(|wish| open.contains(wish.list.as_str()) && lists.contains(&wish.list))
        .collect();
    if wishes.is_empty() || !store.delete_signup(&mut tx, &signup).await? {
        return Ok(Confirmed::Gone);
    }
    if is_suppressed(house, &mut tx, &signup.address_key).await? {
        return Ok(Confirmed::Gone);
    }
    let Some(subscriber) = store.join(&mut tx, &signup, &wishes, now).await? else {
        return Ok(Confirmed::Gone);
    };
    for wish in &wishes {
        welcome(house, &mut tx, &signup, wish, subscriber).await?;
    }
    tx.commit().await?;
    Ok(Confirmed::Lists(wishes.iter().map(|wish| wish.list.clone()).collect()))
}
