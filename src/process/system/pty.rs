//! Pseudo terminals: their size, and both ends of a new one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::path::Path;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open as open_file};
use nix::libc;
use nix::pty::{grantpt, posix_openpt, unlockpt};
use nix::sys::stat::Mode;

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How high.
    pub rows: u16,
    /// How wide.
    pub cols: u16,
}

/// The size of a terminal that nobody has looked at yet.
pub const DEFAULT_SIZE: Size = Size { rows: 24, cols: 80 };

/// A new pseudo terminal: the master, and the terminal itself. Both are close-on-exec.
pub(crate) fn open(size: Size) -> io::Result<(OwnedFd, OwnedFd)> {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    #[cfg(target_os = "linux")]
    let path = nix::pty::ptsname_r(&master)?;
    // SAFETY: only the process thread makes terminals, so that nobody else uses the buffer of `ptsname`.
    #[cfg(not(target_os = "linux"))]
    let path = unsafe { nix::pty::ptsname(&master) }?;
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let terminal = open_file(Path::new(&path), flags, Mode::empty())?;
    // SAFETY: `into_raw_fd` gives up the ownership.
    let master = unsafe { OwnedFd::from_raw_fd(master.into_raw_fd()) };
    for end in [&master, &terminal] {
        fcntl(end.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    set_size(&terminal, size)?;
    Ok((master, terminal))
}

/// Sets the size of a terminal, by either end. Its processes in the foreground get SIGWINCH if it changes.
///
/// # Errors
/// When it is no terminal, or nobody has it any more.
pub fn set_size(terminal: &OwnedFd, size: Size) -> io::Result<()> {
    let size = libc::winsize {
        ws_row: size.rows,
        ws_col: size.cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the structure is ours.
    let done = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ as _, &raw const size) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
