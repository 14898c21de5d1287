//! What a service writes to, as it is read: a pipe, or the master of a pseudo terminal.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe;

/// How much a writer may be ahead of us in a pipe.
const PIPE: usize = 64 * 1024;

/// What one read of a terminal brings at most.
const TERMINAL: usize = 4096;

/// How much of a terminal is taken at once: each read brings little.
const GATHERED: usize = 16 * TERMINAL;

#[derive(Debug)]
pub(super) struct Source {
    file: pipe::Receiver,
    is_terminal: bool,
}

impl Source {
    pub(super) fn pipe(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            file: pipe::Receiver::from_owned_fd(pipe)?,
            is_terminal: false,
        })
    }

    pub(super) fn terminal(master: OwnedFd) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&master, FcntlArg::F_GETFL)?);
        fcntl(&master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Self {
            file: pipe::Receiver::from_owned_fd_unchecked(master)?,
            is_terminal: true,
        })
    }

    /// How much its writer may be ahead of us before it has to wait.
    pub(super) fn capacity(&self) -> usize {
        if self.is_terminal { TERMINAL } else { PIPE }
    }

    /// Reads what there is, from the beginning of the buffer on, within limits. 0 at the end; a terminal ends
    /// with an error.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut first = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.file).poll_read(cx, &mut first))?;
        let mut count = first.filled().len();
        if self.is_terminal {
            let room = buffer.len().min(GATHERED);
            while (1..room).contains(&count)
                && let Ok(more @ 1..) = self.file.try_read(&mut buffer[count..room])
            {
                count += more;
            }
        }
        Poll::Ready(Ok(count))
    }
}
