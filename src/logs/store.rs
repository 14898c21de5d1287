//! The log in memory: numbers entries, keeps the newest of each service and the list of recent
//! batches that everyone else reads.
//!
//! One lock, held for a few hundred nanoseconds a batch and never across I/O, rendering, or the
//! freeing of memory.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::backlog::{Backlog, Work};
use super::batch::Batch;
use super::config::{Limits, LogDefaults};
use super::lines::Lines;
use super::recent::{Dropped, Recent};
use super::records::Records;
use super::ring::Ring;
use super::warning::{LogWarning, WarningList};
use crate::facts::{Origin, Status, Stream, Timestamp};

/// Everything that readers of pipes, followers, queries and the writer share.
#[derive(Debug)]
pub(super) struct Store {
    /// Names by index; reloads add some.
    services: RwLock<Vec<Arc<str>>>,
    /// How many entries an answer has for those who do not say.
    pub(super) defaults: RwLock<LogDefaults>,
    pub(super) first_seq: u64,
    /// Entries kept of each service.
    buffer_size: usize,
    pub(super) limits: Limits,
    state: Mutex<State>,
    pub(super) records: Records,
    /// Wakes followers that have seen everything.
    pub(super) appended: Notify,
    /// Whether readers of pipes wait: [`Backlog::is_full`], to be seen without the lock.
    full: AtomicBool,
    /// Wakes them.
    room: Notify,
    /// Wakes those who wait for everything to be written.
    written: Notify,
    waiting: AtomicUsize,
    /// When the disk last took something, in ms since `start`.
    progress: AtomicU64,
    start: Instant,
    pub(super) warnings: Arc<WarningList>,
    writer: OnceLock<Thread>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) next_seq: u64,
    pub(super) rings: Vec<Ring>,
    ring_bytes: usize,
    phases: Vec<Status>,
    pub(super) recent: Recent,
    /// Batches not in the files yet. `None` without files.
    pub(super) backlog: Option<Backlog>,
}

