//! Reads and discards the output of services: without a reader a service would die of SIGPIPE, or hang, before
//! its turn.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::read;

/// Reads a pipe a round, so that one chatty service does not hold up the rest.
const READS: usize = 16;

/// The outputs of the services: pipes, and masters of pseudo terminals.
#[derive(Debug)]
pub(super) struct Drain {
    pipes: Vec<OwnedFd>,
    buffer: Box<[u8]>,
}

impl Drain {
    pub(super) fn new() -> Self {
        Self {
            pipes: Vec::new(),
            buffer: vec![0; 64 * 1024].into(),
        }
    }

    /// Adds pipes.
    pub(super) fn add(&mut self, pipes: impl IntoIterator<Item = OwnedFd>) {
        for pipe in pipes {
            if fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).is_ok() {
                self.pipes.push(pipe);
            }
        }
    }

    /// What to poll.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.pipes.iter().map(AsFd::as_fd)
    }

    /// Reads what there is; pipes that have ended are dropped.
    pub(super) fn drain(&mut self) {
        let buffer = &mut self.buffer;
        self.pipes.retain(|pipe| {
            for _ in 0..READS {
                match read(pipe, buffer) {
                    Ok(0) => return false,
                    Ok(_) | Err(Errno::EINTR) => {}
                    Err(Errno::EAGAIN) => return true,
                    // A terminal that nobody has open any more is one of them.
                    Err(_) => return false,
                }
            }
            true
        });
    }
}
