//! The server's side of the socket pair: tells the guardian, and never waits for it for long. A guardian
//! that is stopped (Ctrl-Z) reads nothing; what does not fit into the socket waits here. Should the server
//! die meanwhile, the guardian still finds every process below it, and the marks say whose they are.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, recv, sendmsg};

use super::record::{News, Record};
use crate::process::os;

/// How long, in all, spawns wait for a guardian that does not read, until it reads again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the guardian's news go.
#[derive(Debug, Default)]
pub(in crate::process) struct Mailbox {
    /// `None` without a guardian, or when it is gone.
    socket: Option<OwnedFd>,
    /// What did not fit into the socket yet, in order.
    waiting: VecDeque<(Record, Vec<OwnedFd>)>,
    /// What is left of [`PATIENCE`].
    patience: Duration,
    /// Whether the socket is full, so that it makes sense to wait for room in it.
    full: bool,
}

impl Mailbox {
    /// A mailbox that the other end of this socket is read from.
    pub(in crate::process) fn new(socket: OwnedFd) -> Self {
        Self {
            socket: Some(socket),
            waiting: VecDeque::new(),
            patience: PATIENCE,
            full: false,
        }
    }

    /// Whether anybody is told at all.
    pub(in crate::process) fn read(&self) -> bool {
        self.socket.is_some()
    }

    /// The socket, for a child that tells of itself, unless it would overtake what waits.
    pub(in crate::process) fn direct(&self) -> Option<RawFd> {
        let socket = self.socket.as_ref()?;
        self.waiting.is_empty().then(|| socket.as_raw_fd())
    }

    /// Tells the guardian, handing over what goes along. Never waits.
    pub(in crate::process) fn post(&mut self, news: &News, along: Vec<OwnedFd>) {
        debug_assert_eq!(news.descriptors(), along.len());
        if self.socket.is_some() {
            self.waiting.push_back((news.record(), along));
            self.flush();
        }
    }

    /// Sends what fits.
    pub(in crate::process) fn flush(&mut self) {
        self.full = false;
        while let (Some(socket), Some((record, along))) = (&self.socket, self.waiting.front()) {
            match send(socket, record, along) {
                Ok(()) => {
                    self.waiting.pop_front();
                    self.patience = PATIENCE;
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    self.full = true;
                    return;
                }
                // As many descriptors are under way as the system allows: tried again with the next news.
                Err(Errno::ETOOMANYREFS | Errno::ENOBUFS | Errno::ENOMEM) => return,
                // The end of it is noticed by `lost`.
                Err(_) => {
                    self.waiting.clear();
                    return;
                }
            }
        }
    }

    /// Waits until everything is told, but not for ever.
    pub(in crate::process) fn wait_until_told(&mut self) {
        self.flush();
        while let (Some(socket), true, false) = (&self.socket, self.full, self.patience.is_zero()) {
            let begun = Instant::now();
            let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
            let timeout = PollTimeout::try_from(self.patience).unwrap_or(PollTimeout::ZERO);
            let writable = poll(&mut fds, timeout);
            self.patience = self.patience.saturating_sub(begun.elapsed());
            if writable == Ok(0) {
                self.patience = Duration::ZERO;
            }
            self.flush();
        }
    }

    /// What to wait on: the end of the guardian, and room in the socket when something waits for it.
    pub(in crate::process) fn interest(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let socket = self.socket.as_ref()?;
        let mut flags = PollFlags::POLLIN;
        flags.set(PollFlags::POLLOUT, self.full);
        Some((socket.as_fd(), flags))
    }

    /// Whether the guardian has gone; true once.
    pub(in crate::process) fn lost(&mut self) -> bool {
        let Some(socket) = &self.socket else {
            return false;
        };
        // It never says anything.
        let read = recv(socket.as_raw_fd(), &mut [0; 1], MsgFlags::MSG_DONTWAIT);
        if matches!(read, Err(Errno::EAGAIN | Errno::EINTR)) {
            return false;
        }
        *self = Self::default();
        true
    }
}

fn send(socket: &OwnedFd, record: &Record, along: &[OwnedFd]) -> Result<(), Errno> {
    let fds: Vec<RawFd> = along.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    let control: &[ControlMessage<'_>] = if fds.is_empty() { &[] } else { &rights };
    let flags = MsgFlags::from_bits_retain(os::SEND_FLAGS);
    let bytes = [IoSlice::new(record.bytes())];
    sendmsg::<()>(socket.as_raw_fd(), &bytes, control, flags, None).map(drop)
}
