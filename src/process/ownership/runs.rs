//! The runs that are not over yet, and what they tell about processes.

use std::collections::{BTreeMap, HashMap};

use super::listed::{Identity, Listed};
use super::mark::{Mark, same_run};
use super::owner::{Knowledge, Member, Owner};
use super::wait::{Waited, peek};
use super::{End, LifeId, Role, os};

/// One run of one command.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) service: usize,
    pub(super) role: Role,
    /// The leader, and the number of its group and session, which nobody else can have as long as
    /// anything of them is left.
    pub(super) leader: u32,
    /// The pipes its stdout and stderr are, by inode.
    pub(super) pipes: [Option<u64>; 2],
    pub(super) stage: Stage,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its leader lives.
    Running,
    /// Its leader was seen to have ended and is not reaped.
    Ended(End),
    /// The same, and it has been told.
    Told(End),
    /// Its leader is reaped; descendants are left.
    Reaped(End),
}

impl Life {
    /// Whether its leader was not seen to have ended.
    pub(super) fn running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Whether its leader is still there, alive or not, so that its group may be signalled.
    pub(super) fn pinned(&self) -> bool {
        !matches!(self.stage, Stage::Reaped(_))
    }
}

/// All runs that are not over, and what earlier looks have shown.
#[derive(Debug)]
pub(super) struct Lives {
    pub(super) all: BTreeMap<LifeId, Life>,
    /// The unreaped leaders.
    leaders: HashMap<u32, LifeId>,
    /// Whose the processes of the last look were: a process keeps its owner when it loses its parents.
    known: HashMap<Identity, Owner>,
    mark: Mark,
}

impl Lives {
    pub(super) fn new(mark: Mark) -> Self {
        Self {
            all: BTreeMap::new(),
            leaders: HashMap::new(),
            known: HashMap::new(),
            mark,
        }
    }

    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    pub(super) fn insert(&mut self, id: LifeId, life: Life) {
        self.leaders.insert(life.leader, id);
        self.all.insert(id, life);
    }

    /// Notes that a leader is reaped: its pid says nothing any more.
    pub(super) fn unpin(&mut self, id: LifeId) {
        if let Some(life) = self.all.get_mut(&id) {
            if let Stage::Ended(end) | Stage::Told(end) = life.stage {
                life.stage = Stage::Reaped(end);
            }
            self.leaders.remove(&life.leader);
        }
    }

    /// Forgets a run that is over.
    pub(super) fn remove(&mut self, id: LifeId) -> Option<Life> {
        self.unpin(id);
        self.all.remove(&id)
    }

    /// Which of these leaders have ended since they were last asked for.
    pub(super) fn newly_ended(&mut self, asked: impl Fn(Role) -> bool) -> Vec<LifeId> {
        let mut ended = Vec::new();
        for (&id, life) in &mut self.all {
            if life.stage != Stage::Running || !asked(life.role) {
                continue;
            }
            match peek(life.leader) {
                Waited::Alive => continue,
                Waited::Ended(end) => life.stage = Stage::Ended(end),
                Waited::NotOurs => {
                    // Only the guardian can come to this, about a leader that was reaped before it
                    // took over; how it ended is of no consequence there.
                    life.stage = Stage::Reaped(End::Code(0));
                    self.leaders.remove(&life.leader);
                }
            }
            ended.push(id);
        }
        ended
    }

    /// Whether a process is the unreaped leader of a run.
    pub(super) fn leads(&self, pid: u32) -> Option<&Life> {
        self.leaders.get(&pid).and_then(|id| self.all.get(id))
    }

    /// Keeps in mind whose the processes are, as long as they are listed: one that lost its parent during
    /// the look may have seemed to be nobody's.
    pub(super) fn remember(&mut self, listing: &[Listed], members: &[Member]) {
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

    /// What a process itself gives away, from what is hardest to shed to what is easiest.
    fn traces(&self, process: &Listed) -> Option<Owner> {
        self.by_numbers(process)
            .or_else(|| self.by_limit(process.pid))
            .or_else(|| self.mark.in_environment(&os::environment(process.pid)?))
            .or_else(|| self.by_pipes(process.pid))
    }

    /// Group and session of a run stay with what it starts, and are nobody else's meanwhile.
    fn by_numbers(&self, process: &Listed) -> Option<Owner> {
        [process.group, process.session]
            .into_iter()
            .find_map(|number| self.leaders.get(&number))
            .and_then(|&id| self.owner(id))
    }

    fn by_limit(&self, pid: u32) -> Option<Owner> {
        let (service, bits) = self.mark.in_limit(os::marked_limit(pid)?)?;
        let life = self
            .all
            .iter()
            .find(|(id, life)| life.service == service && same_run(**id, bits))
            .map(|(&id, _)| id);
        Some(Owner { service, life })
    }

    fn by_pipes(&self, pid: u32) -> Option<Owner> {
        let pipes = os::output_pipes(pid);
        let (&id, _) = self.all.iter().find(|(_, life)| {
            life.pipes
                .iter()
                .flatten()
                .any(|pipe| pipes.contains(&Some(*pipe)))
        })?;
        self.owner(id)
    }

    fn owner(&self, id: LifeId) -> Option<Owner> {
        self.all.get(&id).map(|life| Owner {
            service: life.service,
            life: Some(id),
        })
    }
}

impl Knowledge for Lives {
    fn leader(&self, pid: u32) -> Option<Owner> {
        self.leaders.get(&pid).and_then(|&id| self.owner(id))
    }

    fn evidence(&mut self, process: &Listed) -> Option<Owner> {
        self.known
            .get(&process.identity())
            .copied()
            .or_else(|| self.traces(process))
    }

    fn stray(&mut self, process: &Listed) -> Option<Owner> {
        // Where orphans do not fall to us, what was seen below us before and what carries our marks
        // is ours.
        if os::ADOPTS || process.parent != 1 {
            return None;
        }
        self.evidence(process)
    }
}
