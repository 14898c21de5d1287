//! Batches that are not in the files yet: counted and bounded. Readers of pipes wait while it is full.

use std::time::{Duration, Instant};

use super::batch::Batch;
use super::disk::BLOCK;
use super::recent::Recent;

/// Numbers that readers leave unused until the next block is reserved, for those who do not wait:
/// notes and reads under way.
const HEADROOM: u64 = 100_000;

/// This many bytes are written without waiting for more.
const ENOUGH: usize = 256 * 1024;

/// The state of writing, protected by the lock of the store.
#[derive(Debug)]
pub(super) struct Backlog {
    /// The number of the first batch that is not written.
    next: u64,
    bytes: usize,
    limit: usize,
    /// A flush waits until the batches before this one are written.
    awaited: u64,
    /// Since when there is something that the writer has not started on.
    since: Option<Instant>,
    /// The disk took nothing for too long: nobody waits, and the oldest batches are dropped.
    gave_up: bool,
    /// The end of the numbers that are recorded as used.
    reserved_end: u64,
    reserving: Reserving,
    sleep: Sleep,
    ending: Ending,
}

/// The state of recording the next block of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reserving {
    No,
    /// In progress; readers wait for it.
    UnderWay,
    /// In progress for so long that nobody waits for it.
    Stuck,
    /// Failed. Nobody waits for it; retried after this.
    Failed(Instant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    Awake,
    /// Nothing to write.
    Idle,
    /// A short time, to write more at once.
    Gathering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    /// No more batches; the writer ends when all are written.
    Closing,
    Closed,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Write from [`Backlog::next`] on.
    Write,
    /// Sleep until woken, or for this long.
    Sleep(Option<Duration>),
    End,
}

impl Backlog {
    pub(super) fn new(limit: usize, reserved_end: u64) -> Self {
        Self {
            next: 0,
            bytes: 0,
            limit,
            awaited: 0,
            since: None,
            gave_up: false,
            reserved_end,
            reserving: Reserving::No,
            sleep: Sleep::Awake,
            ending: Ending::No,
        }
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// A batch was added to the list. Returns whether to wake the writer.
    pub(super) fn added(&mut self, batch: &Batch, recent: &Recent) -> bool {
        self.bytes += batch.memory();
        if self.since.is_none() {
            self.since = Some(Instant::now());
        }
        while self.gave_up
            && self.bytes > self.limit
            && let Some(oldest) = recent.get(self.next)
        {
            self.bytes -= oldest.memory();
            self.next += 1;
        }
        let wake = match self.sleep {
            Sleep::Awake => false,
            Sleep::Idle => true,
            Sleep::Gathering => self.bytes >= ENOUGH,
        };
        if wake {
            self.sleep = Sleep::Awake;
        }
        wake
    }

    pub(super) fn work(&mut self, recent: &Recent, now: Instant, gather: Duration) -> Work {
        if self.next >= recent.end() {
            self.since = None;
            if self.ending == Ending::Closing {
                self.ending = Ending::Closed;
                return Work::End;
            }
            self.sleep = Sleep::Idle;
            return Work::Sleep(None);
        }
        let waited = self.since.map_or(gather, |since| now.duration_since(since));
        let gathers = self.ending == Ending::No && self.awaited <= self.next;
        if gathers && waited < gather && self.bytes < ENOUGH {
            self.sleep = Sleep::Gathering;
            return Work::Sleep(Some(gather.saturating_sub(waited)));
        }
        self.sleep = Sleep::Awake;
        Work::Write
    }

    /// The batches before `number` were written, or were given up.
    pub(super) fn written(&mut self, number: u64, recent: &Recent, now: Instant) {
        while self.next < number
            && let Some(batch) = recent.get(self.next)
        {
            self.bytes -= batch.memory();
            self.next += 1;
        }
        if self.bytes < ENOUGH {
            // The rest came during this write; it may wait for more again.
            self.since = Some(now);
        }
        self.gave_up = false;
    }

    pub(super) fn is_full(&self, next_seq: u64) -> bool {
        if self.gave_up || self.is_closed() {
            return false;
        }
        let waits = matches!(self.reserving, Reserving::No | Reserving::UnderWay);
        self.bytes >= self.limit || (waits && next_seq + HEADROOM > self.reserved_end)
    }

    /// The disk took nothing for too long.
    pub(super) fn give_up(&mut self) {
        self.gave_up = true;
        if self.reserving == Reserving::UnderWay {
            self.reserving = Reserving::Stuck;
        }
    }

    /// Whether to record a new block now. If so, it counts as under way.
    pub(super) fn begin_reserving(&mut self, next_seq: u64, now: Instant) -> bool {
        let free = match self.reserving {
            Reserving::No => true,
            Reserving::UnderWay | Reserving::Stuck => false,
            Reserving::Failed(retry) => now >= retry,
        };
        let wanted = free && next_seq + BLOCK / 2 > self.reserved_end;
        if wanted {
            self.reserving = Reserving::UnderWay;
        }
        wanted
    }

    /// The end of the new block, or when to retry after a failure.
    pub(super) fn reserved(&mut self, end: Result<u64, Instant>) {
        match end {
            Ok(end) => {
                self.reserved_end = end;
                self.reserving = Reserving::No;
            }
            Err(retry) => self.reserving = Reserving::Failed(retry),
        }
    }

    /// A flush waits for the batches before `number`.
    pub(super) fn hurry(&mut self, number: u64) {
        self.awaited = self.awaited.max(number);
    }

    pub(super) fn close(&mut self) {
        if self.ending == Ending::No {
            self.ending = Ending::Closing;
        }
    }

    /// The writer has ended: nothing can be added any more.
    pub(super) fn is_closed(&self) -> bool {
        self.ending == Ending::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog() -> Backlog {
        Backlog::new(1000, BLOCK + 1)
    }

    #[test]
    fn readers_wait_for_numbers_only_while_it_helps() {
        let now = Instant::now();
        let late = BLOCK - 50_000;
        let mut backlog = backlog();
        assert!(!backlog.begin_reserving(1000, now), "there are enough");
        assert!(!backlog.is_full(BLOCK / 2 + 10));
        assert!(backlog.begin_reserving(BLOCK / 2 + 10, now));
        assert!(!backlog.begin_reserving(late, now), "one is under way");
        assert!(backlog.is_full(late));
        backlog.give_up();
        assert!(!backlog.is_full(late));
        backlog.reserved(Err(now + Duration::from_secs(1)));
        assert!(!backlog.begin_reserving(late, now));
        assert!(backlog.begin_reserving(late, now + Duration::from_secs(1)));
        backlog.reserved(Ok(2 * BLOCK));
        assert!(!backlog.is_full(late));
    }
}
