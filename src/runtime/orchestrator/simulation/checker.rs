//! The rules, checked against everything that is published.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::World;
use crate::facts::{Code, Reason, Status};
use crate::runtime::handle::{Action, Decision, Outcome, Urgency};
use crate::runtime::lifecycle::{Now, Standing};
use crate::runtime::orchestrator::{Effect, Orchestrator, Planned, Ticket, View, wants::Want};

pub(super) struct Checker {
    services: Vec<Planned>,
    status: Vec<Status>,
    up: Vec<bool>,
    ever_up: Vec<bool>,
    asked: BTreeMap<Ticket, Action>,
    /// Accepted and not answered: which services have shown a resting status since.
    open: BTreeMap<Ticket, Vec<bool>>,
    going_down: bool,
    /// All at once, then: no order to keep.
    urgent: bool,
    boot_ended: usize,
    commands: usize,
    /// How many of them may take something down.
    stops: usize,
    ended: Option<bool>,
}

#[expect(
    clippy::unnested_or_patterns,
    reason = "one line a status reads as the table it is"
)]
fn may_follow(before: Status, after: Status) -> bool {
    use Status::{Failed, Ready, Running, Starting, Stopped, Stopping, Unknown};
    match (before, after) {
        // A repeated status is legal where 4.6 asks for it, never while something is under way.
        (Unknown | Stopped | Failed | Running | Ready, same) if same == before => true,
        (Unknown, Starting | Stopped)
        | (Starting, Running | Failed | Stopped | Stopping)
        | (Ready, Failed | Stopping | Starting)
        | (Running, Ready | Failed | Stopping)
        | (Stopping, Stopped | Failed)
        | (Stopped, Starting)
        | (Failed, Starting | Stopped) => true,
        _ => false,
    }
}

impl Checker {
    pub(super) fn new(planned: &[Planned]) -> Self {
        Self {
            services: planned.to_vec(),
            status: planned
                .iter()
                .map(|s| {
                    if s.at_boot {
                        Status::Unknown
                    } else {
                        Status::Stopped
                    }
                })
                .collect(),
            up: vec![false; planned.len()],
            ever_up: vec![false; planned.len()],
            asked: BTreeMap::new(),
            open: BTreeMap::new(),
            going_down: false,
            urgent: false,
            boot_ended: 0,
            commands: 0,
            stops: 0,
            ended: None,
        }
    }

    pub(super) fn asked(&mut self, ticket: Ticket, action: Action) {
        self.commands += 1;
        self.stops += usize::from(!matches!(action, Action::Start(_) | Action::StartAll));
        assert!(self.asked.insert(ticket, action).is_none());
    }

    pub(super) fn shutting_down(&mut self, urgency: Urgency) {
        self.going_down = true;
        self.stops += 1;
        self.urgent |= urgency == Urgency::Now;
    }

    pub(super) fn saw(&mut self, effect: &Effect) {
        let refusal = matches!(effect, Effect::Ack(_, Decision::Busy(_)));
        assert!(
            self.ended.is_none() || refusal,
            "only refusals come after the end: {effect:?}"
        );
        match effect {
            Effect::Publish(service, view) => self.published(*service, view),
            Effect::Ack(ticket, decision) => {
                assert!(self.asked.contains_key(ticket));
                assert!(!self.open.contains_key(ticket));
                if *decision == Decision::Accepted {
                    self.open.insert(*ticket, vec![false; self.services.len()]);
                } else {
                    self.asked.remove(ticket);
                }
            }
            Effect::Result(ticket, outcome) => self.answered(*ticket, outcome),
            Effect::BootEnded(end) => {
                self.boot_ended += 1;
                assert_eq!(self.boot_ended, 1, "a boot ends once");
                if !end.cancelled && self.commands == 0 {
                    for (service, planned) in self.services.iter().enumerate() {
                        assert!(!planned.at_boot || self.has_resolved(service));
                    }
                    // One whose leader has just ended is not counted as up, and not yet published as failed.
                    assert!(end.up <= self.up.iter().filter(|&&up| up).count());
                }
            }
            Effect::End { clean } => self.ended = Some(*clean),
            _ => {}
        }
    }

