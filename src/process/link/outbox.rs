//! The server's end of the socket pair: sends updates, and never waits for the guardian for long. A guardian that
//! is stopped (Ctrl-Z) reads nothing; what does not fit into the socket is queued here. Should the server die
//! meanwhile, the guardian still finds every process below it, and the marks show the owners.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, recv, sendmsg};

use super::frame::{Frame, Update};
use crate::process::system;

/// How long, in all, spawns wait for a guardian that does not read, until it reads again.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The updates to the guardian.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// `None` without a guardian, or when it is gone.
    socket: Option<OwnedFd>,
    /// What did not fit into the socket yet, in order.
    queue: VecDeque<(Frame, Vec<OwnedFd>)>,
    /// What is left of [`MAX_WAIT`].
    wait_left: Duration,
    /// Whether the socket is full, so that waiting for room makes sense.
    full: bool,
}

impl Outbox {
    /// The guardian reads the other end of this socket.
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self {
            socket: Some(socket),
            queue: VecDeque::new(),
            wait_left: MAX_WAIT,
            full: false,
        }
    }

    /// Whether there is a guardian.
    pub(crate) fn connected(&self) -> bool {
        self.socket.is_some()
    }

    /// The socket, for a child that reports its own pid, unless that would overtake the queue.
    pub(crate) fn direct_socket(&self) -> Option<RawFd> {
        let socket = self.socket.as_ref()?;
        self.queue.is_empty().then(|| socket.as_raw_fd())
    }

    /// Sends an update with its descriptors, or queues it. Never waits.
    pub(crate) fn send(&mut self, update: &Update, attached: Vec<OwnedFd>) {
        debug_assert_eq!(update.descriptors(), attached.len());
        if self.socket.is_some() {
            self.queue.push_back((update.frame(), attached));
            self.flush();
        }
    }

    /// Sends as much of the queue as fits.
    pub(crate) fn flush(&mut self) {
        self.full = false;
        while let (Some(socket), Some((frame, attached))) = (&self.socket, self.queue.front()) {
            match send(socket, frame, attached) {
                Ok(()) => {
                    self.queue.pop_front();
                    self.wait_left = MAX_WAIT;
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    self.full = true;
                    return;
                }
                // Too many descriptors in flight: retried with the next update.
                Err(Errno::ETOOMANYREFS | Errno::ENOBUFS | Errno::ENOMEM) => return,
                // `guardian_lost` notices it.
                Err(_) => {
                    self.queue.clear();
                    return;
                }
            }
        }
    }

    /// Waits until the queue is sent, but not for ever.
    pub(crate) fn wait_until_sent(&mut self) {
        self.flush();
        while let (Some(socket), true, false) = (&self.socket, self.full, self.wait_left.is_zero())
        {
            let begun = Instant::now();
            let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
            let timeout = PollTimeout::try_from(self.wait_left).unwrap_or(PollTimeout::ZERO);
            let writable = poll(&mut fds, timeout);
            self.wait_left = self.wait_left.saturating_sub(begun.elapsed());
            if writable == Ok(0) {
                self.wait_left = Duration::ZERO;
            }
            self.flush();
        }
    }

    /// What to poll: the end of the guardian, and room in the socket while it is full.
    pub(crate) fn interest(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let socket = self.socket.as_ref()?;
        let mut flags = PollFlags::POLLIN;
        flags.set(PollFlags::POLLOUT, self.full);
        Some((socket.as_fd(), flags))
    }

    /// Whether the guardian has gone; true once.
    pub(crate) fn guardian_lost(&mut self) -> bool {
        let Some(socket) = &self.socket else {
            return false;
        };
        // It never writes.
        let read = recv(socket.as_raw_fd(), &mut [0; 1], MsgFlags::MSG_DONTWAIT);
        if matches!(read, Err(Errno::EAGAIN | Errno::EINTR)) {
            return false;
        }
        *self = Self::default();
        true
    }
}

fn send(socket: &OwnedFd, frame: &Frame, attached: &[OwnedFd]) -> Result<(), Errno> {
    let fds: Vec<RawFd> = attached.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    let control: &[ControlMessage<'_>] = if fds.is_empty() { &[] } else { &rights };
    let flags = MsgFlags::from_bits_retain(system::SEND_FLAGS);
    let bytes = [IoSlice::new(&frame.0)];
    sendmsg::<()>(socket.as_raw_fd(), &bytes, control, flags, None).map(drop)
}
