//! A stop (docs/lifecycle.md, Stopping): stop command, stop signal, SIGKILL, last lines, port.

use std::time::Duration;

use super::running::Probing;
use super::takedown::Takedown;
use super::{Lifecycle, Now, Rest, ServiceEffect, State, ms};
use crate::facts::{Ending as Progress, PortHold, Reason, StopCmdFailure, StopRound, StopScope};
use crate::process::{LifeId, Mode};
use crate::runtime::handle::Urgency;

/// How long a stop command may take.
const STOP_COMMAND_LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(super) struct Stop {
    pub(super) life: LifeId,
    /// Its leader, while that lives.
    pub(super) pid: Option<u32>,
    pub(super) after: AfterStop,
    pub(super) phase: Phase,
}

/// The status after a successful stop.
#[derive(Debug, Clone)]
pub(super) enum AfterStop {
    Stopped,
    /// Its probe did not pass in time.
    Failed(Reason),
}

#[derive(Debug, Clone)]
pub(super) enum Phase {
    Command {
        life: LifeId,
        since: Now,
    },
    Takedown(Takedown),
    /// No process is left; it waits for the last lines and the port.
    Ending(Ending),
}

#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) drained: bool,
    /// `Ok` may have another listener as the reason; `Err`: it was not released.
    pub(super) port: Option<Result<Option<Reason>, PortHold>>,
}

impl Stop {
    pub(super) fn deadline(&self) -> Option<Now> {
        match &self.phase {
            Phase::Command { since, .. } => Some(*since + STOP_COMMAND_LIMIT),
            Phase::Takedown(takedown) => Some(takedown.deadline()),
            Phase::Ending(_) => None,
        }
    }

    pub(super) fn takedown_mut(&mut self) -> Option<&mut Takedown> {
        match &mut self.phase {
            Phase::Takedown(takedown) => Some(takedown),
            Phase::Command { .. } | Phase::Ending(_) => None,
        }
    }

    pub(super) fn reason(&self, now: Now) -> Reason {
        let at = |round| Progress {
            round,
            elapsed_ms: 0,
            grace_ms: None,
            left: Vec::new(),
        };
        let ending = match &self.phase {
            Phase::Command { since, .. } => Progress {
                elapsed_ms: ms(now.saturating_sub(*since)),
                grace_ms: Some(ms(STOP_COMMAND_LIMIT)),
                ..at(StopRound::StopCmd)
            },
            Phase::Takedown(takedown) => takedown.ending(now),
            Phase::Ending(ending) if ending.port.is_none() => at(StopRound::Port),
            Phase::Ending(_) => at(StopRound::Output),
        };
        let failure = match &self.after {
            AfterStop::Stopped => None,
            AfterStop::Failed(reason) => Some(Box::new(reason.clone())),
        };
        // Who asked is known to the orchestrator alone.
        let by = None;
        Reason::Stopping {
            by,
            ending,
            failure,
        }
    }
}

impl Lifecycle {
    pub(super) fn stop(&mut self, now: Now, urgency: Urgency, out: &mut Vec<ServiceEffect>) {
        match &self.state {
            State::Starting { .. } => self.stop_start(now, urgency, out),
            State::Coming { .. } | State::Up { .. } if urgency == Urgency::Graceful => {
                self.begin_stop(now, AfterStop::Stopped, out);
            }
            State::Coming { .. } | State::Up { .. } => {
                self.begin_takedown(now, AfterStop::Stopped, urgency, out);
            }
            State::Stopping(Stop {
                phase: Phase::Command { life, .. },
                ..
            }) if urgency == Urgency::Now => {
                out.push(ServiceEffect::EndStopCommand(*life));
                self.take_down(now, Mode::Kill, out);
            }
            State::Stopping(Stop {
                life,
                phase: Phase::Ending(Ending { port: None, .. }),
                ..
            }) if urgency == Urgency::Now => {
                self.port_settled(now, *life, Ok(None), out);
            }
            State::Down { .. } | State::Falling(_) | State::Stopping(_) => {
                if urgency == Urgency::Now {
                    self.hasten(now, out);
                }
            }
        }
    }

    /// Begins a graceful stop: with the stop command when there is one.
    pub(super) fn begin_stop(&mut self, now: Now, after: AfterStop, out: &mut Vec<ServiceEffect>) {
        if !self.spec.has_stop_command {
            return self.begin_takedown(now, after, Urgency::Graceful, out);
        }
        let Some((life, pid)) = self.leave_running(out) else {
            return;
        };
        let command = self.next_life();
        self.state = State::Stopping(Stop {
            life,
            pid,
            after,
            phase: Phase::Command {
                life: command,
                since: now,
            },
        });
        self.publish(now, out);
        out.push(ServiceEffect::RunStopCommand(command));
    }

    fn begin_takedown(
        &mut self,
        now: Now,
        after: AfterStop,
        urgency: Urgency,
        out: &mut Vec<ServiceEffect>,
    ) {
        let Some((life, pid)) = self.leave_running(out) else {
            return;
        };
        let takedown = self.new_takedown(now, self.first_mode(urgency));
        let effect = takedown.effect();
        self.state = State::Stopping(Stop {
            life,
            pid,
            after,
            phase: Phase::Takedown(takedown),
        });
        self.publish(now, out);
        out.push(effect);
    }

