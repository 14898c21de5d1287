//! Which commands an action on several services comes to, and in which order. Pure.

use std::collections::{BTreeMap, BTreeSet};

use flowlayer_core::facts::Status;
use flowlayer_core::protocol::{Command, ServiceState};

use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    Stop,
    Restart,
}

impl Verb {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// The services with these names, each once, in the order of the session.
pub(super) fn named<'a>(names: &[String], services: &'a [ServiceState]) -> Vec<&'a ServiceState> {
    services
        .iter()
        .filter(|service| names.contains(&service.name))
        .collect()
}

/// These services and all their direct and indirect dependents, except those that are not wanted.
pub(super) fn with_dependents<'a>(
    names: &[String],
    services: &'a [ServiceState],
) -> Result<Vec<&'a ServiceState>, Failure> {
    if services
        .iter()
        .any(|service| service.details.wanted.is_none())
    {
        return Err(Failure::Failed(
            "cannot restart dependents: this server does not report dependencies".to_owned(),
        ));
    }
    let mut meant: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut open: Vec<&str> = meant.iter().copied().collect();
    while let Some(next) = open.pop() {
        for service in services {
            let depends = service.details.depends_on.iter().any(|name| name == next);
            if depends && meant.insert(&service.name) {
                open.push(&service.name);
            }
        }
    }
    let is_left_alone = |service: &ServiceState| {
        service.details.wanted != Some(true)
            && matches!(service.status, Status::Stopped | Status::Unknown)
            && !names.contains(&service.name)
    };
    Ok(services
        .iter()
        .filter(|service| meant.contains(service.name.as_str()) && !is_left_alone(service))
        .collect())
}

/// The commands for these services, step by step. A start is one step, because the server itself
/// starts dependencies first; it does not order stops and restarts of single services.
pub(super) fn of(verb: Verb, services: &[&ServiceState]) -> Vec<Vec<Command>> {
    let command = |service: &ServiceState| {
        let name = service.name.clone();
        match verb {
            Verb::Start => Command::StartService(name),
            Verb::Stop => Command::StopService(name),
            Verb::Restart => Command::RestartService(name),
        }
    };
    if verb == Verb::Start {
        return vec![services.iter().map(|service| command(service)).collect()];
    }
    let mut waves: BTreeMap<usize, Vec<Command>> = BTreeMap::new();
    for service in services {
        let wave = service.details.wave.unwrap_or(0);
        waves.entry(wave).or_default().push(command(service));
    }
    match verb {
        Verb::Stop => waves.into_values().rev().collect(),
        Verb::Start | Verb::Restart => waves.into_values().collect(),
    }
}

pub(super) fn of_all(verb: Verb) -> Vec<Vec<Command>> {
    match verb {
        Verb::Start => vec![vec![Command::StartAll]],
        Verb::Stop => vec![vec![Command::StopAll]],
        Verb::Restart => vec![vec![Command::StopAll], vec![Command::StartAll]],
    }
}

/// The names of those that are up.
pub(super) fn up(services: &[ServiceState]) -> Vec<String> {
    services
        .iter()
        .filter(|service| service.is_up())
        .map(|service| service.name.clone())
        .collect()
}

/// The commands for those that were up and are down now without having failed.
pub(super) fn left_down(were_up: &[String], now: &[ServiceState]) -> Vec<Vec<Command>> {
    let is_left = |service: &&ServiceState| {
        service.status == Status::Stopped
            && service.details.blocked_by.is_empty()
            && were_up.contains(&service.name)
    };
    let left: Vec<&ServiceState> = now.iter().filter(is_left).collect();
    if left.is_empty() {
        return Vec::new();
    }
    of(Verb::Start, &left)
}

#[cfg(test)]
mod tests {
    use flowlayer_core::protocol::Details;

    use super::*;

    fn service(name: &str, wave: usize, depends_on: &[&str], status: Status) -> ServiceState {
        ServiceState {
            name: name.to_owned(),
            status,
            details: Details {
                up: Some(status == Status::Ready),
                wave: Some(wave),
                wanted: Some(!matches!(status, Status::Stopped | Status::Failed)),
                depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
                ..Details::default()
            },
        }
    }

    /// `api` and `worker` depend on `db`, `web` and `mailer` on `api`.
    fn shop() -> Vec<ServiceState> {
        vec![
            service("api", 1, &["db"], Status::Ready),
            service("db", 0, &[], Status::Ready),
            service("mailer", 2, &["api"], Status::Stopped),
            service("web", 2, &["api"], Status::Failed),
            service("worker", 1, &["db"], Status::Ready),
        ]
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn words(steps: &[Vec<Command>]) -> String {
        let step = |step: &Vec<Command>| {
            let words: Vec<String> = step
                .iter()
                .map(|command| match command {
                    Command::StartService(name) => format!("+{name}"),
                    Command::StopService(name) => format!("-{name}"),
                    Command::RestartService(name) => format!("*{name}"),
                    other => other.name().to_owned(),
                })
                .collect();
            words.join(" ")
        };
        steps.iter().map(step).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn stops_go_against_the_plan_and_restarts_along_it() {
        let shop = shop();
        let meant = named(&names(&["web", "db", "api", "web"]), &shop);
        assert_eq!(words(&of(Verb::Start, &meant)), "+api +db +web");
        assert_eq!(words(&of(Verb::Stop, &meant)), "-web, -api, -db");
        assert_eq!(words(&of(Verb::Restart, &meant)), "*db, *api, *web");
    }

    #[test]
    fn dependents_come_after_it_and_those_that_were_stopped_stay_so() {
        let shop = shop();
        let restart = |asked: &[&str]| {
            let meant = with_dependents(&names(asked), &shop).unwrap();
            words(&of(Verb::Restart, &meant))
        };
        assert_eq!(restart(&["db"]), "*db, *api *worker, *web");
        assert_eq!(restart(&["api"]), "*api, *web");
        assert_eq!(restart(&["mailer"]), "*mailer");
    }

    #[test]
    fn a_server_that_tells_no_dependencies_is_not_guessed_at() {
        let mut shop = shop();
        for service in &mut shop {
            service.details.wanted = None;
        }
        assert!(with_dependents(&names(&["db"]), &shop).is_err());
    }

    #[test]
    fn what_a_restart_of_all_left_down_is_started_if_it_was_up() {
        let shop = shop();
        assert_eq!(
            words(&left_down(&names(&["mailer", "web", "db"]), &shop)),
            "+mailer"
        );
        assert!(left_down(&names(&["db"]), &shop).is_empty());
    }
}
