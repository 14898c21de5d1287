//! Warnings while files cannot be written (docs/logs.md, What the files promise): one at the beginning and
//! one at the end, with the count of missing entries, however many files and attempts are involved.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::warning::{LogWarning, WarningList};

/// Files that are removed together are one event.
const TOGETHER: Duration = Duration::from_secs(10);

/// Turns failures to write into warnings.
pub(super) struct DiskStatus {
    dir: PathBuf,
    warnings: Arc<WarningList>,
    /// Entries missed since writing began to fail; `None` while it works.
    missed: Option<u64>,
    recreated: Option<Instant>,
}

impl DiskStatus {
    pub(super) fn new(dir: PathBuf, warnings: Arc<WarningList>) -> Self {
        Self {
            dir,
            warnings,
            missed: None,
            recreated: None,
        }
    }

    pub(super) fn failed(&mut self, path: &Path, error: &io::Error) {
        if self.missed.is_none() {
            self.missed = Some(0);
            self.warnings.add(LogWarning::Failing {
                path: path.to_owned(),
                reason: error.to_string(),
            });
        }
    }

    /// This many entries are not in all the files they belong to.
    pub(super) fn missed(&mut self, entries: u64) {
        if let Some(missed) = &mut self.missed {
            *missed += entries;
        }
    }

    /// This many entries were dropped because the disk took nothing for too long. There is a warning
    /// of that already.
    pub(super) fn skipped(&mut self, entries: u64) {
        *self.missed.get_or_insert(0) += entries;
    }

    /// Every file has been tried.
    pub(super) fn checked(&mut self, failing: bool) {
        if failing {
            return;
        }
        if let Some(missed) = self.missed.take() {
            self.warnings.add(LogWarning::Resumed {
                path: self.dir.clone(),
                missed,
            });
        }
    }

    pub(super) fn recreated(&mut self, path: &Path) {
        let now = Instant::now();
        let before = self.recreated.replace(now);
        if before.is_none_or(|before| now.duration_since(before) > TOGETHER) {
            let path = path.to_owned();
            self.warnings.add(LogWarning::Recreated { path });
        }
    }

    pub(super) fn end(&mut self) {
        if let Some(missed) = self.missed.take() {
            self.warnings.add(LogWarning::Incomplete {
                path: self.dir.clone(),
                missed,
            });
        }
    }
}
