//! What the core wants done for services, done: spawning, probing, reading, waiting for ports.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::handle::ReloadOptions;
use super::lifecycle::{Event as Step, ServiceEffect};
use super::listening::Listening;
use super::orchestrator::Ticket;
use super::pipes::{Drained, Pipes};
use super::port_wait::{RELEASE_LIMIT, await_free, await_release};
use super::probe_command::{ProbeCommands, ProbeRuns};
use super::prober::{self, Miss, Watched};
use super::reload::{Reread, Source};
use super::setup::{FileContents, ServiceSetup, SessionSettings, Setup};
use super::strangers::{Earlier, Strangers, shared_port};
use super::watch::Watch;
use crate::config::ReadError;
use crate::config::env_file::{self, EnvFileError};
use crate::facts::{
    ConfigProblem, End, Kind, PortHold, Reason, StartProblem, StopCmdFailure, Stream,
};
use crate::logs::{LineWatch, Logs};
use crate::process::{
    Event, LifeId, Processes, Request, Role, SpawnRequest, Stdin, StopCommand, Teardown,
};

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

/// What a run starts in.
#[derive(Debug, Default)]
pub(super) struct Environment {
    variables: Vec<(OsString, OsString)>,
    /// What its files held, where they were read.
    contents: Option<Vec<FileContents>>,
    /// Who listens on the port of its probe.
    earlier: Earlier,
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
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        Self {
            running: setup.services.iter().map(|_| Running::default()).collect(),
            services: setup.services,
            session: setup.session,
            environment: setup.environment,
            processes,
            logs,
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
            ServiceEffect::Cut => self.running[service].pipes.cut(),
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
        let read = tokio::task::spawn_blocking(move || {
            let setup = source.read()?;
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

    /// How a running service is to be taken down is another way now.
    fn update_teardown(&self, index: usize) {
        let teardown = self.teardown(index, &self.running[index].env);
        self.processes.send(Request::Redefine(index, teardown));
    }

    /// How a service is to be taken down whose life has this environment.
    fn teardown(&self, index: usize, env: &[(OsString, OsString)]) -> Teardown {
        let service = &self.services[index];
        let spec = &service.planned.spec;
        Teardown {
            wave: service.planned.wave,
            grace: spec.grace,
            signal: spec.stop_signal,
            scope: spec.stop_scope,
            stop_command: service.stop_argv.clone().map(|argv| StopCommand {
                argv,
                env: env.to_vec(),
                cwd: service.cwd.clone(),
            }),
            up_after_success: spec.kind == Kind::Oneshot,
        }
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

    fn check_port(&self, service: usize, life: LifeId, port: u16, limit: Duration) {
        self.later(async move {
            Report::Step(
                service,
                match await_free(port, limit).await {
                    Ok(None) => Step::PortFree(life),
                    Ok(Some(holder)) => {
                        Step::PortBusy(life, Reason::PortInUse(PortHold { port, holder }))
                    }
                    Err(error) => {
                        let error = format!("cannot tell whether port {port} is free: {error}");
                        let problem = StartProblem::System { error };
                        Step::PortBusy(life, Reason::CannotStart(problem))
                    }
                },
            )
        });
    }

    /// Completes the environment of a run and starts it. Files and the table of sockets are read off this task.
    fn prepare(&mut self, index: usize, life: LifeId, role: Role) {
        let service = &self.services[index];
        let ready = service.ready.as_ref();
        let port = ready.and_then(|ready| shared_port(ready, service.planned.spec.port));
        if role == Role::StopCommand || (service.env_files.is_empty() && port.is_none()) {
            let env = match role {
                // As the life that is to be stopped has it.
                Role::StopCommand => self.running[index].env.clone(),
                _ => environment(
                    &self.environment,
                    service.auto_port,
                    Vec::new(),
                    &service.env,
                ),
            };
            let environment = Environment {
                variables: env,
                ..Environment::default()
            };
            self.spawn(life, role, Ok(environment));
            return;
        }
        let (inherited, port_variable, files, own) = (
            self.environment.clone(),
            service.auto_port,
            service.env_files.clone(),
            service.env.clone(),
        );
        self.later(async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut read = Vec::new();
                let mut contents = Vec::new();
                for file in &files {
                    let found = env_file::read(&file.path);
                    contents.push(FileContents::of(&found));
                    let variables = match found {
                        Ok(variables) => variables,
                        Err(EnvFileError::Unreadable(ReadError::NotFound(_))) if !file.required => {
                            continue;
                        }
                        Err(error) => return Err(problem(&file.path, &error)),
                    };
                    let names = || variables.iter().map(|(name, _)| name).collect::<Vec<_>>();
                    tracing::debug!(target: "flowlayer::config", file = %file.path.display(), names = ?names());
                    read.extend(variables);
                }
                Ok(Environment {
                    variables: environment(&inherited, port_variable, read, &own),
                    contents: Some(contents),
                    earlier: port.map(Earlier::note).unwrap_or_default(),
                })
            });
            let environment = read.await.unwrap_or_else(|error| {
                let error = format!("its start could not be prepared: {error}");
                Err(StartProblem::System { error })
            });
            Report::Prepared(life, role, environment)
        });
    }

    fn spawn(&mut self, life: LifeId, role: Role, env: Result<Environment, StartProblem>) {
        let index = service_of(life);
        let (env, earlier) = match env {
            Ok(Environment {
                variables,
                contents,
                earlier,
            }) => {
                if let Some(contents) = contents {
                    self.services[index].env_contents = contents;
                }
                (variables, earlier)
            }
            Err(problem) => {
                // Handled like every other failure to start.
                let _ = self
                    .reports
                    .send(Report::Step(index, Step::SpawnFailed(life, problem)));
                return;
            }
        };
        let service = &self.services[index];
        let is_service = role == Role::Service;
        let argv = if is_service {
            service.argv.clone()
        } else {
            service.stop_argv.clone().unwrap_or_default()
        };
        let daemon = service.planned.spec.kind == Kind::Daemon;
        let request = SpawnRequest {
            life,
            service: index,
            role,
            argv,
            env: env.clone(),
            cwd: service.cwd.clone(),
            stdin: if is_service && daemon {
                Stdin::OpenPipe
            } else {
                Stdin::Null
            },
        };
        let teardown = is_service.then(|| self.teardown(index, &env));
        if is_service {
            let pattern = service
                .ready
                .as_ref()
                .and_then(|ready| ready.probe.pattern());
            self.running[index].watched = pattern.map(Watched::new);
            self.running[index].began_after = self.logs.last_seq();
            self.running[index].env = env;
            self.running[index].earlier = earlier;
        }
        self.processes.send(Request::Spawn(request, teardown));
    }

    /// Sees to it that a probe that waits for a line knows of all lines of this life, also where a reload has
    /// changed what it waits for.
    fn watch_lines(&mut self, index: usize) {
        let ready = self.services[index].ready.as_ref();
        let pattern = ready.and_then(|ready| ready.probe.pattern());
        let running = &mut self.running[index];
        let Some(pattern) = pattern else {
            running.watched = None;
            return;
        };
        if running
            .watched
            .as_ref()
            .is_some_and(|it| it.is_for(pattern))
        {
            return;
        }
        let watched = Watched::new(pattern);
        let watch: Arc<dyn LineWatch> = watched.clone();
        running.pipes.watch(&watch);
        let matches = |line: &str| !watched.line(line);
        self.logs.has_line(index, running.began_after, matches);
        running.watched = Some(watched);
    }

    fn start_probe(&mut self, index: usize, life: LifeId) {
        self.watch_lines(index);
        let service = &self.services[index];
        let Some(ready) = service.ready.clone() else {
            return;
        };
        let commands = ProbeCommands::new(
            index,
            self.running[index].env.clone(),
            service.cwd.clone(),
            self.processes.clone(),
            self.probe_runs.clone(),
        );
        let watched = self.running[index].watched.clone();
        let reports = self.reports.clone();
        let strangers = self.strangers(index);
        let listening = Listening::new(&ready, self.running[index].leader);
        let task = tokio::spawn(async move {
            let tell = |step| {
                let _ = reports.send(Report::Step(index, step));
            };
            let watched = watched.as_deref();
            prober::probe(
                &ready,
                watched,
                &commands,
                strangers,
                listening,
                |miss| match miss {
                    Miss::Failed { error, elsewhere } => {
                        tell(Step::ProbeFailed(life, error));
                        if let Some(ports) = elsewhere {
                            tell(Step::ListensOn(life, ports));
                        }
                    }
                    Miss::Stranger(holder) => tell(Step::ProbeStranger(life, holder)),
                },
            )
            .await;
            tell(Step::ProbePassed(life));
        });
        self.running[index].probe = Some(task.abort_handle());
    }

    /// Who may answer the probe of a service, and is none of it.
    fn strangers(&self, index: usize) -> Strangers {
        let earlier = self.running[index].earlier.clone();
        // Who listened before the service was spawned is below a leader that was there before it too.
        let others = if earlier.is_empty() {
            Vec::new()
        } else {
            self.leaders_without(index)
        };
        Strangers::new(earlier, others)
    }

    /// The leaders of all services but this one and those it depends on.
    fn leaders_without(&self, index: usize) -> Vec<u32> {
        let mut related = vec![false; self.services.len()];
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut related[index], true) {
                open.extend(&self.services[index].planned.depends_on);
            }
        }
        let others = self.running.iter().zip(related);
        let others = others.filter(|(_, related)| !related);
        others.filter_map(|(other, _)| other.leader).collect()
    }

    fn stop_probe(&mut self, service: usize) {
        if let Some(probe) = self.running[service].probe.take() {
            probe.abort();
        }
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
            Event::Spawned {
                life,
                pid,
                stdout,
                stderr,
            } => {
                let service = service_of(life);
                let is_stop_command = self.stop_commands.contains_key(&life);
                let running = &mut self.running[service];
                if !is_stop_command {
                    running.leader = Some(pid);
                }
                for (pipe, stream) in [(stdout, Stream::Stdout), (stderr, Stream::Stderr)] {
                    let watch = running
                        .watched
                        .clone()
                        .filter(|_| !is_stop_command)
                        .map(|watched| watched as Arc<dyn LineWatch>);
                    running
                        .pipes
                        .add(self.logs.read_pipe(pipe, service, stream, watch));
                }
                (!is_stop_command).then_some((service, Step::Spawned(life, pid)))
            }
            Event::SpawnFailed { life, error } => {
                Some(self.spawn_failed(service_of(life), life, error.into()))
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
fn service_of(life: LifeId) -> usize {
    usize::try_from(life.0 >> 32).unwrap_or(usize::MAX)
}

/// The inherited environment, then `PORT` if the port was chosen, then the files, then the service's own; the
/// last one wins.
fn environment(
    inherited: &[(OsString, OsString)],
    port: Option<u16>,
    files: Vec<(String, String)>,
    own: &[(String, String)],
) -> Vec<(OsString, OsString)> {
    let port = port.map(|port| ("PORT".to_owned(), port.to_string()));
    let over = port
        .into_iter()
        .chain(files)
        .chain(own.iter().cloned())
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let mut all: indexmap::IndexMap<OsString, OsString> = inherited.iter().cloned().collect();
    all.extend(over);
    all.into_iter().collect()
}

/// Why an `envFile` keeps a service from starting.
fn problem(path: &Path, error: &EnvFileError) -> StartProblem {
    let (line, error) = match error {
        EnvFileError::Unreadable(error) => (None, error.to_string()),
        EnvFileError::Malformed { line, what, .. } => (Some(*line), what.to_string()),
    };
    StartProblem::EnvFile {
        path: path.to_owned(),
        line,
        error,
    }
}
