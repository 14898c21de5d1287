//! A reload: stops what is removed or has to run anew, in reverse waves of the old plan, then goes on with the
//! definitions of the new one and starts in its waves (docs/lifecycle.md, Reload).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::requests::{Goal, Request, Ticket};
use super::teardown::{Purpose, Teardown};
use super::wants::Want;
use super::{Effect, Now, Orchestrator, Planned, Rest, Standing, Supervised, campaign};
use crate::facts::{NotStarted, Reason, StopCause};
use crate::runtime::handle::{Decision, Rejection};
use crate::runtime::lifecycle::Event;

/// What a changed configuration asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reload {
    /// All services of the new plan. A name that was there before has the index that it had; others follow
    /// without a gap.
    pub services: BTreeMap<usize, Planned>,
    /// The services that were there before and are defined differently.
    pub changed: BTreeMap<usize, Changed>,
}

/// What of a service is defined differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// A process of it has to be replaced.
    pub restart: bool,
    /// Its probe or the limits of that.
    pub ready: bool,
}

/// A reload whose stops are under way.
#[derive(Debug, Clone)]
pub(super) struct Reloading {
    ticket: Ticket,
    reload: Reload,
    stops: BTreeSet<usize>,
    /// Those that run again afterwards.
    starts: BTreeSet<usize>,
}

impl Orchestrator {
    /// Answers a reload; if it is taken on, the answer comes before all it causes.
    pub(super) fn act_reload(
        &mut self,
        now: Now,
        ticket: Ticket,
        reload: Reload,
        out: &mut Vec<Effect>,
    ) {
        if let Err(message) = self.admit_reload() {
            out.push(Effect::Ack(ticket, Decision::Busy(Rejection { message })));
            return;
        }
        out.push(Effect::Ack(ticket, Decision::Accepted));
        let goal = Goal::Reload {
            applied: None,
            unresolved: BTreeSet::new(),
            overtaken: None,
        };
        self.await_request(ticket, Request::all(goal, Vec::new()));
        let live = self.live().into_iter();
        let (kept, removed): (Vec<usize>, Vec<usize>) =
            live.partition(|service| reload.services.contains_key(service));
        let is_restarted = |it: &usize| reload.changed.get(it).is_some_and(|it| it.restart);
        let restarted: BTreeSet<usize> = kept.into_iter().filter(is_restarted).collect();
        let mut starts = restarted.clone();
        starts.retain(|&service| self.is_to_run(service));
        let mut stops: BTreeSet<usize> = restarted.into_iter().chain(removed.clone()).collect();
        stops.retain(|&service| !self.services[service].life.is_clear());
        for service in removed {
            self.overtake(now, service);
            self.unwant(service, StopCause::Reload);
            if self.standing(service) == Standing::Down(Rest::Unknown) {
                self.apply(now, service, Event::Rest, out);
            }
        }
        for &service in &stops {
            self.services[service].again = false;
        }
        let teardown = Teardown::new(self.waves.len(), Purpose::Reload(stops.clone()));
        self.teardown = Some(teardown);
        self.reload = Some(Reloading {
            ticket,
            reload,
            stops,
            starts,
        });
    }

    /// Why a reload cannot be taken on now. A boot that only waits is no reason: the reload may be what
    /// mends a probe.
    pub(super) fn admit_reload(&self) -> Result<(), String> {
        self.admit_any()?;
        let Some(campaign) = &self.campaign else {
            return Ok(());
        };
        let what = match campaign.purpose {
            campaign::Purpose::Boot => "the boot",
            campaign::Purpose::StartAll(_) => "start_all",
            campaign::Purpose::Reload => "a reload",
        };
        for &member in &campaign.members {
            let doing = match self.standing(member) {
                Standing::Starting => "starts",
                Standing::Stopping => "stops",
                Standing::Falling => "ends",
                Standing::Down(_) | Standing::Coming | Standing::Up => continue,
            };
            let name = self.name(member);
            return Err(format!(
                "{what} is in progress, and service {name:?} {doing} just now: try again when that is over"
            ));
        }
        Ok(())
    }

