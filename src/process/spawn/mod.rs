//! Starting commands, so that the guardian knows of each before it runs: this file has the order of things,
//! `command` prepares a command, `child` runs between fork and exec, `system::Launcher` forks.

mod child;
mod command;

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

use nix::errno::Errno;
use nix::libc::rlimit;

use super::link::frame::Update;
use super::link::stop_file;
use super::message::{Role, SpawnError, SpawnRequest, Stdio, Streams, Teardown};
use super::ownership::runs::{Run, Stage};
pub(super) use super::system::output_id;
use super::system::pty::{self, DEFAULT_SIZE};
use super::system::{self, Launcher};
use super::table::Table;
use child::{ChildSetup, Failure, PidReport};
use command::Command;

/// How many are started at a time: each takes a handful of descriptors until its exec.
const BATCH: usize = 32;
/// More threads than this were not measurably faster.
const MAX_THREADS: usize = 4;
/// As many starts as are worth a thread of their own.
const STARTS_PER_THREAD: usize = 4;

/// What starting needs besides the request.
pub(super) struct Spawner {
    /// One a thread; more are made when needed.
    launchers: Vec<Launcher>,
    processors: usize,
    /// The file limit that we inherited, for the children.
    open_files: rlimit,
    null: OwnedFd,
}

/// What a successful start returns.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) pid: u32,
    pub(super) streams: Streams,
}

/// A command that is about to run.
struct Pending<'a> {
    request: &'a SpawnRequest,
    /// Whether the guardian knows of it.
    announced: bool,
    stdio: Ends,
    setup: ChildSetup,
}

impl Spawner {
    pub(super) fn new(open_files: rlimit) -> io::Result<Self> {
        Ok(Self {
            launchers: vec![Launcher::new()],
            processors: available_parallelism().map_or(1, NonZeroUsize::get),
            open_files,
            null: File::open("/dev/null")?.into(),
        })
    }

    /// Starts commands, several at a time, adds them to the table, and reports each in the order of the requests.
    /// When a start succeeds its exec has succeeded; when it fails, nothing is left of the attempt.
    pub(super) fn spawn(
        &mut self,
        table: &mut Table,
        requests: &[(SpawnRequest, Option<Teardown>)],
        mut report: impl FnMut(&SpawnRequest, Result<Spawned, SpawnError>),
    ) {
        for batch in requests.chunks(BATCH) {
            let mut pending = Vec::with_capacity(batch.len());
            for (request, teardown) in batch {
                match self.prepare(table, request, teardown.as_ref()) {
                    Ok(prepared) => pending.push(prepared),
                    Err(error) => report(request, Err(error)),
                }
            }
            let setups = pending.iter_mut().map(|pending| &mut pending.setup);
            let pids = self.launch(setups.collect());
            for (pending, pid) in pending.into_iter().zip(pids) {
                let request = pending.request;
                report(request, pending.finish(table, pid));
            }
        }
    }

    fn prepare<'a>(
        &self,
        table: &mut Table,
        request: &'a SpawnRequest,
        teardown: Option<&Teardown>,
    ) -> Result<Pending<'a>, SpawnError> {
        let refused = |error: io::Error| refused(request, &error);
        if let Some(teardown) = teardown {
            table.set_stop_signal(request.service, teardown.signal);
        }
        let leader = table.running_leader(request.service);
        let command = Command::new(request, table.mark(), leader)?;
        let stdio = Ends::new(request.stdio).map_err(refused)?;
        let announced = request.role != Role::Probe && table.outbox.connected();
        if announced {
            announce(table, request, teardown, &stdio).map_err(refused)?;
        }
        let leader = Update::Leader {
            life: request.life,
            pid: 0,
        };
        let socket = table.outbox.direct_socket().filter(|_| announced);
        let setup = ChildSetup {
            command,
            stdio: stdio.of_child(&self.null).map(AsRawFd::as_raw_fd),
            controls_terminal: request.stdio == Stdio::Terminal,
            open_files: self.open_files,
            mark: table.mark().limit(request.service, request.life),
            pid_report: socket.map(|socket| PidReport {
                socket,
                frame: leader.frame(),
                sent: false,
            }),
        };
        Ok(Pending {
            request,
            announced,
            stdio,
            setup,
        })
    }

    /// Starts all of these; the results are in their order. Several threads, because a thread that starts a process
    /// waits for its exec, most of which is kernel work that other processors can do.
    fn launch(&mut self, setups: Vec<&mut ChildSetup>) -> Vec<Result<u32, Failure>> {
        let wanted = setups.len().div_ceil(STARTS_PER_THREAD);
        let threads = wanted.min(self.processors).clamp(1, MAX_THREADS);
        while self.launchers.len() < threads {
            self.launchers.push(Launcher::new());
        }
        let queue = Mutex::new(setups.into_iter().enumerate());
        let work = |launcher: &mut Launcher| {
            let mut launched = Vec::new();
            loop {
                // Taking the next leaves nothing half done.
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((at, setup)) = next else {
                    return launched;
                };
                // SAFETY: `exec` only does what is allowed between fork and exec.
                let result = unsafe { launcher.launch(|| child::exec(setup)) };
                launched.push((at, result));
            }
        };
        let mut launched = scope(|scope| {
            let (first, others) = self.launchers[..threads].split_at_mut(1);
            // A thread that the system refuses only makes it slower.
            let others: Vec<_> = others
                .iter_mut()
                .filter_map(|launcher| Builder::new().spawn_scoped(scope, || work(launcher)).ok())
                .collect();
            let mut launched = work(&mut first[0]);
            for other in others {
                launched.extend(other.join().expect("a start does not panic"));
            }
            launched
        });
        launched.sort_by_key(|&(at, _)| at);
        launched.into_iter().map(|(_, result)| result).collect()
    }
}

