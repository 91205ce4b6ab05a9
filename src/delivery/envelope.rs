//! What goes with MAIL and RCPT beyond the two addresses. Pure.
//!
//! In: a letter, and what the relay offers. Out: parameters, which lettre writes as xtext (RFC 3461 section 4). A notice
//! of failure then names the delivery and the address we asked for, whoever changed it on the way (SMTP-14). The
//! surprising part: an address beyond ASCII goes without ORCPT. Its form is one of RFC 6533, which not every relay that
//! has DSN reads, and the number of the delivery says enough.

use lettre::transport::smtp::extension::{MailParameter, RcptParameter};

use super::letter::Letter;

/// Those of MAIL and those of RCPT; a relay is told nothing that it did not offer (SMTP-12).
pub(super) fn parameters(letter: &Letter, dsn: bool) -> (Vec<MailParameter>, Vec<RcptParameter>) {
    let (mut mail, mut rcpt) = (Vec::new(), Vec::new());
    // A letter that needs it comes this far only where it is offered.
    if letter.needs_utf8() {
        mail.push(MailParameter::SmtpUtfEight);
    }
    if dsn {
        mail.push(of_mail("RET", "HDRS".to_owned()));
        mail.push(of_mail("ENVID", letter.id.to_string()));
        rcpt.push(of_rcpt("NOTIFY", "FAILURE,DELAY".to_owned()));
        if letter.recipient.user().is_ascii() {
            rcpt.push(of_rcpt("ORCPT", format!("rfc822;{}", letter.recipient)));
        }
    }
    (mail, rcpt)
}

fn of_mail(keyword: &str, value: String) -> MailParameter {
    MailParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value),
    }
}

fn of_rcpt(keyword: &str, value: String) -> RcptParameter {
    RcptParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value),
    }
}
