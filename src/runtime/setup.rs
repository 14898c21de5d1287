//! From a configuration and its plan to what the runtime works with.

use std::collections::HashMap;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::lifecycle::{ProbeSpec, Spec};
use super::orchestrator::Planned;
use crate::config::env_file::{self, EnvFileError};
use crate::config::{self, Config, PortChoice, Problem, ReadError, Resolved, Values, Variables};
use crate::facts::{
    EnvFile, Probe, ProbeLimits, ServiceSpec, StartProblem, Stdio, mask_credentials,
};
use crate::logs::LogDefaults;
use crate::plan::Plan;

/// A stack that is ready to be run.
#[derive(Debug)]
pub struct Setup {
    /// Sorted by name; the index is the service's identity.
    pub services: Vec<ServiceSetup>,
    /// What belongs to the session as a whole.
    pub session: SessionSettings,
    /// What all services inherit.
    pub environment: Vec<(OsString, OsString)>,
}

/// One service, as the runtime needs it.
#[derive(Debug)]
pub struct ServiceSetup {
    /// For the orchestrator.
    pub planned: Planned,
    /// Program and arguments of `cmd`.
    pub argv: Vec<String>,
    /// Program and arguments of `stopCmd`.
    pub stop_argv: Option<Vec<String>>,
    /// `env` of the config, over everything else.
    pub env: Vec<(String, String)>,
    /// Read at each start, in this order, before `env`.
    pub env_files: Vec<EnvFile>,
    /// The port chosen for it, which it finds in `PORT` unless its files or `env` say otherwise.
    pub auto_port: Option<u16>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// What its process has as stdin, stdout and stderr.
    pub stdio: Stdio,
    /// The probe and its limits.
    pub ready: Option<config::Ready>,
    /// What the probe asks, short, for boot lines.
    pub label: Option<String>,
    /// How many entries `get_logs` returns for it when the client does not say.
    pub log_limit: Option<u64>,
    /// What of all this is published.
    pub spec: Arc<ServiceSpec>,
    /// What each of `env_files` held when it was read last.
    pub env_contents: Vec<FileContents>,
    /// Which of them are where the configuration alone says, whatever variables hold.
    pub is_env_file_fixed: Vec<bool>,
}

/// What a configuration says of the session as a whole.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// The API.
    pub api: config::Session,
    /// The log.
    pub logs: config::Logs,
    /// How many entries `get_logs` returns when the client does not say.
    pub log_view: config::LogView,
    /// What the file means.
    meaning: Meaning,
}

/// Stands for what a configuration means; only to be compared.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    /// All that a reload applies.
    applied: u64,
    /// What needs a new session.
    fixed: u64,
}

/// What an environment file holds, to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileContents {
    /// There is none.
    Missing,
    /// It cannot be read, or not be understood.
    Unusable,
    /// Stands for its variables.
    Variables(u64),
}

