//! The table of processes: watches, signals, reaps and reports. The server's thread drives it, and after the
//! server's death the guardian.
//!
//! No scan is an atomic snapshot, and still the table knows when nothing is left: every descendant has a child
//! of ours above it (or is one), and a child of ours stays listed until we reap it, which never happens during a
//! scan. So if all that a scan shows are children of ours that were seen dead before it began, nothing else was
//! there when it began, and the dead start nothing.
//!
//! The same holds for one leader: what it left when it died was re-parented to us. So when all our children are
//! leaders, nothing is left of those that were seen dead, and a list of our children shows that without a scan
//! of the whole system.

mod look;
mod reconcile;
mod schedule;
mod sweep;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::link::outbox::Outbox;
use super::message::{End, LifeId, Mode, ProcessInfo, Role, StopSignal};
use super::ownership::mark::Mark;
use super::ownership::runs::{Run, Runs, Stage};
use super::ownership::{self, Member, Owner};
use super::system;
use super::system::process_entry::ProcessEntry;
use super::system::reserved_fds::ReservedFds;
use super::system::wait::{ChildState, peek};
use super::takedown::{Takedown, Target, denied, describe};
use look::Looks;
use schedule::ScanSchedule;

/// What the table reports.
#[derive(Debug)]
pub(super) enum Notice {
    /// A leader has exited; `left` is as in [`super::message::Event::Exited`].
    Exited {
        life: LifeId,
        end: End,
        left: Vec<ProcessInfo>,
    },
    /// The number of processes that a service's leader left has changed.
    Left { life: LifeId, left: usize },
    /// Nothing of a run is left.
    RunGone {
        life: LifeId,
        service: usize,
        role: Role,
        end: End,
    },
    /// Nothing of the target is left: the takedown has ended.
    Gone(Target),
    /// Before the `Gone` of a service: what runs and belongs to no known one, so that it may be of this.
    Unowned {
        service: usize,
        processes: Vec<ProcessInfo>,
    },
    /// What a takedown waits for.
    Remaining(Target, Vec<ProcessInfo>),
}

/// Everything known about our processes.
#[derive(Debug)]
pub(super) struct Table {
    /// The pid of this process: what is below it is ours.
    me: u32,
    runs: Runs,
    takedowns: BTreeMap<Target, Takedown>,
    /// The stop signals of the services that were started.
    stop_signals: HashMap<usize, StopSignal>,
    /// Whether everything gets SIGKILL, also what appears later.
    killing_all: bool,
    schedule: ScanSchedule,
    /// Since when no sweep has come to an end.
    sweeping_since: Option<Instant>,
    looks: Looks,
    /// The list of all processes; kept to reuse the allocation.
    listing: Vec<ProcessEntry>,
    /// The children of this process; kept to reuse the allocation.
    children: Vec<u32>,
    /// Our processes, by the last scan.
    members: Vec<Member>,
    /// How many processes are left of what leaders that exited with 0 left.
    left: BTreeMap<LifeId, usize>,
    /// How many scans there were.
    scans: u64,
    /// For scans and signals when all other descriptors are taken.
    reserved_fds: ReservedFds,
    /// To the guardian, which must know that a leader is about to be reaped.
    pub(super) outbox: Outbox,
}

impl Table {
    pub(super) fn new(mark: Mark, outbox: Outbox) -> Self {
        let mut reserved_fds = ReservedFds::default();
        reserved_fds.refill();
        Self {
            me: std::process::id(),
            runs: Runs::new(mark),
            takedowns: BTreeMap::new(),
            stop_signals: HashMap::new(),
            killing_all: false,
            schedule: ScanSchedule::default(),
            sweeping_since: None,
            looks: Looks::default(),
            listing: Vec::new(),
            children: Vec::new(),
            members: Vec::new(),
            left: BTreeMap::new(),
            scans: 0,
            reserved_fds,
            outbox,
        }
    }

    pub(super) fn mark(&self) -> &Mark {
        self.runs.mark()
    }

    /// Adds a run that has begun.
    pub(super) fn add(&mut self, id: LifeId, run: Run) {
        self.looks.watch(run.service);
        self.runs.insert(id, run);
        if self.killing_all {
            self.schedule.request_now();
        }
    }

    /// Whether something of a run is left.
    pub(super) fn has(&self, id: LifeId) -> bool {
        self.runs.all.contains_key(&id)
    }

    /// The leader of a service, while it runs.
    pub(super) fn running_leader(&self, service: usize) -> Option<u32> {
        let mut leaders = self
            .runs
            .all
            .values()
            .filter(|run| run.service == service && run.role == Role::Service && run.running());
        let leader = leaders.next()?.leader;
        (peek(leader) == ChildState::Running).then_some(leader)
    }

    /// Sets what tells a service to end.
    pub(super) fn set_stop_signal(&mut self, service: usize, signal: StopSignal) {
        self.stop_signals.insert(service, signal);
    }

    /// Begins a takedown, or makes it harder. [`Notice::Gone`] follows, however long it takes.
    pub(super) fn take_down(&mut self, target: Target, mode: Mode) {
        let now = Instant::now();
        let signal = match target {
            Target::Service(service) => self.stop_signals.get(&service).copied(),
            Target::Run(_) | Target::Unowned | Target::Everything => None,
        };
        self.takedowns
            .entry(target)
            .or_insert_with(|| Takedown::new(mode, signal.unwrap_or_default(), now))
            .raise(mode, now);
        if let (Target::Service(service), Mode::Leader | Mode::Terminate) = (target, mode) {
            self.looks.watch(service);
        }
        self.schedule.request_now();
    }

