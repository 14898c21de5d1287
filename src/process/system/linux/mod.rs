//! What only Linux has: subreapers, pidfds, `/proc`. Needs Linux 5.3 or later; on older ones a process
//! that is not a child of ours is not signalled until it is.

mod arguments;
mod launch;
mod procfs;

use std::ffi::{CStr, c_void};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc::{self, c_int};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::listed::Identity;

pub(super) use arguments::conceal;
pub(super) use launch::Launcher;
pub(super) use procfs::{children, environment, find, list, marked_limit, output_pipes, user};

/// Whether orphans below this process fall to it, so that whatever is not below it is not ours.
pub(super) const ADOPTS: bool = true;

/// How the guardian is told: without waiting, and without dying when it is gone.
pub(super) const SEND_FLAGS: c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// How the guardian reads: without waiting; what it is handed is not passed on to what it starts.
pub(super) const RECEIVE_FLAGS: c_int = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;

/// Nothing to do here, see [`RECEIVE_FLAGS`].
pub(super) fn close_on_exec(_: &OwnedFd) {}

/// From here on orphans below this process become its children.
pub(super) fn become_subreaper() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// Tells this process from others for `ps`, `top` and `pgrep`.
pub(super) fn set_name(name: &CStr) {
    // It is only a name.
    let _ = prctl::set_name(name);
}

/// Asks for SIGTERM when the parent ends. Only right when the parent has one thread.
pub(super) fn terminate_with_parent() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(Signal::SIGTERM)?)
}

/// Makes a signal do what it does by default. Straight to the kernel, because the library keeps two signals
/// to itself, which may be ignored when we are started. Safe between fork and exec.
pub(super) fn take_default_action(signal: c_int) {
    // The kernel's structure is smaller, and all its fields are 0.
    let default = [0_u64; 8];
    let nothing = std::ptr::null_mut::<c_void>();
    let set_bytes = 8;
    // SAFETY: the structure is ours and outlives the call; no handler of ours will run.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            default.as_ptr(),
            nothing,
            set_bytes,
        );
    }
}

/// Where the descriptors of this process are listed.
pub(super) const DESCRIPTORS: &str = "/proc/self/fd";

/// What was inherited beyond 0–2 is not passed on to what we start.
pub(super) fn close_inherited_on_exec() -> io::Result<()> {
    // SAFETY: no pointers; it changes a flag of descriptors.
    let done = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if done == 0 {
        return Ok(());
    }
    // Older than Linux 5.11.
    for entry in std::fs::read_dir("/proc/self/fd")? {
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
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Two connected sockets that keep the bounds of messages.
pub(super) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
    )?)
}

/// A file without a name that holds these bytes, to be handed to another process without taking its
/// memory.
pub(super) fn scratch_file(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(c"flowlayer", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file.into())
}

/// What daemons read: a pipe that stays silent and open as long as the server or the guardian lives,
/// because both hold its write end.
#[derive(Debug)]
pub(super) struct Silence {
    read: OwnedFd,
    _write: OwnedFd,
}

impl Silence {
    pub(super) fn new() -> io::Result<Self> {
        let (read, write) = pipe()?;
        Ok(Self {
            read,
            _write: write,
        })
    }

    /// A read end for one process: opened anew, because a program that makes its stdin non-blocking
    /// would otherwise do so to all of them.
    pub(super) fn open(&self) -> io::Result<OwnedFd> {
        File::open(format!("/proc/self/fd/{}", self.read.as_raw_fd())).map(OwnedFd::from)
    }
}

/// Something that can be waited on for the end of a process, whoever's child it is.
pub(super) fn watch(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether a signal can be sent to just this process, not to one that got its pid later; `Ok(false)`
/// when it has ended. `child` says that it is a child of ours that is not reaped yet.
pub(super) fn signal(process: Identity, child: bool, signals: &[Signal]) -> Result<bool, Errno> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process.pid, 0) };
    let fd = match Errno::result(fd) {
        Ok(fd) => c_int::try_from(fd).map_err(|_| Errno::EBADF)?,
        Err(Errno::ESRCH) => return Ok(false),
        Err(_) if child => return signal_child(process.pid, signals),
        Err(errno) => return Err(errno),
    };
    // SAFETY: the call has just made it, and nobody else knows of it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // The descriptor stands for whoever had the pid when it was opened: was it the one that is meant?
    let now = find(process.pid)
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
    if now.is_none_or(|now| now.identity() != process) {
        return Ok(false);
    }
    for signal in signals {
        let nothing = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: a null pointer stands for what kill(2) would pass.
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                fd.as_raw_fd(),
                *signal as c_int,
                nothing,
                0,
            )
        };
        match Errno::result(sent) {
            Ok(_) => {}
            Err(Errno::ESRCH) => return Ok(false),
            Err(errno) => return Err(errno),
        }
    }
    Ok(true)
}

/// A child of ours keeps its pid until we reap it.
fn signal_child(pid: u32, signals: &[Signal]) -> Result<bool, Errno> {
    for signal in signals {
        match nix::sys::signal::kill(super::pid(pid), *signal) {
            Ok(()) => {}
            Err(Errno::ESRCH) => return Ok(false),
            Err(errno) => return Err(errno),
        }
    }
    Ok(true)
}

/// Ignores the signals of this system that would end who does not expect them: real-time ones and three old
/// ones.
pub(super) fn ignore_more_signals() {
    let old = [libc::SIGPWR, libc::SIGIO, libc::SIGSTKFLT];
    for signal in old.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX()) {
        // SAFETY: no handler is set. It cannot fail for a signal that exists.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

#[cfg(test)]
mod tests {
    use nix::fcntl::{FcntlArg, fcntl};

    use super::*;

    #[test]
    fn one_reader_of_silence_does_not_change_it_for_another() {
        let silence = Silence::new().unwrap();
        let (one, other) = (silence.open().unwrap(), silence.open().unwrap());
        fcntl(&one, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        assert_eq!(nix::unistd::read(&one, &mut [0; 1]), Err(Errno::EAGAIN));
        let flags = OFlag::from_bits_retain(fcntl(&other, FcntlArg::F_GETFL).unwrap());
        assert!(!flags.contains(OFlag::O_NONBLOCK));
    }
}
