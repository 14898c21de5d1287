//! One service, from planned to gone: `(state, now, event) → (state, effects)`. Pure.
//!
//! The lifecycle knows nothing of other services. Whether a service may start, and whether a
//! command is accepted, is decided by the orchestrator; what it takes to start and to stop one, here
//! (docs/lifecycle.md, States). Time comes in with the event; [`Lifecycle::deadline`] is the next wake-up.

mod exchange;
mod redefine;
mod running;
mod start;
mod stop;
mod takedown;
mod view;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::exchange::{Event, ServiceEffect};
use self::running::{Failing, Probing};
use self::start::Step;
use self::stop::Stop;
use self::takedown::Takedown;
pub use self::view::{Facts, Rest, Standing};
use crate::facts::{End, Kind, Probe, ProcessInfo, Reason, StopScope, StopSignal};
use crate::process::LifeId;
use crate::runtime::handle::Urgency;

/// Time since the session began. The pure parts never read a clock.
pub type Now = Duration;

/// What of a service's config decides its lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Daemon or oneshot.
    pub kind: Kind,
    /// Its probe, when it has one other than `none`.
    pub probe: Option<ProbeSpec>,
    /// The port to be free before a start and after a stop.
    pub port: Option<u16>,
    /// From the stop signal to SIGKILL.
    pub grace: Duration,
    /// Whether it has a `stopCmd`.
    pub has_stop_command: bool,
    /// The stop signal.
    pub stop_signal: StopSignal,
    /// Who gets the stop signal first.
    pub stop_scope: StopScope,
}

