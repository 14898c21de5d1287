//! A start: its port, its environment, the request to spawn it.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Performer, Report, service_of};
use crate::config::ReadError;
use crate::config::env_file::{self, EnvFileError};
use crate::facts::{Kind, PortHold, Reason, StartProblem};
use crate::process::{LifeId, Request, Role, SpawnRequest, Stdio, StopCommand, Teardown};
use crate::runtime::lifecycle::Event as Step;
use crate::runtime::port_wait::await_free;
use crate::runtime::prober::Watched;
use crate::runtime::setup::FileContents;
use crate::runtime::strangers::{Earlier, shared_port};

/// What a run starts in.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Environment {
    variables: Vec<(OsString, OsString)>,
    /// What its files held, where they were read.
    contents: Option<Vec<FileContents>>,
    /// Who listens on the port of its probe.
    earlier: Earlier,
}

impl Performer {
    /// How a running service is to be taken down is another way now.
    pub(super) fn update_teardown(&self, index: usize) {
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

    pub(super) fn check_port(&self, service: usize, life: LifeId, port: u16, limit: Duration) {
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
    pub(super) fn prepare(&mut self, index: usize, life: LifeId, role: Role) {
        let service = &self.services[index];
        let ready = service.ready.as_ref();
        let port = ready.and_then(|ready| shared_port(ready, service.planned.spec.port));
        if role == Role::StopCommand || (service.env_files.is_empty() && port.is_none()) {
            let env = match role {
                // As the life that is to be stopped has it.
                Role::StopCommand => self.running[index].env.clone(),
                _ => environment(
                    &self.environment,
                    service.default_variables(),
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
        let (inherited, defaults, files, own, spec) = (
            self.environment.clone(),
            service.default_variables(),
            service.env_files.clone(),
            service.env.clone(),
            Arc::clone(&service.spec),
        );
        self.later(async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut read = Vec::new();
                let mut contents = Vec::new();
                for (file, shown) in files.iter().zip(&spec.env_files) {
                    let found = env_file::read(&file.path);
                    contents.push(FileContents::of(&found));
                    let variables = match found {
                        Ok(variables) => variables,
                        Err(EnvFileError::Unreadable(ReadError::NotFound(_))) if !file.required => {
                            continue;
                        }
                        Err(error) => return Err(problem(&shown.path, &error)),
                    };
                    let names = || variables.iter().map(|(name, _)| name).collect::<Vec<_>>();
                    tracing::debug!(target: "flowlayer::config", file = %shown.path.display(), names = ?names());
                    read.extend(variables);
                }
                Ok(Environment {
                    variables: environment(&inherited, defaults, read, &own),
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

    pub(super) fn spawn(
        &mut self,
        life: LifeId,
        role: Role,
        env: Result<Environment, StartProblem>,
    ) {
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
        let request = SpawnRequest {
            life,
            service: index,
            role,
            argv,
            env: env.clone(),
            cwd: service.cwd.clone(),
            stdio: if is_service {
                service.stdio
            } else {
                Stdio::Null
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
}

/// The inherited environment, then what it gets unless its definition says otherwise, then the files, then the
/// service's own; the last one wins.
fn environment(
    inherited: &[(OsString, OsString)],
    defaults: Vec<(String, String)>,
    files: Vec<(String, String)>,
    own: &[(String, String)],
) -> Vec<(OsString, OsString)> {
    let over = defaults
        .into_iter()
        .chain(files)
        .chain(own.iter().cloned())
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let mut all: indexmap::IndexMap<OsString, OsString> = inherited.iter().cloned().collect();
    all.extend(over);
    all.into_iter().collect()
}

/// Why an `envFile` keeps a service from starting; `path` as it is shown.
fn problem(path: &Path, error: &EnvFileError) -> StartProblem {
    let (line, error) = match error {
        EnvFileError::Unreadable(error) => (None, error.at(path).to_string()),
        EnvFileError::Malformed { line, what, .. } => (Some(*line), what.to_string()),
    };
    StartProblem::EnvFile {
        path: path.to_owned(),
        line,
        error,
    }
}
