//! An edition before it is one: what it would carry, for whom, in which words. Nothing is written.
//!
//! In: a list and an [`Order`]. Out: a [`Draft`], or none if there is nothing new for anybody. Sealing, `--dry-run`,
//! previews and `why` all look at the same draft, so that what was shown is what is sent.

mod candidates;
mod readers;
mod render;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use self::candidates::{candidates, ledgers, owed};
use self::readers::Readers;
use super::{House, MANUAL};
use crate::config::{Approval, List};
use crate::edition::arrange::arrange;
use crate::edition::{Candidate, Hand, Item, Matter, Sealed, Skip, What, one_of_each_work};
use crate::mail::{ListFacts, Prepared, Rendered};
use crate::store::Audience;

pub use self::candidates::reads_by;
pub(super) use self::candidates::{concerned, is_named, waiting};
pub(super) use self::render::{Renderer, list_facts, show};

/// Which edition is wanted.
#[derive(Clone, Debug)]
pub struct Order {
    pub what: What,
    /// The word of the edition's cadence: one of the list's, or `manual`.
    pub cadence: String,
    /// The slot it fills; none for a send by hand.
    pub slot: Option<i64>,
    /// Not released before.
    pub due_at: DateTime<Utc>,
    /// By language of the frame; the empty key serves all languages that have none of their own.
    pub hands: BTreeMap<String, Hand>,
    /// Also what is not published yet only because it has not lain still for `settle`: for looking, never for sealing.
    pub settling: bool,
}

/// The order of a send by hand of everything that is new.
pub fn by_hand(house: &House, hands: BTreeMap<String, Hand>) -> Order {
    Order {
        what: What::All,
        cadence: MANUAL.to_owned(),
        slot: None,
        due_at: house.now(),
        hands,
        settling: false,
    }
}

/// An edition that could be sealed.
#[derive(Clone, Debug)]
pub struct Draft {
    pub list: String,
    pub number: i64,
    pub cadence: String,
    pub slot: Option<i64>,
    pub due_at: DateTime<Utc>,
    pub needs_approval: bool,
    /// What at least one person gets as new, in the order of the digest.
    pub items: Vec<Item>,
    /// What was new but nobody gets: everybody has had it, or it is outside their topics. The ledger knows it from now on.
    pub known: Vec<Item>,
    /// A notice by hand becomes part of the report's history only when it is sealed: report, revision, note.
    pub correction: Option<(i64, i64, String)>,
    /// The cadences whose ledgers the items enter.
    pub ledgers: Vec<String>,
    pub variants: Vec<DraftVariant>,
    /// Everyone concerned, and who gets which variant.
    pub readers: Readers,
    /// Whether people got what they were owed.
    pub settles_owed: bool,
    pub sealed: Sealed,
    /// What its mails say of the list.
    pub facts: ListFacts,
    pub warnings: Vec<String>,
}

/// One language and one set of items.
#[derive(Clone, Debug)]
pub struct DraftVariant {
    pub language: String,
    pub items: Vec<Item>,
    pub rendered: Rendered,
    pub prepared: Prepared,
    /// HTML for the public page, without holes.
    pub page: String,
}

impl Draft {
    /// How many get a mail.
    pub fn recipients(&self) -> u64 {
        self.readers.recipients()
    }

    /// How many get a mail, by language.
    pub fn by_language(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for (place, variant) in self.variants.iter().enumerate() {
            let people = self.readers.of_variant(place);
            if people > 0 {
                *counts.entry(variant.language.as_str()).or_default() += people;
            }
        }
        counts
    }

    /// What one person gets; none: the edition does not concern them.
    pub async fn of_person(
        &self,
        house: &House,
        order: &Order,
        subscriber_id: i64,
    ) -> anyhow::Result<Option<Result<DraftVariant, Skip>>> {
        let Some(reader) = house.store.find_reader(&self.readers.audience, subscriber_id).await? else {
            return Ok(None);
        };
        let renderer = Renderer::new(house, &self.list, house.config.list(&self.list)?, order).await?;
        let (mut readers, mut variants) = (self.readers.clone(), self.variants.clone());
        let place = readers.place(&reader, &renderer, &mut variants)?;
        Ok(match place {
            Ok(place) => variants.into_iter().nth(place).map(Ok),
            Err(skip) => Some(Err(skip)),
        })
    }

    /// Of the sealed bytes: subject and mail of every variant. An approval holds for these bytes alone.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for variant in &self.variants {
            for part in [
                &variant.language,
                &variant.rendered.subject,
                &variant.prepared.to_stored(),
            ] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// What stands for all readers of a language.
    pub fn variant_for(&self, language: &str) -> Option<&DraftVariant> {
        fullest(&self.variants, language)
    }
}

/// The variant of a language with the most items; of another language if there is none.
pub(super) fn fullest<'a>(variants: &'a [DraftVariant], language: &str) -> Option<&'a DraftVariant> {
    let of_language = variants.iter().filter(|variant| variant.language == language);
    of_language
        .max_by_key(|variant| variant.items.len())
        .or_else(|| variants.first())
}

/// A draft, and what was looked at for it: it is new no more, even if nobody gets it.
#[derive(Default)]
pub(super) struct Drafted {
    /// None: nothing is new, or nobody would get a mail.
    pub draft: Option<Draft>,
    pub looked_at: Vec<(i64, Matter)>,
}

