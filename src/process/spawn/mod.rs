//! Starting a command, so that the guardian knows of it before it runs.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::command::{Command, Marked};
use super::guardian::{News, stop_file};
use super::image::{Failure, Hello, Image};
use super::launchers::Launchers;
use super::lives::{Life, Stage};
use super::os::{self, Silence};
use super::prepare::Inherited;
use super::table::Table;
use super::{Role, SpawnError, SpawnRequest, Stdin, Teardown};

/// So many are started at a time: each takes a handful of descriptors until it runs.
const BATCH: usize = 32;

/// What starting needs beside the request.
pub(super) struct Spawner {
    launchers: Launchers,
    inherited: Inherited,
    silence: Silence,
    null: OwnedFd,
}

/// What a successful start gives.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) pid: u32,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// A command that is about to run.
struct Birth<'a> {
    request: &'a SpawnRequest,
    /// Whether the guardian is told of it.
    guarded: bool,
    outputs: Outputs,
    /// Kept open until the child has it.
    _stdin: Option<OwnedFd>,
    image: Image,
}

impl Spawner {
    pub(super) fn new(inherited: Inherited, silence: Silence) -> io::Result<Self> {
        Ok(Self {
            launchers: Launchers::new(),
            inherited,
            silence,
            null: File::open("/dev/null")?.into(),
        })
    }

    /// Starts commands, several at a time, enters them into the table, and tells of each in the order of
    /// the requests. When a start succeeds its exec has succeeded; when not, nothing is left of the attempt.
    pub(super) fn spawn(
        &mut self,
        table: &mut Table,
        requests: &[(SpawnRequest, Option<Teardown>)],
        mut tell: impl FnMut(&SpawnRequest, Result<Spawned, SpawnError>),
    ) {
        for batch in requests.chunks(BATCH) {
            let mut births = Vec::with_capacity(batch.len());
            for (request, teardown) in batch {
                match self.prepare(table, request, teardown.as_ref()) {
                    Ok(birth) => births.push(birth),
                    Err(error) => tell(request, Err(error)),
                }
            }
            let images = births.iter_mut().map(|birth| &mut birth.image).collect();
            let pids = self.launchers.launch(images);
            for (birth, pid) in births.into_iter().zip(pids) {
                let request = birth.request;
                tell(request, settle(table, birth, pid));
            }
        }
    }

    fn prepare<'a>(
        &self,
        table: &mut Table,
        request: &'a SpawnRequest,
        teardown: Option<&Teardown>,
    ) -> Result<Birth<'a>, SpawnError> {
        let refused = |error: io::Error| refused(request, &error);
        let marked = Marked {
            mark: table.mark(),
            service: request.service,
            life: request.life,
        };
        let mark = table.mark().limit(request.service, request.life);
        let command = Command::new(&request.argv, &request.env, &request.cwd, marked)?;
        let outputs = Outputs::new().map_err(refused)?;
        let stdin = match request.stdin {
            Stdin::Null => None,
            Stdin::OpenPipe => Some(self.silence.open().map_err(refused)?),
        };
        let guarded = request.role != Role::Probe && table.mailbox.read();
        if guarded {
            announce(table, request, teardown, &outputs).map_err(refused)?;
        }
        let leader = News::Leader {
            life: request.life,
            pid: 0,
        };
        let input = stdin.as_ref().unwrap_or(&self.null);
        let image = Image {
            command,
            stdio: [input, &outputs.stdout.1, &outputs.stderr.1].map(AsRawFd::as_raw_fd),
            open_files: Some(self.inherited.open_files),
            mark,
            hello: table
                .mailbox
                .direct()
                .filter(|_| guarded)
                .map(|socket| Hello {
                    socket,
                    record: leader.record(),
                    told: false,
                }),
        };
        Ok(Birth {
            request,
            guarded,
            outputs,
            _stdin: stdin,
            image,
        })
    }
}

/// What follows from a start that has worked or not.
fn settle(
    table: &mut Table,
    birth: Birth<'_>,
    pid: Result<u32, Failure>,
) -> Result<Spawned, SpawnError> {
    let life = birth.request.life;
    match pid {
        Ok(pid) => {
            if birth.guarded && !birth.image.hello.is_some_and(|hello| hello.told) {
                let news = News::Leader { life, pid };
                table.mailbox.post(&news, Vec::new());
            }
            Ok(birth.outputs.enter(table, birth.request, pid))
        }
        Err(failure) => {
            if birth.guarded {
                let news = News::Over { life, up: false };
                table.mailbox.post(&news, Vec::new());
            }
            Err(birth.image.command.explain(failure))
        }
    }
}

/// The pipes of a run: read end, write end.
struct Outputs {
    stdout: (OwnedFd, OwnedFd),
    stderr: (OwnedFd, OwnedFd),
}

impl Outputs {
    fn new() -> io::Result<Self> {
        Ok(Self {
            stdout: os::pipe()?,
            stderr: os::pipe()?,
        })
    }

    /// Enters the run into the table; our copies of the write ends are closed.
    fn enter(self, table: &mut Table, request: &SpawnRequest, pid: u32) -> Spawned {
        let (stdout, stderr) = (self.stdout.0, self.stderr.0);
        let life = Life {
            service: request.service,
            role: request.role,
            leader: pid,
            pipes: [&stdout, &stderr].map(inode),
            stage: Stage::Running,
        };
        table.add(request.life, life);
        Spawned {
            pid,
            stdout,
            stderr,
        }
    }
}

/// The number of a pipe, by which a process that holds it can be told.
pub(super) fn inode(pipe: &OwnedFd) -> Option<u64> {
    nix::sys::stat::fstat(pipe).ok().map(|stat| stat.st_ino)
}

/// Tells the guardian what is about to run, and waits (not for ever) until it is told.
fn announce(
    table: &mut Table,
    request: &SpawnRequest,
    teardown: Option<&Teardown>,
    outputs: &Outputs,
) -> io::Result<()> {
    let (stdout, stderr) = (outputs.stdout.0.try_clone()?, outputs.stderr.0.try_clone()?);
    if let Some(teardown) = teardown {
        let file = match &teardown.stop_command {
            Some(command) => vec![os::scratch_file(&stop_file::write(command))?],
            None => Vec::new(),
        };
        let news = News::Teardown {
            service: request.service,
            wave: teardown.wave,
            grace: teardown.grace,
            up_after_success: teardown.up_after_success,
            stop_command: teardown.stop_command.is_some(),
        };
        table.mailbox.post(&news, file);
    }
    let news = News::Begins {
        life: request.life,
        service: request.service,
        role: request.role,
    };
    table.mailbox.post(&news, vec![stdout, stderr]);
    table.mailbox.wait_until_told();
    Ok(())
}

/// An error of what we need for a start.
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
