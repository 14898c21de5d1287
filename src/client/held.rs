//! Entries whose turn comes later, and numbers that are known to be lost.

use std::collections::VecDeque;

use super::entry::Entry;
use super::replay::Gap;

/// Bytes of entries that are held while something before them is missing. Beyond that they are
/// fetched again when it is their turn.
const MOST_BYTES: usize = 4 << 20;

/// Something whose turn comes later.
#[derive(Debug)]
pub(super) enum Item {
    Entry(Entry),
    /// The server has been asked and does not have them.
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

/// Ascending, without overlaps; there may be holes.
#[derive(Debug, Default)]
pub(super) struct Held {
    items: VecDeque<Item>,
    bytes: usize,
}

impl Held {
    /// The lowest number held.
    pub(super) fn first(&self) -> Option<u64> {
        self.items.front().map(Item::first)
    }

    /// Holds an entry above all others, if there is room for it.
    pub(super) fn push(&mut self, entry: Entry) {
        if self.bytes < MOST_BYTES {
            self.append(Item::Entry(entry));
        }
    }

    /// Takes the first item if its turn has come: if it does not begin above this number.
    pub(super) fn pop_due(&mut self, next: u64) -> Option<Item> {
        self.first().filter(|first| *first <= next)?;
        let item = self.items.pop_front()?;
        self.bytes -= item.weight();
        Some(item)
    }

    /// Takes entries in that the server has given for the numbers from `from` to below `to`: what
    /// is not among them does not exist.
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

    /// What is held, in bytes.
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
