//! The events of a lifecycle and its effects.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Facts, Spec};
use crate::facts::{End, Holder, PortHold, ProcessInfo, Reason, StartProblem, StopCmdFailure};
use crate::process::{LifeId, Mode};

/// What happened to a service, or a request to start or stop it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Event {
    /// Bring it up. Legal when it [`may_start`](super::Lifecycle::may_start).
    Start,
    /// Take it down. Legal always; without effect when it is down.
    Stop,
    /// Take it down without any grace.
    Kill,
    /// Show it as `stopped` although it never ran: blocked, or no longer wanted.
    Rest,
    /// A reload has changed its definition; true: its probe too.
    Redefine(Box<Spec>, bool),
    /// Its port has no listener.
    PortFree(LifeId),
    /// It has one, or that could not be found out.
    PortBusy(LifeId, Reason),
    /// Its leader exists.
    Spawned(LifeId, u32),
    /// It could not be started.
    SpawnFailed(LifeId, StartProblem),
    /// Its leader has ended; this many others of its processes remain.
    Exited(LifeId, End, usize),
    /// Of the processes that a succeeded oneshot left, this many still run.
    Left(LifeId, usize),
    /// Its pipes have ended, or 200 ms have passed since that was asked for.
    Drained(LifeId),
    /// An attempt has had no answer for this long, and goes on.
    ProbePending(LifeId, Duration),
    /// One attempt failed, with the error of the probe.
    ProbeFailed(LifeId, String),
    /// After a failed attempt: the ports on which the service listens while nobody listens on that of its probe.
    ListensOn(LifeId, Vec<u16>),
    /// An attempt passed, but it was this stranger who answered.
    ProbeStranger(LifeId, Holder),
    /// An attempt passed.
    ProbePassed(LifeId),
    /// Its stop command has ended: `Err` says how it failed.
    StopCommandEnded(LifeId, Result<(), StopCmdFailure>),
    /// A takedown is still waiting for these.
    Remaining(u32, Vec<ProcessInfo>),
    /// At the end of a takedown: processes of no known service, which may belong to this one.
    Unowned(u32, Vec<ProcessInfo>),
    /// A takedown is done: nothing is left.
    Gone(u32),
    /// After a stop, its port is free again; with a reason if another process holds it, or if that is unknown.
    PortReleased(LifeId, Option<Reason>),
    /// After a stop, its port was not released in time by a process of this session.
    PortHeld(LifeId, PortHold),
    /// Time has passed.
    Tick,
}

/// Actions to perform for a service, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceEffect {
    /// Check whether the port has a listener: `PortFree` or `PortBusy`.
    CheckPort(LifeId, u16),
    /// The same where the last life may still hold it: wait for that, 5 s at most.
    AwaitPort(LifeId, u16),
    /// Start the command: `Spawned` or `SpawnFailed`, later `Exited`.
    Spawn(LifeId),
    /// Attempt the probe until it passes: `ProbePending` when an attempt takes long, `ProbeFailed` each time one
    /// does not pass, `ProbePassed`.
    StartProbe(LifeId),
    /// Stop attempting; an attempt under way is ended.
    StopProbe,
    /// Run the stop command: `StopCommandEnded`.
    RunStopCommand(LifeId),
    /// End the stop command with all its descendants.
    EndStopCommand(LifeId),
    /// Take down whatever the service has: `Remaining` as it changes, `Gone` at the end.
    TakeDown(u32, Mode),
    /// How it is to be taken down is another way now.
    UpdateTeardown,
    /// Report when its pipes have ended or 200 ms have passed: `Drained`.
    Drain(LifeId),
    /// The life has ended: stop reading its pipes, publish what they still held.
    Cut,
    /// Wait, 5 s at most, until the port has no listener: `PortReleased` or `PortHeld`.
    AwaitRelease(LifeId, u16),
    /// Write one entry into the service's own log.
    Note(Reason),
    /// The same for the reason of a failure, which is published too.
    NoteFailure(Reason),
    /// Publish the service's present state.
    Publish(Facts),
}
