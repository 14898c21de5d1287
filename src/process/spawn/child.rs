//! What a new process needs, laid out before it exists: between fork and exec nothing may allocate, lock
//! or panic.

use std::os::fd::RawFd;
use std::ptr;

use nix::errno::Errno;
use nix::libc::{self, c_char, c_int, rlimit};

use super::command::Command;
use super::guardian::Record;
use super::os;

/// Strings as `execve` wants them.
pub(super) struct Strings {
    /// Keeps alive what the pointers point to.
    _bytes: Vec<u8>,
    /// One for each string, then null.
    pointers: Vec<*const c_char>,
}

// SAFETY: the pointers point into what it owns, and nothing is changed through them.
unsafe impl Send for Strings {}

impl Strings {
    /// `None` when one of them has a NUL in it.
    pub(super) fn new<'a>(strings: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
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
        // Only now the bytes stay where they are.
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
pub(super) struct Image {
    /// What it becomes, and where.
    pub(super) command: Command,
    /// What become descriptors 0, 1 and 2; all of them above 2.
    pub(super) stdio: [RawFd; 3],
    /// The limit on open files that we were started with.
    pub(super) open_files: Option<rlimit>,
    /// See [`super::mark`].
    pub(super) mark: Option<u64>,
    /// How the child tells the guardian its pid.
    pub(super) hello: Option<Hello>,
}

/// A message that is complete but for the pid.
pub(super) struct Hello {
    pub(super) socket: RawFd,
    pub(super) record: Record,
    /// Set by the child when it was told. (Where the child does not share our memory it stays unset, and
    /// the guardian is told twice, which does no harm.)
    pub(super) told: bool,
}

/// What did not work in the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Making it.
    Fork,
    /// Its descriptors.
    Stdio,
    /// Entering its working directory.
    Directory,
    /// Becoming the program.
    Exec,
}

/// Why there is no process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) step: Step,
    pub(super) errno: Errno,
}

/// The one past the last signal of the system.
const SIGNALS: c_int = 65;

/// Becomes the program; returns only when that failed, and then the process must end.
///
/// # Safety
/// To be called in a fresh child with all signals blocked. It only does what is allowed between fork
/// and exec, also when the memory is shared with the parent, which then must not run meanwhile.
pub(super) unsafe fn become_program(image: &mut Image) -> Failure {
    // SAFETY: async-signal-safe calls on memory that `image` owns; what fails and matters is reported.
    unsafe {
        // First of all, so that nothing runs that the guardian has not been told of. If its mailbox is
        // full, the server tells it later.
        if let Some(hello) = &mut image.hello {
            hello.record.set_pid(libc::getpid().cast_unsigned());
            let bytes = hello.record.bytes();
            let sent = libc::send(
                hello.socket,
                bytes.as_ptr().cast(),
                bytes.len(),
                os::SEND_FLAGS,
            );
            hello.told = sent != -1;
        }
        if let Some(mark) = image.mark {
            mark_limit(mark);
        }
        libc::setsid();
        for signal in 1..SIGNALS {
            os::take_default_action(signal);
        }
        if let Some(limit) = &image.open_files {
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const *limit);
        }
        for (to, from) in (0..).zip(image.stdio) {
            if libc::dup2(from, to) == -1 {
                return failure(Step::Stdio);
            }
        }
        if libc::chdir(image.command.cwd.as_ptr()) == -1 {
            return failure(Step::Directory);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        libc::execve(
            image.command.program.as_ptr(),
            image.command.argv.pointers.as_ptr(),
            image.command.env.pointers.as_ptr(),
        );
        failure(Step::Exec)
    }
}

/// Sets the soft limit only, and only where the hard one has room for it.
#[cfg(target_os = "linux")]
unsafe fn mark_limit(mark: u64) {
    // SAFETY: the structure is ours.
    unsafe {
        let mut limit: rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_LOCKS, &raw mut limit) == 0 && limit.rlim_max >= mark {
            limit.rlim_cur = mark;
            libc::setrlimit(libc::RLIMIT_LOCKS, &raw const limit);
        }
    }
}

#[cfg(not(target_os = "linux"))]
unsafe fn mark_limit(_: u64) {}

fn failure(step: Step) -> Failure {
    Failure {
        step,
        errno: Errno::last(),
    }
}
