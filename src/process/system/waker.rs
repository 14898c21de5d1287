//! The self-pipe: wakes a loop that polls descriptors, from another thread or from a signal handler.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::{self, c_int, c_void};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{is_from_kernel, pipe};

/// Signal numbers are below this.
const NUMBERS: usize = 65;

/// The descriptor the handler writes to, by signal; -1 for none. A handler can only reach globals.
static LISTENERS: [AtomicI32; NUMBERS] = [const { AtomicI32::new(-1) }; NUMBERS];
/// The signals caught since they were last taken, one bit each, by source.
static CAUGHT: [AtomicU64; SOURCES.len()] = [const { AtomicU64::new(0) }; SOURCES.len()];

const SOURCES: [Source; 3] = [Source::Direct, Source::Parent, Source::Kernel];

/// Where a signal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Anybody else.
    Direct,
    /// The parent process, which forwards what it gets.
    Parent,
    /// The kernel, for a key of the terminal or its end.
    Kernel,
}

/// A pipe that becomes readable when woken.
#[derive(Debug)]
pub(crate) struct Waker {
    read: OwnedFd,
    write: OwnedFd,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = pipe()?;
        for end in [&read, &write] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self { read, write })
    }

    /// Wakes the loop. A full pipe means that it is about to wake anyway.
    pub(crate) fn wake(&self) {
        let _ = nix::unistd::write(&self.write, b"!");
    }

    /// Empties the pipe; to be called before looking at the reasons to wake.
    pub(crate) fn clear(&self) {
        let mut bytes = [0; 256];
        while matches!(nix::unistd::read(&self.read, &mut bytes), Ok(len) if len == bytes.len()) {}
    }

    /// From here on these signals wake this waker (the last one that asked for them), as long as the process
    /// lives.
    pub(crate) fn wake_on(&'static self, signals: &[Signal]) -> Result<(), Errno> {
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

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

/// Whether one of these signals was caught since they were last taken.
pub(crate) fn take_caught<const N: usize>(signals: [Signal; N]) -> bool {
    let sources = take_sources(signals);
    sources.as_flattened().iter().any(Option::is_some)
}

/// The sources of each of these signals since they were last taken. Repeats from one source count once, as in
/// the kernel.
pub(crate) fn take_sources<const N: usize>(
    signals: [Signal; N],
) -> [[Option<Source>; SOURCES.len()]; N] {
    let mask = signals
        .iter()
        .fold(0, |mask, &signal| mask | bit(signal as c_int));
    let caught = CAUGHT
        .each_ref()
        .map(|caught| caught.fetch_and(!mask, Ordering::SeqCst));
    signals.map(|signal| {
        let bit = bit(signal as c_int);
        SOURCES.map(|source| (caught[source as usize] & bit != 0).then_some(source))
    })
}

const fn bit(signal: c_int) -> u64 {
    1 << (signal.cast_unsigned() % 64)
}

extern "C" fn caught(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    let errno = Errno::last();
    // SAFETY: the system passes what it knows of the signal; both calls may be made in a handler.
    let (code, sender, parent) = unsafe { ((*info).si_code, (*info).si_pid(), libc::getppid()) };
    let source = if is_from_kernel(code, sender) {
        Source::Kernel
    } else if code <= 0 && sender == parent {
        Source::Parent
    } else {
        Source::Direct
    };
    CAUGHT[source as usize].fetch_or(bit(signal), Ordering::SeqCst);
    let listener = LISTENERS
        .get(signal.unsigned_abs() as usize)
        .map_or(-1, |listener| listener.load(Ordering::SeqCst));
    // SAFETY: a write to a descriptor that stays open (see `wake_on`), or to -1.
    unsafe { libc::write(listener, b"!".as_ptr().cast(), 1) };
    errno.set();
}
