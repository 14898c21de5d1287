//! Why a service is where it is, as data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command_problem::{StartProblem, StopCmdFailure};
use super::{End, Holder, ProcessInfo, StopSignal, StoppedBy, Stream};

/// Why a service is where it is. Travels as an object with a `code` and the facts; displays as the line
/// for people, which may be empty where the status says it all (docs/lifecycle.md, Reasons).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// Its wave has not come.
    WaitingForWave {
        /// The wave that has not resolved.
        wave: usize,
        /// Services of that wave that have not resolved, at most [`Reason::NAMED`].
        on: Vec<Arc<str>>,
        /// How many more there are.
        #[serde(default, skip_serializing_if = "is_default")]
        more: usize,
    },
    /// Dependencies are not up yet.
    WaitingFor {
        /// Which.
        on: Vec<Arc<str>>,
    },
    /// It will not start until somebody brings these up.
    Blocked {
        /// The failed or stopped services at the far end, sorted by name.
        by: Vec<BlockedBy>,
    },
    /// Nobody has started it.
    NotStarted {
        /// Why the boot left it out.
        because: NotStarted,
    },
    /// Somebody stopped it.
    Stopped {
        /// What did.
        by: StopCause,
        /// What ran then and belongs to no known service, so that it may be of this one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unowned: Vec<ProcessInfo>,
    },
    /// It is on its way to a process.
    Starting {
        /// What is under way.
        step: StartStep,
        /// How far the stop of what its last run left is; with [`StartStep::Leftovers`].
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        ending: Option<Ending>,
    },
    /// A oneshot at work.
    Working {
        /// Since its start, in milliseconds.
        elapsed_ms: u64,
    },
    /// Somebody else listens on its port.
    PortInUse(PortHold),
    /// After a stop somebody still listens on its port.
    PortNotReleased {
        /// The port and who holds it.
        #[serde(flatten)]
        hold: PortHold,
        /// The holder is a process of this session.
        #[serde(default, skip_serializing_if = "is_default")]
        ours: bool,
        /// Why the holder could not be looked up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// What stopped the service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StopCause>,
    },
    /// Its probe has not passed yet.
    Probing(ProbeAttempts),
    /// Its probe passes, but what answers listened before the service was spawned, and is neither the service's nor
    /// that of a dependency.
    Stranger {
        /// The attempts.
        #[serde(flatten)]
        attempts: ProbeAttempts,
        /// Who answers.
        holder: Holder,
    },
    /// Its probe did not pass within its limit.
    NotReadyInTime {
        /// The limit, in milliseconds.
        limit_ms: u64,
        /// The attempts.
        #[serde(flatten)]
        attempts: ProbeAttempts,
        /// Its port was not released after the stop that followed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<PortHold>,
    },
    /// Its process ended although nobody asked.
    Exited(Exit),
    /// Its command cannot be started.
    CannotStart(StartProblem),
    /// It is being stopped.
    Stopping {
        /// What stops it; absent in a restart and when its own failure does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StopCause>,
        /// How far it is.
        #[serde(flatten)]
        ending: Ending,
        /// The failure it is stopped for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Box<Reason>>,
    },
    /// Its `stopCmd` did not do its work; signals follow.
    StopCmdFailed {
        /// What it ran into.
        #[serde(flatten)]
        failure: StopCmdFailure,
        /// The signal that follows.
        #[serde(default)]
        sending: StopSignal,
    },
    /// Not even SIGKILL ended these.
    CouldNotEnd {
        /// Which.
        left: Vec<ProcessInfo>,
        /// They are of its last run, and keep it from starting.
        #[serde(default, skip_serializing_if = "is_default")]
        last_run: bool,
    },
    /// It is stopped, and these run and belong to no known service, so that they may be of this one.
    Unowned {
        /// Which.
        processes: Vec<ProcessInfo>,
    },
    /// A oneshot that succeeded left processes running.
    LeftBehind {
        /// How many.
        processes: usize,
    },
    /// The disk of `logs.dir` is slower than the service.
    OutputHeld,
}

/// The code of a [`Reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is documented at the variant of `Reason`")]
pub enum Code {
    WaitingForWave,
    WaitingFor,
    Blocked,
    NotStarted,
    Stopped,
    Starting,
    Working,
    PortInUse,
    PortNotReleased,
    Probing,
    Stranger,
    NotReadyInTime,
    Exited,
    CannotStart,
    Stopping,
    StopCmdFailed,
    CouldNotEnd,
    Unowned,
    LeftBehind,
    OutputHeld,
    /// A code of a later version.
    #[serde(other)]
    Unknown,
}

impl Reason {
    /// How many services [`Reason::WaitingForWave`] names.
    pub const NAMED: usize = 16;

    /// Its code.
    pub const fn code(&self) -> Code {
        match self {
            Self::WaitingForWave { .. } => Code::WaitingForWave,
            Self::WaitingFor { .. } => Code::WaitingFor,
            Self::Blocked { .. } => Code::Blocked,
            Self::NotStarted { .. } => Code::NotStarted,
            Self::Stopped { .. } => Code::Stopped,
            Self::Starting { .. } => Code::Starting,
            Self::Working { .. } => Code::Working,
            Self::PortInUse(_) => Code::PortInUse,
            Self::PortNotReleased { .. } => Code::PortNotReleased,
            Self::Probing(_) => Code::Probing,
            Self::Stranger { .. } => Code::Stranger,
            Self::NotReadyInTime { .. } => Code::NotReadyInTime,
            Self::Exited(_) => Code::Exited,
            Self::CannotStart(_) => Code::CannotStart,
            Self::Stopping { .. } => Code::Stopping,
            Self::StopCmdFailed { .. } => Code::StopCmdFailed,
            Self::CouldNotEnd { .. } => Code::CouldNotEnd,
            Self::Unowned { .. } => Code::Unowned,
            Self::LeftBehind { .. } => Code::LeftBehind,
            Self::OutputHeld => Code::OutputHeld,
        }
    }

