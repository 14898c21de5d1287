//! Asking the server for a page of the log.

use std::sync::Arc;

use super::window::{Cursor, Direction};

/// A question for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Of which window.
    pub(crate) generation: u64,
    /// `None` for all.
    pub(crate) service: Option<Arc<str>>,
    pub(crate) cursor: Cursor,
    /// For which end of the window.
    pub(crate) direction: Direction,
    /// The maximum number of entries.
    pub(crate) limit: u64,
}
