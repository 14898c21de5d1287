//! Log entries as clients keep them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::facts::{Origin, Stream, Timestamp};
use crate::protocol::LogEntry;

/// One log line with its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the session's log.
    pub seq: u64,
    /// The service that wrote it; equal names share their memory.
    pub service: Arc<str>,
    /// The service's status when the line was read.
    pub phase: Arc<str>,
    /// Where the service wrote it to.
    pub stream: Stream,
    /// The line, without its end; it may hold anything a service prints.
    pub message: Box<str>,
    /// When it was read.
    pub timestamp: Timestamp,
    /// The line goes on in the service's next entry.
    pub partial: bool,
    /// Who wrote it.
    pub origin: Origin,
}

impl Entry {
    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.message.len() + 16
    }
}

/// Entries that will not come: lost to memory or disk, or skipped because they are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first number that is missing.
    pub first: u64,
    /// The last number that is missing.
    pub last: u64,
}

/// Names seen so far, so that millions of entries share one copy.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    pub(super) fn entry(&mut self, entry: LogEntry<'_>) -> Entry {
        Entry {
            seq: entry.seq,
            service: self.share(&entry.service),
            phase: self.share(&entry.phase),
            stream: entry.stream,
            message: entry.message.into(),
            timestamp: entry.timestamp,
            partial: entry.partial,
            origin: entry.origin,
        }
    }

    fn share(&mut self, name: &str) -> Arc<str> {
        /// A server that invents names must not fill our memory.
        const MOST: usize = 100_000;
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name));
        name
    }
}
