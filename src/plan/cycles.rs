//! Dependency cycles.

use std::collections::{BTreeMap, VecDeque};

/// Services that depend on each other in a cycle: each on the next, the last on the first.
///
/// It starts with the smallest index on it, and there is no shorter cycle through that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

/// One cycle of every knot of services that cannot be untangled, ordered by first service.
///
/// A knot is a strongly connected component (Tarjan's algorithm, with a stack of its own instead of
/// recursion): removing one dependency from each cycle may not be enough, but every service that is
/// on any cycle is in a knot that is reported. Time is linear in services and dependencies.
pub fn cycles(dependencies: &[Vec<usize>]) -> Vec<Cycle> {
    let mut knots = Knots::new(dependencies);
    for service in 0..dependencies.len() {
        knots.explore(service);
    }
    let knot_of = knots.knot_of;
    let mut seen = vec![false; dependencies.len()];
    let mut cycles = Vec::new();
    // The first service met of a knot is the smallest one in it.
    for service in 0..dependencies.len() {
        if !std::mem::replace(&mut seen[knot_of[service]], true)
            && let Some(cycle) = shortest(dependencies, &knot_of, service)
        {
            cycles.push(cycle);
        }
    }
    cycles
}

/// The shortest way from a service back to itself, within its knot.
fn shortest(dependencies: &[Vec<usize>], knot_of: &[usize], start: usize) -> Option<Cycle> {
    // Sparse, so that a small knot in a large graph costs little.
    let mut reached_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(service) = queue.pop_front() {
        for &next in &dependencies[service] {
            if next == start {
                return Some(Cycle(path(&reached_from, start, service)));
            }
            if knot_of[next] == knot_of[start] && !reached_from.contains_key(&next) {
                reached_from.insert(next, service);
                queue.push_back(next);
            }
        }
    }
    None
}

fn path(reached_from: &BTreeMap<usize, usize>, start: usize, end: usize) -> Vec<usize> {
    let mut path = vec![end];
    while let Some(&before) = path.last().and_then(|last| reached_from.get(last)) {
        path.push(before);
    }
    debug_assert_eq!(path.last(), Some(&start));
    path.reverse();
    path
}

const UNSEEN: usize = usize::MAX;

/// Tarjan's algorithm under way.
struct Knots<'a> {
    dependencies: &'a [Vec<usize>],
    /// When each service was first met, counted from 0.
    met: Vec<usize>,
    /// The earliest met service known to be reachable from each one and still open.
    low: Vec<usize>,
    /// Met, but not yet in a knot.
    open: Vec<usize>,
    /// A member that stands for the knot, once it is known.
    knot_of: Vec<usize>,
    clock: usize,
}

impl<'a> Knots<'a> {
    fn new(dependencies: &'a [Vec<usize>]) -> Self {
        let unseen = || vec![UNSEEN; dependencies.len()];
        Self {
            dependencies,
            met: unseen(),
            low: unseen(),
            open: Vec::new(),
            knot_of: unseen(),
            clock: 0,
        }
    }

    /// Puts everything reachable from a service into knots.
    fn explore(&mut self, root: usize) {
        if self.met[root] != UNSEEN {
            return;
        }
        // Each with how many of its dependencies have been looked at.
        let mut path = vec![(self.meet(root), 0)];
        while let Some((service, looked_at)) = path.last_mut() {
            let service = *service;
            if let Some(&next) = self.dependencies[service].get(*looked_at) {
                *looked_at += 1;
                if self.met[next] == UNSEEN {
                    path.push((self.meet(next), 0));
                } else if self.knot_of[next] == UNSEEN {
                    self.low[service] = self.low[service].min(self.met[next]);
                }
                continue;
            }
            path.pop();
            if let Some(&(before, _)) = path.last() {
                self.low[before] = self.low[before].min(self.low[service]);
            }
            if self.low[service] == self.met[service] {
                self.close(service);
            }
        }
    }

    fn meet(&mut self, service: usize) -> usize {
        self.met[service] = self.clock;
        self.low[service] = self.clock;
        self.clock += 1;
        self.open.push(service);
        service
    }

    /// Everything that is open since this service was met is one knot with it.
    fn close(&mut self, service: usize) {
        while let Some(member) = self.open.pop() {
            self.knot_of[member] = service;
            if member == service {
                break;
            }
        }
    }
}
