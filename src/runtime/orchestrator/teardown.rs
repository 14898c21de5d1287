//! A `stop_all`, the stops of a reload or the end of the session: services go down in reverse waves
//! (docs/lifecycle.md, Shutdown).

use std::collections::BTreeSet;

use super::requests::Ticket;
use super::{Effect, Now, Orchestrator, Phase, Rest, Standing};
use crate::facts::{ProcessInfo, StopCause};
use crate::runtime::handle::Urgency;
use crate::runtime::lifecycle::Event;

#[derive(Debug, Clone)]
pub(super) struct Teardown {
    /// The wave that is going down; all those above it are down.
    wave: usize,
    /// Whom the wave still waits for.
    waiting: BTreeSet<usize>,
    pub(super) purpose: Purpose,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    StopAll(Ticket),
    SessionEnd,
    /// These alone go down.
    Reload(BTreeSet<usize>),
}

impl Teardown {
    pub(super) fn new(waves: usize, purpose: Purpose) -> Self {
        Self {
            wave: waves,
            waiting: BTreeSet::new(),
            purpose,
        }
    }

    fn takes(&self, service: usize) -> bool {
        match &self.purpose {
            Purpose::Reload(members) => members.contains(&service),
            Purpose::StopAll(_) | Purpose::SessionEnd => true,
        }
    }
}

impl Orchestrator {
    /// Everything goes down: for this `stop_all`, or at the end of the session.
    pub(super) fn begin_teardown(
        &mut self,
        now: Now,
        ticket: Option<Ticket>,
        out: &mut Vec<Effect>,
    ) {
        self.overtake_all(now);
        self.end_campaign(true, out);
        self.reload = None;
        let (purpose, by) = match ticket {
            Some(ticket) => (Purpose::StopAll(ticket), StopCause::StopAll),
            None => (Purpose::SessionEnd, StopCause::SessionEnd),
        };
        self.teardown = Some(Teardown::new(self.waves.len(), purpose));
        for service in self.live() {
            self.unwant(service, by);
            if self.standing(service) == Standing::Down(Rest::Unknown) {
                self.apply(now, service, Event::Rest, out);
            }
        }
    }

    /// Ends the session; a second time with [`Urgency::Now`] skips all grace.
    pub(super) fn shutdown(&mut self, now: Now, urgency: Urgency, out: &mut Vec<Effect>) {
        if self.phase == Phase::Live {
            self.phase = Phase::ShuttingDown;
            out.push(Effect::ShuttingDown);
            let stops_all = |it: &Teardown| matches!(it.purpose, Purpose::StopAll(_));
            if !self.teardown.as_ref().is_some_and(stops_all) {
                self.begin_teardown(now, None, out);
            }
        }
        if urgency == Urgency::Now && self.phase != Phase::Over {
            self.teardown_held = false;
            for service in 0..self.len() {
                self.apply(now, service, Event::Kill, out);
            }
            out.push(Effect::KillAll);
        }
    }

    /// The last processes are gone, or cannot be ended. Requests for the end are answered before
    /// it comes.
    pub(super) fn finished(&mut self, now: Now, left: &[ProcessInfo], out: &mut Vec<Effect>) {
        if let Phase::Finishing { clean } = self.phase {
            self.phase = Phase::Over;
            let clean = clean && left.is_empty();
            self.shutdown_over(left);
            self.answer(now, out);
            out.push(Effect::End { clean });
        }
    }

    /// A service may have become one less to wait for.
    pub(super) fn teardown_note(&mut self, service: usize) {
        if let Some(teardown) = &mut self.teardown
            && self.services[service].life.is_clear()
        {
            teardown.waiting.remove(&service);
        }
    }

    /// Takes the next wave down when this one is; true when something moved.
    pub(super) fn advance_teardown(&mut self, now: Now, out: &mut Vec<Effect>) -> bool {
        let Some(teardown) = &mut self.teardown else {
            return false;
        };
        let is_of_session = teardown.purpose == Purpose::SessionEnd;
        if !teardown.waiting.is_empty() || (is_of_session && self.teardown_held) {
            return false;
        }
        let Some(wave) = teardown.wave.checked_sub(1) else {
            self.end_teardown(now, out);
            return true;
        };
        teardown.wave = wave;
        let members: Vec<usize> = self.waves[wave]
            .iter()
            .copied()
            .filter(|&service| teardown.takes(service))
            .filter(|&service| !self.services[service].life.is_clear())
            .collect();
        teardown.waiting.extend(&members);
        for service in members {
            self.apply(now, service, Event::Stop, out);
        }
        true
    }

    fn end_teardown(&mut self, now: Now, out: &mut Vec<Effect>) {
        let Some(teardown) = self.teardown.take() else {
            return;
        };
        if let Purpose::Reload(_) = teardown.purpose {
            return self.apply_reload(now, out);
        }
        let failed = self.not_stopped();
        let clean = failed.is_empty();
        if let Purpose::StopAll(ticket) = teardown.purpose {
            self.teardown_over(ticket, failed);
        }
        if self.phase == Phase::ShuttingDown {
            self.phase = Phase::Finishing { clean };
            out.push(Effect::Finish);
        }
    }

    /// Those whose last stop could not be carried out.
    pub(super) fn not_stopped(&self) -> Vec<usize> {
        let mut failed = self.live();
        failed.retain(|&service| self.services[service].life.could_not_stop());
        failed
    }
}
