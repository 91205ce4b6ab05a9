//! What a domain tells receivers about mails that nobody vouches for (DMARC, RFC 9989).
//!
//! In: the domain of `from`, and answers. Out: findings, and to which organisation a domain belongs. The surprising
//! thing: that is told by DNS itself, by a walk up the tree (RFC 9989 section 4.10), and no list of public suffixes is
//! needed.

use super::{Answers, Finding, Silence, legible, tag, tags};

/// What RFC 7489 had, and RFC 9989 has not.
const REMOVED: [&str; 3] = ["pct", "rf", "ri"];
/// Labels that are left after the first step of the walk.
const MOST_LABELS: usize = 7;

/// Records that a walk up the tree finds, one a domain at most.
pub struct Discovery {
    records: Vec<(String, Vec<(String, String)>)>,
    /// The domain that stands for all of the organisation; None if there is no record.
    pub organisation: Option<String>,
}

/// Walks up the tree.
pub fn discover(domain: &str, answers: &mut Answers) -> Result<Discovery, Silence> {
    let mut found = Discovery {
        records: Vec::new(),
        organisation: None,
    };
    let steps = steps(domain);
    for (place, step) in steps.iter().enumerate() {
        let mut records = match records(step, answers) {
            Ok(records) => records,
            // What a registry keeps to itself changes nothing.
            Err(_) if !found.records.is_empty() => break,
            Err(silence) => return Err(silence),
        };
        // Of several none counts.
        let Some(record) = records.pop().filter(|_| records.is_empty()) else {
            continue;
        };
        let psd = tag(&record, "psd").unwrap_or("u").to_ascii_lowercase();
        found.records.push((step.clone(), record));
        match (psd.as_str(), place.checked_sub(1).and_then(|below| steps.get(below))) {
            ("n", _) => found.organisation = Some(step.clone()),
            ("y", Some(below)) => found.organisation = Some(below.clone()),
            _ => continue,
        }
        return Ok(found);
    }
    found.organisation = found.records.last().map(|(domain, _)| domain.clone());
    Ok(found)
}

impl Discovery {
    /// The record that holds for the domain where the walk began: its own, the organisation's, or that of the registry.
    fn policy(&self, domain: &str) -> Option<&(String, Vec<(String, String)>)> {
        let of = |name: &str| self.records.iter().find(|(known, _)| known == name);
        let organisation = self.organisation.as_deref().unwrap_or_default();
        of(domain).or_else(|| of(organisation)).or(self.records.last())
    }

    /// Only a signature by the very same domain counts.
    pub fn is_strict(&self, domain: &str) -> bool {
        let policy = self.policy(&domain.to_ascii_lowercase());
        policy.is_some_and(|(_, record)| tag(record, "adkim").is_some_and(|mode| mode.eq_ignore_ascii_case("s")))
    }
}

/// Judges what holds for a domain.
pub fn judge(domain: &str, answers: &mut Answers) -> Vec<Finding> {
    let domain = domain.to_ascii_lowercase();
    let about = format!("DMARC of {domain}");
    let own = match records(&domain, answers) {
        Ok(own) => own,
        Err(silence) => return vec![Finding::silence(&about, &silence)],
    };
    if own.len() > 1 {
        return vec![Finding::Mend(format!(
            "{domain} has {} DMARC records (TXT at _dmarc.{domain}), and receivers then heed none; make them one",
            own.len()
        ))];
    }
    if let [record] = own.as_slice() {
        return judge_record(&about, &domain, record, "p");
    }
    let found = match discover(&domain, answers) {
        Ok(found) => found,
        Err(silence) => return vec![Finding::silence(&about, &silence)],
    };
    match found.policy(&domain) {
        Some((upper, record)) => {
            let policy = if tag(record, "sp").is_some() { "sp" } else { "p" };
            judge_record(&about, upper, record, policy)
        }
        None => vec![Finding::Mend(format!(
            "{domain} has no DMARC record, and big receivers refuse mails without; put a TXT record at _dmarc.{domain} into DNS, such as \"v=DMARC1; p=none; rua=mailto:ADDRESS\""
        ))],
    }
}

