//! Ends what replaces itself faster than a scan can list it. Of such a chain one process is always a child of ours,
//! running or dead, and a list of our children takes microseconds.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use super::Table;
use crate::process::ownership::Owner;
use crate::process::system::wait::{ChildState, peek, reap};
use crate::process::system::{self, pid};
use crate::process::takedown::Target;

/// So many looks in a row must show nothing new.
const CLEAN_LOOKS: u32 = 50;
/// How long a sweep may take: requests wait meanwhile.
const LIMIT: Duration = Duration::from_millis(200);
/// How long sweeps that were not clean follow each other without a scan. A scan gives a chain the time for thousands of
/// processes, each of which is in the way of the next sweep until it is reaped.
const WITHOUT_SCANS: Duration = Duration::from_secs(2);

impl Table {
    /// Kills and reaps the adopted children that are to be killed, until no new one comes. Returns whether a scan is
    /// due now, rather than another sweep.
    pub(super) fn sweep(&mut self) -> bool {
        let killing = self.takedowns.iter().filter(|(_, it)| it.kills());
        let targets: Vec<Target> = killing.map(|(&target, _)| target).collect();
        let all = self.killing_all || targets.contains(&Target::Everything);
        let begun = Instant::now();
        let nothing = !all && targets.is_empty();
        if nothing || self.sweep_until(begun + LIMIT, &targets, all) {
            self.sweeping_since = None;
            return true;
        }
        // A leader that runs may start more, and only scans find what belongs to it before they signal it.
        let leader_runs = self.runs.all.iter().any(|(&id, run)| {
            let owner = Owner {
                service: run.service,
                life: Some(id),
            };
            (all || covered(&targets, owner))
                && run.running()
                && peek(run.leader) == ChildState::Running
        });
        let since = *self.sweeping_since.get_or_insert(begun);
        leader_runs || since.elapsed() >= WITHOUT_SCANS
    }

    /// Returns whether it was clean at the end.
    fn sweep_until(&mut self, end: Instant, targets: &[Target], all: bool) -> bool {
        let mut seen = HashSet::new();
        let mut clean = 0;
        while clean < CLEAN_LOOKS {
            if Instant::now() >= end {
                return false;
            }
            clean += 1;
            if system::adopted(&mut self.children).is_err() {
                return true;
            }
            let runs = &self.runs;
            self.children.retain(|&child| runs.leads(child).is_none());
            // The newest come last, and are those that still run.
            for &child in self.children.iter().rev() {
                if !seen.insert(child) {
                    continue;
                }
                // By the marks alone: the rest is left to the scan.
                if all || runs.by_limit(child).is_some_and(|it| covered(targets, it)) {
                    // A child keeps its pid until it is reaped, which nobody else does.
                    let _ = kill(pid(child), Signal::SIGKILL);
                    clean = 0;
                }
            }
            for &child in &self.children {
                if reap(child) != ChildState::Running {
                    seen.remove(&child);
                }
            }
        }
        true
    }

    /// Reaps adopted children that have ended: a scan would read each of them, while more come.
    pub(super) fn reap_adopted(&mut self) {
        if system::ADOPTS && system::adopted(&mut self.children).is_ok() {
            for &child in &self.children {
                if self.runs.leads(child).is_none() {
                    let _ = reap(child);
                }
            }
        }
    }
}

fn covered(targets: &[Target], owner: Owner) -> bool {
    targets.iter().any(|target| target.covers(Some(owner)))
}
