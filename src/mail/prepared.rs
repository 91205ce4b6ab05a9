//! A message cut at the person's holes, and the whole message for one person at the cost of copying it.
//!
//! In: the stored form, text with marks. Out: bytes for the wire. Values are escaped and encoded by where they stand,
//! each on lines of its own. The surprising part is the mark of a hole: `\u{1}`, a letter, `\u{2}`; control characters
//! cannot occur in content, because `compose` refuses them. How lines end and begin is looked at once, when the stored
//! form is read, and not in each of a million copies.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::encode::{mailbox, quoted_printable_hole};
use super::{Error, escape_html};
use crate::subscriber::Address;

/// Opens and closes the mark of a hole.
pub(super) const OPEN: char = '\u{1}';
pub(super) const CLOSE: char = '\u{2}';

/// Marks that templates write.
pub(super) const NAME: &str = "\u{1}name\u{2}";
pub(super) const LEAVE: &str = "\u{1}leave\u{2}";
pub(super) const CHOOSE: &str = "\u{1}choose\u{2}";
pub(super) const IF_NAME: &str = "\u{1}if-name\u{2}";
pub(super) const END_NAME: &str = "\u{1}end-name\u{2}";

/// What differs from person to person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holes<'a> {
    pub to: &'a str,
    pub name: Option<&'a str>,
    /// When the edition was released.
    pub date: DateTime<Utc>,
    /// Without angle brackets.
    pub message_id: &'a str,
    pub boundary: &'a str,
    /// The person's https link that ends the subscription.
    pub unsubscribe: &'a str,
    /// The same by mail, `mailto:` and so on; empty: nobody reads such mails.
    pub leave_by_mail: &'a str,
    /// The person's link to the page where they choose what they get.
    pub preferences: &'a str,
}

/// Room for what fills the holes, a signature, and what a session sends behind: a copy of a whole mail is dear.
const ROOM: usize = 4096;

/// A place to be filled per person, with the encoding that its surroundings demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    To,
    Date,
    MessageId,
    Boundary,
    LeaveHeader,
    /// The second way to leave, with what stands between the two; nothing if there is none.
    LeaveByMail,
    LeaveText,
    LeaveHtml,
    ChooseText,
    ChooseHtml,
    NameText,
    NameHtml,
    /// What stands between these two is left out for people without a name.
    IfName,
    EndName,
}

const CODES: &[(char, Hole)] = &[
    ('t', Hole::To),
    ('d', Hole::Date),
    ('m', Hole::MessageId),
    ('b', Hole::Boundary),
    ('h', Hole::LeaveHeader),
    ('u', Hole::LeaveText),
    ('U', Hole::LeaveHtml),
    ('l', Hole::LeaveByMail),
    ('c', Hole::ChooseText),
    ('C', Hole::ChooseHtml),
    ('n', Hole::NameText),
    ('N', Hole::NameHtml),
    ('(', Hole::IfName),
    (')', Hole::EndName),
];

/// A message cut at its holes.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// All that is fixed, without the holes.
    fixed: String,
    /// Where in `fixed` each hole stands, in order.
    holes: Vec<(usize, Hole)>,
    leading_dots: bool,
}

impl Prepared {
    /// The form kept in the database: the message with marks at its holes.
    pub fn to_stored(&self) -> String {
        let mut stored = String::with_capacity(self.fixed.len() + self.holes.len() * 3);
        let mut from = 0;
        for (at, hole) in &self.holes {
            stored.push_str(self.fixed.get(from..*at).unwrap_or_default());
            if let Some((code, _)) = CODES.iter().find(|(_, known)| known == hole) {
                stored.extend([OPEN, *code, CLOSE]);
            }
            from = *at;
        }
        stored.push_str(self.fixed.get(from..).unwrap_or_default());
        stored
    }

