//! Matches the lines of a file against a search.

use super::criteria::{Search, bound};
use super::fields::{self, Fields};
use crate::facts::{Stream, Timestamp};
use crate::logs::parse::EntryLine;

pub(super) struct Filter<'a> {
    search: &'a Search,
    /// The bounds as the files spell times, so that texts can be compared.
    since: Option<String>,
    until: Option<String>,
    /// Lines so far that are no entries.
    pub(super) damaged: u64,
}

impl<'a> Filter<'a> {
    pub(super) fn new(search: &'a Search) -> Self {
        Self {
            search,
            since: search.since.map(|since| bound(since, 0)),
            until: search.until.map(|until| bound(until, 0)),
            damaged: 0,
        }
    }

    /// Whether a line matches the pattern; `None` if it is damaged or excluded by stream or time, which
    /// keeps it out of the context of other lines too.
    pub(super) fn matches(&mut self, line: &[u8]) -> Option<bool> {
        let Some(fields) = Fields::parse(line) else {
            return self.matches_any(line);
        };
        let is_wanted = self
            .search
            .stream
            .is_none_or(|stream| fields.stream == stream.as_str().as_bytes())
            && self
                .since
                .as_ref()
                .is_none_or(|since| fields.timestamp >= since.as_bytes())
            && self
                .until
                .as_ref()
                .is_none_or(|until| fields.timestamp <= until.as_bytes());
        if !is_wanted {
            return None;
        }
        if self.search.matches_all() {
            return Some(true);
        }
        if !fields.is_escaped {
            return Some(self.search.matches_plain(fields.message));
        }
        let message = fields::unescape(fields.message);
        if message.is_none() {
            self.damaged += 1;
        }
        message.map(|message| self.search.matches(&message))
    }

    /// A line that is not formatted as ours are.
    #[cold]
    fn matches_any(&mut self, line: &[u8]) -> Option<bool> {
        let text = String::from_utf8_lossy(line);
        let Some((entry, stream, timestamp)) = parse(&text) else {
            self.damaged += 1;
            return None;
        };
        self.search
            .admits(stream, timestamp)
            .then(|| self.search.matches(&entry.message))
    }
}

fn parse(text: &str) -> Option<(EntryLine<'_>, Stream, Timestamp)> {
    let entry = EntryLine::parse(text)?;
    let stream = match &*entry.stream {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        _ => return None,
    };
    let time: jiff::Timestamp = entry.timestamp.parse().ok()?;
    Some((entry, stream, Timestamp(time.as_millisecond())))
}
