//! Requests to the thread that owns the processes, and its events.

mod spawn_error;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

pub use spawn_error::SpawnError;

use serde::{Deserialize, Serialize};

pub(super) use crate::facts::{End, ProcessInfo, Stdio, StopScope, StopSignal};

/// One run of one command, chosen by the caller, unique in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LifeId(pub u64);

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The service's `cmd`.
    Service,
    /// The service's `stopCmd`.
    StopCommand,
    /// One attempt of an exec probe.
    Probe,
}

/// Our ends of what a run has as stdin, stdout and stderr.
#[derive(Debug)]
pub enum Streams {
    /// Pipes.
    Pipes {
        /// Read end.
        stdout: OwnedFd,
        /// Read end.
        stderr: OwnedFd,
        /// Write end; `None` where stdin is `/dev/null`.
        stdin: Option<OwnedFd>,
    },
    /// The master of a pseudo terminal.
    Terminal(OwnedFd),
}

impl Streams {
    /// What is to be read.
    pub fn into_outputs(self) -> Vec<OwnedFd> {
        match self {
            Self::Pipes { stdout, stderr, .. } => vec![stdout, stderr],
            Self::Terminal(master) => vec![master],
        }
    }
}

/// A command to run.
#[derive(Debug, Clone)]
pub struct SpawnRequest {
    /// The run.
    pub life: LifeId,
    /// Index of the service.
    pub service: usize,
    /// What it is for.
    pub role: Role,
    /// Program and arguments. Without a slash the program is looked up in the `PATH` of `env`;
    /// with one it is relative to `cwd`.
    pub argv: Vec<String>,
    /// The whole environment, apart from the marker, which is added here.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// Its stdin, stdout and stderr.
    pub stdio: Stdio,
}

/// A service's `stopCmd`, as the guardian would run it.
#[derive(Debug, Clone)]
pub struct StopCommand {
    /// Program and arguments, as in [`SpawnRequest::argv`].
    pub argv: Vec<String>,
    /// The whole environment, apart from the marker.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
}

/// From the stop signal to SIGKILL for what is left after the grace that follows a `stopCmd`.
pub const LAST_GRACE: Duration = Duration::from_secs(2);

/// How a service is taken down. The guardian gets it before the service runs.
#[derive(Debug, Clone)]
pub struct Teardown {
    /// Its wave of the startup plan: the highest goes down first.
    pub wave: usize,
    /// Time from the stop signal, or the success of its `stopCmd`, to the next step.
    pub grace: Duration,
    /// The signal that tells it to end.
    pub signal: StopSignal,
    /// Who gets that first, see [`Mode::Leader`]; for the guardian.
    pub scope: StopScope,
    /// Its `stopCmd`.
    pub stop_command: Option<StopCommand>,
    /// A oneshot: once it has exited with 0 it is up, with or without processes, so that its `stopCmd` stays due
    /// until a [`Request::TakeDown`] of it has ended.
    pub up_after_success: bool,
}

/// How hard a [`Request::TakeDown`] tries; a later, harder mode replaces an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mode {
    /// Sends no signal, only watches: while a `stopCmd` does the work.
    Watch,
    /// The stop signal then SIGCONT, to the leader alone while it runs, then to all that is left.
    Leader,
    /// The stop signal then SIGCONT, to the leader's group and to each descendant outside it when it is first seen;
    /// never twice to one that had it in [`Self::Leader`].
    Terminate,
    /// SIGKILL to everything, also to what appears later.
    Kill,
}

/// A request to the thread.
#[derive(Debug)]
pub enum Request {
    /// Run a command. Answered by [`Event::Spawned`] or [`Event::SpawnFailed`]. The teardown goes
    /// with a [`Role::Service`].
    Spawn(SpawnRequest, Option<Teardown>),
    /// A service that runs is to be taken down in another way from now on.
    Redefine(usize, Teardown),
    /// Take down everything that belongs to a service, in whatever role it was started. Answered by
    /// [`Event::Gone`], at once when there is nothing. Idempotent. Every stop ends with one (after a `stopCmd`
    /// too, in [`Mode::Watch`] first): only then the guardian forgets the service.
    TakeDown {
        /// Index of the service.
        service: usize,
        /// How hard.
        mode: Mode,
        /// Chosen by the caller and returned in the answers, so that an answer to an earlier request is not
        /// mistaken for one to this. A harder mode for the same takedown has the same round; of several open
        /// requests for a service the newest round is answered.
        round: u32,
    },
    /// SIGKILL one run with all its descendants: a probe or a `stopCmd` past its timeout. It only hastens the
    /// [`Event::LifeGone`] that comes once for every such run.
    EndLife {
        /// The run.
        life: LifeId,
    },
    /// SIGKILL everything of ours, at once. Not answered; open takedowns are.
    KillAll,
    /// The end of the session, last of all: takes down whatever is left, known or not (SIGTERM, a short grace,
    /// SIGKILL), reaps, answers [`Event::Finished`], and releases the guardian. The thread then ends.
    Finish,
}

/// What has happened. Events of one service come in the order in which things happened.
#[derive(Debug)]
pub enum Event {
    /// The command runs: its exec has succeeded.
    Spawned {
        /// The run.
        life: LifeId,
        /// Its leader.
        pid: u32,
        /// Its input and output.
        streams: Streams,
    },
    /// The command does not run, and left nothing behind.
    SpawnFailed {
        /// The run.
        life: LifeId,
        /// Why, and what to do.
        error: SpawnError,
    },
    /// The leader of a run has exited. Sent once a run. For a [`Role::Probe`] it is sent without delay, with an
    /// empty `left`; what a probe leaves is killed without a request.
    Exited {
        /// The run.
        life: LifeId,
        /// How.
        end: End,
        /// What still runs: of the service for a [`Role::Service`], of the run for others.
        left: Vec<ProcessInfo>,
    },
    /// How many processes still run of those that the leader of a [`Role::Service`] run left when it exited with
    /// 0: sent when that changes, and 0 at the end. Not during a takedown.
    Left {
        /// The run.
        life: LifeId,
        /// How many processes.
        left: usize,
    },
    /// During a takedown that takes a moment: what it waits for, when that changes, and again when something
    /// survives SIGKILL, with the reason.
    Remaining {
        /// Index of the service.
        service: usize,
        /// As in the request.
        round: u32,
        /// What is left, sorted by pid.
        processes: Vec<ProcessInfo>,
    },
    /// Before `Gone`: these run and show no service that they belong to, so that they may be of this one.
    Unowned {
        /// Index of the service.
        service: usize,
        /// As in the newest request.
        round: u32,
        /// Which, sorted by pid.
        processes: Vec<ProcessInfo>,
    },
    /// Nothing of the service is left.
    Gone {
        /// Index of the service.
        service: usize,
        /// As in the newest request.
        round: u32,
    },
    /// Leader and descendants of a [`Role::Probe`] or [`Role::StopCommand`] run are gone. Sent once a
    /// run, after `Exited`.
    LifeGone {
        /// The run.
        life: LifeId,
    },
    /// The guardian died: the stack must be taken down now (docs/lifecycle.md, The guardian).
    GuardianLost,
    /// The answer to [`Request::Finish`], and the last event.
    Finished {
        /// What could not be ended, sorted by pid.
        left: Vec<ProcessInfo>,
    },
}
