//! The same as `linux`, as far as macOS goes. What it cannot do:
//!
//! - There are no subreapers: an orphan falls to launchd. It is still found when it is in the group or
//!   session of its service, when it was seen below it before, or when it kept the environment it was
//!   given. One that left both, cleared its environment and lost its parent between two looks is lost.
//! - There are no pidfds: between the check of a start time and the signal lies a moment.
//! - There is no limit that nothing else uses, and so no second mark.
//! - A daemon's stdin ends with the server, also when the guardian lives on.

mod launch;
mod list;

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::libc::{self, c_int};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::listed::Identity;

pub(super) use launch::Launcher;
pub(super) use list::{children, environment, find, list, user};

/// Whether orphans below this process fall to it: here they do not.
pub(super) const ADOPTS: bool = false;
/// How the guardian is told. SIGPIPE is ignored in the server, and in its children until they are programs.
pub(super) const SEND_FLAGS: c_int = libc::MSG_DONTWAIT;
/// How the guardian reads.
pub(super) const RECEIVE_FLAGS: c_int = libc::MSG_DONTWAIT;

/// What is handed over is not passed on to what the guardian starts.
pub(super) fn close_on_exec(fd: &OwnedFd) {
    let _ = fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
}

/// There are no subreapers.
pub(super) fn become_subreaper() -> io::Result<()> {
    Ok(())
}

/// There is no name of a process that can be set.
pub(super) fn set_name(_: &CStr) {}

/// There is no such signal; the guardian then ends with the server.
pub(super) fn terminate_with_parent() -> io::Result<()> {
    Ok(())
}

/// Makes a signal do what it does by default. Safe between fork and exec.
pub(super) fn take_default_action(signal: c_int) {
    // SAFETY: the structure is ours and outlives the call; no handler of ours will run.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const default, std::ptr::null_mut());
    }
}

/// There is nothing here that could be waited on so simply.
pub(super) fn watch(_: u32) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Where the descriptors of this process are listed.
pub(super) const DESCRIPTORS: &str = "/dev/fd";

/// What was inherited beyond 0–2 is not passed on to what we start.
pub(super) fn close_inherited_on_exec() -> io::Result<()> {
    for entry in fs::read_dir("/dev/fd")? {
        let fd = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<RawFd>().ok());
        if let Some(fd) = fd.filter(|&fd| fd > 2) {
            // SAFETY: no pointers; a descriptor that is closed meanwhile gives EBADF.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}

/// A pipe: read end, write end; neither is passed on to what we start.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = nix::unistd::pipe()?;
    close_on_exec(&read);
    close_on_exec(&write);
    Ok((read, write))
}

/// Two connected sockets. They do not keep the bounds of messages, but all messages have one size.
pub(super) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
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

/// A file without a name that holds these bytes.
pub(super) fn scratch_file(bytes: &[u8]) -> io::Result<OwnedFd> {
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

/// What daemons read: pipes that stay silent and open as long as the server lives.
#[derive(Debug)]
pub(super) struct Silence {
    writes: Mutex<Vec<OwnedFd>>,
}

impl Silence {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            writes: Mutex::default(),
        })
    }

    /// A read end for one process.
    pub(super) fn open(&self) -> io::Result<OwnedFd> {
        let (read, write) = pipe()?;
        self.writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(write);
        Ok(read)
    }
}

/// Not done here: arguments stay as they were given.
pub(super) fn conceal(_: &str) {}

/// There is none.
pub(super) fn marked_limit(_: u32) -> Option<u64> {
    None
}

/// Not told.
pub(super) fn output_pipes(_: u32) -> [Option<u64>; 2] {
    [None; 2]
}

/// Signals just this process, as far as can be; `Ok(false)` when it has ended.
pub(super) fn signal(process: Identity, _: bool, signals: &[Signal]) -> Result<bool, Errno> {
    for signal in signals {
        let now = find(process.pid)
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
        if now.is_none_or(|now| now.identity() != process) {
            return Ok(false);
        }
        match kill(super::pid(process.pid), *signal) {
            Ok(()) => {}
            Err(Errno::ESRCH) => return Ok(false),
            Err(errno) => return Err(errno),
        }
    }
    Ok(true)
}

/// There are none beyond those that every system has.
pub(super) fn ignore_more_signals() {}
