//! Reports that say the same in several languages are found and linked.
//!
//! In: reports whose translations nobody has looked for. Out: the link, by which each person gets one of them (rule 6).
//! What an editor states comes first, then what pages say of each other; without either, reports of two sources are
//! translations if they tell of one event: the day, and its hour and city or two of its people. The surprising part: a
//! report that names a translation we do not have yet is looked at again with each collection, for a month.

use chrono::TimeDelta;

use crate::publish::House;
use crate::report::{Report, link_key};
use crate::store::Stored;

/// A translation comes within this time, or stands alone.
const LOOKED_FOR: TimeDelta = TimeDelta::days(30);
/// People with the same name at both make an event the same.
const SAME_PEOPLE: usize = 2;

pub(super) async fn link_translations(house: &House) -> anyhow::Result<()> {
    let store = &house.store;
    for stored in store.list_unlinked_reports(house.now() - LOOKED_FOR).await? {
        let report = &stored.report;
        if let Some(other) = find(house, &stored).await? {
            // Links may have grown since the list was made.
            let stored = store.find_report(stored.id).await?.unwrap_or(stored);
            tracing::info!(
                report = stored.id,
                other = other.id,
                "two reports say the same in two languages"
            );
            store.link_reports(&stored, &other).await?;
        } else if report.translations.is_empty() && report.handling.translation_of.is_none() {
            store.link_reports(&stored, &stored).await?;
        }
    }
    Ok(())
}

async fn find(house: &House, stored: &Stored) -> anyhow::Result<Option<Stored>> {
    let report = &stored.report;
    if let Some(words) = &report.handling.translation_of {
        return find_named(house, stored, words).await;
    }
    for translation in &report.translations {
        let alike = house
            .store
            .list_reports_like(link_key(&translation.url).as_deref(), None)
            .await?;
        let is_it = |other: &&Stored| other.id != stored.id && is_other_language(&other.report, report);
        if let Some(other) = alike.iter().find(is_it) {
            return Ok(Some(other.clone()));
        }
    }
    let Some(start) = report.event.start else {
        return Ok(None);
    };
    let of_day = house.store.list_reports_of_day(start.date).await?;
    let mut alike = of_day.into_iter().filter(|other| {
        other.source != stored.source
            && is_other_language(&other.report, report)
            && is_same_event(&other.report, report)
    });
    // Two of them: nobody can tell which.
    Ok(alike.next().filter(|_| alike.next().is_none()))
}

/// By the editor's words: an address, the other's own key or file, or the last part of its page's address.
async fn find_named(house: &House, stored: &Stored, words: &str) -> anyhow::Result<Option<Stored>> {
    let store = &house.store;
    let folder = stored.item_key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = match folder {
        "" => words.to_owned(),
        folder => format!("{folder}/{words}"),
    };
    let mut found = match link_key(words) {
        Some(key) => store.list_reports_like(Some(&key), None).await?.into_iter().next(),
        None => None,
    };
    for key in [words, &beside] {
        if found.is_none() {
            found = store.find_report_of_item(&stored.source, key, "").await?;
        }
    }
    if found.is_none() {
        found = store.find_report_by_slug(words).await?;
    }
    Ok(found.filter(|other| other.id != stored.id))
}

fn is_other_language(one: &Report, other: &Report) -> bool {
    one.language.is_some() && other.language.is_some() && one.language != other.language
}

/// Of two reports of one day.
fn is_same_event(one: &Report, other: &Report) -> bool {
    let hour = |report: &Report| report.event.start.and_then(|start| start.time);
    let city = |report: &Report| report.event.city.clone();
    let has_same_hour = hour(one).is_some() && hour(one) == hour(other);
    let has_same_city = city(one).is_some() && city(one) == city(other);
    let named = |person: &&crate::report::Person| other.people.iter().any(|known| known.name == person.name);
    (has_same_hour && has_same_city) || one.people.iter().filter(named).count() >= SAME_PEOPLE
}
