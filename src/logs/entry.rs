//! The fields of a log entry besides its text.

pub use crate::facts::{Stream, Timestamp};

/// The status of a service when a line was read, as the word that is published
/// (docs/logs.md, An entry).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Phase(pub &'static str);

impl Phase {
    /// What every service starts with: planned, not started yet.
    pub const UNKNOWN: Self = Self("unknown");
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The service.
    Service,
    /// FlowLayer, about the service.
    FlowLayer,
    /// FlowLayer, on why the service failed. Its status says the same.
    Failure,
}
