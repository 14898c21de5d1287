//! What is searched for, and how far.

use super::item::Place;
use super::matcher::Matcher;
use super::sought::Sought;
use super::window::Direction;

/// A search: matches are highlighted, and one of them is current.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// As typed.
    pub(crate) text: String,
    /// What a line is compared with.
    pub(crate) sought: Sought,
    /// The item last jumped to.
    pub(crate) current: Option<Place>,
    /// Searching beyond the window: upwards or downwards.
    pub(crate) seeking: Option<Direction>,
    /// From where the last jump looked.
    pub(super) from: Place,
}

impl Search {
    /// A search for the typed pattern, before any result.
    pub(crate) fn new(text: String, matcher: Matcher) -> Self {
        Self::of(text, Sought::Pattern(matcher))
    }

    /// A search for errors, before any result.
    pub(crate) fn for_errors() -> Self {
        Self::of("errors".to_owned(), Sought::Errors)
    }

    fn of(text: String, sought: Sought) -> Self {
        Self {
            text,
            sought,
            current: None,
            seeking: None,
            from: Place::default(),
        }
    }
}
