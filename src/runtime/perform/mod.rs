//! What the core wants done for services, done: spawning, probing, reading, waiting for ports.

mod probing;
mod reading;
mod starting;

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::starting::Environment;
use super::handle::ReloadOptions;
use super::lifecycle::{Event as Step, ServiceEffect};
use super::orchestrator::{Orchestrator, Ticket};
use super::pipes::{Drained, Pipes};
use super::port_wait::{RELEASE_LIMIT, await_release};
use super::probe_command::ProbeRuns;
use super::prober::Watched;
use super::setup::{ServiceSetup, SessionSettings, Setup};
use super::source::{Reread, Source};
use super::strangers::Earlier;
use super::watch::Watch;
use crate::facts::{ConfigProblem, End, StartProblem, StopCmdFailure};
use crate::logs::{LogDefaults, Logs};
use crate::process::{Event, LifeId, Processes, Request, Role};
use crate::screen::Consoles;

/// What comes back from work that was done elsewhere.
#[derive(Debug)]
pub(super) enum Report {
    /// For a lifecycle.
    Step(usize, Step),
    /// Pipes that have been waited for.
    Drained(usize, Drained),
    /// A run whose environment is complete.
    Prepared(LifeId, Role, Result<Environment, StartProblem>),
    /// A file of the configuration may have changed.
    Touched,
    /// The configuration, read again to see whether it has changed.
    Checked(Result<Box<Setup>, Vec<ConfigProblem>>),
    /// The configuration, read again for somebody.
    Reread(
        Ticket,
        ReloadOptions,
        Result<Box<Setup>, Vec<ConfigProblem>>,
    ),
}

/// Performs effects; their results arrive as process events and reports.
pub(super) struct Performer {
    pub(super) services: Vec<ServiceSetup>,
    pub(super) session: SessionSettings,
    environment: Vec<(OsString, OsString)>,
    /// What runs, by service.
    running: Vec<Running>,
    processes: Processes,
    logs: Logs,
    consoles: Consoles,
    reports: mpsc::UnboundedSender<Report>,
    probe_runs: ProbeRuns,
    /// Stop commands by life: to distinguish their exits from those of services.
    stop_commands: HashMap<LifeId, usize>,
}

#[derive(Default)]
struct Running {
    pipes: Pipes,
    probe: Option<AbortHandle>,
    /// The environment of this life, for its stop command and its exec probe.
    env: Vec<(OsString, OsString)>,
    watched: Option<Arc<Watched>>,
    /// The leader, while it lives.
    leader: Option<u32>,
    /// Who listened on the port of its probe before this life.
    earlier: Earlier,
    /// The number of the newest log entry when this life began.
    began_after: u64,
}

impl Performer {
    pub(super) fn new(
        setup: Setup,
        processes: Processes,
        logs: Logs,
        consoles: Consoles,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        Self {
            running: setup.services.iter().map(|_| Running::default()).collect(),
            services: setup.services,
            session: setup.session,
            environment: setup.environment,
            processes,
            logs,
            consoles,
            reports,
            probe_runs: ProbeRuns::default(),
            stop_commands: HashMap::new(),
        }
    }

    pub(super) fn perform(&mut self, service: usize, effect: ServiceEffect) {
        match effect {
            ServiceEffect::CheckPort(life, port) => {
                self.check_port(service, life, port, Duration::ZERO);
            }
            ServiceEffect::AwaitPort(life, port) => {
                self.check_port(service, life, port, RELEASE_LIMIT);
            }
            ServiceEffect::Spawn(life) => self.prepare(service, life, Role::Service),
            ServiceEffect::StartProbe(life) => self.start_probe(service, life),
            ServiceEffect::StopProbe => self.stop_probe(service),
            ServiceEffect::RunStopCommand(life) => {
                self.stop_commands.insert(life, service);
                self.prepare(service, life, Role::StopCommand);
            }
            ServiceEffect::EndStopCommand(life) => self.processes.send(Request::EndLife { life }),
            ServiceEffect::TakeDown(round, mode) => self.processes.send(Request::TakeDown {
                service,
                mode,
                round,
            }),
            ServiceEffect::Drain(life) => {
                let drained = self.running[service].pipes.drain(life);
                self.later(async move { Report::Drained(service, drained.await) });
            }
            ServiceEffect::Cut => {
                self.consoles.of(service).run_ended();
                self.running[service].pipes.cut();
            }
            ServiceEffect::AwaitRelease(life, port) => {
                self.later(async move { Report::Step(service, await_release(life, port).await) });
            }
            ServiceEffect::UpdateTeardown => self.update_teardown(service),
            ServiceEffect::Note(reason) => self.logs.note(service, &reason.to_string()),
            ServiceEffect::NoteFailure(reason) => {
                self.logs.note_failure(service, &reason.to_string());
            }
            // Published by the actor, with the facts of the orchestrator.
            ServiceEffect::Publish(_) => {}
        }
    }

    /// From here on a service is defined like this; its index may be the next one.
    pub(super) fn define(&mut self, index: usize, setup: ServiceSetup) {
        if let Some(known) = self.services.get_mut(index) {
            *known = setup;
        } else {
            self.services.push(setup);
            self.running.push(Running::default());
        }
    }

    /// Reads the configuration again, for somebody.
    pub(super) fn reread(&self, source: &Source, ticket: Ticket, options: ReloadOptions) {
        let read = self.read(source);
        self.later(async move { Report::Reread(ticket, options, read.await) });
    }

