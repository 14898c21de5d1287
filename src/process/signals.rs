//! What asks the session to end: SIGINT, SIGTERM, SIGHUP and SIGQUIT, each request counted once.
//!
//! A `kill` of the whole tree, as service managers do it, reaches the server twice: directly, and through the
//! guardian, which passes on what it gets. The second of the two is an echo of the first, not a second request,
//! which would take the grace away from the services.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::bell::{Bell, Way, ways_of};
use super::hangup_ignored;

/// What asks the session to end.
pub(super) const REQUESTS: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// The same signal by the other way within this time is an echo. Passing one on takes microseconds, on a
/// machine that is short of everything a good deal more; and nobody who means it twice is as fast. (The system
/// may merge the two into one, so that what is within this time after it may be taken for its echo.)
const ECHO: Duration = Duration::from_millis(250);

/// How a session is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// In its own time; asked once more, at once.
    ToEnd,
    /// At once (SIGQUIT).
    ToEndAtOnce,
}

/// The signals that end a session, from the moment this is made. Its descriptor (a pipe) becomes readable
/// when one has come.
#[derive(Debug)]
pub struct EndSignals {
    bell: &'static Bell,
    echoes: Echoes,
}

impl EndSignals {
    /// Takes them over, once a process; SIGHUP stays ignored if it was (`nohup`).
    ///
    /// # Errors
    /// When the system refuses a pipe or a signal.
    pub fn install() -> io::Result<Self> {
        // The handler writes to it for as long as the process lives.
        let bell: &'static Bell = Box::leak(Box::new(Bell::new()?));
        let mut signals = vec![Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT];
        if !hangup_ignored() {
            signals.push(Signal::SIGHUP);
        }
        bell.ring_on(&signals)?;
        Ok(Self {
            bell,
            echoes: Echoes::default(),
        })
    }

    /// What has been asked for since the last call. Never waits.
    pub fn take(&mut self) -> Vec<Ask> {
        self.bell.hush();
        self.echoes
            .requests(Instant::now())
            .into_iter()
            .map(|signal| match signal {
                Signal::SIGQUIT => Ask::ToEndAtOnce,
                _ => Ask::ToEnd,
            })
            .collect()
    }
}

impl AsFd for EndSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

/// Tells requests from their echoes.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    /// The last request of each signal that has had no echo yet.
    last: [Option<(Instant, Way)>; REQUESTS.len()],
}

impl Echoes {
    /// The requests that have come, without echoes.
    pub(super) fn requests(&mut self, now: Instant) -> Vec<Signal> {
        let mut requests = Vec::new();
        for (at, (signal, ways)) in REQUESTS.into_iter().zip(ways_of(REQUESTS)).enumerate() {
            for way in ways.iter() {
                if !self.is_echo(at, way, now) {
                    requests.push(signal);
                }
            }
        }
        requests
    }

    fn is_echo(&mut self, signal: usize, way: Way, now: Instant) -> bool {
        let last = &mut self.last[signal];
        let echo = last.is_some_and(|(then, by)| by != way && now - then < ECHO);
        *last = (!echo).then_some((now, way));
        echo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_by_the_other_way_is_an_echo_once() {
        let mut echoes = Echoes::default();
        let start = Instant::now();
        let mut at = |millis, way| echoes.is_echo(1, way, start + Duration::from_millis(millis));
        assert!(!at(0, Way::Direct));
        assert!(at(5, Way::FromParent));
        assert!(!at(6, Way::FromParent), "a second request");
        assert!(at(200, Way::Direct));
        assert!(!at(201, Way::Direct));
        assert!(!at(202, Way::Direct), "twice by the same way");
        assert!(!at(500, Way::FromParent), "long after");
    }

    #[test]
    fn different_signals_are_different_requests() {
        let mut echoes = Echoes::default();
        let now = Instant::now();
        assert!(!echoes.is_echo(0, Way::Direct, now));
        assert!(!echoes.is_echo(1, Way::FromParent, now));
    }
}
