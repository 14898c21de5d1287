//! Whose is a process? Pure: the listing in, the members of our subtree out, each with its owner.

use super::{LifeId, Listed};

/// Whose a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    /// Index of the service.
    pub(super) service: usize,
    /// The run, when that is known too.
    pub(super) life: Option<LifeId>,
}

/// A process of ours.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// As the system lists it.
    pub(super) process: Listed,
    /// Whose it is; `None` when nothing tells.
    pub(super) owner: Option<Owner>,
    /// Whether it is a child of this process, so that nobody else can reap it and its pid cannot
    /// be given to another before we do.
    pub(super) child: bool,
}

/// What is known beside the listing.
pub(super) trait Knowledge {
    /// The owner of a child of ours that was started as a leader.
    fn leader(&self, pid: u32) -> Option<Owner>;
    /// What an earlier look has shown, or what the process itself gives away.
    fn evidence(&mut self, process: &Listed) -> Option<Owner>;
    /// Whether a process that is not below us may be ours nevertheless (where the system has no
    /// subreapers), and then whose it is.
    fn stray(&mut self, process: &Listed) -> Option<Owner>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Not looked at yet.
    Open,
    /// Not below us.
    Foreign,
    /// Below us.
    Ours(Option<Owner>),
}

/// The members of the subtree below `me`, in the order of the listing, which is sorted by pid.
///
/// The owner of a process is the leader above it. One without a leader above it was adopted by us, or
/// has an ancestor that was: then the evidence decides.
pub(super) fn members(listing: &[Listed], me: u32, knowledge: &mut impl Knowledge) -> Vec<Member> {
    let mut verdicts = vec![Verdict::Open; listing.len()];
    let mut path = Vec::new();
    for start in 0..listing.len() {
        let mut at = start;
        let mut verdict = loop {
            if verdicts[at] != Verdict::Open {
                break verdicts[at];
            }
            // Settled for now, so that a torn listing with a circle in it ends the walk.
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

/// What the verdict on the parent means for the child.
fn judge(above: Verdict, process: &Listed, me: u32, knowledge: &mut impl Knowledge) -> Verdict {
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
        fn evidence(&mut self, process: &Listed) -> Option<Owner> {
            self.evidence.get(&process.pid).copied()
        }
        fn stray(&mut self, _: &Listed) -> Option<Owner> {
            None
        }
    }

    fn owner(service: usize) -> Owner {
        Owner {
            service,
            life: Some(LifeId(service as u64)),
        }
    }

    fn listing(parents: &[(u32, u32)]) -> Vec<Listed> {
        let mut listing: Vec<_> = parents
            .iter()
            .map(|&(pid, parent)| Listed {
                parent,
                ..Listed::example(pid)
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
        let found: Vec<_> = members(&list, ME, &mut world)
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
        let owners: Vec<_> = members(&list, ME, &mut world)
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
            let found: HashMap<_, _> = members(&list, ME, &mut world)
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
