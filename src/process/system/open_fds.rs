//! The descriptors that this process has inherited or opened.

use std::io;
use std::os::fd::RawFd;

use nix::libc;

/// Where the system lists them.
const DIRECTORY: &str = if cfg!(target_os = "linux") {
    "/proc/self/fd"
} else {
    "/dev/fd"
};

/// The descriptors of this process above 2.
pub(crate) fn open_fds() -> io::Result<Vec<RawFd>> {
    let mut fds = Vec::new();
    for entry in std::fs::read_dir(DIRECTORY)? {
        let fd = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        fds.extend(fd.filter(|&fd: &RawFd| fd > 2));
    }
    Ok(fds)
}

/// Marks all descriptors above 2 close-on-exec, one by one.
pub(super) fn mark_open_fds() -> io::Result<()> {
    for fd in open_fds()? {
        // SAFETY: no pointers; a descriptor that is closed meanwhile gives EBADF.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(())
}
