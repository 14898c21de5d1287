//! Ends what replaces itself faster than a scan can list it. Of such a chain one process is always a child of ours,
//! running or dead, and a list of our children takes microseconds.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use super::Table;
use crate::process::system::wait::{ChildState, reap};
use crate::process::system::{self, pid};
use crate::process::takedown::Target;

/// So many looks in a row must show nothing new.
const CLEAN_LOOKS: u32 = 50;
/// How long a sweep may take: requests wait meanwhile, and the next scan sweeps again.
const LIMIT: Duration = Duration::from_millis(200);

impl Table {
    /// Kills and reaps the adopted children that are to be killed, until no new one comes.
    pub(super) fn sweep(&mut self) {
        let killing = self.takedowns.iter().filter(|(_, it)| it.kills());
        let targets: Vec<Target> = killing.map(|(&target, _)| target).collect();
        let all = self.killing_all || targets.contains(&Target::Everything);
        if !all && targets.is_empty() {
            return;
        }
        let end = Instant::now() + LIMIT;
        let mut signalled = HashSet::new();
        let mut clean = 0;
        while clean < CLEAN_LOOKS && Instant::now() < end {
            clean += 1;
            if system::adopted(&mut self.children).is_err() {
                return;
            }
            for &child in &self.children {
                // By the marks alone: they are also those of a process that is dead. The rest is left to the scan.
                let owner = || self.runs.by_limit(child);
                let due =
                    all || owner().is_some_and(|it| targets.iter().any(|t| t.covers(Some(it))));
                if self.runs.leads(child).is_some() || !due {
                    continue;
                }
                // A child keeps its pid until it is reaped, which nobody else does.
                if signalled.insert(child) {
                    let _ = kill(pid(child), Signal::SIGKILL);
                    clean = 0;
                }
                if let ChildState::Ended(_) = reap(child) {
                    signalled.remove(&child);
                    clean = 0;
                }
            }
        }
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
