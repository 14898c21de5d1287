//! A copy of this process that goes on without the terminal and the process that started it.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

use crate::process::message::End;
use crate::process::signals::REQUESTS;
use crate::process::system::prepare::{ignored, set_action, set_blocked};
use crate::process::system::wait::await_end;
use crate::process::system::{self, pid};

/// Which of the two processes this is, after [`split`].
#[derive(Debug)]
#[must_use]
pub enum Split {
    /// The one that was started: it has the terminal and can wait for the other.
    Front(Background, UnixStream),
    /// The other: the leader of a new session, its stdin `/dev/null`, its output the given file. What it writes
    /// to this socket, the one in front reads.
    Back(UnixStream),
}

/// The process in the background, as seen from the one in front. It is never reaped, so that its pid is not
/// reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Background {
    pid: u32,
}

/// Unblocks the signals that [`split`] has blocked in front, so that none ends it before it can take the other
/// down. To be called when its handlers are installed.
///
/// # Errors
/// What the system says.
pub fn release_signals() -> io::Result<()> {
    set_blocked(&REQUESTS, false)
}

/// Forks. To be called before any thread exists. In front, the signals that ask to end are blocked from here
/// on.
///
/// # Errors
/// When the system refuses a socket, a process or a session. Then there is still one process, or
/// the other ends at once.
pub fn split(output: BorrowedFd<'_>) -> io::Result<Split> {
    let nothing = File::open("/dev/null")?;
    let (ours, theirs) = UnixStream::pair()?;
    if ignored(Signal::SIGCHLD) {
        // The kernel would discard the child's exit status.
        set_action(Signal::SIGCHLD, SigHandler::SigDfl)?;
    }
    set_blocked(&REQUESTS, true)?;
    // SAFETY: there is one thread, so that the child may do anything.
    let forked = unsafe { fork() };
    if !matches!(forked, Ok(ForkResult::Parent { .. })) {
        set_blocked(&REQUESTS, false)?;
    }
    match forked? {
        ForkResult::Parent { child } => {
            let pid = child.as_raw().cast_unsigned();
            Ok(Split::Front(Background { pid }, ours))
        }
        ForkResult::Child => {
            drop(ours);
            close_inherited()?;
            setsid()?;
            dup2_stdin(nothing)?;
            dup2_stdout(output)?;
            dup2_stderr(output)?;
            Ok(Split::Back(theirs))
        }
    }
}

/// Closes the inherited descriptors: a reader that waits for the end of such a pipe (`$(flowlayer serve --detach)`,
/// a CI runner) must not wait for the session. All that we open ourselves is close-on-exec; what was inherited
/// is not.
fn close_inherited() -> io::Result<()> {
    for fd in system::open_fds()? {
        // SAFETY: no pointers; nothing in this process owns a descriptor that is not close-on-exec.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFD);
            if flags >= 0 && flags & libc::FD_CLOEXEC == 0 {
                libc::close(fd);
            }
        }
    }
    Ok(())
}

impl Background {
    /// Its process id.
    pub const fn id(self) -> u32 {
        self.pid
    }

    /// Sends SIGTERM; the second one ends the grace.
    pub fn ask_to_end(self) {
        // It is never reaped: the pid is its own.
        let _ = kill(pid(self.pid), Signal::SIGTERM);
    }

    /// Waits until it has exited. Blocks the thread.
    ///
    /// # Errors
    /// When it is not a child of this process, which is a bug.
    pub fn wait_for_end(self) -> io::Result<End> {
        await_end(self.pid)
    }
}
