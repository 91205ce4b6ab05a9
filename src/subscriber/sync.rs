//! What a file changes on a list: a decision without any doing.
//!
//! In: the file as read and what is known about the list's people. Out: a [`Plan`], to be carried out in one
//! transaction. The surprising thing: the file is not the truth about people, it is one voice. It speaks when a row or a
//! cell is new or changes; what a person chose for themselves outweighs it, and leaving is for good.

use std::collections::{HashMap, HashSet};

use super::csv::{File, Refused, Row};
use super::{Cells, State};

/// A file may drop this many people without being asked back, however short the list is.
pub const DROP_FREELY: usize = 5;
/// Beyond that, it may drop one in this many of the people that files put on the list.
pub const DROP_SHARE: usize = 10;

/// A subscription as the store knows it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The subscription's number in the store.
    pub id: i64,
    /// [`super::Address::key`].
    pub key: String,
    pub state: State,
    /// The file brought them, so the file can take them away.
    pub put_by_file: bool,
    /// The cells when last seen in the file; None if the file never had them.
    pub cells: Option<Cells>,
    pub own: Own,
}

/// What the person chose for themselves; the file does not change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Own {
    pub name: bool,
    pub language: bool,
    pub topics: bool,
    pub cadence: bool,
}

/// One cell that changes. Empty means: back to the list's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Name(String),
    Language(String),
    Topics(Vec<String>),
    Cadence(String),
}

/// Changes of one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub id: i64,
    /// May be empty: then only `seen` is to be kept.
    pub changes: Vec<Change>,
    /// The cells as now seen in the file, to be kept for the next comparison.
    pub seen: Cells,
}

/// A person the file had taken out and has again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    pub id: i64,
    pub row: Row,
    pub update: Update,
}

/// What to do. Nothing of it is done while `guard` says why not, unless staff say yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub subscribe: Vec<Row>,
    pub returning: Vec<Return>,
    pub update: Vec<Update>,
    /// Subscriptions that become `removed`: their rows are gone, or say that they left.
    pub remove: Vec<i64>,
    /// In the file, but they left or are not to be mailed: a file cannot bring them back.
    pub refused_left: Vec<Row>,
    pub guard: Option<String>,
}

impl Plan {
    /// Nothing to do and nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Plan::default()
    }
}

/// Compares file and list. `known` may hold each key once.
pub fn plan_sync(file: &File, known: &[Known]) -> Plan {
    let mut plan = Plan::default();
    let by_key: HashMap<&str, &Known> = known.iter().map(|known| (known.key.as_str(), known)).collect();
    let (gone, mistaken): (Vec<&Refused>, Vec<&Refused>) = file.refused.iter().partition(|refused| refused.is_gone);
    // Whose row has a mistake stays; of whom the file says that they left does not.
    let mut present: HashSet<String> = mistaken.iter().filter_map(|refused| refused.key.clone()).collect();
    let gone: HashSet<&str> = gone.iter().filter_map(|refused| refused.key.as_deref()).collect();
    for row in &file.rows {
        let key = row.address.key();
        match by_key.get(key.as_str()) {
            None => plan.subscribe.push(row.clone()),
            Some(person) => match person.state {
                State::Active | State::Pending => plan.update.extend(update(person, &row.cells)),
                State::Removed => plan.returning.push(Return {
                    id: person.id,
                    row: row.clone(),
                    update: update(person, &row.cells).unwrap_or_else(|| Update {
                        id: person.id,
                        changes: Vec::new(),
                        seen: row.cells.clone(),
                    }),
                }),
                State::Left | State::Suppressed | State::Erased => plan.refused_left.push(row.clone()),
            },
        }
        present.insert(key);
    }

    let by_file = |person: &&Known| person.put_by_file && matches!(person.state, State::Active | State::Pending);
    let put: Vec<&Known> = known.iter().filter(by_file).collect();
    let (left, dropped): (Vec<&Known>, Vec<&Known>) = put
        .iter()
        .filter(|person| !present.contains(&person.key))
        .partition(|person| gone.contains(person.key.as_str()));
    plan.remove = dropped.iter().chain(&left).map(|person| person.id).collect();
    // Who is said to have left was not forgotten by mistake.
    let (dropped, total) = (dropped.len(), put.len());
    if file.rows.is_empty() && dropped > 0 {
        plan.guard = Some(format!(
            "the file has no usable row and would drop all {dropped} people"
        ));
    } else if dropped > DROP_FREELY && dropped * DROP_SHARE > total {
        plan.guard = Some(format!("the file would drop {dropped} of {total} people"));
    }
    plan
}

/// What the cells change, or None if they say what they said before.
fn update(person: &Known, now: &Cells) -> Option<Update> {
    let before = person.cells.clone().unwrap_or_default();
    let mut changes = Vec::new();
    let mut seen = before.clone();
    let new_word = |own: bool, before: &Option<String>, now: &Option<String>| {
        let word = now.as_ref()?;
        (!own && before.as_deref().unwrap_or_default() != word).then(|| word.clone())
    };
    changes.extend(new_word(person.own.name, &before.name, &now.name).map(Change::Name));
    changes.extend(new_word(person.own.language, &before.language, &now.language).map(Change::Language));
    if let Some(topics) = &now.topics
        && !person.own.topics
        && before.topics.as_deref().unwrap_or_default() != topics
    {
        changes.push(Change::Topics(topics.clone()));
    }
    changes.extend(new_word(person.own.cadence, &before.cadence, &now.cadence).map(Change::Cadence));

    // A column that is gone says nothing, so what it last said is kept.
    for (seen, now) in [
        (&mut seen.name, &now.name),
        (&mut seen.language, &now.language),
        (&mut seen.cadence, &now.cadence),
    ] {
        if now.is_some() {
            seen.clone_from(now);
        }
    }
    if now.topics.is_some() {
        seen.topics.clone_from(&now.topics);
    }
    let nothing_new = changes.is_empty() && person.cells.as_ref() == Some(&seen);
    (!nothing_new).then_some(Update {
        id: person.id,
        changes,
        seen,
    })
}
