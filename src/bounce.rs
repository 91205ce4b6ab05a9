//! What comes back to the address that bounces are asked to: who was not reached, why, and what is no bounce at all.
//!
//! In: the bytes of one mail, from anybody. Out: a [`Reading`] with one [`Finding`] per person. Pure. Read `headers.rs` and
//! `parts.rs` (the mail in pieces, within limits), `sender.rs` (who wrote it), then the three forms with a structure (`dsn.rs`,
//! `arf.rs`, `autoreply.rs`), and `words.rs` with `notice.rs` for servers that only use words. The surprising thing: a mail that is about
//! a bounce, such as a person's answer that quotes one, is read as nothing; and what is found here suspends nobody by
//! itself, since anybody can write such a mail (BNC-07).

mod address;
mod arf;
mod autoreply;
mod dsn;
mod headers;
mod notice;
mod parts;
mod phrases;
mod sender;
pub mod status;
mod words;

pub use status::{Blame, Status};

use parts::{Mail, Part};

/// What a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The mail was not delivered, and the server has given up.
    Bounce,
    /// Not delivered yet; the server goes on trying.
    Delay,
    /// The person said that the mail is unwanted (BNC-08).
    Complaint,
    /// Written by a machine for a person who has got the mail.
    Autoreply,
    /// None of these: a delivery confirmation, or a mail by a person.
    None,
}

impl Kind {
    /// The word in rows and in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Bounce => "bounce",
            Kind::Delay => "delay",
            Kind::Complaint => "complaint",
            Kind::Autoreply => "autoreply",
            Kind::None => "none",
        }
    }
}

/// What a mail says about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// As the mail names it; none: it names nobody.
    pub recipient: Option<String>,
    pub status: Option<Status>,
    pub kind: Kind,
}

impl Finding {
    /// The server calls it permanent: a status of class 5 (RFC 3463).
    pub fn is_hard(&self) -> bool {
        self.kind == Kind::Bounce && self.status.is_some_and(|status| status.class == 5)
    }
}

/// What was read from one mail. There is always a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub findings: Vec<Finding>,
    /// Bounce, delay or complaint in a form that only mail servers write; words alone are weaker (BNC-03).
    pub is_structured: bool,
    /// It came with an empty return path, as bounces have to.
    pub has_empty_return_path: bool,
    /// Addresses the mail was sent to, as far as its headers tell: one of them may carry our mark.
    pub addressed_to: Vec<String>,
    pub subject: String,
    /// The server's words about the person, on one line or more: a reason, a reputation.
    pub diagnostic: String,
    /// Of the mail that is returned: its return paths and the links by which its reader leaves.
    pub original: Original,
}

/// What a returned mail, or its headers, tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    pub return_paths: Vec<String>,
    pub unsubscribe: Vec<String>,
}

impl Reading {
    /// The strongest kind of the findings.
    pub fn kind(&self) -> Kind {
        let kinds = self.findings.iter().map(|finding| finding.kind);
        kinds.min().unwrap_or(Kind::None)
    }
}

/// Reads one mail.
pub fn read(raw: &[u8]) -> Reading {
    // Lines ended by CR alone, as a mailbox of old may have them.
    let turned: Vec<u8>;
    let raw = match raw.contains(&b'\n') {
        true => raw,
        false => {
            turned = raw
                .iter()
                .map(|byte| if *byte == b'\r' { b'\n' } else { *byte })
                .collect();
            &turned
        }
    };
    let mail = Mail::read(raw);
    let (findings, is_structured) = find(&mail);
    Reading {
        findings,
        is_structured,
        has_empty_return_path: sender::has_empty_return_path(&mail),
        addressed_to: sender::addressed_to(&mail),
        subject: mail.headers.decoded("subject"),
        diagnostic: mail.report().map(Part::text).unwrap_or_default(),
        original: original(&mail),
    }
}

fn find(mail: &Mail) -> (Vec<Finding>, bool) {
    if let Some(complaint) = arf::read(mail) {
        return (complaint, true);
    }
    let is_server = sender::is_server(mail);
    if let Some(report) = mail.report().filter(|_| is_server || !sender::is_person(mail)) {
        let findings = dsn::read(report);
        if !findings.is_empty() {
            return (findings, true);
        }
    }
    if let Some(reply) = autoreply::read(mail, is_server) {
        return (vec![reply], false);
    }
    let findings = words::read(mail, is_server);
    if findings.is_empty() {
        return (vec![nothing()], false);
    }
    (findings, false)
}

fn nothing() -> Finding {
    Finding {
        recipient: None,
        status: None,
        kind: Kind::None,
    }
}

fn original(mail: &Mail) -> Original {
    let Some(headers) = mail.parts.iter().find_map(Part::returned) else {
        return Original::default();
    };
    let all = |name: &str| headers.all(name).map(str::to_owned).collect();
    Original {
        return_paths: all("return-path"),
        unsubscribe: all("list-unsubscribe"),
    }
}
