//! From a configuration and its plan to what the runtime works with.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::lifecycle::{ProbeSpec, Spec};
use super::orchestrator::Planned;
use crate::config::{self, Config};
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
    /// they depend on; empty: all with `autoStart` (docs/lifecycle.md, Waves). Reads the
    /// environment and the current directory.
    pub fn new(config: &Config, plan: &Plan, only: &[usize]) -> io::Result<Self> {
        let here = std::env::current_dir()?;
        let at_boot = at_boot(config, only);
        let services = config
            .services
            .iter()
            .enumerate()
            .map(|(index, service)| {
                let cwd = service.cwd.as_ref().unwrap_or(&here);
                ServiceSetup {
                    planned: planned(service, plan.wave_of[index], at_boot[index]),
                    argv: service.cmd.clone(),
                    stop_argv: service.stop_cmd.clone(),
                    env: service.env.clone(),
                    env_files: service.env_files.clone(),
                    cwd: cwd.clone(),
                    ready: service.ready.clone(),
                    spec: Arc::new(spec(service, cwd)),
                }
            })
            .collect();
        let environment = std::env::vars_os()
            .filter(|(name, _)| PRIVATE.iter().all(|private| name != private))
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

fn planned(service: &config::Service, wave: usize, at_boot: bool) -> Planned {
    Planned {
        name: service.name.clone(),
        spec: Spec {
            kind: service.kind,
            probe: service.ready.as_ref().map(|ready| ProbeSpec {
                probe: probe(ready),
                timeout: ready.timeout,
            }),
            port: service.port,
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

fn probe(ready: &config::Ready) -> Probe {
    Probe {
        r#type: ready.probe.kind().to_owned(),
        // A command may hold a URL too.
        target: mask_credentials(&ready.probe.target()),
    }
}

/// What is published of what a service runs.
fn spec(service: &config::Service, cwd: &Path) -> ServiceSpec {
    let masked = |argv: &[String]| argv.iter().map(|word| mask_credentials(word)).collect();
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let env_files = service.env_files.iter().map(|file| EnvFile {
        path: resolved(&file.path),
        required: file.required,
    });
    ServiceSpec {
        argv: masked(&service.cmd),
        stop_argv: service.stop_cmd.as_deref().map(masked),
        cwd: resolved(cwd),
        env: service.env.iter().map(|(name, _)| name.clone()).collect(),
        env_files: env_files.collect(),
        groups: service.groups.clone(),
        port: service.port,
        probe: service.ready.as_ref().map(probe),
        probe_limits: service.ready.as_ref().map(|ready| ProbeLimits {
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
fn resolved(path: &Path) -> PathBuf {
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
