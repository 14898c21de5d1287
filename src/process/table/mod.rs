//! The table of what runs: it watches, tells, signals and reaps. The server's thread and, after the
//! server's death, the guardian drive the same table.
//!
//! When nothing of something is left can be told although no look at the list of processes is a picture
//! of one instant: every descendant has a child of ours above it (or is one), and a child of ours stays
//! listed until we reap it, which never happens during a look. So if all that a look shows are children of
//! ours that had been seen dead before it began, there was nothing else when it began, and the dead start
//! nothing.
//!
//! The same goes for one leader alone: what it has left when it is dead has fallen to us. So when all our
//! children are leaders, nothing is left of those that were seen dead, and a glance at the list of our
//! children has told that without a look at everything that runs on the machine.

#[path = "reconcile.rs"]
mod digest;

use std::collections::BTreeMap;
use std::time::Instant;

use super::guardian::Mailbox;
use super::listed::Listed;
use super::lives::{Life, Lives, Stage};
use super::mark::Mark;
use super::owner::{self, Member, Owner};
use super::pace::Pace;
use super::spare::Spare;
use super::takedown::{TakeDown, Target, denied, describe};
use super::{End, LifeId, Mode, ProcessInfo, Role, os};

/// What a table has to say.
#[derive(Debug)]
pub(super) enum Notice {
    /// A leader has exited; `left` is as in [`super::Event::Exited`].
    Exited {
        life: LifeId,
        end: End,
        left: Vec<ProcessInfo>,
    },
    /// What the leader of a service's run has left is another number than was told last.
    Left { life: LifeId, left: usize },
    /// Nothing of a run is left.
    Over {
        life: LifeId,
        service: usize,
        role: Role,
        end: End,
    },
    /// Nothing of what was to be taken down is left.
    Gone(Target),
    /// What a take-down waits for.
    Remaining(Target, Vec<ProcessInfo>),
}

/// All that is known of our processes.
#[derive(Debug)]
pub(super) struct Table {
    /// The pid of this process: what is below it is ours.
    me: u32,
    lives: Lives,
    takedowns: BTreeMap<Target, TakeDown>,
    /// Whether everything is to be killed, whatever appears.
    killing_all: bool,
    pace: Pace,
    /// The list of all processes; kept for its memory.
    listing: Vec<Listed>,
    /// The children of this process; kept for its memory.
    children: Vec<u32>,
    /// What the last look found to be ours.
    members: Vec<Member>,
    /// How many processes the leaders that have succeeded were last seen to have left.
    left: BTreeMap<LifeId, usize>,
    /// How many looks there were.
    looks: u64,
    /// For looking and signalling when all other descriptors are taken.
    spare: Spare,
    /// Who must know that a leader is about to be reaped.
    pub(super) mailbox: Mailbox,
}

impl Table {
    pub(super) fn new(mark: Mark, mailbox: Mailbox) -> Self {
        Self {
            me: std::process::id(),
            lives: Lives::new(mark),
            takedowns: BTreeMap::new(),
            killing_all: false,
            pace: Pace::default(),
            listing: Vec::new(),
            children: Vec::new(),
            members: Vec::new(),
            left: BTreeMap::new(),
            looks: 0,
            spare: Spare::new(),
            mailbox,
        }
    }

    pub(super) fn mark(&self) -> &Mark {
        self.lives.mark()
    }

    /// A run has begun.
    pub(super) fn add(&mut self, id: LifeId, life: Life) {
        self.lives.insert(id, life);
        if self.killing_all {
            self.pace.hurry();
        }
    }

    /// Whether a run is not over.
    pub(super) fn has(&self, id: LifeId) -> bool {
        self.lives.all.contains_key(&id)
    }

    /// Begins a take-down, or makes it harder. [`Notice::Gone`] follows, however long it takes.
    pub(super) fn take_down(&mut self, target: Target, mode: Mode) {
        let now = Instant::now();
        self.takedowns
            .entry(target)
            .or_insert_with(|| TakeDown::new(mode, now))
            .raise(mode, now);
        self.pace.hurry();
    }

    /// Whether a take-down has not ended yet.
    pub(super) fn is_taking_down(&self, target: Target) -> bool {
        self.takedowns.contains_key(&target)
    }

    /// Ends a take-down that has nothing more to try.
    pub(super) fn give_up(&mut self, target: Target) {
        self.takedowns.remove(&target);
    }

    /// How many looks there were so far.
    pub(super) fn looks(&self) -> u64 {
        self.looks
    }

    /// SIGKILL to everything, and to what appears later.
    pub(super) fn kill_all(&mut self) {
        self.killing_all = true;
        self.pace.hurry();
    }

