//! What the world may know of a service: its status and the facts beside it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

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

/// Attempts of a probe that has not passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeTally {
    /// What it looks at, e.g. `http http://localhost:3000/healthz`.
    pub target: String,
    /// Attempts that failed.
    pub failed: u64,
    /// Since the first attempt.
    pub waited: Duration,
    /// What the last failed attempt ran into.
    pub last_error: Option<String>,
}

/// Somebody else's hold on a service's port when it was to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortConflict {
    /// The port.
    pub port: u16,
    /// Who listens there, as far as the system tells.
    pub pid: Option<u32>,
    /// Its name.
    pub process: Option<String>,
}

/// By whose will a service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoppedBy {
    /// Nobody has started it: it has `autoStart: false`, or `--only` left it out.
    NotStarted,
    /// Somebody stopped it.
    StopService,
    /// Somebody stopped everything.
    StopAll,
    /// The session is ending.
    Shutdown,
}

/// What explains where a service stands, beside its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    /// The probe it waits for, or that had not passed when it failed.
    pub probe: Option<ProbeTally>,
    /// Who had its port.
    pub port_conflict: Option<PortConflict>,
    /// Present when it is `stopping` or `stopped` and nothing is to start it.
    pub stopped_by: Option<StoppedBy>,
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
    /// What explains it.
    pub reasons: Reasons,
}
