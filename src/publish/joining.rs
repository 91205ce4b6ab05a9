//! People join by themselves: a request waits its turn, is answered by mail, and becomes a subscription when it is
//! confirmed.
//!
//! In: rows of `signup`, as the page and the endpoint took them down. Out: mails, each queued in the transaction that is
//! its reason (REL-14), and subscriptions. Nothing typed stands in any of the mails (PRIV-04). The surprising thing:
//! limits of network, domain and hour lose nothing, they make a request wait; only what one address is sent is cut off.

mod letters;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use self::letters::{Parcel, post, spoken, welcome};
use super::House;
use crate::config::{Config, List};
use crate::mail::Letter;
use crate::store::{CountedMail, Sent, Signup, Store, Subscriber, Trouble, Tx, Wish};
use crate::subscriber::Address;
use crate::token::Link;

/// How long a link for confirming works (PRIV-03).
const LINK: TimeDelta = TimeDelta::hours(72);
/// One address gets no second mail that a stranger may have caused within a day,
const PER_ADDRESS: TimeDelta = TimeDelta::hours(24);
/// and so many within thirty days.
const MOST_PER_ADDRESS: usize = 3;
const MONTH: TimeDelta = TimeDelta::days(30);
/// The limits of network, domain and all count over this.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// A request that could not be answered by then is forgotten.
const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// What stands still when staff close the page: `rapporteur pause signup`.
pub const SIGNUP: &str = "signup";
/// What the alert is about.
const PAGE: &str = "page";

/// Whether the page and the endpoint take requests now.
pub async fn is_open(house: &House) -> anyhow::Result<bool> {
    Ok(house.config.signup.open && !house.store.is_paused(SIGNUP).await?)
}

/// The lists that people can join by themselves, in the order of the configuration.
pub fn joinable(config: &Config) -> impl Iterator<Item = (&str, &List)> {
    let public = config.lists.iter().filter(|(_, list)| list.public);
    public.map(|(name, list)| (name.as_str(), list))
}

