//! `check --online`: asks the relays and DNS what no file of ours can tell (AUTH-07). Sends no mail, changes nothing.

use std::net::SocketAddr;

use futures_util::future::join_all;
use indexmap::IndexMap;

use super::{Findings, dns};
use crate::authentication::{Answers, Finding, dmarc, key, mailbox, reverse, spf};
use crate::config::{Config, List, Relay, RelayKind, Signer};
use crate::delivery::reply::Stage;
use crate::delivery::sign::Key;
use crate::delivery::welcome::{Unwelcome, Welcome, welcome};
use crate::subscriber::Mailbox;

pub(super) async fn check(config: &Config, server: Option<SocketAddr>, found: &mut Findings) -> anyhow::Result<()> {
    let resolver = dns::resolver(server)?;
    let questions = Questions::of(config, found);
    let relays: Vec<(&String, &Relay)> = config
        .relays
        .iter()
        .filter(|(_, relay)| relay.kind == RelayKind::Smtp)
        .collect();
    let visits = join_all(relays.iter().map(|(name, relay)| welcome(name, relay, config)));
    let judged = dns::consult(&resolver, |answers| questions.judge(answers));
    let (visits, judged) = tokio::join!(visits, judged);
    for ((name, relay), visit) in relays.into_iter().zip(visits) {
        if relay.is_loopback() {
            found.facts.push(format!(
                "Relay {name} is on this machine; from which address it sends on is not known here: see that SPF has it, and that it has a name (PTR)."
            ));
        }
        found.add(match visit {
            Ok(welcome) => describe(name, relay, &welcome),
            Err(unwelcome) => explain(name, &unwelcome),
        });
    }
    for finding in judged {
        found.add(finding);
    }
    Ok(())
}

fn describe(name: &str, relay: &Relay, welcome: &Welcome) -> Finding {
    let how = match &relay.user {
        Some(_) => "signed in",
        None => "connected",
    };
    let encryption = welcome.encryption.as_deref().unwrap_or("unencrypted");
    let offers = welcome.offers.iter().map(|offer| match (*offer, welcome.size) {
        ("SIZE", Some(size)) => format!("SIZE {size}"),
        (offer, _) => offer.to_owned(),
    });
    let offers: Vec<String> = offers.collect();
    let offers = match offers.is_empty() {
        true => "no extensions".to_owned(),
        false => offers.join(", "),
    };
    Finding::Fact(format!("Relay {name}: {how} ({encryption}); it offers {offers}."))
}

fn explain(name: &str, unwelcome: &Unwelcome) -> Finding {
    let fault = match unwelcome {
        Unwelcome::Settings(error) => return Finding::Broken(error.to_string()),
        Unwelcome::Fault(fault) => fault,
    };
    let advice = match fault.stage {
        Stage::Connect => "see to `host` and `port`, and whether a firewall is between",
        Stage::Greeting => "see to `port` and `tls`: \"implicit\" and \"starttls\" begin otherwise",
        Stage::Ehlo => "see to `helo`, the name by which we introduce ourselves",
        Stage::StartTls => {
            "`host` has to be the name in the certificate, `ca_file` is for an authority of your own, and `tls` has to fit `port`"
        }
        Stage::Auth => "see to `user` and its password",
        _ => "ask whoever runs it",
    };
    Finding::Broken(format!("relay {name}: {fault}; {advice}"))
}

/// Whom DNS is asked about, each once.
#[derive(Default)]
struct Questions {
    /// Domain of an envelope sender = relays (name, host) that its mails go through.
    envelopes: IndexMap<String, Vec<(String, String)>>,
    /// Selector, domain and record of each key.
    keys: Vec<(String, String, String)>,
    senders: Vec<String>,
    /// Domain = the first setting that names it.
    mailboxes: IndexMap<String, String>,
    /// Relays beyond this machine.
    relays: Vec<(String, String)>,
}