impl FileContents {
    /// Of what reading has brought.
    pub fn of(read: &Result<Vec<(String, String)>, EnvFileError>) -> Self {
        match read {
            Ok(variables) => Self::Variables(hash(variables)),
            Err(EnvFileError::Unreadable(ReadError::NotFound(_))) => Self::Missing,
            Err(_) => Self::Unusable,
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    // With the keys that it always has: the same in every process.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Which services a boot starts, by names and groups. One that the configuration does not have says nothing.
#[derive(Debug, Clone, Default)]
pub struct BootSelection {
    /// These, and all they depend on; without any, those with `autoStart`.
    pub only: Vec<String>,
    /// These besides.
    pub also: Vec<String>,
}

/// FlowLayer's variables that services do not inherit.
const PRIVATE: [&str; 4] = [
    "FLOWLAYER_TOKEN",
    "FLOWLAYER_ADDR",
    // A `flowlayer` in a service would write its own trace into the same file.
    "FLOWLAYER_LOG",
    "FLOWLAYER_LOG_FILE",
];

impl Setup {
    /// Everything a configuration asks for (docs/lifecycle.md, Waves). Reads the environment files.
    ///
    /// # Errors
    /// References that stand for nothing here, of all services.
    pub fn new(
        config: &Config,
        plan: &Plan,
        selection: &BootSelection,
        values: &Values,
    ) -> Result<Self, Vec<Problem>> {
        let at_boot = at_boot(config, selection);
        let mut read = EnvContents::default();
        let mut problems = Vec::new();
        let mut services = Vec::with_capacity(config.services.len());
        for (index, service) in config.services.iter().enumerate() {
            match config::resolve(config, index, values) {
                Ok(resolved) => {
                    let wave = plan.wave_of[index];
                    let mut setup = ServiceSetup::new(service, resolved, wave, at_boot[index]);
                    setup.env_contents = read.of_all(&setup.env_files);
                    setup.is_env_file_fixed = is_env_file_fixed(config, index);
                    services.push(setup);
                }
                // Of a url that others refer to, each of them reports what is wrong with it.
                Err(found) => {
                    let is_new = |it: &Problem| !problems.contains(it);
                    let new: Vec<_> = found.into_iter().filter(is_new).collect();
                    problems.extend(new);
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let environment = values.environment.iter();
        let environment = environment
            .filter(|(name, _)| PRIVATE.iter().all(|private| name != private))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Ok(Self {
            services,
            session: SessionSettings {
                api: config.session.clone(),
                logs: config.logs.clone(),
                log_view: config.log_view,
                meaning: Meaning::of(config),
            },
            environment,
        })
    }

    /// How many entries `get_logs` returns when the client does not say.
    pub fn log_defaults(&self) -> LogDefaults {
        self.session.log_defaults(&self.services)
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.services
            .iter()
            .map(|service| service.planned.name.clone())
            .collect()
    }
}

impl ServiceSetup {
    /// A service with its references filled in.
    pub fn new(service: &config::Service, resolved: Resolved, wave: usize, at_boot: bool) -> Self {
        let spec = Arc::new(spec(service, &resolved));
        Self {
            planned: planned(service, &resolved, wave, at_boot),
            argv: resolved.run.argv,
            stop_argv: resolved.run.stop_argv,
            env: resolved.run.env,
            env_files: resolved.run.env_files,
            auto_port: resolved
                .port
                .filter(|_| service.port == Some(PortChoice::Auto)),
            cwd: resolved.run.cwd,
            stdio: service.stdio,
            ready: resolved.ready,
            label: resolved.shown.ready.map(|asked| asked.label),
            log_limit: service.log_view_max_entries,
            spec,
            env_contents: Vec::new(),
            is_env_file_fixed: Vec::new(),
        }
    }
}

impl ServiceSetup {
    /// A problem of its `cmd` or `stopCmd` with program and directory as they are shown: what variables stand for
    /// is for the service alone.
    pub(super) fn shown_problem(
        &self,
        problem: StartProblem,
        is_stop_command: bool,
    ) -> StartProblem {
        let (argv, shown) = if is_stop_command {
            (self.stop_argv.as_ref(), self.spec.stop_argv.as_ref())
        } else {
            (Some(&self.argv), Some(&self.spec.argv))
        };
        let program = |argv: Option<&Vec<String>>| argv.and_then(|argv| argv.first()).cloned();
        let (program, shown) = (program(argv), program(shown).unwrap_or_default());
        let is_program_shown = program.as_ref().is_none_or(|program| *program == shown);
        let is_cwd_shown = without_links(&self.cwd) == self.spec.cwd;
        match problem {
            StartProblem::NotFound { name, searched } => StartProblem::NotFound {
                searched: if is_cwd_shown || !name.contains('/') {
                    searched
                } else {
                    self.spec.cwd.display().to_string()
                },
                name: if is_program_shown { name } else { shown },
            },
            StartProblem::NotExecutable { path, error } => StartProblem::NotExecutable {
                path: match path.strip_prefix(&self.cwd) {
                    _ if !is_program_shown => shown.into(),
                    Ok(below) if !is_cwd_shown => self.spec.cwd.join(below),
                    _ => path,
                },
                error,
            },
            StartProblem::Cwd { path, error } => StartProblem::Cwd {
                path: if is_cwd_shown {
                    path
                } else {
                    self.spec.cwd.clone()
                },
                error,
            },
            StartProblem::System { error } => StartProblem::System {
                error: match program {
                    Some(program) if !is_program_shown => error.replace(&program, &shown),
                    _ => error,
                },
            },
            // Its path is as shown from the beginning.
            StartProblem::EnvFile { .. } => problem,
        }
    }

    /// Variables that it finds unless its files or `env` say otherwise: `PORT`, if that was chosen for it, and
    /// which terminal it is in, whatever the one of `serve` may be.
    pub(super) fn default_variables(&self) -> Vec<(String, String)> {
        let port = self.auto_port.map(|port| ("PORT", port.to_string()));
        let is_terminal = self.stdio == Stdio::Terminal;
        let term = is_terminal.then(|| ("TERM", "xterm-256color".to_owned()));
        let all = port.into_iter().chain(term);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn planned(service: &config::Service, resolved: &Resolved, wave: usize, at_boot: bool) -> Planned {
    let ready = service.ready.as_ref();
    Planned {
        name: service.name.clone(),
        spec: Spec {
            kind: service.kind,
            probe: probe(resolved).zip(ready).map(|(probe, ready)| ProbeSpec {
                probe,
                timeout: ready.timeout,
            }),
            port: resolved.port,
            grace: service.stop_grace,
            has_stop_command: service.stop_cmd.is_some(),
            stop_signal: service.stop_signal,
            stop_scope: service.stop_scope,
        },
        depends_on: service.depends_on.clone(),
        wave,
        auto_start: service.auto_start,
        at_boot,
    }
}

fn probe(resolved: &Resolved) -> Option<Probe> {
    resolved.shown.ready.as_ref().map(|asked| Probe {
        r#type: asked.kind.to_owned(),
        target: asked.target.clone(),
        port: resolved.ready.as_ref().and_then(|ready| ready.probe.port()),
    })
}

/// What is published of what a service runs.
fn spec(service: &config::Service, resolved: &Resolved) -> ServiceSpec {
    let shown = &resolved.shown;
    let masked = |argv: &[String]| argv.iter().map(|word| mask_credentials(word)).collect();
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let env_files = shown.env_files.iter().map(|file| EnvFile {
        path: without_links(&file.path),
        required: file.required,
    });
    ServiceSpec {
        argv: masked(&shown.argv),
        stop_argv: shown.stop_argv.as_deref().map(masked),
        cwd: without_links(&shown.cwd),
        env: service.env.iter().map(|(name, _)| name.clone()).collect(),
        env_files: env_files.collect(),
        groups: service.groups.clone(),
        port: resolved.port,
        url: shown.url.as_deref().map(mask_credentials),
        probe: probe(resolved),
        probe_limits: resolved.ready.as_ref().map(|ready| ProbeLimits {
            attempt_ms: ready
                .probe
                .pattern()
                .is_none()
                .then(|| ms(ready.attempt_timeout)),
            total_ms: ready.timeout.map(ms),
        }),
        auto_start: service.auto_start,
        grace_ms: ms(service.stop_grace),
        stop_signal: service.stop_signal,
        stop_scope: service.stop_scope,
        stdio: service.stdio,
        output: service.output,
    }
}

/// What files hold, each read once.
#[derive(Default)]
struct EnvContents(HashMap<PathBuf, FileContents>);

impl EnvContents {
    fn of_all(&mut self, files: &[EnvFile]) -> Vec<FileContents> {
        let of = |file: &EnvFile| {
            let known = self.0.entry(file.path.clone());
            *known.or_insert_with(|| FileContents::of(&env_file::read(&file.path)))
        };
        files.iter().map(of).collect()
    }
}

impl Meaning {
    /// All that the `Debug` forms show, and what those hide: the token, and values of headers.
    fn of(config: &Config) -> Self {
        let Config {
            session,
            logs,
            log_view,
            services,
            // Which file it is says nothing of what is in it.
            path: _,
            dir,
        } = config;
        let probes = services.iter().filter_map(|it| it.ready.as_ref());
        let headers: Vec<_> = probes.map(|ready| ready.probe.headers()).collect();
        Self {
            applied: hash(&(format!("{log_view:?} {services:?}"), dir, headers)),
            fixed: hash(&(format!("{session:?} {logs:?}"), &session.token)),
        }
    }
}

/// The environment files of a service where every variable holds this.
fn env_files(config: &Config, index: usize, variable: &'static str) -> Vec<EnvFile> {
    // Any port will do, as long as it is always the same.
    let chosen = config.services.iter();
    let chosen = chosen.filter(|service| service.port == Some(PortChoice::Auto));
    let values = Values {
        ports: chosen.map(|service| (service.name.clone(), 1)).collect(),
        ..Values::default()
    };
    let texts = config::texts(config, index, &values, Variables::As(variable));
    texts.map(|texts| texts.env_files).unwrap_or_default()
}

/// Which of them are where the configuration alone says.
fn is_env_file_fixed(config: &Config, index: usize) -> Vec<bool> {
    let [some, others] = ["a", "b"].map(|variable| env_files(config, index, variable));
    some.iter().zip(&others).map(|(a, b)| a == b).collect()
}

/// Stands for what a configuration means and what its environment files hold: as long as it is the same, a
/// reload has nothing to do. Its parts are the version of this program, because versions do not agree on the
/// others; what a reload applies; and what needs a new session.
pub fn fingerprint(config: &Config) -> String {
    let mut read = EnvContents::default();
    let services = 0..config.services.len();
    let files = services.map(|index| {
        let files = env_files(config, index, "");
        let fixed = is_env_file_fixed(config, index);
        let fixed = files.into_iter().zip(fixed).filter(|(_, is)| *is);
        read.of_all(&fixed.map(|(file, _)| file).collect::<Vec<_>>())
    });
    written(Meaning::of(config), files)
}

impl SessionSettings {
    /// How many entries `get_logs` returns when the client does not say.
    pub(super) fn log_defaults(&self, services: &[ServiceSetup]) -> LogDefaults {
        let config::LogView {
            max_entries,
            all_max_entries,
        } = self.log_view;
        let own = services.iter().map(|service| service.log_limit);
        LogDefaults::resolve(max_entries, all_max_entries, own)
    }

    /// What counts after a reload of these: the API and the log stay what they were at the start.
    pub(super) fn reloaded(&self, new: &Self) -> Self {
        Self {
            log_view: new.log_view,
            meaning: Meaning {
                applied: new.meaning.applied,
                fixed: self.meaning.fixed,
            },
            ..self.clone()
        }
    }

    /// The same for what a session runs; the environment files of its services, in the order of their names,
    /// as they were read last.
    pub(super) fn fingerprint(&self, files: impl Iterator<Item = Vec<FileContents>>) -> String {
        written(self.meaning, files)
    }
}

fn written(meaning: Meaning, files: impl Iterator<Item = Vec<FileContents>>) -> String {
    let files = hash(&files.collect::<Vec<_>>());
    let version = env!("CARGO_PKG_VERSION");
    let applied = hash(&(meaning.applied, files));
    format!("{version}:{applied:016x}:{:016x}", meaning.fixed)
}

/// The path without links and `..`, where it exists.
fn without_links(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Which services the boot starts: those that are to start, and all they depend on.
fn at_boot(config: &Config, selection: &BootSelection) -> Vec<bool> {
    let mut at_boot = vec![false; config.services.len()];
    let named = |names: &[String]| -> Vec<usize> {
        let selected = names.iter().filter_map(|name| {
            let name = std::slice::from_ref(name);
            config.select(name).ok()
        });
        let indices = selected.flatten();
        indices.filter_map(|name| config.index_of(&name)).collect()
    };
    let BootSelection { only, also } = selection;
    let mut open: Vec<usize> = if only.is_empty() {
        let all = 0..config.services.len();
        all.filter(|&index| config.services[index].auto_start)
            .collect()
    } else {
        named(only)
    };
    open.extend(named(also));
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut at_boot[index], true) {
            open.extend(&config.services[index].depends_on);
        }
    }
    at_boot
}
