//! Tells staff what stopped by itself, by mail and by a post to their chat.
//!
//! In: matters that delivery wrote down, and editions that wait past their hour. Out: rows of `outgoing` and of `webhook`
//! in the transaction that marks a matter as told, so that each is told once, and its end once (REL-14). The surprising
//! thing: a relay that fails is no matter until it has rested for a while, and its alert takes another relay.

use std::collections::HashSet;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde_json::json;

use super::House;
use crate::config::{RelayKind, Sender};
use crate::mail::{self, Headers, Holes, Rendered};
use crate::source::fetch::Fetcher;
use crate::store::{Alert, Personal, Posted, Trouble, Tx};
use crate::subscriber::Mailbox;

/// Minutes until a post is tried again, by tries made; afterwards hourly.
const STEPS: [i64; 4] = [1, 5, 15, 30];
/// A post is tried for so long.
const POST_EXPIRES: TimeDelta = TimeDelta::hours(24);
/// So long after the first warning an edition's complaints would be another matter.
const COMPLAINTS_FOR: TimeDelta = TimeDelta::days(30);
/// And that so much of an edition came back.
const RETURNED_FOR: TimeDelta = TimeDelta::days(30);
/// Whoever posts has so much time before another may.
const POST_LEASE: TimeDelta = TimeDelta::minutes(1);

/// Tells what is to be told now. Returns how many matters.
pub async fn tell_alerts(house: &House) -> anyhow::Result<usize> {
    let (store, settings) = (&house.store, &house.config.alerts);
    watch_approvals(house).await?;
    let pauses = store.list_pauses().await?;
    let paused = |scope: &str| pauses.iter().any(|pause| pause.scope == scope);
    let alerts = store.list_alerts().await?;
    let unwell: HashSet<String> = alerts
        .iter()
        .filter(|alert| alert.over_at.is_none())
        .filter(|alert| matches!(alert.trouble, Trouble::RelayRests | Trouble::PasswordRefused))
        .map(|alert| alert.name().to_owned())
        .collect();
    let relay_after = TimeDelta::from_std(settings.relay_after).unwrap_or(TimeDelta::MAX);
    let mut told = 0;
    for alert in &alerts {
        let is_untold = alert.over_at.is_none() && alert.told_at.is_none();
        let is_of_edition = edition_of(alert).is_some();
        if is_of_edition && alert.over_at.is_none() && is_settled(house, alert).await? {
            store.end_alert_unspoken(&alert.matter).await?;
            continue;
        }
        if is_untold && alert.trouble == Trouble::RelayRests {
            let is_paused = paused(&alert.matter);
            // It is tried again at once if anything waits for it; else there is nothing to be told.
            if !is_paused && !store.has_mail_for(alert.name()).await? {
                store.end_alert_unspoken(&alert.matter).await?;
            }
            if !is_paused || alert.since + relay_after > house.now() {
                continue;
            }
        }
        let has_news = is_untold || alert.over_at.is_some();
        if has_news && tell(house, alert, &unwell).await? {
            told += 1;
        }
    }
    Ok(told)
}

/// Editions that should go out now and may not.
async fn watch_approvals(house: &House) -> anyhow::Result<()> {
    for (name, due_at) in house.store.list_unapproved().await? {
        let why = "nobody has approved it";
        house
            .store
            .raise_alert(Trouble::ApprovalMissing, &name, why, due_at)
            .await?;
    }
    Ok(())
}

/// Staff have decided about the edition.
async fn is_settled(house: &House, alert: &Alert) -> anyhow::Result<bool> {
    let Some((list, number)) = edition_of(alert) else {
        return Ok(true);
    };
    let Some(edition) = house.store.find_edition(list, number).await? else {
        return Ok(true);
    };
    Ok(match alert.trouble {
        Trouble::ApprovalMissing => edition.state != "waiting" || edition.approved_at.is_some(),
        // They go on to come in after the last mail. That it stopped is a matter of its own.
        Trouble::Complaints => {
            matches!(edition.state.as_str(), "stopped" | "cancelled") || alert.since + COMPLAINTS_FOR < house.now()
        }
        Trouble::EditionReturned => edition.state == "sending" || alert.since + RETURNED_FOR < house.now(),
        _ => edition.state != "stopped",
    })
}

fn edition_of(alert: &Alert) -> Option<(&str, i64)> {
    let (list, number) = alert.name().rsplit_once('/')?;
    Some((list, number.parse().ok()?))
}

