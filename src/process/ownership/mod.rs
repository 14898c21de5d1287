//! Which processes are ours, and which service each belongs to. Pure but for [`child_above`]: the listing in, the
//! members of our subtree out, each with its owner.

pub(super) mod mark;
pub(super) mod runs;

use super::message::LifeId;
use super::system::{self, process_entry::ProcessEntry};

/// What a process belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    /// Index of the service.
    pub(crate) service: usize,
    /// The run, when it is known too.
    pub(crate) life: Option<LifeId>,
}

/// A process of ours.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Its entry in the listing.
    pub(crate) process: ProcessEntry,
    /// `None` when nothing shows it.
    pub(crate) owner: Option<Owner>,
    /// Whether it is a child of this process, so that its pid is not reused before we reap it.
    pub(crate) child: bool,
}

/// What is known besides the listing.
pub(crate) trait Knowledge {
    /// The owner of a child of ours that was started as a leader.
    fn leader(&self, pid: u32) -> Option<Owner>;
    /// The owner by earlier scans or by the process's own traits.
    fn evidence(&self, process: &ProcessEntry) -> Option<Owner>;
    /// The owner of a process that is ours although it is not below us (on systems without subreapers).
    fn stray(&self, process: &ProcessEntry) -> Option<Owner>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Not decided yet.
    Open,
    /// Not below us.
    Foreign,
    /// Below us.
    Ours(Option<Owner>),
}

/// The members of the subtree below `me`, in the order of the listing, which is sorted by pid.
///
/// A process belongs to the leader above it. Without one, it or an ancestor was adopted by us: then the
/// evidence decides.
pub(crate) fn members(
    listing: &[ProcessEntry],
    me: u32,
    knowledge: &impl Knowledge,
) -> Vec<Member> {
    let mut verdicts = vec![Verdict::Open; listing.len()];
    let mut path = Vec::new();
    for start in 0..listing.len() {
        let mut at = start;
        let mut verdict = loop {
            if verdicts[at] != Verdict::Open {
                break verdicts[at];
            }
            // Decided for now, so that a torn listing with a cycle ends the walk.
            verdicts[at] = Verdict::Foreign;
            path.push(at);
            let process = &listing[at];
            if process.pid == me {
                break Verdict::Foreign;
            }
            if process.parent == me {
                break Verdict::Ours(knowledge.leader(process.pid));
            }
            match listing.binary_search_by_key(&process.parent, |p| p.pid) {
                Ok(parent) if listing[parent].pid != me => at = parent,
                _ => break Verdict::Foreign,
            }
        };
        while let Some(at) = path.pop() {
            verdict = judge(verdict, &listing[at], me, knowledge);
            verdicts[at] = verdict;
        }
    }
    listing
        .iter()
        .zip(verdicts)
        .filter_map(|(process, verdict)| match verdict {
            Verdict::Ours(owner) => Some(Member {
                process: process.clone(),
                owner,
                child: process.parent == me,
            }),
            Verdict::Open | Verdict::Foreign => None,
        })
        .collect()
}

/// The verdict on a child, from that on its parent.
fn judge(above: Verdict, process: &ProcessEntry, me: u32, knowledge: &impl Knowledge) -> Verdict {
    match above {
        Verdict::Ours(Some(owner)) => Verdict::Ours(Some(owner)),
        Verdict::Ours(None) => Verdict::Ours(knowledge.evidence(process)),
        Verdict::Open | Verdict::Foreign if process.pid == me => Verdict::Foreign,
        Verdict::Open | Verdict::Foreign => match knowledge.stray(process) {
            Some(owner) => Verdict::Ours(Some(owner)),
            None => Verdict::Foreign,
        },
    }
}

/// The child of this server that a process is, or descends from; used to tell whose a listener is.
pub fn child_above(pid: u32) -> Option<u32> {
    let me = std::process::id();
    let mut at = pid;
    // More generations than any process has.
    for _ in 0..10_000 {
        match system::find(at) {
            Ok(Some(ProcessEntry { parent, .. })) if parent == me => return Some(at),
            Ok(Some(ProcessEntry { parent, .. })) if parent > 1 => at = parent,
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const ME: u32 = 1000;

    #[derive(Default)]
    struct World {
        leaders: HashMap<u32, Owner>,
        evidence: HashMap<u32, Owner>,
    }

    impl Knowledge for World {
        fn leader(&self, pid: u32) -> Option<Owner> {
            self.leaders.get(&pid).copied()
        }
        fn evidence(&self, process: &ProcessEntry) -> Option<Owner> {
            self.evidence.get(&process.pid).copied()
        }
        fn stray(&self, _: &ProcessEntry) -> Option<Owner> {
            None
        }
    }

    fn owner(service: usize) -> Owner {
        Owner {
            service,
            life: Some(LifeId(service as u64)),
        }
    }

    fn listing(parents: &[(u32, u32)]) -> Vec<ProcessEntry> {
        let mut listing: Vec<_> = parents
            .iter()
            .map(|&(pid, parent)| ProcessEntry {
                parent,
                ..ProcessEntry::example(pid)
            })
            .collect();
        listing.sort_by_key(|p| p.pid);
        listing
    }

    #[test]
    fn the_leader_above_owns_whatever_the_evidence_says() {
        let mut world = World::default();
        world.leaders.insert(10, owner(1));
        world.evidence.insert(5, owner(2));
        // 5 is a grandchild of the leader with a smaller pid; 20 was adopted; 30 is not ours.
        let list = listing(&[
            (1, 0),
            (5, 11),
            (10, ME),
            (11, 10),
            (20, ME),
            (30, 1),
            (ME, 1),
        ]);
        let found: Vec<_> = members(&list, ME, &world)
            .into_iter()
            .map(|m| (m.process.pid, m.owner, m.child))
            .collect();
        assert_eq!(
            found,
            [
                (5, Some(owner(1)), false),
                (10, Some(owner(1)), true),
                (11, Some(owner(1)), false),
                (20, None, true),
            ]
        );
    }

    #[test]
    fn below_an_unknown_one_each_speaks_for_itself() {
        let mut world = World::default();
        world.evidence.insert(21, owner(4));
        let list = listing(&[(20, ME), (21, 20), (22, 21), (ME, 1)]);
        let owners: Vec<_> = members(&list, ME, &world)
            .into_iter()
            .map(|m| m.owner)
            .collect();
        assert_eq!(owners, [None, Some(owner(4)), Some(owner(4))]);
    }

    proptest! {
        /// Compared with the plain definition, on listings that may be torn: parents that are gone,
        /// circles, pids in any order.
        #[test]
        fn membership_is_having_us_above(parents in proptest::collection::btree_map(990u32..1020, 990u32..1022, 0..25)) {
            let list = listing(&parents.iter().map(|(&pid, &parent)| (pid, parent)).collect::<Vec<_>>());
            let mut world = World::default();
            for pid in [991, 995, 1003, 1010] {
                world.leaders.insert(pid, owner(pid as usize));
            }
            let found: HashMap<_, _> = members(&list, ME, &world)
                .into_iter()
                .map(|m| (m.process.pid, m.owner))
                .collect();
            for &pid in parents.keys() {
                let mut at = pid;
                let mut expected = None;
                for _ in 0..=parents.len() {
                    if at == ME { break; }
                    let Some(&parent) = parents.get(&at) else { break };
                    if parent == ME {
                        expected = Some(world.leaders.get(&at).copied());
                        break;
                    }
                    at = parent;
                }
                prop_assert_eq!(found.get(&pid).copied(), expected, "pid {}", pid);
            }
        }
    }
}
