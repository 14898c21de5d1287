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
    /// Takes in a line. Those that come late (a gap being filled) go where they belong. What is
    /// returned are events that have moved: their old place, and the event.
    pub(crate) fn push(&mut self, line: Arc<Item>) -> Vec<(Place, Arc<Item>)> {
        let seq = line.place.seq;
        let mut moved = Vec::new();
        if seq > self.last_seq {
            moved = self.overtaken(&line);
            if seq != self.last_seq + 1 {
                self.complete_from = seq;
            }
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
                return moved;
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
        moved
    }

    /// The events at the end of the log that this line, the newest, came too late for.
    fn overtaken(&mut self, line: &Item) -> Vec<(Place, Arc<Item>)> {
        let last = self.last_seq;
        let at_end = self.notes.iter().rev();
        let count = at_end.take_while(|note| note.place.seq == last).count();
        let first = self.notes.len() - count;
        let notes = self.notes.range_mut(first..);
        notes
            .skip_while(|note| !line.precedes(note))
            .map(|note| {
                let before = note.place;
                let place = Place {
                    seq: line.place.seq,
                    ..before
                };
                *note = Arc::new(Item {
                    place,
                    ..Item::clone(note)
                });
                (before, Arc::clone(note))
            })
            .collect()
    }

    /// Lines up to this number will not come by themselves.
    pub(crate) fn skip(&mut self, last: u64) {
        if last > self.last_seq {
            self.last_seq = last;
            self.complete_from = last + 1;
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
    use flowlayer_core::facts::Status;

    use super::super::fixture::line;
    use super::*;

    fn seqs(recent: &Recent) -> Vec<u64> {
        recent.above(0).map(|line| line.place.seq).collect()
    }

    #[test]
    fn what_follows_a_gap_is_what_is_complete() {
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

    fn texts(recent: &Recent) -> Vec<String> {
        let mut all: Vec<_> = recent.lines.iter().chain(&recent.notes).collect();
        all.sort_by_key(|item| item.place);
        all.iter().map(|item| item.raw().to_owned()).collect()
    }

    #[test]
    fn what_a_service_wrote_last_stands_before_the_news_of_its_end() {
        let mut recent = Recent::default();
        let written = |seq: u64, service: &str, phase, text: &str| {
            let item = line(seq, service, text);
            Arc::new(Item {
                phase: Some(phase),
                ..Item::clone(&item)
            })
        };
        let news = |recent: &mut Recent, at, phase, text: &str| {
            recent.note(|place| Item {
                place,
                at,
                service: Some("api".into()),
                phase,
                content: super::super::Content::Event {
                    tone: super::super::Tone::Plain,
                    text: text.into(),
                },
            });
        };
        recent.push(written(1, "api", Status::Running, "one"));
        news(&mut recent, 2_000, Some(Status::Failed), "failed");
        news(&mut recent, 9_000, None, "said by the cockpit");
        let moved = recent.push(written(2, "api", Status::Running, "last words"));
        assert_eq!(moved.len(), 2, "what came after it moves with it");
        assert_eq!(moved[0].0.seq, 1);
        recent.push(written(3, "db", Status::Ready, "later"));
        let moved = recent.push(written(4, "api", Status::Failed, "why"));
        assert_eq!(moved, []);
        assert_eq!(
            texts(&recent),
            [
                "one",
                "last words",
                "failed",
                "said by the cockpit",
                "later",
                "why"
            ]
        );
    }

    #[test]
    fn what_is_skipped_is_a_gap() {
        let mut recent = Recent::default();
        recent.push(line(5, "a", "x"));
        recent.skip(9);
        assert_eq!((recent.last_seq(), seqs(&recent)), (9, vec![]));
        recent.push(line(10, "a", "x"));
        assert_eq!(
            (recent.complete_from(), seqs(&recent)),
            (Some(10), vec![10])
        );
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
                phase: None,
                content: super::super::Content::Mark(1),
            });
        }
        assert_eq!(recent.notes().count(), MAX_NOTES);
    }
}
