//! An edition before it is one: what it would carry, for whom, in which words. Nothing is written.
//!
//! In: a list and an [`Order`]. Out: a [`Draft`], or none if there is nothing new for anybody. Sealing, `--dry-run`,
//! previews and `why` all look at the same draft, so that what was shown is what is sent.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, Utc};

use super::{House, MANUAL, cadences_of};
use crate::config::{Approval, List};
use crate::edition::arrange::arrange;
use crate::edition::{Candidate, Had, Hand, Item, Matter, Sealed, Skip, What, choose, list_takes};
use crate::mail::{self, Digest, Headers, Links, ListFacts, Prepared, Rendered};
use crate::store::{Stored, Subscription};

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
    /// Everyone concerned: the place of their variant, or why they get no mail.
    pub people: Vec<(Subscription, Result<usize, Skip>)>,
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
    pub fn recipients(&self) -> usize {
        self.people.iter().filter(|(_, variant)| variant.is_ok()).count()
    }

    /// How many get a mail, by language.
    pub fn by_language(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for variant in self
            .people
            .iter()
            .filter_map(|(_, variant)| self.variants.get(*variant.as_ref().ok()?))
        {
            *counts.entry(variant.language.as_str()).or_default() += 1;
        }
        counts
    }

    /// How many get none, by reason.
    pub fn skipped(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for skip in self.people.iter().filter_map(|(_, variant)| variant.err()) {
            *counts.entry(skip.as_str()).or_default() += 1;
        }
        counts
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

    /// The variant most people of a language get; the fullest if nobody does.
    pub fn variant_for(&self, language: &str) -> Option<&DraftVariant> {
        let of_language = self.variants.iter().filter(|variant| variant.language == language);
        of_language
            .max_by_key(|variant| variant.items.len())
            .or_else(|| self.variants.first())
    }
}

/// Drafts the edition of an order. None: nothing is new, or nobody would get a mail.
pub async fn draft(house: &House, name: &str, order: &Order) -> anyhow::Result<Option<Draft>> {
    let list = house.config.list(name)?;
    let now = house.now();
    let mut candidates = candidates(house, name, list, order).await?;
    let without: Vec<String> = order
        .hands
        .values()
        .flat_map(|hand| hand.without.iter().cloned())
        .collect();
    let left_out = |candidate: &Candidate| is_named(&candidate.item, &without);
    candidates.retain(|candidate| !left_out(candidate));
    if candidates.is_empty() || (order.slot.is_some() && candidates.iter().all(|it| it.item.matter != Matter::Report)) {
        return Ok(None);
    }
    let people = concerned(house, name, list, &order.what).await?;
    let mut pool = candidates;
    if order.what.brings_owed() && people.iter().any(|person| person.owed_since.is_some()) {
        let owed = owed(house, name, list, &pool).await?;
        pool.extend(owed.into_iter().filter(|candidate| !left_out(candidate)));
    }
    let reports: Vec<i64> = pool.iter().map(|candidate| candidate.item.report_id).collect();
    let had = house.store.list_had(&reports).await?;
    write(house, name, list, order, &pool, people, &had, now).await
}

/// What was looked at for a slot that stays empty although people read by its cadence: they have had it, or it is not
/// about their topics. It is not new any more, so that widening topics brings nothing back (rule 3).
pub(super) async fn considered(house: &House, name: &str, order: &Order) -> anyhow::Result<Vec<(i64, Matter)>> {
    let list = house.config.list(name)?;
    if concerned(house, name, list, &order.what).await?.is_empty() {
        return Ok(Vec::new());
    }
    let without: Vec<String> = order
        .hands
        .values()
        .flat_map(|hand| hand.without.iter().cloned())
        .collect();
    let candidates = candidates(house, name, list, order).await?;
    let kept = candidates
        .iter()
        .filter(|it| !is_named(&it.item, &without) && it.item.matter == Matter::Report);
    Ok(kept.map(|it| (it.item.report_id, it.item.matter)).collect())
}

