//! A start (docs/lifecycle.md, Starting): leftovers of the last run, the port, the process.

use super::running::Probing;
use super::stop::{AfterStop, Phase, Stop};
use super::takedown::Takedown;
use super::{Lifecycle, Now, Rest, ServiceEffect, State};
use crate::facts::{Kind, Reason, StartStep};
use crate::process::LifeId;
use crate::runtime::handle::Urgency;

/// What a service on its way up is waiting for.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// What its last life left has to go first.
    Clearing(Takedown),
    /// Its port must have no listener.
    Port,
    Spawning,
}

impl Step {
    pub(super) fn deadline(&self) -> Option<Now> {
        match self {
            Self::Clearing(takedown) => Some(takedown.deadline()),
            Self::Port | Self::Spawning => None,
        }
    }

    pub(super) fn takedown_mut(&mut self) -> Option<&mut Takedown> {
        match self {
            Self::Clearing(takedown) => Some(takedown),
            Self::Port | Self::Spawning => None,
        }
    }

    pub(super) fn reason(&self, now: Now) -> Reason {
        let (step, ending) = match self {
            Self::Clearing(takedown) => (StartStep::Leftovers, Some(takedown.ending(now))),
            Self::Port => (StartStep::Port, None),
            Self::Spawning => (StartStep::Spawn, None),
        };
        Reason::Starting { step, ending }
    }
}

impl Lifecycle {
    pub(super) fn start(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        debug_assert!(
            self.may_start(),
            "the orchestrator starts only what may start"
        );
        let (under_way, has_left) = match &mut self.state {
            State::Down { clearing, .. } => (clearing.take(), self.stuck),
            State::Up { left, .. } if self.spec.kind == Kind::Oneshot => (None, *left > 0),
            _ => return,
        };
        if let Some(spec) = self.next.take() {
            self.spec = *spec;
        }
        let life = self.next_life();
        self.end = None;
        self.port_held = false;
        self.unowned.clear();
        let clearing = match under_way {
            None if has_left => {
                let takedown = self.new_takedown(now, self.first_mode(Urgency::Graceful));
                out.push(takedown.effect());
                Some(takedown)
            }
            under_way => under_way,
        };
        let clear = clearing.is_none();
        self.state = State::Starting {
            life,
            step: clearing.map_or(Step::Port, Step::Clearing),
            stop: None,
        };
        self.publish(now, out);
        if clear {
            self.check_port(life, out);
        }
    }

    fn check_port(&mut self, life: LifeId, out: &mut Vec<ServiceEffect>) {
        let step = if let Some(port) = self.spec.port {
            out.push(if std::mem::take(&mut self.may_hold_port) {
                ServiceEffect::AwaitPort(life, port)
            } else {
                ServiceEffect::CheckPort(life, port)
            });
            Step::Port
        } else {
            out.push(ServiceEffect::Spawn(life));
            Step::Spawning
        };
        self.state = State::Starting {
            life,
            step,
            stop: None,
        };
    }

    /// What the last life left is gone.
    pub(super) fn start_cleared(&mut self, out: &mut Vec<ServiceEffect>) {
        if let State::Starting { life, .. } = self.state {
            out.push(ServiceEffect::Cut);
            self.check_port(life, out);
        }
    }

    pub(super) fn port_free(&mut self, life: LifeId, out: &mut Vec<ServiceEffect>) {
        if let State::Starting {
            life: current,
            step: step @ Step::Port,
            ..
        } = &mut self.state
            && *current == life
        {
            *step = Step::Spawning;
            out.push(ServiceEffect::Spawn(life));
        }
    }

    /// Its port is not free, or its command cannot be started.
    pub(super) fn start_failed(
        &mut self,
        now: Now,
        life: LifeId,
        reason: Reason,
        out: &mut Vec<ServiceEffect>,
    ) {
        if matches!(&self.state, State::Starting { life: current, step: Step::Port | Step::Spawning, .. } if *current == life)
        {
            self.fail(now, reason, None, out);
        }
    }

    pub(super) fn spawned(
        &mut self,
        now: Now,
        life: LifeId,
        pid: u32,
        out: &mut Vec<ServiceEffect>,
    ) {
        let State::Starting {
            life: current,
            step: Step::Spawning,
            stop,
        } = self.state
        else {
            return;
        };
        if current != life {
            return;
        }
        self.may_hold_port = true;
        let pid = Some(pid);
        self.state = match (self.spec.kind, &self.spec.probe) {
            (Kind::Daemon, None) => State::Up { life, pid, left: 0 },
            (Kind::Daemon, Some(_)) => State::Coming {
                life,
                pid,
                work: Probing::probe(now, 0),
            },
            (Kind::Oneshot, _) => State::Coming {
                life,
                pid,
                work: Probing::Working { since: now },
            },
        };
        if let Some(urgency) = stop {
            return self.stop(now, urgency, out);
        }
        self.publish(now, out);
        if matches!(
            self.state,
            State::Coming {
                work: Probing::Probe(_),
                ..
            }
        ) {
            out.push(ServiceEffect::StartProbe(life));
        }
    }

    /// A stop came while it was on its way up.
    pub(super) fn stop_start(&mut self, now: Now, urgency: Urgency, out: &mut Vec<ServiceEffect>) {
        let State::Starting { life, step, stop } = &mut self.state else {
            return;
        };
        match step {
            // No process exists yet, and the result of the port check will be ignored.
            Step::Port => {
                self.state = State::Down {
                    rest: Rest::Stopped,
                    reason: None,
                    clearing: None,
                };
                self.publish(now, out);
            }
            Step::Spawning => *stop = Some(stop.map_or(urgency, |earlier| earlier.max(urgency))),
            Step::Clearing(takedown) => {
                let mut takedown = takedown.clone();
                if urgency == Urgency::Now {
                    takedown.skip_grace(now, out);
                }
                self.state = State::Stopping(Stop {
                    life: *life,
                    pid: None,
                    after: AfterStop::Stopped,
                    phase: Phase::Takedown(takedown),
                });
                self.publish(now, out);
            }
        }
    }

    pub(super) fn starting_tick(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        let State::Starting {
            step: Step::Clearing(takedown),
            ..
        } = &mut self.state
        else {
            return;
        };
        if !takedown.tick(now, out) {
            self.stuck = true;
            let reason = Reason::CouldNotEnd {
                left: takedown.remaining.clone(),
                last_run: true,
            };
            self.fail(now, reason, None, out);
        }
    }

    /// Shown as stopped without ever having been started by the one who asked.
    pub(super) fn rest(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        if let State::Down { rest, reason, .. } = &mut self.state {
            if *rest != Rest::Stopped {
                *reason = None;
                *rest = Rest::Stopped;
            }
            self.publish(now, out);
        }
    }
}
