//! Live log entries on their way to one client: a few batches at most, handed over bit by bit.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio_tungstenite::tungstenite::protocol::Message;

use crate::logs::{Batch, Rendered, Taken};
use crate::protocol::message;

/// Bytes of entries handed to the socket at once: what a reply may have to wait for.
const PORTION: usize = 64 * 1024;

/// Batches taken from the log and not handed over yet. What this client was too slow for is gone
/// already; the hole in `seq` says so.
#[derive(Debug, Default)]
pub(super) struct LogFeed {
    batches: VecDeque<Arc<Batch>>,
    /// The JSON of the first batch, shared with everyone who follows, and the next entry in it.
    open: Option<(Arc<Rendered>, usize)>,
}

impl LogFeed {
    pub(super) fn take(&mut self, taken: Taken) {
        self.batches.extend(taken.batches);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(super) fn fill(&mut self, frames: &mut Vec<Message>) {
        let mut filled = 0;
        while filled < PORTION
            && let Some(batch) = self.batches.front()
        {
            let (rendered, next) = self.open.get_or_insert_with(|| (batch.rendered(), 0));
            let text = message::log(rendered.entry(*next));
            filled += text.len();
            frames.push(Message::text(text));
            *next += 1;
            if *next == batch.len() {
                self.open = None;
                self.batches.pop_front();
            }
        }
    }
}
