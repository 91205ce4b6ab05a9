//! One person by hand: on a list, off it, and what is known of them.

use anyhow::bail;
use serde_json::json;

use crate::cli::{Desk, Misuse};
use crate::publish::{self, Added, House};
use crate::store::Subscription;
use crate::subscriber::csv::{Offer, Row};
use crate::subscriber::{Address, Cells, Name, language_tag};

#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// The person's address
    address: String,
    /// The list
    #[arg(long, value_name = "LIST")]
    list: String,
    /// Their name, as it may stand in a mail
    #[arg(long)]
    name: Option<String>,
    /// Language of the frame of their mails, such as de; default: the list's
    #[arg(long)]
    language: Option<String>,
    /// Topics of the list, parted by commas; default: all
    #[arg(long, value_delimiter = ',')]
    topics: Vec<String>,
    /// A cadence of the list; default: the list's
    #[arg(long)]
    cadence: Option<String>,
    /// Why they may be mailed, for the record: "asked by telephone on 3 May"
    #[arg(long, value_name = "TEXT")]
    basis: String,
}

pub(super) async fn add(desk: &Desk, house: &House, args: &AddArgs) -> anyhow::Result<()> {
    let list = house.config.list(&args.list)?;
    let address = parse(&args.address)?;
    let misuse = |text: String| Misuse(format!("{address}: {text}"));
    let name = match &args.name {
        Some(name) => Some(
            Name::parse(name)
                .map_err(|error| misuse(error.to_string()))?
                .as_str()
                .to_owned(),
        ),
        None => None,
    };
    let language = match &args.language {
        Some(text) => Some(
            language_tag(text).ok_or_else(|| misuse(format!("\"{text}\" is no language; write a tag such as de")))?,
        ),
        None => None,
    };
    if args.basis.trim().is_empty() {
        return Err(misuse("--basis is empty; say why they may be mailed".into()).into());
    }
    let cells = Cells {
        name,
        language,
        topics: Some(args.topics.clone()),
        cadence: args.cadence.clone(),
    };
    let row = Row {
        line: 0,
        record: 0,
        address: address.clone(),
        cells,
    };
    let topics: Vec<_> = list
        .topics
        .iter()
        .map(|(term, label)| (term.as_str(), label.as_str()))
        .collect();
    let cadences: Vec<_> = list.cadences.keys().map(String::as_str).collect();
    let offer = Offer {
        topics: &topics,
        cadences: &cadences,
    };
    let row = row.hold_to(offer).map_err(|refused| misuse(refused.reason))?;

    if let Added::Refused(reason) = publish::add(house, &args.list, &row, &args.basis).await? {
        bail!("{}: {reason}; nothing was changed", address.masked());
    }
    publish::record_act(house, Some(&args.list), "added", None, &desk.who()).await?;
    desk.tell(&json!({ "list": args.list, "address": address.to_string(), "done": "added" }))?;
    desk.say(format!(
        "{address} is on {}; see `rapporteur why {} {address}`",
        args.list, args.list
    ));
    Ok(())
}

async fn find(house: &House, address: &Address, list: &str) -> anyhow::Result<Option<Subscription>> {
    let all = house.store.list_subscriptions_of(&address.key()).await?;
    Ok(all.into_iter().find(|subscription| subscription.list == list))
}

