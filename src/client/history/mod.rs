//! Pages through the log that the server still has: from the newest entry back ([`Newest`]) or from
//! an entry on ([`Oldest`]). Memory stays bounded whatever the size of the log.
//!
//! The protocol pages only backwards: the newest entries below a number. Going forwards fetches one
//! range of numbers after the other, each from its end.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::calls::{CommandError, Page};
use super::entry::Entry;
use super::handle::Client;
use crate::facts::Timestamp;
use crate::protocol::{LogsCursor, LogsQuery};

/// Entries in one answer at most.
const LONGEST_PAGE: u64 = 5000;

/// Entries in the first answer: most readers look back a little only.
const FIRST_PAGE: u64 = 1000;

/// Numbers in one range at most.
const LONGEST_RANGE: u64 = 1 << 16;

/// Who answers `get_logs`.
pub trait Pages {
    /// Asks for a page.
    fn page(&self, query: LogsQuery) -> impl Future<Output = Result<Page, CommandError>> + Send;
}

impl Pages for Client {
    async fn page(&self, query: LogsQuery) -> Result<Page, CommandError> {
        self.logs(query).await
    }
}

/// The numbers `first..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The lowest number wanted.
    pub first: u64,
    /// The number after the highest one wanted.
    pub end: u64,
}

async fn below<P: Pages>(
    pages: &P,
    service: Option<&str>,
    end: u64,
    limit: u64,
) -> Result<Page, CommandError> {
    let Some(before) = NonZeroU64::new(end) else {
        return Ok(Page::default());
    };
    let query = LogsQuery {
        service: service.map(str::to_owned),
        limit: NonZeroU64::new(limit),
        cursor: LogsCursor::Before(before),
    };
    pages.page(query).await
}

/// The first number in the span whose entry is of this moment or later, provided that the clock only
/// went forwards.
///
/// # Errors
/// When the server does not answer.
pub async fn number_at<P: Pages>(
    pages: &P,
    span: Span,
    moment: Timestamp,
) -> Result<u64, CommandError> {
    bisect(pages, None, span, |entry| entry.timestamp >= moment).await
}

/// The first number in a span of which `is_beyond` holds, or its end. If it holds of an entry, it holds
/// of all later ones.
async fn bisect<P: Pages>(
    pages: &P,
    service: Option<&str>,
    span: Span,
    is_beyond: impl Fn(&Entry) -> bool,
) -> Result<u64, CommandError> {
    let (mut low, mut high) = (span.first, span.end);
    while low < high {
        let middle = low + (high - low) / 2;
        // The newest one up to the middle stands for all before it.
        let page = below(pages, service, middle + 1, 1).await?;
        match page.entries.last() {
            Some(entry) if is_beyond(entry) => high = entry.seq.max(span.first).min(middle),
            _ => low = middle + 1,
        }
    }
    Ok(low)
}

/// The entries of one source, in one direction.
#[derive(Debug)]
struct Source {
    service: Option<String>,
    /// Fetched, the next one in front.
    ready: VecDeque<Entry>,
    span: Span,
    /// Entries in one request (backwards) or numbers in one range (forwards).
    size: u64,
    is_over: bool,
    /// The server no longer has some entries of the span.
    lost: bool,
}

impl Source {
    fn all(services: &[String], span: Span, size: u64) -> Vec<Self> {
        let new = |service| Self {
            service,
            ready: VecDeque::new(),
            span,
            size,
            is_over: span.first >= span.end,
            lost: false,
        };
        if services.is_empty() {
            return vec![new(None)];
        }
        services
            .iter()
            .map(|service| new(Some(service.clone())))
            .collect()
    }

    /// Fetches the page below `span.end` and moves `span.end` to its beginning.
    async fn fetch_newest<P: Pages>(&mut self, pages: &P) -> Result<(), CommandError> {
        let service = self.service.as_deref();
        let page = below(pages, service, self.span.end, self.size).await?;
        let count = page.entries.len() as u64;
        let Some(first) = page.entries.first().map(|entry| entry.seq) else {
            self.is_over = true;
            self.lost |= page.truncated;
            return Ok(());
        };
        // A page cut for its size in bytes is followed by what was cut.
        self.is_over = first <= self.span.first || (count < self.size && !page.truncated);
        self.span.end = first;
        let wanted = page.entries.into_iter().rev();
        let above = self.span.first;
        self.ready
            .extend(wanted.take_while(|entry| entry.seq >= above));
        self.size = LONGEST_PAGE;
        Ok(())
    }

