//! The newest entries of one service in memory, bounded in number and in bytes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::batch::Batch;
use crate::facts::{LastLine, Origin, Stream};

#[derive(Debug, Clone)]
pub(super) struct Slice {
    pub(super) batch: Arc<Batch>,
    pub(super) range: Range<usize>,
}

impl Slice {
    /// The entries of a batch with `above < seq < below`, if there are any.
    pub(super) fn within(batch: &Arc<Batch>, above: u64, below: u64) -> Option<Self> {
        let first = batch.first_seq();
        let index = |seq: u64| {
            usize::try_from(seq.saturating_sub(first)).map_or(batch.len(), |i| i.min(batch.len()))
        };
        let range = index(above.saturating_add(1))..index(below);
        (!range.is_empty()).then(|| Self {
            batch: Arc::clone(batch),
            range,
        })
    }

    pub(super) fn first_seq(&self) -> u64 {
        self.batch.first_seq() + self.range.start as u64
    }

    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// How many of the entries are above a number.
    pub(super) fn count_above(&self, seq: u64) -> usize {
        let end = self.batch.first_seq() + self.range.end as u64;
        let above = end.saturating_sub((seq + 1).max(self.first_seq()));
        usize::try_from(above).unwrap_or(usize::MAX)
    }

    /// About how much text the entries are.
    pub(super) fn text_len(&self) -> usize {
        self.batch.text().len() / self.batch.len() * self.len()
    }

    /// The same entries in slices of `step`, newest first. `step` is not 0.
    pub(super) fn split(self, step: usize) -> impl Iterator<Item = Self> {
        let Self { batch, range } = self;
        let starts = range.clone().step_by(step).rev();
        starts.map(move |start| Self {
            batch: Arc::clone(&batch),
            range: start..range.end.min(start + step),
        })
    }
}

/// The newest entries of one service.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Ascending in `seq`.
    batches: VecDeque<Arc<Batch>>,
    /// How many entries of the first batch are evicted already.
    offset: usize,
    /// Entries held.
    entries: usize,
    /// Bytes held, the evicted part of the first batch included.
    pub(super) bytes: usize,
    /// `seq` of the first and of the last evicted entry.
    pub(super) evicted: Option<(u64, u64)>,
}

impl Ring {
    /// Adds a batch and moves what no longer fits to `dropped`.
    pub(super) fn push(
        &mut self,
        batch: Arc<Batch>,
        max_entries: usize,
        max_bytes: usize,
        dropped: &mut Vec<Arc<Batch>>,
    ) {
        self.entries += batch.len();
        self.bytes += batch.memory();
        self.batches.push_back(batch);
        while self.entries > max_entries {
            self.evict(self.entries - max_entries, dropped);
        }
        while self.bytes > max_bytes && self.entries > 0 {
            self.evict(usize::MAX, dropped);
        }
    }

    /// Evicts up to `most` entries of the oldest batch.
    pub(super) fn evict(&mut self, most: usize, dropped: &mut Vec<Arc<Batch>>) {
        let Some(front) = self.batches.front() else {
            return;
        };
        let first = front.first_seq() + self.offset as u64;
        let count = most.min(front.len() - self.offset);
        if count == 0 {
            return;
        }
        let last = first + count as u64 - 1;
        self.evicted = Some((self.evicted.map_or(first, |(lowest, _)| lowest), last));
        self.entries -= count;
        self.offset += count;
        if self.offset == front.len() {
            self.bytes -= front.memory();
            self.offset = 0;
            dropped.extend(self.batches.pop_front());
        }
    }

    pub(super) fn oldest(&self) -> Option<u64> {
        let front = self.batches.front()?;
        Some(front.first_seq() + self.offset as u64)
    }

    /// The entries above a number, newest first.
    pub(super) fn newest(&self, above: u64) -> Vec<Slice> {
        self.newest_first(above, u64::MAX).collect()
    }

    /// The last line above a number that the service wrote to stderr, else to stdout; blank ones do not
    /// count. It looks at the newest batches alone.
    pub(super) fn last_line(&self, above: u64) -> Option<LastLine> {
        const BATCHES: usize = 1000;
        let mut of_stdout = None;
        for Slice { batch, range } in self.newest_first(above, u64::MAX).take(BATCHES) {
            let stream = batch.stream;
            if batch.origin != Origin::Service || (stream == Stream::Stdout && of_stdout.is_some())
            {
                continue;
            }
            let lines = batch.lines().skip(range.start).rev();
            let line = lines
                .map(|(seq, text, _)| (seq, text))
                .find(|(_, text)| !text.trim().is_empty());
            let line = line.map(|(seq, text)| LastLine {
                seq,
                stream,
                message: text.to_owned(),
            });
            match stream {
                Stream::Stderr if line.is_some() => return line,
                Stream::Stderr => {}
                Stream::Stdout => of_stdout = line,
            }
        }
        of_stdout
    }

    /// The entries with `above < seq < below`, newest batch first.
    pub(super) fn newest_first(&self, above: u64, below: u64) -> impl Iterator<Item = Slice> {
        let above = above.max(self.evicted.map_or(0, |(_, last)| last));
        let end = self
            .batches
            .partition_point(|batch| batch.first_seq() < below);
        self.batches
            .range(..end)
            .rev()
            .map_while(move |batch| Slice::within(batch, above, below))
    }
}
