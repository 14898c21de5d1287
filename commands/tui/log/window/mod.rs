//! The part of the log that is held: a run of wanted items without gaps, however long the log is.
//!
//! It grows by live lines at its end and by pages at either end, and what is furthest from the
//! viewport goes when it has become too large.

use std::collections::VecDeque;
use std::sync::Arc;

use super::filter::LogFilter;
use super::gap::Gap;
use super::item::{Item, Place};
use super::recent::Recent;
use super::sought::Sought;

/// How many items are held.
const MAX_ITEMS: usize = 20_000;
/// How many bytes they may take.
const MAX_BYTES: usize = 8 << 20;
/// How many entries a page has.
pub(crate) const PAGE: u64 = 1_000;

/// What is known of the log below the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Older {
    /// Nothing was asked yet.
    #[default]
    Unknown,
    /// The session has no line yet; earlier ones may.
    Silent,
    /// Everything wanted from this number on is here; more may be below.
    Below(u64),
    /// There is nothing more.
    Beginning,
}

/// What is known of the log above the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Newer {
    /// It reaches the live end.
    #[default]
    Live,
    /// It is complete up to a number; the next page covers `step` numbers.
    Above { complete: u64, step: u64 },
}

/// Which end a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Towards the beginning.
    Older,
    /// Towards the live end.
    Newer,
    /// Neither: for a gap in the window.
    Gap,
}

/// The end from which a page is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// From the end of this session.
    End,
    /// From below a number, earlier sessions included.
    Before(u64),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Window {
    items: VecDeque<Arc<Item>>,
    bytes: usize,
    /// What lies below.
    pub(crate) older: Older,
    /// What lies above.
    pub(crate) newer: Newer,
    gap: Option<Gap>,
    /// The page that was requested and has not arrived.
    pub(crate) loading: Option<Direction>,
    /// Which window this is: answers meant for an earlier one are dropped.
    pub(crate) generation: u64,
    /// What is looked for, so that the count of hits keeps up with what comes and goes.
    highlight: Option<Sought>,
    hits: usize,
    /// The current hit, and the number of hits before it.
    current: Option<(Place, usize)>,
    lines: usize,
}

impl Window {
    /// An empty window.
    pub(crate) fn new(generation: u64, older: Older, newer: Newer) -> Self {
        Self {
            older,
            newer,
            generation,
            ..Self::default()
        }
    }

    /// All items, oldest first.
    pub(crate) const fn items(&self) -> &VecDeque<Arc<Item>> {
        &self.items
    }

    /// How many lines of services are held.
    pub(crate) const fn lines(&self) -> usize {
        self.lines
    }

    /// How many items of the window match the search.
    pub(crate) const fn hits(&self) -> usize {
        self.hits
    }

    /// Looks for something else, or for nothing.
    pub(crate) fn set_highlight(&mut self, highlight: Option<Sought>) {
        self.highlight = highlight;
        self.current = None;
        self.hits = self.items.iter().filter(|item| self.is_hit(item)).count();
    }

    /// Makes this hit the current one.
    pub(crate) fn set_current(&mut self, place: Place) {
        let before = self.items.range(..self.index_of(place));
        let count = before.filter(|item| self.is_hit(item)).count();
        self.current = Some((place, count));
    }

    /// The index of the current hit among those in the window, from 1.
    pub(crate) fn current(&self) -> Option<usize> {
        self.current.map(|(_, before)| before + 1)
    }

    /// Whether there may be more matching lines above the window.
    pub(crate) const fn has_older(&self) -> bool {
        match self.older {
            Older::Unknown => true,
            Older::Below(seq) => seq > 1,
            Older::Silent | Older::Beginning => false,
        }
    }

    /// Whether there may be more matching lines above or below the window.
    pub(crate) fn is_part(&self) -> bool {
        self.has_older() || self.newer != Newer::Live
    }

    /// The number down to which everything that is wanted was held at some time.
    pub(crate) const fn complete_down_to(&self) -> Option<u64> {
        match self.older {
            Older::Below(seq) => Some(seq),
            Older::Unknown | Older::Silent | Older::Beginning => None,
        }
    }

    /// The number up to which everything that is wanted was held at some time.
    pub(crate) const fn complete_up_to(&self) -> Option<u64> {
        match self.newer {
            Newer::Above { complete, .. } => Some(complete),
            Newer::Live => None,
        }
    }

