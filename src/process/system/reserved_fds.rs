//! Descriptors kept back: to stop something takes a few, and a server without any must still be able to.

use std::fs::File;
use std::os::fd::OwnedFd;

/// As many as a look and a signal need at a time.
const COUNT: usize = 4;

/// A few descriptors that stand for nothing.
#[derive(Debug)]
pub(super) struct Spare(Vec<OwnedFd>);

impl Spare {
    pub(super) fn new() -> Self {
        let mut spare = Self(Vec::new());
        spare.refill();
        spare
    }

    /// Gives them up to be used.
    pub(super) fn release(&mut self) {
        self.0.clear();
    }

    /// Takes back what was given up, as far as possible.
    pub(super) fn refill(&mut self) {
        while self.0.len() < COUNT {
            let Ok(file) = File::open("/dev/null") else {
                return;
            };
            self.0.push(file.into());
        }
    }
}
