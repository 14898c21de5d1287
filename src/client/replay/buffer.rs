//! Entries that came before their turn, and numbers known to be lost.

use std::collections::VecDeque;

use crate::client::entry::{Entry, Gap};

/// Bytes of entries kept while something before them is missing. What exceeds it is dropped and
/// fetched again in its turn.
const MOST_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub(super) enum Item {
    Entry(Entry),
    /// The server does not have them.
    Lost(Gap),
}

impl Item {
    fn first(&self) -> u64 {
        match self {
            Self::Entry(entry) => entry.seq,
            Self::Lost(gap) => gap.first,
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Entry(entry) => entry.weight(),
            Self::Lost(_) => size_of::<Self>(),
        }
    }
}

/// Ascending, without overlaps; there may be gaps.
#[derive(Debug, Default)]
pub(super) struct ReorderBuffer {
    items: VecDeque<Item>,
    bytes: usize,
}

impl ReorderBuffer {
    /// The lowest number in it.
    pub(super) fn first(&self) -> Option<u64> {
        self.items.front().map(Item::first)
    }

    /// Adds an entry above all others, if there is room.
    pub(super) fn push(&mut self, entry: Entry) {
        if self.bytes < MOST_BYTES {
            self.append(Item::Entry(entry));
        }
    }

    /// Removes the first item if it does not begin above this number.
    pub(super) fn pop_due(&mut self, next: u64) -> Option<Item> {
        self.first().filter(|first| *first <= next)?;
        let item = self.items.pop_front()?;
        self.bytes -= item.weight();
        Some(item)
    }

    /// Takes the server's entries with numbers in `from..to`; what is not among them is lost.
    pub(super) fn merge(&mut self, entries: Vec<Entry>, from: u64, to: u64) {
        let before = std::mem::take(self);
        let (lower, upper): (Vec<Item>, Vec<Item>) = before
            .items
            .into_iter()
            .filter(|item| !(from..to).contains(&item.first()))
            .partition(|item| item.first() < from);
        for item in lower {
            self.append(item);
        }
        let mut expected = from;
        for entry in entries {
            self.lose(expected, entry.seq);
            expected = entry.seq + 1;
            self.append(Item::Entry(entry));
        }
        self.lose(expected, to);
        for item in upper {
            self.append(item);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn lose(&mut self, first: u64, end: u64) {
        if first < end {
            let last = end - 1;
            self.append(Item::Lost(Gap { first, last }));
        }
    }

    fn append(&mut self, item: Item) {
        self.bytes += item.weight();
        self.items.push_back(item);
    }
}
