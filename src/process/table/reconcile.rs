//! What follows from a look: who is reaped, what is told, what is signalled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::{Notice, Table, living};
use crate::process::guardian::News;
use crate::process::lives::{Life, Stage};
use crate::process::owner::Member;
use crate::process::takedown::{Leader, TakeDown, Target, describe};
use crate::process::wait::{Waited, reap};
use crate::process::{End, LifeId, Mode, Role};

impl Table {
    /// Does what follows from the last look, in this order.
    pub(super) fn digest(&mut self, notices: &mut Vec<Notice>) {
        self.reap_orphans();
        self.tell_exits(notices);
        self.tell_left(notices);
        self.kill_what_probes_left();
        if self.killing_all {
            self.kill_what_is_there();
        }
        self.go_on_taking_down();
        self.release_leaders();
        self.tell_overs(notices);
        self.tell_takedowns(notices);
    }

    /// Adopted children have nobody else to reap them. They stay in `members`: they were not seen dead
    /// before the look, so only the next one can tell that they are gone.
    fn reap_orphans(&mut self) {
        let mut reaped = false;
        for member in &self.members {
            let process = &member.process;
            if process.dead() && member.child && self.lives.leads(process.pid).is_none() {
                reaped |= matches!(reap(process.pid), Waited::Ended(_));
            }
        }
        if reaped && !self.takedowns.is_empty() {
            self.pace.hurry();
        } else if reaped {
            self.pace.want();
        }
    }

    fn tell_exits(&mut self, notices: &mut Vec<Notice>) {
        let mut told = Vec::new();
        for (&id, life) in &mut self.lives.all {
            if let Stage::Ended(end) = life.stage {
                life.stage = Stage::Told(end);
                told.push((id, end, life.service, life.role));
            }
        }
        for (life, end, service, role) in told {
            let of_it = |member: &&Member| match (role, member.owner) {
                (_, None) => false,
                (Role::Service, Some(owner)) => {
                    let role = owner.life.and_then(|id| self.lives.all.get(&id));
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

    /// Tells how much is left of what a succeeded leader has left, when that has changed.
    fn tell_left(&mut self, notices: &mut Vec<Notice>) {
        let mut left: BTreeMap<LifeId, usize> = BTreeMap::new();
        for (&id, life) in &self.lives.all {
            let succeeded = matches!(
                life.stage,
                Stage::Told(End::Code(0)) | Stage::Reaped(End::Code(0))
            );
            let service = Target::Service(life.service);
            if succeeded && life.role == Role::Service && !self.takedowns.contains_key(&service) {
                left.insert(id, living(&self.members, Target::Life(id)).len());
            }
        }
        for (&life, &left) in &left {
            // The first number goes with the exit.
            if self.left.get(&life).is_some_and(|&told| told != left) {
                notices.push(Notice::Left { life, left });
            }
        }
        self.left = left;
    }

    fn kill_what_probes_left(&mut self) {
        let now = Instant::now();
        for (&id, life) in &self.lives.all {
            let ended = !matches!(life.stage, Stage::Running);
            if ended
                && life.role == Role::Probe
                && !living(&self.members, Target::Life(id)).is_empty()
            {
                self.takedowns
                    .entry(Target::Life(id))
                    .or_insert_with(|| TakeDown::new(Mode::Kill, now));
            }
        }
    }

    fn kill_what_is_there(&mut self) {
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
                .or_insert_with(|| TakeDown::new(Mode::Kill, now));
        }
    }

    fn go_on_taking_down(&mut self) {
        let lives = &self.lives;
        for (target, takedown) in &mut self.takedowns {
            let living = living(&self.members, *target);
            let leader = |group| {
                lives.leads(group).map(|life| match life.stage {
                    Stage::Running => Leader::Alive,
                    _ => Leader::Dead,
                })
            };
            if takedown.signal(&living, leader) {
                self.pace.hurry();
            }
        }
    }

    /// Reaps the leaders that are dead and have nothing left in their groups. They were seen dead before
    /// the look, so that from here on they are nothing.
    fn release_leaders(&mut self) {
        let alone = |life: &Life| {
            let in_group = |m: &&Member| m.process.group == life.leader;
            self.members
                .iter()
                .filter(in_group)
                .all(|m| m.process.pid == life.leader)
        };
        let free: Vec<(LifeId, u32)> = self
            .lives
            .all
            .iter()
            .filter(|(_, life)| matches!(life.stage, Stage::Told(_)) && alone(life))
            .map(|(&id, life)| (id, life.leader))
            .collect();
        for (id, leader) in free {
            self.mailbox.post(&News::Reaped(id), Vec::new());
            let _ = reap(leader);
            self.lives.unpin(id);
            self.members.retain(|m| m.process.pid != leader);
        }
    }

    fn tell_overs(&mut self, notices: &mut Vec<Notice>) {
        let over: Vec<LifeId> = self
            .lives
            .all
            .iter()
            .filter(|(_, life)| !life.pinned())
            .filter(|(id, _)| nothing_of(&self.members, Target::Life(**id)))
            .map(|(&id, _)| id)
            .collect();
        for id in over {
            if let Some(Life {
                service,
                role,
                stage: Stage::Reaped(end),
                ..
            }) = self.lives.remove(id)
            {
                notices.push(Notice::Over {
                    life: id,
                    service,
                    role,
                    end,
                });
            }
        }
    }

    fn tell_takedowns(&mut self, notices: &mut Vec<Notice>) {
        let now = Instant::now();
        let members = &self.members;
        self.takedowns.retain(|&target, takedown| {
            if nothing_of(members, target) {
                notices.push(Notice::Gone(target));
                return false;
            }
            if let Some(left) = takedown.news(&living(members, target), now) {
                notices.push(Notice::Remaining(target, left));
            }
            true
        });
    }
}

fn nothing_of(members: &[Member], target: Target) -> bool {
    !members.iter().any(|m| target.covers(m.owner))
}
