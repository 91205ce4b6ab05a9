//! Complaints: the abuse reporting format of RFC 5965, and the older form of Outlook.com (BNC-08).
//!
//! The person's address is often blacked out; whoever keeps the ledger knows them by the returned mail's own marks.

use super::parts::Mail;
use super::{Finding, Kind, address};

/// None: not a complaint, nor a report of that form.
pub(super) fn read(mail: &Mail<'_>) -> Option<Vec<Finding>> {
    let kind = match mail.part("message/feedback-report") {
        Some(report) => {
            let text = report.text();
            let field = |name: &str| {
                text.lines().find_map(|line| {
                    let (field, value) = line.split_once(':')?;
                    field.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
                })
            };
            // All three are required (RFC 5965 section 3.1); without them anything could pass for a complaint.
            let kind = field("Feedback-Type")?.to_ascii_lowercase();
            field("User-Agent")?;
            field("Version")?;
            let named = ["Original-Rcpt-To", "Removal-Recipient"].into_iter().find_map(field);
            let named = named.and_then(|value| address::of_field(&value));
            (kind, named)
        }
        None => (of_outlook(mail)?, None),
    };
    let (kind, named) = kind;
    let returned = mail.parts.iter().find_map(super::parts::Part::returned);
    let recipient = named.or_else(|| {
        let headers = returned.as_ref()?;
        let names = ["x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to"];
        names
            .iter()
            .find_map(|name| address::first(headers.get(name)?).map(str::to_owned))
    });
    Some(vec![Finding {
        recipient,
        status: None,
        kind: match kind.as_str() {
            "abuse" | "fraud" | "virus" | "other" | "opt-out" | "opt-out-list" | "miscategorized" => Kind::Complaint,
            // "not-spam" praises, "auth-failure" and "dmarc" are about signatures.
            _ => Kind::None,
        },
    }])
}

fn of_outlook(mail: &Mail<'_>) -> Option<String> {
    let subject = mail.headers.get("subject")?.to_ascii_lowercase();
    let from = address::first(mail.headers.get("from")?)?.to_ascii_lowercase();
    let is_outlook = subject.starts_with("complaint about message from") && from == "staff@hotmail.com";
    is_outlook.then(|| "abuse".to_owned())
}
