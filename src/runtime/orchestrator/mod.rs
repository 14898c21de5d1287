//! All services: what is wanted, what may start, what stops, which requests are answered. Pure.
//!
//! It owns the lifecycles. `(state, now, input) → (state, effects)`: the actor performs the effects
//! in order and reports their results as inputs (docs/lifecycle.md, Commands).
//!
//! Three things decide: *wants* (what each service is meant to be, and whether it may start now),
//! the *campaign* (a boot or a `start_all` on its way up, wave by wave) and the *teardown* (a
//! `stop_all` or the end of the session on its way down, in reverse).

mod actions;
mod campaign;
mod outcomes;
mod reload;
mod requests;
mod teardown;
pub mod trace;
mod wants;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::campaign::Campaign;
use self::reload::Reloading;
pub use self::reload::{Changed, Reload};
use self::requests::Request;
pub use self::requests::Ticket;
use self::teardown::Teardown;
use self::wants::Want;
use super::handle::{Action, Decision, Outcome, Urgency};
use super::lifecycle::{self, Facts, Lifecycle, Now, Rest, Spec, Standing};
use crate::facts::{BootEnd, NotStarted, ProcessInfo, Reason, StopCause};

/// One service, as far as orchestration is concerned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// Its name.
    pub name: Arc<str>,
    /// What decides its lifecycle.
    pub spec: Spec,
    /// Indices of what it depends on.
    pub depends_on: Vec<usize>,
    /// Its layer in the plan.
    pub wave: usize,
    /// Whether `start_all` starts it for its own sake.
    pub auto_start: bool,
    /// Whether boot starts it: because it was selected, or for a dependent.
    pub at_boot: bool,
}

/// What comes in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Input {
    /// Begin the boot.
    Boot,
    /// A client requests an action.
    Act(Ticket, Action),
    /// The configuration was read again, and somebody wants it applied.
    Reload(Ticket, Reload),
    /// Something happened to a service.
    Service(usize, lifecycle::Event),
    /// The session is to end.
    Shutdown(Urgency),
    /// Whether the teardown of the session is to wait.
    HoldTeardown(bool),
    /// All processes have been stopped but these, which could not be ended.
    Finished(#[serde(with = "trace::left")] Vec<ProcessInfo>),
    /// Time has passed: what [`Orchestrator::deadline`] asks for.
    Tick,
}

/// Actions to perform, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Something about one service other than publishing it.
    Service(usize, lifecycle::ServiceEffect),
    /// Publish a service.
    Publish(usize, View),
    /// Answer an action.
    Ack(Ticket, Decision),
    /// Report its outcome.
    Result(Ticket, Outcome),
    /// From here on the definitions of a reload are those that count.
    Reloaded(Ticket),
    /// The boot has resolved.
    BootEnded(BootEnd),
    /// The session ends.
    ShuttingDown,
    /// SIGKILL to everything at once.
    KillAll,
    /// All services are down: stop all remaining processes of the session.
    Finish,
    /// The session has ended; false when something could not be stopped.
    End {
        /// Nothing is left.
        clean: bool,
    },
}

/// A service as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The facts of its lifecycle; the orchestrator completes the reason.
    pub facts: Facts,
    /// Whether it is meant to be up.
    pub wanted: bool,
}

impl Planned {
    /// Why the boot does not start it, when it does not.
    fn not_started(&self) -> Option<Reason> {
        let because = if self.auto_start {
            NotStarted::Only
        } else {
            NotStarted::AutoStart
        };
        (!self.at_boot).then_some(Reason::NotStarted { because })
    }
}

impl Supervised {
    /// One in which nothing has happened yet.
    fn new(index: usize, planned: Planned) -> Self {
        let rest = if planned.at_boot {
            Rest::Unknown
        } else {
            Rest::Stopped
        };
        Self {
            not_started: planned.not_started(),
            name: planned.name,
            gone: false,
            life: Lifecycle::new(index, planned.spec, rest),
            depends_on: planned.depends_on,
            dependents: Vec::new(),
            wave: planned.wave,
            auto_start: planned.auto_start,
            want: Want::No,
            again: false,
            blocked_by: Vec::new(),
            stopped_by: None,
            deadline: None,
        }
    }
}

