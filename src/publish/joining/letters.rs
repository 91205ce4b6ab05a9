//! The letters that people who join get: made from a template, addressed, and put into the queue.
//!
//! In: a [`Letter`], whom it is for, and where its link leads. Out: a row of `outgoing` whose message has a hole for the
//! link (SEC-13), within the transaction that is its reason.

use anyhow::Context;

use crate::mail::{self, Headers, Holes, LastEdition, Letter};
use crate::publish::House;
use crate::publish::draft::list_facts;
use crate::store::{Personal, Signup, Tx, Wish};
use crate::subscriber::Mailbox;
use crate::token::Link;

/// Before previews and alerts, since somebody sits and waits.
const PRIORITY: i64 = 0;

/// Queues the welcome of a list that sends one, with its last edition if that is public.
pub(super) async fn welcome(
    house: &House,
    tx: &mut Tx,
    signup: &Signup,
    wish: &Wish,
    subscriber: i64,
) -> anyhow::Result<()> {
    let Some(list) = house.config.lists.get(&wish.list).filter(|list| list.welcome) else {
        return Ok(());
    };
    let language = spoken(house, signup.spoken());
    let letter = Letter::Welcome {
        list: list.title.clone(),
        last: last_edition(house, &wish.list, &language).await?,
    };
    let parcel = Parcel {
        letter: &letter,
        address: &signup.address,
        language: &language,
        list: Some(&wish.list),
        link: Link::Unsubscribe {
            list: wish.list.clone(),
            subscriber,
        },
        epoch: &house.store.find_fact("epoch").await?.unwrap_or_else(|| "1".to_owned()),
    };
    post(house, tx, parcel).await
}

async fn last_edition(house: &House, list: &str, language: &str) -> anyhow::Result<Option<LastEdition>> {
    let editions = house.store.list_editions(Some(list)).await?;
    let sent = |edition: &&crate::store::Edition| matches!(edition.state.as_str(), "sending" | "finished");
    let Some((edition, released_at)) = editions.iter().find(sent).and_then(|it| Some((it, it.released_at?))) else {
        return Ok(None);
    };
    let reports = house.store.list_edition_reports(edition.id).await?;
    if reports.iter().any(|report| report.withdrawn) {
        return Ok(None);
    }
    Ok(Some(LastEdition {
        url: format!("{}/editions/{list}/{}", house.config.web.public_url, edition.number),
        number: edition.number,
        date: house.templates.day(language, released_at.date_naive()),
        titles: reports.into_iter().map(|report| report.title).collect(),
    }))
}

/// What language of ours to speak for this wish.
pub(super) fn spoken(house: &House, wish: Option<&str>) -> String {
    let languages = &house.config.institute.languages;
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
    let ours = wish.and_then(|wish| languages.iter().find(|language| primary(language) == primary(wish)));
    ours.or(languages.first()).cloned().unwrap_or_else(|| "en".into())
}

/// A letter to one person.
pub(super) struct Parcel<'a> {
    pub(super) letter: &'a Letter,
    pub(super) address: &'a str,
    pub(super) language: &'a str,
    pub(super) list: Option<&'a str>,
    pub(super) link: Link,
    pub(super) epoch: &'a str,
}

/// Queues a letter, its link as a hole.
pub(super) async fn post(house: &House, tx: &mut Tx, parcel: Parcel<'_>) -> anyhow::Result<()> {
    let Parcel { letter, address, .. } = parcel;
    let config = &house.config;
    let institute = &config.institute;
    let list = parcel.list.and_then(|name| Some((name, config.lists.get(name)?)));
    let sender = match list {
        Some((_, list)) => Some(config.personal_sender(list)?),
        None => config.house_sender(),
    };
    let sender = sender.context("nobody sends personal mail; write `from` and `relay` in [personal]")?;
    let from = Mailbox::parse(&sender.from).context("the sender of personal mail")?;
    let writer = mail::House {
        institute: &institute.name,
        postal_address: institute.postal_address.as_deref(),
    };
    let rendered = mail::render_letter(&house.templates, letter, &writer, parcel.language)?;
    let headers = match (letter, list) {
        (Letter::Welcome { .. }, Some((name, list))) => Headers {
            from: sender.from.clone(),
            ..Headers::of_welcome(&list_facts(house, name, list, 0)?, parcel.language)
        },
        _ => Headers {
            from: sender.from.clone(),
            reply_to: list.and_then(|(_, list)| list.reply_to.clone()),
            language: parcel.language.to_owned(),
            list: None,
        },
    };
    let about = format!("{} {address} {:?} {}", letter.stem(), parcel.link, house.now());
    let hash = blake3::hash(about.as_bytes()).to_hex();
    let short = hash.get(..32).unwrap_or_default();
    let message = mail::compose(&headers, &rendered)?.addressed(&Holes {
        to: address,
        name: None,
        date: house.now(),
        message_id: &format!("{}.{short}@{}", parcel.epoch, from.address.ascii_domain()),
        boundary: &format!("=_{short}"),
        ..Holes::default()
    });
    let mail = Personal {
        kind: letter.stem(),
        priority: PRIORITY,
        relay: sender.relay,
        recipient: address.to_owned(),
        sender: Mailbox::parse(&sender.bounces_to)?.address.to_string(),
        message,
        list: list.map(|(name, _)| name.to_owned()),
        link: Some(parcel.link),
    };
    house.store.insert_personal(tx, &mail).await?;
    Ok(())
}
