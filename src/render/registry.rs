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
    vec![
        Entry {
            name: "mail/digest.subject.txt",
            samples: mail::samples,
            rules: |subject| match subject.trim() {
                "" => vec!["renders an empty subject".to_owned()],
                _ => Vec::new(),
            },
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
