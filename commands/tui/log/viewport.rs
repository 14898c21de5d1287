//! Which rows of the window are on the screen. Nothing here looks further than the screen reaches.

use std::borrow::Cow;

use super::fields::{self, LineView};
use super::item::{Content, Item, Place};
use super::window::{Newer, Window};
use crate::tui::cells;

/// The space there is for log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) height: usize,
    /// Columns of text, without the prefix.
    pub(crate) columns: usize,
    /// Whether long lines are broken.
    pub(crate) wrap: bool,
    /// How lines of JSON and logfmt are shown.
    pub(crate) view: LineView,
}

impl Geometry {
    /// How many rows an item takes.
    pub(crate) fn rows(self, item: &Item) -> usize {
        if self.wrap {
            cells::rows(&self.text(item), self.columns)
        } else {
            1
        }
    }

    /// The text of an item as it is shown.
    pub(crate) fn text(self, item: &Item) -> Cow<'_, str> {
        match &item.content {
            Content::Line { text, .. } => fields::shown(text, self.view),
            Content::Event { .. } | Content::Mark(_) => Cow::Borrowed(item.raw()),
        }
    }
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Position {
    /// At the end, where new lines appear.
    #[default]
    Follow,
    /// This item is the first on the screen, with this many of its rows above it. What arrives elsewhere
    /// changes nothing.
    At { top: Place, skip: usize },
}

/// A row of an item, by index in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Start {
    pub(crate) index: usize,
    pub(crate) skip: usize,
}

impl Position {
    /// The first row on the screen.
    pub(crate) fn start(self, window: &Window, geometry: Geometry) -> Start {
        let last = last_start(window, geometry);
        match self {
            Self::Follow => last,
            Self::At { top, skip } => {
                let index = window.index_of(top);
                let skip = match window.items().get(index) {
                    Some(item) if item.place == top => {
                        skip.min(geometry.rows(item).saturating_sub(1))
                    }
                    _ => 0,
                };
                // No emptiness below the end.
                Start { index, skip }.min(last)
            }
        }
    }

    /// The index behind the last item on the screen.
    pub(crate) fn end(self, window: &Window, geometry: Geometry) -> usize {
        let Start { index, skip } = self.start(window, geometry);
        let mut rows = geometry.height + skip;
        let mut end = index;
        for item in window.items().range(index.min(window.items().len())..) {
            if rows == 0 {
                break;
            }
            rows = rows.saturating_sub(geometry.rows(item));
            end += 1;
        }
        end
    }

    /// The position this many rows further down, or up.
    #[must_use]
    pub(crate) fn moved(self, rows: isize, window: &Window, geometry: Geometry) -> Self {
        let mut start = self.start(window, geometry);
        let items = window.items();
        let distance = rows.unsigned_abs();
        if rows < 0 {
            let mut left = distance;
            while start.skip < left && start.index > 0 {
                left -= start.skip;
                start.index -= 1;
                start.skip = geometry.rows(&items[start.index]);
            }
            start.skip = start.skip.saturating_sub(left);
        } else {
            // Counted from the first row of the item.
            start.skip += distance;
            while let Some(height) = items.get(start.index).map(|item| geometry.rows(item))
                && start.skip >= height
            {
                start.index += 1;
                start.skip -= height;
            }
        }
        Self::at(start, rows > 0, window, geometry)
    }

    /// The position with this row first. On the way down, the end means to follow.
    pub(crate) fn at(
        start: Start,
        is_downwards: bool,
        window: &Window,
        geometry: Geometry,
    ) -> Self {
        let last = last_start(window, geometry);
        let is_end = start >= last;
        if is_end && is_downwards && window.newer == Newer::Live {
            return Self::Follow;
        }
        let start = start.min(last);
        match window.items().get(start.index) {
            Some(item) => Self::At {
                top: item.place,
                skip: start.skip,
            },
            // In an empty window there is no item to hold on to.
            None => match window.newer {
                Newer::Live => Self::Follow,
                Newer::Above { complete, .. } => Self::At {
                    top: Place::line(complete),
                    skip: 0,
                },
            },
        }
    }

    /// The position that centres the item at this index.
    pub(crate) fn around(index: usize, window: &Window, geometry: Geometry) -> Self {
        let here = Self::at(Start { index, skip: 0 }, false, window, geometry);
        let half = isize::try_from(geometry.height / 2).unwrap_or(0);
        match here {
            // Near the end `at` has gone up already.
            Self::At { top, .. } if window.index_of(top) < index => here,
            _ => here.moved(-half, window, geometry),
        }
    }
}

/// The first row when the last item is at the bottom.
fn last_start(window: &Window, geometry: Geometry) -> Start {
    let mut left = geometry.height;
    for (index, item) in window.items().iter().enumerate().rev() {
        let rows = geometry.rows(item);
        if rows >= left {
            return Start {
                index,
                skip: rows - left,
            };
        }
        left -= rows;
    }
    Start { index: 0, skip: 0 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture::line;
    use super::super::window::Older;
    use super::*;

    const GEOMETRY: Geometry = Geometry {
        height: 4,
        columns: 10,
        wrap: true,
        view: LineView::Raw,
    };

    fn window(lines: &[&str]) -> Window {
        let mut window = Window::new(1, Older::Beginning, Newer::Live);
        for (seq, text) in (1..).zip(lines) {
            window.push_live(line(seq, "a", text), false);
        }
        window
    }

    fn start(position: Position, window: &Window) -> (usize, usize) {
        let start = position.start(window, GEOMETRY);
        (start.index, start.skip)
    }

    #[test]
    fn following_shows_the_end() {
        let short = window(&["a", "b"]);
        assert_eq!(start(Position::Follow, &short), (0, 0));
        let long = window(&["a", "0123456789012345678901234", "c", "d"]);
        assert_eq!(
            start(Position::Follow, &long),
            (1, 1),
            "a long line is cut at the top"
        );
    }

    #[test]
    fn scrolling_goes_by_rows_and_ends_in_following() {
        let window = window(&["a", "0123456789012345678901234", "c", "d", "e", "f"]);
        let up = Position::Follow.moved(-1, &window, GEOMETRY);
        assert_eq!(start(up, &window), (1, 2));
        let up = up.moved(-1, &window, GEOMETRY);
        assert_eq!(start(up, &window), (1, 1));
        let top = up.moved(-100, &window, GEOMETRY);
        assert_eq!(start(top, &window), (0, 0));
        let down = top.moved(2, &window, GEOMETRY);
        assert_eq!(start(down, &window), (1, 1));
        assert_eq!(down.moved(100, &window, GEOMETRY), Position::Follow);
    }

    #[test]
    fn what_arrives_does_not_move_a_reader() {
        let mut window = window(&["a", "b", "c", "d", "e", "f"]);
        let up = Position::Follow.moved(-1, &window, GEOMETRY);
        let top = |window: &Window| Arc::clone(&window.items()[up.start(window, GEOMETRY).index]);
        let before = top(&window);
        for seq in 7..5_000 {
            window.push_live(line(seq, "a", "x"), false);
        }
        assert_eq!(before, top(&window));
    }

    #[test]
    fn no_space_and_no_lines_are_fine() {
        let none = Geometry {
            height: 0,
            columns: 0,
            wrap: true,
            view: LineView::Raw,
        };
        for lines in [&[][..], &["a", "b"]] {
            let window = window(lines);
            for geometry in [none, GEOMETRY] {
                for rows in [-3, 0, 3] {
                    let moved = Position::Follow.moved(rows, &window, geometry);
                    let _ = moved.start(&window, geometry);
                }
            }
        }
    }
}
