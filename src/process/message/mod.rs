//! What goes into the thread that owns the processes, and what comes out.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use super::{ProcessInfo, SpawnError};

/// One run of one command, chosen by the caller, unique in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// What a run reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stdin {
    /// A pipe on which nothing ever comes and which does not end while FlowLayer lives.
    OpenPipe,
    /// `/dev/null`.
    Null,
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
    /// What it reads.
    pub stdin: Stdin,
}

/// The command of a service's `stopCmd`, as the guardian would have to run it.
#[derive(Debug, Clone)]
pub struct StopCommand {
    /// Program and arguments, as in [`SpawnRequest::argv`].
    pub argv: Vec<String>,
    /// The whole environment, apart from the marker.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
}

/// How to take a service down without the server; handed over before the service runs.
#[derive(Debug, Clone)]
pub struct Teardown {
    /// Its layer of the startup plan: the highest goes down first.
    pub wave: usize,
    /// Time from SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Its `stopCmd`.
    pub stop_command: Option<StopCommand>,
    /// A oneshot: having exited with 0 it is up, with or without processes, so that its `stopCmd`
    /// stays due until a [`Request::TakeDown`] of it has ended.
    pub up_after_success: bool,
}

/// How hard a [`Request::TakeDown`] goes about it; a later, harder one replaces an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Sends nothing, only watches: for the time in which a `stopCmd` does the work.
    Watch,
    /// SIGTERM then SIGCONT, to the group of the leader and to each descendant outside it when it
    /// is first seen.
    Terminate,
    /// SIGKILL to everything, to what appears later too.
    Kill,
}

/// What can be asked of the thread.
#[derive(Debug)]
pub enum Request {
    /// Run a command. Answered by [`Event::Spawned`] or [`Event::SpawnFailed`]. The teardown goes
    /// with a [`Role::Service`].
    Spawn(SpawnRequest, Option<Teardown>),
    /// Take down everything that belongs to a service, in whatever role it was started: answered by
    /// [`Event::Gone`], at once when there is nothing. Idempotent. Every stop ends with one (after a
    /// `stopCmd` too, in [`Mode::Watch`] first): it is what closes the service's account.
    TakeDown {
        /// Index of the service.
        service: usize,
        /// How hard.
        mode: Mode,
        /// Chosen by the caller and given back by the answers, so that one that crossed a later
        /// request is not taken for its answer. A harder mode for the same takedown has the same
        /// round; of several requests under way for a service the newest round is answered.
        round: u32,
    },
    /// SIGKILL one run with all its descendants: a probe at its limit, a `stopCmd` that takes too
    /// long. It only hastens the [`Event::LifeGone`] that comes once for every such run.
    EndLife {
        /// The run.
        life: LifeId,
    },
    /// SIGKILL everything of ours, at once. Answered by nothing: the take-downs that are asked for
    /// besides are.
    KillAll,
    /// The end of the session, last of all: takes down whatever is left, known or not (SIGTERM, a
    /// short grace, SIGKILL), reaps, answers [`Event::Finished`], tells the guardian that all is
    /// well. The thread then ends.
    Finish,
}

/// How a leader ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What the thread has to say. Events of one service come in the order in which things happened.
#[derive(Debug)]
pub enum Event {
    /// The command runs: its exec has succeeded.
    Spawned {
        /// The run.
        life: LifeId,
        /// Its leader.
        pid: u32,
        /// Read end.
        stdout: OwnedFd,
        /// Read end.
        stderr: OwnedFd,
    },
    /// The command does not run, and left nothing behind.
    SpawnFailed {
        /// The run.
        life: LifeId,
        /// Why, and what to do.
        error: SpawnError,
    },
    /// The leader of a run has exited. Sent once a life. A [`Role::Probe`] is told without delay, with
    /// an empty `left`; what it leaves is killed without being asked for.
    Exited {
        /// The run.
        life: LifeId,
        /// How.
        end: End,
        /// What lives on: of the service for a [`Role::Service`], of the run for others.
        left: Vec<ProcessInfo>,
    },
    /// Of what the leader of a [`Role::Service`] run has left when it exited with 0, so many live on: told
    /// when that has changed, and 0 at the end. Not during a take-down.
    Left {
        /// The run.
        life: LifeId,
        /// How many processes.
        left: usize,
    },
    /// During a take-down that takes a moment: what it waits for, when that has changed, and again when
    /// something survives SIGKILL, with the reason.
    Remaining {
        /// Index of the service.
        service: usize,
        /// As in the request.
        round: u32,
        /// What is left, sorted by pid.
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
    /// life, after `Exited`.
    LifeGone {
        /// The run.
        life: LifeId,
    },
    /// The guardian died: the stack must be taken down now (DESIGN, the guardian).
    GuardianLost,
    /// The answer to [`Request::Finish`], and the last event.
    Finished {
        /// What could not be ended, sorted by pid.
        left: Vec<ProcessInfo>,
    },
}
