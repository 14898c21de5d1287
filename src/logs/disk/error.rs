//! Why the log cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

use crate::facts::shown_path;

/// The log cannot be opened; nothing has been started (docs/cli.md, Exit codes).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory does not exist and cannot be made, or is something else.
    #[error(
        "cannot create the log directory {}: {source}; change logs.dir or its permissions",
        shown_path(path)
    )]
    Directory {
        /// `logs.dir`.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another server writes there.
    #[error("the log directory {} is in use by another flowlayer server{}; stop that one or set another logs.dir", shown_path(path), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked {
        /// `logs.dir`.
        path: PathBuf,
        /// The other server, when it said.
        pid: Option<u32>,
    },
    /// One of our files cannot be used.
    #[error(
        "cannot write the log file {}: {source}; change logs.dir or the permissions",
        shown_path(path)
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that is not a plain file has the name of one of ours; we follow no links there.
    #[error(
        "cannot write the log file {}: it is not a regular file; remove it or set another logs.dir",
        shown_path(path)
    )]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The thread that writes the files could not be started.
    #[error("cannot start the thread that writes the logs: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if super::open::is_not_a_file(&source) {
            Self::NotAFile { path }
        } else {
            Self::File { path, source }
        }
    }
}
