//! The items of the log panel: lines of services, events, marks.

use std::sync::Arc;

use flowlayer_core::facts::{Status, Stream};
use flowlayer_core::logs::Level;

/// The place of an item: lines at their `seq`, everything else after the line that was the newest
/// when it happened. It never changes, so a scroll position made of it holds whatever arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// Of the line, or of the line before.
    pub(crate) seq: u64,
    /// 0 for a line; events and marks count up.
    pub(crate) sub: u32,
}

impl Place {
    /// Behind everything.
    pub(crate) const LAST: Self = Self {
        seq: u64::MAX,
        sub: u32::MAX,
    };

    /// The place of a line.
    pub(crate) const fn line(seq: u64) -> Self {
        Self { seq, sub: 0 }
    }
}

/// One row or, wrapped, a few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its order and its name.
    pub(crate) place: Place,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Its service; `None` for an item about the whole stack.
    pub(crate) service: Option<Arc<str>>,
    /// Of a line, the status of its service when it was read; of an event that tells a change of
    /// status, the new one.
    pub(crate) phase: Option<Status>,
    pub(crate) content: Content,
}

/// The kinds of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A line as the service wrote it, escapes included.
    Line {
        stream: Stream,
        /// Whether the line continues in the service's next entry.
        partial: bool,
        text: Box<str>,
    },
    /// Something that happened, in one line.
    Event { tone: Tone, text: Box<str> },
    /// A line that the person has drawn, with its number.
    Mark(u32),
}

/// How to mark an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    Plain,
    /// Something worked.
    Good,
    /// Something is under way.
    Busy,
    /// Something went wrong.
    Bad,
}

/// What an item costs beyond its text, in bytes: a generous guess.
const OVERHEAD: usize = 112;

impl Item {
    /// Its text as it came.
    pub(crate) fn raw(&self) -> &str {
        match &self.content {
            Content::Line { text, .. } | Content::Event { text, .. } => text,
            Content::Mark(_) => "",
        }
    }

    /// Whether it is a line of a service.
    pub(crate) const fn is_line(&self) -> bool {
        matches!(self.content, Content::Line { .. })
    }

    /// The level of a line, which is found anew each time.
    pub(crate) fn level(&self) -> Option<Level> {
        match &self.content {
            Content::Line { text, .. } => Level::of(text),
            Content::Event { .. } | Content::Mark(_) => None,
        }
    }

    /// Whether it is a line whose level is `error`: cheap for those whose is not.
    pub(crate) fn is_error(&self) -> bool {
        matches!(&self.content, Content::Line { text, .. } if Level::is_error(text))
    }

    /// Whether it is a line of this level or a worse one.
    pub(crate) fn is_at_least(&self, level: Level) -> bool {
        match level {
            Level::Error => self.is_error(),
            least => self.level().is_some_and(|level| level >= least),
        }
    }

    /// Whether this line was read before the change of status which that event tells. The server
    /// tells of a change at once, and of lines when nothing else waits, so what a service wrote last
    /// comes after the news of its end.
    pub(crate) fn precedes(&self, event: &Self) -> bool {
        let Some(status) = event.phase else {
            return false;
        };
        let is_of_the_life_before = self.service != event.service || self.phase != Some(status);
        self.at <= event.at && is_of_the_life_before
    }

    /// What holding it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        OVERHEAD + self.raw().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stand_between_the_lines_they_happened_between() {
        let event = Place { seq: 7, sub: 1 };
        assert!(Place::line(7) < event && event < Place::line(8));
    }
}
