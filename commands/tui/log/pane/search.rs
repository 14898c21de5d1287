//! Goes from match to match, in the window and beyond it.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::LogPane;
use crate::terminal::sanitize::text as text_of;
use crate::tui::cells;
use crate::tui::log::item::Place;
use crate::tui::log::search::Search;
use crate::tui::log::viewport::{Geometry, Position, Start};
use crate::tui::log::window::Direction;

impl LogPane {
    /// Looks for something else, or for nothing.
    pub(crate) fn set_search(&mut self, search: Option<Search>) {
        self.window
            .set_highlight(search.as_ref().map(|search| search.sought.clone()));
        self.search = search;
    }

    /// Continues the search beyond the window, page by page through the whole log. The window
    /// moves along and drops what has been searched.
    pub(crate) fn seek(&mut self, direction: Direction, geometry: Geometry) {
        if let Some(search) = &mut self.search {
            search.seeking = Some(direction);
        }
        if self.is_following() {
            self.stay_at(self.position.start(&self.window, geometry));
        }
    }

    /// Whatever comes, this row stays the first on the screen.
    fn stay_at(&mut self, start: Start) {
        if let Some(item) = self.window.items().get(start.index) {
            self.position = Position::At {
                top: item.place,
                skip: start.skip,
            };
        }
    }

    /// Searches the window only.
    pub(crate) const fn stop_seeking(&mut self) {
        if let Some(search) = &mut self.search {
            search.seeking = None;
        }
    }

    /// Where the search beyond the window is.
    pub(crate) fn seeking(&self) -> Option<Direction> {
        self.search.as_ref()?.seeking
    }

    /// Goes to the next hit upwards or downwards: from the current one, or else from what is
    /// on the screen. `false`: there is none in the window.
    pub(crate) fn jump(&mut self, is_up: bool, geometry: Geometry) -> bool {
        let first = self.position.start(&self.window, geometry);
        let end = self.position.end(&self.window, geometry);
        let items = self.window.items();
        let place_at = |index: usize| items.get(index).map_or(Place::LAST, |item| item.place);
        let Some(search) = &mut self.search else {
            return false;
        };
        // A search beyond the window continues from where it began.
        let way = if is_up {
            Direction::Older
        } else {
            Direction::Newer
        };
        if search.seeking != Some(way) {
            let current = search
                .current
                .filter(|current| (place_at(first.index)..place_at(end)).contains(current));
            search.from = match (current, is_up) {
                (Some(current), true) => current,
                (Some(current), false) => Place {
                    sub: current.sub.saturating_add(1),
                    ..current
                },
                (None, true) => place_at(end),
                (None, false) => place_at(first.index),
            };
        }
        if self.window.hits() == 0 {
            return false;
        }
        let from = self.window.index_of(search.from);
        let is_hit = |index: &usize| search.sought.matches(&items[*index]);
        let found = if is_up {
            (0..from).rev().find(is_hit)
        } else {
            (from..items.len()).find(is_hit)
        };
        let Some(index) = found else {
            return false;
        };
        let place = items[index].place;
        search.current = Some(place);
        search.seeking = None;
        self.window.set_current(place);
        self.show_hit(index, first, geometry);
        true
    }

    /// Brings the item at this index, and where it matches, to the screen, whose first row is given.
    /// What is there already does not move, and does not move away either.
    fn show_hit(&mut self, index: usize, first: Start, geometry: Geometry) {
        let items = self.window.items();
        let (row, columns) = self.hit(index, geometry);
        let last = index.min(first.index + geometry.height);
        let before = items.range(first.index.min(last)..last);
        let above: usize = before.map(|item| geometry.rows(item)).sum();
        let is_shown = first.index <= index
            && (first.skip..first.skip + geometry.height).contains(&(above + row));
        if is_shown {
            self.stay_at(first);
        } else if row < geometry.height / 2 {
            self.position = Position::around(index, &self.window, geometry);
        } else {
            let skip = row - geometry.height / 2;
            self.stay_at(Start { index, skip });
        }
        let is_in_sight =
            self.shift <= columns.start && columns.end <= self.shift + geometry.columns;
        if !geometry.wrap && !is_in_sight {
            self.shift = if columns.end <= geometry.columns {
                0
            } else {
                columns.start.saturating_sub(geometry.columns / 3)
            };
        }
    }

    /// The row and the columns of the first match of the item at this index.
    fn hit(&self, index: usize, geometry: Geometry) -> (usize, Range<usize>) {
        let shown = geometry.text(&self.window.items()[index]);
        let text = text_of(&shown);
        let found = self.search.as_ref().and_then(|search| {
            let found = search.sought.ranges(&text);
            found.into_iter().next()
        });
        let Some(found) = found else {
            return (0, 0..0);
        };
        let columns = if geometry.wrap {
            geometry.columns
        } else {
            usize::MAX
        };
        let (row, start) = cells::place_of(&shown, found.start, columns);
        (row, start..start + text[found].width())
    }
}
