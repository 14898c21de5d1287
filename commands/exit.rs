//! Exit codes (docs/cli.md, Exit codes), the same for every subcommand.
//!
//! `run` exits with the code of its command; to distinguish its own failures from those, it
//! follows `env`, `nohup` and `timeout`: 125, 126 and 127.

use std::process::ExitCode;

/// The exit code of the process.
/// The greater is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exit(u8);

impl Exit {
    /// Everything that was asked for is done. A reader that went away early is no failure.
    pub(crate) const SUCCESS: Self = Self(0);
    /// The command line and the configuration are fine, but doing it failed: an address in use, a
    /// directory that cannot be written, a service that could not be stopped; for `validate`:
    /// problems were found.
    pub(crate) const FAILURE: Self = Self(1);
    /// Nothing was tried, because the command line or the configuration is wrong or unreadable.
    pub(crate) const USAGE: Self = Self(2);
    /// There is no session to talk to: none runs, or the server that is there is of another kind or
    /// version, or wants another token.
    pub(crate) const NO_SESSION: Self = Self(3);
    /// What was waited for did not come within `--timeout`; as `timeout` of coreutils.
    pub(crate) const TIMEOUT: Self = Self(124);

    /// Nothing was run, because the stack did not come up, or `FlowLayer` failed in another way; as
    /// `env`.
    pub(crate) const NOT_RUN: Self = Self(125);
    /// The command to run was found and cannot be executed; as `env`.
    pub(crate) const NOT_EXECUTABLE: Self = Self(126);
    /// The command to run is not found; as `env`.
    pub(crate) const NOT_FOUND: Self = Self(127);

    /// What a shell makes of a process that a signal has ended.
    pub(crate) fn of_signal(number: i32) -> Self {
        Self(u8::try_from(128 + number).unwrap_or(u8::MAX))
    }

    /// The code another process has ended with.
    pub(crate) const fn of(code: u8) -> Self {
        Self(code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
