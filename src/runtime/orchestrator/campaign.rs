//! A boot, a `start_all` or what a reload starts: services come up wave by wave (docs/lifecycle.md, Waves).

use std::collections::BTreeSet;

use super::requests::Ticket;
use super::wants::Want;
use super::{Effect, Orchestrator, Rest, Standing};
use crate::facts::BootEnd;

/// Services on their way up.
#[derive(Debug, Clone)]
pub(super) struct Campaign {
    /// Who takes part and has not resolved yet. Resolved is resolved: what a service does later does
    /// not hold up the waves.
    unresolved: BTreeSet<usize>,
    /// The wave that is open; those after it wait. `None` before the first.
    wave: Option<usize>,
    /// Unresolved members of the open wave.
    open: usize,
    pub(super) members: BTreeSet<usize>,
    pub(super) purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Boot,
    StartAll(Ticket),
    Reload,
}

impl Campaign {
    pub(super) fn wave(&self) -> usize {
        self.wave.unwrap_or(0)
    }
}

impl Orchestrator {
    pub(super) fn boot(&mut self) {
        let members = (0..self.len()).filter(|&service| {
            self.services[service].life.standing() == Standing::Down(Rest::Unknown)
        });
        let members = members.collect();
        self.begin_campaign(members, Purpose::Boot);
    }

    pub(super) fn begin_campaign(&mut self, members: BTreeSet<usize>, purpose: Purpose) {
        // The waves come first: no member may be judged before its wave has come.
        self.campaign = Some(Campaign {
            unresolved: members.clone(),
            wave: None,
            open: 0,
            members: members.clone(),
            purpose,
        });
        for member in members {
            self.want(member, Want::InItsWave);
        }
    }

    /// The members of the open wave that have not resolved.
    pub(super) fn unresolved(&self, campaign: &Campaign) -> Vec<usize> {
        let Some(wave) = campaign.wave else {
            return Vec::new();
        };
        let members = self.waves[wave].iter().copied();
        members
            .filter(|it| campaign.unresolved.contains(it))
            .collect()
    }

    pub(super) fn wave_has_come(&self, wave: usize) -> bool {
        self.campaign
            .as_ref()
            .is_none_or(|campaign| campaign.wave.is_some_and(|open| wave <= open))
    }

    /// A member of the open wave may have resolved.
    pub(super) fn campaign_note(&mut self, service: usize) {
        let Some(campaign) = &self.campaign else {
            return;
        };
        if campaign.wave == Some(self.services[service].wave)
            && campaign.unresolved.contains(&service)
            && self.has_resolved(service)
            && let Some(campaign) = &mut self.campaign
        {
            campaign.unresolved.remove(&service);
            campaign.open -= 1;
        }
    }

    /// Up, failed, blocked, or no longer wanted and down.
    pub(super) fn has_resolved(&self, index: usize) -> bool {
        let service = &self.services[index];
        match service.life.standing() {
            Standing::Up => !service.again,
            Standing::Down(_) => service.want == Want::No || !service.blocked_by.is_empty(),
            _ => false,
        }
    }

    /// Opens the next wave when this one has resolved; true when something changed.
    pub(super) fn advance_campaign(&mut self, out: &mut Vec<Effect>) -> bool {
        let Some(campaign) = &mut self.campaign else {
            return false;
        };
        if campaign.open > 0 {
            return false;
        }
        let next = campaign.wave.map_or(0, |wave| wave + 1);
        if next >= self.waves.len() {
            self.end_campaign(false, out);
            return true;
        }
        campaign.wave = Some(next);
        let members: Vec<usize> = self.waves[next]
            .iter()
            .copied()
            .filter(|service| campaign.unresolved.contains(service))
            .collect();
        campaign.open = members.len();
        // After a reload also those that were blocked before, and are not any more.
        self.dirty.extend(&self.waves[next]);
        for service in members {
            self.campaign_note(service);
        }
        true
    }

    /// Another plan follows: no wave of the old one is open any more, and the waves of the new one are gone
    /// through from the first on. In most of them everything has resolved.
    pub(super) fn close_wave(&mut self) {
        if let Some(mut campaign) = self.campaign.take() {
            campaign.members.retain(|&it| !self.is_gone(it));
            campaign.unresolved.retain(|&it| !self.is_gone(it));
            (campaign.wave, campaign.open) = (None, 0);
            self.campaign = Some(campaign);
        }
    }

    /// Starts more services in their waves.
    pub(super) fn join_campaign(&mut self, more: &BTreeSet<usize>) {
        if let Some(campaign) = &mut self.campaign {
            campaign.members.extend(more);
            campaign.unresolved.extend(more);
        }
        for &member in more {
            self.want(member, Want::InItsWave);
        }
    }

    pub(super) fn end_campaign(&mut self, cancelled: bool, out: &mut Vec<Effect>) {
        let Some(campaign) = self.campaign.take() else {
            return;
        };
        for &member in &campaign.members {
            let want = &mut self.services[member].want;
            if *want == Want::InItsWave {
                *want = Want::Now;
                self.dirty.insert(member);
            }
        }
        match campaign.purpose {
            Purpose::Boot => {
                let count = |pick: &dyn Fn(&super::Supervised) -> bool| {
                    let live = self.services.iter().filter(|service| !service.gone);
                    live.filter(|service| pick(service)).count()
                };
                out.push(Effect::BootEnded(BootEnd {
                    up: count(&|service| service.life.standing() == Standing::Up),
                    failed: count(&|service| {
                        service.life.standing() == Standing::Down(Rest::Failed)
                    }),
                    blocked: count(&|service| !service.blocked_by.is_empty()),
                    cancelled,
                }));
            }
            Purpose::StartAll(ticket) => self.campaign_over(ticket, campaign.members),
            Purpose::Reload => {}
        }
    }
}
