//! Tells a signal to the whole process group from one to this process alone: they look the same to the process that
//! gets them.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, Signal, kill};
use nix::unistd::{ForkResult, fork};

use crate::process::signals::{ECHO, REQUESTS};
use crate::process::system::prepare::set_action;
use crate::process::system::wait::{await_end, reap};
use crate::process::system::{self, pid};

/// How long a signal may take to reach the rest of the group: `timeout` and service managers send it to one process
/// after the other.
const SPREAD: Duration = Duration::from_millis(50);
/// How often to look within that time.
const INTERVAL: Duration = Duration::from_millis(5);
/// How long an answer may take on a busy machine.
const LIMIT: Duration = Duration::from_millis(500);

/// Whom a signal has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This process alone.
    Alone,
    /// All of the group.
    Group,
    /// It belongs to the one before: `timeout` signals its child, and then the group with the child in it.
    Echo,
}

/// Another process of this group, which does nothing but answer whether a signal has reached it too. It ends with this
/// process, and holds none of its descriptors.
#[derive(Debug)]
pub struct Witness {
    pid: u32,
    socket: UnixStream,
    /// The last signal to the group.
    last: Option<(i32, Instant)>,
}

impl Witness {
    /// Forks it. To be called before any thread exists, and with the signals that ask to end blocked.
    ///
    /// # Errors
    /// When the system refuses a socket or a process.
    pub fn start() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(LIMIT))?;
        // SAFETY: there is one thread, so that the child may do anything.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Self {
                pid: child.as_raw().cast_unsigned(),
                socket: ours,
                last: None,
            }),
            ForkResult::Child => {
                let _ = answer(theirs);
                // SAFETY: it returns to nothing, and no code of this process runs at its exit.
                unsafe { libc::_exit(0) }
            }
        }
    }

    /// Its process id.
    pub const fn id(&self) -> u32 {
        self.pid
    }

    /// Whom the signal with this number, which has reached this process, has reached.
    pub fn reach(&mut self, number: i32) -> Reach {
        let is_echo = |(last, time): (i32, Instant)| last == number && time.elapsed() < ECHO;
        if self.last.is_some_and(is_echo) {
            return Reach::Echo;
        }
        // It may have been stopped with the group, and this process alone continued.
        let _ = kill(pid(self.pid), Signal::SIGCONT);
        let mut seen = [0];
        let asked = self.socket.write_all(&number.to_ne_bytes());
        let answered = asked.and_then(|()| self.socket.read_exact(&mut seen));
        if answered.is_err() {
            // An answer that comes too late must not be taken for the next one.
            let _ = self.socket.shutdown(Shutdown::Both);
            return Reach::Alone;
        }
        if seen == [0] {
            return Reach::Alone;
        }
        self.last = Some((number, Instant::now()));
        Reach::Group
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // It is not reaped yet: the pid is its own.
        let _ = kill(pid(self.pid), Signal::SIGKILL);
        let _ = await_end(self.pid);
        let _ = reap(self.pid);
    }
}

/// What the witness does, until the other end of the socket is closed: signals stay pending until they are asked about.
fn answer(mut socket: UnixStream) -> io::Result<()> {
    SigSet::all().thread_block()?;
    for signal in REQUESTS {
        // Some systems drop what is ignored even while it is blocked.
        set_action(signal, SigHandler::SigDfl)?;
    }
    // `pkill NAME` does not signal the group, and must not seem to.
    system::conceal_process(c"witness");
    let own = socket.as_raw_fd();
    for fd in system::open_fds()?.into_iter().chain(0..=2) {
        if fd != own {
            // SAFETY: no pointers; what this process owned before the fork is not used here.
            unsafe { libc::close(fd) };
        }
    }
    let mut number = [0; 4];
    loop {
        socket.read_exact(&mut number)?;
        let signal = Signal::try_from(i32::from_ne_bytes(number))?;
        let deadline = Instant::now() + SPREAD;
        let mut seen = take(signal);
        while !seen && Instant::now() < deadline {
            std::thread::sleep(INTERVAL);
            seen = take(signal);
        }
        socket.write_all(&[u8::from(seen)])?;
    }
}

/// Whether the signal is pending; then it is not any more.
fn take(signal: Signal) -> bool {
    let mut pending = std::mem::MaybeUninit::uninit();
    // SAFETY: the set is ours, and filled in where the call succeeds.
    let pending = unsafe {
        if libc::sigpending(pending.as_mut_ptr()) != 0 {
            return false;
        }
        SigSet::from_sigset_t_unchecked(pending.assume_init())
    };
    pending.contains(signal) && SigSet::from(signal).wait().is_ok()
}
