//! What lies between claiming and the sessions of a relay: a few mails for each session.
//!
//! In: jobs. Out: jobs, or letters if their making takes long. The hash and the signature of DKIM take half as long as all
//! else that is done for a mail, or with RSA twice as long, so that signed letters are made beside the sessions, on threads
//! that may block, as many as there are cores, and several at a time, since waking a thread, a session and the ledger for each would cost a tenth of a mail. The surprising part:
//! letters that are made so leave the queue in another order than their jobs came.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::letter::{Job, Letter, Stationery, Unfinished};
use crate::store::Settled;

/// Places in the queue for each session.
const PER_SESSION: usize = 2;
/// Letters that one thread makes before it gives them away.
const MADE_AT_ONCE: usize = 8;

/// What a session takes.
pub(super) enum Queued {
    Job(Box<Job>),
    Letter(Box<Result<Letter, Unfinished>>),
}

impl Queued {
    /// The letter, made now if it was not made before.
    pub(super) fn letter(self, relay: &str, stationery: &Stationery) -> Result<Letter, Unfinished> {
        match self {
            Queued::Job(job) => job.letter(relay, stationery),
            Queued::Letter(letter) => *letter,
        }
    }

    /// Its row goes back as it was, unless it can never be sent.
    fn released(self) -> Settled {
        match self {
            Queued::Job(job) => job.released(),
            Queued::Letter(letter) => match *letter {
                Ok(letter) => letter.released(),
                Err(Unfinished::Never(settled) | Unfinished::Unsigned(settled)) => settled,
            },
        }
    }
}

/// The end of the queue that all sessions of a relay take from.
pub(super) type Queue = Arc<Mutex<mpsc::Receiver<Queued>>>;

/// The other end.
pub(super) struct Feeder {
    relay: String,
    stationery: Arc<Stationery>,
    places: mpsc::Sender<Queued>,
    /// Letters that are being made at a time; none: sessions make them.
    makers: Option<Arc<Semaphore>>,
    cores: u32,
    /// Jobs with their places, for the next thread.
    gathered: Vec<(OwnedPermit<Queued>, Job)>,
}

impl Feeder {
    /// A queue for so many sessions of a relay.
    pub(super) fn new(relay: &str, stationery: &Arc<Stationery>, sessions: usize) -> (Feeder, Queue) {
        let (places, taken) = mpsc::channel(sessions * PER_SESSION);
        let cores = available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let makers = stationery.signs().then(|| Arc::new(Semaphore::new(cores as usize)));
        let feeder = Feeder {
            relay: relay.to_owned(),
            stationery: stationery.clone(),
            places,
            makers,
            cores,
            gathered: Vec::new(),
        };
        (feeder, Arc::new(Mutex::new(taken)))
    }

    /// Puts a job into the queue, as soon as there is a place. Back comes a job that was not taken before `stop`.
    pub(super) async fn feed(&mut self, job: Job, stop: &CancellationToken) -> Option<Job> {
        let place = match self.places.clone().try_reserve_owned() {
            Ok(place) => Some(place),
            Err(_) => {
                self.flush().await;
                let waiting = stop.run_until_cancelled(self.places.clone().reserve_owned()).await;
                waiting.and_then(Result::ok)
            }
        };
        let Some(place) = place else { return Some(job) };
        if self.makers.is_none() {
            place.send(Queued::Job(Box::new(job)));
            return None;
        }
        self.gathered.push((place, job));
        if self.gathered.len() >= MADE_AT_ONCE {
            self.flush().await;
        }
        None
    }

    /// Has all letters made that were gathered.
    pub(super) async fn flush(&mut self) {
        let Some(makers) = self.makers.clone().filter(|_| !self.gathered.is_empty()) else {
            return;
        };
        let maker = makers.acquire_owned().await;
        let (relay, stationery) = (self.relay.clone(), self.stationery.clone());
        let gathered = std::mem::take(&mut self.gathered);
        tokio::task::spawn_blocking(move || {
            let made: Vec<_> = gathered
                .into_iter()
                .map(|(place, job)| (place, job.letter(&relay, &stationery)))
                .collect();
            for (place, letter) in made {
                place.send(Queued::Letter(Box::new(letter)));
            }
            drop(maker);
        });
    }

    /// No more will come. Returns what is left to be waited for before the queue is emptied.
    pub(super) async fn end(mut self) -> Making {
        self.flush().await;
        Making {
            makers: self.makers,
            cores: self.cores,
        }
    }
}

/// Letters that are still being made.
pub(super) struct Making {
    makers: Option<Arc<Semaphore>>,
    cores: u32,
}

impl Making {
    /// What no session took, as rows that go back.
    pub(super) async fn left(self, queue: &Queue) -> Vec<Settled> {
        if let Some(makers) = self.makers {
            // The last of them has sent its letter when all makers are free.
            let _ = makers.acquire_many(self.cores).await;
        }
        let mut queue = queue.lock().await;
        let mut left = Vec::new();
        while let Ok(queued) = queue.try_recv() {
            left.push(queued.released());
        }
        left
    }
}
