//! Test sends and previews: what an edition will look like, without touching number, ledger or delivery rows (rule 5).
//!
//! Their links for leaving are inert. A test send works also when nothing is new: then it shows the last edition, and
//! before the first one, samples.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rust_embed::RustEmbed;

use super::House;
use super::draft::{self, Draft, DraftVariant, Order, draft};
use crate::edition::{Item, Matter, Sealed, is_open};
use crate::feed::{self, Format, Part, Scope};
use crate::mail::{self, Headers, Holes, ListFacts, Prepared};
use crate::report;
use crate::store::{Edition, Personal, Tx};
use crate::subscriber::{Address, Mailbox};
use crate::token::Secret;

/// The sample reports that `demo` and `init` lay out; also what a test send shows before there is any report.
#[derive(RustEmbed)]
#[folder = "reports/"]
pub struct Samples;

/// What a test send or preview shows.
#[derive(Clone, Debug)]
pub struct Trial {
    pub facts: ListFacts,
    pub variants: Vec<DraftVariant>,
    /// What it is, for the person who asked: "what the next edition holds", "edition events/3 again", "samples".
    pub of: String,
    /// The Date it carries.
    pub date: DateTime<Utc>,
    /// Rows of `outgoing`, once it is on its way.
    pub queued: Vec<i64>,
}

/// The ways a preview is written, by file name.
pub type Files = Vec<(&'static str, Vec<u8>)>;

/// What to show for an order: the edition it would make, else the last one, else samples.
pub async fn trial(house: &House, name: &str, order: &Order) -> anyhow::Result<Trial> {
    if let Some(draft) = draft(house, name, order).await? {
        let Draft { facts, variants, .. } = draft;
        return Ok(Trial {
            facts,
            variants,
            of: "what is new".into(),
            date: order.due_at,
            queued: Vec::new(),
        });
    }
    let waiting = draft::waiting(house, name, order).await?;
    let last = house
        .store
        .list_editions(Some(name))
        .await?
        .into_iter()
        .find(|edition| edition.state != "cancelled");
    let (items, of, order) = match last {
        _ if !waiting.is_empty() => (
            waiting,
            "what is new, though nobody is on the list yet".into(),
            order.clone(),
        ),
        Some(last) => {
            let sealed: Sealed = serde_json::from_str(&last.settings)?;
            let hands = [(String::new(), sealed.hand)].into();
            let of = format!("edition {name}/{} again, because nothing is new", last.number);
            (
                house.store.list_items(last.id).await?,
                of,
                Order {
                    due_at: last.due_at,
                    hands,
                    ..order.clone()
                },
            )
        }
        None => (
            samples()?,
            "samples, because there is no report yet".into(),
            order.clone(),
        ),
    };
    let languages = house.config.list(name)?.languages(&house.config.institute).to_vec();
    let (mut facts, mut variants) = (None, Vec::new());
    for language in &languages {
        let (of_list, variant) = draft::show(house, name, &order, language, items.clone()).await?;
        variants.push(variant);
        facts = Some(of_list);
    }
    Ok(Trial {
        facts: facts.context("the list has no language")?,
        variants,
        of,
        date: order.due_at,
        queued: Vec::new(),
    })
}

/// The sample reports as items.
pub fn samples() -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    for (place, name) in Samples::iter().enumerate() {
        let Some(file) = Samples::get(&name) else { continue };
        let report = report::read(&name, &file.data, &report::Context::default()).with_context(|| name.to_string())?;
        items.push(Item {
            report_id: place as i64 + 1,
            revision: 1,
            matter: Matter::of(&report),
            slug: slug::slugify(&report.title),
            note: None,
            report,
        });
    }
    Ok(items)
}

/// Queues a test send to these addresses, one mail per language of the list and address. Returns how many.
pub async fn test_send(
    house: &House,
    name: &str,
    order: &Order,
    addresses: &[Address],
) -> anyhow::Result<(Trial, usize)> {
    let list = house.config.list(name)?;
    let mut trial = trial(house, name, order).await?;
    let message_domain = trial.facts.list_id_domain.clone();
    trial.facts.from = house.config.personal_sender(list)?.from;
    // The fullest of each language stands for all.
    trial
        .variants
        .sort_by_key(|variant| std::cmp::Reverse(variant.items.len()));
    let mut shown: Vec<String> = Vec::new();
    trial.variants.retain(|variant| {
        let is_first = !shown.contains(&variant.language);
        shown.push(variant.language.clone());
        is_first
    });
    let mut tx = house.store.begin().await?;
    let mut queued = Vec::new();
    for variant in &mut trial.variants {
        variant.rendered.subject = format!("[Test] {}", variant.rendered.subject);
        variant.prepared = mail::compose(&Headers::of_digest(&trial.facts, &variant.language), &variant.rendered)?;
        for address in addresses {
            let parcel = Parcel {
                kind: "test",
                list: name,
                message_domain: &message_domain,
                address: &address.to_string(),
                date: house.now(),
            };
            queued.push(post(house, &mut tx, &parcel, variant).await?);
        }
    }
    tx.commit().await?;
    trial.queued = queued;
    let mails = trial.variants.len() * addresses.len();
    Ok((trial, mails))
}

/// What a mail to staff is, beside its words.
pub(super) struct Parcel<'a> {
    pub kind: &'static str,
    pub list: &'a str,
    pub message_domain: &'a str,
    pub address: &'a str,
    pub date: DateTime<Utc>,
}

