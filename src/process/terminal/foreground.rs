//! Job control: a command on this process's terminal, as a shell would run it, with the same streams and the
//! same process group, so that Ctrl-C and Ctrl-Z reach it; and suspending the job.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use thiserror::Error;

use crate::process::message::End;
use crate::process::system::pid;
use crate::process::system::wait::await_end;

/// Why a command could not be started.
#[derive(Debug, Error)]
pub enum CommandError {
    /// Neither a file with that name nor, for a name without a slash, one in `PATH`.
    #[error("it is not found")]
    NotFound,
    /// It is there and cannot be executed.
    #[error("{0}")]
    NotExecutable(#[source] io::Error),
}

/// A running command. It is never reaped, so that its pid is not reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreground {
    pid: u32,
}

impl Foreground {
    /// Starts a command with these variables added to the environment.
    pub fn start(
        program: &OsStr,
        arguments: &[OsString],
        variables: &[(&str, &str)],
    ) -> Result<Self, CommandError> {
        let mut command = Command::new(program);
        command.args(arguments).envs(variables.iter().copied());
        match command.spawn() {
            Ok(child) => Ok(Self { pid: child.id() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CommandError::NotFound),
            Err(error) => Err(CommandError::NotExecutable(error)),
        }
    }

    /// Its process id.
    pub const fn id(self) -> u32 {
        self.pid
    }

    /// Sends it the signal with this number; nothing happens once it has ended.
    pub fn signal(self, number: i32) {
        if let Ok(signal) = Signal::try_from(number) {
            let _ = kill(pid(self.pid), signal);
        }
    }

    /// Sends SIGKILL.
    pub fn kill(self) {
        self.signal(Signal::SIGKILL as i32);
    }

    /// Waits until it has exited. Blocks the thread.
    ///
    /// # Errors
    /// When it is not a child of this process, which is a bug.
    pub fn wait_for_end(self) -> io::Result<End> {
        await_end(self.pid)
    }
}

/// Stops this job, as `^Z` does outside raw mode: this process and all of its group. To be called on the main
/// thread: it returns when the shell continues the job, and at once where no shell could (POSIX: the group is
/// orphaned, and the kernel drops the signal).
///
/// # Errors
/// When the system refuses the signal.
pub fn suspend_job() -> io::Result<()> {
    // The main thread takes it before the call returns. A second one would stop us again once continued.
    Ok(kill(pid(0), Signal::SIGTSTP)?)
}
