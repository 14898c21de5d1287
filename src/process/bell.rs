//! What wakes a loop that waits on descriptors: other threads, and signals.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::{self, c_int};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::os;

/// Where the handler writes; -1 as long as nobody listens. A handler can reach nothing but a global.
static LISTENER: AtomicI32 = AtomicI32::new(-1);
/// The signals that came since they were last asked for, one bit each.
static CAUGHT: AtomicU64 = AtomicU64::new(0);

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
        LISTENER.store(self.write.as_raw_fd(), Ordering::SeqCst);
        let action = SigAction::new(
            SigHandler::Handler(caught),
            SaFlags::SA_RESTART | SaFlags::SA_NOCLDSTOP,
            SigSet::empty(),
        );
        for &signal in signals {
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
    let mask = signals
        .iter()
        .fold(0, |mask, &signal| mask | bit(signal as c_int));
    let caught = CAUGHT.fetch_and(!mask, Ordering::SeqCst);
    signals.map(|signal| caught & bit(signal as c_int) != 0)
}

const fn bit(signal: c_int) -> u64 {
    1 << (signal.cast_unsigned() % 64)
}

extern "C" fn caught(signal: c_int) {
    let errno = Errno::last();
    CAUGHT.fetch_or(bit(signal), Ordering::SeqCst);
    // SAFETY: a write to a descriptor that stays open (see `ring_on`), or to -1.
    unsafe { libc::write(LISTENER.load(Ordering::SeqCst), b"!".as_ptr().cast(), 1) };
    errno.set();
}
