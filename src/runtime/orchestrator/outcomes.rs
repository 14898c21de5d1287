//! Whether a request has reached its goal, and the message for how it ended.

use std::sync::Arc;

use super::requests::Goal;
use super::wants::Want;
use super::{Orchestrator, Rest, Standing};
use crate::facts::ProcessInfo;
use crate::runtime::handle::Outcome;

impl Orchestrator {
    /// How a request has ended; `None` as long as it has not.
    pub(super) fn outcome(&self, goal: &Goal) -> Option<Outcome> {
        match goal {
            Goal::Start { stopping: true, .. }
            | Goal::StartAll { over: None, .. }
            | Goal::StopAll { over: None }
            | Goal::Shutdown { over: None }
            | Goal::Reload {
                applied: None,
                overtaken: None,
                ..
            } => None,
            Goal::Start {
                overtaken: Some((words, over)),
                service,
                ..
            } => over.then(|| {
                self.failed(
                    format!("service {:?} was {words}", self.name(*service)),
                    &[],
                )
            }),
            Goal::Start {
                refused: Some(why),
                closure,
                ..
            } => Some(self.failed(why.clone(), &self.not_up(closure))),
            Goal::Start {
                service, closure, ..
            } => self.start_outcome(*service, closure),
            Goal::Stop {
                service,
                stops,
                down,
            } => down.then(|| self.stop_outcome(*service, *stops)),
            Goal::StartAll {
                overtaken: Some(words),
                ..
            }
            | Goal::Reload {
                overtaken: Some(words),
                ..
            } if self.teardown.is_none() => Some(self.failed(words.clone(), &[])),
            Goal::StartAll {
                overtaken: Some(_), ..
            }
            | Goal::Reload {
                overtaken: Some(_), ..
            } => None,
            Goal::StartAll {
                over: Some(members),
                ..
            } => {
                let members: Vec<usize> = members.iter().copied().collect();
                Some(self.start_all_outcome(&members))
            }
            Goal::Reload {
                applied: Some(members),
                unresolved,
                ..
            } => unresolved.is_empty().then(|| self.reload_outcome(members)),
            Goal::StopAll { over: Some(failed) } => Some(self.end_outcome(failed, &[])),
            Goal::Shutdown { over: Some(left) } => {
                Some(self.end_outcome(&self.not_stopped(), left))
            }
        }
    }

    fn start_outcome(&self, index: usize, closure: &[usize]) -> Option<Outcome> {
        let service = &self.services[index];
        match service.life.standing() {
            Standing::Up if !service.again => Some(Outcome::Done),
            Standing::Down(Rest::Failed) if service.want == Want::No => {
                Some(self.failed(self.why_not_up(index), &self.not_up(closure)))
            }
            Standing::Down(_) if !service.blocked_by.is_empty() => {
                Some(self.failed(self.why_not_up(index), &self.not_up(closure)))
            }
            _ => None,
        }
    }

    fn stop_outcome(&self, service: usize, stops: bool) -> Outcome {
        if stops && self.services[service].life.could_not_stop() {
            return self.failed(self.why_not_up(service), &[service]);
        }
        Outcome::Done
    }

    /// How a `stop_all` or a shutdown came out: these services could not be stopped, and these
    /// processes are left.
    fn end_outcome(&self, failed: &[usize], left: &[ProcessInfo]) -> Outcome {
        let mut words: Vec<String> = failed
            .iter()
            .map(|&service| self.why_not_up(service))
            .collect();
        if !left.is_empty() {
            let left: Vec<String> = left.iter().map(ToString::to_string).collect();
            words.push(format!("still there: {}", left.join(", ")));
        }
        if words.is_empty() {
            return Outcome::Done;
        }
        self.failed(
            format!("not everything could be stopped: {}", words.join("; ")),
            failed,
        )
    }

    /// How a reload came out that stopped and started these.
    fn reload_outcome(&self, members: &[usize]) -> Outcome {
        let stuck = |&&it: &&usize| self.services[it].life.could_not_stop();
        let stuck: Vec<usize> = members.iter().filter(stuck).copied().collect();
        if !stuck.is_empty() {
            return self.end_outcome(&stuck, &[]);
        }
        let live = members.iter().copied().filter(|&it| !self.is_gone(it));
        self.start_all_outcome(&live.collect::<Vec<_>>())
    }

    fn start_all_outcome(&self, members: &[usize]) -> Outcome {
        let down: Vec<usize> = members
            .iter()
            .copied()
            .filter(|&member| !self.is_up(member))
            .collect();
        if down.is_empty() {
            return Outcome::Done;
        }
        let words: Vec<String> = down
            .iter()
            .map(|&service| self.why_not_up(service))
            .collect();
        self.failed(
            format!("not everything came up: {}", words.join("; ")),
            &self.not_up(members),
        )
    }

    /// The failed and blocked ones among these.
    fn not_up(&self, services: &[usize]) -> Vec<usize> {
        let is_bad = |&service: &usize| {
            self.standing(service) == Standing::Down(Rest::Failed)
                || !self.services[service].blocked_by.is_empty()
        };
        let services = services.iter().copied().filter(|&it| !self.is_gone(it));
        services.filter(is_bad).collect()
    }

    fn why_not_up(&self, index: usize) -> String {
        let name = self.name(index);
        let service = &self.services[index];
        if !service.blocked_by.is_empty() {
            return format!(
                "{name} is blocked: {}",
                self.causes_in_full(&service.blocked_by)
            );
        }
        match service.life.standing() {
            Standing::Down(Rest::Failed) => match service.life.failure() {
                Some(why) => format!("{name} failed: {why}"),
                None => format!("{name} failed"),
            },
            Standing::Down(_) => format!("{name} was stopped"),
            _ => format!("{name} is not up"),
        }
    }

    /// The causes of a block with the reason of each failure.
    fn causes_in_full(&self, causes: &[usize]) -> String {
        let words: Vec<String> = causes
            .iter()
            .map(
                |&cause| match (self.standing(cause), self.services[cause].life.failure()) {
                    (Standing::Down(Rest::Failed), Some(why)) => {
                        format!("{} failed ({why})", self.name(cause))
                    }
                    (Standing::Down(Rest::Failed), None) => format!("{} failed", self.name(cause)),
                    _ => format!("{} is stopped", self.name(cause)),
                },
            )
            .collect();
        words.join(", ")
    }

    fn failed(&self, message: String, services: &[usize]) -> Outcome {
        let mut failed_services: Vec<Arc<str>> = services
            .iter()
            .map(|&service| self.services[service].name.clone())
            .collect();
        failed_services.sort();
        Outcome::Failed {
            message,
            failed_services,
        }
    }
}
