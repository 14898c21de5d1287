//! A copy of this process that goes on without the terminal, and without whoever started it.

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

use super::End;
use super::os;
use super::prepare::{ignored, set_action, set_blocked};
use super::wait::await_end;

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

/// What asks for an end. In front these wait until somebody takes them: see [`release_signals`].
const HELD: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGQUIT,
    Signal::SIGHUP,
];

/// Lets signals through again that [`split`] has held back in front, so that none ends it before it
/// can take the other down. To be called when its handlers are there.
///
/// # Errors
/// What the system says.
pub fn release_signals() -> io::Result<()> {
    set_blocked(&HELD, false)
}

/// Splits the process in two. To be called before any thread exists: it forks. In front, signals
/// that ask for an end are held back from here on.
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
    set_blocked(&HELD, true)?;
    // SAFETY: there is one thread, so that the child may do whatever it likes.
    let forked = unsafe { fork() };
    if !matches!(forked, Ok(ForkResult::Parent { .. })) {
        set_blocked(&HELD, false)?;
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

/// Lets go of what this program was started with beyond 0–2: who waits for the end of such a pipe
/// (`$(flowlayer serve --detach)`, a CI runner) must not wait for the session. All we have opened
/// ourselves is marked to be closed by an exec; what was inherited has survived one.
fn close_inherited() -> io::Result<()> {
    let mut inherited = Vec::new();
    for entry in std::fs::read_dir(os::DESCRIPTORS)? {
        let name = entry?.file_name();
        let Some(fd) = name.to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        // SAFETY: no pointers; it reads a flag of a descriptor.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        if fd > 2 && flags >= 0 && flags & libc::FD_CLOEXEC == 0 {
            inherited.push(fd);
        }
    }
    for fd in inherited {
        // SAFETY: nothing in this process owns it.
        unsafe { libc::close(fd) };
    }
    Ok(())
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
        await_end(self.pid)
    }
}
