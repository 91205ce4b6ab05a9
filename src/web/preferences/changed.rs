//! What somebody changed on their page: the form, held against what it showed.
//!
//! In: a [`Shown`], as the page was made or as its form sends it back, and the form. Out: a [`Change`]. Pure. The
//! surprising thing: a browser sends every field, touched or not, so that only what differs from what was shown is a
//! wish; what the configuration or the list's file changed meanwhile stays.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::config::{Config, List};
use crate::store::{Subscriber, Subscription};
use crate::web::negotiation::nearest;
use crate::web::subscribe::Asked;

/// Nobody pauses for longer; whoever wants that leaves.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(366);

/// The choices of the page, as it showed them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shown {
    /// Those they were on.
    pub lists: BTreeMap<String, ShownList>,
    /// Empty: theirs is none of ours, or they have none.
    pub language: String,
}

/// Of one list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ShownList {
    /// The one that counts: their own, or the list's default.
    pub cadence: String,
    pub topics: BTreeSet<String>,
    /// A day, or empty.
    pub pause: String,
}

impl Shown {
    pub(super) fn of(
        config: &Config,
        languages: &[String],
        person: &Subscriber,
        on: &[Subscription],
        now: DateTime<Utc>,
    ) -> Shown {
        let lists = on.iter().filter_map(|it| {
            let list = config.lists.get(&it.list)?;
            Some((it.list.clone(), ShownList::of(list, it, now)))
        });
        let language = person.language.as_deref().and_then(|own| nearest(own, languages));
        Shown {
            lists: lists.collect(),
            language: language.unwrap_or_default().to_owned(),
        }
    }
}

impl ShownList {
    fn of(list: &List, it: &Subscription, now: DateTime<Utc>) -> ShownList {
        let own = it.cadence.as_deref().filter(|word| list.cadences.contains_key(*word));
        let pause = it.paused_until.filter(|until| *until > now);
        ShownList {
            cadence: own.or(list.default_cadence()).unwrap_or_default().to_owned(),
            topics: it.topics.iter().cloned().collect(),
            pause: pause.map(|until| day_of(list, until).to_string()).unwrap_or_default(),
        }
    }
}

/// The form of the page.
pub(super) struct Form {
    pub asked: Asked,
    pub leaves_all: bool,
    /// None: it is no form of ours, and means nothing.
    pub is_ours: bool,
    /// What its page showed; none: whoever sends it looked at no page, and means what is stored.
    pub shown: Option<Shown>,
    /// Days, by list.
    pauses: BTreeMap<String, String>,
}

impl Form {
    pub(super) fn read(body: &[u8]) -> Form {
        let mut form = Form {
            asked: Asked::from_form(body),
            leaves_all: false,
            is_ours: false,
            shown: None,
            pauses: BTreeMap::new(),
        };
        for (field, value) in form_urlencoded::parse(body) {
            match (&*field, &*value, field.split_once('.')) {
                ("from", "page", _) => form.is_ours = true,
                ("leave", "all", _) => form.leaves_all = true,
                ("shown", shown, _) => form.shown = serde_json::from_str(shown).ok(),
                (_, day, Some(("pause", list))) => drop(form.pauses.insert(list.to_owned(), day.to_owned())),
                _ => {}
            }
        }
        form
    }

    /// The language they chose, if they chose one; as typed.
    pub(super) fn language(&self, shown: &Shown) -> Option<&str> {
        let wanted = self.asked.language.as_str();
        Some(wanted).filter(|wanted| !wanted.is_empty() && *wanted != shown.language)
    }

    /// What they changed of a list that stays ticked. None: not what the page offers.
    pub(super) fn change(
        &self,
        list: &List,
        it: &Subscription,
        shown: &ShownList,
        now: DateTime<Utc>,
    ) -> Option<Change> {
        let mut change = Change::default();
        if let Some(word) = self.asked.cadences.get(&it.list).filter(|word| **word != shown.cadence) {
            if !list.cadences.contains_key(word) {
                return None;
            }
            change.cadence = Some(word.clone());
        }
        let ticked: BTreeSet<String> = self.asked.topics.get(&it.list).into_iter().flatten().cloned().collect();
        if ticked != shown.topics {
            let offered = topics_on_offer(list, &it.topics);
            if !ticked.iter().all(|topic| offered.contains(&topic.as_str())) {
                return None;
            }
            let in_order = offered.into_iter().filter(|topic| ticked.contains(*topic));
            change.topics = Some(in_order.map(str::to_owned).collect());
        }
        if let Some(day) = self.pauses.get(&it.list).filter(|day| **day != shown.pause) {
            change.paused_until = Some(match day.as_str() {
                "" => None,
                day => pause(list, day.parse().ok()?, now)?,
            });
        }
        Some(change)
    }
}

/// What is to be otherwise; none: as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Change {
    pub cadence: Option<String>,
    pub topics: Option<Vec<String>>,
    pub paused_until: Option<Option<DateTime<Utc>>>,
}

/// Those of the list in its order, and after them those that somebody has though the list has them no more.
pub(super) fn topics_on_offer<'a>(list: &'a List, had: &'a [String]) -> Vec<&'a str> {
    let gone = had.iter().filter(|topic| !list.topics.contains_key(*topic));
    list.topics.keys().chain(gone).map(String::as_str).collect()
}

/// The first and the last day that a pause may end on.
pub(super) fn pause_days(list: &List, now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let today = now.with_timezone(&list.zone()).date_naive();
    (today + TimeDelta::days(1), today + LONGEST_PAUSE)
}

/// When a day begins where the list is read, at a whole hour; the inner none: it has begun already, which is no pause.
#[expect(clippy::option_option, reason = "the outer one says whether the day is on offer")]
fn pause(list: &List, day: NaiveDate, now: DateTime<Utc>) -> Option<Option<DateTime<Utc>>> {
    let (first, last) = pause_days(list, now);
    if day > last {
        return None;
    }
    if day < first {
        return Some(None);
    }
    let local = list
        .zone()
        .from_local_datetime(&day.and_time(NaiveTime::MIN))
        .earliest();
    // A day that the clock begins an hour late.
    let until = local.map_or(day.and_time(NaiveTime::MIN).and_utc(), |local| local.to_utc());
    Some(Some(until.duration_trunc(TimeDelta::hours(1)).unwrap_or(until)))
}

fn day_of(list: &List, until: DateTime<Utc>) -> NaiveDate {
    // The hour may have begun on the day before, where zones are off by half an hour.
    let within = until + TimeDelta::minutes(59);
    within.with_timezone(&list.zone()).date_naive()
}
