//! What a client wants of the log.

use crate::protocol::Timestamp;

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
    /// With so many of the newest entries of the session; 0 for those to come only.
    Newest(usize),
    /// With the entry after this number.
    After(u64),
    /// With the entry after this one, which is known: should the server be restarted before anything
    /// else comes, its log is recognised by it.
    AfterEntry {
        /// Its number.
        seq: u64,
        /// Its time.
        timestamp: Timestamp,
    },
}

/// What to do about entries that were missed: while there was no connection, because the server
/// left them out, or because nobody took what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Fetch every one of them, in order, however many there are. The log of a restarted server is
    /// followed where the old one ended, if it goes on with the same numbers.
    Fetch,
    /// Fetch at most so many of the newest and say what is missing before them. A restarted server
    /// is followed from its newest entries.
    Window(usize),
}
