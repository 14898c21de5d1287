//! Commands of exec probes: one at a time for a service, ended with all its descendants.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use flowlayer_probes::{CommandEnd, RunCommand};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use crate::facts::{End, signal_name};
use crate::process::{Event, LifeId, Processes, Request, Role, SpawnRequest, Stdin};

/// Set in the life ids of probes, so that they differ from those of services.
const PROBE_BIT: u64 = 1 << 63;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    Running,
    Ended(CommandEnd),
    /// It and all its descendants are gone.
    Gone(Option<CommandEnd>),
}

/// All runs of probe commands of a session; the actor passes on what the process room says.
#[derive(Debug, Clone, Default)]
pub(super) struct ProbeRuns {
    runs: Arc<Mutex<HashMap<LifeId, watch::Sender<Run>>>>,
    lives: Arc<AtomicU64>,
}

impl ProbeRuns {
    pub(super) fn is_probe(life: LifeId) -> bool {
        life.0 & PROBE_BIT != 0
    }

    pub(super) fn handle(&self, event: Event) {
        match event {
            Event::Spawned { stdout, stderr, .. } => {
                for pipe in [stdout, stderr] {
                    if let Ok(pipe) = tokio::net::unix::pipe::Receiver::from_owned_fd(pipe) {
                        tokio::spawn(discard(pipe));
                    }
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
                let end = match self.runs().get(&life).map(|run| run.borrow().clone()) {
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
        if let Some(watch) = runs.get(&life) {
            watch.send_replace(run);
        }
        if over {
            runs.remove(&life);
        }
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<LifeId, watch::Sender<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> (LifeId, watch::Receiver<Run>) {
        let life = LifeId(PROBE_BIT | self.lives.fetch_add(1, Ordering::Relaxed));
        let (run, news) = watch::channel(Run::Running);
        self.runs().insert(life, run);
        (life, news)
    }
}

/// Discards the output of a probe, so that a full pipe does not block it.
async fn discard(mut pipe: tokio::net::unix::pipe::Receiver) {
    let mut buffer = [0; 4096];
    while pipe.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

/// Runs commands for the probe of one service, in its environment and directory.
pub(super) struct ProbeCommands {
    pub(super) service: usize,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) cwd: PathBuf,
    pub(super) processes: Processes,
    pub(super) runs: ProbeRuns,
    last: Mutex<Option<watch::Receiver<Run>>>,
}

impl ProbeCommands {
    pub(super) fn new(
        service: usize,
        env: Vec<(OsString, OsString)>,
        cwd: PathBuf,
        processes: Processes,
        runs: ProbeRuns,
    ) -> Self {
        Self {
            service,
            env,
            cwd,
            processes,
            runs,
            last: Mutex::new(None),
        }
    }

    /// Returns when nothing of the last run is left; SIGKILL does not take long, and what survives
    /// it is the stop's business.
    pub(super) async fn ended(&self) {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut last) = last {
            let gone = last.wait_for(|run| matches!(run, Run::Gone(_)));
            // An error means that the run is forgotten, and so gone.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), gone).await;
        }
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
        let (life, mut news) = self.runs.begin();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(news.clone());
        let _end = EndOnDrop(&self.processes, life);
        let request = SpawnRequest {
            life,
            service: self.service,
            role: Role::Probe,
            argv: argv.to_vec(),
            env: self.env.clone(),
            cwd: self.cwd.clone(),
            stdin: Stdin::Null,
        };
        self.processes.send(Request::Spawn(request, None));
        match news.wait_for(|run| *run != Run::Running).await.as_deref() {
            Ok(Run::Ended(end) | Run::Gone(Some(end))) => end.clone(),
            _ => CommandEnd::NotRun("it was ended".to_owned()),
        }
    }
}