impl Questions {
    fn of(config: &Config, found: &mut Findings) -> Questions {
        let mut questions = Questions::default();
        for (name, relay) in &config.relays {
            if let Some(host) = relay.host.as_ref().filter(|_| is_beyond(relay)) {
                questions.relays.push((name.clone(), host.clone()));
            }
        }
        for (name, list) in &config.lists {
            questions.add_list(config, name, list, found);
        }
        for (domain, dkim) in &config.dkim {
            for (selector, path) in &dkim.keys {
                // What is wrong with the file was said already.
                if let Ok(record) = Key::load(&config.path(path)).and_then(|key| key.record()) {
                    questions.keys.push((selector.clone(), domain.clone(), record));
                }
            }
        }
        questions
    }

    fn add_list(&mut self, config: &Config, name: &str, list: &List, found: &mut Findings) {
        let Ok(from) = list.sender() else { return };
        let bounces = list
            .bounce_address
            .as_deref()
            .and_then(|text| Mailbox::parse(text).ok());
        let envelope = bounces.as_ref().unwrap_or(&from);
        let key = bounces.as_ref().map_or("from", |_| "bounce_address");
        let replies = list.reply_to.as_deref().and_then(|text| Mailbox::parse(text).ok());
        let mut samples = Vec::new();
        let mut domain_of = |mailbox: &Mailbox| {
            let domain = mailbox.address.ascii_domain().to_owned();
            if !mailbox.address.is_reserved() {
                return Some(domain);
            }
            if !samples.contains(&domain) {
                samples.push(domain);
            }
            None
        };
        if let Some(domain) = domain_of(envelope) {
            let relays = self.envelopes.entry(domain.clone()).or_default();
            if let Ok((relay, settings)) = config.relay_of(list)
                && let Some(host) = settings.host.as_ref().filter(|_| is_beyond(settings))
                && !relays.iter().any(|(known, _)| known == relay)
            {
                relays.push((relay.to_owned(), host.clone()));
            }
            let what = || format!("`{key}` of list {name}");
            self.mailboxes.entry(domain).or_insert_with(what);
        }
        if let Some(domain) = replies.as_ref().and_then(&mut domain_of) {
            let what = || format!("`reply_to` of list {name}");
            self.mailboxes.entry(domain).or_insert_with(what);
        }
        if let Some(domain) = domain_of(&from).filter(|domain| !self.senders.contains(domain)) {
            self.senders.push(domain);
        }
        if !samples.is_empty() {
            found.facts.push(format!(
                "List {name}: DNS is not asked about {}, which stands for nobody.",
                samples.join(", ")
            ));
        }
        let signs = config
            .relay_of(list)
            .map(|(_, relay)| config.signer(Some(list), relay, from.address.ascii_domain()));
        if matches!(signs, Ok(Signer::Relay)) {
            found.facts.push(format!(
                "List {name}: the relay signs; see how by `rapporteur check --received FILE`, with a mail that arrived."
            ));
        }
    }

    fn judge(&self, answers: &mut Answers) -> Vec<Finding> {
        let mut found = Vec::new();
        for (domain, relays) in &self.envelopes {
            let senders: Vec<spf::Sender<'_>> =
                relays.iter().map(|(relay, host)| spf::Sender { relay, host }).collect();
            found.extend(spf::judge(domain, &senders, answers));
        }
        for (selector, domain, record) in &self.keys {
            found.extend(key::judge(selector, domain, record, answers));
        }
        for domain in &self.senders {
            found.extend(dmarc::judge(domain, answers));
        }
        for (domain, what) in &self.mailboxes {
            found.extend(mailbox::judge(domain, what, answers));
        }
        for (relay, host) in &self.relays {
            found.extend(reverse::judge(relay, host, answers));
        }
        found
    }
}

/// Its address is seen by the world.
fn is_beyond(relay: &Relay) -> bool {
    relay.kind == RelayKind::Smtp && !relay.is_loopback()
}
