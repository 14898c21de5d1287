//! What is sent to a service: a bounded queue, and the task that writes it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// How many bytes may wait for a service to read them, besides what the system holds.
pub const MAX_INPUT: usize = 64 * 1024;

/// Why input was not taken. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InputRefused {
    /// It does not run.
    #[error("it does not run")]
    NotRunning,
    /// Its stdin is `/dev/null`.
    #[error("its stdin is null: set \"stdin\": \"open\" or \"tty\": true, and restart it")]
    NoInput,
    /// It does not read.
    #[error("it has not read {0} bytes that were sent before: try again when it reads")]
    NotReading(usize),
    /// That is too much in any case.
    #[error("{0} bytes are too many at once: send at most {MAX_INPUT} at a time")]
    TooLong(usize),
}

/// The input of one run. Dropping it closes it, and drops what waits.
#[derive(Debug)]
pub(super) struct Input {
    queue: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Input {
    /// Writes to a pipe, or to the master of a terminal. Needs a tokio runtime.
    pub(super) fn new(file: OwnedFd) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL)?);
        fcntl(&file, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        let mut file = pipe::Sender::from_owned_fd_unchecked(file)?;
        let (queue, mut queued) = mpsc::unbounded_channel::<Vec<u8>>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        let task = tokio::spawn(async move {
            while let Some(bytes) = queued.recv().await {
                if file.write_all(&bytes).await.is_err() {
                    // Nobody reads it any more; the end of the service says so.
                    break;
                }
                left.fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            // The file stays open until the run ends.
            std::future::pending::<()>().await;
        });
        let task = task.abort_handle();
        Ok(Self {
            queue,
            waiting,
            task,
        })
    }

    /// Takes all of it or nothing.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), InputRefused> {
        if bytes.len() > MAX_INPUT {
            return Err(InputRefused::TooLong(bytes.len()));
        }
        let add = |waiting: usize| Some(waiting + bytes.len()).filter(|&sum| sum <= MAX_INPUT);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .map_err(InputRefused::NotReading)?;
        // The task is there as long as this is.
        let _ = self.queue.send(bytes.to_vec());
        Ok(())
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.task.abort();
    }
}
