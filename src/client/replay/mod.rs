//! Puts the log together from live entries, of which some are lost, and requested pages: what to
//! deliver, what to request, what is missing for good. Entries come in order, without duplicates.
//! Pure.
//!
//! Numbers are contiguous (docs/logs.md, Numbers), so a hole always means a loss. A hole is filled
//! from its beginning in pieces of bounded size: a piece `[a, b)` is the page of `b - a` entries
//! below `b`.

mod buffer;
#[cfg(test)]
mod tests;

use std::num::NonZeroU64;

use buffer::{Item, ReorderBuffer};

use super::entry::{Entry, Gap};
use super::follow::{Follow, Missed, Start};
use crate::facts::Timestamp;
use crate::protocol::{LogsCursor, LogsQuery};

/// The most entries in one request.
const LONGEST_PAGE: usize = 5000;

/// Entries requested when a restarted server's log begins anew: all it can have written meanwhile.
const WHOLE_SESSION: usize = 100_000;

/// A page of so many bytes may have been cut to size by the server (docs/protocol.md, `get_logs`).
const MAY_BE_CUT: usize = 8 << 20;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Pass these on.
    Deliver(Vec<Entry>),
    /// Report these as missing.
    Gap(Gap),
    /// Request a page and pass the answer to [`Replay::page`].
    Ask(LogsQuery),
}

/// A page of entries, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Piece {
    pub(super) entries: Vec<Entry>,
    /// Matching entries were left out.
    pub(super) truncated: bool,
    /// Its size on the wire.
    pub(super) bytes: usize,
}

/// Which page has been requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// None.
    No,
    /// The newest entries of the session, to begin with.
    Beginning { deliver: bool },
    /// The newest entries after those we have: how far the log goes.
    Edge { limit: usize },
    /// The last entry we had, to see whether the restarted server continues the same log.
    Recognising,
    /// The part of a gap below this number.
    Gap { below: u64, limit: usize },
}

/// The last delivered entry, by which a restarted server's log is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    seq: u64,
    timestamp: Timestamp,
}

/// The state of one follower of the log.
#[derive(Debug)]
pub(super) struct Replay {
    follow: Follow,
    connected: bool,
    /// Whether the consumer takes more.
    room: bool,
    waiting: Waiting,
    /// The number to deliver next; `None` before the first entry of a session is known.
    next: Option<u64>,
    mark: Option<Mark>,
    /// What came early.
    buffer: ReorderBuffer,
    /// The highest number known to exist.
    edge: u64,
    /// Entries in the next request; adapts to their size.
    page: usize,
}

impl Replay {
    pub(super) fn new(follow: Follow) -> Self {
        Self {
            follow,
            connected: false,
            room: true,
            waiting: Waiting::No,
            next: match follow.start {
                Start::Newest(_) => None,
                Start::After(seq) | Start::AfterEntry { seq, .. } => Some(seq.saturating_add(1)),
            },
            mark: match follow.start {
                Start::AfterEntry { seq, timestamp } => Some(Mark { seq, timestamp }),
                Start::Newest(_) | Start::After(_) => None,
            },
            buffer: ReorderBuffer::default(),
            edge: 0,
            page: 500,
        }
    }

    /// Connected; `restarted` if the server is not the one before.
    pub(super) fn connected(&mut self, restarted: bool) -> Vec<Step> {
        self.connected = true;
        let query = match (self.next, self.follow.missed, &self.mark) {
            (Some(_), Missed::Fetch, Some(mark)) if restarted => {
                self.edge = 0;
                let below = NonZeroU64::MIN.saturating_add(mark.seq);
                self.waiting = Waiting::Recognising;
                query(1, LogsCursor::Before(below))
            }
            (Some(next), _, _) if !restarted => self.ask_for_edge(next),
            _ => {
                self.next = None;
                self.ask_for_beginning()
            }
        };
        vec![Step::Ask(query)]
    }

    /// Disconnected; the requested page will not come.
    pub(super) fn disconnected(&mut self) {
        self.connected = false;
        self.waiting = Waiting::No;
        self.buffer.clear();
    }

