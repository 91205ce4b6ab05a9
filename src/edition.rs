//! Which reports an edition carries, for whom, in which order. Pure: the store loads, this decides, the store writes.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::config::InDoubt;
use crate::report::Report;

pub mod arrange;

/// What about a report an edition carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Matter {
    /// That the event will take place.
    Announcement,
    Report,
    /// A notice that this revision corrects an earlier one.
    Correction(i64),
}

impl std::fmt::Display for Matter {
    /// The form in the database and in `--json`: `announcement`, `report`, `correction:3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Matter::Announcement => f.write_str("announcement"),
            Matter::Report => f.write_str("report"),
            Matter::Correction(revision) => write!(f, "correction:{revision}"),
        }
    }
}

impl std::str::FromStr for Matter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "announcement" => Ok(Matter::Announcement),
            None if text == "report" => Ok(Matter::Report),
            Some(("correction", revision)) => revision.parse().map(Matter::Correction).map_err(|_| text.to_owned()),
            _ => Err(text.to_owned()),
        }
    }
}

impl Matter {
    /// What a report is to its readers at its newest revision.
    pub fn of(report: &Report) -> Matter {
        match report.is_announcement() {
            true => Matter::Announcement,
            false => Matter::Report,
        }
    }

    pub fn is_correction(self) -> bool {
        matches!(self, Matter::Correction(_))
    }
}

/// One report in an edition, at the revision that was sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The report's row, which is also its place in the order of first sight.
    pub report_id: i64,
    pub revision: i64,
    pub matter: Matter,
    /// Our page of the report: `/reports/{slug}`.
    pub slug: String,
    /// Correction notices: what was corrected.
    pub note: Option<String>,
    pub report: Report,
}

/// What enters an edition, and whom it concerns. Kept with the edition, so that `editions redo` asks for the same again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// All that is new to this cadence, for the people who read by it.
    Cadence(String),
    /// All that is missing from the ledger of any cadence somebody reads by, for everyone on the list.
    #[default]
    All,
    /// These reports alone, even if only archived; the others stay new.
    Only { reports: Vec<i64>, cadence: Option<String> },
    /// A notice about one report's newest revision, for those who had an earlier one: what was corrected.
    Correction { report: i64, note: String },
}

impl What {
    /// Whether people also get what they are owed. Named reports and notices go out alone, and the debt stays.
    pub fn brings_owed(&self) -> bool {
        matches!(self, What::Cadence(_) | What::All)
    }
}

/// What the editor asked for with `next/<list>.md` or the options of `send`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hand {
    pub subject: Option<String>,
    pub preheader: Option<String>,
    /// Report slugs or ids in the order wanted; the others follow.
    pub order: Vec<String>,
    /// Reports to leave out; they stay new.
    pub without: Vec<String>,
    /// The note on top, Markdown.
    pub note: Option<String>,
}

/// Whether a list takes a report: its sources, what it carries and the report's own wish decide.
pub fn list_takes(list: &crate::config::List, name: &str, report: &crate::store::Stored) -> bool {
    list.carries.takes(&report.report)
        && (list.sources.is_empty() || list.sources.contains(&report.source))
        && report
            .lists
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(|wanted| wanted == name))
}

/// Whether a report may stand in feeds and archive: not if only lists that are not public take it (rule 14).
pub fn is_open(config: &crate::config::Config, report: &crate::store::Stored) -> bool {
    let mut takers = config
        .lists
        .iter()
        .filter(|(name, list)| list_takes(list, name, report))
        .peekable();
    match takers.peek() {
        Some(_) => takers.any(|(_, list)| list.public),
        None => report.lists.is_none(),
    }
}

/// What of the configuration an edition keeps from its sealing on, so that a later edit never reaches a running send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sealed {
    pub what: What,
    /// `Name <address>` or an address.
    pub from: String,
    pub reply_to: Option<String>,
    /// Envelope sender; none: the address of `from`.
    pub bounce_address: Option<String>,
    pub in_doubt: InDoubt,
    /// Right-hand side of the Message-IDs.
    pub message_domain: String,
    pub list_title: String,
    /// Whether the archive shows it: decides once the list is gone from the configuration (rule 15).
    pub public: bool,
    pub relay: String,
    /// What the editor asked for, in the list's first language,
    pub hand: Hand,
    /// and in each language that had words of its own.
    pub hands: BTreeMap<String, Hand>,
}

impl Default for Sealed {
    fn default() -> Self {
        Sealed {
            what: What::All,
            from: String::new(),
            reply_to: None,
            bounce_address: None,
            in_doubt: InDoubt::Resend,
            message_domain: String::new(),
            list_title: String::new(),
            public: false,
            relay: String::new(),
            hand: Hand::default(),
            hands: BTreeMap::new(),
        }
    }
}

/// How far back a person is owed reports after a change of cadence.
const OWED_FOR: TimeDelta = TimeDelta::days(30);

