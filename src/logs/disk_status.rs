//! What people are told while files cannot be written (docs/logs.md, What the files promise): one
//! warning when it begins and one when it ends, with the count of missing entries, however many
//! files and attempts are involved.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::warning::{LogWarning, WarningList};

/// Files that are removed together are one event.
const TOGETHER: Duration = Duration::from_secs(10);

/// The state of the disk as people are told of it.
pub(super) struct DiskStatus {
    dir: PathBuf,
    warnings: Arc<WarningList>,
    /// Entries missed since it began; `None` while all is well.
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

    /// A file could not be written.
    pub(super) fn failed(&mut self, path: &Path, error: &io::Error) {
        if self.missed.is_none() {
            self.missed = Some(0);
            self.warnings.add(LogWarning::Failing {
                path: path.to_owned(),
                reason: error.to_string(),
            });
        }
    }

    /// These entries are not in all the files they belong to.
    pub(super) fn missed(&mut self, entries: u64) {
        if let Some(missed) = &mut self.missed {
            *missed += entries;
        }
    }

    /// The disk took nothing for so long that these entries were given up. Those who waited have
    /// warned of it already.
    pub(super) fn skipped(&mut self, entries: u64) {
        *self.missed.get_or_insert(0) += entries;
    }

    /// Everything there was has been tried.
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

    /// A file was made anew.
    pub(super) fn recreated(&mut self, path: &Path) {
        let now = Instant::now();
        let before = self.recreated.replace(now);
        if before.is_none_or(|before| now.duration_since(before) > TOGETHER) {
            let path = path.to_owned();
            self.warnings.add(LogWarning::Recreated { path });
        }
    }

    /// No more will be written.
    pub(super) fn end(&mut self) {
        if let Some(missed) = self.missed.take() {
            self.warnings.add(LogWarning::Incomplete {
                path: self.dir.clone(),
                missed,
            });
        }
    }
}