    /// Whether the consumer takes more.
    pub(super) fn room(&mut self, room: bool) -> Vec<Step> {
        self.room = room;
        self.advance()
    }

    /// A live entry came.
    pub(super) fn live(&mut self, entry: Entry) -> Vec<Step> {
        // Until a restarted server's log has been recognised its numbers mean nothing to us.
        let comparable = self.waiting != Waiting::Recognising;
        let had = comparable && self.next.is_some_and(|next| entry.seq < next);
        if had || entry.seq <= self.edge {
            // Delivered, buffered, or to be fetched already.
            return Vec::new();
        }
        self.edge = entry.seq;
        self.buffer.push(entry);
        self.advance()
    }

    /// The requested page came.
    pub(super) fn page(&mut self, mut piece: Piece) -> Vec<Step> {
        let bytes = piece.bytes;
        match std::mem::replace(&mut self.waiting, Waiting::No) {
            Waiting::No => return Vec::new(),
            Waiting::Recognising => return vec![Step::Ask(self.recognise(&piece))],
            Waiting::Beginning { deliver } => self.begin(piece, deliver),
            Waiting::Edge { limit } => {
                let next = self.next.unwrap_or(1);
                piece.entries.retain(|entry| entry.seq >= next);
                let whole = piece.entries.len() < limit && !piece.truncated;
                let window = matches!(self.follow.missed, Missed::Window(_));
                let from = (whole || window).then_some(next);
                self.merge(piece.entries, from, None);
            }
            Waiting::Gap { below, limit } => {
                let next = self.next.unwrap_or(below);
                let count = piece.entries.len();
                piece
                    .entries
                    .retain(|entry| (next..below).contains(&entry.seq));
                let complete = piece.entries.first().is_some_and(|first| first.seq == next);
                if !complete && count < limit && bytes > MAY_BE_CUT && limit > 1 {
                    // The server cut the beginning to keep the answer small: request less.
                    self.page = (count / 2).max(1);
                    return self.advance();
                }
                self.merge(piece.entries, Some(next), Some(below));
            }
        }
        self.adapt(bytes);
        self.advance()
    }

    /// The request failed, though the connection is up.
    pub(super) fn failed(&mut self) -> Vec<Step> {
        match std::mem::replace(&mut self.waiting, Waiting::No) {
            Waiting::Gap { below, .. } => {
                let next = self.next.unwrap_or(below);
                self.merge(Vec::new(), Some(next), Some(below));
            }
            Waiting::Recognising => {
                self.next = None;
                self.mark = None;
            }
            Waiting::No | Waiting::Beginning { .. } | Waiting::Edge { .. } => {}
        }
        self.advance()
    }

    fn ask_for_beginning(&mut self) -> LogsQuery {
        let (limit, deliver) = match (self.follow.start, self.follow.missed) {
            (Start::Newest(0), _) if self.mark.is_none() => (1, false),
            (Start::Newest(count), _) if self.mark.is_none() => (count, true),
            (_, Missed::Window(count)) => (count.max(1), true),
            (_, Missed::Fetch) => (WHOLE_SESSION, true),
        };
        self.mark = None;
        self.edge = 0;
        self.waiting = Waiting::Beginning { deliver };
        query(limit, LogsCursor::End)
    }

    fn ask_for_edge(&mut self, next: u64) -> LogsQuery {
        let limit = match self.follow.missed {
            Missed::Fetch => self.page,
            Missed::Window(count) => count.clamp(1, LONGEST_PAGE),
        };
        self.edge = next - 1;
        self.waiting = Waiting::Edge { limit };
        query(limit, LogsCursor::After(next - 1))
    }

    /// Whether the restarted server's log has the last entry we had. If so its numbers go on, and the
    /// end of the old server's log can still be fetched.
    fn recognise(&mut self, piece: &Piece) -> LogsQuery {
        let known = self.mark.as_ref().is_some_and(|mark| {
            piece
                .entries
                .iter()
                .any(|entry| entry.seq == mark.seq && entry.timestamp == mark.timestamp)
        });
        match self.next {
            Some(next) if known => {
                // Keep what came live since.
                let edge = self.edge;
                let query = self.ask_for_edge(next);
                self.edge = self.edge.max(edge);
                query
            }
            _ => {
                self.next = None;
                let edge = self.edge;
                let query = self.ask_for_beginning();
                self.edge = edge;
                query
            }
        }
    }

