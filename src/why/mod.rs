//! Why a service is not up: from what a server publishes to the causes. Pure.
//!
//! A service that is not up either has a reason of its own (it failed, its probe does not pass,
//! somebody stopped it) or it waits for others. Whoever waits is followed along what it depends on,
//! down to those with reasons of their own: the *causes*. Nothing is guessed: everything comes from
//! the fields of the snapshot and from the log lines that are handed in.

mod cause;
mod graph;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

pub use cause::{Cause, CauseKind, LogLine};
use graph::Graph;

use crate::facts::{Status, Timestamp};
use crate::protocol::ServiceState;

/// Why a service is up, or is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The service asked about.
    pub service: String,
    /// Its status.
    pub status: Status,
    /// Whether its terminal startup state is reached.
    pub up: bool,
    /// Since when it has this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The answer in one line.
    pub summary: String,
    /// What keeps it from being up, the root causes first; none when it is up.
    pub causes: Vec<Cause>,
}

/// Why a stack is not all up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Whether everything is up but what was left out on purpose.
    pub up: bool,
    /// How many services are up.
    pub services_up: usize,
    /// How many there are, without those left out.
    pub services: usize,
    /// How many nobody has started: `autoStart: false`, or left out by `--only`.
    pub left_out: usize,
    /// Each cause once, the root causes first.
    pub causes: Vec<Affecting>,
}

/// A cause, and whom it keeps down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affecting {
    /// The cause.
    #[serde(flatten)]
    pub cause: Cause,
    /// The other services that are not up because of it, sorted.
    pub affects: Vec<String>,
}

/// The services of one moment, ready to be asked about.
#[derive(Debug)]
pub struct Explainer<'a> {
    services: &'a [ServiceState],
    index: HashMap<&'a str, usize>,
    graph: Graph,
}

impl<'a> Explainer<'a> {
    /// Takes the members of a snapshot. Costs one pass over services and dependencies.
    pub fn new(services: &'a [ServiceState]) -> Self {
        let index = services
            .iter()
            .enumerate()
            .map(|(index, service)| (&*service.name, index))
            .collect();
        let graph = Graph::new(services, &index);
        Self {
            services,
            index,
            graph,
        }
    }

    /// Explains one service; `None` when there is none of this name. Each cause comes with the path
    /// that leads to it.
    pub fn explain(&self, name: &str) -> Option<Explanation> {
        let index = *self.index.get(name)?;
        Some(self.explanation(index, true))
    }

    /// Explains one service without the paths to its causes, which in a long chain are most of
    /// the answer, and without the `PATH` that was searched: for documents about all services.
    pub fn explain_briefly(&self, name: &str) -> Option<Explanation> {
        let index = *self.index.get(name)?;
        Some(self.explanation(index, false))
    }

    /// Explains everything that is not up.
    pub fn overview(&self) -> Overview {
        self.overview_of(&[])
    }

    /// Explains what of these services is not up; without names all of them. One that was named counts even if it was
    /// left out on purpose.
    pub fn overview_of(&self, names: &[String]) -> Overview {
        let is_named = |name: &String| names.is_empty() || names.contains(name);
        let mut causes: Vec<usize> = (0..self.services.len())
            .filter(|&index| self.is_cause(index))
            .collect();
        self.sort(&mut causes);
        let dependents = self.graph.reversed();
        let affecting = |cause: usize| {
            let mut affects = self.names(&dependents.reach(cause));
            affects.retain(is_named);
            let cause = self.cause(cause, Some(Vec::new()));
            Affecting { cause, affects }
        };
        let count = |is_so: fn(&ServiceState) -> bool| {
            let services = self.services.iter();
            let services = services.filter(|service| is_named(&service.name));
            services.filter(|service| is_so(service)).count()
        };
        let services_up = count(ServiceState::is_up);
        let left_out = match names {
            [] => count(ServiceState::is_left_out),
            _ => 0,
        };
        let services = count(|_| true) - left_out;
        let causes = causes.into_iter().map(affecting);
        // What was left out is a cause only of what needs it.
        let is_fault = |it: &Affecting| {
            let is_left_out = names.is_empty() && it.cause.kind == CauseKind::NotStarted;
            !it.affects.is_empty() || is_named(&it.cause.service) && !is_left_out
        };
        Overview {
            up: services_up == services,
            services_up,
            services,
            left_out,
            causes: causes.filter(is_fault).collect(),
        }
    }

    fn explanation(&self, index: usize, with_paths: bool) -> Explanation {
        let service = &self.services[index];
        let found = if service.is_up() {
            Found::default()
        } else {
            self.search(index)
        };
        let mut order = found.causes.clone();
        self.sort(&mut order);
        let causes: Vec<Cause> = order
            .into_iter()
            .map(|cause| {
                let path = with_paths.then(|| self.path(&found, cause));
                self.cause(cause, path)
            })
            .collect();
        Explanation {
            service: service.name.clone(),
            status: service.status,
            up: service.is_up(),
            since: service.details.since,
            summary: text::summary(service, &causes),
            causes,
        }
    }

    /// Goes along what is waited for, nearest first.
    fn search(&self, from: usize) -> Found {
        let mut found = Found::default();
        let mut open = VecDeque::from([from]);
        found.came_from.insert(from, from);
        while let Some(index) = open.pop_front() {
            if self.is_cause(index) {
                found.causes.push(index);
            }
            for &next in self.graph.waits_for(index) {
                if let std::collections::hash_map::Entry::Vacant(entry) =
                    found.came_from.entry(next)
                {
                    entry.insert(index);
                    open.push_back(next);
                }
            }
        }
        found
    }

    /// The services from the one asked about to the cause, both included; none when a wave stands between
    /// them, for then the one does not depend on the other.
    fn path(&self, found: &Found, cause: usize) -> Vec<String> {
        let mut path = vec![cause];
        let mut at = cause;
        while let Some(&before) = found.came_from.get(&at)
            && before != at
        {
            if self.graph.waits_for_wave(before) {
                return Vec::new();
            }
            path.push(before);
            at = before;
        }
        path.reverse();
        path.into_iter()
            .map(|index| self.services[index].name.clone())
            .collect()
    }

    /// A service that is not up and does not merely wait for others.
    fn is_cause(&self, index: usize) -> bool {
        let service = &self.services[index];
        !service.is_up()
            && (graph::has_own_reason(service) || self.graph.waits_for(index).is_empty())
    }

    fn cause(&self, index: usize, path: Option<Vec<String>>) -> Cause {
        Cause::of(&self.services[index], path)
    }

    /// What starts earlier is nearer to the root.
    fn sort(&self, indices: &mut [usize]) {
        indices.sort_by(|&one, &other| {
            let key = |index: usize| {
                let service = &self.services[index];
                (service.details.wave.unwrap_or(usize::MAX), &service.name)
            };
            key(one).cmp(&key(other))
        });
    }

    fn names(&self, indices: &[usize]) -> Vec<String> {
        let mut names: Vec<String> = indices
            .iter()
            .map(|&index| self.services[index].name.clone())
            .collect();
        names.sort();
        names
    }
}

/// What a search has come by.
#[derive(Debug, Default)]
struct Found {
    causes: Vec<usize>,
    /// By service: from which it was reached.
    came_from: HashMap<usize, usize>,
}
