//! Waiting for the end of processes. Children are only asked about one by one: a question about all of
//! them would return the same unreaped leader for ever, or reap somebody else's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::process::message::End;

/// What `waitid` says of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum ChildState {
    /// It has not exited.
    Running,
    /// It has exited and is not reaped: its pid is still taken.
    Ended(End),
    /// It is not a child of ours, or not any more.
    NotAChild,
}

/// Asks without reaping.
pub(crate) fn peek(pid: u32) -> ChildState {
    wait(pid, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT)
}

/// Waits until a child has exited, without reaping it. Blocks the thread.
///
/// # Errors
/// When it is not a child of this process, which is a bug.
pub(crate) fn await_end(pid: u32) -> io::Result<End> {
    match wait(pid, libc::WEXITED | libc::WNOWAIT) {
        ChildState::Ended(end) => Ok(end),
        ChildState::Running | ChildState::NotAChild => Err(Errno::ECHILD.into()),
    }
}

/// Reaps a child if it has exited. From here on its pid may be reused.
pub(crate) fn reap(pid: u32) -> ChildState {
    wait(pid, libc::WEXITED | libc::WNOHANG)
}

/// Whether this process has any child, running or not.
pub(crate) fn have_children() -> bool {
    any_exited().is_ok()
}

/// A child that has exited and is not reaped; always the same one until it is.
pub(crate) fn exited_child() -> Option<u32> {
    any_exited().ok().filter(|&pid| pid != 0)
}

/// The pid of a child that has exited, 0 when none has; `ECHILD` without children.
fn any_exited() -> Result<u32, Errno> {
    // SAFETY: the structure is ours, nothing is reaped, and the pid is filled in or still zero.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        Errno::result(libc::waitid(libc::P_ALL, 0, &raw mut info, flags))?;
        Ok(info.si_pid().cast_unsigned())
    }
}

fn wait(pid: u32, flags: c_int) -> ChildState {
    // SAFETY: the structure is ours; the fields that are read are those that a child's end fills in.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        while libc::waitid(libc::P_PID, pid, &raw mut info, flags) != 0 {
            if Errno::last() != Errno::EINTR {
                return ChildState::NotAChild;
            }
        }
        if info.si_pid() == 0 {
            return ChildState::Running;
        }
        ChildState::Ended(match info.si_code {
            libc::CLD_EXITED => End::Code(info.si_status()),
            _ => End::Signal(info.si_status()),
        })
    }
}

/// A process that is waited for although it is not a child, and never signalled.
#[derive(Debug)]
pub struct Watched(OwnedFd);

impl Watched {
    /// Begins to watch the process that has this id now.
    ///
    /// # Errors
    /// When there is none, or the system has no way to wait for it.
    pub fn begin(pid: u32) -> io::Result<Self> {
        super::watch(pid).map(Self)
    }

    /// Waits until it has exited. Blocks the thread.
    ///
    /// # Errors
    /// When the system refuses to wait.
    pub fn wait_for_end(self) -> io::Result<()> {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        while let Err(error) = poll(&mut fds, PollTimeout::NONE) {
            if error != Errno::EINTR {
                return Err(error.into());
            }
        }
        Ok(())
    }
}
