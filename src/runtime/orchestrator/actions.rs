//! Commands on services: taken on or not, and what they set in motion (docs/lifecycle.md, Commands).

use super::campaign::{Campaign, Purpose};
use super::requests::{Goal, Request, Ticket};
use super::teardown;
use super::wants::Want;
use super::{Effect, Now, Orchestrator, Phase, Rest, Standing};
use crate::facts::{Kind, StopCause};
use crate::runtime::handle::{Action, Decision, Rejection};
use crate::runtime::lifecycle::Event;

impl Orchestrator {
    /// Answers an action; if it is taken on, the answer comes before all it causes.
    pub(super) fn act(&mut self, now: Now, ticket: Ticket, action: Action, out: &mut Vec<Effect>) {
        if let Err(message) = self.admit(now, action) {
            out.push(Effect::Ack(ticket, Decision::Busy(Rejection { message })));
            return;
        }
        out.push(Effect::Ack(ticket, Decision::Accepted));
        match action {
            Action::Start(service) => self.act_start(now, ticket, service, out),
            Action::Stop(service) => self.act_stop(now, ticket, service, out),
            Action::Restart(service) => self.act_restart(now, ticket, service, out),
            Action::StartAll => self.act_start_all(ticket),
            Action::StopAll => {
                self.await_request(
                    ticket,
                    Request::all(Goal::StopAll { over: None }, self.live()),
                );
                self.begin_teardown(now, Some(ticket), out);
            }
            Action::Shutdown(urgency) => {
                self.await_request(
                    ticket,
                    Request::all(Goal::Shutdown { over: None }, self.live()),
                );
                self.shutdown(now, urgency, out);
            }
        }
    }

    /// Why an action cannot be taken on now.
    fn admit(&self, now: Now, action: Action) -> Result<(), String> {
        if matches!(action, Action::Shutdown(_)) && self.phase != Phase::Over {
            return Ok(());
        }
        self.admit_any()?;
        match action {
            Action::StopAll | Action::Shutdown(_) => Ok(()),
            Action::StartAll => match &self.campaign {
                None => Ok(()),
                Some(campaign) => Err(self.in_progress(now, campaign)),
            },
            Action::Start(service) | Action::Stop(service) | Action::Restart(service) => {
                self.admit_for(action, service)
            }
        }
    }

    /// Why nothing at all can be taken on now.
    pub(super) fn admit_any(&self) -> Result<(), String> {
        if self.phase != Phase::Live {
            return Err("the session is shutting down".to_owned());
        }
        match self.teardown.as_ref().map(|teardown| &teardown.purpose) {
            None => Ok(()),
            Some(teardown::Purpose::Reload(_)) => {
                Err("a reload is in progress: wait until what it stops has stopped".to_owned())
            }
            Some(teardown::Purpose::StopAll(_) | teardown::Purpose::SessionEnd) => {
                Err("stop_all is in progress: wait until everything has stopped".to_owned())
            }
        }
    }

    /// What a boot or a `start_all` waits for, and the ways out.
    fn in_progress(&self, now: Now, campaign: &Campaign) -> String {
        let what = match campaign.purpose {
            Purpose::Boot => "the boot",
            Purpose::StartAll(_) => "start_all",
            Purpose::Reload => "a reload",
        };
        let mut unresolved = self.unresolved(campaign).into_iter().map(|service| {
            let reason = self.services[service].life.reason(now);
            let why = reason.and_then(|reason| reason.detail());
            let why = why.map_or_else(String::new, |why| format!(" ({why})"));
            format!("{}{why}", self.name(service))
        });
        let Some(first) = unresolved.next() else {
            return format!("{what} is in progress: wait until it has resolved");
        };
        let more = match unresolved.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let wave = campaign.wave();
        format!(
            "{what} is in progress, and wave {wave} waits for {first}{more}: wait for it, mend it or stop it; `start` with names does not wait for waves"
        )
    }

    fn admit_for(&self, action: Action, service: usize) -> Result<(), String> {
        if self.is_gone(service) {
            let name = self.name(service);
            return Err(format!("service {name:?} was removed by a reload"));
        }
        let doing = match self.standing(service) {
            // A start joins the one in progress.
            Standing::Starting if matches!(action, Action::Start(_)) => return Ok(()),
            Standing::Starting => "starting",
            Standing::Stopping => "stopping",
            Standing::Falling if !matches!(action, Action::Stop(_)) => "failing",
            _ => return Ok(()),
        };
        Err(format!(
            "service {:?} is {doing}: wait until that is over",
            self.name(service)
        ))
    }

    fn act_start(&mut self, now: Now, ticket: Ticket, service: usize, out: &mut Vec<Effect>) {
        let joins = match self.standing(service) {
            Standing::Coming | Standing::Down(Rest::Unknown) => true,
            Standing::Up => self.services[service].life.kind() == Kind::Daemon,
            Standing::Down(_) => self.services[service].want != Want::No,
            Standing::Starting | Standing::Falling | Standing::Stopping => false,
        };
        let closure = self.closure(service);
        self.await_request(ticket, Request::start(service, closure.clone(), false));
        if joins {
            self.republish(now, service, out);
        }
        if self.is_up(service) && self.services[service].life.kind() == Kind::Oneshot {
            self.services[service].again = true;
        }
        for member in closure {
            self.want(member, Want::Now);
        }
    }

    fn act_stop(&mut self, now: Now, ticket: Ticket, service: usize, out: &mut Vec<Effect>) {
        let standing = self.standing(service);
        self.await_request(
            ticket,
            Request::stop(service, self.services[service].life.is_clear()),
        );
        let pending =
            self.services[service].want != Want::No || standing == Standing::Down(Rest::Unknown);
        self.overtake(now, service);
        self.unwant(service, StopCause::Command);
        match standing {
            Standing::Down(_) if pending => self.apply(now, service, Event::Rest, out),
            Standing::Coming | Standing::Up => self.apply(now, service, Event::Stop, out),
            _ => {}
        }
    }

    fn act_restart(&mut self, now: Now, ticket: Ticket, service: usize, out: &mut Vec<Effect>) {
        if matches!(self.standing(service), Standing::Down(_)) {
            return self.act_start(now, ticket, service, out);
        }
        // Only this one is touched: a dependency that is down by now blocks it.
        self.await_request(ticket, Request::start(service, self.closure(service), true));
        self.services[service].again = false;
        self.want(service, Want::Now);
        self.apply(now, service, Event::Stop, out);
    }

    fn act_start_all(&mut self, ticket: Ticket) {
        let mut members = std::collections::BTreeSet::new();
        for service in self.live() {
            if self.services[service].auto_start && !self.is_up(service) {
                members.extend(self.closure(service));
            }
        }
        let members = members
            .into_iter()
            .filter(|&service| !self.is_up(service))
            .collect();
        let goal = Goal::StartAll {
            over: None,
            overtaken: None,
        };
        self.await_request(ticket, Request::all(goal, self.live()));
        self.begin_campaign(members, Purpose::StartAll(ticket));
    }
}
