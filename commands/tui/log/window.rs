//! The part of the log that is held: a run of wanted items without holes, however long the log is.
//!
//! It grows by live lines at its end and by pages at either end, and what is furthest from the
//! viewport goes when it has become too large.

use std::collections::VecDeque;
use std::sync::Arc;

use super::item::{Item, Place};
use super::matcher::Matcher;
use super::recent::Recent;
use super::sieve::Sieve;

/// How many items are held.
const MAX_ITEMS: usize = 20_000;
/// How many bytes they may take.
const MAX_BYTES: usize = 8 << 20;
/// How many entries a page has.
pub(crate) const PAGE: u64 = 1_000;

/// What is known of the log below the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Older {
    /// Nothing was asked yet.
    Unknown,
    /// The session has no line yet; earlier ones may.
    Silent,
    /// Everything wanted from this number on is here; more may be below.
    Below(u64),
    /// There is nothing more.
    Beginning,
}

/// What is known of the log above the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Newer {
    /// It reaches the live end.
    Live,
    /// It is complete up to a number; the next page tries so many numbers.
    Above {
        /// The number.
        complete: u64,
        /// How many numbers the next page covers.
        step: u64,
    },
}

/// Which end a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Towards the beginning.
    Older,
    /// Towards the live end.
    Newer,
}

/// From where a page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// From the end of this session.
    End,
    /// From below a number, earlier sessions included.
    Before(u64),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Window {
    items: VecDeque<Arc<Item>>,
    bytes: usize,
    /// What lies below.
    pub(crate) older: Older,
    /// What lies above.
    pub(crate) newer: Newer,
    /// The page that was asked for and has not come.
    pub(crate) loading: Option<Direction>,
    /// Which window this is: answers meant for an earlier one are dropped.
    pub(crate) generation: u64,
    /// What is looked for, so that the count of hits keeps up with what comes and goes.
    highlight: Option<Matcher>,
    hits: usize,
    /// The hit the reader is at, and how many hits stand before it.
    current: Option<(Place, usize)>,
    lines: usize,
}

