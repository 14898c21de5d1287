//! The functions of `linux`, as far as macOS can. What it cannot:
//!
//! - There are no subreapers: an orphan goes to launchd. It is still found when it is in the group or
//!   session of its service, when it was seen below it before, or when it kept the environment it was
//!   given. One that left both, cleared its environment and lost its parent between two scans is lost.
//! - Its environment cannot be read if it is a program that comes with the system and is protected (`/bin/sh`).
//! - There are no pidfds: a pid may be reused between the check of its start time and the signal.
//! - There is no unused resource limit, and so no mark but the environment.
//! - A daemon's stdin ends with the server, even if the guardian goes on.

#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "functions have the signatures of those of `linux`"
)]

mod launch;
mod list;

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::libc::{self, c_int};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::open_fds::mark_open_fds;
use super::process_entry::{self, Identity};

pub(crate) use launch::Launcher;
pub(crate) use list::{
    append_subtree, children as adopted, children, environment, find, list, user,
};

/// Whether orphans below this process are re-parented to it: not here.
pub(crate) const ADOPTS: bool = false;
/// How the server writes to the guardian. SIGPIPE is ignored in it, and in its children until their exec.
pub(crate) const SEND_FLAGS: c_int = libc::MSG_DONTWAIT;
/// How the guardian reads.
pub(crate) const RECEIVE_FLAGS: c_int = libc::MSG_DONTWAIT;

/// Marks a descriptor close-on-exec.
pub(crate) fn close_on_exec(fd: &OwnedFd) {
    let _ = fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
}

/// There are no subreapers.
pub(crate) fn become_subreaper() -> io::Result<()> {
    Ok(())
}

/// Whether a signal that was sent with this code by this process comes from the kernel, as those of a terminal do.
pub(crate) fn is_from_kernel(_code: c_int, sender: libc::pid_t) -> bool {
    sender == 0
}

/// A process's name cannot be set here.
pub(crate) fn set_name(_: &CStr) {}

/// There is no such signal; the guardian ends with the server instead.
pub(crate) fn terminate_with_parent() -> io::Result<()> {
    Ok(())
}

/// Restores a signal's default action. Safe between fork and exec.
pub(crate) fn take_default_action(signal: c_int) {
    // SAFETY: the structure is ours and outlives the call; no handler of ours will run.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const default, std::ptr::null_mut());
    }
}

/// Not supported here.
pub(crate) fn watch(_: u32) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Marks inherited descriptors above 2 close-on-exec.
pub(crate) fn close_inherited_on_exec() -> io::Result<()> {
    mark_open_fds()
}

/// A pipe, close-on-exec: read end, write end.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = nix::unistd::pipe()?;
    close_on_exec(&read);
    close_on_exec(&write);
    Ok((read, write))
}

/// Two connected sockets. They do not preserve message boundaries, but all messages have one size.
pub(crate) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (one, other) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::empty(),
    )?;
    for end in [&one, &other] {
        close_on_exec(end);
        fcntl(end.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    Ok((one, other))
}

/// An anonymous file with these bytes.
pub(crate) fn scratch_file(bytes: &[u8]) -> io::Result<OwnedFd> {
    let name = format!("flowlayer-{}", uuid::Uuid::new_v4());
    let path = std::env::temp_dir().join(name);
    let mut file: File = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    fs::remove_file(&path)?;
    file.write_all(bytes)?;
    Ok(file.into())
}

/// Not done here: arguments stay as they were given.
pub fn conceal_argument(_: &str) {}

/// Not done here: name and arguments stay.
pub(crate) fn conceal_process(_: &std::ffi::CStr) {}

/// There are no such limits here.
pub(crate) fn marked_limits(_: u32) -> impl Iterator<Item = u64> {
    std::iter::empty()
}

/// Not known here.
pub(crate) fn output_ids(_: u32) -> [Option<u64>; 2] {
    [None; 2]
}

/// Of no use here, see [`output_ids`].
pub(crate) fn output_id(_: &OwnedFd) -> Option<u64> {
    None
}

/// Signals exactly this process, as far as possible; `ESRCH` when it has ended.
pub(crate) fn signal(process: Identity, _: bool, signals: &[Signal]) -> Result<(), Errno> {
    for signal in signals {
        let now =
            find(process.pid).map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))?;
        if now.is_none_or(|now| now.identity() != process) {
            return Err(Errno::ESRCH);
        }
        kill(process_entry::pid(process.pid), *signal)?;
    }
    Ok(())
}

/// There are no others here.
pub(crate) fn ignore_more_signals() {}
