//! Accepted actions, from ack to result: each is answered exactly once, at its terminal outcome.

use serde::{Deserialize, Serialize};

use super::campaign::Campaign;
use super::{Effect, Now, Orchestrator, Standing};
use crate::facts::{ProcessInfo, Reason, Status};
use crate::runtime::handle::{Outcome, RequestId, SubscriberId};

/// The subscriber to answer, and its id for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ticket(pub SubscriberId, pub RequestId);

#[derive(Debug, Clone)]
pub(super) struct Request {
    goal: Goal,
    announced: Announced,
}

#[derive(Debug, Clone)]
pub(super) enum Goal {
    Start {
        service: usize,
        closure: Vec<usize>,
        /// The stop that comes first in a restart is not over yet.
        stopping: bool,
        /// A stop came in between: its message, and whether that stop has ended.
        overtaken: Option<(String, bool)>,
        /// A second run of a oneshot that its dependencies do not allow: why.
        refused: Option<String>,
    },
    Stop {
        service: usize,
        /// It was running when this was asked.
        stops: bool,
        down: bool,
    },
    StartAll {
        /// The services that took part, once it has ended.
        over: Option<Vec<usize>>,
        /// A `stop_all` or the end of the session came in between.
        overtaken: Option<String>,
    },
    StopAll {
        /// The services that could not be stopped, once it has ended.
        over: Option<Vec<usize>>,
    },
    Shutdown {
        /// The processes that remain, once it has ended.
        over: Option<Vec<ProcessInfo>>,
    },
}

/// Which of the services an action names have shown a resting status since its ack.
#[derive(Debug, Clone)]
enum Announced {
    One(usize, bool),
    All(Vec<bool>),
}

impl Request {
    pub(super) fn start(service: usize, closure: Vec<usize>, stopping: bool) -> Self {
        Self {
            goal: Goal::Start {
                service,
                closure,
                stopping,
                overtaken: None,
                refused: None,
            },
            announced: Announced::One(service, false),
        }
    }

    pub(super) fn stop(service: usize, clear: bool) -> Self {
        Self {
            goal: Goal::Stop {
                service,
                stops: !clear,
                down: clear,
            },
            announced: Announced::One(service, false),
        }
    }

    /// One that is about all services.
    pub(super) fn all(goal: Goal, services: usize) -> Self {
        let announced = Announced::All(vec![false; services]);
        Self { goal, announced }
    }
}

impl Orchestrator {
    pub(super) fn await_request(&mut self, ticket: Ticket, request: Request) {
        let earlier = self.requests.insert(ticket, request);
        debug_assert!(earlier.is_none(), "a subscriber names its requests apart");
    }

    /// A status is published: notes it for requests that need one before their result.
    pub(super) fn announced(&mut self, service: usize, status: Status) {
        if !matches!(
            status,
            Status::Running | Status::Ready | Status::Stopped | Status::Failed
        ) {
            return;
        }
        for request in self.requests.values_mut() {
            match &mut request.announced {
                Announced::One(named, seen) => *seen |= *named == service,
                Announced::All(seen) => seen[service] = true,
            }
        }
    }

    /// A stop ends the requests that wait for the service to come up.
    pub(super) fn overtake(&mut self, now: Now, service: usize) {
        let down = matches!(self.standing(service), Standing::Down(_));
        let reason = if down {
            self.waiting_for(service)
        } else {
            self.services[service].life.reason(now)
        };
        let waiting = match reason {
            Some(
                reason @ (Reason::WaitingFor { .. }
                | Reason::WaitingForWave { .. }
                | Reason::Probing(_)
                | Reason::Stranger { .. }),
            ) => reason.to_string(),
            _ => "waiting for it to come up".to_owned(),
        };
        for request in self.requests.values_mut() {
            if let Goal::Start {
                service: named,
                overtaken: overtaken @ None,
                ..
            } = &mut request.goal
                && *named == service
            {
                *overtaken = Some((format!("stopped while {waiting}"), down));
            }
        }
    }

