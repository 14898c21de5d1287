//! What a new process does between fork and exec, where nothing may allocate, lock or panic: all it needs is
//! prepared before.

use std::os::fd::RawFd;
use std::ptr;

use nix::errno::Errno;
use nix::libc::{self, c_char, c_int, rlimit};

use super::command::Command;
use crate::process::link::frame::Frame;
use crate::process::system;

/// A null-terminated array of C strings, as `execve` takes it.
pub(crate) struct CStringArray {
    /// What the pointers point into.
    _bytes: Vec<u8>,
    /// One a string, then null.
    pointers: Vec<*const c_char>,
}

// SAFETY: the pointers point into bytes that it owns, and nothing is written through them.
unsafe impl Send for CStringArray {}

impl CStringArray {
    /// `None` when a string contains a NUL.
    pub(crate) fn new<'a>(strings: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        for string in strings {
            if string.contains(&0) {
                return None;
            }
            starts.push(bytes.len());
            bytes.extend_from_slice(string);
            bytes.push(0);
        }
        // From here on the bytes do not move.
        let mut pointers: Vec<_> = starts
            .iter()
            .map(|&start| bytes[start..].as_ptr().cast::<c_char>())
            .collect();
        pointers.push(ptr::null());
        Some(Self {
            _bytes: bytes,
            pointers,
        })
    }
}

/// Everything the child needs.
pub(crate) struct ChildSetup {
    /// What it becomes, and where.
    pub(crate) command: Command,
    /// What becomes descriptors 0, 1 and 2; all above 2.
    pub(crate) stdio: [RawFd; 3],
    /// Whether they are a terminal that it is to be controlled by.
    pub(crate) controls_terminal: bool,
    /// The file limit that we inherited.
    pub(crate) open_files: rlimit,
    /// See `ownership/mark.rs`.
    pub(crate) mark: Option<u64>,
    /// How the child reports its pid to the guardian.
    pub(crate) pid_report: Option<PidReport>,
}

/// A frame that is complete but for the pid.
pub(crate) struct PidReport {
    pub(crate) socket: RawFd,
    pub(crate) frame: Frame,
    /// Set by the child once sent. (Where the child does not share our memory it stays unset, and the pid is
    /// sent twice, which does no harm.)
    pub(crate) sent: bool,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Making the process.
    Fork,
    /// Its descriptors.
    Stdio,
    /// Entering its working directory.
    Directory,
    /// Becoming the program.
    Exec,
}

/// Why a start failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) errno: Errno,
}

/// One past the last signal.
const SIGNALS: c_int = 65;

/// Sets the process up and execs the program; returns only on failure, and then the process must exit.
///
/// # Safety
/// To be called in a new child with all signals blocked. It only does what is allowed between fork and exec,
/// also in memory shared with the parent, which must not run meanwhile.
pub(crate) unsafe fn exec(setup: &mut ChildSetup) -> Failure {
    // SAFETY: async-signal-safe calls on memory that `setup` owns; what fails and matters is reported.
    unsafe {
        // First of all, so that nothing runs that the guardian does not know of. If the socket is full, the
        // server sends it later.
        if let Some(report) = &mut setup.pid_report {
            report.frame.set_pid(libc::getpid().cast_unsigned());
            let bytes = &report.frame.0;
            let sent = libc::send(
                report.socket,
                bytes.as_ptr().cast(),
                bytes.len(),
                system::SEND_FLAGS,
            );
            report.sent = sent != -1;
        }
        if let Some(mark) = setup.mark {
            mark_limits(mark);
        }
        libc::setsid();
        for signal in 1..SIGNALS {
            system::take_default_action(signal);
        }
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const setup.open_files);
        for (to, from) in (0..).zip(setup.stdio) {
            if libc::dup2(from, to) == -1 {
                return failure(Step::Stdio);
            }
        }
        // A session leader gets it by this alone, and its group becomes that in the foreground.
        #[allow(
            clippy::cast_lossless,
            reason = "its type is another one on every system"
        )]
        let take_terminal = libc::TIOCSCTTY as _;
        if setup.controls_terminal && libc::ioctl(0, take_terminal, 0) == -1 {
            return failure(Step::Stdio);
        }
        if libc::chdir(setup.command.cwd.as_ptr()) == -1 {
            return failure(Step::Directory);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        libc::execve(
            setup.command.program.as_ptr(),
            setup.command.argv.pointers.as_ptr(),
            setup.command.env.pointers.as_ptr(),
        );
        failure(Step::Exec)
    }
}

/// Sets the soft limits that carry the mark, where the hard ones allow it.
#[cfg(target_os = "linux")]
unsafe fn mark_limits(mark: u64) {
    for resource in [libc::RLIMIT_LOCKS, libc::RLIMIT_RSS] {
        // SAFETY: the structure is ours.
        unsafe {
            let mut limit: rlimit = std::mem::zeroed();
            if libc::getrlimit(resource, &raw mut limit) == 0 && limit.rlim_max >= mark {
                limit.rlim_cur = mark;
                libc::setrlimit(resource, &raw const limit);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
unsafe fn mark_limits(_: u64) {}

fn failure(step: Step) -> Failure {
    let errno = Errno::last();
    Failure { step, errno }
}

impl From<Errno> for Failure {
    /// The failure to make a process at all.
    fn from(errno: Errno) -> Self {
        let step = Step::Fork;
        Self { step, errno }
    }
}
