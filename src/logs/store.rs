//! The memory of the log: numbers entries, keeps the newest of each service and the list of
//! recent batches that everyone else reads with a cursor.
//!
//! One lock, held for a few hundred nanoseconds a batch and never across I/O, rendering, or the
//! freeing of memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::batch::{Batch, Rendered};
use super::config::Limits;
use super::entry::{Phase, Stream, Tag, Timestamp};
use super::lines::Lines;
use super::ring::Ring;

/// Everything that readers of pipes, followers and queries share.
#[derive(Debug)]
pub(super) struct Store {
    /// One for each service, in the order of the services.
    pub(super) tags: Vec<Arc<Tag>>,
    /// The first number of this session.
    pub(super) first_seq: u64,
    /// Entries kept of each service.
    buffer_size: usize,
    pub(super) limits: Limits,
    state: Mutex<State>,
    /// Wakes cursors that have seen everything.
    pub(super) appended: Notify,
}

/// What the lock protects.
#[derive(Debug)]
pub(super) struct State {
    /// The number of the next entry.
    pub(super) next_seq: u64,
    /// The newest entries of each service.
    pub(super) rings: Vec<Ring>,
    /// Bytes in all rings.
    ring_bytes: usize,
    phases: Vec<Phase>,
    pub(super) recent: Recent,
}

/// The newest batches of all services, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Recent {
    batches: VecDeque<Arc<Batch>>,
    /// The number of the first batch in the list. Batch numbers start at 0 and have no holes.
    first: u64,
    /// Bytes in the list.
    bytes: usize,
}

/// What was taken out under the lock, to be freed after it.
#[derive(Default)]
pub(super) struct Dropped {
    batches: Vec<Arc<Batch>>,
    rendered: Vec<Arc<Rendered>>,
}

impl Recent {
    /// The number of the next batch.
    pub(super) fn end(&self) -> u64 {
        self.first + self.batches.len() as u64
    }

    /// Batches from a number on, at most `most` of them.
    pub(super) fn from(&self, number: u64, most: usize) -> impl Iterator<Item = &Arc<Batch>> {
        let at = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.batches.iter().skip(at).take(most)
    }

    /// The number of the oldest batch that a cursor can still read.
    pub(super) fn start(&self) -> u64 {
        self.first
    }

    fn push(&mut self, batch: Arc<Batch>, limit: usize, dropped: &mut Dropped) {
        self.bytes += cost(&batch);
        self.batches.push_back(batch);
        while self.bytes > limit && self.batches.len() > 1 {
            let Some(batch) = self.batches.pop_front() else {
                return;
            };
            self.bytes -= cost(&batch);
            self.first += 1;
            dropped.rendered.extend(batch.forget_rendered());
            dropped.batches.push(batch);
        }
    }
}

/// What a recent batch may take: its JSON form is counted before it is made.
fn cost(batch: &Batch) -> usize {
    batch.memory() + batch.text().len() + batch.len() * (batch.tag().json.len() + 120)
}

impl Store {
    pub(super) fn new(
        services: Vec<Arc<str>>,
        buffer_size: usize,
        limits: Limits,
        first_seq: u64,
    ) -> Self {
        let rings = services.iter().map(|_| Ring::default()).collect();
        Self {
            first_seq,
            buffer_size,
            limits,
            state: Mutex::new(State {
                next_seq: first_seq,
                rings,
                ring_bytes: 0,
                phases: vec![Phase::UNKNOWN; services.len()],
                recent: Recent::default(),
            }),
            tags: services
                .into_iter()
                .map(|name| Arc::new(Tag::new(name)))
                .collect(),
            appended: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if it did, the counts would still be usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_phase(&self, service: usize, phase: Phase) {
        self.lock().phases[service] = phase;
    }

    pub(super) fn note(&self, service: usize, message: &str) {
        let lines = Lines::one(&format!("[flowlayer] {message}"));
        self.append(service, Stream::Stderr, lines);
    }

    /// Numbers the lines and makes them visible to everyone.
    pub(super) fn append(&self, service: usize, stream: Stream, lines: Lines) -> Arc<Batch> {
        let tag = Arc::clone(&self.tags[service]);
        let mut batch = Batch::new(service, tag, stream, lines);
        let mut dropped = Dropped::default();
        let batch = {
            let mut state = self.lock();
            batch.number(state.next_seq, state.phases[service], Timestamp::now());
            let batch = Arc::new(batch);
            state.push(&batch, self.buffer_size, &self.limits, &mut dropped);
            batch
        };
        self.appended.notify_waiters();
        drop(dropped);
        batch
    }
}

impl State {
    fn push(
        &mut self,
        batch: &Arc<Batch>,
        buffer_size: usize,
        limits: &Limits,
        dropped: &mut Dropped,
    ) {
        self.next_seq += batch.len() as u64;
        let ring = &mut self.rings[batch.service()];
        self.ring_bytes -= ring.bytes();
        ring.push(
            Arc::clone(batch),
            buffer_size,
            limits.service_bytes,
            &mut dropped.batches,
        );
        self.ring_bytes += ring.bytes();
        while self.ring_bytes > limits.total_bytes {
            let oldest = self.rings.iter_mut().filter(|ring| ring.oldest().is_some());
            let Some(ring) = oldest.min_by_key(|ring| ring.oldest()) else {
                break;
            };
            self.ring_bytes -= ring.bytes();
            ring.evict(usize::MAX, &mut dropped.batches);
            self.ring_bytes += ring.bytes();
        }
        self.recent
            .push(Arc::clone(batch), limits.recent_bytes, dropped);
    }
}
