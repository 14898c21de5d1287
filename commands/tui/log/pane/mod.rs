//! The log panel's state: the window, its filter, and the position.

mod paging;
mod search;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use flowlayer_core::facts::{Status, Stream};
use flowlayer_core::logs::Level;

use super::errors::Errors;
use super::filter::{LogFilter, Scope};
use super::item::{Content, Item, Place, Tone};
use super::matcher::Matcher;
use super::recent::Recent;
use super::search::Search;
use super::selection::Selection;
use super::viewport::{Geometry, Position};
use super::window::{Newer, Older, PAGE, Window};

use crate::tui::format::Clock;
use crate::tui::services::Names;

/// How many pages may be gone through without a key being pressed, when a filter or a search lets
/// nearly nothing through.
const PATIENCE: u32 = 200;

/// See the module.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, any of them may be on"
)]
pub(crate) struct LogPane {
    /// The live end of everything.
    pub(crate) recent: Recent,
    /// What is held for the screen.
    pub(crate) window: Window,
    pub(crate) filter: LogFilter,
    pub(crate) position: Position,
    pub(crate) search: Option<Search>,
    pub(crate) selection: Option<Selection>,
    /// Whether quiet services are shown among all.
    pub(crate) shows_quiet: bool,
    /// Whether long lines are wrapped.
    pub(crate) wrap: bool,
    /// Whether lines of JSON and logfmt are shown as they were written.
    pub(crate) is_raw: bool,
    /// How times are written; `None`: as there is space.
    pub(crate) clock: Option<Clock>,
    /// Whether lines have their numbers before them.
    pub(crate) numbers: bool,
    /// The number of each service's newest line that was seen.
    newest: HashMap<Arc<str>, u64>,
    pub(crate) errors: Errors,
    /// Columns scrolled to the right.
    pub(crate) shift: usize,
    /// Lines that came since the reader left the end.
    pub(crate) unseen: u64,
    marks: u32,
    /// Pages that brought next to nothing since a key was pressed.
    idle_pages: u32,
    /// A gap is asked about once in a while, not with every gap of a flood.
    is_gap_due: bool,
    /// The item to centre on the screen once its context has arrived.
    center: Option<Place>,
    /// The item whose context is shown.
    pub(crate) found_here: Option<Place>,
}

impl LogPane {
    /// Whether new lines appear by themselves.
    pub(crate) fn is_following(&self) -> bool {
        self.position == Position::Follow
    }

    /// Whether new lines scroll the screen.
    fn moves_along(&self) -> bool {
        self.is_following() && self.selection.is_none()
    }

    /// Takes in a live line.
    pub(crate) fn push_line(&mut self, line: Arc<Item>) {
        self.saw(&line);
        self.errors.take(&line);
        for (before, event) in self.recent.push(Arc::clone(&line)) {
            self.move_event(before, &event);
        }
        if self.filter.admits(&line) {
            let moves_along = self.moves_along();
            self.unseen += u64::from(!moves_along);
            self.window.push_live(line, moves_along);
        }
    }

    fn saw(&mut self, line: &Item) {
        if let Some(service) = &line.service {
            let newest = self.newest.entry(Arc::clone(service)).or_default();
            *newest = line.place.seq.max(*newest);
        }
    }

    /// The number of the service's newest line that was seen.
    pub(crate) fn newest_of(&self, service: &str) -> Option<u64> {
        self.newest.get(service).copied()
    }

    /// Lines from the first to the last of these numbers will not come by themselves.
    pub(crate) fn push_gap(&mut self, first: u64, last: u64) {
        if last <= self.recent.last_seq() {
            return;
        }
        self.recent.skip(last);
        let is_following = self.moves_along();
        let is_whole = self.filter.is_everything();
        if is_following && !is_whole {
            // Who follows one service through another's flood must not lose its lines to every gap.
            self.window.leave_gap(first, last);
        } else {
            self.window.skip(first, last, is_following);
        }
        if !is_following && is_whole {
            self.unseen += last - first + 1;
        }
    }

    /// An event has moved to another place, and with it what is anchored to it.
    fn move_event(&mut self, before: Place, event: &Arc<Item>) {
        self.window.move_event(before, event);
        let top = match &mut self.position {
            Position::At { top, .. } => Some(top),
            Position::Follow => None,
        };
        let selection = self.selection.as_mut();
        let ends = selection.map(|it| [&mut it.anchor, &mut it.cursor]);
        let hit = self.search.as_mut().and_then(|it| it.current.as_mut());
        for place in top.into_iter().chain(ends.into_iter().flatten()).chain(hit) {
            if *place == before {
                *place = event.place;
            }
        }
    }

