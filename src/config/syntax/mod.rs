//! Text → spanned tree, with the grammar of the `json5` crate.
//!
//! That crate tells where an error is but not where a value is. So a seed drives its deserializer
//! value by value, and a [`cursor::Cursor`] walks the same text in lock-step: what the grammar has accepted
//! the cursor only has to find the end of. When the grammar fails, what was built so far stays.

mod build;
mod cursor;
mod failure;
mod grammar;
mod spelling;

pub(super) use build::parse;
pub(super) use failure::Failure;
pub(super) use spelling::Spelling;

#[cfg(test)]
mod tests;