    fn published(&mut self, service: usize, view: &View) {
        let (before, after) = (self.status[service], view.facts.status);
        assert!(
            may_follow(before, after),
            "s{service:02}: {before:?} to {after:?}"
        );
        if after == Status::Starting && before != Status::Starting {
            assert!(!self.going_down, "a start after the end has begun");
            for &dependency in &self.services[service].depends_on {
                assert!(
                    self.up[dependency],
                    "s{service:02} starts before s{dependency:02} is up"
                );
            }
            if self.commands == 0 && self.boot_ended == 0 {
                self.wave_has_come(service);
            }
        }
        if after == Status::Stopping && before != Status::Stopping && self.in_order() {
            self.above_is_down(service);
        }
        let reason = view.facts.reason.as_ref();
        let blocked_by = reason.map(Reason::blocked_by).unwrap_or_default();
        if reason.map(Reason::code) == Some(Code::Blocked) {
            assert!(after == Status::Stopped, "a blocked service shows stopped");
            assert!(!blocked_by.is_empty(), "blocked by nobody");
            for cause in blocked_by {
                let index = self.services.iter().position(|it| it.name == cause.service);
                let index = index.expect("blocked by a service");
                assert!(!self.up[index], "blocked by one that is up");
                let failed = self.status[index] == Status::Failed;
                assert_eq!(failed, cause.has_failed(), "{cause:?}");
            }
        }
        match after {
            Status::Failed | Status::Stopping | Status::Starting => {
                assert!(reason.is_some(), "s{service:02} is {after:?} for no reason");
            }
            _ => {}
        }
        self.status[service] = after;
        self.up[service] = view.facts.up;
        self.ever_up[service] |= view.facts.up;
        if matches!(
            after,
            Status::Running | Status::Ready | Status::Stopped | Status::Failed
        ) {
            for seen in self.open.values_mut() {
                seen[service] = true;
            }
        }
    }

    /// All that a service depends on, and itself.
    fn closure(&self, service: usize) -> Vec<usize> {
        let mut closure = vec![service];
        let mut at = 0;
        while let Some(&next) = closure.get(at) {
            at += 1;
            for &dependency in &self.services[next].depends_on {
                if !closure.contains(&dependency) {
                    closure.push(dependency);
                }
            }
        }
        closure
    }

    /// In a boot nobody interferes with, a wave starts when the one before it has resolved.
    fn wave_has_come(&self, service: usize) {
        let wave = self.services[service].wave;
        for (other, planned) in self.services.iter().enumerate() {
            if planned.at_boot && planned.wave < wave {
                assert!(
                    self.has_resolved(other),
                    "s{service:02} starts before s{other:02} has resolved"
                );
            }
        }
    }

    /// Once up is resolved, whatever it does later.
    fn has_resolved(&self, service: usize) -> bool {
        let status = self.status[service];
        self.ever_up[service] || matches!(status, Status::Failed | Status::Stopped)
    }

    /// Whether services go down in reverse waves just now.
    fn in_order(&self) -> bool {
        let stop_all = self
            .open
            .keys()
            .any(|ticket| self.asked.get(ticket) == Some(&Action::StopAll));
        (self.going_down || stop_all) && !self.urgent
    }

    fn above_is_down(&self, service: usize) {
        if self.services[service]
            .spec
            .probe
            .as_ref()
            .is_some_and(|probe| probe.timeout.is_some())
        {
            // Its own time limit may have ended it, whatever the teardown was at.
            return;
        }
        let wave = self.services[service].wave;
        for (other, planned) in self.services.iter().enumerate() {
            if planned.wave > wave {
                assert!(
                    matches!(self.status[other], Status::Stopped | Status::Failed),
                    "s{service:02} goes down before s{other:02}"
                );
            }
        }
    }

