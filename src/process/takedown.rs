//! A takedown: who was sent which signal, and what is left.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};

use super::message::{LifeId, Mode, Role, StopSignal};
use super::ownership::runs::{Run, Runs};
use super::ownership::{Member, Owner};
use super::system::process_entry::{Identity, State};
use super::system::user_name::user_name;
use super::system::{self, pid};
use crate::facts::{ProcessInfo, SurvivalReason};

/// What to take down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Everything of a service.
    Service(usize),
    /// Everything of one run.
    Run(LifeId),
    /// Everything without a known owner.
    Unowned,
    /// Everything.
    Everything,
}

impl Target {
    /// Whether something with this owner is included.
    pub(crate) fn covers(self, owner: Option<Owner>) -> bool {
        match self {
            Self::Service(service) => owner.is_some_and(|o| o.service == service),
            Self::Run(life) => owner.is_some_and(|o| o.life == Some(life)),
            Self::Unowned => owner.is_none(),
            Self::Everything => true,
        }
    }
}

/// What is gone sooner is not reported.
const REPORT_AFTER: Duration = Duration::from_millis(50);
/// What runs this long after SIGKILL is reported with the reason.
const EXPLAIN_AFTER: Duration = Duration::from_secs(1);
/// At the end of a session, from SIGTERM to SIGKILL for what has no known owner.
pub(crate) const FINAL_GRACE: Duration = Duration::from_secs(2);
/// What runs this long after SIGKILL is given up and reported.
pub(crate) const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// A takedown in progress.
#[derive(Debug)]
pub(crate) struct Takedown {
    mode: Mode,
    stop_signal: StopSignal,
    since: Instant,
    /// When it got its present mode.
    mode_since: Instant,
    /// The hardest mode each group was signalled with, by leader.
    groups: HashMap<u32, Mode>,
    /// The hardest mode each process was signalled with, alone or with its group, and the group it was in then:
    /// one that has left it since may have done so before the signal.
    processes: HashMap<Identity, (Mode, u32)>,
    /// What was last reported as left.
    reported: Vec<u32>,
    /// Whether the reason for surviving SIGKILL was reported.
    explained: bool,
}

impl Takedown {
    pub(crate) fn new(mode: Mode, stop_signal: StopSignal, now: Instant) -> Self {
        Self {
            mode,
            stop_signal,
            since: now,
            mode_since: now,
            groups: HashMap::new(),
            processes: HashMap::new(),
            reported: Vec::new(),
            explained: false,
        }
    }

    /// Whether it sends SIGKILL.
    pub(crate) fn kills(&self) -> bool {
        self.mode == Mode::Kill
    }

    /// Switches to a harder mode; no effect when it is as hard already.
    pub(crate) fn raise(&mut self, mode: Mode, now: Instant) {
        if mode > self.mode {
            self.mode = mode;
            self.mode_since = now;
        }
    }

    /// Signals what has not had the signal yet. Returns whether a process was signalled alone for the first time:
    /// then more like it may follow.
    pub(crate) fn signal(&mut self, living: &[&Member], runs: &Runs) -> bool {
        // A stopped process handles a signal only once continued.
        let stop = [self.stop_signal.signal(), Signal::SIGCONT];
        let (signals, level): (&[Signal], Mode) = match self.mode {
            Mode::Watch => return false,
            Mode::Leader | Mode::Terminate => (&stop, Mode::Terminate),
            Mode::Kill => (&[Signal::SIGKILL], Mode::Kill),
        };
        let mut first = false;
        if self.mode == Mode::Leader {
            let leads_service = |m: &&&Member| {
                let run = runs.leads(m.process.pid);
                run.is_some_and(|run| run.running() && run.role == Role::Service)
            };
            let mut leaders = living.iter().filter(leads_service).peekable();
            if leaders.peek().is_some() {
                for leader in leaders {
                    first |= self.signal_one(leader, signals, level);
                }
                return first;
            }
        }
        let groups: HashSet<u32> = living.iter().map(|m| m.process.group).collect();
        for group in groups {
            // The id of a group is not reused as long as its leader is not reaped.
            if runs.leads(group).is_none() {
                continue;
            }
            let had = self.groups.insert(group, level);
            if level < Mode::Kill && had >= Some(level) {
                continue;
            }
            let inside: Vec<_> = living.iter().filter(|m| m.process.group == group).collect();
            let known = |m: &&&Member| self.processes.contains_key(&m.process.identity());
            if level < Mode::Kill && inside.iter().any(known) {
                // Who had it alone must not get it twice.
                for member in inside {
                    first |= self.signal_one(member, signals, level);
                }
                continue;
            }
            signal_group(group, signals);
            self.processes.extend(
                inside
                    .iter()
                    .map(|m| (m.process.identity(), (level, group))),
            );
        }
        for member in living {
            // A running leader cleans up its own group.
            if !runs.leads(member.process.group).is_some_and(Run::running) {
                first |= self.signal_one(member, signals, level);
            }
        }
        first
    }

