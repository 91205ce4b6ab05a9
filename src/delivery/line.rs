//! One SMTP connection, from EHLO on, with what the relay offers.
//!
//! Where PIPELINING is offered, the message with its final dot and the envelope of the next go as one write: one round
//! trip a message. The answers come in order; what was asked too early and refused is undone by a lone dot or RSET.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Quit, Rcpt, Rset};
use tokio::time::timeout;

use super::envelope;
use super::letter::Letter;
use super::relay::{Fault, Smtp};
use super::reply::{Answer, Stage, Verdict, judge};
use super::wire::Wire;

/// How long a parting word may take.
const QUIT_TIME: Duration = Duration::from_secs(2);

/// Extensions of SMTP worth telling people about.
const EXTENSIONS: [&str; 6] = ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "AUTH"];

/// What became of an envelope.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// The relay waits for the message.
    Ready,
    /// This row is settled; `broken`: so is the connection.
    Refused {
        verdict: Verdict,
        answer: Answer,
        broken: bool,
    },
    /// Nothing was said about the row, and the connection is gone.
    Unheard(Answer),
    Rest(Fault),
}

/// An open connection.
pub(super) struct Line<'a> {
    connection: AsyncSmtpConnection,
    relay: &'a Smtp,
    written: Arc<AtomicU64>,
    pipelining: bool,
    /// The relay takes our name for a mail, and says it again when it reports a failure (RFC 3461).
    dsn: bool,
    pub utf8: bool,
    /// Largest message the relay takes; none: it does not say.
    pub size: Option<usize>,
    /// Version of TLS and cipher; none: in the clear.
    pub encryption: Option<String>,
    /// Those of [`EXTENSIONS`] that it offers.
    pub offers: Vec<&'static str>,
    /// The relay may still hold an envelope that came to nothing.
    dirty: bool,
}

impl<'a> Line<'a> {
    /// Connects, encrypts, says EHLO and signs in. Every fault is of our side or of the relay.
    pub(super) async fn open(relay: &'a Smtp) -> Result<Line<'a>, Fault> {
        let limit = relay.timeouts.command;
        let (wire, written) = Wire::open(relay).await?;
        let encryption = wire.encryption();
        let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &relay.helo);
        let connection = match timeout(limit, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(Fault::new(Stage::Ehlo, Answer::read(Err(error)))),
            Err(_) => return Err(Fault::new(Stage::Ehlo, late(limit))),
        };
        let mut line = Line {
            connection,
            relay,
            written,
            pipelining: false,
            dsn: false,
            utf8: false,
            size: None,
            encryption,
            offers: Vec::new(),
            dirty: false,
        };
        line.sign_in().await?;
        line.learn_extensions().await?;
        Ok(line)
    }

