//! The log as the screen needs it: a window of bounded size onto a log of any length.

mod hole;
pub(crate) mod item;
pub(crate) mod matcher;
pub(crate) mod pane;
pub(crate) mod recent;
pub(crate) mod sieve;
pub(crate) mod viewport;
pub(crate) mod window;

#[cfg(test)]
mod properties;

pub(crate) use item::{Content, Item, Place, Tone};
pub(crate) use matcher::Matcher;
pub(crate) use pane::LogPane;
pub(crate) use sieve::Scope;
pub(crate) use viewport::Geometry;
