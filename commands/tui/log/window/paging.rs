//! How the window grows beyond live lines: what is missing, what to request, the answers.

use std::sync::Arc;

use super::{Cursor, Direction, MAX_BYTES, MAX_ITEMS, Newer, Older, PAGE, Window};
use crate::tui::log::filter::LogFilter;
use crate::tui::log::gap::{Gap, Rest};
use crate::tui::log::item::Item;
use crate::tui::log::recent::Recent;

impl Window {
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
                // The earlier request does not reach up to here.
                ..Self::new(self.generation + 1, Older::Below(last + 1), Newer::Live)
            };
        } else {
            self.newer = Newer::Above {
                complete: first.saturating_sub(1),
                step: PAGE,
            };
        }
    }

    /// Like [`Self::skip`] for whoever follows something that comes seldom: what is held stays, and
    /// what is missing in between is asked for by and by.
    pub(crate) fn leave_gap(&mut self, first: u64, last: u64) {
        match (self.newer, self.older, &mut self.gap) {
            (Newer::Above { .. }, _, _) => {}
            (_, Older::Silent, _) => self.older = Older::Below(last + 1),
            (_, _, Some(gap)) => gap.last = last,
            (_, _, None) => self.gap = Some(Gap::new(first, last)),
        }
    }

    /// The part of the gap that is still inside the window.
    pub(super) fn trim_gap(&mut self) {
        let Some(gap) = &mut self.gap else {
            return;
        };
        if let Older::Below(seq) = self.older {
            gap.first = gap.first.max(seq);
        }
        if let Newer::Above { complete, .. } = self.newer {
            gap.last = gap.last.min(complete);
        }
        if gap.first > gap.last {
            self.gap = None;
        }
    }

    /// Takes in the answer to a question about the gap: the newest entries below a number. Whether
    /// another page is worth asking for at once.
    pub(crate) fn page_gap(
        &mut self,
        entries: Vec<Arc<Item>>,
        is_truncated: bool,
        below: u64,
        (recent, filter): (&Recent, &LogFilter),
    ) -> bool {
        self.loading = None;
        let Some(gap) = self.gap.take() else {
            return false;
        };
        let lowest = entries.first().map(|entry| entry.place.seq);
        let lowest = lowest.filter(|_| is_truncated).unwrap_or(0);
        for entry in entries {
            if gap.contains(entry.place.seq) && filter.admits(&entry) {
                self.insert(entry);
            }
        }
        match gap.filled(lowest, below) {
            Rest::Gap(rest) => self.gap = Some(rest),
            Rest::TooMuch { last } => self.cut(last),
            Rest::Nothing => {}
        }
        self.insert_notes(recent, filter);
        self.shrink_front();
        self.gap.is_some_and(|gap| gap.last < below)
    }

    /// Drops everything up to this number: it is fetched again when the user scrolls there.
    fn cut(&mut self, last: u64) {
        while self
            .items
            .front()
            .is_some_and(|item| item.place.seq <= last)
            && let Some(gone) = self.items.pop_front()
        {
            self.forget(&gone);
        }
        self.older = Older::Below(last + 1);
        self.trim_gap();
    }

    /// Takes in the answer to a question for older entries. `was_end`: it was asked without a
    /// cursor, which covers this session only.
    pub(crate) fn page_older(
        &mut self,
        entries: Vec<Arc<Item>>,
        is_truncated: bool,
        was_end: bool,
        is_following: bool,
        (recent, filter): (&Recent, &LogFilter),
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
            if filter.admits(&entry) {
                (items, bytes) = (items + 1, bytes + entry.cost());
                self.insert(entry);
            }
        }
        self.insert_notes(recent, filter);
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
        (recent, filter): (&Recent, &LogFilter),
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
                if filter.admits(&entry) {
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
        self.insert_notes(recent, filter);
        self.shrink_front();
        self.attach(recent, filter);
    }

    /// Goes on with the live lines, if nothing is missing between.
    pub(crate) fn attach(&mut self, recent: &Recent, filter: &LogFilter) {
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
        for line in recent.above(complete).filter(|line| filter.admits(line)) {
            self.insert(Arc::clone(line));
        }
        self.insert_notes(recent, filter);
        self.shrink_front();
    }

    /// The next cursor to request in this direction; `None` when nothing is missing there.
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
            Direction::Gap => self.gap.map(|gap| Cursor::Before(gap.last + 1)),
        }
    }
}
