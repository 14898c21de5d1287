//! The guardian while the server lives: it passes signals on, keeps the ledger, and otherwise sleeps.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};

use super::ledger::{Ledger, Mail};
use crate::process::bell::{Bell, caught_of};
use crate::process::prepare::{ignored, set_blocked};
use crate::process::signals::{Echoes, REQUESTS};
use crate::process::wait::{Waited, any_dead, peek, reap};
use crate::process::{End, pid};

/// Signals that wait until there is somebody to take them.
pub(super) fn hold_signals(hold: bool) -> io::Result<()> {
    set_blocked(&[&REQUESTS[..], &[Signal::SIGCHLD]].concat(), hold)
}

/// A child that is watched, and to which requests to end are passed on.
#[derive(Debug)]
pub(super) struct Charge {
    child: u32,
    pub(super) bell: &'static Bell,
    /// Somebody may stand in for the guardian, and pass on what is sent to both.
    echoes: Echoes,
    passed_on: Vec<Signal>,
}

impl Charge {
    /// Begins to take signals for a child.
    pub(super) fn new(child: u32, bell: Bell) -> io::Result<Self> {
        // It is written to by a handler for as long as the process lives.
        let bell: &'static Bell = Box::leak(Box::new(bell));
        let mut signals = vec![
            Signal::SIGINT,
            Signal::SIGTERM,
            Signal::SIGQUIT,
            Signal::SIGCHLD,
        ];
        if !ignored(Signal::SIGHUP) {
            signals.push(Signal::SIGHUP);
        }
        bell.ring_on(&signals)?;
        hold_signals(false)?;
        Ok(Self {
            child,
            bell,
            echoes: Echoes::default(),
            passed_on: Vec::new(),
        })
    }

    /// Waits until the child has ended, without reaping it. `ledger` and its socket are read meanwhile.
    pub(super) fn watch(&mut self, mut ledger: Option<(&mut Ledger, &OwnedFd)>) -> End {
        let mut open = true;
        loop {
            if let Some((ledger, socket)) = &mut ledger {
                open = ledger.read(socket) == Mail::Open;
            }
            self.pass_on();
            match peek(self.child) {
                Waited::Alive => {}
                Waited::Ended(end) => return end,
                // It cannot be: nobody else reaps it.
                Waited::NotOurs => return End::Code(1),
            }
            if let Some((ledger, socket)) = &mut ledger
                && caught_of([Signal::SIGCHLD]) == [true]
            {
                self.reap_strangers(ledger, socket);
            }
            let mut fds = vec![PollFd::new(self.bell.as_fd(), PollFlags::POLLIN)];
            if let Some((_, socket)) = ledger.as_ref().filter(|_| open) {
                fds.push(PollFd::new(socket.as_fd(), PollFlags::POLLIN));
            }
            let _ = poll(&mut fds, PollTimeout::NONE);
            self.bell.hush();
        }
    }

    /// As the first process of a container the guardian is left with orphans that are not the server's.
    /// When the server ends, its leaders come to the guardian too; those are not to be touched here.
    fn reap_strangers(&self, ledger: &mut Ledger, socket: &OwnedFd) {
        while let Some(dead) = any_dead().filter(|&dead| dead != self.child) {
            // A leader tells of itself before it can end.
            let _ = ledger.read(socket);
            if ledger.leads(dead) {
                return;
            }
            let _ = reap(dead);
        }
    }

    fn pass_on(&mut self) {
        for signal in self.echoes.requests(Instant::now()) {
            // It is not reaped, so that its pid is its own.
            let _ = kill(pid(self.child), signal);
            if !self.passed_on.contains(&signal) {
                self.passed_on.push(signal);
            }
        }
    }

    /// Whether the child was asked to end in the way it ended.
    pub(super) fn was_asked(&self, end: End) -> bool {
        self.passed_on
            .iter()
            .any(|&signal| end == End::Signal(signal as i32))
    }

    /// Reaps the child, which has ended.
    pub(super) fn bury(&self) {
        let _ = reap(self.child);
    }
}
