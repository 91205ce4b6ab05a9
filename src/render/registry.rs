//! Every template that a mail, page or feed starts from, listed once, with the samples it is tried with and the rules
//! its output must keep. Partials that others include need no entry.

use super::Templates;
use crate::{feed, mail, web};

/// One template and how to try it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name below the templates folder.
    pub name: &'static str,
    /// Contexts that together reach every branch.
    pub samples: fn(&Templates) -> Vec<serde_json::Value>,
    /// What is wrong with its output; none = nothing.
    pub rules: fn(&str) -> Vec<String>,
}

/// A new template of a mail is added below; one of a feed or page, to the samples beside its code.
pub fn registry() -> Vec<Entry> {
    let mut entries = mail_templates();
    entries.extend(feed::templates());
    entries.extend(web::templates());
    entries
}

fn mail_templates() -> Vec<Entry> {
    let mut entries = digest_templates();
    entries.extend(letter_templates());
    entries
}

fn no_empty_subject(subject: &str) -> Vec<String> {
    match subject.trim() {
        "" => vec!["renders an empty subject".to_owned()],
        _ => Vec::new(),
    }
}

fn letter_templates() -> Vec<Entry> {
    let entry = |name, samples: fn(&Templates) -> Vec<serde_json::Value>, rules| Entry { name, samples, rules };
    let confirm = |templates: &Templates| mail::letter_samples(templates, "confirm");
    let known = |templates: &Templates| mail::letter_samples(templates, "known");
    let welcome = |templates: &Templates| mail::letter_samples(templates, "welcome");
    vec![
        entry("mail/confirm.subject.txt", confirm, no_empty_subject),
        entry("mail/confirm.html", confirm, mail::letter_faults),
        entry("mail/confirm.txt", confirm, mail::letter_text_faults),
        entry("mail/known.subject.txt", known, no_empty_subject),
        entry("mail/known.html", known, mail::letter_faults),
        entry("mail/known.txt", known, mail::letter_text_faults),
        entry("mail/welcome.subject.txt", welcome, no_empty_subject),
        entry("mail/welcome.html", welcome, mail::letter_faults),
        entry("mail/welcome.txt", welcome, mail::letter_text_faults),
    ]
}

fn digest_templates() -> Vec<Entry> {
    vec![
        Entry {
            name: "mail/digest.subject.txt",
            samples: mail::samples,
            rules: no_empty_subject,
        },
        Entry {
            name: "mail/digest.html",
            samples: mail::samples,
            rules: mail::html_faults,
        },
        Entry {
            name: "mail/digest.txt",
            samples: mail::samples,
            rules: mail::text_faults,
        },
    ]
}
