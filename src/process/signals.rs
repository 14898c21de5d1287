//! The signals that end the session: SIGINT, SIGTERM, SIGHUP and SIGQUIT, each request counted once.
//!
//! When a service manager signals the whole tree, the signal reaches the server twice: directly, and forwarded
//! by the guardian. The second is an echo of the first, not a second request, which would end the grace of the
//! services.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;

use super::system::prepare::hangup_is_ignored;
use super::system::waker::{Source, Waker, take_sources};

/// The signals that end the session.
pub(super) const REQUESTS: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// Wakes on the signals that end the session; SIGHUP stays ignored if it was (`nohup`).
pub(super) fn wake_on_requests(waker: &'static Waker) -> Result<(), Errno> {
    let ignored = |signal| signal == Signal::SIGHUP && hangup_is_ignored();
    let signals = REQUESTS.into_iter().filter(|&signal| !ignored(signal));
    waker.wake_on(&signals.collect::<Vec<_>>())
}

/// The same signal from the other source within this time is an echo. Forwarding takes microseconds, much more
/// on a busy machine, and no person is as fast. (The kernel may merge the two into one; then a real second
/// request within this time is taken for the echo.)
pub(super) const ECHO: Duration = Duration::from_millis(250);

/// How a session is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// In order, with grace; asked again, at once.
    ToEnd,
    /// At once (SIGQUIT).
    ToEndAtOnce,
}

/// Catches the signals that end a session. Its descriptor (a pipe) becomes readable when one has come.
#[derive(Debug)]
pub struct EndSignals {
    waker: &'static Waker,
    echoes: Echoes,
}

impl EndSignals {
    /// Installs the handlers, once a process; SIGHUP stays ignored if it was.
    ///
    /// # Errors
    /// When the system refuses a pipe or a signal.
    pub fn install() -> io::Result<Self> {
        let waker = Box::leak(Box::new(Waker::new()?));
        wake_on_requests(waker)?;
        Ok(Self {
            waker,
            echoes: Echoes::default(),
        })
    }

    /// The requests since the last call. Never waits.
    pub fn take(&mut self) -> Vec<Ask> {
        self.waker.clear();
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
        self.waker.as_fd()
    }
}

/// Catches signals that ask this process to end. Its descriptor (a pipe) becomes readable when one has come.
#[derive(Debug)]
pub struct Interrupts {
    waker: &'static Waker,
}

impl Interrupts {
    /// Installs handlers for those of the signals that end a session that have these numbers, once a process.
    ///
    /// # Errors
    /// When the system refuses a pipe or a signal.
    pub fn install(numbers: &[i32]) -> io::Result<Self> {
        let waker: &'static Waker = Box::leak(Box::new(Waker::new()?));
        let wanted = REQUESTS.into_iter();
        let wanted = wanted.filter(|&signal| numbers.contains(&(signal as i32)));
        waker.wake_on(&wanted.collect::<Vec<_>>())?;
        Ok(Self { waker })
    }

    /// The numbers of the signals since the last call. Never waits.
    pub fn take(&mut self) -> Vec<i32> {
        self.waker.clear();
        let caught = REQUESTS.into_iter().zip(take_sources(REQUESTS));
        let numbers = caught.flat_map(|(signal, sources)| {
            let sources = sources.into_iter().flatten();
            sources.map(move |_| signal as i32)
        });
        numbers.collect()
    }
}

impl AsFd for Interrupts {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }
}

/// Distinguishes requests from their echoes.
#[derive(Debug, Default)]
pub(crate) struct Echoes {
    /// The last request by each signal that has had no echo yet.
    last: [Option<(Instant, Source)>; REQUESTS.len()],
}

impl Echoes {
    /// The requests since the last call, without echoes.
    pub(crate) fn requests(&mut self, now: Instant) -> Vec<Signal> {
        let mut requests = Vec::new();
        for (at, (signal, sources)) in REQUESTS.into_iter().zip(take_sources(REQUESTS)).enumerate()
        {
            for source in sources.into_iter().flatten() {
                if !self.is_echo(at, source, now) {
                    requests.push(signal);
                }
            }
        }
        requests
    }

    fn is_echo(&mut self, signal: usize, source: Source, now: Instant) -> bool {
        let last = &mut self.last[signal];
        let forwarded = |source| source == Source::Parent;
        let echo =
            last.is_some_and(|(then, by)| forwarded(by) != forwarded(source) && now - then < ECHO);
        *last = (!echo).then_some((now, source));
        echo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_from_the_other_source_is_an_echo_once() {
        let mut echoes = Echoes::default();
        let start = Instant::now();
        let mut at =
            |millis, source| echoes.is_echo(1, source, start + Duration::from_millis(millis));
        assert!(!at(0, Source::Direct));
        assert!(at(5, Source::Parent));
        assert!(!at(6, Source::Parent), "a second request");
        assert!(at(200, Source::Direct));
        assert!(!at(201, Source::Direct));
        assert!(!at(202, Source::Direct), "twice from the same source");
        assert!(!at(500, Source::Parent), "long after");
        assert!(at(501, Source::Kernel));
        assert!(!at(502, Source::Kernel));
        assert!(!at(503, Source::Direct), "nobody forwards it");
    }

    #[test]
    fn different_signals_are_different_requests() {
        let mut echoes = Echoes::default();
        let now = Instant::now();
        assert!(!echoes.is_echo(0, Source::Direct, now));
        assert!(!echoes.is_echo(1, Source::Parent, now));
    }
}
