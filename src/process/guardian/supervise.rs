//! The guardian while the server runs: it forwards signals, keeps the session up to date, and sleeps.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};

use super::session::{Channel, KnownSession};
use crate::process::message::End;
use crate::process::signals::{Echoes, REQUESTS, wake_on_requests};
use crate::process::system::pid;
use crate::process::system::prepare::set_blocked;
use crate::process::system::wait::{ChildState, exited_child, peek, reap};
use crate::process::system::waker::{Waker, take_caught};

/// Blocks or unblocks the signals that the guardian handles.
pub(super) fn block_signals(blocked: bool) -> io::Result<()> {
    set_blocked(&[&REQUESTS[..], &[Signal::SIGCHLD]].concat(), blocked)
}

/// A child that is waited for, and to which requests to end are forwarded.
#[derive(Debug)]
pub(super) struct Supervised {
    child: u32,
    pub(super) waker: &'static Waker,
    /// A proxy above the guardian may forward what is sent to both.
    echoes: Echoes,
    forwarded: Vec<Signal>,
}

impl Supervised {
    /// Installs the handlers, and unblocks the signals.
    pub(super) fn new(child: u32, waker: Waker) -> io::Result<Self> {
        let waker: &'static Waker = Box::leak(Box::new(waker));
        wake_on_requests(waker)?;
        waker.wake_on(&[Signal::SIGCHLD])?;
        block_signals(false)?;
        Ok(Self {
            child,
            waker,
            echoes: Echoes::default(),
            forwarded: Vec::new(),
        })
    }

    /// Waits until the child has exited, without reaping it. Meanwhile the session is updated from its socket.
    pub(super) fn wait(&mut self, mut session: Option<(&mut KnownSession, &OwnedFd)>) -> End {
        let mut open = true;
        loop {
            if let Some((session, socket)) = &mut session {
                open = session.read(socket) == Channel::Open;
            }
            self.forward();
            match peek(self.child) {
                ChildState::Running => {}
                ChildState::Ended(end) => return end,
                // A bug: nobody else reaps it.
                ChildState::NotAChild => return End::Code(1),
            }
            if let Some((session, socket)) = &mut session
                && take_caught([Signal::SIGCHLD])
            {
                self.reap_strangers(session, socket);
            }
            let mut fds = vec![PollFd::new(self.waker.as_fd(), PollFlags::POLLIN)];
            if let Some((_, socket)) = session.as_ref().filter(|_| open) {
                fds.push(PollFd::new(socket.as_fd(), PollFlags::POLLIN));
            }
            let _ = poll(&mut fds, PollTimeout::NONE);
            self.waker.clear();
        }
    }

    /// As the first process of a container the guardian adopts orphans that are not the server's. When the server
    /// ends, its leaders are adopted too; those are not reaped here.
    fn reap_strangers(&self, session: &mut KnownSession, socket: &OwnedFd) {
        while let Some(dead) = exited_child().filter(|&dead| dead != self.child) {
            // A leader sends its pid before it can exit.
            let _ = session.read(socket);
            if session.leads(dead) {
                return;
            }
            let _ = reap(dead);
            if peek(self.child) != ChildState::Running {
                // From here on they are the server's, and may come faster than they are reaped.
                return;
            }
        }
    }

    fn forward(&mut self) {
        for signal in self.echoes.requests(Instant::now()) {
            // It is not reaped, so that its pid is not reused.
            let _ = kill(pid(self.child), signal);
            if !self.forwarded.contains(&signal) {
                self.forwarded.push(signal);
            }
        }
    }

    /// Whether the child was ended by a forwarded signal.
    pub(super) fn was_asked(&self, end: End) -> bool {
        self.forwarded
            .iter()
            .any(|&signal| end == End::Signal(signal as i32))
    }

    /// Reaps the child, which has exited.
    pub(super) fn reap(&self) {
        let _ = reap(self.child);
    }
}
