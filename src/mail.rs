//! A mail: from the items of an edition to the frozen bytes that go out, apart from each person's own holes.
//!
//! In: a [`Digest`], everything a digest says, as data. Out: [`Rendered`] subject, HTML and text, which [`compose`] turns
//! into a [`Prepared`] message that [`Prepared::splice`] completes for one person. Pure: same digest, same bytes. The
//! surprising part: this runs once per variant and never per person, so nothing here knows whom it is for.

use chrono::NaiveDate;
use serde::Serialize;

use crate::edition::arrange::{self, is_upcoming};
use crate::edition::{Hand, Item};
use crate::render::{self, Templates, one_line};

mod encode;
mod lint;
mod message;
mod personal;
mod plain;
mod prepared;
mod prose;
mod samples;
mod shorten;
mod view;

pub use lint::{lint, lint_html};
pub use message::{Headers, ListHeaders, compose};
pub use personal::{House, LastEdition, Letter, letter_samples, render_letter};
pub(crate) use personal::{letter_faults, letter_text_faults};
pub use plain::{Plain, plain};
pub use prepared::{Holes, Prepared, boundary, message_id, with_crlf};
pub use samples::samples;

/// Gmail clips HTML at about 100,000 bytes and hides the foot, with the unsubscribe link.
const MAX_HTML: usize = 100_000;

/// From here staff is warned.
const WARN_HTML: usize = 90_000;

/// From this size of a whole mail on staff is warned: readers on the road pay for it (MSG-14).
const WARN_SIZE: usize = 500_000;

/// No larger mail is sealed; many servers take none.
const MAX_SIZE: usize = 10_000_000;

/// What mail programs show of a preheader.
const MAX_PREHEADER: usize = 100;

/// Why no mail could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Template(#[from] render::Error),
    #[error("{file}: {}", .faults.join("; "))]
    Markup { file: String, faults: Vec<String> },
    #[error(
        "the mail's HTML has {size} bytes and mail programs hide what follows the first {MAX_HTML}; \
         leave something out, for instance: {}", .cut.join(", ")
    )]
    TooLarge { size: usize, cut: Vec<String> },
    #[error("{0}")]
    TooHeavy(String),
    #[error("nothing to send: the edition has no report and no correction")]
    Empty,
    #[error("{0} holds a line break or another control character; write it without")]
    Control(&'static str),
    #[error("`{value}` cannot stand in the header {header}")]
    Header { header: &'static str, value: String },
    #[error("the stored mail is damaged: it is empty, or a mark of a hole is broken")]
    Stored,
}

/// What a mail needs to know about its list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ListFacts {
    /// The name in the configuration, which is part of List-Id and of links.
    pub name: String,
    pub title: String,
    pub institute: String,
    pub postal_address: Option<String>,
    /// `Name <address>` or an address.
    pub from: String,
    pub reply_to: Option<String>,
    /// Why these people may be mailed.
    pub basis: Option<String>,
    pub languages: Vec<String>,
    /// Without trailing slash.
    pub public_url: String,
    pub list_id_domain: String,
    /// Whether the list has public pages.
    pub public: bool,
    /// Whether people can join it by themselves.
    pub can_join: bool,
    /// The edition's number.
    pub number: i64,
}

/// Where the links of the frame lead.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Links {
    /// What a report's slug is put behind.
    pub reports: String,
    /// The edition's public page, without any token.
    pub view: Option<String>,
    /// Where a reader of a forwarded mail can subscribe.
    pub subscribe: Option<String>,
}

impl Links {
    /// The links of an edition. A list without public pages has no page to view. Nor has one that nobody can join a page to join on.
    pub fn of(list: &ListFacts) -> Self {
        let base = list.public_url.trim_end_matches('/');
        Links {
            reports: format!("{base}/reports/"),
            view: list
                .public
                .then(|| format!("{base}/editions/{}/{}", list.name, list.number)),
            subscribe: (list.public && list.can_join).then(|| format!("{base}/subscribe")),
        }
    }
}

