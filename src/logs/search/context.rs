//! Which entries around a match are shown: `grep`'s `-A`, `-B` and `-C`. Pure.

use std::collections::VecDeque;
use std::collections::vec_deque::Drain;

/// Goes along entries in one direction. `H` is how an entry is held until a match shows it.
#[derive(Debug)]
pub struct Context<H> {
    before: usize,
    after: usize,
    /// Matches still wanted; `None` for all.
    wanted: Option<usize>,
    /// Entries still to be shown after the last match.
    left: usize,
    held: VecDeque<H>,
    /// Something has been shown.
    has_shown: bool,
    /// Something has been left out since.
    has_gap: bool,
}

/// What becomes of an entry.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict<H> {
    /// It matches: first a line that separates, if so, then what [`Context::release`] gives, then it.
    Match {
        /// Entries were left out between what was shown last and this.
        separate: bool,
    },
    /// It comes soon after a match and is shown.
    Context,
    /// It may come soon before one: to be handed to [`Context::hold`]. One that has become useless
    /// comes with it, for its memory.
    Hold(Option<H>),
    /// It is not shown.
    Skip,
    /// It is not shown, and nothing more will be.
    End,
}

impl<H> Context<H> {
    /// So many entries before and after each match; `wanted` matches, or all.
    pub fn new(before: usize, after: usize, wanted: Option<usize>) -> Self {
        Self {
            before,
            after,
            wanted,
            left: 0,
            held: VecDeque::new(),
            has_shown: false,
            has_gap: false,
        }
    }

    /// Whether nothing more will be shown.
    pub fn is_over(&self) -> bool {
        self.wanted == Some(0) && self.left == 0
    }

    /// The next entry.
    pub fn judge(&mut self, matches: bool) -> Verdict<H> {
        if self.is_over() {
            return Verdict::End;
        }
        if matches && self.wanted != Some(0) {
            if let Some(wanted) = &mut self.wanted {
                *wanted -= 1;
            }
            self.left = self.after;
            let has_context = self.before + self.after > 0;
            let separate = self.has_shown && self.has_gap && has_context;
            self.has_shown = true;
            self.has_gap = false;
            return Verdict::Match { separate };
        }
        if self.left > 0 {
            self.left -= 1;
            return Verdict::Context;
        }
        if self.before == 0 {
            self.has_gap = true;
            return Verdict::Skip;
        }
        let useless = if self.held.len() == self.before {
            self.has_gap = true;
            self.held.pop_front()
        } else {
            None
        };
        Verdict::Hold(useless)
    }

    /// Holds an entry for which this was the verdict.
    pub fn hold(&mut self, entry: H) {
        self.held.push_back(entry);
    }

    /// What is shown before a match, in order.
    pub fn release(&mut self) -> Drain<'_, H> {
        self.held.drain(..)
    }
}