impl Pending<'_> {
    /// Adds a started run to the table, or undoes the announcement of one that failed.
    fn finish(self, table: &mut Table, pid: Result<u32, Failure>) -> Result<Spawned, SpawnError> {
        let life = self.request.life;
        match pid {
            Ok(pid) => {
                if self.announced && !self.setup.pid_report.is_some_and(|report| report.sent) {
                    table.outbox.send(&Update::Leader { life, pid }, Vec::new());
                }
                Ok(self.stdio.add_run(table, self.request, pid))
            }
            Err(failure) => {
                if self.announced {
                    let update = Update::RunGone { life, up: false };
                    table.outbox.send(&update, Vec::new());
                }
                Err(self.setup.command.explain(failure))
            }
        }
    }
}

/// Both ends of what a run has as stdin, stdout and stderr.
struct Ends {
    ours: Streams,
    /// The terminal; or stdout, stderr, and stdin if it is a pipe.
    childs: Vec<OwnedFd>,
}

impl Ends {
    fn new(stdio: Stdio) -> io::Result<Self> {
        if stdio == Stdio::Terminal {
            let (master, terminal) = pty::open(DEFAULT_SIZE)?;
            return Ok(Self {
                ours: Streams::Terminal(master),
                childs: vec![terminal],
            });
        }
        let (out, err) = (system::pipe()?, system::pipe()?);
        let mut childs = vec![out.1, err.1];
        let mut input = None;
        if stdio == Stdio::Open {
            let (read, write) = system::pipe()?;
            childs.push(read);
            input = Some(write);
        }
        let ours = Streams::Pipes {
            stdout: out.0,
            stderr: err.0,
            stdin: input,
        };
        Ok(Self { ours, childs })
    }

    /// What becomes descriptors 0, 1 and 2 of the child.
    fn of_child<'a>(&'a self, null: &'a OwnedFd) -> [&'a OwnedFd; 3] {
        match &self.childs[..] {
            [out, err, stdin] => [stdin, out, err],
            [out, err] => [null, out, err],
            rest => [&rest[0]; 3],
        }
    }

    /// Copies of our ends, for the guardian.
    fn for_guardian(&self) -> io::Result<Vec<OwnedFd>> {
        match &self.ours {
            Streams::Pipes {
                stdout,
                stderr,
                stdin,
            } => [Some(stdout), Some(stderr), stdin.as_ref()]
                .into_iter()
                .flatten()
                .map(OwnedFd::try_clone)
                .collect(),
            Streams::Terminal(master) => Ok(vec![master.try_clone()?]),
        }
    }

    /// Adds the run to the table; our copies of the child's ends are closed.
    fn add_run(self, table: &mut Table, request: &SpawnRequest, pid: u32) -> Spawned {
        let streams = self.ours;
        let outputs = match &streams {
            Streams::Pipes { stdout, stderr, .. } => [Some(stdout), Some(stderr)],
            Streams::Terminal(master) => [Some(master), None],
        };
        let run = Run {
            service: request.service,
            role: request.role,
            leader: pid,
            outputs: outputs.map(|output| output.and_then(output_id)),
            stage: Stage::Running,
        };
        table.add(request.life, run);
        Spawned { pid, streams }
    }
}

/// Tells the guardian how a service is to be taken down.
pub(super) fn announce_teardown(
    table: &mut Table,
    service: usize,
    teardown: &Teardown,
) -> io::Result<()> {
    let file = match &teardown.stop_command {
        Some(command) => vec![system::scratch_file(&stop_file::write(command))?],
        None => Vec::new(),
    };
    let update = Update::Teardown {
        service,
        wave: teardown.wave,
        grace: teardown.grace,
        signal: teardown.signal,
        scope: teardown.scope,
        stop_command: teardown.stop_command.is_some(),
    };
    table.outbox.send(&update, file);
    Ok(())
}

/// Tells the guardian what is about to run, and waits (not for ever) until that is sent.
fn announce(
    table: &mut Table,
    request: &SpawnRequest,
    teardown: Option<&Teardown>,
    stdio: &Ends,
) -> io::Result<()> {
    let attached = stdio.for_guardian()?;
    if let Some(teardown) = teardown {
        announce_teardown(table, request.service, teardown)?;
    }
    let update = Update::Starting {
        life: request.life,
        service: request.service,
        role: request.role,
        stdio: request.stdio,
    };
    table.outbox.send(&update, attached);
    table.outbox.wait_until_sent();
    Ok(())
}

/// The error when the system refuses what a start needs.
fn refused(request: &SpawnRequest, error: &io::Error) -> SpawnError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE) => SpawnError::NoDescriptors,
        Some(Errno::ENOMEM) => SpawnError::NoMemory,
        errno => SpawnError::Other {
            program: request.argv.first().cloned().unwrap_or_default(),
            errno: errno.unwrap_or(Errno::EIO),
        },
    }
}