    fn begin(&mut self, piece: Piece, deliver: bool) {
        let newest = piece.entries.last().map(|entry| entry.seq);
        let oldest = piece.entries.first().map(|entry| entry.seq);
        if deliver {
            self.next = oldest;
            self.merge(piece.entries, oldest, None);
        } else {
            self.next = newest.map(|seq| seq + 1);
            self.edge = self.edge.max(newest.unwrap_or(0));
        }
    }

    /// Takes the server's entries with numbers in `from..to`; what is not among them does not exist.
    /// `None` stands for the first and the last of them.
    fn merge(&mut self, entries: Vec<Entry>, from: Option<u64>, to: Option<u64>) {
        let (Some(from), Some(to)) = (
            from.or(entries.first().map(|entry| entry.seq)),
            to.or(entries.last().map(|entry| entry.seq + 1)),
        ) else {
            return;
        };
        self.buffer.merge(entries, from, to);
        self.edge = self.edge.max(to - 1);
    }

    /// Delivers what is due and requests what is missing.
    fn advance(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.room || !self.connected || self.waiting != Waiting::No {
            return steps;
        }
        self.deliver(&mut steps);
        let Some(next) = self.next.filter(|next| *next <= self.edge) else {
            return steps;
        };
        // Something is missing before what is buffered, or before the edge.
        let end = self.buffer.first().unwrap_or(self.edge + 1);
        let next = self.skip(next, end, &mut steps);
        let length = usize::try_from(end - next).unwrap_or(usize::MAX);
        let limit = self.page.min(length);
        let below = next + limit as u64;
        self.waiting = Waiting::Gap { below, limit };
        if let Some(below) = NonZeroU64::new(below) {
            steps.push(Step::Ask(query(limit, LogsCursor::Before(below))));
        }
        steps
    }

    fn deliver(&mut self, steps: &mut Vec<Step>) {
        let mut due = Vec::new();
        if self.next.is_none() {
            self.next = self.buffer.first();
        }
        while let Some(next) = self.next
            && let Some(item) = self.buffer.pop_due(next)
        {
            match item {
                Item::Entry(entry) if entry.seq == next => {
                    self.next = Some(next + 1);
                    due.push(entry);
                }
                Item::Lost(gap) if gap.last >= next => {
                    self.delivered(&mut due, steps);
                    self.next = Some(gap.last + 1);
                    steps.push(Step::Gap(Gap { first: next, ..gap }));
                }
                // Delivered already.
                Item::Entry(_) | Item::Lost(_) => {}
            }
        }
        self.delivered(&mut due, steps);
    }

    fn delivered(&mut self, due: &mut Vec<Entry>, steps: &mut Vec<Step>) {
        if let Some(last) = due.last() {
            self.mark = Some(Mark {
                seq: last.seq,
                timestamp: last.timestamp,
            });
            steps.push(Step::Deliver(std::mem::take(due)));
        }
    }

    /// Skips what exceeds the window, if there is one.
    fn skip(&mut self, next: u64, end: u64, steps: &mut Vec<Step>) -> u64 {
        let Missed::Window(count) = self.follow.missed else {
            return next;
        };
        let wanted = end.saturating_sub(count as u64);
        if wanted <= next {
            return next;
        }
        let gap = Gap {
            first: next,
            last: wanted - 1,
        };
        steps.push(Step::Gap(gap));
        self.next = Some(wanted);
        wanted
    }

    fn adapt(&mut self, bytes: usize) {
        const COMFORTABLE: usize = 1 << 20;
        if bytes < COMFORTABLE {
            self.page = (self.page * 2).min(LONGEST_PAGE);
        } else if bytes > 4 * COMFORTABLE {
            self.page = (self.page / 2).max(1);
        }
    }
}

fn query(limit: usize, cursor: LogsCursor) -> LogsQuery {
    LogsQuery {
        service: None,
        limit: NonZeroU64::new(limit as u64),
        cursor,
    }
}