pub(super) async fn show(desk: &Desk, house: &House, address: &str) -> anyhow::Result<()> {
    let address = parse(address)?;
    let subscriptions = house.store.list_subscriptions_of(&address.key()).await?;
    let Some(person) = subscriptions
        .first()
        .map(|subscription| subscription.subscriber.clone())
    else {
        bail!("{address} is on no list and never was");
    };
    let consent = house.store.list_consent(person.id).await?;
    let lists: Vec<_> = subscriptions
        .iter()
        .map(|it| {
            json!({
                "list": it.list,
                "state": it.state,
                "since": it.started_at,
                "until": it.ended_at,
                "cadence": it.cadence,
                "topics": it.topics,
                "by_file": it.by_file,
                "chosen": it.chosen,
            })
        })
        .collect();
    desk.tell(&json!({
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "state": person.state,
        "subscriptions": lists,
        "consent": consent,
    }))?;
    let name = person.name.as_deref().unwrap_or("no name");
    let language = person.language.as_deref().unwrap_or("no language of their own");
    desk.say(format!("{} ({name}, {language}), {}", person.address, person.state));
    for Subscription {
        list,
        state,
        cadence,
        topics,
        by_file,
        started_at,
        ..
    } in &subscriptions
    {
        let cadence = cadence.as_deref().unwrap_or("the list's cadence");
        let topics = if topics.is_empty() {
            "all topics".into()
        } else {
            topics.join(", ")
        };
        let by = if *by_file { ", kept by the list's file" } else { "" };
        desk.say(format!(
            "  {list}: {state}, since {}, {cadence}, {topics}{by}",
            started_at.format("%-d %b %Y")
        ));
    }
    desk.say("Record:");
    for entry in &consent {
        let basis = entry
            .basis
            .as_ref()
            .map_or_else(String::new, |basis| format!(": {basis}"));
        let at = entry.at.format("%-d %b %Y %H:%M UTC");
        desk.say(format!("  {at}  {} {} by {}{basis}", entry.list, entry.what, entry.how));
        if let (Some(asked_at), Some(form), Some(text)) = (entry.asked_at, &entry.form, &entry.text) {
            let asked_at = asked_at.format("%-d %b %Y %H:%M UTC");
            let language = entry.language.as_deref().unwrap_or_default();
            let network = entry
                .network
                .as_ref()
                .map_or_else(String::new, |network| format!(" from {network}"));
            desk.say(format!(
                "    asked {asked_at} by {form}{network}, having read ({language}): {text}"
            ));
        }
    }
    Ok(())
}

pub(super) async fn remove(desk: &Desk, house: &House, address: &str, list: &str) -> anyhow::Result<()> {
    house.config.list(list)?;
    let address = parse(address)?;
    let found = find(house, &address, list).await?;
    let Some(found) = found else {
        bail!("{address} is not on {list}")
    };
    let done = house
        .store
        .remove(list, found.subscriber.id, publish::COMMAND_LINE, house.now())
        .await?;
    if !done {
        bail!("{address} is not on {list} any more ({})", found.state);
    }
    publish::record_act(house, Some(list), "removed", None, &desk.who()).await?;
    desk.tell(&json!({ "list": list, "address": address.to_string(), "done": "removed" }))?;
    desk.say(format!(
        "{address} is off {list}, and stays off, whatever subscribers/{list}.csv says"
    ));
    Ok(())
}

pub(super) async fn resume(desk: &Desk, house: &House, address: &str, basis: &str) -> anyhow::Result<()> {
    let address = parse(address)?;
    let subscriptions = house.store.list_subscriptions_of(&address.key()).await?;
    let Some(person) = subscriptions.first().map(|subscription| &subscription.subscriber) else {
        bail!("{address} is on no list and never was");
    };
    if basis.trim().is_empty() {
        return Err(Misuse("--basis is empty; say why they may be mailed again".into()).into());
    }
    if !house
        .store
        .resume_subscriber(person.id, publish::COMMAND_LINE, basis)
        .await?
    {
        bail!("{address} is {}; only who is suspended can be resumed", person.state);
    }
    publish::record_act(house, None, "resumed", None, &desk.who()).await?;
    desk.tell(&json!({ "address": address.to_string(), "done": "resumed" }))?;
    desk.say(format!("{address} gets mail again, from the next edition on"));
    Ok(())
}

pub(super) fn parse(address: &str) -> anyhow::Result<Address> {
    Ok(Address::parse(address).map_err(|error| Misuse(format!("{address}: {error}")))?)
}
