//! Which part of the log a client follows.

use crate::facts::Timestamp;

/// Which entries come through the stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow {
    /// Where to begin.
    pub start: Start,
    /// What to do about entries that were missed.
    pub missed: Missed,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With this many of the newest entries of the session; 0 for new ones only.
    Newest(usize),
    /// With the entry after this number.
    After(u64),
    /// With the entry after this one, by which the log is recognised if the server restarts before
    /// anything else comes.
    AfterEntry {
        /// Its number.
        seq: u64,
        /// Its time.
        timestamp: Timestamp,
    },
}

/// What to do about entries missed while there was no connection, because the server left them out,
/// or because the consumer fell behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Fetch all of them, in order. The log of a restarted server is followed from where the old one
    /// ended if its numbers go on.
    Fetch,
    /// Fetch at most this many of the newest and report a gap before them. A restarted server is
    /// followed from its newest entries.
    Window(usize),
}
