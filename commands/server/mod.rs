//! The server of a session: boots the stack, offers its API, keeps it up until a signal, takes it down.

pub(crate) mod api;
pub(crate) mod background;
pub(crate) mod claim;
mod console;
pub(crate) mod launcher;
mod messages;
pub(crate) mod options;
mod reporter;
mod signals;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flowlayer_core::config::{self, Config, Loaded, Problem, Service, Values};
use flowlayer_core::facts::{BootEnd, OutputMode, Reason, Status};
use flowlayer_core::history::{Run, Timeline};
use flowlayer_core::logs::{Logs, LogsConfig, RecordQuery};
use flowlayer_core::ports;
use flowlayer_core::process::guardian;
use flowlayer_core::protocol::PROTOCOL_VERSION;
use flowlayer_core::runtime::auto_ports::AutoPorts;
use flowlayer_core::runtime::{
    BootSelection, Ended, Handle, Runtime, Setup, Source, StatusView, Subscription, Update,
};
use flowlayer_core::session::registry::{self, LiveSession, Registration};
use tokio::time::Instant;
use uuid::Uuid;

use self::api::Api;
use self::claim::Lock;
use self::console::Console;
use self::launcher::{Launcher, Report};
use self::messages::{Wording, blocked_by};
use self::options::Options;
use self::reporter::StatusLines;
use self::signals::Signals;
use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::lines::Lines;
use crate::terminal::output::Output;
use crate::terminal::sanitize;
use crate::timeout::{Reminder, until};
use crate::tokio_runtime;

/// Threads for tasks. The work per line is done on the tasks that read the pipes; two of them keep
/// up with two services that print as fast as they can.
const WORKERS: usize = 2;

/// Runs a session to its end. The calling process becomes the guardian; what follows happens in
/// its child, apart from the exit code. `lock`: held until the session is registered; without it the session is
/// not registered. `launcher`: the process that has started this one in the background, which gets reports.
pub(crate) fn run(
    options: Options,
    colors: Colors,
    lock: Option<Lock>,
    launcher: Option<&Launcher>,
) -> Result<Exit, Failure> {
    let link = match guardian::enter() {
        Ok(guardian::Entered::Guardian(code)) => {
            return Ok(Exit::of(u8::try_from(code).unwrap_or(1)));
        }
        Ok(guardian::Entered::Server(link)) => link,
        Err(error) => {
            return Err(Failure::Failed(format!(
                "cannot start the guardian process: {error}"
            )));
        }
    };
    let runtime = tokio_runtime::build(WORKERS)
        .map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(serve(options, link, colors, lock, launcher.cloned()));
    if let Some(launcher) = launcher {
        if let Err(failure) = &outcome {
            let message = failure.message();
            let message = message
                .unwrap_or("the configuration has problems")
                .to_owned();
            launcher.send(&Report::Failed { message });
        }
        launcher.close();
    }
    // A call that hangs in the kernel (a file on a dead disk) must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn serve(
    options: Options,
    link: guardian::Link,
    colors: Colors,
    lock: Option<Lock>,
    launcher: Option<Launcher>,
) -> Result<Exit, Failure> {
    let signals = Signals::install()
        .map_err(|error| Failure::Failed(format!("cannot take signals: {error}")))?;
    let output = Output::start(tokio::runtime::Handle::current())
        .map_err(|error| Failure::Failed(format!("cannot write to the terminal: {error}")))?;
    let wording = Wording {
        colored: colors.stdout,
    };
    let console = Console::new(output, launcher);
    console.line(&wording.validating());
    let session = SessionSetup {
        options,
        colors,
        wording,
        console,
    };
    session.run(link, signals, lock).await
}

struct SessionSetup {
    options: Options,
    colors: Colors,
    wording: Wording,
    console: Console,
}

impl SessionSetup {
    async fn run(
        mut self,
        link: guardian::Link,
        signals: Signals,
        lock: Option<Lock>,
    ) -> Result<Exit, Failure> {
        let outcome = self.try_run(link, signals, lock).await;
        self.console.close();
        outcome
    }

