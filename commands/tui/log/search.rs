//! What is searched for, and how far.

use std::ops::Range;

use super::item::{Item, Place};
use super::matcher::Matcher;
use super::window::Direction;

/// What is looked for.
#[derive(Debug, Clone)]
pub(crate) enum Sought {
    /// Text.
    Pattern(Matcher),
    /// Lines whose level is `error`.
    Errors,
}

impl Sought {
    /// Whether the item is one that is looked for.
    pub(crate) fn matches(&self, item: &Item) -> bool {
        match self {
            Self::Pattern(matcher) => matcher.matches(item),
            Self::Errors => item.is_error(),
        }
    }

    /// Where in the text it is, in bytes.
    pub(crate) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Pattern(matcher) => matcher.ranges(text),
            Self::Errors => Vec::new(),
        }
    }
}

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
