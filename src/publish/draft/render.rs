//! The variants of one edition: each language and set of items, rendered once.
//!
//! In: items and the editor's words. Out: [`DraftVariant`]s, and what the mails say of their list. The surprising part:
//! the day that words such as "today" refer to is the day of the slot, not of the sealing, so that what is shown ahead
//! is what goes out.

use anyhow::Context;
use chrono::NaiveDate;

use super::{DraftVariant, Order};
use crate::config::List;
use crate::edition::arrange::arrange;
use crate::edition::{Hand, Item};
use crate::mail::{self, Digest, Headers, Links, ListFacts};
use crate::publish::House;

/// One variant outside any edition: for test sends and previews.
pub(in crate::publish) async fn show(
    house: &House,
    name: &str,
    order: &Order,
    language: &str,
    items: Vec<Item>,
) -> anyhow::Result<(ListFacts, DraftVariant)> {
    let renderer = Renderer::new(house, name, house.config.list(name)?, order).await?;
    let variant = renderer.render(&renderer.language_for(Some(language)), items)?;
    Ok((renderer.facts, variant))
}

/// Renders the variants of one edition.
pub(in crate::publish) struct Renderer<'a> {
    house: &'a House,
    list: &'a List,
    order: &'a Order,
    pub(in crate::publish) facts: ListFacts,
    pub(super) today: NaiveDate,
}

impl<'a> Renderer<'a> {
    pub(in crate::publish) async fn new(
        house: &'a House,
        name: &str,
        list: &'a List,
        order: &'a Order,
    ) -> anyhow::Result<Renderer<'a>> {
        Ok(Renderer {
            facts: list_facts(house, name, list, house.store.last_number(name).await? + 1)?,
            // The day of the slot, not of the sealing: what is shown ahead is what goes out.
            today: order.due_at.with_timezone(&list.zone()).date_naive(),
            house,
            list,
            order,
        })
    }

    /// The list's languages in its order.
    pub(super) fn languages(&self) -> Vec<String> {
        self.list.languages(&self.house.config.institute).to_vec()
    }

    pub(super) fn default_language(&self) -> String {
        let languages = self.list.languages(&self.house.config.institute);
        languages.first().cloned().unwrap_or_else(|| "en".into())
    }

    /// The reader's language if the list speaks it, else the list's first (rule 6).
    pub(super) fn language_for(&self, wish: Option<&str>) -> String {
        let languages = self.list.languages(&self.house.config.institute);
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
        let spoken = wish.and_then(|wish| languages.iter().find(|language| primary(language) == primary(wish)));
        spoken.cloned().unwrap_or_else(|| self.default_language())
    }

    pub(super) fn hand(&self, language: &str) -> Hand {
        self.order
            .hands
            .get(language)
            .or_else(|| self.order.hands.get(""))
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn render(&self, language: &str, items: Vec<Item>) -> anyhow::Result<DraftVariant> {
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
        let (page, _) = rendered.fill(None, "#", "#");
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
pub(in crate::publish) fn list_facts(house: &House, name: &str, list: &List, number: i64) -> anyhow::Result<ListFacts> {
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
        can_join: list.public && house.config.signup.open,
        number,
    })
}