    /// AUTH; `Smtp::open` has made sure that no password goes in the clear beyond loopback.
    async fn sign_in(&mut self) -> Result<(), Fault> {
        let Some(credentials) = &self.relay.credentials else {
            return Ok(());
        };
        let limit = self.relay.timeouts.command;
        let signing = self.connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials);
        let answer = match timeout(limit, signing).await {
            Ok(result) => Answer::read(result),
            Err(_) => Answer::Lost(late(limit)),
        };
        match judge(Stage::Auth, &answer) {
            Verdict::Accepted => Ok(()),
            _ => Err(Fault::new(Stage::Auth, answer)),
        }
    }

    /// lettre keeps only some of the extensions, so EHLO is said once more; after AUTH it may be answered otherwise.
    async fn learn_extensions(&mut self) -> Result<(), Fault> {
        let limit = self.relay.timeouts.command;
        let asking = self.connection.command(Ehlo::new(self.relay.helo.clone()));
        let response = match timeout(limit, asking).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(Fault::new(Stage::Ehlo, Answer::read(Err(error)))),
            Err(_) => return Err(Fault::new(Stage::Ehlo, late(limit))),
        };
        for line in response.message().skip(1) {
            let mut words = line.split_whitespace().map(str::to_ascii_uppercase);
            let word = words.next();
            let known = EXTENSIONS.iter().find(|known| word.as_deref() == Some(**known));
            self.offers.extend(known);
            match word.as_deref() {
                Some("PIPELINING") => self.pipelining = true,
                Some("DSN") => self.dsn = true,
                Some("SMTPUTF8") => self.utf8 = true,
                // SIZE 0 means no limit (RFC 1870).
                Some("SIZE") => {
                    self.size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens a transaction for a letter.
    pub(super) async fn open_envelope(&mut self, letter: &Letter) -> Opened {
        let commands = self.envelope(letter);
        let mail_answer = if self.pipelining {
            self.ask(&commands.concat(), self.relay.timeouts.command).await
        } else {
            let [reset, mail, ..] = &commands;
            if !reset.is_empty() {
                let answer = self.ask(reset, self.relay.timeouts.command).await;
                if answer.ends_the_connection() {
                    return Opened::Unheard(answer);
                }
            }
            self.ask(mail, self.relay.timeouts.command).await
        };
        self.answers(commands, mail_answer).await
    }

    /// Sends a letter's message, which is gone then, and its final dot; opens the next letter's envelope in the same write
    /// where it can.
    pub(super) async fn deliver(
        &mut self,
        letter: &mut Letter,
        next: Option<&Letter>,
    ) -> (Stage, Answer, Option<Opened>) {
        let mut text = stuffed(std::mem::take(&mut letter.message), letter.leading_dots);
        let dot_end = text.len() as u64;
        let limit = self.relay.timeouts.block + self.relay.timeouts.dot;
        let ahead = next.filter(|_| self.pipelining).map(|next| self.envelope(next));
        if let Some(commands) = &ahead {
            text.extend(commands.iter().map(String::as_str));
        }
        let before = self.written.load(Ordering::Relaxed);
        let answer = self.ask(&text, limit).await;
        let left = self.written.load(Ordering::Relaxed).wrapping_sub(before);
        if let Answer::Lost(_) = answer {
            // The kernel had not even taken the dot: then nobody has it.
            let stage = if left < dot_end { Stage::Body } else { Stage::Dot };
            return (stage, answer, None);
        }
        if answer.ends_the_connection() {
            return (Stage::Dot, answer, None);
        }
        let opened = match (ahead, next) {
            (Some(commands), _) => {
                let first = self.hear(self.relay.timeouts.command).await;
                Some(self.answers(commands, first).await)
            }
            (None, Some(next)) => Some(self.open_envelope(next).await),
            (None, None) => None,
        };
        (Stage::Dot, answer, opened)
    }

    /// RSET if needed, MAIL, RCPT, DATA.
    fn envelope(&mut self, letter: &Letter) -> [String; 4] {
        let reset = if std::mem::take(&mut self.dirty) {
            Rset.to_string()
        } else {
            String::new()
        };
        let (mail, rcpt) = envelope::parameters(letter, self.dsn);
        [
            reset,
            Mail::new(Some(letter.sender.clone()), mail).to_string(),
            Rcpt::new(letter.recipient.clone(), rcpt).to_string(),
            Data.to_string(),
        ]
    }

    /// Hears what became of an envelope; `first` is the answer to its first command.
    async fn answers(&mut self, [reset, _, rcpt, data]: [String; 4], first: Answer) -> Opened {
        let (command, wait) = (self.relay.timeouts.command, self.relay.timeouts.data);
        let mut mail_answer = first;
        if self.pipelining && !reset.is_empty() {
            if mail_answer.ends_the_connection() {
                return Opened::Unheard(mail_answer);
            }
            mail_answer = self.hear(command).await;
        }
        match judge(Stage::Mail, &mail_answer) {
            Verdict::Accepted => {}
            Verdict::Unheard => return Opened::Unheard(mail_answer),
            _ => return Opened::Rest(Fault::new(Stage::Mail, mail_answer)),
        }
        let rcpt_answer = if self.pipelining {
            self.hear(command).await
        } else {
            self.ask(&rcpt, command).await
        };
        let rcpt_verdict = judge(Stage::Rcpt, &rcpt_answer);
        let refused = |verdict, answer, broken| match verdict {
            Verdict::Rest => Opened::Rest(Fault::new(Stage::Rcpt, answer)),
            verdict => Opened::Refused {
                verdict,
                answer,
                broken,
            },
        };
        if rcpt_verdict != Verdict::Accepted && (rcpt_answer.ends_the_connection() || !self.pipelining) {
            self.dirty = true;
            let broken = rcpt_answer.ends_the_connection() || !is_refusal(&rcpt_answer);
            return refused(rcpt_verdict, rcpt_answer, broken);
        }
        let data_answer = if self.pipelining {
            self.hear(wait).await
        } else {
            self.ask(&data, wait).await
        };
        let data_verdict = judge(Stage::Data, &data_answer);
        if rcpt_verdict != Verdict::Accepted {
            // Asked too early: a relay that waits for a message all the same gets an empty one, which counts for nobody.
            let last = if data_verdict == Verdict::Accepted {
                self.ask(".\r\n", wait).await
            } else {
                data_answer
            };
            self.dirty = true;
            let broken = last.ends_the_connection() || !is_refusal(&rcpt_answer);
            return refused(rcpt_verdict, rcpt_answer, broken);
        }
        if data_verdict == Verdict::Accepted {
            return Opened::Ready;
        }
        self.dirty = true;
        let broken = data_answer.ends_the_connection() || !is_refusal(&data_answer);
        refused(data_verdict, data_answer, broken)
    }

    async fn ask(&mut self, text: &str, limit: Duration) -> Answer {
        match timeout(limit, self.connection.command(text)).await {
            Ok(result) => Answer::read(result),
            Err(_) => Answer::Lost(late(limit)),
        }
    }

    async fn hear(&mut self, limit: Duration) -> Answer {
        match timeout(limit, self.connection.read_response()).await {
            Ok(result) => Answer::read(result),
            Err(_) => Answer::Lost(late(limit)),
        }
    }

    /// Says good-bye. Never call it while the relay waits for a message.
    pub(super) async fn quit(mut self) {
        self.ask(&Quit.to_string(), QUIT_TIME).await;
    }
}

/// A plain no; anything else that is not a yes has broken the order of the conversation.
fn is_refusal(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply { code: 400..=599, .. })
}

fn late(limit: Duration) -> String {
    format!("no answer within {}", humantime::format_duration(limit))
}

/// Doubles leading dots (SMTP-02), if there may be any, and ends the message with the final dot.
fn stuffed(message: String, leading_dots: bool) -> String {
    let mut text = message;
    if leading_dots {
        let message = std::mem::take(&mut text);
        text.reserve(message.capacity());
        for line in message.split_inclusive('\n') {
            if line.starts_with('.') {
                text.push('.');
            }
            text.push_str(line);
        }
    }
    text.push_str(".\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn leading_dots_are_doubled_and_the_end_is_one_dot_on_its_line() {
        for (message, expected) in [
            ("a\r\n", "a\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("..\r\na.b\r\n.\r\n.c\r\n", "...\r\na.b\r\n..\r\n..c\r\n.\r\n"),
            ("\r\n\r\n.\r\n", "\r\n\r\n..\r\n.\r\n"),
        ] {
            assert_eq!(stuffed(message.to_owned(), true), expected, "{message:?}");
        }
    }
}