    /// Fetches the next range and moves `span.first` behind it.
    async fn fetch_oldest<P: Pages>(&mut self, pages: &P) -> Result<(), CommandError> {
        let first = self.span.first;
        let end = self.span.end.min(first.saturating_add(self.size));
        let mut pieces: Vec<Vec<Entry>> = Vec::new();
        let mut to = end;
        loop {
            let page = below(pages, self.service.as_deref(), to, LONGEST_PAGE).await?;
            let asked = page.entries.len();
            let mut entries = page.entries;
            entries.retain(|entry| entry.seq >= first);
            let is_whole = entries.len() < asked || !page.truncated;
            let Some(oldest) = entries.first().map(|entry| entry.seq) else {
                break;
            };
            pieces.push(entries);
            if is_whole || oldest == first {
                break;
            }
            to = oldest;
        }
        let count: usize = pieces.iter().map(Vec::len).sum();
        self.ready.extend(pieces.into_iter().rev().flatten());
        self.span.first = end;
        if count == 0 && end < self.span.end {
            // Perhaps a wide gap: numbers skipped by a crash, or lost entries.
            self.span.first = self.next_number(pages).await?;
        }
        self.is_over = self.span.first >= self.span.end;
        let count = count as u64;
        if count > LONGEST_PAGE {
            self.size = (self.size / 2).max(1);
        } else if count < LONGEST_PAGE / 4 {
            self.size = (self.size * 2).min(LONGEST_RANGE);
        }
        Ok(())
    }

    /// The lowest number from `span.first` on that exists; the end when there is none.
    async fn next_number<P: Pages>(&self, pages: &P) -> Result<u64, CommandError> {
        let Self { service, span, .. } = self;
        let is_there = |entry: &Entry| entry.seq >= span.first;
        bisect(pages, service.as_deref(), *span, is_there).await
    }
}

/// From the newest entry back.
#[derive(Debug)]
pub struct Newest<'a, P> {
    pages: &'a P,
    sources: Vec<Source>,
}

impl<'a, P: Pages> Newest<'a, P> {
    /// The entries of these services, or of all if none is named. `few` is how many will probably be
    /// read.
    pub fn new(pages: &'a P, services: &[String], span: Span, few: Option<u64>) -> Self {
        let size = few.unwrap_or(FIRST_PAGE).clamp(1, LONGEST_PAGE);
        Self {
            pages,
            sources: Source::all(services, span, size),
        }
    }

    /// The next older entry.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn next(&mut self) -> Result<Option<Entry>, CommandError> {
        for source in &mut self.sources {
            while source.ready.is_empty() && !source.is_over {
                source.fetch_newest(self.pages).await?;
            }
        }
        let newest = self
            .sources
            .iter_mut()
            .max_by_key(|source| source.ready.front().map(|entry| entry.seq));
        Ok(newest.and_then(|source| source.ready.pop_front()))
    }

    /// Whether the server no longer had older entries; known once [`Self::next`] returned `None`.
    pub fn lost(&self) -> bool {
        self.sources.iter().any(|source| source.lost)
    }
}

/// From an entry on.
#[derive(Debug)]
pub struct Oldest<'a, P> {
    pages: &'a P,
    sources: Vec<Source>,
}

impl<'a, P: Pages> Oldest<'a, P> {
    /// The entries of these services, or of all if none is named.
    pub fn new(pages: &'a P, services: &[String], span: Span) -> Self {
        Self {
            pages,
            sources: Source::all(services, span, FIRST_PAGE),
        }
    }

    /// The next newer entry.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn next(&mut self) -> Result<Option<Entry>, CommandError> {
        for source in &mut self.sources {
            while source.ready.is_empty() && !source.is_over {
                source.fetch_oldest(self.pages).await?;
            }
        }
        let ready = self
            .sources
            .iter_mut()
            .filter(|source| !source.ready.is_empty());
        let oldest = ready.min_by_key(|source| source.ready.front().map(|entry| entry.seq));
        Ok(oldest.and_then(|source| source.ready.pop_front()))
    }
}
