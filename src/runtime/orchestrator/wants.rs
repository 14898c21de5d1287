//! What each service is meant to be, and whether it may start now (SPEC 4.2, 4.6).

use std::collections::BTreeSet;

use super::campaign::Campaign;
use super::{Effect, Orchestrator, View};
use crate::runtime::lifecycle::{Event, Facts, Now, Rest, Standing};
use crate::runtime::status::{Status, StoppedBy};

/// Whether a service is wanted, and what binds its start besides its dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It is left where it is.
    No,
    /// By a boot or a `start_all`: its wave has to come first.
    InItsWave,
    /// By an explicit start, or its wave has come: its own dependencies alone count.
    Now,
}

/// What a dependency means for the start of those who depend on it.
enum Prospect {
    Up,
    /// It is on its way, or will be.
    Awaited,
    /// It is down and will not come up by itself.
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
        let current = &mut self.services[service].want;
        // An explicit start frees a service from its wave; a wave never binds it again.
        if *current == Want::Now && want == Want::InItsWave {
            return;
        }
        *current = want;
        self.services[service].stopped_by = None;
        self.touched(service);
    }

    /// Nothing is to start it any more. What is down already stays as it came to be down.
    pub(super) fn unwant(&mut self, service: usize, by: StoppedBy) {
        let entry = &mut self.services[service];
        let rests = matches!(
            entry.life.standing(),
            Standing::Down(Rest::Stopped | Rest::Failed)
        );
        if entry.want != Want::No || !rests {
            entry.stopped_by = Some(by);
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
        if !pending || !self.may_be_judged(index) {
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
            if ready {
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

    fn may_be_judged(&self, index: usize) -> bool {
        let service = &self.services[index];
        self.teardown.is_none() && (service.want == Want::Now || self.wave_has_come(service.wave))
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
        service.blocked_by = causes;
        if service.again {
            // It stays what it is: a oneshot that has succeeded. Only the second run is off.
            service.again = false;
            let why = format!("blocked: {}", self.causes(&self.services[index].blocked_by));
            self.request_refused(index, &why);
            self.services[index].blocked_by.clear();
        } else if service.life.facts(now).status != Status::Stopped {
            self.apply(now, index, Event::Rest, out);
        }
        self.touched(index);
    }

    /// Adds to a lifecycle's facts what only the whole knows.
    pub(super) fn dress(&self, index: usize, mut facts: Facts) -> View {
        let service = &self.services[index];
        let blocked_by = service.blocked_by.clone();
        if matches!(service.life.standing(), Standing::Down(_)) && service.want != Want::No {
            facts.detail = if blocked_by.is_empty() {
                self.waiting_for(index)
            } else {
                Some(format!("blocked: {}", self.causes(&blocked_by)))
            };
        }
        let is_asked = matches!(facts.status, Status::Stopping | Status::Stopped);
        View {
            wanted: service.want != Want::No,
            blocked_by,
            stopped_by: service
                .stopped_by
                .filter(|_| is_asked && service.want == Want::No),
            facts,
        }
    }

    /// `ping failed`, `a, b failed; c is stopped`.
    pub(super) fn causes(&self, causes: &[usize]) -> String {
        let names = |failed: bool| {
            let names: Vec<&str> = causes
                .iter()
                .filter(|&&cause| (self.standing(cause) == Standing::Down(Rest::Failed)) == failed)
                .map(|&cause| self.name(cause))
                .collect();
            (names.join(", "), names.len())
        };
        match (names(true), names(false)) {
            ((failed, _), (_, 0)) => format!("{failed} failed"),
            ((_, 0), (stopped, 1)) => format!("{stopped} is stopped"),
            ((_, 0), (stopped, _)) => format!("{stopped} are stopped"),
            ((failed, _), (stopped, 1)) => format!("{failed} failed; {stopped} is stopped"),
            ((failed, _), (stopped, _)) => format!("{failed} failed; {stopped} are stopped"),
        }
    }

    /// What a wanted service that is down and not blocked waits for.
    pub(super) fn waiting_for(&self, index: usize) -> Option<String> {
        let wave = self.campaign.as_ref().map(Campaign::wave);
        let depends_on = self.services[index].depends_on.iter().copied();
        let missing: Vec<usize> = depends_on.filter(|&it| !self.is_up(it)).collect();
        let has_failed = |&it: &usize| self.standing(it) == Standing::Down(Rest::Failed);
        let failed: Vec<usize> = missing.iter().copied().filter(has_failed).collect();
        match wave {
            // It will be blocked then; nobody is to wait for what has failed.
            Some(wave) if !failed.is_empty() => Some(format!(
                "waiting for wave {wave} to resolve: {}",
                self.causes(&failed)
            )),
            Some(wave) if missing.is_empty() => Some(format!("waiting for wave {wave} to resolve")),
            None if missing.is_empty() => None,
            _ => {
                let names: Vec<&str> = missing.iter().map(|&it| self.name(it)).collect();
                Some(format!("waiting for {}", names.join(", ")))
            }
        }
    }
}
