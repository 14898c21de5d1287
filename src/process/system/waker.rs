//! What wakes a loop that waits on descriptors: other threads, and signals.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::{self, c_int, c_void};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::os;

/// Signals have numbers below this.
const NUMBERS: usize = 65;

/// Where the handler writes, by signal; -1 as long as nobody listens. A handler can reach nothing but a
/// global.
static LISTENERS: [AtomicI32; NUMBERS] = [const { AtomicI32::new(-1) }; NUMBERS];
/// The signals that came since they were last asked for, one bit each: those of the process above us, which
/// passes on what it gets, and all others.
static CAUGHT: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

/// Where a signal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From anybody: another process, the terminal, the system.
    Direct,
    /// From the process above us.
    FromParent,
}

/// A pipe that becomes readable when rung.
#[derive(Debug)]
pub(super) struct Bell {
    read: OwnedFd,
    write: OwnedFd,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let (read, write) = os::pipe()?;
        for end in [&read, &write] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self { read, write })
    }

    /// Wakes the listener. A full pipe means that it is about to wake anyway.
    pub(super) fn ring(&self) {
        let _ = nix::unistd::write(&self.write, b"!");
    }

    /// Takes back what was rung, before looking at what it was rung for.
    pub(super) fn hush(&self) {
        let mut bytes = [0; 256];
        while matches!(nix::unistd::read(&self.read, &mut bytes), Ok(len) if len == bytes.len()) {}
    }

    /// From here on these signals ring this bell (the last one that asked for it), for as long as the
    /// process lives: the bell must not be dropped.
    pub(super) fn ring_on(&self, signals: &[Signal]) -> Result<(), Errno> {
        let action = SigAction::new(
            SigHandler::SigAction(caught),
            SaFlags::SA_RESTART | SaFlags::SA_NOCLDSTOP,
            SigSet::empty(),
        );
        for &signal in signals {
            LISTENERS[signal as usize % NUMBERS].store(self.write.as_raw_fd(), Ordering::SeqCst);
            // SAFETY: the handler only touches atomics and writes to a descriptor.
            unsafe { sigaction(signal, &action) }?;
        }
        Ok(())
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

/// Which of these signals came since the last call that named them.
pub(super) fn caught_of<const N: usize>(signals: [Signal; N]) -> [bool; N] {
    ways_of(signals).map(Ways::is_some)
}

/// By which ways each of these signals came since the last call that named them. Of several by the same way
/// one is told, as the system itself does.
pub(super) fn ways_of<const N: usize>(signals: [Signal; N]) -> [Ways; N] {
    let mask = signals
        .iter()
        .fold(0, |mask, &signal| mask | bit(signal as c_int));
    let [direct, from_parent] = CAUGHT
        .each_ref()
        .map(|caught| caught.fetch_and(!mask, Ordering::SeqCst));
    signals.map(|signal| {
        let came = |caught: u64| caught & bit(signal as c_int) != 0;
        Ways {
            direct: came(direct),
            from_parent: came(from_parent),
        }
    })
}

/// By which ways a signal came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ways {
    direct: bool,
    from_parent: bool,
}

impl Ways {
    /// Whether it came at all.
    fn is_some(self) -> bool {
        self.direct || self.from_parent
    }

    /// Each of them.
    pub(super) fn iter(self) -> impl Iterator<Item = Way> {
        [
            self.direct.then_some(Way::Direct),
            self.from_parent.then_some(Way::FromParent),
        ]
        .into_iter()
        .flatten()
    }
}

const fn bit(signal: c_int) -> u64 {
    1 << (signal.cast_unsigned() % 64)
}

extern "C" fn caught(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    let errno = Errno::last();
    // SAFETY: the system passes what it knows of the signal; both calls may be made in a handler.
    let from_parent = unsafe { (*info).si_code <= 0 && (*info).si_pid() == libc::getppid() };
    CAUGHT[usize::from(from_parent)].fetch_or(bit(signal), Ordering::SeqCst);
    let listener = LISTENERS
        .get(signal.unsigned_abs() as usize)
        .map_or(-1, |listener| listener.load(Ordering::SeqCst));
    // SAFETY: a write to a descriptor that stays open (see `ring_on`), or to -1.
    unsafe { libc::write(listener, b"!".as_ptr().cast(), 1) };
    errno.set();
}