    /// A `stop_all` or the end of the session overrides all requests.
    pub(super) fn overtake_all(&mut self, now: Now) {
        let wave = self.campaign.as_ref().map_or(0, Campaign::wave);
        let started: Vec<usize> = self
            .requests
            .values()
            .filter_map(|request| match &request.goal {
                Goal::Start {
                    service,
                    overtaken: None,
                    ..
                } => Some(*service),
                _ => None,
            })
            .collect();
        for service in started {
            self.overtake(now, service);
        }
        for request in self.requests.values_mut() {
            if let Goal::StartAll {
                overtaken: overtaken @ None,
                ..
            } = &mut request.goal
            {
                *overtaken = Some(format!("stopped while waiting for wave {wave} to resolve"));
            }
        }
    }

    /// A service has come down: stops are over.
    pub(super) fn request_reached_down(&mut self, service: usize) {
        let clear = self.services[service].life.is_clear();
        for request in self.requests.values_mut() {
            match &mut request.goal {
                Goal::Start {
                    service: named,
                    stopping,
                    overtaken,
                    ..
                } if *named == service => {
                    *stopping = false;
                    if let Some((_, over)) = overtaken {
                        *over = true;
                    }
                }
                Goal::Stop {
                    service: named,
                    down,
                    ..
                } if *named == service => *down |= clear,
                _ => {}
            }
        }
    }

    /// What a failed service had left is gone.
    pub(super) fn request_cleared(&mut self, service: usize) {
        for request in self.requests.values_mut() {
            if let Goal::Stop {
                service: named,
                down,
                ..
            } = &mut request.goal
                && *named == service
            {
                *down = true;
            }
        }
    }

    /// A oneshot is not run again: its dependencies do not allow it.
    pub(super) fn request_refused(&mut self, service: usize, why: &Reason) {
        for request in self.requests.values_mut() {
            if let Goal::Start {
                service: named,
                refused: refused @ None,
                ..
            } = &mut request.goal
                && *named == service
            {
                *refused = Some(format!("not run again: {why}"));
            }
        }
    }

    pub(super) fn campaign_over(&mut self, ticket: Ticket, members: &[usize]) {
        if let Some(Request {
            goal: Goal::StartAll { over, .. },
            ..
        }) = self.requests.get_mut(&ticket)
        {
            *over = Some(members.to_vec());
        }
    }

    pub(super) fn teardown_over(&mut self, ticket: Ticket, failed: Vec<usize>) {
        if let Some(Request {
            goal: Goal::StopAll { over },
            ..
        }) = self.requests.get_mut(&ticket)
        {
            *over = Some(failed);
        }
    }

    pub(super) fn shutdown_over(&mut self, left: &[ProcessInfo]) {
        for request in self.requests.values_mut() {
            if let Goal::Shutdown { over } = &mut request.goal {
                *over = Some(left.to_vec());
            }
        }
    }

    /// Answers every request with an outcome, after a last status if one is still due.
    pub(super) fn answer(&mut self, now: Now, out: &mut Vec<Effect>) {
        let done: Vec<(Ticket, Outcome)> = self
            .requests
            .iter()
            .filter_map(|(ticket, request)| Some((*ticket, self.outcome(&request.goal)?)))
            .collect();
        for (ticket, outcome) in done {
            let Some(request) = self.requests.remove(&ticket) else {
                continue;
            };
            match request.announced {
                Announced::One(_, true) => {}
                Announced::One(service, false) => self.republish(now, service, out),
                Announced::All(seen) => {
                    for service in (0..seen.len()).filter(|&service| !seen[service]) {
                        // A service that is starting or stopping will publish its outcome itself.
                        if matches!(
                            self.standing(service),
                            Standing::Down(_) | Standing::Up | Standing::Falling
                        ) {
                            self.republish(now, service, out);
                        }
                    }
                }
            }
            out.push(Effect::Result(ticket, outcome));
        }
    }
}
