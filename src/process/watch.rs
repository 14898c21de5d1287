//! Waiting for the end of a process that is not a child.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::os;

/// A process that is waited for, and never signalled.
#[derive(Debug)]
pub struct Watched(OwnedFd);

impl Watched {
    /// Begins to watch the process that has this id now.
    ///
    /// # Errors
    /// When there is none, or the system has no way to wait for it.
    pub fn begin(pid: u32) -> io::Result<Self> {
        os::watch(pid).map(Self)
    }

    /// Waits until it has ended. Blocks the thread.
    ///
    /// # Errors
    /// What the system says when it cannot wait.
    pub fn wait_for_end(self) -> io::Result<()> {
        loop {
            let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::NONE) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