/// Drafts the edition of an order. None: nothing is new, or nobody would get a mail.
pub async fn draft(house: &House, name: &str, order: &Order) -> anyhow::Result<Option<Draft>> {
    Ok(redraft(house, name, order, None).await?.draft)
}

/// The same once more. Who is alike is taken from the earlier draft, if it could carry the same.
pub(super) async fn redraft(
    house: &House,
    name: &str,
    order: &Order,
    earlier: Option<&Draft>,
) -> anyhow::Result<Drafted> {
    let list = house.config.list(name)?;
    let mut candidates = candidates(house, name, list, order).await?;
    let without: Vec<String> = order
        .hands
        .values()
        .flat_map(|hand| hand.without.iter().cloned())
        .collect();
    let left_out = |candidate: &Candidate| is_named(&candidate.item, &without);
    candidates.retain(|candidate| !left_out(candidate));
    let reports = candidates.iter().filter(|it| !it.item.matter.is_correction());
    let looked_at: Vec<_> = reports.map(|it| (it.item.report_id, it.item.matter)).collect();
    let nothing = |looked_at| Drafted { draft: None, looked_at };
    if candidates.is_empty() || (order.slot.is_some() && looked_at.is_empty()) {
        return Ok(nothing(looked_at));
    }
    let reads = concerned(list, &order.what);
    let mut pool = candidates;
    if order.what.brings_owed() && house.store.is_owed(name).await? {
        let owed = owed(house, name, list, &pool).await?;
        pool.extend(owed.into_iter().filter(|candidate| !left_out(candidate)));
    }
    let works: BTreeSet<i64> = pool.iter().map(|candidate| candidate.work).collect();
    let audience = Audience::new(name, reads, &pool, house.store.find_past(&works).await?, order.due_at);
    let renderer = Renderer::new(house, name, list, order).await?;
    let earlier_readers = earlier.map(|earlier| &earlier.readers);
    let (mut readers, mut variants) =
        Readers::look_at(&renderer, house, pool.clone(), audience, earlier_readers).await?;
    if variants.is_empty() {
        return Ok(nothing(looked_at));
    }
    let carried = (0..pool.len()).filter(|place| {
        let new = pool.get(*place).filter(|candidate| !candidate.owed);
        new.is_some_and(|candidate| variants.iter().any(|variant| carries(variant, &candidate.item)))
    });
    let first = renderer.default_language();
    let page = one_of_each_work(carried.collect(), &pool, |candidate| {
        candidate.item.report.language.as_ref() != Some(&first)
    });
    let new = pool.into_iter().filter(|candidate| !candidate.owed);
    let (items, known): (Vec<Item>, Vec<Item>) = new
        .map(|candidate| candidate.item)
        .partition(|item| variants.iter().any(|variant| carries(variant, item)));
    // The public page shows the first language with everything the edition carries, whoever reads it so (rule 14).
    readers.variant(first, page, &renderer, &mut variants)?;
    let hand = renderer.hand(&renderer.default_language());
    let mut warnings: Vec<String> = variants
        .iter()
        .flat_map(|variant| variant.rendered.warnings.clone())
        .collect();
    warnings.dedup();
    let draft = Draft {
        list: name.to_owned(),
        number: renderer.facts.number,
        cadence: order.cadence.clone(),
        slot: order.slot,
        due_at: order.due_at,
        needs_approval: needs_approval(house, name, list, order).await?,
        correction: correction(&order.what, &items),
        items: arrange(items, renderer.today, &hand.order),
        known,
        ledgers: ledgers(list, &order.what),
        variants,
        readers,
        settles_owed: order.what.brings_owed(),
        sealed: Sealed {
            what: order.what.clone(),
            from: list.from.clone(),
            reply_to: list.reply_to.clone(),
            bounce_address: list.bounce_address.clone(),
            in_doubt: list.in_doubt,
            message_domain: renderer.facts.list_id_domain.clone(),
            list_title: list.title.clone(),
            relay: house.config.relay_of(list)?.0.to_owned(),
            hand,
            hands: order.hands.clone(),
            public: list.public,
        },
        facts: renderer.facts,
        warnings,
    };
    Ok(Drafted {
        draft: Some(draft),
        looked_at,
    })
}

fn carries(variant: &DraftVariant, item: &Item) -> bool {
    let is_it = |other: &Item| other.report_id == item.report_id && other.matter == item.matter;
    variant.items.iter().any(is_it)
}

/// What a notice by hand says of its report: report, revision, note.
fn correction(what: &What, items: &[Item]) -> Option<(i64, i64, String)> {
    let What::Correction { report, note } = what else {
        return None;
    };
    let item = items.iter().find(|item| item.report_id == *report)?;
    Some((*report, item.revision, note.clone()))
}

async fn needs_approval(house: &House, name: &str, list: &List, order: &Order) -> anyhow::Result<bool> {
    Ok(match list.approval {
        Approval::None => false,
        Approval::Required => true,
        // The first that goes out by itself; what a person sends by hand a person has seen.
        Approval::First => order.slot.is_some() && !house.store.has_scheduled_edition(name).await?,
    })
}
