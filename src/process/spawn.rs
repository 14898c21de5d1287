//! Starting a command, so that the guardian knows of it before it runs.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::command::{Command, Marked};
use super::guardian::{News, stop_file};
use super::image::{Hello, Image};
use super::lives::{Life, Stage};
use super::os::{self, Launcher, Silence};
use super::prepare::Inherited;
use super::table::Table;
use super::{Role, SpawnError, SpawnRequest, Stdin, Teardown};

/// What starting needs beside the request.
pub(super) struct Spawner {
    launcher: Launcher,
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

impl Spawner {
    pub(super) fn new(inherited: Inherited, silence: Silence) -> io::Result<Self> {
        Ok(Self {
            launcher: Launcher::new(),
            inherited,
            silence,
            null: File::open("/dev/null")?.into(),
        })
    }

    /// Starts a command and enters it into the table. When this succeeds its exec has succeeded; when not,
    /// nothing is left of the attempt.
    pub(super) fn spawn(
        &mut self,
        table: &mut Table,
        request: &SpawnRequest,
        teardown: Option<&Teardown>,
    ) -> Result<Spawned, SpawnError> {
        let marked = Marked {
            mark: table.mark(),
            service: request.service,
            life: request.life,
        };
        let mark = table.mark().limit(request.service, request.life);
        let command = Command::new(&request.argv, &request.env, &request.cwd, marked)?;
        let outputs = Outputs::new().map_err(|error| refused(request, &error))?;
        let silent;
        let stdin = match request.stdin {
            Stdin::Null => &self.null,
            Stdin::OpenPipe => {
                silent = self
                    .silence
                    .open()
                    .map_err(|error| refused(request, &error))?;
                &silent
            }
        };
        let guarded = request.role != Role::Probe && table.mailbox.read();
        if guarded {
            announce(table, request, teardown, &outputs)
                .map_err(|error| refused(request, &error))?;
        }
        let leader = News::Leader {
            life: request.life,
            pid: 0,
        };
        let mut image = Image {
            command,
            stdio: [stdin, &outputs.stdout.1, &outputs.stderr.1].map(AsRawFd::as_raw_fd),
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
        let life = request.life;
        match self.launcher.launch(&mut image) {
            Ok(pid) => {
                if guarded && !image.hello.is_some_and(|hello| hello.told) {
                    table.mailbox.post(&News::Leader { life, pid }, Vec::new());
                }
                Ok(outputs.enter(table, request, pid))
            }
            Err(failure) => {
                if guarded {
                    table
                        .mailbox
                        .post(&News::Over { life, up: false }, Vec::new());
                }
                Err(image.command.explain(failure))
            }
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
