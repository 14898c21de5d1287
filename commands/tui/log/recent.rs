//! The newest lines of all services, so that another scope is on the screen at once.

use std::collections::VecDeque;
use std::sync::Arc;

use super::item::{Item, Place};

/// How many lines are kept.
const MAX_LINES: usize = 4_000;
/// How many bytes they may take.
const MAX_BYTES: usize = 2 << 20;
/// How many events and marks are kept.
const MAX_NOTES: usize = 1_000;

/// The live end of the log, whatever the window shows.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    lines: VecDeque<Arc<Item>>,
    bytes: usize,
    /// From here on no line is missing.
    complete_from: u64,
    last_seq: u64,
    /// Events and marks, which no server can give back.
    notes: VecDeque<Arc<Item>>,
    next_sub: u32,
}

impl Recent {
    /// Takes in a line. Those that come late (a gap being filled) go where they belong.
    pub(crate) fn push(&mut self, line: Arc<Item>) {
        let seq = line.place.seq;
        if seq != self.last_seq + 1 && seq > self.last_seq {
            self.complete_from = seq;
        }
        if seq > self.last_seq {
            self.last_seq = seq;
            self.bytes += line.cost();
            self.lines.push_back(line);
        } else {
            let at = self.lines.partition_point(|other| other.place < line.place);
            let is_known = self
                .lines
                .get(at)
                .is_some_and(|other| other.place == line.place);
            if is_known || at == 0 {
                return;
            }
            self.bytes += line.cost();
            self.lines.insert(at, line);
        }
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some(gone) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= gone.cost();
            self.complete_from = self.complete_from.max(gone.place.seq + 1);
        }
    }

    /// Keeps an event or a mark, at the place this gives it.
    pub(crate) fn note(&mut self, make: impl FnOnce(Place) -> Item) -> Arc<Item> {
        self.next_sub = self.next_sub.saturating_add(1);
        let note = Arc::new(make(Place {
            seq: self.last_seq,
            sub: self.next_sub,
        }));
        self.notes.push_back(Arc::clone(&note));
        if self.notes.len() > MAX_NOTES {
            self.notes.pop_front();
        }
        note
    }

    /// The highest number seen live.
    pub(crate) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The lines from here on are all here, if there are any.
    pub(crate) fn complete_from(&self) -> Option<u64> {
        (!self.lines.is_empty()).then_some(self.complete_from)
    }

    /// The complete end of the log above this number, oldest first.
    pub(crate) fn above(&self, seq: u64) -> impl Iterator<Item = &Arc<Item>> {
        let from = Place::line(self.complete_from.max(seq.saturating_add(1)));
        let start = self.lines.partition_point(|line| line.place < from);
        self.lines.range(start..)
    }

    /// Events and marks, oldest first.
    pub(crate) fn notes(&self) -> impl DoubleEndedIterator<Item = &Arc<Item>> {
        self.notes.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::tests::line;
    use super::*;

    fn seqs(recent: &Recent) -> Vec<u64> {
        recent.above(0).map(|line| line.place.seq).collect()
    }

    #[test]
    fn what_follows_a_hole_is_what_is_complete() {
        let mut recent = Recent::default();
        for seq in [5, 6, 9, 10] {
            recent.push(line(seq, "a", "x"));
        }
        assert_eq!(
            (recent.complete_from(), seqs(&recent)),
            (Some(9), vec![9, 10])
        );
        recent.push(line(10, "a", "again"));
        assert_eq!(seqs(&recent), [9, 10]);
    }

    #[test]
    fn it_is_bounded_in_lines_and_bytes() {
        let mut recent = Recent::default();
        for seq in 1..=10_000 {
            recent.push(line(seq, "a", "x"));
        }
        assert_eq!(recent.lines.len(), MAX_LINES);
        for seq in 10_001..=10_100 {
            recent.push(line(seq, "a", &"x".repeat(64 * 1024)));
        }
        assert!(recent.bytes <= MAX_BYTES);
        let first = recent.lines[0].place.seq;
        assert_eq!(recent.complete_from(), Some(first));
        for _ in 0..3_000 {
            recent.note(|place| Item {
                place,
                at: 0,
                service: None,
                content: super::super::Content::Mark(1),
            });
        }
        assert_eq!(recent.notes().count(), MAX_NOTES);
    }
}
