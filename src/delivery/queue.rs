//! What lies between claiming and the sessions of a relay: a few mails for each session.
//!
//! In: jobs. Out: jobs, or letters if their making takes long. An RSA signature takes as long as all else that is done for
//! a mail, so that those are made beside the sessions, on threads that may block, as many as there are cores. The
//! surprising part: letters that are made so leave the queue in another order than their jobs came.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::letter::{Job, Letter, Stationery, Unfinished};
use crate::store::Settled;

/// Places in the queue for each session.
const PER_SESSION: usize = 2;

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
}

impl Feeder {
    /// A queue for so many sessions of a relay.
    pub(super) fn new(relay: &str, stationery: &Arc<Stationery>, sessions: usize) -> (Feeder, Queue) {
        let (places, taken) = mpsc::channel(sessions * PER_SESSION);
        let cores = available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let makers = stationery.is_slow().then(|| Arc::new(Semaphore::new(cores as usize)));
        let feeder = Feeder {
            relay: relay.to_owned(),
            stationery: stationery.clone(),
            places,
            makers,
            cores,
        };
        (feeder, Arc::new(Mutex::new(taken)))
    }

    /// Puts a job into the queue, as soon as there is a place. Back comes a job that was not taken before `stop`.
    pub(super) async fn feed(&self, job: Job, stop: &CancellationToken) -> Option<Job> {
        let Some(Ok(place)) = stop.run_until_cancelled(self.places.clone().reserve_owned()).await else {
            return Some(job);
        };
        let maker = match &self.makers {
            Some(makers) => makers.clone().acquire_owned().await.ok(),
            None => None,
        };
        let Some(maker) = maker else {
            place.send(Queued::Job(Box::new(job)));
            return None;
        };
        let (relay, stationery) = (self.relay.clone(), self.stationery.clone());
        tokio::task::spawn_blocking(move || {
            place.send(Queued::Letter(Box::new(job.letter(&relay, &stationery))));
            drop(maker);
        });
        None
    }

    /// No more will come. Returns what is left to be waited for before the queue is emptied.
    pub(super) fn end(self) -> Making {
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
