//! The world as the script has it: processes, probes, ports and their answers, on a virtual clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::script::{Behaviour, Configured, Outcome, Passes, Script, StopCommand};
use crate::facts::{
    End, Holder, PortHold, ProcessInfo, Reason, StartProblem, StopCmdFailure, SurvivalReason,
};
use crate::process::{LifeId, Mode};
use crate::runtime::lifecycle::{self, Event, Now};
use crate::runtime::orchestrator::{Effect, Input};

pub(super) struct World {
    services: Vec<SimulatedService>,
    /// What will happen, by time and order of planning.
    agenda: BTreeMap<(Now, u64), What>,
    planned: u64,
    pub(super) finished: bool,
    /// Every probe passes in the end.
    settles: bool,
}

struct SimulatedService {
    behaviour: Behaviour,
    pub leader: Option<LifeId>,
    left: usize,
    /// The last life, when that was a oneshot's and ended well.
    succeeded: Option<LifeId>,
    takedown: Option<(u32, Mode)>,
    probe: Option<(LifeId, u8)>,
    stop_command: Option<LifeId>,
}

#[derive(Debug, Clone)]
enum What {
    Say(Input),
    Spawned(usize, LifeId),
    Work(usize, LifeId),
    Attempt(usize, LifeId),
    Die(usize, Mode),
    StopCommand(usize, LifeId),
}

impl SimulatedService {
    fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            leader: None,
            left: 0,
            succeeded: None,
            takedown: None,
            probe: None,
            stop_command: None,
        }
    }
}

impl World {
    pub(super) fn new(script: &Script) -> Self {
        let services = script
            .services
            .iter()
            .map(|behaviour| SimulatedService::new(behaviour.clone()))
            .collect();
        Self {
            services,
            agenda: BTreeMap::new(),
            planned: 0,
            finished: false,
            settles: false,
        }
    }

    pub(super) fn next_at(&self) -> Option<Now> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn has_processes(&self, service: usize) -> bool {
        let service = &self.services[service];
        service.leader.is_some() || service.left > 0
    }

    pub(super) fn is_immortal(&self, service: usize) -> bool {
        self.services[service].behaviour.immortal
    }

    /// Probes that never pass would attempt for ever: let them pass, so that the run comes to rest.
    pub(super) fn settle_endless(&mut self) {
        self.settles = true;
        for service in &mut self.services {
            if service.behaviour.probe == Some(Passes::Never) {
                service.behaviour.probe = Some(Passes::AfterFailing(0));
            }
        }
    }

    /// From here on services behave as they are configured now.
    pub(super) fn redefine(&mut self, configured: &Configured) {
        for (service, behaviour) in configured.services.iter().enumerate() {
            match self.services.get_mut(service) {
                Some(service) => service.behaviour.clone_from(behaviour),
                None => self.services.push(SimulatedService::new(behaviour.clone())),
            }
        }
        if self.settles {
            self.settle_endless();
        }
    }

