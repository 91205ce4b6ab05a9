//! Who is the same: later mentions of somebody already met, by full name, by surname, or declined.
//!
//! In: people in the order in which they are met. Out: each of them once, with what all mentions say. The surprising
//! thing: a Russian name in another case is the same name, and a surname alone is nobody new.

use super::{Met, russian};
use crate::report::Person;

/// A later mention adds what the first left out.
pub(super) fn enter(met: &mut Vec<Met>, person: Person, speaks: bool, elsewhere: bool, words: String) {
    let is_same = |one: &Met| one.person.name == person.name || russian::is_same(&one.person.name, &person.name);
    match met.iter_mut().find(|one| is_same(one)) {
        Some(known) => {
            if known.person.role.is_none() {
                known.person.role = person.role;
            }
            if known.person.affiliation.is_none() {
                known.person.affiliation = person.affiliation;
            }
            known.elsewhere |= elsewhere && !known.speaks;
            known.speaks |= speaks;
        }
        None => met.push(Met {
            person,
            speaks,
            elsewhere,
            words,
        }),
    }
}

/// "Farquharson has spent nine years": the surname of somebody already met.
pub(super) fn known_by_surname<'a>(run: &str, met: &'a mut [Met]) -> Option<&'a mut Met> {
    let surname = run.rsplit(' ').next()?;
    let mut bearers = met.iter_mut().filter(|one| {
        let name = &one.person.name;
        name.len() > surname.len()
            && name.ends_with(surname)
            && name[..name.len() - surname.len()].ends_with([' ', '-'])
    });
    let one = bearers.next()?;
    // Of two who bear it, none is meant for sure.
    bearers.next().is_none().then_some(one)
}

/// "Актриса Дарья Велемир", elsewhere "Дарья Велемир": what stands before a name only once is no part of it.
pub(super) fn shorten(met: &mut Vec<Met>, paragraphs: &[&str]) {
    let count = |name: &str| -> usize { paragraphs.iter().map(|text| text.matches(name).count()).sum() };
    for at in 0..met.len() {
        let Some(name) = met.get(at).map(|one| one.person.name.clone()) else {
            break;
        };
        if let Some((first, rest)) = name.split_once(' ')
            && rest.contains(' ')
            && russian::is_cyrillic(&name)
            && count(rest) > count(&name)
            && let Some(one) = met.get_mut(at)
        {
            one.person.name = rest.to_owned();
            one.person.role = one.person.role.take().or_else(|| Some(first.to_lowercase()));
        }
    }
    let mut kept: Vec<Met> = Vec::new();
    for one in met.drain(..) {
        // "Poot Navarrete" behind "Itzel Poot Navarrete" is the same.
        let ending = format!(" {}", one.person.name);
        match kept.iter_mut().find(|known| {
            let name = &known.person.name;
            *name == one.person.name || name.ends_with(&ending) || russian::is_same(name, &one.person.name)
        }) {
            Some(known) => {
                known.speaks |= one.speaks;
                known.person.role = known.person.role.take().or(one.person.role);
                known.person.affiliation = known.person.affiliation.take().or(one.person.affiliation);
            }
            None => kept.push(one),
        }
    }
    *met = kept;
}