    /// Whether it is an item that is looked for.
    pub(crate) fn is_hit(&self, item: &Item) -> bool {
        self.highlight
            .as_ref()
            .is_some_and(|highlight| highlight.matches(item))
    }

    /// Where the item at this place is, or would be.
    pub(crate) fn index_of(&self, place: Place) -> usize {
        self.items.partition_point(|item| item.place < place)
    }

    /// Where the item at this place is, if it is here.
    pub(crate) fn find(&self, place: Place) -> Option<usize> {
        let index = self.index_of(place);
        let item = self.items.get(index)?;
        (item.place == place).then_some(index)
    }

    /// Fills an empty window with the complete end of the log.
    pub(crate) fn seed(&mut self, recent: &Recent, filter: &LogFilter) {
        if let Some(from) = recent.complete_from() {
            self.older = Older::Below(from);
        }
        for line in recent.above(0).filter(|line| filter.admits(line)) {
            self.insert(Arc::clone(line));
        }
        self.insert_notes(recent, filter);
        self.shrink_front();
    }

    /// Takes in something that has just happened and is wanted. Whether it is now in the window.
    pub(crate) fn push_live(&mut self, item: Arc<Item>, is_following: bool) -> bool {
        if self.newer != Newer::Live {
            return false;
        }
        match self.older {
            Older::Below(from) if item.is_line() && item.place.seq < from => return false,
            Older::Silent if item.is_line() => self.older = Older::Below(item.place.seq),
            _ => {}
        }
        if !self.insert(item) {
            return false;
        }
        if self.is_full() {
            if is_following {
                self.shrink_front();
            } else {
                self.detach();
            }
        }
        true
    }

    /// An event has moved to another place.
    pub(crate) fn move_event(&mut self, before: Place, event: &Arc<Item>) {
        if let Some(index) = self.find(before)
            && let Some(item) = self.items.remove(index)
        {
            self.forget(&item);
            self.insert(Arc::clone(event));
        }
    }

    /// Inserts the events and marks that belong into the window.
    fn insert_notes(&mut self, recent: &Recent, filter: &LogFilter) {
        let from = match self.older {
            Older::Below(seq) => seq.saturating_sub(1),
            _ => 0,
        };
        let to = match self.newer {
            Newer::Live => u64::MAX,
            Newer::Above { complete, .. } => complete,
        };
        for note in recent.notes() {
            if (from..=to).contains(&note.place.seq) && filter.admits(note) {
                self.insert(Arc::clone(note));
            }
        }
    }

    /// Whether it was not there before.
    fn insert(&mut self, item: Arc<Item>) -> bool {
        let at = match self.items.back() {
            Some(last) if last.place >= item.place => self.index_of(item.place),
            _ => self.items.len(),
        };
        if self
            .items
            .get(at)
            .is_some_and(|other| other.place == item.place)
        {
            return false;
        }
        self.bytes += item.cost();
        self.lines += usize::from(item.is_line());
        if self.is_hit(&item) {
            self.hits += 1;
            if let Some((place, before)) = &mut self.current {
                *before += usize::from(item.place < *place);
            }
        }
        self.items.insert(at, item);
        true
    }

    fn is_full(&self) -> bool {
        self.items.len() > MAX_ITEMS || self.bytes > MAX_BYTES
    }

    fn forget(&mut self, item: &Item) {
        self.bytes -= item.cost();
        self.lines -= usize::from(item.is_line());
        if self.is_hit(item) {
            self.hits -= 1;
            match &mut self.current {
                Some((place, before)) if item.place < *place => *before -= 1,
                Some((place, _)) if item.place == *place => self.current = None,
                _ => {}
            }
        }
    }

    fn shrink_front(&mut self) {
        while self.is_full() {
            let Some(gone) = self.items.pop_front() else {
                break;
            };
            self.forget(&gone);
            if gone.is_line() {
                self.older = Older::Below(gone.place.seq + 1);
            }
        }
        self.trim_gap();
    }

    fn shrink_back(&mut self) {
        let mut has_shrunk = false;
        while self.is_full() {
            let Some(gone) = self.items.pop_back() else {
                return;
            };
            self.forget(&gone);
            has_shrunk = true;
        }
        if has_shrunk {
            self.detach();
        }
    }

    /// From here on live lines pass by.
    fn detach(&mut self) {
        let complete = self.items.back().map_or(0, |item| item.place.seq);
        self.newer = Newer::Above {
            complete,
            step: PAGE,
        };
        self.trim_gap();
    }
}

mod paging;
#[cfg(test)]
mod tests;