/// Queues mails and a post about a matter, unless another worker does. False also if nobody is to be told.
async fn tell(house: &House, alert: &Alert, unwell: &HashSet<String>) -> anyhow::Result<bool> {
    let settings = &house.config.alerts;
    let has_webhook = settings.webhook.is_some() || settings.webhook_file.is_some();
    if settings.mail_to.is_empty() && !has_webhook {
        return Ok(false);
    }
    let waiting = count_waiting(house, alert).await?;
    let words = Words::of(house, alert, waiting);
    let mut tx = house.store.begin().await?;
    if !house.store.mark_told(&mut tx, alert).await? {
        return Ok(false);
    }
    let sender = sender_of(house, alert, unwell).filter(|_| !settings.mail_to.is_empty());
    if let Some(sender) = sender {
        for address in &settings.mail_to {
            queue_mail(house, &mut tx, &sender, address, alert, &words).await?;
        }
    }
    if has_webhook {
        let body = post_of(alert, waiting, &words).to_string();
        house.store.insert_post(&mut tx, &body).await?;
    }
    tx.commit().await?;
    tracing::warn!(event = alert.trouble.as_str(), matter = alert.matter, "staff are told");
    Ok(true)
}

/// How many mails wait because of it.
async fn count_waiting(house: &House, alert: &Alert) -> anyhow::Result<i64> {
    let store = &house.store;
    Ok(match alert.trouble {
        Trouble::EditionStopped | Trouble::ApprovalMissing | Trouble::Complaints | Trouble::EditionReturned => {
            let Some((list, number)) = edition_of(alert) else {
                return Ok(0);
            };
            let Some(edition) = store.find_edition(list, number).await? else {
                return Ok(0);
            };
            let counts = store.count_states(edition.id).await?;
            ["pending", "deferred"]
                .iter()
                .filter_map(|state| counts.get(*state))
                .sum()
        }
        Trouble::DomainPaused => store.count_waiting_for_domain(alert.name()).await?,
        Trouble::Signups => 0,
        Trouble::RelayRests | Trouble::PasswordRefused => {
            let by_relay = store.count_waiting_by_relay().await?;
            by_relay
                .iter()
                .filter(|(relay, _)| relay == alert.name())
                .map(|(_, mails)| mails)
                .sum()
        }
    })
}

/// A relay that is down cannot carry its own alarm: another takes it, if there is one.
fn sender_of(house: &House, alert: &Alert, unwell: &HashSet<String>) -> Option<Sender> {
    let config = &house.config;
    let list = edition_of(alert).and_then(|(list, _)| config.lists.get(list));
    let mut sender = list
        .and_then(|list| config.personal_sender(list).ok())
        .or_else(|| config.house_sender())?;
    if unwell.contains(&sender.relay)
        && let Some(relay) = config.relays.get(&sender.relay)
    {
        let is_server = |kind| kind == RelayKind::Smtp;
        let others = config
            .relays
            .iter()
            .filter(|(name, other)| !unwell.contains(*name) && is_server(other.kind) == is_server(relay.kind));
        // Its backup before any other.
        let other = others.min_by_key(|(name, _)| relay.backup.as_ref() != Some(*name));
        if let Some((name, _)) = other {
            sender.relay.clone_from(name);
        }
    }
    Some(sender)
}

async fn queue_mail(
    house: &House,
    tx: &mut Tx,
    sender: &Sender,
    address: &str,
    alert: &Alert,
    words: &Words,
) -> anyhow::Result<()> {
    let headers = Headers {
        from: sender.from.clone(),
        reply_to: None,
        language: words.language.clone(),
        list: None,
    };
    let rendered = Rendered {
        subject: words.subject.clone(),
        text: words.text.clone(),
        ..Rendered::default()
    };
    let from = Mailbox::parse(&sender.from).context("the sender of alerts")?;
    let about = format!("alert {} {} {address}", alert.id, alert.over_at.is_some());
    let hash = blake3::hash(about.as_bytes()).to_hex();
    let short = hash.get(..32).unwrap_or_default();
    let epoch = house.store.find_fact("epoch").await?.unwrap_or_else(|| "1".to_owned());
    let message = mail::compose(&headers, &rendered)?.splice(&Holes {
        to: address,
        name: None,
        date: house.now(),
        message_id: &format!("{epoch}.{short}@{}", from.address.ascii_domain()),
        ..Holes::default()
    });
    let mail = Personal {
        kind: "notice",
        priority: 0,
        relay: sender.relay.clone(),
        recipient: address.to_owned(),
        sender: Mailbox::parse(&sender.bounces_to)?.address.to_string(),
        message,
        list: edition_of(alert).map(|(list, _)| list.to_owned()),
        link: None,
    };
    house.store.insert_personal(tx, &mail).await?;
    Ok(())
}

/// What a mail about a matter says.
struct Words {
    language: String,
    subject: String,
    text: String,
    commands: Vec<String>,
}

