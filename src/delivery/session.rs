//! One session: takes letters from the queue, hands them to its relay, tells the ledger.
//!
//! The order is the promise. A final dot goes out only after the ledger made its handoff durable, the answer of a
//! message travels to the ledger with the handoff of the next, and no session ever has two unanswered dots. A handoff
//! that is refused when the relay already waits for the message ends the connection without a dot.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ledger::{Ledger, Unwritten};
use super::letter::{Letter, Stationery, Unfinished};
use super::line::{Line, Opened};
use super::maildir::Maildir;
use super::queue::Queue;
use super::relay::{Carrier, Fault, Relay, Smtp};
use super::reply::{Answer, Stage, Verdict, judge};
use super::retry::next_try;
use crate::clock::Clock;
use crate::config;
use crate::store::{Outcome, Settled};

/// Refusals in a row are written down after so many: what gathers longer cannot stop the edition.
const REFUSED_AT_ONCE: usize = 10;

/// Why a session ended before the queue did.
#[derive(Debug)]
pub(super) enum Ended {
    /// The relay rests.
    Fault(Fault),
    /// The ledger is not written: no further dot.
    Unwritten,
}

impl From<Unwritten> for Ended {
    fn from(_: Unwritten) -> Ended {
        Ended::Unwritten
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Ended {
        Ended::Fault(fault)
    }
}

/// What a session needs.
#[derive(Clone)]
pub(super) struct Session {
    pub relay: Arc<Relay>,
    pub queue: Queue,
    pub ledger: Ledger,
    pub clock: Clock,
    pub stationery: Arc<Stationery>,
    pub policy: config::Delivery,
    /// No further letter is taken: the daemon ends, or the relay rests.
    pub stop: CancellationToken,
}

impl Session {
    /// Runs until the queue is empty and closed.
    pub(super) async fn run(self) -> Result<(), Ended> {
        match &self.relay.carrier {
            Carrier::Maildir(maildir) => self.fill(maildir).await,
            Carrier::Smtp(smtp) => self.send(smtp).await,
        }
    }

    /// One connection after the other: a relay may close each after as many mails as it likes.
    async fn send(&self, relay: &Smtp) -> Result<(), Ended> {
        let mut waiting: Option<Letter> = None;
        let at_work = self.relay.at_work();
        loop {
            let letter = match waiting.take() {
                Some(letter) if self.stop.is_cancelled() => {
                    self.settle(vec![letter.released()]).await?;
                    return Ok(());
                }
                Some(letter) => letter,
                None => match self.next().await? {
                    Some(letter) => letter,
                    None => return Ok(()),
                },
            };
            let line = match Line::open(relay).await {
                Ok(line) => line,
                Err(fault) => {
                    self.settle(vec![letter.released()]).await?;
                    // A relay that is full has said how many it wants: those it let in go on (SMTP-13).
                    let is_kept_out = matches!(fault.stage, Stage::Connect | Stage::Greeting);
                    if is_kept_out && at_work.leaves_others() {
                        tracing::info!(relay = self.relay.name, %fault, "this session is not let in; the others go on");
                        return Ok(());
                    }
                    return Err(fault.into());
                }
            };
            waiting = self.converse(line, letter).await?;
        }
    }

    /// Sends over one connection for as long as it holds. Returns a letter that this connection did not get to.
    async fn converse(&self, mut line: Line<'_>, first: Letter) -> Result<Option<Letter>, Ended> {
        let mut settled: Vec<Settled> = Vec::new();
        let mut done = 0_u32;
        let Some(mut letter) = self.fit(&line, first, &mut settled) else {
            self.settle(settled).await?;
            line.quit().await;
            return Ok(None);
        };
        let mut opened = line.open_envelope(&letter).await;
        loop {
            match opened {
                Opened::Ready => {
                    let turn = self.ledger.turn(std::mem::take(&mut settled), Some(letter.handoff()));
                    let Ok(allowed) = turn.await else {
                        // It got no dot, so that it goes back as soon as the ledger can be written again.
                        self.settle(vec![letter.released()]).await?;
                        return Err(Ended::Unwritten);
                    };
                    if !allowed {
                        // Dropping the connection is the only way to take back DATA without a message.
                        return Ok(None);
                    }
                    let next = self.next_at_once(&line, &mut settled);
                    let (stage, answer, after) = line.deliver(&mut letter, next.as_ref()).await;
                    let verdict = judge(stage, &answer);
                    settled.push(self.judged(&letter, verdict, &answer));
                    if verdict == Verdict::Accepted {
                        self.relay.forget_faults();
                        done += 1;
                    }
                    if answer.ends_the_connection() {
                        self.settle(settled).await?;
                        return Ok(next);
                    }
                    if let (Some(next), Some(after)) = (next, after) {
                        (letter, opened) = (next, after);
                        continue;
                    }
                }
                Opened::Refused {
                    verdict,
                    ref answer,
                    broken,
                } => {
                    settled.push(self.judged(&letter, verdict, answer));
                    done += 1;
                    if settled.len() >= REFUSED_AT_ONCE {
                        self.settle(std::mem::take(&mut settled)).await?;
                    }
                    if broken {
                        self.settle(settled).await?;
                        return Ok(None);
                    }
                }
                // A relay that closes after so many mails is in its right; one that closes before the first is not.
                Opened::Unheard(_) if done > 0 => {
                    self.settle(settled).await?;
                    return Ok(Some(letter));
                }
                Opened::Unheard(answer) => {
                    settled.push(letter.released());
                    self.settle(settled).await?;
                    return Err(Fault::new(Stage::Mail, answer).into());
                }
                Opened::Rest(fault) => {
                    settled.push(letter.released());
                    self.settle(settled).await?;
                    return Err(fault.into());
                }
            }
            // Nothing is on its way: what is known becomes durable before waiting for more.
            let next = self.next_at_once(&line, &mut settled);
            letter = match next {
                Some(next) => next,
                None => {
                    self.settle(std::mem::take(&mut settled)).await?;
                    let Some(next) = self.next().await? else {
                        line.quit().await;
                        return Ok(None);
                    };
                    match self.fit(&line, next, &mut settled) {
                        Some(next) => next,
                        None => {
                            self.settle(std::mem::take(&mut settled)).await?;
                            line.quit().await;
                            return Ok(None);
                        }
                    }
                }
            };
            opened = line.open_envelope(&letter).await;
        }
    }

