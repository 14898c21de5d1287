//! How a child ended, and its last rites. Only ever asked about one pid: a question about all children
//! would answer with the same unreaped leader for ever, or steal it.

use std::io;

use nix::errno::Errno;
use nix::libc::{self, c_int};

use super::End;

/// What is known of a child's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Waited {
    /// It lives.
    Alive,
    /// It has ended so, and is still there to be reaped: its pid is taken.
    Ended(End),
    /// It is no child of ours, or not any more.
    NotOurs,
}

/// Looks without reaping.
pub(super) fn peek(pid: u32) -> Waited {
    wait(pid, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT)
}

/// Waits until a child has ended, without reaping it. Blocks the thread.
///
/// # Errors
/// When the system does not know it as a child, which cannot be.
pub(super) fn await_end(pid: u32) -> io::Result<End> {
    match wait(pid, libc::WEXITED | libc::WNOWAIT) {
        Waited::Ended(end) => Ok(end),
        Waited::Alive | Waited::NotOurs => Err(Errno::ECHILD.into()),
    }
}

/// Reaps a child if it has ended. From here on its pid may be somebody else's.
pub(super) fn reap(pid: u32) -> Waited {
    wait(pid, libc::WEXITED | libc::WNOHANG)
}

/// Whether this process has any child, alive or not.
pub(super) fn have_children() -> bool {
    any(|_| ()).is_ok()
}

/// Some child that has ended and is not reaped. Always the same one until it is.
pub(super) fn any_dead() -> Option<u32> {
    let dead = any(|info| {
        // SAFETY: the field is filled in, or still zero.
        unsafe { info.si_pid() }
    });
    dead.ok().map(i32::cast_unsigned).filter(|&dead| dead != 0)
}

fn any<T>(read: impl Fn(&libc::siginfo_t) -> T) -> Result<T, Errno> {
    // SAFETY: the structure is ours, and nothing is reaped.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        match libc::waitid(libc::P_ALL, 0, &raw mut info, flags) {
            0 => Ok(read(&info)),
            _ => Err(Errno::last()),
        }
    }
}

fn wait(pid: u32, flags: c_int) -> Waited {
    // SAFETY: the structure is ours; the fields that are read are those that a child's end fills in.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        loop {
            if libc::waitid(libc::P_PID, pid, &raw mut info, flags) == 0 {
                break;
            }
            if Errno::last() != Errno::EINTR {
                return Waited::NotOurs;
            }
        }
        if info.si_pid() == 0 {
            return Waited::Alive;
        }
        Waited::Ended(match info.si_code {
            libc::CLD_EXITED => End::Code(info.si_status()),
            _ => End::Signal(info.si_status()),
        })
    }
}