/// What of a probe decides the lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// What it asks.
    pub probe: Probe,
    /// When to give up on it; `None` waits for ever.
    pub timeout: Option<Duration>,
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
    /// A takedown had to be given up: the next start tries again first.
    stuck: bool,
    /// After its last stop its port was not released.
    port_held: bool,
    /// A process of it has run since its port was last waited for.
    may_hold_port: bool,
    /// Processes of no known service at the end of its last stop, which may belong to it.
    unowned: Vec<ProcessInfo>,
    /// What its next life is defined by, where that differs.
    next: Option<Box<Spec>>,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// No life. `clearing`: the takedown of what an earlier life left.
    Down {
        rest: Rest,
        /// Why it failed, or what its stop ran into.
        reason: Option<Reason>,
        clearing: Option<Takedown>,
    },
    /// No process yet. `stop` remembers a stop that came meanwhile.
    Starting {
        life: LifeId,
        step: Step,
        stop: Option<Urgency>,
    },
    /// It has a process, and is not up yet.
    Coming {
        life: LifeId,
        pid: Option<u32>,
        work: Probing,
    },
    /// Up. A oneshot has exited, but may have `left` processes.
    Up {
        life: LifeId,
        pid: Option<u32>,
        left: usize,
    },
    /// The leader has ended unasked; its failure is published when its last lines are in.
    Falling(Failing),
    Stopping(Stop),
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
            stuck: false,
            port_held: false,
            may_hold_port: false,
            unowned: Vec::new(),
            next: None,
            state: State::Down {
                rest,
                reason: None,
                clearing: None,
            },
        }
    }

    /// Applies an event.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<ServiceEffect> {
        let mut effects = Vec::new();
        self.step(now, event, &mut effects);
        effects
    }

    fn step(&mut self, now: Now, event: Event, out: &mut Vec<ServiceEffect>) {
        match event {
            Event::Start => self.start(now, out),
            Event::Stop => self.stop(now, Urgency::Graceful, out),
            Event::Kill => self.stop(now, Urgency::Now, out),
            Event::Rest => self.rest(now, out),
            Event::Redefine(spec, reprobe) => self.redefine(now, *spec, reprobe, out),
            Event::Tick => self.tick(now, out),
            Event::Remaining(round, processes) => {
                if let Some(takedown) = self
                    .takedown_mut()
                    .filter(|takedown| takedown.round == round)
                {
                    takedown.remaining = processes;
                }
            }
            Event::Unowned(round, processes) => self.note_unowned(round, processes, out),
            Event::Gone(round) => self.gone(now, round, out),
            Event::PortFree(life) => self.port_free(life, out),
            Event::PortBusy(life, reason) => self.start_failed(now, life, reason, out),
            Event::SpawnFailed(life, problem) => {
                self.start_failed(now, life, Reason::CannotStart(problem), out);
            }
            Event::Spawned(life, pid) => self.spawned(now, life, pid, out),
            Event::Exited(life, end, left) => self.exited(now, life, end, left, out),
            Event::Left(life, left) => self.left(life, left, out),
            Event::Drained(life) => self.drained(now, life, out),
            Event::ProbePending(life, waited) => self.probe_pending(now, life, waited),
            Event::ProbeFailed(life, error) => self.probe_failed(life, error),
            Event::ListensOn(life, ports) => self.listens_on(life, ports),
            Event::ProbeStranger(life, holder) => self.probe_met(now, life, holder, out),
            Event::ProbePassed(life) => self.probe_passed(now, life, out),
            Event::StopCommandEnded(life, result) => {
                self.stop_command_ended(now, life, result, out);
            }
            Event::PortReleased(life, held) => self.port_settled(now, life, Ok(held), out),
            Event::PortHeld(life, hold) => self.port_settled(now, life, Err(hold), out),
        }
    }

    /// When the next [`Event::Tick`] is due.
    pub fn deadline(&self) -> Option<Now> {
        match &self.state {
            State::Down { clearing, .. } => clearing.as_ref().map(Takedown::deadline),
            State::Starting { step, .. } => step.deadline(),
            State::Coming { work, .. } => work.give_up_at(self.spec.probe.as_ref()),
            State::Up { .. } => None,
            State::Falling(failing) => Some(failing.deadline()),
            State::Stopping(stop) => stop.deadline(),
        }
    }

    fn publish(&self, now: Now, out: &mut Vec<ServiceEffect>) {
        out.push(ServiceEffect::Publish(self.facts(now)));
    }

    fn next_life(&mut self) -> LifeId {
        self.lives += 1;
        // Unique in the session: services and runs each fit their half.
        LifeId(((self.index as u64) << 32) | u64::from(self.lives))
    }

    fn takedown_mut(&mut self) -> Option<&mut Takedown> {
        match &mut self.state {
            State::Down { clearing, .. } => clearing.as_mut(),
            State::Starting { step, .. } => step.takedown_mut(),
            State::Falling(failing) => Some(&mut failing.takedown),
            State::Stopping(stop) => stop.takedown_mut(),
            State::Coming { .. } | State::Up { .. } => None,
        }
    }

    /// Ends in `failed`: published, and written into the service's own log.
    fn fail(
        &mut self,
        now: Now,
        reason: Reason,
        clearing: Option<Takedown>,
        out: &mut Vec<ServiceEffect>,
    ) {
        out.push(ServiceEffect::NoteFailure(reason.clone()));
        self.state = State::Down {
            rest: Rest::Failed,
            reason: Some(reason),
            clearing,
        };
        self.publish(now, out);
    }

    fn tick(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.state {
            State::Up { .. } => {}
            State::Coming { .. } => self.probe_gave_up(now, out),
            State::Falling(_) => self.publish_fall(now, out),
            State::Starting { .. } => self.starting_tick(now, out),
            State::Down { .. } => self.clearing_tick(now, out),
            State::Stopping(_) => self.stopping_tick(now, out),
        }
    }

    /// A stop ends, and the service of these processes is unknown.
    fn note_unowned(
        &mut self,
        round: u32,
        processes: Vec<ProcessInfo>,
        out: &mut Vec<ServiceEffect>,
    ) {
        let stopping = matches!(self.state, State::Stopping(_));
        if stopping && self.takedown_mut().is_some_and(|it| it.round == round) {
            self.unowned.clone_from(&processes);
            out.push(ServiceEffect::Note(Reason::Unowned { processes }));
        }
    }

    /// A takedown has found nothing left.
    fn gone(&mut self, now: Now, round: u32, out: &mut Vec<ServiceEffect>) {
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

/// Whole milliseconds, as facts carry them.
fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
