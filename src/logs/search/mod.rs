//! Searching the log: which entries, which lines match, and what is around them.
//!
//! One [`Search`] means the same everywhere: [`Archive::search`] goes through files with it, and
//! who has entries from a session asks [`Search::admits`], [`Search::matches`] and a [`Context`].
//! Files are not parsed: a [`glance`] finds the message inside a line, and only what is shown is
//! taken apart by whoever shows it.

mod context;
mod glance;
mod judge;
mod pattern;
mod reader;
#[cfg(test)]
mod tests;
mod walk;

use std::io;
use std::ops::ControlFlow;

pub use context::{Context, Verdict};
pub use pattern::{Pattern, PatternError};

use self::reader::{Backward, Forward, Merged};
use super::archive::Archive;
use super::disk::{self, Segment};
use super::entry::{Stream, Timestamp};

/// Clocks step: so far from where a moment should be in a file its entries are still looked at.
const CLOCK_STEP_MS: i64 = 60_000;

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Only these services; none for all.
    pub services: Vec<String>,
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
    /// How many entries before each match are shown too.
    pub before: usize,
    /// How many entries after each match are shown too.
    pub after: usize,
    /// Only so many matches, the newest; `None` for all.
    pub limit: Option<usize>,
}

/// What a search comes upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// An entry that matches, as the JSON object in the file.
    Match(&'a [u8]),
    /// One near a match.
    Context(&'a [u8]),
    /// Entries are left out between two groups of context.
    Break,
}

/// What there is to say after a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Searched {
    /// Lines that are no entries, and were left out.
    pub damaged: u64,
    /// Entries of the range asked for were dropped by rotation.
    pub dropped: bool,
}

impl Search {
    /// Whether an entry of this stream and time is wanted, whatever it says.
    pub fn admits(&self, stream: Stream, timestamp: Timestamp) -> bool {
        self.stream.is_none_or(|wanted| wanted == stream)
            && self.since.is_none_or(|since| timestamp >= since)
            && self.until.is_none_or(|until| timestamp <= until)
    }

    /// Whether a message matches.
    pub fn matches(&self, message: &str) -> bool {
        self.pattern
            .as_ref()
            .is_none_or(|pattern| pattern.matches(message))
    }

    /// What tells which entries around a match are shown, going forwards.
    pub fn context<H>(&self) -> Context<H> {
        Context::new(self.before, self.after, None)
    }

    /// The same for going backwards from the newest entry, until there are enough matches.
    pub fn context_backwards<H>(&self) -> Context<H> {
        Context::new(self.after, self.before, self.limit)
    }
}

impl Archive {
    /// Goes through the files and shows what is found in the order of the numbers. `show` may end
    /// it. With a limit the files are read from their ends, without one from the beginning; nothing
    /// is read that numbers or times exclude.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn search(
        &self,
        search: &Search,
        show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
    ) -> io::Result<Searched> {
        let stems = self.stems(search)?;
        let dropped = self.has_dropped(search, &stems)?;
        let mut parts = Vec::with_capacity(stems.len());
        for stem in &stems {
            parts.push(self.parts(search, stem)?);
        }
        let damaged = if search.limit.is_some() {
            let files = parts.into_iter().map(Backward::new).collect();
            walk::backwards(search, Merged::newest_first(files)?, show)?
        } else {
            let files = parts.into_iter().map(Forward::new).collect();
            walk::forwards(search, Merged::oldest_first(files)?, show)?
        };
        Ok(Searched { damaged, dropped })
    }

    fn stems(&self, search: &Search) -> io::Result<Vec<String>> {
        let all = || vec![disk::ALL_STEM.to_owned()];
        if search.services.is_empty() {
            if !disk::segments(self.dir(), disk::ALL_STEM)?.is_empty() {
                return Ok(all());
            }
            // Somebody has taken it away; the services' own files say the same.
            let services = self.services()?;
            return Ok(services.iter().map(|name| disk::stem(name)).collect());
        }
        let mut stems: Vec<_> = search
            .services
            .iter()
            .map(|name| disk::stem(name))
            .collect();
        stems.sort();
        stems.dedup();
        Ok(stems)
    }

    fn has_dropped(&self, search: &Search, stems: &[String]) -> io::Result<bool> {
        let below = search.before_seq.unwrap_or(u64::MAX);
        let above = search.after_seq.unwrap_or(0);
        let dropped = disk::dropped(self.dir())?;
        let mut ranges = stems.iter().filter_map(|stem| dropped.get(stem));
        Ok(ranges.any(|(first, last)| *first < below && *last > above))
    }

    /// The stretches of a file's parts in which wanted entries can be, the older part first.
    fn parts(
        &self,
        search: &Search,
        stem: &str,
    ) -> io::Result<Vec<(Segment, std::ops::Range<u64>)>> {
        let segments = match disk::segments(self.dir(), stem) {
            Ok(segments) => segments,
            // Something else has the name of a file of ours.
            Err(error) if disk::is_not_a_file(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        let since = search.since.map(|since| bound(since, -CLOCK_STEP_MS));
        let until = search.until.map(|until| bound(until, CLOCK_STEP_MS));
        let mut parts = Vec::with_capacity(segments.len());
        for segment in segments.into_iter().rev() {
            let mut start = match search.after_seq {
                Some(after) => segment.lower_bound(after.saturating_add(1))?,
                None => 0,
            };
            let mut end = match search.before_seq {
                Some(before) => segment.lower_bound(before)?,
                None => segment.len(),
            };
            if let Some(since) = &since {
                let before = |line: &[u8]| Some(glance::timestamp(line)? < since.as_bytes());
                start = start.max(segment.partition_point(before)?);
            }
            if let Some(until) = &until {
                let within = |line: &[u8]| Some(glance::timestamp(line)? <= until.as_bytes());
                end = end.min(segment.partition_point(within)?);
            }
            parts.push((segment, start..end.max(start)));
        }
        Ok(parts)
    }
}

/// A moment as it stands in files, moved by so many milliseconds.
fn bound(moment: Timestamp, by: i64) -> String {
    Timestamp(moment.0.saturating_add(by)).to_string()
}
