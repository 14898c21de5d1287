//! What each service is meant to be, and whether it may start now (docs/lifecycle.md, Up and wanted).

use std::collections::BTreeSet;

use super::{Effect, Orchestrator, View};
use crate::facts::{BlockedBy, Code, Reason, Status, StopCause};
use crate::runtime::lifecycle::{Event, Facts, Now, Rest, Standing};

/// Whether a service is wanted, and what binds its start besides its dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It is left as it is.
    No,
    /// By a boot or a `start_all`: its wave has to come first.
    InItsWave,
    /// By an explicit start, or its wave has come: its own dependencies alone count.
    Now,
}

/// What a dependency means for the start of its dependents.
enum Prospect {
    Up,
    /// It is on its way, or will be.
    Awaited,
    /// It is down, and nothing is going to start it.
    Lost,
}

impl Orchestrator {
    /// A service and all it depends on, sorted.
    pub(super) fn closure(&self, service: usize) -> Vec<usize> {
        let mut seen = BTreeSet::from([service]);
        let mut open = vec![service];
        while let Some(next) = open.pop() {
            for &dependency in &self.services[next].depends_on {
                if seen.insert(dependency) {
                    open.push(dependency);
                }
            }
        }
        seen.into_iter().collect()
    }

    pub(super) fn want(&mut self, service: usize, want: Want) {
        let entry = &mut self.services[service];
        // An explicit start frees a service from its wave; a wave never binds it again.
        if entry.want == Want::Now && want == Want::InItsWave {
            return;
        }
        entry.want = want;
        entry.stopped_by = None;
        entry.not_started = None;
        // Decided anew: the earlier cause may have been fixed.
        entry.blocked_by.clear();
        self.touched(service);
    }

    /// Nothing is to start it any more. What is down already stays as it came to be down.
    pub(super) fn unwant(&mut self, service: usize, by: StopCause) {
        let entry = &mut self.services[service];
        let standing = entry.life.standing();
        let rests = matches!(standing, Standing::Down(Rest::Stopped | Rest::Failed));
        if entry.want != Want::No || !rests {
            entry.stopped_by = Some(by);
            entry.not_started = None;
        } else if standing == Standing::Down(Rest::Failed) {
            entry.stopped_by.get_or_insert(by);
        }
        entry.want = Want::No;
        entry.again = false;
        entry.blocked_by.clear();
        self.touched(service);
    }

    /// Starts a service if it is wanted, down, and everything it needs is up; finds out whether it
    /// is blocked if not.
    pub(super) fn judge(&mut self, now: Now, index: usize, out: &mut Vec<Effect>) {
        let service = &self.services[index];
        let down = matches!(service.life.standing(), Standing::Down(_));
        let pending =
            service.want != Want::No && (down || (service.again && service.life.may_start()));
        if self.reload.is_some() {
            // Its stops come first; then all are judged by the new plan.
            return;
        }
        if !pending || self.teardown.is_some() {
            return self.unblock(index);
        }
        let mut lost = Vec::new();
        let mut ready = true;
        for &dependency in &service.depends_on {
            match self.prospect(dependency) {
                Prospect::Up => {}
                Prospect::Awaited => ready = false,
                Prospect::Lost => lost.push(dependency),
            }
        }
        if lost.is_empty() {
            self.unblock(index);
            if ready && self.wave_allows(index) {
                self.services[index].again = false;
                self.apply(now, index, Event::Start, out);
            }
        } else {
            self.block(now, index, &lost, out);
        }
    }

    fn unblock(&mut self, index: usize) {
        if !self.services[index].blocked_by.is_empty() {
            self.services[index].blocked_by.clear();
            self.touched(index);
        }
    }

    fn wave_allows(&self, index: usize) -> bool {
        let service = &self.services[index];
        service.want == Want::Now || self.wave_has_come(service.wave)
    }

