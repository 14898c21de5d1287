//! Who waits for whom.

use std::collections::HashMap;

use crate::facts::Status;
use crate::protocol::ServiceState;

/// For every service that is not up, those it waits for.
#[derive(Debug)]
pub(super) struct Graph {
    waits: Vec<Waits>,
    /// The members of the wave that the boot waits for: one list for everybody.
    open_wave: Vec<usize>,
}

#[derive(Debug)]
enum Waits {
    /// For these dependencies; none: for nobody.
    For(Vec<usize>),
    /// For the open wave to resolve.
    ForWave,
}

#[derive(Debug)]
pub(super) struct Reversed {
    dependents: Vec<Vec<usize>>,
    open_wave: Vec<usize>,
    wave_waiters: Vec<usize>,
}

impl Graph {
    pub(super) fn new(services: &[ServiceState], index: &HashMap<&str, usize>) -> Self {
        let open_wave = open_wave(services);
        let open = open_wave
            .first()
            .and_then(|&one| services[one].details.wave);
        let waits = services.iter().map(|service| {
            if service.is_up() || is_left_alone(service) {
                return Waits::For(Vec::new());
            }
            let details = &service.details;
            // A block names the far end of the chain; the dependencies are its links.
            let named = if details.depends_on.is_empty() {
                &details.blocked_by
            } else {
                &details.depends_on
            };
            let mut missing: Vec<usize> = named
                .iter()
                .filter_map(|name| index.get(&**name).copied())
                .filter(|&dependency| !services[dependency].is_up())
                .collect();
            missing.sort_unstable();
            missing.dedup();
            let waits_for_wave = missing.is_empty()
                && !has_own_reason(service)
                && open.is_some_and(|open| details.wave.is_some_and(|own| open < own));
            if waits_for_wave {
                Waits::ForWave
            } else {
                Waits::For(missing)
            }
        });
        Self {
            waits: waits.collect(),
            open_wave,
        }
    }

    /// Whether it waits for nothing but the open wave.
    pub(super) fn waits_for_wave(&self, service: usize) -> bool {
        matches!(self.waits[service], Waits::ForWave)
    }

    pub(super) fn waits_for(&self, service: usize) -> &[usize] {
        match &self.waits[service] {
            Waits::For(services) => services,
            Waits::ForWave => &self.open_wave,
        }
    }

    pub(super) fn reversed(&self) -> Reversed {
        let mut dependents = vec![Vec::new(); self.waits.len()];
        let mut wave_waiters = Vec::new();
        for (service, waits) in self.waits.iter().enumerate() {
            match waits {
                Waits::For(others) => {
                    for &other in others {
                        dependents[other].push(service);
                    }
                }
                Waits::ForWave => wave_waiters.push(service),
            }
        }
        Reversed {
            dependents,
            open_wave: self.open_wave.clone(),
            wave_waiters,
        }
    }
}

impl Reversed {
    /// Everybody who waits for a service, however far away; without itself.
    pub(super) fn reach(&self, service: usize) -> Vec<usize> {
        let mut seen = vec![false; self.dependents.len()];
        seen[service] = true;
        let mut open = vec![service];
        let mut wave_seen = false;
        let mut reached = Vec::new();
        while let Some(index) = open.pop() {
            let holds_wave = !wave_seen && self.open_wave.contains(&index);
            wave_seen |= holds_wave;
            let waiters = if holds_wave {
                &self.wave_waiters[..]
            } else {
                &[]
            };
            for &next in self.dependents[index].iter().chain(waiters) {
                if !std::mem::replace(&mut seen[next], true) {
                    reached.push(next);
                    open.push(next);
                }
            }
        }
        reached
    }
}

/// Whether it is not up for a reason of its own, whatever others do.
pub(super) fn has_own_reason(service: &ServiceState) -> bool {
    match service.status {
        Status::Failed | Status::Starting | Status::Running | Status::Stopping | Status::Ready => {
            true
        }
        Status::Stopped => service.details.stopped_by.is_some(),
        Status::Unknown => false,
    }
}

/// Whether nothing is to start it: what it depends on has no part in that.
fn is_left_alone(service: &ServiceState) -> bool {
    service.status == Status::Stopping || service.details.stopped_by.is_some()
}

/// The unresolved services of the first wave that has any.
fn open_wave(services: &[ServiceState]) -> Vec<usize> {
    let is_open = |service: &ServiceState| {
        !service.is_up()
            && match service.status {
                Status::Unknown | Status::Starting | Status::Running | Status::Stopping => true,
                Status::Ready | Status::Stopped | Status::Failed => false,
            }
    };
    let waves = services
        .iter()
        .filter(|service| is_open(service))
        .filter_map(|service| service.details.wave);
    let Some(first) = waves.min() else {
        return Vec::new();
    };
    (0..services.len())
        .filter(|&index| services[index].details.wave == Some(first) && is_open(&services[index]))
        .collect()
}