/// All services of a session, and what is wanted of them.
#[derive(Debug, Clone)]
pub struct Orchestrator {
    services: Vec<Supervised>,
    /// Indices by wave.
    waves: Vec<Vec<usize>>,
    campaign: Option<Campaign>,
    teardown: Option<Teardown>,
    /// A reload whose stops are under way; the teardown is then its.
    reload: Option<Reloading>,
    requests: BTreeMap<Ticket, Request>,
    /// Services whose start has to be decided (again); in order, so that the same config always starts
    /// the same way.
    dirty: BTreeSet<usize>,
    /// When each service wants to be woken, soonest first.
    deadlines: BTreeSet<(Now, usize)>,
    phase: Phase,
    /// The teardown of the session waits for requests under way.
    teardown_held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Live,
    ShuttingDown,
    /// Waiting for the last processes; true when every service could be stopped.
    Finishing {
        clean: bool,
    },
    Over,
}

#[derive(Debug, Clone)]
/// A service with what the session wants of it.
struct Supervised {
    name: Arc<str>,
    /// A reload has removed it. It keeps its index, which it gets back with its name.
    gone: bool,
    life: Lifecycle,
    depends_on: Vec<usize>,
    dependents: Vec<usize>,
    wave: usize,
    auto_start: bool,
    want: Want,
    /// A finished oneshot is to run again.
    again: bool,
    /// Not empty: it is blocked by these.
    blocked_by: Vec<usize>,
    /// Why the boot left it out; until it is wanted or stopped.
    not_started: Option<Reason>,
    /// Who ended its last want, or stopped it after it had failed; `None` when it has never been wanted, or its
    /// failure alone ended that.
    stopped_by: Option<StopCause>,
    /// Its place in `deadlines`.
    deadline: Option<Now>,
}

impl Orchestrator {
    /// A stack in which nothing has happened yet.
    pub fn new(planned: Vec<Planned>) -> Self {
        let services = planned.into_iter().enumerate();
        let mut stack = Self {
            services: services
                .map(|(index, planned)| Supervised::new(index, planned))
                .collect(),
            waves: Vec::new(),
            campaign: None,
            teardown: None,
            reload: None,
            requests: BTreeMap::new(),
            dirty: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            phase: Phase::Live,
            teardown_held: false,
        };
        stack.link();
        stack
    }

    /// Derives waves and dependents from what each service says of itself.
    fn link(&mut self) {
        let live = self.live();
        let waves = live.iter().map(|&it| self.services[it].wave + 1).max();
        self.waves = vec![Vec::new(); waves.unwrap_or(0)];
        for service in &mut self.services {
            service.dependents.clear();
        }
        for service in live {
            self.waves[self.services[service].wave].push(service);
            for dependency in self.services[service].depends_on.clone() {
                self.services[dependency].dependents.push(service);
            }
        }
    }

    /// The services of the plan, sorted by name.
    pub fn live(&self) -> Vec<usize> {
        let mut live: Vec<usize> = (0..self.len()).filter(|&it| !self.is_gone(it)).collect();
        live.sort_by(|&a, &b| self.name(a).cmp(self.name(b)));
        live
    }

    /// Whether a reload has removed it.
    pub fn is_gone(&self, service: usize) -> bool {
        self.services[service].gone
    }

