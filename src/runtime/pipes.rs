//! The pipes of one service, from spawn to the last line.

use std::sync::Arc;
use std::time::Duration;

use crate::logs::{LineWatch, PipeReader};
use crate::process::LifeId;

/// How long the end of a process waits for the end of its pipes (docs/lifecycle.md, Output).
const DRAIN_LIMIT: Duration = Duration::from_millis(200);

/// The readers of one service. They read on by themselves; here they are waited for and cut.
#[derive(Debug, Default)]
pub(super) struct Pipes {
    readers: Vec<PipeReader>,
    /// Waits that have the readers with them.
    draining: usize,
    /// The life ended while they were away.
    cut: bool,
}

/// Readers that have been waited for; to be given back.
#[derive(Debug)]
pub(super) struct Drained {
    pub(super) life: LifeId,
    readers: Vec<PipeReader>,
}

impl Pipes {
    pub(super) fn add(&mut self, reader: PipeReader) {
        self.readers.push(reader);
    }

    /// From here on this sees the lines.
    pub(super) fn watch(&self, watch: &Arc<dyn LineWatch>) {
        for reader in &self.readers {
            reader.watch(Arc::clone(watch));
        }
    }

    /// Waits until all have ended, within the limit.
    pub(super) fn drain(&mut self, life: LifeId) -> impl Future<Output = Drained> + use<> {
        self.draining += 1;
        let mut readers = std::mem::take(&mut self.readers);
        async move {
            let all = async {
                for reader in &mut readers {
                    reader.ended().await;
                }
            };
            // A pipe that another process holds open does not end; hence the limit.
            let _ = tokio::time::timeout(DRAIN_LIMIT, all).await;
            Drained { life, readers }
        }
    }

    pub(super) fn give_back(&mut self, drained: Drained) {
        self.draining -= 1;
        self.readers.extend(drained.readers);
        if self.cut && self.draining == 0 {
            self.cut();
        }
    }

    /// The life has ended: stops reading, and logs an unfinished last line.
    pub(super) fn cut(&mut self) {
        self.cut = self.draining > 0;
        for reader in self.readers.drain(..) {
            reader.cut();
        }
    }
}
