//! What somebody typed to join, from the form or from JSON, and what is wrong with it.
//!
//! In: bytes of a body, the configuration. Out: an [`Asked`] as typed, or a [`Checked`] that may be stored. Pure. The
//! surprising thing: nothing is repaired but spaces around the address; a line break in any field is refused (MSG-04).

use std::collections::BTreeMap;

use serde::Deserialize;
use url::form_urlencoded;

use crate::config::Config;
use crate::publish::joinable;
use crate::subscriber::{Address, Name, language_tag};

/// What is wrong, by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::web) enum Fault {
    Email,
    Lists,
    Name,
    /// A cadence, a topic or a language that is not offered.
    Choice,
    /// The form was sent too soon, is too old, or is none of ours.
    Stamp,
}

impl Fault {
    /// The field that JSON calls it by, and the key of the sentence about it.
    pub(in crate::web) fn say(self) -> (&'static str, &'static str) {
        match self {
            Fault::Email => ("email", "web-subscribe-error-email"),
            Fault::Lists => ("lists", "web-subscribe-error-lists"),
            Fault::Name => ("name", "web-subscribe-error-name"),
            Fault::Choice => ("choice", "web-subscribe-error-choice"),
            Fault::Stamp => ("stamp", "web-subscribe-error-again"),
        }
    }
}

/// As typed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::web) struct Asked {
    pub email: String,
    pub lists: Vec<String>,
    pub name: String,
    pub language: String,
    /// By list.
    pub cadences: BTreeMap<String, String>,
    /// By list.
    pub topics: BTreeMap<String, Vec<String>>,
    pub stamp: String,
    /// The number of the words that were shown to them.
    pub wording: String,
    /// A field that people do not see and programs fill in.
    pub website: String,
}

/// May be stored.
#[derive(Clone, Debug)]
pub(in crate::web) struct Checked {
    pub address: Address,
    pub name: Option<String>,
    pub language: Option<String>,
    /// List, cadence, topics.
    pub choices: Vec<(String, Option<String>, Vec<String>)>,
}

impl Asked {
    /// Of the form: `cadence.LIST` and `topics.LIST` beside the fields.
    pub(in crate::web) fn from_form(body: &[u8]) -> Asked {
        let mut asked = Asked::default();
        for (field, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match (&*field, field.split_once('.')) {
                ("email", _) => asked.email = value,
                ("lists", _) => asked.lists.push(value),
                ("name", _) => asked.name = value,
                ("language", _) => asked.language = value,
                ("stamp", _) => asked.stamp = value,
                ("wording", _) => asked.wording = value,
                ("website", _) => asked.website = value,
                (_, Some(("cadence", list))) => drop(asked.cadences.insert(list.to_owned(), value)),
                (_, Some(("topics", list))) => asked.topics.entry(list.to_owned()).or_default().push(value),
                _ => {}
            }
        }
        asked
    }

    /// Each fault once.
    pub(in crate::web) fn check(&self, config: &Config, languages: &[String]) -> Result<Checked, Vec<Fault>> {
        let mut faults = Vec::new();
        let address = Address::parse(self.email.trim_matches(' '));
        if address.is_err() {
            faults.push(Fault::Email);
        }
        let name = match self.name.trim_matches(' ') {
            "" => None,
            typed => match Name::parse(typed) {
                Ok(name) => Some(name.as_str().to_owned()),
                Err(_) => {
                    faults.push(Fault::Name);
                    None
                }
            },
        };
        let language = match self.language.as_str() {
            "" => None,
            typed => {
                let tag = language_tag(typed).filter(|tag| languages.contains(tag));
                if tag.is_none() {
                    faults.push(Fault::Choice);
                }
                tag
            }
        };
        let mut choices = Vec::new();
        for (list, offer) in joinable(config).filter(|(list, _)| self.lists.iter().any(|asked| asked == list)) {
            let cadence = self.cadences.get(list).filter(|word| !word.is_empty()).cloned();
            let ticked = self.topics.get(list).map(Vec::as_slice).unwrap_or_default();
            let is_offered = cadence.as_ref().is_none_or(|word| offer.cadences.contains_key(word))
                && ticked.iter().all(|topic| offer.topics.contains_key(topic));
            // Each once, in the order of the list.
            let topics = offer
                .topics
                .keys()
                .filter(|topic| ticked.contains(topic))
                .cloned()
                .collect();
            if !is_offered {
                faults.push(Fault::Choice);
            }
            choices.push((list.to_owned(), cadence, topics));
        }
        let is_known = |asked: &String| choices.iter().any(|(list, ..)| list == asked);
        if choices.is_empty() || !self.lists.iter().all(is_known) {
            faults.push(Fault::Lists);
        }
        faults.sort_unstable();
        faults.dedup();
        match (address, faults.is_empty()) {
            (Ok(address), true) => Ok(Checked {
                address,
                name,
                language,
                choices,
            }),
            _ => Err(faults),
        }
    }
}
