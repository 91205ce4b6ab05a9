//! Who gets which variant of an edition, without a list of people.
//!
//! In: what the edition may carry, and the groups of people who are alike. Out: variants, each rendered once, and how many
//! people get which. The surprising part: people who were owed something or had some of it before are looked at one by
//! one, and forgotten again; sealing, which enters rows, looks at them a second time.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::DraftVariant;
use super::render::Renderer;
use crate::edition::{Candidate, Item, Reader, Skip, choose};
use crate::publish::House;
use crate::store::{Audience, Group};

/// People looked at one by one who are in memory at a time.
const AT_A_TIME: usize = 5_000;

/// Whom an edition concerns, and what they get.
#[derive(Clone, Debug)]
pub struct Readers {
    pub audience: Audience,
    /// Each with the place of its variant, or why it gets none.
    pub groups: Vec<(Group, Result<usize, Skip>)>,
    /// What the edition may carry.
    pool: Vec<Candidate>,
    languages: Vec<String>,
    now: DateTime<Utc>,
    /// Variants by language and places in the pool.
    places: HashMap<(String, Vec<usize>), usize>,
    /// People by variant.
    counts: HashMap<usize, u64>,
    skipped: BTreeMap<&'static str, u64>,
}

impl Readers {
    /// Looks at everyone. `known` are the groups of the same audience, if somebody has asked for them already.
    pub(super) async fn look_at(
        renderer: &Renderer<'_>,
        house: &House,
        pool: Vec<Candidate>,
        audience: Audience,
        known: Option<&Readers>,
    ) -> anyhow::Result<(Readers, Vec<DraftVariant>)> {
        let groups: Vec<Group> = match known.filter(|known| known.audience == audience) {
            Some(known) => known.groups.iter().map(|(group, _)| group.clone()).collect(),
            None => house.store.group_readers(&audience).await?,
        };
        let mut readers = Readers {
            audience,
            groups: Vec::with_capacity(groups.len()),
            pool,
            languages: renderer.languages(),
            now: house.now(),
            places: HashMap::new(),
            counts: HashMap::new(),
            skipped: BTreeMap::new(),
        };
        let mut variants = Vec::new();
        for group in groups {
            let before = variants.len();
            let place = readers.place(&group.reader, renderer, &mut variants)?;
            readers.count(place, group.people);
            readers.groups.push((group, place));
            if variants.len() > before {
                // Rendering takes milliseconds, in which nobody else would be served.
                tokio::task::yield_now().await;
            }
        }
        let audience = readers.audience.clone();
        let mut apart = house.store.list_readers_apart(&audience).try_chunks(AT_A_TIME);
        while let Some(mut some) = apart.try_next().await.map_err(|error| error.1)? {
            house.store.add_had(&audience, &mut some).await?;
            for (_, reader) in &some {
                let place = readers.place(reader, renderer, &mut variants)?;
                readers.count(place, 1);
            }
        }
        Ok((readers, variants))
    }

    /// The variant that a reader gets, which is rendered if it is the first of its kind.
    pub(in crate::publish) fn place(
        &mut self,
        reader: &Reader,
        renderer: &Renderer<'_>,
        variants: &mut Vec<DraftVariant>,
    ) -> anyhow::Result<Result<usize, Skip>> {
        let items = match choose(reader, &self.pool, &self.languages, self.now) {
            Ok(items) => items,
            Err(skip) => return Ok(Err(skip)),
        };
        let language = renderer.language_for(reader.language.as_deref());
        self.variant(language, items, renderer, variants).map(Ok)
    }

    /// The variant of a language with what stands in these places of the pool, in their order.
    pub(super) fn variant(
        &mut self,
        language: String,
        items: Vec<usize>,
        renderer: &Renderer<'_>,
        variants: &mut Vec<DraftVariant>,
    ) -> anyhow::Result<usize> {
        let key = (language, items);
        if let Some(place) = self.places.get(&key) {
            return Ok(*place);
        }
        let items: Vec<Item> = key
            .1
            .iter()
            .filter_map(|place| Some(self.pool.get(*place)?.item.clone()))
            .collect();
        variants.push(renderer.render(&key.0, items)?);
        self.places.insert(key, variants.len() - 1);
        Ok(variants.len() - 1)
    }

    fn count(&mut self, place: Result<usize, Skip>, people: u64) {
        match place {
            Ok(place) => *self.counts.entry(place).or_default() += people,
            Err(skip) => *self.skipped.entry(skip.as_str()).or_default() += people,
        }
    }

    /// How many get a mail.
    pub fn recipients(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many get none, by reason.
    pub fn skipped(&self) -> &BTreeMap<&'static str, u64> {
        &self.skipped
    }

    /// How many get the variant in this place.
    pub(super) fn of_variant(&self, place: usize) -> u64 {
        self.counts.get(&place).copied().unwrap_or(0)
    }
}
