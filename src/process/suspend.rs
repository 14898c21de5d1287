//! Stopping ourselves, for job control.

use std::io;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Stops this job, as `^Z` does while the terminal is not in raw mode: this process, and what was
/// started together with it in the foreground. To be called on the main thread: then it returns when
/// the shell continues the job; at once where no shell could (POSIX: such a group is orphaned, and the
/// system drops the signal).
///
/// # Errors
/// What the system says.
pub fn suspend_job() -> io::Result<()> {
    // The main thread takes it before the call returns to it. Sent once more, to be sure, it would
    // stop us again after we were continued.
    kill(Pid::from_raw(0), Signal::SIGTSTP)?;
    Ok(())
}
