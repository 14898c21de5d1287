//! What all readers have in common: the directory of the source, and why one gives up.

use std::path::Path;

use crate::config::env_file;

/// Why a source cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
pub struct ImportError {
    /// The line it is about, from 1.
    line: Option<usize>,
    message: String,
}

impl ImportError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            line: None,
            message: message.into(),
        }
    }

    pub(super) fn line(&self) -> Option<usize> {
        self.line
    }

    pub(super) fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            message: message.into(),
        }
    }
}

/// How many services are carried over at most: far more than anybody runs, and few enough to be quick.
const MAX_SERVICES: usize = 10_000;

/// Refuses more.
pub(super) fn few_enough(services: usize) -> Result<(), ImportError> {
    if services > MAX_SERVICES {
        let message = format!("{services} services; at most {MAX_SERVICES} can be carried over");
        return Err(ImportError::new(message));
    }
    Ok(())
}

/// The directory of a source.
pub(super) struct Beside<'a> {
    pub(super) directory: &'a Path,
}

impl Beside<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.directory.join(name).is_file()
    }

    /// The variables of the `.env`, if there is one that can be read.
    pub(super) fn dotenv(&self) -> Vec<(String, String)> {
        env_file::read(&self.directory.join(".env")).unwrap_or_default()
    }
}