    /// Whether a takedown has not ended yet.
    pub(super) fn is_taking_down(&self, target: Target) -> bool {
        self.takedowns.contains_key(&target)
    }

    /// Ends a takedown that has nothing more to try.
    pub(super) fn give_up(&mut self, target: Target) {
        self.takedowns.remove(&target);
    }

    /// How many scans there were.
    pub(super) fn scans(&self) -> u64 {
        self.scans
    }

    /// Sends SIGKILL to everything, also to what appears later.
    pub(super) fn kill_all(&mut self) {
        self.killing_all = true;
        self.schedule.request_now();
    }

    /// Whether [`Self::kill_all`] was called.
    pub(super) fn is_killing_all(&self) -> bool {
        self.killing_all
    }

    /// To be called when a child may have ended.
    pub(super) fn children_changed(&mut self, notices: &mut Vec<Notice>) {
        self.reap_adopted();
        // During a takedown the next scan asks about all of them.
        let taking_down = !self.takedowns.is_empty();
        let ended = self
            .runs
            .newly_ended(|role| !taking_down || role == Role::Probe);
        let probes = self.report_probes(&ended, notices);
        if taking_down || probes < ended.len() {
            self.schedule.request_now();
        } else {
            self.schedule.request_soon();
        }
    }

    /// Reports the exits of probes at once: they run often, and nobody asks what they leave. Returns how many of
    /// these runs were probes.
    fn report_probes(&mut self, ended: &[LifeId], notices: &mut Vec<Notice>) -> usize {
        let mut probes = 0;
        for &id in ended {
            if let Some(run) = self.runs.all.get_mut(&id)
                && let (Role::Probe, Stage::Ended(end)) = (run.role, run.stage)
            {
                run.stage = Stage::Reported(end);
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

    /// When to call [`Self::perform_due`]; `None` when there is no reason to.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = [self.looks.due(), self.schedule.due()];
        due.into_iter().flatten().min()
    }

    /// Looks and scans, if that is due.
    pub(super) fn perform_due(&mut self, notices: &mut Vec<Notice>) {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= Instant::now());
        if is_due(self.looks.due()) {
            self.look();
        }
        if is_due(self.schedule.due()) {
            self.scan(notices);
        }
    }

    /// Scans the processes and acts on what it finds.
    pub(super) fn scan(&mut self, notices: &mut Vec<Notice>) {
        if !self.sweep() {
            self.schedule.request_now();
            return;
        }
        // A leader that is known to be dead from here on was dead before the scan began.
        let ended = self.runs.newly_ended(|_| true);
        self.report_probes(&ended, notices);
        let begun = Instant::now();
        let urgent = self.schedule.is_urgent();
        self.schedule.started();
        if urgent && self.scan_children() {
            self.scans += 1;
            self.reconcile(notices);
            if self.runs.all.values().any(Run::running) {
                // What the running ones start must be seen while its parents are there.
                self.schedule.request_soon();
            }
        } else {
            self.scan_all(notices);
        }
        self.schedule.finished(begun, Instant::now());
    }

    fn scan_all(&mut self, notices: &mut Vec<Notice>) {
        let listed = system::list(&mut self.listing).or_else(|_| {
            self.reserved_fds.release();
            system::list(&mut self.listing)
        });
        if listed.is_ok() {
            self.members = ownership::members(&self.listing, self.me, &self.runs);
            self.runs.remember(&self.members);
            self.runs.forget(&self.listing, &self.members);
            self.scans += 1;
            self.reconcile(notices);
        }
        self.reserved_fds.refill();
        // An incomplete list shows nothing.
        if listed.is_err() || !self.takedowns.is_empty() {
            self.schedule.request_soon();
        }
    }

    /// Scans our children only. That is enough if all of them are leaders and all takedowns are of leaders that
    /// were seen dead: then nothing is left of these, and the other members stay as they were.
    fn scan_children(&mut self) -> bool {
        if self.killing_all || system::children(&mut self.children).is_err() {
            return false;
        }
        let runs = &self.runs;
        let adopted = |pid: &u32| runs.leads(*pid).is_none();
        let awaited = |id: LifeId, run: &Run| {
            let owner = Some(Owner {
                service: run.service,
                life: Some(id),
            });
            self.takedowns.keys().any(|target| target.covers(owner))
        };
        // The exit of a service is reported with what else of it runs.
        let joined = |run: &Run| {
            let ended = |other: &Run| {
                matches!(other.stage, Stage::Ended(_)) && other.service == run.service
            };
            run.role == Role::Service && runs.all.values().any(ended)
        };
        if self.children.iter().any(adopted)
            || runs
                .all
                .iter()
                .any(|(&id, run)| run.running() && (awaited(id, run) || joined(run)))
        {
            return false;
        }
        self.members.retain(|member| {
            let life = member.owner.and_then(|owner| owner.life);
            life.is_some_and(|id| runs.all.get(&id).is_some_and(Run::running))
        });
        true
    }

    /// What runs of a target, by the last scan.
    pub(super) fn remaining(&self, target: Target) -> Vec<ProcessInfo> {
        let living = living(&self.members, target);
        match self.takedowns.get(&target) {
            Some(takedown) => takedown.describe(&living, Instant::now()),
            None => living.iter().map(|m| describe(m, false)).collect(),
        }
    }

    /// Whether something of a target runs and we may signal none of it, so that waiting is useless.
    pub(super) fn all_denied(&self, target: Target) -> bool {
        let living = living(&self.members, target);
        !living.is_empty() && living.iter().all(|m| denied(m))
    }
}

/// What runs of a target.
fn living(members: &[Member], target: Target) -> Vec<&Member> {
    members
        .iter()
        .filter(|m| !m.process.dead() && target.covers(m.owner))
        .collect()
}