/// Everything a digest says, in one language and for one set of items.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    pub list: ListFacts,
    /// Of the frame; each report has its own.
    pub language: String,
    /// Decides what is upcoming, in the zone of the cadence.
    pub today: NaiveDate,
    /// In any order.
    pub items: Vec<Item>,
    pub hand: Hand,
    pub links: Links,
    /// Whether an edition of one report carries its full text.
    pub full_text_of_one: bool,
}

/// A mail's content. HTML and text hold marks where a person's name and unsubscribe link will stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub subject: String,
    pub preheader: String,
    pub html: String,
    pub text: String,
    /// What staff should know, one sentence each.
    pub warnings: Vec<String>,
}

impl Rendered {
    /// HTML and text as one person will see them, for previews; for the public page give no name and links that
    /// belong to nobody.
    pub fn fill(&self, name: Option<&str>, unsubscribe: &str, preferences: &str) -> (String, String) {
        let fill = |text: &str, name: Option<&str>, unsubscribe: &str, preferences: &str| {
            let mut out = String::with_capacity(text.len());
            let mut rest = text;
            while let Some((before, after)) = rest.split_once(prepared::IF_NAME) {
                let (inside, behind) = after.split_once(prepared::END_NAME).unwrap_or((after, ""));
                out.push_str(before);
                out.push_str(if name.is_some() { inside } else { "" });
                rest = behind;
            }
            out.push_str(rest);
            out.replace(prepared::NAME, name.unwrap_or_default())
                .replace(prepared::LEAVE, unsubscribe)
                .replace(prepared::CHOOSE, preferences)
        };
        let name = name.filter(|name| !name.trim().is_empty());
        let escaped = name.map(escape_html);
        (
            fill(
                &self.html,
                escaped.as_deref(),
                &escape_html(unsubscribe),
                &escape_html(preferences),
            ),
            fill(&self.text, name, unsubscribe, preferences),
        )
    }
}

/// What staff should know about a mail's size: it is large, or too large to be sent.
pub fn size_warning(mail: &Prepared) -> Option<String> {
    let cure = "shorten its text part (templates/mail/digest.txt) or the editor's note, or leave reports out";
    match mail.size() {
        ..=WARN_SIZE => None,
        size @ ..=MAX_SIZE => Some(format!(
            "the mail has {} kB, which is slow to load; {cure}",
            size / 1000
        )),
        size => Some(format!(
            "the mail has {} MB and cannot be sent, because servers refuse more than {} MB; {cure}",
            size.div_ceil(1_000_000),
            MAX_SIZE / 1_000_000
        )),
    }
}

/// Refuses a mail that no server would take.
pub fn refuse_too_heavy(mail: &Prepared) -> Result<(), Error> {
    match size_warning(mail) {
        Some(sentence) if mail.size() > MAX_SIZE => Err(Error::TooHeavy(sentence)),
        _ => Ok(()),
    }
}

impl Headers {
    /// The headers of a digest.
    pub fn of_digest(list: &ListFacts, language: &str) -> Self {
        let base = list.public_url.trim_end_matches('/');
        let public = |path: String| list.public.then(|| format!("{base}{path}"));
        Headers {
            from: list.from.clone(),
            reply_to: list.reply_to.clone(),
            language: language.to_owned(),
            list: Some(ListHeaders {
                name: list.name.clone(),
                title: list.title.clone(),
                domain: list.list_id_domain.clone(),
                help: format!("{base}/"),
                owner: list.reply_to.clone().unwrap_or_else(|| list.from.clone()),
                archive: public("/".into()),
                subscribe: public("/subscribe".into()).filter(|_| list.can_join),
                archived_at: public(format!("/editions/{}/{}", list.name, list.number)),
                number: list.number,
            }),
        }
    }
}

/// Renders a digest. Fails if a template does, if the HTML breaks a rule of mail, or if it is too large.
pub fn render_digest(templates: &Templates, digest: &Digest) -> Result<Rendered, Error> {
    if digest.items.is_empty() {
        return Err(Error::Empty);
    }
    let mut rendered = render_once(templates, digest)?;
    if rendered.html.len() > MAX_HTML && digest.full_text_of_one && digest.items.len() == 1 {
        let summary = Digest {
            full_text_of_one: false,
            ..digest.clone()
        };
        rendered = render_once(templates, &summary)?;
        rendered
            .warnings
            .push("the full text is too long for a mail; the summary stands in its place".into());
    }
    let size = rendered.html.len();
    if size > MAX_HTML {
        return Err(Error::TooLarge {
            size,
            cut: what_to_cut(digest, size),
        });
    }
    if size > WARN_HTML {
        rendered.warnings.push(format!(
            "the mail's HTML has {size} bytes; above {MAX_HTML} it cannot be sent, because mail programs hide the foot"
        ));
    }
    Ok(rendered)
}

