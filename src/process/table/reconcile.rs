//! What follows from a scan: reaping, reports, signals.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::{Notice, Table, living};
use crate::process::link::frame::Update;
use crate::process::message::{End, LifeId, Mode, Role, StopSignal};
use crate::process::ownership::Member;
use crate::process::ownership::runs::{Run, Stage};
use crate::process::system::wait::{ChildState, reap};
use crate::process::takedown::{Takedown, Target, describe};

impl Table {
    /// Acts on the last scan, in this order.
    pub(super) fn reconcile(&mut self, notices: &mut Vec<Notice>) {
        self.reap_orphans();
        self.report_exits(notices);
        self.report_left(notices);
        self.kill_leftovers_of_probes();
        if self.killing_all {
            self.kill_members();
        }
        self.signal_takedowns();
        self.reap_leaders();
        self.report_gone_runs(notices);
        self.report_takedowns(notices);
    }

    /// Reaps adopted children. They stay in `members`: they were not seen dead before the scan, so only the next
    /// one can show that they are gone.
    fn reap_orphans(&mut self) {
        let mut reaped = false;
        for member in &self.members {
            let process = &member.process;
            if process.dead() && member.child && self.runs.leads(process.pid).is_none() {
                reaped |= matches!(reap(process.pid), ChildState::Ended(_));
            }
        }
        if reaped && !self.takedowns.is_empty() {
            self.schedule.request_now();
        } else if reaped {
            self.schedule.request_soon();
        }
    }

    fn report_exits(&mut self, notices: &mut Vec<Notice>) {
        let mut reported = Vec::new();
        for (&id, run) in &mut self.runs.all {
            if let Stage::Ended(end) = run.stage {
                run.stage = Stage::Reported(end);
                reported.push((id, end, run.service, run.role));
            }
        }
        for (life, end, service, role) in reported {
            let of_it = |member: &&Member| match (role, member.owner) {
                (_, None) => false,
                (Role::Service, Some(owner)) => {
                    let role = owner.life.and_then(|id| self.runs.all.get(&id));
                    owner.service == service && role.is_none_or(|l| l.role == Role::Service)
                }
                (_, Some(owner)) => owner.life == Some(life),
            };
            let left = self
                .members
                .iter()
                .filter(|m| !m.process.dead())
                .filter(of_it)
                .map(|m| describe(m, false))
                .collect();
            notices.push(Notice::Exited { life, end, left });
        }
    }

    /// Reports how much is left of what a succeeded leader left, when that has changed.
    fn report_left(&mut self, notices: &mut Vec<Notice>) {
        let mut left: BTreeMap<LifeId, usize> = BTreeMap::new();
        for (&id, run) in &self.runs.all {
            let succeeded = matches!(
                run.stage,
                Stage::Reported(End::Code(0)) | Stage::Reaped(End::Code(0))
            );
            let service = Target::Service(run.service);
            if succeeded && run.role == Role::Service && !self.takedowns.contains_key(&service) {
                left.insert(id, living(&self.members, Target::Run(id)).len());
            }
        }
        for (&life, &left) in &left {
            // The first number is reported with the exit.
            if self.left.get(&life).is_some_and(|&last| last != left) {
                notices.push(Notice::Left { life, left });
            }
        }
        self.left = left;
    }

    fn kill_leftovers_of_probes(&mut self) {
        let now = Instant::now();
        for (&id, run) in &self.runs.all {
            let ended = !matches!(run.stage, Stage::Running);
            if ended
                && run.role == Role::Probe
                && !living(&self.members, Target::Run(id)).is_empty()
            {
                self.takedowns
                    .entry(Target::Run(id))
                    .or_insert_with(|| Takedown::new(Mode::Kill, StopSignal::default(), now));
            }
        }
    }

    fn kill_members(&mut self) {
        let now = Instant::now();
        for takedown in self.takedowns.values_mut() {
            takedown.raise(Mode::Kill, now);
        }
        let targets: BTreeSet<Target> = self
            .members
            .iter()
            .map(|m| {
                m.owner
                    .map_or(Target::Unowned, |o| Target::Service(o.service))
            })
            .collect();
        for target in targets {
            self.takedowns
                .entry(target)
                .or_insert_with(|| Takedown::new(Mode::Kill, StopSignal::default(), now));
        }
    }

    fn signal_takedowns(&mut self) {
        for (target, takedown) in &mut self.takedowns {
            let living = living(&self.members, *target);
            if takedown.signal(&living, &self.runs) {
                self.schedule.request_now();
            }
        }
    }

    /// Reaps dead leaders with empty groups. They were seen dead before the scan, so that from here on nothing is
    /// left of them.
    fn reap_leaders(&mut self) {
        let alone = |run: &Run| {
            let in_group = |m: &&Member| m.process.group == run.leader;
            self.members
                .iter()
                .filter(in_group)
                .all(|m| m.process.pid == run.leader)
        };
        let reapable: Vec<(LifeId, u32)> = self
            .runs
            .all
            .iter()
            .filter(|(_, run)| matches!(run.stage, Stage::Reported(_)) && alone(run))
            .map(|(&id, run)| (id, run.leader))
            .collect();
        for (id, leader) in reapable {
            self.outbox.send(&Update::Reaped(id), Vec::new());
            let _ = reap(leader);
            self.runs.leader_reaped(id);
            self.members.retain(|m| m.process.pid != leader);
        }
    }

    fn report_gone_runs(&mut self, notices: &mut Vec<Notice>) {
        let gone: Vec<LifeId> = self
            .runs
            .all
            .iter()
            .filter(|(_, run)| run.reaped())
            .filter(|(id, _)| nothing_of(&self.members, Target::Run(**id)))
            .map(|(&id, _)| id)
            .collect();
        for id in gone {
            if let Some(Run {
                service,
                role,
                stage: Stage::Reaped(end),
                ..
            }) = self.runs.remove(id)
            {
                notices.push(Notice::RunGone {
                    life: id,
                    service,
                    role,
                    end,
                });
            }
        }
    }

    fn report_takedowns(&mut self, notices: &mut Vec<Notice>) {
        let now = Instant::now();
        let members = &self.members;
        self.takedowns.retain(|&target, takedown| {
            if nothing_of(members, target) {
                let unowned = living(members, Target::Unowned);
                if let (Target::Service(service), false) = (target, unowned.is_empty()) {
                    let processes = unowned.iter().map(|m| describe(m, false)).collect();
                    notices.push(Notice::Unowned { service, processes });
                }
                notices.push(Notice::Gone(target));
                return false;
            }
            let mut left = living(members, target);
            if left.is_empty() && takedown.survives_kill(now) {
                // They replace themselves: the dead ones are all that a scan has seen.
                left = members.iter().filter(|m| target.covers(m.owner)).collect();
            }
            if let Some(left) = takedown.report(&left, now) {
                notices.push(Notice::Remaining(target, left));
            }
            true
        });
    }
}

fn nothing_of(members: &[Member], target: Target) -> bool {
    !members.iter().any(|m| target.covers(m.owner))
}
