//! What a relay's answer means, by stage and class (SMTP-04). Pure.
//!
//! In: the stage of the conversation and the answer, or that none came. Out: a verdict about the row, about the relay,
//! or about neither. The surprising part: the same `550` is a person's at RCPT and our own fault at MAIL, and a lost
//! connection means "again" before the final dot and "nobody knows" after it.

use lettre::transport::smtp::response::{Response, Severity};

/// Characters of a reply that are kept.
const REPLY_LENGTH: usize = 500;

/// Where in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Connect,
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The message itself, before its final dot has left.
    Body,
    /// The final dot has left, or may have.
    Dot,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Connect => "connect",
            Stage::Greeting => "greeting",
            Stage::Ehlo => "EHLO",
            Stage::StartTls => "STARTTLS",
            Stage::Auth => "AUTH",
            Stage::Mail => "MAIL",
            Stage::Rcpt => "RCPT",
            Stage::Data => "DATA",
            Stage::Body => "message",
            Stage::Dot => "final dot",
        })
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Reply {
        code: u16,
        text: String,
    },
    /// No answer: cut off, timed out, or not SMTP.
    Lost(String),
}

impl Answer {
    pub(super) fn read(result: Result<Response, lettre::transport::smtp::Error>) -> Answer {
        match result {
            Ok(response) => Answer::reply(
                response.code().into(),
                &response.message().collect::<Vec<_>>().join(" "),
            ),
            Err(error) => match error.status() {
                Some(code) => {
                    let text = std::error::Error::source(&error)
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    Answer::reply(code.into(), &text)
                }
                None => Answer::Lost(error.to_string()),
            },
        }
    }

    /// A reply with its text made safe to store and print.
    pub fn reply(code: u16, text: &str) -> Answer {
        let text = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter });
        Answer::Reply {
            code,
            text: text.take(REPLY_LENGTH).collect::<String>().trim().to_owned(),
        }
    }

    /// The connection is of no more use: 421, or it is gone (SMTP-07).
    pub fn ends_the_connection(&self) -> bool {
        matches!(self, Answer::Lost(_) | Answer::Reply { code: 421, .. })
    }

    /// The class, subject and detail of RFC 3463, if the reply has them.
    fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let Answer::Reply { text, .. } = self else { return None };
        let mut parts = text.split_whitespace().next()?.splitn(3, '.').map(str::parse::<u16>);
        let parts = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        matches!(parts.0, 2 | 4 | 5).then_some(parts)
    }

    fn class(&self) -> Option<Severity> {
        let Answer::Reply { code, .. } = self else { return None };
        match code / 100 {
            2 => Some(Severity::PositiveCompletion),
            3 => Some(Severity::PositiveIntermediate),
            4 => Some(Severity::TransientNegativeCompletion),
            5 => Some(Severity::PermanentNegativeCompletion),
            _ => None,
        }
    }
}

