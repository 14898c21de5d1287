//! The rules, checked against everything that is published.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::world::World;
use crate::facts::{Code, Reason, Status};
use crate::runtime::handle::{Action, Decision, Outcome, Urgency};
use crate::runtime::lifecycle::{Now, Standing};
use crate::runtime::orchestrator::{
    Effect, Orchestrator, Planned, Reload, Ticket, View, wants::Want,
};

#[derive(Debug, Clone)]
enum Asked {
    Act(Action),
    Reload(Reload),
}

pub(super) struct Checker {
    services: Vec<Planned>,
    /// Those that a reload has removed.
    gone: BTreeSet<usize>,
    /// Whom an accepted reload stops, until its definitions count.
    reloading: Option<BTreeSet<usize>>,
    /// Those that were there from the beginning.
    kept: BTreeSet<usize>,
    /// Reloads whose definitions count.
    applied: BTreeSet<Ticket>,
    /// Accepted when another plan was in force.
    outdated: BTreeSet<Ticket>,
    status: Vec<Status>,
    up: Vec<bool>,
    ever_up: Vec<bool>,
    asked: BTreeMap<Ticket, Asked>,
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
            gone: BTreeSet::new(),
            reloading: None,
            applied: BTreeSet::new(),
            kept: (0..planned.len()).collect(),
            outdated: BTreeSet::new(),
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
        assert!(self.asked.insert(ticket, Asked::Act(action)).is_none());
    }

    pub(super) fn asked_reload(&mut self, ticket: Ticket, reload: &Reload) {
        self.commands += 1;
        self.stops += 1;
        let asked = Asked::Reload(reload.clone());
        assert!(self.asked.insert(ticket, asked).is_none());
    }

    pub(super) fn shutting_down(&mut self, urgency: Urgency) {
        self.going_down = true;
        self.reloading = None;
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
                let asked = self.asked.get(ticket).expect("acknowledged when asked");
                if let (Asked::Reload(reload), Decision::Accepted) = (asked, decision) {
                    assert!(self.reloading.is_none(), "two reloads at a time");
                    self.reloading = Some(self.stopped_by(reload));
                }
                assert!(!self.open.contains_key(ticket));
                if *decision == Decision::Accepted {
                    let seen = (0..self.services.len()).map(|it| self.gone.contains(&it));
                    self.open.insert(*ticket, seen.collect());
                } else {
                    self.asked.remove(ticket);
                }
            }
            Effect::Result(ticket, outcome) => self.answered(*ticket, outcome),
            Effect::Reloaded(ticket) => self.reloaded(*ticket),
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
        assert!(!self.gone.contains(&service), "s{service:02} was removed");
        let (before, after) = (self.status[service], view.facts.status);
        assert!(
            may_follow(before, after),
            "s{service:02}: {before:?} to {after:?}"
        );
        if after == Status::Starting && before != Status::Starting {
            assert!(!self.going_down, "a start after the end has begun");
            assert!(
                self.reloading.is_none(),
                "a start before the stops are over"
            );
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
        if after == Status::Stopping && before != Status::Stopping {
            if let Some(stopped) = &self.reloading {
                self.reload_stops(service, stopped);
            } else if self.in_order() {
                self.above_is_down(service);
            }
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
            .any(|ticket| matches!(self.asked.get(ticket), Some(Asked::Act(Action::StopAll))));
        (self.going_down || stop_all) && !self.urgent
    }

    /// Whom a reload takes down.
    fn stopped_by(&self, reload: &Reload) -> BTreeSet<usize> {
        let restarted = reload.changed.iter().filter(|(_, changed)| changed.restart);
        let mut stopped: BTreeSet<usize> = restarted.map(|(&service, _)| service).collect();
        let all = 0..self.services.len();
        stopped.extend(all.filter(|service| !reload.services.contains_key(service)));
        stopped
    }

    /// A reload touches nobody else, and keeps the order of the old plan.
    fn reload_stops(&self, service: usize, stopped: &BTreeSet<usize>) {
        if self.has_time_limit(service) {
            return;
        }
        assert!(stopped.contains(&service), "s{service:02} had not changed");
        let wave = self.services[service].wave;
        for &other in stopped.iter().filter(|it| !self.gone.contains(it)) {
            assert!(
                self.services.get(other).is_none_or(|it| it.wave <= wave)
                    || matches!(
                        self.status[other],
                        Status::Stopped | Status::Failed | Status::Unknown
                    ),
                "s{service:02} goes down before s{other:02}"
            );
        }
    }

    /// The definitions of a reload are in force.
    fn reloaded(&mut self, ticket: Ticket) {
        let Some(Asked::Reload(reload)) = self.asked.get(&ticket).cloned() else {
            panic!("a reload that nobody asked for");
        };
        assert!(
            self.reloading.take().is_some(),
            "before its ack, or after the end"
        );
        self.applied.insert(ticket);
        for service in (0..self.services.len()).filter(|it| !reload.services.contains_key(it)) {
            self.gone.insert(service);
        }
        for (service, planned) in reload.services {
            self.gone.remove(&service);
            if let Some(known) = self.services.get_mut(service) {
                *known = planned;
                continue;
            }
            self.status.push(if planned.at_boot {
                Status::Unknown
            } else {
                Status::Stopped
            });
            self.up.push(false);
            self.ever_up.push(false);
            self.services.push(planned);
        }
        for seen in self.open.values_mut() {
            seen.resize(self.services.len(), true);
            for &service in &self.gone {
                seen[service] = true;
            }
        }
        let others = self.open.keys().filter(|&&it| it != ticket);
        self.outdated.extend(others);
    }

    /// Its own time limit may end it, whatever else is under way.
    fn has_time_limit(&self, service: usize) -> bool {
        let probe = self.services[service].spec.probe.as_ref();
        probe.is_some_and(|probe| probe.timeout.is_some())
    }

    fn above_is_down(&self, service: usize) {
        if self.has_time_limit(service) {
            return;
        }
        let wave = self.services[service].wave;
        for (other, planned) in self.services.iter().enumerate() {
            if planned.wave > wave && !self.gone.contains(&other) {
                assert!(
                    matches!(self.status[other], Status::Stopped | Status::Failed),
                    "s{service:02} goes down before s{other:02}"
                );
            }
        }
    }

    fn answered(&mut self, ticket: Ticket, outcome: &Outcome) {
        let asked = self.asked.remove(&ticket);
        let asked = asked.expect("answered once, and only when asked");
        let seen = self.open.remove(&ticket).expect("an answer after the ack");
        let done = *outcome == Outcome::Done;
        let action = match asked {
            Asked::Act(action) => action,
            Asked::Reload(reload) => {
                assert!(
                    !done || self.applied.contains(&ticket),
                    "done before it was applied"
                );
                // With nothing else going on, all that it adds is up.
                for (&service, planned) in &reload.services {
                    let is_added = planned.at_boot && !reload.changed.contains_key(&service);
                    let alone = self.commands == 1 && is_added && !self.kept.contains(&service);
                    assert!(
                        !done || !alone || self.ever_up[service],
                        "s{service:02} is not up"
                    );
                }
                return;
            }
        };
        let is_outdated = self.outdated.remove(&ticket);
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
                && !is_outdated
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