    fn prospect(&self, index: usize) -> Prospect {
        let service = &self.services[index];
        match service.life.standing() {
            Standing::Up => Prospect::Up,
            Standing::Starting | Standing::Coming | Standing::Falling | Standing::Stopping => {
                Prospect::Awaited
            }
            Standing::Down(_) if service.want != Want::No && service.blocked_by.is_empty() => {
                Prospect::Awaited
            }
            Standing::Down(_) => Prospect::Lost,
        }
    }

    fn block(&mut self, now: Now, index: usize, lost: &[usize], out: &mut Vec<Effect>) {
        let mut causes = BTreeSet::new();
        for &dependency in lost {
            let further = &self.services[dependency].blocked_by;
            if further.is_empty() {
                causes.insert(dependency);
            } else {
                causes.extend(further);
            }
        }
        let causes: Vec<usize> = causes.into_iter().collect();
        let service = &mut self.services[index];
        if service.blocked_by == causes {
            return;
        }
        let was_blocked = !service.blocked_by.is_empty();
        service.blocked_by = causes;
        if service.again {
            // It stays what it is: a oneshot that has succeeded. Only the second run is off.
            service.again = false;
            let why = self.blocked(&self.services[index].blocked_by);
            self.request_refused(index, &why);
            self.services[index].blocked_by.clear();
        } else if service.life.facts(now).status != Status::Stopped {
            self.apply(now, index, Event::Rest, out);
        } else if was_blocked {
            // It is shown with other causes.
            self.republish(now, index, out);
        }
        self.touched(index);
    }

    /// Completes a lifecycle's facts with those that only the orchestrator has.
    pub(super) fn complete_view(&self, index: usize, mut facts: Facts) -> View {
        let service = &self.services[index];
        let wanted = service.want != Want::No;
        match (&mut facts.reason, service.life.standing()) {
            (reason, Standing::Down(_)) if wanted => {
                *reason = if service.blocked_by.is_empty() {
                    self.waiting_for(index)
                } else {
                    Some(self.blocked(&service.blocked_by))
                };
            }
            (Some(Reason::PortNotReleased { by, .. } | Reason::Stopping { by, .. }), _)
                if !wanted =>
            {
                *by = service.stopped_by;
            }
            (reason @ None, Standing::Down(Rest::Stopped)) => {
                let unowned = service.life.unowned().to_vec();
                let by = service.stopped_by;
                let stopped = by.map(|by| Reason::Stopped { by, unowned });
                *reason = stopped.or_else(|| service.not_started.clone());
            }
            _ => {}
        }
        View { facts, wanted }
    }

    fn blocked(&self, causes: &[usize]) -> Reason {
        let by = causes.iter().map(|&cause| BlockedBy {
            service: self.services[cause].name.clone(),
            code: self.code(cause),
        });
        let mut by: Vec<_> = by.collect();
        by.sort_by(|a, b| a.service.cmp(&b.service));
        Reason::Blocked { by }
    }

    fn code(&self, index: usize) -> Code {
        let service = &self.services[index];
        match service.life.failure() {
            Some(reason) => reason.code(),
            None if service.not_started.is_some() => Code::NotStarted,
            None => Code::Stopped,
        }
    }

    /// What a wanted service that is down and not blocked waits for.
    pub(super) fn waiting_for(&self, index: usize) -> Option<Reason> {
        let depends_on = self.services[index].depends_on.iter();
        let missing = depends_on.filter(|&&it| !self.is_up(it));
        let on: Vec<_> = missing.map(|&it| self.services[it].name.clone()).collect();
        if !on.is_empty() {
            return Some(Reason::WaitingFor { on });
        }
        let campaign = self.campaign.as_ref()?;
        let wave = campaign.wave();
        let unresolved = self.unresolved(campaign);
        let more = unresolved.len().saturating_sub(Reason::NAMED);
        let named = unresolved.into_iter().take(Reason::NAMED);
        let on = named.map(|it| self.services[it].name.clone()).collect();
        Some(Reason::WaitingForWave { wave, on, more })
    }
}