/// Queues one mail to staff with an inert link for leaving.
pub(super) async fn post(
    house: &House,
    tx: &mut Tx,
    parcel: &Parcel<'_>,
    variant: &DraftVariant,
) -> anyhow::Result<i64> {
    let Parcel { kind, address, .. } = *parcel;
    let key = format!(
        "{kind} {address} {} {} {}",
        variant.language,
        variant.rendered.subject,
        house.now()
    );
    let hash = blake3::hash(key.as_bytes()).to_hex();
    let short = hash.get(..32).unwrap_or_default();
    let message = variant.prepared.splice(&Holes {
        to: address,
        name: None,
        date: parcel.date,
        message_id: &format!("{short}@{}", parcel.message_domain),
        boundary: &format!("=_{short}"),
        unsubscribe: &inert_link(house),
        preferences: &format!("{}/preferences", house.config.web.public_url),
        ..Holes::default()
    });
    let sender = house.config.personal_sender(house.config.list(parcel.list)?)?;
    let personal = Personal {
        kind,
        priority: 1,
        relay: sender.relay,
        recipient: address.to_owned(),
        sender: Mailbox::parse(&sender.bounces_to)?.address.to_string(),
        message,
        list: Some(parcel.list.to_owned()),
        link: None,
    };
    Ok(house.store.insert_personal(tx, &personal).await?)
}

fn inert_link(house: &House) -> String {
    format!("{}/unsubscribe/{}", house.config.web.public_url, Secret::inert())
}

/// A preview's files of what an order would send, as one person or as readers of the default language see it; what it
/// shows, and what staff should know about it.
pub async fn preview(
    house: &House,
    name: &str,
    order: &Order,
    person: Option<&Address>,
) -> anyhow::Result<(String, Files, Vec<String>)> {
    let shown = trial(house, name, order).await?;
    let theirs = match (person, draft(house, name, order).await?) {
        (Some(address), Some(draft)) => {
            let missing = || {
                format!("{address} is not on the list {name} for this edition; see `rapporteur why {name} {address}`")
            };
            let of_person = house.store.list_subscriptions_of(&address.key()).await?;
            let mut of_person = of_person.into_iter();
            let who = of_person.find(|who| who.list == name).with_context(missing)?.subscriber;
            let variant = draft.of_person(house, order, who.id).await?.with_context(missing)?;
            let variant = variant.map_err(|skip| anyhow::anyhow!("{address} gets nothing: {}", skip.as_str()))?;
            Some((variant, who.name))
        }
        (Some(address), None) => anyhow::bail!("{address} gets nothing: nothing is new"),
        _ => None,
    };
    let default = house
        .config
        .list(name)?
        .languages(&house.config.institute)
        .first()
        .cloned()
        .unwrap_or_default();
    let (variant, person_name) = match theirs {
        Some(theirs) => theirs,
        None => {
            let fullest = draft::fullest(&shown.variants, &default);
            (fullest.context("there is nothing to preview")?.clone(), None)
        }
    };
    let files = files(
        house,
        name,
        &variant.prepared,
        person,
        person_name.as_deref(),
        shown.date,
    )
    .await?;
    Ok((shown.of, files, variant.rendered.warnings))
}

/// A preview's files of a sealed edition: the very bytes, with an inert link.
pub async fn preview_sealed(house: &House, edition: &Edition, person: Option<&Address>) -> anyhow::Result<Files> {
    let key = person.map(Address::key);
    let (stored, name) = house
        .store
        .find_sealed_mail(edition.id, key.as_deref())
        .await?
        .with_context(|| match person {
            Some(address) => format!("{address} gets no mail of {}/{}", edition.list, edition.number),
            None => format!("{}/{} has no mail", edition.list, edition.number),
        })?;
    let prepared = Prepared::from_stored(&stored)?;
    let date = edition.released_at.unwrap_or(edition.due_at);
    files(house, &edition.list, &prepared, person, name.as_deref(), date).await
}

async fn files(
    house: &House,
    list: &str,
    prepared: &Prepared,
    person: Option<&Address>,
    name: Option<&str>,
    date: DateTime<Utc>,
) -> anyhow::Result<Files> {
    let to = person.map_or_else(|| "reader@example.org".to_owned(), Address::to_string);
    let eml = prepared.splice(&Holes {
        to: &to,
        name,
        date,
        message_id: "preview@example.org",
        boundary: "=_preview",
        unsubscribe: &inert_link(house),
        preferences: &format!("{}/preferences", house.config.web.public_url),
        ..Holes::default()
    });
    let parsed = mail_parser::MessageParser::default()
        .parse(eml.as_bytes())
        .context("the mail cannot be read back")?;
    let html = parsed.body_html(0).unwrap_or_default().into_owned();
    let text = parsed.body_text(0).unwrap_or_default().into_owned();
    let reports = house.store.list_published_reports().await?;
    let (now, config) = (house.now(), &*house.config);
    let open = reports
        .iter()
        .filter(|stored| stored.is_public(now) && is_open(config, stored));
    let source = feed::Source {
        config,
        templates: &house.templates,
        reports: &reports,
        known: &feed::Known::new(open, &config.web.public_url),
        pictures: &house.store.list_pictures().await?,
        now,
    };
    let scope = Scope::List(list.to_owned());
    let feed = feed::build(&scope, Part::Newest, source)?;
    Ok(vec![
        ("digest.eml", eml.into_bytes()),
        ("digest.html", html.into_bytes()),
        ("digest.txt", text.into_bytes()),
        ("feed.rss", feed.write(Format::Rss).into_bytes()),
        ("feed.atom", feed.write(Format::Atom).into_bytes()),
        ("feed.json", feed.write(Format::Json).into_bytes()),
        ("feed.ics", feed::calendar(&scope, source).0.into_bytes()),
    ])
}
