//! `check --online` and `check --received`, against a DNS server and relays that tests script (AUTH-01, AUTH-07).

mod received;
mod relays;
mod spf;
mod zone;

use std::net::SocketAddr;

use serde_json::Value;

use crate::commands::{Answer, Place};
use crate::dns::Dns;

/// A domain whose DNS is as it should be, but for the key.
const GOOD: &str = "\
institute.net TXT v=spf1 ip4:192.0.2.0/24 include:_spf.relay.net -all
institute.net TXT site-verification=1234
institute.net MX 10 mail.institute.net
mail.institute.net A 192.0.2.25
_spf.relay.net TXT v=spf1 a:out.relay.net mx:relay.net ~all
out.relay.net A 198.51.100.1
relay.net MX 10 mx.relay.net
mx.relay.net AAAA 2001:db8::25
_dmarc.institute.net TXT v=DMARC1; p=quarantine; rua=mailto:dmarc@institute.net
25.2.0.192.in-addr.arpa PTR mail.institute.net";

/// An institute with one list, and a key for its domain.
struct Institute {
    place: Place,
    /// The record of its key.
    record: String,
}

impl Institute {
    /// `relay` is the section of its relay.
    fn new(relay: &str) -> Institute {
        Institute::with_key(relay, " --ed25519")
    }

    fn with_key(relay: &str, kind: &str) -> Institute {
        let place = Place::begun();
        let made = place
            .run(&format!("dkim new institute.net --selector k1{kind} --json"))
            .done()
            .json();
        std::fs::create_dir_all(place.path("reports")).unwrap();
        place.write(
            "config.toml",
            &format!(
                r#"[institute]
name = "Lindenfeld Institute"
postal_address = "12 Example Street, 10115 Berlin"
languages = ["en"]
tag_authority = "institute.net,2026"
[web]
public_url = "https://news.institute.net"
[relays.main]
{relay}
[sources.reports]
kind = "folder"
path = "reports"
[dkim."institute.net"]
keys = {{ k1 = "keys/institute.net-k1.pem" }}
[lists.events]
title = "Events"
from = "Lindenfeld Institute <events@institute.net>"
reply_to = "office@institute.net"
bounce_address = "bounces@institute.net"
basis = "You asked for our reports."
"#
            ),
        );
        Institute {
            place,
            record: made["record"]["value"].as_str().unwrap().to_owned(),
        }
    }

    fn reconfigure(self, from: &str, to: &str) -> Institute {
        let text = self.place.read("config.toml");
        assert!(text.contains(from), "{from}");
        self.place.write("config.toml", &text.replace(from, to));
        self
    }

    /// The good zone with its key, and without lines that begin so; with others in their place.
    fn zone(&self, without: &[&str], with: &str) -> String {
        let good = format!("{GOOD}\nk1._domainkey.institute.net TXT {}", self.record);
        let kept = good
            .lines()
            .filter(|line| !without.iter().any(|begin| line.starts_with(begin)));
        let kept: Vec<&str> = kept.collect();
        format!("{}\n{with}", kept.join("\n"))
    }

    fn check_at(&self, server: SocketAddr, more: &str) -> Answer {
        self.place.run(&format!("check --online --dns {server}{more}"))
    }

    fn check(&self, without: &[&str], with: &str) -> Answer {
        let dns = Dns::start(&self.zone(without, with));
        self.check_at(dns.address, "")
    }

    /// The same, for machines; it may have failed.
    fn findings(&self, without: &[&str], with: &str) -> Value {
        let dns = Dns::start(&self.zone(without, with));
        self.check_at(dns.address, " --json").json()
    }
}

/// A relay that keeps mails on this machine: only DNS is asked.
const FOLDER: &str = "kind = \"file\"\npath = \"out\"";

fn texts(found: &Value, key: &str) -> Vec<String> {
    let texts = found[key].as_array().unwrap_or_else(|| panic!("no {key}: {found}"));
    texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Exactly one finding of a kind, which says these words, and the last sentence says it too.
#[track_caller]
fn only_problem(found: &Value, words: &str) {
    let problems = texts(found, "problems");
    assert_eq!(problems.len(), 1, "{found}");
    assert!(problems[0].contains(words), "no \"{words}\" in: {}", problems[0]);
    let verdict = found["verdict"].as_str().unwrap();
    assert!(verdict.ends_with(&problems[0]), "{verdict}");
    assert_eq!(found["ready"], Value::Bool(false));
}

#[track_caller]
fn only_warning(found: &Value, words: &str) {
    let warnings: Vec<String> = texts(found, "warnings");
    let warnings: Vec<&String> = warnings.iter().filter(|text| !text.contains("subscribers/")).collect();
    assert!(texts(found, "problems").is_empty(), "{found}");
    assert_eq!(warnings.len(), 1, "{found}");
    assert!(warnings[0].contains(words), "no \"{words}\" in: {}", warnings[0]);
}

#[test]
fn a_domain_in_order_is_ready_to_send() {
    let institute = Institute::new(FOLDER);
    let answer = institute.check(&[], "").done();
    answer
        .says("SPF of institute.net: one record, 3 of 10 lookups.")
        .says("DKIM key k1 of institute.net: DNS publishes it.")
        .says("DMARC of institute.net: p=quarantine, by _dmarc.institute.net.")
        .says("Mail to institute.net goes to mail.institute.net.")
        .says("Ready to send; but relay `main` keeps mails on this machine");
    let found = institute.findings(&[], "");
    assert_eq!(found["ready"], Value::Bool(true), "{found}");
    assert!(
        texts(&found, "facts").iter().any(|fact| fact.starts_with("SPF of")),
        "{found}"
    );
}

#[test]
fn without_being_asked_nothing_leaves_the_machine() {
    let institute = Institute::new("kind = \"smtp\"\nhost = \"mail.institute.net\"");
    let answer = institute.place.run("check").done();
    assert!(!answer.out.contains("SPF"), "{}", answer.out);
    institute.place.run("check --dns 127.0.0.1").refused(2, "--online");
    institute
        .place
        .run("check --online --received mail.eml")
        .refused(2, "cannot be used with");
    institute
        .place
        .run("check --online --dns nowhere")
        .refused(2, "write ADDRESS or ADDRESS:PORT");
}

#[test]
fn sample_domains_are_not_asked_about() {
    let institute = Institute::new(FOLDER).reconfigure("events@institute.net", "events@example.org");
    // A key of another domain than that of the sender is refused.
    let institute = institute.reconfigure(
        "[dkim.\"institute.net\"]\nkeys = { k1 = \"keys/institute.net-k1.pem\" }\n",
        "",
    );
    let found = institute.findings(&[], "");
    let facts = texts(&found, "facts");
    assert!(
        facts
            .iter()
            .any(|fact| fact.contains("DNS is not asked about example.org")),
        "{found}"
    );
    assert!(!found.to_string().contains("DMARC"), "{found}");
}
