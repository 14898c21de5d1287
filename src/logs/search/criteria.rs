//! What is searched for and what a search returns.

use std::path::PathBuf;

use super::context::Context;
use super::pattern::Pattern;
use crate::facts::{Stream, Timestamp};
use crate::logs::Level;

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Only these services; none for all.
    pub services: Vec<String>,
    /// None of these.
    pub excluded: Vec<String>,
    /// Only entries above this number.
    pub after_seq: Option<u64>,
    /// Only entries below this number.
    pub before_seq: Option<u64>,
    /// Only entries of this moment or later.
    pub since: Option<Timestamp>,
    /// Only entries of this moment or earlier.
    pub until: Option<Timestamp>,
    /// Only this stream.
    pub stream: Option<Stream>,
    /// Only lines that match; `None` for all.
    pub pattern: Option<Pattern>,
    /// Only lines of this level and above; `None` for all.
    pub level: Option<Level>,
    /// Entries of context before each match.
    pub before: usize,
    /// Entries of context after each match.
    pub after: usize,
    /// Only the newest matches, this many; `None` for all.
    pub limit: Option<usize>,
}

/// What a search shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// An entry that matches, as the JSON object in the file.
    Match(&'a [u8]),
    /// An entry near a match.
    Context(&'a [u8]),
    /// Entries were left out here, between two groups of context.
    Break,
}

/// How a search went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Searched {
    /// Lines that are not entries and were left out.
    pub damaged: u64,
    /// Entries of the range asked for were dropped by rotation.
    pub dropped: bool,
    /// Links, FIFOs and the like that have the names of files of the log, and were not read.
    pub skipped: Vec<PathBuf>,
}

impl Search {
    /// Whether entries of this service are wanted.
    pub fn covers(&self, service: &str) -> bool {
        let is_among = |names: &[String]| names.iter().any(|name| name == service);
        (self.services.is_empty() || is_among(&self.services)) && !is_among(&self.excluded)
    }

    /// The services to ask for, of all there are; none when that is all of them.
    pub fn among(&self, all: &[String]) -> Vec<String> {
        if self.excluded.is_empty() {
            return self.services.clone();
        }
        let covered = all.iter().filter(|name| self.covers(name));
        covered.cloned().collect()
    }

    /// Whether stream and time of an entry are wanted.
    pub fn admits(&self, stream: Stream, timestamp: Timestamp) -> bool {
        self.stream.is_none_or(|wanted| wanted == stream)
            && self.since.is_none_or(|since| timestamp >= since)
            && self.until.is_none_or(|until| timestamp <= until)
    }

    /// Whether a message matches.
    pub fn matches(&self, message: &str) -> bool {
        let mut pattern = self.pattern.iter();
        pattern.all(|pattern| pattern.matches(message))
            && self
                .level
                .is_none_or(|least| Level::of(message) >= Some(least))
    }

    /// The same for one that is known to hold no terminal codes.
    pub(super) fn matches_plain(&self, message: &[u8]) -> bool {
        let mut pattern = self.pattern.iter();
        pattern.all(|pattern| pattern.matches_plain(message))
            && self
                .level
                .is_none_or(|least| Level::of_plain(message) >= Some(least))
    }

    /// Whether every message matches.
    pub fn matches_all(&self) -> bool {
        self.pattern.is_none() && self.level.is_none()
    }

    /// The context of matches going forwards.
    pub fn context<H>(&self) -> Context<H> {
        Context::new(self.before, self.after, None)
    }

    /// The context of matches going back from the newest entry, up to the limit of matches.
    pub fn context_backwards<H>(&self) -> Context<H> {
        Context::new(self.after, self.before, self.limit)
    }
}

/// A moment as the files spell it, moved by this many milliseconds.
pub(super) fn bound(moment: Timestamp, by: i64) -> String {
    Timestamp(moment.0.saturating_add(by)).to_string()
}
