//! Warnings about the files of the log.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::facts::shown_path;

/// A warning about the files. `Display` renders it for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogWarning {
    /// A file cannot be written; services go on.
    Failing {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The disk takes nothing; readers no longer wait for it.
    Stalled {
        /// For how long it has taken nothing.
        time: Duration,
    },
    /// Writing works again.
    Resumed {
        /// The directory.
        path: PathBuf,
        /// Entries that are not in all the files they belong to.
        missed: u64,
    },
    /// The session ended while the files could not be written.
    Incomplete {
        /// The directory.
        path: PathBuf,
        /// Entries that are not in all the files they belong to.
        missed: u64,
    },
    /// Somebody removed or moved a file or the directory; it was recreated.
    Recreated {
        /// The file, the first of several.
        path: PathBuf,
    },
}

impl std::fmt::Display for LogWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failing { path, reason } => write!(
                f,
                "cannot write logs to {}: {reason}; services go on, lines may be missing there",
                shown_path(path)
            ),
            Self::Stalled { time } => write!(
                f,
                "the disk has taken no logs for {} s; services go on, lines may be missing there",
                time.as_secs_f32()
            ),
            Self::Resumed { path, missed } => write!(
                f,
                "writing logs to {} again; {} missing there",
                shown_path(path),
                lines(*missed)
            ),
            Self::Incomplete { path, missed } => write!(
                f,
                "logs could not be written to {}; {} missing there",
                shown_path(path),
                lines(*missed)
            ),
            Self::Recreated { path } => {
                write!(
                    f,
                    "{} was removed or moved away; recreated it",
                    shown_path(path)
                )
            }
        }
    }
}

fn lines(count: u64) -> String {
    match count {
        0 => "nothing is".to_owned(),
        1 => "1 line is".to_owned(),
        _ => format!("{count} lines are"),
    }
}

#[derive(Debug, Default)]
pub(super) struct WarningList {
    warnings: Mutex<Vec<LogWarning>>,
    added: Notify,
}

/// A disk that fails and recovers for days must not fill the memory.
const MOST: usize = 1000;

impl WarningList {
    pub(super) fn add(&self, warning: LogWarning) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < MOST {
            warnings.push(warning);
            drop(warnings);
            self.added.notify_waiters();
        }
    }

    fn get(&self, index: usize) -> Option<LogWarning> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.get(index).cloned()
    }
}

/// Reads all warnings from the first one on, however late it starts.
#[derive(Debug)]
pub struct Warnings {
    list: Arc<WarningList>,
    next: usize,
}

impl Warnings {
    pub(super) fn new(list: Arc<WarningList>) -> Self {
        Self { list, next: 0 }
    }

    /// Waits for the next warning. Cancel-safe.
    pub async fn next(&mut self) -> LogWarning {
        let list = Arc::clone(&self.list);
        loop {
            let added = list.added.notified();
            if let Some(warning) = self.try_next() {
                return warning;
            }
            added.await;
        }
    }

    /// The next warning, if there is one now.
    pub fn try_next(&mut self) -> Option<LogWarning> {
        let warning = self.list.get(self.next)?;
        self.next += 1;
        Some(warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_reader_sees_every_warning() {
        let list = Arc::new(WarningList::default());
        let path = PathBuf::from("/logs/all.jsonl");
        let first = LogWarning::Resumed {
            path: path.clone(),
            missed: 1,
        };
        list.add(first.clone());
        let mut warnings = Warnings::new(Arc::clone(&list));
        assert_eq!(warnings.next().await, first);
        let second = LogWarning::Recreated { path };
        let (next, ()) = tokio::join!(warnings.next(), async { list.add(second.clone()) });
        assert_eq!(next, second);
        assert_eq!(warnings.try_next(), None);
    }
}
