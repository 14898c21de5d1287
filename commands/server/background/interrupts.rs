//! The signals that ask a waiting command to stop, for those that have something to take down first.

use std::io;

use flowlayer_core::process::background;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::failure::Failure;

/// Signals as they come, none lost.
#[derive(Debug)]
pub(crate) struct Interrupts {
    arrivals: mpsc::UnboundedReceiver<i32>,
}

impl Interrupts {
    /// Takes these signals over, for the rest of the process, those among them that were held back
    /// since there is a session in the background. Needs a runtime.
    pub(crate) fn take(kinds: &[SignalKind]) -> Result<Self, Failure> {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let install = |kind: &SignalKind| -> io::Result<()> {
            tokio::spawn(forward(
                signal(*kind)?,
                kind.as_raw_value(),
                arrived.clone(),
            ));
            Ok(())
        };
        kinds
            .iter()
            .try_for_each(install)
            .and_then(|()| background::release_signals())
            .map_err(|error| Failure::Failed(format!("cannot take signals: {error}")))?;
        Ok(Self { arrivals })
    }

    /// Waits for the next one; its number. Cancel-safe.
    pub(crate) async fn next(&mut self) -> i32 {
        match self.arrivals.recv().await {
            Some(number) => number,
            // The tasks that send live as long as the runtime.
            None => std::future::pending().await,
        }
    }
}

async fn forward(mut stream: Signal, number: i32, arrived: mpsc::UnboundedSender<i32>) {
    while stream.recv().await.is_some() && arrived.send(number).is_ok() {}
}
