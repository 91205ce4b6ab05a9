//! Mails to one person that answer what they did: confirm, you are subscribed already, welcome.
//!
//! In: a [`Letter`], which is the stem of three templates and what they say. Out: [`Rendered`]. The surprising thing: no
//! letter has a place for anything that the person typed, not even their name, since a stranger may have typed it
//! (PRIV-04).

use serde::Serialize;

use super::prepared::LEAVE;
use super::view::postal_lines;
use super::{Error, Headers, ListFacts, ListHeaders, Rendered, inline, lint_html, refuse};
use crate::render::{Templates, direction, one_line};

/// Which mail it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Letter {
    /// Somebody asked for these lists at this address.
    Confirm {
        lists: Vec<String>,
        hours: i64,
        reminder: bool,
    },
    /// They asked for lists that they have.
    Known { lists: Vec<String> },
    /// They are on this list now.
    Welcome { list: String, last: Option<LastEdition> },
}

/// The last edition of a list, for somebody who has just come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastEdition {
    pub url: String,
    pub number: i64,
    pub date: String,
    pub titles: Vec<String>,
}

/// Who writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct House<'a> {
    pub institute: &'a str,
    pub postal_address: Option<&'a str>,
}

impl Letter {
    pub fn stem(&self) -> &'static str {
        match self {
            Letter::Confirm { .. } => "confirm",
            Letter::Known { .. } => "known",
            Letter::Welcome { .. } => "welcome",
        }
    }

    /// What the templates see.
    fn context(&self, house: &House, language: &str) -> serde_json::Value {
        let postal = house
            .postal_address
            .map(|address| postal_lines(address, house.institute));
        let mut context = serde_json::json!({
            "lang": language,
            "dir": direction(language),
            "subject": "",
            "institute": one_line(house.institute),
            "postal_address": postal.unwrap_or_default(),
            "link": LEAVE,
        });
        let own = match self {
            Letter::Confirm { lists, hours, reminder } => {
                serde_json::json!({ "lists": lists, "hours": hours, "reminder": reminder })
            }
            Letter::Known { lists } => serde_json::json!({ "lists": lists }),
            Letter::Welcome { list, last } => serde_json::json!({ "list": list, "last": last }),
        };
        if let (Some(context), serde_json::Value::Object(own)) = (context.as_object_mut(), own) {
            context.extend(own);
        }
        context
    }
}

/// Renders a letter in a language. Fails if a template does, or if its HTML breaks a rule of mail.
pub fn render_letter(templates: &Templates, letter: &Letter, house: &House, language: &str) -> Result<Rendered, Error> {
    let name = |end: &str| format!("mail/{}.{end}", letter.stem());
    let mut context = letter.context(house, language);
    let subject = one_line(&templates.render(&name("subject.txt"), &context)?);
    if let Some(context) = context.as_object_mut() {
        context.insert("subject".into(), subject.clone().into());
    }
    let html = templates.render(&name("html"), &context)?;
    refuse(templates, &name("html"), letter_faults(&html))?;
    Ok(Rendered {
        subject,
        html: inline(templates, &name("html"), &html)?,
        text: templates.render(&name("txt"), &context)?,
        ..Rendered::default()
    })
}

/// What is wrong with the HTML of a letter that has a link of its own.
pub(crate) fn letter_faults(html: &str) -> Vec<String> {
    let mut faults = lint_html(html);
    if !html.contains(&format!("href=\"{LEAVE}\"")) {
        faults.push("has no link of its own; write <a href=\"{{ link }}\">".to_owned());
    }
    faults
}

/// What is wrong with its text.
pub(crate) fn letter_text_faults(text: &str) -> Vec<String> {
    match text.contains(LEAVE) {
        true => Vec::new(),
        false => vec!["has no link of its own; write {{ link }} on a line of its own".to_owned()],
    }
}

impl Headers {
    /// The headers of a welcome, which is mail of its list and can be left from as such.
    pub fn of_welcome(list: &ListFacts, language: &str) -> Self {
        let digest = Headers::of_digest(list, language);
        let headers = digest.list.map(|headers| ListHeaders {
            archived_at: None,
            ..headers
        });
        Headers {
            list: headers,
            ..digest
        }
    }
}

/// Letters that between them reach every branch of the templates, in every language that has words.
pub fn letter_samples(templates: &Templates, stem: &str) -> Vec<serde_json::Value> {
    let lists = || vec!["Events of the institute".to_owned(), "Open lectures".to_owned()];
    let confirm = |reminder| Letter::Confirm {
        lists: lists(),
        hours: 72,
        reminder,
    };
    let welcome = |last| Letter::Welcome {
        list: "Events of the institute".to_owned(),
        last,
    };
    let last = LastEdition {
        url: "https://news.example.org/editions/events/12".to_owned(),
        number: 12,
        date: "4 May 2026".to_owned(),
        titles: vec!["The river and its city".to_owned(), "Roads in winter".to_owned()],
    };
    let all = [
        confirm(false),
        confirm(true),
        Letter::Known { lists: lists() },
        welcome(None),
        welcome(Some(last)),
    ];
    let houses = [
        House {
            institute: "Example Institute",
            postal_address: Some("Example Street 1\n12345 Exampleton"),
        },
        House {
            institute: "Example Institute",
            postal_address: None,
        },
    ];
    let mut samples = Vec::new();
    for language in templates.words().languages() {
        for letter in all.iter().filter(|letter| letter.stem() == stem) {
            samples.extend(houses.iter().map(|house| letter.context(house, language)));
        }
    }
    for sample in &mut samples {
        sample["subject"] = "A sample".into();
    }
    samples
}
