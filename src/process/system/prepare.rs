//! Prepares this process for starting others: subreaper, file limit, signal dispositions.

use std::io;
use std::sync::OnceLock;

use nix::libc::{self, c_int, rlimit};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, pthread_sigmask, sigaction,
};

use super::{become_subreaper, close_inherited_on_exec, ignore_more_signals};

/// The highest file limit we ask for; some systems allow a billion, and some of our tables grow with it.
const OPEN_FILES: u64 = 1 << 20;

/// Signals we have no use for and whose default action is to terminate. Sent to server and guardian at once
/// (`killall -USR1`) they would leave nobody to take the stack down. SIGXFSZ is the size limit of a log file
/// (`ulimit -f`): handled as a failing disk.
const UNEXPECTED: [Signal; 9] = [
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGSYS,
    Signal::SIGTRAP,
];

/// The limit on open files that this process inherited.
static INHERITED_OPEN_FILES: OnceLock<rlimit> = OnceLock::new();

/// Prepares this process, once: it becomes the reaper of orphans below it, raises its file limit, marks
/// inherited descriptors close-on-exec, and may write to its terminal from the background. Returns the limit on
/// open files that it inherited, for its children.
pub(crate) fn prepare() -> io::Result<rlimit> {
    if let Some(open_files) = INHERITED_OPEN_FILES.get() {
        return Ok(*open_files);
    }
    become_subreaper()?;
    close_inherited_on_exec()?;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = hard.min(OPEN_FILES).max(soft);
    // If refused, fewer services fit; the start that does not reports it.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard);
    set_action(Signal::SIGTTOU, SigHandler::SigIgn)?;
    for signal in UNEXPECTED {
        set_action(signal, SigHandler::SigIgn)?;
    }
    ignore_more_signals();
    if ignored(Signal::SIGCHLD) {
        // The kernel would reap our children before we know how they ended.
        set_action(Signal::SIGCHLD, SigHandler::SigDfl)?;
    }
    Ok(*INHERITED_OPEN_FILES.get_or_init(|| rlimit {
        rlim_cur: soft,
        rlim_max: hard,
    }))
}

/// Blocks or unblocks these signals in this thread.
pub(crate) fn set_blocked(signals: &[Signal], blocked: bool) -> io::Result<()> {
    let set: SigSet = signals.iter().copied().collect();
    let how = if blocked {
        SigmaskHow::SIG_BLOCK
    } else {
        SigmaskHow::SIG_UNBLOCK
    };
    Ok(pthread_sigmask(how, Some(&set), None)?)
}

pub(crate) fn set_action(signal: Signal, handler: SigHandler) -> io::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: callers pass the default action or none, so no code of ours runs as a handler.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// Whether SIGHUP is ignored now. It changes nothing, and can be asked in a process that starts nothing itself.
pub fn hangup_is_ignored() -> bool {
    ignored(Signal::SIGHUP)
}

/// Whether a signal is ignored in this process.
pub(crate) fn ignored(signal: Signal) -> bool {
    // SAFETY: it only reads the action, into a structure that is ours.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal as c_int, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}
