//! Whether a mail that arrived is signed as receivers want it (AUTH-01, AUTH-02, AUTH-05).
//!
//! In: a mail as read and verified by `mail_auth`. Out: findings. The surprising thing: one good signature is enough. A
//! relay may add its own beside it, by a domain that nobody has heard of, and no harm is done.

use mail_auth::dkim::DkimError;
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, Error};

use super::{Answers, Finding, Silence, dmarc, legible, tags};
use crate::delivery::sign::{HEADERS, LEAST_BITS};

/// How a person leaves at one click (RFC 8058).
const WAYS_TO_LEAVE: [&str; 2] = ["List-Unsubscribe", "List-Unsubscribe-Post"];

/// A mail that arrived.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Domains of `From`.
    pub from: Vec<String>,
    /// Names of all header fields.
    pub fields: Vec<String>,
    pub signatures: Vec<Signature>,
    /// Signatures that cannot be read, and why.
    pub unreadable: Vec<String>,
}

#[derive(Debug)]
pub struct Signature {
    pub domain: String,
    pub selector: String,
    pub algorithm: String,
    /// None: not RSA.
    pub bits: Option<usize>,
    /// Names of the fields that it covers.
    pub covered: Vec<String>,
    /// It covers only the beginning of the text (`l=`).
    pub is_partial: bool,
    pub verdict: Verdict,
}

/// What the key in DNS says.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    True,
    False(String),
    /// The key was not to be had.
    Unknown(String),
}

impl Arrived {
    /// `outputs` is what `mail_auth` found for this message.
    pub fn read(message: &AuthenticatedMessage<'_>, outputs: &[DkimOutput<'_>]) -> Arrived {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut arrived = Arrived {
            from: message
                .from
                .iter()
                .filter_map(|address| Some(address.rsplit_once('@')?.1.to_ascii_lowercase()))
                .collect(),
            fields: message
                .headers
                .iter()
                .map(|(name, _)| text(name).trim().to_owned())
                .collect(),
            ..Arrived::default()
        };
        // One a header field, in their order; what could not be read comes without a signature.
        let mut headers = message.dkim_headers.iter();
        for output in outputs {
            let Some(signature) = output.signature() else {
                arrived.unreadable.push(why(output.result()).unwrap_or_default());
                continue;
            };
            let tags = headers.next().and_then(|header| tags(&text(header.value)));
            let has_length = tags.is_some_and(|tags| tags.iter().any(|(name, _)| name == "l"));
            let (algorithm, is_rsa) = match signature.a {
                mail_auth::common::crypto::Algorithm::RsaSha1 => ("rsa-sha1", true),
                mail_auth::common::crypto::Algorithm::RsaSha256 => ("rsa-sha256", true),
                mail_auth::common::crypto::Algorithm::Ed25519Sha256 => ("ed25519-sha256", false),
            };
            arrived.signatures.push(Signature {
                domain: signature.d.to_ascii_lowercase(),
                selector: signature.s.clone(),
                algorithm: algorithm.to_owned(),
                // As long as the key that made it.
                bits: is_rsa.then_some(signature.b.len() * 8),
                covered: signature.h.clone(),
                is_partial: has_length || signature.l > 0,
                verdict: match (output.result(), why(output.result())) {
                    (DkimResult::Pass, _) => Verdict::True,
                    (DkimResult::TempError(_), why) => Verdict::Unknown(why.unwrap_or_default()),
                    (_, why) => Verdict::False(why.unwrap_or_default()),
                },
            });
        }
        arrived
    }
}

fn why(result: &DkimResult) -> Option<String> {
    let (DkimResult::Neutral(error)
    | DkimResult::Fail(error)
    | DkimResult::PermError(error)
    | DkimResult::TempError(error)) = result
    else {
        return None;
    };
    Some(match error {
        Error::Dkim(DkimError::FailedBodyHashMatch) => "the text is not what was signed".to_owned(),
        Error::Crypto(_) => "the headers are not what was signed, or another key signed them".to_owned(),
        Error::Dkim(DkimError::SignatureExpired) => "it has expired".to_owned(),
        Error::Dkim(DkimError::RevokedPublicKey) => "its key is revoked".to_owned(),
        Error::Dns(mail_auth::DnsError::RecordNotFound(_)) => "DNS does not have its key".to_owned(),
        Error::Dns(mail_auth::DnsError::InvalidRecordType) => "DNS has no sound key for it".to_owned(),
        Error::Dns(mail_auth::DnsError::Resolver(_)) => "DNS gives no answer about its key".to_owned(),
        other => other.to_string(),
    })
}

