//! Who wrote a log entry.

use serde::{Deserialize, Serialize};

/// Who wrote a line of a service's log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The service.
    #[default]
    Service,
    /// FlowLayer, about the service.
    FlowLayer,
    /// FlowLayer, on why the service failed. Its status says the same; outside the server it is
    /// [`Origin::FlowLayer`].
    #[serde(rename(serialize = "flowlayer"), skip_deserializing)]
    Failure,
    /// A word of a later version.
    #[serde(other)]
    Other,
}

impl Origin {
    /// Whether the service wrote it.
    pub const fn is_service(&self) -> bool {
        matches!(self, Self::Service)
    }
}