    /// To be called when a child may have ended.
    pub(super) fn children_changed(&mut self, notices: &mut Vec<Notice>) {
        // Under way to the end of many, the next look asks about all of them.
        let looking = !self.takedowns.is_empty();
        let ended = self
            .lives
            .newly_ended(|role| !looking || role == Role::Probe);
        let probes = self.tell_probes(&ended, notices);
        if looking || probes < ended.len() {
            self.pace.hurry();
        } else {
            self.pace.want();
        }
    }

    /// Tells the exits of probes at once, because probes are run often and nobody asks what they leave.
    /// Returns how many of these runs were probes.
    fn tell_probes(&mut self, ended: &[LifeId], notices: &mut Vec<Notice>) -> usize {
        let mut probes = 0;
        for &id in ended {
            if let Some(life) = self.lives.all.get_mut(&id)
                && let (Role::Probe, Stage::Ended(end)) = (life.role, life.stage)
            {
                life.stage = Stage::Told(end);
                probes += 1;
                notices.push(Notice::Exited {
                    life: id,
                    end,
                    left: Vec::new(),
                });
            }
        }
        probes
    }

    /// When [`Self::look`] is to be called; `None` as long as there is no reason for it.
    pub(super) fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    /// Looks at the list of processes and does what follows from it.
    pub(super) fn look(&mut self, notices: &mut Vec<Notice>) {
        // Whoever is known to be dead from here on was dead before the look began.
        let ended = self.lives.newly_ended(|_| true);
        self.tell_probes(&ended, notices);
        let begun = Instant::now();
        let hurried = self.pace.hurried();
        self.pace.begun();
        if hurried && self.glance() {
            self.looks += 1;
            self.digest(notices);
            if self.lives.all.values().any(Life::running) {
                // What starts below those that live is found out in time, for the day they are gone.
                self.pace.want();
            }
            self.pace.ended(begun, Instant::now());
            return;
        }
        let listed = os::list(&mut self.listing).or_else(|_| {
            self.spare.release();
            os::list(&mut self.listing)
        });
        if listed.is_ok() {
            self.members = owner::members(&self.listing, self.me, &mut self.lives);
            self.lives.remember(&self.listing, &self.members);
            self.looks += 1;
            self.digest(notices);
        } else {
            // Nothing follows from a list that is not complete.
            self.pace.want();
        }
        self.spare.refill();
        if !self.takedowns.is_empty() {
            self.pace.want();
        }
        self.pace.ended(begun, Instant::now());
    }

    /// Looks at our children alone. Enough if all of them are leaders and all that is waited for is about
    /// leaders that were seen dead: then nothing is left of these, and what else there is is left as it was.
    fn glance(&mut self) -> bool {
        if self.killing_all || os::children(&mut self.children).is_err() {
            return false;
        }
        let lives = &self.lives;
        let adopted = |pid: &u32| lives.leads(*pid).is_none();
        let awaited = |id: LifeId, life: &Life| {
            let owner = Some(Owner {
                service: life.service,
                life: Some(id),
            });
            self.takedowns.keys().any(|target| target.covers(owner))
        };
        // Of a service that has ended, what else of it runs is told.
        let joined = |life: &Life| {
            let ended = |other: &Life| {
                matches!(other.stage, Stage::Ended(_)) && other.service == life.service
            };
            life.role == Role::Service && lives.all.values().any(ended)
        };
        if self.children.iter().any(adopted)
            || lives
                .all
                .iter()
                .any(|(&id, life)| life.running() && (awaited(id, life) || joined(life)))
        {
            return false;
        }
        self.members.retain(|member| {
            let life = member.owner.and_then(|owner| owner.life);
            life.is_some_and(|id| lives.all.get(&id).is_some_and(Life::running))
        });
        true
    }

    /// What lives of a target, as the last look has shown it.
    pub(super) fn remaining(&self, target: Target) -> Vec<ProcessInfo> {
        let living = living(&self.members, target);
        match self.takedowns.get(&target) {
            Some(takedown) => takedown.describe(&living, Instant::now()),
            None => living.iter().map(|m| describe(m, false)).collect(),
        }
    }

    /// Whether something of a target lives and all of that is beyond our rights, so that waiting is
    /// of no use.
    pub(super) fn beyond_us(&self, target: Target) -> bool {
        let living = living(&self.members, target);
        !living.is_empty() && living.iter().all(|m| denied(m))
    }
}

/// What lives of a target.
fn living(members: &[Member], target: Target) -> Vec<&Member> {
    members
        .iter()
        .filter(|m| !m.process.dead() && target.covers(m.owner))
        .collect()
}
