//! The newest batches of all services in order: what followers read, and what is not in the files
//! yet.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::{Batch, Rendered};

/// What was removed under a lock, to be freed after it.
#[derive(Default)]
pub(super) struct Dropped {
    pub(super) batches: Vec<Arc<Batch>>,
    rendered: Vec<Arc<Rendered>>,
}

/// Batches are numbered from 0 without gaps. The last ones, up to a limit in bytes, are the window of
/// the followers; older ones stay until they are in the files.
#[derive(Debug, Default)]
pub(super) struct Recent {
    batches: VecDeque<Arc<Batch>>,
    /// The number of the first batch in the list.
    first: u64,
    /// The number of the first batch in the window.
    pub(super) window: u64,
    window_bytes: usize,
}

impl Recent {
    pub(super) fn end(&self) -> u64 {
        self.first + self.batches.len() as u64
    }

    pub(super) fn get(&self, number: u64) -> Option<&Arc<Batch>> {
        self.batches.get(self.index(number)?)
    }

    pub(super) fn from(
        &self,
        number: u64,
    ) -> impl DoubleEndedIterator<Item = &Arc<Batch>> + ExactSizeIterator {
        let at = self.index(number).unwrap_or(usize::MAX);
        self.batches.range(at.min(self.batches.len())..)
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.saturating_sub(self.first)).ok()
    }

    /// Adds a batch; the window shrinks to its limit, but always holds the last batch.
    pub(super) fn push(&mut self, batch: Arc<Batch>, limit: usize, dropped: &mut Dropped) {
        self.window_bytes += cost(&batch);
        self.batches.push_back(batch);
        let last = self.end() - 1;
        while self.window_bytes > limit && self.window < last {
            let Some(batch) = self.get(self.window) else {
                return;
            };
            let (cost, rendered) = (cost(batch), batch.forget_rendered());
            self.window_bytes -= cost;
            self.window += 1;
            dropped.rendered.extend(rendered);
        }
    }

    /// Drops what is older than the window and than `needed`.
    pub(super) fn trim(&mut self, needed: u64, dropped: &mut Dropped) {
        while self.first < self.window.min(needed) {
            dropped.batches.extend(self.batches.pop_front());
            self.first += 1;
        }
    }
}

/// The most memory a recent batch may take, its JSON form included.
fn cost(batch: &Batch) -> usize {
    batch.memory() + batch.text().len() + batch.len() * (batch.name.len() + 120)
}
