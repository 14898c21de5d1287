//! A gap in the window: numbers of live lines that were skipped.

/// How many pages a gap may cost: more could not be held.
const PAGES: u32 = 20;

/// Live lines that were skipped in the middle of the window. It is not known yet whether any
/// of them is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// The first of them.
    pub(super) first: u64,
    /// The last.
    pub(super) last: u64,
    /// How many more pages may be requested.
    pages: u32,
}

/// What is left of a gap after a page.
pub(super) enum Rest {
    /// Nothing: it is filled.
    Nothing,
    /// This.
    Gap(Gap),
    /// What was missing up to this number is more than can be held.
    TooMuch {
        /// The number.
        last: u64,
    },
}

impl Gap {
    pub(super) const fn new(first: u64, last: u64) -> Self {
        Self {
            first,
            last,
            pages: PAGES,
        }
    }

    /// Whether the line of this number is one of them.
    pub(super) const fn contains(&self, seq: u64) -> bool {
        self.first <= seq && seq <= self.last
    }

    /// After a page with everything from `lowest` to below `below`. The gap may have grown since
    /// that was asked for.
    pub(super) const fn filled(self, lowest: u64, below: u64) -> Rest {
        let has_grown = self.last >= below;
        let pages = self.pages - 1;
        match (lowest <= self.first, has_grown) {
            (true, false) => Rest::Nothing,
            (true, true) => Rest::Gap(Self::new(below, self.last)),
            (false, true) if pages > 0 => Rest::Gap(Self { pages, ..self }),
            (false, false) if pages > 0 => Rest::Gap(Self {
                last: lowest - 1,
                pages,
                ..self
            }),
            (false, true) => Rest::TooMuch { last: self.last },
            (false, false) => Rest::TooMuch { last: lowest - 1 },
        }
    }
}