    fn answered(&mut self, ticket: Ticket, outcome: &Outcome) {
        let action = self
            .asked
            .remove(&ticket)
            .expect("answered once, and only when asked");
        let seen = self.open.remove(&ticket).expect("an answer after the ack");
        let done = *outcome == Outcome::Done;
        // As published: the stack itself may be further on already.
        let up = |service: usize| self.up[service];
        let down =
            |service: usize| matches!(self.status[service], Status::Stopped | Status::Failed);
        match action {
            Action::Start(service) | Action::Restart(service) => {
                assert!(seen[service], "no status between ack and result");
                assert!(
                    !done || up(service),
                    "a start is done and the service is not up"
                );
            }
            Action::Stop(service) => {
                assert!(seen[service], "no status between ack and result");
                assert!(
                    !done || down(service),
                    "a stop is done and the service is not down"
                );
            }
            Action::StartAll | Action::StopAll | Action::Shutdown(_) => {
                let on_its_way = |service: usize| !down(service) && !up(service);
                let named = (0..seen.len()).all(|service| seen[service] || on_its_way(service));
                assert!(named, "not every service was named");
                if done && action != Action::StartAll {
                    assert!((0..seen.len()).all(down));
                }
            }
        }
        if let Outcome::Failed {
            message,
            failed_services,
        } = outcome
        {
            assert!(!message.is_empty());
            assert!(failed_services.is_sorted());
            if self.stops == 0 && matches!(action, Action::Start(_)) {
                // Nobody stopped anything, so a start wants all it needs up, and only a failure
                // can be in its way.
                let failed = |name: &std::sync::Arc<str>| {
                    self.services
                        .iter()
                        .position(|planned| planned.name == *name)
                        .is_some_and(|service| self.status[service] == Status::Failed)
                };
                assert!(failed_services.iter().any(failed), "{message}");
            }
            if let Action::Start(service) = action
                && !failed_services.is_empty()
            {
                // A start wants all it needs anew: what keeps it down has shown so since its ack.
                let is_down = |&member: &usize| seen[member] && down(member);
                let mut causes = self
                    .closure(service)
                    .into_iter()
                    .filter(|&it| it != service);
                assert!(
                    self.status[service] == Status::Failed || causes.any(|it| is_down(&it)),
                    "s{service:02} is answered by what was before its start: {message}"
                );
            }
        }
    }

    /// After every step.
    pub(super) fn between(&self, stack: &Orchestrator, has_processes: impl Fn(usize) -> bool) {
        for service in 0..self.services.len() {
            let facts = stack.services[service].life.facts(Now::ZERO);
            if facts.reason.as_ref().map(Reason::code) == Some(Code::Stranger) {
                assert!(!facts.up, "s{service:02} is up by a stranger");
            }
            if stack.services[service].life.is_clear()
                && !stack.services[service].life.could_not_stop()
            {
                assert!(
                    !has_processes(service),
                    "a process without an owner: s{service:02}"
                );
            }
        }
    }

    /// When nothing is left to happen.
    pub(super) fn at_rest(&self, stack: &Orchestrator, ended: bool) {
        assert!(
            self.open.is_empty(),
            "never answered: {:?}",
            self.open.keys()
        );
        assert!(
            self.asked.is_empty(),
            "never acknowledged: {:?}",
            self.asked
        );
        assert_eq!(self.boot_ended, 1, "the boot has not resolved");
        assert_eq!(self.ended.is_some(), ended);
        for (index, service) in stack.services.iter().enumerate() {
            if service.want == Want::No || !matches!(service.life.standing(), Standing::Down(_)) {
                continue;
            }
            let ready = service
                .depends_on
                .iter()
                .all(|&dependency| stack.is_up(dependency));
            assert!(!ready, "s{index:02} is wanted and could start");
            assert!(
                !service.blocked_by.is_empty(),
                "s{index:02} is wanted, down and not blocked"
            );
        }
    }

    pub(super) fn within(&self, began: Now, ended: Now) {
        let waves = self
            .services
            .iter()
            .map(|service| service.wave + 1)
            .max()
            .unwrap_or(0);
        // Stop command, grace, the last signal, SIGKILL, port.
        let slowest = Duration::from_secs(30 + 8 + 2 + 5 + 5 + 1);
        let limit = slowest * u32::try_from(waves).expect("few waves");
        assert!(
            ended.saturating_sub(began) <= limit,
            "the end took {:?}",
            ended.saturating_sub(began)
        );
    }

    pub(super) fn over(&self, world: &World) {
        assert!(world.finished);
        let left = (0..self.services.len()).any(|service| world.has_processes(service));
        for service in 0..self.services.len() {
            assert!(
                !world.has_processes(service) || world.is_immortal(service),
                "s{service:02} outlives the session"
            );
        }
        assert!(
            !(left && self.ended == Some(true)),
            "a clean end with something left"
        );
    }
}