    /// A Maildir needs no conversation, but the same marks.
    async fn fill(&self, maildir: &Maildir) -> Result<(), Ended> {
        let mut settled = Vec::new();
        while let Some(letter) = self.next().await? {
            if !self
                .ledger
                .turn(std::mem::take(&mut settled), Some(letter.handoff()))
                .await?
            {
                continue;
            }
            let (place, copy) = (maildir.clone(), letter.clone());
            let (sender, recipient) = (letter.sender.to_string(), letter.recipient.to_string());
            let written = tokio::task::spawn_blocking(move || place.deliver(&sender, &recipient, &copy.message)).await;
            match written {
                Ok(Ok(name)) => settled.push(letter.settle(Outcome::Sent, name)),
                Ok(Err(error)) => {
                    // The name follows from the mail, so that trying again replaces and never doubles.
                    settled.push(letter.released());
                    self.settle(settled).await?;
                    return Err(Fault::new(Stage::Body, error).into());
                }
                Err(_) => return Err(Fault::new(Stage::Body, "writing the mail was broken off").into()),
            }
            self.relay.forget_faults();
            self.settle(std::mem::take(&mut settled)).await?;
        }
        Ok(())
    }

    /// The next letter, as soon as there is one; none: the queue has ended, or this session is to end.
    async fn next(&self) -> Result<Option<Letter>, Ended> {
        loop {
            if self.stop.is_cancelled() {
                return Ok(None);
            }
            let taking = async { self.queue.lock().await.recv().await };
            let Some(Some(queued)) = self.stop.run_until_cancelled(taking).await else {
                return Ok(None);
            };
            match queued.letter(&self.relay.name, &self.stationery) {
                Ok(letter) => return Ok(Some(letter)),
                Err(Unfinished::Never(never)) => self.settle(vec![never]).await?,
                Err(Unfinished::Unsigned(back)) => {
                    self.settle(vec![back]).await?;
                    return Err(Fault::new(Stage::Body, "the signature cannot be made").into());
                }
            }
        }
    }

    /// The next letter if one lies ready, to travel with the final dot of the one before.
    fn next_at_once(&self, line: &Line<'_>, settled: &mut Vec<Settled>) -> Option<Letter> {
        loop {
            if self.stop.is_cancelled() {
                return None;
            }
            // If another session waits for the queue, it is empty.
            let queued = self.queue.try_lock().ok()?.try_recv().ok()?;
            match queued.letter(&self.relay.name, &self.stationery) {
                Ok(letter) => {
                    if let Some(letter) = self.fit(line, letter, settled) {
                        return Some(letter);
                    }
                }
                Err(Unfinished::Never(never)) => settled.push(never),
                // Given back; the next one meets the same and ends the session.
                Err(Unfinished::Unsigned(back)) => {
                    settled.push(back);
                    return None;
                }
            }
        }
    }

    /// Lets a letter through that this relay can take; fails the row of one that it never will (MSG-12, MSG-14).
    fn fit(&self, line: &Line<'_>, letter: Letter, settled: &mut Vec<Settled>) -> Option<Letter> {
        let (reason, reply) = if letter.needs_utf8() && !line.utf8 {
            let why = "the address needs SMTPUTF8, which the relay does not offer";
            ("needs SMTPUTF8", why.to_owned())
        } else if let Some(size) = line.size.filter(|size| letter.message.len() > *size) {
            let why = format!("{} bytes; the relay takes {size}", letter.message.len());
            ("too large", why)
        } else {
            return Some(letter);
        };
        settled.push(letter.settle(Outcome::Failed { reason }, reply));
        None
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), Unwritten> {
        self.ledger.turn(settled, None).await.map(|_| ())
    }

    /// The verdict as a state of the row.
    fn judged(&self, letter: &Letter, verdict: Verdict, answer: &Answer) -> Settled {
        let outcome = match verdict {
            Verdict::Accepted => Outcome::Sent,
            Verdict::Failed(reason) => Outcome::Failed { reason },
            Verdict::Unbelieved => Outcome::Unbelieved {
                domain: letter.recipient.domain().to_lowercase(),
            },
            Verdict::Unheard | Verdict::Rest => Outcome::Released,
            Verdict::Deferred(reason) => {
                let (now, expire_after) = (self.clock.now(), self.policy.expire_after);
                next_try(letter.id, letter.attempts, letter.first_tried_at, now, expire_after).map_or(
                    Outcome::Failed { reason: "expired" },
                    |next_at| Outcome::Deferred { next_at, reason },
                )
            }
            Verdict::InDoubt => Outcome::InDoubt {
                policy: letter.in_doubt,
                resend_at: self.clock.now() + self.policy.resend_after,
            },
        };
        letter.settle(outcome, answer)
    }
}