impl std::fmt::Display for Answer {
    /// The form in the column `reply`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Reply { code, text } => write!(f, "{code} {text}"),
            Answer::Lost(why) => f.write_str(why),
        }
    }
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on; at the final dot: sent.
    Accepted,
    /// Try this row again later.
    Deferred(&'static str),
    /// The recipient's domain does not believe that the mail is ours: no row has failed, the domain pauses (BULK-03).
    Unbelieved,
    /// This row has failed for good.
    Failed(&'static str),
    /// The final dot left and nobody knows what became of it.
    InDoubt,
    /// Nothing was said about the row: it goes back untouched, with a new connection.
    Unheard,
    /// A fault of our side or of the relay: it rests, and nobody is marked (SMTP-06).
    Rest,
}

/// The table of SMTP-04.
pub fn judge(stage: Stage, answer: &Answer) -> Verdict {
    use Stage::{Auth, Body, Connect, Data, Dot, Ehlo, Greeting, Mail, Rcpt, StartTls};
    let closing = matches!(answer, Answer::Reply { code: 421, .. });
    // "Authentication required" and its kin are about us wherever they come.
    let unwelcome = matches!(
        answer,
        Answer::Reply {
            code: 530 | 535 | 538,
            ..
        }
    );
    match (stage, answer.class()) {
        (Data, Some(Severity::PositiveIntermediate)) => Verdict::Accepted,
        (Connect | Greeting | Ehlo | StartTls | Auth | Mail | Rcpt | Dot, Some(Severity::PositiveCompletion)) => {
            Verdict::Accepted
        }
        (Mail, _) if closing => Verdict::Unheard,
        (Mail, None | Some(Severity::PositiveIntermediate)) => Verdict::Unheard,
        (Connect | Greeting | Ehlo | StartTls | Auth | Mail, _) => Verdict::Rest,
        (Rcpt | Data | Body, _) if unwelcome => Verdict::Rest,
        (Rcpt | Data | Body | Dot, _) if closing => Verdict::Deferred("connection closed"),
        (Rcpt | Data | Body | Dot, Some(Severity::TransientNegativeCompletion)) => Verdict::Deferred(reason(answer)),
        (Rcpt | Data | Body | Dot, Some(Severity::PermanentNegativeCompletion)) if is_disbelief(answer) => {
            Verdict::Unbelieved
        }
        (Rcpt | Data | Body | Dot, Some(Severity::PermanentNegativeCompletion)) => Verdict::Failed(reason(answer)),
        // What is no answer to the dot leaves it in doubt; elsewhere nothing was handed over.
        (Dot, _) => Verdict::InDoubt,
        (Rcpt | Data | Body, _) => Verdict::Deferred("connection lost"),
    }
}

/// Refused because SPF, DKIM, DMARC, the name of our machine or TLS are not as the receiver wants them: RFC 7372, and the
/// codes by which Gmail (29 to 32) and Outlook (509, 515) say the same.
fn is_disbelief(answer: &Answer) -> bool {
    matches!(answer.enhanced(), Some((5, 7, 20..=27 | 29 | 30 | 32 | 509 | 515)))
}

/// One word or two for the column `reason`. Only `no such address` and `mailbox full` speak about the person (BNC-05).
fn reason(answer: &Answer) -> &'static str {
    match (answer.enhanced(), answer) {
        (Some((_, 1, 1 | 2 | 6 | 10)), _) => "no such address",
        (Some((_, 2, 2)), _) => "mailbox full",
        (Some((_, 2, 3) | (_, 3, 4)), _) => "too large",
        (Some((_, 7, _)), _) => "policy",
        (None, Answer::Reply { code: 552 | 452, .. }) => "mailbox full",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [Stage; 10] = [
        Stage::Connect,
        Stage::Greeting,
        Stage::Ehlo,
        Stage::StartTls,
        Stage::Auth,
        Stage::Mail,
        Stage::Rcpt,
        Stage::Data,
        Stage::Body,
        Stage::Dot,
    ];

    /// One letter a stage: `+` accepted, `d` deferred, `f` failed, `b` not believed, `?` in doubt, `u` unheard, `R` rest.
    fn verdicts(answer: &Answer) -> String {
        let letter = |stage| match judge(stage, answer) {
            Verdict::Accepted => '+',
            Verdict::Deferred(_) => 'd',
            Verdict::Failed(_) => 'f',
            Verdict::Unbelieved => 'b',
            Verdict::InDoubt => '?',
            Verdict::Unheard => 'u',
            Verdict::Rest => 'R',
        };
        STAGES.into_iter().map(letter).collect()
    }

    #[test]
    fn every_class_of_answer_means_one_thing_at_every_stage() {
        // Connect, greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, message, final dot.
        for (code, text, expected) in [
            (220, "ready", "++++++".to_owned() + "+dd+"),
            (250, "2.0.0 Ok: queued as 4F2", "++++++".to_owned() + "+dd+"),
            (251, "will forward", "++++++".to_owned() + "+dd+"),
            (252, "cannot verify", "++++++".to_owned() + "+dd+"),
            (334, "VXNlcm5hbWU6", "RRRRRu".to_owned() + "d+d?"),
            (354, "go on", "RRRRRu".to_owned() + "d+d?"),
            (421, "4.3.2 closing", "RRRRRu".to_owned() + "dddd"),
            (421, "4.7.0 too many connections", "RRRRRu".to_owned() + "dddd"),
            (432, "4.7.12 password transition", "RRRRRR".to_owned() + "dddd"),
            (450, "4.2.0 greylisted", "RRRRRR".to_owned() + "dddd"),
            (450, "mailbox busy", "RRRRRR".to_owned() + "dddd"),
            (451, "4.3.0 local error", "RRRRRR".to_owned() + "dddd"),
            (452, "4.2.2 over quota", "RRRRRR".to_owned() + "dddd"),
            (452, "4.5.3 too many recipients", "RRRRRR".to_owned() + "dddd"),
            (
                454,
                "4.7.0 temporary authentication failure",
                "RRRRRR".to_owned() + "dddd",
            ),
            (455, "parameters", "RRRRRR".to_owned() + "dddd"),
            (500, "what?", "RRRRRR".to_owned() + "ffff"),
            (501, "5.1.3 bad address", "RRRRRR".to_owned() + "ffff"),
            (502, "no such command", "RRRRRR".to_owned() + "ffff"),
            (503, "5.5.1 order", "RRRRRR".to_owned() + "ffff"),
            (504, "parameter", "RRRRRR".to_owned() + "ffff"),
            (521, "no mail here", "RRRRRR".to_owned() + "ffff"),
            (530, "5.7.0 authentication required", "RRRRRR".to_owned() + "RRRf"),
            (535, "5.7.8 credentials", "RRRRRR".to_owned() + "RRRf"),
            (538, "encryption required", "RRRRRR".to_owned() + "RRRf"),
            (550, "5.1.1 unknown", "RRRRRR".to_owned() + "ffff"),
            (550, "5.7.1 blocked", "RRRRRR".to_owned() + "ffff"),
            (550, "5.7.515 authenticate", "RRRRRR".to_owned() + "bbbb"),
            (550, "5.7.26 unauthenticated", "RRRRRR".to_owned() + "bbbb"),
            (421, "4.7.26 unauthenticated", "RRRRRu".to_owned() + "dddd"),
            (551, "not local", "RRRRRR".to_owned() + "ffff"),
            (552, "5.2.2 full", "RRRRRR".to_owned() + "ffff"),
            (553, "name", "RRRRRR".to_owned() + "ffff"),
            (554, "5.6.0 content", "RRRRRR".to_owned() + "ffff"),
            (555, "parameters", "RRRRRR".to_owned() + "ffff"),
            (556, "no mail for this domain", "RRRRRR".to_owned() + "ffff"),
            (199, "", "RRRRRu".to_owned() + "ddd?"),
            (600, "", "RRRRRu".to_owned() + "ddd?"),
        ] {
            assert_eq!(verdicts(&Answer::reply(code, text)), expected, "{code} {text}");
        }
        assert_eq!(verdicts(&Answer::Lost("cut off".into())), "RRRRRuddd?");
    }

    #[test]
    fn only_what_speaks_about_the_person_is_called_so() {
        for (code, text, expected) in [
            (550, "5.1.1 unknown", "no such address"),
            (550, "5.1.10 null MX", "no such address"),
            (550, "5.7.1 blocked", "policy"),
            (550, "5.7.515 authenticate first", "policy"),
            (451, "4.7.1 try later", "policy"),
            (552, "5.2.2 full", "mailbox full"),
            (452, "no room", "mailbox full"),
            (552, "5.3.4 too big", "too large"),
            (550, "User 5.1.1 unknown", "refused"),
            (554, "no", "refused"),
            (550, "1.2 odd", "refused"),
        ] {
            assert_eq!(reason(&Answer::reply(code, text)), expected, "{code} {text}");
        }
    }

    #[test]
    fn a_reply_is_kept_as_one_short_line() {
        let answer = Answer::reply(250, &format!("one\r\ntwo\u{1b}[31m {}", "x".repeat(1000)));
        let text = match answer {
            Answer::Reply { text, .. } => text,
            _ => String::new(),
        };
        assert!(text.starts_with("one  two [31m"), "{text}");
        assert_eq!(text.chars().count(), REPLY_LENGTH);
    }
}
