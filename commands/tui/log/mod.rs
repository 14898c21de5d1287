//! The log as the screen needs it: a window of bounded size onto a log of any length.

pub(crate) mod errors;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod filter;
#[cfg(test)]
pub(crate) mod fixture;
mod gap;
pub(crate) mod item;
pub(crate) mod matcher;
pub(crate) mod page;
pub(crate) mod pane;
pub(crate) mod recent;
pub(crate) mod search;
pub(crate) mod selection;
pub(crate) mod sought;
pub(crate) mod viewport;
pub(crate) mod whole;
pub(crate) mod window;

#[cfg(test)]
mod properties;

pub(crate) use filter::Scope;
pub(crate) use item::{Content, Item, Place, Tone};
pub(crate) use matcher::Matcher;
pub(crate) use pane::LogPane;
pub(crate) use viewport::Geometry;