    fn signal_one(&mut self, member: &Member, signals: &[Signal], level: Mode) -> bool {
        let (identity, group) = (member.process.identity(), member.process.group);
        let had = self.processes.get(&identity).copied();
        if had.is_some_and(|(mode, then)| mode >= level && then == group) {
            return false;
        }
        // The id of a group that an adopted child leads is not reused before that child is reaped.
        if level == Mode::Kill && member.child && group == identity.pid {
            signal_group(group, signals);
        }
        match system::signal(identity, member.child, signals) {
            // Without permission neither a retry nor a harder signal helps.
            Ok(()) | Err(Errno::EPERM | Errno::ESRCH) => {
                self.processes.insert(identity, (level, group));
            }
            // Retried at the next scan.
            Err(_) => {}
        }
        had.is_none()
    }

    /// What is left, if there is something new to report about it.
    pub(crate) fn report(&mut self, living: &[&Member], now: Instant) -> Option<Vec<ProcessInfo>> {
        let left: Vec<u32> = living.iter().map(|m| m.process.pid).collect();
        let explain = self.survives_kill(now);
        let changed = left != self.reported && now - self.since >= REPORT_AFTER;
        if left.is_empty() || !(changed || (explain && !self.explained)) {
            return None;
        }
        self.reported = left;
        self.explained = explain;
        Some(self.describe(living, now))
    }

    /// What is left, with the reasons where known.
    pub(crate) fn describe(&self, living: &[&Member], now: Instant) -> Vec<ProcessInfo> {
        let explain = self.survives_kill(now);
        living.iter().map(|m| describe(m, explain)).collect()
    }

    /// Whether it goes on although SIGKILL was sent a while ago.
    pub(crate) fn survives_kill(&self, now: Instant) -> bool {
        self.mode == Mode::Kill && now - self.mode_since >= EXPLAIN_AFTER
    }
}

/// Signals a group whose id cannot have been reused.
fn signal_group(group: u32, signals: &[Signal]) {
    for &signal in signals {
        // EPERM: we may signal nobody in it, which `describe` reports; ESRCH: nobody is left.
        let _ = killpg(pid(group), signal);
    }
}

/// Whether we may not signal a process, found out with signal 0.
pub(crate) fn denied(member: &Member) -> bool {
    kill(pid(member.process.pid), None) == Err(Errno::EPERM)
}

/// A process as it is reported; `explain` adds why it survives SIGKILL.
pub(crate) fn describe(member: &Member, explain: bool) -> ProcessInfo {
    let process = &member.process;
    let user = system::user(process.pid).unwrap_or_default();
    let denied = denied(member);
    let why = if denied {
        Some(SurvivalReason::OtherUser)
    } else if !explain {
        None
    } else if process.state == State::Uninterruptible {
        Some(SurvivalReason::Uninterruptible)
    } else {
        Some(SurvivalReason::SurvivedKill)
    };
    ProcessInfo {
        pid: process.pid,
        name: process.name.to_string(),
        user,
        user_name: denied.then(|| user_name(user)).flatten(),
        service: member.owner.map(|owner| owner.service),
        why,
    }
}
