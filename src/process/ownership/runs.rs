//! The runs of which something is left, and which process belongs to which.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::mark::{Mark, same_run};
use super::{Knowledge, Member, Owner};
use crate::process::message::{End, LifeId, Role};
use crate::process::system;
use crate::process::system::process_entry::ProcessEntry;
use crate::process::system::wait::{ChildState, peek};

/// One run of one command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) service: usize,
    pub(crate) role: Role,
    /// The leader, and the id of its group and session, which is not reused as long as either has a member.
    pub(crate) leader: u32,
    /// What its stdout and stderr are, see [`system::output_ids`].
    pub(crate) outputs: [Option<u64>; 2],
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
    /// The processes whose owners were found, by pid, with their start: a process keeps its owner when it loses its
    /// parents. One that is gone stays as long as a member is in the group or session that it made.
    known: HashMap<u32, (u64, Owner)>,
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

    /// Remembers the owners of members: one that loses its parent later, or lost it during this scan, may appear
    /// without an owner.
    pub(crate) fn remember(&mut self, members: &[Member]) {
        self.known.extend(
            members
                .iter()
                .filter_map(|m| Some((m.process.pid, (m.process.start, m.owner?)))),
        );
    }

    /// Forgets processes that are gone, by a list of all of them.
    pub(crate) fn forget(&mut self, listing: &[ProcessEntry], members: &[Member]) {
        let numbers: HashSet<u32> = members
            .iter()
            .flat_map(|m| [m.process.group, m.process.session])
            .collect();
        self.known.retain(|pid, (start, _)| {
            match listing.binary_search_by_key(pid, |process| process.pid) {
                Ok(at) => listing[at].start == *start,
                Err(_) => numbers.contains(pid),
            }
        });
    }

    /// The owner by a process's own traits, from the hardest to shed to the easiest.
    fn traces(&self, process: &ProcessEntry) -> Option<Owner> {
        self.by_numbers(process)
            .or_else(|| self.by_limit(process.pid))
            .or_else(|| self.mark.in_environment(&system::environment(process.pid)?))
            .or_else(|| self.by_outputs(process.pid))
    }

    /// Descendants inherit group and session; their ids are not reused meanwhile. They are the pids of the processes
    /// that made them.
    fn by_numbers(&self, process: &ProcessEntry) -> Option<Owner> {
        let numbers = [process.group, process.session];
        let leader = numbers.iter().find_map(|number| self.leaders.get(number));
        let maker = || numbers.iter().find_map(|number| self.known.get(number));
        match leader {
            Some(&id) => self.owner(id),
            None => maker()
                .filter(|&&(start, _)| start <= process.start)
                .map(|&(_, owner)| owner),
        }
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

    fn by_outputs(&self, pid: u32) -> Option<Owner> {
        let outputs = system::output_ids(pid);
        let (&id, _) = self.all.iter().find(|(_, run)| {
            run.outputs
                .iter()
                .flatten()
                .any(|output| outputs.contains(&Some(*output)))
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
            .get(&process.pid)
            .filter(|&&(start, _)| start == process.start)
            .map(|&(_, owner)| owner)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// No system has a process with this id.
    const MAKER: u32 = u32::MAX - 1;

    #[test]
    fn an_orphan_belongs_to_whom_the_maker_of_its_session_belonged_to() {
        let mut runs = Runs::new(Mark::unused());
        let owner = Owner {
            service: 3,
            life: Some(LifeId(7)),
        };
        let member = |process: ProcessEntry, owner| Member {
            process,
            owner,
            child: false,
        };
        let maker = ProcessEntry {
            start: 5,
            ..ProcessEntry::example(MAKER)
        };
        let orphan = ProcessEntry {
            session: MAKER,
            start: 6,
            ..ProcessEntry::example(u32::MAX - 2)
        };
        assert_eq!(runs.evidence(&orphan), None);
        runs.remember(&[member(maker.clone(), Some(owner))]);
        // The maker is gone.
        let members = [member(orphan.clone(), None)];
        runs.forget(std::slice::from_ref(&orphan), &members);
        assert_eq!(runs.evidence(&orphan), Some(owner));
        let older = ProcessEntry {
            start: 4,
            ..orphan.clone()
        };
        assert_eq!(runs.evidence(&older), None);
        // Its pid is somebody else's now.
        let next = ProcessEntry { start: 9, ..maker };
        runs.forget(&[orphan.clone(), next], &members);
        assert_eq!(runs.evidence(&orphan), None);
    }

    #[test]
    fn a_session_without_members_is_forgotten() {
        let mut runs = Runs::new(Mark::unused());
        let owner = Owner {
            service: 3,
            life: None,
        };
        let maker = Member {
            process: ProcessEntry::example(MAKER),
            owner: Some(owner),
            child: false,
        };
        runs.remember(&[maker]);
        runs.forget(&[], &[]);
        assert!(runs.known.is_empty());
    }
}