    fn plan(&mut self, at: Now, what: What) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), what);
    }

    fn say(&mut self, at: Now, service: usize, event: Event) {
        self.plan(at, What::Say(Input::Service(service, event)));
    }

    /// A leader ends.
    pub(super) fn exit(&mut self, service: usize, end: End, extra: usize) -> Option<Input> {
        let entry = &mut self.services[service];
        let life = entry.leader.take()?;
        entry.left += extra;
        entry.succeeded = (entry.behaviour.oneshot && end == End::Code(0)).then_some(life);
        Some(Input::Service(
            service,
            Event::Exited(life, end, entry.left),
        ))
    }

    /// One of what a succeeded oneshot has left ends by itself.
    pub(super) fn leave(&mut self, service: usize) -> Option<Input> {
        let entry = &mut self.services[service];
        let life = entry.succeeded.filter(|_| entry.leader.is_none())?;
        if entry.left == 0 || entry.takedown.is_some() || entry.behaviour.immortal {
            return None;
        }
        entry.left -= 1;
        Some(Input::Service(service, Event::Left(life, entry.left)))
    }

    /// The next thing of the agenda, as it reaches the stack.
    pub(super) fn pop(&mut self, now: Now) -> Option<Input> {
        let ((_, _), what) = self.agenda.pop_first()?;
        match what {
            What::Say(input) => Some(input),
            What::Spawned(service, life) => {
                let entry = &mut self.services[service];
                entry.leader = Some(life);
                if entry.behaviour.oneshot {
                    let work = Duration::from_millis(u64::from(entry.behaviour.work_ms));
                    self.plan(now + work, What::Work(service, life));
                }
                Some(Input::Service(service, Event::Spawned(life, 7)))
            }
            What::Work(service, life) if self.services[service].leader == Some(life) => {
                let Behaviour {
                    exit_code, left, ..
                } = self.services[service].behaviour;
                self.exit(service, End::Code(exit_code), left)
            }
            What::Work(..) => None,
            What::Attempt(service, life) => self.attempt(now, service, life),
            What::Die(service, mode) => self.die(now, service, mode),
            What::StopCommand(service, life) => self.stop_command(now, service, life),
        }
    }

    fn attempt(&mut self, now: Now, service: usize, life: LifeId) -> Option<Input> {
        let entry = &mut self.services[service];
        let (current, failed) = entry.probe?;
        if current != life {
            return None;
        }
        if matches!(entry.behaviour.probe, Some(Passes::AfterFailing(needed)) if failed >= needed) {
            entry.probe = None;
            return Some(Input::Service(service, Event::ProbePassed(life)));
        }
        entry.probe = Some((life, failed.saturating_add(1)));
        let event = if entry.behaviour.answered == Outcome::Fails && failed % 2 == 0 {
            Event::ProbeStranger(life, HELD.holder)
        } else {
            Event::ProbeFailed(life, "connection refused".to_owned())
        };
        self.plan(
            now + Duration::from_millis(200),
            What::Attempt(service, life),
        );
        Some(Input::Service(service, event))
    }

    fn die(&mut self, now: Now, service: usize, mode: Mode) -> Option<Input> {
        let entry = &mut self.services[service];
        let (round, current) = entry.takedown?;
        if current < mode || entry.behaviour.immortal {
            return None;
        }
        entry.left = 0;
        let exited = self.exit(
            service,
            End::Signal(if mode == Mode::Kill { 9 } else { 15 }),
            0,
        );
        self.services[service].takedown = None;
        self.say(now, service, Event::Gone(round));
        exited
    }

    fn stop_command(&mut self, now: Now, service: usize, life: LifeId) -> Option<Input> {
        let entry = &mut self.services[service];
        if entry.stop_command != Some(life) {
            return None;
        }
        entry.stop_command = None;
        let kind = entry.behaviour.stop_command?;
        let result = if kind == StopCommand::Fails {
            Err(StopCmdFailure::Ended(End::Code(1)))
        } else {
            Ok(())
        };
        self.say(now, service, Event::StopCommandEnded(life, result));
        if kind == StopCommand::Works && !self.services[service].behaviour.immortal {
            self.services[service].left = 0;
            return self.exit(service, End::Code(0), 0);
        }
        None
    }

    pub(super) fn perform(&mut self, effect: Effect, now: Now) {
        match effect {
            Effect::Service(service, effect) => self.perform_for(service, &effect, now),
            Effect::Finish => {
                assert!(!self.finished, "finished twice");
                self.finished = true;
                let left = (0..self.services.len())
                    .filter(|&service| self.has_processes(service))
                    .map(|service| process(service, None))
                    .collect();
                self.plan(now, What::Say(Input::Finished(left)));
            }
            _ => {}
        }
    }

    fn perform_for(&mut self, service: usize, effect: &lifecycle::ServiceEffect, now: Now) {
        let latency = Duration::from_millis(u64::from(self.services[service].behaviour.latency_ms));
        let soon = now + latency;
        let behaviour = self.services[service].behaviour.clone();
        match *effect {
            lifecycle::ServiceEffect::CheckPort(life, _)
            | lifecycle::ServiceEffect::AwaitPort(life, _) => self.say(
                soon,
                service,
                match behaviour.port {
                    Some(Outcome::Fails) => Event::PortBusy(life, Reason::PortInUse(HELD)),
                    _ => Event::PortFree(life),
                },
            ),
            lifecycle::ServiceEffect::Spawn(life) => {
                assert!(
                    !self.has_processes(service) || behaviour.immortal,
                    "a second life while something of the first is left"
                );
                if behaviour.spawn == Outcome::Works {
                    self.plan(soon, What::Spawned(service, life));
                } else {
                    self.say(
                        soon,
                        service,
                        Event::SpawnFailed(
                            life,
                            StartProblem::System {
                                error: "no such command".to_owned(),
                            },
                        ),
                    );
                }
            }
            lifecycle::ServiceEffect::StartProbe(life) => {
                assert!(
                    self.services[service].probe.is_none(),
                    "two probes at a time"
                );
                self.services[service].probe = Some((life, 0));
                self.plan(soon, What::Attempt(service, life));
            }
            lifecycle::ServiceEffect::StopProbe => self.services[service].probe = None,
            lifecycle::ServiceEffect::RunStopCommand(life) => {
                assert!(
                    self.services[service].stop_command.is_none(),
                    "two stop commands at a time"
                );
                self.services[service].stop_command = Some(life);
                if behaviour.stop_command != Some(StopCommand::Hangs) {
                    self.plan(soon, What::StopCommand(service, life));
                }
            }
            lifecycle::ServiceEffect::EndStopCommand(_) => {
                self.services[service].stop_command = None;
            }
            lifecycle::ServiceEffect::TakeDown(round, mode) => {
                self.take_down(service, round, mode, now, &behaviour);
            }
            lifecycle::ServiceEffect::Drain(life) => self.say(
                now + latency.min(Duration::from_millis(200)),
                service,
                Event::Drained(life),
            ),
            lifecycle::ServiceEffect::AwaitRelease(life, _) => match behaviour.release {
                Outcome::Works => self.say(soon, service, Event::PortReleased(life, None)),
                Outcome::Fails => self.say(
                    now + Duration::from_secs(5),
                    service,
                    Event::PortHeld(life, HELD),
                ),
            },
            lifecycle::ServiceEffect::Cut
            | lifecycle::ServiceEffect::UpdateTeardown
            | lifecycle::ServiceEffect::Note(_)
            | lifecycle::ServiceEffect::NoteFailure(_)
            | lifecycle::ServiceEffect::Publish(_) => {}
        }
    }

    fn take_down(
        &mut self,
        service: usize,
        round: u32,
        mode: Mode,
        now: Now,
        behaviour: &Behaviour,
    ) {
        if !self.has_processes(service) {
            self.services[service].takedown = None;
            return self.say(now, service, Event::Gone(round));
        }
        self.services[service].takedown = Some((round, mode));
        if behaviour.immortal {
            let process = process(service, Some(SurvivalReason::OtherUser));
            return self.say(now, service, Event::Remaining(round, vec![process]));
        }
        let delay = match mode {
            Mode::Watch => return,
            Mode::Leader if behaviour.leader_first == Some(Outcome::Fails) => return,
            Mode::Leader | Mode::Terminate => behaviour.term_ms,
            Mode::Kill => Some(0),
        };
        if let Some(delay) = delay {
            self.plan(
                now + Duration::from_millis(u64::from(delay)),
                What::Die(service, mode),
            );
        }
    }
}

fn process(service: usize, why: Option<SurvivalReason>) -> ProcessInfo {
    ProcessInfo {
        pid: 7,
        name: "x".to_owned(),
        user: 0,
        user_name: None,
        service: Some(service),
        why,
    }
}

const HELD: PortHold = PortHold {
    port: 1,
    holder: Holder {
        pid: Some(4),
        name: None,
    },
};