    /// The life to end; stops its probe.
    fn leave_running(&self, out: &mut Vec<ServiceEffect>) -> Option<(LifeId, Option<u32>)> {
        match &self.state {
            State::Coming { life, pid, work } => {
                if matches!(work, Probing::Probe(_)) {
                    out.push(ServiceEffect::StopProbe);
                }
                Some((*life, *pid))
            }
            State::Up { life, pid, .. } => Some((*life, *pid)),
            _ => None,
        }
    }

    pub(super) fn new_takedown(&mut self, now: Now, mode: Mode) -> Takedown {
        self.rounds += 1;
        Takedown::new(self.rounds, now, self.spec.grace, mode)
    }

    /// The mode in which a takedown begins.
    pub(super) fn first_mode(&self, urgency: Urgency) -> Mode {
        match (urgency, self.spec.stop_scope) {
            (Urgency::Now, _) => Mode::Kill,
            (Urgency::Graceful, StopScope::Group) => Mode::Terminate,
            (Urgency::Graceful, StopScope::Leader) => Mode::Leader,
        }
    }

    /// Continues after the stop command.
    fn take_down(&mut self, now: Now, mode: Mode, out: &mut Vec<ServiceEffect>) {
        let takedown = self.new_takedown(now, mode);
        if let State::Stopping(stop) = &mut self.state {
            out.push(takedown.effect());
            stop.phase = Phase::Takedown(takedown);
        }
    }

    pub(super) fn stop_command_ended(
        &mut self,
        now: Now,
        life: LifeId,
        result: Result<(), StopCmdFailure>,
        out: &mut Vec<ServiceEffect>,
    ) {
        let State::Stopping(Stop {
            phase: Phase::Command { life: current, .. },
            ..
        }) = &self.state
        else {
            return;
        };
        if *current != life {
            return;
        }
        match result {
            Ok(()) => self.take_down(now, Mode::Watch, out),
            Err(failure) => {
                out.push(self.stop_command_failed(failure));
                self.take_down(now, self.first_mode(Urgency::Graceful), out);
            }
        }
    }

    fn stop_command_failed(&self, failure: StopCmdFailure) -> ServiceEffect {
        ServiceEffect::Note(Reason::StopCmdFailed {
            failure,
            sending: self.spec.stop_signal,
        })
    }

    pub(super) fn stopping_tick(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        let State::Stopping(stop) = &mut self.state else {
            return;
        };
        match &mut stop.phase {
            Phase::Command { life, .. } => {
                out.push(ServiceEffect::EndStopCommand(*life));
                let limit_ms = ms(STOP_COMMAND_LIMIT);
                let failure = StopCmdFailure::TookTooLong { limit_ms };
                out.push(self.stop_command_failed(failure));
                self.take_down(now, self.first_mode(Urgency::Graceful), out);
            }
            Phase::Takedown(takedown) => {
                if !takedown.tick(now, out) {
                    self.stuck = true;
                    let reason = Reason::CouldNotEnd {
                        left: std::mem::take(&mut takedown.remaining),
                        last_run: false,
                    };
                    out.push(ServiceEffect::Cut);
                    self.fail(now, reason, None, out);
                }
            }
            Phase::Ending(_) => {}
        }
    }

    pub(super) fn stop_gone(&mut self, out: &mut Vec<ServiceEffect>) {
        let State::Stopping(stop) = &mut self.state else {
            return;
        };
        stop.pid = None;
        stop.phase = Phase::Ending(Ending {
            drained: false,
            port: self.spec.port.is_none().then_some(Ok(None)),
        });
        out.push(ServiceEffect::Drain(stop.life));
        if let Some(port) = self.spec.port {
            out.push(ServiceEffect::AwaitRelease(stop.life, port));
        }
    }

    pub(super) fn stop_drained(&mut self, now: Now, life: LifeId, out: &mut Vec<ServiceEffect>) {
        if let State::Stopping(Stop {
            life: current,
            phase: Phase::Ending(ending),
            ..
        }) = &mut self.state
            && *current == life
        {
            ending.drained = true;
            self.finish_stop(now, out);
        }
    }

    pub(super) fn port_settled(
        &mut self,
        now: Now,
        life: LifeId,
        result: Result<Option<Reason>, PortHold>,
        out: &mut Vec<ServiceEffect>,
    ) {
        if let State::Stopping(Stop {
            life: current,
            phase: Phase::Ending(ending),
            ..
        }) = &mut self.state
            && *current == life
        {
            ending.port = Some(result);
            self.finish_stop(now, out);
        }
    }

    fn finish_stop(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        let State::Stopping(Stop {
            after,
            phase:
                Phase::Ending(Ending {
                    drained: true,
                    port: Some(port),
                }),
            ..
        }) = &self.state
        else {
            return;
        };
        let (after, port) = (after.clone(), port.clone());
        self.port_held = port.is_err();
        self.may_hold_port = false;
        out.push(ServiceEffect::Cut);
        match (after, port) {
            (AfterStop::Failed(reason), Ok(_)) => self.fail(now, reason, None, out),
            (AfterStop::Failed(mut reason), Err(hold)) => {
                if let Reason::NotReadyInTime { port, .. } = &mut reason {
                    *port = Some(hold);
                }
                self.fail(now, reason, None, out);
            }
            (AfterStop::Stopped, Err(hold)) => {
                let reason = Reason::PortNotReleased {
                    hold,
                    ours: true,
                    error: None,
                    by: None,
                };
                self.fail(now, reason, None, out);
            }
            (AfterStop::Stopped, Ok(reason)) => {
                self.state = State::Down {
                    rest: Rest::Stopped,
                    reason,
                    clearing: None,
                };
                self.publish(now, out);
            }
        }
    }
}
