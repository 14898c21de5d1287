//! Limits connections (docs/protocol.md, Bounds). A connection takes a place with its first request with
//! credentials. Until then it is one of a small number, of which the oldest is dropped for a new one, so that
//! clients without credentials cannot lock out those with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The places, and the connections without one.
#[derive(Debug)]
pub struct Admission {
    places: Arc<Semaphore>,
    most_waiting: usize,
    waiting: Mutex<Waiting>,
}

/// Connections without credentials so far, the oldest first.
#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    dropped: BTreeMap<u64, CancellationToken>,
}

/// A connection: first of its HTTP requests, then of the WebSocket. Its place is free again when the last of
/// them drops it.
#[derive(Debug)]
pub struct Visitor {
    admission: Arc<Admission>,
    number: u64,
    /// Cancelled when a newer connection displaces it.
    dropped: CancellationToken,
    place: OnceLock<OwnedSemaphorePermit>,
}

impl Admission {
    /// So many `places` for connections with credentials, and at most `most_waiting` without.
    pub fn new(places: usize, most_waiting: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(places)),
            most_waiting,
            waiting: Mutex::default(),
        })
    }

    /// Adds a new connection, and drops the oldest without credentials when there are too many.
    pub fn enter(self: &Arc<Self>) -> Arc<Visitor> {
        let dropped = CancellationToken::new();
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.dropped.insert(number, dropped.clone());
        if waiting.dropped.len() > self.most_waiting
            && let Some((_, oldest)) = waiting.dropped.pop_first()
        {
            oldest.cancel();
        }
        drop(waiting);
        Arc::new(Visitor {
            admission: Arc::clone(self),
            number,
            dropped,
            place: OnceLock::new(),
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visitor {
    /// Returns when a newer connection has displaced this one.
    pub async fn dropped(&self) {
        self.dropped.cancelled().await;
    }

    /// Takes a place for a connection that has shown credentials; `false` when all are taken.
    pub(super) fn admit(&self) -> bool {
        if self.place.get().is_none()
            && let Ok(place) = Arc::clone(&self.admission.places).try_acquire_owned()
        {
            // HTTP/1.1 answers one request of a connection at a time, so nobody else sets it.
            let _ = self.place.set(place);
            self.leave();
        }
        self.place.get().is_some()
    }

    fn leave(&self) {
        self.admission.waiting().dropped.remove(&self.number);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.leave();
    }
}
