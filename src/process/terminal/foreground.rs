//! A command on the terminal of this process, as a shell would run it: the same streams, the same
//! process group, so that Ctrl-C and Ctrl-Z reach it.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{getpgrp, tcgetpgrp};
use thiserror::Error;

use super::End;
use super::wait::await_end;

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

/// A running command. It is never reaped, so that its id stays its own.
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

    /// Sends it the signal with this number; nothing happens once it has ended.
    pub fn signal(self, number: i32) {
        if let Ok(signal) = Signal::try_from(number) {
            let _ = kill(super::pid(self.pid), signal);
        }
    }

    /// Ends it without asking.
    pub fn kill(self) {
        self.signal(Signal::SIGKILL as i32);
    }

    /// Waits until it has ended. Blocks the thread.
    ///
    /// # Errors
    /// When the system does not know it as a child, which cannot be.
    pub fn wait_for_end(self) -> io::Result<End> {
        await_end(self.pid)
    }
}

/// Whether keys that make signals reach this process and what it started: its group is the one in
/// front on the terminal.
pub fn has_terminal() -> bool {
    let (stdin, stderr) = (io::stdin(), io::stderr());
    let streams = [
        (stdin.is_terminal(), stdin.as_fd()),
        (stderr.is_terminal(), stderr.as_fd()),
    ];
    streams
        .into_iter()
        .any(|(is_terminal, stream)| is_terminal && tcgetpgrp(stream) == Ok(getpgrp()))
}
