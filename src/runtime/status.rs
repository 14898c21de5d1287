//! What the world may know of a service: its status and the facts beside it.

use std::sync::Arc;
use std::time::SystemTime;

/// The state of a service as published (SPEC 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Planned, not started yet.
    Unknown,
    /// Port check and spawn.
    Starting,
    /// The process exists.
    Running,
    /// Its probe has passed, or, for a oneshot, it has succeeded.
    Ready,
    /// Being taken down.
    Stopping,
    /// Down because somebody asked, or not started at all.
    Stopped,
    /// Down although nobody asked, or never came up.
    Failed,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceKind {
    /// Stays alive for the whole session.
    Daemon,
    /// Runs to completion.
    Oneshot,
}

impl ServiceKind {
    /// The word in the config and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Oneshot => "oneshot",
        }
    }
}

/// One service as published: in snapshots, in status events, on the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    /// Index in the name-sorted list of services; the same everywhere in the core.
    pub service: usize,
    /// The service's name, byte for byte as in the config.
    pub name: Arc<str>,
    /// Its status.
    pub status: Status,
    /// Whether its terminal startup state is reached.
    pub up: bool,
    /// One line for people: what is waited for, why it failed.
    pub detail: Option<String>,
    /// Process id of the leader while it lives.
    pub pid: Option<u32>,
    /// Exit code of the last life, when it ended by exiting.
    pub exit_code: Option<i32>,
    /// Name of the signal that ended the last life, e.g. `SIGKILL`.
    pub signal: Option<&'static str>,
    /// Whether it is meant to be up (SPEC 4.6).
    pub wanted: bool,
    /// What it depends on directly, sorted.
    pub depends_on: Arc<[Arc<str>]>,
    /// The failed or stopped services that keep it from starting, sorted.
    pub blocked_by: Vec<Arc<str>>,
    /// Its layer in the startup plan, from 0.
    pub wave: usize,
    /// Daemon or oneshot.
    pub kind: ServiceKind,
    /// Since when it has this status.
    pub since: SystemTime,
}
