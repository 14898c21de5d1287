//! The config as meant: everything checked, defaults filled in, names turned into indices.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bind::Bind;
use super::probe::ProbeTemplate;
use super::references::template::Template;
use crate::facts::{Kind, OutputMode, Stdio, StopScope, StopSignal};

/// Everything a config says (docs/config.md, Top level).
#[derive(Debug, Clone)]
pub struct Config {
    /// The session API.
    pub session: Session,
    /// Where log entries are kept.
    pub logs: Logs,
    /// How many entries `get_logs` returns when the client does not say.
    pub log_view: LogView,
    /// All services, sorted by name, byte by byte. A service is identified by its index in here.
    pub services: Vec<Service>,
    /// The config file, absolute and without links where it exists.
    pub path: PathBuf,
    /// The directory of the config file, absolute: what relative paths in it are relative to.
    pub dir: PathBuf,
}

/// The session API as configured; flags and environment beat it (docs/config.md, Which file).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// Where to listen; `None`: no API unless a flag says so.
    pub bind: Option<BindChoice>,
    /// Where clients dial, `host:port`; `None`: derived from `bind`.
    pub addr: Option<String>,
    /// The bearer token; `None`: generated.
    pub token: Option<String>,
}

impl Session {
    /// Where clients dial, `host:port`: `addr`, or what `bind` can be reached at from here.
    pub fn dial(&self) -> Option<String> {
        let bind = match &self.bind {
            Some(BindChoice::Fixed(bind)) => Some(bind.dial()),
            // Only the registry says which one it is.
            Some(BindChoice::Auto) | None => None,
        };
        self.addr.clone().or(bind)
    }
}

/// Where the session API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindChoice {
    /// Here.
    Fixed(Bind),
    /// On a port of 127.0.0.1 that is chosen when the session starts.
    Auto,
}

impl fmt::Display for BindChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bind) => bind.fmt(f),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// The port of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChoice {
    /// This one.
    Fixed(u16),
    /// One that is chosen when the session starts.
    Auto,
}

/// The token is a secret and does not show.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("bind", &self.bind)
            .field("addr", &self.addr)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish()
    }
}

/// Where log entries are kept (docs/logs.md, Files).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Directory of the JSONL files, relative to the config; `None`: memory only.
    pub dir: Option<Template>,
    /// Entries kept in memory per service.
    pub buffer_size: usize,
    /// Size in bytes at which a JSONL file is put aside.
    pub max_bytes: u64,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            dir: None,
            buffer_size: 5000,
            max_bytes: 1 << 30,
        }
    }
}

/// How many entries `get_logs` returns when the client does not say (docs/protocol.md, `get_logs`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogView {
    /// For a query about one service or all; `None`: the built-in 500.
    pub max_entries: Option<u64>,
    /// For a query about all services; `None`: as `max_entries`.
    pub all_max_entries: Option<u64>,
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name, byte for byte as written; not empty.
    pub name: Arc<str>,
    /// The command: program and arguments, never empty.
    pub cmd: Vec<Template>,
    /// The command that stops it; `None`: signals do.
    pub stop_cmd: Option<Vec<Template>>,
    /// Daemon or oneshot.
    pub kind: Kind,
    /// The port that is checked before start and after stop; `None`: no checks.
    pub port: Option<PortChoice>,
    /// The readiness probe; `None` when absent or of type `none`.
    pub ready: Option<Ready>,
    /// Where to open it; `None`: the origin of its probe, if that asks this machine.
    pub url: Option<Template>,
    /// Indices of the services it depends on, ascending, each once, never its own.
    pub depends_on: Vec<usize>,
    /// Groups it is in, in the order they are written, each once.
    pub groups: Vec<String>,
    /// Variables over the inherited environment, sorted by name, each once.
    pub env: Vec<(String, Template)>,
    /// Dotenv files, in the order they are applied, before `env`.
    pub env_files: Vec<EnvFile>,
    /// Working directory, relative to the config; `None`: the one `serve` was started in.
    pub cwd: Option<Template>,
    /// Whether boot and `start_all` start it.
    pub auto_start: bool,
    /// From the stop signal to SIGKILL.
    pub stop_grace: Duration,
    /// The signal that tells it to end.
    pub stop_signal: StopSignal,
    /// Who gets that signal first.
    pub stop_scope: StopScope,
    /// What its process has as stdin, stdout and stderr.
    pub stdio: Stdio,
    /// Whether its lines are shown among those of all services.
    pub output: OutputMode,
    /// How many entries `get_logs` returns for this service; `None`: as [`LogView`] says.
    pub log_view_max_entries: Option<u64>,
}

/// A dotenv file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Where it is, relative to the config.
    pub path: Template,
    /// Whether the service fails when there is no such file.
    pub required: bool,
}

/// A readiness probe and its limits.
#[derive(Debug, Clone)]
pub struct Ready {
    /// How the probe is made.
    pub probe: ProbeTemplate,
    /// Limit of one attempt.
    pub attempt_timeout: Duration,
    /// Limit of the whole wait; `None`: for ever.
    pub timeout: Option<Duration>,
    /// Whose listener may answer it.
    pub owner: ProbeOwner,
}

/// Which listeners may answer a probe of a port of this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProbeOwner {
    /// Those of the service and of its dependencies, and all that appeared after the spawn.
    #[default]
    Service,
    /// All.
    Any,
}

impl Service {
    /// What its url is made of: its own, or that which its probe asks.
    pub(super) fn url_template(&self) -> Option<&Template> {
        let ready = self.ready.as_ref();
        self.url.as_ref().or_else(|| ready?.probe.url())
    }

    /// Whether it has a url, as far as that can be known before references are filled in.
    pub(super) fn may_have_url(&self) -> bool {
        let ready = self.ready.as_ref();
        self.url.is_some() || ready.is_some_and(|ready| ready.probe.may_have_origin())
    }

    /// Every text of it in which references may stand.
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let cmd = self.cmd.iter().chain(self.stop_cmd.iter().flatten());
        let env = self.env.iter().map(|(_, value)| value);
        let files = self.env_files.iter().map(|file| &file.path);
        let ready = self.ready.iter().flat_map(|ready| ready.probe.templates());
        let rest = self.cwd.iter().chain(&self.url);
        cmd.chain(env).chain(files).chain(ready).chain(rest)
    }
}

impl Config {
    /// What each service depends on, by index: what [`crate::plan::plan`] takes.
    pub fn dependencies(&self) -> Vec<Vec<usize>> {
        let services = self.services.iter();
        services.map(|service| service.depends_on.clone()).collect()
    }

    /// The index of a service, by its exact name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.services
            .binary_search_by(|service| (*service.name).cmp(name))
            .ok()
    }

    /// A service, by its exact name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.index_of(name).map(|index| &self.services[index])
    }

    /// Every text in which references may stand.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let services = self.services.iter().flat_map(Service::templates);
        self.logs.dir.iter().chain(services)
    }
}