    /// Whether it is up, or meant to be, or was until it failed: the edit may be what mends it.
    fn is_to_run(&self, service: usize) -> bool {
        let Supervised {
            want, stopped_by, ..
        } = &self.services[service];
        match self.standing(service) {
            Standing::Starting | Standing::Coming | Standing::Up | Standing::Falling => true,
            Standing::Down(Rest::Failed) => *want != Want::No || stopped_by.is_none(),
            Standing::Down(_) | Standing::Stopping => *want != Want::No,
        }
    }

    /// All that had to stop has: from here on the new definitions count.
    pub(super) fn apply_reload(&mut self, now: Now, out: &mut Vec<Effect>) {
        let Some(Reloading {
            ticket,
            reload,
            stops,
            mut starts,
        }) = self.reload.take()
        else {
            return;
        };
        for service in self.live() {
            self.services[service].gone = !reload.services.contains_key(&service);
        }
        self.close_wave();
        out.push(Effect::Reloaded(ticket));
        let mut added = BTreeSet::new();
        for (service, planned) in reload.services {
            let is_new = self.services.get(service).is_none_or(|it| it.gone);
            if is_new && planned.at_boot {
                added.insert(service);
            }
            if service < self.len() {
                let changed = reload.changed.get(&service).copied();
                self.redefine(now, service, planned, changed, out);
            } else {
                debug_assert_eq!(service, self.len(), "indices follow without a gap");
                self.services.push(Supervised::new(service, planned));
            }
        }
        self.link();
        // What could not be stopped has failed, and is left.
        starts.retain(|&it| !self.services[it].life.could_not_stop());
        // An added service brings up what nobody has started or stopped so far.
        for service in added {
            let needed = self.closure(service).into_iter();
            starts.extend(
                needed.filter(|&it| it == service || self.services[it].not_started.is_some()),
            );
        }
        self.begin_starts(ticket, &stops, starts);
        // Others may depend on something else now.
        self.dirty.extend(self.live());
    }

    /// Starts these in the waves of the new plan; the reload is over when they have resolved.
    fn begin_starts(&mut self, ticket: Ticket, stops: &BTreeSet<usize>, starts: BTreeSet<usize>) {
        if let Some(Request {
            goal:
                Goal::Reload {
                    applied,
                    unresolved,
                    ..
                },
            unannounced,
        }) = self.requests.get_mut(&ticket)
        {
            let stuck = |it: &&usize| self.services[**it].life.could_not_stop();
            *applied = Some(stops.iter().filter(stuck).chain(&starts).copied().collect());
            unresolved.clone_from(&starts);
            unannounced.clone_from(&starts);
        }
        for &service in &starts {
            // Judged anew: what blocked it before may have been mended.
            self.services[service].blocked_by.clear();
        }
        if self.campaign.is_some() {
            return self.join_campaign(&starts);
        }
        for &service in &starts {
            // However it came to run before: its wave comes first.
            self.services[service].want = Want::No;
        }
        if !starts.is_empty() {
            self.begin_campaign(starts, campaign::Purpose::Reload);
        }
    }

    /// Replaces what is known of a service.
    fn redefine(
        &mut self,
        now: Now,
        index: usize,
        planned: Planned,
        changed: Option<Changed>,
        out: &mut Vec<Effect>,
    ) {
        let service = &mut self.services[index];
        let was_gone = std::mem::take(&mut service.gone);
        let moved = service.wave != planned.wave;
        if was_gone {
            service.not_started = planned.not_started();
            service.stopped_by = None;
        } else if service.not_started.is_some() {
            let because = NotStarted::Reload;
            let now_at_boot = Reason::NotStarted { because };
            service.not_started = planned.not_started().or(Some(now_at_boot));
        }
        service.depends_on = planned.depends_on;
        service.wave = planned.wave;
        service.auto_start = planned.auto_start;
        if was_gone || moved || changed.is_some() {
            let reprobe = changed.is_some_and(|changed| changed.ready);
            let event = Event::Redefine(Box::new(planned.spec), reprobe);
            self.apply(now, index, event, out);
        }
    }

    /// A service that a reload starts may have resolved.
    pub(super) fn reload_note(&mut self, service: usize) {
        let has_resolved = self.has_resolved(service);
        for request in self.requests.values_mut() {
            if let Goal::Reload { unresolved, .. } = &mut request.goal
                && (has_resolved || self.services[service].gone)
            {
                unresolved.remove(&service);
            }
        }
    }
}
