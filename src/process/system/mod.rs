//! System calls, and the differences between systems: `linux` and `macos` have the same functions.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
pub(crate) mod prepare;
pub(crate) mod process_entry;
pub(crate) mod reserved_fds;
pub(crate) mod wait;
pub(crate) mod waker;

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use nix::libc;
use nix::poll::PollTimeout;

#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(target_os = "macos")]
pub use macos::*;

/// A pid as the system calls take it.
pub(crate) fn pid(pid: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(pid.cast_signed())
}

/// The descriptors of this process above 2.
pub(crate) fn open_fds() -> io::Result<Vec<RawFd>> {
    let mut fds = Vec::new();
    for entry in std::fs::read_dir(FD_DIR)? {
        let fd = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        fds.extend(fd.filter(|&fd: &RawFd| fd > 2));
    }
    Ok(fds)
}

/// Marks all descriptors above 2 close-on-exec, one by one.
fn mark_open_fds() -> io::Result<()> {
    for fd in open_fds()? {
        // SAFETY: no pointers; a descriptor that is closed meanwhile gives EBADF.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(())
}

/// A time to wait, rounded up to milliseconds, so that nobody wakes early and polls again.
pub(crate) fn poll_timeout(time: Duration) -> PollTimeout {
    let millis = time.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis)
        .ok()
        .and_then(|millis| PollTimeout::try_from(millis).ok())
        .unwrap_or(PollTimeout::MAX)
}
