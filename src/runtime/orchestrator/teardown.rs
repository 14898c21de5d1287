//! A `stop_all` or the end of the session: services go down in reverse waves
//! (docs/lifecycle.md, Shutdown).

use super::requests::Ticket;
use super::{Effect, Now, Orchestrator, Phase, Rest, Standing};
use crate::facts::{ProcessInfo, StopCause};
use crate::runtime::handle::Urgency;
use crate::runtime::lifecycle::Event;

#[derive(Debug, Clone)]
pub(super) struct Teardown {
    /// The wave that is going down; all those above it are down.
    wave: usize,
    /// By service: whether the wave still waits for it.
    waiting: Vec<bool>,
    pending: usize,
    /// Who asked, when it was a `stop_all`.
    ticket: Option<Ticket>,
}

impl Orchestrator {
    pub(super) fn begin_teardown(
        &mut self,
        now: Now,
        ticket: Option<Ticket>,
        out: &mut Vec<Effect>,
    ) {
        self.overtake_all(now);
        self.end_campaign(true, out);
        self.teardown = Some(Teardown {
            wave: self.waves.len(),
            waiting: vec![false; self.len()],
            pending: 0,
            ticket,
        });
        let by = match ticket {
            Some(_) => StopCause::StopAll,
            None => StopCause::SessionEnd,
        };
        for service in 0..self.len() {
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
            if self.teardown.is_none() {
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
            && teardown.waiting[service]
            && self.services[service].life.is_clear()
        {
            teardown.waiting[service] = false;
            teardown.pending -= 1;
        }
    }

    /// Takes the next wave down when this one is; true when something moved.
    pub(super) fn advance_teardown(&mut self, now: Now, out: &mut Vec<Effect>) -> bool {
        let Some(teardown) = &mut self.teardown else {
            return false;
        };
        let is_of_session = teardown.ticket.is_none();
        if teardown.pending > 0 || (is_of_session && self.teardown_held) {
            return false;
        }
        let Some(wave) = teardown.wave.checked_sub(1) else {
            self.end_teardown(out);
            return true;
        };
        teardown.wave = wave;
        let members: Vec<usize> = self.waves[wave]
            .iter()
            .copied()
            .filter(|&service| !self.services[service].life.is_clear())
            .collect();
        for &service in &members {
            teardown.waiting[service] = true;
        }
        teardown.pending = members.len();
        for service in members {
            self.apply(now, service, Event::Stop, out);
        }
        true
    }

    fn end_teardown(&mut self, out: &mut Vec<Effect>) {
        let Some(teardown) = self.teardown.take() else {
            return;
        };
        let failed: Vec<usize> = (0..self.len())
            .filter(|&service| self.services[service].life.could_not_stop())
            .collect();
        let clean = failed.is_empty();
        if let Some(ticket) = teardown.ticket {
            self.teardown_over(ticket, failed);
        }
        if self.phase == Phase::ShuttingDown {
            self.phase = Phase::Finishing { clean };
            out.push(Effect::Finish);
        }
    }
}
