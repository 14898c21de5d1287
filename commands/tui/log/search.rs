//! What is searched for, and how far.

use super::item::Place;
use super::matcher::Matcher;
use super::window::Direction;

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
    /// From where the last jump looked.
    pub(super) from: Place,
}

impl Search {
    /// Of what was typed, before anything was found.
    pub(crate) fn new(text: String, matcher: Matcher) -> Self {
        Self {
            text,
            matcher,
            current: None,
            seeking: None,
            from: Place::default(),
        }
    }
}
