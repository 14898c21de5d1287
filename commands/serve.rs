//! `flowlayer serve`: boots a stack, offers its API, keeps it up until a signal, takes it down.

mod api;
mod signals;

use std::path::Path;
use std::sync::Arc;

use flowlayer::config::{self, Config, ConfigError, Loaded};
use flowlayer::logs::{LogWarning, Logs, LogsConfig};
use flowlayer::process::guardian;
use flowlayer::runtime::{Ended, Runtime, Setup, Subscription, Update};
use uuid::Uuid;

use self::api::{Api, Asked};
use self::signals::Signals;
use crate::cli::ServeArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select;
use crate::terminal::boot::Wording;
use crate::terminal::color::Colors;
use crate::terminal::lines::Lines;
use crate::terminal::narrator::Narrator;
use crate::terminal::output::Output;
use crate::terminal::{diagnostics, print};

/// Threads for tasks. The work per line is done on the tasks that read the pipes; two of them keep
/// up with two services that print as fast as they can.
const WORKERS: usize = 2;

/// Runs a session to its end. The calling process becomes the guardian; what follows happens in
/// its child, apart from the exit code.
pub(crate) fn run(args: ServeArgs, colors: Colors) -> Result<Exit, Failure> {
    let path = select::config(&args.config, Path::new("."))?;
    let asked = Asked::read(&args)?;
    let link = match guardian::enter() {
        Ok(guardian::Entered::Guardian(code)) => {
            return Ok(Exit::of(u8::try_from(code).unwrap_or(1)));
        }
        Ok(guardian::Entered::Server(link)) => link,
        Err(error) => {
            return Err(failed(format!(
                "cannot start the guardian process: {error}"
            )));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .map_err(|error| failed(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(serve(args, asked, &path, link, colors));
    // What hangs in the kernel (a file on a dead disk) must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    outcome
}

async fn serve(
    args: ServeArgs,
    asked: Asked,
    path: &Path,
    link: guardian::Link,
    colors: Colors,
) -> Result<Exit, Failure> {
    let signals =
        Signals::install().map_err(|error| failed(format!("cannot take signals: {error}")))?;
    let output = Output::start(tokio::runtime::Handle::current())
        .map_err(|error| failed(format!("cannot write to the terminal: {error}")))?;
    let wording = Wording {
        colored: colors.stdout,
    };
    output.line(&wording.validating());
    let session = Session {
        args,
        colors,
        wording,
        output,
    };
    session.run(asked, path, link, signals).await
}

/// What a session needs while it is being set up.
struct Session {
    args: ServeArgs,
    colors: Colors,
    wording: Wording,
    output: Output,
}

impl Session {
    async fn run(
        mut self,
        asked: Asked,
        path: &Path,
        link: guardian::Link,
        signals: Signals,
    ) -> Result<Exit, Failure> {
        let outcome = self.try_run(asked, path, link, signals).await;
        self.output.close();
        outcome
    }

    async fn try_run(
        &mut self,
        asked: Asked,
        path: &Path,
        link: guardian::Link,
        signals: Signals,
    ) -> Result<Exit, Failure> {
        let Loaded { config, plan, .. } = self.load(path)?;
        let only = self.only(&config)?;
        let setup = Setup::new(&config, &plan, &only)
            .map_err(|error| failed(format!("cannot tell the current directory: {error}")))?;
        let names: Arc<[Arc<str>]> = setup.names().into();
        let logs = open_logs(&config, &names)?;
        let session_id = Uuid::new_v4();
        let api = Api::bind(asked, &config, path).await?;
        if let Some(api) = &api {
            api.announce(&self.output, self.wording);
        }
        self.output
            .line(&self.wording.plan(names.len(), plan.waves.len()));

        let runtime = Runtime::start(
            setup,
            &session_id.simple().to_string(),
            Some(link),
            logs.clone(),
        )
        .map_err(|error| failed(format!("cannot watch over processes: {error}")))?;
        let server = api.map(|api| {
            let warn = |words: &str| {
                self.output
                    .line(&self.wording.runtime(&format!("warning: {words}")));
            };
            api.open(session_id, &config, &names, &runtime.handle, &logs, warn)
        });
        let updates = runtime.handle.subscribe();
        if !self.args.quiet {
            self.output
                .follow(&logs, Lines::new(&names, self.colors.stdout));
        }
        signals.direct(runtime.handle.clone());
        runtime.handle.boot();

        self.narrate(updates, &config, &logs, server.as_ref()).await;
        let ended = runtime.ended().await;
        if let Some(server) = server {
            server.close().await;
        }
        logs.close().await;
        Ok(self.farewell(&ended))
    }

    fn load(&self, path: &Path) -> Result<Loaded, Failure> {
        let loaded = match config::load(path) {
            Ok(loaded) => loaded,
            Err(ConfigError::Unreadable(error)) => {
                return Err(Failure::Unreadable(error.to_string()));
            }
            Err(ConfigError::Invalid { problems, text }) => {
                print::stderr(&diagnostics::render(&problems, &text, self.colors.stderr));
                return Err(Failure::Reported(Exit::USAGE));
            }
        };
        if !loaded.warnings.is_empty() {
            print::stderr(&diagnostics::render(
                &loaded.warnings,
                &loaded.source,
                self.colors.stderr,
            ));
        }
        Ok(loaded)
    }

    /// The services that `--only` names.
    fn only(&self, config: &Config) -> Result<Vec<usize>, Failure> {
        let find = |name: &String| {
            config.index_of(name).ok_or_else(|| {
                let known: Vec<&str> = config
                    .services
                    .iter()
                    .map(|service| &*service.name)
                    .collect();
                Failure::Usage(format!(
                    "--only {name:?}: no such service in the configuration; known services: {}",
                    known.join(", ")
                ))
            })
        };
        self.args.only.iter().map(find).collect()
    }

    /// Tells what happens until nothing more can.
    async fn narrate(
        &self,
        mut updates: Subscription,
        config: &Config,
        logs: &Logs,
        server: Option<&api::Open>,
    ) {
        let labels = config
            .services
            .iter()
            .map(|service| service.ready.as_ref().map(|ready| ready.probe.label()))
            .collect();
        let mut narrator = Narrator::new(self.wording, labels);
        let mut warnings = logs.warnings();
        loop {
            let update = tokio::select! {
                update = updates.updates.recv() => update,
                warning = warnings.next() => {
                    self.warn(&warning);
                    continue;
                }
            };
            let Some(update) = update else { return };
            if matches!(update, Update::ShuttingDown)
                && let Some(server) = server
            {
                // Requests under way are given their time beside the teardown, not before it.
                tokio::spawn(server.stop_accepting());
            }
            match (narrator.tell(&update), update) {
                (Some(line), Update::Status { after, .. }) => self.output.line_after(after, &line),
                (Some(line), _) => self.output.line(&line),
                (None, _) => {}
            }
        }
    }

    fn warn(&self, warning: &LogWarning) {
        self.output
            .line(&self.wording.runtime(&warning.to_string()));
    }

    /// Says what is left, if anything; the exit code.
    fn farewell(&self, ended: &Ended) -> Exit {
        if ended.guardian_lost {
            self.output.line(&self.wording.runtime(
                "the guardian process was killed: everything was stopped, so that nothing could be left behind",
            ));
        }
        for process in &ended.left {
            self.output
                .line(&self.wording.runtime(&format!("could not end {process}")));
        }
        if ended.clean && !ended.guardian_lost {
            Exit::SUCCESS
        } else {
            Exit::FAILURE
        }
    }
}

fn open_logs(config: &Config, names: &[Arc<str>]) -> Result<Logs, Failure> {
    Logs::open(LogsConfig {
        buffer_size: config.logs.buffer_size,
        dir: config.logs.dir.clone(),
        max_file_bytes: config.logs.max_bytes,
        ..LogsConfig::new(names.to_vec())
    })
    .map_err(|error| failed(error.to_string()))
}

fn failed(message: String) -> Failure {
    Failure::Failed(message)
}
