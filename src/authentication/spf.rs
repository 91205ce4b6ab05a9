//! Whether the SPF record of a domain is one that receivers can follow (RFC 7208).
//!
//! In: the domain of the envelope sender, the relays, and answers. Out: findings. The surprising thing: nobody's mail is
//! judged here. A receiver stops at the first match; whoever is matched last, or not at all, costs all lookups, and
//! that is what is counted.

mod record;

use std::net::IpAddr;

use indexmap::IndexSet;

use super::{Answers, Finding, Silence, legible, plural};
use record::{Mechanism, Network, Qualifier, Record, Target};

/// Section 4.6.4: terms that ask DNS, and those of them that find nothing.
const MOST_LOOKUPS: usize = 10;
const MOST_VOID: usize = 2;
const MOST_SERVERS: usize = 10;
/// A record far beyond the limit is not followed to its end.
const MOST_FOLLOWED: usize = 20;

/// A relay whose addresses should be allowed to send.
pub struct Sender<'a> {
    pub relay: &'a str,
    pub host: &'a str,
}

/// Judges the record of a domain.
pub fn judge(domain: &str, senders: &[Sender<'_>], answers: &mut Answers) -> Vec<Finding> {
    let about = format!("SPF of {domain}");
    let records = match spf_records(domain, answers) {
        Ok(records) => records,
        Err(silence) => return vec![Finding::silence(&about, &silence)],
    };
    let text = match records.as_slice() {
        [] => {
            return vec![Finding::Mend(format!(
                "{domain} has no SPF record; put a TXT record into its DNS that names who sends for it, such as \"v=spf1 a:{} -all\"",
                senders.first().map_or("RELAY", |sender| sender.host)
            ))];
        }
        [text] => text,
        more => {
            return vec![Finding::Mend(format!(
                "{domain} has {} SPF records, and receivers then heed none; make them one",
                more.len()
            ))];
        }
    };
    let mut walk = Walk {
        answers,
        lookups: 0,
        void: IndexSet::new(),
        path: vec![domain.to_ascii_lowercase()],
        networks: Vec::new(),
        everybody: None,
        by_mail: false,
        faults: IndexSet::new(),
        silences: Vec::new(),
        hints: IndexSet::new(),
    };
    let end = walk.follow(domain, text, true);
    let mut findings = walk.findings(&about, end);
    let bad = |finding: &Finding| matches!(finding, Finding::Mend(_));
    if !findings.iter().any(bad) {
        findings.extend(walk.uncovered(domain, senders));
    }
    findings
}

fn spf_records(domain: &str, answers: &mut Answers) -> Result<Vec<String>, Silence> {
    let mut records = answers.txt(domain)?;
    records.retain(|text| record::is_spf(text));
    Ok(records)
}

/// One way through a record and all that it includes.
struct Walk<'a> {
    answers: &'a mut Answers,
    lookups: usize,
    /// Names that were looked up in vain.
    void: IndexSet<String>,
    /// The record at hand and those that lead to it.
    path: Vec<String>,
    /// Who may send.
    networks: Vec<Network>,
    /// The term that lets everybody send, and its record.
    everybody: Option<String>,
    /// Who may send is decided for each mail anew.
    by_mail: bool,
    faults: IndexSet<String>,
    silences: Vec<Silence>,
    hints: IndexSet<String>,
}

