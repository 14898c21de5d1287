//! Why a command of a service does not do its work.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::End;

/// Why a command cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum StartProblem {
    /// There is no such program.
    NotFound {
        /// As written.
        name: String,
        /// The `PATH` that was searched; for a name with a slash, the directory it is relative to.
        searched: String,
    },
    /// The file is there, and the system does not run it.
    NotExecutable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        error: String,
    },
    /// The working directory cannot be entered.
    Cwd {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        error: String,
    },
    /// An `envFile` cannot be read.
    EnvFile {
        /// The file.
        path: PathBuf,
        /// The line that is wrong, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<usize>,
        /// What is wrong.
        error: String,
    },
    /// The system refuses, for this reason.
    System {
        /// What is wrong and what to do.
        error: String,
    },
}

/// How a `stopCmd` failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StopCmdFailure {
    /// It took longer than this and was ended.
    TookTooLong {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// It could not be started.
    NotStarted {
        /// Why.
        error: String,
    },
    /// It ended in this way.
    Ended(End),
}