impl Words {
    fn of(house: &House, alert: &Alert, waiting: i64) -> Words {
        let language = house.config.institute.languages.first().cloned().unwrap_or_default();
        let words = house.templates.words();
        let name = alert.name();
        let key = format!("alert-{}", alert.trouble.as_str());
        let what = words.say(&language, &key, [("name", name)]);
        if let Some(over_at) = alert.over_at {
            let text = words.say(&language, "alert-over-text", [("at", say_time(over_at))]);
            return Words {
                subject: words.say(&language, "alert-over", [("what", what)]),
                text,
                language,
                commands: Vec::new(),
            };
        }
        let commands = commands(alert);
        let mut text = words.say(&language, &format!("{key}-text"), [("name", name)]);
        for line in [
            words.say(&language, "alert-since", [("at", say_time(alert.since))]),
            words.say(&language, "alert-why", [("why", alert.why.as_str())]),
            words.say(&language, "alert-waiting", [("mails", waiting)]),
        ] {
            text.push_str(&format!("\n\n{line}"));
        }
        text.push_str(&format!("\n\n{}\n", words.word(&language, "alert-do")));
        for command in &commands {
            text.push_str(&format!("\n    {command}"));
        }
        text.push('\n');
        Words {
            subject: what,
            text,
            language,
            commands,
        }
    }
}

fn say_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// What to type, the first thing first.
fn commands(alert: &Alert) -> Vec<String> {
    let name = alert.name();
    match alert.trouble {
        Trouble::EditionStopped => vec![
            format!("rapporteur editions show {name} --recipients --state failed"),
            format!("rapporteur editions resume {name}"),
            format!("rapporteur editions cancel {name}"),
        ],
        Trouble::EditionReturned => vec![
            format!("rapporteur editions show {name}"),
            format!("rapporteur editions resume {name} --refusals-stand"),
        ],
        Trouble::Complaints => vec![
            format!("rapporteur editions show {name}"),
            format!("rapporteur editions stop {name}"),
        ],
        Trouble::ApprovalMissing => vec![
            format!("rapporteur editions show {name}"),
            format!("rapporteur editions approve {name}"),
        ],
        Trouble::DomainPaused | Trouble::PasswordRefused => {
            vec!["rapporteur status".to_owned(), format!("rapporteur resume {name}")]
        }
        Trouble::RelayRests => vec!["rapporteur status".to_owned()],
        Trouble::Signups => vec![
            "rapporteur pause signup".to_owned(),
            "rapporteur resume signup".to_owned(),
        ],
    }
}

/// What is posted: `text` is what Slack, Mattermost and Teams show.
fn post_of(alert: &Alert, waiting: i64, words: &Words) -> serde_json::Value {
    let edition = edition_of(alert);
    let only = |trouble: &[Trouble]| trouble.contains(&alert.trouble).then(|| alert.name());
    let text = match alert.over_at {
        Some(_) => words.subject.clone(),
        None => format!("{}. {}. {}", words.subject, alert.why, words.commands.join(" · ")),
    };
    json!({
        "text": text,
        "event": alert.trouble.as_str(),
        "id": format!("{}{}", alert.id, if alert.over_at.is_some() { "-over" } else { "" }),
        "over": alert.over_at.is_some(),
        "since": alert.since,
        "why": alert.why,
        "mails": waiting,
        "list": edition.map(|(list, _)| list),
        "edition": edition.map(|(_, number)| number),
        "relay": only(&[Trouble::RelayRests, Trouble::PasswordRefused]),
        "domain": only(&[Trouble::DomainPaused]),
    })
}

/// Posts what is due. Returns how many arrived.
pub async fn post_alerts(house: &House, fetcher: &Fetcher) -> anyhow::Result<usize> {
    let mut arrived = 0;
    while let Some(post) = house.store.claim_post(house.store.now().await? + POST_LEASE).await? {
        let sent = match house.config.alerts.webhook() {
            Ok(Some(address)) => fetcher.post(address.expose_secret(), post.body).await,
            Ok(None) => Err("`alerts.webhook` is not set any more".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let now = house.store.now().await?;
        let posted = match sent {
            Ok(()) => Posted::Sent,
            Err(why) if now - post.made_at >= POST_EXPIRES => Posted::Failed(why),
            Err(why) => {
                let step = usize::try_from(post.attempts - 1)
                    .ok()
                    .and_then(|tries| STEPS.get(tries));
                Posted::Later(now + TimeDelta::minutes(step.copied().unwrap_or(60)), why)
            }
        };
        match &posted {
            Posted::Sent => arrived += 1,
            Posted::Later(at, why) => tracing::warn!(%at, why, "an alert could not be posted; it is tried again"),
            Posted::Failed(why) => tracing::error!(why, "an alert could not be posted for a day and is given up"),
        }
        house.store.record_posted(post.id, &posted).await?;
    }
    Ok(arrived)
}
