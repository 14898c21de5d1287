//! What a process must be before it may start others.

use std::io;
use std::sync::OnceLock;

use nix::libc::{self, c_int, rlimit};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, pthread_sigmask, sigaction,
};

use super::os;

/// As many descriptors as we ask for; some systems allow a billion, and some of our own tables grow
/// with the limit.
const OPEN_FILES: u64 = 1 << 20;

/// Signals that mean nothing to us and would end who does not expect them. Sent to server and guardian at
/// once (`killall -USR1`) they would leave a stack without anybody who takes it down. SIGXFSZ is the size limit
/// of a log file (`ulimit -f`): a failing disk.
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

/// How this program was started, which we change for ourselves and not for what we start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inherited {
    /// The limit on open files.
    pub(super) open_files: rlimit,
    /// Whether SIGHUP was ignored.
    pub(super) hangup_ignored: bool,
}

static INHERITED: OnceLock<Inherited> = OnceLock::new();

/// Makes this process fit to start others, once: it becomes the reaper of orphans below it, may hold many
/// descriptors, passes on none it was given, and may write to its terminal from the background.
pub(super) fn prepare() -> io::Result<Inherited> {
    if let Some(inherited) = INHERITED.get() {
        return Ok(*inherited);
    }
    os::become_subreaper()?;
    os::close_inherited_on_exec()?;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = hard.min(OPEN_FILES).max(soft);
    // Without it there is room for fewer services, and the error comes when there is none.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard);
    let hangup_ignored = ignored(Signal::SIGHUP);
    set_action(Signal::SIGTTOU, SigHandler::SigIgn)?;
    for signal in UNEXPECTED {
        set_action(signal, SigHandler::SigIgn)?;
    }
    os::ignore_more_signals();
    if ignored(Signal::SIGCHLD) {
        // The system would reap our children before we know how they ended.
        set_action(Signal::SIGCHLD, SigHandler::SigDfl)?;
    }
    let inherited = Inherited {
        open_files: rlimit {
            rlim_cur: soft,
            rlim_max: hard,
        },
        hangup_ignored,
    };
    Ok(*INHERITED.get_or_init(|| inherited))
}

/// Lets these signals through in this thread, or keeps them waiting.
pub(super) fn set_blocked(signals: &[Signal], blocked: bool) -> io::Result<()> {
    let set: SigSet = signals.iter().copied().collect();
    let how = if blocked {
        SigmaskHow::SIG_BLOCK
    } else {
        SigmaskHow::SIG_UNBLOCK
    };
    Ok(pthread_sigmask(how, Some(&set), None)?)
}

pub(super) fn set_action(signal: Signal, handler: SigHandler) -> io::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler of ours runs: it is the default action or none.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// Whether a signal is ignored in this process.
pub(super) fn ignored(signal: Signal) -> bool {
    // SAFETY: it only reads the action, into a structure that is ours.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal as c_int, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}