fn render_once(templates: &Templates, digest: &Digest) -> Result<Rendered, Error> {
    let hand = [
        ("the subject", &digest.hand.subject),
        ("the preheader", &digest.hand.preheader),
    ];
    for (what, words) in hand {
        if words.as_ref().is_some_and(|words| words.contains(char::is_control)) {
            return Err(Error::Control(what));
        }
    }
    let mut view = view::View::new(templates, digest);
    let subject = templates.render("mail/digest.subject.txt", &view)?;
    view.subject = one_line(&subject);
    if view.subject.is_empty() {
        return Err(Error::Markup {
            file: templates.origin("mail/digest.subject.txt"),
            faults: vec!["renders an empty subject".into()],
        });
    }
    let html = inline(
        templates,
        "mail/digest.html",
        &templates.render("mail/digest.html", &view)?,
    )?;
    let text = shorten::tidy(&templates.render("mail/digest.txt", &view)?);
    refuse(templates, "mail/digest.html", html_faults(&html))?;
    refuse(templates, "mail/digest.txt", text_faults(&text))?;

    let mut warnings = Vec::new();
    let length = view.preheader.chars().count();
    if digest.hand.preheader.is_some() && length > MAX_PREHEADER {
        warnings.push(format!(
            "the preheader has {length} characters; mail programs show about {MAX_PREHEADER}"
        ));
    }
    Ok(Rendered {
        subject: view.subject,
        preheader: view.preheader,
        html,
        text,
        warnings,
    })
}

fn refuse(templates: &Templates, name: &str, faults: Vec<String>) -> Result<(), Error> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::Markup {
        file: templates.origin(name),
        faults,
    })
}

/// Moves the styles into the elements, because Gmail's apps and Outlook know little of style blocks. The block marked
/// `data-css-inline="keep"` (dark and narrow) stays.
fn inline(templates: &Templates, name: &str, html: &str) -> Result<String, Error> {
    let inliner = css_inline::CSSInliner::options()
        .load_remote_stylesheets(false)
        .minify_css(true)
        .build();
    let inlined = inliner.inline(html).map_err(|error| Error::Markup {
        file: templates.origin(name),
        faults: vec![format!("its styles cannot be moved into the elements: {error}")],
    })?;
    Ok(inlined.replace(" data-css-inline=\"keep\"", ""))
}

/// What is wrong with a digest's HTML; also the rule by which templates are checked.
pub(crate) fn html_faults(html: &str) -> Vec<String> {
    let mut faults = lint_html(html);
    if !html.contains(&format!("href=\"{}\"", prepared::LEAVE)) {
        faults.push("has no unsubscribe link; write <a href=\"{{ unsubscribe }}\">".to_owned());
    }
    faults
}

/// What is wrong with a digest's text part.
pub(crate) fn text_faults(text: &str) -> Vec<String> {
    if text.contains(prepared::LEAVE) {
        Vec::new()
    } else {
        vec!["has no unsubscribe link; write {{ unsubscribe }} on a line of its own".to_owned()]
    }
}

/// The last items whose absence would bring the mail under the limit.
fn what_to_cut(digest: &Digest, size: usize) -> Vec<String> {
    /// What an item costs besides its own words, inlined styles above all.
    const FRAME: usize = 400;
    let mut excess = size.saturating_sub(WARN_HTML);
    let mut cut = Vec::new();
    for item in arrange::arrange(digest.items.clone(), digest.today, &digest.hand.order)
        .iter()
        .rev()
    {
        if excess == 0 {
            break;
        }
        excess =
            excess.saturating_sub(FRAME + item.report.title.len() + item.report.url.as_ref().map_or(0, String::len));
        cut.push(format!("`{}`", item.slug));
    }
    cut
}

pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(char),
        }
    }
    out
}
