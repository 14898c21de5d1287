//! The runs of which something is left, and which process belongs to which.

use std::collections::{BTreeMap, HashMap};

use super::mark::{Mark, same_run};
use super::{Knowledge, Member, Owner};
use crate::process::message::{End, LifeId, Role};
use crate::process::system;
use crate::process::system::process_entry::{Identity, ProcessEntry};
use crate::process::system::wait::{ChildState, peek};

/// One run of one command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) service: usize,
    pub(crate) role: Role,
    /// The leader, and the id of its group and session, which is not reused as long as either has a member.
    pub(crate) leader: u32,
    /// The inodes of its stdout and stderr pipes.
    pub(crate) pipes: [Option<u64>; 2],
    pub(crate) stage: Stage,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its leader runs.
    Running,
    /// Its leader has exited and is not reaped.
    Ended(End),
    /// The same, and the exit is reported.
    Reported(End),
    /// Its leader is reaped; descendants are left.
    Reaped(End),
}

impl Run {
    /// Whether its leader runs, as far as is known.
    pub(crate) fn running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Whether its leader is reaped, so that its group may not be signalled any more.
    pub(crate) fn reaped(&self) -> bool {
        matches!(self.stage, Stage::Reaped(_))
    }
}

/// All runs of which something is left, and the owners that earlier scans have found.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) all: BTreeMap<LifeId, Run>,
    /// The unreaped leaders.
    leaders: HashMap<u32, LifeId>,
    /// The owners found by the last scan: a process keeps its owner when it loses its parents.
    known: HashMap<Identity, Owner>,
    mark: Mark,
}

impl Runs {
    pub(crate) fn new(mark: Mark) -> Self {
        Self {
            all: BTreeMap::new(),
            leaders: HashMap::new(),
            known: HashMap::new(),
            mark,
        }
    }

    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    pub(crate) fn insert(&mut self, id: LifeId, run: Run) {
        self.leaders.insert(run.leader, id);
        self.all.insert(id, run);
    }

    /// Records that a leader is reaped: its pid may be reused.
    pub(crate) fn leader_reaped(&mut self, id: LifeId) {
        if let Some(run) = self.all.get_mut(&id) {
            if let Stage::Ended(end) | Stage::Reported(end) = run.stage {
                run.stage = Stage::Reaped(end);
            }
            self.leaders.remove(&run.leader);
        }
    }

    /// Removes a run of which nothing is left.
    pub(crate) fn remove(&mut self, id: LifeId) -> Option<Run> {
        self.leader_reaped(id);
        self.all.remove(&id)
    }

    /// The runs with these roles whose leaders have exited since the last call.
    pub(crate) fn newly_ended(&mut self, asked: impl Fn(Role) -> bool) -> Vec<LifeId> {
        let mut ended = Vec::new();
        for (&id, run) in &mut self.all {
            if run.stage != Stage::Running || !asked(run.role) {
                continue;
            }
            match peek(run.leader) {
                ChildState::Running => continue,
                ChildState::Ended(end) => run.stage = Stage::Ended(end),
                ChildState::NotAChild => {
                    // Only in the guardian, for a leader that the server had reaped; its exit status
                    // does not matter there.
                    run.stage = Stage::Reaped(End::Code(0));
                    self.leaders.remove(&run.leader);
                }
            }
            ended.push(id);
        }
        ended
    }

    /// The run that a process is the unreaped leader of.
    pub(crate) fn leads(&self, pid: u32) -> Option<&Run> {
        self.leaders.get(&pid).and_then(|id| self.all.get(id))
    }

    /// Remembers the owners of processes as long as they are listed: one that lost its parent during a scan may
    /// have appeared without an owner.
    pub(crate) fn remember(&mut self, listing: &[ProcessEntry], members: &[Member]) {
        self.known.retain(|identity, _| {
            listing
                .binary_search_by_key(&identity.pid, |p| p.pid)
                .is_ok_and(|at| listing[at].start == identity.start)
        });
        self.known.extend(
            members
                .iter()
                .filter_map(|m| Some((m.process.identity(), m.owner?))),
        );
    }

    /// The owner by a process's own traits, from the hardest to shed to the easiest.
    fn traces(&self, process: &ProcessEntry) -> Option<Owner> {
        self.by_numbers(process)
            .or_else(|| self.by_limit(process.pid))
            .or_else(|| self.mark.in_environment(&system::environment(process.pid)?))
            .or_else(|| self.by_pipes(process.pid))
    }

    /// Descendants inherit group and session; their ids are not reused meanwhile.
    fn by_numbers(&self, process: &ProcessEntry) -> Option<Owner> {
        [process.group, process.session]
            .into_iter()
            .find_map(|number| self.leaders.get(&number))
            .and_then(|&id| self.owner(id))
    }

    /// The owner by the marks that are the hardest to shed.
    pub(crate) fn by_limit(&self, pid: u32) -> Option<Owner> {
        let mut limits = system::marked_limits(pid);
        let (service, bits) = limits.find_map(|limit| self.mark.in_limit(limit))?;
        let life = self
            .all
            .iter()
            .find(|(id, run)| run.service == service && same_run(**id, bits))
            .map(|(&id, _)| id);
        Some(Owner { service, life })
    }

    fn by_pipes(&self, pid: u32) -> Option<Owner> {
        let pipes = system::output_pipes(pid);
        let (&id, _) = self.all.iter().find(|(_, run)| {
            run.pipes
                .iter()
                .flatten()
                .any(|pipe| pipes.contains(&Some(*pipe)))
        })?;
        self.owner(id)
    }

    fn owner(&self, id: LifeId) -> Option<Owner> {
        self.all.get(&id).map(|run| Owner {
            service: run.service,
            life: Some(id),
        })
    }
}

impl Knowledge for Runs {
    fn leader(&self, pid: u32) -> Option<Owner> {
        self.leaders.get(&pid).and_then(|&id| self.owner(id))
    }

    fn evidence(&self, process: &ProcessEntry) -> Option<Owner> {
        self.known
            .get(&process.identity())
            .copied()
            .or_else(|| self.traces(process))
    }

    fn stray(&self, process: &ProcessEntry) -> Option<Owner> {
        // Without subreapers, an orphan is ours when it was seen below us before or carries our marks.
        if system::ADOPTS || process.parent != 1 {
            return None;
        }
        self.evidence(process)
    }
}
