//! Which page of the log to request next, and what to do with the answer.

use std::sync::Arc;

use super::{LogPane, PATIENCE};
use crate::tui::log::item::Item;
use crate::tui::log::page::PageRequest;
use crate::tui::log::viewport::{Geometry, Position};
use crate::tui::log::window::{Cursor, Direction, PAGE};

impl LogPane {
    /// The next page to request, so that a screenful is loaded beyond both ends of the screen.
    pub(crate) fn wanted(&mut self, geometry: Geometry) -> Option<PageRequest> {
        if self.window.loading.is_some() {
            return None;
        }
        if self.is_gap_due
            && let Some(cursor) = self.window.question(Direction::Gap)
        {
            self.is_gap_due = false;
            return Some(self.request(Direction::Gap, cursor));
        }
        if self.has_given_up() {
            return None;
        }
        let start = self.position.start(&self.window, geometry).index;
        let margin = geometry.height.max(1);
        let is_seeking_newer = self.seeking() == Some(Direction::Newer);
        if !is_seeking_newer
            && (self.seeking().is_some() || start < margin)
            && let Some(cursor) = self.window.question(Direction::Older)
        {
            return Some(self.request(Direction::Older, cursor));
        }
        if is_seeking_newer || self.window.items().len() < start + 2 * margin {
            let cursor = self.window.question(Direction::Newer)?;
            return Some(self.request(Direction::Newer, cursor));
        }
        None
    }

    fn request(&mut self, direction: Direction, cursor: Cursor) -> PageRequest {
        self.window.loading = Some(direction);
        PageRequest {
            generation: self.window.generation,
            service: self.filter.scope.service().cloned(),
            cursor,
            direction,
            limit: PAGE,
        }
    }

    /// Takes in the answer.
    pub(crate) fn page(
        &mut self,
        request: &PageRequest,
        entries: Vec<Arc<Item>>,
        is_truncated: bool,
        geometry: Geometry,
    ) {
        if request.generation != self.window.generation {
            return;
        }
        for line in &entries {
            self.saw(line);
        }
        let before = self.window.items().len();
        let with = (&self.recent, &self.filter);
        match request.direction {
            Direction::Older => {
                let is_following = self.position == Position::Follow
                    && self.selection.is_none()
                    && self.seeking().is_none();
                let was_end = request.cursor == Cursor::End;
                self.window
                    .page_older(entries, is_truncated, was_end, is_following, with);
            }
            Direction::Newer => self.window.page_newer(entries, is_truncated, with),
            Direction::Gap => {
                let Cursor::Before(below) = request.cursor else {
                    return;
                };
                self.is_gap_due |= self.window.page_gap(entries, is_truncated, below, with);
                return;
            }
        }
        if let Some(index) = self.center.and_then(|place| self.window.find(place)) {
            self.center = None;
            self.position = Position::around(index, &self.window, geometry);
        }
        // A search shows its progress and can be stopped, so it needs no key to continue.
        if self.window.items().len() < before + 8 && self.seeking().is_none() {
            self.idle_pages += 1;
        }
    }

    /// The question was not answered.
    pub(crate) fn page_failed(&mut self, request: &PageRequest) {
        if request.generation == self.window.generation {
            self.window.loading = None;
            // The gap is asked about again when it is time.
            if request.direction != Direction::Gap {
                self.idle_pages = PATIENCE;
            }
        }
    }
}
