//! One service, from planned to gone: `(state, now, event) → (state, effects)`. Pure.
//!
//! The lifecycle knows nothing of other services. Whether a service may start, and whether a
//! command is taken on, is the orchestrator's business; what it takes to start and to stop one is
//! decided here. Time comes in with the event; what it wants to be woken for is [`Lifecycle::deadline`].
//!
//! The rules are those of SPEC 4.3 (states), 4.4 (processes), 4.5 (stopping) and 4.7 (probes).

mod running;
mod start;
mod stop;
mod takedown;
pub(super) mod words;

use std::time::Duration;

use self::running::{Clearing, Failing, Probing};
use self::start::Step;
use self::stop::Stop;
pub use self::takedown::Takedown;
pub use self::words::signal_name;
use super::status::{PortConflict, ProbeTally, ServiceKind, Status};
use crate::ports::Holder;
use crate::process::{End, LifeId, Mode, ProcessInfo};

/// Time since the session began. The pure parts never read a clock.
pub type Now = Duration;

/// What of a service's config decides its lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Daemon or oneshot.
    pub kind: ServiceKind,
    /// Its probe, when it has one other than `none`.
    pub probe: Option<ProbeSpec>,
    /// The port to be free before a start and after a stop.
    pub port: Option<u16>,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Whether a `stopCmd` is to be run.
    pub has_stop_command: bool,
}

/// What of a probe decides the lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSpec {
    /// For people: `http http://localhost:3002/healthz`.
    pub target: String,
    /// When to give up on it; `None` waits for ever.
    pub timeout: Option<Duration>,
}

/// What happened to a service, or what is wanted of it.
#[derive(Debug, Clone)]
pub enum Event {
    /// Bring it up. Legal when it [`may_start`](Lifecycle::may_start).
    Start,
    /// Take it down. Legal always; without effect when it is down.
    Stop,
    /// Take it down without any grace.
    Kill,
    /// Show it as `stopped` although it never ran: blocked, or no longer wanted.
    Rest,
    /// Nobody listens on its port.
    PortFree(LifeId),
    /// Somebody does, or it could not be found out: words for people, and who it is.
    PortBusy(LifeId, String, Option<Holder>),
    /// Its leader exists.
    Spawned(LifeId, u32),
    /// It could not be started: words for people.
    SpawnFailed(LifeId, String),
    /// Its leader has ended; so many others of it are left.
    Exited(LifeId, End, usize),
    /// Of what a succeeded oneshot has left, so many are still there.
    Left(LifeId, usize),
    /// Its pipes have ended, or 200 ms have passed since that was asked for.
    Drained(LifeId),
    /// One attempt failed: words of the probe.
    ProbeFailed(LifeId, String),
    /// An attempt passed.
    ProbePassed(LifeId),
    /// Its stop command has ended: `Err` says how it failed.
    StopCommandEnded(LifeId, Result<(), String>),
    /// A takedown is still waiting for these.
    Remaining(u32, Vec<ProcessInfo>),
    /// A takedown is done: nothing is left.
    Gone(u32),
    /// After a stop, its port is free again; or somebody else's, in which case words name it.
    PortReleased(LifeId, Option<String>),
    /// After a stop, its port was not released in time: words for people.
    PortHeld(LifeId, String),
    /// Time has passed.
    Tick,
}

/// What is to be done for a service, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Find out whether somebody listens on the port: `PortFree` or `PortBusy`.
    CheckPort(LifeId, u16),
    /// Start the command: `Spawned` or `SpawnFailed`, later `Exited`.
    Spawn(LifeId),
    /// Attempt the probe until it passes: `ProbeFailed` each time it does not, `ProbePassed`.
    StartProbe(LifeId),
    /// Stop attempting; an attempt under way is ended.
    StopProbe,
    /// Run the stop command: `StopCommandEnded`.
    RunStopCommand(LifeId),
    /// End the stop command with all its descendants.
    EndStopCommand(LifeId),
    /// Take down whatever the service has: `Remaining` as it changes, `Gone` at the end.
    TakeDown(u32, Mode),
    /// Report when its pipes have ended or 200 ms have passed: `Drained`.
    Drain(LifeId),
    /// The life is over: stop reading its pipes, publish what they still held.
    Cut,
    /// Wait, 5 s at most, until nobody listens on the port: `PortReleased` or `PortHeld`.
    AwaitRelease(LifeId, u16),
    /// Write one entry into the service's own log.
    Note(String),
    /// The same for the reason of a failure, which is published as its detail too.
    NoteFailure(String),
    /// Publish the service as it is now.
    Publish(Facts),
}