/// Answers requests that wait, reminds whom there is to remind, forgets what is too old. Returns how many mails that made.
pub async fn answer_signups(house: &House) -> anyhow::Result<usize> {
    watch(house).await?;
    if !house.store.has_signups().await? {
        return Ok(0);
    }
    let now = house.now();
    let mut tx = house.store.begin_alone("signup").await?;
    let mut desk = Desk {
        house,
        sent: house.store.count_confirmations(&mut tx, now - HOUR).await?,
        epoch: house.store.find_fact("epoch").await?.unwrap_or_else(|| "1".to_owned()),
        mails: 0,
        now,
    };
    if is_open(house).await? {
        for signup in house.store.list_waiting_signups(&mut tx).await? {
            desk.answer(&mut tx, &signup).await?;
        }
        if let Some(after) = house.config.signup.remind_after {
            let before = now - TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
            for signup in house.store.list_unreminded_signups(&mut tx, before).await? {
                desk.remind(&mut tx, &signup).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(desk.mails)
}

/// Forgets what is too old; to be called now and then.
pub async fn purge_signups(house: &House) -> anyhow::Result<u64> {
    let (now, settings) = (house.now(), &house.config.signup);
    let before = |time: std::time::Duration| now - TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    let networks = settings.keep_network.map_or(now, before);
    let mut tx = house.store.begin_alone("signup").await?;
    let gone = house
        .store
        .purge_signups(
            &mut tx,
            now - PATIENCE,
            before(settings.keep_unconfirmed),
            networks,
            now,
        )
        .await?;
    tx.commit().await?;
    Ok(gone)
}

/// More people ask and do not confirm than is usual: staff should know (SEC-15).
async fn watch(house: &House) -> anyhow::Result<()> {
    let alarm = house.config.signup.alarm;
    let asked = match alarm {
        0 => 0,
        _ => house.store.count_signups(house.now() - HOUR).await?,
    };
    if alarm > 0 && asked > alarm {
        let why = format!("{asked} requests of the last hour are not confirmed");
        let since = house.now();
        return Ok(house.store.raise_alert(Trouble::Signups, PAGE, &why, since).await?);
    }
    let matter = Trouble::Signups.matter(PAGE);
    if house.store.is_raised(&matter).await? {
        house.store.end_alert_and_tell(&matter).await?;
    }
    Ok(())
}

/// Who answers, and how much went out within the hour.
struct Desk<'a> {
    house: &'a House,
    sent: Sent,
    epoch: String,
    mails: usize,
    now: DateTime<Utc>,
}

impl Desk<'_> {
    async fn answer(&mut self, tx: &mut Tx, signup: &Signup) -> anyhow::Result<()> {
        let store = &self.house.store;
        let Ok(address) = Address::parse(&signup.address) else {
            store.delete_signup(tx, signup.id).await?;
            return Ok(());
        };
        // Erased, complained, or kept away by staff: nobody knows who asks.
        if is_suppressed(self.house, tx, &signup.address_key).await? {
            store.delete_signup(tx, signup.id).await?;
            return Ok(());
        }
        let counted = self.counted(&address, &signup.network_key);
        if !self.has_room(&counted) {
            return Ok(());
        }
        let person = store.find_subscriber_by_key(&signup.address_key).await?;
        let state = person.as_ref().map(|person| person.state.as_str());
        let may_write = may_write(&store.list_confirmations(tx, &counted.address_key).await?, self.now);
        let had = match state {
            Some("active") => active_lists(store, &signup.address_key).await?,
            _ => HashSet::new(),
        };
        let wishes: Vec<&Wish> = self.open_wishes(signup, &had);
        // Whoever asks for no list asks for their link.
        let asks_for = |name: &&String| match signup.wishes.is_empty() {
            true => had.contains(*name),
            false => had.contains(*name) && signup.wishes.iter().any(|wish| wish.list == **name),
        };
        let known: Vec<&str> = self
            .house
            .config
            .lists
            .keys()
            .filter(asks_for)
            .map(String::as_str)
            .collect();
        match (wishes.is_empty(), &person) {
            // They called our mail unwanted, and nobody knows who asks.
            _ if state == Some("suppressed") => {
                store.delete_signup(tx, signup.id).await?;
            }
            (true, Some(person)) if !known.is_empty() => {
                store.delete_signup(tx, signup.id).await?;
                if may_write {
                    self.tell_known(tx, signup, &address, &known, person).await?;
                    self.count(tx, counted).await?;
                }
            }
            // The lists are gone meanwhile.
            (true, _) => {
                store.delete_signup(tx, signup.id).await?;
            }
            (false, _) => {
                let open = Signup {
                    wishes: wishes.into_iter().cloned().collect(),
                    ..signup.clone()
                };
                if self.take(tx, &open, &address, may_write).await? {
                    self.count(tx, counted).await?;
                }
            }
        }
        Ok(())
    }

    /// Mails the link, or adds the request to the one whose link is out. True: a mail was made.
    async fn take(&mut self, tx: &mut Tx, signup: &Signup, address: &Address, may_write: bool) -> anyhow::Result<bool> {
        let store = &self.house.store;
        let mailed = store.find_mailed_signup(tx, &signup.address_key).await?;
        let signup = match mailed {
            Some(mailed) => {
                store.merge_signup(tx, &mailed, signup).await?;
                store
                    .find_mailed_signup(tx, &signup.address_key)
                    .await?
                    .unwrap_or(mailed)
            }
            // They confirmed or let it lie, and were mailed often enough: asking again is for later.
            None if !may_write => {
                store.delete_signup(tx, signup.id).await?;
                return Ok(false);
            }
            None => signup.clone(),
        };
        if may_write {
            self.ask(tx, &signup, address, false).await?;
            store.mark_signup_mailed(tx, &signup, self.now).await?;
        }
        Ok(may_write)
    }

    async fn remind(&mut self, tx: &mut Tx, signup: &Signup) -> anyhow::Result<()> {
        let store = &self.house.store;
        let Ok(address) = Address::parse(&signup.address) else {
            return Ok(());
        };
        let counted = self.counted(&address, &signup.network_key);
        let works = signup.mailed_at.is_some_and(|at| at + LINK > self.now);
        let may_write = may_write(&store.list_confirmations(tx, &counted.address_key).await?, self.now);
        if works && may_write && self.has_room(&counted) {
            store.mark_signup_reminded(tx, signup.id, self.now).await?;
            self.ask(tx, signup, &address, true).await?;
            self.count(tx, counted).await?;
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
        known: &[&str],
        person: &Subscriber,
    ) -> anyhow::Result<()> {
        let titles = known.iter().filter_map(|name| self.house.config.lists.get(*name));
        let letter = Letter::Known {
            lists: titles.map(|list| list.title.clone()).collect(),
        };
        let link = Link::Preferences { subscriber: person.id };
        let language = person.language.as_deref().or(signup.spoken());
        self.post(tx, &letter, address, language, known.first().copied(), link)
            .await
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

    fn counted(&self, address: &Address, network_key: &str) -> CountedMail {
        let secret = &self.house.secret;
        CountedMail {
            address_key: secret.blind("address", &address.key()),
            domain_key: secret.blind("domain", address.ascii_domain()),
            network_key: network_key.to_owned(),
        }
    }

    fn has_room(&self, counted: &CountedMail) -> bool {
        let settings = &self.house.config.signup;
        let of = |counts: &HashMap<String, u32>, key: &str| counts.get(key).copied().unwrap_or(0);
        self.sent.overall < settings.overall
            && of(&self.sent.by_domain, &counted.domain_key) < settings.per_domain
            && of(&self.sent.by_network, &counted.network_key) < settings.per_network
    }

    async fn count(&mut self, tx: &mut Tx, counted: CountedMail) -> anyhow::Result<()> {
        self.house.store.record_confirmation(tx, &counted, self.now).await?;
        self.sent.count(counted.domain_key, counted.network_key, 1);
        Ok(())
    }
}

/// Whether no list may mail this address, whoever asks.
async fn is_suppressed(house: &House, tx: &mut Tx, address_key: &str) -> anyhow::Result<bool> {
    let hashes = house.secret.suppressions(address_key);
    Ok(!house.store.find_suppressions(Some(tx), &hashes).await?.is_empty())
}

/// Whether one address may be sent one more, after these of late, the newest first.
fn may_write(sent: &[DateTime<Utc>], now: DateTime<Utc>) -> bool {
    let within = |time: TimeDelta| sent.iter().filter(|at| **at > now - time).count();
    within(PER_ADDRESS) == 0 && within(MONTH) < MOST_PER_ADDRESS
}

/// Lists that an address is on.
async fn active_lists(store: &Store, address_key: &str) -> anyhow::Result<HashSet<String>> {
    let all = store.list_subscriptions_of(address_key).await?;
    Ok(all
        .into_iter()
        .filter(|it| it.state == "active")
        .map(|it| it.list)
        .collect())
}

/// The request behind a confirm link; none if there is none any more, or never was.
pub async fn find_request(house: &House, token: &str) -> anyhow::Result<Option<Signup>> {
    let Some((id, requested_at)) = house.secret.verify_confirm(token) else {
        return Ok(None);
    };
    Ok(house.store.find_signup(id, requested_at, house.now() - LINK).await?)
}

/// Makes subscriptions of a request, and of these lists of it alone. Returns them; none: the request is gone, or the
/// person is suppressed.
pub async fn confirm(house: &House, signup: &Signup, lists: &[String]) -> anyhow::Result<Option<Vec<String>>> {
    let (store, now) = (&house.store, house.now());
    let open: HashSet<&str> = joinable(&house.config).map(|(name, _)| name).collect();
    let wishes: Vec<&Wish> = signup
        .wishes
        .iter()
        .filter(|wish| open.contains(wish.list.as_str()) && lists.contains(&wish.list))
        .collect();
    let mut tx = store.begin_alone("signup").await?;
    if wishes.is_empty() || !store.delete_signup(&mut tx, signup.id).await? {
        return Ok(None);
    }
    if is_suppressed(house, &mut tx, &signup.address_key).await? {
        return Ok(None);
    }
    let Some(subscriber) = store.join(&mut tx, signup, &wishes, now).await? else {
        return Ok(None);
    };
    for wish in &wishes {
        welcome(house, &mut tx, signup, wish, subscriber).await?;
    }
    tx.commit().await?;
    Ok(Some(wishes.iter().map(|wish| wish.list.clone()).collect()))
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
        for (hours, may) in [
            (&[][..], true),
            (&[1], false),
            (&[23], false),
            (&[24], true),
            (&[30, 60], true),
            (&[30, 60, 90], false),
            (&[30, 60, 24 * 30], true),
            (&[30, 60, 24 * 30 - 1], false),
        ] {
            assert_eq!(may_write(&ago(hours), now), may, "{hours:?}");
        }
    }
}
