//! From rendered content to a message: headers and parts, encoded once, with marks where a person's values will stand.
//!
//! In: headers and a rendered digest. Out: a [`Prepared`] message. Everything expensive happens here, once per variant.
//! The surprising part: a value with a line break or another control character is refused, never cleaned, because
//! cleaning would hide an attempt to write headers of one's own.

use super::encode::{SOFT_BREAK, header_text, mailbox, named, quoted_printable};
use super::prepared::{CLOSE, Hole, OPEN, Prepared, hole};
use super::{Error, Rendered};

/// The headers of a mail that are the same for everyone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// `Name <address>` or an address.
    pub from: String,
    pub reply_to: Option<String>,
    /// Language of the frame, for `Content-Language`.
    pub language: String,
    /// None for mail to one person (previews of settings, alerts).
    pub list: Option<ListHeaders>,
}

/// The headers of list mail (RFC 2369, 2919, 5064, 8058).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListHeaders {
    /// The list's name in the configuration: the first label of List-Id, constant for the life of the list.
    pub name: String,
    pub title: String,
    pub domain: String,
    pub help: String,
    /// An address someone reads.
    pub owner: String,
    pub archive: Option<String>,
    pub subscribe: Option<String>,
    pub archived_at: Option<String>,
    /// Number of the edition, for `Feedback-ID`.
    pub number: i64,
}

/// Builds the message and cuts it at its holes.
pub fn compose(headers: &Headers, rendered: &Rendered) -> Result<Prepared, Error> {
    let mut out = String::with_capacity(rendered.html.len() * 3 / 2 + rendered.text.len() * 3 / 2 + 2048);
    write_headers(&mut out, headers, &rendered.subject)?;
    let boundary = hole(Hole::Boundary);
    if rendered.html.is_empty() {
        write_part(&mut out, "text/plain", &rendered.text, false)?;
        return Prepared::from_stored(&out);
    }
    out.push_str(&format!(
        "Content-Type: multipart/alternative;\r\n boundary=\"{boundary}\"\r\n\r\n"
    ));
    out.push_str(&format!("--{boundary}\r\n"));
    // The line end before a boundary belongs to the boundary, hence one more.
    write_part(&mut out, "text/plain", &rendered.text, false)?;
    out.push_str(&format!("\r\n--{boundary}\r\n"));
    write_part(&mut out, "text/html", &rendered.html, true)?;
    out.push_str(&format!("\r\n--{boundary}--\r\n"));
    Prepared::from_stored(&out)
}

fn write_headers(out: &mut String, headers: &Headers, subject: &str) -> Result<(), Error> {
    let (name, address) = read_mailbox("From", &headers.from)?;
    out.push_str("From: ");
    mailbox(out, name.as_deref(), &address, "From: ".len());
    out.push_str(&format!("\r\nTo: {}\r\n", hole(Hole::To)));
    if let Some(reply_to) = &headers.reply_to {
        let (name, address) = read_mailbox("Reply-To", reply_to)?;
        out.push_str("Reply-To: ");
        mailbox(out, name.as_deref(), &address, "Reply-To: ".len());
        out.push_str("\r\n");
    }
    out.push_str("Subject: ");
    header_text(out, clean("Subject", subject)?, "Subject: ".len());
    out.push_str(&format!("\r\nDate: {}\r\n", hole(Hole::Date)));
    out.push_str(&format!("Message-ID: <{}>\r\n", hole(Hole::MessageId)));
    out.push_str("MIME-Version: 1.0\r\n");
    if let Some(list) = &headers.list {
        write_list_headers(out, list)?;
    }
    out.push_str("Auto-Submitted: auto-generated\r\n");
    out.push_str("X-Auto-Response-Suppress: All\r\n");
    if !headers.language.is_empty() {
        out.push_str(&format!(
            "Content-Language: {}\r\n",
            token("Content-Language", &headers.language)?
        ));
    }
    Ok(())
}

