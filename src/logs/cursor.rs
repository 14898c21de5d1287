//! A position in the stream of batches: every follower reads the log at its own pace.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::batch::Batch;
use super::store::Store;

/// The most batches that are taken at once.
const MOST: usize = 256;

/// No more are taken once they have this many bytes: a follower keeps them in memory, and there may be
/// a thousand slow ones.
const ENOUGH: usize = 512 * 1024;

/// A follower that has caught up is woken at most once in this time: under a flood of single
/// lines, a wakeup for each of them would cost more than everything else.
const PACE: Duration = Duration::from_millis(4);

/// What a follower took.
#[derive(Debug)]
pub struct Taken {
    /// Entries that this follower lost because it was too slow, right before the first batch.
    pub skipped: u64,
    /// The next batches in order, never empty, without gaps in their numbers.
    pub batches: Vec<Arc<Batch>>,
}

/// Follows the log and blocks nobody: a slow follower loses what is no longer recent.
#[derive(Debug)]
pub struct Cursor {
    store: Arc<Store>,
    next: u64,
    next_seq: u64,
    /// When everything had been taken.
    caught_up: Option<Instant>,
}

impl Cursor {
    pub(super) fn at_end(store: Arc<Store>) -> Self {
        let state = store.lock();
        let (next, next_seq) = (state.recent.end(), state.next_seq);
        drop(state);
        Self {
            store,
            next,
            next_seq,
            caught_up: None,
        }
    }

    /// `seq` of the entry that is expected next.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Waits for entries and takes them, at most a few hundred batches at a time. Cancel-safe:
    /// nothing is taken unless it is returned.
    pub async fn next(&mut self) -> Taken {
        if let Some(caught_up) = self.caught_up
            && caught_up.elapsed() < PACE
        {
            tokio::time::sleep_until(caught_up + PACE).await;
        }
        let store = Arc::clone(&self.store);
        loop {
            let appended = store.appended.notified();
            if let Some(taken) = self.try_next() {
                return taken;
            }
            appended.await;
        }
    }

    /// Takes what is there now, if there is anything.
    pub fn try_next(&mut self) -> Option<Taken> {
        let state = self.store.lock();
        let start = self.next.max(state.recent.window);
        let mut batches = Vec::new();
        let mut bytes = 0;
        for batch in state.recent.from(start).take(MOST) {
            batches.push(Arc::clone(batch));
            bytes += batch.memory();
            if bytes >= ENOUGH {
                break;
            }
        }
        let end = state.recent.end();
        drop(state);
        let (first, last) = (batches.first()?, batches.last()?);
        let skipped = first.first_seq() - self.next_seq;
        self.next_seq = last.last_seq() + 1;
        self.next = start + batches.len() as u64;
        self.caught_up = (self.next == end).then(Instant::now);
        Some(Taken { skipped, batches })
    }
}