    /// Reads the configuration again, to see whether it has changed.
    pub(super) fn check(&self, source: &Source) {
        let read = self.read(source);
        self.later(async move { Report::Checked(read.await) });
    }

    fn read(&self, source: &Source) -> impl Future<Output = Reread> + use<> {
        let (source, logs) = (source.clone(), self.logs.clone());
        let services = self.services.iter();
        let kept = services.filter_map(|it| Some((it.planned.name.clone(), it.auto_port?)));
        let kept = kept.collect();
        let read = tokio::task::spawn_blocking(move || {
            let setup = source.read(&kept)?;
            for service in &setup.services {
                logs.repair_file(&service.planned.name);
            }
            Ok(Box::new(setup))
        });
        async move { read.await.unwrap_or_else(|_| Err(Vec::new())) }
    }

    /// Watches the files of the configuration; none where that is not possible.
    pub(super) fn watch(&self) -> Option<Watch> {
        let reports = self.reports.clone();
        Watch::new(move || {
            let _ = reports.send(Report::Touched);
        })
    }

    /// Stands for what the session runs.
    pub(super) fn fingerprint(&self, core: &Orchestrator) -> String {
        let live = core.live().into_iter();
        let files = live.map(|index| {
            let service = &self.services[index];
            let contents = service.env_contents.iter().zip(&service.is_env_file_fixed);
            contents
                .filter(|(_, is_fixed)| **is_fixed)
                .map(|(contents, _)| *contents)
                .collect()
        });
        self.session.fingerprint(files)
    }

    pub(super) fn log_defaults(&self) -> LogDefaults {
        self.session.log_defaults(&self.services)
    }

    pub(super) fn kill_all(&self) {
        self.processes.send(Request::KillAll);
    }

    pub(super) fn finish(&self) {
        self.processes.send(Request::Finish);
    }

    fn later(&self, work: impl Future<Output = Report> + Send + 'static) {
        let reports = self.reports.clone();
        tokio::spawn(async move {
            // The receiver is gone only when the session has ended.
            let _ = reports.send(work.await);
        });
    }

    /// Takes what the process room says; what it means for a lifecycle, if anything.
    pub(super) fn process(&mut self, event: Event) -> Option<(usize, Step)> {
        match event {
            Event::Spawned { life, .. }
            | Event::SpawnFailed { life, .. }
            | Event::Exited { life, .. }
            | Event::LifeGone { life }
                if ProbeRuns::is_probe(life) =>
            {
                self.probe_runs.handle(event);
                None
            }
            Event::Spawned { life, pid, streams } => {
                let service = service_of(life);
                let is_stop_command = self.stop_commands.contains_key(&life);
                let running = &mut self.running[service];
                if !is_stop_command {
                    running.leader = Some(pid);
                }
                self.read_output(service, streams, is_stop_command);
                (!is_stop_command).then_some((service, Step::Spawned(life, pid)))
            }
            Event::SpawnFailed { life, error } => {
                let service = service_of(life);
                let is_stop_command = self.stop_commands.contains_key(&life);
                let problem = self.services[service].shown_problem(error.into(), is_stop_command);
                Some(self.spawn_failed(service, life, problem))
            }
            Event::Exited { life, end, left } => {
                Some(if let Some(service) = self.stop_commands.remove(&life) {
                    let result = match end {
                        End::Code(0) => Ok(()),
                        end => Err(StopCmdFailure::Ended(end)),
                    };
                    (service, Step::StopCommandEnded(life, result))
                } else {
                    let service = service_of(life);
                    self.running[service].leader = None;
                    (service, Step::Exited(life, end, left.len()))
                })
            }
            Event::Left { life, left } => Some((service_of(life), Step::Left(life, left))),
            Event::Remaining {
                service,
                round,
                processes,
            } => Some((service, Step::Remaining(round, processes))),
            Event::Unowned {
                service,
                round,
                processes,
            } => Some((service, Step::Unowned(round, processes))),
            Event::Gone { service, round } => Some((service, Step::Gone(round))),
            Event::LifeGone { .. } | Event::GuardianLost | Event::Finished { .. } => None,
        }
    }

    /// A command could not be started: the service's own, or its stop command.
    fn spawn_failed(
        &mut self,
        service: usize,
        life: LifeId,
        problem: StartProblem,
    ) -> (usize, Step) {
        match self.stop_commands.remove(&life) {
            Some(service) => {
                let error = problem.to_string();
                let failure = StopCmdFailure::NotStarted { error };
                (service, Step::StopCommandEnded(life, Err(failure)))
            }
            None => (service, Step::SpawnFailed(life, problem)),
        }
    }

    /// Takes a report; what it means for a lifecycle, if anything.
    pub(super) fn report(&mut self, report: Report) -> Option<(usize, Step)> {
        match report {
            Report::Step(service, Step::SpawnFailed(life, problem)) => {
                Some(self.spawn_failed(service, life, problem))
            }
            Report::Step(service, step) => Some((service, step)),
            Report::Drained(service, drained) => {
                let life = drained.life;
                self.running[service].pipes.give_back(drained);
                Some((service, Step::Drained(life)))
            }
            Report::Prepared(life, role, env) => {
                self.spawn(life, role, env);
                None
            }
            // They are for the actor.
            Report::Reread(..) | Report::Touched | Report::Checked(_) => None,
        }
    }
}

/// Lives carry the index of their service in their upper half.
pub(super) fn service_of(life: LifeId) -> usize {
    usize::try_from(life.0 >> 32).unwrap_or(usize::MAX)
}
