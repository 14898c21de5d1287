//! What all readers have in common: the directory of the source, and why one gives up.

use std::path::Path;

use super::draft::Draft;
use crate::config::{self, env_file};

/// Why a source cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
pub struct ImportError {
    /// The line it is about, from 1.
    pub(super) line: Option<usize>,
    pub(super) reason: Reason,
}

/// What is wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    #[error("it is empty")]
    Empty,
    #[error("not YAML: {0}")]
    NotYaml(String),
    #[error("there is more than one YAML document; keep one")]
    SeveralDocuments,
    #[error("it is nested over {0} levels deep")]
    TooDeep(usize),
    #[error("it is too large with its aliases replaced")]
    TooLarge,
    #[error("an alias stands for something that contains it")]
    RecursiveAlias,
    #[error("a key is a list or a mapping")]
    KeyNotScalar,
    #[error("the key {0:?} is given twice")]
    DuplicateKey(String),
    #[error("`<<` takes a mapping or a list of mappings")]
    MergeOfScalar,
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("it is not an object")]
    NotAnObject,
    #[error("{0} services; at most {MAX_SERVICES} can be carried over")]
    TooManyServices(usize),
    #[error(
        "there is nothing to carry over: {0}; `flowlayer init --template` writes an example to start from"
    )]
    NoServices(&'static str),
}

impl Reason {
    /// The error, about a line.
    pub(super) fn at(self, line: usize) -> ImportError {
        ImportError {
            line: Some(line),
            reason: self,
        }
    }
}

impl From<Reason> for ImportError {
    fn from(reason: Reason) -> Self {
        Self { line: None, reason }
    }
}

/// How many services are carried over at most: far more than anybody runs, and few enough to be quick.
const MAX_SERVICES: usize = 10_000;

/// Refuses more.
pub(super) fn few_enough(services: usize) -> Result<(), ImportError> {
    if services > MAX_SERVICES {
        return Err(Reason::TooManyServices(services).into());
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
                "{name} (line {line}): {what}; no service with it in envFile starts until that is fixed"
            ));
            let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
            lines[line - 1] = b"";
            bytes = lines.join(&b'\n');
        }
        Vec::new()
    }
}