/// What is published of a service beyond its name and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its status.
    pub status: Status,
    /// Whether its terminal startup state is reached.
    pub up: bool,
    /// Words for people.
    pub detail: Option<String>,
    /// The leader's process id while it lives.
    pub pid: Option<u32>,
    /// How its last life ended, when it has.
    pub end: Option<End>,
    /// The probe that is being attempted, or that had not passed when the last life failed.
    pub probe: Option<ProbeTally>,
    /// Who had its port when it was to be started.
    pub port_conflict: Option<PortConflict>,
}

/// Where a service stands, as far as others need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not running, and nothing under way to change that.
    Down(Rest),
    /// On its way up, no process yet (or not known yet).
    Starting,
    /// It has a process and is not up yet.
    Coming,
    /// Its terminal startup state is reached.
    Up,
    /// Its leader is gone and the failure is about to be published.
    Falling,
    /// On its way down.
    Stopping,
}

/// Why a service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Not started yet.
    Unknown,
    /// Stopped, or never wanted.
    Stopped,
    /// Failed.
    Failed,
}

/// One service.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    spec: Spec,
    index: usize,
    /// Runs of commands so far; makes the next [`LifeId`].
    lives: u32,
    /// Takedowns so far; makes the next round.
    rounds: u32,
    /// How the last life ended; cleared by a new one.
    end: Option<End>,
    /// The probe that the last life failed with; cleared by a new one.
    unpassed: Option<ProbeTally>,
    /// Who had its port at the last start; cleared by a new one.
    port_conflict: Option<PortConflict>,
    /// A takedown had to be given up: the next start tries again first.
    stuck: bool,
    /// After its last stop its port was not released.
    port_held: bool,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// No life. `clearing` is what an earlier life left, on its way out.
    Down {
        rest: Rest,
        detail: Option<String>,
        clearing: Option<Clearing>,
    },
    /// On the way to a process. `stop` remembers a stop that came meanwhile.
    Starting {
        life: LifeId,
        step: Step,
        stop: Option<Urge>,
    },
    /// A process, and not up yet.
    Coming {
        life: LifeId,
        pid: Option<u32>,
        work: Probing,
    },
    /// Up. A oneshot has no process of its own any more, but may have `left` some.
    Up {
        life: LifeId,
        pid: Option<u32>,
        left: usize,
    },
    /// The leader has ended unasked; its failure is published when its last lines are in.
    Falling(Failing),
    /// On the way down.
    Stopping(Stop),
}

/// How a stop is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urge {
    Graceful,
    Kill,
}

impl Lifecycle {
    /// A service that is planned, or, when it is not to be started at boot, at rest.
    pub fn new(index: usize, spec: Spec, rest: Rest) -> Self {
        Self {
            spec,
            index,
            lives: 0,
            rounds: 0,
            end: None,
            unpassed: None,
            port_conflict: None,
            stuck: false,
            port_held: false,
            state: State::Down {
                rest,
                detail: None,
                clearing: None,
            },
        }
    }

