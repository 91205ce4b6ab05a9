//! Events of a calendar become reports that only announce, until a report of them comes.
//!
//! In: a calendar, from the web or from a file. Out: rows. The surprising part: for `backfill` an event is as old as it is
//! far away, so that the first collection of a long calendar mails what comes soon, and not everything at once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{Collected, Collector, Found, Look, Refused, failed, store_look};
use crate::config::{Source, SourceKind};
use crate::publish::House;
use crate::report::{self, Event, Report, Stated, Status, stated_place};
use crate::source::calendar::{self, Announced, Calendar, Description, Window};

/// Events that are over for longer are of no interest any more.
const PAST: TimeDelta = TimeDelta::days(1);
/// Larger files are no calendars.
const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Which events of a source count now.
pub(super) fn window(house: &House, source: &Source) -> Window {
    let now = house.now();
    let ahead = TimeDelta::from_std(source.ahead()).unwrap_or(TimeDelta::days(366));
    Window {
        from: now - PAST,
        until: now.checked_add_signed(ahead).unwrap_or(now),
        zone: source.zone.or(house.config.institute.zone),
    }
}

/// Reads the named calendars that are files, or all, if they have changed or a day has passed.
pub(super) async fn collect_calendars(
    house: &House,
    collector: &mut Collector,
    names: &[String],
) -> anyhow::Result<Vec<Collected>> {
    let mut all = Vec::new();
    for (name, source) in &house.config.sources {
        let Some(path) = source.path.as_ref().filter(|_| source.kind == SourceKind::Calendar) else {
            continue;
        };
        if !names.is_empty() && !names.contains(name) {
            continue;
        }
        let path = house.config.path(path);
        let looked = look(&path).map(|(size, written)| (size, written, house.now().date_naive()));
        let is_known = looked.is_ok() && collector.calendars.get(name) == looked.as_ref().ok();
        if is_known && names.is_empty() {
            let known = house.store.list_origins(name).await?;
            all.push(Collected {
                unchanged: known.iter().filter(|origin| !origin.gone).count(),
                ..Collected::of(name)
            });
            continue;
        }
        let collected = match read_file(house, name, source, &path).await {
            Ok(collected) => collected,
            Err(error) => failed(house, name, &error).await?,
        };
        if let (Ok(looked), None) = (looked, &collected.error) {
            collector.calendars.insert(name.clone(), looked);
        }
        all.push(collected);
    }
    Ok(all)
}

fn look(path: &Path) -> std::io::Result<(u64, std::time::SystemTime)> {
    let file = std::fs::metadata(path)?;
    Ok((file.len(), file.modified()?))
}

async fn read_file(house: &House, name: &str, source: &Source, path: &Path) -> anyhow::Result<Collected> {
    let (size, _) = look(path).with_context(|| format!("cannot read the calendar {}", path.display()))?;
    anyhow::ensure!(
        size <= MAX_BYTES,
        "the calendar {} has {} MB; more than {} are not read",
        path.display(),
        size / 1024 / 1024,
        MAX_BYTES / 1024 / 1024
    );
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the calendar {}", path.display()))?;
    let window = window(house, source);
    let reading = tokio::task::spawn_blocking(move || calendar::read(&bytes, None, &window));
    let calendar = reading
        .await
        .context("the calendar cannot be read: a rule of rapporteur fails on it; please report it")?
        .with_context(|| path.display().to_string())?;
    take_events(house, name, source, calendar).await
}

/// Stores what is new or changed in a calendar.
pub(super) async fn take_events(
    house: &House,
    name: &str,
    source: &Source,
    calendar: Calendar,
) -> anyhow::Result<Collected> {
    let mut collected = Collected {
        notes: calendar.notes,
        ..Collected::of(name)
    };
    let origins = house.store.list_origins(name).await?;
    let known: HashMap<&str, &str> = origins
        .iter()
        .map(|origin| (origin.path.as_str(), origin.fingerprint.as_str()))
        .collect();
    let present: HashSet<String> = calendar.events.iter().map(|event| event.key.clone()).collect();
    let mut found = Vec::new();
    for event in calendar.events {
        let fingerprint = report::fingerprint(&serde_json::to_vec(&event)?);
        if known.get(event.key.as_str()) == Some(&fingerprint.as_str()) {
            collected.unchanged += 1;
            continue;
        }
        let topics: Vec<_> = house.config.topics.clone().into_iter().collect();
        let place = event.key.clone();
        let modified_at = distance(&event, house.now());
        let reading = tokio::task::spawn_blocking(move || read(event, topics));
        let report = match reading.await {
            Ok(report) => report,
            Err(_) => Err("cannot be read: a rule of rapporteur fails on it; please report it".to_owned()),
        };
        found.push(Found {
            place,
            size: 0,
            modified_at,
            fingerprint,
            report,
        });
    }
    let look = Look {
        found,
        present,
        ..Look::default()
    };
    store_look(house, name, source, look, &mut collected).await?;
    let refused = calendar
        .refused
        .into_iter()
        .map(|(path, reason)| Refused { path, reason });
    collected.refused.extend(refused);
    Ok(collected)
}

/// As long ago as the event is far away.
fn distance(event: &Announced, now: DateTime<Utc>) -> DateTime<Utc> {
    let start = event
        .start
        .date
        .and_time(event.start.time.unwrap_or_default())
        .and_utc();
    now - (start - now).abs()
}

fn read(event: Announced, topics: Vec<(String, Vec<String>)>) -> Result<Report, String> {
    let place = event.location.as_deref().map(stated_place).unwrap_or_default();
    let stated = Stated {
        by: "calendar",
        title: Some(event.title),
        url: event.url.clone(),
        topics: event.topics,
        listed: true,
        event: Event {
            start: Some(event.start),
            end: event.end,
            timezone: event.timezone,
            organiser: event.organiser,
            status: match event.is_cancelled {
                true => Status::Cancelled,
                false => Status::Announced,
            },
            ..place
        },
        ..Stated::default()
    };
    let html = match event.description {
        Description::None => String::new(),
        Description::Html(html) => html,
        Description::Plain(text) => as_html(&text),
    };
    let context = report::Context {
        topics,
        ..report::Context::default()
    };
    // Links in a description are absolute, or lead nowhere.
    let base = event.url.as_deref().and_then(|url| Url::parse(url).ok());
    report::read_item(&html, base.as_ref(), &stated, &context).map_err(|refusal| refusal.to_string())
}

/// Paragraphs at empty lines, line ends kept.
fn as_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let unified = escaped.replace("\r\n", "\n");
    let paragraphs = unified
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty());
    let html: Vec<String> = paragraphs
        .map(|paragraph| format!("<p>{}</p>", paragraph.replace('\n', "<br>")))
        .collect();
    html.join("\n")
}