    async fn try_run(
        &mut self,
        link: guardian::Link,
        signals: Signals,
        lock: Option<Lock>,
    ) -> Result<Exit, Failure> {
        let loaded = config_file::load(&self.options.config, self.colors)?;
        // The process in front has shown them already.
        if self.console.launcher.is_none() {
            config_file::print_warnings(&loaded, self.colors);
        }
        let Loaded {
            config,
            plan,
            source: text,
            ..
        } = loaded;
        let selection = self.options.chosen(&config)?;
        let auto_ports = choose_ports(&config)?;
        let mut values = config_file::values(&config)?;
        values.ports = auto_ports.by_name();
        let unusable = |problems| config_file::unresolved(problems, &text, self.colors);
        let setup = Setup::new(&config, &plan, &selection, &values).map_err(unusable)?;
        let logs_dir = config::logs_dir(&config, &values).map_err(unusable)?;
        let names: Arc<[Arc<str>]> = setup.names().into();
        let logs = open_logs(&config, logs_dir, &names)?;
        let session_id = Uuid::new_v4();
        tracing::debug!(target: "flowlayer::session", id = %session_id, services = names.len(), "session starts");
        let api = Api::bind(&self.options, &config, &auto_ports).await?;
        if let Some(api) = &api {
            api.announce(&self.console, self.wording);
        }
        for line in moved_ports(&auto_ports) {
            self.console.line(&self.wording.boot(&line));
        }
        self.console
            .line(&self.wording.plan(names.len(), plan.waves.len()));

        let runtime = Runtime::start(
            setup,
            source(&self.options.config, &config, selection, values),
            session_id,
            Some(link),
            logs.clone(),
        )
        .map_err(|error| Failure::Failed(format!("cannot supervise processes: {error}")))?;
        let registration = lock.and_then(|lock| self.register(lock, session_id, api.as_ref()));
        let server = api.map(|api| api.open(session_id, &runtime.handle, &logs));
        // At the end of the session `narrate` releases it, once the requests under way are answered; so it
        // subscribes first.
        let updates = runtime.handle.subscribe("".into());
        runtime.handle.hold_teardown(server.is_some());
        if let (Some(launcher), Some(server)) = (&self.console.launcher, &server) {
            if registration.is_none() {
                // Nobody could find it again.
                return Err(Failure::Failed(
                    "a session in the background must be registered, and this one cannot be"
                        .to_owned(),
                ));
            }
            launcher.send(&server.report(&auto_ports));
            launcher.bind(runtime.handle.clone());
        }
        if !self.options.quiet {
            let is_quiet = |service: &Service| service.output == OutputMode::Quiet;
            let lines = Lines::new(&names, self.colors.stdout);
            let quiet = config.services.iter().map(is_quiet).collect();
            self.console.follow(&logs, lines, quiet);
        }
        signals.direct(runtime.handle.clone());
        runtime.handle.boot();

        let api = server.as_ref().map(|server| (server, &runtime.handle));
        self.narrate(updates, &logs, api).await;
        let ended = runtime.ended().await;
        if let Some(registration) = registration {
            registration.retire();
        }
        if let Some(server) = server {
            server.close().await;
        }
        logs.close().await;
        tracing::debug!(target: "flowlayer::session", ?ended, "session ended");
        Ok(self.farewell(&ended))
    }

    /// Lets this user's other processes find the session, with an API or without, and whoever waits to
    /// start it see that it runs. Where that is not possible, it warns.
    fn register(&self, lock: Lock, id: Uuid, api: Option<&Api>) -> Option<Registration> {
        let registered = registry::register(&LiveSession {
            api: api.map(Api::access),
            config: config::canonical(&self.options.config),
            // The process the user started, and can signal, is the guardian.
            pid: std::os::unix::process::parent_id(),
            session_id: id.to_string(),
            started: std::time::SystemTime::now().into(),
            protocol_version: PROTOCOL_VERSION,
        });
        lock.release();
        registered
            .inspect_err(|error| {
                let warning = format!("warning: this session is not registered: {error}");
                self.console.line(&self.wording.runtime(&warning));
            })
            .ok()
    }

    /// Prints status lines, and reports to the launcher, until the session has ended.
    async fn narrate(
        &mut self,
        mut updates: Subscription,
        logs: &Logs,
        api: Option<(&api::Open, &Handle)>,
    ) {
        let mut lines = StatusLines::new(self.wording);
        let mut warnings = logs.warnings();
        // The boot has just ended.
        let mut resolves: Option<(Instant, BootEnd)> = None;
        let mut has_booted = false;
        let mut reminder = Reminder::new();
        loop {
            let update = tokio::select! {
                () = reminder.due(), if lines.is_booting() => {
                    if let Some(line) = lines.waits() {
                        self.console.waits(&line);
                    }
                    continue;
                }
                () = until(resolves.map(|(at, _)| at)) => {
                    if let Some((_, end)) = resolves.take() {
                        self.resolved(end, lines.has_failed());
                        has_booted = true;
                    }
                    continue;
                }
                update = updates.updates.recv() => update,
                warning = warnings.next() => {
                    self.console.line(&self.wording.runtime(&warning.to_string()));
                    continue;
                }
            };
            let Some(update) = update else { return };
            if matches!(update, Update::ShuttingDown)
                && let Some((server, runtime)) = api
            {
                let (answered, runtime) = (server.stop_accepting(), runtime.clone());
                tokio::spawn(async move {
                    answered.await;
                    runtime.hold_teardown(false);
                });
            }
            if let Some(line) = lines.line_for(&update) {
                reminder = Reminder::new();
                if matches!(&update, Update::BootEnded(end) if !end.cancelled)
                    && let Some(boot) = boot(logs).await
                {
                    self.console.line(&self.wording.boot_time(&boot));
                }
                if let Update::Status { after, view, .. } = &update {
                    let is_bad = view.status == Status::Failed || !blocked_by(view).is_empty();
                    self.console.line_after(*after, &line, is_bad);
                } else {
                    self.console.line(&line);
                }
            }
            match &update {
                Update::Snapshot { services, .. } => self.console.set_quiet(services),
                Update::BootEnded(end) => resolves = Some((lines.settled_at(), *end)),
                Update::Status { view, .. } if has_booted => self.report_fault(view),
                _ => {}
            }
        }
    }

