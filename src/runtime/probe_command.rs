//! Commands of exec probes: one at a time for a service, ended with all its descendants.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use flowlayer_probes::{CommandEnd, RunCommand};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::last_line;
use crate::facts::{End, ServiceSpec, Stream, signal_name};
use crate::process::{Event, LifeId, Processes, Request, Role, SpawnRequest, Stdio};

/// Set in the life ids of probes, so that they differ from those of services.
const PROBE_BIT: u64 = 1 << 63;

/// How long an attempt waits for the end of what its command has started.
const END_LIMIT: Duration = Duration::from_secs(1);

/// How long it then waits for the last of its output.
const DRAIN_LIMIT: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    Running,
    Ended(CommandEnd),
    /// It and all its descendants are gone.
    Gone(Option<CommandEnd>),
}

/// Where the actor and the readers of its pipes report what becomes of a run.
#[derive(Debug)]
struct Reports {
    run: watch::Sender<Run>,
    last_lines: mpsc::UnboundedSender<(Stream, String)>,
}

/// The other end of these, for the attempt.
#[derive(Debug)]
struct Watcher {
    run: watch::Receiver<Run>,
    last_lines: mpsc::UnboundedReceiver<(Stream, String)>,
}

/// All runs of probe commands of a session; the actor passes on what the process room says.
#[derive(Debug, Clone, Default)]
pub(super) struct ProbeRuns {
    runs: Arc<Mutex<HashMap<LifeId, Reports>>>,
    lives: Arc<AtomicU64>,
}

impl ProbeRuns {
    pub(super) fn is_probe(life: LifeId) -> bool {
        life.0 & PROBE_BIT != 0
    }

    pub(super) fn handle(&self, event: Event) {
        match event {
            Event::Spawned { life, streams, .. } => {
                let last_lines = self.runs().get(&life).map(|run| run.last_lines.clone());
                let outputs = streams.into_outputs().into_iter();
                for (pipe, stream) in outputs.zip([Stream::Stdout, Stream::Stderr]) {
                    let Ok(pipe) = tokio::net::unix::pipe::Receiver::from_owned_fd(pipe) else {
                        continue;
                    };
                    let last_lines = last_lines.clone();
                    tokio::spawn(async move {
                        // To its end in any case, so that a full pipe does not block the command.
                        let line = last_line::read(pipe).await;
                        if let (Some(line), Some(last_lines)) = (line, last_lines) {
                            // Nobody waits for it if the attempt was given up.
                            let _ = last_lines.send((stream, line));
                        }
                    });
                }
            }
            Event::SpawnFailed { life, error } => {
                self.set(life, Run::Gone(Some(CommandEnd::NotRun(error.to_string()))));
            }
            Event::Exited { life, end, .. } => {
                let end = match end {
                    End::Code(code) => CommandEnd::Code(code),
                    End::Signal(number) => {
                        CommandEnd::Signal(signal_name(number).unwrap_or("an unnamed signal"))
                    }
                };
                self.set(life, Run::Ended(end));
            }
            Event::LifeGone { life } => {
                let end = match self
                    .runs()
                    .get(&life)
                    .map(|reports| reports.run.borrow().clone())
                {
                    Some(Run::Ended(end) | Run::Gone(Some(end))) => Some(end),
                    _ => None,
                };
                self.set(life, Run::Gone(end));
            }
            _ => {}
        }
    }

    fn set(&self, life: LifeId, run: Run) {
        let mut runs = self.runs();
        let over = matches!(run, Run::Gone(_));
        if let Some(reports) = runs.get(&life) {
            reports.run.send_replace(run);
        }
        if over {
            runs.remove(&life);
        }
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<LifeId, Reports>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> (LifeId, Watcher) {
        let life = LifeId(PROBE_BIT | self.lives.fetch_add(1, Ordering::Relaxed));
        let (run, run_watch) = watch::channel(Run::Running);
        let (sender, last_lines) = mpsc::unbounded_channel();
        let reports = Reports {
            run,
            last_lines: sender,
        };
        self.runs().insert(life, reports);
        let watcher = Watcher {
            run: run_watch,
            last_lines,
        };
        (life, watcher)
    }
}

/// Runs commands for the probe of one service, in its environment and directory.
pub(super) struct ProbeCommands {
    pub(super) service: usize,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) cwd: PathBuf,
    pub(super) processes: Processes,
    pub(super) runs: ProbeRuns,
    /// What of it may be seen.
    spec: Arc<ServiceSpec>,
    last: Mutex<Option<Watcher>>,
}

impl ProbeCommands {
    pub(super) fn new(
        service: usize,
        env: Vec<(OsString, OsString)>,
        cwd: PathBuf,
        processes: Processes,
        runs: ProbeRuns,
        spec: Arc<ServiceSpec>,
    ) -> Self {
        Self {
            service,
            env,
            cwd,
            processes,
            runs,
            spec,
            last: Mutex::new(None),
        }
    }

    /// Why a command was not run, with its program and directory as they are written: what variables stand for is
    /// for the service alone.
    fn shown(&self, argv: &[String], why: &str) -> String {
        let target = self.spec.probe.as_ref().map(|probe| probe.target.as_str());
        let words = target
            .and_then(|target| target.split(' ').next())
            .zip(argv.first());
        let cwd = (
            self.cwd.display().to_string(),
            self.spec.cwd.display().to_string(),
        );
        let why = match words {
            Some((shown, program)) if shown != program => why.replace(program, shown),
            _ => why.to_owned(),
        };
        why.replace(&cwd.0, &cwd.1)
    }

    /// Waits until nothing of the last run is left; SIGKILL does not take long, and what survives
    /// it is the stop's business. Returns the last line of its stderr, else of its stdout.
    pub(super) async fn ended(&self) -> Option<String> {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Watcher {
            mut run,
            mut last_lines,
        } = last?;
        let gone = run.wait_for(|run| matches!(run, Run::Gone(_)));
        // An error means that the run is forgotten, and so gone.
        let _ = timeout(END_LIMIT, gone).await;
        let (mut stdout, mut stderr) = (None, None);
        let read = async {
            while let Some((stream, line)) = last_lines.recv().await {
                match stream {
                    Stream::Stdout => stdout = Some(line),
                    Stream::Stderr => stderr = Some(line),
                }
            }
        };
        // A pipe that another process holds open does not end.
        let _ = timeout(DRAIN_LIMIT, read).await;
        stderr.or(stdout)
    }
}

/// Ends the run when the attempt is dropped.
struct EndOnDrop<'a>(&'a Processes, LifeId);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.send(Request::EndLife { life: self.1 });
    }
}

#[async_trait]
impl RunCommand for ProbeCommands {
    async fn run(&self, argv: &[String]) -> CommandEnd {
        let (life, watcher) = self.runs.begin();
        let mut run = watcher.run.clone();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher);
        let _end = EndOnDrop(&self.processes, life);
        let request = SpawnRequest {
            life,
            service: self.service,
            role: Role::Probe,
            argv: argv.to_vec(),
            env: self.env.clone(),
            cwd: self.cwd.clone(),
            stdio: Stdio::Null,
        };
        self.processes.send(Request::Spawn(request, None));
        match run.wait_for(|run| *run != Run::Running).await.as_deref() {
            Ok(Run::Gone(Some(CommandEnd::NotRun(why)))) => {
                CommandEnd::NotRun(self.shown(argv, why))
            }
            Ok(Run::Ended(end) | Run::Gone(Some(end))) => end.clone(),
            _ => CommandEnd::NotRun("it was ended".to_owned()),
        }
    }
}
