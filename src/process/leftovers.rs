//! What a command in the foreground leaves when it has ended. Its orphans fall to this process (on Linux), which ends
//! them.

use std::collections::HashSet;
use std::time::Instant;

use super::message::{Mode, ProcessInfo, StopSignal};
use super::ownership::mark::Mark;
use super::ownership::runs::Runs;
use super::ownership::{Member, members};
use super::system::{self, wait::reap};
use super::takedown::Takedown;

/// The descendants of a command.
#[derive(Debug)]
pub struct Leftovers {
    /// Whether its orphans fall to this process.
    adopts: bool,
    /// Children that others wait for.
    waited_for: Vec<u32>,
    takedown: Option<Takedown>,
    /// None: what is below this process belongs to no service.
    runs: Runs,
}

impl Leftovers {
    /// Adopts the orphans of a command that is started next. `own` are the only children there are, of which nothing is
    /// touched: where this process has inherited others (`exec flowlayer run` in a shell with jobs) it adopts nothing,
    /// and ends nothing.
    pub fn adopt(own: &[u32]) -> Self {
        let mut children = Vec::new();
        let is_alone = system::children(&mut children).is_ok()
            && children.iter().all(|child| own.contains(child));
        Self {
            adopts: system::ADOPTS && is_alone && system::become_subreaper().is_ok(),
            waited_for: own.to_vec(),
            takedown: None,
            runs: Runs::new(Mark::unused()),
        }
    }

    /// Leaves a child to those who wait for it.
    pub fn leave(&mut self, child: u32) {
        self.waited_for.push(child);
    }

    /// Reaps orphans that have ended.
    pub fn reap(&self) {
        let mut children = Vec::new();
        if self.adopts && system::adopted(&mut children).is_ok() {
            for child in children {
                if !self.waited_for.contains(&child) {
                    let _ = reap(child);
                }
            }
        }
    }

    /// Asks what is left to end, or kills it, but for `spared` and what is below them. Returns what runs yet.
    pub fn end(&mut self, spared: &[u32], kill: bool) -> Vec<ProcessInfo> {
        self.reap();
        let mut listing = Vec::new();
        if !self.adopts || system::list(&mut listing).is_err() {
            return Vec::new();
        }
        let below = members(&listing, std::process::id(), &self.runs);
        let spared = with_descendants(&below, spared.iter().chain(&self.waited_for).copied());
        let left: Vec<&Member> = below
            .iter()
            .filter(|m| !m.process.dead() && !spared.contains(&m.process.pid))
            .collect();
        let now = Instant::now();
        let takedown = self
            .takedown
            .get_or_insert_with(|| Takedown::new(Mode::Terminate, StopSignal::default(), now));
        if kill {
            takedown.raise(Mode::Kill, now);
        }
        takedown.signal(&left, &self.runs);
        takedown.describe(&left, now)
    }
}

/// These processes, and those of the members that are below them.
fn with_descendants(members: &[Member], roots: impl Iterator<Item = u32>) -> HashSet<u32> {
    let mut found: HashSet<u32> = roots.collect();
    loop {
        let before = found.len();
        for member in members {
            if found.contains(&member.process.parent) {
                found.insert(member.process.pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}
