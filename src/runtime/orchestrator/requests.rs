//! Accepted actions, from ack to result: each is answered exactly once, at its terminal outcome.

use std::collections::BTreeSet;

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
    pub(super) goal: Goal,
    /// The services it is about that have not shown a resting status since its ack.
    pub(super) unannounced: BTreeSet<usize>,
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
        over: Option<BTreeSet<usize>>,
        /// A `stop_all` or the end of the session came in between.
        overtaken: Option<String>,
    },
    StopAll {
        /// The services that could not be stopped, once it has ended.
        over: Option<Vec<usize>>,
    },
    Reload {
        /// When its definitions count: what it starts, and what it could not stop.
        applied: Option<Vec<usize>>,
        /// What of these has not resolved yet.
        unresolved: BTreeSet<usize>,
        /// A `stop_all` or the end of the session came in between.
        overtaken: Option<String>,
    },
    Shutdown {
        /// The processes that remain, once it has ended.
        over: Option<Vec<ProcessInfo>>,
    },
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
            unannounced: BTreeSet::from([service]),
        }
    }

    pub(super) fn stop(service: usize, clear: bool) -> Self {
        Self {
            goal: Goal::Stop {
                service,
                stops: !clear,
                down: clear,
            },
            unannounced: BTreeSet::from([service]),
        }
    }

    /// One that is about all services.
    pub(super) fn all(goal: Goal, services: Vec<usize>) -> Self {
        let unannounced = services.into_iter().collect();
        Self { goal, unannounced }
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
            request.unannounced.remove(&service);
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
            match &mut request.goal {
                Goal::StartAll {
                    overtaken: overtaken @ None,
                    ..
                } => {
                    *overtaken = Some(format!("stopped while waiting for wave {wave} to resolve"));
                }
                Goal::Reload {
                    overtaken: overtaken @ None,
                    applied,
                    ..
                } => {
                    *overtaken = Some(match applied {
                        None => "the session ended before it was applied: nothing has changed but what it had stopped".to_owned(),
                        Some(_) => "everything was stopped while it started services".to_owned(),
                    });
                }
                _ => {}
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

    pub(super) fn campaign_over(&mut self, ticket: Ticket, members: BTreeSet<usize>) {
        if let Some(Request {
            goal: Goal::StartAll { over, .. },
            ..
        }) = self.requests.get_mut(&ticket)
        {
            *over = Some(members);
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
            let is_about_one = matches!(request.goal, Goal::Start { .. } | Goal::Stop { .. });
            for service in request.unannounced {
                // A service that is starting or stopping will publish its outcome itself.
                let rests = matches!(
                    self.standing(service),
                    Standing::Down(_) | Standing::Up | Standing::Falling
                );
                if !self.is_gone(service) && (is_about_one || rests) {
                    self.republish(now, service, out);
                }
            }
            out.push(Effect::Result(ticket, outcome));
        }
    }
}
