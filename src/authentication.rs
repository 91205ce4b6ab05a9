//! What DNS says about a sender, judged (AUTH-07). Pure.
//!
//! In: a domain, and [`Answers`] of DNS. Out: [`Finding`]s, in words. The surprising thing: nothing here asks DNS. A
//! judge that needs an answer nobody has yet notes the question and goes on as if there were no such record; whoever
//! called it asks what is open and calls it again, until nothing is. So all questions of a round go out together, each
//! once, and a judge is tested by a table.
//!
//! What DNS and mails say is written by strangers: it is shown by [`legible`] only.

mod answers;
pub mod dmarc;
pub mod key;
pub mod mailbox;
pub mod reverse;
pub mod signature;
pub mod spf;

pub use answers::{Answer, Answers, Question, Silence};

/// Characters of a stranger's text that are shown.
const SHOWN: usize = 80;

/// What was found, and how much it weighs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Fact(String),
    /// Deserves a second look.
    Hint(String),
    /// Has to be mended before real people get mail.
    Mend(String),
    /// Nothing works before this is mended.
    Broken(String),
}

impl Finding {
    /// DNS said nothing, which is not the same as "there is none".
    fn silence(about: &str, silence: &Silence) -> Finding {
        Finding::Mend(format!(
            "{about} is not known, since DNS gives no answer about {} ({}); see to DNS, and check again",
            legible(&silence.name),
            legible(&silence.why)
        ))
    }
}

/// A stranger's text as a terminal may show it: printable ASCII, and not all too much of it.
pub fn legible(text: &str) -> String {
    let shown = text
        .chars()
        .map(|letter| match letter {
            ' '..='~' => letter,
            _ => '?',
        })
        .take(SHOWN);
    let mut shown: String = shown.collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// A list of `tag=value` as DKIM and DMARC write it (RFC 6376 section 3.2), names in lower case; None if a part is no
/// such pair.
fn tags(text: &str) -> Option<Vec<(String, String)>> {
    let parts = text.trim().trim_end_matches(';').split(';');
    parts
        .map(|part| {
            let (name, value) = part.split_once('=')?;
            let name = name.trim();
            let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            named.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect()
}

fn tag<'a>(tags: &'a [(String, String)], name: &str) -> Option<&'a str> {
    tags.iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

#[cfg(test)]
mod tests {
    use super::{legible, tags};

    #[test]
    fn what_strangers_write_is_shown_without_commands_for_the_terminal() {
        assert_eq!(legible("a\u{1b}[31m\u{7}\u{202e}\u{85}b\r\n"), "a?[31m???b??");
        assert_eq!(legible(&"x".repeat(100_000)).len(), 83);
    }

    #[test]
    fn tags_are_pairs() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            tags(" V = DMARC1 ;p= none;"),
            Some(vec![pair("v", "DMARC1"), pair("p", "none")])
        );
        for none in ["", "v", "=x", "v=DKIM1; ; p=x", "v=1; a b=c"] {
            assert_eq!(tags(none), None, "{none}");
        }
    }
}