/// Chooses for each person, renders each variant once.
#[expect(clippy::too_many_arguments, reason = "the parts of one draft, each used once")]
async fn write(
    house: &House,
    name: &str,
    list: &List,
    order: &Order,
    pool: &[Candidate],
    people: Vec<Subscription>,
    had: &HashMap<i64, Vec<Had>>,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Draft>> {
    let desk = Desk::new(house, name, list, order).await?;
    let mut places: HashMap<(String, Vec<usize>), usize> = HashMap::new();
    let mut variants: Vec<DraftVariant> = Vec::new();
    let mut rows = Vec::with_capacity(people.len());
    for person in people {
        let variant = match choose(&person, pool, had, now) {
            Err(skip) => Err(skip),
            Ok(chosen) => {
                let language = desk.language_for(person.subscriber.language.as_deref());
                let key = (language, chosen);
                Ok(match places.get(&key) {
                    Some(place) => *place,
                    None => {
                        let items = key
                            .1
                            .iter()
                            .filter_map(|place| Some(pool.get(*place)?.item.clone()))
                            .collect();
                        variants.push(desk.render(&key.0, items)?);
                        places.insert(key, variants.len() - 1);
                        variants.len() - 1
                    }
                })
            }
        };
        rows.push((person, variant));
    }
    if variants.is_empty() {
        return Ok(None);
    }
    let is_carried = |item: &Item| {
        let mut carried = variants.iter().flat_map(|variant| &variant.items);
        carried.any(|other| other.report_id == item.report_id && other.matter == item.matter)
    };
    let fresh = pool.iter().filter(|candidate| !candidate.owed);
    let (fresh, known): (Vec<Item>, Vec<Item>) = fresh.map(|candidate| candidate.item.clone()).partition(is_carried);
    let correction = match &order.what {
        What::Correction { report, note } => {
            let revision = fresh
                .iter()
                .find(|item| item.report_id == *report)
                .map(|item| item.revision);
            revision.map(|revision| (*report, revision, note.clone()))
        }
        _ => None,
    };
    // The public page shows the first language with everything the edition carries, whoever reads it so (rule 14).
    let language = desk.default_language();
    let is_whole = |variant: &DraftVariant| variant.language == language && variant.items.len() == fresh.len();
    let whole: Vec<usize> = (0..pool.len())
        .filter(|place| pool.get(*place).is_some_and(|it| !it.owed && is_carried(&it.item)))
        .collect();
    if !places.contains_key(&(language.clone(), whole)) && !variants.iter().any(is_whole) {
        let page = desk.render(&language, fresh.clone())?;
        variants.push(page);
    }
    let hand = desk.hand(&language);
    let mut warnings: Vec<String> = variants
        .iter()
        .flat_map(|variant| variant.rendered.warnings.clone())
        .collect();
    warnings.dedup();
    Ok(Some(Draft {
        list: name.to_owned(),
        number: desk.facts.number,
        cadence: order.cadence.clone(),
        slot: order.slot,
        due_at: order.due_at,
        needs_approval: needs_approval(house, name, list, order).await?,
        items: arrange(fresh, desk.today, &hand.order),
        known,
        correction,
        ledgers: ledgers(list, &order.what),
        variants,
        people: rows,
        settles_owed: order.what.brings_owed(),
        sealed: Sealed {
            what: order.what.clone(),
            from: list.from.clone(),
            reply_to: list.reply_to.clone(),
            bounce_address: list.bounce_address.clone(),
            in_doubt: list.in_doubt,
            message_domain: desk.facts.list_id_domain.clone(),
            list_title: list.title.clone(),
            relay: house.config.relay_of(list)?.0.to_owned(),
            hand,
            hands: order.hands.clone(),
            public: list.public,
        },
        facts: desk.facts.clone(),
        warnings,
    }))
}

async fn needs_approval(house: &House, name: &str, list: &List, order: &Order) -> anyhow::Result<bool> {
    Ok(match list.approval {
        Approval::None => false,
        Approval::Required => true,
        // The first that goes out by itself; what a person sends by hand a person has seen.
        Approval::First => order.slot.is_some() && !house.store.has_scheduled_edition(name).await?,
    })
}

/// The cadences whose ledgers say what is new: for a send by hand those that somebody reads by, so that a rhythm nobody
/// chose does not keep everything new for ever.
async fn read_cadences(house: &House, name: &str, list: &List, what: &What) -> anyhow::Result<Vec<String>> {
    let all = ledgers(list, what);
    if *what != What::All || list.cadences.is_empty() {
        return Ok(all);
    }
    let people = house.store.list_active_people(name).await?;
    if people.is_empty() {
        return Ok(all);
    }
    let is_read = |cadence: &String| people.iter().any(|person| reads_by(list, person) == Some(cadence));
    Ok(all.into_iter().filter(is_read).collect())
}

/// Whose ledgers a send enters: its own cadence's, or all of them.
fn ledgers(list: &List, what: &What) -> Vec<String> {
    match what {
        What::Cadence(cadence)
        | What::Only {
            cadence: Some(cadence), ..
        } => vec![cadence.clone()],
        What::All | What::Only { cadence: None, .. } | What::Correction { .. } => {
            cadences_of(list).map(str::to_owned).collect()
        }
    }
}

/// Everyone the edition concerns.
async fn concerned(house: &House, name: &str, list: &List, what: &What) -> anyhow::Result<Vec<Subscription>> {
    let mut people = house.store.list_active_people(name).await?;
    if let What::Cadence(cadence)
    | What::Only {
        cadence: Some(cadence), ..
    } = what
    {
        people.retain(|person| reads_by(list, person) == Some(cadence.as_str()));
    }
    Ok(people)
}

/// The cadence a person reads a list by: their own while the list offers it, else the list's default.
pub fn reads_by<'a>(list: &'a List, person: &'a Subscription) -> Option<&'a str> {
    let own = person
        .cadence
        .as_deref()
        .filter(|word| list.cadences.contains_key(*word));
    own.or_else(|| list.default_cadence())
}

/// A report staff named: it has to be public, or, where they only look, to lack nothing but the end of `settle`.
async fn find_named(house: &House, id: i64, order: &Order) -> anyhow::Result<Stored> {
    let stored = house.store.find_report(id).await?;
    let stored = stored.with_context(|| format!("there is no report {id}; see `rapporteur reports`"))?;
    let state = stored.state(house.now());
    if state != "published" && !(order.settling && state == "settling") {
        bail!("report {id} is not published ({state}); see `rapporteur reports show {id}`");
    }
    Ok(stored)
}

async fn candidates(house: &House, name: &str, list: &List, order: &Order) -> anyhow::Result<Vec<Candidate>> {
    let now = house.now();
    let mut found: BTreeMap<(i64, Matter), Candidate> = BTreeMap::new();
    match &order.what {
        What::Only { reports, .. } => {
            for id in reports {
                let stored = find_named(house, *id, order).await?;
                if !list_takes(list, name, &stored) {
                    bail!(
                        "report {id} is not for the list {name}: its source {} or its own `lists` says so",
                        stored.source
                    );
                }
                found.insert((*id, Matter::Report), candidate(stored, false));
            }
        }
        What::Correction { report: id, note } => {
            let stored = find_named(house, *id, order).await?;
            if stored.revision == 1 {
                bail!("report {id} has not changed since it came; correct its file first, then people are told");
            }
            let mut notice = candidate(stored, false);
            notice.item.matter = Matter::Correction(notice.item.revision);
            notice.item.note = Some(note.clone());
            found.insert((*id, notice.item.matter), notice);
        }
        What::All | What::Cadence(_) => {
            if order.settling {
                for stored in house.store.list_settling(now).await? {
                    if list_takes(list, name, &stored) {
                        found.insert((stored.id, Matter::Report), candidate(stored, false));
                    }
                }
            }
            for cadence in read_cadences(house, name, list, &order.what).await? {
                for stored in house.store.list_unledgered(name, &cadence, now).await? {
                    if list_takes(list, name, &stored) {
                        found.insert((stored.id, Matter::Report), candidate(stored, false));
                    }
                }
                for (id, revision) in house.store.list_untold_corrections(name, &cadence).await? {
                    found.extend(notice(house, id, revision).await?.map(|it| ((id, it.item.matter), it)));
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// What waits for a list that nobody is on yet; empty if somebody is.
pub(super) async fn waiting(house: &House, name: &str, order: &Order) -> anyhow::Result<Vec<Item>> {
    if !house.store.list_active_people(name).await?.is_empty() {
        return Ok(Vec::new());
    }
    let waiting = candidates(house, name, house.config.list(name)?, order).await?;
    Ok(waiting.into_iter().map(|candidate| candidate.item).collect())
}

/// What the list published lately that is not new to the edition: for people who are owed it.
async fn owed(house: &House, name: &str, list: &List, fresh: &[Candidate]) -> anyhow::Result<Vec<Candidate>> {
    let month_ago = house.now() - super::AUTO_BACKFILL;
    let known = house.store.list_public_reports().await?;
    Ok(known
        .into_iter()
        .filter(|stored| !stored.archived && stored.published_at.is_some_and(|at| at >= month_ago))
        .filter(|stored| list_takes(list, name, stored) && fresh.iter().all(|it| it.item.report_id != stored.id))
        .map(|stored| candidate(stored, true))
        .collect())
}

async fn notice(house: &House, id: i64, revision: i64) -> anyhow::Result<Option<Candidate>> {
    let Some((note, at)) = house.store.find_correction(id, revision).await? else {
        return Ok(None);
    };
    let stored = house.store.find_report(id).await?;
    Ok(stored.map(|stored| {
        let mut candidate = candidate(stored, false);
        candidate.item.matter = Matter::Correction(revision);
        candidate.item.note = Some(note);
        candidate.published_at = at;
        candidate
    }))
}

fn candidate(stored: Stored, owed: bool) -> Candidate {
    Candidate {
        published_at: stored.published_at.unwrap_or(stored.first_seen_at),
        item: Item {
            report_id: stored.id,
            revision: stored.revision,
            matter: Matter::Report,
            slug: stored.slug,
            note: None,
            report: stored.report,
        },
        owed,
    }
}

/// Whether an item is meant by one of these words: its id, its slug, or the editor's own key.
pub(super) fn is_named(item: &Item, words: &[String]) -> bool {
    let id = item.report_id.to_string();
    words
        .iter()
        .any(|word| *word == id || *word == item.slug || item.report.handling.id.as_ref() == Some(word))
}

/// One variant outside any edition: for test sends and previews.
pub(super) async fn show(
    house: &House,
    name: &str,
    order: &Order,
    language: &str,
    items: Vec<Item>,
) -> anyhow::Result<(ListFacts, DraftVariant)> {
    let desk = Desk::new(house, name, house.config.list(name)?, order).await?;
    let variant = desk.render(&desk.language_for(Some(language)), items)?;
    Ok((desk.facts, variant))
}

/// Renders the variants of one edition.
struct Desk<'a> {
    house: &'a House,
    list: &'a List,
    order: &'a Order,
    facts: ListFacts,
    today: NaiveDate,
}

impl<'a> Desk<'a> {
    async fn new(house: &'a House, name: &str, list: &'a List, order: &'a Order) -> anyhow::Result<Desk<'a>> {
        let zone = list
            .cadences
            .values()
            .find_map(|cadence| Some(cadence.times()?.1))
            .unwrap_or(chrono_tz::UTC);
        Ok(Desk {
            facts: list_facts(house, name, list, house.store.last_number(name).await? + 1)?,
            // The day of the slot, not of the sealing: what is shown ahead is what goes out.
            today: order.due_at.with_timezone(&zone).date_naive(),
            house,
            list,
            order,
        })
    }

    fn default_language(&self) -> String {
        let languages = self.list.languages(&self.house.config.institute);
        languages.first().cloned().unwrap_or_else(|| "en".into())
    }

    /// The reader's language if the list speaks it, else the list's first (rule 6).
    fn language_for(&self, wish: Option<&str>) -> String {
        let languages = self.list.languages(&self.house.config.institute);
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
        let spoken = wish.and_then(|wish| languages.iter().find(|language| primary(language) == primary(wish)));
        spoken.cloned().unwrap_or_else(|| self.default_language())
    }

    fn hand(&self, language: &str) -> Hand {
        self.order
            .hands
            .get(language)
            .or_else(|| self.order.hands.get(""))
            .cloned()
            .unwrap_or_default()
    }

    fn render(&self, language: &str, items: Vec<Item>) -> anyhow::Result<DraftVariant> {
        let hand = self.hand(language);
        let digest = Digest {
            list: self.facts.clone(),
            language: language.to_owned(),
            today: self.today,
            items: arrange(items, self.today, &hand.order),
            hand,
            links: Links::of(&self.facts),
            full_text_of_one: self.list.full_text_of_one,
        };
        let mut rendered = mail::render_digest(&self.house.templates, &digest)?;
        let prepared = mail::compose(&Headers::of_digest(&self.facts, language), &rendered)?;
        rendered.warnings.extend(mail::size_warning(&prepared));
        // The public page is nobody's: its link for leaving leads nowhere.
        let (page, _) = rendered.fill(None, "#");
        Ok(DraftVariant {
            language: language.to_owned(),
            items: digest.items,
            rendered,
            prepared,
            page,
        })
    }
}

/// What a mail says of its list.
pub(super) fn list_facts(house: &House, name: &str, list: &List, number: i64) -> anyhow::Result<ListFacts> {
    let institute = &house.config.institute;
    let sender = list.sender().with_context(|| format!("lists.{name}.from"))?;
    Ok(ListFacts {
        name: name.to_owned(),
        title: list.title.clone(),
        institute: institute.name.clone(),
        postal_address: institute.postal_address.clone(),
        from: list.from.clone(),
        reply_to: list.reply_to.clone(),
        basis: list.basis.clone(),
        languages: list.languages(institute).to_vec(),
        public_url: house.config.web.public_url.clone(),
        list_id_domain: sender.address.ascii_domain().to_owned(),
        public: list.public,
        number,
    })
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
