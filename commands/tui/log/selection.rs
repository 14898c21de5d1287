//! Lines that are selected.

use super::item::{Content, Item, Place};
use super::window::Window;
use crate::terminal::sanitize::append_safe;

/// Items from one place to another, either way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Where it began.
    pub(crate) anchor: Place,
    /// Where it is being moved.
    pub(crate) cursor: Place,
}

impl Selection {
    /// Whether the place is inside.
    pub(crate) fn contains(self, place: Place) -> bool {
        (self.anchor.min(self.cursor)..=self.anchor.max(self.cursor)).contains(&place)
    }

    /// The plain text of the selected lines, each after what this puts before it, and their number.
    pub(crate) fn text(self, window: &Window, before: impl Fn(&Item) -> String) -> (String, usize) {
        let mut text = String::new();
        let mut count = 0;
        let mut is_start = true;
        let items = window.items().iter();
        for item in items.filter(|item| self.contains(item.place) && item.is_line()) {
            if is_start {
                text.push_str(&before(item));
            }
            append_safe(&mut text, item.raw(), false);
            is_start = !matches!(item.content, Content::Line { partial: true, .. });
            if is_start {
                text.push('\n');
            }
            count += 1;
        }
        (text, count)
    }
}
