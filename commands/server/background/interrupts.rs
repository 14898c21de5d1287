//! The signals that ask a waiting command to stop, for those that have something to take down first.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;

use flowlayer_core::process::{self, background};
use tokio::net::unix::pipe;
use tokio::signal::unix::SignalKind;

use crate::failure::Failure;

/// Signals as they come.
#[derive(Debug)]
pub(crate) struct Interrupts {
    signals: process::Interrupts,
    /// Readable when there are some.
    news: pipe::Receiver,
    arrived: VecDeque<i32>,
}

impl Interrupts {
    /// Takes these signals over, for the rest of the process, those among them that were held back
    /// since there is a session in the background. Needs a runtime.
    pub(crate) fn take(kinds: &[SignalKind]) -> Result<Self, Failure> {
        let numbers: Vec<i32> = kinds.iter().map(SignalKind::as_raw_value).collect();
        let install = || -> io::Result<Self> {
            let signals = process::Interrupts::install(&numbers)?;
            let news = pipe::Receiver::from_owned_fd(signals.as_fd().try_clone_to_owned()?)?;
            background::release_signals()?;
            Ok(Self {
                signals,
                news,
                arrived: VecDeque::new(),
            })
        };
        install().map_err(|error| Failure::Failed(format!("cannot take signals: {error}")))
    }

    /// Waits for the next one, and returns its number. Cancel-safe.
    pub(crate) async fn next(&mut self) -> i32 {
        loop {
            if let Some(interrupt) = self.arrived.pop_front() {
                return interrupt;
            }
            if self.news.readable().await.is_err() {
                // The runtime ends.
                std::future::pending::<()>().await;
            }
            while matches!(self.news.try_read(&mut [0; 64]), Ok(1..)) {}
            self.arrived.extend(self.signals.take());
        }
    }
}
