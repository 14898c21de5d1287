//! Text → spanned tree, with the grammar of the `json5` crate.
//!
//! That crate tells where an error is but not where a value is. So a seed drives its deserializer
//! value by value, and a [`cursor::Cursor`] walks the same text in lock-step: what the grammar has accepted
//! the cursor only has to find the end of. When the grammar fails, what was built so far stays.

mod build;
mod cursor;
mod grammar;
mod spelling;

use std::ops::Range;

pub(super) use spelling::{Spelling, Spellings};

use super::code::Code;
use super::tree::Tree;

/// A text as far as it could be read.
#[derive(Debug)]
pub(super) struct Parsed<'a> {
    /// The values.
    pub(super) tree: Tree<'a>,
    /// Why it ends early, if it does.
    pub(super) failure: Option<Failure>,
    /// Spellings that JSONC does not have.
    pub(super) spellings: Spellings,
}

/// Why a text could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// Another place that has to do with it, and what.
    pub(super) related: Option<(Range<usize>, &'static str)>,
}

impl Failure {
    /// Whether a person may have made this mistake in a config, rather than handed over something
    /// that is none.
    pub(super) fn is_slip(&self) -> bool {
        self.code == Code::Syntax
    }
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    build::parse(text)
}

#[cfg(test)]
mod tests;