    /// Reads what `to_stored` wrote; lines that end in anything but CRLF are mended, for they would break the final dot.
    pub fn from_stored(stored: &str) -> Result<Self, Error> {
        if stored.is_empty() {
            return Err(Error::Stored);
        }
        let stored = with_crlf(stored);
        let mut fixed = String::with_capacity(stored.len());
        let mut holes = Vec::new();
        let mut parts = stored.split(OPEN);
        fixed.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (code, text) = part.split_once(CLOSE).ok_or(Error::Stored)?;
            let hole = CODES
                .iter()
                .find(|(known, _)| code.chars().eq([*known]))
                .ok_or(Error::Stored)?;
            holes.push((fixed.len(), hole.1));
            fixed.push_str(text);
        }
        if fixed.contains(CLOSE) {
            return Err(Error::Stored);
        }
        // What fills a hole may end with a line's end.
        let behind_a_hole = |at: &usize| fixed.get(*at..).is_some_and(|rest| rest.starts_with('.'));
        let leading_dots =
            fixed.starts_with('.') || fixed.contains("\n.") || holes.iter().any(|(at, _)| behind_a_hole(at));
        Ok(Prepared {
            fixed,
            holes,
            leading_dots,
        })
    }

    /// A line of the message may begin with a dot; none does if this is false.
    pub fn leading_dots(&self) -> bool {
        self.leading_dots
    }

    /// Bytes on the wire, but for what a person's holes add, which is little.
    pub fn size(&self) -> usize {
        self.fixed.len()
    }

    /// The message to one person, in the stored form: all holes are filled but those of the link, which is made when the
    /// mail goes out.
    pub fn addressed(&self, holes: &Holes) -> String {
        self.fill(holes, true)
    }

    /// An addressed message with its link.
    pub fn with_link(&self, link: &str) -> String {
        self.splice(&Holes {
            unsubscribe: link,
            ..Holes::default()
        })
    }

    /// The whole message for one person. Control characters in values, which no checked address or link has, are left
    /// out, so that nothing a person is called can end a header.
    pub fn splice(&self, holes: &Holes) -> String {
        self.fill(holes, false)
    }

    fn fill(&self, holes: &Holes, keeps_link: bool) -> String {
        let name = holes.name.map(clean_name).filter(|name| !name.is_empty());
        let name = name.as_deref();
        let mut out = String::with_capacity(self.fixed.len() + ROOM);
        let mut from = 0;
        let mut skipping = false;
        for (at, hole) in &self.holes {
            if !skipping {
                out.push_str(self.fixed.get(from..*at).unwrap_or_default());
            }
            from = *at;
            match hole {
                Hole::EndName => skipping = false,
                Hole::IfName => skipping = name.is_none(),
                _ if skipping => {}
                Hole::LeaveHeader | Hole::LeaveText | Hole::LeaveHtml if keeps_link => out.push_str(&self::hole(*hole)),
                Hole::To => mailbox(&mut out, name, &printable(&for_header(holes.to)), "To: ".len()),
                Hole::Date => out.push_str(&holes.date.to_rfc2822()),
                Hole::MessageId => out.push_str(&printable(holes.message_id)),
                Hole::Boundary => out.push_str(&printable(holes.boundary)),
                Hole::LeaveHeader => out.push_str(&printable(holes.unsubscribe)),
                Hole::LeaveText => quoted_printable_hole(&mut out, &printable(holes.unsubscribe)),
                Hole::LeaveHtml => quoted_printable_hole(&mut out, &escape_html(&printable(holes.unsubscribe))),
                Hole::LeaveByMail if holes.leave_by_mail.is_empty() => {}
                Hole::LeaveByMail => out.push_str(&format!(", <{}>", printable(holes.leave_by_mail))),
                Hole::ChooseText => quoted_printable_hole(&mut out, &printable(holes.preferences)),
                Hole::ChooseHtml => quoted_printable_hole(&mut out, &escape_html(&printable(holes.preferences))),
                Hole::NameText => quoted_printable_hole(&mut out, name.unwrap_or_default()),
                Hole::NameHtml => quoted_printable_hole(&mut out, &escape_html(name.unwrap_or_default())),
            }
        }
        out.push_str(self.fixed.get(from..).unwrap_or_default());
        out
    }
}

/// The text with each line ended by CRLF, the last one too.
pub fn with_crlf(text: &str) -> String {
    let mut lines = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    if !lines.ends_with("\r\n") {
        lines.push_str("\r\n");
    }
    lines
}

fn printable(value: &str) -> Cow<'_, str> {
    if value.contains(char::is_control) {
        return value.chars().filter(|char| !char.is_control()).collect();
    }
    value.into()
}

/// A display name without line breaks, control characters and marks that change the direction of what follows.
fn clean_name(name: &str) -> String {
    let kept = |char: &char| {
        !char.is_control()
            && !matches!(char, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let spaced: String = name
        .chars()
        .map(|char| if char.is_whitespace() { ' ' } else { char })
        .collect();
    let kept: String = spaced.chars().filter(kept).collect();
    kept.split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The mark of a hole.
pub(super) fn hole(hole: Hole) -> String {
    let code = CODES
        .iter()
        .find(|(_, known)| *known == hole)
        .map_or('?', |(code, _)| *code);
    String::from_iter([OPEN, code, CLOSE])
}

/// The Message-ID of an edition's mail to a person, without brackets: fixed, and telling nothing about the person.
/// `epoch` changes when a backup is restored, so that mails sent after it differ from those the backup forgot.
pub fn message_id(epoch: &str, edition_id: i64, subscriber_id: i64, domain: &str) -> String {
    let hash = blake3::hash(format!("message-id {epoch} {edition_id} {subscriber_id}").as_bytes()).to_hex();
    format!("{}@{domain}", hash.get(..32).unwrap_or_default())
}

/// The MIME boundary of an edition's mail to a person. `=_` cannot occur in quoted-printable text.
pub fn boundary(edition_id: i64, subscriber_id: i64) -> String {
    let hash = blake3::hash(format!("boundary {edition_id} {subscriber_id}").as_bytes()).to_hex();
    format!("=_{}", hash.get(..24).unwrap_or_default())
}

/// With its domain in ASCII (MSG-12): a header beyond ASCII may go only where SMTPUTF8 was agreed upon, which such an
/// address does not need.
fn for_header(address: &str) -> Cow<'_, str> {
    if address.is_ascii() {
        return Cow::Borrowed(address);
    }
    Address::parse(address).map_or(Cow::Borrowed(address), |address| Cow::Owned(address.ascii()))
}
