//! Searching the log: which entries, which lines match, and what is around them.
//!
//! One [`Search`] means the same everywhere: [`Archive::search`] applies it to files, and whoever has
//! entries from a session uses [`Search::admits`], [`Search::matches`] and a [`Context`]. Lines of
//! files are not parsed as JSON: [`fields`] finds the message in a line, and only what is shown is
//! parsed, by whoever shows it.

mod context;
mod criteria;
mod fields;
mod filter;
mod pattern;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

pub use context::{Context, Verdict};
pub use criteria::{Found, Search, Searched};
pub use pattern::{Pattern, PatternError};

use criteria::bound;

use super::archive::Archive;
use super::disk::{self, Backward, Forward, Merged, Part};

/// Clocks step: entries this far from where their time belongs in a file are still found.
const CLOCK_STEP_MS: i64 = 60_000;

impl Archive {
    /// Searches the files and shows what it finds in the order of the numbers, until `show` breaks.
    /// With a limit the files are read from their ends, without one from the beginning. What numbers
    /// or times exclude is not read.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn search(
        &self,
        search: &Search,
        show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
    ) -> io::Result<Searched> {
        let mut skipped = BTreeSet::new();
        let stems = self.stems(search, &mut skipped)?;
        let dropped = self.has_dropped(search, &stems)?;
        let mut parts = Vec::with_capacity(stems.len());
        for stem in &stems {
            parts.push(self.parts(search, stem, &mut skipped)?);
        }
        let damaged = if search.limit.is_some() {
            let files = parts.into_iter().map(Backward::new).collect();
            walk::backwards(search, Merged::new(files, true)?, show)?
        } else {
            let files = parts.into_iter().map(Forward::new).collect();
            walk::forwards(search, Merged::new(files, false)?, show)?
        };
        Ok(Searched {
            damaged,
            dropped,
            skipped: skipped.into_iter().collect(),
        })
    }

    fn stems(&self, search: &Search, skipped: &mut BTreeSet<PathBuf>) -> io::Result<Vec<String>> {
        let is_everything = search.services.is_empty() && search.excluded.is_empty();
        if is_everything {
            let (segments, others) = disk::segments_and_others(&self.dir, disk::ALL_STEM)?;
            if !segments.is_empty() {
                return Ok(vec![disk::ALL_STEM.to_owned()]);
            }
            // Somebody removed it; the services' files hold the same entries.
            skipped.extend(others);
        }
        let wanted = if is_everything || !search.excluded.is_empty() {
            let mut all = self.services()?;
            all.retain(|name| search.covers(name));
            all
        } else {
            search.services.clone()
        };
        let mut stems: Vec<_> = wanted.iter().map(|name| disk::stem(name)).collect();
        stems.sort();
        stems.dedup();
        Ok(stems)
    }

    fn has_dropped(&self, search: &Search, stems: &[String]) -> io::Result<bool> {
        let below = search.before_seq.unwrap_or(u64::MAX);
        let above = search.after_seq.unwrap_or(0);
        let dropped = disk::dropped(&self.dir)?;
        let mut ranges = stems.iter().filter_map(|stem| dropped.get(stem));
        Ok(ranges.any(|(first, last)| *first < below && *last > above))
    }

    /// The stretches of a file's parts in which wanted entries can be, the older part first.
    fn parts(
        &self,
        search: &Search,
        stem: &str,
        skipped: &mut BTreeSet<PathBuf>,
    ) -> io::Result<Vec<Part>> {
        let (segments, others) = disk::segments_and_others(&self.dir, stem)?;
        skipped.extend(others);
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
                let before = |line: &[u8]| Some(fields::timestamp(line)? < since.as_bytes());
                start = start.max(segment.partition_point(before)?);
            }
            if let Some(until) = &until {
                let within = |line: &[u8]| Some(fields::timestamp(line)? <= until.as_bytes());
                end = end.min(segment.partition_point(within)?);
            }
            parts.push((segment, start..end.max(start)));
        }
        Ok(parts)
    }
}
