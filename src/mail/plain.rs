//! Small mails to one person: an alert to staff, a test of the settings. The same code as for digests, without holes.

use chrono::{DateTime, Utc};

use super::message::{Headers, compose};
use super::prepared::Holes;
use super::{Error, Rendered};

/// A mail to one person. The text is wrapped by who writes it.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    pub from: &'a str,
    pub reply_to: Option<&'a str>,
    pub to: &'a str,
    pub name: Option<&'a str>,
    pub language: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    /// Empty for a mail of text alone.
    pub html: &'a str,
    pub date: DateTime<Utc>,
    /// Without angle brackets.
    pub message_id: &'a str,
    pub boundary: &'a str,
}

/// The whole message.
pub fn plain(mail: &Plain) -> Result<String, Error> {
    let headers = Headers {
        from: mail.from.to_owned(),
        reply_to: mail.reply_to.map(str::to_owned),
        language: mail.language.to_owned(),
        list: None,
    };
    let rendered = Rendered {
        subject: mail.subject.to_owned(),
        html: mail.html.to_owned(),
        text: mail.text.to_owned(),
        ..Rendered::default()
    };
    let holes = Holes {
        to: mail.to,
        name: mail.name,
        date: mail.date,
        message_id: mail.message_id,
        boundary: mail.boundary,
        ..Holes::default()
    };
    Ok(compose(&headers, &rendered)?.splice(&holes))
}
