//! File descriptors held in reserve: stopping a process takes a few, and must work when all others are taken.

use std::fs::File;

/// As many as one scan and one signal need at a time.
const COUNT: usize = 4;

/// A few open descriptors of `/dev/null`.
#[derive(Debug, Default)]
pub(crate) struct ReservedFds(Vec<File>);

impl ReservedFds {
    /// Closes them, so that their numbers are free.
    pub(crate) fn release(&mut self) {
        self.0.clear();
    }

    /// Opens those that are missing, as far as possible.
    pub(crate) fn refill(&mut self) {
        while self.0.len() < COUNT
            && let Ok(file) = File::open("/dev/null")
        {
            self.0.push(file);
        }
    }
}
