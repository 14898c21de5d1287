//! The outcome of an action, for people and for programs.

use flowlayer_core::client::CommandError;
use flowlayer_core::protocol::{Command, ErrorBody, ServiceState};

use super::is_lost;
use super::steps::Verb;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::report::{ActionReport, ServiceReport, one_line};
use crate::session::watch::waiting_for;
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::timeout::Deadline;

#[derive(Debug)]
pub(super) enum Trouble {
    Failed(Command, CommandError),
    /// Not within the time given; the session continues with the action.
    TimedOut(Deadline),
}

fn service_of(command: &Command) -> Option<&str> {
    match command {
        Command::StartService(name)
        | Command::StopService(name)
        | Command::RestartService(name) => Some(name),
        _ => None,
    }
}

/// An action with all that is known at its end.
#[derive(Debug)]
pub(super) struct ActionOutcome {
    pub(super) verb: Verb,
    /// The services it was about.
    pub(super) names: Vec<String>,
    /// How all services are.
    pub(super) services: Vec<ServiceState>,
    pub(super) trouble: Vec<Trouble>,
    /// The commands that were not given because of it.
    pub(super) skipped: Vec<Command>,
}

impl ActionOutcome {
    /// Prints it. What failed is on standard error in any case.
    pub(super) fn report(&self, json: bool, colors: Colors) -> Result<Exit, Failure> {
        let about = |service: &&ServiceState| self.names.contains(&service.name);
        let services = self.services.iter().filter(about);
        if json {
            let report = ActionReport {
                action: self.verb.word(),
                ok: self.trouble.is_empty(),
                error: self.error(),
                failed_services: self.failed_services(),
                services: services.map(ServiceReport::from).collect(),
                session: None,
            };
            print::stdout(&print::json(&report));
        } else if self.trouble.is_empty() {
            let lines: String = services
                .map(|service| one_line(service, colors.stdout))
                .collect();
            print::stdout(&lines);
        }
        if self.trouble.is_empty() {
            return Ok(Exit::SUCCESS);
        }
        let message = self.message();
        Err(if self.is_timed_out() {
            Failure::TimedOut(message)
        } else {
            Failure::Failed(message)
        })
    }

    fn is_timed_out(&self) -> bool {
        let failed = |trouble: &Trouble| matches!(trouble, Trouble::Failed(..));
        !self.trouble.iter().any(failed)
    }

    /// A code for programs: the server's own, or what happened on the way to it.
    fn error(&self) -> Option<ErrorBody> {
        let code = match self.trouble.first()? {
            Trouble::TimedOut(_) => "timeout",
            Trouble::Failed(
                _,
                CommandError::Refused(error) | CommandError::Failed { error, .. },
            ) => &error.code,
            Trouble::Failed(_, error) if is_lost(error) => "disconnected",
            Trouble::Failed(..) => "no_answer",
        };
        Some(ErrorBody {
            code: code.to_owned(),
            message: self.message(),
        })
    }

    /// Every failed and blocked service that the server has named, sorted.
    fn failed_services(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for trouble in &self.trouble {
            if let Trouble::Failed(
                _,
                CommandError::Failed {
                    failed_services, ..
                },
            ) = trouble
            {
                names.extend(failed_services.iter().cloned());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    fn message(&self) -> String {
        let mut parts: Vec<String> = self.trouble.iter().map(|one| self.describe(one)).collect();
        let failed = self.failed_services();
        if !failed.is_empty() {
            parts.push(format!("failed or blocked: {}", failed.join(", ")));
        }
        let mut skipped: Vec<&str> = self.skipped.iter().filter_map(service_of).collect();
        if !skipped.is_empty() {
            skipped.sort_unstable();
            let verb = match self.verb {
                Verb::Start => "started",
                Verb::Stop => "stopped",
                Verb::Restart => "restarted",
            };
            let names = skipped.join(", ");
            parts.push(format!(
                "because of that not {verb}, and as before: {names}"
            ));
        }
        parts.join("; ")
    }

    fn describe(&self, trouble: &Trouble) -> String {
        let verb = self.verb.word();
        let about = |service: &&ServiceState| self.names.contains(&service.name);
        match trouble {
            Trouble::TimedOut(deadline) => {
                let asked = waiting_for(self.services.iter().filter(about));
                let why = asked.or_else(|| waiting_for(&self.services));
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                format!("cannot {verb} within {deadline}{why}")
            }
            Trouble::Failed(command, error) => {
                let what = match command {
                    Command::StartService(name) => format!("start {name}"),
                    Command::StopService(name) => format!("stop {name}"),
                    Command::RestartService(name) => format!("restart {name}"),
                    Command::StartAll => "start all services".to_owned(),
                    Command::StopAll => "stop all services".to_owned(),
                    other => other.name().to_owned(),
                };
                let why = match error {
                    CommandError::Refused(error) => error.message.clone(),
                    error if is_lost(error) => {
                        "the session ended before the outcome was known".to_owned()
                    }
                    error => error.to_string(),
                };
                format!("cannot {what}: {why}")
            }
        }
    }
}
