//! Which entries around a match are shown, like `grep -A`, `-B` and `-C`. Pure.

use std::collections::VecDeque;
use std::collections::vec_deque::Drain;

/// Sees the entries in one direction. `H` is what it keeps of an entry that a later match may show.
#[derive(Debug)]
pub struct Context<H> {
    before: usize,
    after: usize,
    /// Matches still wanted; `None` for all.
    wanted: Option<usize>,
    /// Entries still to be shown after the last match.
    left: usize,
    /// The last entries before a match that may come.
    kept: VecDeque<H>,
    has_shown: bool,
    /// Something has been left out since.
    has_gap: bool,
}

/// What to do with an entry.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It matches: show a separator if `separate`, then what [`Context::release`] returns, then it.
    Match {
        /// Entries were left out between what was shown last and this.
        separate: bool,
    },
    /// It follows a match closely: show it.
    Context,
    /// A match may follow soon: pass it to [`Context::keep`].
    Keep,
    /// Do not show it.
    Skip,
    /// Do not show it, nor anything after it.
    End,
}

impl<H> Context<H> {
    /// Shows `before` and `after` entries around each of the first `wanted` matches.
    pub fn new(before: usize, after: usize, wanted: Option<usize>) -> Self {
        Self {
            before,
            after,
            wanted,
            left: 0,
            kept: VecDeque::new(),
            has_shown: false,
            has_gap: false,
        }
    }

    /// Whether nothing more will be shown.
    pub fn is_over(&self) -> bool {
        self.wanted == Some(0) && self.left == 0
    }

    /// Takes the next entry.
    pub fn next(&mut self, matches: bool) -> Verdict {
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
        if self.kept.len() == self.before {
            self.has_gap = true;
            self.kept.pop_front();
        }
        Verdict::Keep
    }

    /// Keeps an entry for which this was the verdict.
    pub fn keep(&mut self, entry: H) {
        self.kept.push_back(entry);
    }

    /// The entries to show before a match, in order.
    pub fn release(&mut self) -> Drain<'_, H> {
        self.kept.drain(..)
    }
}