impl Window {
    /// An empty window.
    pub(crate) const fn new(generation: u64, older: Older, newer: Newer) -> Self {
        Self {
            items: VecDeque::new(),
            bytes: 0,
            older,
            newer,
            loading: None,
            generation,
            highlight: None,
            hits: 0,
            current: None,
            lines: 0,
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

    /// How many of the items held contain what is looked for.
    pub(crate) const fn hits(&self) -> usize {
        self.hits
    }

    /// Looks for something else, or for nothing.
    pub(crate) fn set_highlight(&mut self, highlight: Option<Matcher>) {
        self.highlight = highlight;
        self.current = None;
        self.hits = self.items.iter().filter(|item| self.is_hit(item)).count();
    }

    /// The reader is at this hit.
    pub(crate) fn set_current(&mut self, place: Place) {
        let before = self.items.range(..self.index_of(place));
        let count = before.filter(|item| self.is_hit(item)).count();
        self.current = Some((place, count));
    }

    /// Which of the hits that are held the reader is at, from 1.
    pub(crate) fn current(&self) -> Option<usize> {
        self.current.map(|(_, before)| before + 1)
    }

    /// Whether there may be more that is wanted further up than what is held.
    pub(crate) const fn has_older(&self) -> bool {
        match self.older {
            Older::Unknown => true,
            Older::Below(seq) => seq > 1,
            Older::Silent | Older::Beginning => false,
        }
    }

    /// The number down to which everything that is wanted was held at some time.
    pub(crate) const fn complete_down_to(&self) -> Option<u64> {
        match self.older {
            Older::Below(seq) => Some(seq),
            Older::Unknown | Older::Silent | Older::Beginning => None,
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

    /// Fills an empty window with the complete end of the log.
    pub(crate) fn seed(&mut self, recent: &Recent, sieve: &Sieve) {
        if let Some(from) = recent.complete_from() {
            self.older = Older::Below(from);
        }
        for line in recent.above(0).filter(|line| sieve.admits(line)) {
            self.insert(Arc::clone(line));
        }
        self.weave(recent, sieve);
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

    /// Lines from the first to the last of these numbers will not come by themselves. Whoever follows
    /// goes on after them, whoever reads stays before them; either way they are asked for when they
    /// are wanted.
    pub(crate) fn skip(&mut self, first: u64, last: u64, is_following: bool) {
        if self.newer != Newer::Live {
            return;
        }
        if is_following {
            let highlight = self.highlight.take();
            *self = Self {
                highlight,
                // What was asked for before does not reach up to here.
                ..Self::new(self.generation + 1, Older::Below(last + 1), Newer::Live)
            };
        } else {
            self.newer = Newer::Above {
                complete: first.saturating_sub(1),
                step: PAGE,
            };
        }
    }

    /// An event stands elsewhere than was thought.
    pub(crate) fn put_elsewhere(&mut self, before: Place, event: &Arc<Item>) {
        let index = self.index_of(before);
        if self
            .items
            .get(index)
            .is_some_and(|item| item.place == before)
            && let Some(item) = self.items.remove(index)
        {
            self.forget(&item);
            self.insert(Arc::clone(event));
        }
    }

    /// Takes in the answer to a question for older entries. `was_end`: it was asked without a
    /// cursor, which covers this session only.
    pub(crate) fn page_older(
        &mut self,
        entries: Vec<Arc<Item>>,
        is_truncated: bool,
        was_end: bool,
        is_following: bool,
        (recent, sieve): (&Recent, &Sieve),
    ) {
        self.loading = None;
        let Some(first) = entries.first().map(|entry| entry.place.seq) else {
            self.older = if was_end {
                Older::Silent
            } else {
                Older::Beginning
            };
            return;
        };
        self.older = if is_truncated || was_end {
            Older::Below(first)
        } else {
            Older::Beginning
        };
        let (mut items, mut bytes) = (0, 0);
        for entry in entries.into_iter().rev() {
            if items > MAX_ITEMS / 4 || bytes > MAX_BYTES / 4 {
                self.older = Older::Below(entry.place.seq + 1);
                break;
            }
            if sieve.admits(&entry) {
                (items, bytes) = (items + 1, bytes + entry.cost());
                self.insert(entry);
            }
        }
        self.weave(recent, sieve);
        if is_following {
            self.shrink_front();
        } else {
            self.shrink_back();
        }
    }

    /// Takes in the answer to a question for newer entries.
    pub(crate) fn page_newer(
        &mut self,
        entries: Vec<Arc<Item>>,
        is_truncated: bool,
        (recent, sieve): (&Recent, &Sieve),
    ) {
        self.loading = None;
        let Newer::Above { complete, step } = self.newer else {
            return;
        };
        // The server gives the newest below a number. Unless they reach down to what is here, some
        // in between may be missing: ask for fewer numbers.
        let reaches_down = entries
            .first()
            .is_none_or(|entry| entry.place.seq <= complete + 1);
        if is_truncated && !reaches_down && step > 1 {
            self.newer = Newer::Above {
                complete,
                step: (step / 4).max(1),
            };
            return;
        }
        let mut found = 0_u64;
        for entry in entries {
            if entry.place.seq > complete {
                found += 1;
                if sieve.admits(&entry) {
                    self.insert(entry);
                }
            }
        }
        let step_now = if found < PAGE / 8 {
            step.saturating_mul(4).min(1 << 40)
        } else {
            step
        };
        self.newer = Newer::Above {
            complete: complete.saturating_add(step),
            step: step_now,
        };
        self.weave(recent, sieve);
        self.shrink_front();
        self.attach(recent, sieve);
    }

    /// Goes on with the live lines, if nothing is missing between.
    pub(crate) fn attach(&mut self, recent: &Recent, sieve: &Sieve) {
        let Newer::Above { complete, .. } = self.newer else {
            return;
        };
        let is_gapless = complete >= recent.last_seq()
            || recent
                .complete_from()
                .is_some_and(|from| from <= complete + 1);
        if !is_gapless {
            return;
        }
        self.newer = Newer::Live;
        for line in recent.above(complete).filter(|line| sieve.admits(line)) {
            self.insert(Arc::clone(line));
        }
        self.weave(recent, sieve);
        self.shrink_front();
    }

    /// From where to ask the server next in this direction; `None` when nothing is missing there.
    pub(crate) fn question(&self, direction: Direction) -> Option<Cursor> {
        match direction {
            Direction::Older => match self.older {
                Older::Unknown => {
                    let first = self.items.iter().find(|item| item.is_line());
                    Some(first.map_or(Cursor::End, |line| Cursor::Before(line.place.seq)))
                }
                Older::Below(seq) if seq > 1 => Some(Cursor::Before(seq)),
                Older::Below(_) | Older::Silent | Older::Beginning => None,
            },
            Direction::Newer => match self.newer {
                Newer::Live => None,
                Newer::Above { complete, step } => Some(Cursor::Before(
                    complete.saturating_add(step).saturating_add(1),
                )),
            },
        }
    }

    /// Puts in the events and marks that happened within what is held.
    fn weave(&mut self, recent: &Recent, sieve: &Sieve) {
        let from = match self.older {
            Older::Below(seq) => seq.saturating_sub(1),
            _ => 0,
        };
        let to = match self.newer {
            Newer::Live => u64::MAX,
            Newer::Above { complete, .. } => complete,
        };
        for note in recent.notes() {
            if (from..=to).contains(&note.place.seq) && sieve.admits(note) {
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
                return;
            };
            self.forget(&gone);
            if gone.is_line() {
                self.older = Older::Below(gone.place.seq + 1);
            }
        }
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
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::tests::line;
    use super::*;

    fn page(seqs: impl IntoIterator<Item = u64>) -> Vec<Arc<Item>> {
        seqs.into_iter().map(|seq| line(seq, "a", "x")).collect()
    }

    fn empty() -> Window {
        Window::new(1, Older::Unknown, Newer::Live)
    }

    fn ends(window: &Window) -> (u64, u64) {
        (
            window.items[0].place.seq,
            window.items[window.items.len() - 1].place.seq,
        )
    }

    #[test]
    fn the_first_page_and_live_lines_meet_without_doubles() {
        let (recent, sieve) = (Recent::default(), Sieve::default());
        let mut window = empty();
        assert_eq!(window.question(Direction::Older), Some(Cursor::End));
        window.push_live(line(10, "a", "x"), true);
        window.page_older(page(5..=10), true, true, true, (&recent, &sieve));
        assert_eq!((ends(&window), window.items().len()), ((5, 10), 6));
        assert_eq!(window.question(Direction::Older), Some(Cursor::Before(5)));
        window.page_older(page(1..=4), false, false, true, (&recent, &sieve));
        assert_eq!(window.older, Older::Beginning);
        assert_eq!(window.question(Direction::Older), None);
    }

    #[test]
    fn a_session_that_starts_silent_still_leads_back_to_earlier_ones() {
        let (recent, sieve) = (Recent::default(), Sieve::default());
        let mut window = empty();
        window.page_older(Vec::new(), false, true, true, (&recent, &sieve));
        assert_eq!(window.question(Direction::Older), None);
        window.push_live(line(500, "a", "x"), true);
        assert_eq!(window.question(Direction::Older), Some(Cursor::Before(500)));
    }

    #[test]
    fn following_drops_the_oldest_and_reading_keeps_them() {
        let mut window = empty();
        for seq in 1..=30_000 {
            window.push_live(line(seq, "a", "x"), true);
        }
        assert_eq!(ends(&window), (10_001, 30_000));
        assert_eq!(window.older, Older::Below(10_001));
        assert!(window.push_live(line(30_001, "a", "x"), false));
        assert!(!window.push_live(line(30_002, "a", "x"), false));
        assert_eq!(ends(&window), (10_001, 30_001));
        assert_eq!(
            window.newer,
            Newer::Above {
                complete: 30_001,
                step: PAGE
            }
        );
    }

    #[test]
    fn paging_forward_leads_back_to_the_live_end() {
        let sieve = Sieve::default();
        let mut recent = Recent::default();
        for seq in 1..=9_000 {
            recent.push(line(seq, "a", "x"));
        }
        let mut window = Window::new(
            1,
            Older::Beginning,
            Newer::Above {
                complete: 0,
                step: PAGE,
            },
        );
        for _ in 0..100 {
            let Some(Cursor::Before(before)) = window.question(Direction::Newer) else {
                break;
            };
            // As the server answers: the newest thousand below.
            let to = before.min(9_001);
            let from = to.saturating_sub(PAGE).max(1);
            window.page_newer(page(from..to), from > 1, (&recent, &sieve));
        }
        assert_eq!(window.newer, Newer::Live);
        assert_eq!(window.lines(), 9_000, "nothing is missing");
    }

    #[test]
    fn a_page_with_a_hole_is_asked_for_again_with_fewer_numbers() {
        let (mut recent, sieve) = (Recent::default(), Sieve::default());
        recent.push(line(90_000, "a", "x"));
        let mut window = Window::new(
            1,
            Older::Beginning,
            Newer::Above {
                complete: 10,
                step: 4_000,
            },
        );
        window.page_newer(page(3_011..=4_010), true, (&recent, &sieve));
        assert!(window.items().is_empty());
        assert_eq!(
            window.newer,
            Newer::Above {
                complete: 10,
                step: 1_000
            }
        );
        window.page_newer(page(11..=1_010), true, (&recent, &sieve));
        assert_eq!(ends(&window), (11, 1_010));
    }

    #[test]
    fn a_huge_page_is_taken_in_part() {
        let (recent, sieve) = (Recent::default(), Sieve::default());
        let mut window = empty();
        window.push_live(line(900, "a", "x"), false);
        let entries: Vec<_> = (1..900)
            .map(|seq| line(seq, "a", &"x".repeat(60_000)))
            .collect();
        window.page_older(entries, true, false, false, (&recent, &sieve));
        assert!(window.bytes <= MAX_BYTES);
        let Older::Below(from) = window.older else {
            panic!("{:?}", window.older)
        };
        assert_eq!(
            (from, 900),
            ends(&window),
            "the newest of it, without a hole"
        );
    }

    #[test]
    fn hits_are_counted_as_items_come_and_go() {
        let mut window = empty();
        window.set_highlight(Matcher::new("7", false).ok());
        for seq in 1..=40_000 {
            window.push_live(line(seq, "a", &seq.to_string()), true);
        }
        let counted = window
            .items()
            .iter()
            .filter(|item| item.raw().contains('7'))
            .count();
        assert_eq!(window.hits(), counted);
    }
}
