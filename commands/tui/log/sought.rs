//! What a search looks for in a line.

use std::ops::Range;

use super::item::Item;
use super::matcher::Matcher;

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
