//! What the log has to tell people about its files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Something about the files that people should know. `Display` words it for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogWarning {
    /// A file cannot be written; the service goes on and so does everything else.
    Failing {
        /// The file, or the directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Writing goes on; this is what the files have missed.
    Resumed {
        /// The file, or the directory.
        path: PathBuf,
        /// Entries that are not in the file.
        missed: u64,
    },
    /// Somebody removed or moved a file or the directory; it was made anew.
    Recreated {
        /// The file, or the directory.
        path: PathBuf,
    },
}

impl std::fmt::Display for LogWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failing { path, reason } => write!(
                f,
                "cannot write logs to {}: {reason}; services go on, lines may be missing there",
                path.display()
            ),
            Self::Resumed { path, missed } => write!(
                f,
                "writing logs to {} again; it misses {missed} {}",
                path.display(),
                if *missed == 1 { "line" } else { "lines" }
            ),
            Self::Recreated { path } => {
                write!(
                    f,
                    "{} was removed or moved away; made it anew",
                    path.display()
                )
            }
        }
    }
}

/// The list of warnings, shared by who gives and who reads them.
#[derive(Debug, Default)]
pub(super) struct WarningList {
    warnings: Mutex<Vec<LogWarning>>,
    added: Notify,
}

/// More than anybody reads; a disk that fails and recovers for days must not fill the memory.
const MOST: usize = 1000;

impl WarningList {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the writer of the files gives them")
    )]
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

/// Reads the warnings from the first one on, whenever it was given.
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