/// Judges a mail.
pub fn judge(mail: &Arrived, answers: &mut Answers) -> Vec<Finding> {
    let mut found = Vec::new();
    let fields = mail
        .fields
        .iter()
        .filter(|name| name.eq_ignore_ascii_case("From"))
        .count();
    let ([from], 1) = (mail.from.as_slice(), fields) else {
        let count = mail.from.len().max(fields);
        return vec![Finding::Mend(format!(
            "the mail has {count} senders (From), and a mail of ours has one; save it as it arrived, headers and all"
        ))];
    };
    for name in WAYS_TO_LEAVE {
        if !has(&mail.fields, name) {
            found.push(Finding::Mend(format!(
                "the mail has no {name}; it is none of ours, or the relay has taken it out"
            )));
        }
    }
    let mut good = false;
    let mut good_rsa = false;
    let mut aligned = false;
    let mut faults = Vec::new();
    for signature in &mail.signatures {
        let about = signature.about();
        match is_aligned(from, &signature.domain, answers) {
            Ok(true) => aligned = true,
            Ok(false) => {
                found.push(Finding::Fact(format!(
                    "The {about} speaks for another domain than {}.",
                    legible(from)
                )));
                continue;
            }
            Err(silence) => {
                faults.push(format!(
                    "the {about}: whether it speaks for {} is not known, since DNS gives no answer about {}",
                    legible(from),
                    legible(&silence.name)
                ));
                continue;
            }
        }
        let wrong = signature.faults(&mail.fields);
        if wrong.is_empty() {
            good = true;
            good_rsa |= signature.bits.is_some();
            found.push(Finding::Fact(format!(
                "The {about} is true, and covers what it has to."
            )));
        }
        faults.extend(wrong.into_iter().map(|fault| format!("the {about}: {fault}")));
    }
    faults.extend(
        mail.unreadable
            .iter()
            .map(|why| format!("a signature cannot be read ({})", legible(why))),
    );
    if good && !good_rsa {
        found.push(Finding::Hint(
            "only Ed25519 signs it, which not every receiver checks; have an RSA key sign beside it".into(),
        ));
    }
    if !good && !aligned && faults.is_empty() {
        found.push(Finding::Mend(match mail.signatures.len() {
            0 => format!(
                "the mail is not signed; have the relay sign for {0}, or make a key by `rapporteur dkim new {0}`",
                legible(from)
            ),
            _ => format!(
                "no signature speaks for {0}, the domain of From; have the relay sign for it (d={0})",
                legible(from)
            ),
        }));
    }
    found.extend(faults.into_iter().map(if good { Finding::Hint } else { Finding::Mend }));
    found
}

impl Signature {
    fn about(&self) -> String {
        let bits = self.bits.map_or_else(String::new, |bits| format!(" of {bits} bits"));
        format!(
            "signature d={} s={} ({}{bits})",
            legible(&self.domain),
            legible(&self.selector),
            self.algorithm
        )
    }

    fn faults(&self, fields: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        match &self.verdict {
            Verdict::True => {}
            Verdict::False(why) => faults.push(format!("it is not true ({})", legible(why))),
            Verdict::Unknown(why) => faults.push(format!(
                "whether it is true is not known ({}); see to DNS, and check again",
                legible(why)
            )),
        }
        if self.algorithm == "rsa-sha1" {
            faults.push("SHA-1 counts for nothing (RFC 8301); have the relay sign by rsa-sha256".into());
        }
        if let Some(bits) = self.bits.filter(|bits| *bits < LEAST_BITS) {
            faults.push(format!(
                "a key of {bits} bits is too weak; have the relay use one of {LEAST_BITS} or more"
            ));
        }
        if self.is_partial {
            faults.push("it covers only the beginning of the text (`l=`), so that anybody can add to it; have the relay leave `l=` out".into());
        }
        let open: Vec<&str> = HEADERS
            .into_iter()
            .filter(|name| has(fields, name) && !has(&self.covered, name))
            .collect();
        if !open.is_empty() {
            faults.push(format!(
                "it does not cover {} (`h=`), so that anybody can change them; have the relay sign them",
                open.join(", ")
            ));
        }
        faults
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a signature of a domain speaks for a sender, as the sender's DMARC record has it.
fn is_aligned(from: &str, domain: &str, answers: &mut Answers) -> Result<bool, Silence> {
    if from == domain {
        return Ok(true);
    }
    let of_sender = dmarc::discover(from, answers)?;
    if of_sender.is_strict(from) {
        return Ok(false);
    }
    let of_signer = dmarc::discover(domain, answers)?;
    Ok(of_sender.organisation.is_some() && of_sender.organisation == of_signer.organisation)
}