    /// Who stopped the service: the protocol's `stopped_by`.
    pub fn stopped_by(&self) -> Option<StoppedBy> {
        match self {
            Self::NotStarted { .. } => Some(StoppedBy::NotStarted),
            Self::Stopped { by, .. } => Some((*by).into()),
            Self::Stopping { by, .. } | Self::PortNotReleased { by, .. } => by.map(StoppedBy::from),
            _ => None,
        }
    }

    /// The services that block it: the protocol's `blocked_by`.
    pub fn blocked_by(&self) -> &[BlockedBy] {
        match self {
            Self::Blocked { by } => by,
            _ => &[],
        }
    }

    /// The probe it waits for, or that had not passed when it failed: the protocol's `probe`.
    pub fn probe(&self) -> Option<&ProbeAttempts> {
        match self {
            Self::Probing(attempts)
            | Self::Stranger { attempts, .. }
            | Self::NotReadyInTime { attempts, .. } => Some(attempts),
            Self::Exited(exit) => exit.probing.as_deref(),
            Self::Stopping { failure, .. } => failure.as_ref()?.probe(),
            _ => None,
        }
    }

    /// Who had its port when it was to be started: the protocol's `port_conflict`.
    pub fn port_conflict(&self) -> Option<&PortHold> {
        match self {
            Self::PortInUse(hold) => Some(hold),
            _ => None,
        }
    }
}

/// A service that blocks another, and why it is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedBy {
    /// Its name.
    pub service: Arc<str>,
    /// The code of its reason.
    pub code: Code,
}

impl BlockedBy {
    /// Whether it failed; otherwise it is stopped, or was never started.
    pub const fn has_failed(&self) -> bool {
        !matches!(self.code, Code::Stopped | Code::NotStarted)
    }
}

/// Why the boot left a service out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotStarted {
    /// It has `autoStart: false`.
    AutoStart,
    /// `--only` named others.
    Only,
    /// A boot would start it only since a reload, and that starts nothing that was there before.
    Reload,
}

/// What stopped a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// A `stop_service`.
    Command,
    /// A `stop_all`.
    StopAll,
    /// The end of the session.
    SessionEnd,
    /// A `reload` whose configuration does not have it any more.
    Reload,
}

impl From<StopCause> for StoppedBy {
    fn from(cause: StopCause) -> Self {
        match cause {
            StopCause::Command => Self::StopService,
            StopCause::StopAll => Self::StopAll,
            StopCause::SessionEnd => Self::Shutdown,
            StopCause::Reload => Self::Reload,
        }
    }
}

/// What a service on its way to a process is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartStep {
    /// Its port is checked.
    Port,
    /// Its process is being made.
    Spawn,
    /// What its last run left is being stopped.
    Leftovers,
}

/// How far a stop is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// What is under way.
    pub round: StopRound,
    /// Since that began, in milliseconds.
    pub elapsed_ms: u64,
    /// How long it may take, in milliseconds, where there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
    /// The processes that are left, as last seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<ProcessInfo>,
}

/// The rounds of a stop, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRound {
    /// `stopCmd` runs.
    StopCmd,
    /// `stopCmd` has succeeded: the service has its grace to end.
    Settle,
    /// The stop signal was sent.
    Term,
    /// SIGKILL was sent.
    Kill,
    /// No process is left; its port has to be released.
    Port,
    /// No process is left; its last lines are being read.
    Output,
}

/// A port, and who listens there as far as known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortHold {
    /// The port.
    pub port: u16,
    /// Who listens there.
    #[serde(default)]
    pub holder: Holder,
}

/// What a probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Its kind: `http`, `tcp`, `log`, `exec`.
    pub r#type: String,
    /// What it looks at: a URL, `:5432`, a pattern, a command.
    pub target: String,
    /// The port of this machine that it asks, if that is what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// A probe that has not passed, and its attempts so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAttempts {
    /// What it asks.
    pub probe: Probe,
    /// Attempts that failed.
    pub attempts: u64,
    /// Since the first attempt, in milliseconds.
    pub elapsed_ms: u64,
    /// An attempt in progress has had no answer for so long, in milliseconds; absent while attempts are quick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_ms: Option<u64>,
    /// What the last failed attempt ran into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Nobody listens on the port of the probe, but the service does on these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listens_on: Vec<u16>,
}

/// The end of a process that nobody asked to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
    /// It is a daemon and was not ready yet.
    pub before_ready: bool,
    /// Background processes it left, which were stopped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub left: usize,
    /// They are still being stopped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stopping: bool,
    /// Those of them that could not be ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub could_not_end: Vec<ProcessInfo>,
    /// The last line it wrote to stderr, else to stdout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_line: Option<Box<LastLine>>,
    /// The probe that had not passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probing: Option<Box<ProbeAttempts>>,
}

impl Exit {
    /// An exit that left no processes, with nothing known beyond this.
    pub const fn new(end: End, before_ready: bool) -> Self {
        Self {
            end,
            before_ready,
            left: 0,
            stopping: false,
            could_not_end: Vec::new(),
            last_line: None,
            probing: None,
        }
    }
}

/// The last thing a process wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLine {
    /// The number of its log entry.
    pub seq: u64,
    /// Which pipe it came from.
    pub stream: Stream,
    /// The line.
    pub message: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
