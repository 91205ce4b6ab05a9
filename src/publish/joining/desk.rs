//! Where requests are answered: who asks is looked up here for the first time, and told by mail alone.
//!
//! In: requests that wait. Out: mails, each with the rows that count it, within one transaction. Surprising: a request
//! counts for its network, its domain and the hour when it has its turn, whether that makes a mail or not, since else
//! what is left of a limit would tell who is on a list (PRIV-05); and one bad request holds up no other.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::letters::{Parcel, post, spoken};
use super::{HOUR, LINK, is_open, is_suppressed, joinable};
use crate::mail::Letter;
use crate::publish::House;
use crate::store::{self, CountedSignup, Sent, Signup, Store, Subscriber, Tx, Wish};
use crate::subscriber::Address;
use crate::token::Link;

/// One address gets no second mail that a stranger may have caused within a day,
const PER_ADDRESS: TimeDelta = TimeDelta::hours(24);
/// and so many within thirty days.
const MOST_PER_ADDRESS: usize = 3;
const MONTH: TimeDelta = TimeDelta::days(30);

/// What a request comes down to, once it is known who asks.
enum Ask<'s> {
    /// Lists that they are not on.
    Lists(Vec<&'s Wish>),
    /// Their own link, since they are on these.
    Link(Subscriber, Vec<String>),
    /// There is nobody to be written to, or nothing to be had.
    Nothing,
}

/// When an address may be written to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    Now,
    /// They had a mail today: the request waits.
    Tomorrow,
    /// They had as many as a month allows.
    Never,
}

/// Who answers, and how much went out within the hour.
pub(super) struct Desk<'a> {
    house: &'a House,
    sent: Sent,
    epoch: String,
    pub(super) mails: usize,
    is_open: bool,
    now: DateTime<Utc>,
}

