//! The queue of the server's own lines, between those who have something to say and the thread
//! that writes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Follow;

/// Own lines that may wait for a reader that takes nothing. A stack's whole day fits; a script that
/// restarts a service in a loop for hours in front of a stopped terminal does not, and the lines
/// that did not fit are counted as skipped.
const MOST: usize = 20_000;

/// An own line and its place among the log lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OwnLine {
    /// Its text, without the line end.
    pub(super) text: String,
    /// It comes after the log entry with this `seq`.
    pub(super) after: u64,
    /// Own lines that did not fit into the queue right after it.
    pub(super) lost_after: u64,
}

/// What the thread finds when it looks.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Oldest first.
    pub(super) lines: VecDeque<OwnLine>,
    /// Follow the log from here on; set at most once.
    pub(super) follow: Option<Follow>,
    /// Services whose lines are left out or shown from here on.
    pub(super) quiet: Vec<(usize, bool)>,
    /// No more lines will come.
    pub(super) is_closed: bool,
    /// Lines are dropped: the thread has ended.
    is_unread: bool,
}

#[derive(Debug, Default)]
pub(super) struct OwnLines {
    waiting: Mutex<Waiting>,
    /// Permits one look at `waiting`.
    news: Notify,
    /// Bytes that have left the process; the closing side watches it grow.
    written: AtomicU64,
}

impl OwnLines {
    pub(super) fn push(&self, text: &str, after: u64) {
        let mut waiting = self.lock();
        if waiting.is_unread {
            return;
        }
        let is_full = waiting.lines.len() >= MOST;
        match waiting.lines.back_mut() {
            Some(last) if is_full => last.lost_after += 1,
            _ => waiting.lines.push_back(OwnLine {
                text: text.to_owned(),
                after,
                lost_after: 0,
            }),
        }
        drop(waiting);
        self.news.notify_one();
    }

    pub(super) fn follow(&self, follow: Follow) {
        let mut waiting = self.lock();
        if !waiting.is_unread {
            waiting.follow = Some(follow);
        }
        drop(waiting);
        self.news.notify_one();
    }

    pub(super) fn set_quiet(&self, quiet: Vec<(usize, bool)>) {
        let mut waiting = self.lock();
        if !waiting.is_unread {
            waiting.quiet = quiet;
        }
        drop(waiting);
        self.news.notify_one();
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.news.notify_one();
    }

    /// Waits until there is something to look at. Cancel-safe.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Takes all that waits.
    pub(super) fn take(&self) -> Waiting {
        let mut waiting = self.lock();
        Waiting {
            lines: std::mem::take(&mut waiting.lines),
            follow: waiting.follow.take(),
            quiet: std::mem::take(&mut waiting.quiet),
            is_closed: waiting.is_closed,
            is_unread: waiting.is_unread,
        }
    }

    /// The reader is gone: nothing is kept from here on.
    pub(super) fn give_up(&self) {
        *self.lock() = Waiting {
            is_unread: true,
            ..Waiting::default()
        };
    }

    pub(super) fn add_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that holds the lock can panic half-way through a change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let own = OwnLines::default();
        for line in 0..MOST + 3 {
            own.push(&line.to_string(), 0);
        }
        let lines = own.take().lines;
        assert_eq!(lines.len(), MOST);
        assert_eq!(lines.back().map(|line| line.lost_after), Some(3));
        own.push("again", 7);
        let again = OwnLine {
            text: "again".to_owned(),
            after: 7,
            lost_after: 0,
        };
        assert_eq!(own.take().lines, [again]);
    }

    #[test]
    fn a_closed_queue_stays_closed() {
        let own = OwnLines::default();
        assert!(!own.take().is_closed);
        own.close();
        assert!(own.take().is_closed);
        assert!(own.take().is_closed);
    }

    #[test]
    fn what_nobody_reads_is_not_kept() {
        let own = OwnLines::default();
        own.push("before", 0);
        own.give_up();
        own.push("after", 0);
        assert!(own.take().lines.is_empty());
    }
}