fn judge_record(about: &str, at: &str, record: &[(String, String)], policy: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    match tag(record, policy).map(str::to_ascii_lowercase).as_deref() {
        Some(said @ ("none" | "quarantine" | "reject")) => {
            found.push(Finding::Fact(format!("{about}: {policy}={said}, by _dmarc.{at}.")));
        }
        Some(other) => found.push(Finding::Mend(format!(
            "{about}: `{policy}={}` at _dmarc.{at} means nothing; write none, quarantine or reject",
            legible(other)
        ))),
        None => found.push(Finding::Mend(format!(
            "{about}: the record at _dmarc.{at} has no `p=`; write none, quarantine or reject"
        ))),
    }
    let removed: Vec<String> = REMOVED
        .iter()
        .filter(|name| tag(record, name).is_some())
        .map(|name| format!("`{name}=`"))
        .collect();
    if !removed.is_empty() {
        found.push(Finding::Hint(format!(
            "{about}: {} at _dmarc.{at} went out with RFC 9989, and receivers read over it; take it out",
            removed.join(" and ")
        )));
    }
    match tag(record, "rua") {
        None => found.push(Finding::Hint(format!(
            "{about}: the record at _dmarc.{at} has no `rua=`, so that nobody hears when mails fail; add rua=mailto:ADDRESS"
        ))),
        Some(rua) if !rua.split(',').all(|uri| uri.trim().to_ascii_lowercase().starts_with("mailto:")) => {
            found.push(Finding::Hint(format!(
                "{about}: `rua={}` at _dmarc.{at} is no address; write rua=mailto:ADDRESS",
                legible(rua)
            )));
        }
        Some(_) => {}
    }
    if tag(record, "t").is_some_and(|mode| mode.eq_ignore_ascii_case("y")) {
        found.push(Finding::Hint(format!(
            "{about}: `t=y` at _dmarc.{at} asks receivers not to enforce it yet"
        )));
    }
    found
}

/// Records of one domain that call themselves DMARC.
fn records(domain: &str, answers: &mut Answers) -> Result<Vec<Vec<(String, String)>>, Silence> {
    let is_dmarc = |tags: &Vec<(String, String)>| {
        tags.first()
            .is_some_and(|(name, value)| name == "v" && value == "DMARC1")
    };
    let records = answers.txt(&format!("_dmarc.{domain}"))?;
    Ok(records.iter().filter_map(|text| tags(text)).filter(is_dmarc).collect())
}

/// The domains of a walk: this one, and each above it; of a very long one only the last labels.
fn steps(domain: &str) -> Vec<String> {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = domain.split('.').collect();
    let mut steps = vec![domain.clone()];
    let above = (1..labels.len()).map(|from| labels.get(from..).unwrap_or_default());
    steps.extend(
        above
            .filter(|upper| upper.len() <= MOST_LABELS)
            .map(|upper| upper.join(".")),
    );
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::{Answer, Question};

    #[test]
    fn a_walk_has_eight_steps_at_most() {
        assert_eq!(steps("News.Example.org."), ["news.example.org", "example.org", "org"]);
        let steps = steps("a.b.c.d.e.f.g.h.i.example.org");
        assert_eq!(
            (steps.len(), steps.get(1).map(String::as_str)),
            (8, Some("e.f.g.h.i.example.org"))
        );
    }

    #[test]
    fn the_organisation_is_the_highest_with_a_record_unless_a_registry_says_where_it_ends() {
        for (zone, expected) in [
            (&[][..], None),
            (&[("a.b.example.org", "v=DMARC1; p=none")][..], Some("a.b.example.org")),
            (
                &[("a.b.example.org", "v=DMARC1"), ("example.org", "v=DMARC1")],
                Some("example.org"),
            ),
            (
                &[("b.example.org", "v=DMARC1; psd=n"), ("org", "v=DMARC1")],
                Some("b.example.org"),
            ),
            (
                &[("example.org", "v=DMARC1"), ("org", "v=DMARC1; psd=y")],
                Some("example.org"),
            ),
            (&[("org", "v=DMARC1; psd=y")], Some("example.org")),
            (&[("org", "v=dmarc1; psd=y"), ("example.org", "p=none; v=DMARC1")], None),
        ] {
            let mut answers = Answers::default();
            for step in steps("a.b.example.org") {
                let texts = zone.iter().filter(|(name, _)| *name == step);
                let texts = texts.map(|(_, text)| (*text).to_owned()).collect();
                answers.add(Question::Txt(format!("_dmarc.{step}")), Answer::Txt(texts));
            }
            let found = discover("a.b.example.org", &mut answers).map(|found| found.organisation);
            assert_eq!(found, Ok(expected.map(str::to_owned)), "{zone:?}");
        }
    }
}
