//! Entries in order and without duplicates, out of a stream that loses some and pages that are
//! asked for: what to deliver, what to ask for, what is missing for good. Pure.
//!
//! Numbers are contiguous (docs/logs.md, Numbers), so a hole always means a loss. A hole is filled
//! from its beginning in pieces of bounded size: a piece `[a, b)` is the page of `b - a` entries
//! below `b`.

use std::num::NonZeroU64;

use super::entry::Entry;
use super::follow::{Follow, Missed, Start};
use super::held::{Held, Item};
use crate::protocol::{LogsCursor, LogsQuery, Timestamp};

/// The most entries asked for at once.
const LONGEST_PAGE: usize = 5000;

/// How many entries are asked for when a restarted server's log begins anew: all it can have
/// written meanwhile.
const WHOLE_SESSION: usize = 100_000;

/// A page of so many bytes may have been cut to size by the server (docs/protocol.md, `get_logs`).
const MAY_BE_CUT: usize = 8 << 20;

/// What follows from an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// These come next.
    Deliver(Vec<Entry>),
    /// These will not come.
    Gap(Gap),
    /// Ask the server, and say what it answered.
    Ask(LogsQuery),
}

/// Entries that will not come: lost to memory or disk, or skipped because they are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first number that is missing.
    pub first: u64,
    /// The last number that is missing.
    pub last: u64,
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

/// What the page that is under way will be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Nothing: no page is under way.
    No,
    /// The newest entries of the session, to begin with.
    Beginning { deliver: bool },
    /// The newest entries after those we have: how far the log goes.
    Edge { limit: usize },
    /// Whether the restarted server goes on with the same numbers.
    Recognising,
    /// The piece of a hole below this number.
    Hole { below: u64, limit: usize },
}

/// The last entry that was delivered: by it a restarted server's log is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    seq: u64,
    timestamp: Timestamp,
}

/// The place in the log up to which everything has been delivered or given up.
#[derive(Debug)]
pub(super) struct Replay {
    follow: Follow,
    connected: bool,
    /// Whether the consumer takes more.
    room: bool,
    waiting: Waiting,
    /// The number whose turn it is; `None` before the first entry of a session is known.
    next: Option<u64>,
    mark: Option<Mark>,
    /// What is further along.
    held: Held,
    /// The highest number known to exist.
    edge: u64,
    /// Entries to ask for at once; follows the size of the entries.
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
            held: Held::default(),
            edge: 0,
            page: 500,
        }
    }

    /// A connection is there; `restarted` when the server is another one than before.
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

    /// The connection is gone, and with it the page under way.
    pub(super) fn disconnected(&mut self) {
        self.connected = false;
        self.waiting = Waiting::No;
        self.held.clear();
    }

    /// Whether the consumer takes more.
    pub(super) fn room(&mut self, room: bool) -> Vec<Step> {
        self.room = room;
        self.advance()
    }

    /// An entry came by itself.
    pub(super) fn live(&mut self, entry: Entry) -> Vec<Step> {
        // Until a restarted server's log has been recognised its numbers mean nothing to us.
        let comparable = self.waiting != Waiting::Recognising;
        let had = comparable && self.next.is_some_and(|next| entry.seq < next);
        if had || entry.seq <= self.edge {
            // Delivered, held, or to be fetched already.
            return Vec::new();
        }
        self.edge = entry.seq;
        self.held.push(entry);
        self.advance()
    }

    /// The page that was asked for came.
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
            Waiting::Hole { below, limit } => {
                let next = self.next.unwrap_or(below);
                let count = piece.entries.len();
                piece
                    .entries
                    .retain(|entry| (next..below).contains(&entry.seq));
                let complete = piece.entries.first().is_some_and(|first| first.seq == next);
                if !complete && count < limit && bytes > MAY_BE_CUT && limit > 1 {
                    // Cut to size, and the beginning is what was cut: a smaller piece.
                    self.page = (count / 2).max(1);
                    return self.advance();
                }
                self.merge(piece.entries, Some(next), Some(below));
            }
        }
        self.adapt(bytes);
        self.advance()
    }

    /// The page that was asked for will not come, though the connection is there.
    pub(super) fn failed(&mut self) -> Vec<Step> {
        match std::mem::replace(&mut self.waiting, Waiting::No) {
            Waiting::Hole { below, .. } => {
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

    /// Whether the last entry we had is in the restarted server's log too. If so its numbers go on,
    /// and what the old server wrote at its end can still be had.
    fn recognise(&mut self, piece: &Piece) -> LogsQuery {
        let known = self.mark.as_ref().is_some_and(|mark| {
            piece
                .entries
                .iter()
                .any(|entry| entry.seq == mark.seq && entry.timestamp == mark.timestamp)
        });
        match self.next {
            Some(next) if known => {
                // Held is what came live since; the edge must be asked for without losing it.
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

    /// Takes entries in that the server has given for the numbers from `from` to below `to`: what
    /// is not among them does not exist. `None` for where the first, and where the last, is.
    fn merge(&mut self, entries: Vec<Entry>, from: Option<u64>, to: Option<u64>) {
        let (Some(from), Some(to)) = (
            from.or(entries.first().map(|entry| entry.seq)),
            to.or(entries.last().map(|entry| entry.seq + 1)),
        ) else {
            return;
        };
        self.held.merge(entries, from, to);
        self.edge = self.edge.max(to - 1);
    }

    /// Delivers what is due and asks for what is missing.
    fn advance(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.room || !self.connected || self.waiting != Waiting::No {
            return steps;
        }
        self.deliver(&mut steps);
        let Some(next) = self.next.filter(|next| *next <= self.edge) else {
            return steps;
        };
        // Something is missing before what is held, or before the edge.
        let end = self.held.first().unwrap_or(self.edge + 1);
        let next = self.skip(next, end, &mut steps);
        let length = usize::try_from(end - next).unwrap_or(usize::MAX);
        let limit = self.page.min(length);
        let below = next + limit as u64;
        self.waiting = Waiting::Hole { below, limit };
        if let Some(below) = NonZeroU64::new(below) {
            steps.push(Step::Ask(query(limit, LogsCursor::Before(below))));
        }
        steps
    }

    fn deliver(&mut self, steps: &mut Vec<Step>) {
        let mut due = Vec::new();
        if self.next.is_none() {
            self.next = self.held.first();
        }
        while let Some(next) = self.next
            && let Some(item) = self.held.pop_due(next)
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

    /// Leaves out what is more than the window, if there is one.
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

#[cfg(test)]
mod tests;
