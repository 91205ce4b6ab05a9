//! Whether DNS publishes the key that signs (RFC 6376 section 3.6.1).
//!
//! In: our record, as `dkim records` prints it, and what DNS has in its place. Out: findings. The surprising thing: an
//! RSA key has two forms, with and without the frame of X.509; both are in use, and one is the tail of the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Answers, Finding, legible, tag, tags};

/// Shorter than any RSA key that we sign with: such a tail proves nothing.
const LEAST_BYTES: usize = 256;

/// Judges the record of one key; `ours` is what it has to be.
pub fn judge(selector: &str, domain: &str, ours: &str, answers: &mut Answers) -> Vec<Finding> {
    let name = format!("{selector}._domainkey.{domain}");
    let about = format!("DKIM key {selector} of {domain}");
    let mend = |text: &str| vec![Finding::Mend(format!("{about}: {text}"))];
    let records = match answers.txt(&name) {
        Ok(records) => records,
        Err(silence) => return vec![Finding::silence(&about, &silence)],
    };
    let text = match records.as_slice() {
        [] => {
            return mend(&format!(
                "DNS has no record {name}; `rapporteur dkim records` prints it"
            ));
        }
        [text] => text,
        more => {
            return mend(&format!(
                "DNS has {} records {name}, and receivers take any of them; leave the one that `rapporteur dkim records` prints",
                more.len()
            ));
        }
    };
    let Some(found) = tags(text) else {
        return mend(&format!(
            "the record {name} is none (\"{}\"); `rapporteur dkim records` prints the right one",
            legible(text)
        ));
    };
    let ours = tags(ours).unwrap_or_default();
    let first = found.first().map(|(name, _)| name.as_str());
    if tag(&found, "v").is_some_and(|version| version != "DKIM1" || first != Some("v")) {
        return mend(&format!("the record {name} does not begin with v=DKIM1; put it right"));
    }
    let public = match tag(&found, "p") {
        None => return mend(&format!("the record {name} has no key (`p=`); put it right")),
        Some(public) if public.chars().all(char::is_whitespace) => {
            return mend(&format!(
                "the record {name} revokes the key (`p=` is empty); make a new one by `rapporteur dkim new {domain}`"
            ));
        }
        Some(public) => public,
    };
    let kind = |tags: &[(String, String)]| tag(tags, "k").unwrap_or("rsa").to_ascii_lowercase();
    if kind(&found) != kind(&ours) {
        return mend(&format!(
            "the record {name} says k={}, and the key is k={}; put it right",
            legible(&kind(&found)),
            kind(&ours)
        ));
    }
    if !is_same(public, tag(&ours, "p").unwrap_or_default()) {
        return mend(&format!(
            "the record {name} is of another key, so that no signature is true; `rapporteur dkim records` prints the right one"
        ));
    }
    let listed = |name: &str| {
        tag(&found, name).map(|list| {
            list.split(':')
                .map(|word| word.trim().to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
    };
    if listed("h").is_some_and(|hashes| !hashes.iter().any(|hash| hash == "sha256")) {
        return mend(&format!(
            "the record {name} does not allow sha256 (`h=`); take `h=` out"
        ));
    }
    if listed("s").is_some_and(|services| !services.iter().any(|service| service == "*" || service == "email")) {
        return mend(&format!("the record {name} is not for mail (`s=`); take `s=` out"));
    }
    if listed("t").is_some_and(|flags| flags.iter().any(|flag| flag == "y")) {
        return vec![Finding::Hint(format!(
            "{about}: the record says that it is a test (`t=y`), so that receivers may take mails for unsigned; take `t=y` out once all is well"
        ))];
    }
    vec![Finding::Fact(format!("{about}: DNS publishes it."))]
}

fn is_same(found: &str, ours: &str) -> bool {
    let bytes = |text: &str| {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        STANDARD.decode(text).ok()
    };
    let (Some(found), Some(ours)) = (bytes(found), bytes(ours)) else {
        return false;
    };
    found == ours || (found.len() >= LEAST_BYTES && ours.ends_with(&found))
}
