//! In which waves services start: Kahn's algorithm by layers (docs/lifecycle.md, Waves).
//!
//! Services are indices into the name-sorted list, so index order is name order, and the plan does
//! not depend on the order in the file. Nothing here recurses: 10,000 services in a chain are fine.

mod cycles;

pub use cycles::{Cycle, cycles};

/// The startup plan: every service is in exactly one wave, and all its dependencies are in earlier
/// ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The services of each wave, ascending.
    pub waves: Vec<Vec<usize>>,
    /// The wave of each service.
    pub wave_of: Vec<usize>,
}

/// Plans services, given what each depends on.
///
/// `dependencies[s]` holds the indices of the services that `s` depends on; all of them must be
/// less than `dependencies.len()`.
pub fn plan(dependencies: &[Vec<usize>]) -> Result<Plan, Cycle> {
    let dependents = dependents(dependencies);
    let mut missing: Vec<usize> = dependencies.iter().map(Vec::len).collect();
    let mut wave_of = vec![0; dependencies.len()];
    let mut waves = Vec::new();
    let mut placed = 0;
    let mut wave: Vec<usize> = (0..missing.len()).filter(|&s| missing[s] == 0).collect();
    while !wave.is_empty() {
        let mut next = Vec::new();
        for &service in &wave {
            wave_of[service] = waves.len();
            for &dependent in &dependents[service] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 {
                    next.push(dependent);
                }
            }
        }
        next.sort_unstable();
        placed += wave.len();
        waves.push(std::mem::replace(&mut wave, next));
    }
    if placed == dependencies.len() {
        return Ok(Plan { waves, wave_of });
    }
    // What could not be placed depends on something that could not be placed: there is a cycle.
    Err(cycles(dependencies).swap_remove(0))
}

/// The reverse of the dependencies: for each service, ascending, those that depend on it.
pub fn dependents(dependencies: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut dependents = vec![Vec::new(); dependencies.len()];
    for (service, needed) in dependencies.iter().enumerate() {
        for &dependency in needed {
            dependents[dependency].push(service);
        }
    }
    dependents
}

#[cfg(test)]
mod tests;