    /// Applies an input.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            // The end of a session can come before its beginning.
            Input::Boot => {
                if self.phase == Phase::Live {
                    self.boot();
                }
            }
            Input::Act(ticket, action) => self.act(now, ticket, action, &mut out),
            Input::Reload(ticket, reload) => self.act_reload(now, ticket, reload, &mut out),
            Input::Service(service, event) => self.apply(now, service, event, &mut out),
            Input::Shutdown(urgency) => self.shutdown(now, urgency, &mut out),
            // Too late, it would hold for ever: who releases it has not seen the shutdown begin.
            Input::HoldTeardown(held) => self.teardown_held = held && self.phase == Phase::Live,
            Input::Finished(left) => self.finished(now, &left, &mut out),
            Input::Tick => self.tick(now, &mut out),
        }
        self.settle(now, &mut out);
        out
    }

    /// When the next [`Input::Tick`] is due.
    pub fn deadline(&self) -> Option<Now> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        while let Some(&(deadline, service)) = self.deadlines.first()
            && deadline <= now
        {
            self.apply(now, service, lifecycle::Event::Tick, out);
            // A tick always moves its deadline; if it did not, this would loop for ever.
            if self.deadlines.first() == Some(&(deadline, service)) {
                self.deadlines.pop_first();
                self.services[service].deadline = None;
            }
        }
    }

    /// The service as it would be published now.
    pub fn view(&self, now: Now, service: usize) -> View {
        let facts = self.services[service].life.facts(now);
        self.complete_view(service, facts)
    }

    /// Whether the published state of a service changes with time alone.
    pub fn is_waiting(&self, service: usize) -> bool {
        let service = &self.services[service];
        service.life.is_waiting()
            || (service.want != Want::No && service.life.standing() != Standing::Up)
    }

    /// How many services there are, those that reloads have removed included.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    fn standing(&self, service: usize) -> Standing {
        self.services[service].life.standing()
    }

    fn is_up(&self, service: usize) -> bool {
        self.standing(service) == Standing::Up
    }

    /// The name of a service.
    pub fn name(&self, service: usize) -> &str {
        &self.services[service].name
    }

    /// Passes an event to a service and applies the consequences.
    fn apply(&mut self, now: Now, service: usize, event: lifecycle::Event, out: &mut Vec<Effect>) {
        let before = self.standing(service);
        let was_clear = self.services[service].life.is_clear();
        let effects = self.services[service].life.handle(now, event);
        self.note_deadline(service);
        let after = self.standing(service);
        if before != after {
            self.standing_changed(service, after);
        }
        for effect in effects {
            match effect {
                lifecycle::ServiceEffect::Publish(facts) => self.publish(service, facts, out),
                other => out.push(Effect::Service(service, other)),
            }
        }
        let is_clear = self.services[service].life.is_clear();
        if is_clear && !was_clear {
            self.request_cleared(service);
        }
        if before != after || was_clear != is_clear {
            self.touched(service);
        }
    }

    fn note_deadline(&mut self, index: usize) {
        let service = &mut self.services[index];
        let wanted = service.life.deadline();
        if service.deadline == wanted {
            return;
        }
        if let Some(old) = service.deadline.take() {
            self.deadlines.remove(&(old, index));
        }
        service.deadline = wanted;
        if let Some(new) = wanted {
            self.deadlines.insert((new, index));
        }
    }

    /// A service has gone up or down: update what is wanted and what is awaited.
    fn standing_changed(&mut self, service: usize, standing: Standing) {
        if standing == Standing::Down(Rest::Failed) {
            // After its own failure it is no longer wanted: services are not restarted automatically.
            self.services[service].want = Want::No;
            self.services[service].again = false;
        }
        if matches!(standing, Standing::Down(_)) {
            self.request_reached_down(service);
        }
    }

    /// A service has changed: its dependents, the campaign and the teardown may go on.
    fn touched(&mut self, service: usize) {
        self.dirty.insert(service);
        let dependents = std::mem::take(&mut self.services[service].dependents);
        self.dirty.extend(&dependents);
        self.services[service].dependents = dependents;
        self.campaign_note(service);
        self.teardown_note(service);
        self.reload_note(service);
    }

    /// Repeats until nothing more follows.
    fn settle(&mut self, now: Now, out: &mut Vec<Effect>) {
        // A request that waited for a stop is answered before another one starts the service again.
        self.answer(now, out);
        loop {
            while let Some(service) = self.dirty.pop_first() {
                self.judge(now, service, out);
            }
            if !(self.advance_campaign(out) || self.advance_teardown(now, out)) {
                break;
            }
        }
        self.answer(now, out);
    }

    fn publish(&mut self, service: usize, facts: Facts, out: &mut Vec<Effect>) {
        let view = self.complete_view(service, facts);
        self.announced(service, view.facts.status);
        out.push(Effect::Publish(service, view));
    }

    fn republish(&mut self, now: Now, service: usize, out: &mut Vec<Effect>) {
        let facts = self.services[service].life.facts(now);
        self.publish(service, facts, out);
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