/// An item that may enter an edition.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub item: Item,
    pub published_at: DateTime<Utc>,
    /// The report of an event that was announced before: new to whoever came after the announcement too.
    pub was_announced: bool,
    /// The first of the reports that say the same in several languages.
    pub work: i64,
    /// Not new to the edition: only for people who are owed it.
    pub owed: bool,
}

/// What a person has had of a report, over all lists, cadences and sends by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Had {
    pub report_id: i64,
    /// The first of the reports that say the same in several languages.
    pub work: i64,
    pub revision: i64,
    pub matter: Matter,
}

/// Why a person gets no mail of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// They have had everything in it, or it is older than their subscription.
    NothingNew,
    /// Nothing in it is about their topics.
    Topics,
}

impl Skip {
    /// The reason in the database and in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Skip::NothingNew => "nothing-new",
            Skip::Topics => "topics",
        }
    }
}

/// What decides about a person, or about all people who are alike in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    pub language: Option<String>,
    /// None: all.
    pub topics: Vec<String>,
    /// Reports with a larger id are new to them.
    pub since_report: i64,
    pub started_at: DateTime<Utc>,
    pub owed_since: Option<DateTime<Utc>>,
    /// Of what the edition may carry.
    pub had: Vec<Had>,
}

/// What a reader gets of an edition: places in `candidates`, or why nothing (rules 2, 3, 6 and 8 of editions).
/// `languages`: of the list, in its order.
pub fn choose(
    person: &Reader,
    candidates: &[Candidate],
    languages: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<usize>, Skip> {
    let had = &person.had;
    let owed_from = person.owed_since.map(|since| since.max(now - OWED_FOR));
    let lacks = |candidate: &Candidate| {
        let item = &candidate.item;
        let of_report = had.iter().filter(|had| had.report_id == item.report_id);
        // Who had it in another language has had it.
        let mut of_work = had.iter().filter(|had| had.work == candidate.work);
        match item.matter {
            Matter::Report | Matter::Announcement => {
                let is_later = item.report_id > person.since_report
                    || (candidate.was_announced && candidate.published_at > person.started_at);
                is_later
                    && (!candidate.owed || owed_from.is_some_and(|from| candidate.published_at >= from))
                    // Who had the report needs no announcement.
                    && of_work.all(|had| had.matter != Matter::Report && had.matter != item.matter)
            }
            // A notice is for who read the earlier text and was not told yet.
            Matter::Correction(revision) => {
                let knows = |had: &Had| match had.matter {
                    Matter::Report | Matter::Announcement => had.revision >= revision,
                    Matter::Correction(told) => told >= revision,
                };
                let of_report: Vec<_> = of_report.collect();
                !of_report.is_empty() && !of_report.into_iter().any(knows)
            }
        }
    };
    let new: Vec<usize> = (0..candidates.len())
        .filter(|place| candidates.get(*place).is_some_and(lacks))
        .collect();
    if new.is_empty() {
        return Err(Skip::NothingNew);
    }
    let wanted = |place: &usize| {
        candidates.get(*place).is_some_and(|candidate| {
            let topics = &candidate.item.report.topics;
            candidate.item.matter.is_correction() || wants(&person.topics, topics)
        })
    };
    let chosen: Vec<usize> = new.into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        return Err(Skip::Topics);
    }
    let own = person.language.as_deref().map(primary);
    let rank = |candidate: &Candidate| {
        let language = candidate.item.report.language.as_deref().unwrap_or_default();
        let of_list = languages.iter().position(|tag| primary(tag) == language);
        (own.as_deref() != Some(language), of_list.unwrap_or(usize::MAX))
    };
    Ok(one_of_each_work(chosen, candidates, rank))
}

fn primary(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_lowercase()
}

/// Of places that say the same in several languages one: what was said before what will be, then the lowest rank, then
/// the original. Notices stay, since they are for who read that very text.
pub fn one_of_each_work<R: Ord>(
    places: Vec<usize>,
    candidates: &[Candidate],
    rank: impl Fn(&Candidate) -> R,
) -> Vec<usize> {
    let key = |place: usize| {
        let candidate = candidates.get(place).filter(|it| !it.item.matter.is_correction())?;
        let is_announcement = candidate.item.matter == Matter::Announcement;
        Some((
            candidate.work,
            (is_announcement, rank(candidate), candidate.item.report_id),
        ))
    };
    let mut best: HashMap<i64, usize> = HashMap::new();
    for place in &places {
        if let Some((work, own)) = key(*place)
            && best
                .get(&work)
                .and_then(|known| key(*known))
                .is_none_or(|(_, known)| own < known)
        {
            best.insert(work, *place);
        }
    }
    let is_best = |place: &usize| key(*place).is_none_or(|(work, _)| best.get(&work) == Some(place));
    places.into_iter().filter(is_best).collect()
}

/// None chosen = all; a report without topics goes to everyone on the list (rule 6).
fn wants(chosen: &[String], topics: &[String]) -> bool {
    let is_same = |a: &str, b: &str| slug::slugify(a) == slug::slugify(b);
    chosen.is_empty()
        || topics.is_empty()
        || topics
            .iter()
            .any(|topic| chosen.iter().any(|wish| is_same(wish, topic)))
}
