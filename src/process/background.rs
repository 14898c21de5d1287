//! A copy of this process that goes on without the terminal, and without whoever started it.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, kill};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

use super::End;
use super::prepare::{ignored, set_action};
use super::wait::{Waited, await_end};

/// Which of the two processes this is, after [`split`].
#[derive(Debug)]
#[must_use]
pub enum Split {
    /// The one that was started: it can watch the other, and has the terminal.
    Front(Background, UnixStream),
    /// The other: the leader of a session of its own, with nothing on its standard input, and its
    /// output where it was told. What it writes here, the one in front reads.
    Back(UnixStream),
}

/// The process in the background, as the one in front knows it. It is never reaped, so that its id
/// stays its own for as long as there is somebody to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Background {
    pid: u32,
}

/// Splits the process in two. To be called before any thread exists: it forks.
///
/// # Errors
/// When the system refuses a socket, a process or a session. Then there is still one process, or
/// the other ends at once.
pub fn split(output: BorrowedFd<'_>) -> io::Result<Split> {
    let nothing = File::open("/dev/null")?;
    let (ours, theirs) = UnixStream::pair()?;
    if ignored(Signal::SIGCHLD) {
        // The system would forget how the child ended before anybody can ask.
        set_action(Signal::SIGCHLD, SigHandler::SigDfl)?;
    }
    // SAFETY: there is one thread, so that the child may do whatever it likes.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            let pid = child.as_raw().cast_unsigned();
            Ok(Split::Front(Background { pid }, ours))
        }
        ForkResult::Child => {
            drop(ours);
            setsid()?;
            dup2_stdin(nothing)?;
            dup2_stdout(output)?;
            dup2_stderr(output)?;
            Ok(Split::Back(theirs))
        }
    }
}

impl Background {
    /// Its process id.
    pub const fn id(self) -> u32 {
        self.pid
    }

    /// Asks it to end; a second time without grace.
    pub fn ask_to_end(self) {
        // Not reaped: it is this one or, once it has ended, nobody.
        let _ = kill(super::pid(self.pid), Signal::SIGTERM);
    }

    /// Waits until it has ended. Blocks the thread.
    ///
    /// # Errors
    /// When the system does not know it as a child, which cannot be.
    pub fn wait_for_end(self) -> io::Result<End> {
        match await_end(self.pid) {
            Waited::Ended(end) => Ok(end),
            Waited::Alive | Waited::NotOurs => Err(Errno::ECHILD.into()),
        }
    }
}