    /// Lets something happen to it.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.step(now, event, &mut effects);
        effects
    }

    fn step(&mut self, now: Now, event: Event, out: &mut Vec<Effect>) {
        match event {
            Event::Start => self.start(now, out),
            Event::Stop => self.stop(now, Urge::Graceful, out),
            Event::Kill => self.stop(now, Urge::Kill, out),
            Event::Rest => self.rest(now, out),
            Event::Tick => self.tick(now, out),
            Event::Remaining(round, processes) => {
                if let Some(takedown) = self
                    .takedown_mut()
                    .filter(|takedown| takedown.round == round)
                {
                    takedown.remaining = processes;
                }
            }
            Event::Gone(round) => self.gone(now, round, out),
            Event::PortFree(life) => self.port_free(life, out),
            Event::PortBusy(life, words, holder) => {
                self.port_busy(now, life, words, holder, out);
            }
            Event::SpawnFailed(life, words) => self.start_failed(now, life, words, out),
            Event::Spawned(life, pid) => self.spawned(now, life, pid, out),
            Event::Exited(life, end, left) => self.exited(now, life, end, left, out),
            Event::Left(life, left) => self.left(life, left, out),
            Event::Drained(life) => self.drained(now, life, out),
            Event::ProbeFailed(life, words) => self.probe_failed(life, words),
            Event::ProbePassed(life) => self.probe_passed(now, life, out),
            Event::StopCommandEnded(life, result) => {
                self.stop_command_ended(now, life, result, out);
            }
            Event::PortReleased(life, words) => self.port_settled(now, life, Ok(words), out),
            Event::PortHeld(life, words) => self.port_settled(now, life, Err(words), out),
        }
    }

    /// When it wants to be told that time has passed.
    pub fn deadline(&self) -> Option<Now> {
        match &self.state {
            State::Down { clearing, .. } => clearing
                .as_ref()
                .map(|clearing| clearing.takedown.deadline()),
            State::Starting { step, .. } => step.deadline(),
            State::Coming { work, .. } => work.give_up_at(self.spec.probe.as_ref()),
            State::Up { .. } => None,
            State::Falling(failing) => Some(failing.deadline()),
            State::Stopping(stop) => stop.deadline(),
        }
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        match &self.state {
            State::Down { rest, .. } => Standing::Down(*rest),
            State::Starting { .. } => Standing::Starting,
            State::Coming { .. } => Standing::Coming,
            State::Up { .. } => Standing::Up,
            State::Falling(_) => Standing::Falling,
            State::Stopping(_) => Standing::Stopping,
        }
    }

    /// Whether it is down with nothing of an earlier life left or on its way out.
    pub fn is_clear(&self) -> bool {
        matches!(&self.state, State::Down { clearing: None, .. })
    }

    /// Whether [`Event::Start`] is legal: it is down, or a oneshot that may run again.
    pub fn may_start(&self) -> bool {
        match self.state {
            State::Down { .. } => true,
            State::Up { .. } => self.spec.kind == ServiceKind::Oneshot,
            _ => false,
        }
    }

    /// Whether its last stop could not be carried out.
    pub fn could_not_stop(&self) -> bool {
        matches!(self.state, State::Down { .. }) && (self.stuck || self.port_held)
    }

    /// Daemon or oneshot.
    pub fn kind(&self) -> ServiceKind {
        self.spec.kind
    }

    /// Why it failed, when it has: for results and for those it blocks.
    pub fn failure(&self) -> Option<&str> {
        match &self.state {
            State::Down {
                rest: Rest::Failed,
                detail,
                ..
            } => detail.as_deref(),
            _ => None,
        }
    }

    /// The service as it is to be published now.
    pub fn facts(&self, now: Now) -> Facts {
        Facts {
            status: self.status(),
            up: matches!(self.state, State::Up { .. }),
            detail: self.detail(now),
            pid: self.pid(),
            end: self.end,
            probe: self.probe_tally(now),
            port_conflict: self.port_conflict.clone(),
        }
    }

    fn probe_tally(&self, now: Now) -> Option<ProbeTally> {
        match &self.state {
            State::Coming { work, .. } => work.tally(now, self.spec.probe.as_ref()),
            State::Up { .. } => None,
            State::Down { .. }
            | State::Starting { .. }
            | State::Falling(_)
            | State::Stopping(_) => self.unpassed.clone(),
        }
    }

    fn status(&self) -> Status {
        match &self.state {
            State::Down {
                rest: Rest::Unknown,
                ..
            } => Status::Unknown,
            State::Down {
                rest: Rest::Stopped,
                ..
            } => Status::Stopped,
            State::Down {
                rest: Rest::Failed, ..
            } => Status::Failed,
            State::Starting { .. } => Status::Starting,
            State::Coming { .. } => Status::Running,
            State::Up { .. }
                if self.spec.kind == ServiceKind::Daemon && self.spec.probe.is_none() =>
            {
                Status::Running
            }
            State::Up { .. } => Status::Ready,
            State::Falling(failing) => failing.shown,
            State::Stopping(_) => Status::Stopping,
        }
    }

    fn pid(&self) -> Option<u32> {
        match &self.state {
            State::Coming { pid, .. } | State::Up { pid, .. } => *pid,
            State::Stopping(stop) => stop.pid,
            State::Down { .. } | State::Starting { .. } | State::Falling(_) => None,
        }
    }

    /// One line on what it waits for or why it is where it is.
    pub fn detail(&self, now: Now) -> Option<String> {
        match &self.state {
            State::Down { detail, .. } => detail.clone(),
            State::Starting { step, .. } => step.detail(now),
            State::Coming { work, .. } => work.detail(now, self.spec.probe.as_ref()),
            State::Up { left: 0, .. } => None,
            State::Up { left, .. } => Some(format!(
                "left {} running",
                words::count(*left as u64, "process", "processes")
            )),
            State::Falling(failing) => Some(failing.words(false)),
            State::Stopping(stop) => Some(stop.detail(now)),
        }
    }

    /// Whether what is published of it changes with time alone: it waits for something.
    pub fn is_waiting(&self) -> bool {
        match &self.state {
            State::Down { clearing, .. } => clearing.is_some(),
            State::Up { .. } => false,
            State::Starting { .. }
            | State::Coming { .. }
            | State::Falling(_)
            | State::Stopping(_) => true,
        }
    }

    fn publish(&self, now: Now, out: &mut Vec<Effect>) {
        out.push(Effect::Publish(self.facts(now)));
    }

    fn next_life(&mut self) -> LifeId {
        self.lives += 1;
        // Unique in the session: services and runs each fit their half.
        LifeId(((self.index as u64) << 32) | u64::from(self.lives))
    }

    fn next_round(&mut self) -> u32 {
        self.rounds += 1;
        self.rounds
    }

    fn takedown_mut(&mut self) -> Option<&mut Takedown> {
        match &mut self.state {
            State::Down { clearing, .. } => {
                clearing.as_mut().map(|clearing| &mut clearing.takedown)
            }
            State::Starting { step, .. } => step.takedown_mut(),
            State::Falling(failing) => Some(&mut failing.takedown),
            State::Stopping(stop) => stop.takedown_mut(),
            State::Coming { .. } | State::Up { .. } => None,
        }
    }

    /// Ends in `failed`: published, and written into the service's own log.
    fn fail(&mut self, now: Now, words: String, clearing: Option<Clearing>, out: &mut Vec<Effect>) {
        out.push(Effect::NoteFailure(words.clone()));
        self.state = State::Down {
            rest: Rest::Failed,
            detail: Some(words),
            clearing,
        };
        self.publish(now, out);
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.state {
            State::Up { .. } => {}
            State::Coming { .. } => self.probe_gave_up(now, out),
            State::Falling(_) => self.falling_tick(now, out),
            State::Starting { .. } => self.starting_tick(now, out),
            State::Down { .. } => self.clearing_tick(now, out),
            State::Stopping(_) => self.stopping_tick(now, out),
        }
    }

    /// A takedown has found nothing left.
    fn gone(&mut self, now: Now, round: u32, out: &mut Vec<Effect>) {
        if self
            .takedown_mut()
            .is_none_or(|takedown| takedown.round != round)
        {
            return;
        }
        self.stuck = false;
        match &mut self.state {
            State::Down { .. } => self.cleared(out),
            State::Starting { .. } => self.start_cleared(out),
            State::Falling(_) => self.fallen(now, out),
            State::Stopping(_) => self.stop_gone(out),
            State::Coming { .. } | State::Up { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
