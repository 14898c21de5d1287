//! What all readers have in common: the directory of the source, and why one gives up.

use std::path::Path;

use super::draft::Draft;
use crate::config::{self, env_file};

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

    /// The text of a file whose name stands in a source.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let bytes = config::read_file(&self.directory.join(name)).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// The variables of a dotenv file; none without it. A line that cannot be read is noted.
    pub(super) fn dotenv(&self, name: &str, draft: &mut Draft) -> Vec<(String, String)> {
        const MAX_FAULTS: usize = 20;
        let Ok(mut bytes) = config::read_file(&self.directory.join(name)) else {
            return Vec::new();
        };
        for _ in 0..MAX_FAULTS {
            let (line, what) = match env_file::parse(&bytes) {
                Ok(variables) => return variables,
                Err(fault) => fault,
            };
            draft.note(format!(
                "{name} (line {line}): {what}; no service that has it in envFile starts before that is mended"
            ));
            let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
            lines[line - 1] = b"";
            bytes = lines.join(&b'\n');
        }
        Vec::new()
    }
}