    /// Writes an event into the log; with the status, when it is about a change of it.
    pub(crate) fn push_event(
        &mut self,
        at: i64,
        service: Option<Arc<str>>,
        phase: Option<Status>,
        (tone, text): (Tone, &str),
    ) {
        let text = text.into();
        let event = self.recent.note(|place| Item {
            place,
            at,
            service,
            phase,
            content: Content::Event { tone, text },
        });
        if self.filter.admits(&event) {
            self.window.push_live(event, self.moves_along());
        }
    }

    /// Adds a mark at the end of the log.
    pub(crate) fn push_mark(&mut self, at: i64) -> u32 {
        self.marks = self.marks.saturating_add(1);
        let number = self.marks;
        self.errors.mark(number);
        let mark = self.recent.note(|place| Item {
            place,
            at,
            service: None,
            phase: None,
            content: Content::Mark(number),
        });
        self.window.push_live(mark, self.moves_along());
        number
    }

    /// Forgets everything that came from a server: it is another one now.
    pub(crate) fn forget(&mut self) {
        self.recent = Recent::default();
        self.newest.clear();
        self.errors = Errors::default();
        self.refill();
    }

    /// Shows this scope, without the lines of these services.
    pub(crate) fn set_scope(&mut self, scope: Scope, hidden: Names) {
        if (&self.filter.scope, &self.filter.hidden) != (&scope, &hidden) {
            (self.filter.scope, self.filter.hidden) = (scope, hidden);
            self.shift = 0;
            self.refill();
        }
    }

    /// Shows this stream only, or both.
    pub(crate) fn set_stream(&mut self, stream: Option<Stream>) {
        self.filter.stream = stream;
        self.refill();
    }

    /// Shows lines of this level and worse ones only, or all.
    pub(crate) fn set_level(&mut self, level: Option<Level>) {
        self.filter.level = level;
        self.refill();
    }

    /// Shows only what contains this.
    pub(crate) fn set_filter(&mut self, filter: Option<Matcher>) {
        self.set_group_filter(None, filter);
    }

    /// Shows only what contains this, of these services alone.
    pub(crate) fn set_group_filter(
        &mut self,
        members: Option<BTreeSet<Arc<str>>>,
        filter: Option<Matcher>,
    ) {
        (self.filter.members, self.filter.pattern) = (members, filter);
        self.refill();
    }

    /// Shows the end of the matching lines.
    pub(crate) fn refill(&mut self) {
        self.replace_window(Older::Unknown, Newer::Live);
        self.window.seed(&self.recent, &self.filter);
        self.position = Position::Follow;
        self.unseen = 0;
    }

    /// Shows the beginning of the log.
    pub(crate) fn rewind(&mut self) {
        self.stop_seeking();
        if self.window.older == Older::Beginning {
            if let Some(first) = self.window.items().front() {
                self.position = Position::At {
                    top: first.place,
                    skip: 0,
                };
            }
            return;
        }
        self.replace_window(
            Older::Beginning,
            Newer::Above {
                complete: 0,
                step: PAGE,
            },
        );
        self.position = Position::At {
            top: Place::default(),
            skip: 0,
        };
    }

    /// Shows the context of a line, without the filter.
    pub(crate) fn show_context(&mut self, place: Place) {
        self.filter.pattern = None;
        self.filter.members = None;
        self.filter.stream = None;
        self.filter.level = None;
        let complete = place.seq.saturating_sub(PAGE / 2);
        let older = if complete == 0 {
            Older::Beginning
        } else {
            Older::Below(complete + 1)
        };
        self.replace_window(
            older,
            Newer::Above {
                complete,
                step: PAGE,
            },
        );
        self.position = Position::At {
            top: place,
            skip: 0,
        };
        (self.center, self.found_here) = (Some(place), Some(place));
    }

    fn replace_window(&mut self, older: Older, newer: Newer) {
        self.stop_seeking();
        self.window = Window::new(self.window.generation + 1, older, newer);
        self.window
            .set_highlight(self.search.as_ref().map(|search| search.sought.clone()));
        self.selection = None;
        (self.center, self.found_here) = (None, None);
        self.renew_patience();
    }

    /// A person did something: long searches may go on.
    pub(crate) const fn renew_patience(&mut self) {
        self.idle_pages = 0;
    }

    /// Whether a long search waits for a key.
    pub(crate) const fn has_given_up(&self) -> bool {
        self.idle_pages >= PATIENCE
    }

    /// A second has passed.
    pub(crate) const fn tick(&mut self) {
        self.is_gap_due = true;
    }

    /// Scrolls by rows.
    pub(crate) fn scroll(&mut self, rows: isize, geometry: Geometry) {
        self.stop_seeking();
        self.center = None;
        self.position = self.position.moved(rows, &self.window, geometry);
        if self.is_following() {
            self.unseen = 0;
        }
    }

    /// Back to the end.
    pub(crate) fn follow(&mut self) {
        self.stop_seeking();
        if self.window.newer == Newer::Live {
            self.position = Position::Follow;
            self.unseen = 0;
            self.selection = None;
        } else {
            self.refill();
        }
    }
}