    /// Reports to the process in front how the boot ended. `has_failed`: a service is down by now.
    fn resolved(&mut self, end: BootEnd, has_failed: bool) {
        let Some(launcher) = &self.console.launcher else {
            return;
        };
        let is_complete = end.failed + end.blocked == 0 && !end.cancelled && !has_failed;
        launcher.send(&Report::Resolved { is_complete });
        if !launcher.is_owner {
            self.console.close_launcher();
        }
    }

    /// Reports to the process in front, if it stays, what fails after the boot.
    fn report_fault(&self, view: &StatusView) {
        if let Some(launcher) = &self.console.launcher
            && view.status == Status::Failed
        {
            let why = view.reason.as_ref().map(Reason::to_string);
            launcher.send(&Report::Fault {
                service: view.name.to_string(),
                why: why.unwrap_or_default(),
            });
        }
    }

    /// Prints the remaining processes, if any; returns the exit code.
    fn farewell(&self, ended: &Ended) -> Exit {
        if ended.guardian_lost {
            self.console.bad_line(&self.wording.runtime(
                "the guardian process was killed: everything was stopped, so that nothing could be left behind",
            ));
        }
        for process in &ended.left {
            self.console
                .bad_line(&self.wording.runtime(&format!("could not end {process}")));
        }
        if ended.clean && !ended.guardian_lost {
            Exit::SUCCESS
        } else {
            Exit::FAILURE
        }
    }
}

/// The boot of this session, as its records have it.
async fn boot(logs: &Logs) -> Option<Timeline> {
    let query = RecordQuery {
        limit: usize::MAX,
        after: None,
        before: None,
    };
    let page = logs.records(query).await;
    let records = serde_json::from_str(&format!("[{}]", page.json())).ok()?;
    Timeline::of(&Run::new(records))
}

/// Where a reload reads the configuration from. Variables stay those of this process, and the session is that
/// of the file that it was started with, whatever that may be a link to by now.
fn source(path: &Path, running: &Config, selection: BootSelection, values: Values) -> Source {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (read, identity) = (path.clone(), running.path.clone());
    Source::new(path, move |kept| {
        let mut loaded = config::load(&read).map_err(|error| error.to_problems())?;
        loaded.config.path.clone_from(&identity);
        let ports = keep_ports(&loaded.config, kept)
            .map_err(|why| vec![Problem::of_ports(why.to_string()).to_fact()])?;
        let ports = ports.by_name();
        let values = Values {
            ports,
            ..values.clone()
        };
        let setup = Setup::new(&loaded.config, &loaded.plan, &selection, &values);
        let logs_dir = config::logs_dir(&loaded.config, &values);
        let checked = setup.and_then(|setup| logs_dir.map(|_| setup));
        checked.map_err(|problems| {
            let problems = loaded.source.place(problems);
            problems.iter().map(Problem::to_fact).collect()
        })
    })
}

/// Chooses the ports that the configuration leaves to us.
fn choose_ports(config: &Config) -> Result<AutoPorts, Failure> {
    keep_ports(config, &BTreeMap::new()).map_err(|error| Failure::Failed(error.to_string()))
}

/// The same where these have been chosen before.
fn keep_ports(
    config: &Config,
    kept: &BTreeMap<Arc<str>, u16>,
) -> Result<AutoPorts, Box<dyn std::error::Error>> {
    Ok(AutoPorts::choose(config, kept, ports::taken()?)?)
}

/// A line for each chosen port that is another one than usual, because somebody listens on that.
fn moved_ports(chosen: &AutoPorts) -> Vec<String> {
    let services = chosen.services.iter();
    let services = services.map(|(name, port)| (&**name, *port));
    let all = chosen.bind.map(|port| ("the session API", port));
    all.into_iter()
        .chain(services)
        .filter_map(|(whose, chosen)| {
            let usual = chosen.instead_of?;
            let by = match ports::listener(usual) {
                Ok(Some(holder)) => format!(" by {holder}"),
                _ => String::new(),
            };
            let (whose, port) = (sanitize::text(whose), chosen.port);
            Some(format!(
                "port {usual} of {whose} is in use{by}: it gets {port} this time"
            ))
        })
        .collect()
}

fn open_logs(config: &Config, dir: Option<PathBuf>, names: &[Arc<str>]) -> Result<Logs, Failure> {
    Logs::open(LogsConfig {
        buffer_size: config.logs.buffer_size,
        dir,
        max_file_bytes: config.logs.max_bytes,
        ..LogsConfig::new(names.to_vec())
    })
    .map_err(|error| Failure::Failed(error.to_string()))
}
