//! Sections `[alerts]`, `[personal]`, `[delivery.breaker]` and `[delivery.domains]`.

use secrecy::ExposeSecret;
use url::Url;

use super::{Problems, SHORTER, address, is_domain, length, note};
use crate::config::{Config, Signer, Signing};
use crate::subscriber::Mailbox;

pub(super) fn problems(config: &Config, found: &mut Problems) {
    limits(config, found);
    personal(config, found);
    let alerts = &config.alerts;
    for text in &alerts.mail_to {
        address(found, &["alerts", "mail_to"], text);
    }
    if !alerts.mail_to.is_empty() && config.house_sender().is_none() {
        note(
            found,
            &["alerts", "mail_to"],
            "nobody sends the mails to `alerts.mail_to`; write `from` and `relay` in [personal]",
        );
    }
    length(found, &["alerts", "relay_after"], alerts.relay_after, SHORTER);
    if let Some(webhook) = &alerts.webhook {
        // Not shown, because of the secret in it.
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty();
        if !Url::parse(webhook.expose_secret()).is_ok_and(|url| is_web(&url) && url.password().is_none()) {
            note(
                found,
                &["alerts", "webhook"],
                "`alerts.webhook` is no address of the web; write such as \"https://chat.example.org/hooks/news\"",
            );
        }
        if alerts.webhook_file.is_some() {
            note(
                found,
                &["alerts", "webhook_file"],
                "`alerts.webhook` and `alerts.webhook_file` both give the address; leave one out",
            );
        }
    }
}

fn limits(config: &Config, found: &mut Problems) {
    let breaker = config.delivery.breaker;
    if breaker.percent > 100 {
        note(
            found,
            &["delivery", "breaker", "percent"],
            "`delivery.breaker.percent` is more than 100; write a share of the answers, such as 5",
        );
    }
    if !(20..=10_000).contains(&breaker.of) {
        note(
            found,
            &["delivery", "breaker", "of"],
            "`delivery.breaker.of` must be between 20 and 10000 answers",
        );
    }
    for domain in config.delivery.domains.0.keys() {
        if domain != "*" && !is_domain(domain) {
            note(
                found,
                &["delivery", "domains", domain],
                format!(
                    "\"{domain}\" is no domain; write the part after the @ in lower case and in ASCII, or \"*\" for each other one"
                ),
            );
        }
    }
}

fn personal(config: &Config, found: &mut Problems) {
    let personal = &config.personal;
    if let Some(relay) = personal
        .relay
        .as_ref()
        .filter(|relay| !config.relays.contains_key(*relay))
    {
        note(
            found,
            &["personal", "relay"],
            format!("`personal.relay` is \"{relay}\"; write the name of a relay"),
        );
    }
    let Some(from) = &personal.from else { return };
    let sender = match Mailbox::parse(from) {
        Ok(sender) => sender,
        Err(error) => {
            return note(
                found,
                &["personal", "from"],
                format!("`personal.from` is \"{}\": {error}", from.escape_debug()),
            );
        }
    };
    let domain = sender.address.ascii_domain();
    let asks = !config.dkim.is_empty() || personal.dkim == Some(Signing::Ours);
    let relays = config.relays.iter().filter(|(name, _)| match &personal.relay {
        Some(relay) => relay == *name,
        None => config.relays.len() == 1,
    });
    for (_, relay) in relays {
        if asks && config.signer_of_personal(None, relay, domain) == Signer::Nobody {
            note(
                found,
                &["personal", "from"],
                format!(
                    "no key signs for {domain}, the domain of `personal.from`. Make one by `rapporteur dkim new {domain}`, or write `dkim = \"relay\"` if the relay signs"
                ),
            );
        }
    }
}
