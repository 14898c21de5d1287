//! What only Linux has: subreapers, pidfds, `/proc`. Needs Linux 5.3 or later; on older ones a process
//! that is not our child is not signalled until it is.

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
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::open_fds::mark_open_fds;
use super::process_entry::{self, Identity};

pub use arguments::conceal_argument;
pub(crate) use arguments::conceal_process;
pub(crate) use launch::Launcher;
pub(crate) use procfs::{
    adopted, append_subtree, children, environment, find, list, marked_limits, output_id,
    output_ids, user,
};

/// Whether orphans below this process are re-parented to it, so that whatever is not below it is not ours.
pub(crate) const ADOPTS: bool = true;

/// How the server writes to the guardian: without blocking, and without SIGPIPE when it is gone.
pub(crate) const SEND_FLAGS: c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// How the guardian reads: without blocking; received descriptors are close-on-exec.
pub(crate) const RECEIVE_FLAGS: c_int = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;

/// Nothing to do here, see [`RECEIVE_FLAGS`].
pub(crate) fn close_on_exec(_: &OwnedFd) {}

/// Makes this process the parent of orphans below it.
pub(crate) fn become_subreaper() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// Whether a signal that was sent with this code by this process comes from the kernel, as those of a terminal do.
pub(crate) fn is_from_kernel(code: c_int, _sender: libc::pid_t) -> bool {
    code == libc::SI_KERNEL
}

/// Sets the name that `ps`, `top` and `pgrep` show.
pub(crate) fn set_name(name: &CStr) {
    // Nothing depends on it.
    let _ = prctl::set_name(name);
}

/// Asks for SIGTERM when the parent ends. Only for a parent with one thread.
pub(crate) fn terminate_with_parent() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(Signal::SIGTERM)?)
}

/// Restores a signal's default action. By a raw system call, because libc reserves two signals, which may be
/// ignored when we are started. Safe between fork and exec.
pub(crate) fn take_default_action(signal: c_int) {
    // The kernel's structure is smaller; all its fields are 0.
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

/// Marks inherited descriptors above 2 close-on-exec.
pub(crate) fn close_inherited_on_exec() -> io::Result<()> {
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
    mark_open_fds()
}

/// A pipe, close-on-exec: read end, write end.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Two connected sockets that preserve message boundaries.
pub(crate) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
    )?)
}

/// An anonymous file with these bytes, to be sent to another process without using its memory.
pub(crate) fn scratch_file(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(c"flowlayer", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file.into())
}

/// The number of the pseudo terminal that this is the master of; `None` if it is none.
fn pty_number(master: &OwnedFd) -> Option<u32> {
    let mut number: libc::c_uint = 0;
    // SAFETY: the pointer is to an integer of ours.
    let done = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &raw mut number) };
    (done == 0).then_some(number)
}

/// A descriptor that becomes readable when the process has exited; it need not be a child of ours.
pub(crate) fn watch(pid: u32) -> io::Result<OwnedFd> {
    Ok(pidfd(pid)?)
}

fn pidfd(pid: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: no pointers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let fd = RawFd::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: it is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Signals exactly this process, not one that got its pid later; `ESRCH` when it has ended. `child` says
/// that it is an unreaped child of ours, which keeps its pid.
pub(crate) fn signal(process: Identity, child: bool, signals: &[Signal]) -> Result<(), Errno> {
    let fd = match pidfd(process.pid) {
        Ok(fd) => fd,
        Err(errno) if errno != Errno::ESRCH && child => {
            let pid = process_entry::pid(process.pid);
            return signals.iter().try_for_each(|&signal| kill(pid, signal));
        }
        Err(errno) => return Err(errno),
    };
    // The pidfd refers to the process that had the pid when it was opened: check that it was this one.
    let now = find(process.pid).map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))?;
    if now.is_none_or(|now| now.identity() != process) {
        return Err(Errno::ESRCH);
    }
    for signal in signals {
        let nothing = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: a null pointer means what kill(2) would pass.
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                fd.as_raw_fd(),
                *signal as c_int,
                nothing,
                0,
            )
        };
        Errno::result(sent)?;
    }
    Ok(())
}

/// Ignores the other signals whose default action is to terminate: real-time ones and three old ones.
pub(crate) fn ignore_more_signals() {
    let old = [libc::SIGPWR, libc::SIGIO, libc::SIGSTKFLT];
    for signal in old.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX()) {
        // SAFETY: no handler is set. It cannot fail for a signal that exists.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}