fn write_list_headers(out: &mut String, list: &ListHeaders) -> Result<(), Error> {
    let name = token("List-Id", &list.name)?;
    let domain = token("List-Id", &list.domain)?;
    out.push_str("List-Id: ");
    named(
        out,
        clean("List-Id", &list.title)?,
        &format!("{name}.{domain}"),
        "List-Id: ".len(),
    );
    out.push_str("\r\n");
    out.push_str(&format!(
        "List-Unsubscribe: <{}>{}\r\n",
        hole(Hole::LeaveHeader),
        hole(Hole::LeaveByMail)
    ));
    out.push_str("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    let (_, owner) = read_mailbox("List-Owner", &list.owner)?;
    let links = [
        ("List-Help", Some(list.help.clone())),
        ("List-Owner", Some(format!("mailto:{owner}"))),
        ("List-Archive", list.archive.clone()),
        ("List-Subscribe", list.subscribe.clone()),
        ("Archived-At", list.archived_at.clone()),
    ];
    for (header, link) in links {
        if let Some(link) = link {
            out.push_str(&format!("{header}: <{}>\r\n", token(header, &link)?));
        }
    }
    out.push_str("List-Post: NO\r\n");
    out.push_str("Precedence: bulk\r\n");
    let sender = sender_id(domain);
    out.push_str(&format!("Feedback-ID: {}:{name}:digest:{sender}\r\n", list.number));
    Ok(())
}

/// 5 to 15 characters that stay the same for the life of the domain (Gmail's Feedback-ID).
fn sender_id(domain: &str) -> String {
    let hash = blake3::hash(domain.as_bytes()).to_hex();
    format!("r{}", hash.get(..10).unwrap_or_default())
}

/// One part with its headers; its holes are given the encoding that the part needs.
fn write_part(out: &mut String, kind: &str, text: &str, html: bool) -> Result<(), Error> {
    out.push_str(&format!("Content-Type: {kind}; charset=utf-8\r\n"));
    out.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    let mut column = 0;
    let mut parts = text.split(OPEN);
    let first = parts.next().unwrap_or_default();
    column = quoted_printable(out, content(first)?, column);
    for part in parts {
        let (word, rest) = part.split_once(CLOSE).ok_or(Error::Control("the body"))?;
        if column > 0 {
            out.push_str(SOFT_BREAK);
        }
        out.push_str(&hole(match (word, html) {
            ("name", false) => Hole::NameText,
            ("name", true) => Hole::NameHtml,
            ("leave", false) => Hole::LeaveText,
            ("leave", true) => Hole::LeaveHtml,
            ("choose", false) => Hole::ChooseText,
            ("choose", true) => Hole::ChooseHtml,
            ("if-name", _) => Hole::IfName,
            ("end-name", _) => Hole::EndName,
            _ => return Err(Error::Control("the body")),
        }));
        column = quoted_printable(out, content(rest)?, 0);
    }
    if column > 0 || !out.ends_with("\r\n") {
        out.push_str("\r\n");
    }
    Ok(())
}

/// Text without control characters other than line ends and tabs.
fn content(text: &str) -> Result<&str, Error> {
    let stray = |char: char| char.is_ascii_control() && !matches!(char, '\n' | '\r' | '\t');
    if text.contains(stray) {
        Err(Error::Control("the body"))
    } else {
        Ok(text)
    }
}

fn clean<'a>(header: &'static str, value: &'a str) -> Result<&'a str, Error> {
    if value.contains(char::is_control) {
        Err(Error::Control(header))
    } else {
        Ok(value)
    }
}

/// A value that stands in a header as it is: visible ASCII without brackets.
fn token<'a>(header: &'static str, value: &'a str) -> Result<&'a str, Error> {
    let visible = |byte: u8| (b'!'..=b'~').contains(&byte) && byte != b'<' && byte != b'>';
    if !value.is_empty() && value.bytes().all(visible) {
        Ok(value)
    } else {
        Err(Error::Header {
            header,
            value: value.escape_default().to_string(),
        })
    }
}

/// Name and address of `Name <address>`; the domain in its ASCII form.
fn read_mailbox(header: &'static str, value: &str) -> Result<(Option<String>, String), Error> {
    let value = clean(header, value)?.trim();
    let wrong = || Error::Header {
        header,
        value: value.to_owned(),
    };
    let (name, address) = match value.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim(), address.trim()),
        None => ("", value),
    };
    let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| wrong())?;
    let address = format!("{local}@{domain}");
    if local.is_empty() || domain.is_empty() {
        return Err(wrong());
    }
    token(header, &address)?;
    let name = match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    };
    if name.contains('@') {
        return Err(wrong());
    }
    Ok(((!name.is_empty()).then_some(name), address))
}
