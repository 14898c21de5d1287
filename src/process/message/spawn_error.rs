//! Why a command does not run.

use std::fmt;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::facts::StartProblem;

/// Why a command does not run. Displays as its [`StartProblem`] does: what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpawnError {
    /// No such program in the service's own `PATH`.
    NotFound {
        /// As written.
        program: String,
        /// The `PATH` that was searched.
        path: String,
    },
    /// A command with a slash that names nothing.
    NoSuchFile {
        /// As written.
        program: String,
        /// What a relative one is relative to.
        cwd: PathBuf,
    },
    /// It is there and may not be executed.
    NotExecutable {
        /// What was found.
        program: PathBuf,
    },
    /// The kernel does not know what to do with it.
    NotAProgram {
        /// What was found.
        program: PathBuf,
    },
    /// The file exists, what its first line or its header asks for does not.
    NoInterpreter {
        /// What was found.
        program: PathBuf,
    },
    /// Somebody is writing it.
    Busy {
        /// What was found.
        program: PathBuf,
    },
    /// The working directory is missing or may not be entered.
    Cwd {
        /// The directory.
        cwd: PathBuf,
        /// What the system said.
        errno: Errno,
    },
    /// Arguments and environment are more than the kernel passes on.
    TooLarge,
    /// The limit on processes is reached.
    NoProcesses,
    /// The limit on open files is reached.
    NoDescriptors,
    /// There is no memory for another process.
    NoMemory,
    /// No command at all.
    Empty,
    /// A NUL byte where the system takes none.
    Nul {
        /// Where it is.
        place: &'static str,
    },
    /// The session is ending.
    Ending,
    /// Anything else, in the system's words.
    Other {
        /// As written or found.
        program: String,
        /// What the system said.
        errno: Errno,
    },
}

impl From<SpawnError> for StartProblem {
    fn from(error: SpawnError) -> Self {
        let not_executable = |path, error: &str| Self::NotExecutable {
            path,
            error: error.to_owned(),
        };
        let system = |error: &str| Self::System {
            error: error.to_owned(),
        };
        match error {
            SpawnError::NotFound { program, path } => Self::NotFound {
                name: program,
                searched: path,
            },
            SpawnError::NoSuchFile { program, cwd } => Self::NotFound {
                name: program,
                searched: cwd.display().to_string(),
            },
            SpawnError::NotExecutable { program } => not_executable(
                program,
                "may not be executed: `chmod +x` it, or check the permissions of its directories",
            ),
            SpawnError::NotAProgram { program } => not_executable(
                program,
                "is not a program this system can run: a script needs a first line such as `#!/bin/sh`, a binary must be built for this machine",
            ),
            SpawnError::NoInterpreter { program } => not_executable(
                program,
                "exists, but the interpreter it names does not: check its first line (`#!…`), or the loader it was linked for",
            ),
            SpawnError::Busy { program } => not_executable(
                program,
                "is being written to: wait until the build that makes it has ended",
            ),
            SpawnError::Cwd { cwd, errno } => Self::Cwd {
                path: cwd,
                error: errno.desc().to_owned(),
            },
            SpawnError::TooLarge => system(
                "arguments and environment are too large for the system: shorten `cmd`, `env` or `envFile`",
            ),
            SpawnError::NoProcesses => system(
                "no more processes can be started: end some, or raise the limit (`ulimit -u`, or the pids limit of the container)",
            ),
            SpawnError::NoDescriptors => {
                system("too many open files: raise the limit (`ulimit -n`)")
            }
            SpawnError::NoMemory => {
                system("there is no memory for another process: end something else first")
            }
            SpawnError::Empty => {
                system("the command is empty: `cmd` needs at least the name of a program")
            }
            SpawnError::Nul { place } => system(&format!(
                "{place} contains a NUL byte, which no program can be given: remove it"
            )),
            SpawnError::Ending => system("the session is ending: nothing is started any more"),
            SpawnError::Other { program, errno } => {
                system(&format!("{program} cannot be started: {}", errno.desc()))
            }
        }
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        StartProblem::from(self.clone()).fmt(f)
    }
}

impl std::error::Error for SpawnError {}
