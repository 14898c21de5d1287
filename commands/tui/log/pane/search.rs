//! Going from match to match, through what is held and beyond.

use super::LogPane;
use crate::tui::log::item::Place;
use crate::tui::log::matcher::Matcher;
use crate::tui::log::viewport::{Geometry, Position};
use crate::tui::log::window::Direction;

/// A search: matches stand out, and one of them is where the reader is.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// As typed.
    pub(crate) text: String,
    /// Compiled.
    pub(crate) matcher: Matcher,
    /// The item last jumped to.
    pub(crate) current: Option<Place>,
    /// Looking for one beyond what is held: further up, or further down.
    pub(crate) seeking: Option<Direction>,
}

impl LogPane {
    /// Looks for something else, or for nothing.
    pub(crate) fn set_search(&mut self, search: Option<Search>) {
        self.window
            .set_highlight(search.as_ref().map(|search| search.matcher.clone()));
        self.search = search;
    }

    /// Goes on looking for a hit beyond what is held, page by page through the whole log. The window
    /// goes along, so that what was looked through already makes room.
    pub(crate) fn seek(&mut self, direction: Direction, geometry: Geometry) {
        if let Some(search) = &mut self.search {
            search.seeking = Some(direction);
        }
        if self.is_following() {
            let start = self.position.start(&self.window, geometry);
            if let Some(item) = self.window.items().get(start.index) {
                self.position = Position::At {
                    top: item.place,
                    skip: start.skip,
                };
            }
        }
    }

    /// Looks no further than what is held.
    pub(crate) const fn stop_seeking(&mut self) {
        if let Some(search) = &mut self.search {
            search.seeking = None;
        }
    }

    /// Where it is looked for a hit beyond what is held.
    pub(crate) fn seeking(&self) -> Option<Direction> {
        self.search.as_ref()?.seeking
    }

    /// Goes to the next hit upwards or downwards. `false`: there is none in what is held.
    pub(crate) fn jump(&mut self, is_up: bool, geometry: Geometry) -> bool {
        let first = self.position.start(&self.window, geometry);
        let Some(search) = &mut self.search else {
            return false;
        };
        if self.window.hits() == 0 {
            return false;
        }
        let items = self.window.items();
        let is_hit = |index: &usize| search.matcher.matches(&items[*index]);
        let found = if is_up {
            let from = search
                .current
                .map_or(items.len(), |place| self.window.index_of(place));
            (0..from.min(items.len())).rev().find(is_hit)
        } else {
            let from = search.current.map_or(first.index, |place| {
                self.window.index_of(Place {
                    sub: place.sub.saturating_add(1),
                    ..place
                })
            });
            (from..items.len()).find(is_hit)
        };
        let Some(index) = found else {
            return false;
        };
        let place = items[index].place;
        search.current = Some(place);
        search.seeking = None;
        self.window.set_current(place);
        let items = self.window.items();
        // What is on the screen already does not have to move.
        let last = index.min(first.index + geometry.height);
        let items = items.range(first.index.min(last)..last);
        let above: usize = items.map(|item| geometry.rows(item)).sum();
        let is_shown = (first.index..first.index + geometry.height).contains(&index)
            && above < geometry.height + first.skip;
        if !is_shown {
            self.position = Position::around(index, &self.window, geometry);
        }
        true
    }
}
