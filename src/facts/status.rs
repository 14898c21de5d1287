//! Status, kind, and who stopped a service.

use serde::{Deserialize, Serialize};

/// The state of a service as published (docs/lifecycle.md, States).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Port check and spawn.
    Starting,
    /// The process exists.
    Running,
    /// The probe has passed, or the oneshot has succeeded.
    Ready,
    /// Being stopped.
    Stopping,
    /// Down because somebody asked, or not started at all.
    Stopped,
    /// Down although nobody asked, or never came up.
    Failed,
    /// Planned, not started yet; or a status of a later version.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// The word on the wire and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// Whether a service stays alive or runs to completion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Stays alive for the whole session.
    #[default]
    Daemon,
    /// Runs to completion.
    Oneshot,
}

impl Kind {
    /// The word in the configuration and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Oneshot => "oneshot",
        }
    }
}

/// Who stopped a service, as the protocol's `stopped_by` says it; derived from the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedBy {
    /// Nobody has started it: it has `autoStart: false`, or `--only` left it out.
    NotStarted,
    /// A `stop_service`.
    StopService,
    /// A `stop_all`.
    StopAll,
    /// The end of the session.
    Shutdown,
    /// A `reload` whose configuration does not have it any more.
    Reload,
    /// A value of a later version.
    #[serde(other)]
    Other,
}
