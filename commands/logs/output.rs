//! Standard output for much text: written in large pieces, and watched for its reader going away.

use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::terminal::output::sink::{Sink, Sunk};

/// What is written at once.
const PIECE: usize = 64 * 1024;

/// Why the output stops.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The reader is gone: no failure.
    ReaderGone,
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Standard output.
#[derive(Debug)]
pub(super) struct Output {
    sink: Sink,
    /// What is not written yet; to be appended to.
    pub(super) text: Vec<u8>,
}

fn own_handle() -> Result<File, Failure> {
    let handle = std::io::stdout().as_fd().try_clone_to_owned();
    handle
        .map(File::from)
        .map_err(|error| Failure::Failed(format!("cannot write to standard output: {error}")))
}

impl Output {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            sink: Sink::new(own_handle()?),
            text: Vec::with_capacity(2 * PIECE),
        })
    }

    /// Writes when there is enough to be worth it.
    pub(super) fn flush_if_full(&mut self) -> Result<(), Stopped> {
        if self.text.len() < PIECE {
            return Ok(());
        }
        self.flush()
    }

    /// Writes what there is, however long that takes.
    pub(super) fn flush(&mut self) -> Result<(), Stopped> {
        let sunk = self.sink.write(&self.text);
        self.text.clear();
        match sunk {
            Sunk::Written => Ok(()),
            Sunk::Gone => Err(Stopped::ReaderGone),
            Sunk::Refused => Err(Stopped::Failed(Failure::Failed(
                "cannot write to standard output: the disk is full, or the file may not grow"
                    .to_owned(),
            ))),
        }
    }
}

/// Completes when the reader of standard output goes away while nothing is written; never for a file.
pub(super) fn reader_gone() -> Result<oneshot::Receiver<()>, Failure> {
    let handle = own_handle()?;
    let (sender, receiver) = oneshot::channel();
    let watch = move || {
        loop {
            // poll reports hangups and errors without being asked for them.
            let mut waits = [PollFd::new(handle.as_fd(), PollFlags::empty())];
            match poll(&mut waits, PollTimeout::NONE) {
                Ok(_) if waits[0].any() == Some(true) => break,
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(_) => return,
            }
        }
        // A receiver that is gone has ended already.
        let _ = sender.send(());
    };
    std::thread::Builder::new()
        .name("reader-gone".to_owned())
        .spawn(watch)
        .map_err(|error| Failure::Failed(format!("cannot start a thread: {error}")))?;
    Ok(receiver)
}
