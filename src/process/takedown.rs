//! Taking down what belongs together: who has had which signal, and what is left.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};

use super::listed::{Identity, State};
use super::owner::{Member, Owner};
use super::{LifeId, Mode, ProcessInfo, Why, os, pid};

/// What is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Target {
    /// Everything of a service.
    Service(usize),
    /// Everything of one run.
    Life(LifeId),
    /// Everything whose owner cannot be told.
    Unowned,
    /// Everything.
    Everything,
}

impl Target {
    /// Whether something with this owner is to go.
    pub(super) fn covers(self, owner: Option<Owner>) -> bool {
        match self {
            Self::Service(service) => owner.is_some_and(|o| o.service == service),
            Self::Life(life) => owner.is_some_and(|o| o.life == Some(life)),
            Self::Unowned => owner.is_none(),
            Self::Everything => true,
        }
    }
}

/// The leader of a group that may be signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leader {
    /// It lives.
    Alive,
    /// It has ended and is not reaped.
    Dead,
}

/// What is over sooner is not worth telling.
const TELL_AFTER: Duration = Duration::from_millis(50);
/// What lives this long after SIGKILL has a reason that people want to know.
const EXPLAIN_AFTER: Duration = Duration::from_secs(1);

/// A take-down in progress.
#[derive(Debug)]
pub(super) struct TakeDown {
    mode: Mode,
    since: Instant,
    /// Since when it is as hard as it is.
    mode_since: Instant,
    /// The hardest signal each group has had, by its leader.
    groups: HashMap<u32, Mode>,
    /// The hardest signal each process has had, by itself or with its group, and which group it was seen
    /// in: one that has left it since may have done so before the signal.
    single: HashMap<Identity, (Mode, u32)>,
    /// What was told last to be left.
    told: Vec<u32>,
    /// Whether it was told why something survives SIGKILL.
    explained: bool,
}

impl TakeDown {
    pub(super) fn new(mode: Mode, now: Instant) -> Self {
        Self {
            mode,
            since: now,
            mode_since: now,
            groups: HashMap::new(),
            single: HashMap::new(),
            told: Vec::new(),
            explained: false,
        }
    }

    /// Makes it harder; what is as hard already stays as it is.
    pub(super) fn raise(&mut self, mode: Mode, now: Instant) {
        if mode > self.mode {
            self.mode = mode;
            self.mode_since = now;
        }
    }

    /// Signals what has not had the signal yet. `leader` says of a group whether an unreaped child of ours
    /// leads it, so that its number stands for nobody else. Returns whether something was signalled one by
    /// one for the first time: then there may be more where that came from.
    pub(super) fn signal(
        &mut self,
        living: &[&Member],
        leader: impl Fn(u32) -> Option<Leader>,
    ) -> bool {
        let signals: &[Signal] = match self.mode {
            Mode::Watch => return false,
            // A stopped process acts on SIGTERM only when it goes on.
            Mode::Terminate => &[Signal::SIGTERM, Signal::SIGCONT],
            Mode::Kill => &[Signal::SIGKILL],
        };
        let groups: HashSet<u32> = living.iter().map(|m| m.process.group).collect();
        for group in groups.into_iter().filter(|&group| leader(group).is_some()) {
            let had = self.groups.insert(group, self.mode);
            if self.mode == Mode::Kill || had < Some(self.mode) {
                signal_group(group, signals);
                let mode = self.mode;
                let inside = living.iter().filter(|m| m.process.group == group);
                self.single
                    .extend(inside.map(|m| (m.process.identity(), (mode, group))));
            }
        }
        let mut first = false;
        for member in living {
            // What a leader starts while it ends in its own way is left to it.
            if leader(member.process.group) != Some(Leader::Alive) {
                first |= self.signal_one(member, signals);
            }
        }
        first
    }

    fn signal_one(&mut self, member: &Member, signals: &[Signal]) -> bool {
        let (identity, group) = (member.process.identity(), member.process.group);
        let had = self.single.get(&identity).copied();
        if had.is_some_and(|(mode, then)| mode >= self.mode && then == group) {
            return false;
        }
        // A group that an adopted child leads keeps its number as long as that child is not reaped.
        if self.mode == Mode::Kill && member.child && group == identity.pid {
            signal_group(group, signals);
        }
        match os::signal(identity, member.child, signals) {
            // Without permission trying again does not help, a harder signal neither.
            Ok(_) | Err(Errno::EPERM) => {
                self.single.insert(identity, (self.mode, group));
            }
            // Tried again at the next look.
            Err(_) => {}
        }
        had.is_none()
    }

    /// What to tell of what is left, if there is something new to tell.
    pub(super) fn news(&mut self, living: &[&Member], now: Instant) -> Option<Vec<ProcessInfo>> {
        let left: Vec<u32> = living.iter().map(|m| m.process.pid).collect();
        let explain = self.survives_kill(now);
        let changed = left != self.told && now - self.since >= TELL_AFTER;
        if left.is_empty() || !(changed || (explain && !self.explained)) {
            return None;
        }
        self.told = left;
        self.explained = explain;
        Some(self.describe(living, now))
    }

    /// What is left, with the reasons where they are known.
    pub(super) fn describe(&self, living: &[&Member], now: Instant) -> Vec<ProcessInfo> {
        let explain = self.survives_kill(now);
        living.iter().map(|m| describe(m, explain)).collect()
    }

    fn survives_kill(&self, now: Instant) -> bool {
        self.mode == Mode::Kill && now - self.mode_since >= EXPLAIN_AFTER
    }
}

/// Sends signals to all of a group whose number is known to be its own.
fn signal_group(group: u32, signals: &[Signal]) {
    for &signal in signals {
        // EPERM: nobody in it may be signalled, which `describe` finds out; ESRCH: nobody is left.
        let _ = killpg(pid(group), signal);
    }
}

/// Whether we may not signal a process. It is asked of a pid, with a signal that does nothing.
pub(super) fn denied(member: &Member) -> bool {
    kill(pid(member.process.pid), None) == Err(Errno::EPERM)
}

/// A process as people are told of it; `explain` asks why it outlives SIGKILL.
pub(super) fn describe(member: &Member, explain: bool) -> ProcessInfo {
    let process = &member.process;
    let user = os::user(process.pid).unwrap_or_default();
    let why = if denied(member) {
        Some(Why::other_user(user))
    } else if !explain {
        None
    } else if process.state == State::Uninterruptible {
        Some(Why::Uninterruptible)
    } else {
        Some(Why::SurvivedKill)
    };
    ProcessInfo {
        pid: process.pid,
        name: process.name.to_string(),
        user,
        service: member.owner.map(|owner| owner.service),
        why,
    }
}
