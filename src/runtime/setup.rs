//! From a configuration and its plan to what the runtime works with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::lifecycle::{ProbeSpec, Spec};
use super::orchestrator::Planned;
use crate::config::{self, Config, Problem, Resolved, Values};
use crate::facts::{EnvFile, Probe, ProbeLimits, ServiceSpec, mask_credentials};
use crate::plan::Plan;

/// A stack that is ready to be run.
#[derive(Debug)]
pub struct Setup {
    /// Sorted by name; the index is the service's identity.
    pub services: Vec<ServiceSetup>,
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
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// The probe and its limits.
    pub ready: Option<config::Ready>,
    /// What the probe asks, short, for boot lines.
    pub label: Option<String>,
    /// What of all this is published.
    pub spec: Arc<ServiceSpec>,
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
    /// Everything a configuration asks for. `only` names the services to boot, together with what
    /// they depend on; empty: all with `autoStart` (docs/lifecycle.md, Waves).
    ///
    /// # Errors
    /// References that stand for nothing here, of all services.
    pub fn new(
        config: &Config,
        plan: &Plan,
        only: &[usize],
        values: &Values,
    ) -> Result<Self, Vec<Problem>> {
        let at_boot = at_boot(config, only);
        let mut problems = Vec::new();
        let mut services = Vec::with_capacity(config.services.len());
        for (index, service) in config.services.iter().enumerate() {
            match config::resolve(config, index, values) {
                Ok(resolved) => {
                    let wave = plan.wave_of[index];
                    services.push(ServiceSetup::new(service, resolved, wave, at_boot[index]));
                }
                Err(found) => problems.extend(found),
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
            environment,
        })
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
            cwd: resolved.run.cwd,
            ready: resolved.ready,
            label: resolved.shown.ready.map(|asked| asked.label),
            spec,
        }
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
        output: service.output,
    }
}

/// The path without links and `..`, where it exists.
fn without_links(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Which services the boot starts: those that are to start, and all they depend on.
fn at_boot(config: &Config, only: &[usize]) -> Vec<bool> {
    let mut at_boot = vec![false; config.services.len()];
    let mut open: Vec<usize> = if only.is_empty() {
        (0..config.services.len())
            .filter(|&index| config.services[index].auto_start)
            .collect()
    } else {
        only.to_vec()
    };
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut at_boot[index], true) {
            open.extend(&config.services[index].depends_on);
        }
    }
    at_boot
}
