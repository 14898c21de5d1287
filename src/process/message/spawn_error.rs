//! Why a command does not run, in words that say what to do.

use std::path::PathBuf;

use nix::errno::Errno;

/// Why a command does not run. Each message stands after something like `cannot start`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// No such program in the service's own `PATH`.
    #[error(
        "command `{program}` was not found: install it or correct the command (searched PATH: {path})"
    )]
    NotFound {
        /// As written.
        program: String,
        /// The `PATH` that was searched.
        path: String,
    },
    /// A command with a slash that names nothing.
    #[error(
        "command `{program}` does not exist: a command with a slash is looked for in {cwd}, the service's working directory"
    )]
    NoSuchFile {
        /// As written.
        program: String,
        /// What a relative one is relative to.
        cwd: PathBuf,
    },
    /// It is there and may not be executed.
    #[error(
        "{program} may not be executed: `chmod +x` it, or check the permissions of its directories"
    )]
    NotExecutable {
        /// What was found.
        program: PathBuf,
    },
    /// The kernel does not know what to do with it.
    #[error(
        "{program} is not a program this system can run: a script needs a first line such as `#!/bin/sh`, a binary must be built for this machine"
    )]
    NotAProgram {
        /// What was found.
        program: PathBuf,
    },
    /// The file exists, what its first line or its header asks for does not.
    #[error(
        "{program} exists, but the interpreter it names does not: check its first line (`#!…`), or the loader it was linked for"
    )]
    NoInterpreter {
        /// What was found.
        program: PathBuf,
    },
    /// Somebody is writing it.
    #[error("{program} is being written to: wait until the build that makes it has ended")]
    Busy {
        /// What was found.
        program: PathBuf,
    },
    /// The working directory is missing or may not be entered.
    #[error("working directory {cwd} cannot be entered: {errno}: create it or correct `cwd`", errno = .errno.desc())]
    Cwd {
        /// The directory.
        cwd: PathBuf,
        /// What the system said.
        errno: Errno,
    },
    /// Arguments and environment are more than the kernel passes on.
    #[error(
        "arguments and environment are too large for the system: shorten `cmd`, `env` or `envFile`"
    )]
    TooLarge,
    /// The limit on processes is reached.
    #[error(
        "no more processes can be started: end some, or raise the limit (`ulimit -u`, or the pids limit of the container)"
    )]
    NoProcesses,
    /// The limit on open files is reached.
    #[error("too many open files: raise the limit (`ulimit -n`)")]
    NoDescriptors,
    /// There is no memory for another process.
    #[error("there is no memory for another process: end something else first")]
    NoMemory,
    /// No command at all.
    #[error("the command is empty: `cmd` needs at least the name of a program")]
    Empty,
    /// A NUL byte where the system takes none.
    #[error("{place} contains a NUL byte, which no program can be given: remove it")]
    Nul {
        /// Where it is.
        place: &'static str,
    },
    /// The session is ending.
    #[error("the session is ending: nothing is started any more")]
    Ending,
    /// Anything else, in the system's words.
    #[error("{program} cannot be started: {errno}", errno = .errno.desc())]
    Other {
        /// As written or found.
        program: String,
        /// What the system said.
        errno: Errno,
    },
}