impl Walk<'_> {
    /// Reads a record and what it leads to; `passes`: who matches here may send. Returns how `all` is qualified.
    fn follow(&mut self, domain: &str, text: &str, passes: bool) -> Option<Qualifier> {
        let Record {
            directives,
            redirect,
            unread,
        } = match record::parse(text) {
            Ok(record) => record,
            Err(why) => {
                self.faults
                    .insert(format!("the record of {} is void, since {why}", legible(domain)));
                return None;
            }
        };
        if unread {
            self.hints.insert(format!(
                "in the record of {} something follows `all`, where nobody reads it",
                legible(domain)
            ));
        }
        let mut end = None;
        for (qualifier, mechanism) in directives {
            let passes = passes && qualifier == Qualifier::Pass;
            match mechanism {
                Mechanism::All => {
                    end = Some(qualifier);
                    if passes {
                        self.everybody
                            .get_or_insert(format!("`+all` in the record of {}", legible(domain)));
                    }
                }
                Mechanism::Ip(network) => {
                    if passes && network.is_everybody() {
                        self.everybody.get_or_insert(format!(
                            "a network of all addresses in the record of {}",
                            legible(domain)
                        ));
                    }
                    self.allow(passes, [network]);
                }
                Mechanism::Include(target) => {
                    self.enter(&target, passes, "include");
                }
                Mechanism::A(target, prefixes) => {
                    if let Some(found) = self.addresses_of(&target, domain) {
                        self.allow(passes, found.into_iter().map(|address| Network::of(address, prefixes)));
                    }
                }
                Mechanism::Mx(target, prefixes) => {
                    let found = self.servers_of(&target, domain);
                    self.allow(passes, found.into_iter().map(|address| Network::of(address, prefixes)));
                }
                Mechanism::Exists(target) => {
                    self.by_mail |= passes;
                    self.addresses_of(&target, domain);
                }
                Mechanism::Ptr => {
                    self.lookups += 1;
                    self.by_mail |= passes;
                    self.hints.insert(format!(
                        "the record of {} has `ptr`, which not every receiver heeds",
                        legible(domain)
                    ));
                }
            }
        }
        match redirect {
            Some(target) => self.enter(&target, passes, "redirect"),
            None => end,
        }
    }

    fn allow(&mut self, passes: bool, networks: impl IntoIterator<Item = Network>) {
        if passes {
            self.networks.extend(networks);
        }
    }

    /// Goes on in the record of another domain.
    fn enter(&mut self, target: &Target, passes: bool, term: &str) -> Option<Qualifier> {
        self.lookups += 1;
        if self.lookups > MOST_FOLLOWED {
            return None;
        }
        let Target::Name(name) = target else {
            self.by_mail |= passes;
            return None;
        };
        if self.path.contains(name) {
            self.faults.insert(format!(
                "the records run in a circle: {} leads to itself",
                legible(name)
            ));
            return None;
        }
        let records = match spf_records(name, self.answers) {
            Ok(records) => records,
            Err(silence) => {
                self.silences.push(silence);
                return None;
            }
        };
        let [text] = records.as_slice() else {
            let count = match records.len() {
                0 => "no SPF record".to_owned(),
                more => format!("{more} SPF records"),
            };
            self.faults
                .insert(format!("`{term}` names {}, which has {count}", legible(name)));
            return None;
        };
        self.path.push(name.clone());
        let end = self.follow(name, text, passes);
        self.path.pop();
        end
    }

    /// The name a mechanism asks DNS for, which counts; None if it is another in each mail.
    fn name_of<'a>(&mut self, target: &'a Target, own: &'a str) -> Option<&'a str> {
        self.lookups += 1;
        match target {
            Target::Own => Some(own),
            Target::Name(name) => Some(name),
            Target::Macro => {
                self.by_mail = true;
                None
            }
        }
    }

    /// The addresses of a mechanism's host, for which DNS is asked once; None if it is another in each mail.
    fn addresses_of(&mut self, target: &Target, own: &str) -> Option<Vec<IpAddr>> {
        let name = self.name_of(target, own)?;
        // Once there are too many, nobody needs to know what more of them would find.
        if self.lookups > MOST_LOOKUPS {
            return Some(Vec::new());
        }
        let found = self.heard(name, |answers| answers.addresses(name));
        Some(found)
    }

    fn servers_of(&mut self, target: &Target, own: &str) -> Vec<IpAddr> {
        let Some(name) = self.name_of(target, own) else {
            return Vec::new();
        };
        if self.lookups > MOST_LOOKUPS {
            return Vec::new();
        }
        let servers = self.heard(name, |answers| answers.mx(name));
        if servers.len() > MOST_SERVERS {
            self.faults.insert(format!(
                "`mx` finds {} servers for {}, and only {MOST_SERVERS} are allowed",
                servers.len(),
                legible(name)
            ));
        }
        let mut all = Vec::new();
        for (_, server) in servers
            .iter()
            .take(MOST_SERVERS)
            .filter(|(_, server)| !server.is_empty())
        {
            match self.answers.addresses(server) {
                Ok(addresses) => all.extend(addresses),
                Err(silence) => self.silences.push(silence),
            }
        }
        all
    }

    /// What a term finds; nothing is a void lookup.
    fn heard<T>(&mut self, name: &str, ask: impl Fn(&mut Answers) -> Result<Vec<T>, Silence>) -> Vec<T> {
        match ask(self.answers) {
            Ok(found) => {
                if found.is_empty() {
                    self.void.insert(name.to_owned());
                }
                found
            }
            Err(silence) => {
                self.silences.push(silence);
                Vec::new()
            }
        }
    }

    fn findings(&self, about: &str, end: Option<Qualifier>) -> Vec<Finding> {
        let mut found: Vec<Finding> = Vec::new();
        let mend = |text: String| Finding::Mend(format!("{about}: {text}"));
        if self.lookups > MOST_LOOKUPS {
            let much = if self.lookups > MOST_FOLLOWED { "more than " } else { "" };
            found.push(mend(format!(
                "it takes {much}{} lookups, and receivers give up after {MOST_LOOKUPS}; take out what sends no more, or write addresses instead of names",
                self.lookups.min(MOST_FOLLOWED)
            )));
        }
        if self.void.len() > MOST_VOID {
            let names: Vec<String> = self.void.iter().map(|name| legible(name)).collect();
            found.push(mend(format!(
                "{} lead nowhere, and receivers give up after {MOST_VOID} such lookups; take out {}",
                plural(names.len(), "name"),
                names.join(", ")
            )));
        }
        found.extend(
            self.faults
                .iter()
                .map(|fault| mend(format!("{fault}; receivers heed none of it"))),
        );
        if let Some(term) = &self.everybody {
            found.push(mend(format!(
                "{term} lets everybody send in its name; take it out, and end the record with `-all`"
            )));
        }
        if let Some(silence) = self.silences.first() {
            found.push(Finding::silence(about, silence));
        }
        if found.is_empty() {
            found.push(Finding::Fact(format!(
                "{about}: one record, {} of {MOST_LOOKUPS} lookups.",
                self.lookups
            )));
            if matches!(end, None | Some(Qualifier::Neutral)) {
                found.push(Finding::Hint(format!(
                    "{about}: it forbids nobody to send, so that it is worth little; end it with `-all` or `~all`"
                )));
            }
        }
        found.extend(self.hints.iter().map(|hint| Finding::Hint(format!("{about}: {hint}"))));
        found
    }

    /// Relays that it does not name. Only a hint: a relay may pass mails on to another server, which then has to be there.
    fn uncovered(&mut self, domain: &str, senders: &[Sender<'_>]) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.by_mail {
            return found;
        }
        for Sender { relay, host } in senders {
            let addresses = self.answers.addresses(host).unwrap_or_default();
            let missing: Vec<String> = addresses
                .iter()
                .filter(|address| super::reverse::is_public(**address))
                .filter(|address| !self.networks.iter().any(|network| network.contains(**address)))
                .map(ToString::to_string)
                .collect();
            if !missing.is_empty() {
                found.push(Finding::Hint(format!(
                    "SPF of {domain} does not name {}, where relay {relay} is; if mails leave for the world from there, add `a:{}` to it",
                    missing.join(", "),
                    legible(host)
                )));
            }
        }
        found
    }
}