impl Store {
    pub(super) fn new(
        services: Vec<Arc<str>>,
        buffer_size: usize,
        limits: Limits,
        first_seq: u64,
        records: Records,
        backlog: Option<Backlog>,
    ) -> Self {
        Self {
            first_seq,
            buffer_size,
            limits,
            state: Mutex::new(State {
                next_seq: first_seq,
                rings: services.iter().map(|_| Ring::default()).collect(),
                ring_bytes: 0,
                phases: vec![Status::Unknown; services.len()],
                recent: Recent::default(),
                backlog,
            }),
            services: RwLock::new(services),
            records,
            defaults: RwLock::default(),
            appended: Notify::new(),
            full: AtomicBool::new(false),
            room: Notify::new(),
            written: Notify::new(),
            waiting: AtomicUsize::new(0),
            progress: AtomicU64::new(0),
            start: Instant::now(),
            warnings: Arc::default(),
            writer: OnceLock::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if it did, the counts would still be usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, service: usize) -> Arc<str> {
        Arc::clone(&self.services.read().unwrap_or_else(PoisonError::into_inner)[service])
    }

    pub(super) fn index_of(&self, name: &str) -> Option<usize> {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        services.iter().position(|it| **it == *name)
    }

    /// Makes room for one more service.
    pub(super) fn add_service(&self, name: Arc<str>) {
        let mut state = self.lock();
        state.rings.push(Ring::default());
        state.phases.push(Status::Unknown);
        let mut services = self
            .services
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        services.push(name);
    }

    pub(super) fn set_phase(&self, service: usize, phase: Status) {
        self.lock().phases[service] = phase;
    }

    pub(super) fn note(&self, service: usize, origin: Origin, message: &str) {
        let lines = Lines::one(&format!("[flowlayer] {message}"));
        let name = self.name(service);
        self.add(Batch::new(service, name, Stream::Stderr, origin, lines));
    }

    /// Numbers the lines and makes them visible to everyone; `None` once the log is closed.
    pub(super) fn append(
        &self,
        service: usize,
        stream: Stream,
        lines: Lines,
    ) -> Option<Arc<Batch>> {
        let name = self.name(service);
        self.add(Batch::new(service, name, stream, Origin::Service, lines))
    }

    fn add(&self, mut batch: Batch) -> Option<Arc<Batch>> {
        let service = batch.service;
        let mut dropped = Dropped::default();
        let mut state = self.lock();
        if state.backlog.as_ref().is_some_and(Backlog::is_closed) {
            return None;
        }
        batch.number(state.next_seq, state.phases[service], Timestamp::now());
        let batch = Arc::new(batch);
        let wake = state.push(&batch, self.buffer_size, &self.limits, &mut dropped);
        self.full.store(state.is_full(), Ordering::Relaxed);
        drop(state);
        if wake {
            self.wake_writer();
        }
        self.appended.notify_waiters();
        drop(dropped);
        Some(batch)
    }

    /// Whether a reader of a pipe may read on. If not, it waits with [`Store::room`].
    pub(super) fn has_room(&self) -> bool {
        !self.full.load(Ordering::Relaxed)
    }

    /// Whether anybody waits for the disk.
    pub(super) fn holding(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Waits until there is room again: because the disk took something, or because it took nothing
    /// for so long that nobody waits for it any more.
    pub(super) async fn room(&self) {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        let begun = self.elapsed();
        loop {
            let room = self.room.notified();
            if self.has_room() {
                return;
            }
            let progress = self.progress.load(Ordering::Relaxed).max(begun);
            let deadline = self.start + Duration::from_millis(progress) + self.limits.stall;
            tokio::select! {
                () = room => {}
                () = tokio::time::sleep_until(deadline.into()) => {
                    let last = self.progress.load(Ordering::Relaxed);
                    if last <= progress && self.give_up() {
                        self.warnings.add(LogWarning::Stalled {
                            time: self.limits.stall,
                        });
                    }
                }
            }
        }
    }

    /// Stops waiting for the disk. `false` if nobody was waiting.
    fn give_up(&self) -> bool {
        let mut state = self.lock();
        let full = state.is_full();
        if let Some(backlog) = &mut state.backlog {
            backlog.give_up();
        }
        self.update_room(&state);
        full
    }

    /// Changes when the disk takes something.
    pub(super) fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    pub(super) fn progressed(&self) {
        self.progress.store(self.elapsed(), Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn update_room(&self, state: &State) {
        let full = state.is_full();
        if self.full.swap(full, Ordering::Relaxed) && !full {
            self.room.notify_waiters();
        }
    }

    pub(super) fn set_writer(&self, writer: Thread) {
        let _ = self.writer.set(writer);
    }

    pub(super) fn wake_writer(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    /// What the writer does next; with [`Work::Write`] the batches to write, about `max_bytes` of
    /// memory, and the number of the first.
    pub(super) fn work(&self, max_bytes: usize, batches: &mut Vec<Arc<Batch>>) -> (Work, u64) {
        let mut state = self.lock();
        let State {
            recent, backlog, ..
        } = &mut *state;
        let Some(backlog) = backlog else {
            return (Work::End, 0);
        };
        let work = backlog.work(recent, Instant::now(), self.limits.gather);
        let mut bytes = 0;
        if work == Work::Write {
            for batch in recent.from(backlog.next()) {
                batches.push(Arc::clone(batch));
                bytes += batch.memory();
                if bytes >= max_bytes {
                    break;
                }
            }
            self.progressed();
        }
        (work, backlog.next())
    }

    pub(super) fn written(&self, number: u64) {
        let mut dropped = Dropped::default();
        let mut state = self.lock();
        let State {
            recent, backlog, ..
        } = &mut *state;
        if let Some(backlog) = backlog {
            backlog.written(number, recent, Instant::now());
            recent.trim(backlog.next(), &mut dropped);
        }
        self.update_room(&state);
        drop(state);
        self.written.notify_waiters();
        drop(dropped);
    }

    /// Asks the writer to write everything at once: the batches before the number returned.
    fn hurry(&self) -> u64 {
        let mut state = self.lock();
        let end = state.recent.end();
        if let Some(backlog) = &mut state.backlog {
            backlog.hurry(end);
        }
        drop(state);
        self.wake_writer();
        end
    }

    /// Waits until the writer is done with what is there now.
    pub(super) async fn flush(&self) {
        let end = self.hurry();
        loop {
            let written = self.written.notified();
            let next = self.lock().backlog.as_ref().map_or(end, Backlog::next);
            if next >= end {
                return;
            }
            written.await;
        }
    }

    /// The end of the block of numbers to record now, if it is time to do so.
    pub(super) fn block_to_reserve(&self, block: u64) -> Option<u64> {
        let mut state = self.lock();
        let next_seq = state.next_seq;
        let backlog = state.backlog.as_mut()?;
        let begins = backlog.begin_reserving(next_seq, Instant::now());
        begins.then_some(next_seq + block)
    }

    /// The end of the recorded block, or how long to wait before the next attempt.
    pub(super) fn reserved(&self, end: Result<u64, Duration>) {
        let mut state = self.lock();
        if let Some(backlog) = &mut state.backlog {
            backlog.reserved(end.map_err(|wait| Instant::now() + wait));
        }
        self.update_room(&state);
        drop(state);
        self.progressed();
    }

    pub(super) fn close(&self) {
        if let Some(backlog) = &mut self.lock().backlog {
            backlog.close();
        }
        self.wake_writer();
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.backlog
            .as_ref()
            .is_some_and(|backlog| backlog.is_full(self.next_seq))
    }

    /// Returns whether to wake the writer.
    fn push(
        &mut self,
        batch: &Arc<Batch>,
        buffer_size: usize,
        limits: &Limits,
        dropped: &mut Dropped,
    ) -> bool {
        self.next_seq += batch.len() as u64;
        let ring = &mut self.rings[batch.service];
        self.ring_bytes -= ring.bytes;
        ring.push(
            Arc::clone(batch),
            buffer_size,
            limits.service_bytes,
            &mut dropped.batches,
        );
        self.ring_bytes += ring.bytes;
        self.shrink(limits.total_bytes, dropped);
        self.recent
            .push(Arc::clone(batch), limits.recent_bytes, dropped);
        let (wake, needed) = match &mut self.backlog {
            Some(backlog) => (backlog.added(batch, &self.recent), backlog.next()),
            None => (false, u64::MAX),
        };
        self.recent.trim(needed, dropped);
        wake
    }

    /// Evicts the oldest batches of all services until the rest fits.
    fn shrink(&mut self, limit: usize, dropped: &mut Dropped) {
        while self.ring_bytes > limit {
            let rings = self.rings.iter_mut().filter(|ring| ring.oldest().is_some());
            let Some(ring) = rings.min_by_key(|ring| ring.oldest()) else {
                break;
            };
            self.ring_bytes -= ring.bytes;
            ring.evict(usize::MAX, &mut dropped.batches);
            self.ring_bytes += ring.bytes;
        }
    }
}