impl<'a> Desk<'a> {
    pub(super) async fn open(house: &'a House, tx: &mut Tx) -> anyhow::Result<Desk<'a>> {
        let now = house.now();
        Ok(Desk {
            house,
            sent: house.store.count_answers(tx, now - HOUR).await?,
            epoch: house.store.find_fact("epoch").await?.unwrap_or_else(|| "1".to_owned()),
            mails: 0,
            is_open: is_open(house).await?,
            now,
        })
    }

    pub(super) async fn answer_all(&mut self, tx: &mut Tx) -> anyhow::Result<()> {
        for signup in self.house.store.list_waiting_signups(tx).await? {
            self.serve(tx, signup, Turn::First).await?;
        }
        Ok(())
    }

    pub(super) async fn remind_all(&mut self, tx: &mut Tx, mailed_before: DateTime<Utc>) -> anyhow::Result<()> {
        if !self.is_open {
            return Ok(());
        }
        for signup in self.house.store.list_unreminded_signups(tx, mailed_before).await? {
            self.serve(tx, signup, Turn::Reminder).await?;
        }
        Ok(())
    }

    /// What goes wrong with one request is logged and leaves no trace.
    async fn serve(&mut self, tx: &mut Tx, signup: store::Result<Signup>, turn: Turn) -> anyhow::Result<()> {
        let (store, mails) = (&self.house.store, self.mails);
        store.set_mark(tx).await?;
        let served = match (signup, turn) {
            (Err(error), _) => Err(error.into()),
            (Ok(signup), Turn::First) => self.answer(tx, &signup).await,
            (Ok(signup), Turn::Reminder) => self.remind(tx, &signup).await,
        };
        match served {
            Ok(()) => store.release_mark(tx).await?,
            Err(error) => {
                tracing::error!("a request to join was not answered, it is tried again: {error:#}");
                store.return_to_mark(tx).await?;
                self.mails = mails;
            }
        }
        Ok(())
    }

    async fn answer(&mut self, tx: &mut Tx, signup: &Signup) -> anyhow::Result<()> {
        let store = &self.house.store;
        let Ok(address) = Address::parse(&signup.address) else {
            store.delete_signup(tx, signup).await?;
            return Ok(());
        };
        // Whoever asks for their link gets it also while nobody can join.
        if !self.is_open && !signup.wishes.is_empty() {
            return Ok(());
        }
        if !signup.is_counted {
            let counted = self.counted(&address, &signup.network_key);
            if !self.has_room(&counted) {
                return Ok(());
            }
            self.count(tx, counted).await?;
            store.mark_signup_counted(tx, signup.id).await?;
        }
        match self.find_ask(tx, signup).await? {
            Ask::Lists(wishes) => self.offer_lists(tx, signup, &address, wishes).await,
            Ask::Link(person, lists) => self.give_link(tx, signup, &address, &person, &lists).await,
            Ask::Nothing => {
                store.delete_signup(tx, signup).await?;
                Ok(())
            }
        }
    }

    async fn find_ask<'s>(&self, tx: &mut Tx, signup: &'s Signup) -> anyhow::Result<Ask<'s>> {
        let store = &self.house.store;
        let person = store.find_subscriber_by_key(&signup.address_key).await?;
        let state = person.as_ref().map(|person| person.state.as_str());
        // Erased, complained, or kept away by staff: nobody knows who asks.
        if state == Some("suppressed") || is_suppressed(self.house, tx, &signup.address_key).await? {
            return Ok(Ask::Nothing);
        }
        let had = match state {
            Some("active") => active_lists(store, &signup.address_key).await?,
            _ => HashSet::new(),
        };
        let wishes = self.open_wishes(signup, &had);
        if !wishes.is_empty() {
            return Ok(Ask::Lists(wishes));
        }
        // Whoever asks for no list asks for their link.
        let is_asked = |name: &str| signup.wishes.is_empty() || signup.wishes.iter().any(|wish| wish.list == name);
        let lists = self.house.config.lists.keys();
        let known: Vec<String> = lists
            .filter(|name| had.contains(*name) && is_asked(name))
            .cloned()
            .collect();
        Ok(match person {
            Some(person) if !known.is_empty() => Ask::Link(person, known),
            _ => Ask::Nothing,
        })
    }

    /// Mails the link for confirming, or adds the request to the one whose link is out.
    async fn offer_lists(
        &mut self,
        tx: &mut Tx,
        signup: &Signup,
        address: &Address,
        wishes: Vec<&Wish>,
    ) -> anyhow::Result<()> {
        let store = &self.house.store;
        let asked = Signup {
            wishes: wishes.into_iter().cloned().collect(),
            ..signup.clone()
        };
        let pace = self.pace(tx, address).await?;
        let mailed = store.find_mailed_signup(tx, &signup.address_key).await?;
        let (works, over) = match mailed {
            Some(mailed) if mailed.mailed_at.is_some_and(|at| at + LINK > self.now) => (Some(mailed), None),
            mailed => (None, mailed),
        };
        let asked = match works {
            Some(mailed) => {
                store.merge_signup(tx, &mailed, &asked).await?;
                let merged = store.find_mailed_signup(tx, &signup.address_key).await?;
                merged.unwrap_or(mailed)
            }
            None => asked,
        };
        match pace {
            Pace::Now => {
                // A link that works no more makes room for the new one, with all that was asked for by it.
                if let Some(over) = over {
                    store.delete_signup(tx, &over).await?;
                }
                self.ask(tx, &asked, address, false).await?;
                store.mark_signup_mailed(tx, &asked, self.now).await?;
                store.record_mail(tx, &self.address_key(address), self.now).await?;
            }
            Pace::Never if asked.mailed_at.is_none() => {
                store.delete_signup(tx, signup).await?;
            }
            Pace::Tomorrow | Pace::Never => {}
        }
        Ok(())
    }

    async fn give_link(
        &mut self,
        tx: &mut Tx,
        signup: &Signup,
        address: &Address,
        person: &Subscriber,
        lists: &[String],
    ) -> anyhow::Result<()> {
        let store = &self.house.store;
        let pace = self.pace(tx, address).await?;
        if pace != Pace::Tomorrow {
            store.delete_signup(tx, signup).await?;
        }
        if pace == Pace::Now {
            self.tell_known(tx, signup, address, lists, person).await?;
            store.record_mail(tx, &self.address_key(address), self.now).await?;
        }
        Ok(())
    }

    async fn remind(&mut self, tx: &mut Tx, signup: &Signup) -> anyhow::Result<()> {
        let store = &self.house.store;
        let Ok(address) = Address::parse(&signup.address) else {
            return Ok(());
        };
        let counted = self.counted(&address, &signup.network_key);
        let works = signup.mailed_at.is_some_and(|at| at + LINK > self.now);
        if works && self.has_room(&counted) && self.pace(tx, &address).await? == Pace::Now {
            store.mark_signup_reminded(tx, signup.id, self.now).await?;
            self.ask(tx, signup, &address, true).await?;
            self.count(tx, counted).await?;
            store.record_mail(tx, &self.address_key(&address), self.now).await?;
        }
        Ok(())
    }

    /// The mail with the link.
    async fn ask(&mut self, tx: &mut Tx, signup: &Signup, address: &Address, reminder: bool) -> anyhow::Result<()> {
        let lists = self.open_wishes(signup, &HashSet::new());
        let titles = |wish: &&Wish| Some(self.house.config.lists.get(&wish.list)?.title.clone());
        let letter = Letter::Confirm {
            lists: lists.iter().filter_map(titles).collect(),
            hours: LINK.num_hours(),
            reminder,
        };
        let link = Link::Confirm {
            signup: signup.id,
            requested_at: signup.requested_at.timestamp_millis(),
        };
        let list = lists.first().map(|wish| wish.list.as_str());
        self.post(tx, &letter, address, signup.spoken(), list, link).await
    }

    async fn tell_known(
        &mut self,
        tx: &mut Tx,
        signup: &Signup,
        address: &Address,
        known: &[String],
        person: &Subscriber,
    ) -> anyhow::Result<()> {
        let titles = known.iter().filter_map(|name| self.house.config.lists.get(name));
        let letter = Letter::Known {
            lists: titles.map(|list| list.title.clone()).collect(),
        };
        let link = Link::Preferences { subscriber: person.id };
        let language = person.language.as_deref().or(signup.spoken());
        let list = known.first().map(String::as_str);
        self.post(tx, &letter, address, language, list, link).await
    }

    async fn post(
        &mut self,
        tx: &mut Tx,
        letter: &Letter,
        address: &Address,
        language: Option<&str>,
        list: Option<&str>,
        link: Link,
    ) -> anyhow::Result<()> {
        let language = spoken(self.house, language);
        let parcel = Parcel {
            letter,
            address: &address.to_string(),
            language: &language,
            list,
            link,
            epoch: &self.epoch,
        };
        post(self.house, tx, parcel).await?;
        self.mails += 1;
        Ok(())
    }

    /// Lists of the request that can be joined and that the person has not.
    fn open_wishes<'s>(&self, signup: &'s Signup, had: &HashSet<String>) -> Vec<&'s Wish> {
        let open: HashSet<&str> = joinable(&self.house.config).map(|(name, _)| name).collect();
        let wishes = signup.wishes.iter();
        wishes
            .filter(|wish| open.contains(wish.list.as_str()) && !had.contains(&wish.list))
            .collect()
    }

    async fn pace(&self, tx: &mut Tx, address: &Address) -> anyhow::Result<Pace> {
        let mails = self.house.store.list_mails(tx, &self.address_key(address)).await?;
        Ok(pace(&mails, self.now))
    }

    fn address_key(&self, address: &Address) -> String {
        self.house.secret.blind("address", mailbox(&address.key()).as_ref())
    }

    fn counted(&self, address: &Address, network_key: &str) -> CountedSignup {
        CountedSignup {
            domain_key: self.house.secret.blind("domain", address.ascii_domain()),
            network_key: network_key.to_owned(),
        }
    }

    fn has_room(&self, counted: &CountedSignup) -> bool {
        let settings = &self.house.config.signup;
        let of = |counts: &HashMap<String, u32>, key: &str| counts.get(key).copied().unwrap_or(0);
        self.sent.overall < settings.overall
            && of(&self.sent.by_domain, &counted.domain_key) < settings.per_domain
            && of(&self.sent.by_network, &counted.network_key) < settings.per_network
    }

    async fn count(&mut self, tx: &mut Tx, counted: CountedSignup) -> anyhow::Result<()> {
        self.house.store.record_answer(tx, &counted, self.now).await?;
        self.sent.count(counted.domain_key, counted.network_key, 1);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Turn {
    First,
    Reminder,
}

/// When an address may be written to, after these mails of late, the newest first.
fn pace(sent: &[DateTime<Utc>], now: DateTime<Utc>) -> Pace {
    let within = |time: TimeDelta| sent.iter().filter(|at| **at > now - time).count();
    match (within(MONTH), within(PER_ADDRESS)) {
        (month, _) if month >= MOST_PER_ADDRESS => Pace::Never,
        (_, 0) => Pace::Now,
        _ => Pace::Tomorrow,
    }
}

/// What limits take for one mailbox: mostly what stands behind a `+` leads into the same.
fn mailbox(address_key: &str) -> String {
    match address_key.rsplit_once('@') {
        Some((local, domain)) => {
            let name = local.split_once('+').map_or(local, |(name, _)| name);
            format!("{name}@{domain}")
        }
        None => address_key.to_owned(),
    }
}

/// Lists that an address is on.
async fn active_lists(store: &Store, address_key: &str) -> anyhow::Result<HashSet<String>> {
    let all = store.list_subscriptions_of(address_key).await?;
    let active = all.into_iter().filter(|it| it.state == "active");
    Ok(active.map(|it| it.list).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn one_mail_a_day_and_three_in_thirty_days() {
        let now: DateTime<Utc> = "2026-05-04T08:00:00Z".parse().unwrap();
        let ago = |hours: &[i64]| {
            hours
                .iter()
                .map(|hours| now - TimeDelta::hours(*hours))
                .collect::<Vec<_>>()
        };
        for (hours, expected) in [
            (&[][..], Pace::Now),
            (&[1], Pace::Tomorrow),
            (&[23], Pace::Tomorrow),
            (&[24], Pace::Now),
            (&[30, 60], Pace::Now),
            (&[1, 30], Pace::Tomorrow),
            (&[30, 60, 90], Pace::Never),
            (&[1, 60, 90], Pace::Never),
            (&[30, 60, 24 * 30], Pace::Now),
            (&[30, 60, 24 * 30 - 1], Pace::Never),
        ] {
            assert_eq!(pace(&ago(hours), now), expected, "{hours:?}");
        }
    }

    #[test]
    fn what_stands_behind_a_plus_is_the_same_mailbox() {
        for (key, expected) in [
            ("anna@example.org", "anna@example.org"),
            ("anna+news@example.org", "anna@example.org"),
            ("anna+a+b@example.org", "anna@example.org"),
            ("+@example.org", "@example.org"),
        ] {
            assert_eq!(mailbox(key), expected);
        }
    }
}
