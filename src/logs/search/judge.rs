//! Which lines of a file are wanted.

use super::glance::{self, Glance};
use super::{Search, bound};
use crate::logs::entry::{Stream, Timestamp};
use crate::logs::parse::EntryLine;

/// Judges the lines of a file. Holds what can be used again from line to line.
pub(super) struct Judge<'a> {
    search: &'a Search,
    /// The bounds as they stand in files: comparing them as text is comparing the times.
    since: Option<String>,
    until: Option<String>,
    scratch: String,
    /// Lines so far that are no entries.
    pub(super) damaged: u64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(search: &'a Search) -> Self {
        Self {
            search,
            since: search.since.map(|since| bound(since, 0)),
            until: search.until.map(|until| bound(until, 0)),
            scratch: String::new(),
            damaged: 0,
        }
    }

    /// Whether a line matches; `None` when it is out, whatever is around it: not admitted, or damaged.
    pub(super) fn matches(&mut self, line: &[u8]) -> Option<bool> {
        let Some(seen) = Glance::at(line) else {
            return self.matches_any(line);
        };
        let is_wanted = self
            .search
            .stream
            .is_none_or(|stream| seen.stream == stream.as_str().as_bytes())
            && self
                .since
                .as_ref()
                .is_none_or(|since| seen.timestamp >= since.as_bytes())
            && self
                .until
                .as_ref()
                .is_none_or(|until| seen.timestamp <= until.as_bytes());
        if !is_wanted {
            return None;
        }
        let Some(pattern) = &self.search.pattern else {
            return Some(true);
        };
        if !seen.is_escaped {
            return Some(pattern.matches_plain(seen.message));
        }
        let message = glance::unescape(seen.message, &mut self.scratch);
        if message.is_none() {
            self.damaged += 1;
        }
        message.map(|message| pattern.matches(message))
    }

    /// A line that is not exactly as ours are.
    #[cold]
    fn matches_any(&mut self, line: &[u8]) -> Option<bool> {
        let text = String::from_utf8_lossy(line);
        let Some((entry, stream, timestamp)) = parse(&text) else {
            self.damaged += 1;
            return None;
        };
        self.search
            .admits(stream, timestamp)
            .then(|| self.search.matches(&entry.message.decode()))
    }
}

fn parse(text: &str) -> Option<(EntryLine<'_>, Stream, Timestamp)> {
    let entry = EntryLine::parse(text)?;
    let stream = match &*entry.stream.decode() {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        _ => return None,
    };
    let time: jiff::Timestamp = entry.timestamp.decode().parse().ok()?;
    Some((entry, stream, Timestamp(time.as_millisecond())))
}
